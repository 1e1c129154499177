//! Expectations of a file: columns, shares and bounds.

use crate::metrics::{Bound, Count, Dimension, Expectation, Filter, Finding};

use super::error::{Problems, nearest};
use super::file::{Expect, Find};

const DIMENSIONS: [(&str, Dimension); 8] = [
    ("class", Dimension::Class),
    ("room", Dimension::Room),
    ("room-kind", Dimension::RoomKind),
    ("federation", Dimension::Federation),
    ("encrypted", Dimension::Encrypted),
    ("room-created", Dimension::RoomCreated),
    ("author", Dimension::Author),
    ("made", Dimension::Made),
];

const COUNTS: [(&str, Count); 9] = [
    ("items", Count::Items),
    ("held", Count::Held),
    ("shell", Count::Shell),
    ("stranded", Count::Stranded),
    ("lost", Count::Lost),
    ("expired", Count::Expired),
    ("gone", Count::Gone),
    ("recovered", Count::Recovered),
    ("readable", Count::Readable),
];

/// Turns one entry into an expectation.
pub(super) fn expectation(entry: &Expect, problems: &mut Problems<'_>) -> Expectation {
    if entry.find.get_ref().is_empty() {
        let help = "add at least one [[expect.find]]".to_owned();
        problems.add(
            entry.find.span(),
            format!("`{}` expects nothing", entry.name),
            Some(help),
        );
    }
    Expectation {
        name: entry.name.clone(),
        says: entry.says.clone(),
        findings: entry
            .find
            .get_ref()
            .iter()
            .map(|find| finding(find, problems))
            .collect(),
        agrees: entry.agrees,
        note: entry.note.clone(),
    }
}

fn finding(find: &Find, problems: &mut Problems<'_>) -> Finding {
    let mut filter = Filter::default();
    for (column, values) in find.rows.get_ref() {
        match DIMENSIONS.iter().find(|(name, _)| name == column) {
            Some((_, dimension)) => {
                filter.0.insert(*dimension, values.list());
            }
            None => {
                let known = DIMENSIONS.iter().map(|(name, _)| *name);
                let help = match nearest(column, known.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the columns are {}", known.collect::<Vec<_>>().join(", ")),
                };
                problems.add(
                    find.rows.span(),
                    format!("items.csv has no column `{column}`"),
                    Some(help),
                );
            }
        }
    }
    let mut count = |name: &super::file::Name| {
        let found = COUNTS.iter().find(|(known, _)| known == name.get_ref());
        found.map_or_else(
            || {
                let known = COUNTS
                    .iter()
                    .map(|(name, _)| *name)
                    .collect::<Vec<_>>()
                    .join(", ");
                let message = format!("`{}` is not counted", name.get_ref());
                problems.add(
                    name.span(),
                    message,
                    Some(format!("the counts are {known}")),
                );
                Count::Items
            },
            |(_, count)| *count,
        )
    };
    let (numerator, denominator) = (count(&find.count), count(&find.of));
    let must = bound(find.must.get_ref()).unwrap_or_else(|| {
        let help =
            "write \">= 0.9\", \"<= 0.1\", \"= 0\" or \"0.2..0.5\", between 0 and 1".to_owned();
        problems.add(
            find.must.span(),
            format!("`{}` is not a bound", find.must.get_ref()),
            Some(help),
        );
        Bound {
            least_per_mille: 0,
            most_per_mille: 1000,
        }
    });
    Finding {
        part: find.part.clone(),
        filter,
        count: numerator,
        of: denominator,
        must,
    }
}

fn bound(text: &str) -> Option<Bound> {
    let share = |text: &str| -> Option<u64> {
        let share: f64 = text.trim().parse().ok()?;
        (0.0..=1.0)
            .contains(&share)
            .then(|| (share * 1000.0).round() as u64)
    };
    let (least, most) = if let Some(rest) = text.strip_prefix(">=") {
        (share(rest)?, 1000)
    } else if let Some(rest) = text.strip_prefix("<=") {
        (0, share(rest)?)
    } else if let Some(rest) = text.strip_prefix('=') {
        (share(rest)?, share(rest)?)
    } else {
        let (least, most) = text.split_once("..")?;
        (share(least)?, share(most)?)
    };
    (least <= most).then_some(Bound {
        least_per_mille: least,
        most_per_mille: most,
    })
}
