//! What a central service cannot be or has no meaning for: every message names the place, the value and the remedy.

use std::fs;

use fedheal::scenario::load;
use miette::{GraphicalReportHandler, GraphicalTheme};

use super::SERVICE;

fn refused(more: &str, set: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.toml");
    fs::write(&path, format!("{SERVICE}{more}")).unwrap();
    let set: Vec<_> = (set.iter())
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let error = load(&path, &set, None).unwrap_err();
    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_wrap_lines(false)
        .render_report(&mut text, &error)
        .unwrap();
    let text = text.replace(&format!("{}/", folder.path().display()), "");
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

fn fault(what: &str) -> String {
    format!("[[fault]]\nat = \"2024-02-01\"\ndo.{what}\n")
}

#[test]
fn rules_that_cannot_be() {
    let set = [
        ("central.backup-unusable-per-mille", "1001"),
        ("central.lock-outs-per-tenant-year", "-1"),
        ("central.delete-lag", "0s"),
        ("central.rto", "30d"),
        ("central.name", "b"),
    ];
    insta::assert_snapshot!("rules", refused("", &set));
    insta::assert_snapshot!("unknown", refused("", &[("central.rpoo", "5m")]));
    insta::assert_snapshot!("negative", refused("", &[("central.rpo", "-5m")]));
    insta::assert_snapshot!("protocol", refused("", &[("protocol", "centrall")]));
}

#[test]
fn faults_without_a_meaning() {
    let faults = [
        "partition = { between = [\"a\", \"b\"], for = \"1d\" }",
        "blocking = { between = [\"a\", \"b\"] }",
        "key-loss = { server = \"a\" }",
        "media-loss = { server = \"b\" }",
        "restore = { server = \"service.example\" }",
    ];
    let faults: String = faults.iter().map(|what| fault(what)).collect();
    insta::assert_snapshot!("faults", refused(&faults, &[]));
}

#[test]
fn a_script_is_for_homeservers() {
    let text = fs::read_to_string("scenarios/laboratory/first.toml").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.toml");
    fs::write(&path, text).unwrap();
    let set = [("protocol".to_owned(), "central".to_owned())];
    let error = load(&path, &set, None).unwrap_err();
    assert!(
        format!("{error:?}").contains("a central service plays no [[script]]"),
        "{error:?}"
    );
}
