//! One implementation that is asked one thing after another.

use std::time::{Duration, Instant};

use crate::fuzz::program::Subject;
use crate::implementation::{Launcher, Start};
use crate::outcome::Field;
use crate::plug::{Answer, Handshake, Reply};
use crate::worker::{Event, Worker};

/// An implementation that is started when it is first asked, and again after it crashed or fell silent.
#[derive(Debug)]
pub struct Asker {
    launcher: Launcher,
    timeout: Duration,
    running: Option<(Worker, Handshake)>,
    asked: usize,
    unreported: Vec<Field>,
}

/// One executed instruction, as a trace tells it: its index, and the digest of what it wrote.
pub type Step = (usize, String);

/// An answer, with its trace where one was asked for and given.
#[derive(Debug, Clone)]
pub struct Told {
    /// The answer.
    pub answer: Answer,
    /// The instructions executed.
    pub trace: Option<Vec<Step>>,
}

impl Asker {
    /// An implementation that has `timeout` for each answer.
    #[must_use]
    pub fn new(launcher: &Launcher, timeout: Duration) -> Self {
        Self { launcher: launcher.clone(), timeout, running: None, asked: 0, unreported: Vec::new() }
    }

    /// What reports call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.launcher.name
    }

    /// The fields that it does not report, once it was asked something.
    #[must_use]
    pub fn unreported(&self) -> &[Field] {
        &self.unreported
    }

    /// Whether it is the reference, which is made to be right and not to be fast.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        matches!(self.launcher.start, Start::Reference)
    }

    /// Ends its process. The next thing that it is asked, it is asked in a new one, which has answered nothing before.
    pub fn restart(&mut self) {
        self.running = None;
    }

    /// Has it run a subject.
    ///
    /// # Errors
    /// Says why the implementation does not start.
    pub fn ask(&mut self, subject: &Subject, trace: bool) -> Result<Told, String> {
        self.ask_for(subject, trace, self.timeout)
    }

    /// Has it run a subject for which it was too slow before, with that many times the time.
    ///
    /// # Errors
    /// Says why the implementation does not start.
    pub fn ask_patiently(&mut self, subject: &Subject, times: u32) -> Result<Told, String> {
        self.ask_for(subject, false, self.timeout.saturating_mul(times))
    }

    fn ask_for(&mut self, subject: &Subject, trace: bool, timeout: Duration) -> Result<Told, String> {
        let (mut worker, handshake) = match self.running.take() {
            Some(running) => running,
            None => Worker::start(&self.launcher, self.timeout)?,
        };
        self.unreported.clone_from(&handshake.unreported);
        self.asked += 1;
        worker.send(subject.request(trace).to(&handshake).line(self.asked));
        let until = Instant::now() + timeout;
        let late = || Answer::Timeout { how: format!("no answer in {:.1} s", timeout.as_secs_f64()) };
        let answer = loop {
            match worker.next(until.saturating_duration_since(Instant::now())) {
                Event::Line(line) => match Reply::from_line(&line, &handshake.unreported) {
                    Some(reply) if reply.id == self.asked => {
                        self.running = Some((worker, handshake));
                        let trace = reply.trace.as_deref().and_then(|text| serde_json::from_str(text).ok());
                        return Ok(Told { answer: reply.answer, trace });
                    }
                    // One that says much and answers nothing is as late as one that says nothing.
                    Some(_) | None if Instant::now() >= until => {
                        worker.kill();
                        break late();
                    }
                    Some(_) | None => {}
                },
                Event::Overlong(why) => break Answer::Invalid { why },
                Event::Ended(how) => break Answer::Crash { how },
                Event::Silence => {
                    worker.kill();
                    break late();
                }
            }
        };
        Ok(Told { answer, trace: None })
    }
}
