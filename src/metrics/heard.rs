//! What the tables about the whole network need of the journal, gathered fact by fact: so the facts of all servers
//! need not stand in memory.

use std::collections::BTreeMap;

use rangemap::RangeMap;

use crate::journal::{EventNo, Fact, RoomId, ServerId, What};
use crate::kernel::SimTime;

use super::books::Items;
use super::tenures::Tenures;

/// How often a server was struck, by what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strikes {
    /// Stopped, or standing still.
    pub outages: u64,
    /// Gone back to a backup.
    pub restores: u64,
    /// Put on an incomplete copy of its database.
    pub failed_copies: u64,
    /// Without its files.
    pub media_losses: u64,
    /// With a new signing key.
    pub key_losses: u64,
    /// Gone for ever.
    pub deaths: u64,
}

impl std::ops::AddAssign for Strikes {
    fn add_assign(&mut self, more: Strikes) {
        self.outages += more.outages;
        self.restores += more.restores;
        self.failed_copies += more.failed_copies;
        self.media_losses += more.media_losses;
        self.key_losses += more.key_losses;
        self.deaths += more.deaths;
    }
}

/// What was heard of all servers.
#[derive(Debug, Clone)]
pub struct Heard {
    strikes: Vec<Strikes>,
    /// When each server's database was last replaced.
    replaced_at: Vec<Option<SimTime>>,
    /// Items that servers gained, with the last replacement before they did.
    gained: BTreeMap<(ServerId, RoomId), RangeMap<EventNo, SimTime>>,
    /// Since when and until when servers held items.
    pub(super) tenures: Tenures,
}

impl Heard {
    /// Nothing yet, of so many servers.
    pub fn new(servers: usize) -> Heard {
        Heard {
            strikes: vec![Strikes::default(); servers],
            replaced_at: vec![None; servers],
            gained: BTreeMap::new(),
            tenures: Tenures::default(),
        }
    }

    /// Takes in a fact. Facts arrive in order of time.
    pub fn hear(&mut self, fact: &Fact) {
        self.tenures.hear(fact);
        match *fact {
            Fact::Struck { at, server, fault } => self.struck(at, server, fault),
            Fact::Gained {
                server,
                what: What::Items { room, first, last },
                ..
            } => {
                // Who never lost anything gets nothing back.
                if let Some(at) = self.replaced_at[server.index()] {
                    let gained = self.gained.entry((server, room)).or_default();
                    gained.insert(first..last + 1, at);
                }
            }
            _ => {}
        }
    }

    fn struck(&mut self, at: SimTime, server: ServerId, fault: &str) {
        if matches!(fault, "restore" | "failed-copy") {
            self.replaced_at[server.index()] = Some(at);
        }
        let strikes = &mut self.strikes[server.index()];
        match fault {
            "stop" | "freeze" => strikes.outages += 1,
            "restore" => strikes.restores += 1,
            "failed-copy" => strikes.failed_copies += 1,
            "media-loss" => strikes.media_losses += 1,
            "key-loss" => strikes.key_losses += 1,
            "death" => strikes.deaths += 1,
            _ => {}
        }
    }

    /// How often a server was struck.
    pub(super) fn strikes(&self, server: ServerId) -> Strikes {
        self.strikes[server.index()]
    }

    /// Items of a room that a server gained since its database was replaced at that moment, whatever became of them.
    pub(super) fn gained_since(&self, server: ServerId, room: RoomId, at: SimTime) -> Items {
        let gained = self.gained.get(&(server, room)).into_iter();
        let gained = gained.flat_map(RangeMap::iter);
        let since = gained.filter(|(_, replaced_at)| **replaced_at >= at);
        since.map(|(range, _)| range.clone()).collect()
    }
}
