//! Random scripts, played by simulated and by real servers: where do they disagree?

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::rc::Rc;

use tokio::task::{JoinSet, LocalSet};

use super::error::RecordError;
use super::laboratory::Laboratory;
use super::{Setup, play, until_interrupted};
use crate::script::{Script, draw};
use crate::simulation;
use crate::verify::{Comparison, Played, Wrong, compare_with_runs, document, smaller};

/// What is to be played.
#[derive(Debug, Clone)]
pub struct Hunt {
    /// How many scripts.
    pub scripts: u64,
    /// Seed of the first; the next have the numbers after it.
    pub seed: u64,
    /// How many are played at the same time.
    pub jobs: u32,
    /// Where every recording is written, if anywhere.
    pub keep: Option<PathBuf>,
    /// How many plays may be spent on making the smallest finding smaller.
    pub shrink: u32,
}

/// A script on which simulated and real servers disagree.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Its seed.
    pub seed: u64,
    /// The script.
    pub script: Script,
    /// What real servers did: twice, to tell what is not certain.
    pub real: Vec<Played>,
    /// The cells that differ; those that differ between the real runs are left out.
    pub differing: Vec<Wrong>,
}

/// What came of all.
#[derive(Debug, Default)]
pub struct Bag {
    /// Seeds of scripts on which all cells agreed; in brackets: some only after leaving out what differed
    /// between two real runs.
    pub agreed: Vec<u64>,
    /// Of these: seeds of scripts with cells that differed between two real runs.
    pub uncertain: Vec<u64>,
    /// The others.
    pub findings: Vec<Finding>,
    /// Scripts that could not be played, and why.
    pub failed: Vec<(u64, String)>,
    /// Cells compared in all, and of these right.
    pub cells: (usize, usize),
    /// The smallest finding, made smaller where that was wanted.
    pub smallest: Option<Finding>,
}

/// Plays random scripts on both. `tell` hears of each.
pub fn hunt(setup: &Setup, hunt: &Hunt, tell: &'static dyn Fn(&str)) -> Result<Bag, RecordError> {
    until_interrupted(async {
        let seeds: VecDeque<u64> = (0..hunt.scripts).map(|n| hunt.seed + n).collect();
        let shared = Rc::new(Shared {
            setup: setup.clone(),
            hunt: hunt.clone(),
            seeds: RefCell::new(seeds),
            bag: RefCell::new(Bag::default()),
            tell,
        });
        let local = LocalSet::new();
        let mut workers = JoinSet::new();
        for _ in 0..hunt.jobs.clamp(1, hunt.scripts.clamp(1, 64) as u32) {
            workers.spawn_local_on(Rc::clone(&shared).work(), &local);
        }
        let mut outcome = Ok(());
        local
            .run_until(async {
                while let Some(ended) = workers.join_next().await {
                    if let Ok(Err(error)) = ended {
                        outcome = Err(error);
                    }
                }
            })
            .await;
        outcome?;
        let mut bag = shared.bag.take();
        bag.agreed.sort_unstable();
        bag.uncertain.sort_unstable();
        bag.findings.sort_by_key(|finding| finding.seed);
        bag.failed.sort_unstable();
        let by_length = |finding: &&Finding| (finding.script.steps.len(), finding.seed);
        if let Some(smallest) = bag.findings.iter().min_by_key(by_length) {
            let made_smaller = shared.shrink(smallest.clone()).await?;
            bag.smallest = Some(made_smaller);
        }
        Ok(bag)
    })
}

struct Shared {
    setup: Setup,
    hunt: Hunt,
    seeds: RefCell<VecDeque<u64>>,
    bag: RefCell<Bag>,
    tell: &'static dyn Fn(&str),
}

impl Shared {
    /// Plays scripts as long as there are any, in a laboratory of its own.
    async fn work(self: Rc<Self>) -> Result<(), RecordError> {
        let mut laboratory = Laboratory::open(&self.setup).await?;
        loop {
            let Some(seed) = self.seeds.borrow_mut().pop_front() else {
                laboratory.close().await;
                return Ok(());
            };
            let script = draw(seed);
            match self.try_out(&mut laboratory, &script).await {
                Ok((comparison, real)) => self.note(seed, script, comparison, real)?,
                Err(error) => {
                    (self.tell)(&format!("fedheal: seed {seed}: {error}"));
                    self.bag.borrow_mut().failed.push((seed, error.to_string()));
                    // Nobody knows what is left of the old one.
                    laboratory.close().await;
                    laboratory = Laboratory::open(&self.setup).await?;
                }
            }
        }
    }

    /// Plays a script on both; on the real servers twice, if there is a difference.
    async fn try_out(
        &self,
        laboratory: &mut Laboratory,
        script: &Script,
    ) -> Result<(Comparison, Vec<Played>), RecordError> {
        let simulated = simulate(script);
        let mut real = vec![play(laboratory, script).await?];
        let mut comparison = compare_with_runs(&script.name, &real, &simulated);
        if !comparison.wrong.is_empty() {
            real.push(play(laboratory, script).await?);
            comparison = compare_with_runs(&script.name, &real, &simulated);
        }
        Ok((comparison, real))
    }

    fn note(
        &self,
        seed: u64,
        script: Script,
        comparison: Comparison,
        real: Vec<Played>,
    ) -> Result<(), RecordError> {
        let (right, cells) = (comparison.right, comparison.cells);
        (self.tell)(&format!(
            "fedheal: seed {seed}: {right} of {cells} cells agree{}",
            match comparison.unstable {
                0 => String::new(),
                n => format!(", {n} differ between two real runs"),
            }
        ));
        if let Some(folder) = &self.hunt.keep {
            let path = folder.join(format!("{}.json", script.name));
            let software = self.setup.software();
            let written = document(&script, &software, &real).write(&path);
            written.map_err(RecordError::file(path))?;
        }
        let mut bag = self.bag.borrow_mut();
        bag.cells.0 += cells;
        bag.cells.1 += right;
        if comparison.wrong.is_empty() {
            bag.agreed.push(seed);
            if comparison.unstable > 0 {
                bag.uncertain.push(seed);
            }
        } else {
            bag.findings.push(Finding {
                seed,
                script,
                real,
                differing: comparison.wrong,
            });
        }
        Ok(())
    }

    /// Looks for a smaller script on which they disagree, again and again, as long as plays are left.
    async fn shrink(&self, mut smallest: Finding) -> Result<Finding, RecordError> {
        let mut left = self.hunt.shrink;
        if left == 0 {
            return Ok(smallest);
        }
        let mut laboratory = Laboratory::open(&self.setup).await?;
        'smaller: while left > 0 {
            for candidate in smaller(&smallest.script) {
                if left == 0 {
                    break 'smaller;
                }
                left -= 1;
                // A script that cannot be played is no finding.
                let Ok((comparison, real)) = self.try_out(&mut laboratory, &candidate).await else {
                    continue;
                };
                if !comparison.wrong.is_empty() {
                    (self.tell)(&format!(
                        "fedheal: {} steps still disagree; {left} plays left",
                        candidate.steps.len()
                    ));
                    smallest = Finding {
                        seed: smallest.seed,
                        script: candidate,
                        real,
                        differing: comparison.wrong,
                    };
                    continue 'smaller;
                }
            }
            break;
        }
        laboratory.close().await;
        Ok(smallest)
    }
}

/// What the simulator does. If it stumbles, it does nothing, and so disagrees in every cell.
fn simulate(script: &Script) -> Played {
    catch_unwind(AssertUnwindSafe(|| simulation::play(script))).unwrap_or_default()
}
