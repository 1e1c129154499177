//! A run that comes to no end must not end the study.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    /// Where the last panic of this thread was, and what it said.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on panics are not printed but kept for [`guarded`].
pub fn keep_panics() {
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_default();
        LAST.set(Some(format!("panicked at {place}: {message}")));
    }));
}

/// Does something; if it panics, what the panic said is the error.
///
/// # Errors
/// That of the deed itself, or its panic.
pub fn guarded<T>(deed: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    // Whatever the deed had in its hands is dropped with it.
    let done = panic::catch_unwind(AssertUnwindSafe(deed));
    done.unwrap_or_else(|_| Err(LAST.take().unwrap_or_else(|| "panicked".to_owned())))
}
