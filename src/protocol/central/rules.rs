//! Every constant of a central service as a named parameter.
//!
//! Sources: Slack's help pages and security statement; Atlassian's account of April 2022 (775 of 200,000 customers, up
//! to 14 days, up to five minutes lost); GitLab's of 31 January 2017 (several kinds of backup turned out not to work);
//! Google's security whitepaper. What has none says "assumption".

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::SimDuration;

/// A central service: what its operator promises, and how often it fails. All tenants have the same.
///
/// Not here: the loss of a single object by its disks (designed for 1e-11 a year), which no run would see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    /// The operator's name, by which faults may strike it: an outage of its region, or its end (`death`).
    pub name: String,
    /// How far the log of changes may lag behind when it is needed: at most this much is lost (Atlassian; GitLab lost 6 h).
    pub rpo: SimDuration,
    /// Time from the moment at which a failure is noticed until the service is back (assumption).
    pub rto: SimDuration,
    /// Some restores take longer, up to this (Atlassian: 14 days).
    pub rto_tail: SimDuration,
    /// How many of 1000 restores do (assumption).
    pub rto_tail_per_mille: u32,
    /// How long after a deletion by mistake the operator notices it, on average (assumption); copies go on expiring meanwhile.
    pub noticed_after: SimDuration,
    /// How far back the service can be put to any moment (assumption; managed databases offer up to 35 days).
    pub pitr: SimDuration,
    /// Time between two snapshots, the first of them at midnight (Slack: nightly).
    pub snapshot_every: SimDuration,
    /// How long a snapshot is kept, and so what was deleted (Slack: 14 days; Google: up to 180).
    pub backup_expiry: SimDuration,
    /// Time between two runs of the job that deletes what its owner no longer wants (Slack: deleted within 24 hours).
    pub delete_lag: SimDuration,
    /// Mean number of times in a year that all of a tenant's data is deleted by mistake (Atlassian: 0.4 % of tenants, once).
    pub logical_incidents_per_tenant_year: f64,
    /// Of 1000 such times, how often neither log nor snapshots can be used (assumption, after GitLab).
    pub backup_unusable_per_mille: u32,
    /// Mean number of times in a year that the service ends for all, with no notice (assumption: 1e-4 to 1e-3).
    pub total_losses_per_service_year: f64,
    /// Mean number of times in a year that the service moves to another region (assumption).
    pub region_outages_per_year: f64,
    /// How far the copy in the other region lags behind: what is lost in such a move (assumption).
    pub region_lag: SimDuration,
    /// Mean number of times in a year that a tenant is kept out of its data: a ban, an unpaid bill (assumption).
    pub lock_outs_per_tenant_year: f64,
    /// How long, on average (assumption).
    pub lock_out_length: SimDuration,
    /// Mean number of times in a year that a tenant's administrators set a lifetime that nobody wanted (assumption, after KPMG's 145,000 users of 2020).
    pub wrong_policies_per_tenant_year: f64,
    /// That lifetime (Slack's shortest).
    pub wrong_policy_lifetime: SimDuration,
    /// Of 1000 tenants, how many export their data regularly (assumption).
    pub tenant_export_per_mille: u32,
    /// Time between two such exports (assumption).
    pub export_every: SimDuration,
    /// Are private rooms and direct chats exported too? (Slack: not on most plans.) Files never are: an export has links.
    pub export_private: bool,
    /// Of 1000 restores, after how many the operator deletes again what had been deleted since the copy was made (assumption: good operators do).
    pub redelete_after_restore_per_mille: u32,
    /// Of 1000 tenants, how many pay nothing (assumption).
    pub free_tier_per_mille: u32,
    /// How long messages are shown to those (Slack: 90 days).
    pub free_tier_hidden: SimDuration,
    /// How long they are kept (Slack: a year).
    pub free_tier_deleted: SimDuration,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            name: "service.example".to_owned(),
            rpo: SimDuration::minutes(5),
            rto: SimDuration::hours(4),
            rto_tail: SimDuration::days(14),
            rto_tail_per_mille: 200,
            noticed_after: SimDuration::hours(1),
            pitr: SimDuration::days(7),
            snapshot_every: SimDuration::days(1),
            backup_expiry: SimDuration::days(14),
            delete_lag: SimDuration::hours(24),
            logical_incidents_per_tenant_year: 0.001,
            backup_unusable_per_mille: 20,
            total_losses_per_service_year: 0.0003,
            region_outages_per_year: 0.1,
            region_lag: SimDuration::seconds(5),
            lock_outs_per_tenant_year: 0.001,
            lock_out_length: SimDuration::days(14),
            wrong_policies_per_tenant_year: 0.0001,
            wrong_policy_lifetime: SimDuration::days(1),
            tenant_export_per_mille: 50,
            export_every: SimDuration::days(30),
            export_private: false,
            redelete_after_restore_per_mille: 1000,
            free_tier_per_mille: 0,
            free_tier_hidden: SimDuration::days(90),
            free_tier_deleted: SimDuration::days(365),
        }
    }
}
