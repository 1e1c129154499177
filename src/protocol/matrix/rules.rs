//! The protocol's parameters, as Synapse has them by default.
//!
//! The numbers in brackets are the sections of the list of rules (ARCHITECTURE.md). Every field is a key
//! of `[rules]` in a scenario, for the whole federation or for one server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lifetimes::RoomRule;
use crate::kernel::SimDuration;

/// Which peer is asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HostOrder {
    /// PostgreSQL: the oldest member server first.
    OldestJoin,
    /// SQLite: a set's order.
    Arbitrary,
}

/// By what a purge cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PurgeBy {
    /// As Synapse.
    Depth,
    /// What-if.
    Timestamp,
}

/// What becomes of a pushed event of a room that the server does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownRoom {
    /// As Synapse: it is skipped, and the sender hears 200.
    Drop,
    /// What-if, and Synapse of old: the server asks the sender for the room's state and is in it again.
    Rebuild,
}

/// The parameters of one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    /// Events in one transaction, at most (1.2).
    pub pdus_per_txn: u32,
    /// Attempts to send one transaction before the destination is given up for a while (1.3).
    pub long_retries: u32,
    /// Base of the pauses between two such attempts, in seconds: 4, 16, 64, ... (1.3).
    pub long_delay_base: u32,
    /// Longest of these pauses (1.3).
    pub long_delay_cap: SimDuration,
    /// Smallest factor on such a pause, of 1000 (1.3).
    pub retry_jitter_lo_per_mille: u32,
    /// Largest factor on such a pause, of 1000 (1.3).
    pub retry_jitter_hi_per_mille: u32,
    /// First back-off of a destination that was given up (1.3).
    pub destination_min_retry: SimDuration,
    /// Factor from each back-off to the next (1.3).
    pub destination_retry_multiplier: f64,
    /// Longest back-off (1.3).
    pub destination_max_retry: SimDuration,
    /// A destination in back-off for longer than this loses its queue: afterwards it gets only the newest event of each room (1.4).
    pub catchup_threshold: SimDuration,
    /// Newest events of one room that are sent in catch-up, at most (1.5).
    pub catchup_tip_max: u32,
    /// Rooms of which the owed events are read at once in catch-up (1.5).
    pub catchup_rooms_per_page: u32,
    /// Time between two looks for destinations whose back-off is over (1.3).
    pub wake_period: SimDuration,
    /// Destinations that are read at once in such a look (1.3).
    pub wake_page: u32,
    /// Pause after each destination that is woken (1.3).
    pub wake_spacing: SimDuration,
    /// Does a request from a server end the back-off towards it? (1.3)
    pub inbound_clears_backoff: bool,
    /// How long the answer of a server that stands still is waited for (1.3).
    pub request_timeout: SimDuration,
    /// The same for `get_missing_events`, which is not repeated (2.3).
    pub gme_timeout: SimDuration,
    /// Times that any other question is repeated when no answer came (1.3).
    pub short_retries: u32,
    /// Longest of the pauses between: half a second, one, two, ... (1.3).
    pub short_delay_cap: SimDuration,
    /// What becomes of a pushed event of a room that the server does not know (2.1).
    pub unknown_room_policy: UnknownRoom,
    /// Parents of a received event; one with more is dropped (2.2).
    pub max_prev: u32,
    /// Events that authorise a received event; one with more is dropped (2.2).
    pub max_auth: u32,
    /// Received events of one room waiting for their turn before the oldest are dropped (2.1).
    pub staging_prune_at: u32,
    /// Events asked for in one `get_missing_events` (2.3).
    pub gme_request_limit: u32,
    /// Events given in answer to one `get_missing_events`, at most (2.3).
    pub gme_serve_cap: u32,
    /// First pause after a failed pull of an event; it doubles with each failure (2.4).
    pub failed_pull_base: SimDuration,
    /// Doublings of that pause, at most (2.4).
    pub failed_pull_doubling_cap: u32,
    /// Parents of a new event, at most (2.5).
    pub new_event_prev_max: u32,
    /// A stale extremity that is older than this ... (2.5)
    pub extremity_prune_age: SimDuration,
    /// ... and by this much less deep than a new event may be dropped (2.5).
    pub extremity_prune_depth: u32,
    /// A stale extremity of the new event's own server may be dropped from this depth on (2.5).
    pub extremity_prune_same_domain_depth: u32,
    /// A room with more forward extremities gets an event that joins them (2.5).
    pub dummy_threshold: u32,
    /// Time between two looks for such rooms (2.5).
    pub dummy_period: SimDuration,
    /// Such events in one look, at most (2.5).
    pub dummy_rooms: u32,
    /// A page asks for a backfill if the nearest place to ask from is at most so many pages below (3.2).
    pub backfill_trigger_factor: u32,
    /// A page with a hole of more depths than this waits for the backfill (3.1).
    pub backfill_big_gap: u32,
    /// A page with more smaller holes than this waits for it too (3.1).
    pub backfill_small_gaps: u32,
    /// Events asked for in one backfill request (3.2).
    pub backfill_events: u32,
    /// Backward extremities looked at for one backfill, at most (3.2).
    pub backfill_points_considered: u32,
    /// Backward extremities named in one backfill request, at most (3.2).
    pub backfill_extremities_per_request: u32,
    /// Peers that may refuse a backfill before the search ends (3.3).
    pub backfill_denials_max: u32,
    /// Which peer is asked first (3.3).
    pub backfill_host_order: HostOrder,
    /// Does an empty answer end the search? `false` is a what-if: the next peer is asked (3.3).
    pub empty_backfill_is_success: bool,
    /// Does a join through another server begin with a part of the state, so that the parents of the join come with the rest of it? (4.1)
    pub faster_join: bool,
    /// A what-if: clients name a server when they join a room that their own does not know (4.2).
    pub clients_know_via: bool,
    /// A what-if: while a room has a gap, a tool pages it back to its beginning every night (3.1).
    pub admin_crawler: bool,
    /// A what-if: a server that has lost its signing key lists the old one, so that it can check what it signed (5.4).
    pub old_keys_listed: bool,
    /// A what-if: a server asks its peers for their copies of its own lost files (6).
    pub media_own_refetch: bool,
    /// A remote file that the database lists and the store has lost is not fetched again (6).
    pub remote_media_row_blocks_refetch: bool,
    /// Own files at which nobody looked for longer than this are deleted; absent: none are (6).
    pub local_media_lifetime: Option<SimDuration>,
    /// The same for copies of others' files (6).
    pub remote_media_lifetime: Option<SimDuration>,
    /// Time between two such clean-ups, and from the start to the first (6).
    pub media_job_interval: SimDuration,
    /// Are lifetimes of messages obeyed at all? (7.1)
    pub retention_enabled: bool,
    /// Lifetime of messages in rooms that name none; absent: for ever (7.1).
    pub default_max_lifetime: Option<SimDuration>,
    /// Shorter lifetimes are raised to this by the purge (7.1).
    pub allowed_lifetime_min: Option<SimDuration>,
    /// Longer lifetimes are lowered to this by the purge (7.1).
    pub allowed_lifetime_max: Option<SimDuration>,
    /// Time between two runs of the purge, and from the start to the first (7.1).
    pub purge_job_interval: SimDuration,
    /// By what a purge cuts (7.2).
    pub purge_by: PurgeBy,
    /// Does the purge delete the server's own users' events too? (7.2)
    pub purge_deletes_local: bool,
    /// A what-if: other lifetimes by what kind of room it is; the first one that fits counts, else the ordinary policy. They hold where lifetimes are not obeyed, too.
    pub retention_by_room: Option<Vec<RoomRule>>,
    /// A what-if: a message that was purged is never stored again; absent: no, it may come back (7.3).
    pub purge_tombstones: Option<bool>,
    /// A what-if: the purge job takes the content of the server's own users' messages, and nothing of others'; absent: no.
    pub purge_owner_only: Option<bool>,
    /// A what-if: the purge job takes the content of others' messages whose author's server would have purged them; absent: no.
    pub honours_wishes: Option<bool>,
    /// A what-if: the purge job spares a room in which, as the server believes, fewer other servers are than this; absent: none need be.
    pub purge_least_holders: Option<u32>,
    /// How long the content of what was redacted stays in the database, hidden; absent: for ever (7.5).
    pub redaction_retention: Option<SimDuration>,
    /// Time between two runs of the job that overwrites it (7.5).
    pub censor_period: SimDuration,
    /// Redactions in one such run, at most (7.5).
    pub censor_batch: u32,
    /// Do users who leave a room, or are removed from it, forget it at once? (7.5)
    pub forget_rooms_on_leave: bool,
    /// How long after the last local user has forgotten a room it is deleted; absent: never (7.5).
    pub forgotten_room_retention: Option<SimDuration>,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            pdus_per_txn: 50,
            long_retries: 10,
            long_delay_base: 4,
            long_delay_cap: SimDuration::seconds(60),
            retry_jitter_lo_per_mille: 800,
            retry_jitter_hi_per_mille: 1400,
            destination_min_retry: SimDuration::minutes(10),
            destination_retry_multiplier: 2.0,
            destination_max_retry: SimDuration::days(7),
            catchup_threshold: SimDuration::hours(1),
            catchup_tip_max: 10,
            catchup_rooms_per_page: 50,
            wake_period: SimDuration::minutes(1),
            wake_page: 25,
            wake_spacing: SimDuration::seconds(5),
            inbound_clears_backoff: true,
            request_timeout: SimDuration::seconds(60),
            gme_timeout: SimDuration::seconds(60),
            short_retries: 3,
            short_delay_cap: SimDuration::seconds(2),
            unknown_room_policy: UnknownRoom::Drop,
            max_prev: 20,
            max_auth: 10,
            staging_prune_at: 100,
            gme_request_limit: 10,
            gme_serve_cap: 20,
            failed_pull_base: SimDuration::hours(1),
            failed_pull_doubling_cap: 8,
            new_event_prev_max: 10,
            extremity_prune_age: SimDuration::hours(24),
            extremity_prune_depth: 100,
            extremity_prune_same_domain_depth: 20,
            dummy_threshold: 10,
            dummy_period: SimDuration::minutes(5),
            dummy_rooms: 5,
            backfill_trigger_factor: 2,
            backfill_big_gap: 2,
            backfill_small_gaps: 3,
            backfill_events: 100,
            backfill_points_considered: 50,
            backfill_extremities_per_request: 5,
            backfill_denials_max: 5,
            backfill_host_order: HostOrder::OldestJoin,
            empty_backfill_is_success: true,
            faster_join: true,
            clients_know_via: false,
            admin_crawler: false,
            old_keys_listed: false,
            media_own_refetch: false,
            remote_media_row_blocks_refetch: true,
            local_media_lifetime: None,
            remote_media_lifetime: None,
            media_job_interval: SimDuration::hours(1),
            retention_enabled: false,
            default_max_lifetime: None,
            allowed_lifetime_min: None,
            allowed_lifetime_max: None,
            purge_job_interval: SimDuration::days(1),
            purge_by: PurgeBy::Depth,
            purge_deletes_local: true,
            retention_by_room: None,
            purge_tombstones: None,
            purge_owner_only: None,
            honours_wishes: None,
            purge_least_holders: None,
            redaction_retention: Some(SimDuration::days(7)),
            censor_period: SimDuration::minutes(5),
            censor_batch: 100,
            forget_rooms_on_leave: false,
            forgotten_room_retention: None,
        }
    }
}
