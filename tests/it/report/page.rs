//! The page of a run, as a browser would read it.

use std::fs;
use std::path::Path;

use fedheal::journal::Journal;
use fedheal::metrics::Measures;
use fedheal::report::{Keep, renew};
use fedheal::verify::VERIFIED;
use proptest::prelude::*;
use scraper::{Html, Selector};

use crate::worlds::config;

use super::{measures, nothing_lost, read, write, write_as};

/// Names as people might give them, to do harm or without meaning any.
pub(super) const NAMES: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"quoted\" & 'so' --> </svg></title></style>",
    "\u{202e}\u{5d0}\u{5d1}\u{5d2} \u{627}\u{644}\u{639}",
    "{{ story }} {% endblock %}",
    "<img src=x onerror=alert(1)>",
    "one\u{7}line\nand another",
];

fn page(measures: &Measures) -> String {
    let folder = tempfile::tempdir().unwrap();
    write_as(
        folder.path(),
        &Journal::default(),
        measures,
        (Keep::None, true),
    )
    .unwrap();
    read(folder.path(), "report.html")
}

fn select(html: &Html, what: &str) -> usize {
    html.select(&Selector::parse(what).unwrap()).count()
}

/// The same measures of a world in which these have the names.
pub(super) fn named(room: &str, server: &str) -> Measures {
    let mut measures = measures();
    for row in &mut measures.tapestry {
        row.room = room.into();
    }
    for row in &mut measures.stranded {
        row.room = room.into();
    }
    for row in &mut measures.servers[1..] {
        row.server = server.into();
    }
    measures.servers[0].server = room.into();
    measures.measured = room.into();
    for row in &mut measures.items {
        row.dimensions
            .insert(fedheal::metrics::Dimension::Room, room.into());
    }
    measures
}

/// Nothing is asked of a network, nothing runs, and what was named is text and nothing else.
fn check(page: &str, names: &[&str]) -> Result<(), TestCaseError> {
    let html = Html::parse_document(page);
    for unwanted in [
        "script",
        "link",
        "iframe",
        "img",
        "object",
        "[onerror]",
        "[onload]",
        "[src]",
    ] {
        prop_assert_eq!(select(&html, unwanted), 0, "{}", unwanted);
    }
    let links = Selector::parse("a").unwrap();
    for link in html.select(&links) {
        prop_assert!(link.value().attr("href").unwrap().starts_with('#'));
    }
    let own = Selector::parse("bdi").unwrap();
    let texts: Vec<String> = html.select(&own).map(|one| one.text().collect()).collect();
    for name in names {
        // Whoever parses HTML knows one kind of line break.
        let name = name.replace("\r\n", "\n").replace('\r', "\n");
        prop_assert!(texts.contains(&name), "{:?}", name);
    }
    Ok(())
}

#[test]
fn the_page_needs_nothing_and_tells_what_it_shows() {
    let page = page(&measures());
    check(&page, &["one.example", "two.example", "lobby"]).unwrap();
    let html = Html::parse_document(&page);
    assert_eq!(select(&html, "svg[role=img] > title"), 5);
    assert_eq!(select(&html, "svg > desc"), 5);
    assert_eq!(select(&html, "table > thead"), select(&html, "table"));
    assert_eq!(select(&html, "table > caption"), select(&html, "table"));
    assert!(!page.contains("http://www.w3.org/1999") && !page.contains("https:"));
}

#[test]
fn the_words_of_a_page() {
    let page = page(&measures());
    let html = Html::parse_document(&page);
    let mut words = String::new();
    for part in html.select(&Selector::parse("h1, h2, p, caption, tr, dt, li").unwrap()) {
        let text: Vec<&str> = part.text().collect();
        let text: Vec<&str> = text
            .iter()
            .flat_map(|text| text.split_whitespace())
            .collect();
        words += &(text.join(" ") + "\n");
    }
    // A build without exact state claims nothing about recordings.
    let words = words.replace(VERIFIED, "RECORDINGS");
    insta::assert_snapshot!(words.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn a_quiet_run_has_a_page_too() {
    let (_, measures) = nothing_lost();
    let page = page(&measures);
    check(&page, &["one.example"]).unwrap();
    assert!(page.contains("Nothing was lost on"));
}

#[test]
fn harmful_names_are_shown_and_do_nothing() {
    for (room, server) in NAMES.iter().zip(NAMES.iter().rev()) {
        check(&page(&named(room, server)), &[room, server]).unwrap();
    }
    let long = "a".repeat(3000);
    check(&page(&named(&long, &long)), &[&long]).unwrap();
}

#[test]
fn a_page_made_again_has_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let before = read(folder.path(), "report.html");
    let places = renew(folder.path(), false).unwrap();
    assert_eq!(places, [folder.path().join("report.html")]);
    assert!(read(folder.path(), "report.html") == before);
}

/// 2 MB are what a page of the incident may have.
#[test]
fn the_shipped_page_is_small() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/hypha-2021");
    let about = fs::metadata(shipped.join("report.html"));
    assert!(about.is_ok_and(|about| about.len() < 2_000_000));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..config() })]

    #[test]
    fn whatever_is_named_is_text(room in "\\PC{1,40}", server in "[<>&\"'a-z\u{5d0}-\u{5ea}]{1,30}") {
        let measures = named(&room, &server);
        check(&page(&measures), &[&room, &server])?;
    }
}
