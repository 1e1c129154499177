//! A central service: what its operator's ladder takes and gives back, exact retention, and the same people and
//! messages as in a federation.

use std::fs;

use fedheal::journal::{Fact, Path, RoomId, ServerId, What, Why};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::metrics::{Books, Counts, Dimension, Filter, Measures, measure};
use fedheal::scenario::{Scenario, load};
use fedheal::simulation::central::{Outcome, run};

mod bad;
mod ladder;
mod promises;

/// Two tenants: a public room and a private one of A, where somebody of B is in the first; a public room of B.
const SERVICE: &str = r#"
title = "Two tenants of one service."
start = "2024-01-01"
end = "2024-03-01"
protocol = "central"
measured = "a"
people = { register-again-per-mille = 0 }
server = [{ name = "a" }, { name = "b" }]
user = [{ name = "ann@a" }, { name = "ada@a" }, { name = "bob@b" }]
[central]
logical-incidents-per-tenant-year = 0
total-losses-per-service-year = 0
region-outages-per-year = 0
lock-outs-per-tenant-year = 0
wrong-policies-per-tenant-year = 0
tenant-export-per-mille = 0
rto-tail-per-mille = 0
backup-unusable-per-mille = 0
[[room]]
name = "plaza"
messages-per-day = 200
files-per-mille = 100
[[room]]
name = "attic"
kind = "private"
federate = false
messages-per-day = 100
[[room]]
name = "annex"
messages-per-day = 50
[[action]]
at = "2024-01-01T08:00"
do.create-room = { room = "plaza", by = "ann@a" }
[[action]]
at = "2024-01-01T08:01"
do.join = { room = "plaza", who = "bob@b", via = "a" }
[[action]]
at = "2024-01-01T08:02"
do.create-room = { room = "attic", by = "ann@a" }
[[action]]
at = "2024-01-01T08:03"
do.invite = { room = "attic", by = "ann@a", who = "ada@a" }
[[action]]
at = "2024-01-01T08:04"
do.join = { room = "attic", who = "ada@a" }
[[action]]
at = "2024-01-01T08:05"
do.create-room = { room = "annex", by = "bob@b" }
[[action]]
at = "2024-01-01T08:06"
do.join = { room = "annex", who = "ada@a", via = "b" }
"#;

const A: ServerId = ServerId(0);
const PLAZA: RoomId = RoomId(0);
const ATTIC: RoomId = RoomId(1);
const ANNEX: RoomId = RoomId(2);
/// Somebody deletes all that tenant A has.
const DELETED: &str = "[[fault]]\nat = \"2024-02-10T15:00\"\ndo.failed-copy = { server = \"a\", copied = { rooms-per-mille = 0 } }\n";

fn moment(text: &str) -> SimTime {
    text.parse().unwrap()
}

fn scenario(more: &str, set: &[(&str, &str)], seed: u64) -> Scenario {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.toml");
    fs::write(&path, format!("{SERVICE}{more}")).unwrap();
    let set: Vec<_> = (set.iter())
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    load(&path, &set, Some(seed)).unwrap_or_else(|error| panic!("{error:?}"))
}

/// A scenario and what became of it.
struct Played {
    scenario: Scenario,
    outcome: Outcome,
}

impl Played {
    fn of(more: &str, set: &[(&str, &str)], seed: u64) -> Played {
        Played::new(scenario(more, set, seed))
    }

    fn new(scenario: Scenario) -> Played {
        let rules = scenario.central.as_ref().expect("a central service");
        let outcome = run(&scenario.world, rules);
        Played { scenario, outcome }
    }

    fn books(&self) -> Books<'_> {
        self.outcome.books(&self.scenario.world, A)
    }

    fn measures(&self) -> Measures {
        measure(&self.books(), &self.outcome.journal)
    }

    fn counts(&self, class: &str, room: &str) -> Counts {
        let rows = [(Dimension::Class, class), (Dimension::Room, room)];
        let rows = rows.map(|(dimension, value)| (dimension, vec![value.to_owned()]));
        self.measures().sum(&Filter(rows.into()))
    }

    /// When each item of a room was made that the measured tenant lost.
    fn lost(&self, room: RoomId) -> Vec<SimTime> {
        let loss = self.books().loss.expect("something was lost");
        let items = loss.items.get(&room).into_iter().flat_map(|all| all.iter());
        let log = &self.outcome.logs[room.index()];
        items
            .flat_map(|range| range.clone())
            .map(|no| log.at(no))
            .collect()
    }
}

#[test]
fn within_the_log_of_changes_at_most_the_rpo_is_lost() {
    let failed = moment("2024-02-10T15:00");
    let mut lost = 0;
    for seed in 0..20 {
        let played = Played::of(DELETED, &[("central.rpo", "1h")], seed);
        for room in [PLAZA, ATTIC] {
            for at in played.lost(room) {
                assert!(at < failed && failed.since(at) <= SimDuration::hours(1));
                lost += 1;
            }
        }
        assert_eq!(played.lost(ANNEX), [], "what B owns is untouched");
        let back = played.books().loss.unwrap().backup_at.unwrap();
        assert!(failed.since(back) <= SimDuration::hours(1));
        let after = played.counts("message", "plaza");
        assert!(after.held > 10_000 && after.lost == after.gone, "{after:?}");
    }
    assert!(
        lost > 50,
        "an hour takes some messages in most of the runs: {lost}"
    );
}

#[test]
fn beyond_the_log_the_newest_snapshot_decides() {
    let played = Played::of(DELETED, &[("central.pitr", "0s")], 1);
    let midnight = moment("2024-02-10");
    assert_eq!(played.books().loss.unwrap().backup_at, Some(midnight));
    let log = &played.outcome.logs[PLAZA.index()];
    let (first, end) = (
        log.first_at(midnight),
        log.first_at(moment("2024-02-10T15:00")),
    );
    assert_eq!(played.lost(PLAZA).len() as u32, end - first);
    assert!(end > first);
    // Files of own users too, in whichever room they are.
    assert!(played.counts("file", "plaza").gone > 0);
}

#[test]
fn a_snapshot_that_has_expired_is_none() {
    let rungs = [("central.pitr", "0s"), ("central.backup-expiry", "1h")];
    let played = Played::of(DELETED, &rungs, 1);
    let loss = played.books().loss.unwrap();
    assert_eq!(loss.backup_at, None);
    assert_eq!(loss.rooms, [PLAZA, ATTIC].into());
    assert_eq!(loss.accounts.len(), 2);
    let attic = played.counts("message", "attic");
    assert_eq!((attic.held, attic.lost), (0, attic.items));
}

#[test]
fn with_broken_backups_an_export_decides() {
    let broken = ("central.backup-unusable-per-mille", "1000");
    let none = Played::of(DELETED, &[broken], 1);
    assert_eq!(none.counts("message", "plaza").held, 0);
    let exports = ("central.tenant-export-per-mille", "1000");
    let played = Played::of(DELETED, &[broken, exports], 1);
    let (plaza, attic) = (
        played.counts("message", "plaza"),
        played.counts("message", "attic"),
    );
    // Public rooms are exported, private ones are not.
    assert!(
        plaza.recovered > 0 && plaza.recovered < plaza.gone,
        "{plaza:?}"
    );
    assert_eq!((attic.recovered, attic.held), (0, 0));
    assert!(attic.gone > 0);
    let measures = played.measures();
    let rows: Vec<_> = measures
        .recovery
        .iter()
        .filter(|row| row.class == "message")
        .collect();
    assert!(!rows.is_empty());
    assert!(
        rows.iter().all(|row| row.path == "anew" && row.from == "a"),
        "{rows:?}"
    );
    let private = ("central.export-private", "true");
    let played = Played::of(DELETED, &[broken, exports, private], 1);
    assert!(played.counts("message", "attic").recovered > 0);
}

#[test]
fn a_restore_deletes_again_what_had_been_deleted() {
    // In the snapshot of midnight it is still there.
    let redacted = "[[action]]\nat = \"2024-02-10T14:00\"\ndo.redact = { room = \"annex\", by = \"bob@b\", item = 10 }\n";
    let failed = DELETED.replace("\"a\"", "\"b\"");
    let more = format!("{redacted}{failed}");
    let set = |share| {
        [
            ("central.pitr", "0s"),
            ("central.redelete-after-restore-per-mille", share),
        ]
    };
    let (good, bad) = (
        Played::of(&more, &set("1000"), 1),
        Played::of(&more, &set("0"), 1),
    );
    let shells = |played: &Played| {
        let books = played.books();
        books.holdings[A.index()][&ANNEX].shells.contains(&10)
    };
    assert!(shells(&good) && !shells(&bad));
    let is_back = |played: &Played| {
        let facts = played.outcome.journal.facts().iter();
        let back = facts.filter(|fact| {
            matches!(
                fact,
                Fact::Gained {
                    what: What::Items {
                        room: ANNEX,
                        first: 10,
                        last: 10
                    },
                    path: Path::Restore,
                    ..
                }
            )
        });
        back.count()
    };
    assert_eq!((is_back(&good), is_back(&bad)), (0, 1));
}

#[test]
fn messages_that_a_restore_brings_back_are_deleted_by_the_next_run() {
    let set = |share| {
        [
            ("central.pitr", "0s"),
            ("central.snapshot-every", "2d"),
            ("central.redelete-after-restore-per-mille", share),
            ("server.0.rules.retention-enabled", "true"),
            ("server.0.rules.default-max-lifetime", "10d"),
        ]
    };
    let back = |played: &Played| {
        let facts = played.outcome.journal.facts().iter();
        let back = facts.filter(|fact| {
            matches!(
                fact,
                Fact::Gained {
                    path: Path::Restore,
                    ..
                }
            )
        });
        back.count()
    };
    let (good, bad) = (
        Played::of(DELETED, &set("1000"), 1),
        Played::of(DELETED, &set("0"), 1),
    );
    assert_eq!(back(&good), 0);
    assert!(back(&bad) > 0);
    let life = SimDuration::days(10);
    let day = SimDuration::days(1);
    assert_eq!(
        promises::deleted_late(&good, life, day),
        Vec::<String>::new()
    );
    for played in [&good, &bad] {
        assert_eq!(
            promises::held_too_long(played, life, day),
            Vec::<String>::new()
        );
    }
}

#[test]
fn a_wrong_policy_cannot_be_undone() {
    let set = [("central.wrong-policies-per-tenant-year", "20")];
    let played = Played::of("", &set, 3);
    let facts = played.outcome.journal.facts().iter();
    let deleted = facts.filter(|fact| {
        matches!(
            fact,
            Fact::Lost {
                why: Why::Purge,
                ..
            }
        )
    });
    assert!(deleted.count() > 0);
    let plaza = played.counts("message", "plaza");
    assert_eq!((plaza.gone, plaza.held + plaza.lost), (0, plaza.items));
    assert!(plaza.lost > 0, "{plaza:?}");
}

#[test]
fn of_a_service_that_ends_only_exports_remain() {
    let death = "[[fault]]\nat = \"2024-02-20\"\ndo.death = { server = \"service.example\" }\n";
    let played = Played::of(death, &[], 1);
    let measures = played.measures();
    assert!(
        measures
            .items
            .iter()
            .all(|row| row.counts.held == 0 || row.dimensions[&Dimension::Class] == "signing-key")
    );
    let exports = [("central.tenant-export-per-mille", "1000")];
    let played = Played::of(death, &exports, 1);
    let (plaza, attic) = (
        played.counts("message", "plaza"),
        played.counts("message", "attic"),
    );
    assert!(
        plaza.held > 0 && plaza.held == plaza.recovered && plaza.lost > 0,
        "{plaza:?}"
    );
    assert_eq!((attic.held, attic.lost), (0, attic.items));
    // B's export is not A's.
    assert_eq!(played.counts("message", "annex").held, 0);
    let last = played.outcome.logs[PLAZA.index()].len() - 1;
    assert!(played.outcome.logs[PLAZA.index()].at(last) < moment("2024-02-20"));
}

#[test]
fn who_is_locked_out_has_lost_nothing_and_reaches_nothing() {
    let out = |days| {
        format!(
            "[[fault]]\nat = \"2024-02-20\"\ndo.outage = {{ server = \"a\", for = \"{days}d\" }}\n"
        )
    };
    let played = Played::of(&out(60), &[], 1);
    for room in ["plaza", "attic", "annex"] {
        let counts = played.counts("message", room);
        assert!(counts.items > 0);
        assert_eq!(counts.stranded, counts.items, "{room} {counts:?}");
    }
    let lifted = Played::of(&out(2), &[], 1);
    for room in ["plaza", "attic", "annex"] {
        let counts = lifted.counts("message", room);
        assert_eq!(counts.held, counts.items, "{room} {counts:?}");
    }
    // Bob goes on meanwhile; the others are silent.
    let log = &lifted.outcome.logs[PLAZA.index()];
    let meanwhile = log.first_at(moment("2024-02-20"))..log.first_at(moment("2024-02-22"));
    assert!(!meanwhile.is_empty());
    assert!(
        meanwhile
            .into_iter()
            .all(|no| log.origin(no) == ServerId(1))
    );
}

#[test]
fn a_lost_region_takes_what_its_copy_had_not_yet() {
    let set = [
        ("central.region-outages-per-year", "30"),
        ("central.region-lag", "10m"),
    ];
    let played = Played::of("", &set, 2);
    let loss = played.books().loss.expect("a region was lost");
    let back = loss.backup_at.expect("the other region has a copy");
    assert_eq!(loss.at.since(back), SimDuration::minutes(10));
    let plaza = played.counts("message", "plaza");
    assert!(
        plaza.gone > 0 && plaza.gone < 200 && plaza.lost == plaza.gone,
        "{plaza:?}"
    );
}

#[test]
fn a_free_plan_hides_and_then_deletes() {
    let set = [
        ("central.free-tier-per-mille", "1000"),
        ("central.free-tier-hidden", "10d"),
        ("central.free-tier-deleted", "30d"),
    ];
    let plaza = Played::of("", &set, 1).counts("message", "plaza");
    let days = |n: u64| n * 180..n * 220;
    assert!(days(20).contains(&plaza.shell), "{plaza:?}");
    assert!(days(30).contains(&plaza.expired), "{plaza:?}");
    assert!(days(10).contains(&plaza.held), "{plaza:?}");
}

#[test]
fn the_incident_of_2021_on_a_central_service() {
    let set = [("protocol".to_owned(), "central".to_owned())];
    let path = std::path::Path::new("scenarios/hypha-2021.toml");
    let scenario = load(path, &set, None).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!((scenario.expect.len(), scenario.not_asked), (0, 10));
    let played = Played::new(scenario);
    let messages = Filter([(Dimension::Class, vec!["message".to_owned()])].into());
    let all = played.measures().sum(&messages);
    assert!(all.items > 100_000 && all.gone < 20, "{all:?}");
    assert_eq!((all.lost, all.stranded), (all.gone, 0));
}
