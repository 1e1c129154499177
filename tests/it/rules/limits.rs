//! Rules at their limits: bursts, long outages, failures that repeat, what is hidden for good.

use serde_json::{Value, json};

use super::story::{ROOM, Story};

/// Synapse's own times of waiting, and no others.
fn patient() -> Value {
    json!({"retry": "default"})
}

#[test]
fn a_long_back_off_throws_the_queue_away() {
    // With the fourth failure the back-off passes an hour. The next message meets it, and from then on only
    // the newest event of the room is owed; the receiver asks for ten before it.
    let after = |hours: u32| {
        Story::new(&["a", "b"])
            .with("b", patient())
            .room(ROOM, &["a", "b"])
            .stop("a")
            .say("out", &[("b1", 30)])
            .wait(hours * 3600)
            .say("late", &[("b1", 1)])
            .start("a")
            .say("wake", &[("a1", 1)])
            .wait(60)
            .look("end", "a")
            .told()
    };
    assert_eq!(after(1).held("end", "out@b"), 30);
    let long = after(4);
    assert_eq!(long.held("end", "late@b"), 1);
    assert_eq!(long.class("end", "out@b").which.as_deref(), Some("21-30"));
}

#[test]
fn a_failed_pull_is_tried_again_after_an_hour_and_not_before() {
    // B has purged what A lacks, so the state at the gap cannot be had from it; C has it.
    let gap = |wait| {
        Story::in_a_room(&["a", "b", "c"])
            .backup("a")
            .say("win", &[("b1", 15), ("c1", 15)])
            .purge("b", 1)
            .restore("a")
            .say("post", &[("b1", 1)])
            .wait(wait)
            .say("later", &[("c1", 1)])
            .scroll("a1")
            .look("end", "a")
            .told()
    };
    let soon = gap(60);
    let late = gap(3 * 3600);
    assert!(soon.all("end", "win") <= late.all("end", "win"));
    assert!(soon.room("end").failed_pulls >= late.room("end").failed_pulls);
}

#[test]
fn what_a_server_was_not_to_see_comes_as_a_shell() {
    // B was not in the room when A spoke first, and the history is for those who had joined.
    let told = Story::new(&["a", "b"])
        .step(
            json!({"do": "create_room", "room": ROOM, "by": "a1@a", "preset": "public",
            "history_visibility": "joined"}),
        )
        .say("pre", &[("a1", 5)])
        .join(ROOM, "b1", "a")
        .scroll("b1")
        .called("scroll")
        .look("scrolled", "b")
        .restart("b")
        .scroll("b1")
        .called("once more")
        .look("end", "b")
        .told();
    // It holds them, and will never have the content: an event that is there is not fetched again.
    assert_eq!(told.held("scrolled", "pre@a"), 5);
    assert_eq!(told.held("end", "pre@a"), 5);
    assert_eq!(told.seen("scroll", 0, "pre@a"), 0);
    assert_eq!(told.seen("once more", 0, "pre@a"), 0);
}

#[test]
fn of_a_burst_behind_a_gap_only_the_end_is_kept() {
    // All that B said behind the cut arrives while A asks for what came before it.
    let after = |said| {
        let told = Story::in_a_room(&["a", "b"])
            .say("pre", &[("a1", 1)])
            .backup("a")
            .say("win", &[("b1", 30)])
            .restore("a")
            .cut("a", "b")
            .say("out", &[("b1", said)])
            .heal("a", "b")
            .look("end", "a")
            .told();
        told.held("end", "out@b")
    };
    assert_eq!(after(80), 80);
    // A hundred waiting are too many: those that others refer to are dropped, and ten are asked for again.
    assert_eq!(after(149), 1 + 11);
}

#[test]
fn a_lost_redaction_stays_unknown_in_a_silent_room() {
    let told = Story::in_a_room(&["a", "b"])
        .say("pre", &[("a1", 3)])
        .backup("a")
        .step(json!({"do": "redact", "room": ROOM, "by": "a1@a", "target": ["pre", "a", 1]}))
        .restore("a")
        .wait(600)
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(told.class("end", "pre@a").redacted, 0);
}

#[test]
fn what_is_older_than_the_lifetime_goes_with_the_first_purge_after_a_restore() {
    let short = json!({"retention": {"enabled": true, "default_policy": {"max_lifetime": "5m"},
        "purge_jobs": [{"interval": "10m"}]}});
    let told = Story::in_a_room(&["a", "b"])
        .with("a", short)
        .say("old", &[("a1", 10)])
        .backup("a")
        .wait(400)
        .restore("a")
        .look("restored", "a")
        .say("new", &[("b1", 1)])
        .wait(900)
        .look("end", "a")
        .told();
    assert_eq!(told.held("restored", "old@a"), 10);
    assert_eq!(told.held("end", "old@a"), 0);
}

#[test]
fn a_gap_is_filled_only_for_a_server_that_is_in_the_room() {
    // A's last member was removed while it was down: whoever asks from outside is refused.
    let told = Story::in_a_room(&["a", "b", "c"])
        .backup("a")
        .say("win", &[("b1", 15)])
        .kick(ROOM, "b1", "a1")
        .restore("a")
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(told.held("end", "win@b"), 0);
}
