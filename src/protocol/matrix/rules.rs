//! The protocol's parameters.
use crate::kernel::SimDuration;

/// Which peer is asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostOrder {
    /// PostgreSQL: the oldest member server first.
    OldestJoin,
    /// SQLite: a set's order.
    Arbitrary,
}

/// By what a purge cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurgeBy {
    /// As Synapse.
    Depth,
    /// What-if.
    Timestamp,
}

/// The parameters of one server.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Rules {
    pub pdus_per_txn: u32,
    pub long_retries: u32,
    pub long_delay_cap: SimDuration,
    pub retry_jitter_lo_per_mille: u32,
    pub retry_jitter_hi_per_mille: u32,
    pub destination_min_retry: SimDuration,
    pub destination_retry_multiplier: f64,
    pub destination_max_retry: SimDuration,
    pub catchup_threshold: SimDuration,
    pub catchup_tip_max: u32,
    pub wake_period: SimDuration,
    pub inbound_clears_backoff: bool,
    pub staging_prune_at: u32,
    pub gme_request_limit: u32,
    pub gme_serve_cap: u32,
    pub failed_pull_base: SimDuration,
    pub failed_pull_doubling_cap: u32,
    pub new_event_prev_max: u32,
    pub backfill_events: u32,
    pub backfill_points_considered: u32,
    pub backfill_extremities_per_request: u32,
    pub backfill_denials_max: u32,
    pub backfill_host_order: HostOrder,
    pub empty_backfill_is_success: bool,
    pub clients_know_via: bool,
    pub remote_media_row_blocks_refetch: bool,
    pub retention_enabled: bool,
    pub default_max_lifetime: Option<SimDuration>,
    pub allowed_lifetime_min: Option<SimDuration>,
    pub allowed_lifetime_max: Option<SimDuration>,
    pub purge_job_interval: SimDuration,
    pub purge_by: PurgeBy,
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
