//! The operator alone: cues in, effects out.

use fedheal::journal::{RoomId, ServerId};
use fedheal::kernel::{SimDuration, SimTime, Streams};
use fedheal::protocol::central::{Cue, Effect, Operator, Rules, Timer, Who};

const TENANT: ServerId = ServerId(0);

fn operator(rules: Rules) -> Operator {
    let start = SimTime::of_day(19_000);
    Operator::new(rules, Streams::new(1), start, 2)
}

fn react(operator: &mut Operator, now: SimTime, cue: Cue) -> Vec<Effect> {
    let mut out = Vec::new();
    operator.react(now, cue, &mut out);
    out
}

/// To which copy the operator goes back if it notices so many days later.
fn goes_back(rules: &Rules, days: u64) -> Option<SimTime> {
    let mut operator = operator(rules.clone());
    let failed = SimTime::of_day(19_100) + SimDuration::hours(15);
    react(&mut operator, failed, Cue::Deleted(TENANT));
    let noticed = Timer::Noticed {
        tenant: TENANT,
        at: failed,
    };
    let out = react(
        &mut operator,
        failed + SimDuration::days(days),
        Cue::Rang(noticed),
    );
    let to = out.iter().find_map(|effect| match effect {
        Effect::GoBack { to, .. } => Some(*to),
        _ => None,
    });
    to.expect("it goes back")
}

#[test]
fn each_rung_where_the_one_before_fails() {
    let rules = Rules {
        backup_unusable_per_mille: 0,
        ..Rules::default()
    };
    let failed = SimTime::of_day(19_100) + SimDuration::hours(15);
    for days in [0, 1, 7] {
        let to = goes_back(&rules, days).expect("the log reaches back");
        assert!(to <= failed && failed.since(to) <= rules.rpo, "{days}");
    }
    for days in [8, 13] {
        assert_eq!(
            goes_back(&rules, days),
            Some(SimTime::of_day(19_100)),
            "{days}"
        );
    }
    assert_eq!(goes_back(&rules, 14), None);
    let broken = Rules {
        backup_unusable_per_mille: 1000,
        ..rules
    };
    assert_eq!(goes_back(&broken, 0), None);
}

#[test]
fn a_tenant_is_let_in_when_nothing_keeps_it_out() {
    let mut operator = operator(Rules::default());
    let now = SimTime::of_day(19_100);
    react(&mut operator, now, Cue::Barred(Who::Tenant(TENANT)));
    react(&mut operator, now, Cue::RegionLost);
    let ready = Timer::Ready {
        who: Who::All,
        import: None,
    };
    let admitted = react(&mut operator, now, Cue::Rang(ready));
    assert_eq!(admitted, [Effect::Admit(ServerId(1))]);
    let admitted = react(&mut operator, now, Cue::Admitted(Who::Tenant(TENANT)));
    assert_eq!(admitted, [Effect::Admit(TENANT)]);
    assert_eq!(
        react(&mut operator, now, Cue::Admitted(Who::Tenant(TENANT))),
        []
    );
}

#[test]
fn after_its_end_the_operator_does_nothing() {
    let mut operator = operator(Rules::default());
    operator.take_room(RoomId(0), TENANT, Some(SimDuration::days(1)));
    let now = SimTime::of_day(19_100);
    let out = react(&mut operator, now, Cue::Closed);
    assert_eq!(out[0], Effect::Down(Who::All));
    for cue in [Cue::Rang(Timer::Job), Cue::Admitted(Who::All), Cue::Closed] {
        assert_eq!(react(&mut operator, now, cue), []);
    }
}
