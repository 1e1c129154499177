//! Files: only the server in the `mxc://` URI has them to give (reference, section 6).

use std::collections::{BTreeSet, VecDeque};

use crate::journal::{MediaId, ServerId};
use crate::kernel::SimTime;
use crate::room::{Body, StateKey};

use super::Homeserver;
use super::outbox::{Answer, Context, Effect, Outcome, Refusal, Request, Ticket, Timer};
use super::tasks::Task;

/// Files on disk: own ones and copies of others'.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaStore {
    /// Own files.
    pub local: BTreeSet<MediaId>,
    /// Copies of others' files.
    pub remote: BTreeSet<MediaId>,
    /// Where each file was uploaded; part of its URI, so everybody knows it.
    pub origins: std::collections::BTreeMap<MediaId, ServerId>,
}

impl Homeserver {
    pub(super) fn upload(&mut self, media: MediaId, now: SimTime) -> Outcome {
        self.db.local_media.insert(media, now);
        self.media.local.insert(media);
        Ok(())
    }

    /// Own files that can be viewed: row and file are there.
    pub fn viewable_files(&self) -> impl Iterator<Item = MediaId> + '_ {
        let rows = self.db.local_media.keys().copied();
        rows.filter(|media| self.media.local.contains(media))
    }

    /// Copies of others' files that can be viewed.
    pub fn copied_files(&self) -> impl Iterator<Item = MediaId> + '_ {
        let rows = self.db.remote_media.keys().copied();
        rows.filter(|media| self.media.remote.contains(media))
    }

    /// Views a file through the user's own server.
    pub(super) fn download(
        &mut self,
        ctx: &mut Context<'_>,
        media: MediaId,
        ticket: Ticket,
    ) -> Option<Outcome> {
        let Some(origin) = self.media.origins.get(&media).copied() else {
            return Some(Err(Refusal::NOT_FOUND));
        };
        if origin == self.id {
            let found = self.local_file(media, ctx.now);
            if found.is_ok() || !self.rules.media_own_refetch {
                return Some(found);
            }
            let peers = self.peers(ctx);
            return self.ask_for_file(ctx, media, peers, ticket);
        }
        if self.remote_file(media, ctx.now) {
            return Some(Ok(()));
        }
        self.ask_for_file(ctx, media, [origin].into(), ticket)
    }

    /// Asks the first of these servers; the others, if that has nothing.
    fn ask_for_file(
        &mut self,
        ctx: &mut Context<'_>,
        media: MediaId,
        mut rest: VecDeque<ServerId>,
        ticket: Ticket,
    ) -> Option<Outcome> {
        let Some(asked) = rest.pop_front() else {
            return Some(Err(Refusal::NOT_FOUND));
        };
        let task = Task::Media {
            media,
            rest,
            ticket,
        };
        self.ask(ctx, asked, Request::Media { media }, task);
        None
    }

    /// Every server that shares a room with this one, in order.
    fn peers(&self, ctx: &Context<'_>) -> VecDeque<ServerId> {
        let rooms = self.db.rooms.iter();
        let mut peers: BTreeSet<ServerId> = rooms
            .flat_map(|(room, replica)| ctx.logs[room.index()].hosts(&replica.state).into_keys())
            .collect();
        peers.remove(&self.id);
        peers.into_iter().collect()
    }

    /// An own file needs its row and its file. Whoever asks has looked at it.
    fn local_file(&mut self, media: MediaId, now: SimTime) -> Outcome {
        match self.db.local_media.get_mut(&media) {
            Some(seen) if self.media.local.contains(&media) => {
                *seen = now;
                Ok(())
            }
            _ => Err(Refusal::NOT_FOUND),
        }
    }

    /// Is there a copy of another server's file?
    fn remote_file(&mut self, media: MediaId, now: SimTime) -> bool {
        match self.db.remote_media.get_mut(&media) {
            Some(seen) if self.media.remote.contains(&media) => {
                *seen = now;
                true
            }
            _ => false,
        }
    }

    /// Gives a file: an own one, or the copy of one of the asking server's own (which none asks for but
    /// in the what-if `media_own_refetch`).
    pub(super) fn serve_media(&mut self, media: MediaId, to: ServerId, now: SimTime) -> Answer {
        let is_copy = self.media.origins.get(&media) == Some(&to) && self.remote_file(media, now);
        match self.local_file(media, now) {
            Err(refusal) if !is_copy => Answer::Refused(refusal),
            _ => Answer::Fine,
        }
    }

    pub(super) fn media_arrived(
        &mut self,
        ctx: &mut Context<'_>,
        media: MediaId,
        rest: VecDeque<ServerId>,
        ticket: Ticket,
        answer: &Answer,
    ) {
        let outcome = match answer {
            Answer::Fine if self.media.origins.get(&media) == Some(&self.id) => {
                self.db.local_media.insert(media, ctx.now);
                self.media.local.insert(media);
                Ok(())
            }
            // A row without its file blocks what was fetched: the row cannot be made twice.
            Answer::Fine
                if self.rules.remote_media_row_blocks_refetch
                    && self.db.remote_media.contains_key(&media) =>
            {
                Err(Refusal::NOT_FOUND)
            }
            Answer::Fine => {
                self.db.remote_media.insert(media, ctx.now);
                self.media.remote.insert(media);
                Ok(())
            }
            _ if !rest.is_empty() => {
                self.ask_for_file(ctx, media, rest, ticket);
                return;
            }
            Answer::Unreachable => Err(Refusal::UNREACHABLE),
            _ => Err(Refusal::NOT_FOUND),
        };
        ctx.out.push(Effect::Done { ticket, outcome });
    }
    /// Plans the clean-up of files, if any are ever deleted: the first run is one interval after the start.
    pub(super) fn plan_media_job(&self, ctx: &mut Context<'_>) {
        let rules = &self.rules;
        if rules.local_media_lifetime.is_some() || rules.remote_media_lifetime.is_some() {
            ctx.out.push(Effect::Wake {
                at: self.next_run(rules.media_job_interval, ctx.now),
                timer: Timer::MediaJob,
            });
        }
    }

    /// Deletes rows and files at which nobody looked for longer than they are kept; own pictures of rooms stay
    /// (`_apply_media_retention_rules`).
    pub(super) fn run_media_job(&mut self, ctx: &mut Context<'_>) {
        if let Some(keep) = self.rules.remote_media_lifetime {
            let since = ctx.now.saturating_sub(keep);
            let store = &mut self.media.remote;
            self.db.remote_media.retain(|media, seen| {
                let stays = *seen >= since;
                if !stays {
                    store.remove(media);
                }
                stays
            });
        }
        if let Some(keep) = self.rules.local_media_lifetime {
            let since = ctx.now.saturating_sub(keep);
            let pictures = self.pictures_of_rooms(ctx);
            let store = &mut self.media.local;
            self.db.local_media.retain(|media, seen| {
                let stays = *seen >= since || pictures.contains(media);
                if !stays {
                    store.remove(media);
                }
                stays
            });
        }
        self.plan_media_job(ctx);
    }

    fn pictures_of_rooms(&self, ctx: &Context<'_>) -> BTreeSet<MediaId> {
        let rooms = self.db.rooms.iter();
        let picture = rooms.filter_map(|(room, replica)| {
            match Homeserver::current(replica, &ctx.logs[room.index()], StateKey::Avatar) {
                Some(Body::Avatar(_, media)) => *media,
                _ => None,
            }
        });
        picture.collect()
    }
}
