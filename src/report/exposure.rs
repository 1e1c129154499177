//! The tables about what outlives its owner's wish, and about how far the copies of rooms agree.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::tables::Table;
use crate::kernel::SimTime;
use crate::metrics::{Cause, Network};

/// A row of `exposure.csv`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct Exposed<'a> {
    pub(in crate::report) room_kind: Cow<'a, str>,
    pub(in crate::report) owner: Cow<'a, str>,
    pub(in crate::report) cause: Cow<'a, str>,
    pub(in crate::report) wished: u64,
    pub(in crate::report) exposed: u64,
    pub(in crate::report) copies: u64,
    pub(in crate::report) copy_days: u64,
}

/// How many copies live on after their owners' wish, how long they have, and why.
pub(super) fn exposure(network: &Network) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = network.exposure.rows.iter().map(|row| Exposed {
        room_kind: row.room_kind.into(),
        owner: row.owner.into(),
        cause: row.cause.map_or("any", Cause::name).into(),
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
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct Step<'a> {
    pub(in crate::report) at: SimTime,
    pub(in crate::report) cause: Cow<'a, str>,
    pub(in crate::report) copies: u64,
}

/// The same over time.
pub(super) fn over_time(
    network: &Network,
) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = network.exposure.over_time.iter().map(|step| Step {
        at: step.at,
        cause: step.cause.name().into(),
        copies: step.copies,
    });
    Table {
        file: "exposure_over_time.csv",
        rows,
    }
}

/// A row of `views.csv`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::report) struct View<'a> {
    pub(in crate::report) room_kind: Cow<'a, str>,
    pub(in crate::report) servers: Cow<'a, str>,
    pub(in crate::report) rooms: u64,
    pub(in crate::report) overlap_per_mille: u64,
    pub(in crate::report) best_per_mille: u64,
    pub(in crate::report) median_per_mille: u64,
}

/// How far the copies of rooms agree.
pub(super) fn views(network: &Network) -> Table<impl Iterator<Item = impl Serialize + Default>> {
    let rows = network.views.iter().map(|row| View {
        room_kind: row.room_kind.into(),
        servers: row.servers.into(),
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
