//! Diagrams of messages.

use std::path::Path;

use fedheal::explain::{Diagram, DiagramError, Happened, Kind, MOST_ROWS, diagram};
use fedheal::faults::Fault;
use fedheal::journal::{RoomId, ServerId};
use fedheal::kernel::{SimDuration, SimTime};
use fedheal::scenario;
use fedheal::simulation::Fate;

use super::scenario as small;
use crate::worlds::{START, restored};

fn of_file(path: &str, room: u32) -> Result<Diagram, DiagramError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let scenario = scenario::load(&path, &[], None).unwrap();
    diagram(&scenario, RoomId(room), (None, None))
}

fn arrows(diagram: &Diagram, kind: Kind) -> Vec<(Fate, String)> {
    let rows = diagram.rows.iter();
    let sent = rows.filter_map(|row| match &row.happened {
        Happened::Sent {
            kind: of,
            to,
            words,
            ..
        } if *of == kind => Some(to.iter().map(|(_, fate)| (*fate, words.clone()))),
        _ => None,
    });
    sent.flatten().collect()
}

#[test]
fn a_script_shows_its_gap_fill_and_its_backfill() {
    let diagram = of_file("scenarios/laboratory/first.toml", 0).unwrap();
    let asked: Vec<String> = arrows(&diagram, Kind::Request)
        .into_iter()
        .map(|(_, words)| words)
        .collect();
    assert_eq!(
        asked,
        [
            "join of @b1:b",
            "missing events before 33 (at most 10)",
            "state at 22",
            "backfill from 22 (at most 100)"
        ]
    );
    // Every question has its answer.
    assert_eq!(arrows(&diagram, Kind::Answer).len(), asked.len());
}

#[test]
fn time_goes_down() {
    let diagram = of_file("scenarios/minimal.toml", 0).unwrap();
    assert!(diagram.rows.is_sorted_by_key(|row| row.at));
    assert_eq!(diagram.servers, ["a.example", "b.example", "c.example"]);
}

#[test]
fn what_is_sent_to_a_server_that_is_down_is_lost_and_tried_again() {
    let mut world = restored();
    let stopped = START + SimDuration::days(4);
    let server = ServerId(2);
    world.faults.push((stopped, Fault::Stop { server }));
    let started = stopped + SimDuration::hours(2);
    world.faults.push((started, Fault::Start { server }));
    world.faults.sort_by_key(|(at, _)| *at);
    let window = (Some(stopped), Some(started + SimDuration::hours(2)));
    let diagram = diagram(&small(world), RoomId(0), window).unwrap();
    let pushes = arrows(&diagram, Kind::Push);
    assert!(pushes.iter().any(|(fate, _)| *fate == Fate::Lost));
    assert!(pushes.iter().any(|(fate, _)| *fate == Fate::Taken));
}

#[test]
fn too_much_names_a_window_that_is_not() {
    let mut world = restored();
    world.rooms[2].messages_per_day = 200.0;
    let scenario = small(world);
    let whole = diagram(&scenario, RoomId(2), (None, None));
    let Err(DiagramError::TooMuch { rows, until, .. }) = whole else {
        panic!("{whole:?}");
    };
    assert!(rows > MOST_ROWS);
    let part = diagram(&scenario, RoomId(2), (None, Some(until))).unwrap();
    assert!(part.rows.len() <= MOST_ROWS);
    assert!(part.rows.len() > MOST_ROWS / 2);
    // The part is the beginning of the whole.
    let earlier = SimTime(until.0 - 3_600_000);
    let less = diagram(&scenario, RoomId(2), (None, Some(earlier))).unwrap();
    assert_eq!(part.rows[..less.rows.len()], less.rows);
}

#[test]
fn nothing_is_no_diagram() {
    let before = Some(SimTime(START.0 - 1));
    let nothing = diagram(&small(restored()), RoomId(0), (None, before));
    assert!(matches!(nothing, Err(DiagramError::Nothing { .. })));
}
