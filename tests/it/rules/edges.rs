//! What remains of the graph where events are gone (Synapse, `event_edges`, `purge_events.py`).

use super::story::{ROOM, Story};

#[test]
fn a_search_for_missing_events_goes_on_through_what_a_purge_has_spared() {
    let gap = |own_too| {
        Story::in_a_room(&["a", "b"])
            .say("pre", &[("a1", 3), ("b1", 3)])
            .backup("a")
            .say("win", &[("b1", 30)])
            .purge_as("b", 5, own_too)
            .restore("a")
            .say("post", &[("b1", 1)])
            .look("end", "a")
            .told()
    };
    // Spared messages of b are outliers: given as part of the ten, but the state at them is not known. Every
    // second one is asked about, and the event above each such pair is skipped.
    let spared = gap(false);
    assert_eq!(spared.class("end", "win@b").which.as_deref(), Some("27-30"));
    assert_eq!(spared.room("end").failed_pulls, 3);
    // Deleted ones are not given: the search ends at the cut.
    let deleted = gap(true);
    assert_eq!(
        deleted.class("end", "win@b").which.as_deref(),
        Some("28-30")
    );
    assert_eq!(deleted.room("end").failed_pulls, 1);
}

#[test]
fn a_purge_fails_that_would_delete_what_arrived_last() {
    let told = Story::in_a_room(&["a", "b"])
        .say("pre", &[("a1", 3), ("b1", 3)])
        .backup("b")
        .say("win", &[("a1", 40)])
        .restore("b")
        .say("stale", &[("b1", 1)])
        .purge("a", 5)
        .called("at once")
        .look("before", "a")
        .say("later", &[("a1", 1)])
        .purge("a", 5)
        .called("later")
        .look("after", "a")
        .told();
    assert_eq!(
        (told.result("at once"), told.result("later")),
        ("failed", "ok")
    );
    assert_eq!(
        (told.all("before", "win"), told.held("before", "stale@b")),
        (40, 1)
    );
    assert_eq!(
        (told.all("after", "win"), told.held("after", "stale@b")),
        (4, 0)
    );
}

#[test]
fn what_is_learned_of_one_missing_parent_is_kept_though_another_is_out_of_reach() {
    // b and c speak apart; a joins both branches; c then purges so far that it knows the state at the
    // deeper parent only.
    let told = Story::in_a_room(&["a", "b", "c"])
        .say("pre", &[("a1", 3)])
        .backup("a")
        .cut("b", "c")
        .say("win", &[("c1", 10), ("b1", 1)])
        .say("join", &[("a1", 4)])
        .heal("b", "c")
        .purge("c", 6)
        .restore("a")
        .say("post", &[("c1", 1)])
        .look("end", "a")
        .told();
    let (win, join) = (told.class("end", "win@c"), told.class("end", "join@a"));
    assert_eq!((win.held, win.outlier), (0, 1));
    assert_eq!((join.held, join.which.as_deref()), (2, Some("3-4")));
}

#[test]
fn an_own_event_that_is_learned_again_is_sent_again() {
    let told = Story::in_a_room(&["a", "b", "c"])
        .say("pre", &[("a1", 3), ("b1", 3)])
        .backup("b")
        .backup("c")
        .say("win", &[("b1", 1)])
        .restore("c")
        .restore("b")
        .cut("a", "c")
        .look("before", "c")
        .say("post", &[("a1", 1)])
        .look("b", "b")
        .look("after", "c")
        .told();
    assert_eq!(told.held("before", "win@b"), 0);
    assert_eq!(told.held("b", "win@b"), 1);
    assert_eq!(
        (told.held("after", "win@b"), told.held("after", "post@a")),
        (1, 0)
    );
}

#[test]
fn a_new_process_that_cannot_deliver_leaves_out_all_but_the_newest() {
    let ago = |restart| {
        let story = Story::in_a_room(&["a", "b"]).say("pre", &[("a1", 3)]);
        let story = if restart { story.restart("a") } else { story };
        story
            .stop("b")
            .say("win", &[("a1", 30)])
            .start("b")
            .look("end", "b")
            .told()
    };
    assert_eq!(ago(false).all("end", "win"), 30);
    // The newest one, and the ten before it that are asked for.
    assert_eq!(ago(true).all("end", "win"), 11);
}

/// Server b has lost a window of thirty messages, and is told of the next one.
fn behind_a_gap(before: impl FnOnce(Story) -> Story) -> u64 {
    let story = Story::in_a_room(&["a", "b"])
        .join_here(ROOM, "b1")
        .say("pre", &[("a1", 1)]);
    let told = before(story)
        .backup("b")
        .say("win", &[("a1", 30)])
        .restore("b")
        .say("post", &[("a1", 1)])
        .look("end", "b")
        .told();
    told.room("end").forward_extremities
}

#[test]
fn a_stale_extremity_is_dropped_if_its_state_group_comes_later_in_a_set() {
    // A first join through another server takes four groups and another one a fifth. The state above the gap is of a
    // new group; of the two with the same state the first by the lowest three bits is kept.
    let equal = |times| {
        behind_a_gap(|story| (0..times).fold(story, |story, _| story.join_here(ROOM, "b1")))
    };
    let left: Vec<u64> = (0..7).map(equal).collect();
    assert_eq!(left, [2, 2, 1, 1, 1, 1, 1], "groups 5 and 6 to 12");
}

#[test]
fn what_is_refused_or_equal_takes_a_state_group_all_the_same() {
    let refused = behind_a_gap(|story| story.set("b1", "topic", "no").set("b1", "name", "no"));
    assert_eq!(refused, 1, "groups 5 and 8");
    // Who is not in the room is told so before.
    let outside = behind_a_gap(|story| story.set("b2", "topic", "no").set("b2", "name", "no"));
    assert_eq!(outside, 2, "groups 5 and 6");
}
