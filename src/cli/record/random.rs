//! `record --random`: random scripts on simulated and real servers.

use std::fmt::Write;
use std::fs;
use std::process::ExitCode;

use super::super::{Failure, engine, failed, note, say};
use super::{Args, unrecorded};
use crate::record::{Bag, Finding, Hunt, RecordError, Setup};

/// Differing cells that are shown of a script that is not the smallest.
const SHOWN: usize = 3;

pub(super) fn random(args: &Args, setup: &Setup, scripts: u64) -> Result<ExitCode, Failure> {
    for folder in [&args.out_dir, &args.keep].into_iter().flatten() {
        let made = fs::create_dir_all(folder);
        made.map_err(|error| failed(miette::miette!("{}: {error}", folder.display())))?;
    }
    let hunt = Hunt {
        scripts,
        seed: args.seed,
        jobs: args.jobs,
        keep: args.keep.clone(),
        shrink: args.shrink,
    };
    let bag = engine::hunt(setup, &hunt, &|line| note(line));
    let bag = bag.map_err(|error| unrecorded(error, args))?;
    keep(args, setup, &bag).map_err(|error| unrecorded(error, args))?;
    say(&text(&bag, scripts))?;
    let whole = bag.findings.is_empty() && bag.failed.is_empty();
    Ok(ExitCode::from(u8::from(!whole)))
}

/// Writes every script on which they disagree, and the smallest once more.
fn keep(args: &Args, setup: &Setup, bag: &Bag) -> Result<(), RecordError> {
    let Some(folder) = &args.out_dir else {
        return Ok(());
    };
    let named = bag
        .findings
        .iter()
        .map(|one| (format!("r{}", one.seed), one));
    let smallest = bag.smallest.iter().map(|one| ("smallest".to_owned(), one));
    for (name, finding) in named.chain(smallest) {
        let path = folder.join(format!("{name}.json"));
        let written = engine::write_recording(setup, &finding.script, &finding.real, &path);
        written.map_err(|cause| RecordError::File { path, cause })?;
    }
    Ok(())
}

fn text(bag: &Bag, scripts: u64) -> String {
    let mut text = String::new();
    for finding in &bag.findings {
        let _ = writeln!(
            text,
            "seed {}: {} cells differ",
            finding.seed,
            finding.differing.len()
        );
        cells(&mut text, finding, SHOWN);
    }
    for (seed, why) in &bag.failed {
        let _ = writeln!(text, "seed {seed} could not be played: {why}");
    }
    if let Some(smallest) = &bag.smallest {
        let steps = smallest.script.steps.len();
        let _ = writeln!(
            text,
            "\nthe smallest on which they disagree, {steps} steps, of seed {}:",
            smallest.seed
        );
        text += &engine::script_text(&smallest.script);
        cells(&mut text, smallest, usize::MAX);
        text.push('\n');
    }
    if !bag.uncertain.is_empty() {
        let _ = writeln!(
            text,
            "agreed but for cells that differ between two real runs: seeds {}",
            listed(&bag.uncertain)
        );
    }
    if !bag.findings.is_empty() {
        let seeds: Vec<u64> = bag.findings.iter().map(|finding| finding.seed).collect();
        let _ = writeln!(text, "disagreed: seeds {}", listed(&seeds));
    }
    let (cells, right) = bag.cells;
    let _ = writeln!(
        text,
        "{} of {scripts} agreed in every cell; {right} of {cells} cells agree",
        bag.agreed.len()
    );
    text
}

fn listed(seeds: &[u64]) -> String {
    let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
    seeds.join(", ")
}

fn cells(text: &mut String, finding: &Finding, most: usize) {
    for cell in finding.differing.iter().take(most) {
        let _ = writeln!(
            text,
            "    {}: {} real, {} simulated",
            cell.path, cell.recorded, cell.simulated
        );
    }
    if finding.differing.len() > most {
        let _ = writeln!(text, "    ... and {} more", finding.differing.len() - most);
    }
}
