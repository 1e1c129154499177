//! Memberships, invitations, accounts (reference, section 4).

use serde_json::json;

use super::story::{ROOM, Story};

/// A server that lost a room together with its member `a1`.
fn lost(preset: &str) -> Story {
    Story::new(&["a", "b"])
        .backup("a")
        .create(ROOM, "b1", preset)
        .invite(ROOM, "b1", "a1")
        .join(ROOM, "a1", "b")
        .say("win", &[("b1", 6), ("a1", 6)])
        .restore("a")
}

#[test]
fn a_join_that_names_no_server_fails_where_the_room_is_unknown() {
    let told = lost("public").join_here(ROOM, "a1").called("join").told();
    assert!(
        told.result("join").starts_with("404 "),
        "{}",
        told.result("join")
    );
}

#[test]
fn a_join_through_a_server_that_is_not_in_the_room_fails() {
    let told = Story::new(&["a", "b", "c"])
        .room(ROOM, &["b", "c"])
        .backup("b")
        .join(ROOM, "a1", "a")
        .called("itself")
        .leave(ROOM, "c1")
        .join(ROOM, "a1", "c")
        .called("left")
        .told();
    assert!(
        told.result("itself").starts_with("404 "),
        "{}",
        told.result("itself")
    );
    assert!(
        told.result("left").starts_with("502 "),
        "{}",
        told.result("left")
    );
}

#[test]
fn a_lost_member_cannot_be_invited_again() {
    for preset in ["public", "private", "dm"] {
        let told = lost(preset)
            .invite(ROOM, "b1", "a1")
            .called("invite")
            .told();
        assert_eq!(told.result("invite"), "403 M_FORBIDDEN", "{preset}");
    }
}

#[test]
fn a_lost_member_needs_no_invitation() {
    for preset in ["public", "private", "dm"] {
        let told = lost(preset)
            .join(ROOM, "a1", "b")
            .called("join")
            .scroll("a1")
            .look("end", "a")
            .told();
        assert_eq!(
            (told.result("join"), told.all("end", "win")),
            ("ok", 12),
            "{preset}"
        );
    }
}

#[test]
fn a_lost_member_can_be_removed_invited_and_let_in_again() {
    let told = lost("private")
        .kick(ROOM, "b1", "a1")
        .invite(ROOM, "b1", "a1")
        .called("invite")
        .join_here(ROOM, "a1")
        .called("join")
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(
        (
            told.result("invite"),
            told.result("join"),
            told.all("end", "win")
        ),
        ("ok", "ok", 12)
    );
}

#[test]
fn a_stranger_cannot_join_a_private_room() {
    let told = lost("private").join(ROOM, "a2", "b").called("join").told();
    assert_eq!(told.result("join"), "403 M_FORBIDDEN");
}

#[test]
fn a_lost_invitation_is_not_sent_again_but_still_counts() {
    let told = Story::new(&["a", "b"])
        .create(ROOM, "b1", "private")
        .backup("a")
        .invite(ROOM, "b1", "a1")
        .restore("a")
        .invite(ROOM, "b1", "a1")
        .called("again")
        .look("before", "a")
        .join(ROOM, "a1", "b")
        .called("join")
        .told();
    assert_eq!((told.result("again"), told.result("join")), ("ok", "ok"));
    assert!(told.room("before").local.is_empty());
}

#[test]
fn an_invitation_names_a_server_to_join_through() {
    let told = Story::new(&["a", "b"])
        .create(ROOM, "b1", "private")
        .invite(ROOM, "b1", "a1")
        .look("before", "a")
        .join_here(ROOM, "a1")
        .called("join")
        .told();
    assert_eq!(
        (
            told.room("before").local["a1@a"].as_str(),
            told.result("join")
        ),
        ("invite", "ok")
    );
}

#[test]
fn a_room_that_does_not_federate_cannot_be_joined_from_outside() {
    let told = Story::new(&["a", "b"])
        .step(json!({"do": "create_room", "room": ROOM, "by": "a1@a", "preset": "public", "federate": false}))
        .join(ROOM, "b1", "a")
        .called("join")
        .look("end", "b")
        .told();
    assert_ne!(told.result("join"), "ok");
    assert_eq!(told.room("end").events, Default::default());
}

/// A name registered after the backup, a member of the room since.
fn lost_name() -> Story {
    Story::new(&["a", "b"])
        .create(ROOM, "a1", "private")
        .invite(ROOM, "a1", "b1")
        .join(ROOM, "b1", "a")
        .backup("a")
        .register("a3", "mine")
        .invite(ROOM, "b1", "a3")
        .join_here(ROOM, "a3")
        .say("win", &[("a3", 3), ("b1", 3)])
        .restore("a")
        .say("post", &[("b1", 1)])
}

#[test]
fn memberships_come_back_even_for_accounts_that_are_gone() {
    let told = lost_name().look("end", "a").told();
    assert_eq!(told.room("end").local["a3@a"], "join");
}

#[test]
fn registering_a_lost_name_takes_over_its_memberships() {
    let told = lost_name()
        .register("a3", "stolen")
        .called("register")
        .say("stranger", &[("a3", 1)])
        .called("speak")
        .look("end", "b")
        .scroll("a3")
        .called("read")
        .told();
    assert_eq!(
        (told.result("register"), told.result("speak")),
        ("ok", "ok")
    );
    assert_eq!(told.held("end", "stranger@a"), 1);
    assert_eq!(told.seen("read", 0, "win@b"), 3);
}

#[test]
fn a_lost_account_cannot_be_used() {
    let told = lost_name()
        .step(json!({"do": "check_session", "who": "a3@a", "session": "register"}))
        .called("session")
        .login("a3", "mine", "new")
        .called("login")
        .say("late", &[("a3", 1)])
        .called("speak")
        .told();
    assert_eq!(told.result("session"), "401 M_UNKNOWN_TOKEN");
    assert_eq!(told.result("login"), "403 M_FORBIDDEN");
    assert_eq!(told.result("speak"), "401 M_UNKNOWN_TOKEN");
}

#[test]
fn a_name_in_use_cannot_be_registered() {
    let told = Story::new(&["a"])
        .register("a1", "pw")
        .called("register")
        .told();
    assert!(
        told.result("register").starts_with("400 "),
        "{}",
        told.result("register")
    );
}

#[test]
fn passwords_and_sessions_are_those_of_the_backup() {
    let told = Story::new(&["a"])
        .backup("a")
        .step(json!({"do": "set_password", "who": "a1@a", "old": "pw", "password": "new"}))
        .login("a1", "new", "window")
        .restore("a")
        .step(json!({"do": "check_session", "who": "a1@a", "session": "window"}))
        .called("window")
        .step(json!({"do": "check_session", "who": "a1@a", "session": "register"}))
        .called("first")
        .login("a1", "new", "x")
        .called("new password")
        .login("a1", "pw", "y")
        .called("old password")
        .told();
    assert_eq!(told.result("window"), "401 M_UNKNOWN_TOKEN");
    assert_eq!(told.result("first"), "ok");
    assert_eq!(told.result("new password"), "403 M_FORBIDDEN");
    assert_eq!(told.result("old password"), "ok");
}

#[test]
fn a_deactivated_account_comes_alive_again_outside_its_rooms() {
    let told = Story::in_a_room(&["a", "b"])
        .join_here(ROOM, "a2")
        .backup("a")
        .step(json!({"do": "deactivate", "who": "a2@a", "password": "pw"}))
        .login("a2", "pw", "x")
        .called("dead")
        .restore("a")
        .login("a2", "pw", "y")
        .called("alive")
        .say("post", &[("b1", 1)])
        .look("end", "a")
        .say("late", &[("a2", 1)])
        .called("speak")
        .told();
    assert_eq!(
        (told.result("dead"), told.result("alive")),
        ("403 M_FORBIDDEN", "ok")
    );
    assert_eq!(told.room("end").local["a2@a"], "leave");
    assert_eq!(told.result("speak"), "403 M_FORBIDDEN");
}

/// The only member of A goes away in some way that A forgets.
fn ghost(end: &str) -> Story {
    let story = Story::in_a_room(&["b", "a", "c"])
        .backup("a")
        .say("win", &[("a1", 5), ("b1", 5)]);
    let gone = match end {
        "leave" => story.leave(ROOM, "a1"),
        end => story.step(json!({"do": end, "room": ROOM, "by": "b1@b", "who": "a1@a"})),
    };
    gone.restore("a")
        .say("post", &[("b1", 1), ("a1", 1)])
        .look("a", "a")
        .look("b", "b")
}

#[test]
fn a_forgotten_farewell_makes_a_ghost_that_nobody_hears() {
    for end in ["leave", "kick", "ban"] {
        let told = ghost(end).told();
        let room = told.room("a");
        assert_eq!(
            (room.local["a1@a"].as_str(), room.members.len()),
            ("join", 3),
            "{end}"
        );
        assert_eq!(
            (told.held("a", "post@b"), told.held("a", "post@a")),
            (0, 1),
            "{end}"
        );
        let post = told.class("b", "post@a");
        assert_eq!(
            (post.held, post.soft, told.room("b").members.len()),
            (0, 1, 2),
            "{end}"
        );
    }
}

#[test]
fn scrolling_and_joining_do_not_free_a_ghost() {
    let told = ghost("leave")
        .scroll("a1")
        .join(ROOM, "a1", "b")
        .called("join")
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!((told.result("join"), told.all("end", "win")), ("ok", 0));
    assert_eq!(told.held("end", "post@b"), 0);
}

#[test]
fn a_server_whose_last_member_left_keeps_no_state() {
    let told = Story::in_a_room(&["a", "b"])
        .leave(ROOM, "b1")
        .look("b", "b")
        .look("a", "a")
        .told();
    let room = told.room("b");
    assert_eq!(
        (room.joined, room.members.len(), room.state.name.as_ref()),
        (false, 0, None)
    );
    assert_eq!(room.local["b1@b"], "leave");
    assert_eq!(told.room("a").members, ["a1@a"]);
}

#[test]
fn a_member_who_joined_since_keeps_the_room_alive() {
    let told = Story::in_a_room(&["b", "a", "c"])
        .backup("a")
        .say("win", &[("a1", 5), ("b1", 5)])
        .join_here(ROOM, "a2")
        .leave(ROOM, "a1")
        .restore("a")
        .say("post", &[("b1", 1)])
        .look("end", "a")
        .told();
    let room = told.room("end");
    assert_eq!(
        (room.local["a1@a"].as_str(), room.local["a2@a"].as_str()),
        ("leave", "join")
    );
    assert_eq!(told.held("end", "post@b"), 1);
}

#[test]
fn leaving_and_joining_again_opens_the_whole_gap() {
    let told = Story::in_a_room(&["b", "a"])
        .say("pre", &[("b1", 3)])
        .backup("a")
        .say("win", &[("a1", 20), ("b1", 20)])
        .restore("a")
        .leave(ROOM, "a1")
        .join(ROOM, "a1", "b")
        .called("join")
        .look("joined", "a")
        .scroll("a1")
        .look("end", "a")
        .told();
    assert_eq!(told.result("join"), "ok");
    assert_eq!((told.all("joined", "win"), told.all("end", "win")), (0, 40));
}

#[test]
fn a_later_member_sees_what_was_before_only_where_it_is_shared() {
    for (visibility, seen) in [
        ("shared", 3),
        ("world_readable", 3),
        ("invited", 0),
        ("joined", 0),
    ] {
        let told = Story::new(&["a", "b"])
            .step(
                json!({"do": "create_room", "room": ROOM, "by": "a1@a", "preset": "public",
                "history_visibility": visibility}),
            )
            .join(ROOM, "b1", "a")
            .say("pre", &[("b1", 3)])
            .join_here(ROOM, "a2")
            .say("post", &[("b1", 2)])
            .scroll("a2")
            .called("scroll")
            .told();
        let counts = (
            told.seen("scroll", 0, "pre@b"),
            told.seen("scroll", 0, "post@b"),
        );
        assert_eq!(counts, (seen, 2), "{visibility}");
    }
}

#[test]
fn visibility_does_not_hinder_recovery_for_a_server_that_was_in_the_room() {
    for visibility in ["shared", "world_readable", "invited", "joined"] {
        let told = Story::new(&["a", "b"])
            .step(
                json!({"do": "create_room", "room": ROOM, "by": "a1@a", "preset": "public",
                "history_visibility": visibility}),
            )
            .join(ROOM, "b1", "a")
            .backup("a")
            .say("win", &[("a1", 15), ("b1", 15)])
            .restore("a")
            .say("post", &[("b1", 1)])
            .scroll("a1")
            .look("end", "a")
            .told();
        assert_eq!(told.all("end", "win"), 30, "{visibility}");
    }
}

#[test]
fn a_join_goes_on_to_the_inviters_server_if_the_named_one_is_away() {
    let story = Story::new(&["a", "b", "c"])
        .create(ROOM, "a1", "private")
        .invite(ROOM, "a1", "b1")
        .join(ROOM, "b1", "a")
        .stop("b");
    let invited = story.clone().invite(ROOM, "a1", "c1");
    let told = invited
        .join(ROOM, "c1", "b")
        .called("join")
        .look("end", "c")
        .told();
    assert_eq!(told.result("join"), "ok");
    assert!(told.room("end").joined);
    // Who was not invited knows of no other server.
    let told = story.join(ROOM, "c1", "b").called("join").told();
    assert_ne!(told.result("join"), "ok");
}
