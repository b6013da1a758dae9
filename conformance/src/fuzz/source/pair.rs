//! Asking two implementations of the same page.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::implementation::Launcher;
use crate::outcome::{Diagnostic, Field, Status};
use crate::plug::{Answer, Handshake, Reply, Request, Subject};
use crate::programs::judge::{Said, disagreements};
use crate::worker::{Event, Worker};

/// So many steps a page may take; one that takes more is not compared, for implementations count them in ways of their own.
const STEPS: u64 = 300_000;

/// Two implementations, started when they are first asked.
pub struct Pair<'a> {
    launchers: &'a [Launcher; 2],
    timeout: Duration,
    running: [Option<(Worker, Handshake)>; 2],
    limits: BTreeMap<String, u64>,
    asked: usize,
}

/// What both say of a page.
#[derive(Debug)]
pub enum Verdict {
    /// They agree.
    Alike {
        /// How the page ended, as statistics call it.
        ending: String,
    },
    /// It took one of them too long, or too many steps or bytes.
    Unknown,
    /// They differ.
    Differ {
        /// In what, without any value in it.
        signature: String,
        /// In what, one difference a line.
        how: Vec<String>,
    },
}

impl<'a> Pair<'a> {
    /// Two implementations that have `timeout` for each page.
    #[must_use]
    pub fn new(launchers: &'a [Launcher; 2], timeout: Duration) -> Self {
        let limits = BTreeMap::from([("max_steps".to_owned(), STEPS)]);
        Self { launchers, timeout, running: [None, None], limits, asked: 0 }
    }

    /// Has both run a page, and compares what they say.
    ///
    /// # Errors
    /// Says why an implementation does not start.
    pub fn judge(&mut self, page: &str) -> Result<Verdict, String> {
        let [left, right] = self.ask(page)?;
        Ok(verdict(&left, &right))
    }

    fn ask(&mut self, page: &str) -> Result<[Said; 2], String> {
        self.asked += 1;
        let subject = Subject::Source { text: page, name: "page.md" };
        let request = Request {
            subject,
            limits: &self.limits,
            globals: &BTreeMap::new(),
            trace: false,
            schedule: None,
        };
        let line = request.line(self.asked);
        for (slot, launcher) in self.running.iter_mut().zip(self.launchers) {
            let running = match slot.take() {
                Some(running) => running,
                None => Worker::start(launcher, self.timeout)?,
            };
            slot.insert(running).0.send(line.clone());
        }
        let until = Instant::now() + self.timeout;
        let [left, right] = &mut self.running;
        Ok([answer(left, self.asked, subject, until), answer(right, self.asked, subject, until)])
    }
}

/// What an implementation answers; one that ends or is late is started anew the next time.
fn answer(slot: &mut Option<(Worker, Handshake)>, id: usize, subject: Subject<'_>, until: Instant) -> Said {
    let alone = |answer| Said { answer, warnings: None };
    let Some((mut worker, handshake)) = slot.take() else {
        return alone(Answer::Crash { how: "it was not started".to_owned() });
    };
    let unreported: Vec<Field> = handshake.unreported.iter().chain(subject.unreported()).copied().collect();
    loop {
        match worker.next(until.saturating_duration_since(Instant::now())) {
            Event::Line(line) => match Reply::from_line(&line, &unreported) {
                Some(reply) if reply.id == id => {
                    *slot = Some((worker, handshake));
                    return Said { answer: reply.answer, warnings: reply.warnings };
                }
                Some(_) | None if Instant::now() < until => {}
                Some(_) | None => {
                    worker.kill();
                    return alone(Answer::Timeout { how: "no answer in time".to_owned() });
                }
            },
            Event::Overlong(why) => return alone(Answer::Invalid { why }),
            Event::Ended(how) => return alone(Answer::Crash { how }),
            Event::Silence => {
                worker.kill();
                return alone(Answer::Timeout { how: "no answer in time".to_owned() });
            }
        }
    }
}

/// Errors whose moment is an implementation's own.
const OWN: [&str; 2] = ["StepLimitExceeded", "MemoryLimitExceeded"];

fn verdict(left: &Said, right: &Said) -> Verdict {
    let is_unknown = |said: &Said| match &said.answer {
        Answer::Timeout { .. } => true,
        Answer::Outcome(_) => OWN.contains(&ending(said).as_str()),
        Answer::Crash { .. }
        | Answer::Unsupported { .. }
        | Answer::Unstable { .. }
        | Answer::Invalid { .. } => false,
    };
    let is_broken = |said: &Said| !matches!(said.answer, Answer::Outcome(_) | Answer::Timeout { .. });
    if is_broken(left) || is_broken(right) {
        let signature = format!("{} / {}", ending(left), ending(right));
        return Verdict::Differ { signature, how: vec![left.answer.to_string(), right.answer.to_string()] };
    }
    if is_unknown(left) || is_unknown(right) {
        return Verdict::Unknown;
    }
    let mut how = disagreements(left, right);
    if how.is_empty() {
        how.extend(differing_messages(left, right));
    }
    if how.is_empty() {
        return Verdict::Alike { ending: ending(left) };
    }
    Verdict::Differ { signature: signature(left, right, &how), how }
}

/// The status, the kind of the error, or the kind of the first diagnostic.
fn ending(said: &Said) -> String {
    let Answer::Outcome(outcome) = &said.answer else {
        let words = said.answer.to_string();
        return words.split(':').next().unwrap_or_default().to_owned();
    };
    if let Some(kind) = outcome.get(Field::Kind) {
        return kind.trim_matches('"').to_owned();
    }
    let first = said.diagnostics().and_then(|all| all.into_iter().next());
    match first {
        Some(first) if outcome.status() == Status::CompileError => format!("refused {}", first.kind),
        Some(_) | None => outcome.status().name().to_owned(),
    }
}

/// A message that is told in two ways.
fn differing_messages(left: &Said, right: &Said) -> Option<String> {
    let (left, right) = (left.diagnostics()?, right.diagnostics()?);
    let (one, other) = left.iter().zip(&right).find(|(one, other)| one.message != other.message)?;
    Some(format!("message of {}: {:?} and {:?}", one.kind, one.message, other.message))
}

fn signature(left: &Said, right: &Said, how: &[String]) -> String {
    let (one, other) = (ending(left), ending(right));
    let is_refused = |ending: &str| ending.starts_with("refused");
    let is_about_diagnostics = how.iter().all(|line| line.starts_with("diagnostics"));
    if is_refused(&one) && is_refused(&other) || is_about_diagnostics {
        return match (left.diagnostics(), right.diagnostics()) {
            (Some(left), Some(right)) => about_diagnostics(&left, &right),
            (_, _) => "diagnostics".to_owned(),
        };
    }
    let field = how.first().and_then(|line| line.split(':').next()).unwrap_or_default();
    if one == other { format!("{field} of {one}") } else { format!("{one} / {other}") }
}

/// The kinds that only one of two lists has, or in what the first pair of one kind differs.
fn about_diagnostics(left: &[Diagnostic], right: &[Diagnostic]) -> String {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    left.iter().for_each(|one| *counts.entry(&one.kind).or_default() += 1);
    right.iter().for_each(|one| *counts.entry(&one.kind).or_default() -= 1);
    let only: Vec<String> = counts
        .iter()
        .filter(|(_, count)| **count != 0)
        .map(|(kind, count)| format!("{}{kind}", if *count > 0 { "+" } else { "-" }))
        .collect();
    if !only.is_empty() {
        return format!("diagnostics {}", only.join(" "));
    }
    let differing = left.iter().zip(right).find(|(one, other)| {
        (&one.kind, one.line, one.column, &one.message)
            != (&other.kind, other.line, other.column, &other.message)
    });
    match differing {
        Some((one, other)) if one.kind != other.kind => "order of diagnostics".to_owned(),
        Some((one, other)) if one.message != other.message => format!("message of {}", one.kind),
        Some((one, _)) => format!("place of {}", one.kind),
        None => "diagnostics".to_owned(),
    }
}
