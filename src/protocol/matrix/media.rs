//! Files: only the server in the `mxc://` URI has them to give (reference, section 6).

use std::collections::BTreeSet;

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
            return Some(self.local_file(media));
        }
        let row = self.db.remote_media.contains(&media);
        let file = self.media.remote.contains(&media);
        if row && file {
            return Some(Ok(()));
        }
        // A row without its file blocks the download: the row cannot be made twice.
        if row && self.rules.remote_media_row_blocks_refetch {
            return Some(Err(Refusal::NOT_FOUND));
        }
        self.ask(
            ctx,
            origin,
            Request::Media { media },
            Task::Media { media, ticket },
        );
        None
    }

    /// An own file needs its row and its file; nobody else is ever asked.
    fn local_file(&self, media: MediaId) -> Outcome {
        let there = self.db.local_media.contains(&media) && self.media.local.contains(&media);
        if there {
            Ok(())
        } else {
            Err(Refusal::NOT_FOUND)
        }
    }

    pub(super) fn serve_media(&self, media: MediaId) -> Answer {
        match self.local_file(media) {
            Ok(()) => Answer::Fine,
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    pub(super) fn media_arrived(
        &mut self,
        ctx: &mut Context<'_>,
        media: MediaId,
        ticket: Ticket,
        answer: &Answer,
    ) {
        let outcome = match answer {
            Answer::Fine => {
                self.db.remote_media.insert(media);
                self.media.remote.insert(media);
                Ok(())
            }
            Answer::Unreachable => Err(Refusal::UNREACHABLE),
            _ => Err(Refusal::NOT_FOUND),
        };
        ctx.out.push(Effect::Done { ticket, outcome });
    }
}
