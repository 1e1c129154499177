//! What a simulation did, counted in its outcome: a benchmark that did nothing would look fast.

use fedheal::journal::{EventNo, Fact, Path, What, Why};
use fedheal::simulation::Outcome;

/// Copies of items that came to another server than their author's.
pub(crate) fn deliveries(outcome: &Outcome) -> u64 {
    let items: usize = outcome.logs.iter().map(|log| log.len() as usize).sum();
    let rooms = outcome
        .servers
        .iter()
        .flat_map(|server| server.db.rooms.values());
    let copies = rooms.flat_map(|replica| replica.timeline.iter());
    copies
        .map(|range| u64::from(range.end - range.start))
        .sum::<u64>()
        - items as u64
}

/// Items that were pulled because a push had a gap before it.
pub(crate) fn filled(outcome: &Outcome) -> u64 {
    items(outcome, |fact| {
        matches!(
            fact,
            Fact::Gained {
                path: Path::GapFill,
                ..
            }
        )
    })
}

/// Items that were fetched because somebody read back.
pub(crate) fn fetched(outcome: &Outcome) -> u64 {
    items(outcome, |fact| {
        matches!(
            fact,
            Fact::Gained {
                path: Path::Backfill,
                ..
            }
        )
    })
}

/// Items that a retention job removed.
pub(crate) fn removed(outcome: &Outcome) -> u64 {
    items(outcome, |fact| {
        matches!(
            fact,
            Fact::Lost {
                why: Why::Purge,
                ..
            }
        )
    })
}

/// Items that a restore lost.
pub(crate) fn lost(outcome: &Outcome) -> u64 {
    items(outcome, |fact| {
        matches!(
            fact,
            Fact::Lost {
                why: Why::Restore,
                ..
            }
        )
    })
}

fn items(outcome: &Outcome, counts: impl Fn(&Fact) -> bool) -> u64 {
    let facts = outcome.journal.facts().iter().filter(|fact| counts(fact));
    facts.map(size).sum()
}

/// Items of which a fact tells.
fn size(fact: &Fact) -> u64 {
    match fact {
        Fact::Gained {
            what: What::Items { first, last, .. },
            ..
        }
        | Fact::Lost {
            what: What::Items { first, last, .. },
            ..
        } => span(*first, *last),
        _ => 0,
    }
}

fn span(first: EventNo, last: EventNo) -> u64 {
    u64::from(last - first) + 1
}
