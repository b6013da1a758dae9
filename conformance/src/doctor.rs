//! Checking how an implementation speaks the protocol, apart from whether its outcomes are right: what to mend first.

mod checks;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use machine_dialect_vm::asm::assemble_bytes;
use machine_dialect_vm::escape::visible;
use serde_json::value::RawValue;

use crate::implementation::Launcher;
use crate::outcome::Outcome;
use crate::plug::{Handshake, Request, Subject};
use crate::value::{ValueText, excerpt};
use crate::worker::{Event, Worker};

pub use checks::CHECKS;

/// How many lines more than it was sent an implementation may write.
const SPARE_LINES: usize = 1000;
/// How many of the lines that it was sent are shown.
const SENT_LINES: usize = 5;
/// How much of a line that it was sent is shown.
const SENT_LETTERS: usize = 1000;

/// One thing that is looked at. Each begins with a fresh process.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    title: &'static str,
    examine: fn(&mut Session<'_>) -> Result<Note, Trouble>,
}

/// What a check found.
#[derive(Debug)]
pub struct Finding {
    title: &'static str,
    result: Result<Note, Trouble>,
    /// What the implementation was sent, where there is something to mend.
    sent: Vec<String>,
}

/// Something worth saying of what is fine; often nothing.
type Note = Option<String>;

/// What is wrong, and how to mend it.
#[derive(Debug)]
pub struct Trouble {
    problem: String,
    hint: String,
}

impl Check {
    /// Has the implementation examined. No answer may take longer than `timeout`.
    #[must_use]
    pub fn run(&self, launcher: &Launcher, timeout: Duration) -> Finding {
        let mut session = match Session::start(launcher, timeout) {
            Ok(session) => session,
            Err(trouble) => return Finding { title: self.title, result: Err(trouble), sent: Vec::new() },
        };
        let result = (self.examine)(&mut session).and_then(|note| {
            session.check_noise()?;
            Ok(note)
        });
        let sent = if result.is_err() { session.sent.borrow().shown() } else { Vec::new() };
        Finding { title: self.title, result, sent }
    }
}

impl Finding {
    /// Whether there is nothing to mend.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.result.is_ok()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            Ok(None) => writeln!(f, "  ok    {}", self.title),
            Ok(Some(note)) => writeln!(f, "  ok    {}\n          {note}", self.title),
            Err(Trouble { problem, hint }) => {
                writeln!(f, "  MEND  {}\n          {problem}\n          Hint: {hint}", self.title)?;
                self.sent.iter().try_for_each(|line| writeln!(f, "          Sent: {line}"))
            }
        }
    }
}

impl Trouble {
    fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { problem: problem.into(), hint: hint.into() }
    }
}

/// A conversation with one process.
struct Session<'a> {
    launcher: &'a Launcher,
    timeout: Duration,
    worker: Worker,
    handshake: Handshake,
    /// The first line that is no answer.
    noise: Option<String>,
    /// How many lines it wrote.
    lines: usize,
    sent: RefCell<Sent>,
}

/// The lines that an implementation was sent, as many as are worth showing.
#[derive(Debug, Default)]
struct Sent {
    count: usize,
    last: VecDeque<String>,
}

impl Sent {
    fn add(&mut self, line: &str) {
        self.count += 1;
        if self.last.len() == SENT_LINES {
            self.last.pop_front();
        }
        self.last.push_back(match line.char_indices().nth(SENT_LETTERS) {
            Some((end, _)) => format!("{}… ({} bytes)", visible(&line[..end]), line.len()),
            None => visible(line).into_owned(),
        });
    }

    fn shown(&self) -> Vec<String> {
        let before = self.count - self.last.len();
        let left_out = (before > 0).then(|| format!("({before} lines before these)"));
        left_out.into_iter().chain(self.last.iter().cloned()).collect()
    }
}

impl<'a> Session<'a> {
    fn start(launcher: &'a Launcher, timeout: Duration) -> Result<Self, Trouble> {
        let mut worker = Worker::launch(launcher).map_err(|problem| {
            Trouble::new(problem, "check the command; it is run as it stands, without a shell")
        })?;
        let hint = "write the handshake as the first line, end it with a newline, and flush stdout";
        let handshake = worker.handshake(timeout).map_err(|problem| Trouble::new(problem, hint))?;
        Ok(Self { launcher, timeout, worker, handshake, noise: None, lines: 0, sent: RefCell::default() })
    }

    /// Sends a line.
    fn send(&self, line: impl Into<String>) {
        let line = line.into();
        self.sent.borrow_mut().add(&line);
        self.worker.send(line);
    }

    /// The next answer, whatever its id.
    fn answer(&mut self) -> Result<Said, Trouble> {
        self.answer_by(Instant::now() + self.timeout)
    }

    fn answer_by(&mut self, deadline: Instant) -> Result<Said, Trouble> {
        loop {
            match self.worker.next(deadline.saturating_duration_since(Instant::now())) {
                Event::Line(line) => {
                    self.count_line()?;
                    match Said::read(&line) {
                        Some(answer) => return Ok(answer),
                        None => self.note_noise(&line),
                    }
                }
                Event::Overlong(what) => return Err(Trouble::new(what, "end each answer with a newline")),
                Event::Ended(how) => {
                    let hint = "answer every request, a bad one too, and end only when stdin ends";
                    return Err(Trouble::new(format!("it ended: {how}"), hint));
                }
                Event::Silence => {
                    let hint =
                        "flush stdout after each answer, and answer each line before you wait for the next";
                    return Err(Trouble::new(
                        format!("no answer in {:.1} s", self.timeout.as_secs_f64()),
                        hint,
                    ));
                }
            }
        }
    }

    /// The outcome in the answer with that id; other answers are passed over.
    fn outcome_of(&mut self, id: &str) -> Result<Outcome, Trouble> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let answer = self.answer_by(deadline)?;
            if answer.id != id {
                continue;
            }
            let hint =
                r#"answer {"id": …, "outcome": {…}}; an "error" is only for requests that make no sense"#;
            let Some(outcome) = answer.outcome else {
                return Err(Trouble::new(format!("the answer has no outcome: {}", answer.line), hint));
            };
            return Outcome::from_json(&outcome, &self.handshake.unreported).map_err(|problem| {
                Trouble::new(format!("{} in {}", excerpt(&problem), answer.line), OUTCOME_HINT)
            });
        }
    }

    /// Has a module run, and compares what `expected`, the JSON of an outcome, says.
    fn expect(&mut self, program: &Program<'_>, expected: &str, hint: &str) -> Result<(), Trouble> {
        self.send(program.line("1")?);
        let found = self.outcome_of("1")?;
        self.compare(&found, expected, hint)
    }

    fn compare(&self, found: &Outcome, expected: &str, hint: &str) -> Result<(), Trouble> {
        let expected = Outcome::from_partial_json(expected).map_err(|problem| Trouble::new(problem, ""))?;
        let differences = expected.differences(found, &self.handshake.unreported);
        if differences.is_empty() {
            return Ok(());
        }
        let shown: String =
            differences.iter().map(|difference| difference.show("expected", "found")).collect();
        Err(Trouble::new(format!("its outcome is not as expected\n{}", shown.trim_end()), hint))
    }

    /// Counts a line; one answer to each request, and a few lines of noise, are all that there should be.
    fn count_line(&mut self) -> Result<(), Trouble> {
        self.lines += 1;
        if self.lines <= self.sent.borrow().count + SPARE_LINES {
            return Ok(());
        }
        self.worker.kill();
        Err(Trouble::new(
            format!("it wrote {SPARE_LINES} lines more than it was sent"),
            "write one line for each request, and nothing else to stdout",
        ))
    }

    fn note_noise(&mut self, line: &str) {
        if self.noise.is_none() && !line.trim().is_empty() {
            self.noise = Some(excerpt(line));
        }
    }

    fn check_noise(&self) -> Result<(), Trouble> {
        match &self.noise {
            Some(line) => Err(Trouble::new(
                format!("stdout has a line that is no answer: {line}"),
                "stdout belongs to the protocol: collect what programs print in `stdout`, and log to stderr",
            )),
            None => Ok(()),
        }
    }
}

const OUTCOME_HINT: &str =
    "see \"Outcomes\" in conformance/README.md; what cannot be told stands in `unreported` of the handshake";

/// How long an id may be that is looked at.
const ID_BYTES: usize = 1000;

/// A line that has an id; anything else is noise.
struct Said {
    id: String,
    outcome: Option<String>,
    has_trace: bool,
    line: String,
}

impl Said {
    fn read(line: &str) -> Option<Self> {
        let fields: BTreeMap<String, &RawValue> = serde_json::from_str(line).ok()?;
        let id = fields.get("id")?.get();
        if id.len() > ID_BYTES {
            return None;
        }
        Some(Self {
            id: id.to_owned(),
            outcome: fields.get("outcome").map(|outcome| outcome.get().to_owned()),
            has_trace: fields.contains_key("trace"),
            line: excerpt(line.trim_end()),
        })
    }
}

/// A module to send.
#[derive(Default)]
struct Program<'a> {
    text: &'a str,
    limits: BTreeMap<String, u64>,
    globals: BTreeMap<String, ValueText>,
    trace: bool,
}

impl<'a> Program<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, ..Self::default() }
    }

    /// The request for it, whose id is that JSON text.
    fn line(&self, id: &str) -> Result<String, Trouble> {
        let module = assemble_bytes(self.text).map_err(|error| Trouble::new(error.to_string(), ""))?;
        let request = Request {
            subject: Subject::Module(&module),
            limits: &self.limits,
            globals: &self.globals,
            trace: self.trace,
            schedule: None,
        };
        Ok(request.line_with_id(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rust_vm_needs_no_mending() {
        for check in CHECKS {
            let finding = check.run(&Launcher::rust(), Duration::from_secs(60));
            assert!(finding.is_fine(), "{finding}");
        }
    }
}
