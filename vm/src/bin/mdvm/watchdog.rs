//! The end of a run that does not end itself, and the one answer that `--json` promises.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use machine_dialect_vm::RuntimeError;
use machine_dialect_vm::escape::visible_json;

use super::{PROGRAM_FAILED, report, run};

/// Ends the process when its time is over, whatever it waits for then: a pipe into which nobody writes, an input without an end, an
/// operation that takes long.
pub(crate) struct Watchdog {
    as_json: bool,
    /// Whether the answer is being printed. Who sets this first prints it, so there is one.
    answered: Arc<AtomicBool>,
}

impl Watchdog {
    pub(crate) fn new(as_json: bool) -> Self {
        Self { as_json, answered: Arc::default() }
    }

    pub(crate) fn end_after(&self, time: Duration) {
        let (as_json, answered) = (self.as_json, Arc::clone(&self.answered));
        let wait = move || {
            thread::sleep(time);
            if answered.swap(true, Ordering::AcqRel) {
                return;
            }
            let error = RuntimeError::DeadlineExceeded;
            let kind = error.kind().name();
            if as_json {
                let outcome =
                    format!(r#"{{"status": "runtime_error", "kind": "{kind}", "message": "{error}"}}"#);
                let _ = run::print(&outcome, PROGRAM_FAILED);
            } else {
                report::error(format!("{kind}: {error}"));
            }
            std::process::exit(i32::from(PROGRAM_FAILED));
        };
        // Without the thread the run still looks at the clock, only less often.
        let _ = thread::Builder::new().spawn(wait);
    }

    /// Prints the answer, unless the time was over before and the other answer is being printed.
    pub(crate) fn answer(&self, outcome: &str, code: u8) -> ExitCode {
        self.disarm();
        run::print(&visible_json(outcome), code)
    }

    /// Ends nothing from now on, and leaves the answer to who asked for that, unless the time was over before.
    pub(crate) fn disarm(&self) {
        if self.answered.swap(true, Ordering::AcqRel) {
            // The other ends the process once it has printed.
            loop {
                thread::park();
            }
        }
    }
}
