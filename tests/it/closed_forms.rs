//! Losses so simple that what comes back can be worked out with a pencil.

use std::fs;

use fedheal::kernel::{Purpose, Streams};
use fedheal::metrics::{Counts, Filter, measure};
use fedheal::scenario::load;
use fedheal::simulation::run;

use crate::measures::{fault, says, scrolls};

/// Which holders are up when somebody scrolls.
const UP: Purpose = Purpose::new("test.up");
/// Worlds that are drawn for each number of holders.
const WORLDS: u64 = 250;
/// Messages by the measured server's user after the backup.
const LOST: u64 = 20;

/// Server `a`, which loses a day, and others that have whatever was said in their room; and what happens besides.
fn fate_of(holders: u32, parts: &[String]) -> Counts {
    let others: Vec<String> = (0..holders).map(|i| format!("h{i}")).collect();
    let mut text = String::from(
        "title = \"A room and its holders.\"\nstart = \"2024-01-01\"\nend = \"2024-01-20\"\nmeasured = \"a\"\n\
         [people]\nscrolls-per-member-day = 0\nscrolls-after-loss-per-member-day = 0\n\
         register-again-per-mille = 0\ninvite-again-per-mille = 0\n\
         [[room]]\nname = \"plaza\"\n[[server]]\nname = \"a\"\n[[user]]\nname = \"ann@a\"\n",
    );
    let act = |at: &str, what: String| format!("[[action]]\nat = \"2024-01-{at}\"\ndo.{what}\n");
    for other in &others {
        text += &format!("[[server]]\nname = \"{other}\"\n[[user]]\nname = \"hal@{other}\"\n");
    }
    text += &act(
        "01T08:00",
        "create-room = { room = \"plaza\", by = \"ann@a\" }".to_owned(),
    );
    for (i, other) in others.iter().enumerate() {
        let join = format!("join = {{ room = \"plaza\", who = \"hal@{other}\", via = \"a\" }}");
        text += &act(&format!("01T09:{i:02}"), join);
    }
    text += &fault(2, "backup = { server = \"a\" }");
    let send = format!("send = {{ room = \"plaza\", by = [\"ann@a\"], counts = [{LOST}] }}");
    text += &act("03T00:00", send);
    text += &fault(5, "restore = { server = \"a\" }");
    text += &parts.concat();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.toml");
    fs::write(&path, &text).unwrap();
    let scenario = load(&path, &[], None).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let outcome = run(&scenario.world, &mut |_| {});
    let books = outcome.books(&scenario.world, scenario.measured);
    let counts = measure(&books, &outcome.journal).sum(&Filter(
        [(
            fedheal::metrics::Dimension::Class,
            vec!["message".to_owned()],
        )]
        .into(),
    ));
    assert!(counts.gone >= LOST, "{counts:?}");
    counts
}

/// The gap is known once another server has spoken, and somebody scrolls into it later.
fn found() -> Vec<String> {
    vec![says(6, "hal@h0"), scrolls(8)]
}

#[test]
fn of_what_nobody_else_holds_nothing_comes_back() {
    let counts = fate_of(0, &[scrolls(8)]);
    assert_eq!((counts.recovered, counts.lost), (0, counts.gone));
}

#[test]
fn of_holders_whose_lifetimes_are_shorter_than_the_gap_nothing_comes_back() {
    let purge =
        "purge-history = { server = \"h0\", room = \"plaza\", keep-last = 1, delete-local = true }";
    let purge = format!("[[action]]\nat = \"2024-01-04T12:00\"\ndo.{purge}\n");
    let counts = fate_of(1, &[vec![purge], found()].concat());
    assert_eq!(counts.recovered, 0);
    let kept = fate_of(1, &found());
    assert_eq!(kept.recovered, kept.gone);
}

/// Each of k holders is up with probability p, whatever the others are: all comes back if one of them is, so with
/// probability 1 - (1 - p)^k; if none is, no more than the first holder's own message pulled in before.
#[test]
fn holders_give_back_what_one_of_them_can() {
    let streams = Streams::new(1);
    for (holders, up_per_mille) in [(1, 600), (2, 400), (3, 300), (4, 500)] {
        let mut whole = 0;
        let stop = |holder: u32| fault(7, &format!("stop = {{ server = \"h{holder}\" }}"));
        let all_down: Vec<String> = (0..holders).map(stop).collect();
        let before = fate_of(holders, &[found(), all_down].concat());
        assert!(before.recovered < before.gone, "{before:?}");
        for world in 0..WORLDS {
            let draws = |holder: u32| {
                let address = world << 8 | u64::from(holder);
                streams.stream(UP, up_per_mille, address).below(1000) < up_per_mille
            };
            let down = (0..holders).filter(|holder| !draws(*holder));
            let stops: Vec<String> = down.map(stop).collect();
            let is_one_up = stops.len() < holders as usize;
            let counts = fate_of(holders, &[found(), stops].concat());
            let expected = if is_one_up {
                counts.gone
            } else {
                before.recovered
            };
            assert_eq!(
                counts.recovered, expected,
                "{holders} holders, world {world}"
            );
            whole += u64::from(counts.recovered == counts.gone);
        }
        let p = up_per_mille as f64 / 1000.0;
        let share = 1.0 - (1.0 - p).powi(holders as i32);
        let expected = share * WORLDS as f64;
        let deviation = (expected * (1.0 - share)).sqrt();
        assert!(
            (whole as f64 - expected).abs() < 4.0 * deviation,
            "{holders} holders at {p}: {whole} of {WORLDS}, expected {expected}"
        );
    }
}
