//! What came back, when, by which path and from whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{Fact, Journal, Path, RoomId, ServerId, UserId, What};
use crate::kernel::SimTime;

use super::books::{Books, Items, both};
use super::tally::{Class, messages, tally_range};
use super::{RecoveryRow, ServerRow, federation};

/// Ranges of items that came to the measured server after its loss, whatever became of them later.
pub(super) fn gains<'a>(
    books: &'a Books<'_>,
    journal: &'a Journal,
) -> impl Iterator<Item = (RoomId, u32, u32)> + 'a {
    let since = books
        .loss
        .as_ref()
        .map_or(SimTime(u64::MAX), |loss| loss.at);
    journal.facts().iter().filter_map(move |fact| match fact {
        Fact::Gained {
            at,
            server,
            what: What::Items { room, first, last },
            ..
        } if *server == books.measured && *at >= since => Some((*room, *first, *last)),
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
        Path::TakenOver => "taken-over",
    }
}

/// What came back after the loss, in order of time: each item once, with its first return.
pub(super) fn recovery_rows(books: &Books<'_>, journal: &Journal) -> Vec<RecoveryRow> {
    let Some(loss) = &books.loss else {
        return Vec::new();
    };
    let mut returns = Returns {
        books,
        items: loss.items.clone(),
        rooms: loss.rooms.clone(),
        memberships: loss.memberships.clone(),
        accounts: loss.accounts.clone(),
        totals: BTreeMap::new(),
        rows: Vec::new(),
    };
    for fact in journal.facts() {
        if let Fact::Gained {
            at,
            server,
            what,
            path,
            from,
        } = fact
            && *server == books.measured
            && *at >= loss.at
            && *path != Path::Restore
        {
            returns.gained(*at, what, *path, *from);
        }
    }
    returns.rows
}

/// What is still gone, and what has come back so far.
struct Returns<'a> {
    books: &'a Books<'a>,
    items: BTreeMap<RoomId, Items>,
    rooms: BTreeSet<RoomId>,
    memberships: BTreeSet<(RoomId, UserId)>,
    accounts: BTreeSet<UserId>,
    totals: BTreeMap<&'static str, u64>,
    rows: Vec<RecoveryRow>,
}

impl Returns<'_> {
    fn gained(&mut self, at: SimTime, what: &What, path: Path, from: ServerId) {
        match *what {
            What::Items { room, first, last } => {
                let Some(gone) = self.items.get_mut(&room) else {
                    return;
                };
                let mut range = Items::new();
                range.insert(first..last + 1);
                let back = both(gone, &range);
                // Only the first return counts; what is purged and fetched again is no new recovery.
                gone.remove(first..last + 1);
                self.items_back(at, room, &back, path, from);
            }
            What::Room(room) if self.rooms.remove(&room) => {
                self.add(at, "room", Some(room), path, from, 1);
            }
            What::Membership(room, user) if self.memberships.remove(&(room, user)) => {
                self.add(at, "membership", Some(room), path, from, 1);
            }
            // A stranger who has the name gives nothing back.
            What::Account(_) if path == Path::TakenOver => {}
            What::Account(user) if self.accounts.remove(&user) => {
                self.add(at, "account", None, path, from, 1);
            }
            _ => {}
        }
    }

    /// Messages and state come from the giver; others' files are fetched from their home servers, as long
    /// as those live.
    fn items_back(&mut self, at: SimTime, room: RoomId, back: &Items, path: Path, from: ServerId) {
        let log = &self.books.logs[room.index()];
        let mut numbers: BTreeMap<(Class, ServerId), u64> = BTreeMap::new();
        for range in back.iter() {
            tally_range(log, range.start, range.end, &mut |class, origin, n| {
                let giver = if class == Class::File { origin } else { from };
                *numbers.entry((class, giver)).or_default() += n;
            });
        }
        for ((class, giver), n) in numbers {
            match class {
                Class::Message => self.add(at, "message", Some(room), path, giver, n),
                Class::State => self.add(at, "state", Some(room), path, giver, n),
                Class::File if giver != self.books.measured && self.books.alive[giver.index()] => {
                    self.add(at, "file", Some(room), Path::Redownload, giver, n);
                }
                Class::File => {}
            }
        }
    }

    fn add(
        &mut self,
        at: SimTime,
        class: &'static str,
        room: Option<RoomId>,
        path: Path,
        from: ServerId,
        items: u64,
    ) {
        let total = self.totals.entry(class).or_default();
        *total += items;
        self.rows.push(RecoveryRow {
            at,
            class: class.to_owned(),
            room: room.map_or(String::new(), |room| {
                self.books.rooms[room.index()].name.clone()
            }),
            path: path_name(path).to_owned(),
            from: self.books.names[from.index()].clone(),
            items,
            total: *total,
        });
    }
}

/// Every server of the world; `stranded` are the items of each room that the measured server lacks and others have.
pub(super) fn server_rows(
    books: &Books<'_>,
    recovery: &[RecoveryRow],
    stranded: &BTreeMap<RoomId, Items>,
) -> Vec<ServerRow> {
    let own = &books.holdings[books.measured.index()];
    let (connecting, sole_copies) = (
        federation::connecting(books),
        federation::sole_copies(books),
    );
    let mut gave_back: BTreeMap<&str, u64> = BTreeMap::new();
    for row in recovery.iter().filter(|row| row.class == "message") {
        *gave_back.entry(&row.from).or_default() += row.items;
    }
    (0..books.names.len())
        .map(|i| {
            let name = &books.names[i];
            let holdings = books.holdings[i].iter().filter(|_| books.alive[i]);
            let could_give = holdings.filter_map(|(room, holding)| {
                let both = both(stranded.get(room)?, &holding.whole());
                Some(messages(&books.logs[room.index()], &both))
            });
            ServerRow {
                server: name.clone(),
                users: books.users[i],
                shared_rooms: books.holdings[i]
                    .keys()
                    .filter(|room| own.contains_key(room))
                    .count() as u64,
                gave_back: gave_back.get(&**name).copied().unwrap_or_default(),
                could_give: could_give.sum(),
                sole_copies: sole_copies[i],
                connects: connecting.contains(&ServerId(i as u32)),
                up_per_mille: books.up_per_mille[i],
                holds: books.holdings[i]
                    .iter()
                    .map(|(room, holding)| messages(&books.logs[room.index()], &holding.items))
                    .sum(),
            }
        })
        .collect()
}
