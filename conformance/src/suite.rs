//! The suite under `cargo test`: every case on the Rust VM and on the reference, each compared with the expectation and
//! both with each other.
//!
//! The implementations run in the background as fast as they can, in an order of their own, while the test harness waits
//! for the results in its order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use machine_dialect_vm::Module;

use crate::batch::{self, Bounds, Done, Job, Options};
use crate::case::Case;
use crate::implementation::Launcher;
use crate::ledger::Ledger;
use crate::plug::{Answer, Request, Subject};
use crate::verdict::{Verdict, disagreement, judge};

/// How long one request may take. It is there for what hangs, so it is far above what the heaviest module takes.
const TIMEOUT: Duration = Duration::from_secs(300);
/// How many workers each implementation gets.
const WORKERS: usize = 2;

/// A suite that is being run.
pub struct Suite {
    cases: Vec<Case>,
    /// The canonical encoding of a module, where it is not what the case has.
    encoded: BTreeMap<usize, Vec<u8>>,
    interpreter: Board,
    specialised: Board,
    jit: Board,
    reference: Board,
    executed: AtomicUsize,
}

impl Suite {
    /// Begins to run the cases.
    #[must_use]
    pub fn start(cases: Vec<Case>) -> Arc<Self> {
        let encoded: BTreeMap<usize, Vec<u8>> =
            cases.iter().enumerate().filter_map(|(index, case)| Some((index, encoded_anew(case)?))).collect();
        let suite = Arc::new(Self {
            interpreter: Board::new(cases.len() + encoded.len()),
            specialised: Board::new(cases.len()),
            jit: Board::new(cases.len()),
            reference: Board::new(cases.len()),
            executed: AtomicUsize::new(0),
            cases,
            encoded,
        });
        let background = Arc::clone(&suite);
        thread::spawn(move || background.run_on(&Launcher::rust_interpreter(), &background.interpreter));
        let background = Arc::clone(&suite);
        thread::spawn(move || background.run_on(&Launcher::rust_specialised(), &background.specialised));
        let background = Arc::clone(&suite);
        thread::spawn(move || background.run_on(&Launcher::rust_jit(), &background.jit));
        let background = Arc::clone(&suite);
        thread::spawn(move || background.run_on(&Launcher::reference(), &background.reference));
        suite
    }

    /// The cases.
    #[must_use]
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// How many cases have been executed on both implementations.
    #[must_use]
    pub fn executed(&self) -> usize {
        self.executed.load(Ordering::SeqCst)
    }

    /// Waits for the results of a case.
    ///
    /// # Errors
    /// Gives what is wrong, for the reader of a test log.
    pub fn check(&self, index: usize) -> Result<(), String> {
        let case = &self.cases[index];
        let interpreter = self.interpreter.wait(index)?;
        let specialised = self.specialised.wait(index)?;
        let jit = self.jit.wait(index)?;
        let reference = self.reference.wait(index)?;
        self.executed.fetch_add(1, Ordering::SeqCst);
        let mut report = String::new();
        for (name, answer) in [
            ("the Rust VM", &interpreter),
            ("the Rust VM, specialised code", &specialised),
            ("the Rust VM, machine code", &jit),
            ("the reference", &reference),
        ] {
            let judgement = judge(case, answer, &[], &Ledger::default());
            if judgement.verdict != Verdict::Pass {
                report.push_str(&format!("  {name}: {}\n{}", judgement.verdict.name(), judgement.reason));
            }
        }
        if let Some(differences) = disagreement(("rust", &interpreter), ("reference", &reference), &[]) {
            report.push_str(&format!("  the Rust VM and the reference disagree\n{differences}"));
        }
        if let Some(differences) = disagreement(("interpreter", &interpreter), ("specialised", &specialised), &[]) {
            report.push_str(&format!(
                "  the interpreter and specialised code of the Rust VM disagree\n{differences}"
            ));
        }
        if let Some(differences) = disagreement(("interpreter", &interpreter), ("jit", &jit), &[]) {
            report.push_str(&format!(
                "  the interpreter and machine code of the Rust VM disagree\n{differences}"
            ));
        }
        if let Some(place) = self.encoded.keys().position(|with_encoding| *with_encoding == index) {
            let again = self.interpreter.wait(self.cases.len() + place)?;
            if let Some(differences) = disagreement(("as written", &interpreter), ("encoded", &again), &[]) {
                report
                    .push_str(&format!("  the module does not survive decoding and encoding\n{differences}"));
            }
        }
        if report.is_empty() {
            return Ok(());
        }
        Err(format!("{}: {}\n{report}{}", case.place(), case.id, hint(case)))
    }

    fn run_on(&self, launcher: &Launcher, board: &Board) {
        let stop = AtomicBool::new(false);
        let options = Options { workers: WORKERS, timeout: TIMEOUT, stop: &stop, bounds: Bounds::NONE };
        let mut jobs: Vec<_> =
            self.cases.iter().map(|case| Job { request: case.request(), weight: case.weight() }).collect();
        if board.len() > self.cases.len() {
            jobs.extend(self.encoded.iter().map(|(index, module)| {
                let case = &self.cases[*index];
                Job {
                    request: Request { subject: Subject::Module(module), ..case.request() },
                    weight: case.weight(),
                }
            }));
        }
        let done = |index: usize, done: Done| board.post(index, done.answer);
        match batch::run(launcher, &jobs, &options, &done) {
            Ok(summary) if summary.incidents.is_empty() => board.close("the case was not executed"),
            Ok(summary) => board.close(&summary.incidents.join("\n")),
            Err(problem) => board.close(&problem),
        }
    }
}

/// The canonical encoding of the module of a case, where it differs from what the case has. Where it does not, decoding
/// and encoding again changed nothing, and there is nothing more to run.
fn encoded_anew(case: &Case) -> Option<Vec<u8>> {
    let encoded = Module::decode(&case.module).ok()?.encode();
    (encoded != case.module).then_some(encoded)
}

fn hint(case: &Case) -> String {
    format!("  again: cargo test -p mdvm-conform --test suite -- --exact {}\n", case.id)
}

/// Results as they come, for those who wait for them.
struct Board {
    slots: Mutex<Slots>,
    changed: Condvar,
}

struct Slots {
    answers: Vec<Option<Answer>>,
    /// Why there will be no more answers.
    closed: Option<String>,
}

impl Board {
    fn new(length: usize) -> Self {
        Self {
            slots: Mutex::new(Slots { answers: vec![None; length], closed: None }),
            changed: Condvar::new(),
        }
    }

    fn len(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).answers.len()
    }

    fn post(&self, index: usize, answer: Answer) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).answers[index] = Some(answer);
        self.changed.notify_all();
    }

    fn close(&self, reason: &str) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).closed = Some(reason.to_owned());
        self.changed.notify_all();
    }

    fn wait(&self, index: usize) -> Result<Answer, String> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |slots: &mut Slots| slots.answers[index].is_none() && slots.closed.is_none();
        let slots = self.changed.wait_while(slots, open).unwrap_or_else(PoisonError::into_inner);
        match (&slots.answers[index], &slots.closed) {
            (Some(answer), _) => Ok(answer.clone()),
            (None, Some(reason)) => Err(reason.clone()),
            (None, None) => Err("the case was not executed".to_owned()),
        }
    }
}
