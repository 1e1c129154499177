//! The promises of every run, for drawn troubles.

use fedheal::journal::{Fact, ServerId, What, Why};
use fedheal::kernel::SimDuration;
use fedheal::metrics::measure;
use fedheal::simulation;
use proptest::prelude::*;

use super::{PLAZA, Played, scenario};
use crate::worlds::config;

/// What befalls a service.
#[derive(Debug, Clone)]
struct Troubles {
    seed: u64,
    set: Vec<(&'static str, String)>,
    faults: Vec<(u64, u8, u32)>,
}

fn troubles() -> impl Strategy<Value = Troubles> {
    let rate = || prop_oneof![Just(0.0), 0.5..20.0f64];
    let share = || prop_oneof![Just(0), Just(1000u32), Just(500)];
    let rates = (
        rate(),
        rate(),
        rate(),
        rate(),
        prop_oneof![Just(0.0), Just(1.0)],
    );
    let shares = (share(), share(), share(), share());
    let spans = (0..10u32, 0..48u32, any::<bool>());
    let faults = proptest::collection::vec((3..50u64, 0..5u8, 0..3u32), 0..4);
    (any::<u32>(), rates, shares, spans, faults).prop_map(
        |(seed, rates, shares, (pitr, noticed, retention), faults)| Troubles {
            seed: u64::from(seed),
            set: vec![
                (
                    "central.logical-incidents-per-tenant-year",
                    rates.0.to_string(),
                ),
                ("central.region-outages-per-year", rates.1.to_string()),
                ("central.lock-outs-per-tenant-year", rates.2.to_string()),
                (
                    "central.wrong-policies-per-tenant-year",
                    rates.3.to_string(),
                ),
                ("central.total-losses-per-service-year", rates.4.to_string()),
                ("central.backup-unusable-per-mille", shares.0.to_string()),
                ("central.tenant-export-per-mille", shares.1.to_string()),
                (
                    "central.redelete-after-restore-per-mille",
                    shares.2.to_string(),
                ),
                ("central.free-tier-per-mille", shares.3.to_string()),
                ("central.free-tier-hidden", "9d".to_owned()),
                ("central.region-lag", "1h".to_owned()),
                ("central.pitr", format!("{pitr}d")),
                ("central.noticed-after", format!("{noticed}h")),
                ("server.0.rules.retention-enabled", retention.to_string()),
                ("server.0.rules.default-max-lifetime", "12d".to_owned()),
            ],
            faults,
        },
    )
}

impl Troubles {
    fn played(&self) -> Played {
        let fault = |(day, kind, server): &(u64, u8, u32)| {
            let server = ["a", "b", "service.example"][*server as usize];
            let of_tenant = server.len() == 1;
            let what = match kind {
                0 if of_tenant => {
                    "failed-copy = { server = \"S\", copied = { tables-per-mille = 300 } }"
                }
                1 if of_tenant => "restore = { server = \"S\" }",
                2 => "outage = { server = \"S\", for = \"50h\" }",
                3 => "death = { server = \"S\" }",
                _ => "freeze = { server = \"S\", for = \"90m\" }",
            };
            let what = what.replace('S', server);
            let at = fedheal::kernel::SimTime::of_day(19_723 + day);
            format!("[[fault]]\nat = \"{at}\"\ndo.{what}\n")
        };
        let faults: String = self.faults.iter().map(fault).collect();
        let set: Vec<_> = self
            .set
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        Played::of(&faults, &set, self.seed)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..config() })]

    #[test]
    fn every_item_is_in_exactly_one_state(troubles in troubles()) {
        let played = troubles.played();
        for tenant in [0, 1] {
            let books = played.outcome.books(&played.scenario.world, ServerId(tenant));
            for row in measure(&books, &played.outcome.journal).items {
                let c = row.counts;
                prop_assert_eq!(c.held + c.shell + c.stranded + c.lost + c.expired, c.items, "{:?}", row);
                prop_assert!(c.recovered <= c.gone && c.gone <= c.items && c.readable <= c.held, "{:?}", row);
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_journal_and_measures(troubles in troubles()) {
        let (first, second) = (troubles.played(), troubles.played());
        prop_assert_eq!(&first.outcome.journal, &second.outcome.journal);
        prop_assert_eq!(first.measures(), second.measures());
    }

    #[test]
    fn what_was_lost_and_has_not_come_back_is_not_held(troubles in troubles()) {
        let played = troubles.played();
        let books = played.books();
        let Some(loss) = &books.loss else { return Ok(()) };
        for (room, gone) in &loss.items {
            let Some(copy) = books.holdings[0].get(room) else { continue };
            for no in gone.iter().flat_map(|range| range.clone()).filter(|no| copy.items.contains(no)) {
                let came_back = played.outcome.journal.facts().iter().any(|fact| matches!(
                    fact,
                    Fact::Gained { server: ServerId(0), what: What::Items { room: of, first, last }, .. }
                        if of == room && (*first..=*last).contains(&no)
                ));
                prop_assert!(came_back, "{room} {no}");
            }
        }
    }
}

#[test]
fn another_seed_gives_another_journal() {
    let journal = |seed| {
        let set = [("central.logical-incidents-per-tenant-year", "30")];
        Played::of("", &set, seed).outcome.journal
    };
    assert_ne!(journal(1), journal(2));
}

/// Messages of the plaza that are held at the end though they are older than their life and the delay of deletion.
pub(super) fn held_too_long(played: &Played, life: SimDuration, lag: SimDuration) -> Vec<String> {
    let books = played.books();
    let log = &played.outcome.logs[PLAZA.index()];
    let oldest = played.outcome.end.saturating_sub(life + lag);
    let held = books.holdings[0][&PLAZA].items.clone();
    let all = held.iter().flat_map(|range| range.clone());
    let late = all.filter(|no| log.is_message(*no) && log.at(*no) < oldest);
    late.map(|no| format!("{no} is held")).collect()
}

/// Messages of the plaza that were deleted later than they may be, or sooner than their owner wanted.
pub(super) fn deleted_late(played: &Played, life: SimDuration, lag: SimDuration) -> Vec<String> {
    let log = &played.outcome.logs[PLAZA.index()];
    let mut wrong = Vec::new();
    for fact in played.outcome.journal.facts() {
        if let Fact::Lost {
            at,
            what:
                What::Items {
                    room: PLAZA,
                    first,
                    last,
                },
            why: Why::Purge,
            ..
        } = fact
        {
            let (first, last) = (log.at(*first), log.at(*last));
            if first + life + lag < *at || last + life > *at {
                wrong.push(format!("{first} to {last} was deleted at {at}"));
            }
        }
    }
    wrong
}

#[test]
fn retention_is_exact() {
    let day = SimDuration::days(1);
    for (lag, life) in [("24h", "10d"), ("1h", "10d"), ("24h", "36h")] {
        let set = [
            ("central.delete-lag", lag),
            ("server.0.rules.retention-enabled", "true"),
            ("server.0.rules.default-max-lifetime", life),
        ];
        let (lag, life) = (lag.parse().unwrap(), life.parse().unwrap());
        let played = Played::of("", &set, 1);
        assert_eq!(held_too_long(&played, life, lag), Vec::<String>::new());
        assert_eq!(deleted_late(&played, life, lag), Vec::<String>::new());
        let plaza = played.counts("message", "plaza");
        assert!(plaza.expired > 0 && plaza.lost == 0, "{plaza:?}");
        // In the other tenant's room its own policy holds: none.
        let annex = played.counts("message", "annex");
        assert_eq!(annex.held, annex.items);
    }
    // A job that runs too rarely is found.
    let set = [
        ("central.delete-lag", "5d"),
        ("server.0.rules.retention-enabled", "true"),
        ("server.0.rules.default-max-lifetime", "10d"),
    ];
    let rare = Played::of("", &set, 1);
    let life = SimDuration::days(10);
    assert_ne!(deleted_late(&rare, life, day), Vec::<String>::new());
}

#[test]
fn people_and_messages_are_those_of_the_federation() {
    let central = Played::of("", &[], 7);
    let federated = scenario("", &[("protocol", "matrix")], 7);
    assert_eq!(central.scenario.world.users, federated.world.users);
    assert_eq!(central.scenario.world.rooms, federated.world.rooms);
    let outcome = simulation::run(&federated.world, &mut |_| {});
    let mut messages = 0;
    for (one, other) in central.outcome.logs.iter().zip(&outcome.logs) {
        assert_eq!(one.len(), other.len());
        for no in (0..one.len()).filter(|no| one.is_message(*no)) {
            assert_eq!(
                (one.at(no), one.author(no)),
                (other.at(no), other.author(no))
            );
            assert_eq!(one.has_drawn_file(no), other.has_drawn_file(no));
            messages += 1;
        }
    }
    assert!(messages > 10_000);
}
