//! Having two implementations run the same generated programs of the language, and comparing what comes of them.
//!
//! Output, result, and the kind and place of an error must agree, and for a program that is refused the whole list of diagnostics.
//! Steps are not compared: one implementation compiles, the other evaluates.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mdvm_spec::Spec;
use serde_json::Value as Json;

use super::generate::numbered;
use super::reduce::reduce;
use super::tree::Program;
use super::write::{Vocabulary, page};
use crate::case::slug;
use crate::implementation::Launcher;
use crate::worker::{Event, Worker};

/// So many programs of one signature are reduced, to find a small one.
const ATTEMPTS: u64 = 3;

/// What a campaign does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The two implementations.
    pub launchers: [Launcher; 2],
    /// Which sequence of programs.
    pub seed: u64,
    /// The number of the first program.
    pub from: u64,
    /// How many programs there are at most.
    pub count: Option<u64>,
    /// How long it may take.
    pub time: Option<Duration>,
    /// How many threads share the programs; each has a process of each implementation.
    pub workers: usize,
    /// How long one program may take.
    pub timeout: Duration,
    /// Where findings are written.
    pub folder: PathBuf,
}

/// What came of a campaign.
#[derive(Debug, Default)]
pub struct Ended {
    /// How many programs both implementations answered.
    pub programs: u64,
    /// How the runs ended, by status or kind of error, with counts.
    pub endings: BTreeMap<String, u64>,
    /// Programs that took an implementation too long, of which nothing is known.
    pub slow: u64,
    /// The divergences by signature.
    pub findings: BTreeMap<String, Finding>,
}

/// A difference between two implementations.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How many programs show it.
    pub count: u64,
    /// The number of the first of them.
    pub index: u64,
    /// The smallest page that shows it.
    pub page: String,
    /// What each implementation makes of that page.
    pub outcomes: [String; 2],
    /// Where it was written.
    pub file: Option<PathBuf>,
}

/// What a program comes to, as far as implementations must agree.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// What must agree, and what the statistics call it.
    Outcome { text: String, ending: String },
    /// Too slow; nothing is known.
    Slow,
    /// The implementation ended, or said something else.
    Broken(String),
}

/// Runs a campaign until its count or time is over, or `stop` is set.
///
/// # Errors
/// Says why an implementation does not start, or why a finding cannot be written.
pub fn run(plan: &Plan, spec: &Spec, stop: &AtomicBool) -> Result<Ended, String> {
    let vocabulary = Vocabulary::of(spec);
    let next = AtomicU64::new(plan.from);
    let ended = Mutex::new(Ended::default());
    let until = plan.time.map(|time| Instant::now() + time);
    let work = || -> Result<(), String> {
        let mut pair = Pair::new(plan);
        loop {
            let index = next.fetch_add(1, Ordering::SeqCst);
            let is_over = plan.count.is_some_and(|count| index - plan.from >= count)
                || until.is_some_and(|until| Instant::now() >= until)
                || stop.load(Ordering::Relaxed);
            if is_over {
                return Ok(());
            }
            one(plan, &vocabulary, &mut pair, index, &ended)?;
        }
    };
    let problems: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..plan.workers.max(1)).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(result) => result.err(),
            Err(_) => Some("a thread of the campaign panicked".to_owned()),
        });
        joined.flatten().collect()
    });
    if let Some(problem) = problems.into_iter().next() {
        return Err(problem);
    }
    Ok(ended.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn one(
    plan: &Plan,
    vocabulary: &Vocabulary,
    pair: &mut Pair,
    index: u64,
    ended: &Mutex<Ended>,
) -> Result<(), String> {
    let program = numbered(plan.seed, index);
    let told = pair.ask(&page(&program, vocabulary))?;
    let Some(signature) = signature(&told) else {
        let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
        match &told[0] {
            Told::Outcome { ending, .. } if told[1] != Told::Slow => {
                ended.programs += 1;
                *ended.endings.entry(ending.clone()).or_default() += 1;
            }
            Told::Outcome { .. } | Told::Slow | Told::Broken(_) => ended.slow += 1,
        }
        return Ok(());
    };
    let seen = {
        let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.programs += 1;
        match ended.findings.get_mut(&signature) {
            Some(finding) => {
                finding.count += 1;
                finding.count
            }
            None => {
                let finding = Finding {
                    count: 1,
                    index,
                    page: String::new(),
                    outcomes: Default::default(),
                    file: None,
                };
                ended.findings.insert(signature.clone(), finding);
                1
            }
        }
    };
    if seen > ATTEMPTS {
        return Ok(());
    }
    let small = reduce(&program, &mut |smaller: &Program| {
        let told = pair.ask(&page(smaller, vocabulary))?;
        Ok(self::signature(&told).as_ref() == Some(&signature))
    })?;
    let text = page(&small, vocabulary);
    let outcomes = pair.ask(&text)?.map(|told| match told {
        Told::Outcome { text, .. } => text,
        Told::Slow => "too slow".to_owned(),
        Told::Broken(how) => how,
    });
    let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(finding) = ended.findings.get_mut(&signature)
        && (finding.page.is_empty() || text.len() < finding.page.len())
    {
        finding.file = Some(write(&plan.folder, &signature, &text, plan, &outcomes)?);
        (finding.index, finding.page, finding.outcomes) = (index, text, outcomes);
    }
    Ok(())
}

/// Two implementations, started when they are first asked.
struct Pair<'a> {
    plan: &'a Plan,
    running: [Option<Worker>; 2],
    asked: u64,
}

impl<'a> Pair<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self { plan, running: [None, None], asked: 0 }
    }

    fn ask(&mut self, source: &str) -> Result<[Told; 2], String> {
        self.asked += 1;
        let request =
            serde_json::json!({ "id": self.asked, "source": source, "name": "fuzz.md" }).to_string();
        for (slot, launcher) in self.running.iter_mut().zip(&self.plan.launchers) {
            let worker = match slot.take() {
                Some(worker) => worker,
                None => Worker::start(launcher)?.0,
            };
            slot.insert(worker).send(request.clone());
        }
        let until = Instant::now() + self.plan.timeout;
        let mut told = [Told::Slow, Told::Slow];
        for (slot, told) in self.running.iter_mut().zip(&mut told) {
            let Some(mut worker) = slot.take() else { continue };
            *told = loop {
                match worker.next(until.saturating_duration_since(Instant::now())) {
                    Event::Line(line) => match read(&line, self.asked) {
                        Some(told) => {
                            *slot = Some(worker);
                            break told;
                        }
                        None => {}
                    },
                    Event::Ended(how) => break Told::Broken(format!("ended: {how}")),
                    Event::Silence => {
                        worker.kill();
                        break Told::Slow;
                    }
                }
            };
        }
        Ok(told)
    }
}

/// What an answer tells; nothing where it is not the answer to that request.
fn read(line: &str, id: u64) -> Option<Told> {
    let answer: Json = serde_json::from_str(line).ok()?;
    if answer.get("id")?.as_u64() != Some(id) {
        return None;
    }
    let Some(outcome) = answer.get("outcome") else {
        return Some(Told::Broken(format!("no outcome: {}", crate::diff::shorten(line))));
    };
    let text_of = |name: &str| outcome.get(name).map_or_else(String::new, Json::to_string);
    let status = outcome.get("status").and_then(Json::as_str).unwrap_or("no status");
    let kind = outcome.get("kind").and_then(Json::as_str).unwrap_or(status);
    let mut text = format!("{status} {kind}");
    for name in ["result", "function", "line", "column", "stdout"] {
        text.push_str(&format!("\n{name}: {}", text_of(name)));
    }
    for diagnostic in outcome.get("diagnostics").and_then(Json::as_array).into_iter().flatten() {
        let field = |name: &str| diagnostic.get(name).map_or_else(String::new, Json::to_string);
        text.push_str(&format!(
            "\n{}:{} {} {}",
            field("line"),
            field("column"),
            field("kind"),
            field("message")
        ));
    }
    let ending = match outcome.get("diagnostics").and_then(Json::as_array).and_then(|all| all.first()) {
        Some(first) => format!("{status} {}", first.get("kind").and_then(Json::as_str).unwrap_or("?")),
        None => kind.to_owned(),
    };
    Some(Told::Outcome { text, ending })
}

/// What two tellings differ in, without any value in it; nothing where they agree or one is not known.
fn signature(told: &[Told; 2]) -> Option<String> {
    let brief = |told: &Told| match told {
        Told::Outcome { ending, .. } => ending.clone(),
        Told::Slow => "slow".to_owned(),
        Told::Broken(_) => "broken".to_owned(),
    };
    let [left, right] = told;
    match (left, right) {
        (Told::Broken(_), _) | (_, Told::Broken(_)) => {}
        (Told::Slow, _) | (_, Told::Slow) => return None,
        (Told::Outcome { text: one, .. }, Told::Outcome { text: other, .. }) if one == other => return None,
        (Told::Outcome { .. }, Told::Outcome { .. }) => {}
    }
    let field = match (left, right) {
        (Told::Outcome { text: one, .. }, Told::Outcome { text: other, .. }) => {
            let differing = one.lines().zip(other.lines()).find(|(one, other)| one != other);
            let name = differing.and_then(|(one, _)| one.split(':').next()).unwrap_or("length");
            name.chars().filter(|letter| letter.is_alphabetic()).collect()
        }
        (Told::Outcome { .. } | Told::Slow | Told::Broken(_), _) => String::new(),
    };
    Some(format!("{} / {} {field}", brief(left), brief(right)))
}

fn write(
    folder: &Path,
    signature: &str,
    page: &str,
    plan: &Plan,
    outcomes: &[String; 2],
) -> Result<PathBuf, String> {
    let name: String = slug(signature).chars().take(70).collect();
    let path = folder.join(format!("{}.md", name.trim_end_matches('-')));
    let mut report = format!("{signature}\n");
    for (launcher, outcome) in plan.launchers.iter().zip(outcomes) {
        report.push_str(&format!("\n{}:\n{outcome}\n", launcher.name));
    }
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, page))
        .and_then(|()| std::fs::write(path.with_extension("txt"), report));
    written.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}
