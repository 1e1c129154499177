//! What is measured, in small scenarios whose outcome is plain: losses of each store, and why what could
//! have come back has not.

use std::fs;

use fedheal::journal::ServerId;
use fedheal::metrics::{Counts, Dimension, Filter, Measures, REASONS, measure};
use fedheal::scenario::{Scenario, load};
use fedheal::simulation::run;
use proptest::prelude::*;

use crate::worlds::{config, draft};

/// Three servers in a room that B made, six messages before the backup of A and sixty after it.
const PLAZA: &str = r#"
title = "A room of three servers."
start = "2024-01-01"
end = "2024-01-20"
measured = "a"
[people]
scrolls-per-member-day = 0
scrolls-after-loss-per-member-day = 0
register-again-per-mille = 0
invite-again-per-mille = 0
[[user]]
name = "ann@a"
[[user]]
name = "bob@b"
[[user]]
name = "cyd@c"
[[server]]
name = "a"
[[server]]
name = "b"
[[server]]
name = "c"
[[room]]
name = "plaza"
[[action]]
at = "2024-01-01T08:00"
do.create-room = { room = "plaza", by = "bob@b" }
[[action]]
at = "2024-01-01T08:01"
do.join = { room = "plaza", who = "ann@a", via = "b" }
[[action]]
at = "2024-01-01T08:02"
do.join = { room = "plaza", who = "cyd@c", via = "b" }
[[action]]
at = "2024-01-01T09:00"
do.send = { room = "plaza", by = ["ann@a", "bob@b", "cyd@c"], counts = [2, 2, 2] }
[[fault]]
at = "2024-01-02T12:00"
do.backup = { server = "a" }
[[action]]
at = "2024-01-03"
do.send = { room = "plaza", by = ["ann@a", "bob@b", "cyd@c"], counts = [20, 20, 20] }
"#;

pub(crate) fn fault(day: u32, what: &str) -> String {
    format!("[[fault]]\nat = \"2024-01-{day:02}\"\ndo.{what}\n")
}

fn action(day: u32, what: &str) -> String {
    format!("[[action]]\nat = \"2024-01-{day:02}T12:00\"\ndo.{what}\n")
}

pub(crate) fn says(day: u32, who: &str) -> String {
    action(
        day,
        &format!("send = {{ room = \"plaza\", by = [\"{who}\"], counts = [1] }}"),
    )
}

pub(crate) fn scrolls(day: u32) -> String {
    action(
        day,
        "scroll = { room = \"plaza\", who = \"ann@a\", passes = 3, pause = true }",
    )
}

fn purges(day: u32, server: &str) -> String {
    action(
        day,
        &format!(
            "purge-history = {{ server = \"{server}\", room = \"plaza\", keep-last = 1, delete-local = true }}"
        ),
    )
}

pub(crate) fn restores(with: &str) -> String {
    fault(5, &format!("restore = {{ server = \"a\"{with} }}"))
}

/// The plaza, and what happens there besides.
pub(crate) fn plaza(parts: &[String], set: &[(&str, &str)]) -> Scenario {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.toml");
    fs::write(&path, format!("{PLAZA}{}", parts.concat())).unwrap();
    let set: Vec<_> = set
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    load(&path, &set, None).unwrap_or_else(|error| panic!("{error:?}"))
}

fn measured_with(parts: &[String], set: &[(&str, &str)]) -> Measures {
    let scenario = plaza(parts, set);
    let outcome = run(&scenario.world, &mut |_| {});
    measure(
        &outcome.books(&scenario.world, scenario.measured),
        &outcome.journal,
    )
}

fn measured(parts: &[String]) -> Measures {
    measured_with(parts, &[])
}

fn sum(measures: &Measures, chosen: &[(Dimension, &str)]) -> Counts {
    let filter = chosen
        .iter()
        .map(|(dimension, value)| (*dimension, vec![(*value).to_owned()]));
    measures.sum(&Filter(filter.collect()))
}

fn class(measures: &Measures, class: &str) -> Counts {
    sum(measures, &[(Dimension::Class, class)])
}

/// Items, gone, recovered.
fn fate(counts: Counts) -> (u64, u64, u64) {
    (counts.items, counts.gone, counts.recovered)
}

fn reason(parts: &[String]) -> String {
    reason_with(parts, &[])
}

fn reason_with(parts: &[String], set: &[(&str, &str)]) -> String {
    let measures = measured_with(parts, set);
    let reasons: Vec<_> = measures.stranded.iter().map(|row| &*row.reason).collect();
    assert!(reasons.len() <= 1, "{reasons:?}");
    let reason = reasons.first().copied().unwrap_or("nothing is stranded");
    reason.to_owned()
}

#[test]
fn a_room_in_which_nobody_speaks_is_silent() {
    assert_eq!(reason(&[restores("")]), "silent-room");
    let own = says(6, "ann@a");
    assert_eq!(reason(&[restores(""), own, scrolls(7)]), "silent-room");
}

#[test]
fn who_looks_for_a_lost_day_by_its_date_opens_a_silent_room() {
    let back = |jumps, scrolls| {
        let set = [
            ("people.jumps-after-loss-per-member-day", jumps),
            ("people.scrolls-per-member-day", scrolls),
            ("people.scrolls-after-loss-per-member-day", scrolls),
        ];
        // The last message of the lost period: below it all can be paged to.
        let measures = measured_with(&[says(4, "bob@b"), restores("")], &set);
        let jumped = measures.recovery.iter().any(|row| row.path == "jump");
        (jumped, class(&measures, "message").recovered)
    };
    assert_eq!(back("0", "5"), (false, 0));
    assert!(matches!(back("1", "0"), (true, 1..=3)));
    assert_eq!(back("1", "5"), (true, 61));
}

#[test]
fn a_gap_into_which_nobody_scrolls_stays() {
    let parts = [restores(""), says(6, "bob@b")];
    assert_eq!(reason(&parts), "nobody-scrolled");
    let [restores, says] = parts;
    assert_eq!(reason(&[restores, says, scrolls(7)]), "nothing is stranded");
}

#[test]
fn a_room_that_was_made_after_the_backup_is_unknown() {
    let parts = [
        action(3, "create-room = { room = \"new\", by = \"bob@b\" }"),
        "[[action]]\nat = \"2024-01-03T13:00\"\ndo.join = { room = \"new\", who = \"ann@a\", via = \"b\" }\n".to_owned(),
        action(4, "send = { room = \"new\", by = [\"bob@b\"], counts = [5] }"),
        restores(""),
        says(6, "bob@b"),
        scrolls(7),
        "[[room]]\nname = \"new\"\n".to_owned(),
    ];
    assert_eq!(reason(&parts), "room-unknown");
}

#[test]
fn who_leaves_without_knowing_the_gap_is_not_in_the_room() {
    let leaves = action(6, "leave = { room = \"plaza\", who = \"ann@a\" }");
    assert_eq!(reason(&[restores(""), leaves]), "not-in-room");
}

#[test]
fn what_a_lost_key_signed_cannot_be_checked() {
    let talk = [says(6, "bob@b"), says(7, "cyd@c"), scrolls(8)].concat();
    let new = restores(", signing-key = \"new\"");
    assert_eq!(reason(&[new, talk.clone()]), "key-lost");
    let listed = restores(", signing-key = \"new-listed\"");
    assert_eq!(reason(&[listed, talk]), "nothing is stranded");
}

#[test]
fn a_purged_peer_that_is_asked_first_hides_the_others() {
    let parts = |purged| {
        [
            purges(4, purged),
            restores(""),
            says(6, "cyd@c"),
            scrolls(7),
        ]
    };
    assert_eq!(reason(&parts("b")), "purged-peer-first");
    // C is asked after B, whose answer is whole.
    let parts = [purges(4, "c"), restores(""), says(6, "bob@b"), scrolls(7)];
    assert_eq!(reason(&parts), "nothing is stranded");
}

#[test]
fn a_push_of_a_purged_peer_is_refused() {
    let parts = [purges(4, "b"), restores(""), says(6, "bob@b")];
    assert_eq!(reason(&parts), "push-refused");
}

#[test]
fn peers_that_are_down_give_nothing() {
    let parts = [
        restores(""),
        says(6, "bob@b"),
        fault(7, "stop = { server = \"b\" }"),
        fault(7, "stop = { server = \"c\" }"),
        scrolls(8),
    ];
    assert_eq!(reason(&parts), "peers-unreachable");
}

#[test]
fn a_purge_closes_the_gap() {
    let set = [
        ("server.0.rules.retention-enabled", "true"),
        // What is older than the backup is purged by the end, and what was lost is not old enough.
        ("server.0.rules.default-max-lifetime", "120h"),
        ("end", "2024-01-07T06:00"),
    ];
    // What arrives first after the cut-off arrives elsewhere: so the purge ends below the gap.
    let elsewhere = "[[room]]\nname = \"attic\"\n".to_owned()
        + &action(5, "create-room = { room = \"attic\", by = \"ann@a\" }");
    let parts = [restores(""), elsewhere, says(6, "bob@b")];
    assert_eq!(reason_with(&parts, &set), "purge-closed-gap");
    assert_eq!(reason_with(&parts, &set[2..]), "nobody-scrolled");
}

#[test]
fn every_reason_is_explained_where_the_tables_are() {
    let dictionary = fedheal::report::DICTIONARY.iter().copied().flatten();
    let mut reasons = dictionary.filter(|column| column.column == "reason");
    let meaning = reasons.next().expect("a column of reasons").meaning;
    for (reason, says) in REASONS {
        assert!(meaning.contains(&format!("{reason} ({says})")), "{reason}");
    }
}

#[test]
fn accounts_and_passwords_are_told_apart_by_when_they_were_made() {
    let register = |day, who| action(day, &format!("register = {{ who = \"{who}@a\" }}"));
    let change = |day, who, old, new| {
        let change = format!(
            "set-password = {{ who = \"{who}@a\", old = \"{old}\", password = \"{new}\" }}"
        );
        action(day, &change)
    };
    let unborn = |who| format!("[[user]]\nname = \"{who}@a\"\nexists = false\n");
    let parts = [
        unborn("early"),
        unborn("late"),
        unborn("newer"),
        register(1, "early"),
        change(1, "ann", "pw", "second"),
        register(3, "late"),
        change(3, "early", "pw", "lost"),
        restores(""),
        register(6, "newer"),
        register(7, "late"),
    ];
    let measures = measured(&parts);
    let of = |class, made| {
        fate(sum(
            &measures,
            &[(Dimension::Class, class), (Dimension::Made, made)],
        ))
    };
    assert_eq!(of("account", "before"), (2, 0, 0));
    assert_eq!(of("account", "inside"), (1, 1, 1));
    assert_eq!(of("account", "after"), (1, 0, 0));
    assert_eq!(of("password", "before"), (1, 0, 0));
    assert_eq!(of("password", "inside"), (1, 1, 0));
}

#[test]
fn rooms_and_memberships_that_stayed_are_counted_too() {
    let parts = [
        "[[room]]\nname = \"new\"\n".to_owned(),
        action(3, "create-room = { room = \"new\", by = \"ann@a\" }"),
        restores(""),
    ];
    let measures = measured(&parts);
    assert_eq!(fate(class(&measures, "room")), (2, 1, 0));
    assert_eq!(fate(class(&measures, "membership")), (2, 1, 0));
    let new = [
        (Dimension::Class, "room"),
        (Dimension::RoomCreated, "inside"),
    ];
    assert_eq!(sum(&measures, &new).lost, 1);
}

#[test]
fn an_incomplete_copy_alone_is_a_loss() {
    let copy = "failed-copy = { server = \"a\", copied = { rooms-per-mille = 0 } }";
    let measures = measured(&[fault(5, copy)]);
    assert!(measures.loss_at.is_some() && measures.backup_at.is_none());
    assert_eq!(fate(class(&measures, "message")), (66, 66, 0));
    assert_eq!(class(&measures, "message").stranded, 66);
    assert_eq!(fate(class(&measures, "room")), (1, 1, 0));
}

#[test]
fn a_lost_key_is_an_item_that_nobody_gives_back() {
    let key = |parts: &[String]| fate(class(&measured(parts), "signing-key"));
    assert_eq!(key(&[]), (1, 0, 0));
    let lost = fault(5, "key-loss = { server = \"a\" }");
    assert_eq!(key(&[lost]), (1, 1, 0));
    let listed = fault(5, "key-loss = { server = \"a\", listed = true }");
    assert_eq!(key(&[listed]), (1, 0, 0));
}

/// The plaza with steady traffic, in which every message shows a file.
const BUSY: [(&str, &str); 2] = [
    ("room.0.messages-per-day", "30"),
    ("room.0.files-per-mille", "1000"),
];

fn files(parts: &[String], author: &str, made: &str) -> (u64, u64, u64) {
    let chosen = [
        (Dimension::Class, "file"),
        (Dimension::Author, author),
        (Dimension::Made, made),
    ];
    let (items, gone, recovered) = fate(sum(&measured_with(parts, &BUSY), &chosen));
    assert!(items > 0);
    // As shares of what there is: all or nothing.
    assert!([0, items].contains(&gone) && [0, items].contains(&recovered));
    (1, gone / items, recovered / items)
}

#[test]
fn files_are_lost_with_their_rows_or_with_their_store() {
    let talk = [says(6, "bob@b"), scrolls(6), scrolls(7)].concat();
    let with = |media: &str| [restores(media), talk.clone()];
    assert_eq!(files(&with(""), "local", "before"), (1, 0, 0));
    assert_eq!(files(&with(""), "local", "inside"), (1, 1, 0));
    assert_eq!(files(&with(""), "remote", "inside"), (1, 1, 1));
    // A file without its row is lost too.
    let kept = with(", media = \"kept\"");
    assert_eq!(files(&kept, "local", "inside"), (1, 1, 0));
    let gone = with(", media = \"gone\"");
    assert_eq!(files(&gone, "local", "before"), (1, 1, 0));
    // A copy whose row stays without its file is never fetched again.
    assert_eq!(files(&gone, "remote", "before"), (1, 1, 0));
    assert_eq!(files(&gone, "remote", "inside"), (1, 1, 1));
    let lost = [fault(5, "media-loss = { server = \"a\" }")];
    assert!(class(&measured_with(&lost, &BUSY), "file").gone > 0);
}

#[test]
fn files_of_a_dead_server_do_not_come_back() {
    let parts = [
        fault(4, "death = { server = \"c\" }"),
        restores(""),
        says(6, "bob@b"),
        scrolls(6),
        scrolls(7),
    ];
    let measures = measured_with(&parts, &BUSY);
    let remote = [
        (Dimension::Class, "file"),
        (Dimension::Author, "remote"),
        (Dimension::Made, "inside"),
    ];
    let counts = sum(&measures, &remote);
    assert!(counts.recovered > 0 && counts.lost > 0);
    assert_eq!(counts.gone, counts.recovered + counts.lost);
}

#[test]
fn a_rooms_own_lifetime_says_what_is_expired() {
    let set = [
        ("server.0.rules.retention-enabled", "true"),
        ("room.0.max-lifetime", "2d"),
    ];
    let expired = class(&measured_with(&[restores("")], &set), "message").expired;
    assert!(expired > 0);
    let set = [set[0]];
    let expired = class(&measured_with(&[restores("")], &set), "message").expired;
    assert_eq!(expired, 0);
}

#[test]
fn who_alone_connects_others_and_has_the_only_copy() {
    let parts = [
        "[[room]]\nname = \"annex\"\n".to_owned(),
        "[[server]]\nname = \"d\"\n[[user]]\nname = \"dee@d\"\n".to_owned(),
        action(3, "create-room = { room = \"annex\", by = \"cyd@c\" }"),
        action(
            4,
            "send = { room = \"annex\", by = [\"cyd@c\"], counts = [3] }",
        ),
        action(
            5,
            "join = { room = \"annex\", who = \"dee@d\", via = \"c\" }",
        ),
    ];
    let measures = measured(&parts);
    let of = |name| {
        let mut rows = measures.servers.iter();
        let row = rows.find(|row| row.server == name).expect("a server");
        (row.sole_copies, row.connects)
    };
    // C is in both rooms; what it said before D came, D has not.
    assert_eq!(of("c"), (3, true));
    assert_eq!([of("a"), of("b"), of("d")], [(0, false); 3]);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_came_back_over_time_adds_up_to_what_came_back(draft in draft()) {
        let world = draft.world();
        let outcome = run(&world, &mut |_| {});
        let measures = measure(&outcome.books(&world, ServerId(0)), &outcome.journal);
        let state = measures.recovery.iter().filter(|row| row.class == "state");
        let state: u64 = state.map(|row| row.items).sum();
        // The rest is known again without its place in the room, which no fact tells.
        prop_assert!(state <= class(&measures, "state").recovered);
        for name in ["message", "file", "account"] {
            let rows = measures.recovery.iter().filter(|row| row.class == name);
            let back: u64 = rows.clone().map(|row| row.items).sum();
            prop_assert_eq!(back, class(&measures, name).recovered, "{}", name);
            prop_assert_eq!(rows.max_by_key(|row| row.total).map_or(0, |row| row.total), back, "{}", name);
        }
        for row in &measures.items {
            let c = row.counts;
            prop_assert!(c.recovered <= c.recoverable && c.recoverable <= c.gone, "{:?}", row);
        }
    }
}
