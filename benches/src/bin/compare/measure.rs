//! Runs commands and takes their processor time.
//!
//! What is measured is the processor time, user's and system's, of a whole process, less the median of what the same
//! interpreter takes, in the same minute, for a program that only prints a line. A whole process is what a user runs; it holds loading, compiling and clearing up,
//! and asks nothing of the interpreters that are compared. Processor time does not count what else the computer was busy
//! with, and starting is no part of what a kernel is about.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use machine_dialect_vm::assemble;
use mdvm_benches::{Kernel, Size, folder, same_answer};
use tempfile::TempDir;
use wait4::Wait4 as _;

use crate::peers::{Peer, Peers, Runs};
use crate::results::{Cell, KernelResults, Machine, Measured, PeerInfo, Results};
use crate::statistics::Spread;
use crate::stopped;

/// How often an interpreter runs a kernel at least, however slow it is.
const ROUNDS_AT_LEAST: usize = 3;

/// Starting varies by so many seconds; what a kernel takes beside it is not told more finely.
const RESOLUTION: f64 = 50e-6;

/// Limits the processor time of all that is run from now on, which inherits it.
#[cfg(unix)]
pub(crate) fn limit_processor_time(seconds: u32) -> Result<()> {
    let (_, hard) = rlimit::getrlimit(rlimit::Resource::CPU)?;
    rlimit::setrlimit(rlimit::Resource::CPU, u64::from(seconds).min(hard), hard)
        .context("the limit on processor time cannot be set")
}

/// There is no such limit here; Ctrl-C ends a run that takes too long.
#[cfg(not(unix))]
pub(crate) fn limit_processor_time(_: u32) -> Result<()> {
    Ok(())
}

/// What one run took.
pub(crate) struct Run {
    /// In seconds, of the processor.
    pub(crate) processor: f64,
    /// In seconds, on the clock.
    pub(crate) clock: f64,
    /// The most memory it held at once, in bytes.
    pub(crate) peak: u64,
    /// What it printed.
    pub(crate) answer: String,
    /// What it printed as errors.
    pub(crate) said: String,
}

/// Runs a command to its end.
///
/// # Errors
/// Fails where it cannot be started, and where its end is bad; the text says how it ended and the last line of what it said.
pub(crate) fn run(mut command: Command) -> Result<Run> {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} cannot be run", command.get_program().display()))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        stderr.map(|mut pipe| pipe.read_to_end(&mut text)).transpose().map(|_| text)
    });
    let mut answer = String::new();
    stdout.map(|mut pipe| pipe.read_to_string(&mut answer)).transpose()?;
    let said = reader.join().map_err(|_| anyhow!("the reader of errors ended"))??;
    let said = String::from_utf8_lossy(&said).into_owned();
    let ended = child.wait4()?;
    let clock = start.elapsed().as_secs_f64();
    if !ended.status.success() {
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(anyhow!("{}: {last}", ended.status));
    }
    let used = ended.rusage;
    Ok(Run {
        processor: (used.utime + used.stime).as_secs_f64(),
        clock,
        peak: used.maxrss,
        answer: answer.trim_end().to_owned(),
        said,
    })
}

/// How runs are made, and where the modules stand for them.
pub(crate) struct Campaign {
    rounds: usize,
    budget: Duration,
    modules: TempDir,
    progress: ProgressBar,
}

/// A run of a kernel that is repeated: which interpreter, and at what size.
struct Entry<'a> {
    peer: &'a Peer,
    size: &'a Size,
    module: PathBuf,
    spent: Duration,
    /// One for each round; none where the time for it was over.
    runs: Vec<Option<f64>>,
    /// What it took to print a line, beside each of those.
    starts: Vec<f64>,
    failed: Option<String>,
}

impl Campaign {
    pub(crate) fn new(rounds: u32, budget: u32) -> Result<Self> {
        let progress = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            progress.set_style(style);
        }
        Ok(Self {
            rounds: usize::try_from(rounds)?,
            budget: Duration::from_secs(u64::from(budget)),
            modules: TempDir::with_prefix("mdvm-compare-")?,
            progress,
        })
    }

    /// Says what is being done.
    pub(crate) fn tell(&self, what: String) {
        self.progress.set_message(what);
        self.progress.tick();
    }

    /// Takes away what was said last.
    pub(crate) fn done(&self) {
        self.progress.finish_and_clear();
    }

    /// The file of a kernel's module, for that size.
    pub(crate) fn module(&self, kernel: &Kernel, n: u64) -> Result<PathBuf> {
        let path = self.modules.path().join(format!("{}-{n}.mdbc", kernel.name));
        fs::write(&path, kernel.module(n)?.encode())?;
        Ok(path)
    }

    /// The file of the module that only prints a line.
    pub(crate) fn hello(&self) -> Result<PathBuf> {
        let text = fs::read_to_string(folder().join("startup/hello.mdasm"))?;
        let path = self.modules.path().join("hello.mdbc");
        fs::write(&path, assemble(&text)?.encode())?;
        Ok(path)
    }

    /// What each interpreter takes to start and end, in seconds: processor time, and time on the clock. `None` when it was
    /// interrupted.
    pub(crate) fn starts(&self, peers: &Peers) -> Result<Option<Vec<(Spread, Spread)>>> {
        let module = self.hello()?;
        let all: Vec<&Peer> = peers.all().collect();
        let mut times: Vec<Vec<(f64, f64)>> = vec![Vec::new(); all.len()];
        for round in 0..2 * self.rounds {
            self.tell(format!("starting, round {} of {}", round + 1, 2 * self.rounds));
            for turn in 0..all.len() {
                let index = (turn + round) % all.len();
                let (Some(peer), Some(times)) = (all.get(index), times.get_mut(index)) else { continue };
                if stopped() {
                    return Ok(None);
                }
                match run(peer.hello(&module)) {
                    Ok(run) => times.push((run.processor, run.clock)),
                    Err(_) if stopped() => return Ok(None),
                    Err(error) => return Err(error.context(format!("{}: prints a line", peer.label))),
                }
            }
        }
        let spread = |times: &Vec<(f64, f64)>| {
            let processor = Spread::of(times.iter().map(|(processor, _)| *processor))?;
            Some((processor, Spread::of(times.iter().map(|(_, clock)| *clock))?))
        };
        Ok(times.iter().map(spread).collect())
    }

    /// Runs all kernels on all interpreters. `None` when it was interrupted.
    pub(crate) fn compare(&self, kernels: &[Kernel], peers: &Peers) -> Result<Option<Results>> {
        let Some(starts) = self.starts(peers)? else { return Ok(None) };
        let mut results = Vec::new();
        for kernel in kernels {
            let Some(result) = self.compare_on(kernel, peers)? else { return Ok(None) };
            results.push(result);
        }
        self.done();
        let infos = peers.all().zip(&starts).map(|(peer, (processor, clock))| PeerInfo {
            id: peer.id.clone(),
            label: peer.label.clone(),
            version: peer.version.clone(),
            start_milliseconds: processor.in_milliseconds(),
            start_milliseconds_on_the_clock: clock.in_milliseconds(),
        });
        Ok(Some(Results::new(Machine::this(), self.rounds, infos.collect(), results)))
    }

    fn compare_on(&self, kernel: &Kernel, peers: &Peers) -> Result<Option<KernelResults>> {
        let hello = self.hello()?;
        let mut entries = Vec::new();
        for peer in peers.all() {
            let size = size_for(kernel, peer);
            // Who is measured at another size is compared with the machine at that size.
            for peer in [&peers.ours, peer] {
                let known = |entry: &Entry<'_>| entry.peer.id == peer.id && entry.size == size;
                if entries.iter().any(known)
                    || peer.runs == Runs::ModulesOfUpstream && kernel.upstream.is_err()
                {
                    continue;
                }
                let module = self.module(kernel, size.n)?;
                entries.push(Entry {
                    peer,
                    size,
                    module,
                    spent: Duration::ZERO,
                    runs: Vec::new(),
                    starts: Vec::new(),
                    failed: None,
                });
            }
        }
        let count = entries.len();
        for round in 0..self.rounds {
            self.tell(format!("{}, round {} of {}", kernel.name, round + 1, self.rounds));
            for turn in 0..count {
                if let Some(entry) = entries.get_mut((turn + round) % count) {
                    entry.run(kernel, &hello, self.budget);
                }
                if stopped() {
                    return Ok(None);
                }
            }
        }
        let cells = peers.others.iter().map(|peer| {
            let size = size_for(kernel, peer);
            let find =
                |peer: &Peer| entries.iter().find(|entry| entry.peer.id == peer.id && entry.size == size);
            let cell = match (find(peer), find(&peers.ours), &kernel.upstream) {
                (Some(entry), Some(ours), _) => entry.cell(ours),
                (_, _, Err(reason)) => Cell::CannotRun { reason: reason.clone() },
                _ => Cell::Failed { reason: "it was not run".to_owned() },
            };
            (peer.id.clone(), cell)
        });
        let cells = cells.collect();
        let ours = entries.iter().find(|entry| entry.peer.id == peers.ours.id && *entry.size == kernel.full);
        let ours = ours.context("the machine was not run")?;
        Ok(Some(KernelResults {
            name: kernel.name.clone(),
            summary: kernel.summary.clone(),
            n: kernel.full.n,
            machine: ours.cell(ours),
            others: cells,
        }))
    }
}

/// The size at which an interpreter is measured.
fn size_for<'a>(kernel: &'a Kernel, peer: &Peer) -> &'a Size {
    match (peer.runs, &kernel.upstream) {
        (Runs::ModulesOfUpstream, Ok(size)) => size,
        _ => &kernel.full,
    }
}

impl Entry<'_> {
    fn run(&mut self, kernel: &Kernel, hello: &Path, budget: Duration) {
        let over = self.spent > budget && self.runs.iter().flatten().count() >= ROUNDS_AT_LEAST;
        if over || self.failed.is_some() {
            self.runs.push(None);
            return;
        }
        match run(self.peer.hello(hello)) {
            Ok(run) => self.starts.push(run.processor),
            Err(error) => self.failed = Some(format!("printing a line: {error:#}")),
        }
        match run(self.peer.command(kernel, self.size.n, &self.module)) {
            Ok(run) if same_answer(&run.answer, &self.size.answer) => {
                self.spent += Duration::from_secs_f64(run.clock);
                self.runs.push(Some(run.processor));
            }
            Ok(run) => {
                self.failed = Some(format!("it gives `{}`, and `{}` is right", run.answer, self.size.answer));
            }
            Err(error) => self.failed = Some(format!("{error:#}")),
        }
    }

    /// What the runs took, one for each round, less starting.
    fn times(&self) -> impl Iterator<Item = Option<f64>> {
        let start = Spread::of(self.starts.iter().copied()).map_or(0.0, |start| start.median);
        self.runs.iter().map(move |run| run.map(|processor| (processor - start).max(RESOLUTION)))
    }

    /// The times of this, and their ratios to those of the machine in the same rounds.
    fn cell(&self, ours: &Entry<'_>) -> Cell {
        if let Some(reason) = &self.failed {
            return Cell::Failed { reason: reason.clone() };
        }
        let pairs = self.times().zip(ours.times());
        let ratios = pairs.filter_map(|(theirs, ours)| Some(theirs? / ours?));
        let (Some(times), Some(ratio), Some(machine)) =
            (Spread::of(self.times().flatten()), Spread::of(ratios), Spread::of(ours.times().flatten()))
        else {
            return Cell::Failed {
                reason: "there is nothing to compare it with: the machine failed".to_owned(),
            };
        };
        Cell::Measured(Measured {
            n: self.size.n,
            runs: self.runs.iter().flatten().count(),
            milliseconds: times.in_milliseconds(),
            machine_milliseconds: machine.in_milliseconds(),
            ratio,
        })
    }
}
