//! What owners wish: until when each message may be kept, by the policy of its author's home server, by its room, by
//! what its author wants in general, or since its author has redacted it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use crate::journal::{EventNo, RoomId, ServerId, UserId};
use crate::kernel::{SimDuration, SimTime};
use crate::room::{RoomLog, StateKey};

use super::books::Books;

/// Messages of a day are taken to be made at noon when their wishes are counted: so whole days are counted at once.
const NOON: SimDuration = SimDuration::hours(12);

/// Messages of one room that are wished for alike.
#[derive(Debug, Clone)]
pub(super) struct Wished {
    /// How long they may be kept; none: until they were redacted.
    pub(super) lifetime: Option<SimDuration>,
    /// Are their authors users of the measured server?
    pub(super) local: bool,
    /// Is their authors' server dead?
    pub(super) home_dead: bool,
    /// Whose they are, and which of the groups this is.
    authors: (Rc<Authors>, Group),
    /// In order of items.
    parts: Vec<Part>,
    /// Redacted before they had outlived their time: counted there.
    redacted: Vec<EventNo>,
}

/// Some of the items of a range, wished gone from the same moment on.
#[derive(Debug, Clone)]
struct Part {
    range: Range<EventNo>,
    count: u64,
    wish: SimTime,
}

/// The number of a group of a room's messages.
type Group = u16;

/// The author of each item of a part; none of what is no message.
type Lines = Rc<[Option<UserId>]>;

/// Who said what in a room, as far as it was looked up: of the items from one to before another.
#[derive(Debug, Default)]
pub(super) struct Said(RefCell<BTreeMap<(EventNo, EventNo), Lines>>);

impl Said {
    /// The authors of some items, which are a part's.
    fn authors(&self, log: &RoomLog, items: &Range<EventNo>) -> Lines {
        let mut known = self.0.borrow_mut();
        let look_up = || {
            let author = |no| log.is_message(no).then(|| log.author(no).0);
            items.clone().map(author).collect()
        };
        let ends = (items.start, items.end);
        Rc::clone(known.entry(ends).or_insert_with(look_up))
    }
}

/// In which group the messages of each author are.
#[derive(Debug)]
struct Authors {
    of: Of,
    said: Rc<Said>,
    /// The groups of the items from each of these on, as they were looked up: copies begin and end in the middle of a day
    /// on server after server.
    known: RefCell<BTreeMap<EventNo, Rc<[Option<Group>]>>>,
}

#[derive(Debug)]
enum Of {
    /// All users of a server want the same.
    Servers(BTreeMap<ServerId, Group>),
    /// Each user may want something else.
    Users(BTreeMap<UserId, Group>),
}

/// Lifetime, users of the measured server, server dead.
type Key = (SimDuration, bool, bool);

impl Authors {
    /// The group of a message.
    fn group_of(&self, log: &RoomLog, no: EventNo) -> Option<Group> {
        match &self.of {
            Of::Servers(groups) => groups.get(&log.origin(no)).copied(),
            Of::Users(groups) => groups.get(&log.author(no).0).copied(),
        }
    }

    /// The group of each of some items, which are a part's.
    fn groups_in(&self, log: &RoomLog, items: &Range<EventNo>) -> Rc<[Option<Group>]> {
        let mut known = self.known.borrow_mut();
        let look_up = || match &self.of {
            Of::Servers(_) => {
                let group = |no| log.is_message(no).then(|| self.group_of(log, no))?;
                items.clone().map(group).collect()
            }
            Of::Users(groups) => {
                let authors = self.said.authors(log, items);
                let group = |author: &Option<UserId>| groups.get(author.as_ref()?).copied();
                authors.iter().map(group).collect()
            }
        };
        Rc::clone(known.entry(items.start).or_insert_with(look_up))
    }

    /// Counts the messages among items of one day by group.
    fn tally(&self, log: &RoomLog, items: &Range<EventNo>, mut add: impl FnMut(Group, i64)) {
        match &self.of {
            Of::Servers(groups) => log.tally_day(items.clone(), |server, n| {
                let group = groups.get(&server);
                group.into_iter().for_each(|group| add(*group, n));
            }),
            Of::Users(_) => {
                let groups = self.groups_in(log, items);
                groups.iter().flatten().for_each(|group| add(*group, 1));
            }
        }
    }
}

impl Wished {
    /// The wishes for a room's messages, in groups. `lifetime` says how long a server or the room lets messages of the
    /// server's users be kept, at most.
    pub(super) fn of_room(
        books: &Books<'_>,
        room: RoomId,
        said: &Rc<Said>,
        lifetime: &dyn Fn(ServerId) -> Option<SimDuration>,
    ) -> Vec<Wished> {
        let log = &books.logs[room.index()];
        let (of, keys) = groups(books, log, lifetime);
        let authors = Rc::new(Authors {
            of,
            said: Rc::clone(said),
            known: RefCell::default(),
        });
        let mut all: Vec<Wished> = keys
            .into_iter()
            .enumerate()
            .map(|(number, (life, local, home_dead))| Wished {
                lifetime: Some(life),
                local,
                home_dead,
                authors: (Rc::clone(&authors), number as Group),
                parts: Vec::new(),
                redacted: Vec::new(),
            })
            .collect();
        fill(log, books.end, &authors, &mut all);
        add_redactions(books, log, &authors, &mut all);
        all.retain(|group| !group.parts.is_empty());
        all
    }

    /// How many messages are wished gone by now.
    pub(super) fn count(&self) -> u64 {
        let all: u64 = self.parts.iter().map(|part| part.count).sum();
        all - self.redacted.len() as u64
    }

    /// Calls `f` for the messages in a range that were wished gone before a moment: the items among which they are, how
    /// many they are, since when.
    pub(super) fn for_each_in(
        &self,
        log: &RoomLog,
        range: &Range<EventNo>,
        before: SimTime,
        mut f: impl FnMut(Range<EventNo>, u64, SimTime),
    ) {
        let first = self
            .parts
            .partition_point(|part| part.range.end <= range.start);
        let inside = self.parts[first..].iter();
        for part in inside.take_while(|part| part.range.start < range.end) {
            if part.wish >= before {
                continue;
            }
            let both = part.range.start.max(range.start)..part.range.end.min(range.end);
            let all = match both == part.range {
                true => part.count,
                false => self.count_in(log, &part.range, &both),
            };
            let from = self.redacted.partition_point(|no| *no < both.start);
            let until = self.redacted.partition_point(|no| *no < both.end);
            let count = all - (until - from) as u64;
            if count > 0 {
                f(both, count, part.wish);
            }
        }
    }

    /// The group's messages in a part of a piece of the log.
    fn count_in(&self, log: &RoomLog, piece: &Range<EventNo>, items: &Range<EventNo>) -> u64 {
        let (authors, own) = &self.authors;
        let groups = authors.groups_in(log, piece);
        let part = (items.start - piece.start) as usize..(items.end - piece.start) as usize;
        let own = groups[part].iter().filter(|group| **group == Some(*own));
        own.count() as u64
    }
}

/// In which groups a room's authors are, and what these want.
fn groups(
    books: &Books<'_>,
    log: &RoomLog,
    lifetime: &dyn Fn(ServerId) -> Option<SimDuration>,
) -> (Of, Vec<Key>) {
    let members = log.state_events(0, log.len()).iter();
    let members = members.filter_map(|no| match log.state_key(*no) {
        Some(StateKey::Member(user)) => Some(user),
        _ => None,
    });
    let members: BTreeSet<UserId> = members.collect();
    let homes: BTreeSet<ServerId> = members.iter().map(|user| log.home(*user)).collect();
    let homes: BTreeMap<ServerId, Option<SimDuration>> = homes
        .into_iter()
        .map(|home| (home, lifetime(home)))
        .collect();
    let key = |home: ServerId, life| {
        let (local, dead) = (home == books.measured, !books.alive[home.index()]);
        (life, local, dead)
    };
    let mut keys = Keys::default();
    let of = if books.personal_wishes.is_empty() {
        let wanting = homes
            .iter()
            .filter_map(|(home, life)| Some((*home, (*life)?)));
        let groups = wanting.map(|(home, life)| (home, keys.number(key(home, life))));
        Of::Servers(groups.collect())
    } else {
        let groups = members.into_iter().filter_map(|user| {
            let home = log.home(user);
            let own = books.personal_wishes[user.index()];
            let life = homes[&home].into_iter().chain(own).min()?;
            Some((user, keys.number(key(home, life))))
        });
        Of::Users(groups.collect())
    };
    (of, keys.0)
}

/// Groups by what they want, numbered as they come.
#[derive(Default)]
struct Keys(Vec<Key>);

impl Keys {
    fn number(&mut self, key: Key) -> Group {
        let known = self.0.iter().position(|known| *known == key);
        let number = known.unwrap_or_else(|| {
            self.0.push(key);
            self.0.len() - 1
        });
        Group::try_from(number).expect("a room whose servers have thousands of different policies")
    }
}

/// Fills in the messages that have outlived their time at the end.
fn fill(log: &RoomLog, end: SimTime, authors: &Authors, groups: &mut [Wished]) {
    let shortest = groups.iter().filter_map(|group| group.lifetime).min();
    let Some(shortest) = shortest else {
        return;
    };
    let outlived = log.first_at(end.saturating_sub(shortest) + SimDuration::days(1));
    let mut counts = vec![0; groups.len()];
    for (day, items) in log.days(outlived) {
        let noon = SimTime::of_day(u64::from(day)) + NOON;
        counts.fill(0);
        authors.tally(log, &items, |group, n| counts[usize::from(group)] += n);
        for (group, count) in std::iter::zip(groups.iter_mut(), &counts) {
            let wish = noon + group.lifetime.expect("no redactions yet");
            if *count > 0 && wish < end {
                group.parts.push(Part {
                    range: items.clone(),
                    count: *count as u64,
                    wish,
                });
            }
        }
    }
}

/// What its author redacted is wished gone from then on, unless it was before.
fn add_redactions(
    books: &Books<'_>,
    log: &RoomLog,
    authors: &Rc<Authors>,
    groups: &mut Vec<Wished>,
) {
    let mut redacted: BTreeMap<EventNo, SimTime> = BTreeMap::new();
    for (redaction, item) in log.redactions() {
        if *item < log.len() && log.is_message(*item) {
            let at = log.at(*redaction);
            redacted.entry(*item).or_insert(at);
        }
    }
    let mut more: BTreeMap<(bool, bool), Wished> = BTreeMap::new();
    for (item, at) in redacted {
        let group = authors.group_of(log, item);
        if let Some(group) = group.map(|group| &mut groups[usize::from(group)]) {
            let within = group.parts.partition_point(|part| part.range.end <= item);
            let part = group.parts.get(within);
            if let Some(part) = part.filter(|part| part.range.contains(&item)) {
                if part.wish <= at {
                    continue;
                }
                group.redacted.push(item);
            }
        }
        let home = log.origin(item);
        let (local, home_dead) = (home == books.measured, !books.alive[home.index()]);
        let group = more.entry((local, home_dead)).or_insert_with(|| Wished {
            lifetime: None,
            local,
            home_dead,
            // Its parts are single items, of which none is counted again.
            authors: (Rc::clone(authors), Group::MAX),
            parts: Vec::new(),
            redacted: Vec::new(),
        });
        group.parts.push(Part {
            range: item..item + 1,
            count: 1,
            wish: at,
        });
    }
    groups.extend(more.into_values());
}
