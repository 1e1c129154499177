//! Rows of what belongs to people and not to a room's log: accounts, passwords, memberships, rooms
//! themselves, their pictures, the server's key.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{Fact, Journal, Path, RoomId, UserId, What};
use crate::kernel::SimTime;
use crate::room::{Body, Membership, Pdu, RoomLog, StateKey};

use super::books::{Books, LossBooks};
use super::measure::{period, room_dimensions};
use super::split::made_while_inside;
use super::{Counts, Dimension, ItemRow};

/// All of them.
pub(super) fn rows(books: &Books<'_>, journal: &Journal) -> Vec<ItemRow> {
    let mut rows = Rows {
        books,
        made: Made::of(books, journal),
        nothing: LossBooks {
            at: books.end,
            backup_at: None,
            items: BTreeMap::new(),
            rooms: BTreeSet::new(),
            memberships: BTreeSet::new(),
            accounts: BTreeSet::new(),
            passwords: BTreeSet::new(),
            elsewhere: BTreeMap::new(),
        },
        rows: BTreeMap::new(),
    };
    rows.accounts();
    rows.rooms();
    rows.memberships();
    rows.avatars();
    rows.key();
    let rows = rows.rows.into_iter();
    rows.map(|(dimensions, counts)| ItemRow { dimensions, counts })
        .collect()
}

/// When accounts and passwords were made, as the journal tells it.
struct Made {
    /// First registration; who is not here had an account from the start.
    accounts: BTreeMap<UserId, SimTime>,
    /// Names that strangers have now.
    taken: BTreeSet<UserId>,
    /// The last change of a password before the loss (or the end).
    passwords: BTreeMap<UserId, SimTime>,
}

impl Made {
    fn of(books: &Books<'_>, journal: &Journal) -> Made {
        let until = books.loss.as_ref().map_or(books.end, |loss| loss.at);
        let mut made = Made {
            accounts: BTreeMap::new(),
            taken: BTreeSet::new(),
            passwords: BTreeMap::new(),
        };
        for fact in journal.facts() {
            let Fact::Gained {
                at,
                server,
                what,
                path: path @ (Path::Anew | Path::TakenOver),
                ..
            } = fact
            else {
                continue;
            };
            match what {
                _ if *server != books.measured => {}
                What::Account(user) if *path == Path::TakenOver => {
                    made.taken.insert(*user);
                }
                What::Account(user) => {
                    made.accounts.entry(*user).or_insert(*at);
                }
                What::Password(user, _) if *at < until => {
                    made.passwords.insert(*user, *at);
                }
                _ => {}
            }
        }
        made
    }
}

struct Rows<'a> {
    books: &'a Books<'a>,
    made: Made,
    nothing: LossBooks,
    rows: BTreeMap<BTreeMap<Dimension, String>, Counts>,
}

/// Where an item is at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Here,
    Elsewhere,
    Nowhere,
}

impl Rows<'_> {
    fn loss(&self) -> &LossBooks {
        self.books.loss.as_ref().unwrap_or(&self.nothing)
    }

    fn add(&mut self, mut dimensions: BTreeMap<Dimension, String>, gone: bool, place: Place) {
        dimensions
            .entry(Dimension::Account)
            .or_insert("none".to_owned());
        let is = u64::from;
        let here = place == Place::Here;
        *self.rows.entry(dimensions).or_default() += Counts {
            items: 1,
            held: is(here),
            readable: is(here),
            stranded: is(place == Place::Elsewhere),
            lost: is(place == Place::Nowhere),
            gone: is(gone),
            recovered: is(gone && here),
            recoverable: is(gone && place != Place::Nowhere),
            ..Counts::default()
        };
    }

    /// Nothing of an account is ever federated, so what is gone is lost until its owner makes it anew.
    fn accounts(&mut self) {
        let books = self.books;
        let lost = self.loss().accounts.clone();
        let back_to_old = self.loss().passwords.clone();
        let all: BTreeSet<UserId> = books.accounts.keys().chain(&lost).copied().collect();
        for user in all {
            let gone = lost.contains(&user);
            // Who is registered again had an account before: the first registration may be that one.
            let since = match self.made.accounts.get(&user) {
                Some(at) if gone && *at >= self.loss().at => None,
                at => at.copied(),
            };
            let made = since.map_or("before", |at| period(books, at));
            let place = if self.has_account(user) {
                Place::Here
            } else {
                Place::Nowhere
            };
            let dimensions = self.of_account("account", user, made);
            self.add(dimensions, gone, place);
            if let Some(at) = self.made.passwords.get(&user) {
                let gone = gone || back_to_old.contains(&user);
                // The old password works; the new one is gone for good.
                let place = if gone { Place::Nowhere } else { Place::Here };
                let dimensions = self.of_account("password", user, period(books, *at));
                self.add(dimensions, gone, place);
            }
        }
    }

    fn of_account(&self, class: &str, user: UserId, made: &str) -> BTreeMap<Dimension, String> {
        let mut dimensions = of_class(class, roomless(), "local", made);
        dimensions.insert(Dimension::Account, self.account(user).to_owned());
        dimensions
    }

    fn account(&self, user: UserId) -> &'static str {
        let lost = self.loss().accounts.contains(&user);
        match (lost, self.books.accounts.contains_key(&user)) {
            (false, _) => "kept",
            (true, true) if self.made.taken.contains(&user) => "taken",
            (true, true) => "again",
            (true, false) => "lost",
        }
    }

    /// Has the person an account? Not if a stranger has it.
    fn has_account(&self, user: UserId) -> bool {
        self.books.accounts.contains_key(&user) && !self.made.taken.contains(&user)
    }

    /// The server's knowledge of a room in which its users are; made when the first of them entered.
    fn rooms(&mut self) {
        let books = self.books;
        let own = &books.holdings[books.measured.index()];
        let inside = own.iter().filter(|(_, holding)| holding.inside);
        let mut all: BTreeSet<RoomId> = inside.map(|(room, _)| *room).collect();
        all.extend(&self.loss().rooms);
        for room in all {
            let gone = self.loss().rooms.contains(&room);
            let there = own.get(&room).is_some_and(|holding| holding.inside);
            let log = &books.logs[room.index()];
            let entered = made_while_inside(log, books.measured);
            let entered = entered.first().map_or(0, |range| range.start);
            let author = self.author(log);
            let made = period(books, log.at(entered));
            let dimensions = of_class("room", room_dimensions(books, room), author, made);
            self.add(dimensions, gone, self.shared(room, there));
        }
    }

    fn author(&self, log: &RoomLog) -> &'static str {
        if log.origin(0) == self.books.measured {
            "local"
        } else {
            "remote"
        }
    }

    /// A membership or a room that is gone is stranded while another server is in the room.
    fn shared(&self, room: RoomId, there: bool) -> Place {
        let books = self.books;
        let mut others = books.others(books.measured, room);
        let elsewhere = others.any(|holding| holding.inside);
        match (there, elsewhere) {
            (true, _) => Place::Here,
            (false, true) => Place::Elsewhere,
            (false, false) => Place::Nowhere,
        }
    }

    /// Memberships of people who have an account or lost it; made when they first joined.
    fn memberships(&mut self) {
        let books = self.books;
        let own = &books.holdings[books.measured.index()];
        // Who never had an account again is a member by the others' record only.
        let mut all: BTreeSet<(RoomId, UserId)> = own
            .iter()
            .flat_map(|(room, holding)| holding.members.iter().map(|user| (*room, *user)))
            .filter(|(_, user)| self.has_account(*user))
            .collect();
        let there = all.clone();
        all.extend(&self.loss().memberships);
        for (room, user) in all {
            let gone = self.loss().memberships.contains(&(room, user));
            let there = there.contains(&(room, user));
            let made = joined_at(&books.logs[room.index()], user);
            let made = made.map_or("before", |at| period(books, at));
            let mut dimensions =
                of_class("membership", room_dimensions(books, room), "local", made);
            dimensions.insert(Dimension::Account, self.account(user).to_owned());
            self.add(dimensions, gone, self.shared(room, there));
        }
    }

    /// Pictures of rooms: the pointer is state and comes back; the file is the uploader's server's alone.
    fn avatars(&mut self) {
        let books = self.books;
        for (index, log) in books.logs.iter().enumerate() {
            let room = RoomId(index as u32);
            let Some(last) = log.last() else { continue };
            let avatar = log.state_after(last).get(&StateKey::Avatar);
            let Some(pdu) = avatar.and_then(|no| log.single(*no)) else {
                continue;
            };
            let Body::Avatar(_, Some(media)) = pdu.body else {
                continue;
            };
            if pdu.origin == books.measured {
                let place = if books.own_media.contains(&media) {
                    Place::Here
                } else if books.copied_media.contains(&media) {
                    Place::Elsewhere
                } else {
                    Place::Nowhere
                };
                let made = period(books, pdu.at);
                let dimensions =
                    of_class("room-avatar", room_dimensions(books, room), "local", made);
                self.add(dimensions, books.lost_media.contains(&media), place);
            }
        }
    }

    /// The key is a file of the server; what is no longer listed cannot be verified by anybody new.
    fn key(&mut self) {
        let gone = self.books.key_lost;
        let place = if gone { Place::Nowhere } else { Place::Here };
        let dimensions = of_class("signing-key", roomless(), "local", "before");
        self.add(dimensions, gone, place);
    }
}

/// When a user first joined a room.
fn joined_at(log: &RoomLog, user: UserId) -> Option<SimTime> {
    let state = log.state_events(0, log.len()).iter();
    let mut pdus = state.filter_map(|no| log.single(*no));
    let is_join = |pdu: &&Pdu| match pdu.body {
        Body::Member {
            who, membership, ..
        } => who == user && membership == Membership::Join,
        _ => false,
    };
    pdus.find(is_join).map(|pdu| pdu.at)
}

fn of_class(
    name: &str,
    mut dimensions: BTreeMap<Dimension, String>,
    author: &str,
    made: &str,
) -> BTreeMap<Dimension, String> {
    dimensions.insert(Dimension::Class, name.to_owned());
    dimensions.insert(Dimension::Author, author.to_owned());
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
