//! The journal: who gained or lost which range of which room, when, by which path, from whom.
//!
//! Metrics and reports read facts and the final books, never a protocol, so every protocol is measured by
//! the same lines of code.

use std::ops::Range;

use super::ids::{EventNo, RoomId, ServerId, UserId};
use crate::kernel::SimTime;

/// The path by which a server came to hold something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// Delivered by its sender's server in a transaction.
    Push,
    /// Pulled by `get_missing_events` behind a push.
    GapFill,
    /// Pulled by `backfill` because a client paginated.
    Backfill,
    /// Received in or after a join.
    Join,
    /// Fetched as a single event (jump to date).
    Jump,
    /// Downloaded again from the server that owns it.
    Redownload,
    /// Put back by a restore.
    Restore,
    /// Registered or set by a person.
    Anew,
    /// A lost name was registered by a stranger, who now is the member that its owner was.
    TakenOver,
}

/// Why a server lost something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The database went back to a backup.
    Restore,
    /// A copy of the database stopped half-way and the original was deleted.
    FailedCopy,
    /// Purged by the server's own policy or administrator.
    Purge,
    /// Redacted: hidden from everybody.
    Redaction,
    /// Redacted, and now overwritten in the database, too.
    Censor,
    /// Given without its content, since the server was not to see it (history visibility).
    Visibility,
    /// A room that all local users had forgotten.
    Forgotten,
    /// A message's time was over, by its own server's policy or by the wish that it carries: the content is gone, the
    /// item stays.
    Expiry,
}

impl Why {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Why::Restore => "restore",
            Why::FailedCopy => "failed-copy",
            Why::Purge => "purge",
            Why::Redaction => "redaction",
            Why::Censor => "censor",
            Why::Visibility => "visibility",
            Why::Forgotten => "forgotten",
            Why::Expiry => "expiry",
        }
    }
}

/// What a fact is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Items `first..=last` of a room.
    Items {
        /// The room.
        room: RoomId,
        /// First item.
        first: EventNo,
        /// Last item, included.
        last: EventNo,
    },
    /// The server's own knowledge of a room: that it exists and that its users are in it.
    Room(RoomId),
    /// A user's membership as the user's own server believes it.
    Membership(RoomId, UserId),
    /// An account.
    Account(UserId),
    /// The password of an account, by generation (0 is the first).
    Password(UserId, u32),
}

impl What {
    fn room(&self) -> Option<RoomId> {
        match *self {
            What::Items { room, .. } | What::Room(room) | What::Membership(room, _) => Some(room),
            What::Account(_) | What::Password(..) => None,
        }
    }
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// `server` came to hold `what`, by `path`, from `from`.
    Gained {
        /// When.
        at: SimTime,
        /// Who.
        server: ServerId,
        /// What.
        what: What,
        /// How.
        path: Path,
        /// The giving server; the server itself where there is none.
        from: ServerId,
    },
    /// `server` no longer holds `what`.
    Lost {
        /// When.
        at: SimTime,
        /// Who.
        server: ServerId,
        /// What.
        what: What,
        /// Why.
        why: Why,
    },
    /// `server` holds items without their content from now on.
    Hollowed {
        /// When.
        at: SimTime,
        /// Who.
        server: ServerId,
        /// What.
        what: What,
        /// Why.
        why: Why,
    },
    /// A push, request or scroll that could have helped and did not, with the reason.
    Refused {
        /// When.
        at: SimTime,
        /// The server that got nothing.
        server: ServerId,
        /// The room concerned.
        room: RoomId,
        /// The peer concerned.
        peer: ServerId,
        /// A short name of the rule that refused (`unknown-room`, `not-in-room`, `state-missing`,
        /// `empty-backfill`, `bad-signature`, `purged-below`, `unreachable`).
        rule: &'static str,
    },
    /// Something was done to a server or a link.
    Struck {
        /// When.
        at: SimTime,
        /// The server struck.
        server: ServerId,
        /// A short name of the fault (`restore`, `failed-copy`, `stop`, `start`, `cut`, `heal`, ...).
        fault: &'static str,
    },
}

impl Fact {
    /// When it happened.
    pub fn at(&self) -> SimTime {
        match self {
            Fact::Gained { at, .. }
            | Fact::Lost { at, .. }
            | Fact::Hollowed { at, .. }
            | Fact::Refused { at, .. }
            | Fact::Struck { at, .. } => *at,
        }
    }

    fn set_at(&mut self, moment: SimTime) {
        match self {
            Fact::Gained { at, .. }
            | Fact::Lost { at, .. }
            | Fact::Hollowed { at, .. }
            | Fact::Refused { at, .. }
            | Fact::Struck { at, .. } => *at = moment,
        }
    }

    /// The server whose books changed.
    pub fn server(&self) -> ServerId {
        match self {
            Fact::Gained { server, .. }
            | Fact::Lost { server, .. }
            | Fact::Hollowed { server, .. }
            | Fact::Refused { server, .. }
            | Fact::Struck { server, .. } => *server,
        }
    }

    /// The items that came, went or lost their content, and their room; none if it is about anything else.
    pub fn items(&self) -> Option<(RoomId, Range<EventNo>)> {
        match self {
            Fact::Gained { what, .. } | Fact::Lost { what, .. } | Fact::Hollowed { what, .. } => {
                match *what {
                    What::Items { room, first, last } => Some((room, first..last + 1)),
                    _ => None,
                }
            }
            Fact::Refused { .. } | Fact::Struck { .. } => None,
        }
    }
}

impl Fact {
    /// The room that it is about.
    pub(super) fn room(&self) -> Option<RoomId> {
        match self {
            Fact::Gained { what, .. } | Fact::Lost { what, .. } | Fact::Hollowed { what, .. } => {
                what.room()
            }
            Fact::Refused { room, .. } => Some(*room),
            Fact::Struck { .. } => None,
        }
    }

    /// Takes in a fact of the same moment and kind about the range right after or before this one's.
    pub(super) fn extend(&mut self, next: &Fact) -> bool {
        self.at() == next.at() && self.grow(next)
    }

    /// As `extend`, at whatever moment.
    pub(super) fn grow(&mut self, next: &Fact) -> bool {
        let (Some(range), Some((from, to))) = (next.range(), self.range()) else {
            return false;
        };
        let mut same = next.clone();
        same.set_range((from, to));
        same.set_at(self.at());
        if same != *self {
            return false;
        }
        if range.0 == to + 1 {
            self.set_range((from, range.1));
        } else if range.1 + 1 == from {
            self.set_range((range.0, to));
        } else {
            return false;
        }
        true
    }

    fn range(&self) -> Option<(EventNo, EventNo)> {
        let (_, items) = self.items()?;
        Some((items.start, items.end - 1))
    }

    fn set_range(&mut self, range: (EventNo, EventNo)) {
        if let Fact::Gained {
            what: What::Items { first, last, .. },
            ..
        }
        | Fact::Lost {
            what: What::Items { first, last, .. },
            ..
        }
        | Fact::Hollowed {
            what: What::Items { first, last, .. },
            ..
        } = self
        {
            (*first, *last) = range;
        }
    }
}
