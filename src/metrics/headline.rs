//! One run in single numbers: what a study compares, each with its counting rule. A new one is an entry of
//! [`HEADLINES`] and nothing else.

use super::{Counts, Dimension, Expectation, ExposureRow, Filter, Measures, Network};
use crate::kernel::{SimDuration, SimTime};

/// A measure of a run in one number.
#[derive(Debug)]
pub struct Headline {
    /// Its name in scenarios and tables.
    pub name: &'static str,
    /// What one of it is.
    pub unit: &'static str,
    /// Which of two values is the better one.
    pub better: Better,
    /// How many values are summed up in one, and by which interval.
    pub summary: Summary,
    /// What is counted, of what; and when there is no value.
    pub rule: &'static str,
    value: fn(&Run<'_>) -> Option<f64>,
}

/// Which of two values is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The larger.
    More,
    /// The smaller.
    Less,
}

impl Better {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Better::More => "more",
            Better::Less => "less",
        }
    }
}

/// How the values of several runs are summed up in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    /// The mean of the runs that have a value, with Student's interval.
    Mean,
    /// The share of runs with a 1 (the others have a 0), with Wilson's interval.
    Share,
    /// The value that half of the runs do not exceed, with a bootstrap interval. A run without a value exceeds all.
    Median,
}

/// What came of one run.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Of the measured server.
    pub measures: &'a Measures,
    /// Of all servers.
    pub network: &'a Network,
    /// What the scenario expects.
    pub expect: &'a [Expectation],
}

impl Headline {
    /// The measure of this name.
    pub fn named(name: &str) -> Option<&'static Headline> {
        HEADLINES.iter().find(|headline| headline.name == name)
    }

    /// Its value in a run, if it has one there.
    pub fn of(&self, run: &Run<'_>) -> Option<f64> {
        (self.value)(run)
    }
}

/// All of them, in the order of their columns.
#[rustfmt::skip]
pub const HEADLINES: &[Headline] = &[
    Headline { name: "recovered_share", unit: "share", better: Better::More, summary: Summary::Mean,
        rule: "Messages of the measured server, per message: came back, of those that were gone after its loss; none if nothing was gone.",
        value: |run| recovered(run, "message", &[]) },
    Headline { name: "recovered_of_recoverable_share", unit: "share", better: Better::More, summary: Summary::Mean,
        rule: "Messages of the measured server, per message: came back, of those that were gone and that another server (dead ones aside) held at the loss; none if there were none.",
        value: |run| { let all = of_class(run, "message", &[]); share(all.recovered, all.recoverable) } },
    Headline { name: "recovered_public_share", unit: "share", better: Better::More, summary: Summary::Mean,
        rule: "As recovered_share, of public rooms.",
        value: |run| recovered(run, "message", &[(Dimension::RoomKind, "public")]) },
    Headline { name: "recovered_private_share", unit: "share", better: Better::More, summary: Summary::Mean,
        rule: "As recovered_share, of private rooms, direct chats aside.",
        value: |run| recovered(run, "message", &[(Dimension::RoomKind, "private")]) },
    Headline { name: "recovered_direct_share", unit: "share", better: Better::More, summary: Summary::Mean,
        rule: "As recovered_share, of direct chats.",
        value: |run| recovered(run, "message", &[(Dimension::RoomKind, "direct")]) },
    Headline { name: "recovered_file_share", unit: "share", better: Better::More, summary: Summary::Mean,
        rule: "Files shown in the measured server's rooms, per file: came back, of those that were gone after its loss; none if nothing was gone.",
        value: |run| recovered(run, "file", &[]) },
    Headline { name: "recovered_room_share", unit: "share", better: Better::More, summary: Summary::Mean,
        rule: "Rooms of the measured server, per room: came back, of those that were gone after its loss; none if nothing was gone.",
        value: |run| recovered(run, "room", &[]) },
    Headline { name: "stranded_share", unit: "share", better: Better::Less, summary: Summary::Mean,
        rule: "Messages that the measured server should hold at the end, per message: it has them not, some live server has; none if there are none.",
        value: |run| { let all = of_class(run, "message", &[]); share(all.stranded, all.items) } },
    Headline { name: "lost_share", unit: "share", better: Better::Less, summary: Summary::Mean,
        rule: "Messages that the measured server should hold at the end, per message: no live server has them; none if there are none.",
        value: |run| { let all = of_class(run, "message", &[]); share(all.lost, all.items) } },
    Headline { name: "half_back_days", unit: "days", better: Better::Less, summary: Summary::Median,
        rule: "From the loss until half of the recoverable messages had come back; none if they had not by the end.",
        value: |run| since_loss(run, run.measures.half_back_at) },
    Headline { name: "nine_tenths_back", unit: "0 or 1", better: Better::More, summary: Summary::Share,
        rule: "Per run: had nine tenths of the recoverable messages come back by the end? None without a loss.",
        value: |run| run.measures.loss_at.map(|_| yes(run.measures.nine_tenths_back_at.is_some())) },
    Headline { name: "findings_met", unit: "0 or 1", better: Better::More, summary: Summary::Share,
        rule: "Per run: was all found that the scenario expects? None if it expects nothing.",
        value: findings_met },
    Headline { name: "copies_elsewhere", unit: "copies", better: Better::Less, summary: Summary::Mean,
        rule: "Messages that other servers than the measured one hold at the end, each counted for every such server.",
        value: |run| { let others = run.measures.servers.iter().filter(|row| row.server != run.measures.measured); Some(others.map(|row| row.holds as f64).sum()) } },
    Headline { name: "unheeded_share", unit: "share", better: Better::Less, summary: Summary::Mean,
        rule: "Messages that users of the measured server themselves wish gone at the end (people.wishes, redactions), whatever policies say, per message: some server that is not dead has the content; none if there are none.",
        value: |run| { let all = run.network.exposure.unheeded; share(all.exposed, all.wished) } },
    Headline { name: "exposed_share", unit: "share", better: Better::Less, summary: Summary::Mean,
        rule: "Messages of the measured server's users that these wish gone at the end, per message: some server that is not dead has the content; none if nothing is wished gone.",
        value: |run| { let all = exposed(run); share(all.0, all.1) } },
    Headline { name: "exposed_copies", unit: "copies", better: Better::Less, summary: Summary::Mean,
        rule: "Copies of such messages at the end, each counted for every server that has it.",
        value: |run| Some(local_exposure(run).map(|row| row.copies as f64).sum()) },
    Headline { name: "exposed_copy_days", unit: "days", better: Better::Less, summary: Summary::Mean,
        rule: "Time by which copies of such messages outlived the wish, summed up over all copies until the end.",
        value: |run| Some(local_exposure(run).map(|row| row.copy_days as f64).sum()) },
    Headline { name: "network_recovered_share", unit: "share", better: Better::More, summary: Summary::Mean,
        rule: "Messages of all servers, per message and server: came back, of those that were gone after the server's last loss; none if nothing was gone.",
        value: |run| { let all = everywhere(run); share(all.recovered, all.gone) } },
    Headline { name: "network_stranded_share", unit: "share", better: Better::Less, summary: Summary::Mean,
        rule: "Messages of all servers, per message and server that should hold it at the end: it has it not, some live server has.",
        value: |run| { let all = everywhere(run); share(all.stranded, all.items) } },
    Headline { name: "network_lost_share", unit: "share", better: Better::Less, summary: Summary::Mean,
        rule: "Messages of all servers, per message and server that should hold it at the end: no live server has it.",
        value: |run| { let all = everywhere(run); share(all.lost, all.items) } },
];

fn share(count: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| count as f64 / of as f64)
}

fn yes(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// The measured server's items of a class, in the rooms chosen.
fn of_class(run: &Run<'_>, class: &str, rooms: &[(Dimension, &str)]) -> Counts {
    let all = [(Dimension::Class, class)].into_iter();
    let all = all.chain(rooms.iter().copied());
    let all = all.map(|(dimension, value)| (dimension, vec![value.to_owned()]));
    run.measures.sum(&Filter(all.collect()))
}

fn recovered(run: &Run<'_>, class: &str, rooms: &[(Dimension, &str)]) -> Option<f64> {
    let all = of_class(run, class, rooms);
    share(all.recovered, all.gone)
}

/// The messages of all servers.
fn everywhere(run: &Run<'_>) -> Counts {
    let mut sum = Counts::default();
    let rows = run.network.items.iter();
    for row in rows.filter(|row| row.class == "message") {
        sum += row.counts;
    }
    sum
}

/// What is exposed of the measured server's users, for whatever cause.
fn local_exposure<'a>(run: &Run<'a>) -> impl Iterator<Item = &'a ExposureRow> {
    let rows = run.network.exposure.rows.iter();
    rows.filter(|row| row.owner == "local" && row.cause.is_none())
}

/// Messages that are exposed, and that are wished gone.
fn exposed(run: &Run<'_>) -> (u64, u64) {
    local_exposure(run).fold((0, 0), |(exposed, wished), row| {
        (exposed + row.exposed, wished + row.wished)
    })
}

fn since_loss(run: &Run<'_>, at: Option<SimTime>) -> Option<f64> {
    let since = at?.since(run.measures.loss_at?);
    Some(since.0 as f64 / SimDuration::days(1).0 as f64)
}

fn findings_met(run: &Run<'_>) -> Option<f64> {
    let findings = run.expect.iter().flat_map(|expect| &expect.findings);
    let met: Vec<bool> = findings
        .map(|finding| finding.check(run.measures).met)
        .collect();
    (!met.is_empty()).then(|| yes(met.iter().all(|met| *met)))
}
