//! What came back, when, by which path and from whom; and why the rest did not.

use crate::journal::{Fact, Journal, Path, RoomId, ServerId, What};
use crate::kernel::SimTime;

use super::books::{Books, Items, both, minus};
use super::measure::{RoomItems, made_while_inside};
use super::tally::messages;
use super::{RecoveryRow, ServerRow, StrandedRow};

pub(super) type Gain = (SimTime, RoomId, u32, u32, Path, ServerId);

pub(super) fn gains<'a>(
    books: &'a Books<'_>,
    journal: &'a Journal,
) -> impl Iterator<Item = Gain> + 'a {
    let since = books
        .loss
        .as_ref()
        .map_or(SimTime(u64::MAX), |loss| loss.at);
    journal.facts().iter().filter_map(move |fact| match fact {
        Fact::Gained {
            at,
            server,
            what: What::Items { room, first, last },
            path,
            from,
        } if *server == books.measured && *at >= since => {
            Some((*at, *room, *first, *last, *path, *from))
        }
        _ => None,
    })
}

/// The path's name in tables.
pub fn path_name(path: Path) -> &'static str {
    match path {
        Path::Push => "push",
        Path::GapFill => "gap-fill",
        Path::Backfill => "backfill",
        Path::Join => "join",
        Path::Jump => "jump",
        Path::Redownload => "redownload",
        Path::Restore => "restore",
        Path::Anew => "anew",
        Path::Invite => "invite",
    }
}

pub(super) fn recovery_rows(books: &Books<'_>, journal: &Journal) -> Vec<RecoveryRow> {
    let Some(loss) = &books.loss else {
        return Vec::new();
    };
    let mut left = loss.items.clone();
    let mut total = 0;
    let mut rows = Vec::new();
    for (at, room, first, last, path, from) in gains(books, journal) {
        let Some(gone) = left.get_mut(&room) else {
            continue;
        };
        let mut range = Items::new();
        range.insert(first..last + 1);
        let back = both(gone, &range);
        let items = messages(&books.logs[room.index()], &back);
        // Only the first return counts; what is purged and fetched again is no new recovery.
        gone.remove(first..last + 1);
        if items > 0 {
            total += items;
            rows.push(RecoveryRow {
                at,
                class: "message".to_owned(),
                room: books.rooms[room.index()].name.clone(),
                path: path_name(path).to_owned(),
                from: books.names[from.index()].clone(),
                items,
                total,
            });
        }
    }
    rows
}

pub(super) fn server_rows(books: &Books<'_>, recovery: &[RecoveryRow]) -> Vec<ServerRow> {
    let own = &books.holdings[books.measured.index()];
    (0..books.names.len())
        .map(|i| {
            let name = &books.names[i];
            let could_give = books.holdings[i].iter().map(|(room, holding)| {
                let should = made_while_inside(&books.logs[room.index()], books.measured);
                let has = own
                    .get(room)
                    .map(|own| own.items.clone())
                    .unwrap_or_default();
                let missing = minus(&both(&should, &holding.items), &has);
                if i == books.measured.index() {
                    0
                } else {
                    messages(&books.logs[room.index()], &missing)
                }
            });
            ServerRow {
                server: name.clone(),
                users: books.users[i],
                shared_rooms: books.holdings[i]
                    .keys()
                    .filter(|room| own.contains_key(room))
                    .count() as u64,
                gave_back: recovery
                    .iter()
                    .filter(|row| row.from == *name)
                    .map(|row| row.items)
                    .sum(),
                could_give: could_give.sum(),
                up_per_mille: books.up_per_mille[i],
                holds: books.holdings[i]
                    .iter()
                    .map(|(room, holding)| messages(&books.logs[room.index()], &holding.items))
                    .sum(),
            }
        })
        .collect()
}

/// Why the room's stranded items have not come back, as far as the books tell.
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
    let own = books.holdings[books.measured.index()].get(&room);
    let since = books.loss.as_ref().map_or(SimTime(0), |loss| loss.at);
    let refused = |rule: &str| {
        journal.facts().iter().any(|fact| {
            matches!(fact, Fact::Refused { at, server, room: r, rule: why, .. }
                if *server == books.measured && *r == room && *why == rule && *at >= since)
        })
    };
    let reason = match own {
        None => "room-unknown",
        Some(own) if !own.inside => "not-in-room",
        Some(_) if refused("bad-signature") => "key-lost",
        Some(own) if own.pull_failed => "pull-back-off",
        Some(own) if own.gap && refused("empty-backfill") => "purged-peer-first",
        Some(own) if own.gap => "nobody-scrolled",
        Some(_) if log.first_at(since) == log.len() => "silent-room",
        Some(_) => "behind-first-event",
    };
    Some(StrandedRow {
        room: books.rooms[room.index()].name.clone(),
        reason: reason.to_owned(),
        items,
    })
}
