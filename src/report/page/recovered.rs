//! What came back: by class, by path over time, by server.

use std::collections::{BTreeMap, BTreeSet};

use super::super::figure::givers_of;
use super::super::stored::RunTables;
use super::super::tables::{Item, Recovery};
use super::super::terminal::{CLASSES, spoken, thousands};
use super::grid::{Grid, share};
use crate::kernel::SimDuration;

/// What became of each class of items.
pub(super) fn classes(run: &RunTables) -> Grid {
    let rows = CLASSES.iter().filter_map(|(class, plural)| {
        let sum = |number: fn(&Item<'_>) -> u64| run.sum(class, number);
        let (gone, back) = (sum(|row| row.gone), sum(|row| row.recovered));
        let numbers = [
            sum(|row| row.items),
            sum(|row| row.held),
            gone,
            back,
            sum(|row| row.stranded),
            sum(|row| row.lost),
            sum(|row| row.expired),
        ];
        let mut cells = vec![(*plural).to_owned()];
        cells.extend(numbers.map(thousands));
        cells.insert(5, share(back, gone));
        (numbers[0] > 0).then_some(cells)
    });
    let columns = [
        "=class",
        "#should hold",
        "#holds",
        "#gone",
        "#came back",
        "#of gone",
        "#stranded",
        "#lost",
        "#expired",
    ];
    Grid::new(
        "What became of everything that the server should hold at the end",
        &columns,
    )
    .filled(rows, 20, "items.csv")
}

fn messages(run: &RunTables) -> impl Iterator<Item = &Recovery<'static>> {
    run.recovery.iter().filter(|row| row.class == "message")
}

/// How many messages had come back some time after the loss, by path.
pub(super) fn over_time(run: &RunTables) -> Grid {
    let spans = [
        SimDuration::minutes(10),
        SimDuration::hours(1),
        SimDuration::hours(6),
        SimDuration::days(1),
        SimDuration::days(7),
        SimDuration::days(30),
        SimDuration::days(90),
    ];
    let caption = "Messages that had come back, by path";
    let columns = [
        "=after the loss",
        "=by path",
        "#all",
        "#of all that came back",
    ];
    let Some(loss) = run.story().loss_at else {
        return Grid::new(caption, &columns);
    };
    let whole = run.story().end.since(loss);
    let until_end = spans
        .into_iter()
        .filter(|span| *span < whole)
        .chain([whole]);
    let all: u64 = messages(run).map(|row| row.items).sum();
    let rows = until_end.map(|span| {
        let mut by_path: BTreeMap<&str, u64> = BTreeMap::new();
        for row in messages(run).filter(|row| row.at.since(loss) <= span) {
            *by_path.entry(&row.path).or_default() += row.items;
        }
        let back = by_path.values().sum();
        let words = by_path
            .iter()
            .map(|(path, items)| format!("{path} {}", thousands(*items)));
        vec![
            spoken(span),
            words.collect::<Vec<_>>().join(", "),
            thousands(back),
            share(back, all),
        ]
    });
    Grid::new(caption, &columns).filled(rows, 10, "recovery.csv")
}

/// What came back by each path, and from how many servers.
pub(super) fn paths(run: &RunTables) -> Grid {
    let mut by_path: BTreeMap<(&str, &str), (u64, BTreeSet<&str>)> = BTreeMap::new();
    for row in &run.recovery {
        let sum = by_path.entry((&row.path, &row.class)).or_default();
        sum.0 += row.items;
        sum.1.insert(&row.from);
    }
    let rows = by_path.into_iter().map(|((path, class), (items, givers))| {
        let cells = [path.to_owned(), class.to_owned(), thousands(items)];
        cells
            .into_iter()
            .chain([thousands(givers.len() as u64)])
            .collect()
    });
    let columns = ["=path", "=class", "#came back", "#from servers"];
    Grid::new("By which path everything came back", &columns).filled(rows, 24, "recovery.csv")
}

/// Who gave, who could give, and what they are.
pub(super) fn servers(run: &RunTables) -> Grid {
    let rows = givers_of(run).into_iter().map(|row| {
        let numbers = [
            row.gave_back,
            row.could_give,
            row.shared_rooms,
            row.users,
            row.holds,
            row.sole_copies,
        ];
        let mut cells = vec![row.server.to_string()];
        cells.extend(numbers.map(thousands));
        cells
    });
    let columns = [
        "server",
        "#gave back",
        "#could still give",
        "#shared rooms",
        "#users",
        "#messages held",
        "#held by it alone",
    ];
    Grid::new("Servers that gave messages back, or could", &columns).filled(rows, 20, "servers.csv")
}
