//! Plays a script: actions strictly one after another, the next when the former is over and
//! what it waits for has happened (format, section 2).

mod measure;
mod scroll;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use crate::faults::Fault;
use crate::journal::{EventNo, RoomId, ServerId, UserId};
use crate::kernel::{SimDuration, SimTime};
use crate::protocol::matrix::{Refusal, actor};
use crate::room::StateKey;
use crate::script::{PlayStep, Script};
use crate::verify::{Played, StepResult};
use crate::workload::Action;
use crate::world::World;

use super::{Outcome, Simulation};

/// How long a turn or a state event is waited for.
const HEARD_WITHIN: SimDuration = SimDuration::seconds(20);
/// Nothing must have changed for this long.
const QUIET: SimDuration = SimDuration::seconds(2);
/// After this, settling is given up; sooner, if something owed is all that is left.
const SETTLE_LIMIT: SimDuration = SimDuration::seconds(120);
const OWED_LIMIT: SimDuration = SimDuration::seconds(45);
/// After this a scroll is taken for one that never ends.
const SCROLL_LIMIT: SimDuration = SimDuration::hours(1);
/// After a server or link is back.
const BACK_PAUSE: SimDuration = SimDuration::seconds(3);
/// A back-off longer than this makes a server no listener, and what is owed to it does not hinder settling.
const SHORT_BACKOFF: SimDuration = SimDuration::seconds(5);
/// Between two messages of a turn, each sent when the former was answered. Assumption; it decides only what
/// a server that stands still misses.
const ANSWER_TIME: SimDuration = SimDuration::millis(100);

/// Plays a script and measures as it says.
pub fn play(script: &Script) -> Played {
    play_in(&World::of_script(script, true), script).played
}

/// As [`play`], with every delivery an event: the result must be the same.
pub fn play_out_of_step(script: &Script) -> Played {
    play_in(&World::of_script(script, false), script).played
}

/// What came of a script.
#[derive(Debug)]
pub struct Staged {
    /// Answers and measurements.
    pub played: Played,
    /// Journal and books, as of any run.
    pub outcome: Outcome,
}

/// Plays a script in a world of its own ([`World::of_script`]).
pub fn play_in(world: &World, script: &Script) -> Staged {
    play_on(Simulation::new(world), script)
}

/// Plays a script in a world that has not begun.
pub(super) fn play_on(simulation: Simulation<'_>, script: &Script) -> Staged {
    let mut player = Player::new(simulation, script);
    player.play();
    let end = player.now();
    Staged {
        played: player.played,
        outcome: player.simulation.finish(end),
    }
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
    fn new(simulation: Simulation<'a>, script: &'a Script) -> Self {
        Player {
            simulation,
            script,
            labels: BTreeMap::new(),
            sent: BTreeMap::new(),
            played: Played::default(),
        }
    }

    fn play(&mut self) {
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
    }

    fn now(&self) -> SimTime {
        self.simulation.queue.now()
    }

    /// Has a person act, and waits for the answer.
    fn ask(&mut self, action: &Action) -> Result<(), Refusal> {
        let ticket = self.simulation.next_ticket;
        self.simulation.next_ticket += 1;
        let now = self.now();
        self.simulation.act(now, action, ticket);
        self.simulation.settle_rooms();
        // A scroll is many requests, each with a time of its own; a single page that takes too long is not cut off here.
        let deadline = match action {
            Action::Scroll { .. } => now + SCROLL_LIMIT,
            _ => now + SETTLE_LIMIT,
        };
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
        // A recorded backup stops the process, copies, and starts it again.
        let around = match fault {
            Fault::Backup { server } => Some(*server),
            _ => None,
        };
        let stop = around.map(|server| Fault::Stop { server });
        let start = around.map(|server| Fault::Start { server });
        for fault in stop.iter().chain([fault]).chain(start.iter()) {
            self.simulation.strike(now, fault);
        }
        self.simulation.settle_rooms();
        if matches!(
            fault,
            Fault::Backup { .. }
                | Fault::Restore { .. }
                | Fault::Start { .. }
                | Fault::Thaw { .. }
                | Fault::Heal { .. }
        ) {
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
                            failed.insert(self.script.user_name(*user), code(refusal));
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
            ..StepResult::default()
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
