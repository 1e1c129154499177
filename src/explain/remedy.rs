//! What would fill the holes of a room: what somebody can do so that the protocol gives back what is stranded.

use serde::Serialize;

use crate::journal::{RoomId, ServerId};
use crate::kernel::SimTime;
use crate::metrics::{Items, RoomItems, both, messages, stranded_reason};

use super::past::View;
use super::room::{Giver, size};

/// Something to be done. The peer that it names is the one with most of what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// A local user pages back in the room until nothing new comes.
    Scroll,
    /// As `Scroll`, after what could not be fetched is tried again (its back-off ends).
    ScrollLater,
    /// As `Scroll`, while the peer can be reached.
    ScrollWhenUp,
    /// As `Scroll`, while the servers that are asked first and have purged are blocked, so that the peer is asked.
    ScrollPastPurged,
    /// A user of the peer says something in the room (or a local user jumps to a date in the gap): that shows the gap.
    AskToSpeak,
    /// A local user joins again, naming the peer; then somebody pages back.
    Rejoin,
    /// All local users leave the room, and one joins again, naming the peer: that opens the gap anew.
    LeaveAndRejoin,
    /// The lost signing key is listed among the server's old ones; then somebody pages back.
    ListOldKey,
    /// Nothing in the protocol reaches it: the peer's users can only export it.
    Export,
}

impl Remedy {
    /// What helps against a reason of `stranded.csv`.
    fn against(reason: &str) -> Remedy {
        match reason {
            "room-unknown" | "not-in-room" => Remedy::Rejoin,
            "key-lost" => Remedy::ListOldKey,
            "pull-back-off" => Remedy::ScrollLater,
            "purged-peer-first" => Remedy::ScrollPastPurged,
            "peers-unreachable" => Remedy::ScrollWhenUp,
            "nobody-scrolled" => Remedy::Scroll,
            "push-refused" | "silent-room" => Remedy::AskToSpeak,
            "purge-closed-gap" => Remedy::LeaveAndRejoin,
            _ => Remedy::Export,
        }
    }
}

/// What to do next, and what it would bring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextStep {
    /// What is to be done.
    pub remedy: Remedy,
    /// Why it has not come back by itself: a reason of `stranded.csv`.
    pub reason: &'static str,
    /// Where: one room, or all that the remedy is for.
    pub rooms: Vec<String>,
    /// The peer that it is done with: of those that live, the one with most of what is missing.
    pub peer: String,
    /// Stranded messages that live peers hold: so many can come back, at most.
    pub messages: u64,
    /// Of these, how many the peer has.
    pub at_peer: u64,
    /// When the peer's own policy deletes the oldest of them; none: it keeps them for good.
    pub until: Option<SimTime>,
}

impl View<'_> {
    /// What would bring back what is stranded of a room; none if no message is.
    pub(super) fn next_step(&self, room: RoomId, items: &RoomItems) -> Option<NextStep> {
        let log = &self.books.logs[room.index()];
        let stranded = messages(log, &items.stranded);
        let givers = self.givers(room, &items.stranded);
        // Of peers that have as many, the first of the world's list.
        let best = givers.into_iter().rev().max_by_key(|giver| giver.messages);
        let best = best.filter(|_| stranded > 0)?;
        let reason = stranded_reason(&self.books, self.journal(), room, items);
        Some(NextStep {
            remedy: Remedy::against(reason),
            reason,
            rooms: vec![self.room_name(room)],
            peer: best.server,
            messages: stranded,
            at_peer: best.messages,
            until: best.until,
        })
    }

    /// Live peers with some of these items, in the order of the world's list.
    pub(super) fn givers(&self, room: RoomId, missing: &Items) -> Vec<Giver> {
        let copies = self.other_copies(room);
        let alive = copies.filter(|(server, _)| self.books.alive[server.index()]);
        let giver = |(server, common): (ServerId, Items)| {
            let log = &self.books.logs[room.index()];
            let mut numbers = common.iter().cloned().flatten();
            let oldest = numbers.find(|no| log.state_key(*no).is_none());
            (!common.is_empty()).then(|| Giver {
                server: self.server_name(server),
                messages: messages(log, &common),
                items: size(&common),
                until: oldest.and_then(|no| self.kept_until(server, room, no)),
            })
        };
        let common = alive.map(|(server, copy)| (server, both(missing, &copy.whole())));
        common.filter_map(giver).collect()
    }
}

/// Puts steps into the order of what they would bring. A key is listed once, for all rooms.
pub(super) fn in_order(steps: Vec<NextStep>) -> Vec<NextStep> {
    let (keys, mut steps): (Vec<_>, Vec<_>) = steps
        .into_iter()
        .partition(|step| step.remedy == Remedy::ListOldKey);
    let key = keys.into_iter().reduce(|mut all, step| {
        if step.at_peer > all.at_peer {
            (all.peer, all.at_peer, all.until) = (step.peer, step.at_peer, step.until);
        }
        all.messages += step.messages;
        all.rooms.extend(step.rooms);
        all
    });
    steps.extend(key);
    steps.sort_by(|a, b| {
        b.messages
            .cmp(&a.messages)
            .then_with(|| a.rooms.cmp(&b.rooms))
    });
    steps
}
