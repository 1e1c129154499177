//! The page about a run: its sentences and figures in their places.

use askama::Template;

use super::super::figure::{self, Drawing, font_face};
use super::super::manifest::{Manifest, Story, VERSION};
use super::super::stored::RunTables;
use super::super::terminal::{counted, moment, spoken, thousands};
use super::expected::{Case, cases};
use super::exposed::{self, Wished};
use super::grid::{Grid, share};
use super::{missing, recovered};
use crate::kernel::SimTime;
use crate::verify::VERIFIED;

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage<'a> {
    version: &'static str,
    font: String,
    verified: &'static str,
    story: &'a Story,
    manifest: &'a Manifest,
    servers: String,
    users: String,
    rooms: String,
    start: String,
    end: String,
    loss: Option<Loss>,
    wished: Wished,
    expectations: Vec<Case<'a>>,
    findings: usize,
    met: usize,
    cases: usize,
    agree: usize,
    classes: Grid,
    over_time: Grid,
    paths: Grid,
    servers_table: Grid,
    kinds: Grid,
    rooms_table: Grid,
    stranded: Grid,
    lost: Grid,
    causes: Grid,
    owners: Grid,
    exposed_over_time: Grid,
    rules: Grid,
    recovery: String,
    givers: String,
    map: String,
    tapestry: String,
    exposure: String,
}

/// What the measured server lost, in words.
struct Loss {
    at: String,
    /// The backup's moment and age.
    backup: Option<(String, String)>,
    /// Was any message gone?
    any: bool,
    gone: String,
    recoverable: String,
    recovered: String,
    share: String,
    share_of_recoverable: String,
    half: String,
    nine_tenths: String,
    stranded: String,
    lost: String,
    expired: String,
}

impl Loss {
    fn of(run: &RunTables) -> Option<Loss> {
        let story = run.story();
        let at = story.loss_at?;
        let messages =
            |number: fn(&super::super::tables::Item<'_>) -> u64| run.sum("message", number);
        let gone = messages(|row| row.gone);
        let recoverable = messages(|row| row.recoverable);
        let recovered = messages(|row| row.recovered);
        let speed = |name: &str, then: Option<SimTime>| match then {
            Some(then) => format!("{name} of the recoverable after {}", spoken(then.since(at))),
            None => format!("{name} of the recoverable not within the run"),
        };
        Some(Loss {
            at: moment(at),
            backup: (story.backup_at).map(|backup| (moment(backup), spoken(at.since(backup)))),
            any: gone > 0,
            gone: thousands(gone),
            recoverable: thousands(recoverable),
            recovered: thousands(recovered),
            share: share(recovered, gone),
            share_of_recoverable: share(recovered, recoverable),
            half: speed("half", story.half_back_at),
            nine_tenths: speed("nine tenths", story.nine_tenths_back_at),
            stranded: thousands(messages(|row| row.stranded)),
            lost: thousands(messages(|row| row.lost)),
            expired: thousands(messages(|row| row.expired)),
        })
    }
}

pub(super) fn page(run: &RunTables) -> String {
    let story = run.story();
    let expectations = cases(&run.expect);
    let all = || expectations.iter().flat_map(|case| &case.findings);
    let number = |n: u64, thing: &str| counted(usize::try_from(n).unwrap_or(usize::MAX), thing);
    let page = RunPage {
        version: VERSION,
        font: font_face(),
        verified: VERIFIED,
        story,
        manifest: &run.manifest,
        servers: number(story.servers, "server"),
        users: number(story.users, "user"),
        rooms: number(story.rooms, "room"),
        start: moment(story.start),
        end: moment(story.end),
        loss: Loss::of(run),
        wished: Wished::of(run),
        findings: all().count(),
        met: all().filter(|finding| finding.met).count(),
        cases: expectations.len(),
        agree: expectations.iter().filter(|case| case.agrees).count(),
        classes: recovered::classes(run),
        over_time: recovered::over_time(run),
        paths: recovered::paths(run),
        servers_table: recovered::servers(run),
        kinds: missing::kinds(run),
        rooms_table: missing::rooms(run),
        stranded: missing::stranded(run),
        lost: missing::lost(run),
        causes: exposed::causes(run),
        owners: exposed::owners(run),
        exposed_over_time: exposed::over_time(run),
        rules: rules(run),
        recovery: figure::recovery(run).inline(),
        givers: figure::givers(run).inline(),
        map: figure::map(run).inline(),
        tapestry: figure::tapestry(run).inline(),
        exposure: figure::exposure(run).inline(),
        expectations,
    };
    page.render().expect("a string can be written to")
}

/// The figures of the page, each with the name of a file.
pub(super) fn figures(run: &RunTables) -> Vec<(&'static str, Drawing)> {
    vec![
        ("recovery", figure::recovery(run)),
        ("givers", figure::givers(run)),
        ("map", figure::map(run)),
        ("tapestry", figure::tapestry(run)),
        ("exposure", figure::exposure(run)),
    ]
}

/// Every measure with its counting rule.
fn rules(run: &RunTables) -> Grid {
    let rows = run.measures.iter().map(|row| {
        let value = match &*row.value {
            "" => "none".to_owned(),
            value => value.to_owned(),
        };
        let measure = row.measure.replace('_', " ");
        vec![measure, value, row.unit.to_string(), row.rule.to_string()]
    });
    let columns = ["=measure", "#value", "=unit", "=counting rule"];
    Grid::new(
        "The run in single numbers, and how each is counted",
        &columns,
    )
    .filled(rows, 60, "measures.csv")
}
