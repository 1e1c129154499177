//! Ctrl-C: the first asks the run to stop where it is, the second ends the program at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::note;

/// The exit code of a program that was interrupted.
pub(super) const INTERRUPTED: u8 = 130;

/// What Ctrl-C has to know, and what is known of it.
#[derive(Debug, Default)]
pub(super) struct Interrupt {
    asked: AtomicBool,
    state: Mutex<State>,
}

/// What a program that ends now leaves behind.
#[derive(Debug, Default)]
enum State {
    #[default]
    Nothing,
    /// A hidden folder of results in the making, to be removed.
    Unfinished(PathBuf),
    /// Rows that are written one by one, and stay.
    Growing,
    Written,
}

impl Interrupt {
    /// Listens from now on.
    pub(super) fn listen() -> Arc<Interrupt> {
        let interrupt = Arc::new(Interrupt::default());
        let heard = Arc::clone(&interrupt);
        if let Err(error) = ctrlc::set_handler(move || heard.hear()) {
            note(&format!("fedheal: Ctrl-C will not be answered: {error}"));
        }
        interrupt
    }

    /// Was it pressed?
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Begins results, whose hidden folder must not stay behind.
    pub(super) fn begin<T, E>(
        &self,
        begin: impl FnOnce() -> Result<T, E>,
        hidden: impl FnOnce(&T) -> &Path,
    ) -> Result<T, E> {
        let mut state = self.state();
        let results = begin()?;
        *state = State::Unfinished(hidden(&results).to_owned());
        Ok(results)
    }

    /// From now on what is finished is written at once.
    pub(super) fn grow(&self) {
        *self.state() = State::Growing;
    }

    /// Writes results; the program does not end on the way.
    pub(super) fn write<T, E>(&self, write: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut state = self.state();
        let written = write();
        *state = match written {
            Ok(_) => State::Written,
            Err(_) => State::Nothing,
        };
        written
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self) {
        if !self.asked.swap(true, Ordering::Relaxed) {
            note(match &*self.state() {
                State::Growing => "\nfedheal: stopping here; Ctrl-C again ends at once",
                _ => "\nfedheal: stopping here; Ctrl-C again ends at once, without results",
            });
            return;
        }
        // Held while files are written, for a moment only; and never given back here.
        let state = self.state();
        note(match &*state {
            State::Written => "\nfedheal: interrupted; the results had been written",
            State::Growing => {
                "\nfedheal: interrupted; finished runs stay, and the same command goes on"
            }
            State::Nothing | State::Unfinished(_) => "\nfedheal: interrupted; nothing was written",
        });
        if let State::Unfinished(folder) = &*state {
            let _ = std::fs::remove_dir_all(folder);
        }
        std::process::exit(INTERRUPTED.into());
    }
}
