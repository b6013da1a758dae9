//! Having two implementations run the same random pages, and comparing what comes of them.
//!
//! Output, result, and the kind and place of an error must agree, and all diagnostics with their messages. Steps are not compared:
//! one implementation compiles, the other evaluates.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mdvm_spec::Spec;

use super::damage::damaged;
use super::generate::numbered;
use super::pair::{Pair, Verdict};
use super::tree::Program;
use super::write::{Vocabulary, page};
use super::{reduce, text};
use crate::case::slug;
use crate::implementation::Launcher;

/// So many programs of one signature are reduced, to find a small one.
const ATTEMPTS: u64 = 3;
/// One page in so many has faults.
const FAULTY: u64 = 3;

/// What a campaign does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The two implementations.
    pub launchers: [Launcher; 2],
    /// Which sequence of pages.
    pub seed: u64,
    /// How many pages there are at most, over all shards.
    pub count: Option<u64>,
    /// How long it may take.
    pub time: Option<Duration>,
    /// Runs the K-th of N parts, from 1.
    pub shard: (u64, u64),
    /// How many threads share the pages; each has a process of each implementation.
    pub workers: usize,
    /// How long one page may take.
    pub timeout: Duration,
    /// Where findings are written.
    pub folder: PathBuf,
    /// Whether it ends at the first finding.
    pub stops_at_first: bool,
}

/// What came of a campaign.
#[derive(Debug, Default)]
pub struct Ended {
    /// How many pages both implementations answered.
    pub pages: u64,
    /// How they ended, by status, kind of error or first diagnostic, with counts.
    pub endings: BTreeMap<String, u64>,
    /// Pages that took an implementation too long, of which nothing is known.
    pub not_compared: u64,
    /// The divergences by signature.
    pub findings: BTreeMap<String, Finding>,
}

impl Ended {
    /// The figures and findings, as people read them.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} pages compared, {} not (too many steps or bytes, or too slow), {} divergences\n",
            self.pages,
            self.not_compared,
            self.findings.len()
        );
        let mut endings: Vec<(&String, &u64)> = self.endings.iter().collect();
        endings.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        endings.iter().for_each(|(ending, count)| text.push_str(&format!("{count:>8}  {ending}\n")));
        for (signature, finding) in &self.findings {
            text.push_str(&format!("\n{signature}: {} pages, first {}\n", finding.count, finding.index));
            finding.how.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
            finding.page.lines().for_each(|line| text.push_str(&format!("    {line}\n")));
        }
        text
    }
}

/// A difference between two implementations.
#[derive(Debug, Clone, Default)]
pub struct Finding {
    /// How many pages show it.
    pub count: u64,
    /// The number of the first of them.
    pub index: u64,
    /// The smallest page that shows it.
    pub page: String,
    /// In what the implementations differ on that page.
    pub how: Vec<String>,
    /// Where it was written.
    pub file: Option<PathBuf>,
}

/// A page of the sequence, and the program that it is of; none where faults were put into it.
#[must_use]
pub fn page_of(seed: u64, index: u64, vocabulary: &Vocabulary) -> (String, Option<Program>) {
    let program = numbered(seed, index);
    let text = page(&program, vocabulary);
    if !index.is_multiple_of(FAULTY) {
        return (text, Some(program));
    }
    let mut random = fastrand::Rng::with_seed(seed ^ index.rotate_left(17) ^ program.style.seed);
    (damaged(&text, &mut random), None)
}

/// Runs a campaign until its count or time is over, or `stop` is set.
///
/// # Errors
/// Says why an implementation does not start, or why a finding cannot be written.
pub fn run(plan: &Plan, spec: &Spec, stop: &AtomicBool) -> Result<Ended, String> {
    let campaign = Campaign {
        plan,
        vocabulary: Vocabulary::of(spec),
        next: AtomicU64::new(0),
        until: plan.time.map(|time| Instant::now() + time),
        is_over: AtomicBool::new(false),
        ended: Mutex::new(Ended::default()),
    };
    let problems: Vec<String> = thread::scope(|scope| {
        let work = || campaign.work(stop);
        let threads: Vec<_> = (0..plan.workers.max(1)).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(result) => result.err(),
            Err(_) => Some("a thread of the campaign panicked".to_owned()),
        });
        joined.flatten().collect()
    });
    match problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(campaign.ended.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

struct Campaign<'a> {
    plan: &'a Plan,
    vocabulary: Vocabulary,
    /// The number, in this shard, of the next page.
    next: AtomicU64,
    until: Option<Instant>,
    is_over: AtomicBool,
    ended: Mutex<Ended>,
}

impl Campaign<'_> {
    fn work(&self, stop: &AtomicBool) -> Result<(), String> {
        let mut pair = Pair::new(&self.plan.launchers, self.plan.timeout);
        let (shard, of) = self.plan.shard;
        loop {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let index = number * of + (shard - 1);
            let is_over = self.plan.count.is_some_and(|count| index >= count)
                || self.until.is_some_and(|until| Instant::now() >= until)
                || self.is_over.load(Ordering::Relaxed)
                || stop.load(Ordering::Relaxed);
            if is_over {
                return Ok(());
            }
            self.one(&mut pair, index)?;
        }
    }

    fn one(&self, pair: &mut Pair<'_>, index: u64) -> Result<(), String> {
        let (text, program) = page_of(self.plan.seed, index, &self.vocabulary);
        let signature = match pair.judge(&text)? {
            Verdict::Alike { ending } => {
                let mut ended = self.ended();
                ended.pages += 1;
                *ended.endings.entry(ending).or_default() += 1;
                return Ok(());
            }
            Verdict::Unknown => {
                self.ended().not_compared += 1;
                return Ok(());
            }
            Verdict::Differ { signature, .. } => signature,
        };
        let seen = {
            let mut ended = self.ended();
            ended.pages += 1;
            let new = || Finding { index, ..Finding::default() };
            let finding = ended.findings.entry(signature.clone()).or_insert_with(new);
            finding.count += 1;
            finding.count
        };
        if seen <= ATTEMPTS {
            self.make_small(pair, &signature, text, program)?;
        }
        if self.plan.stops_at_first {
            self.is_over.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn make_small(
        &self,
        pair: &mut Pair<'_>,
        signature: &str,
        page_text: String,
        program: Option<Program>,
    ) -> Result<(), String> {
        let mut still = |text: &str| {
            Ok(matches!(pair.judge(text)?, Verdict::Differ { signature: found, .. } if found == signature))
        };
        if !still(&page_text)? {
            // What does not come again is told as it was found.
            return self.keep(signature, page_text, vec!["not the same when run again".to_owned()]);
        }
        let small = match program {
            Some(program) => {
                let small = reduce::reduce(&program, &mut |smaller| still(&page(smaller, &self.vocabulary)))?;
                page(&small, &self.vocabulary)
            }
            None => page_text,
        };
        let small = text::reduce(&small, &mut still)?;
        let how = match pair.judge(&small)? {
            Verdict::Differ { how, .. } => how,
            Verdict::Alike { .. } | Verdict::Unknown => Vec::new(),
        };
        self.keep(signature, small, how)
    }

    fn keep(&self, signature: &str, text: String, how: Vec<String>) -> Result<(), String> {
        let mut ended = self.ended();
        if let Some(finding) = ended.findings.get_mut(signature)
            && (finding.page.is_empty() || text.len() < finding.page.len())
        {
            finding.file = Some(write(&self.plan.folder, signature, &text, &how)?);
            (finding.page, finding.how) = (text, how);
        }
        Ok(())
    }

    fn ended(&self) -> MutexGuard<'_, Ended> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the page, and beside it what is wrong with it.
fn write(folder: &Path, signature: &str, text: &str, how: &[String]) -> Result<PathBuf, String> {
    let name: String = slug(signature).chars().take(70).collect();
    let path = folder.join(format!("{}.md", name.trim_end_matches('-')));
    let report = format!("{signature}\n\n{}\n", how.join("\n"));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, text))
        .and_then(|()| std::fs::write(path.with_extension("txt"), report));
    written.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}
