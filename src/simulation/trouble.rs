//! What is known of a room in which something is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::journal::ServerId;
use crate::room::{Present, TrafficRef};

use super::voices::{Voice, Waits};

/// How a server's copy of a room is, if it does not simply receive the next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unwell {
    /// Does it count as following the room all the same?
    OutOfStep { follows: bool },
    /// It takes messages and drops them.
    Deaf,
    /// It takes those that its own state allows.
    Forked,
}

/// A room in which something is wrong.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    /// Who is in it.
    pub(super) present: Rc<Present>,
    /// Servers that have a copy of it without being in it.
    pub(super) strays: BTreeSet<ServerId>,
    /// Servers that do not simply receive the next message.
    pub(super) unwell: BTreeMap<ServerId, Unwell>,
    /// Servers with a member who is expected to speak today and cannot.
    pub(super) failing: BTreeSet<ServerId>,
    /// The last pair that was found to have something waiting.
    pub(super) unclear: Option<(ServerId, ServerId)>,
    /// Whose messages are waited for: those of this day; none before its first one.
    pub(super) day: Option<u32>,
    /// Must everything be played today?
    pub(super) plays_all: bool,
    /// What messages of today's speakers would be; where nothing is said, they are heard.
    pub(super) voices: BTreeMap<ServerId, Voice>,
    /// Of these, speakers whose messages are not made.
    pub(super) silent: BTreeSet<ServerId>,
    /// And those of whom each message is queued for some server.
    pub(super) queueing: BTreeSet<ServerId>,
    /// Speakers whose voices may be others by now: they are listened to when their next message is due.
    pub(super) stale: BTreeSet<ServerId>,
    /// Copies that are not as they were when everybody was listened to, each with how it was then. A server that comes
    /// back falls out of step and in again with each gap that it fills: so as long as there are any, whoever speaks next
    /// is listened to then, and what was known of all the others is believed again once none is left.
    pub(super) changed: BTreeMap<ServerId, Option<Unwell>>,
    /// Speakers who were listened to meanwhile.
    pub(super) listened_to: BTreeSet<ServerId>,
    /// Of their messages, how many were not heard.
    pub(super) unheard: usize,
    /// Of today's speakers the next message that is played.
    pub(super) next: BTreeMap<ServerId, u32>,
    /// The same in order of the messages.
    pub(super) order: BTreeSet<(u32, ServerId)>,
    /// The message that is on the queue.
    pub(super) planned: Option<TrafficRef>,
}

impl Watch {
    /// What a message of a server's users would be.
    pub(super) fn voice(&self, server: ServerId) -> &Voice {
        self.voices.get(&server).unwrap_or(&Voice::Heard)
    }

    /// Servers that would not take the next message without more.
    pub(super) fn out_of_step(&self) -> impl Iterator<Item = &ServerId> {
        let out = |(_, copy): &(&ServerId, &Unwell)| matches!(copy, Unwell::OutOfStep { .. });
        self.unwell.iter().filter(out).map(|(server, _)| server)
    }

    /// Speakers of whom each message is queued for some server.
    pub(super) fn queueing(&self) -> impl Iterator<Item = (ServerId, &Waits)> {
        self.queueing
            .iter()
            .filter_map(|server| match self.voice(*server) {
                Voice::Waits(waits) => Some((*server, waits)),
                _ => None,
            })
    }

    /// What a message of a server's users would be, or that none is to come today.
    pub(super) fn set_voice(&mut self, server: ServerId, voice: Option<Voice>) {
        match voice == Some(Voice::Silent) {
            true => self.silent.insert(server),
            false => self.silent.remove(&server),
        };
        match voice {
            Some(voice) => self.voices.insert(server, voice),
            None => self.voices.remove(&server),
        };
        self.note_queueing(server);
    }

    /// Notes whether each message of a server is queued for another one.
    pub(super) fn note_queueing(&mut self, server: ServerId) {
        let queues = match self.voices.get(&server) {
            Some(Voice::Waits(waits)) => waits.queued().next().is_some(),
            _ => false,
        };
        match queues {
            true => self.queueing.insert(server),
            false => self.queueing.remove(&server),
        };
    }

    /// As `voice`, of one that waits.
    pub(super) fn waits_mut(&mut self, server: ServerId) -> Option<&mut Waits> {
        match self.voices.get_mut(&server) {
            Some(Voice::Waits(waits)) => Some(waits),
            _ => None,
        }
    }

    pub(super) fn plan_next(&mut self, server: ServerId, number: Option<u32>) {
        let before = match number {
            Some(number) => self.next.insert(server, number),
            None => self.next.remove(&server),
        };
        if let Some(before) = before {
            self.order.remove(&(before, server));
        }
        if let Some(number) = number {
            self.order.insert((number, server));
        }
    }

    /// A server's copy is another one now than it was before.
    pub(super) fn note_change(
        &mut self,
        server: ServerId,
        before: Option<Unwell>,
        now: Option<Unwell>,
    ) {
        if before == now {
            return;
        }
        let then = *self.changed.entry(server).or_insert(before);
        if then == now {
            self.changed.remove(&server);
        }
    }

    /// Speakers who no longer only wait as it was known, after a server has fallen out of step, or has come in again.
    pub(super) fn proved_wrong(&self, server: ServerId) -> Vec<ServerId> {
        let copy = self.unwell.get(&server).copied();
        let is_wrong = |speaker: &ServerId, voice: &Voice| match (voice, copy) {
            (Voice::Waits(waits), Some(Unwell::OutOfStep { follows: false })) => {
                *speaker != server && !waits.includes(server)
            }
            (Voice::Waits(_), Some(Unwell::OutOfStep { follows: true })) => *speaker != server,
            (Voice::Waits(_), Some(Unwell::Deaf)) => false,
            (Voice::Waits(waits), Some(Unwell::Forked) | None) => waits.includes(server),
            (Voice::Heard, Some(Unwell::OutOfStep { .. })) | (Voice::Silent, _) => false,
            // Perhaps there is no reason any more.
            (Voice::Heard, _) => true,
        };
        let voices = self.voices.iter();
        let wrong = voices.filter(|(speaker, voice)| is_wrong(speaker, voice));
        wrong.map(|(speaker, _)| *speaker).collect()
    }
}
