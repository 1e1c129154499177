//! Files (reference, section 6).

use super::story::Story;

const LOST: &str = "404 M_NOT_FOUND";

#[test]
fn media_come_only_from_their_origin() {
    // B still shows its copy to its own users, but gives it to nobody.
    let told = Story::in_a_room(&["a", "b", "c"])
        .backup("a")
        .upload("file", "a1")
        .download("file", "b1")
        .restore("a")
        .download("file", "a1")
        .called("a")
        .download("file", "b1")
        .called("b")
        .download("file", "c1")
        .called("c")
        .told();
    assert_eq!(
        (told.result("a"), told.result("b"), told.result("c")),
        (LOST, "ok", LOST)
    );
}

#[test]
fn a_file_without_its_row_is_lost() {
    let told = Story::in_a_room(&["a", "b"])
        .backup("a")
        .upload("file", "a1")
        .restore_as("a", "kept", "kept")
        .download("file", "a1")
        .called("a")
        .download("file", "b1")
        .called("b")
        .told();
    assert_eq!((told.result("a"), told.result("b")), (LOST, LOST));
}

#[test]
fn a_row_without_its_file_is_lost() {
    let told = Story::in_a_room(&["a", "b", "c"])
        .upload("file", "a1")
        .download("file", "b1")
        .backup("a")
        .restore_as("a", "gone", "kept")
        .download("file", "a1")
        .called("a")
        .download("file", "b1")
        .called("b")
        .download("file", "c1")
        .called("c")
        .told();
    assert_eq!(
        (told.result("a"), told.result("b"), told.result("c")),
        (LOST, "ok", LOST)
    );
}

#[test]
fn a_copy_whose_row_stays_without_its_file_is_never_fetched_again() {
    let told = Story::in_a_room(&["a", "b"])
        .upload("file", "b1")
        .download("file", "a1")
        .backup("a")
        .restore_as("a", "gone", "kept")
        .download("file", "a1")
        .called("a")
        .download("file", "b1")
        .called("b")
        .told();
    assert_eq!((told.result("a"), told.result("b")), (LOST, "ok"));
}

#[test]
fn a_copy_whose_row_is_lost_too_is_fetched_again() {
    for media in ["restored", "kept", "gone"] {
        let told = Story::in_a_room(&["a", "b"])
            .upload("file", "b1")
            .backup("a")
            .download("file", "a1")
            .restore_as("a", media, "kept")
            .download("file", "a1")
            .called("a")
            .told();
        assert_eq!(told.result("a"), "ok", "{media}");
    }
}

#[test]
fn files_in_the_backup_are_there_again() {
    let told = Story::in_a_room(&["a", "b"])
        .upload("own", "a1")
        .upload("other", "b1")
        .download("other", "a1")
        .backup("a")
        .restore("a")
        .stop("b")
        .download("own", "a1")
        .called("own")
        .download("other", "a1")
        .called("other")
        .told();
    assert_eq!((told.result("own"), told.result("other")), ("ok", "ok"));
}

#[test]
fn a_file_of_a_stopped_server_is_shown_only_where_there_is_a_copy() {
    let told = Story::in_a_room(&["a", "b", "c"])
        .upload("file", "a1")
        .download("file", "b1")
        .stop("a")
        .download("file", "b1")
        .called("b")
        .download("file", "c1")
        .called("c")
        .told();
    assert_eq!(told.result("b"), "ok");
    assert_ne!(told.result("c"), "ok");
}

#[test]
fn purging_a_room_deletes_no_files() {
    let told = Story::in_a_room(&["a", "b"])
        .upload("file", "a1")
        .say("pre", &[("a1", 3)])
        .purge("a", 1)
        .download("file", "b1")
        .called("b")
        .told();
    assert_eq!(told.result("b"), "ok");
}
