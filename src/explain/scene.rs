//! A whole run as it looks from one server, in pieces of time that a page can play back and forth.
//!
//! Rooms are lanes; the time at which items were made is cut into bins; a cell is what one room has of one bin. The run is
//! cut into moments, close together where much happens. All that a page need know of a moment is what has changed since
//! the moment before, so its size hangs on rooms, bins and moments, and not on the length of the journal.

mod cells;
mod network;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::journal::{Fact, RoomId, ServerId};
use crate::kernel::SimTime;
use crate::metrics::{Items, RoomItems, all_room_items};

use super::{Account, View};
use cells::Cells;

/// Bins into which the time of making is cut.
const BINS: usize = 120;
/// Moments at equal distances, and those at equal numbers of facts.
const EVEN_MOMENTS: u64 = 200;
const BUSY_MOMENTS: usize = 400;
/// Lanes that can be told apart on a page; of more rooms, those that lost most are shown, then the largest.
const MOST_LANES: usize = 80;
/// Servers that can be told apart on a map.
const MOST_SERVERS: usize = 100;

/// Where items of a cell are, while the run goes on. What is missing may still come back, so `stranded` and `lost` are
/// known at the end only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// There, with their content.
    Held = 0,
    /// There, without it.
    Shell = 1,
    /// Not there.
    Missing = 2,
    /// Gone by the server's own policy.
    Expired = 3,
}

/// All of it. Times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize)]
pub struct Scene {
    /// What the scenario is called.
    pub title: String,
    /// Key of all its luck.
    pub seed: u64,
    /// Whose copies of the rooms are shown: a number in `servers`.
    pub viewpoint: usize,
    /// First and last moment of the run.
    pub span: (u64, u64),
    /// Servers that are shown, those with most rooms in common with the viewpoint first.
    pub servers: Vec<Place>,
    /// Servers that are not.
    pub other_servers: usize,
    /// Rooms that are shown.
    pub lanes: Vec<Lane>,
    /// Rooms that are not.
    pub other_rooms: usize,
    /// When each bin begins.
    pub bins: Vec<u64>,
    /// Items of each cell by phase, as if all of them had been made at the beginning: lane, bin, phase, items.
    pub cells: Vec<(usize, usize, u8, u32)>,
    /// Items of each cell at the end: lane, bin; held, shell, stranded, lost, expired.
    pub account: Vec<(usize, usize, [u64; 5])>,
    /// The moments.
    pub moments: Vec<Moment>,
}

/// A server on the map.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Accounts at the end.
    pub users: u64,
    /// Rooms in common with the viewpoint.
    pub shared_rooms: u64,
}

/// A room.
#[derive(Debug, Clone, Serialize)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// `public`, `private` or `direct`.
    pub kind: &'static str,
    /// Servers with a copy.
    pub servers: usize,
    /// The first item of each bin.
    pub first_items: Vec<u32>,
    /// Its messages at the end.
    pub messages: Account,
}

/// What has changed since the moment before.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Moment {
    /// When.
    pub at: u64,
    /// Cells: lane, bin, phase before, phase after, items.
    pub changes: Vec<(usize, usize, u8, u8, u32)>,
    /// What was done to servers: server, fault.
    pub struck: Vec<(usize, &'static str)>,
    /// Links that were cut or mended: two servers, is it cut?
    pub cuts: Vec<(usize, usize, bool)>,
    /// Items that the viewpoint got: from which server, how many.
    pub given: Vec<(usize, u64)>,
}

impl Moment {
    /// Makes one of all changes of a cell from one phase to another: there may be as many as facts.
    fn sum_up(&mut self) {
        let mut sums = BTreeMap::new();
        for (lane, bin, before, after, items) in self.changes.drain(..) {
            *sums.entry((lane, bin, before, after)).or_default() += items;
        }
        let sum = |((lane, bin, before, after), items)| (lane, bin, before, after, items);
        self.changes = sums.into_iter().map(sum).collect();
    }
}

impl View<'_> {
    /// The run, to be played back and forth.
    pub fn scene(&self) -> Scene {
        let world = self.world();
        let (start, end) = (world.start, self.books.end);
        let items = all_room_items(&self.books, self.journal());
        let count = |items: &Items| items.iter().map(|range| range.len()).sum::<usize>();
        let begun = items.iter().filter(|(_, items)| !items.should.is_empty());
        let rank = |(room, items): (&RoomId, &RoomItems)| {
            (Reverse((count(&items.gone), count(&items.should))), *room)
        };
        let mut rooms: Vec<_> = begun.map(rank).collect();
        rooms.sort_unstable();
        let mut rooms: Vec<RoomId> = rooms.into_iter().map(|(_, room)| room).collect();
        let other_rooms = rooms.len().saturating_sub(MOST_LANES);
        rooms.truncate(MOST_LANES);
        rooms.sort_unstable();

        let bins = bins(start, end);
        let mut moments = self.moments(start, end);
        let mut cells = Cells::default();
        let mut lanes = Vec::new();
        for room in rooms {
            let lane = self.lane(room, &items[&room], &bins);
            self.fill(
                &mut cells,
                &mut moments,
                (lanes.len(), &lane),
                room,
                &items[&room],
            );
            lanes.push(lane);
        }
        moments.iter_mut().for_each(Moment::sum_up);
        let (servers, other_servers) = self.places();
        self.befall(&mut moments, &servers);
        Scene {
            title: self.past.scenario().title.clone(),
            seed: world.seed,
            viewpoint: servers
                .iter()
                .position(|server| *server == self.of)
                .unwrap_or(0),
            span: (start.0, end.0),
            servers: servers.iter().map(|server| self.place(*server)).collect(),
            other_servers,
            lanes,
            other_rooms,
            bins: bins.iter().map(|bin| bin.0).collect(),
            cells: cells.begun,
            account: cells.account,
            moments,
        }
    }

    /// Moments: some at equal distances, others where the viewpoint gains or loses something, and each at which something
    /// is done to it.
    fn moments(&self, start: SimTime, end: SimTime) -> Vec<Moment> {
        let span = end.0.saturating_sub(start.0);
        let even = (0..=EVEN_MOMENTS).map(|part| start.0 + span * part / EVEN_MOMENTS);
        let facts: Vec<&Fact> = self.facts().collect();
        let step = facts.len().div_ceil(BUSY_MOMENTS).max(1);
        let busy = facts
            .iter()
            .skip(step - 1)
            .step_by(step)
            .map(|fact| fact.at().0);
        let strikes = facts
            .iter()
            .filter(|fact| matches!(fact, Fact::Struck { .. }));
        let strikes = strikes.map(|fact| fact.at().0).take(BUSY_MOMENTS);
        let mut times: Vec<u64> = even.chain(busy).chain(strikes).collect();
        times.sort_unstable();
        times.dedup();
        let moment = |at| Moment {
            at,
            ..Moment::default()
        };
        times.into_iter().map(moment).collect()
    }
}

fn bins(start: SimTime, end: SimTime) -> Vec<SimTime> {
    let span = end.0.saturating_sub(start.0).max(BINS as u64);
    let bins = 0..BINS as u64;
    bins.map(|bin| SimTime(start.0 + span * bin / BINS as u64))
        .collect()
}

/// The first moment that is not before a time.
fn moment_of(moments: &[Moment], at: SimTime) -> usize {
    let later = moments.partition_point(|moment| moment.at < at.0);
    later.min(moments.len() - 1)
}

fn number_of(servers: &[ServerId], server: ServerId) -> Option<usize> {
    servers.iter().position(|shown| *shown == server)
}
