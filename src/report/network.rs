//! The tables about the whole network.

use serde::Serialize;

use super::tables::Table;
use crate::metrics::Network;

/// A row of `network.csv`.
#[derive(Debug, Default, Serialize)]
struct Items {
    users: &'static str,
    class: &'static str,
    room_kind: &'static str,
    items: u64,
    held: u64,
    shell: u64,
    stranded: u64,
    lost: u64,
    expired: u64,
    gone: u64,
    recovered: u64,
    recoverable: u64,
}

/// What became of the items of all servers.
pub(super) fn items(network: &Network) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = network.items.iter().map(|row| Items {
        users: row.users,
        class: row.class,
        room_kind: row.room_kind,
        items: row.counts.items,
        held: row.counts.held,
        shell: row.counts.shell,
        stranded: row.counts.stranded,
        lost: row.counts.lost,
        expired: row.counts.expired,
        gone: row.counts.gone,
        recovered: row.counts.recovered,
        recoverable: row.counts.recoverable,
    });
    Table {
        file: "network.csv",
        rows,
    }
}

/// A row of `groups.csv`.
#[derive(Debug, Default, Serialize)]
struct Group {
    users: &'static str,
    servers: u64,
    up_per_mille: u64,
    outages: u64,
    restores: u64,
    failed_copies: u64,
    media_losses: u64,
    key_losses: u64,
    deaths: u64,
}

/// The servers by size, and what befell them.
pub(super) fn groups(network: &Network) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = network.groups.iter().map(|row| Group {
        users: row.users,
        servers: row.servers,
        up_per_mille: row.up_per_mille,
        outages: row.strikes.outages,
        restores: row.strikes.restores,
        failed_copies: row.strikes.failed_copies,
        media_losses: row.strikes.media_losses,
        key_losses: row.strikes.key_losses,
        deaths: row.strikes.deaths,
    });
    Table {
        file: "groups.csv",
        rows,
    }
}
