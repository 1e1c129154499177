//! Plays a recording's script: actions strictly one after another, the next when the former is over and
//! what it waits for has happened (format, section 2).

mod measure;

use std::collections::{BTreeMap, BTreeSet};

use crate::faults::Fault;
use crate::journal::{EventNo, RoomId, ServerId, UserId};
use crate::kernel::{SimDuration, SimTime};
use crate::protocol::matrix::{Refusal, Rules, actor};
use crate::room::StateKey;
use crate::verify::{PlayStep, Played, Recording, Script, StepResult};
use crate::workload::{Action, People};
use crate::world::{ServerSpec, World};

use super::{Event, Power, Simulation};

/// How long a turn or a state event is waited for.
const HEARD_WITHIN: SimDuration = SimDuration::seconds(20);
/// Nothing must have changed for this long.
const QUIET: SimDuration = SimDuration::seconds(2);
/// After this, settling is given up; sooner, if something owed is all that is left.
const SETTLE_LIMIT: SimDuration = SimDuration::seconds(120);
const OWED_LIMIT: SimDuration = SimDuration::seconds(45);
/// After a server or link is back.
const BACK_PAUSE: SimDuration = SimDuration::seconds(3);
/// A back-off longer than this makes a server no listener, and what is owed to it does not hinder settling.
const SHORT_BACKOFF: SimDuration = SimDuration::seconds(5);
/// Between two messages of a turn, each sent when the former was answered.
const ANSWER_TIME: SimDuration = SimDuration::millis(40);
/// First moment of every played script; only differences matter.
const START: SimTime = SimTime(1_600_000_000_000);

/// Plays a script and measures as it says.
pub fn play(recording: &Recording, script: &Script) -> Played {
    let world = world_of(recording, script, true);
    Player::new(&world, script).play()
}

/// As [`play`], with every delivery an event: the result must be the same.
pub fn play_out_of_step(recording: &Recording, script: &Script) -> Played {
    let world = world_of(recording, script, false);
    Player::new(&world, script).play()
}

fn world_of(recording: &Recording, script: &Script, in_step: bool) -> World {
    let servers = recording
        .servers
        .iter()
        .enumerate()
        .map(|(rank, (name, settings))| ServerSpec {
            name: name.clone(),
            rules: rules_of(
                settings.retry.as_deref() == Some("default"),
                settings.retention.as_ref(),
            ),
            backups: None,
            rank: rank as u32,
        })
        .collect();
    World {
        seed: 0,
        start: START,
        end: SimTime(u64::MAX),
        in_step,
        servers,
        users: script.users.clone(),
        rooms: script.rooms.clone(),
        media: script.media.clone(),
        actions: Vec::new(),
        faults: Vec::new(),
        people: People {
            scrolls_per_member_day: 0.0,
            page: 0,
            scroll_pages: 0,
            scrolls_after_loss_per_member_day: 0.0,
            scroll_pages_after_loss: 0,
            register_again_per_mille: 0,
            register_again_after: SimDuration::ZERO,
            invite_again_per_mille: 0,
            invite_again_after: SimDuration::ZERO,
            accept_after: SimDuration::ZERO,
        },
    }
}

/// The settings of the recorded servers (format, section 4).
fn rules_of(default_retry: bool, retention: Option<&serde_json::Value>) -> Rules {
    let mut rules = Rules {
        wake_period: SimDuration::seconds(3),
        ..Rules::default()
    };
    if !default_retry {
        rules.destination_min_retry = SimDuration::seconds(1);
        rules.destination_max_retry = SimDuration::seconds(1);
        rules.destination_retry_multiplier = 1.0;
    }
    rules.long_retries = 1;
    if let Some(settings) = retention {
        let duration = |value: Option<&serde_json::Value>| -> Option<SimDuration> {
            match value? {
                serde_json::Value::Number(millis) => millis.as_u64().map(SimDuration),
                text => text.as_str()?.parse().ok(),
            }
        };
        rules.retention_enabled = settings["enabled"].as_bool().unwrap_or(false);
        rules.default_max_lifetime = duration(settings["default_policy"].get("max_lifetime"));
        rules.allowed_lifetime_min = duration(settings.get("allowed_lifetime_min"));
        rules.allowed_lifetime_max = duration(settings.get("allowed_lifetime_max"));
        if let Some(interval) = duration(settings["purge_jobs"][0].get("interval")) {
            rules.purge_job_interval = interval;
        }
    }
    rules
}

/// A played script in motion.
pub(super) struct Player<'a> {
    pub(super) simulation: Simulation<'a>,
    pub(super) script: &'a Script,
    /// Class and number of each scripted message.
    pub(super) labels: BTreeMap<(RoomId, EventNo), (String, u32)>,
    /// Messages sent so far, per room and class.
    pub(super) sent: BTreeMap<RoomId, BTreeMap<String, u32>>,
    played: Played,
}

impl<'a> Player<'a> {
    fn new(world: &'a World, script: &'a Script) -> Self {
        Player {
            simulation: Simulation::new(world),
            script,
            labels: BTreeMap::new(),
            sent: BTreeMap::new(),
            played: Played::default(),
        }
    }

    fn play(mut self) -> Played {
        for (index, step) in self.script.steps.iter().enumerate() {
            let result = match step {
                PlayStep::Settle => {
                    self.settle();
                    None
                }
                PlayStep::Measure { stage, server } => {
                    self.settle();
                    let measured = self.measure(*server);
                    self.played.stages.insert(stage.clone(), measured);
                    None
                }
                PlayStep::Strike(fault) => {
                    self.strike(fault);
                    None
                }
                PlayStep::Send {
                    room,
                    tag,
                    by,
                    counts,
                    turn,
                } => Some(self.send(*room, tag, by, counts, *turn)),
                PlayStep::Redact {
                    room,
                    by,
                    tag,
                    server,
                    number,
                } => Some(self.redact(*room, *by, tag, *server, *number)),
                PlayStep::Act(action) => Some(self.act(action)),
            };
            if let Some(result) = result {
                self.played.results.insert(index, result);
            }
        }
        self.played
    }

    fn now(&self) -> SimTime {
        self.simulation.queue.now()
    }

    /// Takes the next event, if it is not after `end`.
    fn step_before(&mut self, end: SimTime) -> Option<Event> {
        let (now, event) = self.simulation.queue.pop_before(end)?;
        self.simulation.step(now, event.clone());
        Some(event)
    }

    /// Lets time pass.
    fn wait_until(&mut self, end: SimTime) {
        while self.step_before(end).is_some() {}
        self.simulation.queue.advance(end.max(self.now()));
    }

    /// Waits until nothing has changed for a while and nothing is owed to a server that could take it.
    fn settle(&mut self) {
        let start = self.now();
        let mut quiet_since = start;
        loop {
            let owed = self.owes_something();
            let now = self.now();
            if now >= quiet_since + QUIET && !owed {
                return;
            }
            let since = now.since(start);
            if since >= SETTLE_LIMIT || (owed && since >= OWED_LIMIT && now >= quiet_since + QUIET)
            {
                return;
            }
            let next = if now < quiet_since + QUIET {
                quiet_since + QUIET
            } else {
                now + QUIET
            };
            match self.step_before(next) {
                Some(Event::Arrive { .. } | Event::Act { .. } | Event::Strike(_)) => {
                    quiet_since = self.now()
                }
                Some(_) => {}
                None => self.simulation.queue.advance(next),
            }
        }
    }

    fn owes_something(&self) -> bool {
        let servers = &self.simulation.servers;
        servers
            .iter()
            .filter(|server| self.runs(server.id))
            .any(|server| {
                servers.iter().any(|other| {
                    other.id != server.id
                        && self.runs(other.id)
                        && self.simulation.reachable(server.id, other.id)
                        && !self.backs_off(server.id, other.id)
                        && server.owes(other.id)
                })
            })
    }

    fn runs(&self, server: ServerId) -> bool {
        self.simulation.power[server.index()] == Power::Up
    }

    fn backs_off(&self, from: ServerId, to: ServerId) -> bool {
        self.simulation.servers[from.index()]
            .backoff_until(to)
            .is_some_and(|until| until.since(self.now()) > SHORT_BACKOFF)
    }

    /// Servers that are expected to hear of an event of `from` (format, 2.2).
    fn listeners(&mut self, from: ServerId, room: RoomId) -> BTreeSet<ServerId> {
        let log = &self.simulation.logs[room.index()];
        let spec = &self.simulation.world.rooms[room.index()];
        let Some(replica) = self.simulation.servers[from.index()].replica(room, log, spec) else {
            return BTreeSet::new();
        };
        let hosts: Vec<ServerId> = log.hosts(&replica.state).into_keys().collect();
        hosts
            .into_iter()
            .filter(|to| {
                *to != from
                    && self.runs(*to)
                    && self.simulation.reachable(from, *to)
                    && !self.backs_off(from, *to)
                    && self.simulation.servers[to.index()]
                        .in_room(room, &self.simulation.logs[room.index()])
            })
            .collect()
    }

    /// Waits until all listeners have the event; names those that have not.
    fn wait_heard(
        &mut self,
        room: RoomId,
        event: EventNo,
        listeners: &BTreeSet<ServerId>,
    ) -> BTreeSet<ServerId> {
        let deadline = self.now() + HEARD_WITHIN;
        loop {
            let deaf: BTreeSet<ServerId> = listeners
                .iter()
                .copied()
                .filter(|server| !self.has(*server, room, event))
                .collect();
            if deaf.is_empty() {
                return deaf;
            }
            if self.step_before(deadline).is_none() {
                self.simulation.queue.advance(deadline);
                return deaf;
            }
        }
    }

    fn has(&mut self, server: ServerId, room: RoomId, event: EventNo) -> bool {
        let log = &self.simulation.logs[room.index()];
        let spec = &self.simulation.world.rooms[room.index()];
        self.simulation.servers[server.index()]
            .replica(room, log, spec)
            .is_some_and(|replica| replica.has(event))
    }

    /// Has a person act, and waits for the answer.
    fn ask(&mut self, action: &Action) -> Result<(), Refusal> {
        let ticket = self.simulation.next_ticket;
        self.simulation.next_ticket += 1;
        let now = self.now();
        self.simulation.act(now, action, ticket);
        self.simulation.settle_rooms();
        let deadline = now + SETTLE_LIMIT;
        loop {
            let answer = self
                .simulation
                .answered
                .get(&ticket)
                .and_then(|answered| answered.outcome);
            if let Some(outcome) = answer {
                return outcome;
            }
            if self.step_before(deadline).is_none() {
                return Err(Refusal::UNREACHABLE);
            }
        }
    }

    fn strike(&mut self, fault: &Fault) {
        self.settle();
        let now = self.now();
        self.simulation.strike(now, fault);
        self.simulation.settle_rooms();
        if matches!(
            fault,
            Fault::Backup { .. }
                | Fault::Restore { .. }
                | Fault::Start { .. }
                | Fault::Thaw { .. }
                | Fault::Heal { .. }
        ) {
            // A backup stops the process and starts it again; what it leaves is the same.
            self.wait_until(self.now() + BACK_PAUSE);
            self.settle();
        }
    }

    fn send(
        &mut self,
        room: RoomId,
        tag: &str,
        by: &[UserId],
        counts: &[u32],
        turn: u32,
    ) -> StepResult {
        let mut left: Vec<u32> = counts.to_vec();
        let mut unheard = BTreeSet::new();
        let mut failed: BTreeMap<String, String> = BTreeMap::new();
        while left.iter().any(|n| *n > 0) {
            for (index, user) in by.iter().enumerate() {
                let n = left[index].min(turn);
                if n == 0 {
                    continue;
                }
                left[index] -= n;
                let server = self.simulation.world.home(*user);
                let listeners = self.listeners(server, room);
                let mut last = None;
                for _ in 0..n {
                    match self.send_one(room, tag, *user, server) {
                        Ok(event) => last = Some(event),
                        Err(refusal) => {
                            failed.insert(
                                self.script.users[user.index()].name.clone(),
                                code(refusal),
                            );
                            left[index] = 0;
                            break;
                        }
                    }
                }
                if let Some(event) = last {
                    unheard.extend(self.wait_heard(room, event, &listeners));
                }
            }
        }
        StepResult {
            result: failed
                .values()
                .min()
                .cloned()
                .unwrap_or_else(|| "ok".to_owned()),
            unheard: self.names(&unheard),
            failed: failed.into_keys().collect(),
            seen: Vec::new(),
        }
    }

    fn send_one(
        &mut self,
        room: RoomId,
        tag: &str,
        by: UserId,
        server: ServerId,
    ) -> Result<EventNo, Refusal> {
        self.ask(&Action::Send {
            room,
            by,
            file: None,
        })?;
        let event = self.simulation.logs[room.index()]
            .last()
            .expect("just sent");
        let class = format!("{tag}@{}", self.script.servers[server.index()]);
        let count = self
            .sent
            .entry(room)
            .or_default()
            .entry(class.clone())
            .or_insert(0);
        *count += 1;
        self.labels.insert((room, event), (class, *count));
        self.wait_until(self.now() + ANSWER_TIME);
        Ok(event)
    }

    fn redact(
        &mut self,
        room: RoomId,
        by: UserId,
        tag: &str,
        server: ServerId,
        number: u32,
    ) -> StepResult {
        let class = format!("{tag}@{}", self.script.servers[server.index()]);
        let target = self
            .labels
            .iter()
            .find(|((r, _), (c, n))| *r == room && *c == class && *n == number)
            .map(|((_, event), _)| *event);
        match target {
            Some(target) => self.act(&Action::Redact { room, by, target }),
            None => StepResult {
                result: "none".to_owned(),
                ..StepResult::default()
            },
        }
    }

    fn names(&self, servers: &BTreeSet<ServerId>) -> Vec<String> {
        servers
            .iter()
            .map(|server| self.script.servers[server.index()].clone())
            .collect()
    }

    /// A single action with what it waits for.
    fn act(&mut self, action: &Action) -> StepResult {
        match action {
            Action::Scroll { .. } => return self.scroll(action),
            Action::PurgeHistory { .. } => self.settle(),
            _ => {}
        }
        let room = event_room(action);
        let home = actor(action).map(|user| self.simulation.world.home(user));
        let mut listeners = match (room, home) {
            (Some(room), Some(home)) => self.listeners(home, room),
            _ => BTreeSet::new(),
        };
        let before = room.map(|room| self.simulation.logs[room.index()].len());
        let outcome = self.ask(action);
        let mut result = StepResult {
            result: outcome.map_or_else(code, |()| "ok".to_owned()),
            ..StepResult::default()
        };
        if let (Ok(()), Some(room), Some(home)) = (outcome, room, home) {
            if let Action::Join { via, .. } = action {
                listeners.extend(self.listeners(home, room));
                listeners.extend(via.filter(|via| *via != home && self.runs(*via)));
            }
            if let Action::Invite { who, .. } = action {
                self.wait_until(self.now() + ANSWER_TIME * 5);
                let _ = who;
            }
            let made = self.simulation.logs[room.index()].len();
            let event = if Some(made) > before {
                made.checked_sub(1)
            } else {
                self.present_event(home, room, action)
            };
            if let Some(event) = event {
                let deaf = self.wait_heard(room, event, &listeners);
                result.unheard = self.names(&deaf);
            }
            if listeners.is_empty() && matches!(action, Action::Leave { .. }) {
                self.settle();
            }
        }
        if matches!(action, Action::Deactivate { .. }) {
            self.settle();
        }
        result
    }

    /// A state event equal to the present one is not made anew: the old one counts.
    fn present_event(&mut self, home: ServerId, room: RoomId, action: &Action) -> Option<EventNo> {
        use crate::workload::StateField;
        let key = match action {
            Action::Invite { who, .. } | Action::Join { who, .. } | Action::Leave { who, .. } => {
                StateKey::Member(*who)
            }
            Action::Kick { who, .. } | Action::Ban { who, .. } | Action::Unban { who, .. } => {
                StateKey::Member(*who)
            }
            Action::SetPower { .. } => StateKey::PowerLevels,
            Action::SetState { field, .. } => match field {
                StateField::Name => StateKey::Name,
                StateField::Topic => StateKey::Topic,
                StateField::Avatar => StateKey::Avatar,
                StateField::HistoryVisibility => StateKey::HistoryVisibility,
            },
            _ => return None,
        };
        self.simulation.servers[home.index()]
            .db
            .rooms
            .get(&room)?
            .state
            .get(&key)
            .copied()
    }

    fn scroll(&mut self, action: &Action) -> StepResult {
        let Action::Scroll {
            room,
            who,
            page,
            passes,
            pause,
            ..
        } = *action
        else {
            unreachable!("a scroll")
        };
        let mut result = StepResult {
            result: "ok".to_owned(),
            ..StepResult::default()
        };
        for _ in 0..passes {
            self.settle();
            let ticket = self.simulation.next_ticket;
            let once = Action::Scroll {
                room,
                who,
                page,
                passes: 1,
                pause,
                most: None,
            };
            if let Err(refusal) = self.ask(&once) {
                result.result = code(refusal);
                break;
            }
            let shown: BTreeSet<EventNo> = self.simulation.answered[&ticket]
                .passes
                .iter()
                .flat_map(|(items, _)| items.clone())
                .collect();
            let mut seen: BTreeMap<String, u64> = self
                .sent
                .get(&room)
                .into_iter()
                .flatten()
                .map(|(class, _)| (class.clone(), 0))
                .collect();
            for event in shown {
                if let Some((class, _)) = self.labels.get(&(room, event)) {
                    *seen.entry(class.clone()).or_default() += 1;
                }
            }
            result.seen.push(seen);
        }
        self.settle();
        result
    }
}

/// Actions that make an event in a room and wait for it to be heard.
fn event_room(action: &Action) -> Option<RoomId> {
    match action {
        Action::Invite { room, .. }
        | Action::Join { room, .. }
        | Action::Leave { room, .. }
        | Action::Kick { room, .. }
        | Action::Ban { room, .. }
        | Action::Unban { room, .. }
        | Action::SetState { room, .. }
        | Action::SetPower { room, .. }
        | Action::Redact { room, .. } => Some(*room),
        _ => None,
    }
}

/// A refusal as recordings write it.
fn code(refusal: Refusal) -> String {
    if refusal.status == 0 {
        refusal.code.to_owned()
    } else {
        format!("{} {}", refusal.status, refusal.code)
    }
}
