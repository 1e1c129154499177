//! The world of a script: servers with a laboratory's settings, and people who do nothing of themselves.

use crate::kernel::{SimDuration, SimTime};
use crate::protocol::matrix::Rules;
use crate::script::{Script, ServerSettings};
use crate::workload::People;

use super::{ServerSpec, World};

/// First moment of every played script; only differences matter.
pub const START: SimTime = SimTime(1_600_000_000_000);

impl World {
    /// The world in which a script is played. Its end comes with the script's.
    pub fn of_script(script: &Script, in_step: bool) -> World {
        let servers = script.servers.iter().zip(&script.settings).zip(0..);
        World {
            seed: 0,
            start: START,
            end: SimTime(u64::MAX),
            in_step,
            servers: servers
                .map(|((name, settings), rank)| ServerSpec {
                    name: name.clone(),
                    rules: rules_of(settings),
                    backups: None,
                    rank,
                })
                .collect(),
            users: script.users.clone(),
            rooms: script.rooms.clone(),
            founded: Vec::new(),
            media: script.media.clone(),
            actions: Vec::new(),
            faults: Vec::new(),
            people: People {
                scrolls_per_member_day: 0.0,
                page: 0,
                scroll_pages: 0,
                scrolls_after_loss_per_member_day: 0.0,
                scroll_pages_after_loss: 0,
                jumps_after_loss_per_member_day: 0.0,
                register_again_per_mille: 0,
                register_again_after: SimDuration::ZERO,
                name_reuse_per_day: 0.0,
                invite_again_per_mille: 0,
                invite_again_after: SimDuration::ZERO,
                accept_after: SimDuration::ZERO,
                ..People::default()
            },
        }
    }

    /// Is it such a world, in which nobody does anything of themselves?
    pub fn is_laboratory(&self) -> bool {
        self.people.page == 0
    }
}

/// The settings of the recorded servers (format, section 4).
fn rules_of(settings: &ServerSettings) -> Rules {
    let mut rules = Rules {
        wake_period: SimDuration::seconds(3),
        ..Rules::default()
    };
    if !settings.default_retry {
        rules.destination_min_retry = SimDuration::seconds(1);
        rules.destination_max_retry = SimDuration::seconds(1);
        rules.destination_retry_multiplier = 1.0;
        rules.request_timeout = SimDuration::seconds(20);
    }
    rules.long_retries = 1;
    if let Some(settings) = &settings.retention {
        let duration = |value: Option<&serde_json::Value>| -> Option<SimDuration> {
            match value? {
                serde_json::Value::Number(millis) => millis.as_u64().map(SimDuration),
                text => text.as_str()?.parse().ok(),
            }
        };
        rules.retention_enabled = settings["enabled"].as_bool().unwrap_or(false);
        rules.default_max_lifetime = duration(settings["default_policy"].get("max_lifetime"));
        rules.allowed_lifetime_min = duration(settings.get("allowed_lifetime_min"));
        rules.allowed_lifetime_max = duration(settings.get("allowed_lifetime_max"));
        if let Some(interval) = duration(settings["purge_jobs"][0].get("interval")) {
            rules.purge_job_interval = interval;
        }
    }
    rules
}
