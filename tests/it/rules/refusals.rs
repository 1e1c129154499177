//! What is refused, and what is not made anew (reference 4; Synapse, `update_membership_locked`).

use serde_json::json;

use super::story::{ROOM, Story};

fn two_servers() -> Story {
    Story::in_a_room(&["a", "b"])
}

#[test]
fn who_joined_through_another_server_is_joined_anew_once() {
    let told = two_servers()
        .look("first", "b")
        .join_here(ROOM, "b1")
        .look("second", "b")
        .join_here(ROOM, "b1")
        .look("third", "b")
        .told();
    let held = |stage| told.room(stage).events.held;
    assert_eq!(
        (held("second"), held("third")),
        (held("first") + 1, held("first") + 1)
    );
}

#[test]
fn who_made_or_joined_a_room_at_home_is_in_it_already() {
    let told = two_servers()
        .join_here(ROOM, "a2")
        .look("before", "a")
        .join_here(ROOM, "a1")
        .join_here(ROOM, "a2")
        .look("after", "a")
        .told();
    assert_eq!(told.room("after").events, told.room("before").events);
}

#[test]
fn state_that_is_there_already_is_not_set_anew_even_if_it_no_longer_may_be() {
    let told = two_servers()
        .step(json!({"do": "set_power", "room": ROOM, "by": "a1@a", "users": {"b1@b": 50}}))
        .set("b1", "name", "x")
        .step(json!({"do": "set_power", "room": ROOM, "by": "a1@a", "users": {"b1@b": 0}}))
        .look("before", "b")
        .set("b1", "name", "x")
        .called("same")
        .set("b1", "name", "y")
        .called("other")
        .look("after", "b")
        .told();
    assert_eq!(
        (told.result("same"), told.result("other")),
        ("ok", "403 M_FORBIDDEN")
    );
    assert_eq!(told.room("after").events, told.room("before").events);
}

#[test]
fn who_is_out_cannot_set_state_even_as_it_is() {
    let told = two_servers()
        .set("a1", "name", "x")
        .leave(ROOM, "a1")
        .set("a1", "name", "x")
        .called("set")
        .told();
    assert_eq!(told.result("set"), "403 M_FORBIDDEN");
}

#[test]
fn a_ban_stands_in_the_way_of_all_but_its_end() {
    let by = |deed: &str, who: &str| json!({"do": deed, "room": ROOM, "by": "a1@a", "who": who});
    let told = two_servers()
        .join_here(ROOM, "a2")
        .step(by("unban", "a2@a"))
        .called("unban a member")
        .step(by("ban", "a2@a"))
        .step(by("ban", "a2@a"))
        .called("ban again")
        .step(by("kick", "a2@a"))
        .called("kick")
        .step(by("invite", "a2@a"))
        .called("invite")
        .join_here(ROOM, "a2")
        .called("join")
        .leave(ROOM, "a2")
        .called("leave")
        .scroll("a2")
        .called("scroll")
        .step(by("unban", "a2@a"))
        .called("unban")
        .step(by("kick", "a2@a"))
        .called("kick who is out")
        .join_here(ROOM, "a2")
        .called("join again")
        .told();
    for (step, result) in [
        ("unban a member", "403 M_BAD_STATE"),
        ("ban again", "ok"),
        ("kick", "403 M_BAD_STATE"),
        ("invite", "403 M_BAD_STATE"),
        ("join", "403 M_BAD_STATE"),
        ("leave", "403 M_FORBIDDEN"),
        ("scroll", "403 M_FORBIDDEN"),
        ("unban", "ok"),
        ("kick who is out", "403 M_FORBIDDEN"),
        ("join again", "ok"),
    ] {
        assert_eq!(told.result(step), result, "{step}");
    }
}

#[test]
fn a_room_that_the_server_does_not_know_cannot_be_left() {
    let told = two_servers()
        .create("other", "a1", "public")
        .leave("other", "b1")
        .called("leave")
        .told();
    assert_eq!(told.result("leave"), "404 M_UNKNOWN");
}

#[test]
fn a_creator_is_not_listed_among_the_levels_from_version_twelve_on() {
    for (version, result) in [("11", "ok"), ("12", "400 M_UNKNOWN")] {
        let told = Story::new(&["a"])
            .step(json!({"do": "create_room", "room": ROOM, "by": "a1@a", "preset": "public", "version": version}))
            .step(json!({"do": "set_power", "room": ROOM, "by": "a1@a", "users": {"a1@a": 50}}))
            .called("set")
            .told();
        assert_eq!(told.result("set"), result, "version {version}");
    }
}

#[test]
fn who_left_reads_up_to_the_leave() {
    let told = two_servers()
        .join_here(ROOM, "a2")
        .say("before", &[("b1", 5)])
        .leave(ROOM, "a2")
        .say("after", &[("b1", 5)])
        .scroll("a2")
        .called("scroll")
        .told();
    let seen = |class| told.seen("scroll", 0, class);
    assert_eq!((seen("before@b"), seen("after@b")), (5, 0));
}
