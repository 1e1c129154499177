//! All people of a drawn federation, whether they are simulated or only counted.

use crate::journal::{RoomId, ServerId};

/// How many people there are, server by server and room by room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// Users of each drawn server.
    pub users: Vec<(ServerId, u64)>,
    /// Members of each drawn room.
    pub members: Vec<(RoomId, u64)>,
}
