//! Small rooms in which people of several levels act on branches that do not see each other.

use std::rc::Rc;

use fedheal::journal::{EventNo, RoomId, ServerId, UserId};
use fedheal::kernel::{SimTime, Streams};
use fedheal::protocol::matrix::{allowed, apply, auth_events, power_levels, state_before};
use fedheal::room::{Body, Deletions, Membership, Pdu, PowerLevels, RoomLog, StateMap, Traffic};
use fedheal::workload::{RoomKind, RoomSpec, Visibility};
use proptest::prelude::*;

use crate::worlds::START;

/// Users and their servers: the creator, a second admin, a moderator, two without power, and two who are
/// not in the room at first.
const HOMES: [u32; 7] = [0, 1, 2, 0, 1, 2, 3];
const CREATOR: UserId = UserId(0);
const ADMIN: UserId = UserId(1);
const MODERATOR: UserId = UserId(2);
const MEMBERS: u32 = 5;

/// One attempt to do something, in numbers that shrink well.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    branch: usize,
    actor: u32,
    kind: u8,
    target: u32,
    value: usize,
    pause: u64,
}

/// What a room is drawn from.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    version: u8,
    is_public: bool,
    federate: bool,
    /// Between two forks somebody joins the branches.
    forks: Vec<Vec<Deed>>,
}

fn deed() -> impl Strategy<Value = Deed> {
    let users = HOMES.len() as u32;
    // Mostly those who may do something.
    let actor = prop_oneof![3 => 0..3u32, 1 => 0..users];
    (0..3usize, actor, 0..14u8, 0..users, 0..4usize, 0..3u64).prop_map(
        |(branch, actor, kind, target, value, pause)| Deed {
            branch,
            actor,
            kind,
            target,
            value,
            pause,
        },
    )
}

/// Rooms of the versions 10 to 12 with one or two forks of two or three branches.
pub(crate) fn branched() -> impl Strategy<Value = Draft> {
    let fork = proptest::collection::vec(deed(), 2..12);
    (
        10..=12u8,
        any::<bool>(),
        prop::bool::weighted(0.9),
        proptest::collection::vec(fork, 1..3),
    )
        .prop_map(|(version, is_public, federate, forks)| Draft {
            version,
            is_public,
            federate,
            forks,
        })
}

/// An attempt: the event, allowed or not, the state before it, and the number that it has or would have.
#[cfg_attr(
    not(feature = "exact-state"),
    expect(dead_code, reason = "the oracle reads it")
)]
pub(crate) struct Attempt {
    pub(crate) pdu: Pdu,
    pub(crate) before: StateMap,
    pub(crate) no: EventNo,
}

/// A room as it became.
pub(crate) struct Branched {
    pub(crate) log: RoomLog,
    pub(crate) spec: RoomSpec,
    pub(crate) attempts: Vec<Attempt>,
    forks: Vec<Fork>,
    now: SimTime,
}

/// A fork: the different states at its tips, and how many of its branches changed something.
#[cfg_attr(
    not(feature = "exact-state"),
    expect(dead_code, reason = "the oracle reads it")
)]
pub(crate) struct Fork {
    pub(crate) states: Vec<StateMap>,
    pub(crate) changed: usize,
}

impl Branched {
    pub(crate) fn new(draft: &Draft) -> Self {
        let room = RoomId(0);
        let traffic = Traffic {
            deletions: Deletions::default(),
            room,
            per_day: 0.0,
            files_per_mille: 0,
            from: START,
        };
        let people = HOMES.map(|home| (ServerId(home), 0)).to_vec();
        let mut made = Branched {
            log: RoomLog::new(traffic, Streams::new(0), Rc::new(people)),
            spec: spec(draft),
            attempts: Vec::new(),
            forks: Vec::new(),
            now: START,
        };
        let mut tip = made.found(draft);
        for fork in &draft.forks {
            let mut tips = [tip; 3];
            for deed in fork {
                made.now.0 += deed.pause;
                if let Some(no) = made.act(tips[deed.branch], deed) {
                    tips[deed.branch] = no;
                }
            }
            tip = made.join(tip, tips);
        }
        made
    }

    /// The forks whose tips differ in state.
    pub(crate) fn forks(&self) -> impl Iterator<Item = &Fork> {
        self.forks.iter().filter(|fork| fork.states.len() > 1)
    }

    /// The room's first events, by the creator, and its first members.
    fn found(&mut self, draft: &Draft) -> EventNo {
        let kind = self.spec.kind;
        let mut levels = PowerLevels {
            invite: if draft.is_public { 50 } else { 0 },
            ..PowerLevels::default()
        };
        if draft.version < 12 {
            levels.users.insert(CREATOR, 100);
        }
        let joins = |who| Body::bare_member(who, Membership::Join);
        let mut tip = None;
        for body in [
            Body::Create,
            joins(CREATOR),
            Body::PowerLevels(levels.clone()),
            Body::JoinRules(kind),
            Body::HistoryVisibility(Visibility::Shared),
            Body::Name("r".to_owned()),
        ] {
            tip = Some(self.add(tip.as_slice(), CREATOR, body).expect("allowed"));
        }
        for who in (1..MEMBERS).map(UserId) {
            let invited = Body::bare_member(who, Membership::Invite);
            for (sender, body) in [(CREATOR, invited), (who, joins(who))] {
                tip = self.add(tip.as_slice(), sender, body).or(tip);
            }
        }
        levels.users.extend([(ADMIN, 100), (MODERATOR, 50)]);
        self.add(tip.as_slice(), CREATOR, Body::PowerLevels(levels))
            .expect("allowed")
    }

    fn act(&mut self, tip: EventNo, deed: &Deed) -> Option<EventNo> {
        let state = self.log.state_after(tip);
        let (sender, who) = (UserId(deed.actor), UserId(deed.target));
        let member = |who, membership| Body::bare_member(who, membership);
        let mut levels = power_levels(&self.log, state);
        let body = match deed.kind {
            0 => member(who, Membership::Ban),
            1 => member(who, Membership::Leave),
            2 => member(who, Membership::Invite),
            3 | 4 => member(sender, Membership::Join),
            5 => member(sender, Membership::Leave),
            6 | 7 => Body::Name(deed.value.to_string()),
            8 => Body::Topic(deed.value.to_string()),
            9 => Body::JoinRules([RoomKind::Public, RoomKind::Private][deed.value % 2]),
            10 => {
                levels.events_default = [0, 50, 100, 0][deed.value];
                levels.invite = [0, 50, 50, 100][deed.value];
                Body::PowerLevels(levels)
            }
            11 | 12 => {
                levels.users.insert(who, [0, 50, 100, 101][deed.value]);
                Body::PowerLevels(levels)
            }
            _ => Body::Retention(None),
        };
        self.add(&[tip], sender, body)
    }

    /// Somebody who may speaks on top of all branches.
    fn join(&mut self, trunk: EventNo, tips: [EventNo; 3]) -> EventNo {
        let mut prev_events = tips.to_vec();
        prev_events.sort_unstable();
        prev_events.dedup();
        let mut states: Vec<StateMap> = Vec::new();
        for no in &prev_events {
            let state = self.log.state_after(*no);
            if !states.contains(state) {
                states.push(state.clone());
            }
        }
        let before = self.log.state_after(trunk);
        let changed = states.iter().filter(|state| *state != before).count();
        self.forks.push(Fork { states, changed });
        let message = Body::Message {
            file: None,
            traffic: None,
        };
        (0..HOMES.len() as u32)
            .find_map(|user| self.add(&prev_events, UserId(user), message.clone()))
            .unwrap_or(prev_events[0])
    }

    fn add(&mut self, prev_events: &[EventNo], sender: UserId, body: Body) -> Option<EventNo> {
        let before = state_before(&self.log, &self.spec, prev_events);
        let depth = prev_events.iter().map(|no| self.log.depth(*no)).max();
        let pdu = Pdu {
            sender,
            origin: self.log.home(sender),
            auth_events: match body {
                Body::Create => Vec::new(),
                _ => auth_events(&self.spec, &before, sender, &body),
            },
            body,
            prev_events: prev_events.to_vec(),
            depth: depth.unwrap_or(0) + 1,
            at: self.now,
        };
        let no = self.log.len();
        let is_allowed = allowed(&self.log, &self.spec, &before, &pdu);
        if is_allowed {
            let after = apply(&before, &pdu.body, no);
            self.log.push(pdu.clone(), after);
        }
        self.attempts.push(Attempt { pdu, before, no });
        is_allowed.then_some(no)
    }
}

fn spec(draft: &Draft) -> RoomSpec {
    RoomSpec {
        name: "r".to_owned(),
        kind: if draft.is_public {
            RoomKind::Public
        } else {
            RoomKind::Private
        },
        federate: draft.federate,
        version: draft.version,
        encrypted: false,
        visibility: Visibility::Shared,
        max_lifetime: None,
        messages_per_day: 0.0,
        files_per_mille: 0,
    }
}
