//! How far many runs are: a bar on a terminal, now and then a line elsewhere.

use std::env;
use std::io::{self, IsTerminal};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::note;

/// So many lines are written where nobody sees a bar.
const LINES: u64 = 10;
/// What is over sooner needs none.
const SHORT: f64 = 2.0;

/// May stderr show what moves? On a terminal, unless its owner wants it plain (<https://no-color.org>).
pub(super) fn is_lively() -> bool {
    let is_plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !is_plain
}

/// Some of many runs.
pub(super) struct Progress {
    bar: ProgressBar,
    visible: bool,
    total: u64,
}

impl Progress {
    /// Begins with none of them done.
    pub(super) fn begin(total: u64) -> Progress {
        let visible = is_lively();
        let target = match visible {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let style = "{bar:30} {human_pos} of {human_len} runs, {per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("the template is well formed"));
        Progress {
            bar,
            visible,
            total,
        }
    }

    /// One more is done.
    pub(super) fn one_more(&mut self) {
        self.bar.inc(1);
        let done = self.done();
        let tenth = |done: u64| done * LINES / self.total.max(1);
        let is_due = tenth(done) > tenth(done - 1) && done < self.total;
        if !self.visible && is_due && self.seconds() > SHORT {
            note(&format!(
                "fedheal: {done} of {} runs, {:.1} a second, {} left",
                self.total,
                done as f64 / self.seconds().max(1e-3),
                HumanDuration(
                    self.bar
                        .elapsed()
                        .mul_f64((self.total - done) as f64 / done as f64)
                )
            ));
        }
    }

    /// How many are done.
    pub(super) fn done(&self) -> u64 {
        self.bar.position()
    }

    /// Seconds since it began.
    pub(super) fn seconds(&self) -> f64 {
        (self.bar.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
    }

    /// Takes the bar away.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}
