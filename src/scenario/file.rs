//! A scenario file as it is written. The doc comments are the descriptions in the JSON Schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deed::Step;
use super::federation::Federation;
use super::play::Play;
use super::policy::Policy;
use super::population::Population;
use super::rates::FaultRates;
use super::sweep::Sweep;
use super::trouble::Trouble;
use super::value::{Here, Must, Name, Words};
use crate::kernel::{SimDuration, SimTime};
use crate::metrics::{Count, Dimension};
use crate::protocol::central;
use crate::protocol::matrix::Rules;
use crate::workload::{BackupSchedule, People, RoomKind, Visibility};

/// A scenario: a federation, what people do in it, what befalls it, and what must be found afterwards.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    /// One line that says what this is about.
    pub(super) title: String,
    /// Another scenario that this one goes on from: what stands here is put over what stands there, key by key. A list
    /// takes the place of the whole list; `[server.0]` changes one entry of it. The path starts from this file's folder.
    #[serde(default, skip_serializing)]
    pub(super) base: Option<Name>,
    /// Key of all random draws.
    #[serde(default = "one")]
    pub(super) seed: Here<u64>,
    /// First moment, in universal time. A script needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<Here<SimTime>>,
    /// Last moment. A script needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<Here<SimTime>>,
    /// While nothing is wrong, let rooms move in step without an event for each delivery.
    #[serde(default = "yes")]
    pub(super) in_step: bool,
    /// Who keeps what people say: homeservers that federate, or one central service of which every server here is a
    /// tenant. People, rooms and messages are the same.
    #[serde(default)]
    pub(super) protocol: Protocol,
    /// The central service, if there is one. Of a tenant's own `rules` it obeys those of retention; backups and
    /// `fault-rates` are of servers that people run themselves, and it has its own.
    #[serde(default)]
    pub(super) central: central::Rules,
    /// The server whose losses are measured.
    pub(super) measured: Name,
    /// Protocol parameters of all servers.
    #[serde(default)]
    pub(super) rules: Rules,
    /// What people do of themselves.
    #[serde(default)]
    pub(super) people: People,
    /// A whole federation drawn at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) federation: Option<Federation>,
    /// Servers, users and rooms around the measured server, drawn at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) population: Option<Population>,
    /// Faults drawn at random.
    #[serde(default)]
    pub(super) fault_rates: FaultRates,
    /// Rules of groups of servers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) policy: Vec<Policy>,
    /// Homeservers.
    #[serde(default)]
    pub(super) server: Vec<Server>,
    /// Accounts.
    #[serde(default)]
    pub(super) user: Vec<User>,
    /// Rooms; each is made by a `create-room` action.
    #[serde(default)]
    pub(super) room: Vec<Room>,
    /// Single actions.
    #[serde(default)]
    pub(super) action: Vec<Step>,
    /// Single faults.
    #[serde(default)]
    pub(super) fault: Vec<Trouble>,
    /// In place of actions and faults at given times: steps, each begun when the former is over. Real servers
    /// can play them, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) script: Vec<Play>,
    /// What must be found.
    #[serde(default)]
    pub(super) expect: Vec<Expect>,
    /// The same many times, with other values and other luck. Only `fedheal sweep` looks at it.
    #[serde(default, skip_serializing)]
    pub(super) sweep: Option<Sweep>,
}

/// Who keeps what people say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Protocol {
    /// Homeservers that federate, as Synapse does.
    #[default]
    Matrix,
    /// One operator with tenants.
    Central,
}

fn one() -> Here<u64> {
    Here::from(1)
}

fn yes() -> bool {
    true
}

/// A homeserver.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Server {
    /// Its name.
    pub(super) name: Name,
    /// Parameters of this server; those not given are the federation's.
    #[serde(default)]
    pub(super) rules: Rules,
    /// Regular backups of all its stores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) backups: Option<Backups>,
    /// In a script: what makes this server different from the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) laboratory: Option<Laboratory>,
}

/// Settings of a server that plays a script. All others are those of the recordings.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Laboratory {
    /// How long it leaves a server alone that did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retry: Option<Retry>,
    /// Synapse's `retention` section, as Synapse reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retention: Option<serde_json::Value>,
}

/// Back-off of a server that plays a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Retry {
    /// Synapse's own: 10 minutes first, then doubling; not the laboratory's constant second.
    Default,
}

/// Regular backups.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Backups {
    /// The first one.
    pub(super) first: Here<SimTime>,
    /// Time from one to the next.
    pub(super) every: Here<SimDuration>,
    /// None is made after this moment, and nobody is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Here<SimTime>>,
    /// How long each is kept: the next ones delete what is older. Absent: all are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) keep: Option<Here<SimDuration>>,
}

impl Backups {
    pub(super) fn schedule(&self) -> BackupSchedule {
        BackupSchedule {
            first: *self.first,
            every: *self.every,
            last: self.last.as_deref().copied(),
            keep: self.keep.as_deref().copied(),
        }
    }
}

/// An account.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct User {
    /// `name@server`.
    pub(super) name: Name,
    /// Does it exist from the start, with password `pw` and one session `register`?
    #[serde(default = "yes")]
    pub(super) exists: bool,
    /// Weight when the author of an unscripted message is drawn; 0: never.
    #[serde(default = "weight")]
    pub(super) weight: u32,
}

fn weight() -> u32 {
    10
}

/// A room.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Room {
    /// Its label, and its first name.
    pub(super) name: Name,
    /// Preset.
    #[serde(default = "public")]
    pub(super) kind: RoomKind,
    /// May users of other servers join?
    #[serde(default = "yes")]
    pub(super) federate: bool,
    /// Are messages encrypted?
    #[serde(default)]
    pub(super) encrypted: bool,
    /// Who may read the history.
    #[serde(default = "shared")]
    pub(super) visibility: Visibility,
    /// Room version: 10, 11 or 12.
    #[serde(default = "version")]
    pub(super) version: Here<u8>,
    /// Lifetime of messages, where servers obey one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_lifetime: Option<SimDuration>,
    /// Mean messages a day of all members together, besides the scripted ones.
    #[serde(default)]
    pub(super) messages_per_day: Here<f64>,
    /// Of 1000 such messages, how many show a file.
    #[serde(default)]
    pub(super) files_per_mille: Here<u32>,
}

fn public() -> RoomKind {
    RoomKind::Public
}

fn shared() -> Visibility {
    Visibility::Shared
}

fn version() -> Here<u8> {
    Here::from(12)
}

/// What an account of the events says, what must be found, and whether the two agree.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Expect {
    /// Short name.
    pub(super) name: Name,
    /// What the account says.
    pub(super) says: String,
    /// Does what must be found agree with it?
    pub(super) agrees: bool,
    /// Why not, or how far.
    #[serde(default)]
    pub(super) note: String,
    /// The protocol of which this is said; under another one nobody asks.
    #[serde(default)]
    pub(super) protocol: Protocol,
    /// What must be found; all parts are checked.
    #[serde(default)]
    pub(super) find: Vec<Find>,
}

/// A share that must be found in the tables: `count` of `of`, among the rows chosen.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Find {
    /// What this part is about.
    pub(super) part: String,
    /// Which rows: all that match each key given.
    #[serde(rename = "where")]
    pub(super) rows: Rows,
    /// Numerator.
    pub(super) count: Count,
    /// Denominator.
    pub(super) of: Count,
    /// What the share must be.
    pub(super) must: Must,
}

/// A choice of rows.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[derive(Default)]
pub(super) struct Rows {
    /// `message`, `state`, `file`, `account`, `password`, `membership`, `room`, `room-avatar`, `signing-key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<Here<Words>>,
    /// Names of rooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<Here<Words>>,
    /// `public`, `private`, `direct`, `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    room_kind: Option<Here<Words>>,
    /// `federated` (users of several servers), `local-members`, `unfederated`, `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    federation: Option<Here<Words>>,
    /// `yes`, `no`.
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted: Option<Here<Words>>,
    /// `before`, `inside` or `after` the lost period.
    #[serde(skip_serializing_if = "Option::is_none")]
    room_created: Option<Here<Words>>,
    /// `local`, `remote`: where the author or owner lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<Here<Words>>,
    /// `before`, `inside` or `after` the lost period: when the item was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<Here<Words>>,
    /// Of accounts, passwords and memberships: `kept`, `again` or `lost`, what became of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Here<Words>>,
}

impl Rows {
    /// The dimensions named, with their values.
    pub(super) fn named(&self) -> impl Iterator<Item = (Dimension, &Here<Words>)> {
        [
            (Dimension::Class, &self.class),
            (Dimension::Room, &self.room),
            (Dimension::RoomKind, &self.room_kind),
            (Dimension::Federation, &self.federation),
            (Dimension::Encrypted, &self.encrypted),
            (Dimension::RoomCreated, &self.room_created),
            (Dimension::Author, &self.author),
            (Dimension::Made, &self.made),
            (Dimension::Account, &self.account),
        ]
        .into_iter()
        .filter_map(|(dimension, words)| Some((dimension, words.as_ref()?)))
    }
}
