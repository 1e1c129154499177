//! Messages that nobody scripted, drawn per room and day.
//!
//! A day's number of messages, their times and authors are functions of (seed, room, day) and of the
//! members at the beginning of the day: whoever looks computes them, nobody stores them. How many of a
//! day's messages are of which server's users, with or without a file, is drawn first (a multinomial);
//! which message is whose follows from a keyed permutation, so both a count over whole days and a look
//! at a single message are cheap, and always agree.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use crate::journal::{RoomId, ServerId, UserId};
use crate::kernel::{Permutation, Purpose, SimTime, Streams};

use super::Deletions;

const DAY_COUNT: Purpose = Purpose::new("traffic.count");
const DAY_SPLIT: Purpose = Purpose::new("traffic.split");
const DAY_ORDER: Purpose = Purpose::new("traffic.order");
const AUTHOR: Purpose = Purpose::new("traffic.author");

/// Which drawn message an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrafficRef {
    /// Days since 1970-01-01.
    pub day: u32,
    /// Its number in the day, by time.
    pub number: u32,
}

/// The traffic of one room.
#[derive(Debug, Clone)]
pub struct Traffic {
    /// The room.
    pub room: RoomId,
    /// Mean messages a day; 0 = no traffic.
    pub per_day: f64,
    /// Share of messages with a file, of 1000.
    pub files_per_mille: u32,
    /// First moment of traffic (the simulation's start).
    pub from: SimTime,
    /// How many of its messages are taken back, and after how long.
    pub deletions: Deletions,
}

/// Who can speak in a room on a day.
#[derive(Debug, Clone, Default)]
pub struct Speakers {
    /// In order of home server, then user.
    users: Vec<UserId>,
    /// The weight of each of them.
    weights: Vec<u32>,
    /// The weight of each server's users, and their places among all, in order of server.
    by_server: Vec<(ServerId, u64, Range<usize>)>,
}

impl Speakers {
    /// Those of the users, in order, that have a weight.
    pub fn new(users: impl Iterator<Item = (UserId, ServerId, u32)>) -> Self {
        let mut users: Vec<_> = users.filter(|(_, _, weight)| *weight > 0).collect();
        users.sort_by_key(|(_, server, _)| *server);
        let mut by_server: Vec<(ServerId, u64, Range<usize>)> = Vec::new();
        for (place, (_, server, weight)) in users.iter().enumerate() {
            if by_server.last().is_none_or(|(last, ..)| last != server) {
                by_server.push((*server, 0, place..place));
            }
            let (_, of_server, places) = by_server.last_mut().expect("it was just put there");
            *of_server += u64::from(*weight);
            places.end += 1;
        }
        Speakers {
            weights: users.iter().map(|(_, _, weight)| *weight).collect(),
            users: users.into_iter().map(|(user, ..)| user).collect(),
            by_server,
        }
    }

    /// A server's users, and the weight of each.
    fn of(&self, server: ServerId) -> (&[UserId], &[u32]) {
        let found = self.by_server.binary_search_by_key(&server, |(of, ..)| *of);
        let places = found.map_or(0..0, |index| self.by_server[index].2.clone());
        (&self.users[places.clone()], &self.weights[places])
    }

    /// Is there nobody?
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }
}

/// One day of one room, as drawn.
#[derive(Debug, Clone)]
pub struct Day {
    streams: Streams,
    room: RoomId,
    day: u32,
    count: u32,
    /// Cells (server, has a file) with the number of messages before them.
    cells: Vec<(ServerId, bool, u32)>,
    /// Which message is in which place of the cells; drawn when somebody looks at a single one.
    order: OnceCell<Permutation>,
    /// The numbers of a server's messages, in order; worked out when somebody looks for them.
    numbers: RefCell<BTreeMap<ServerId, Rc<[u32]>>>,
    speakers: Rc<Speakers>,
}

impl Traffic {
    /// Number of messages on a day.
    pub fn count(&self, streams: &Streams, day: u32) -> u32 {
        if self.per_day <= 0.0 {
            return 0;
        }
        let mut stream = streams.stream(DAY_COUNT, u64::from(self.room.0), u64::from(day));
        u32::try_from(stream.poisson(self.per_day)).unwrap_or(u32::MAX)
    }

    /// The day's `count` messages by author, given who can speak.
    pub fn day(&self, streams: &Streams, day: u32, count: u32, speakers: Rc<Speakers>) -> Day {
        let mut stream = streams.stream(DAY_SPLIT, u64::from(self.room.0), u64::from(day));
        let by_server = &speakers.by_server;
        let mut weight_left: u64 = by_server.iter().map(|(_, weight, _)| weight).sum();
        let mut left = if weight_left == 0 {
            0
        } else {
            u64::from(count)
        };
        let count = u32::try_from(left).unwrap_or(u32::MAX);
        let mut cells = Vec::new();
        let mut before = 0;
        for (server, weight, _) in by_server {
            let (server, weight) = (*server, *weight);
            let of_server = if weight == weight_left {
                left
            } else {
                stream.binomial(left, weight as f64 / weight_left as f64)
            };
            let with_file = stream.binomial(of_server, f64::from(self.files_per_mille) / 1000.0);
            for (file, n) in [(false, of_server - with_file), (true, with_file)] {
                if n > 0 {
                    cells.push((server, file, before));
                    before += n as u32;
                }
            }
            left -= of_server;
            weight_left -= weight;
        }
        Day {
            streams: *streams,
            room: self.room,
            day,
            count,
            cells,
            order: OnceCell::new(),
            numbers: RefCell::default(),
            speakers,
        }
    }
}

impl Day {
    /// Messages of the day that somebody can speak (0 in a room where nobody can).
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Author's server of message `number`, and whether it has a file.
    pub fn cell(&self, number: u32) -> (ServerId, bool) {
        let place = self.order().apply(u64::from(number)) as u32;
        let index = self
            .cells
            .partition_point(|(_, _, before)| *before <= place)
            - 1;
        let (server, file, _) = self.cells[index];
        (server, file)
    }

    fn order(&self) -> &Permutation {
        self.order.get_or_init(|| {
            let (room, day) = (u64::from(self.room.0), u64::from(self.day));
            let stream = self.streams.stream(DAY_ORDER, room, day);
            Permutation::new(stream, u64::from(self.count))
        })
    }

    /// The number of messages before those of a cell, and before those of the next one.
    fn places(&self, cell: usize) -> Range<u32> {
        let end = self
            .cells
            .get(cell + 1)
            .map_or(self.count, |(_, _, before)| *before);
        self.cells[cell].2..end
    }

    /// Servers whose users say something on the day, in order.
    pub fn servers(&self) -> Vec<ServerId> {
        let mut servers: Vec<ServerId> = self.cells.iter().map(|(server, ..)| *server).collect();
        servers.dedup();
        servers
    }

    /// The numbers of the messages by this server's users, in order. Nothing is done for those of others.
    pub fn numbers_of(&self, server: ServerId) -> Rc<[u32]> {
        if let Some(numbers) = self.numbers.borrow().get(&server) {
            return Rc::clone(numbers);
        }
        let places = self.cells_of(server).flat_map(|cell| self.places(cell));
        let mut numbers: Vec<u32> = places
            .map(|place| self.order().invert(u64::from(place)) as u32)
            .collect();
        numbers.sort_unstable();
        let numbers: Rc<[u32]> = numbers.into();
        self.numbers
            .borrow_mut()
            .insert(server, Rc::clone(&numbers));
        numbers
    }

    /// The first message from `number` on by a user of this server.
    pub fn next_of(&self, server: ServerId, number: u32) -> Option<u32> {
        if self.is_found_by_looking(server) {
            return (number..self.count).find(|number| self.cell(*number).0 == server);
        }
        let numbers = self.numbers_of(server);
        let passed = numbers.partition_point(|of| *of < number);
        numbers.get(passed).copied()
    }

    /// The last message among `numbers` by a user of this server.
    pub fn last_of(&self, server: ServerId, numbers: Range<u32>) -> Option<u32> {
        if self.is_found_by_looking(server) {
            let mut back = numbers.rev();
            return back.find(|number| self.cell(*number).0 == server);
        }
        let own = self.numbers_of(server);
        let passed = own.partition_point(|of| *of < numbers.end);
        let last = own[..passed].last().copied();
        last.filter(|last| *last >= numbers.start)
    }

    /// Will a few looks find one of its messages? Then it is not worth while to work out all of them.
    fn is_found_by_looking(&self, server: ServerId) -> bool {
        let own = u64::from(self.count_of(server));
        own * own > u64::from(self.count)
    }

    /// Number of the day's messages by users of this server.
    pub fn count_of(&self, server: ServerId) -> u32 {
        self.cells_of(server)
            .map(|cell| self.places(cell).len() as u32)
            .sum()
    }

    fn cells_of(&self, server: ServerId) -> Range<usize> {
        let first = self.cells.partition_point(|(of, ..)| *of < server);
        let cells = self.cells[first..]
            .iter()
            .take_while(|(of, ..)| *of == server);
        first..first + cells.count()
    }

    /// Author of message `number`.
    pub fn author(&self, number: u32) -> (UserId, ServerId) {
        let (server, _) = self.cell(number);
        let (here, weights) = self.speakers.of(server);
        let address = (u64::from(self.day) << 32) | u64::from(number);
        let mut stream = self.streams.stream(AUTHOR, u64::from(self.room.0), address);
        let index = stream
            .pick_weighted(weights)
            .expect("a server with messages has a speaker");
        (here[index], server)
    }

    /// The day's messages of these numbers by (author's server, has a file).
    pub fn tally(&self, numbers: Range<u32>, mut add: impl FnMut(ServerId, bool, u64)) {
        if numbers == (0..self.count) {
            for (cell, (server, file, _)) in self.cells.iter().enumerate() {
                add(*server, *file, self.places(cell).len() as u64);
            }
        } else {
            for number in numbers {
                let (server, file) = self.cell(number);
                add(server, file, 1);
            }
        }
    }
}
