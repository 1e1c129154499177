//! The log of one room: every item that was ever made in it, numbered in the order of creation.
//!
//! Drawn messages on an unbroken chain are kept as runs; everything else is kept item by item.

mod days;
mod deletions;
mod drawn;
mod founding;
mod members;
mod pieces;
mod redactions;
mod resolutions;
mod signatures;
mod wishes;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use crate::journal::{EventNo, RoomId, ServerId, UserId};
use crate::kernel::{SimTime, Streams};

use super::{Body, Day, Pdu, StateKey, StateMap, Times, Traffic, TrafficRef};
pub use members::Present;
pub use pieces::Piece;
use redactions::Redactions;
pub use resolutions::Grounds;
use resolutions::Resolutions;
pub use wishes::Wishes;

/// Home server and weight of every user of the world.
pub type People = Rc<Vec<(ServerId, u32)>>;

#[derive(Debug, Clone)]
enum Entry {
    /// `len` drawn messages, each on top of the item before it. Of each day after that of the first, `start`, they are
    /// the day's first items and its first messages.
    Run {
        first: EventNo,
        len: u32,
        start: TrafficRef,
        depth: u32,
    },
    /// A single item.
    One { first: EventNo, pdu: Box<Pdu> },
}

impl Entry {
    fn first(&self) -> EventNo {
        match self {
            Entry::Run { first, .. } | Entry::One { first, .. } => *first,
        }
    }

    fn end(&self) -> EventNo {
        match self {
            Entry::Run { first, len, .. } => first + len,
            Entry::One { first, .. } => first + 1,
        }
    }

    /// Depth of its first item.
    fn depth(&self) -> u32 {
        match self {
            Entry::Run { depth, .. } => *depth,
            Entry::One { pdu, .. } => pdu.depth,
        }
    }
}

/// The log of one room.
#[derive(Debug, Clone)]
pub struct RoomLog {
    room: RoomId,
    traffic: Traffic,
    streams: Streams,
    users: People,
    entries: Vec<Entry>,
    /// Of each entry: the largest depth of all entries before it.
    deepest_before: Vec<u32>,
    /// Of each entry: the smallest depth of it and all entries after it.
    shallowest_from: Vec<u32>,
    /// Entries that begin no deeper than all before them have come.
    aside: Vec<usize>,
    len: EventNo,
    /// State after an item, where it is not that after the item before it.
    states: BTreeMap<EventNo, StateMap>,
    state_events: Vec<EventNo>,
    redactions: Redactions,
    /// Of each server that ever replaced its signing key: when.
    key_changes: BTreeMap<ServerId, Vec<SimTime>>,
    wishes: Rc<Wishes>,
    /// What is taken back of the day last looked at.
    deletions: RefCell<Option<deletions::OfDay>>,
    /// Items that stand on an item other than the one just before them, by that item.
    branches: BTreeMap<EventNo, Vec<EventNo>>,
    /// Members who at some time could not speak: from which day on they could not, or could again.
    silenced: BTreeMap<UserId, Vec<(u32, bool)>>,
    /// Members who speak for others, too: for how many.
    crowds: BTreeMap<UserId, u32>,
    /// The first item of each day that has one.
    days: Vec<(u32, EventNo)>,
    /// The days last looked at, each for the speakers after an item, the last one first: looks come in clusters.
    drawn: RefCell<Vec<(u32, EventNo, Rc<Day>)>>,
    /// The number of messages of the day last looked at.
    count: Cell<Option<(u32, u32)>>,
    /// Times of the days last looked at, the last one first.
    times: RefCell<Vec<(u32, Rc<Times>)>>,
    /// Who can speak, as it was last asked for.
    speakers: RefCell<Option<drawn::Spell>>,
    /// Who is in the room after the newest item, and since which of `states`.
    present: RefCell<Option<(EventNo, Rc<Present>)>>,
    /// Resolutions of conflicting states that were lately asked for.
    resolutions: RefCell<Resolutions>,
    /// What the state after an item rests on, as it was last asked for.
    grounds: RefCell<Option<(EventNo, Rc<Grounds>)>>,
}

impl RoomLog {
    /// An empty log.
    pub fn new(traffic: Traffic, streams: Streams, users: People) -> Self {
        RoomLog {
            room: traffic.room,
            traffic,
            streams,
            users,
            entries: Vec::new(),
            deepest_before: Vec::new(),
            shallowest_from: Vec::new(),
            aside: Vec::new(),
            len: 0,
            states: BTreeMap::new(),
            state_events: Vec::new(),
            redactions: Redactions::default(),
            key_changes: BTreeMap::new(),
            wishes: Rc::default(),
            deletions: RefCell::default(),
            branches: BTreeMap::new(),
            silenced: BTreeMap::new(),
            crowds: BTreeMap::new(),
            days: Vec::new(),
            drawn: RefCell::default(),
            count: Cell::default(),
            times: RefCell::default(),
            speakers: RefCell::new(None),
            present: RefCell::new(None),
            resolutions: RefCell::default(),
            grounds: RefCell::default(),
        }
    }

    /// Which room.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// Number of items ever made.
    pub fn len(&self) -> EventNo {
        self.len
    }

    /// Has the room not been created yet?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The newest item, by creation.
    pub fn last(&self) -> Option<EventNo> {
        self.len.checked_sub(1)
    }

    /// Home server of a user.
    pub fn home(&self, user: UserId) -> ServerId {
        self.users[user.index()].0
    }

    /// The room's drawn traffic.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Appends an item. `state_after` is needed where the item sets state or does not simply follow the
    /// newest item.
    pub fn push(&mut self, pdu: Pdu, state_after: StateMap) -> EventNo {
        let no = self.len;
        self.begin_day(pdu.at.day() as u32);
        let is_state = pdu.body.state_key().is_some();
        if is_state {
            self.state_events.push(no);
        }
        if let Body::Redaction(target) = pdu.body {
            self.redactions.push(no, target);
        }
        let is_as_before =
            |log: &RoomLog| log.newest_state().is_some_and(|of| of.ptr_eq(&state_after));
        if is_state || !self.is_chain(&pdu.prev_events) && !is_as_before(self) {
            self.states.insert(no, state_after);
        }
        for prev in pdu.prev_events.iter().filter(|prev| **prev + 1 != no) {
            self.branches.entry(*prev).or_default().push(no);
        }
        self.begin_entry(Entry::One {
            first: no,
            pdu: Box::new(pdu),
        });
        self.len += 1;
        no
    }

    /// Would an item with these parents simply follow the newest one?
    pub fn is_chain(&self, prev_events: &[EventNo]) -> bool {
        match self.last() {
            Some(last) => prev_events == [last],
            None => prev_events.is_empty(),
        }
    }

    /// Appends `len` drawn messages of a day, each on top of the one before.
    pub fn push_run(&mut self, start: TrafficRef, len: u32) {
        if len == 0 {
            return;
        }
        self.begin_day(start.day);
        debug_assert_eq!(
            self.days.last().map(|(day, _)| *day),
            Some(start.day),
            "days in order"
        );
        let continues = self.continues(start);
        match self.entries.last_mut() {
            Some(Entry::Run { len: so_far, .. }) if continues => *so_far += len,
            _ => {
                let depth = self.last().map_or(1, |last| self.depth(last) + 1);
                self.begin_entry(Entry::Run {
                    first: self.len,
                    len,
                    start,
                    depth,
                });
            }
        }
        self.len += len;
    }

    /// Does the item simply follow the one before it?
    pub fn is_on_top(&self, no: EventNo) -> bool {
        match self.entry(no) {
            Entry::Run { .. } => true,
            Entry::One { pdu, .. } => no > 0 && pdu.prev_events == [no - 1],
        }
    }

    fn entry(&self, no: EventNo) -> &Entry {
        let index = self.entries.partition_point(|entry| entry.first() <= no);
        &self.entries[index - 1]
    }

    /// The first of the drawn messages, each on top of the one before, that end with this item; the item
    /// itself if it is kept singly.
    pub fn run_start(&self, no: EventNo) -> EventNo {
        self.entry(no).first()
    }

    /// `depth`
    pub fn depth(&self, no: EventNo) -> u32 {
        match self.entry(no) {
            Entry::Run { first, depth, .. } => depth + (no - first),
            Entry::One { pdu, .. } => pdu.depth,
        }
    }

    /// Calls `f` for each of `prev_events`.
    pub fn for_each_prev(&self, no: EventNo, mut f: impl FnMut(EventNo)) {
        match self.entry(no) {
            Entry::Run { .. } => f(no - 1),
            Entry::One { pdu, .. } => pdu.prev_events.iter().copied().for_each(f),
        }
    }

    /// `prev_events`
    pub fn prev_events(&self, no: EventNo) -> Vec<EventNo> {
        let mut prev_events = Vec::new();
        self.for_each_prev(no, |prev| prev_events.push(prev));
        prev_events
    }

    /// Items that name this one in their `prev_events`, in order of creation.
    pub fn successors(&self, no: EventNo) -> impl Iterator<Item = EventNo> + '_ {
        let next = no + 1;
        let follows = next < self.len
            && match self.entry(next) {
                Entry::Run { .. } => true,
                Entry::One { pdu, .. } => pdu.prev_events.contains(&no),
            };
        let branches = self.branches.get(&no).map_or(&[][..], Vec::as_slice);
        follows
            .then_some(next)
            .into_iter()
            .chain(branches.iter().copied())
    }

    /// `auth_events`; those of drawn messages are in the state before them and not spelt out.
    pub fn auth_events(&self, no: EventNo) -> &[EventNo] {
        match self.entry(no) {
            Entry::Run { .. } => &[],
            Entry::One { pdu, .. } => &pdu.auth_events,
        }
    }

    /// The item as kept, unless it is part of a run.
    pub fn single(&self, no: EventNo) -> Option<&Pdu> {
        match self.entry(no) {
            Entry::Run { .. } => None,
            Entry::One { pdu, .. } => Some(pdu),
        }
    }

    /// Is it a message (drawn or scripted)?
    pub fn is_message(&self, no: EventNo) -> bool {
        self.single(no).is_none_or(|pdu| pdu.body.is_message())
    }

    /// Does it change nothing but the graph, as messages and dummies do?
    pub fn is_plain(&self, no: EventNo) -> bool {
        self.single(no).is_none_or(|pdu| pdu.body.is_plain())
    }

    /// The state that an item sets.
    pub fn state_key(&self, no: EventNo) -> Option<StateKey> {
        self.single(no).and_then(|pdu| pdu.body.state_key())
    }

    /// Sender and the sender's server.
    pub fn author(&self, no: EventNo) -> (UserId, ServerId) {
        match self.entry(no) {
            Entry::Run { first, start, .. } => {
                let message = self.in_run(*first, *start, no);
                self.said_on(message.day).author(message.number)
            }
            Entry::One { pdu, .. } => (pdu.sender, pdu.origin),
        }
    }

    /// The sender's server.
    pub fn origin(&self, no: EventNo) -> ServerId {
        match self.entry(no) {
            Entry::Run { first, start, .. } => {
                let message = self.in_run(*first, *start, no);
                self.said_on(message.day).cell(message.number).0
            }
            Entry::One { pdu, .. } => pdu.origin,
        }
    }

    /// `origin_server_ts`
    pub fn at(&self, no: EventNo) -> SimTime {
        match self.entry(no) {
            Entry::Run { first, start, .. } => {
                let message = self.in_run(*first, *start, no);
                self.times(message.day).at(message.number)
            }
            Entry::One { pdu, .. } => pdu.at,
        }
    }

    /// State after an item.
    pub fn state_after(&self, no: EventNo) -> &StateMap {
        self.state_entry(no).1
    }

    /// The item whose state is that after the given one.
    fn state_since(&self, no: EventNo) -> EventNo {
        *self.state_entry(no).0
    }

    /// The items from the given one on after which the state is the same.
    pub fn with_same_state(&self, no: EventNo) -> Range<EventNo> {
        let next = self.states.range(no + 1..).next();
        no..next.map_or(self.len, |(next, _)| *next)
    }

    fn state_entry(&self, no: EventNo) -> (&EventNo, &StateMap) {
        let until = self.states.range(..=no).next_back();
        until.expect("the create event has a state after it")
    }

    /// The state events among items `first..end`.
    pub fn state_events(&self, first: EventNo, end: EventNo) -> &[EventNo] {
        let from = self.state_events.partition_point(|no| *no < first);
        let to = self.state_events.partition_point(|no| *no < end);
        &self.state_events[from..to]
    }
}
