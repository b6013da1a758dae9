//! How far a run or a campaign is, on standard error.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use mdvm_conform::fuzz::campaign::Watcher;
use mdvm_conform::run::Progress;

/// How long it takes at least from one line that tells of progress to the next.
const BETWEEN_LINES: Duration = Duration::from_secs(2);

/// How far a run is, on stderr: a bar on a terminal, and elsewhere a line now and then.
#[derive(Default)]
pub(super) struct Display {
    now: Mutex<Option<Bar>>,
}

/// How far one implementation is.
pub(super) struct Bar {
    name: String,
    total: usize,
    done: usize,
    terminal: Option<ProgressBar>,
    /// When a line was last written.
    told: Instant,
}

impl Progress for Display {
    fn begin(&self, name: &str, cases: usize) {
        let terminal = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(cases as u64).with_message(name.to_owned());
            match ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed}") {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        let bar = Bar { name: name.to_owned(), total: cases, done: 0, terminal, told: Instant::now() };
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn advance(&self) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bar) = now.as_mut() else { return };
        bar.done += 1;
        if let Some(terminal) = &bar.terminal {
            terminal.inc(1);
        } else if bar.told.elapsed() > BETWEEN_LINES {
            bar.told = Instant::now();
            // A closed stderr is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{}: {} of {}", bar.name, bar.done, bar.total);
        }
    }

    fn end(&self) {
        let bar = self.now.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(terminal) = bar.and_then(|bar| bar.terminal) {
            terminal.finish_and_clear();
        }
    }
}

/// How far a campaign is, on stderr: a line that is written over on a terminal, and elsewhere a line now and then.
#[derive(Default)]
pub(super) struct FuzzDisplay {
    told: Mutex<Option<Instant>>,
}

impl Watcher for FuzzDisplay {
    fn advance(&self, programs: u64, of: Option<u64>, divergences: u64, seconds: f64) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|told| told.elapsed() < BETWEEN_LINES) {
            return;
        }
        *told = Some(Instant::now());
        let of = of.map_or_else(String::new, |of| format!(" of {of}"));
        let rate = programs as f64 / seconds.max(0.001);
        let line = format!("{programs}{of} programs, {rate:.0} a second, {divergences} divergences");
        let end = if std::io::stderr().is_terminal() { "\x1b[K\r" } else { "\n" };
        // A closed stderr is no reason to stop.
        let _ = write!(std::io::stderr(), "{line}{end}");
    }

    fn note(&self, line: &str) {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}
