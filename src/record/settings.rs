//! Synapse's configuration for one server (format, section 4).

use std::path::Path;

use serde_json::{Value, json};

use crate::script::ServerSettings;

/// What one server is given to start with.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// Its name to the others: address and port.
    pub(super) name: &'a str,
    /// Port for other servers, with TLS.
    pub(super) federation_port: u16,
    /// Port for users.
    pub(super) client_port: u16,
    /// Its own folder.
    pub(super) folder: &'a Path,
    /// What all servers share: certificate and key.
    pub(super) shared: &'a Path,
    /// Synapse's `database` section.
    pub(super) database: Value,
    /// Old signing keys that are still listed.
    pub(super) old_signing_keys: Value,
}

/// A rate limit that nothing reaches.
fn unlimited() -> Value {
    json!({ "per_second": 1_000_000, "burst_count": 1_000_000 })
}

/// The whole configuration, as Synapse reads it (JSON is YAML).
pub(super) fn configuration(place: &Place<'_>, settings: &ServerSettings) -> Value {
    let mut config = json!({
        "server_name": place.name,
        "pid_file": place.folder.join("pid"),
        "listeners": [
            listener(place.federation_port, true, "federation"),
            listener(place.client_port, false, "client"),
        ],
        "tls_certificate_path": place.shared.join("tls.crt"),
        "tls_private_key_path": place.shared.join("tls.key"),
        "signing_key_path": place.folder.join("signing.key"),
        "old_signing_keys": place.old_signing_keys,
        "media_store_path": place.folder.join("media"),
        "database": place.database,
        "report_stats": false,
        "enable_registration": true,
        "enable_registration_without_verification": true,
        "presence": { "enabled": false },
        "trusted_key_servers": [],
        "suppress_key_server_warning": true,
        "ip_range_blacklist": [],
        "federation_verify_certificates": false,
        "macaroon_secret_key": "laboratory",
        "form_secret": "laboratory",
        // Costs of a password and pauses between upgrades of a new database: time only, no cell.
        "bcrypt_rounds": 4,
        "background_updates": { "sleep_enabled": false },
        "federation": federation(settings.default_retry),
    });
    let fields = config.as_object_mut().expect("an object");
    for (name, limit) in rate_limits() {
        fields.insert(name.to_owned(), limit);
    }
    if let Some(retention) = &settings.retention {
        fields.insert("retention".to_owned(), retention.clone());
    }
    config
}

fn listener(port: u16, tls: bool, resource: &str) -> Value {
    json!({
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "type": "http",
        "tls": tls,
        "resources": [{ "names": [resource], "compress": false }],
    })
}

fn federation(default_retry: bool) -> Value {
    let mut federation = json!({ "max_long_retries": 1, "max_short_retries": 1 });
    let fields = federation.as_object_mut().expect("an object");
    if !default_retry {
        fields.insert("client_timeout".to_owned(), json!("20s"));
        fields.insert("destination_min_retry_interval".to_owned(), json!("1s"));
        fields.insert("destination_max_retry_interval".to_owned(), json!("1s"));
        fields.insert("destination_retry_multiplier".to_owned(), json!(1));
    }
    federation
}

fn rate_limits() -> Vec<(&'static str, Value)> {
    let plain = [
        "rc_message",
        "rc_registration",
        "rc_registration_token_validity",
        "rc_admin_redaction",
        "rc_joins_per_room",
        "rc_3pid_validation",
        "rc_third_party_invite",
        "rc_media_create",
        "rc_delayed_event_mgmt",
        "rc_room_creation",
        "rc_reports",
        "rc_user_directory",
        "rc_profile",
    ];
    let mut limits: Vec<(&str, Value)> = plain.map(|name| (name, unlimited())).to_vec();
    limits.push((
        "rc_login",
        json!({ "address": unlimited(), "account": unlimited(), "failed_attempts": unlimited() }),
    ));
    limits.push((
        "rc_joins",
        json!({ "local": unlimited(), "remote": unlimited() }),
    ));
    limits.push((
        "rc_invites",
        json!({ "per_room": unlimited(), "per_user": unlimited(), "per_issuer": unlimited() }),
    ));
    limits.push((
        "rc_federation",
        json!({
            "window_size": 1000,
            "sleep_limit": 1_000_000,
            "sleep_delay": 1,
            "reject_limit": 1_000_000,
            "concurrent": 1000,
        }),
    ));
    limits
}
