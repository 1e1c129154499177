//! Why what could have come back has not, as far as journal and books tell.

use std::collections::BTreeSet;

use crate::journal::{Fact, Journal, RoomId, What, Why};
use crate::kernel::SimTime;
use crate::room::RoomLog;

use super::StrandedRow;
use super::books::{Books, Holding};
use super::split::RoomItems;
use super::tally::{messages, tally_range};

/// All reasons, with what each says.
pub const REASONS: [(&str, &str); 11] = [
    ("room-unknown", "the server does not know the room"),
    (
        "not-in-room",
        "the server does not think that it is in the room",
    ),
    (
        "key-lost",
        "signatures made with its lost key cannot be checked",
    ),
    (
        "pull-back-off",
        "an event could not be fetched, and is not tried again for a while",
    ),
    (
        "purged-peer-first",
        "the peer that was asked had purged, and nobody else was asked",
    ),
    (
        "peers-unreachable",
        "no peer that might have it could be reached",
    ),
    (
        "nobody-scrolled",
        "there is a gap, and nobody paged into it far enough",
    ),
    (
        "push-refused",
        "what a peer pushed was refused, since the peer had purged what it hangs on",
    ),
    (
        "silent-room",
        "nobody elsewhere has spoken since, so nothing shows the gap",
    ),
    (
        "purge-closed-gap",
        "the server's own purge removed the place from which it could be fetched",
    ),
    (
        "out-of-reach",
        "it lies behind something that no peer can give with the state before it",
    ),
];

/// Why the room's stranded messages have not come back.
pub(super) fn stranded_row(
    books: &Books<'_>,
    journal: &Journal,
    room: RoomId,
    split: &RoomItems,
) -> Option<StrandedRow> {
    let log = &books.logs[room.index()];
    let items = messages(log, &split.stranded);
    if items == 0 {
        return None;
    }
    Some(StrandedRow {
        room: books.rooms[room.index()].name.clone(),
        reason: stranded_reason(books, journal, room, split).to_owned(),
        items,
    })
}

/// Why what is stranded of a room has not come back: one of [`REASONS`].
pub fn stranded_reason(
    books: &Books<'_>,
    journal: &Journal,
    room: RoomId,
    split: &RoomItems,
) -> &'static str {
    let own = books.holdings[books.measured.index()].get(&room);
    reason(books, journal, room, own, split)
}

fn reason(
    books: &Books<'_>,
    journal: &Journal,
    room: RoomId,
    own: Option<&Holding>,
    split: &RoomItems,
) -> &'static str {
    let since = books.loss.as_ref().map_or(SimTime(0), |loss| loss.at);
    let log = &books.logs[room.index()];
    let facts = || {
        let facts = journal.facts().iter();
        facts.filter(|fact| fact.server() == books.measured && fact.at() >= since)
    };
    let refused = |rule: &str| {
        facts().any(|fact| {
            matches!(fact, Fact::Refused { room: of, rule: why, .. } if *of == room && *why == rule)
        })
    };
    let purged = || {
        facts().any(|fact| {
            matches!(fact, Fact::Lost { what: What::Items { room: of, .. }, why: Why::Purge, .. } if *of == room)
        })
    };
    // What lies below all that is stranded is another gap: that of before the server's own join.
    let first = split.stranded.first().map_or(0, |range| range.start);
    let is_above = |items: &BTreeSet<u32>| items.range(first..).next().is_some();
    match own {
        None => "room-unknown",
        Some(own) if !own.inside => "not-in-room",
        Some(own) if refused("bad-signature") || books.key_lost && is_above(&own.failed) => {
            "key-lost"
        }
        Some(own) if is_above(&own.edges) => {
            if refused("empty-backfill") || refused("state-missing") {
                "purged-peer-first"
            } else if is_above(&own.failed) {
                "pull-back-off"
            } else if refused("unreachable") {
                "peers-unreachable"
            } else {
                "nobody-scrolled"
            }
        }
        Some(_) if refused("state-missing") || refused("purged-below") => "push-refused",
        Some(_) if !others_spoke(books, log, since) => "silent-room",
        Some(_) if purged() => "purge-closed-gap",
        Some(_) => "out-of-reach",
    }
}

/// Has a user of another server made anything in the room since then?
fn others_spoke(books: &Books<'_>, log: &RoomLog, since: SimTime) -> bool {
    let mut spoke = false;
    tally_range(log, log.first_at(since), log.len(), &mut |_, origin, n| {
        spoke |= origin != books.measured && n > 0;
    });
    spoke
}
