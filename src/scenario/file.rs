//! A scenario file as written: units in the values, kinds tagged from outside, no key unknown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::kernel::{SimDuration, SimTime};
use crate::protocol::matrix::Rules;

/// A name that something else must declare; its place in the file is kept for error messages.
pub(super) type Name = Spanned<String>;

/// A scenario.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    /// One line that says what the scenario is about.
    pub title: String,
    /// Key of all random streams.
    #[serde(default = "one")]
    pub seed: u64,
    /// First moment.
    #[schemars(with = "SimTime")]
    pub start: Spanned<SimTime>,
    /// Last moment.
    #[schemars(with = "SimTime")]
    pub end: Spanned<SimTime>,
    /// The shortcut for servers in step; off makes every delivery an event, with the same result.
    #[serde(default = "yes")]
    pub in_step: bool,
    /// The server whose losses are measured.
    #[schemars(with = "String")]
    pub measured: Name,
    /// Protocol parameters of the whole federation; a server's own come before them.
    #[serde(default)]
    pub rules: Rules,
    /// Servers.
    #[serde(default)]
    pub server: Vec<Server>,
    /// Users beside those that a population makes.
    #[serde(default)]
    pub user: Vec<User>,
    /// Rooms beside those that a population makes; an action creates them.
    #[serde(default)]
    pub room: Vec<Room>,
    /// People and rooms that are drawn.
    pub population: Option<Population>,
    /// What people do of themselves.
    #[serde(default)]
    pub people: PeopleFile,
    /// Single actions.
    #[serde(default)]
    pub action: Vec<ActionEntry>,
    /// What is done to servers and links.
    #[serde(default)]
    pub fault: Vec<FaultEntry>,
    /// Outages drawn from rates.
    pub fault_rates: Option<FaultRates>,
    /// What must be found.
    #[serde(default)]
    pub expect: Vec<Expect>,
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

/// A homeserver.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Server {
    /// Its name.
    #[schemars(with = "String")]
    pub name: Name,
    /// Its own protocol parameters.
    pub rules: Option<Rules>,
    /// Regular backups of all stores.
    pub backups: Option<Backups>,
}

/// Backups at regular times.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Backups {
    /// The first one.
    pub first: SimTime,
    /// Time between two.
    #[schemars(with = "SimDuration")]
    pub every: Spanned<SimDuration>,
    /// After this moment the schedule stops silently.
    pub last: Option<SimTime>,
}

/// A user.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct User {
    /// `local@server`.
    #[schemars(with = "String")]
    pub name: Name,
    /// Does the account exist from the start (password `pw`)?
    #[serde(default = "yes")]
    pub exists: bool,
    /// Weight when the author of a drawn message is picked; 0 = speaks only by script.
    #[serde(default)]
    pub weight: u32,
}

/// Room presets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Anyone may join.
    Public,
    /// By invitation.
    Private,
    /// Two people.
    Direct,
}

/// History visibilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum VisibilityName {
    /// Everyone.
    WorldReadable,
    /// All members, the whole history.
    #[default]
    Shared,
    /// Members, from their invitation on.
    Invited,
    /// Members, from their join on.
    Joined,
}

/// A room.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Room {
    /// Its label.
    #[schemars(with = "String")]
    pub name: Name,
    /// Preset.
    pub kind: Kind,
    /// `m.federate`.
    #[serde(default = "yes")]
    pub federate: bool,
    /// Are messages encrypted?
    #[serde(default)]
    pub encrypted: bool,
    /// History visibility at creation.
    #[serde(default)]
    pub visibility: VisibilityName,
    /// Room version: 10, 11 or 12.
    #[serde(default = "newest_version")]
    #[schemars(with = "u8")]
    pub version: Spanned<u8>,
    /// `m.room.retention`.
    pub max_lifetime: Option<SimDuration>,
    /// Mean messages a day by all members together.
    #[serde(default)]
    pub messages_per_day: f64,
    /// Share of messages with a file, of 1000.
    #[serde(default)]
    pub files_per_mille: u32,
}

fn newest_version() -> Spanned<u8> {
    Spanned::new(0..0, 12)
}

/// People and rooms that are drawn from keyed streams.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Population {
    /// Number of accounts on the measured server at the end of the lost period.
    pub local_users: u32,
    /// Share of these that exist from the start, of 1000; the others register over the time until `until`.
    pub old_accounts_per_mille: u32,
    /// Number of other servers.
    pub peers: u32,
    /// Spread (sigma of a lognormal) of their sizes.
    pub peer_size_sigma: f64,
    /// Nothing new (accounts, rooms, pictures, passwords) is made after this moment.
    pub until: SimTime,
    /// Share of rooms created before `period-from`, of 1000.
    pub old_rooms_per_mille: u32,
    /// Beginning of the period that will be lost.
    pub period_from: SimTime,
    /// Numbers of rooms by kind.
    pub rooms: RoomNumbers,
    /// Share of private and direct rooms that are encrypted, of 1000.
    pub encrypted_per_mille: u32,
    /// Median of a room's messages a day, and the spread (sigma of a lognormal).
    pub messages_per_day: f64,
    /// See `messages-per-day`.
    pub messages_sigma: f64,
    /// Share of messages with a file, of 1000.
    pub files_per_mille: u32,
    /// Share of rooms of the measured server that get a picture, of 1000.
    pub avatars_per_mille: u32,
    /// Share of local users who change their password in the lost period, of 1000.
    pub password_changes_per_mille: u32,
}

/// Numbers of rooms by kind.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RoomNumbers {
    /// Public, with members of other servers.
    pub public: u32,
    /// Private, with members of other servers.
    pub private: u32,
    /// Federated by their settings, with local members only.
    pub local_members: u32,
    /// `m.federate: false`.
    pub unfederated: u32,
    /// Two local users.
    pub direct_local: u32,
    /// A local user and one of another server.
    pub direct_remote: u32,
}

/// What people do of themselves.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PeopleFile {
    /// Scrolls to the end of a room, per local member and day, where something is missing.
    pub scrolls_per_member_day: f64,
    /// Page size of a scrolling client.
    pub page: u32,
    /// Mean number of pages that a person pages back.
    pub scroll_pages: u32,
    /// As `scrolls-per-member-day`, in the month after a loss.
    pub scrolls_after_loss_per_member_day: f64,
    /// As `scroll-pages`, in the month after a loss.
    pub scroll_pages_after_loss: u32,
    /// Share of lost accounts, of 1000, whose owner registers the name again.
    pub register_again_per_mille: u32,
    /// Mean time from the restore until then.
    pub register_again_after: SimDuration,
    /// Share of lost rooms, of 1000, into which a member elsewhere asks a lost member again.
    pub invite_again_per_mille: u32,
    /// Mean time from the restore until then.
    pub invite_again_after: SimDuration,
    /// Mean time until who was asked joins.
    pub accept_after: SimDuration,
}

impl Default for PeopleFile {
    fn default() -> Self {
        PeopleFile {
            scrolls_per_member_day: 0.0,
            page: 50,
            scroll_pages: 20,
            scrolls_after_loss_per_member_day: 0.0,
            scroll_pages_after_loss: 20,
            register_again_per_mille: 0,
            register_again_after: SimDuration::days(3),
            invite_again_per_mille: 0,
            invite_again_after: SimDuration::days(7),
            accept_after: SimDuration::hours(12),
        }
    }
}

/// An action and its time.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ActionEntry {
    /// When.
    pub at: SimTime,
    /// What: exactly one kind.
    #[serde(rename = "do")]
    pub what: Do,
}

/// One action of a person or an administrator.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub(super) enum Do {
    /// Creates a declared room.
    CreateRoom {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        by: Name,
    },
    /// Invites.
    Invite {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        by: Name,
        #[schemars(with = "String")]
        who: Name,
    },
    /// Joins by room id, through a named server.
    Join {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        who: Name,
        #[schemars(with = "Option<String>")]
        via: Option<Name>,
    },
    /// Leaves, or declines an invitation.
    Leave {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        who: Name,
    },
    /// Removes a member.
    Kick {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        by: Name,
        #[schemars(with = "String")]
        who: Name,
    },
    /// Bans.
    Ban {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        by: Name,
        #[schemars(with = "String")]
        who: Name,
    },
    /// Lifts a ban.
    Unban {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        by: Name,
        #[schemars(with = "String")]
        who: Name,
    },
    /// Sends messages in turns: each in `by` sends up to `turn` messages, again and again, a second apart.
    Send {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "Vec<String>")]
        by: Vec<Name>,
        counts: Vec<u32>,
        turn: u32,
    },
    /// Sets the name.
    SetName {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        by: Name,
        value: String,
    },
    /// Sets the topic.
    SetTopic {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        by: Name,
        value: String,
    },
    /// Sets the picture.
    SetAvatar {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        by: Name,
        value: String,
        media: Option<String>,
    },
    /// Sets the history visibility.
    SetHistoryVisibility {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        by: Name,
        value: VisibilityName,
    },
    /// Sets power levels.
    SetPower {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        by: Name,
        users: BTreeMap<String, i64>,
        events_default: Option<i64>,
    },
    /// Redacts the event of this number in the room (0 is the creation).
    Redact {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        by: Name,
        event: u32,
    },
    /// Pages back to the end.
    Scroll {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        who: Name,
        page: u32,
        passes: u32,
        #[serde(default)]
        pause: bool,
    },
    /// Jumps to a date.
    JumpToDate {
        #[schemars(with = "String")]
        room: Name,
        #[schemars(with = "String")]
        who: Name,
        to: SimTime,
    },
    /// Registers.
    Register {
        #[schemars(with = "String")]
        who: Name,
        password: String,
    },
    /// Logs in.
    Login {
        #[schemars(with = "String")]
        who: Name,
        password: String,
        session: String,
    },
    /// Asks whether a session is valid.
    CheckSession {
        #[schemars(with = "String")]
        who: Name,
        session: String,
    },
    /// Changes a password.
    SetPassword {
        #[schemars(with = "String")]
        who: Name,
        old: String,
        password: String,
    },
    /// Deactivates an account.
    Deactivate {
        #[schemars(with = "String")]
        who: Name,
        password: String,
    },
    /// Uploads a file under a label.
    Upload {
        media: String,
        #[schemars(with = "String")]
        by: Name,
    },
    /// Views a file.
    Download {
        #[schemars(with = "String")]
        media: Name,
        #[schemars(with = "String")]
        by: Name,
    },
    /// Administrator: purges history.
    PurgeHistory {
        #[schemars(with = "String")]
        server: Name,
        #[schemars(with = "String")]
        room: Name,
        keep_last: u32,
        #[serde(default)]
        delete_local: bool,
    },
}

/// A fault and its time.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FaultEntry {
    /// When.
    #[schemars(with = "SimTime")]
    pub at: Spanned<SimTime>,
    /// What: exactly one kind.
    #[serde(rename = "do")]
    pub what: FaultDo,
}

/// What becomes of the media store in a restore.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum MediaName {
    /// That of the backup.
    #[default]
    Restored,
    /// The present one.
    Kept,
    /// Empty.
    Gone,
}

/// What becomes of the signing key.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KeyName {
    /// Stays.
    #[default]
    Kept,
    /// A new one, the old one nowhere listed.
    New,
    /// A new one, the old one listed.
    NewListed,
}

/// What is done to a server or a link.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub(super) enum FaultDo {
    /// A backup of all stores, beside the schedule.
    Backup {
        #[schemars(with = "String")]
        server: Name,
    },
    /// The newest backup at or before `to` replaces the stores; the server starts.
    Restore {
        #[schemars(with = "String")]
        server: Name,
        #[schemars(with = "Option<SimTime>")]
        to: Option<Spanned<SimTime>>,
        #[serde(default)]
        media: MediaName,
        #[serde(default)]
        signing_key: KeyName,
    },
    /// A copy of the database by rooms, in order, that stops when this many of 1000 are copied.
    FailedCopyByRooms {
        #[schemars(with = "String")]
        server: Name,
        per_mille: u32,
    },
    /// A copy by tables (accounts, rooms, events) that stops when this many of 1000 rows are copied.
    FailedCopyByTables {
        #[schemars(with = "String")]
        server: Name,
        per_mille: u32,
    },
    /// Down for a time.
    Outage {
        #[schemars(with = "String")]
        server: Name,
        #[serde(rename = "for")]
        lasts: SimDuration,
    },
    /// Clean stop.
    Stop {
        #[schemars(with = "String")]
        server: Name,
    },
    /// Start.
    Start {
        #[schemars(with = "String")]
        server: Name,
    },
    /// Stands still for a time.
    Freeze {
        #[schemars(with = "String")]
        server: Name,
        #[serde(rename = "for")]
        lasts: SimDuration,
    },
    /// Stops for ever.
    Death {
        #[schemars(with = "String")]
        server: Name,
    },
    /// Two servers cannot reach each other for a time.
    Partition {
        #[schemars(with = "(String, String)")]
        between: (Name, Name),
        #[serde(rename = "for")]
        lasts: SimDuration,
    },
    /// Two servers refuse each other from now on.
    Blocking {
        #[schemars(with = "(String, String)")]
        between: (Name, Name),
    },
    /// The signing key is replaced.
    KeyLoss {
        #[schemars(with = "String")]
        server: Name,
        #[serde(default)]
        listed: bool,
    },
    /// The media store is emptied.
    MediaLoss {
        #[schemars(with = "String")]
        server: Name,
    },
}

/// Outages drawn from rates, for every server but the measured one.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FaultRates {
    /// Outages a server and year.
    pub outages_per_year: f64,
    /// Median length.
    pub outage_median: SimDuration,
    /// Spread of the length (sigma of a lognormal).
    pub outage_sigma: f64,
}

/// One outcome that an account reports, and what the simulator must find.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Expect {
    /// Short name.
    pub name: String,
    /// What the account says.
    pub says: String,
    /// Does what must be found agree with that?
    pub agrees: bool,
    /// How far, or why not.
    #[serde(default)]
    pub note: String,
    /// What must be found.
    #[schemars(with = "Vec<Find>")]
    pub find: Spanned<Vec<Find>>,
}

/// One share that must lie within bounds.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Find {
    /// What it is about.
    pub part: String,
    /// Which rows of items.csv: column to value, or to a list of values.
    #[serde(rename = "where")]
    #[schemars(with = "BTreeMap<String, OneOrMore>")]
    pub rows: Spanned<BTreeMap<String, OneOrMore>>,
    /// Numerator: a column of items.csv.
    #[schemars(with = "String")]
    pub count: Name,
    /// Denominator: a column of items.csv.
    #[schemars(with = "String")]
    pub of: Name,
    /// `">= 0.9"`, `"<= 0.1"`, `"= 0"` or `"0.2..0.5"`.
    #[schemars(with = "String")]
    pub must: Name,
}

/// A value, or several.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

impl OneOrMore {
    /// As a list.
    pub(super) fn list(&self) -> Vec<String> {
        match self {
            OneOrMore::One(value) => vec![value.clone()],
            OneOrMore::More(values) => values.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = OneOrMore;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMore, E> {
                Ok(OneOrMore::One(text.to_owned()))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<OneOrMore, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(OneOrMore::More(values))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
