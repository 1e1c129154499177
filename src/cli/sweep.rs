//! `sweep`: a study, from its file to the tables of its many runs.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::command;
use super::engine::{self, Job, Outcome};
use super::interrupt::{INTERRUPTED, Interrupt};
use super::progress::Progress;
use super::{Failure, bad_input, failed, note, say};
use crate::experiment::{self, Points};
use crate::metrics::{HEADLINES, Headline};
use crate::report::study::{self, Machine, StudyError, StudyFolder};
use crate::scenario::{Draft, Study};

/// More runs than these are a slip of the pen.
const RUNS_MOST: u128 = 10_000_000;
/// Seconds that a run takes, to say how long too many would take. Assumption: one of the incident of 2021.
const SECONDS_OF_A_RUN: f64 = 0.7;
/// `--until` gives up at so many replicas of each point.
const REPLICAS_MOST: u32 = 100_000;
/// A measure whose interval at some point is unknown after so many replicas has too few values there, or none.
const REPLICAS_TELLING: u32 = 100;

/// Play a scenario many times, with other values and other luck
///
/// The scenario's [sweep] says which values: axes make a grid, a hypercube
/// spreads points over many keys. Each point is played by a number of replicas;
/// the luck of a replica depends on the study's seed and its number alone, so
/// all points meet the same people, messages and faults. Without a [sweep] the
/// scenario itself is the only point.
///
/// Each finished run is a row of runs.csv at once. The same command goes on
/// where a sweep was stopped; more replicas add to those that are there.
/// summary.csv has each measure at each point with its interval;
/// data_dictionary.csv explains all.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    world: command::World,

    /// Replicas of each point; those that are there already count
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    replicas: Option<u32>,

    /// Add replicas until each point's interval is that narrow
    #[arg(long, value_name = "half-width=W", value_parser = half_width)]
    until: Option<f64>,

    /// The measure that --until looks at, such as recovered_share
    #[arg(long, value_name = "MEASURE", value_parser = measure, requires = "until")]
    measure: Option<&'static Headline>,

    /// Runs at the same time; as many as there are processors, if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// What to do when a run fails
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = OnError::Stop)]
    on_error: OnError,

    /// Write here instead of results/sweeps/<scenario>
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What `--on-error` can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OnError {
    /// Begin no further run
    Stop,
    /// Go on with the others; failed.csv lists those that failed
    Continue,
}

/// Reads `half-width=0.01`.
fn half_width(text: &str) -> Result<f64, String> {
    let width = text.strip_prefix("half-width=").unwrap_or(text);
    match width.trim().parse::<f64>() {
        Ok(width) if width > 0.0 && width.is_finite() => Ok(width),
        _ => Err("write half-width=W with a number above 0, such as half-width=0.01".to_owned()),
    }
}

/// Finds a measure by its name.
pub(super) fn measure(name: &str) -> Result<&'static Headline, String> {
    let names = || HEADLINES.iter().map(|headline| headline.name);
    let all = || names().collect::<Vec<_>>().join(", ");
    Headline::named(name).ok_or_else(|| format!("the measures are {}", all()))
}

pub(super) fn sweep(args: &Args) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::listen();
    let study = engine::load_study(&args.world.path, &args.world.set, args.world.seed);
    let study = study.map_err(bad_input)?;
    let points = Points::of(&study);
    let threads = args.threads.map_or_else(processors, usize::from);
    let mut replicas = args.replicas.unwrap_or(study.replicas);
    few_enough(&points, replicas, threads)?;
    engine::enough_for(&study, threads).map_err(bad_input)?;
    let folder = args.out.clone();
    let folder = folder.unwrap_or_else(|| Path::new("results/sweeps").join(&study.name));
    let mut folder = StudyFolder::open(&folder, &study, &points).map_err(|e| unopened(&e))?;
    interrupt.grow();
    experiment::keep_panics();
    for line in &folder.notes {
        note(&format!("fedheal: {line}"));
    }
    let again = again(args, &study);
    let mut sweep = Sweep {
        args,
        study: &study,
        points: &points,
        interrupt: &interrupt,
        threads,
        machine: Machine {
            threads,
            runs: 0,
            seconds: 0.0,
        },
    };
    let measure = args.measure.unwrap_or_else(|| folder.main_measure());
    let went = loop {
        folder
            .announce(replicas, &again)
            .map_err(|e| unwritten(&e))?;
        let went = sweep.pass(&mut folder, replicas)?;
        let Some(wanted) = args
            .until
            .filter(|_| went == Went::Through && folder.runs > 0)
        else {
            break went;
        };
        let widest = folder
            .widest(measure, replicas)
            .map_err(|e| unwritten(&e))?;
        let Some(more) = more_replicas(replicas, widest, wanted) else {
            break went;
        };
        let is_endless = widest.is_none() && replicas >= REPLICAS_TELLING;
        if is_endless || more > REPLICAS_MOST || few_enough(&points, more, threads).is_err() {
            note(&format!(
                "fedheal: with {replicas} replicas, the interval of {} is not that narrow at every point; no more are made",
                measure.name
            ));
            break went;
        }
        replicas = more;
    };
    let is_complete = went == Went::Through && folder.failed == 0;
    let finished = folder.finish(replicas, &again, is_complete, sweep.machine);
    let findings = finished.map_err(|e| unwritten(&e))?;
    sweep.end(&folder, &findings, went, &again)
}

/// How far a sweep came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    Through,
    Interrupted,
    /// A run failed, and that was to end it.
    Stopped,
}

/// A sweep on its way.
struct Sweep<'a> {
    args: &'a Args,
    study: &'a Study,
    points: &'a Points<'a>,
    interrupt: &'a Interrupt,
    threads: usize,
    machine: Machine,
}

impl Sweep<'_> {
    /// Makes all runs that are missing up to this replica.
    fn pass(&mut self, folder: &mut StudyFolder<'_>, replicas: u32) -> Result<Went, Failure> {
        let mut missing = || folder.missing(replicas).map_err(|e| unwritten(&e));
        let total = missing()?.count() as u64;
        let missing = missing()?;
        let mut progress = Progress::begin(total);
        let mut went = Went::Through;
        let mut broken = None;
        let draft = RefCell::new(None);
        let jobs = missing.map(|(point, replica)| self.job(&draft, point, replica));
        let interrupt = self.interrupt;
        let play = |job: Job| engine::replica(job, &|| interrupt.is_asked());
        let take = &mut |outcome: Outcome| {
            let Outcome::Ended(ended) = outcome else {
                went = Went::Interrupted;
                return ControlFlow::Break(());
            };
            progress.one_more();
            if ended.outcome.is_err() && self.args.on_error == OnError::Stop {
                went = Went::Stopped;
            }
            if let Err(error) = folder.write(&ended) {
                broken = Some(error);
                return ControlFlow::Break(());
            }
            if interrupt.is_asked() {
                went = Went::Interrupted;
            }
            match went {
                Went::Through => ControlFlow::Continue(()),
                Went::Interrupted | Went::Stopped => ControlFlow::Break(()),
            }
        };
        let worked = experiment::work(self.threads, jobs, play, take);
        self.machine.runs += progress.done();
        self.machine.seconds += progress.seconds();
        progress.end();
        worked.map_err(|error| failed(miette::miette!("{error}")))?;
        if let Some(error) = broken {
            return Err(unwritten(&error));
        }
        let again = |point, seed| self.one_run(point, seed);
        folder.gather(&again).map_err(|e| unwritten(&e))?;
        Ok(went)
    }

    /// One run. What its point's runs have in common is read once.
    fn job(&self, last: &RefCell<Option<(u64, SharedDraft)>>, point: u64, replica: u32) -> Job {
        let mut last = last.borrow_mut();
        let draft = match &*last {
            Some((number, draft)) if *number == point => draft.clone(),
            _ => {
                let set = self.points.point(point).set;
                let draft = self.study.draft(&set).map(Arc::new);
                let draft = draft.map_err(|error| Arc::new(engine::in_one_line(error)));
                *last = Some((point, draft.clone()));
                draft
            }
        };
        Job {
            point,
            replica,
            seed: experiment::replica_seed(self.study.seed, replica),
            draft,
        }
    }

    /// The command that repeats one run alone.
    fn one_run(&self, point: u64, seed: u64) -> String {
        let set = self.args.world.set.iter().cloned();
        let set: Vec<_> = set.chain(self.points.point(point).set).collect();
        command::again(&self.args.world.path, seed, &set, crate::report::Keep::Full)
    }

    /// Says what was found, and how to go on.
    fn end(
        &self,
        folder: &StudyFolder<'_>,
        findings: &study::Findings,
        went: Went,
        again: &str,
    ) -> Result<ExitCode, Failure> {
        let place = folder.place().display();
        if went != Went::Interrupted {
            say(&study::told(folder, findings))?;
            note(&format!("fedheal: results in {place}"));
        }
        match (went, folder.failed) {
            (Went::Interrupted, _) => {
                note(&format!(
                    "fedheal: interrupted; {} finished runs are in {place}\nfedheal: to go on: {again}",
                    folder.runs
                ));
                Ok(ExitCode::from(INTERRUPTED))
            }
            (Went::Through, 0) => Ok(ExitCode::SUCCESS),
            (_, runs) => {
                let how = match runs {
                    1 => "1 run failed".to_owned(),
                    runs => format!("{runs} runs failed"),
                };
                note(&format!(
                    "fedheal: {how}; {place}/failed.csv has the command that repeats each\nfedheal: to try again: {again}"
                ));
                Ok(ExitCode::from(1))
            }
        }
    }
}

type SharedDraft = Result<Arc<Draft>, Arc<String>>;

/// How many replicas to try next; none if this was enough. Half-widths shrink with the root of their number, and no
/// estimate of them is trusted further than to twice as many.
fn more_replicas(replicas: u32, widest: Option<f64>, wanted: f64) -> Option<u32> {
    let factor = match widest {
        Some(widest) if widest <= wanted => return None,
        Some(widest) => (widest / wanted).powi(2).min(2.0),
        None => 2.0,
    };
    let more = (f64::from(replicas) * factor).ceil() as u32;
    Some(more.max(replicas.saturating_add(1)))
}

/// The command that goes on.
fn again(args: &Args, study: &Study) -> String {
    let mut again = command::sweep(&args.world.path, study.seed, &args.world.set);
    if let Some(replicas) = args.replicas {
        again += &format!(" --replicas {replicas}");
    }
    if let Some(width) = args.until {
        again += &format!(" --until half-width={width}");
    }
    if let Some(measure) = args.measure {
        again += &format!(" --measure {}", measure.name);
    }
    if args.on_error == OnError::Continue {
        again += " --on-error continue";
    }
    if let Some(out) = &args.out {
        again += &format!(" --out {}", command::quoted(&out.to_string_lossy()));
    }
    again
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A study that nobody could wait for is not begun.
fn few_enough(points: &Points<'_>, replicas: u32, threads: usize) -> Result<(), Failure> {
    let runs = points.count().saturating_mul(u128::from(replicas));
    if runs <= RUNS_MOST {
        return Ok(());
    }
    let days = runs as f64 * SECONDS_OF_A_RUN / threads as f64 / 86_400.0;
    let years = days / 365.25;
    let long = match years {
        years if years >= 2.0 => format!("{years:.0} years"),
        _ => format!("{days:.0} days"),
    };
    Err(bad_input(miette::miette!(
        help = "take fewer values or fewer axes; a hypercube covers many keys with few points",
        "{} points of {replicas} replicas are {runs} runs: at {SECONDS_OF_A_RUN} seconds each some {long} on \
         {threads} threads, and more than the {RUNS_MOST} that are allowed",
        points.count()
    )))
}

/// A folder that is no place for the study is bad input; a full disk is not.
fn unopened(error: &StudyError) -> Failure {
    let text = miette::miette!(help = error.remedy(), "{error}");
    if error.is_of_the_machine() {
        failed(text)
    } else {
        bad_input(text)
    }
}

fn unwritten(error: &StudyError) -> Failure {
    failed(miette::miette!(help = error.remedy(), "{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_grow_towards_the_wanted_width_and_no_further() {
        assert_eq!(more_replicas(30, Some(0.01), 0.01), None);
        assert_eq!(more_replicas(30, Some(0.012), 0.01), Some(44));
        assert_eq!(more_replicas(30, Some(1.0), 0.01), Some(60));
        assert_eq!(more_replicas(1, None, 0.01), Some(2));
        assert_eq!(more_replicas(30, Some(0.010_000_1), 0.01), Some(31));
    }

    #[test]
    fn a_width_is_a_number_above_nothing() {
        assert_eq!(half_width("half-width=0.01"), Ok(0.01));
        assert!(half_width("half-width=0").is_err());
        assert!(half_width("width=1").is_err());
    }
}
