//! What every column of a study's tables means; those of axes and measures are the study's own.

use std::io::{self, Write};

use crate::metrics::HEADLINES;
use crate::scenario::Study;

/// Column, type, unit, meaning.
type Column = (String, &'static str, String, String);

/// Writes `data_dictionary.csv`.
pub(super) fn write(study: &Study, axes: &[String], out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(["file", "column", "type", "unit", "meaning"])?;
    for (file, columns) in all(study, axes) {
        for (column, kind, unit, meaning) in columns {
            table.write_record([file, &*column, kind, &*unit, &*meaning])?;
        }
    }
    table.flush()
}

fn of(column: &str, kind: &'static str, unit: &str, meaning: &str) -> Column {
    (column.to_owned(), kind, unit.to_owned(), meaning.to_owned())
}

/// All tables with all their columns, in order.
fn all(study: &Study, axes: &[String]) -> Vec<(&'static str, Vec<Column>)> {
    let point = || of("point", "integer", "-", "Number of the point, from 1.");
    let axes = || {
        let axes = axes.iter();
        axes.map(|axis| of(axis, "text", "-", "The level of this axis at the point."))
    };
    let run = [
        point(),
        of(
            "replica",
            "integer",
            "-",
            "Number of the replica, from 1. Replicas of one number have the same seed at all points, and so the same people, messages and faults.",
        ),
        of(
            "seed",
            "integer",
            "-",
            "Its seed: a function of the study's seed and the replica.",
        ),
    ];
    let measures = HEADLINES.iter().map(|headline| {
        let meaning = format!("{} Better: {}.", headline.rule, headline.better.name());
        (
            headline.name.to_owned(),
            "number",
            headline.unit.to_owned(),
            meaning,
        )
    });
    let interval = [
        of(
            "low",
            "number",
            "as value",
            "Lower end of the 95 % interval; empty if it has none, or is not known.",
        ),
        of("high", "number", "as value", "Upper end."),
    ];
    let method = of(
        "method",
        "text",
        "-",
        "What the value is, and how its interval was found: Student (mean), Wilson (share of runs), bootstrap (median: percentiles of the exact bootstrap distribution; of the first 10,000 replicas).",
    );
    let mut runs = run.to_vec();
    runs.extend(axes());
    runs.extend(measures);
    let mut failed = run.to_vec();
    failed.extend(axes());
    failed.push(of("error", "text", "-", "Why there is no row in runs.csv."));
    failed.push(of("command", "text", "-", "What repeats the run alone."));
    let mut summary = vec![point()];
    summary.extend(axes());
    summary.push(of("measure", "text", "-", "A measure of runs.csv."));
    summary.push(of("unit", "text", "-", "Its unit."));
    summary.push(of("value", "number", "unit", "Mean, share or median, as method says; empty if no run has a value, or if half of them have none and it is a median."));
    summary.extend(interval.clone());
    summary.push(of("half_width", "number", "unit", "Half of the interval."));
    summary.push(of("n", "integer", "runs", "How many runs it is from."));
    summary.push(of("missing", "integer", "runs", "How many runs had no value. A median counts them as larger than all others; all else leaves them out."));
    summary.push(method);
    let mut tables = vec![
        ("runs.csv", runs),
        ("failed.csv", failed),
        ("summary.csv", summary),
    ];
    if let Some(frontier) = &study.frontier {
        let mut columns = vec![point()];
        columns.extend(axes());
        for measure in [frontier.gain, frontier.cost] {
            columns.push(of(
                measure.name,
                "number",
                measure.unit,
                "As value in summary.csv.",
            ));
            for (ending, meaning) in [
                ("low", "Lower end of its interval."),
                ("high", "Upper end of its interval."),
            ] {
                columns.push(of(
                    &format!("{}_{ending}", measure.name),
                    "number",
                    measure.unit,
                    meaning,
                ));
            }
        }
        columns.push(of(
            "n",
            "integer",
            "runs",
            "How many runs the first measure is from.",
        ));
        columns.push(of("pareto", "boolean", "-", "Is there no point that is as good in both measures and better in one, among those with the same levels of the axes that are no choice?"));
        tables.push(("frontier.csv", columns));
    }
    if study.ranking.is_some() {
        let mut columns = vec![
            of(
                "rank",
                "integer",
                "-",
                "1: the change that does most good, among those with the same baseline.",
            ),
            point(),
        ];
        columns.extend(axes());
        columns.extend([
            of(
                "baseline",
                "integer",
                "-",
                "The point with which it is compared.",
            ),
            of("measure", "text", "-", "A measure of runs.csv."),
            of(
                "baseline_value",
                "number",
                "of the measure",
                "Mean at the baseline, over the replicas of both.",
            ),
            of(
                "value",
                "number",
                "of the measure",
                "Mean at the point, over the same replicas.",
            ),
            of(
                "difference",
                "number",
                "of the measure",
                "Mean of the differences, replica by replica: value less baseline_value.",
            ),
        ]);
        columns.extend(interval);
        columns.extend([
            of("n", "integer", "pairs", "How many replicas both points have a value of."),
            of("method", "text", "-", "How the interval was found."),
            of("narrowing", "number", "times", "How many times wider the interval would be if the two points had not met the same luck; empty if all pairs differ by the same."),
        ]);
        tables.push(("ranking.csv", columns));
    }
    tables.push((
        "data_dictionary.csv",
        vec![
            of("file", "text", "-", "The table."),
            of("column", "text", "-", "The column's header."),
            of(
                "type",
                "text",
                "-",
                "text, integer, number (to the sixth decimal) or boolean (true, false).",
            ),
            of(
                "unit",
                "text",
                "-",
                "What one of it is; - where there is nothing to count.",
            ),
            of("meaning", "text", "-", "In a sentence."),
        ],
    ));
    tables
}
