//! People, rooms and backup plans as they are described, before anything has happened.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::ServerId;
use crate::kernel::{SimDuration, SimTime};

/// The preset of a room.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RoomKind {
    /// Anyone may join (`public_chat`).
    Public,
    /// By invitation (`private_chat`).
    Private,
    /// Two people (`trusted_private_chat`, `is_direct`).
    Direct,
}

/// `m.room.history_visibility`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// Everyone.
    WorldReadable,
    /// All members, the whole history.
    Shared,
    /// Members, from their invitation on.
    Invited,
    /// Members, from their join on.
    Joined,
}

/// Backups at regular times, of all stores, until `last`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSchedule {
    /// The first one.
    pub first: SimTime,
    /// Time between two.
    pub every: SimDuration,
    /// The schedule stops silently after this moment.
    pub last: Option<SimTime>,
    /// Each backup deletes those that were made longer than this before it; none: all are kept.
    pub keep: Option<SimDuration>,
}

impl BackupSchedule {
    /// The newest backup at or before a moment.
    pub fn newest(&self, upto: SimTime) -> Option<SimTime> {
        let upto = self.last.map_or(upto, |last| last.min(upto));
        let since = upto.0.checked_sub(self.first.0)?;
        let every = self.every.0.max(1);
        Some(SimTime(self.first.0 + since / every * every))
    }

    /// The oldest backup that is left at a moment. The newest is always left: a schedule that stops deletes nothing more.
    pub fn oldest_left(&self, at: SimTime) -> Option<SimTime> {
        let newest = self.newest(at)?;
        let Some(keep) = self.keep else {
            return Some(self.first);
        };
        let since = newest.saturating_sub(keep).0.saturating_sub(self.first.0);
        let every = self.every.0.max(1);
        Some(SimTime(self.first.0 + since.div_ceil(every) * every))
    }

    /// The newest backup at or before `upto` that is left at a moment; if all of these are deleted, the oldest one that is left.
    pub fn newest_left(&self, upto: SimTime, at: SimTime) -> Option<SimTime> {
        Some(self.newest(upto)?.max(self.oldest_left(at)?))
    }

    /// Is a backup of this time left at a moment? One that is not by schedule is never deleted.
    pub fn is_left(&self, made: SimTime, at: SimTime) -> bool {
        self.newest(made) != Some(made) || self.oldest_left(at).is_none_or(|oldest| made >= oldest)
    }
}

/// An account name.
#[derive(Debug, Clone, PartialEq)]
pub struct UserSpec {
    /// Local part.
    pub name: String,
    /// Home server.
    pub server: ServerId,
    /// Does the account exist before the first action (password `pw`, session `register`)?
    pub exists: bool,
    /// Weight among the members of a room when the author of a message is drawn; 0 = never speaks unscripted.
    pub weight: u32,
}

/// A room that some action creates.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomSpec {
    /// Its label, also its first name.
    pub name: String,
    /// Preset.
    pub kind: RoomKind,
    /// `m.federate`.
    pub federate: bool,
    /// Room version (10, 11, 12).
    pub version: u8,
    /// Are messages encrypted?
    pub encrypted: bool,
    /// History visibility at creation.
    pub visibility: Visibility,
    /// `m.room.retention` `max_lifetime`, if the room has one.
    pub max_lifetime: Option<SimDuration>,
    /// Mean messages a day by all members together; 0 = only scripted messages.
    pub messages_per_day: f64,
    /// Share of messages with a file attached, of 1000.
    pub files_per_mille: u32,
}

/// What people do of themselves in answer to what they see. All rates are per day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct People {
    /// Scrolls to the end of a room, per local member and day.
    pub scrolls_per_member_day: f64,
    /// Page size of a scrolling client; 0 = nobody does anything of themselves.
    pub page: u32,
    /// Mean number of pages that a person pages back (exponential).
    pub scroll_pages: u32,
    /// As `scrolls_per_member_day`, in the weeks after a loss.
    pub scrolls_after_loss_per_member_day: f64,
    /// As `scroll_pages`, in the weeks after a loss.
    pub scroll_pages_after_loss: u32,
    /// Jumps to a date of the lost period, per local member and day, in the weeks after a loss.
    pub jumps_after_loss_per_member_day: f64,
    /// Share of lost accounts, of 1000, whose owner registers the name again.
    pub register_again_per_mille: u32,
    /// Mean time from the restore until then.
    pub register_again_after: SimDuration,
    /// Chance a day that a stranger registers a lost name that is still free.
    pub name_reuse_per_day: f64,
    /// Share of lost rooms, of 1000, into which a member elsewhere asks a lost user again.
    pub invite_again_per_mille: u32,
    /// Mean time from the restore until then.
    pub invite_again_after: SimDuration,
    /// Mean time until a person who was asked again joins.
    pub accept_after: SimDuration,
    /// How long some of them want their messages to be kept, at most; all others for ever. It is what they want, and
    /// nobody obeys it: exposure is counted by it.
    pub wishes: Vec<PersonalWish>,
    /// Of 1000 unscripted messages, how many their authors take back (redact) later. 24 were measured for tweets (Almuhimedi et al. 2013); the default is none.
    #[serde(skip_serializing_if = "are_none")]
    pub deletes_per_mille: u32,
    /// Median time from such a message until its author takes it back: half of the tweets within minutes (the same).
    #[serde(skip_serializing_if = "is_usual_median")]
    pub deletes_after: SimDuration,
    /// Standard deviation of that time's logarithm. Assumption: wide, with 3 one in twenty after a day.
    #[serde(skip_serializing_if = "is_usual_spread")]
    pub deletes_sigma: f64,
    /// Mean number of account erasures (deactivation with `erase`) of a user in a year. Assumption where it is not 0: 0.01.
    #[serde(skip_serializing_if = "is_never")]
    pub erases_per_user_year: f64,
}

/// What a part of all people wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PersonalWish {
    /// The part, of 1000.
    pub per_mille: u32,
    /// Their messages are to be gone so long after they were made.
    pub lifetime: SimDuration,
}

const DELETES_AFTER: SimDuration = SimDuration::minutes(10);
const DELETES_SIGMA: f64 = 3.0;

// What nobody has set is not written: most scenarios have no deletions.

fn are_none(per_mille: &u32) -> bool {
    *per_mille == 0
}

fn is_never(per_year: &f64) -> bool {
    *per_year <= 0.0
}

fn is_usual_median(after: &SimDuration) -> bool {
    *after == DELETES_AFTER
}

fn is_usual_spread(sigma: &f64) -> bool {
    sigma.total_cmp(&DELETES_SIGMA).is_eq()
}

impl Default for People {
    /// Assumptions, not measurements: a few people read back, many look for what is missing after a loss, none by date, half of those who lost an account return.
    fn default() -> Self {
        People {
            scrolls_per_member_day: 0.02,
            page: 20,
            scroll_pages: 20,
            scrolls_after_loss_per_member_day: 0.5,
            scroll_pages_after_loss: 60,
            jumps_after_loss_per_member_day: 0.0,
            register_again_per_mille: 500,
            register_again_after: SimDuration::days(3),
            name_reuse_per_day: 0.0,
            invite_again_per_mille: 500,
            invite_again_after: SimDuration::days(7),
            accept_after: SimDuration::hours(12),
            wishes: Vec::new(),
            deletes_per_mille: 0,
            deletes_after: DELETES_AFTER,
            deletes_sigma: DELETES_SIGMA,
            erases_per_user_year: 0.0,
        }
    }
}
