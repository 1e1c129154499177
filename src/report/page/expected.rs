//! What an account of a real event says, beside what was simulated.

use super::super::tables::Expect;
use super::super::terminal::thousands;
use super::grid::share;

/// One thing that the account says.
pub(super) struct Case<'a> {
    pub(super) name: &'a str,
    pub(super) says: &'a str,
    pub(super) agrees: bool,
    pub(super) note: &'a str,
    pub(super) findings: Vec<Finding<'a>>,
}

/// One number that must be found.
pub(super) struct Finding<'a> {
    pub(super) part: &'a str,
    pub(super) met: bool,
    /// The share that was found.
    pub(super) found: String,
    /// The bounds within which it must be.
    pub(super) wanted: String,
}

/// Rows of one case stand together.
pub(super) fn cases<'a>(rows: &'a [Expect<'static>]) -> Vec<Case<'a>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for row in rows {
        let is_same = |case: &&mut Case<'_>| case.name == row.name && case.says == row.says;
        let finding = finding(row);
        match cases.last_mut().filter(is_same) {
            Some(case) => case.findings.push(finding),
            None => cases.push(Case {
                name: &row.name,
                says: &row.says,
                agrees: row.agrees,
                note: &row.note,
                findings: vec![finding],
            }),
        }
    }
    cases
}

fn finding<'a>(row: &'a Expect<'static>) -> Finding<'a> {
    let wanted = match (row.least_per_mille, row.most_per_mille) {
        (0, 1000) => "may be any share".to_owned(),
        (least, most) if least == most => format!("must be {}", share(least, 1000)),
        (least, most) => format!("must be {} to {}", share(least, 1000), share(most, 1000)),
    };
    Finding {
        part: &row.part,
        met: row.met,
        found: match row.of {
            0 => "nothing to measure".to_owned(),
            of => format!(
                "{} of {}, {}",
                thousands(row.count),
                thousands(of),
                share(row.count, of)
            ),
        },
        wanted,
    }
}
