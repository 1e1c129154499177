//! Exposure: copies of messages that live on after their owners' wish, how many, for how long, and why.
//!
//! A message's owner is its author; the wish is the shortest of what the author's home server, the room and the author
//! say (`wishes.rs`). A copy counts while its content is there.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::journal::{RoomId, ServerId};
use crate::kernel::{SimDuration, SimTime};

use super::books::{Books, Items, either};
use super::heard::Heard;
use super::measure::kind_name;
use super::network::Everybody;
use super::tenures::Tenure;
use super::wishes::{Said, Wished};

/// Why a copy lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Its server's policy keeps it longer, or for ever.
    KeepsLonger,
    /// Its server's policy would remove it; the purge job has not come to it yet, or passes it over.
    JobLate,
    /// Its author redacted it, and its server does not know, or had not heard yet.
    NotTold,
    /// It was fetched again from another server when its time was over.
    FetchedBack,
    /// A restore brought it back when its time was over.
    Restored,
    /// The home server of its author is dead, and nobody speaks for the owner any more.
    HomeDead,
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 6] = [
        Cause::KeepsLonger,
        Cause::JobLate,
        Cause::NotTold,
        Cause::FetchedBack,
        Cause::Restored,
        Cause::HomeDead,
    ];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Cause::KeepsLonger => "keeps-longer",
            Cause::JobLate => "job-late",
            Cause::NotTold => "not-told",
            Cause::FetchedBack => "fetched-back",
            Cause::Restored => "restored",
            Cause::HomeDead => "home-dead",
        }
    }
}

/// One row of `exposure.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposureRow {
    /// `public`, `private`, `direct`.
    pub room_kind: &'static str,
    /// `local` (users of the measured server) or `remote`.
    pub owner: &'static str,
    /// Why the copies live on; none: for whatever reason.
    pub cause: Option<Cause>,
    /// Messages whose owners wish them gone by now.
    pub wished: u64,
    /// Of these: on at least one server for this cause.
    pub exposed: u64,
    /// Their copies for this cause.
    pub copies: u64,
    /// Sum over all copies of the whole days for which they outlived the wish, until now.
    pub copy_days: u64,
}

/// One row of `exposure_over_time.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposureStep {
    /// The beginning of a day.
    pub at: SimTime,
    /// Why the copies live on.
    pub cause: Cause,
    /// How many did.
    pub copies: u64,
}

/// Both tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposure {
    /// In order of kind, owner and cause, all causes together first.
    pub rows: Vec<ExposureRow>,
    /// In order of time; days on which no number changes are left out.
    pub over_time: Vec<ExposureStep>,
    /// What people of the measured server want themselves, whatever policies say.
    pub unheeded: Unheeded,
}

/// Messages that their authors, users of the measured server, wish gone at the end: by `people.wishes`, or since they
/// redacted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unheeded {
    /// All of them.
    pub wished: u64,
    /// Of these: on at least one server that is not dead, with their content.
    pub exposed: u64,
}

#[derive(Debug, Default)]
struct Sum {
    wished: u64,
    exposed: u64,
    copies: u64,
    copy_millis: u128,
}

type Key = (&'static str, &'static str, Option<Cause>);

/// Copies of one group of messages that live on for one cause.
#[derive(Debug, Default)]
struct OfCause {
    copies: u64,
    copy_millis: u128,
    /// The items among which they are.
    exposed: Items,
}

impl OfCause {
    /// For whatever cause.
    fn all(causes: &[OfCause]) -> OfCause {
        OfCause {
            copies: causes.iter().map(|of| of.copies).sum(),
            copy_millis: causes.iter().map(|of| of.copy_millis).sum(),
            exposed: causes
                .iter()
                .fold(Items::new(), |all, of| either(&all, &of.exposed)),
        }
    }
}

#[derive(Debug, Default)]
struct Sums {
    rows: BTreeMap<Key, Sum>,
    /// By how much the number of copies changes on a day.
    changes: BTreeMap<(u64, Cause), i64>,
}

/// Measures the exposure of all messages.
pub(super) fn exposure(books: &Books<'_>, everybody: &Everybody<'_>, heard: &Heard) -> Exposure {
    let mut sums = Sums::default();
    let mut unheeded = Unheeded::default();
    for room in (0..books.logs.len()).map(|room| RoomId(room as u32)) {
        let of_room = books.rooms[room.index()].max_lifetime;
        let lifetime = |server| {
            let of_home = (everybody.wished)(server, room);
            of_home.into_iter().chain(of_room).min()
        };
        let said = Rc::default();
        let groups = Wished::of_room(books, room, &said, &lifetime);
        if !groups.is_empty() {
            let tenures = tenures(books, heard, room);
            for group in &groups {
                add(books, everybody, room, group, &tenures, &mut sums);
            }
        }
        add_unheeded(books, room, &said, &mut unheeded);
    }
    sums.finish(unheeded)
}

fn add_unheeded(books: &Books<'_>, room: RoomId, said: &Rc<Said>, unheeded: &mut Unheeded) {
    let log = &books.logs[room.index()];
    if books.personal_wishes.is_empty() && log.redactions().is_empty() {
        return;
    }
    let copies = books.copies[room.index()].iter();
    let alive = copies.filter(|server| books.alive[server.index()]);
    let whole = alive.map(|server| books.holdings[server.index()][&room].whole());
    let somewhere = whole.fold(Items::new(), |all, whole| either(&all, &whole));
    let groups = Wished::of_room(books, room, said, &|_| None);
    for group in groups.iter().filter(|group| group.local) {
        unheeded.wished += group.count();
        for range in somewhere.iter() {
            let mut add = |_, count, _| unheeded.exposed += count;
            group.for_each_in(log, range, books.end, &mut add);
        }
    }
}

/// The tenures of all servers that have a copy of a room, or had one.
fn tenures(books: &Books<'_>, heard: &Heard, room: RoomId) -> Vec<(ServerId, Vec<Tenure>)> {
    let nothing = Items::new();
    let mut known: BTreeSet<ServerId> = heard.tenures.servers(room).collect();
    known.extend(&books.copies[room.index()]);
    known
        .into_iter()
        .map(|server| {
            let held = books.holdings[server.index()].get(&room);
            let whole = held.map(|held| held.whole());
            let whole = whole.as_ref().unwrap_or(&nothing);
            (server, heard.tenures.of((server, room), whole))
        })
        .collect()
}

/// Adds the copies of one group of messages.
fn add(
    books: &Books<'_>,
    everybody: &Everybody<'_>,
    room: RoomId,
    group: &Wished,
    tenures: &[(ServerId, Vec<Tenure>)],
    sums: &mut Sums,
) {
    let log = &books.logs[room.index()];
    let kind = kind_name(books.rooms[room.index()].kind);
    let owner = if group.local { "local" } else { "remote" };
    let mut causes: [OfCause; Cause::ALL.len()] = Default::default();
    for (server, tenures) in tenures {
        let usual = usual_cause(group, (everybody.kept_for)(*server, room));
        for tenure in tenures {
            let until = tenure.until.unwrap_or(books.end);
            group.for_each_in(log, &tenure.items, until, |items, count, wish| {
                let late = tenure.since.filter(|since| since.at > wish);
                let cause = match late {
                    _ if group.home_dead => Cause::HomeDead,
                    Some(since) if since.restored => Cause::Restored,
                    Some(_) => Cause::FetchedBack,
                    None => usual,
                };
                let from = late.map_or(wish, |since| since.at);
                sums.outlived(cause, count, from, tenure.until);
                let of_cause = &mut causes[cause as usize];
                of_cause.copy_millis += u128::from(until.since(from).0) * u128::from(count);
                if tenure.until.is_none() {
                    of_cause.copies += count;
                    of_cause.exposed.insert(items);
                }
            });
        }
    }
    let all = OfCause::all(&causes);
    let named = Cause::ALL.map(Some).into_iter().zip(causes);
    for (cause, of_cause) in std::iter::once((None, all)).chain(named) {
        let sum = sums.rows.entry((kind, owner, cause)).or_default();
        sum.wished += group.count();
        sum.copies += of_cause.copies;
        sum.copy_millis += of_cause.copy_millis;
        for range in of_cause.exposed.iter() {
            let mut add = |_, count, _| sum.exposed += count;
            group.for_each_in(log, range, books.end, &mut add);
        }
    }
}

/// Why a server still has messages that it has had since before their time was over.
fn usual_cause(group: &Wished, kept_for: Option<SimDuration>) -> Cause {
    match (group.lifetime, kept_for) {
        (None, _) => Cause::NotTold,
        (Some(wished), Some(kept)) if kept <= wished => Cause::JobLate,
        _ => Cause::KeepsLonger,
    }
}

impl Sums {
    /// What is there at the end has no end yet.
    fn outlived(&mut self, cause: Cause, count: u64, from: SimTime, until: Option<SimTime>) {
        *self.changes.entry((from.day(), cause)).or_default() += count as i64;
        if let Some(until) = until {
            *self.changes.entry((until.day(), cause)).or_default() -= count as i64;
        }
    }

    fn finish(self, unheeded: Unheeded) -> Exposure {
        let row = |((room_kind, owner, cause), sum): (Key, Sum)| ExposureRow {
            room_kind,
            owner,
            cause,
            wished: sum.wished,
            exposed: sum.exposed,
            copies: sum.copies,
            copy_days: (sum.copy_millis / u128::from(SimDuration::days(1).0)) as u64,
        };
        let mut now: BTreeMap<Cause, i64> = BTreeMap::new();
        let changes = self.changes.into_iter().filter(|(_, change)| *change != 0);
        let step = |((day, cause), change): ((u64, Cause), i64)| {
            let copies = now.entry(cause).or_default();
            *copies += change;
            ExposureStep {
                at: SimTime(day * SimDuration::days(1).0),
                cause,
                copies: u64::try_from(*copies).expect("no more ends than begins"),
            }
        };
        Exposure {
            over_time: changes.map(step).collect(),
            rows: self.rows.into_iter().map(row).collect(),
            unheeded,
        }
    }
}
