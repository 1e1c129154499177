//! A Matrix homeserver: its stores, and nothing else that it could know.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use crate::journal::{EventNo, MediaId, RoomId, ServerId, UserId};
use crate::kernel::{SimDuration, SimTime};
use crate::room::RoomLog;
use crate::workload::RoomSpec;

use super::Rules;
use super::accounts::{Account, Clients};
use super::backfill::BackfillLock;
use super::copies::Copies;
use super::destination::{Backoff, Destination};
use super::groups::Resolved;
use super::keys::Key;
use super::media::MediaStore;
use super::outbox::{Context, TaskId, Timer};
use super::pagination::Scroll;
use super::replica::Replica;
use super::tasks::{Asked, Task};
use super::wake::Waker;

/// Everything that stands in the database, and is rolled back with it.
#[derive(Debug, Clone, Default)]
pub struct Database {
    /// Copies of rooms.
    pub rooms: Copies,
    /// `users`, `access_tokens`.
    pub accounts: BTreeMap<UserId, Account>,
    /// `erased_users`: own users who had their messages erased.
    pub erased: BTreeSet<UserId>,
    /// `destination_rooms`: the newest event of each room that a server has not been given yet.
    pub owed: BTreeMap<ServerId, BTreeMap<RoomId, EventNo>>,
    /// `destinations`: back-off.
    pub backoffs: BTreeMap<ServerId, Backoff>,
    /// `destinations`: servers that have been given an event (`last_successful_stream_ordering`).
    pub given: BTreeSet<ServerId>,
    /// `local_media_repository`: own files, and when each was last looked at.
    pub local_media: BTreeMap<MediaId, SimTime>,
    /// `remote_media_cache`: others' files, and when each was last looked at.
    pub remote_media: BTreeMap<MediaId, SimTime>,
    /// Rooms that all local users have left and forgotten, and when they are deleted (`scheduled_tasks`).
    pub forgotten: BTreeMap<RoomId, SimTime>,
    /// `server_signature_keys`: others' keys. None where trusted key servers have them all.
    pub keys: Option<BTreeSet<Key>>,
    /// `redactions` whose target's content still stands in the database: when received, room, redaction.
    pub uncensored: BTreeSet<(SimTime, RoomId, EventNo)>,
    /// The next `state_groups` id.
    pub next_group: u32,
}

/// What a process forgets when it ends.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// Queues towards other servers.
    pub destinations: BTreeMap<ServerId, Destination>,
    /// Received events waiting per room, with the server that sent each (`federation_inbound_events_staging`).
    pub staged: BTreeMap<RoomId, VecDeque<(EventNo, ServerId)>>,
    /// Rooms in which nothing has been staged since what waits there was pruned.
    pub pruned: BTreeSet<RoomId>,
    /// Rooms in which a staged event is being processed.
    pub busy: BTreeSet<RoomId>,
    /// Questions that wait for an answer.
    pub tasks: BTreeMap<TaskId, Task>,
    /// One backfill per room at a time.
    pub backfills: BTreeMap<RoomId, BackfillLock>,
    /// Clients that are paging back.
    pub scrolls: BTreeMap<u64, Scroll>,
    /// Questions under way: to whom, what, and how often it was put without an answer.
    pub asked: BTreeMap<TaskId, Asked>,
    /// Destinations of the present look that are still to be woken.
    pub to_wake: VecDeque<ServerId>,
    /// The look for owed destinations.
    pub waker: Waker,
    /// Destinations in back-off to which nothing was owed when that began: something may be when it is over.
    pub asked_in_vain: BTreeSet<ServerId>,
    /// Destinations of which this process has looked what is owed from before.
    pub looked: BTreeSet<ServerId>,
    /// Is the next look for rooms with many extremities planned?
    pub dummy_planned: bool,
    /// Is the next run of the job that overwrites redacted content planned?
    pub censor_planned: bool,
    /// States that were resolved for new events.
    pub resolved: Resolved,
    /// When the process started.
    pub started: SimTime,
    /// For naming tasks and scrolls.
    pub next_id: u64,
}

/// The signing key: events made before `since` verify here only if the key of then is listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SigningKey {
    /// When the present key replaced an unlisted one.
    pub unlisted_before: Option<SimTime>,
}

/// A homeserver. Its stores fail apart.
#[derive(Debug, Clone)]
pub struct Homeserver {
    /// Its number.
    pub id: ServerId,
    /// The protocol parameters in force on it.
    pub rules: Rules,
    /// First store.
    pub db: Database,
    /// Second store: files on disk.
    pub media: MediaStore,
    /// Third store: queues and whatever else is in memory.
    pub memory: Memory,
    /// Fourth store: the signing key.
    pub key: SigningKey,
    /// Fifth store: its users' clients.
    pub clients: Clients,
}

impl Homeserver {
    /// A server on which nobody has done anything.
    pub fn new(id: ServerId, rules: Rules) -> Self {
        Homeserver {
            id,
            rules,
            db: Database {
                next_group: 1,
                ..Database::default()
            },
            media: MediaStore::default(),
            memory: Memory::default(),
            key: SigningKey::default(),
            clients: Clients::default(),
        }
    }

    /// The copy of a room, brought up to what was received in step.
    pub fn replica(
        &mut self,
        room: RoomId,
        log: &RoomLog,
        spec: &RoomSpec,
    ) -> Option<&mut Replica> {
        let replica = self.db.rooms.get_mut(&room)?;
        replica.sync(log, spec, &mut self.db.next_group);
        Some(replica)
    }

    /// Brings every copy up to what was received in step, before a backup.
    pub fn sync_all(&mut self, logs: &[RoomLog], rooms: &[RoomSpec]) {
        for (room, replica) in self.db.rooms.iter_shared() {
            let log = &logs[room.index()];
            if replica.is_behind(log) {
                let spec = &rooms[room.index()];
                Rc::make_mut(replica).sync(log, spec, &mut self.db.next_group);
            }
        }
    }

    /// Brings the copy of a room up to what was received in step, at the end, when nobody asks for state groups any more.
    /// Servers that share a copy go on sharing it: `twin` is one that was brought up before, as it was and as it is.
    pub fn sync_last(
        &mut self,
        log: &RoomLog,
        spec: &RoomSpec,
        twin: &mut Option<(Rc<Replica>, Rc<Replica>)>,
    ) {
        let Some(replica) = self.db.rooms.get_shared(&log.room()) else {
            return;
        };
        if !replica.is_behind(log) {
            return;
        }
        if let Some((before, after)) = twin
            && Rc::ptr_eq(before, replica)
        {
            *replica = Rc::clone(after);
            return;
        }
        let shared = (Rc::strong_count(replica) > 1).then(|| Rc::clone(replica));
        Rc::make_mut(replica).sync(log, spec, &mut self.db.next_group);
        if let Some(before) = shared {
            *twin = Some((before, Rc::clone(replica)));
        }
    }

    /// Does this server believe that one of its users is in the room?
    pub fn in_room(&self, room: RoomId, log: &RoomLog) -> bool {
        self.db
            .rooms
            .get(&room)
            .is_some_and(|replica| replica.in_room(log, self.id))
    }

    /// When a job that runs at fixed times after the start of the process runs next.
    pub(super) fn next_run(&self, period: SimDuration, now: SimTime) -> SimTime {
        let period = period.0.max(1);
        let runs = now.since(self.memory.started).0 / period + 1;
        SimTime(self.memory.started.0 + runs * period)
    }

    /// A new name for a task or a scroll.
    pub(super) fn next_id(&mut self) -> u64 {
        self.memory.next_id += 1;
        self.memory.next_id
    }

    /// Ends the process: memory is lost, the stores stay.
    pub fn stop(&mut self) {
        let next_id = self.memory.next_id;
        self.memory = Memory {
            next_id,
            ..Memory::default()
        };
    }

    /// Starts the process: whatever is owed is owed in catch-up mode, and jobs are planned.
    pub fn start(&mut self, ctx: &mut Context<'_>) {
        let owed = self.db.owed.iter();
        for (to, room) in owed.flat_map(|(to, rows)| rows.keys().map(move |room| (to, room))) {
            // Where traffic is drawn, somebody was given something long ago (`queue_pdu`).
            let is_drawn = ctx.rooms[room.index()].messages_per_day > 0.0;
            self.memory.looked.insert(*to);
            let destination = self.memory.destinations.entry(*to).or_default();
            destination.catching_up |= is_drawn || self.db.given.contains(to);
        }
        self.memory.started = ctx.now;
        let failed = self.db.backoffs.keys().copied();
        self.memory.asked_in_vain = failed.filter(|to| !self.owes(*to)).collect();
        self.plan_purge_job(ctx);
        self.plan_media_job(ctx);
        self.plan_wake(ctx);
        self.plan_censor(ctx);
        self.plan_deletions(ctx);
    }

    /// A timer rings.
    pub fn ring(&mut self, ctx: &mut Context<'_>, timer: Timer) {
        match timer {
            Timer::Wake => self.wake_destinations(ctx),
            Timer::WakeNext => self.wake_next_destination(ctx),
            Timer::WakePage(from) => self.read_destinations_to_wake(ctx, from),
            Timer::AskAgain(task) => self.ask_again(ctx, task),
            Timer::Retry(to) => self.retry(ctx, to),
            Timer::PurgeJob => self.run_purge_job(ctx),
            Timer::Dummy => self.send_dummies(ctx),
            Timer::Censor => self.censor(ctx),
            Timer::MediaJob => self.run_media_job(ctx),
            Timer::Forgotten(room) => self.delete_forgotten(ctx, room),
            Timer::NextPage(scroll) => self.next_page(ctx, scroll),
            Timer::Pulled(task) => self.go_on_pulling(ctx, task),
        }
    }
}

impl Database {
    /// What a copy by tables holds that stopped after `per_mille` of 1000 rows: first the accounts, then
    /// the rooms, then the events of each room in order of arrival.
    pub fn keep_first_rows(&mut self, per_mille: u32) {
        let events: u64 = self.rooms.values().map(|replica| replica.stored()).sum();
        let rows = self.accounts.len() as u64 + self.rooms.len() as u64 + events;
        let mut left = rows * u64::from(per_mille) / 1000;
        let kept = self.accounts.len().min(left as usize);
        let users: Vec<UserId> = self.accounts.keys().copied().skip(kept).collect();
        for user in users {
            self.accounts.remove(&user);
        }
        left -= kept as u64;
        let kept = self.rooms.len().min(left as usize);
        self.rooms.keep_first(kept);
        left -= kept as u64;
        for (_, replica) in self.rooms.iter_mut() {
            left -= replica.keep_first(left);
        }
    }
}
