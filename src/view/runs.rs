//! Runs that are made from the page.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::experiment::guarded;
use crate::kernel::SimTime;

/// Runs at the same time; more would only slow each other down.
const MOST_AT_ONCE: usize = 2;

/// What is to be run.
#[derive(Debug, Clone, Deserialize)]
pub struct Wish {
    /// The scenario's file, by its name in the folder of scenarios.
    pub scenario: String,
    /// Another seed than the scenario's.
    pub seed: Option<u64>,
    /// Values of the scenario to be changed, each as `key=value`.
    #[serde(default)]
    pub set: Vec<String>,
}

/// Makes a run: reads the scenario's file, plays it, and writes the folder. It hears how far it has come, in thousandths
/// and in simulated time, and is told whether to go on; it answers whether the run is whole.
pub type Play = dyn Fn(&Path, &Wish, &Path, &mut dyn FnMut(u32, SimTime) -> ControlFlow<()>) -> Result<bool, String>
    + Send
    + Sync;

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Progress {
    /// It goes on.
    Runs {
        /// How much of its time is over, of 1000.
        per_mille: u32,
        /// The simulated time.
        now: String,
    },
    /// Its results are written.
    Done {
        /// The result folder, as the page asks for it.
        result: String,
    },
    /// It was stopped; what it had is written beside.
    Stopped,
    /// It could not be made.
    Failed {
        /// Why.
        message: String,
    },
}

impl Progress {
    pub(super) fn is_over(&self) -> bool {
        !matches!(self, Progress::Runs { .. })
    }
}

#[derive(Debug)]
struct Run {
    scenario: String,
    stop: watch::Sender<bool>,
    progress: watch::Receiver<Progress>,
    thread: Option<JoinHandle<()>>,
}

/// All runs that were begun since the page is served.
pub(super) struct Runs {
    results: PathBuf,
    play: Arc<Play>,
    runs: Mutex<BTreeMap<u32, Run>>,
}

impl Runs {
    pub(super) fn new(results: PathBuf, play: Arc<Play>) -> Runs {
        Runs {
            results,
            play,
            runs: Mutex::default(),
        }
    }

    /// Begins a run in a thread of its own; says its number.
    pub(super) fn begin(&self, file: PathBuf, wish: Wish) -> Result<u32, String> {
        let mut runs = self.runs();
        let going = runs.values().filter(|run| !run.progress.borrow().is_over());
        if going.count() >= MOST_AT_ONCE {
            return Err(format!(
                "{MOST_AT_ONCE} runs are going on: wait for one, or stop it"
            ));
        }
        let id = runs.last_key_value().map_or(1, |(last, _)| last + 1);
        let (name, folder) = self.place(&wish).map_err(|error| {
            format!(
                "no folder for results can be made in {}: {error}",
                self.results.display()
            )
        })?;
        let (stop, stopped) = watch::channel(false);
        let (tell, progress) = watch::channel(Progress::Runs {
            per_mille: 0,
            now: String::new(),
        });
        let play = Arc::clone(&self.play);
        let scenario = wish.scenario.clone();
        let thread = thread::spawn(move || {
            let mut tick = |per_mille, now: SimTime| {
                tell.send_replace(Progress::Runs {
                    per_mille,
                    now: now.to_string(),
                });
                match *stopped.borrow() {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            };
            // A run that panics ends, too, and must not count as one that goes on.
            let ended = guarded(|| play(&file, &wish, &folder, &mut tick));
            // The folder was only a place that nobody else takes; results that are there are not removed.
            let _ = fs::remove_dir(&folder);
            tell.send_replace(match ended {
                Ok(true) => Progress::Done { result: name },
                Ok(false) => Progress::Stopped,
                Err(message) => Progress::Failed { message },
            });
        });
        let thread = Some(thread);
        runs.insert(
            id,
            Run {
                scenario,
                stop,
                progress,
                thread,
            },
        );
        Ok(id)
    }

    /// A folder that no other run has, and its name.
    fn place(&self, wish: &Wish) -> std::io::Result<(String, PathBuf)> {
        let parent = self.results.join("runs");
        fs::create_dir_all(&parent)?;
        let scenario = wish.scenario.trim_end_matches(".toml");
        let seed = wish
            .seed
            .map_or(String::new(), |seed| format!("-seed-{seed}"));
        let mut number = 1;
        loop {
            let name = format!("{scenario}{seed}-{number}");
            match fs::create_dir(parent.join(&name)) {
                Ok(()) => return Ok((format!("runs/{name}"), parent.join(&name))),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// How a run stands, now and later.
    pub(super) fn progress(&self, id: u32) -> Option<watch::Receiver<Progress>> {
        self.runs().get(&id).map(|run| run.progress.clone())
    }

    /// Asks a run to stop; false if there is none.
    pub(super) fn stop(&self, id: u32) -> bool {
        self.runs().get(&id).is_some_and(|run| {
            run.stop.send_replace(true);
            true
        })
    }

    /// Stops all, and waits until what they have is written.
    pub(super) fn stop_all(&self) {
        let mut runs = std::mem::take(&mut *self.runs());
        for run in runs.values() {
            run.stop.send_replace(true);
        }
        for run in runs.values_mut() {
            // Its end is told, whatever it is.
            let _ = run.thread.take().map(JoinHandle::join);
        }
    }

    /// Runs by number, each with its scenario and how it stands.
    pub(super) fn all(&self) -> Vec<(u32, String, Progress)> {
        let runs = self.runs();
        let all = runs.iter();
        all.map(|(id, run)| (*id, run.scenario.clone(), run.progress.borrow().clone()))
            .collect()
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<u32, Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
