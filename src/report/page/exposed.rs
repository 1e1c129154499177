//! Who else still holds what its owner wished gone.

use std::collections::BTreeMap;

use super::super::exposure::Exposed;
use super::super::stored::RunTables;
use super::super::terminal::{moment, thousands};
use super::grid::{Grid, share};
use crate::kernel::SimTime;

/// No more moments than these are shown.
const MOMENTS: u64 = 8;

/// Every cause, and what it means.
const CAUSES: [(&str, &str); 6] = [
    (
        "keeps-longer",
        "the server's policy keeps them longer, or for ever",
    ),
    (
        "job-late",
        "the server's policy would remove them, and its purge job has not come to them",
    ),
    (
        "not-told",
        "the author took them back, and the server has not heard",
    ),
    (
        "fetched-back",
        "fetched from another server when their time was over",
    ),
    (
        "restored",
        "brought back by a restore when their time was over",
    ),
    (
        "home-dead",
        "the author's home server is dead, and nobody speaks for the owner",
    ),
];

/// The sum over all owners and kinds of rooms.
pub(super) struct Wished {
    pub(super) any: bool,
    pub(super) wished: String,
    pub(super) exposed: String,
    pub(super) share: String,
    pub(super) copies: String,
}

impl Wished {
    pub(super) fn of(run: &RunTables) -> Wished {
        let sum = |number: fn(&Exposed<'_>) -> u64| {
            let rows = run.exposure.iter().filter(|row| row.cause == "any");
            rows.map(number).sum::<u64>()
        };
        let (wished, exposed) = (sum(|row| row.wished), sum(|row| row.exposed));
        Wished {
            any: wished > 0,
            wished: thousands(wished),
            exposed: thousands(exposed),
            share: share(exposed, wished),
            copies: thousands(sum(|row| row.copies)),
        }
    }
}

/// Copies by cause.
pub(super) fn causes(run: &RunTables) -> Grid {
    let rows = CAUSES.iter().map(|(cause, meaning)| {
        let rows = || run.exposure.iter().filter(|row| row.cause == *cause);
        let numbers = [
            rows().map(|row| row.exposed).sum(),
            rows().map(|row| row.copies).sum(),
            rows().map(|row| row.copy_days).sum(),
        ];
        let mut cells = vec![(*cause).to_owned(), (*meaning).to_owned()];
        cells.extend(numbers.map(thousands));
        cells
    });
    let columns = [
        "=cause",
        "=why copies live on",
        "#messages",
        "#copies",
        "#copy-days",
    ];
    Grid::new(
        "Copies at the end that their owners wished gone, by cause",
        &columns,
    )
    .filled(rows, 10, "exposure.csv")
}

/// Messages and copies by owner and kind of room.
pub(super) fn owners(run: &RunTables) -> Grid {
    let rows = run
        .exposure
        .iter()
        .filter(|row| row.cause == "any")
        .map(|row| {
            let owner = match &*row.owner {
                "local" => "the measured server's users",
                _ => "users of other servers",
            };
            vec![
                owner.to_owned(),
                row.room_kind.to_string(),
                thousands(row.wished),
                thousands(row.exposed),
                share(row.exposed, row.wished),
                thousands(row.copies),
                thousands(row.copy_days),
            ]
        });
    let columns = [
        "=owners",
        "=rooms",
        "#wished gone",
        "#still somewhere",
        "#share",
        "#copies",
        "#copy-days",
    ];
    Grid::new("Whose messages, in which rooms", &columns).filled(rows, 10, "exposure.csv")
}

/// The figure in numbers, at some moments.
pub(super) fn over_time(run: &RunTables) -> Grid {
    let (start, end) = (run.story().start, run.story().end);
    let span = end.since(start).0;
    let rows = (1..=MOMENTS).map(|n| {
        let at = SimTime(start.0 + span / MOMENTS * n);
        let at = if n == MOMENTS { end } else { at };
        let mut now: BTreeMap<&str, u64> = BTreeMap::new();
        for row in run.over_time.iter().filter(|row| row.at <= at) {
            now.insert(&row.cause, row.copies);
        }
        let of = |cause: &str| now.get(cause).copied().unwrap_or(0);
        let mut cells = vec![moment(at)];
        cells.extend(CAUSES.map(|(cause, _)| thousands(of(cause))));
        cells
    });
    let columns = [
        "=at (UTC)",
        "#keeps-longer",
        "#job-late",
        "#not-told",
        "#fetched-back",
        "#restored",
        "#home-dead",
    ];
    Grid::new("Copies over time, by cause", &columns).filled(
        rows,
        10,
        "exposure_over_time.csv, which has every day",
    )
}
