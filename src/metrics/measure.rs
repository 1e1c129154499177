//! From journal and final books to the rows of the tables.

use std::collections::BTreeMap;

use crate::journal::{Journal, RoomId};
use crate::kernel::SimTime;
use crate::room::{Membership, RoomLog};
use crate::workload::RoomKind;

use super::books::{Books, Items, LossBooks, either};
use super::recovery::{gains, recovery_rows, server_rows};
use super::split::{Case, RoomItems, made_while_inside, split};
use super::stranded::stranded_row;
use super::tally::{Class, Kind, View, tally_all};
use super::tapestry::Loom;
use super::{Counts, Dimension, Filter, ItemRow, Measures, files, personal};

/// Measures a run.
pub fn measure(books: &Books<'_>, journal: &Journal) -> Measures {
    let came_back = came_back(books, journal);
    let mut items = Vec::new();
    let mut stranded = Vec::new();
    let mut could_come = BTreeMap::new();
    let mut loom = Loom::new(books, journal);
    for room in 0..books.rooms.len() {
        let room = RoomId(room as u32);
        let log = &books.logs[room.index()];
        if log.is_empty() {
            continue;
        }
        let inside = made_while_inside(log, books.measured);
        let split = split_room(books, room, &inside, came_back.get(&room));
        loom.room(room, &inside, &split);
        items.extend(room_rows(books, room, &split));
        stranded.extend(stranded_row(books, journal, room, &split));
        could_come.insert(room, split.stranded);
    }
    items.extend(personal::rows(books, journal));
    items.sort_by(|a, b| a.dimensions.cmp(&b.dimensions));
    let recovery = recovery_rows(books, journal);
    let servers = server_rows(books, &recovery, &could_come);
    let mut measures = Measures {
        half_back_at: None,
        nine_tenths_back_at: None,
        measured: books.names[books.measured.index()].clone(),
        loss_at: books.loss.as_ref().map(|loss| loss.at),
        backup_at: books.loss.as_ref().and_then(|loss| loss.backup_at),
        items,
        recovery,
        servers,
        stranded,
        tapestry: loom.finish(),
    };
    let messages = (Dimension::Class, vec!["message".to_owned()]);
    let recoverable = measures.sum(&Filter([messages].into())).recoverable;
    let reached = |share: f64| {
        let wanted = (recoverable as f64 * share).ceil() as u64;
        let back = measures.recovery.iter();
        back.filter(|row| wanted > 0 && row.class == "message")
            .find(|row| row.total >= wanted)
            .map(|row| row.at)
    };
    (measures.half_back_at, measures.nine_tenths_back_at) = (reached(0.5), reached(0.9));
    measures
}

/// Items that came back to the measured server after the loss, per room, whatever became of them later.
fn came_back(books: &Books<'_>, journal: &Journal) -> BTreeMap<RoomId, Items> {
    let mut back: BTreeMap<RoomId, Items> = BTreeMap::new();
    for (room, first, last) in gains(books, journal) {
        back.entry(room).or_default().insert(first..last + 1);
    }
    back
}

/// Where the items of one room are that the measured server should hold.
pub fn room_items(books: &Books<'_>, journal: &Journal, room: RoomId) -> RoomItems {
    split_own(books, room, came_back(books, journal).get(&room))
}

/// As [`room_items`], of every room in which anything was made.
pub fn all_room_items(books: &Books<'_>, journal: &Journal) -> BTreeMap<RoomId, RoomItems> {
    let came_back = came_back(books, journal);
    let rooms = (0..books.rooms.len() as u32).map(RoomId);
    let begun = rooms.filter(|room| !books.logs[room.index()].is_empty());
    begun
        .map(|room| (room, split_own(books, room, came_back.get(&room))))
        .collect()
}

fn split_own(books: &Books<'_>, room: RoomId, back: Option<&Items>) -> RoomItems {
    let inside = made_while_inside(&books.logs[room.index()], books.measured);
    split_room(books, room, &inside, back)
}

fn split_room(books: &Books<'_>, room: RoomId, inside: &Items, back: Option<&Items>) -> RoomItems {
    let log = &books.logs[room.index()];
    let loss = |items: fn(&LossBooks) -> &BTreeMap<RoomId, Items>| {
        let loss = books.loss.as_ref();
        let of_room = loss.and_then(|loss| items(loss).get(&room));
        of_room.cloned().unwrap_or_default()
    };
    let elsewhere = || {
        let others = books.others(books.measured, room);
        others.fold(Items::new(), |all, copy| either(&all, &copy.whole()))
    };
    let life = books.lifetimes[room.index()];
    split(&Case {
        log,
        own: books.holdings[books.measured.index()].get(&room),
        inside: inside.clone(),
        gone: loss(|loss| &loss.items),
        had_elsewhere: loss(|loss| &loss.elsewhere),
        back: back.cloned().unwrap_or_default(),
        expired_before: life.map(|life| books.end.saturating_sub(life)),
        elsewhere: &elsewhere,
    })
}

/// Adds a number to one of the counts.
type Count = fn(&mut Counts, u64);

fn room_rows(books: &Books<'_>, room: RoomId, split: &RoomItems) -> Vec<ItemRow> {
    let log = &books.logs[room.index()];
    let view = View::new(books, log);
    let mut rows: BTreeMap<Kind, Counts> = BTreeMap::new();
    let counted: [(&Items, Count); 9] = [
        (&split.should, |c, n| c.items += n),
        (&split.held, |c, n| c.held += n),
        (&split.shell, |c, n| c.shell += n),
        (&split.stranded, |c, n| c.stranded += n),
        (&split.lost, |c, n| c.lost += n),
        (&split.expired, |c, n| c.expired += n),
        (&split.gone, |c, n| c.gone += n),
        (&split.recovered, |c, n| c.recovered += n),
        (&split.recoverable, |c, n| c.recoverable += n),
    ];
    // One pass for all: what a day's messages are is drawn once.
    let with_files = files::sets(books, room, split);
    let sets = counted.map(|(items, _)| items);
    let [tallies, files] = tally_all(log, [sets, with_files.each_ref()], &view);
    for ((_, set), tally) in std::iter::zip(counted, tallies) {
        for (kind, n) in tally {
            if kind.class != Class::File {
                set(rows.entry(kind).or_default(), n);
            }
        }
    }
    let encrypted = books.rooms[room.index()].encrypted;
    for (kind, counts) in &mut rows {
        // What came back encrypted is ciphertext: the keys of the lost period were in the server's key
        // backup and in clients; clients that were logged out lost theirs (reference 4.5).
        let unreadable = encrypted && kind.made == 1 && kind.class == Class::Message;
        counts.readable = if unreadable {
            counts.held - counts.held.min(counts.recovered)
        } else {
            counts.held
        };
    }
    rows.extend(files::rows(books, room, files));
    rows.into_iter()
        .map(|(kind, counts)| ItemRow {
            dimensions: dimensions(books, room, kind),
            counts,
        })
        .collect()
}

/// Numbers of the first item inside and after the lost period.
pub(super) fn lost_period(books: &Books<'_>, log: &RoomLog) -> (u32, u32) {
    match &books.loss {
        Some(loss) => {
            let after = log.first_at(loss.at);
            (loss.backup_at.map_or(after, |at| log.first_at(at)), after)
        }
        None => (log.len(), log.len()),
    }
}

/// Before, inside or after the lost period.
pub(super) fn period(books: &Books<'_>, at: SimTime) -> &'static str {
    match &books.loss {
        Some(loss) if at >= loss.at => "after",
        Some(loss) if loss.backup_at.is_some_and(|backup_at| at >= backup_at) => "inside",
        _ => "before",
    }
}

fn dimensions(books: &Books<'_>, room: RoomId, kind: Kind) -> BTreeMap<Dimension, String> {
    let class = match kind.class {
        Class::Message => "message",
        Class::State => "state",
        Class::File => "file",
    };
    let mut all = room_dimensions(books, room);
    all.insert(Dimension::Class, class.to_owned());
    all.insert(
        Dimension::Author,
        if kind.local { "local" } else { "remote" }.to_owned(),
    );
    all.insert(
        Dimension::Made,
        ["before", "inside", "after"][usize::from(kind.made)].to_owned(),
    );
    all.insert(Dimension::Account, "none".to_owned());
    all
}

/// The dimensions that follow from the room alone.
pub(super) fn room_dimensions(books: &Books<'_>, room: RoomId) -> BTreeMap<Dimension, String> {
    let spec = &books.rooms[room.index()];
    let log = &books.logs[room.index()];
    let kind = kind_name(spec.kind);
    let joined_elsewhere = log.state_events(0, log.len()).iter().any(|no| {
        log.membership(*no) == Some(Membership::Join)
            && log
                .single(*no)
                .is_some_and(|pdu| pdu.origin != books.measured)
    });
    let federation = match (spec.federate, joined_elsewhere) {
        (false, _) => "unfederated",
        (true, true) => "federated",
        (true, false) => "local-members",
    };
    BTreeMap::from([
        (Dimension::Room, spec.name.clone()),
        (Dimension::RoomKind, kind.to_owned()),
        (Dimension::Federation, federation.to_owned()),
        (
            Dimension::Encrypted,
            if spec.encrypted { "yes" } else { "no" }.to_owned(),
        ),
        (Dimension::RoomCreated, period(books, log.at(0)).to_owned()),
    ])
}

/// The room kind's name in tables.
pub fn kind_name(kind: RoomKind) -> &'static str {
    match kind {
        RoomKind::Public => "public",
        RoomKind::Private => "private",
        RoomKind::Direct => "direct",
    }
}
