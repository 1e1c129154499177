//! The tables about the whole network.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::tables::Table;
use crate::metrics::Network;

/// A row of `network.csv`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct Items<'a> {
    pub(in crate::report) users: Cow<'a, str>,
    pub(in crate::report) class: Cow<'a, str>,
    pub(in crate::report) room_kind: Cow<'a, str>,
    pub(in crate::report) items: u64,
    pub(in crate::report) held: u64,
    pub(in crate::report) shell: u64,
    pub(in crate::report) stranded: u64,
    pub(in crate::report) lost: u64,
    pub(in crate::report) expired: u64,
    pub(in crate::report) gone: u64,
    pub(in crate::report) recovered: u64,
    pub(in crate::report) recoverable: u64,
}

/// What became of the items of all servers.
pub(super) fn items(network: &Network) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = network.items.iter().map(|row| Items {
        users: row.users.into(),
        class: row.class.into(),
        room_kind: row.room_kind.into(),
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
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct Group<'a> {
    pub(in crate::report) users: Cow<'a, str>,
    pub(in crate::report) servers: u64,
    pub(in crate::report) up_per_mille: u64,
    pub(in crate::report) outages: u64,
    pub(in crate::report) restores: u64,
    pub(in crate::report) failed_copies: u64,
    pub(in crate::report) media_losses: u64,
    pub(in crate::report) key_losses: u64,
    pub(in crate::report) deaths: u64,
}

/// The servers by size, and what befell them.
pub(super) fn groups(network: &Network) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = network.groups.iter().map(|row| Group {
        users: row.users.into(),
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
