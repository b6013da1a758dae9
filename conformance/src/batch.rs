//! Having an implementation answer many requests, whatever it does meanwhile.
//!
//! Requests are sent ahead of the answers, so that an implementation never waits. When it crashes or falls silent with
//! several requests in flight, each of them is sent again alone to a fresh worker, so that exactly the guilty one is
//! blamed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::implementation::Launcher;
use crate::outcome::{Diagnostic, Field};
use crate::plug::{Answer, Handshake, Reply, Request};
use crate::value::excerpt;
use crate::worker::{Event, Worker};

/// How many requests one worker has in flight at most.
const WINDOW: usize = 64;
/// How many expected instructions one worker has in flight at most, unless one request alone is expected to take more. It
/// keeps one worker from hoarding what another could begin.
const WINDOW_WEIGHT: u64 = 200_000;
/// How often in a row a worker may fail to start before the rest of its requests is given up.
const START_ATTEMPTS: usize = 3;
/// What is said of requests that nobody is left to answer.
const GIVEN_UP: &str = "it does not start again";
/// How many lines that are no answers are remembered.
const NOISE_LINES: usize = 5;
/// After how many lines that are no answers an implementation is given up.
pub const NOISE_LIMIT: usize = 1000;
/// How many faults are remembered that cannot be blamed on one request.
const INCIDENTS: usize = 100;
/// How long a wait may be before the request to stop is looked at.
const TICK: Duration = Duration::from_millis(100);

/// One request of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// What is sent.
    pub request: Request<'a>,
    /// How many instructions it is expected to execute. Heavy requests are begun first.
    pub weight: u64,
}

/// How a batch is run.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// How many workers share the requests.
    pub workers: usize,
    /// How long one request may take.
    pub timeout: Duration,
    /// Becomes true when the batch is to be given up.
    pub stop: &'a AtomicBool,
    /// When the batch is given up although nobody says so.
    pub bounds: Bounds,
}

/// When a batch is given up before each request has a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// When it must have ended.
    pub until: Option<Instant>,
    /// How many crashes or time-outs of the same kind are enough.
    pub failures: Option<usize>,
}

impl Bounds {
    /// Every request gets its result, however long that takes.
    pub const NONE: Self = Self { until: None, failures: None };
}

/// What came of one request.
#[derive(Debug, Clone)]
pub struct Done {
    /// What it came to.
    pub answer: Answer,
    /// The JSON text of the trace, where one was asked for.
    pub trace: Option<String>,
    /// The warnings of a page, where the implementation tells them.
    pub warnings: Option<Vec<Diagnostic>>,
    /// How long it took, from when the worker could begin with it.
    pub seconds: f64,
}

/// What is to be said of a whole batch.
#[derive(Debug, Clone)]
pub struct Summary {
    /// What the implementation said of itself.
    pub handshake: Handshake,
    /// Faults that cannot be blamed on one request, such as lines on stdout that are no answers.
    pub incidents: Vec<String>,
    /// Why the batch was given up, where it was.
    pub given_up: Option<String>,
    /// How many jobs have no result.
    pub not_run: usize,
}

/// Has an implementation answer every job (all of modules, or all of pages), and hands each result to `done` as it comes, with the index of its job. Only when
/// the batch is told to stop or is out of its bounds do jobs stay without result.
///
/// # Errors
/// Says why the implementation did not start. Then no job has a result.
pub fn run(
    launcher: &Launcher,
    jobs: &[Job<'_>],
    options: &Options<'_>,
    done: &(dyn Fn(usize, Done) + Sync),
) -> Result<Summary, String> {
    run_after(launcher, jobs, options, &mut |_| Ok(()), done)
}

/// As [`run`], and lets `begun` look at the handshake before the first request is sent.
///
/// # Errors
/// As [`run`], or gives what `begun` says against it.
pub fn run_after(
    launcher: &Launcher,
    jobs: &[Job<'_>],
    options: &Options<'_>,
    begun: &mut dyn FnMut(&Handshake) -> Result<(), String>,
    done: &(dyn Fn(usize, Done) + Sync),
) -> Result<Summary, String> {
    let (worker, handshake) = Worker::start(launcher, options.start_timeout())?;
    begun(&handshake)?;
    let shared = Shared {
        launcher,
        jobs,
        options,
        done,
        handshake: &handshake,
        unreported: handshake
            .unreported
            .iter()
            .chain(jobs.first().map_or(&[][..], |job| job.request.subject.unreported()))
            .copied()
            .collect(),
        queue: Mutex::new(Queue::new(jobs)),
        incidents: Mutex::new(Vec::new()),
        failures: Mutex::new(BTreeMap::new()),
        noise: AtomicUsize::new(0),
        delivered: AtomicUsize::new(0),
        is_given_up: AtomicBool::new(false),
        given_up: Mutex::new(None),
    };
    let workers = options.workers.clamp(1, jobs.len().max(1));
    thread::scope(|scope| {
        for number in 1..workers {
            let lane = Lane::new(&shared, None, End::Heavy);
            thread::Builder::new()
                .name(format!("{} {number}", launcher.name))
                .spawn_scoped(scope, move || lane.run())
                .ok();
        }
        Lane::new(&shared, Some(worker), End::Light).run();
    });
    if !shared.is_over() {
        // Where no worker starts any more, nobody has begun these.
        let left = std::mem::take(&mut shared.queue.lock().unwrap_or_else(PoisonError::into_inner).0);
        for index in left {
            let answer = Answer::Crash { how: GIVEN_UP.to_owned() };
            shared.deliver(index, Done { answer, trace: None, warnings: None, seconds: 0.0 });
        }
    }
    let not_run = jobs.len() - shared.delivered.into_inner();
    let incidents = shared.incidents.into_inner().unwrap_or_else(PoisonError::into_inner);
    let given_up = shared.given_up.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Summary { handshake, incidents, given_up: given_up.filter(|_| not_run > 0), not_run })
}

impl Options<'_> {
    /// How long a worker may take to start: no longer than a request, and no longer than there is time at all.
    fn start_timeout(&self) -> Duration {
        let left = self.bounds.until.map(|until| until.saturating_duration_since(Instant::now()));
        left.map_or(self.timeout, |left| left.min(self.timeout))
    }
}

struct Shared<'a> {
    launcher: &'a Launcher,
    jobs: &'a [Job<'a>],
    options: &'a Options<'a>,
    done: &'a (dyn Fn(usize, Done) + Sync),
    handshake: &'a Handshake,
    /// What an answer need not tell.
    unreported: Vec<Field>,
    queue: Mutex<Queue>,
    incidents: Mutex<Vec<String>>,
    /// How many crashes and time-outs there were of each kind.
    failures: Mutex<BTreeMap<String, usize>>,
    /// How many lines answered no request.
    noise: AtomicUsize,
    /// How many jobs have a result.
    delivered: AtomicUsize,
    is_given_up: AtomicBool,
    given_up: Mutex<Option<String>>,
}

impl Shared<'_> {
    fn incident(&self, text: String) {
        let mut incidents = self.incidents.lock().unwrap_or_else(PoisonError::into_inner);
        if incidents.len() < INCIDENTS {
            incidents.push(text);
        }
    }

    fn deliver(&self, index: usize, done: Done) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
        (self.done)(index, done);
    }

    /// Whether no more requests are to be sent, and none waited for.
    fn is_over(&self) -> bool {
        if self.options.bounds.until.is_some_and(|until| Instant::now() >= until) {
            self.give_up("there was no more time for the whole run".to_owned());
        }
        self.options.stop.load(Ordering::Relaxed) || self.is_given_up.load(Ordering::Relaxed)
    }

    fn give_up(&self, why: String) {
        self.is_given_up.store(true, Ordering::Relaxed);
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    /// Counts a failure of a worker, and gives up where there are too many of one kind.
    fn failed(&self, kind: String) {
        let Some(most) = self.options.bounds.failures else { return };
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.entry(kind.clone()).or_default();
        *count += 1;
        if *count >= most {
            self.give_up(format!("it failed {count} times in the same way ({kind})"));
        }
    }

    /// Counts a line that answers no request, and gives up where there are too many.
    fn noise(&self, line: &str) {
        let count = self.noise.fetch_add(1, Ordering::Relaxed) + 1;
        if count <= NOISE_LINES {
            self.incident(format!("it wrote a line that answers no request: {}", excerpt(line)));
        }
        if count >= NOISE_LIMIT {
            self.give_up(format!("it wrote {count} lines that answer no request"));
        }
    }
}

/// What a failure has in common with others that likely have the same cause: the exit status, but not the last words.
fn kind_of_failure(answer: &Answer) -> String {
    let (Answer::Crash { how: text }
    | Answer::Timeout { how: text }
    | Answer::Invalid { why: text }
    | Answer::Unsupported { what: text }
    | Answer::Unstable { how: text }) = answer
    else {
        return "an outcome".to_owned();
    };
    text.lines().next().unwrap_or_default().to_owned()
}

/// From which end of the queue a worker takes its jobs. The first worker takes light ones, so that news come early; the
/// others begin with the heavy ones, so that none of those is left for the end, when there is nobody to share with.
#[derive(Debug, Clone, Copy)]
enum End {
    Light,
    Heavy,
}

/// The jobs that nobody has begun, the lightest first.
struct Queue(VecDeque<usize>);

impl Queue {
    fn new(jobs: &[Job<'_>]) -> Self {
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by_key(|index| jobs[*index].weight);
        Self(order.into())
    }

    fn peek(&self, end: End) -> Option<usize> {
        match end {
            End::Light => self.0.front().copied(),
            End::Heavy => self.0.back().copied(),
        }
    }

    fn take(&mut self, end: End) {
        match end {
            End::Light => self.0.pop_front(),
            End::Heavy => self.0.pop_back(),
        };
    }
}

/// One worker after another, and what it is busy with.
struct Lane<'a> {
    shared: &'a Shared<'a>,
    end: End,
    worker: Option<Worker>,
    in_flight: VecDeque<usize>,
    /// Requests that were in flight when a worker failed. They are sent again one by one.
    suspects: VecDeque<usize>,
    /// How the worker failed whose requests are the suspects, until one of them is found guilty.
    unexplained: Option<String>,
    /// When the worker could begin with the request that it is at.
    since: Instant,
    /// How many requests the present worker has answered.
    answered: usize,
    failed_starts: usize,
    /// How many blank lines came; a few do no harm.
    blank_lines: usize,
}

impl<'a> Lane<'a> {
    fn new(shared: &'a Shared<'a>, worker: Option<Worker>, end: End) -> Self {
        Self {
            shared,
            end,
            worker,
            in_flight: VecDeque::new(),
            suspects: VecDeque::new(),
            unexplained: None,
            since: Instant::now(),
            answered: 0,
            failed_starts: 0,
            blank_lines: 0,
        }
    }

    fn run(mut self) {
        while !self.shared.is_over() {
            let Some(mut worker) = self.worker.take().or_else(|| self.restart()) else {
                if self.failed_starts < START_ATTEMPTS {
                    continue;
                }
                return self.give_up();
            };
            self.fill(&worker);
            if self.in_flight.is_empty() {
                return;
            }
            let left = self.shared.options.timeout.saturating_sub(self.since.elapsed());
            match worker.next(left.min(TICK)) {
                Event::Line(line) => {
                    let is_answer = self.read(&line);
                    // One that says much and answers nothing is as late as one that says nothing.
                    if !is_answer && left.is_zero() {
                        worker.kill();
                        self.time_out();
                        continue;
                    }
                }
                Event::Ended(how) => {
                    self.fail(&Answer::Crash { how });
                    continue;
                }
                Event::Overlong(why) => {
                    self.fail(&Answer::Invalid { why });
                    continue;
                }
                Event::Silence if left <= TICK => {
                    worker.kill();
                    self.time_out();
                    continue;
                }
                Event::Silence => {}
            }
            self.worker = Some(worker);
        }
    }

    /// A fresh worker, if it starts.
    fn restart(&mut self) -> Option<Worker> {
        match Worker::start(self.shared.launcher, self.shared.options.start_timeout()) {
            Ok((worker, handshake)) if handshake == *self.shared.handshake => {
                self.failed_starts = 0;
                Some(worker)
            }
            Ok((_, handshake)) => {
                self.shared
                    .incident(format!("it called itself {} when it was started again", handshake.title()));
                self.failed_starts = START_ATTEMPTS;
                None
            }
            Err(problem) => {
                self.failed_starts += 1;
                if self.failed_starts == START_ATTEMPTS {
                    self.shared.incident(format!("it does not start again: {problem}"));
                }
                None
            }
        }
    }

    /// Sends as many requests as may be in flight.
    fn fill(&mut self, worker: &Worker) {
        if self.in_flight.is_empty() {
            self.since = Instant::now();
            if let Some(suspect) = self.suspects.pop_front() {
                self.send(worker, suspect);
                return;
            }
            if let Some(how) = self.unexplained.take() {
                self.shared.failed("several requests in flight, each of which it answers alone".to_owned());
                self.shared.incident(format!(
                    "it failed with several requests in flight, and answers each of them alone: {how}"
                ));
            }
        }
        if self.unexplained.is_some() || !self.suspects.is_empty() {
            return;
        }
        while let Some(next) = self.take_next() {
            self.send(worker, next);
        }
    }

    fn take_next(&self) -> Option<usize> {
        let jobs = self.shared.jobs;
        let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let next = queue.peek(self.end)?;
        let weight: u64 = self.in_flight.iter().map(|index| jobs[*index].weight).sum();
        let fits = self.in_flight.len() < WINDOW && weight + jobs[next].weight <= WINDOW_WEIGHT;
        if self.in_flight.is_empty() || fits {
            queue.take(self.end);
            Some(next)
        } else {
            None
        }
    }

    fn send(&mut self, worker: &Worker, index: usize) {
        worker.send(self.shared.jobs[index].request.to(self.shared.handshake).line(index));
        self.in_flight.push_back(index);
    }

    /// Reads a line of the worker, and says whether it is an answer that was waited for. They may come in any order.
    fn read(&mut self, line: &str) -> bool {
        let reply = Reply::from_line(line, &self.shared.unreported);
        let place =
            reply.as_ref().and_then(|reply| self.in_flight.iter().position(|index| *index == reply.id));
        match (reply, place) {
            (Some(reply), Some(place)) => {
                self.in_flight.remove(place);
                self.answered += 1;
                self.deliver(reply);
                true
            }
            (None, _) if line.trim().is_empty() && self.blank_lines < NOISE_LIMIT => {
                self.blank_lines += 1;
                false
            }
            (_, _) => {
                self.shared.noise(line);
                false
            }
        }
    }

    fn time_out(&mut self) {
        let after = self.shared.options.timeout.as_secs_f64();
        self.fail(&Answer::Timeout { how: format!("no answer in {after:.1} s") });
    }

    fn deliver(&mut self, reply: Reply) {
        let seconds = self.since.elapsed().as_secs_f64();
        self.since = Instant::now();
        let Reply { id, answer, trace, warnings } = reply;
        self.shared.deliver(id, Done { answer, trace, warnings, seconds });
    }

    /// The worker is gone. A request that was alone with it is to blame; otherwise each is tried alone. One that crashes a
    /// worker which answered others before gets a fresh worker too: those others may have been what broke it.
    fn fail(&mut self, answer: &Answer) {
        let alone = self.in_flight.len() == 1;
        let fresh = self.answered == 0 || matches!(answer, Answer::Timeout { .. } | Answer::Invalid { .. });
        self.answered = 0;
        if alone && fresh {
            self.unexplained = None;
            if let Some(guilty) = self.in_flight.pop_front() {
                self.shared.failed(kind_of_failure(answer));
                self.deliver(Reply { id: guilty, answer: answer.clone(), trace: None, warnings: None });
            }
        } else {
            self.unexplained = Some(answer.to_string());
            while let Some(index) = self.in_flight.pop_back() {
                self.suspects.push_front(index);
            }
        }
    }

    /// No worker starts here any more. What nobody has begun is left to the others, if there are any.
    fn give_up(mut self) {
        let left: Vec<usize> = self.in_flight.drain(..).chain(self.suspects.drain(..)).collect();
        for index in left {
            let answer = Answer::Crash { how: GIVEN_UP.to_owned() };
            self.deliver(Reply { id: index, answer, trace: None, warnings: None });
        }
    }
}
