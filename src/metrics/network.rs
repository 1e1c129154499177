//! The whole network: what became of the items of all servers, grouped by the servers' size. Its tables have as many
//! rows for three servers as for fifteen thousand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::journal::{RoomId, ServerId};
use crate::kernel::SimDuration;
use crate::room::RoomLog;

use super::Counts;
use super::books::{Books, Holding, ItemLoss, Items, both, either, minus};
use super::exposure::{Exposure, exposure};
use super::heard::{Heard, Strikes};
use super::measure::kind_name;
use super::split::{Case, RoomItems, inside_by_server, split};
use super::views::{ViewRow, views};

/// Sizes of servers: the most users, and the name in tables (one that no spreadsheet takes for a date).
const SIZES: [(u64, &str); 6] = [
    (0, "none"),
    (1, "1"),
    (10, "2 to 10"),
    (100, "11 to 100"),
    (1000, "101 to 1000"),
    (u64::MAX, "over 1000"),
];

/// The place of a server in `SIZES`.
fn size(users: u64) -> usize {
    SIZES.partition_point(|(most, _)| *most < users)
}

/// What must be known of all servers besides the final books and what was heard.
pub struct Everybody<'a> {
    /// Users of each server, whether they are simulated or only counted.
    pub users: Vec<u64>,
    /// Servers that ever lost items.
    pub losses: BTreeMap<ServerId, ItemLoss>,
    /// How long a server's own policy keeps the messages of a room.
    pub kept_for: &'a dyn Fn(ServerId, RoomId) -> Option<SimDuration>,
    /// The lifetime that a server's policy names for its users' messages in a room, whoever obeys it.
    pub wished: &'a dyn Fn(ServerId, RoomId) -> Option<SimDuration>,
}

impl fmt::Debug for Everybody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Everybody")
            .field("users", &self.users)
            .field("losses", &self.losses)
            .finish_non_exhaustive()
    }
}

/// One row of `network.csv`: items of one class in rooms of one kind, on servers of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkRow {
    /// The servers' size.
    pub users: &'static str,
    /// `message` or `state`.
    pub class: &'static str,
    /// `public`, `private`, `direct`.
    pub room_kind: &'static str,
    /// Where the items are; an item is counted for every server that should hold it. Whether it can be read is not
    /// asked, and `readable` is 0.
    pub counts: Counts,
}

/// One row of `groups.csv`: the servers of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Their size.
    pub users: &'static str,
    /// How many they are.
    pub servers: u64,
    /// Share of the simulated time in which they were up, of 1000, on average.
    pub up_per_mille: u64,
    /// How often they were struck.
    pub strikes: Strikes,
}

/// The tables about the whole network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Rows of `network.csv`, in order of size, class and kind of room.
    pub items: Vec<NetworkRow>,
    /// Rows of `groups.csv`, in order of size.
    pub groups: Vec<GroupRow>,
    /// What lives on after its owners' wish.
    pub exposure: Exposure,
    /// Rows of `views.csv`, in order of kind and number of servers.
    pub views: Vec<ViewRow>,
}

/// Measures the whole network. Servers that died are counted as servers; what they should hold is not: they hold
/// nothing any more.
pub fn network(books: &Books<'_>, everybody: &Everybody<'_>, heard: &Heard) -> Network {
    let mut losers: BTreeMap<RoomId, Vec<ServerId>> = BTreeMap::new();
    for (server, loss) in &everybody.losses {
        for room in loss.items.keys() {
            losers.entry(*room).or_default().push(*server);
        }
    }
    let survey = Survey {
        books,
        everybody,
        heard,
    };
    let mut sums = Sums::new();
    for (number, log) in books.logs.iter().enumerate() {
        let room = RoomId(number as u32);
        let lost_by = losers.get(&room).map_or(&[][..], Vec::as_slice);
        if !log.is_empty() {
            survey.room(room, log, lost_by, &mut sums);
        }
    }
    let row = |((size, class, room_kind), counts): (Kind, Counts)| NetworkRow {
        users: SIZES[size].1,
        class,
        room_kind,
        counts,
    };
    Network {
        items: sums.into_iter().map(row).collect(),
        groups: groups(books, &everybody.users, heard),
        exposure: exposure(books, everybody, heard),
        views: views(books),
    }
}

/// Size of the server, class of the item, kind of the room.
type Kind = (usize, &'static str, &'static str);

type Sums = BTreeMap<Kind, Counts>;

struct Survey<'a> {
    books: &'a Books<'a>,
    everybody: &'a Everybody<'a>,
    heard: &'a Heard,
}

impl Survey<'_> {
    /// Adds what all servers should hold of one room.
    fn room(&self, room: RoomId, log: &RoomLog, lost_by: &[ServerId], sums: &mut Sums) {
        let mut inside = inside_by_server(log);
        let copies = Copies::new(self.books, room);
        let mut servers: BTreeSet<ServerId> = inside.keys().copied().collect();
        servers.extend(&self.books.holders[room.index()]);
        servers.extend(lost_by);
        servers.retain(|server| self.books.alive[server.index()]);
        let kind = kind_name(self.books.rooms[room.index()].kind);
        for server in servers {
            let inside = inside.remove(&server).unwrap_or_default();
            let split = self.split(room, log, server, inside, &copies);
            let size = size(self.everybody.users[server.index()]);
            let (message, state) = count(log, &split);
            *sums.entry((size, "message", kind)).or_default() += message;
            *sums.entry((size, "state", kind)).or_default() += state;
        }
    }

    fn split(
        &self,
        room: RoomId,
        log: &RoomLog,
        server: ServerId,
        inside: Items,
        copies: &Copies,
    ) -> RoomItems {
        let own = self.books.holdings[server.index()].get(&room);
        let loss = self.everybody.losses.get(&server);
        let of_room = |items: &BTreeMap<RoomId, Items>| items.get(&room).cloned();
        let gone = loss.and_then(|loss| of_room(&loss.items));
        let had_elsewhere = loss.and_then(|loss| of_room(&loss.elsewhere));
        let back = loss.map(|loss| self.heard.gained_since(server, room, loss.at));
        let life = (self.everybody.kept_for)(server, room);
        split(&Case {
            log,
            own,
            inside,
            gone: gone.unwrap_or_default(),
            had_elsewhere: had_elsewhere.unwrap_or_default(),
            back: back.unwrap_or_default(),
            expired_before: life.map(|life| self.books.end.saturating_sub(life)),
            elsewhere: &|| copies.without(own),
        })
    }
}

/// Which items of a room live servers hold, with their content.
struct Copies {
    /// On at least one.
    once: Items,
    /// On at least two.
    twice: Items,
}

impl Copies {
    fn new(books: &Books<'_>, room: RoomId) -> Copies {
        let (mut once, mut twice) = (Items::new(), Items::new());
        let holders = books.holders[room.index()].iter();
        for holder in holders.filter(|holder| books.alive[holder.index()]) {
            let whole = books.holdings[holder.index()][&room].whole();
            twice = either(&twice, &both(&once, &whole));
            once = either(&once, &whole);
        }
        Copies { once, twice }
    }

    /// On others than the live server of this copy.
    fn without(&self, own: Option<&Holding>) -> Items {
        match own {
            Some(own) => either(&self.twice, &minus(&self.once, &own.whole())),
            None => self.once.clone(),
        }
    }
}

/// One of the counts.
type Number = fn(&mut Counts) -> &mut u64;

/// Messages and state of a room, by what became of them.
fn count(log: &RoomLog, split: &RoomItems) -> (Counts, Counts) {
    let (mut message, mut state) = (Counts::default(), Counts::default());
    let counted: [(&Items, Number); 9] = [
        (&split.should, |counts| &mut counts.items),
        (&split.held, |counts| &mut counts.held),
        (&split.shell, |counts| &mut counts.shell),
        (&split.stranded, |counts| &mut counts.stranded),
        (&split.lost, |counts| &mut counts.lost),
        (&split.expired, |counts| &mut counts.expired),
        (&split.gone, |counts| &mut counts.gone),
        (&split.recovered, |counts| &mut counts.recovered),
        (&split.recoverable, |counts| &mut counts.recoverable),
    ];
    for (items, number) in counted {
        for range in items.iter() {
            let of_state = log.state_events(range.start, range.end).len() as u64;
            *number(&mut state) += of_state;
            *number(&mut message) += u64::from(range.end - range.start) - of_state;
        }
    }
    (message, state)
}

/// The servers by size.
fn groups(books: &Books<'_>, users: &[u64], heard: &Heard) -> Vec<GroupRow> {
    let mut groups: BTreeMap<usize, GroupRow> = BTreeMap::new();
    for (number, users) in users.iter().enumerate() {
        let size = size(*users);
        let group = groups.entry(size).or_insert_with(|| GroupRow {
            users: SIZES[size].1,
            servers: 0,
            up_per_mille: 0,
            strikes: Strikes::default(),
        });
        group.servers += 1;
        group.up_per_mille += u64::from(books.up_per_mille[number]);
        group.strikes += heard.strikes(ServerId(number as u32));
    }
    // Until here, the sum.
    let average = |group: GroupRow| GroupRow {
        up_per_mille: group.up_per_mille / group.servers,
        ..group
    };
    groups.into_values().map(average).collect()
}
