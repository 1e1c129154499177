//! A server comes back with an old database (reference, section 5).

use serde_json::json;

use super::story::{ROOM, Story};

fn window() -> Story {
    Story::in_a_room(&["a", "b", "c"])
        .say("pre", &[("a1", 3), ("b1", 3)])
        .backup("a")
        .look("before", "a")
        .say("win", &[("a1", 15), ("b1", 15), ("c1", 10)])
}

#[test]
fn after_a_restore_everything_is_as_at_the_backup() {
    let told = window()
        .set("a1", "topic", "news")
        .join(ROOM, "a2", "a")
        .restore("a")
        .look("after", "a")
        .told();
    let (before, after) = (told.room("before"), told.room("after"));
    assert_eq!(after.events, before.events);
    assert_eq!(
        (&after.state, &after.members, &after.local),
        (&before.state, &before.members, &before.local)
    );
    let edges =
        |room: &fedheal::verify::RoomCells| (room.forward_extremities, room.backward_extremities);
    assert_eq!(edges(after), edges(before));
}

#[test]
fn the_latest_backup_counts() {
    let told = Story::in_a_room(&["a", "b"])
        .backup("a")
        .say("old", &[("b1", 3)])
        .backup("a")
        .say("new", &[("b1", 3)])
        .restore("a")
        .look("end", "a")
        .told();
    assert_eq!(
        (told.held("end", "old@b"), told.held("end", "new@b")),
        (3, 0)
    );
}

#[test]
fn own_lost_events_come_back_like_any_others() {
    let told = window()
        .restore("a")
        .say("post", &[("b1", 1)])
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(
        (
            told.held("end", "win@a"),
            told.held("end", "win@b"),
            told.held("end", "win@c")
        ),
        (15, 15, 10)
    );
}

fn with_key(key: &str) -> Story {
    window()
        .restore_as("a", "restored", key)
        .say("post", &[("b1", 1), ("a1", 1)])
        .scroll_in(ROOM, "a1", 2)
        .look("end", "a")
        .look("b", "b")
}

#[test]
fn own_lost_events_are_unverifiable_when_the_key_is_lost() {
    let told = with_key("new").told();
    // With each, the first event of another server that stands on it is out of reach.
    assert_eq!(
        (
            told.held("end", "win@a"),
            told.held("end", "win@b"),
            told.held("end", "win@c")
        ),
        (0, 12, 10)
    );
}

#[test]
fn a_lost_key_does_no_harm_if_it_is_listed() {
    let told = with_key("new-listed").told();
    assert_eq!(
        (
            told.held("end", "win@a"),
            told.held("end", "win@b"),
            told.held("end", "win@c")
        ),
        (15, 15, 10)
    );
}

#[test]
fn what_is_signed_with_a_new_key_is_accepted_at_once() {
    for key in ["new", "new-listed"] {
        let told = with_key(key).told();
        assert_eq!(
            (told.held("b", "post@a"), told.all("b", "win")),
            (1, 40),
            "{key}"
        );
    }
}

#[test]
fn the_first_own_message_is_a_second_branch_until_somebody_merges() {
    let told = window()
        .restore("a")
        .say("own", &[("a1", 1)])
        .look("forked", "b")
        .say("reply", &[("b1", 1)])
        .look("merged", "b")
        .told();
    assert_eq!(
        (
            told.held("forked", "own@a"),
            told.room("forked").forward_extremities
        ),
        (1, 2)
    );
    assert_eq!(told.room("merged").forward_extremities, 1);
}

#[test]
fn a_name_given_after_the_restore_wins_over_the_lost_one() {
    let told = Story::in_a_room(&["a", "b", "c"])
        .step(json!({"do": "set_power", "room": ROOM, "by": "a1@a", "users": {"b1@b": 100}}))
        .backup("a")
        .set("b1", "name", "lost")
        .set("b1", "topic", "kept")
        .say("win", &[("b1", 5)])
        .restore("a")
        .set("a1", "name", "new")
        .say("post", &[("b1", 1), ("a1", 1)])
        .look("a", "a")
        .look("b", "b")
        .told();
    for stage in ["a", "b"] {
        let state = &told.room(stage).state;
        assert_eq!(
            (state.name.as_deref(), state.topic.as_deref()),
            (Some("new"), Some("kept")),
            "{stage}"
        );
    }
}

#[test]
fn a_ban_that_was_lost_wins_over_what_the_banned_say() {
    let told = Story::in_a_room(&["b", "a", "c"])
        .join_here(ROOM, "a2")
        .backup("a")
        .step(json!({"do": "ban", "room": ROOM, "by": "b1@b", "who": "a2@a"}))
        .restore("a")
        .say("banned", &[("a2", 2)])
        .say("post", &[("b1", 1)])
        .look("a", "a")
        .look("b", "b")
        .told();
    assert_eq!(told.room("a").local["a2@a"], "ban");
    assert_eq!(told.class("b", "banned@a").soft, 2);
}

#[test]
fn a_lost_redaction_takes_effect_when_it_comes_back() {
    let told = window()
        .step(json!({"do": "redact", "room": ROOM, "by": "a1@a", "target": ["pre", "a", 1]}))
        .restore("a")
        .look("restored", "a")
        .say("post", &[("b1", 1)])
        .look("end", "a")
        .told();
    assert_eq!(
        (
            told.class("restored", "pre@a").redacted,
            told.class("end", "pre@a").redacted
        ),
        (0, 1)
    );
}

#[test]
fn rooms_without_other_servers_have_no_other_copy() {
    let told = Story::new(&["a", "b"])
        .create("own", "a1", "public")
        .step(json!({"do": "create_room", "room": "walled", "by": "a1@a", "preset": "public", "federate": false}))
        .backup("a")
        .say_in("own", "win", &[("a1", 5)])
        .say_in("walled", "win", &[("a1", 5)])
        .create("young", "a1", "public")
        .restore("a")
        .say_in("own", "post", &[("a1", 1)])
        .scroll_in("own", "a1", 2)
        .scroll_in("walled", "a1", 2)
        .join("young", "a1", "b")
        .called("join")
        .look("end", "a")
        .told();
    assert_eq!(
        (
            told.all_of("end", "own", "win"),
            told.all_of("end", "walled", "win")
        ),
        (0, 0)
    );
    assert!(
        told.result("join").starts_with("502 "),
        "{}",
        told.result("join")
    );
}

#[test]
fn what_only_a_stopped_server_could_have_heard_is_lost() {
    // B was down; the room of A and B has no copy, in the other one C has.
    let told = Story::new(&["a", "b", "c"])
        .room("two", &["a", "b"])
        .room("three", &["a", "b", "c"])
        .backup("a")
        .stop("b")
        .say_in("two", "win", &[("a1", 20)])
        .say_in("three", "win", &[("a1", 20), ("c1", 20)])
        .restore("a")
        .start("b")
        .say_in("two", "post", &[("b1", 1)])
        .say_in("three", "post", &[("b1", 1)])
        .scroll_in("two", "a1", 2)
        .scroll_in("three", "a1", 2)
        .look("end", "a")
        .told();
    assert_eq!(
        (
            told.all_of("end", "two", "win"),
            told.all_of("end", "three", "win")
        ),
        (0, 40)
    );
}

#[test]
fn the_messages_of_a_dead_server_come_from_a_third() {
    let told = window()
        .stop("b")
        .restore("a")
        .say("post", &[("c1", 1)])
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(told.held("end", "win@b"), 15);
}

#[test]
fn two_servers_that_lost_the_same_have_nothing_to_give_each_other() {
    let told = Story::in_a_room(&["a", "b"])
        .backup("a")
        .backup("b")
        .say("win", &[("a1", 20), ("b1", 20)])
        .restore("a")
        .restore("b")
        .say("post", &[("b1", 1), ("a1", 1)])
        .scroll("a1")
        .look("end", "a")
        .told();
    // No gap shows.
    assert_eq!((told.all("end", "win"), told.all("end", "post")), (0, 2));
    assert_eq!(told.room("end").backward_extremities, 0);
}

#[test]
fn what_was_owed_when_the_server_went_down_is_delivered_to_the_restored_one() {
    let told = Story::in_a_room(&["a", "b"])
        .backup("a")
        .say("win", &[("b1", 3)])
        .stop("a")
        .say("owed", &[("b1", 20)])
        .restore("a")
        .look("end", "a")
        .told();
    assert_eq!(
        (told.held("end", "win@b"), told.held("end", "owed@b")),
        (3, 20)
    );
}

#[test]
fn a_restored_server_owes_what_it_owed_at_the_backup() {
    let told = Story::in_a_room(&["a", "b"])
        .say("pre", &[("a1", 1)])
        .cut("a", "b")
        .say("owed", &[("a1", 1)])
        .backup("a")
        .heal("a", "b")
        .look("before", "b")
        .backup("b")
        .restore("a")
        .wait(10)
        .look("after", "b")
        .told();
    assert_eq!(
        (told.held("before", "owed@a"), told.held("after", "owed@a")),
        (1, 1)
    );
}
