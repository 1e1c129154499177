//! Rooms as shared logs.
