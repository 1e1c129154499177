//! Looks through the final books of a run for what cannot be, without knowing how they came about.

use std::collections::BTreeMap;

use fedheal::journal::{Fact, RoomId, ServerId, What, Why};
use fedheal::protocol::matrix::{Items, Replica};
use fedheal::room::RoomLog;
use fedheal::simulation::Outcome;

/// What the journal last said of each item, by server and room.
#[derive(Default)]
struct Said {
    gained: Items,
    lost: Items,
    purged: bool,
}

/// Everything in the books that contradicts the journal, the room's graph, or the books themselves.
pub(crate) fn audit(outcome: &Outcome) -> Vec<String> {
    let said = last_word(outcome);
    let nothing = Said::default();
    let mut found = Vec::new();
    for server in &outcome.servers {
        for (room, replica) in server.db.rooms.iter() {
            let log = &outcome.logs[room.index()];
            let said = said.get(&(server.id, *room)).unwrap_or(&nothing);
            let place = format!("{} {room}", server.id);
            found.extend(against_the_journal(replica, said, &place));
            found.extend(own_items(replica, log, server.id, said, &place));
            // A purge forgets the edges of earlier gaps (`_purge_history_txn` begins its list anew).
            if !said.purged {
                found.extend(open_edges(replica, log, &place));
            }
        }
    }
    found
}

fn last_word(outcome: &Outcome) -> BTreeMap<(ServerId, RoomId), Said> {
    let mut said: BTreeMap<(ServerId, RoomId), Said> = BTreeMap::new();
    for fact in outcome.journal.facts() {
        let (server, what, gained) = match fact {
            Fact::Gained { server, what, .. } => (server, what, true),
            Fact::Lost { server, what, .. } => (server, what, false),
            _ => continue,
        };
        if let What::Items { room, first, last } = what {
            let said = said.entry((*server, *room)).or_default();
            let range = *first..*last + 1;
            let (now, before) = if gained {
                (&mut said.gained, &mut said.lost)
            } else {
                (&mut said.lost, &mut said.gained)
            };
            now.insert(range.clone());
            before.remove(range);
            said.purged |= matches!(
                fact,
                Fact::Lost {
                    why: Why::Purge,
                    ..
                }
            );
        }
    }
    said
}

/// What was gained last is held, what was lost last is not.
fn against_the_journal(replica: &Replica, said: &Said, place: &str) -> Vec<String> {
    let gained = said.gained.iter().flat_map(|range| {
        replica
            .timeline
            .gaps(range)
            .map(|gap| format!("{place}: {gap:?} came and is not there"))
            .collect::<Vec<_>>()
    });
    let lost = said.lost.iter().flat_map(|range| {
        replica
            .timeline
            .overlapping(range.clone())
            .map(|rest| format!("{place}: {rest:?} of {range:?} is lost, and there"))
            .collect::<Vec<_>>()
    });
    gained.chain(lost).collect()
}

/// A server's own items are there unless they were lost.
fn own_items(
    replica: &Replica,
    log: &RoomLog,
    me: ServerId,
    said: &Said,
    place: &str,
) -> Vec<String> {
    (0..log.len())
        .filter(|no| log.origin(*no) == me && !replica.timeline.contains(no))
        .filter(|no| !said.lost.contains(no))
        .map(|no| format!("{place}: its own {no} is gone without a word"))
        .collect()
}

/// Where the graph goes on behind a held item, the rest is held, or known to be missing.
fn open_edges(replica: &Replica, log: &RoomLog, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    for no in replica.timeline.iter().flat_map(Clone::clone) {
        for prev in log.prev_events(no) {
            if !replica.timeline.contains(&prev) && !replica.backward.contains(&prev) {
                found.push(format!("{place}: {no} stands on {prev}, which is nowhere"));
            }
        }
    }
    found
}
