//! Numbers for servers, users, rooms and events.
//!
//! All are indices into the lists of one simulated world; names exist only at its edges.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The index into the world's list.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
    };
}

number!(
    /// A homeserver.
    ServerId,
    "s"
);
number!(
    /// An account name on one server; it keeps its number when the account is lost and registered again.
    UserId,
    "u"
);
number!(
    /// A room.
    RoomId,
    "r"
);
number!(
    /// A file in some server's media store.
    MediaId,
    "m"
);

/// An item of a room: its number in the order of creation, over all servers, from 0.
pub type EventNo = u32;
