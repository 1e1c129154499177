//! The protocol's parameters, with real Synapse's defaults. Numbers in brackets are sections of the list
//! of rules in ARCHITECTURE.md.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::SimDuration;

/// Which peer is asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HostOrder {
    /// PostgreSQL: the oldest member server first.
    OldestJoin,
    /// SQLite: a set's order.
    Arbitrary,
}

/// By what a purge cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PurgeBy {
    /// As Synapse.
    Depth,
    /// What-if.
    Timestamp,
}

/// The parameters of one server.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    /// PDUs per transaction (1.2).
    pub pdus_per_txn: u32,
    /// Repeats of a failing `/send` within one request (1.3).
    pub long_retries: u32,
    /// Longest wait between two of these repeats; the waits are 4, 16, 64 ... seconds up to this (1.3).
    pub long_delay_cap: SimDuration,
    /// Smallest factor on waits and back-offs, of 1000 (1.3).
    pub retry_jitter_lo_per_mille: u32,
    /// Largest factor on waits and back-offs, of 1000 (1.3).
    pub retry_jitter_hi_per_mille: u32,
    /// First back-off towards a server that failed (1.3).
    pub destination_min_retry: SimDuration,
    /// Growth of the back-off with each further failure (1.3).
    pub destination_retry_multiplier: f64,
    /// Longest back-off (1.3).
    pub destination_max_retry: SimDuration,
    /// A back-off longer than this drops the queue; the newest event per room is sent instead (1.4).
    pub catchup_threshold: SimDuration,
    /// Forward extremities sent per room in catch-up (1.5).
    pub catchup_tip_max: u32,
    /// Time between two looks for servers that are owed events (1.3).
    pub wake_period: SimDuration,
    /// Any request from a server clears the back-off towards it (1.3).
    pub inbound_clears_backoff: bool,
    /// Received events waiting in a room from which on those referred to by others are dropped (2.1).
    pub staging_prune_at: u32,
    /// Events asked for by `get_missing_events` (2.3).
    pub gme_request_limit: u32,
    /// Events given by `get_missing_events` at most (2.3).
    pub gme_serve_cap: u32,
    /// Unit of the failed-pull back-off, doubled with each attempt (2.4).
    pub failed_pull_base: SimDuration,
    /// Doublings of that at most (2.4).
    pub failed_pull_doubling_cap: u32,
    /// Forward extremities that a new event refers to at most (2.5).
    pub new_event_prev_max: u32,
    /// Events asked for, and given at most, by one backfill (3.2).
    pub backfill_events: u32,
    /// Backward extremities looked at for one backfill (3.2).
    pub backfill_points_considered: u32,
    /// Backward extremities asked from in one backfill (3.2).
    pub backfill_extremities_per_request: u32,
    /// Refusals after which a backfill is given up (3.3).
    pub backfill_denials_max: u32,
    /// Which peer is asked first (3.3).
    pub backfill_host_order: HostOrder,
    /// An empty answer ends the search; false is a what-if (3.3).
    pub empty_backfill_is_success: bool,
    /// What-if: clients always know a server to join by (4.2).
    pub clients_know_via: bool,
    /// A row of a remote file whose copy is gone blocks the download (6).
    pub remote_media_row_blocks_refetch: bool,
    /// Is message retention on? (7.1)
    pub retention_enabled: bool,
    /// How long messages live where the room says nothing (7.1).
    pub default_max_lifetime: Option<SimDuration>,
    /// Least lifetime that a room can ask for (7.1).
    pub allowed_lifetime_min: Option<SimDuration>,
    /// Largest lifetime that a room can ask for (7.1).
    pub allowed_lifetime_max: Option<SimDuration>,
    /// Time between two runs of the purge job (7.1).
    pub purge_job_interval: SimDuration,
    /// By what a purge cuts (7.2).
    pub purge_by: PurgeBy,
    /// Does the retention job delete local events as well? (7.2)
    pub purge_deletes_local: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            pdus_per_txn: 50,
            long_retries: 10,
            long_delay_cap: SimDuration::seconds(60),
            retry_jitter_lo_per_mille: 800,
            retry_jitter_hi_per_mille: 1400,
            destination_min_retry: SimDuration::minutes(10),
            destination_retry_multiplier: 2.0,
            destination_max_retry: SimDuration::days(7),
            catchup_threshold: SimDuration::hours(1),
            catchup_tip_max: 10,
            wake_period: SimDuration::minutes(1),
            inbound_clears_backoff: true,
            staging_prune_at: 100,
            gme_request_limit: 10,
            gme_serve_cap: 20,
            failed_pull_base: SimDuration::hours(1),
            failed_pull_doubling_cap: 8,
            new_event_prev_max: 10,
            backfill_events: 100,
            backfill_points_considered: 50,
            backfill_extremities_per_request: 5,
            backfill_denials_max: 5,
            backfill_host_order: HostOrder::OldestJoin,
            empty_backfill_is_success: true,
            clients_know_via: false,
            remote_media_row_blocks_refetch: true,
            retention_enabled: false,
            default_max_lifetime: None,
            allowed_lifetime_min: None,
            allowed_lifetime_max: None,
            purge_job_interval: SimDuration::days(1),
            purge_by: PurgeBy::Depth,
            purge_deletes_local: true,
        }
    }
}
