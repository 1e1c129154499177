//! A central service: one operator, one logical copy, and tenants who can reach it or not.
//!
//! The operator decides who is let in, to which copy it goes back after a failure, and what is deleted when. It
//! sees its own books, the time and one cue; it knows no item, no other truth and no queue. A copy is a point in
//! time: whoever carries an effect out knows which items are older.
//!
//! The ladder after a deletion by mistake, each rung where the one before fails: the log of changes (loses at most
//! `rpo`, reaches back `pitr`), the newest snapshot that is still kept, the tenant's own export, nothing. Replicas are
//! no rung: in step as they are, they have deleted too. Of a lost region the copy in another one takes over.

mod rules;

pub use rules::Rules;

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{RoomId, ServerId};
use crate::kernel::{Purpose, SimDuration, SimTime, Streams};

const LAG: Purpose = Purpose::new("central.lag");
const NOTICED: Purpose = Purpose::new("central.noticed");
const RTO: Purpose = Purpose::new("central.rto");
const UNUSABLE: Purpose = Purpose::new("central.unusable");
const REDELETE: Purpose = Purpose::new("central.redelete");
const EXPORTS: Purpose = Purpose::new("central.exports");
const FREE: Purpose = Purpose::new("central.free");

/// Whom something concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// One tenant.
    Tenant(ServerId),
    /// Every tenant.
    All,
}

/// What happens to the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// Somebody deletes all that a tenant has, by mistake.
    Deleted(ServerId),
    /// The region in which the service runs is gone.
    RegionLost,
    /// The service ends for ever.
    Closed,
    /// These are kept out, or wish to be.
    Barred(Who),
    /// They are let in again.
    Admitted(Who),
    /// A tenant's administrators set a lifetime that nobody wanted.
    WrongPolicy(ServerId),
    /// A timer rings.
    Rang(Timer),
}

/// What the operator wants to be reminded of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum Timer {
    /// A deletion by mistake of that moment is noticed.
    Noticed { tenant: ServerId, at: SimTime },
    /// A restore is over; the tenant has this export to add.
    Ready { who: Who, import: Option<SimTime> },
    /// The job that deletes what is too old.
    Job,
}

/// What the operator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum Effect {
    /// These reach nothing from now on, and nobody else reaches what is theirs.
    Down(Who),
    /// These reach nothing; what is theirs stays.
    Bar(Who),
    /// It is let in, and what is theirs can be reached.
    Admit(ServerId),
    /// What these had is, from now on, what a copy of that point in time has (nothing, if there is none), and what was
    /// written since the failure at `failed`. `redelete`: what was deleted since that point is deleted again.
    GoBack {
        who: Who,
        to: Option<SimTime>,
        failed: SimTime,
        redelete: bool,
    },
    /// A tenant brings its export of that moment.
    Import { tenant: ServerId, of: SimTime },
    /// Messages of a room that were made before then are deleted.
    Delete { room: RoomId, before: SimTime },
    /// They are no longer shown.
    Hide { room: RoomId, before: SimTime },
    /// Wake me.
    Wake { at: SimTime, timer: Timer },
}

/// Why a tenant is kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bar {
    Failure,
    Region,
    LockOut,
}

/// The operator and its books.
#[derive(Debug, Clone)]
pub struct Operator {
    rules: Rules,
    streams: Streams,
    start: SimTime,
    bars: BTreeMap<ServerId, BTreeSet<Bar>>,
    /// Each room's owner, and the lifetime that this one wants for its messages.
    rooms: BTreeMap<RoomId, (ServerId, Option<SimDuration>)>,
    closed: bool,
}

impl Operator {
    /// An operator of so many tenants, with no rooms yet.
    pub fn new(rules: Rules, streams: Streams, start: SimTime, tenants: u32) -> Operator {
        let bars = (0..tenants).map(|tenant| (ServerId(tenant), BTreeSet::new()));
        Operator {
            rules,
            streams,
            start,
            bars: bars.collect(),
            rooms: BTreeMap::new(),
            closed: false,
        }
    }

    /// A tenant makes a room, and wants its messages to live so long.
    pub fn take_room(&mut self, room: RoomId, owner: ServerId, life: Option<SimDuration>) {
        self.rooms.insert(room, (owner, life));
    }

    /// How long messages of a room are kept: as their owner wants, and not longer than it pays for.
    pub fn kept_for(&self, room: RoomId) -> Option<SimDuration> {
        let (owner, life) = self.rooms.get(&room)?;
        let free = self.is_free(*owner).then_some(self.rules.free_tier_deleted);
        life.iter().copied().chain(free).min()
    }

    /// Has the service ended?
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Decides what follows from a cue.
    pub fn react(&mut self, now: SimTime, cue: Cue, out: &mut Vec<Effect>) {
        if self.closed {
            return;
        }
        match cue {
            Cue::Deleted(tenant) => self.deleted(now, tenant, out),
            Cue::RegionLost => {
                let to = now.saturating_sub(self.rules.region_lag);
                self.keep_out(Who::All, Bar::Region, out);
                self.go_back(now, Who::All, Some(to), now, out);
                self.wake_ready(now, Who::All, None, out);
            }
            Cue::Closed => {
                self.closed = true;
                out.push(Effect::Down(Who::All));
                self.go_back(now, Who::All, None, now, out);
                for tenant in self.tenants(Who::All) {
                    let export = self.export(tenant, now).into_iter();
                    out.extend(export.map(|of| Effect::Import { tenant, of }));
                }
            }
            Cue::Barred(who) => self.keep_out(who, Bar::LockOut, out),
            Cue::Admitted(who) => self.admit(who, Bar::LockOut, out),
            Cue::WrongPolicy(tenant) => {
                let before = now.saturating_sub(self.rules.wrong_policy_lifetime);
                let own = self.rooms.iter().filter(|(_, (owner, _))| *owner == tenant);
                out.extend(own.map(|(room, _)| Effect::Delete {
                    room: *room,
                    before,
                }));
            }
            Cue::Rang(Timer::Noticed { tenant, at }) => self.noticed(now, tenant, at, out),
            Cue::Rang(Timer::Ready { who, import }) => {
                if let (Who::Tenant(tenant), Some(of)) = (who, import) {
                    out.push(Effect::Import { tenant, of });
                }
                let bar = match who {
                    Who::Tenant(_) => Bar::Failure,
                    Who::All => Bar::Region,
                };
                self.admit(who, bar, out);
            }
            Cue::Rang(Timer::Job) => self.run_job(now, out),
        }
    }

    /// Replicas are in step, so nothing is left that anybody reaches.
    fn deleted(&mut self, now: SimTime, tenant: ServerId, out: &mut Vec<Effect>) {
        if self.bars[&tenant].contains(&Bar::Failure) {
            return;
        }
        self.keep_out(Who::Tenant(tenant), Bar::Failure, out);
        let mut stream = self.streams.stream(NOTICED, u64::from(tenant.0), now.0);
        let at = now + stream.exponential(self.rules.noticed_after);
        let timer = Timer::Noticed { tenant, at: now };
        out.push(Effect::Wake { at, timer });
    }

    /// The operator climbs down the ladder.
    fn noticed(&mut self, now: SimTime, tenant: ServerId, failed: SimTime, out: &mut Vec<Effect>) {
        let rules = &self.rules;
        let mut luck = self.streams.stream(UNUSABLE, u64::from(tenant.0), failed.0);
        let usable = !luck.chance(rules.backup_unusable_per_mille);
        let mut lag = self.streams.stream(LAG, u64::from(tenant.0), failed.0);
        let logged = failed.saturating_sub(lag.uniform(SimDuration::ZERO, rules.rpo));
        let every = rules.snapshot_every.0.max(1);
        let snapshot = SimTime(failed.0 / every * every);
        let to = if usable && now.since(failed) <= rules.pitr {
            Some(logged)
        } else {
            Some(snapshot).filter(|made| usable && now.since(*made) <= rules.backup_expiry)
        };
        let import = match to {
            Some(_) => None,
            None => self.export(tenant, failed),
        };
        self.go_back(now, Who::Tenant(tenant), to, failed, out);
        self.wake_ready(now, Who::Tenant(tenant), import, out);
    }

    fn go_back(
        &self,
        now: SimTime,
        who: Who,
        to: Option<SimTime>,
        failed: SimTime,
        out: &mut Vec<Effect>,
    ) {
        let mut stream = self.streams.stream(REDELETE, entity(who), now.0);
        let redelete = stream.chance(self.rules.redelete_after_restore_per_mille);
        out.push(Effect::GoBack {
            who,
            to,
            failed,
            redelete,
        });
    }

    fn wake_ready(&self, now: SimTime, who: Who, import: Option<SimTime>, out: &mut Vec<Effect>) {
        let rules = &self.rules;
        let mut stream = self.streams.stream(RTO, entity(who), now.0);
        let span = match stream.chance(rules.rto_tail_per_mille) {
            true => stream.uniform(rules.rto, rules.rto_tail),
            false => rules.rto,
        };
        let timer = Timer::Ready { who, import };
        out.push(Effect::Wake {
            at: now + span,
            timer,
        });
    }

    /// The newest export that a tenant made until then. Each has its own day.
    fn export(&self, tenant: ServerId, until: SimTime) -> Option<SimTime> {
        let mut stream = self.streams.stream(EXPORTS, u64::from(tenant.0), 0);
        let exports = stream.chance(self.rules.tenant_export_per_mille);
        let first = self.start + stream.uniform(SimDuration::ZERO, self.rules.export_every);
        let since = until.0.checked_sub(first.0).filter(|_| exports)?;
        let every = self.rules.export_every.0.max(1);
        Some(SimTime(first.0 + since / every * every))
    }

    /// Deletes what is older than its owner wants, and hides what a free plan does not show.
    fn run_job(&self, now: SimTime, out: &mut Vec<Effect>) {
        for (room, (owner, _)) in &self.rooms {
            let before = |life| now.saturating_sub(life);
            if self.is_free(*owner) {
                let before = before(self.rules.free_tier_hidden);
                out.push(Effect::Hide {
                    room: *room,
                    before,
                });
            }
            let life = self.kept_for(*room).into_iter();
            out.extend(life.map(|life| Effect::Delete {
                room: *room,
                before: before(life),
            }));
        }
        let at = now + self.rules.delete_lag;
        out.push(Effect::Wake {
            at,
            timer: Timer::Job,
        });
    }

    fn is_free(&self, tenant: ServerId) -> bool {
        let mut stream = self.streams.stream(FREE, u64::from(tenant.0), 0);
        stream.chance(self.rules.free_tier_per_mille)
    }

    fn tenants(&self, who: Who) -> Vec<ServerId> {
        match who {
            Who::Tenant(tenant) => vec![tenant],
            Who::All => self.bars.keys().copied().collect(),
        }
    }

    fn keep_out(&mut self, who: Who, bar: Bar, out: &mut Vec<Effect>) {
        for tenant in self.tenants(who) {
            self.bars.entry(tenant).or_default().insert(bar);
        }
        out.push(match bar {
            Bar::Failure | Bar::Region => Effect::Down(who),
            Bar::LockOut => Effect::Bar(who),
        });
    }

    /// A tenant is let in when the last reason to keep it out is gone.
    fn admit(&mut self, who: Who, bar: Bar, out: &mut Vec<Effect>) {
        for tenant in self.tenants(who) {
            let bars = self.bars.entry(tenant).or_default();
            if bars.remove(&bar) && bars.is_empty() {
                out.push(Effect::Admit(tenant));
            }
        }
    }
}

fn entity(who: Who) -> u64 {
    match who {
        Who::Tenant(tenant) => u64::from(tenant.0),
        Who::All => u64::from(u32::MAX),
    }
}
