//! What becomes of what is pushed (reference, section 2).

use serde_json::json;

use super::story::{ROOM, Story};

#[test]
fn a_pdu_for_an_unknown_room_is_dropped_and_answered_with_200() {
    let told = Story::new(&["a", "b"])
        .backup("a")
        .room("new", &["b", "a"])
        .restore("a")
        .say_in("new", "post", &[("b1", 3)])
        .called("post")
        .look("before", "a")
        .join("new", "a1", "b")
        .wait(60)
        .look("after", "a")
        .told();
    assert_eq!((told.result("post"), told.unheard("post").len()), ("ok", 0));
    assert_eq!(told.room_of("before", "new").events, Default::default());
    // Had the sender noticed, the events would come now that the room is known.
    assert_eq!(told.all_of("after", "new", "post"), 0);
}

#[test]
fn a_pdu_is_dropped_by_a_server_that_does_not_think_it_is_in_the_room() {
    let told = Story::in_a_room(&["a", "b"])
        .leave(ROOM, "b1")
        .backup("b")
        .join(ROOM, "b1", "a")
        .restore("b")
        .say("post", &[("a1", 3)])
        .look("end", "b")
        .told();
    assert!(!told.room("end").joined);
    assert_eq!(told.held("end", "post@a"), 0);
}

/// A restored server that lacks so many messages of all three servers.
fn gap(win: u32) -> Story {
    Story::in_a_room(&["a", "b", "c"])
        .say("pre", &[("a1", 3), ("b1", 3)])
        .backup("a")
        .say("win", &[("a1", win / 3), ("b1", win / 3), ("c1", win / 3)])
        .restore("a")
}

#[test]
fn one_push_heals_at_most_ten_events() {
    for (win, healed) in [(3, 3), (9, 9), (30, 10), (150, 10)] {
        let told = gap(win).say("post", &[("b1", 1)]).look("end", "a").told();
        assert_eq!(
            (told.all("end", "win"), told.held("end", "post@b")),
            (healed, 1),
            "gap of {win}"
        );
    }
}

#[test]
fn more_pushes_heal_no_more() {
    let told = gap(30)
        .say("post", &[("b1", 1)])
        .say("post", &[("c1", 1)])
        .say("post", &[("b1", 1)])
        .look("end", "a")
        .told();
    assert_eq!((told.all("end", "win"), told.all("end", "post")), (10, 3));
}

#[test]
fn the_newest_events_of_a_gap_come_whoever_made_them() {
    let told = gap(30).say("post", &[("b1", 1)]).look("end", "a").told();
    assert_eq!(told.held("end", "win@a"), 0);
    assert_eq!(told.class("end", "win@b").which.as_deref(), Some("6-10"));
    assert_eq!(told.class("end", "win@c").which.as_deref(), Some("6-10"));
}

#[test]
fn what_stays_of_a_gap_is_one_event_known_without_its_place() {
    let told = gap(30).say("post", &[("b1", 1)]).look("end", "a").told();
    let room = told.room("end");
    assert_eq!(
        (
            room.backward_extremities,
            room.failed_pulls,
            room.events.outlier
        ),
        (1, 0, 1)
    );
    assert_eq!(told.class("end", "win@a").outlier, 1);
}

#[test]
fn a_gap_that_is_filled_leaves_nothing_behind() {
    let told = gap(9).say("post", &[("b1", 1)]).look("end", "a").told();
    let room = told.room("end");
    assert_eq!((room.backward_extremities, room.events.outlier), (0, 0));
}

#[test]
fn one_push_brings_the_whole_state_however_deep_the_gap() {
    let told = Story::in_a_room(&["a", "b"])
        .backup("a")
        .set("a1", "name", "renamed")
        .set("a1", "topic", "news")
        .step(json!({"do": "set_power", "room": ROOM, "by": "a1@a", "users": {"b1@b": 50}}))
        .join(ROOM, "b2", "b")
        .join(ROOM, "a2", "a")
        .say("win", &[("a1", 30), ("b1", 30)])
        .restore("a")
        .say("post", &[("b1", 1)])
        .look("a", "a")
        .look("b", "b")
        .told();
    let (a, b) = (told.room("a"), told.room("b"));
    assert_eq!((&a.state, &a.members), (&b.state, &b.members));
    assert_eq!(
        (a.state.name.as_deref(), a.members.len()),
        (Some("renamed"), 4)
    );
}

#[test]
fn only_the_pusher_is_asked_for_what_is_missing() {
    // C has it all, but B, which has purged, speaks.
    let told = gap(30)
        .purge("b", 1)
        .say("post", &[("b1", 1)])
        .look("end", "a")
        .told();
    assert_eq!(told.all("end", "win"), 0);
    let told = gap(30)
        .purge("b", 1)
        .say("post", &[("c1", 1)])
        .look("end", "a")
        .told();
    assert_eq!(told.all("end", "win"), 10);
}

#[test]
fn a_push_is_rejected_when_its_sender_has_no_state_to_give() {
    // Everything but B's newest message is purged: it hangs on nothing that B could give.
    let told = gap(30)
        .purge("b", 1)
        .say("post", &[("b1", 1)])
        .called("post")
        .look("end", "a")
        .told();
    assert_eq!(
        (told.unheard("post"), told.held("end", "post@b")),
        (vec!["a"], 0)
    );
}

#[test]
fn an_event_that_could_not_be_checked_is_written_down_and_not_tried_again() {
    // B's fifth-last message stays, but not what stood before it.
    let told = gap(30)
        .purge("b", 5)
        .say("post", &[("b1", 1)])
        .look("once", "a")
        .say("post", &[("b1", 1)])
        .look("twice", "a")
        .told();
    assert_eq!(
        (
            told.room("once").failed_pulls,
            told.room("twice").failed_pulls
        ),
        (1, 1)
    );
    assert_eq!((told.all("once", "win"), told.all("twice", "win")), (3, 3));
}

#[test]
fn a_push_not_above_the_receivers_smallest_depth_is_refused() {
    let told = gap(30)
        .purge("b", 5)
        .say("post", &[("a1", 1)])
        .called("post")
        .look("end", "b")
        .told();
    assert_eq!(told.unheard("post"), ["b"]);
    assert_eq!(told.held("end", "post@a"), 0);
}

#[test]
fn what_is_pushed_on_a_fork_is_accepted_and_the_next_event_merges() {
    let told = Story::in_a_room(&["a", "b"])
        .cut("a", "b")
        .say("fork", &[("a1", 2), ("b1", 2)])
        .heal("a", "b")
        .look("forked", "a")
        .say("merge", &[("b1", 1)])
        .look("merged", "a")
        .told();
    assert_eq!(
        (
            told.all("forked", "fork"),
            told.room("forked").forward_extremities
        ),
        (4, 2)
    );
    assert_eq!(told.room("merged").forward_extremities, 1);
}

#[test]
fn an_event_that_the_present_state_forbids_is_soft_failed() {
    let told = Story::in_a_room(&["a", "b"])
        .cut("a", "b")
        .kick(ROOM, "a1", "b1")
        .say("ghost", &[("b1", 2)])
        .heal("a", "b")
        .look("end", "a")
        .told();
    let ghost = told.class("end", "ghost@b");
    assert_eq!((ghost.held, ghost.soft, ghost.rejected), (0, 2, 0));
    assert_eq!(told.room("end").forward_extremities, 1);
}

#[test]
fn what_was_signed_with_a_key_that_is_gone_nobody_new_can_check() {
    let joining = |maker: &str, other: &str| {
        Story::new(&["a", "b", "c"])
            .room(ROOM, &[maker, other])
            .backup("a")
            .restore_as("a", "restored", "new")
            .join(ROOM, "c1", "b")
            .called("join")
            .look("end", "c")
            .told()
    };
    // Without the event that made it there is no room.
    assert_eq!(joining("a", "b").result("join"), "400 M_UNKNOWN");
    let without_a = joining("b", "a");
    assert_eq!(without_a.result("join"), "ok");
    assert_eq!(without_a.room("end").members, ["b1@b", "c1@c"]);
}

#[test]
fn the_key_of_a_server_that_is_away_is_missing_where_it_was_never_heard() {
    let told = Story::new(&["a", "b", "c"])
        .room(ROOM, &["b", "c"])
        .stop("c")
        .join(ROOM, "a1", "b")
        .look("end", "a")
        .told();
    assert_eq!(told.room("end").members, ["a1@a", "b1@b"]);
    assert_eq!(told.room("end").failed_pulls, 1);
}

#[test]
fn a_redaction_whose_content_is_hidden_redacts_nothing_before_version_11() {
    let redacted = |version: &str| {
        let create = json!({"do": "create_room", "room": ROOM, "by": "c1@c", "preset": "public",
            "version": version, "history_visibility": "invited"});
        Story::new(&["a", "b", "c"])
            .step(create)
            .join(ROOM, "a1", "c")
            .say("pre", &[("a1", 2)])
            .step(json!({"do": "redact", "room": ROOM, "by": "c1@c", "target": ["pre", "a", 1]}))
            .say("win", &[("a1", 2)])
            .join(ROOM, "b1", "c")
            .scroll("b1")
            .look("end", "b")
            .told()
            .class("end", "pre@a")
            .redacted
    };
    assert_eq!((redacted("10"), redacted("11")), (0, 1));
}
