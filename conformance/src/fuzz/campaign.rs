//! Running the same programs on several implementations, many thousand of them.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::batch::{self, Bounds, Job, Options};
use crate::case::slug;
use crate::fuzz::asker::Asker;
use crate::fuzz::divergence::{Divergence, Pair, Signature};
use crate::fuzz::finding::case_file;
use crate::fuzz::generate::{Size, numbered};
use crate::fuzz::machine::MAX_STEPS;
use crate::fuzz::measure::Measure;
use crate::fuzz::program::{Program, Subject};
use crate::fuzz::results::{Bucket, Log, Row, Total};
use crate::fuzz::triage::triage_program;
use crate::implementation::Launcher;
use crate::outcome::Field;
use crate::plug::{Answer, Handshake};
use crate::verdict::disagreement;

/// How many programs are made and run at a time.
const CHUNK: u64 = 256;
/// A reduced program of so many instructions is small enough to be read. Until one is, more programs of a bucket are reduced.
const SMALL_ENOUGH: usize = 12;
/// So many programs of one bucket at most.
const ATTEMPTS: u64 = 5;
/// Of the programs of mixed size, one in so many is long.
const LONG_ONES: u64 = 16;

/// A campaign.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The implementations; the first is compared with each of the others.
    pub launchers: Vec<Launcher>,
    /// Where the sequence of programs begins.
    pub seed: u64,
    /// How many programs there are, over all shards.
    pub count: Option<u64>,
    /// How long it may take.
    pub time: Option<Duration>,
    /// Which part of the programs is run: the first number of so many, from 1.
    pub shard: (u64, u64),
    /// How large the programs are.
    pub sizes: Sizes,
    /// How many processes of each implementation share the programs.
    pub workers: usize,
    /// How long one program may take.
    pub timeout: Duration,
    /// Where results and cases go.
    pub folder: PathBuf,
    /// Whether it ends as soon as a divergence was found and made small.
    pub stops_at_first: bool,
}

/// How large the programs of a campaign are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// All are small.
    Small,
    /// All are long.
    Long,
    /// All are special.
    Special,
    /// Most are small.
    Mixed,
}

impl Sizes {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Small, Self::Long, Self::Special, Self::Mixed];

    /// The name on the command line and in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Long => "long",
            Self::Special => "special",
            Self::Mixed => "mixed",
        }
    }

    fn of(self, index: u64) -> Size {
        match self {
            Self::Small => Size::Small,
            Self::Long => Size::Long,
            Self::Special => Size::Special,
            Self::Mixed if index % LONG_ONES == LONG_ONES - 1 => Size::Long,
            Self::Mixed => Size::Small,
        }
    }
}

/// Who is told how a campaign goes.
pub trait Watcher: Sync {
    /// So many programs have been run, of so many if that is known, in so long.
    fn advance(&self, programs: u64, of: Option<u64>, divergences: u64, seconds: f64);
    /// Something is worth a line.
    fn note(&self, line: &str);
}

/// What came of a campaign.
#[derive(Debug)]
pub struct Ended {
    /// Everything that its file holds, of earlier runs too.
    pub total: Total,
    /// How many programs were run this time.
    pub programs: u64,
    /// How many of them have outcomes that differ.
    pub divergences: u64,
    /// How long it took.
    pub seconds: f64,
    /// The file with the results.
    pub file: PathBuf,
}

/// The file of the results of a plan.
#[must_use]
pub fn results_file(plan: &Plan) -> PathBuf {
    let (shard, shards) = plan.shard;
    plan.folder.join(format!("{}-seed-{}-shard-{shard}-of-{shards}.jsonl", plan.sizes.name(), plan.seed))
}

/// How many programs are run between two lines of results: at most [`CHUNK`], and so few that every shard has some.
fn chunk_length(plan: &Plan) -> u64 {
    plan.count.map_or(CHUNK, |count| (count / plan.shard.1).clamp(1, CHUNK))
}

/// Runs a campaign, or goes on with one that was interrupted.
///
/// # Errors
/// Says which implementation does not start, or what is wrong with the results.
pub fn run(plan: &Plan, stop: &AtomicBool, watcher: &dyn Watcher) -> Result<Ended, String> {
    let began = Instant::now();
    let file = results_file(plan);
    let (log, rows) = Log::open(&file)?;
    let mut total = Total::default();
    rows.iter().for_each(|row| total.add(row));
    let mut campaign =
        Campaign { plan, log, total, began, programs: 0, divergences: 0, pairs: Vec::new(), is_told: false };
    let size = plan.sizes.name();
    let in_shard = |chunk: u64| chunk % plan.shard.1 == plan.shard.0 - 1;
    let length = chunk_length(plan);
    let mine = plan.count.map(|count| {
        let chunks = (0..count.div_ceil(length)).filter(|chunk| in_shard(*chunk));
        chunks.map(|chunk| length.min(count - chunk * length)).sum::<u64>()
    });
    for chunk in (0..).filter(|chunk| in_shard(*chunk)) {
        let from = chunk * length;
        let until = plan.count.map_or(from + length, |count| count.min(from + length));
        let is_over = plan.time.is_some_and(|time| began.elapsed() >= time);
        let is_found = plan.stops_at_first && campaign.total.buckets.values().any(is_settled);
        if from >= until || is_over || is_found || stop.load(Ordering::Relaxed) {
            break;
        }
        if !campaign.total.has(plan.seed, size, from..until) {
            campaign.chunk(from, until, mine, stop, watcher)?;
        }
    }
    Ok(Ended {
        total: campaign.total,
        programs: campaign.programs,
        divergences: campaign.divergences,
        seconds: began.elapsed().as_secs_f64(),
        file,
    })
}

struct Campaign<'a> {
    plan: &'a Plan,
    log: Log,
    total: Total,
    began: Instant,
    programs: u64,
    divergences: u64,
    /// The first implementation with each of the others, once they were needed.
    pairs: Vec<Pair>,
    is_told: bool,
}

impl Campaign<'_> {
    fn append(&mut self, row: &Row) -> Result<(), String> {
        self.log.append(row)?;
        self.total.add(row);
        Ok(())
    }

    fn chunk(
        &mut self,
        from: u64,
        until: u64,
        of: Option<u64>,
        stop: &AtomicBool,
        watcher: &dyn Watcher,
    ) -> Result<(), String> {
        let began = Instant::now();
        let plan = self.plan;
        let make = |index: u64| {
            let program = numbered(plan.seed, index, plan.sizes.of(index));
            let subject = program.subject()?;
            Some((index, program, subject))
        };
        // A patch may lie outside its file; such a program is none.
        let programs: Vec<(u64, Program, Subject)> = (from..until).filter_map(make).collect();
        let answers = self.answers(&programs, stop)?;
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut measure = Measure::default();
        for (index, _, subject) in &programs {
            measure.add(subject, index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16);
        }
        let mut divergences = 0;
        for (place, (index, program, subject)) in programs.iter().enumerate() {
            if let Some((other, name)) = lacking(&plan.launchers, &answers, place) {
                let (seed, index) = (plan.seed, *index);
                let implementations = (plan.launchers[0].name.clone(), plan.launchers[other].name.clone());
                let why = format!("{name} says that it is unsupported");
                self.append(&Row::NotCompared { seed, index, implementations, why })?;
            }
            let Some((other, _)) = differing(&plan.launchers, &answers, place) else { continue };
            let Some((other, first)) = self.again(subject)? else {
                let given: Vec<_> = answers.iter().map(|column| column.answers[place].as_ref()).collect();
                self.agrees_again(*index, subject, other, &given, watcher)?;
                continue;
            };
            divergences += 1;
            self.divergences += 1;
            self.diverges(*index, program, other, first, watcher)?;
            if plan.stops_at_first && self.total.buckets.values().any(is_settled) {
                break;
            }
        }
        self.programs += programs.len() as u64;
        let row = Row::chunk(
            plan.seed,
            plan.sizes.name(),
            from..until,
            &measure,
            divergences,
            began.elapsed().as_secs_f64(),
        );
        self.append(&row)?;
        watcher.advance(self.programs, of, self.divergences, self.began.elapsed().as_secs_f64());
        Ok(())
    }

    /// The answers of each implementation.
    fn answers(
        &mut self,
        programs: &[(u64, Program, Subject)],
        stop: &AtomicBool,
    ) -> Result<Vec<Column>, String> {
        let weight = |subject: &Subject| subject.limits.get(MAX_STEPS).copied().unwrap_or(0).min(5_000);
        let jobs: Vec<Job<'_>> = programs
            .iter()
            .map(|(_, _, subject)| Job { request: subject.request(false), weight: weight(subject) })
            .collect();
        let mut columns = Vec::new();
        for launcher in &self.plan.launchers {
            let answers = Mutex::new(vec![None; jobs.len()]);
            let options = Options {
                workers: self.plan.workers,
                timeout: self.plan.timeout,
                stop,
                bounds: Bounds::NONE,
            };
            let summary = batch::run(launcher, &jobs, &options, &|index, done| {
                answers.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(done.answer);
            })?;
            if let Some(incident) = summary.incidents.first().or(summary.given_up.as_ref()) {
                return Err(format!("{}: {incident}", launcher.name));
            }
            let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
            columns.push(Column { answers, handshake: summary.handshake });
        }
        if !self.is_told {
            self.is_told = true;
            let implementations = columns.iter().map(|column| column.handshake.title()).collect();
            let (seed, size) = (self.plan.seed, self.plan.sizes.name().to_owned());
            self.append(&Row::Begin { implementations, seed, size })?;
        }
        Ok(columns)
    }

    fn make_pairs(&mut self) {
        if self.pairs.is_empty() {
            let asker = |launcher: &Launcher| Asker::new(launcher, self.plan.timeout);
            let others = self.plan.launchers.iter().skip(1);
            self.pairs = others
                .map(|launcher| Pair { left: asker(&self.plan.launchers[0]), right: asker(launcher) })
                .collect();
        }
    }

    /// Asks all implementations again, each in a process that has answered nothing before, and gives the first that still differs
    /// from the first of them.
    fn again(&mut self, subject: &Subject) -> Result<Option<(usize, Divergence)>, String> {
        self.make_pairs();
        for (index, pair) in self.pairs.iter_mut().enumerate() {
            if let Some(divergence) = pair.compare_afresh(subject)? {
                return Ok(Some((index + 1, divergence)));
            }
        }
        Ok(None)
    }

    /// Writes down a difference that new processes do not show: one was late, and is only slow, or one has answered other than its
    /// new process does, which is its fault, though no program shows it alone.
    fn agrees_again(
        &mut self,
        index: u64,
        subject: &Subject,
        other: usize,
        given: &[Option<&Answer>],
        watcher: &dyn Watcher,
    ) -> Result<(), String> {
        let seed = self.plan.seed;
        let is_late = |answer: &Answer| matches!(answer, Answer::Timeout { .. });
        let (mut implementations, mut differences) = (Vec::new(), String::new());
        for (place, (launcher, answer)) in self.plan.launchers.iter().zip(given).enumerate() {
            let Some(before) = answer.filter(|answer| !is_late(answer)) else { continue };
            let Some(pair) = self.pairs.get_mut(place.saturating_sub(1)) else { continue };
            let asker = if place == 0 { &mut pair.left } else { &mut pair.right };
            asker.restart();
            let now = asker.ask(subject, false)?.answer;
            let names = ("among others", "in a new process");
            let differs = disagreement((names.0, before), (names.1, &now), asker.unreported());
            if let Some(text) = differs.filter(|_| !is_late(&now)) {
                implementations.push(launcher.name.clone());
                differences.push_str(&text);
            }
        }
        let pair = [0, other].map(|place| &self.plan.launchers[place].name);
        let late = [0, other].into_iter().find(|place| given[*place].is_some_and(is_late));
        if let Some(late) = late.filter(|_| implementations.is_empty()) {
            let why = format!("{} is slow", self.plan.launchers[late].name);
            watcher.note(&format!("number {index}: not compared: {why}"));
            let implementations = (pair[0].clone(), pair[1].clone());
            return self.append(&Row::NotCompared { seed, index, implementations, why });
        }
        if implementations.is_empty() {
            implementations.extend(pair.into_iter().cloned());
        }
        watcher.note(&format!(
            "number {index}: not reproduced: {} answered differently once it had answered others",
            implementations.join(" or ")
        ));
        self.append(&Row::NotReproduced { seed, index, implementations, differences })
    }

    fn diverges(
        &mut self,
        index: u64,
        program: &Program,
        other: usize,
        first: Divergence,
        watcher: &dyn Watcher,
    ) -> Result<(), String> {
        let found_after = self.began.elapsed().as_secs_f64();
        let implementations = (self.plan.launchers[0].name.clone(), self.plan.launchers[other].name.clone());
        let Some(pair) = self.pairs.get_mut(other - 1) else { return Ok(()) };
        // Where no trace shows it, the instruction is not told for sure, and is no part of what buckets go by.
        let found = if first.is_traced {
            first.signature.to_string()
        } else {
            let signature = Signature { opcode: None, types: Vec::new(), ..first.signature.clone() };
            format!("{signature} (in no trace)")
        };
        let is_known = self.total.buckets.get(&found).is_some_and(is_settled);
        let mut row = Row::Divergence {
            seed: self.plan.seed,
            index,
            implementations: implementations.clone(),
            signature: found.clone(),
            pc: first.pc,
            instructions: None,
            case: None,
            found_after,
            reduced_in: None,
        };
        if !is_known {
            watcher.note(&format!("number {index}: {found}; reducing it …"));
            let since = Instant::now();
            if let Some(triaged) = triage_program(pair, program)? {
                let names = (implementations.0.as_str(), implementations.1.as_str());
                let text = case_file(&triaged.subject, &triaged.divergence, names);
                let path = write_case(&self.plan.folder, &found, index, &text)?;
                let size = triaged.instructions.unwrap_or_default();
                let seconds = since.elapsed().as_secs_f64();
                watcher.note(&format!(
                    "  {} instructions after {} attempts in {seconds:.1} s: {}",
                    size,
                    triaged.tried,
                    path.display()
                ));
                if let Row::Divergence { pc, instructions, case, reduced_in, .. } = &mut row {
                    *pc = triaged.divergence.pc;
                    *instructions = Some(size);
                    *case = Some(path.display().to_string());
                    *reduced_in = Some(seconds);
                }
            }
        }
        self.append(&row)
    }
}

/// Whether a bucket has a program that can be read, or has been tried often enough.
fn is_settled(bucket: &Bucket) -> bool {
    bucket.count >= ATTEMPTS || bucket.smallest.as_ref().is_some_and(|(size, _)| *size <= SMALL_ENOUGH)
}

/// The answers of one implementation.
struct Column {
    answers: Vec<Option<Answer>>,
    handshake: Handshake,
}

/// The first pair of implementations of which one lacks what a program asks for, by the index of the second, and the one's name.
fn lacking<'a>(launchers: &'a [Launcher], columns: &[Column], place: usize) -> Option<(usize, &'a str)> {
    let lacks = |index: &usize| matches!(columns[*index].answers[place], Some(Answer::Unsupported { .. }));
    let index = (0..columns.len()).find(lacks)?;
    Some((index.max(1), &launchers[index].name))
}

/// The first implementation that differs from the first one on a program, and how.
fn differing(launchers: &[Launcher], columns: &[Column], place: usize) -> Option<(usize, String)> {
    let (first, others) = columns.split_first()?;
    let one = first.answers[place].as_ref()?;
    others.iter().enumerate().find_map(|(index, column)| {
        let other = column.answers[place].as_ref()?;
        if one == other {
            return None;
        }
        let unreported: Vec<Field> =
            first.handshake.unreported.iter().chain(&column.handshake.unreported).copied().collect();
        let names = (launchers[0].name.as_str(), launchers[index + 1].name.as_str());
        disagreement((names.0, one), (names.1, other), &unreported).map(|text| (index + 1, text))
    })
}

/// Writes a case file and gives its path.
///
/// # Errors
/// Says why it cannot be written.
pub fn write_case(folder: &Path, signature: &str, number: u64, text: &str) -> Result<PathBuf, String> {
    let cases = folder.join("cases");
    let name: String = slug(signature).chars().take(70).collect();
    let path = cases.join(format!("{}-{number}.yaml", name.trim_end_matches('-')));
    let written = std::fs::create_dir_all(&cases).and_then(|()| std::fs::write(&path, text));
    written.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}
