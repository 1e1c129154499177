//! What people do: single actions, and generated populations that produce them.

mod action;
mod spec;

pub use action::{Action, Power, StateField};
pub use spec::{BackupSchedule, People, PersonalWish, RoomKind, RoomSpec, UserSpec, Visibility};
