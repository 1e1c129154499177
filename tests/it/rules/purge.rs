//! Purging and retention (reference, section 7).

use serde_json::{Value, json};

use super::story::{ROOM, Story};

#[test]
fn a_purge_keeps_the_newest_messages_by_depth() {
    let told = Story::in_a_room(&["a", "b"])
        .say("talk", &[("a1", 10), ("b1", 10)])
        .purge("a", 5)
        .called("purge")
        .look("end", "a")
        .told();
    assert_eq!(told.result("purge"), "ok");
    assert_eq!(
        (
            told.held("end", "talk@a"),
            told.class("end", "talk@b").which.as_deref()
        ),
        (0, Some("6-10"))
    );
}

#[test]
fn a_purge_turns_state_into_outliers_and_leaves_it_in_force() {
    let told = Story::in_a_room(&["a", "b"])
        .look("before", "a")
        .say("talk", &[("a1", 10)])
        .purge("a", 5)
        .look("after", "a")
        .told();
    let (before, after) = (told.room("before"), told.room("after"));
    assert_eq!(
        (before.events.held, after.events.held, after.events.outlier),
        (7, 5, 7)
    );
    assert_eq!(
        (&before.state, &before.members),
        (&after.state, &after.members)
    );
    assert_eq!(
        (after.forward_extremities, after.backward_extremities),
        (1, 1)
    );
}

#[test]
fn a_purge_of_too_few_messages_does_nothing() {
    let told = Story::in_a_room(&["a", "b"])
        .say("talk", &[("a1", 3)])
        .purge("a", 4)
        .called("purge")
        .look("end", "a")
        .told();
    assert_eq!(
        (told.result("purge"), told.held("end", "talk@a")),
        ("too few", 3)
    );
}

#[test]
fn a_purge_is_nobody_elses_business() {
    let told = Story::in_a_room(&["a", "b"])
        .say("talk", &[("a1", 10)])
        .purge("a", 1)
        .wait(60)
        .look("end", "b")
        .told();
    assert_eq!(told.held("end", "talk@a"), 10);
}

#[test]
fn a_purged_event_comes_back_by_pagination() {
    let told = Story::in_a_room(&["b", "a"])
        .say("talk", &[("a1", 25), ("b1", 25)])
        .purge("a", 1)
        .look("purged", "a")
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(
        (told.all("purged", "talk"), told.all("end", "talk")),
        (1, 50)
    );
}

#[test]
fn what_everybody_purged_is_gone() {
    let told = Story::in_a_room(&["a", "b"])
        .say("talk", &[("a1", 10), ("b1", 10)])
        .purge("a", 5)
        .purge("b", 5)
        .scroll("a1")
        .scroll("b1")
        .look("a", "a")
        .look("b", "b")
        .told();
    assert_eq!((told.all("a", "talk"), told.all("b", "talk")), (5, 5));
}

#[test]
fn own_events_that_a_purge_spares_are_of_no_use_to_others() {
    let lost = || {
        Story::in_a_room(&["a", "b"])
            .backup("a")
            .say("win", &[("a1", 15), ("b1", 15)])
    };
    let told = lost()
        .purge_as("b", 1, false)
        .look("b", "b")
        .restore("a")
        .say("post", &[("b1", 1)])
        .scroll("a1")
        .look("end", "a")
        .told();
    let spared = told.class("b", "win@b");
    assert_eq!((spared.held, spared.outlier), (1, 14));
    assert_eq!(told.all("end", "win"), 0);
}

#[test]
fn a_purged_server_cannot_refill_from_one_that_was_restored() {
    // C has everything, but A is asked first.
    let story = || {
        Story::in_a_room(&["a", "b", "c"])
            .backup("a")
            .say("win", &[("a1", 10), ("b1", 10), ("c1", 10)])
            .purge("b", 5)
    };
    let restored = story().restore("a").scroll("b1").look("end", "b").told();
    assert_eq!(restored.all("end", "win"), 5);
    let intact = story().scroll("b1").look("end", "b").told();
    assert_eq!(intact.all("end", "win"), 30);
}

#[test]
fn a_message_on_an_old_branch_is_purged_as_old_however_new_it_is() {
    let told = Story::in_a_room(&["a", "b"])
        .backup("a")
        .say("win", &[("b1", 30)])
        .restore("a")
        .say("new", &[("a1", 1)])
        .say("reply", &[("b1", 1)])
        .purge("b", 5)
        .called("purge")
        .look("end", "b")
        .told();
    assert_eq!(told.result("purge"), "ok");
    assert_eq!(
        (
            told.held("end", "new@a"),
            told.held("end", "win@b"),
            told.held("end", "reply@b")
        ),
        (0, 4, 1)
    );
}

#[test]
fn a_purge_empties_what_is_owed() {
    let told = Story::in_a_room(&["a", "b", "c"])
        .say("talk", &[("a1", 10), ("b1", 10)])
        .purge("a", 5)
        .say("post", &[("b1", 1)])
        .look("end", "a")
        .told();
    assert_eq!(
        told.all("end", "talk") + told.all("end", "post"),
        6,
        "life goes on above the cut"
    );
}

/// Messages live for five minutes; the job runs every minute.
fn brief() -> Value {
    json!({"retention": {"enabled": true, "default_policy": {"max_lifetime": "5m"},
        "purge_jobs": [{"interval": "1m"}]}})
}

#[test]
fn the_purge_job_deletes_what_is_too_old_but_the_last() {
    let told = Story::in_a_room(&["a", "b"])
        .with("a", brief())
        .say("old", &[("a1", 5), ("b1", 5)])
        .look("young", "a")
        .wait(500)
        .look("end", "a")
        .look("b", "b")
        .told();
    assert_eq!(
        (
            told.all("young", "old"),
            told.all("end", "old"),
            told.all("b", "old")
        ),
        (10, 1, 10)
    );
}

#[test]
fn the_purge_job_spares_what_is_young() {
    let told = Story::in_a_room(&["a", "b"])
        .with("a", brief())
        .say("old", &[("a1", 5)])
        .wait(400)
        .say("new", &[("b1", 5)])
        .wait(120)
        .look("end", "a")
        .told();
    // The first that arrived since decides the depth of the cut: nothing on the server lies between.
    assert_eq!(
        (told.held("end", "old@a"), told.held("end", "new@b")),
        (0, 5)
    );
}

#[test]
fn where_another_room_was_first_to_speak_since_the_last_old_message_stays() {
    let told = Story::in_a_room(&["a", "b"])
        .room("other", &["a", "b"])
        .with("a", brief())
        .say("old", &[("a1", 5)])
        .wait(400)
        .say_in("other", "between", &[("b1", 1)])
        .say("new", &[("b1", 5)])
        .wait(120)
        .look("end", "a")
        .told();
    assert_eq!(
        (told.held("end", "old@a"), told.held("end", "new@b")),
        (1, 5)
    );
}

#[test]
fn retention_that_is_not_enabled_does_nothing() {
    let told = Story::in_a_room(&["a", "b"])
        .with(
            "a",
            json!({"retention": {"enabled": false, "default_policy": {"max_lifetime": "5m"},
            "purge_jobs": [{"interval": "1m"}]}}),
        )
        .say("old", &[("a1", 5)])
        .wait(500)
        .scroll("a1")
        .called("scroll")
        .look("end", "a")
        .told();
    assert_eq!(
        (told.held("end", "old@a"), told.seen("scroll", 0, "old@a")),
        (5, 5)
    );
}

#[test]
fn expired_messages_come_back_but_are_not_shown() {
    let told = Story::in_a_room(&["b", "a"])
        .with("a", brief())
        .say("old", &[("b1", 10)])
        .wait(420)
        .say("new", &[("b1", 1)])
        .scroll_in(ROOM, "a1", 1)
        .called("scroll")
        .look("end", "a")
        .told();
    assert_eq!(
        (
            told.seen("scroll", 0, "old@b"),
            told.seen("scroll", 0, "new@b")
        ),
        (0, 1)
    );
    assert_eq!(told.held("end", "old@b"), 10);
}

#[test]
fn the_allowed_lifetime_bounds_the_purge() {
    let told = Story::in_a_room(&["a", "b"])
        .with(
            "a",
            json!({"retention": {"enabled": true, "default_policy": {"max_lifetime": "5m"},
            "allowed_lifetime_min": "1h", "purge_jobs": [{"interval": "1m"}]}}),
        )
        .say("old", &[("a1", 5)])
        .wait(600)
        .scroll("a1")
        .called("scroll")
        .look("end", "a")
        .told();
    // What users are shown is not bounded by it.
    assert_eq!(
        (told.held("end", "old@a"), told.seen("scroll", 0, "old@a")),
        (5, 0)
    );
}

#[test]
fn backfilling_under_a_purge_job_destroys_what_was_intact() {
    // The newest backfilled message counts as arrived long ago, so everything below it is purged.
    let told = Story::in_a_room(&["a", "b", "c"])
        .with(
            "a",
            json!({"retention": {"enabled": true, "default_policy": {"max_lifetime": "100d"},
            "purge_jobs": [{"interval": "10m"}]}}),
        )
        .say("pre", &[("a1", 5), ("b1", 5)])
        .backup("a")
        .say("win", &[("a1", 20), ("b1", 20), ("c1", 20)])
        .restore("a")
        .say("post", &[("b1", 1)])
        .scroll("a1")
        .look("full", "a")
        .wait(700)
        .look("end", "a")
        .told();
    assert_eq!((told.all("full", "pre"), told.all("full", "win")), (10, 60));
    assert_eq!((told.all("end", "pre"), told.all("end", "win")), (0, 11));
}
