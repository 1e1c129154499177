//! Paging back, and who is asked for what lies behind the gap (reference, section 3).

use serde_json::json;

use super::story::{ROOM, Story};

fn gap(servers: &[&str], win: u32) -> Story {
    let speakers: Vec<String> = servers.iter().map(|server| format!("{server}1")).collect();
    let share = win / servers.len() as u32;
    let by: Vec<(&str, u32)> = speakers.iter().map(|user| (user.as_str(), share)).collect();
    Story::in_a_room(servers)
        .say("pre", &[("a1", 6)])
        .backup("a")
        .say("win", &by)
        .restore("a")
}

#[test]
fn nothing_looks_forward_so_a_silent_room_stays_as_it_was() {
    let told = gap(&["a", "b", "c"], 60)
        .wait(60)
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!((told.held("end", "pre@a"), told.all("end", "win")), (6, 0));
}

#[test]
fn without_a_client_a_gap_stays() {
    let told = gap(&["a", "b", "c"], 60)
        .say("post", &[("b1", 1)])
        .wait(600)
        .look("end", "a")
        .told();
    assert_eq!(told.all("end", "win"), 10);
}

#[test]
fn one_scroll_brings_back_a_gap_of_a_hundred() {
    let told = gap(&["a", "b", "c"], 99)
        .say("post", &[("b1", 1)])
        .scroll("a1")
        .called("scroll")
        .look("end", "a")
        .told();
    let seen: u64 = ["win@a", "win@b", "win@c"]
        .iter()
        .map(|class| told.seen("scroll", 0, class))
        .sum();
    assert_eq!((seen, told.all("end", "win")), (99, 99));
    let room = told.room("end");
    assert_eq!((room.backward_extremities, room.events.outlier), (0, 0));
}

#[test]
fn a_full_page_does_not_wait_for_what_is_missing() {
    // Two hundred lost messages, older ones behind them that fill the pages: the first pass shows the ten
    // of the push and one backfill's hundred.
    let told = Story::in_a_room(&["a", "b", "c"])
        .say("pre", &[("a1", 5), ("b1", 4)])
        .backup("a")
        .say("win", &[("a1", 70), ("b1", 65), ("c1", 65)])
        .restore("a")
        .say("post", &[("b1", 1)])
        .scroll_in(ROOM, "a1", 2)
        .called("scroll")
        .look("end", "a")
        .told();
    let seen = |pass| {
        ["win@a", "win@b", "win@c"]
            .map(|class| told.seen("scroll", pass, class))
            .iter()
            .sum::<u64>()
    };
    assert_eq!((seen(0), seen(1), told.all("end", "win")), (110, 200, 200));
}

#[test]
fn with_a_pause_between_pages_one_pass_is_enough() {
    let told = gap(&["a", "b"], 250)
        .say("post", &[("b1", 1)])
        .step(json!({"do": "scroll", "who": "a1@a", "room": ROOM, "page": 30, "passes": 1, "pause": "settle"}))
        .called("scroll")
        .told();
    assert_eq!(
        told.seen("scroll", 0, "win@a") + told.seen("scroll", 0, "win@b"),
        250
    );
}

#[test]
fn speaking_alone_brings_nothing_back_but_an_answer_does() {
    let told = gap(&["a", "b", "c"], 60)
        .say("own", &[("a1", 1)])
        .scroll("a1")
        .look("spoken", "a")
        .say("reply", &[("b1", 1)])
        .look("answered", "a")
        .told();
    assert_eq!(
        (told.all("spoken", "win"), told.all("answered", "win")),
        (0, 10)
    );
}

/// B joined first, C second; B has purged what A lost.
fn purged_first() -> Story {
    gap(&["a", "b", "c"], 60)
        .purge("b", 5)
        .say("post", &[("c1", 1)])
}

#[test]
fn backfill_stops_at_the_first_answer_even_if_it_is_empty() {
    let told = purged_first().scroll("a1").look("end", "a").told();
    assert_eq!(told.all("end", "win"), 10);
}

#[test]
fn the_oldest_member_server_is_asked_first() {
    let told = gap(&["a", "c", "b"], 60)
        .purge("b", 5)
        .say("post", &[("c1", 1)])
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(told.all("end", "win"), 60);
}

#[test]
fn a_server_that_is_down_is_passed_over() {
    let told = purged_first()
        .stop("b")
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(told.all("end", "win"), 60);
}

#[test]
fn a_server_that_is_cut_off_is_passed_over() {
    let told = purged_first()
        .cut("a", "b")
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(told.all("end", "win"), 60);
}

#[test]
fn former_members_are_never_asked() {
    // B has everything, but is gone; C came too late.
    let told = Story::new(&["a", "b", "c"])
        .room(ROOM, &["a", "b"])
        .backup("a")
        .say("win", &[("a1", 15), ("b1", 15)])
        .join(ROOM, "c1", "b")
        .leave(ROOM, "b1")
        .restore("a")
        .say("post", &[("c1", 1)])
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(told.all("end", "win"), 0);
}

#[test]
fn an_event_without_the_state_before_it_cannot_be_given() {
    // The first message after B's own join: nobody but A knew what stood before it.
    let told = Story::new(&["a", "b"])
        .backup("a")
        .room(ROOM, &["a", "b"])
        .say("win", &[("a1", 6), ("b1", 6)])
        .restore("a")
        .join(ROOM, "a1", "b")
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(told.class("end", "win@a").which.as_deref(), Some("2-6"));
    assert_eq!(
        (told.held("end", "win@b"), told.room("end").failed_pulls),
        (6, 1)
    );
}

#[test]
fn after_entering_again_a_lost_room_can_be_paged_whole() {
    let told = Story::new(&["a", "b"])
        .backup("a")
        .room(ROOM, &["b", "a"])
        .say("win", &[("a1", 6), ("b1", 6)])
        .restore("a")
        .join(ROOM, "a1", "b")
        .look("joined", "a")
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!((told.all("joined", "win"), told.all("end", "win")), (0, 12));
}

/// Each page waits for the room's backfill, and that for a server that stands still, twice twenty seconds; the scroll goes
/// on all the same (a wild script).
#[test]
fn a_scroll_is_answered_in_the_end_if_those_who_are_asked_stand_still() {
    let told = Story::new(&["a", "b", "c"])
        .room(ROOM, &["c", "a"])
        .say("pre", &[("c1", 10)])
        .join(ROOM, "b1", "c")
        .say("win", &[("a1", 65)])
        .stop("a")
        .freeze("c")
        .step(json!({"do": "scroll", "who": "b1@b", "room": ROOM, "page": 30, "passes": 2}))
        .called("scroll")
        .told();
    assert_eq!(told.result("scroll"), "ok");
}

/// A visibility that is asked for is set after what the preset sets, guest access among it. Whoever joined later sees what
/// comes before it, so a backfill goes on to the room's beginning (a wild script).
#[test]
fn the_beginning_of_a_private_room_is_visible_before_its_visibility_is_set() {
    let told = Story::new(&["a", "b"])
        .step(json!({"do": "create_room", "room": ROOM, "by": "a1@a", "preset": "private", "history_visibility": "joined"}))
        .invite(ROOM, "a1", "b1")
        // The first backfill brings a hundred events, down to the one after the join rules.
        .say("pre", &[("a1", 96)])
        .join(ROOM, "b1", "a")
        .scroll("b1")
        .look("end", "b")
        .told();
    let room = told.room("end");
    assert_eq!((room.backward_extremities, room.events.outlier), (0, 0));
}
