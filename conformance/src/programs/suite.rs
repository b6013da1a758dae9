//! Having all voices answer all programs.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::Program;
use super::judge::{Said, complaints, disagreements};
use crate::batch::{self, Bounds, Done, Job, Options};
use crate::implementation::Launcher;

/// How long one program may take. It is there for what hangs.
const TIMEOUT: Duration = Duration::from_secs(300);
/// How many workers each voice gets.
const WORKERS: usize = 2;

/// What one implementation says of every program.
#[derive(Debug)]
pub struct Voice {
    /// What reports call it.
    pub name: String,
    /// What it says of each program, by its index.
    pub said: Vec<Option<Said>>,
    /// What went wrong beside the programs.
    pub incidents: Vec<String>,
}

/// The implementations that every program is run on: the VM on each tier, and the reference.
#[must_use]
pub fn launchers() -> Vec<Launcher> {
    vec![
        Launcher::rust(),
        Launcher::rust_interpreter(),
        Launcher::rust_specialised(),
        Launcher::rust_jit(),
        Launcher::reference(),
    ]
}

/// Runs all programs on all implementations.
#[must_use]
pub fn run(programs: &[Program], launchers: &[Launcher]) -> Vec<Voice> {
    thread::scope(|scope| {
        let voices: Vec<_> =
            launchers.iter().map(|launcher| scope.spawn(|| ask(programs, launcher))).collect();
        let lost = |name: &str| Voice {
            name: name.to_owned(),
            said: vec![None; programs.len()],
            incidents: vec!["its thread ended".to_owned()],
        };
        let ended = voices.into_iter().zip(launchers);
        ended.map(|(voice, launcher)| voice.join().unwrap_or_else(|_| lost(&launcher.name))).collect()
    })
}

fn ask(programs: &[Program], launcher: &Launcher) -> Voice {
    let stop = AtomicBool::new(false);
    let options = Options { workers: WORKERS, timeout: TIMEOUT, stop: &stop, bounds: Bounds::NONE };
    let jobs: Vec<_> = programs.iter().map(|program| Job { request: program.request(), weight: 0 }).collect();
    let said = Mutex::new(vec![None; programs.len()]);
    let done = |index: usize, done: Done| {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said[index] = Some(Said { answer: done.answer, warnings: done.warnings });
    };
    let takes_pages = &mut |handshake: &crate::plug::Handshake| {
        if handshake.sources { Ok(()) } else { Err("it takes no pages".to_owned()) }
    };
    let incidents = match batch::run_after(launcher, &jobs, &options, takes_pages, &done) {
        Ok(summary) => summary.incidents,
        Err(problem) => vec![problem],
    };
    let said = said.into_inner().unwrap_or_else(PoisonError::into_inner);
    Voice { name: launcher.name.clone(), said, incidents }
}

/// What is wrong with a program: where a voice does not say what is expected, says nothing, or does not say what the first one does.
#[must_use]
pub fn faults(program: &Program, index: usize, voices: &[Voice]) -> Vec<String> {
    let mut all = Vec::new();
    let first = voices.first().and_then(|voice| Some((voice, voice.said[index].as_ref()?)));
    for voice in voices {
        let Some(said) = &voice.said[index] else {
            let why = voice.incidents.first().map_or("it gave no answer", String::as_str);
            all.push(format!("{}: not run: {why}", voice.name));
            continue;
        };
        let unexpected = complaints(program, said).into_iter();
        all.extend(unexpected.map(|complaint| format!("{}: {complaint}", voice.name)));
        if let Some((one, first)) = first {
            let differing = disagreements(first, said).into_iter();
            all.extend(differing.map(|text| format!("{} and {} differ: {text}", one.name, voice.name)));
        }
    }
    all
}
