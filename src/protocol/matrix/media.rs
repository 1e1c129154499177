//! Files: only the server in the `mxc://` URI has them to give (reference, section 6).

use std::collections::{BTreeSet, VecDeque};

use crate::journal::{MediaId, ServerId, UserId};

use super::Homeserver;
use super::outbox::{Answer, Context, Effect, Outcome, Refusal, Request, Ticket};
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
    pub(super) fn upload(&mut self, media: MediaId, _by: UserId) -> Outcome {
        self.db.local_media.insert(media);
        self.media.local.insert(media);
        Ok(())
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
            let found = self.local_file(media);
            if found.is_ok() || !self.rules.media_own_refetch {
                return Some(found);
            }
            let peers = self.peers(ctx);
            return self.ask_for_file(ctx, media, peers, ticket);
        }
        if self.db.remote_media.contains(&media) && self.media.remote.contains(&media) {
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

    /// An own file needs its row and its file.
    fn local_file(&self, media: MediaId) -> Outcome {
        let there = self.db.local_media.contains(&media) && self.media.local.contains(&media);
        if there {
            Ok(())
        } else {
            Err(Refusal::NOT_FOUND)
        }
    }

    /// Gives a file: an own one, or the copy of one of the asking server's own (which none asks for but
    /// in the what-if `media_own_refetch`).
    pub(super) fn serve_media(&self, media: MediaId, to: ServerId) -> Answer {
        let is_copy = self.media.origins.get(&media) == Some(&to)
            && self.db.remote_media.contains(&media)
            && self.media.remote.contains(&media);
        match self.local_file(media) {
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
                self.db.local_media.insert(media);
                self.media.local.insert(media);
                Ok(())
            }
            // A row without its file blocks what was fetched: the row cannot be made twice.
            Answer::Fine
                if self.rules.remote_media_row_blocks_refetch
                    && self.db.remote_media.contains(&media) =>
            {
                Err(Refusal::NOT_FOUND)
            }
            Answer::Fine => {
                self.db.remote_media.insert(media);
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
}
