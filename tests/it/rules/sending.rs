//! Who is told what, and when (reference, section 1).

use serde_json::json;

use super::story::{ROOM, Story};

#[test]
fn an_acknowledged_event_is_never_sent_again() {
    let told = Story::in_a_room(&["a", "b", "c"])
        .backup("a")
        .say("win", &[("a1", 10), ("b1", 10), ("c1", 10)])
        .restore("a")
        .wait(60)
        .look("end", "a")
        .told();
    assert_eq!(told.all("end", "win"), 0);
}

#[test]
fn a_short_outage_is_followed_by_everything() {
    let told = Story::in_a_room(&["a", "b", "c"])
        .stop("c")
        .say("out", &[("b1", 40)])
        .start("c")
        .look("end", "c")
        .told();
    assert_eq!(told.held("end", "out@b"), 40);
}

#[test]
fn a_transaction_carries_at_most_fifty_and_the_rest_follows() {
    let told = Story::in_a_room(&["a", "b"])
        .cut("a", "b")
        .say("out", &[("b1", 90)])
        .heal("a", "b")
        .look("end", "a")
        .told();
    assert_eq!(told.held("end", "out@b"), 90);
}

#[test]
fn a_restarted_sender_catches_up_with_the_newest_event_only() {
    // The newest, and the ten before it that the receiver asks for.
    let told = Story::in_a_room(&["a", "b"])
        .say("pre", &[("b1", 1)])
        .cut("a", "b")
        .say("out", &[("b1", 40)])
        .restart("b")
        .heal("a", "b")
        .look("end", "a")
        .told();
    assert_eq!(told.class("end", "out@b").which.as_deref(), Some("30-40"));
}

#[test]
fn catch_up_sends_the_present_tips_whoever_made_them() {
    let told = Story::in_a_room(&["a", "b", "c"])
        .say("pre", &[("b1", 1)])
        .stop("c")
        .say("out", &[("b1", 1), ("a1", 3)])
        .restart("b")
        .cut("a", "c")
        .start("c")
        .look("end", "c")
        .told();
    assert_eq!(
        (told.held("end", "out@b"), told.held("end", "out@a")),
        (1, 3)
    );
}

#[test]
fn catch_up_skips_an_owed_event_that_was_purged() {
    let told = Story::in_a_room(&["a", "b", "c"])
        .stop("c")
        .say("out", &[("b1", 1), ("a1", 3)])
        .purge("b", 1)
        .restart("b")
        .cut("a", "c")
        .start("c")
        .look("end", "c")
        .told();
    assert_eq!(told.all("end", "out"), 0);
}

#[test]
fn catch_up_covers_only_rooms_in_which_the_senders_own_users_spoke() {
    let told = Story::new(&["a", "b", "c"])
        .room("mine", &["a", "b", "c"])
        .room("theirs", &["a", "b", "c"])
        .say_in("mine", "pre", &[("b1", 1)])
        .stop("c")
        .say_in("mine", "out", &[("b1", 2)])
        .say_in("theirs", "out", &[("a1", 2)])
        .restart("b")
        .cut("a", "c")
        .start("c")
        .look("end", "c")
        .told();
    assert_eq!(told.all_of("end", "mine", "out"), 2);
    assert_eq!(told.all_of("end", "theirs", "out"), 0);
}

#[test]
fn a_server_passes_on_no_events_of_others() {
    let told = Story::in_a_room(&["a", "b", "c"])
        .cut("b", "c")
        .say("out", &[("b1", 3)])
        .wait(60)
        .look("middle", "a")
        .look("end", "c")
        .told();
    assert_eq!(
        (told.held("middle", "out@b"), told.held("end", "out@b")),
        (3, 0)
    );
}

#[test]
fn a_cut_off_servers_events_are_asked_of_whoever_speaks_next() {
    let told = Story::in_a_room(&["a", "b", "c"])
        .cut("b", "c")
        .say("out", &[("b1", 3), ("a1", 1)])
        .look("end", "c")
        .told();
    assert_eq!(told.held("end", "out@b"), 3);
}

#[test]
fn a_removed_server_still_hears_of_its_removal() {
    let told = Story::in_a_room(&["a", "b"])
        .kick(ROOM, "a1", "b1")
        .say("later", &[("a1", 3)])
        .look("end", "b")
        .told();
    assert_eq!(told.room("end").local["b1@b"], "leave");
    assert_eq!(told.held("end", "later@a"), 0);
}

/// A server that saw another one down and is silent for ten minutes.
fn backing_off() -> Story {
    Story::new(&["a", "b"])
        .with("b", json!({"retry": "default"}))
        .room(ROOM, &["a", "b"])
        .room("other", &["a", "b"])
        .stop("a")
        .say("out", &[("b1", 4)])
        .wait(900)
        .start("a")
        .say("late", &[("b1", 1)])
        .called("late")
}

#[test]
fn a_server_that_was_seen_down_is_left_alone_for_a_while() {
    let told = backing_off().look("end", "a").told();
    assert_eq!(
        (told.result("late"), told.unheard("late").len()),
        ("ok", 0),
        "it is no listener"
    );
    assert_eq!(
        (told.held("end", "out@b"), told.held("end", "late@b")),
        (0, 0)
    );
}

#[test]
fn any_request_from_a_server_ends_the_back_off_towards_it() {
    let told = backing_off()
        .say_in("other", "wake", &[("a1", 1)])
        .wait(10)
        .look("end", "a")
        .told();
    assert_eq!(
        (told.held("end", "out@b"), told.held("end", "late@b")),
        (4, 1)
    );
}

/// A server that was asked something in vain, and to which something is owed only since then, is looked for as soon as
/// its back-off is over (`_wake_destinations_needing_catchup` asks every minute).
#[test]
fn who_was_asked_in_vain_is_woken_when_the_back_off_is_over() {
    let told = Story::new(&["a", "b"])
        .with("b", json!({"retry": "default"}))
        .room(ROOM, &["a", "b"])
        .create("far", "a1", "public")
        .stop("a")
        .join("far", "b1", "a")
        .called("in vain")
        .say("late", &[("b1", 1)])
        .start("a")
        .wait(60)
        .look("soon", "a")
        .wait(1200)
        .look("end", "a")
        .told();
    assert_ne!(told.result("in vain"), "ok");
    assert_eq!(told.held("soon", "late@b"), 0);
    assert_eq!(told.held("end", "late@b"), 1);
}

#[test]
fn a_redaction_of_something_purged_is_sent_but_by_a_new_process() {
    let redacted = |between: fn(Story) -> Story| {
        let story = Story::in_a_room(&["a", "b"])
            .say("pre", &[("b1", 5), ("a1", 2)])
            .purge("a", 1);
        between(story)
            .step(json!({"do": "redact", "room": ROOM, "by": "a1@a", "target": ["pre", "b", 1]}))
            .look("end", "b")
            .told()
            .class("end", "pre@b")
            .redacted
    };
    assert_eq!(redacted(|story| story), 1);
    // That begins in catch-up, and reads what it gives as if somebody had asked for it.
    assert_eq!(redacted(|story| story.restart("a")), 0);
}

/// A connection is kept open for two minutes (`cachedConnectionTimeout`); what was sent on it lies in the socket.
#[test]
fn who_stood_still_reads_what_was_sent_on_an_open_connection_by_a_process_that_is_gone() {
    let held = |silence: u32| {
        let told = Story::in_a_room(&["a", "b", "c"])
            .say("pre", &[("a1", 1), ("b1", 1), ("c1", 1)])
            .wait(silence)
            .freeze("b")
            .say("window", &[("c1", 14)])
            .restart("c")
            .thaw("b")
            .look("end", "b")
            .told();
        told.class("end", "window@c").which.clone()
    };
    // The new process sends the newest one, and is asked for the ten before it.
    assert_eq!(held(0).as_deref(), Some("1,4-14"));
    assert_eq!(held(130).as_deref(), Some("4-14"));
}

/// What is due while a process stands still is done when it goes on (a wild script).
#[test]
fn who_stood_still_goes_on_looking_for_servers_that_are_owed_events() {
    let told = Story::in_a_room(&["a", "b"])
        .say("pre", &[("a1", 1), ("b1", 1)])
        .stop("b")
        .say("out", &[("a1", 1)])
        .wait(6)
        .freeze("a")
        .wait(20)
        .thaw("a")
        .start("b")
        .look("end", "b")
        .told();
    assert_eq!(told.held("end", "out@a"), 1);
}
