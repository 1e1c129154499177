//! Many jobs on several threads, with bounds on what waits.

use std::ops::ControlFlow;
use std::sync::mpsc;

use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

/// No job begins while one that stands so many places before it is not done: so whoever writes down what comes of the
/// jobs in the order in which they end has nearly sorted it, and can sort it with so many in memory.
pub const WINDOW: usize = 256;

/// Jobs for each thread that are handed out beforehand, so that none waits for the next.
const AHEAD: usize = 2;

/// There are no threads to be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the threads: {0}")]
pub struct CrewError(#[from] ThreadPoolBuildError);

/// Does the jobs, `threads` at a time, and hands over what came of each as soon as it is there. On `Break` no further
/// job begins; those that run come to their end, and are handed over too.
pub fn work<J: Send, R: Send>(
    threads: usize,
    jobs: impl Iterator<Item = J>,
    play: impl Fn(J) -> R + Sync,
    take: &mut dyn FnMut(R) -> ControlFlow<()>,
) -> Result<(), CrewError> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
    let play = &play;
    pool.in_place_scope_fifo(|scope| {
        let (tell, hear) = mpsc::channel();
        let mut jobs = jobs.enumerate().peekable();
        // Numbers of the jobs that are handed out, in order.
        let mut out: Vec<usize> = Vec::new();
        let mut goes_on = true;
        loop {
            while goes_on && out.len() < threads * AHEAD {
                let first = out.first().copied();
                let is_near = |number| first.is_none_or(|first| number < first + WINDOW);
                let Some((number, job)) = jobs.next_if(|(number, _)| is_near(*number)) else {
                    break;
                };
                out.push(number);
                let tell = tell.clone();
                scope.spawn_fifo(move |_| {
                    // Nobody stops listening before the last job is done.
                    let _ = tell.send((number, play(job)));
                });
            }
            if out.is_empty() {
                return;
            }
            let (number, done) = hear.recv().expect("a job that is handed out tells");
            out.retain(|other| *other != number);
            if take(done).is_break() {
                goes_on = false;
            }
        }
    });
    Ok(())
}
