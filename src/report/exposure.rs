//! The tables about what outlives its owner's wish, and about how far the copies of rooms agree.

use serde::Serialize;

use super::tables::Table;
use crate::metrics::{Cause, Network};

/// A row of `exposure.csv`.
#[derive(Debug, Default, Serialize)]
struct Exposed {
    room_kind: &'static str,
    owner: &'static str,
    cause: &'static str,
    wished: u64,
    exposed: u64,
    copies: u64,
    copy_days: u64,
}

/// How many copies live on after their owners' wish, how long they have, and why.
pub(super) fn exposure(network: &Network) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = network.exposure.rows.iter().map(|row| Exposed {
        room_kind: row.room_kind,
        owner: row.owner,
        cause: row.cause.map_or("any", Cause::name),
        wished: row.wished,
        exposed: row.exposed,
        copies: row.copies,
        copy_days: row.copy_days,
    });
    Table {
        file: "exposure.csv",
        rows,
    }
}

/// A row of `exposure_over_time.csv`.
#[derive(Debug, Default, Serialize)]
struct Step {
    at: String,
    cause: &'static str,
    copies: u64,
}

/// The same over time.
pub(super) fn over_time(
    network: &Network,
) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = network.exposure.over_time.iter().map(|step| Step {
        at: step.at.to_string(),
        cause: step.cause.name(),
        copies: step.copies,
    });
    Table {
        file: "exposure_over_time.csv",
        rows,
    }
}

/// A row of `views.csv`.
#[derive(Debug, Default, Serialize)]
struct View {
    room_kind: &'static str,
    servers: &'static str,
    rooms: u64,
    overlap_per_mille: u64,
    best_per_mille: u64,
    median_per_mille: u64,
}

/// How far the copies of rooms agree.
pub(super) fn views(network: &Network) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = network.views.iter().map(|row| View {
        room_kind: row.room_kind,
        servers: row.servers,
        rooms: row.rooms,
        overlap_per_mille: row.overlap_per_mille,
        best_per_mille: row.best_per_mille,
        median_per_mille: row.median_per_mille,
    });
    Table {
        file: "views.csv",
        rows,
    }
}
