//! Rows of what belongs to people and not to a room's log: accounts, passwords, memberships, rooms
//! themselves, their pictures.

use std::collections::BTreeMap;

use crate::journal::RoomId;
use crate::room::{Body, StateKey};

use super::books::Books;
use super::measure::{period, room_dimensions};
use super::{Counts, Dimension, ItemRow};

type Rows = BTreeMap<BTreeMap<Dimension, String>, Counts>;

/// All of them.
pub(super) fn rows(books: &Books<'_>) -> Vec<ItemRow> {
    let mut rows = Rows::new();
    accounts(books, &mut rows);
    memberships_and_rooms(books, &mut rows);
    avatars(books, &mut rows);
    rows.into_iter()
        .map(|(dimensions, counts)| ItemRow { dimensions, counts })
        .collect()
}

fn class(
    name: &str,
    mut dimensions: BTreeMap<Dimension, String>,
    made: &str,
) -> BTreeMap<Dimension, String> {
    dimensions.insert(Dimension::Class, name.to_owned());
    dimensions.insert(Dimension::Author, "local".to_owned());
    dimensions.insert(Dimension::Made, made.to_owned());
    dimensions
}

fn roomless() -> BTreeMap<Dimension, String> {
    [
        (Dimension::Room, ""),
        (Dimension::RoomKind, "none"),
        (Dimension::Federation, "none"),
        (Dimension::Encrypted, "no"),
        (Dimension::RoomCreated, "before"),
    ]
    .into_iter()
    .map(|(dimension, value)| (dimension, value.to_owned()))
    .collect()
}

/// Nothing of an account is ever federated, so what is gone is lost until its owner makes it anew.
fn add(rows: &mut Rows, dimensions: BTreeMap<Dimension, String>, gone: bool, there: bool) {
    let counts = rows.entry(dimensions).or_default();
    counts.items += 1;
    counts.gone += u64::from(gone);
    counts.recovered += u64::from(gone && there);
    if there {
        counts.held += 1;
        counts.readable += 1;
    } else {
        counts.lost += 1;
    }
}

fn accounts(books: &Books<'_>, rows: &mut Rows) {
    let Some(loss) = &books.loss else { return };
    let all = books
        .accounts
        .keys()
        .chain(&loss.accounts)
        .collect::<std::collections::BTreeSet<_>>();
    for user in all {
        let gone = loss.accounts.contains(user);
        let made = if gone { "inside" } else { "before" };
        add(
            rows,
            class("account", roomless(), made),
            gone,
            books.accounts.contains_key(user),
        );
    }
    for user in &loss.passwords {
        // The old password works; the new one is gone for good.
        add(rows, class("password", roomless(), "inside"), true, false);
        debug_assert!(books.accounts.contains_key(user) || loss.accounts.contains(user));
    }
}

/// A membership or a room that is gone is stranded while another server still lists it.
fn add_shared(rows: &mut Rows, dimensions: BTreeMap<Dimension, String>, there: bool, listed: bool) {
    let counts = rows.entry(dimensions).or_default();
    counts.items += 1;
    counts.gone += 1;
    match (there, listed) {
        (true, _) => {
            counts.held += 1;
            counts.readable += 1;
            counts.recovered += 1;
        }
        (false, true) => counts.stranded += 1,
        (false, false) => counts.lost += 1,
    }
}

fn memberships_and_rooms(books: &Books<'_>, rows: &mut Rows) {
    let Some(loss) = &books.loss else { return };
    let own = &books.holdings[books.measured.index()];
    let elsewhere = |room: &RoomId| {
        books.holdings.iter().enumerate().any(|(server, holdings)| {
            server != books.measured.index()
                && books.alive[server]
                && holdings.get(room).is_some_and(|holding| holding.inside)
        })
    };
    for (room, user) in &loss.memberships {
        let there = books.accounts.contains_key(user)
            && own
                .get(room)
                .is_some_and(|holding| holding.members.contains(user));
        // Who never had an account again is a member by the others' record only.
        let dimensions = class(
            "membership",
            room_dimensions(books, *room),
            account_period(books, *user),
        );
        add_shared(rows, dimensions, there, elsewhere(room));
    }
    for room in &loss.rooms {
        let there = own.get(room).is_some_and(|holding| holding.inside);
        add_shared(
            rows,
            class("room", room_dimensions(books, *room), "inside"),
            there,
            elsewhere(room),
        );
    }
}

/// For memberships, `made` says whether the owner's account came back (`after`), was lost for good
/// (`inside`), or is older than the backup (`before`).
fn account_period(books: &Books<'_>, user: crate::journal::UserId) -> &'static str {
    let lost = books
        .loss
        .as_ref()
        .is_some_and(|loss| loss.accounts.contains(&user));
    match (lost, books.accounts.contains_key(&user)) {
        (true, true) => "after",
        (true, false) => "inside",
        (false, _) => "before",
    }
}

/// Pictures of rooms: the pointer is state and comes back; the file is the uploader's server's alone.
fn avatars(books: &Books<'_>, rows: &mut Rows) {
    for (index, log) in books.logs.iter().enumerate() {
        let room = RoomId(index as u32);
        let Some(last) = log.last() else { continue };
        let Some(pdu) = log
            .state_after(last)
            .get(&StateKey::Avatar)
            .and_then(|no| log.single(*no))
        else {
            continue;
        };
        let Body::Avatar(_, Some(media)) = pdu.body else {
            continue;
        };
        if pdu.origin == books.measured {
            let there = books.own_media.contains(&media);
            let made = period(books, pdu.at);
            add(
                rows,
                class("room-avatar", room_dimensions(books, room), made),
                !there,
                there,
            );
        }
    }
}
