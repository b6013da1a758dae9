//! Views: what runs reach of the reference. A view is a line of the reference that is executed for an instruction with operands of
//! some types, as in `operations.add:77 add int int`. Two programs that reach the same views look the same to whoever reads the
//! reference line by line; one that reaches a new one shows something that no other does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::case::Case;
use crate::coverage::TRACED_STEPS;
use crate::implementation::Launcher;
use crate::outcome::Outcome;
use crate::plug::{Answer, Reply, Request};
use crate::run::Progress;
use crate::worker::{Event, Worker};

/// The limit of steps.
const MAX_STEPS: &str = "max_steps";

/// What a run reached, and what it came to.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The views, in the order of the alphabet.
    pub views: Vec<String>,
    /// The outcome.
    pub outcome: Outcome,
}

/// The reference, watched. It is started when it is first asked, and again after it fell silent.
#[derive(Debug)]
pub struct Viewer {
    timeout: Duration,
    running: Option<Worker>,
    asked: usize,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    views: Vec<String>,
}

impl Viewer {
    /// One that has `timeout` for each answer.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, running: None, asked: 0 }
    }

    /// Has it run something, under a limit of steps at least; nothing where it does not answer in time.
    ///
    /// # Errors
    /// Says why it does not start, or how it ended.
    pub fn ask(&mut self, request: &Request<'_>) -> Result<Option<Seen>, String> {
        let mut limits = request.limits.clone();
        limits
            .entry(MAX_STEPS.to_owned())
            .and_modify(|most| *most = TRACED_STEPS.min(*most))
            .or_insert(TRACED_STEPS);
        let mut worker = match self.running.take() {
            Some(worker) => worker,
            None => Worker::start(&Launcher::views(), self.timeout)?.0,
        };
        self.asked += 1;
        worker.send(Request { limits: &limits, trace: false, ..*request }.line(self.asked));
        let until = Instant::now() + self.timeout;
        loop {
            match worker.next(until.saturating_duration_since(Instant::now())) {
                Event::Line(line) => {
                    let Some(reply) = Reply::from_line(&line, &[]).filter(|reply| reply.id == self.asked)
                    else {
                        continue;
                    };
                    let views = serde_json::from_str::<Line>(&line).map_err(|error| error.to_string())?.views;
                    self.running = Some(worker);
                    return match reply.answer {
                        Answer::Outcome(outcome) => Ok(Some(Seen { views, outcome })),
                        answer @ (Answer::Crash { .. }
                        | Answer::Timeout { .. }
                        | Answer::Unsupported { .. }
                        | Answer::Unstable { .. }
                        | Answer::Invalid { .. }) => Err(format!("the reference answers {answer:?}")),
                    };
                }
                Event::Silence => {
                    worker.kill();
                    return Ok(None);
                }
                Event::Ended(how) | Event::Overlong(how) => return Err(format!("the reference: {how}")),
            }
        }
    }
}

/// How requests are watched.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// How many processes share them.
    pub workers: usize,
    /// How long one may take.
    pub timeout: Duration,
    /// Becomes true when it is to be given up.
    pub stop: &'a AtomicBool,
    /// Who is notified of progress.
    pub progress: &'a dyn Progress,
}

/// What each request reaches; nothing where one is late.
///
/// # Errors
/// Says why the reference does not start, or how it ended.
pub fn all(requests: &[Request<'_>], plan: &Plan<'_>) -> Result<Vec<Option<Seen>>, String> {
    let next = AtomicUsize::new(0);
    let seen = Mutex::new(vec![None; requests.len()]);
    let failed = Mutex::new(None);
    plan.progress.begin("views", requests.len());
    std::thread::scope(|scope| {
        for _ in 0..plan.workers.max(1) {
            scope.spawn(|| {
                let mut viewer = Viewer::new(plan.timeout);
                while !plan.stop.load(Ordering::Relaxed) {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(place) else { return };
                    match viewer.ask(request) {
                        Ok(answer) => {
                            seen.lock().unwrap_or_else(PoisonError::into_inner)[place] = answer;
                            plan.progress.advance();
                        }
                        Err(why) => {
                            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                            return;
                        }
                    }
                }
            });
        }
    });
    plan.progress.end();
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(why) => Err(why),
        None => Ok(seen.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

/// The views that cases reach, each with the smallest case that does: the one with the fewest bytes, and then the first by name.
///
/// # Errors
/// Says why the reference does not start, or how it ended.
pub fn of_cases(cases: &[Case], plan: &Plan<'_>) -> Result<BTreeMap<String, String>, String> {
    let requests: Vec<Request<'_>> = cases.iter().map(Case::request).collect();
    let mut smallest: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (case, seen) in cases.iter().zip(all(&requests, plan)?) {
        for view in seen.into_iter().flat_map(|seen| seen.views) {
            let mine = (case.module.len(), case.id.clone());
            let best = smallest.entry(view).or_insert_with(|| mine.clone());
            if mine < *best {
                *best = mine;
            }
        }
    }
    Ok(smallest.into_iter().map(|(view, (_, id))| (view, id)).collect())
}

/// The mnemonic of the instruction of a view.
#[must_use]
pub fn mnemonic(view: &str) -> &str {
    view.split(' ').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_names_line_and_instruction() {
        let module =
            machine_dialect_vm::assemble("load_const r0, 1\nadd r1, r0, r0\nreturn r1").unwrap().encode();
        let (limits, globals) = (BTreeMap::new(), BTreeMap::new());
        let request = Request {
            subject: crate::plug::Subject::Module(&module),
            limits: &limits,
            globals: &globals,
            trace: false,
            schedule: None,
        };
        let seen = Viewer::new(Duration::from_secs(20)).ask(&request).unwrap().unwrap();
        let of_add: Vec<&String> = seen.views.iter().filter(|view| mnemonic(view) == "add").collect();
        assert!(
            of_add.iter().any(|view| view.starts_with("operations.add:") && view.ends_with(" add int int"))
        );
        assert!(of_add.iter().all(|view| view.ends_with(" add int int")), "{of_add:?}");
        assert_eq!(seen.outcome.headline(), "ok 2");
    }
}
