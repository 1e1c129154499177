//! Against `ruma-state-res`: our authorisation is the specification's, and how often the cheap rule of
//! state resolution ends elsewhere than the algorithm.

use fedheal::protocol::matrix::{allowed, cheap, exact};
use fedheal::room::{Body, Membership, StateKey, StateMap};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use ruma_state_res::{Event as _, auth_types_for_event, check_state_dependent_auth_rules};

use super::rooms::{Attempt, Branched, branched};
use crate::worlds::config;

/// What ruma says of an attempt.
fn ruma_allows(room: &Branched, attempt: &Attempt) -> bool {
    let Branched { log, spec, .. } = room;
    let event = exact::Event::of(log, spec, attempt.no, &attempt.pdu);
    let rules = exact::rules(spec.version).authorization;
    check_state_dependent_auth_rules(&rules, &event, |kind, key| {
        let (_, no) = attempt.before.iter().find(|(of, _)| {
            let (of_kind, of_key) = exact::state_type(log, **of);
            of_kind == *kind && of_key == key
        })?;
        Some(exact::Event::new(log, spec, *no))
    })
    .is_ok()
}

/// Synapse does not let a server invite, kick or ban where it may not itself be; the specification is
/// silent, and so is ruma.
fn is_of_a_user_outside(room: &Branched, attempt: &Attempt) -> bool {
    let home = |user| room.log.home(user);
    matches!(attempt.pdu.body, Body::Member { who, .. }
        if !room.spec.federate && home(who) != room.log.origin(0))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn allowed_is_what_ruma_allows(room in branched()) {
        let room = Branched::new(&room);
        for attempt in &room.attempts {
            let ours = allowed(&room.log, &room.spec, &attempt.before, &attempt.pdu);
            if is_of_a_user_outside(&room, attempt) {
                prop_assert!(!ours);
            } else {
                prop_assert_eq!(ours, ruma_allows(&room, attempt), "{:?}", &attempt.pdu);
            }
        }
    }

    #[test]
    fn auth_events_are_those_that_the_specification_selects(room in branched()) {
        let room = Branched::new(&room);
        for attempt in &room.attempts {
            let event = exact::Event::of(&room.log, &room.spec, attempt.no, &attempt.pdu);
            let rules = exact::rules(room.spec.version).authorization;
            let wanted = auth_types_for_event(
                event.event_type(), event.sender(), event.state_key(), event.content(), &rules,
            ).unwrap();
            let mut selected: Vec<u32> = attempt
                .before
                .iter()
                .filter(|(key, _)| wanted.contains(&exact::state_type(&room.log, **key)))
                .map(|(_, no)| *no)
                .collect();
            selected.sort_unstable();
            let mut ours = attempt.pdu.auth_events.clone();
            ours.sort_unstable();
            prop_assert_eq!(ours, selected);
        }
    }
}

/// Forks of which more than one branch changed the state, and how many of them the cheap rule resolves
/// otherwise.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    forks: u32,
    differ: u32,
    /// Of `differ`: in levels, join rules, or who is in the room.
    weighty: u32,
}

impl Tally {
    fn add(&mut self, room: &Branched, states: &[StateMap]) {
        let tips: Vec<&StateMap> = states.iter().collect();
        let exact = exact::resolve(&room.log, &room.spec, &tips);
        let cheap = cheap::resolve(&room.log, &room.spec, &tips);
        let weighty = |key: &StateKey| match key {
            StateKey::PowerLevels | StateKey::JoinRules => exact.get(key) != cheap.get(key),
            StateKey::Member(user) => {
                let joined = |state| room.log.membership_in(state, *user) == Some(Membership::Join);
                joined(&exact) != joined(&cheap)
            }
            _ => false,
        };
        self.forks += 1;
        self.differ += u32::from(exact != cheap);
        self.weighty += u32::from(exact.keys().chain(cheap.keys()).any(weighty));
    }

    fn per_cent(self, forks: u32) -> u32 {
        (100 * forks + self.forks / 2) / self.forks
    }
}

/// The figures of README's limits. Rooms full of quarrel: in each fork two to eleven attempts, by people of
/// all levels, against each other.
#[allow(
    clippy::print_stdout,
    reason = "the shares are figures of the documents"
)]
#[test]
fn how_often_the_cheap_rule_ends_elsewhere() {
    let mut tally = [Tally::default(); 3];
    let mut one_sided = [0; 2];
    let mut runner = TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(2021),
        ..Config::default()
    });
    for _ in 0..2000 {
        let draft = branched().new_tree(&mut runner).unwrap().current();
        let room = Branched::new(&draft);
        for fork in room.forks() {
            let tally = &mut tally[usize::from(room.spec.version) - 10];
            if fork.changed > 1 {
                tally.add(&room, &fork.states);
            } else {
                let tips: Vec<&StateMap> = fork.states.iter().collect();
                let exact = exact::resolve(&room.log, &room.spec, &tips);
                one_sided[usize::from(exact != cheap::resolve(&room.log, &room.spec, &tips))] += 1;
            }
        }
    }
    let shares = tally.map(|of| (of.per_cent(of.differ), of.per_cent(of.weighty)));
    println!("versions 10, 11, 12: {tally:?}");
    println!("per cent that differ, and that differ in powers or members: {shares:?}");
    println!("of forks of one branch only, same and different: {one_sided:?}");
    for (of, band) in tally.iter().zip([9..=16, 10..=18, 13..=22]) {
        assert!(of.forks > 600, "{tally:?}");
        assert!(band.contains(&of.per_cent(of.differ)), "{tally:?}");
    }
    assert!(one_sided[0] > 20 * one_sided[1], "{one_sided:?}");
}
