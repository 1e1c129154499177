//! Bad input: every message names the place, the wrong value and the remedy.

use std::fs;
use std::path::Path;

use fedheal::scenario::{ScenarioError, load};
use miette::{GraphicalReportHandler, GraphicalTheme};

/// The message as shown, without colours and without the folder of the test.
fn shown(error: &ScenarioError, folder: &Path) -> String {
    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_wrap_lines(false)
        .render_report(&mut text, error)
        .unwrap();
    let folder = format!("{}/", folder.display());
    let lines = text.replace(&folder, "");
    let lines: Vec<_> = lines.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// The message for a file of these bytes.
fn refused(bytes: &[u8], set: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.toml");
    fs::write(&path, bytes).unwrap();
    let set: Vec<_> = (set.iter())
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    shown(&load(&path, &set, None).unwrap_err(), folder.path())
}

/// A file that is well but for what is added.
fn with(more: &str) -> String {
    let text = format!(
        r#"title = "A test."
start = "2024-01-01"
end = "2024-02-01"
measured = "alpha"
server = [{{ name = "alpha" }}, {{ name = "beta" }}]
user = [{{ name = "ann@alpha" }}, {{ name = "bob@beta" }}]
room = [{{ name = "plaza" }}]
{more}"#
    );
    refused(text.as_bytes(), &[])
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let missing = load(&folder.path().join("missing.toml"), &[], None).unwrap_err();
    insta::assert_snapshot!("missing", shown(&missing, folder.path()));
    fs::create_dir(folder.path().join("sub")).unwrap();
    let directory = load(&folder.path().join("sub"), &[], None).unwrap_err();
    insta::assert_snapshot!("directory", shown(&directory, folder.path()));
    insta::assert_snapshot!("not_utf8", refused(b"title = \"A\"\n\xff\xfe", &[]));
    insta::assert_snapshot!("no_toml", refused(b"what is this?\n", &[]));
    insta::assert_snapshot!("one_long_line", refused(&[b'x'; 100_000], &[]));
}

#[test]
fn noise_is_refused_by_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noise.toml");
    // A hole of 100 MB: nothing of it needs to be read.
    fs::File::create(&path)
        .unwrap()
        .set_len(100_000_000)
        .unwrap();
    let error = load(&path, &[], None).unwrap_err();
    insta::assert_snapshot!("noise", shown(&error, folder.path()));
}

#[test]
fn typos() {
    insta::assert_snapshot!("unknown_key", with("[people]\npgae = 20\n"));
    insta::assert_snapshot!(
        "unknown_rule",
        with("[rules]\npurge-job-intervall = \"1d\"\n")
    );
    let action = "[[action]]\nat = \"2024-01-02\"\n";
    insta::assert_snapshot!(
        "unknown_action",
        with(&format!(
            "{action}do.jion = {{ room = \"plaza\", who = \"ann@alpha\" }}\n"
        ))
    );
    insta::assert_snapshot!(
        "missing_field",
        with(&format!("{action}do.join = {{ room = \"plaza\" }}\n"))
    );
    insta::assert_snapshot!(
        "wrong_unit",
        with("[rules]\npurge-job-interval = \"1 fortnight\"\n")
    );
    insta::assert_snapshot!("no_unit", with("[rules]\npurge-job-interval = 86400\n"));
    insta::assert_snapshot!(
        "negative_duration",
        with("[rules]\npurge-job-interval = \"-1d\"\n")
    );
    insta::assert_snapshot!("no_moment", with("[[action]]\nat = \"yesterday\"\n"));
}

#[test]
fn names_that_are_wrong() {
    let twice = r#"title = "A test."
start = "2024-01-01"
end = "2024-02-01"
measured = "alpha"
[[server]]
name = "alpha"
[[server]]
name = "alpha"
[[user]]
name = "ann@alpha"
[[user]]
name = "ann@alpha"
[[room]]
name = "plaza"
[[room]]
name = "plaza"
"#;
    insta::assert_snapshot!("declared_twice", refused(twice.as_bytes(), &[]));
    insta::assert_snapshot!(
        "unknown_server",
        with("[[fault]]\nat = \"2024-01-02\"\ndo.death = { server = \"bta\" }\n")
    );
    insta::assert_snapshot!(
        "unknown_user_and_room",
        with(
            "[[action]]\nat = \"2024-01-02\"\ndo.invite = { room = \"piazza\", by = \"ann@alpha\", who = \"rob@beta\" }\n"
        )
    );
    let homes = r#"title = "A test."
start = "2024-01-01"
end = "2024-02-01"
measured = "alpha"
server = [{ name = "alpha" }]
user = [{ name = "cyd@alfa" }, { name = "dora" }]
"#;
    insta::assert_snapshot!("unknown_home", refused(homes.as_bytes(), &[]));
}

#[test]
fn times_that_cannot_be() {
    let text = "title = \"A test.\"\nstart = \"2024-02-01\"\nend = \"2024-01-01\"\nmeasured = \"a\"\nserver = [{ name = \"a\" }]\n";
    insta::assert_snapshot!("end_before_start", refused(text.as_bytes(), &[]));
    insta::assert_snapshot!(
        "action_outside",
        with("[[action]]\nat = \"2025-01-02\"\ndo.register = { who = \"ann@alpha\" }\n")
    );
    let restore = "[[fault]]\nat = \"2024-01-20\"\n";
    insta::assert_snapshot!(
        "no_backup",
        with(&format!("{restore}do.restore = {{ server = \"alpha\" }}\n"))
    );
    insta::assert_snapshot!(
        "before_first_backup",
        with(&format!(
            "[[fault]]\nat = \"2024-01-10\"\ndo.backup = {{ server = \"alpha\" }}\n{restore}do.restore = {{ server = \"alpha\", to = \"2024-01-05\" }}\n"
        ))
    );
}

#[test]
fn backups_that_are_deleted() {
    let text = r#"title = "A test."
start = "2024-01-01"
end = "2024-02-01"
measured = "alpha"
[[server]]
name = "alpha"
backups = { first = "2024-01-02", every = "1d", keep = "7d" }
[[server]]
name = "beta"
backups = { first = "2024-01-02", every = "1d", keep = "0s" }
[[fault]]
at = "2024-01-20"
do.restore = { server = "alpha", to = "2024-01-05" }
[[fault]]
at = "2024-01-20"
do.restore = { server = "alpha", to = "2024-01-14" }
"#;
    insta::assert_snapshot!("backup_deleted", refused(text.as_bytes(), &[]));
}

#[test]
fn expectations_that_cannot_be_checked() {
    let expect = "[[expect]]\nname = \"x\"\nsays = \"y\"\nagrees = true\n";
    insta::assert_snapshot!("no_findings", with(expect));
    let find = "[[expect.find]]\npart = \"z\"\ncount = \"recovered\"\nof = \"gone\"\n";
    insta::assert_snapshot!(
        "unknown_class",
        with(&format!(
            "{expect}{find}where = {{ class = \"mesage\", room = \"plazza\" }}\nmust = \"= 1\"\n"
        ))
    );
    insta::assert_snapshot!(
        "no_bound",
        with(&format!(
            "{expect}{find}where = {{ class = \"message\" }}\nmust = \"most\"\n"
        ))
    );
}

#[test]
fn policies_that_cannot_be() {
    insta::assert_snapshot!(
        "policies",
        with(
            "rules = { allowed-lifetime-min = \"9d\", allowed-lifetime-max = \"2d\", default-max-lifetime = \"0s\" }\n\
             [[policy]]\nlabel = \"x\"\nshare-per-mille = 1001\nusers-over = 5\nusers-under = 6\nrules = {}\n\
             [[policy]]\nlabel = \"x\"\nrules = { wake-period = \"0s\" }\n"
        )
    );
    let names =
        "[[policy]]\nlabel = \"x\"\nservers = [\"alfa\"]\nrules = { retention-enabled = true }\n";
    insta::assert_snapshot!("policy_of_nobody", with(names));
    let crossed = "rules = { allowed-lifetime-max = \"2d\" }\n[[policy]]\nlabel = \"x\"\n\
                   rules = { allowed-lifetime-min = \"9d\" }\n";
    insta::assert_snapshot!("policy_crossed", with(crossed));
    let by_room = "[rules]\nretention-by-room = [{ direct = true }, { keep = true, lifetime = \"3d\" }, \
                   { members-over = 9, members-under = 9, lifetime = \"0s\" }]\n";
    insta::assert_snapshot!("rules_by_room", with(by_room));
    let people =
        "[people]\ndeletes-per-mille = 1001\ndeletes-after = \"0s\"\nerases-per-user-year = -1\n";
    insta::assert_snapshot!("people_who_delete", with(people));
}

#[test]
fn populations_that_cannot_be() {
    let file = fs::read_to_string("scenarios/hypha-2021.toml").unwrap();
    let set = [
        ("population.lost-until", "2021-01-01"),
        ("population.local-users", "4000000000"),
        ("population.rooms.0.inside-per-mille", "1001"),
        ("population.peers.users.sigma", "nan"),
    ];
    insta::assert_snapshot!("population", refused(file.as_bytes(), &set));
    let taken = format!("{file}\n[[server]]\nname = \"peer-07.example\"\n");
    insta::assert_snapshot!("taken", refused(taken.as_bytes(), &[]));
}

#[test]
fn numbers_that_would_fill_the_memory() {
    insta::assert_snapshot!(
        "too_many",
        with(
            "[fault-rates.outages]\nper-server-year = 1e9\nmedian = \"1h\"\n\n[[action]]\nat = \"2024-01-02\"\ndo.send = { room = \"plaza\", by = [\"ann@alpha\"], counts = [4000000000] }\n"
        )
    );
}

#[test]
fn all_problems_at_once() {
    let text = r#"title = "A test."
start = "2024-01-01"
end = "2024-02-01"
measured = "gamma"
[[server]]
name = "alpha"
backups = { first = "2024-01-02", every = "1s" }
[[user]]
name = "ann@delta"
[[room]]
name = "plaza"
version = 3
messages-per-day = -1
[[fault]]
at = "2023-01-02"
do.failed-copy = { server = "alhpa", copied = { rooms-per-mille = 1200 } }
"#;
    insta::assert_snapshot!("all_at_once", refused(text.as_bytes(), &[]));
}

#[test]
fn mistakes_of_every_kind_at_once() {
    let text = r#"title = "A test."
start = "2024-01-01"
end = "2023-01-01"
measured = "alpha"
[rules]
wake-period = "soon"
[[server]]
name = "alpha"
backups = { first = "2024-01-02", evry = "1d", every = "1d" }
[[server]]
name = "alpha"
coment = "a second one"
[[room]]
name = "plaza"
kind = "publik"
[[fault]]
at = "2024-01-02"
do.restore = { server = "beta" }
[[fault]]
at = "2024-01-03"
do.partition = { between = ["alpha", "gamma"], for = "-3h" }
[[action]]
at = "2024-01-04"
do.uplaod = { media = "picture", by = "ann@alpha" }
"#;
    insta::assert_snapshot!("every_kind", refused(text.as_bytes(), &[]));
}

#[test]
fn what_follows_from_a_mistake_is_not_told_of() {
    // Without the user who cannot be read, actions of that user would seem wrong too.
    let text = r#"title = "A test."
start = "2024-01-01"
end = "2024-02-01"
measured = "alpha"
server = [{ name = "alpha" }]
user = [{ name = 7 }]
[[action]]
at = "2024-01-02"
do.register = { who = "cyd@alpha" }
"#;
    let shown = refused(text.as_bytes(), &[]);
    assert!(shown.contains("1 problem"), "{shown}");
}

#[test]
fn overrides_that_are_wrong() {
    let file = fs::read("scenarios/minimal.toml").unwrap();
    insta::assert_snapshot!("set_unknown_key", refused(&file, &[("people.pages", "50")]));
    insta::assert_snapshot!(
        "set_wrong_value",
        refused(&file, &[("people.page", "fifty")])
    );
    insta::assert_snapshot!(
        "set_no_position",
        refused(&file, &[("room.7.kind", "public")])
    );
    insta::assert_snapshot!("set_no_key", refused(&file, &[("people page", "50")]));
}

/// A script that is well but for what is added.
fn script_with(more: &str) -> String {
    let text = format!(
        r#"title = "A test."
measured = "a"
server = [{{ name = "a" }}, {{ name = "b" }}]
user = [{{ name = "a1@a" }}, {{ name = "b1@b" }}]
room = [{{ name = "plaza" }}]
[[script]]
do.create-room = {{ room = "plaza", by = "a1@a" }}
{more}"#
    );
    refused(text.as_bytes(), &[])
}

#[test]
fn scripts() {
    let step = "[[script]]\n";
    insta::assert_snapshot!(
        "script_unknown_step",
        script_with(&format!(
            "{step}do.mesure = {{ stage = \"s\", server = \"a\" }}\n"
        ))
    );
    insta::assert_snapshot!(
        "script_unknown_key",
        script_with(&format!(
            "{step}do.measure = {{ stag = \"s\", server = \"a\" }}\n"
        ))
    );
    insta::assert_snapshot!(
        "script_two_steps_in_one",
        script_with(&format!(
            "{step}do = {{ settle = {{}}, stop = {{ server = \"a\" }} }}\n"
        ))
    );
    insta::assert_snapshot!(
        "script_unknown_names",
        script_with(&format!(
            "{step}do.join = {{ room = \"plazza\", who = \"b2@b\", via = \"c\" }}\n{step}do.download = \
             {{ media = \"logo\", by = \"a1@a\" }}\n"
        ))
    );
    insta::assert_snapshot!(
        "script_flaws",
        script_with(&format!(
            "{step}do.send = {{ room = \"plaza\", tag = \"t\", by = [\"a1@a\"], counts = [1, 2] }}\n\
             {step}do.measure = {{ stage = \"s\", server = \"a\" }}\n\
             {step}do.measure = {{ stage = \"s\", server = \"b\" }}\n\
             {step}do.restore = {{ server = \"a\" }}\n\
             {step}do.cut = {{ between = [\"a\", \"a\"] }}\n"
        ))
    );
    insta::assert_snapshot!(
        "script_beside_others",
        script_with(
            "[rules]\nwake-period = \"1h\"\n[[action]]\nat = \"2024-01-01\"\ndo.leave = { room = \"plaza\", \
             who = \"a1@a\" }\n"
        )
    );
    insta::assert_snapshot!(
        "script_long_server_name",
        refused(
            b"title = \"A test.\"\nmeasured = \"alpha\"\nserver = [{ name = \"alpha\", backups = { first = \"2024-01-01\", every = \"1d\" } }]\n[[script]]\ndo.settle = {}\n",
            &[]
        )
    );
    insta::assert_snapshot!(
        "no_start",
        refused(
            b"title = \"A test.\"\nmeasured = \"a\"\nserver = [{ name = \"a\" }]\n",
            &[]
        )
    );
}
