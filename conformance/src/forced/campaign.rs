//! Random programs and random schedules; what differs is made small.

use std::collections::{BTreeMap, BTreeSet};

use crate::forced::tally::Tally;
use crate::forced::{Effort, Forcer, Found};
use crate::fuzz::finding::case_of;
use crate::fuzz::generate::{Size, numbered};
use crate::fuzz::machine::MAX_STEPS;
use crate::fuzz::program::{Program, Subject};
use crate::fuzz::reduce::reduce;
use crate::schedule::{Report, Schedule, Site};

/// A program that a schedule changes, made small.
#[derive(Debug, Clone)]
pub struct Small {
    /// The program, and where it is forced.
    pub subject: Subject,
    /// What differs.
    pub what: String,
}

impl Small {
    /// A case file with it. What is expected is left to the interpreter.
    #[must_use]
    pub fn case_file(&self) -> String {
        let comment: String = self.what.lines().map(|line| format!("# {}\n", line.trim_end())).collect();
        format!("{comment}{}", case_of(&self.subject, "a forced exit changes what can be seen"))
    }
}

/// The sizes of random programs, in turn.
const SIZES: [Size; 3] = [Size::Special, Size::Small, Size::Long];

/// The random program of that number, and a few random schedules for it, each drawn from the places that a run comes by.
///
/// # Errors
/// Says why an implementation gives no answer.
pub fn force_random(
    forcer: &mut Forcer,
    (seed, index): (u64, u64),
    schedules: u64,
    tally: &mut Tally,
) -> Result<Option<(Program, Found)>, String> {
    let mut program = numbered(seed, index, SIZES[usize::try_from(index % 3).unwrap_or(0)]);
    let Some(subject) = program.subject() else { return Ok(None) };
    if machine_dialect_vm::Module::decode(&subject.module).is_err() {
        return Ok(None);
    }
    let mut random = fastrand::Rng::with_seed(seed ^ index.rotate_left(32));
    for _ in 0..schedules {
        let switches = random.bool().then(|| random.u64(..));
        let counting = Schedule { switches, ..Schedule::default() };
        let Some(report) = forcer.report(&subject.request(false), &counting)? else { return Ok(None) };
        let schedule = drawn(&report, switches, &mut random);
        if let Some(found) = forcer.force(&subject.request(false), &schedule, tally)? {
            program.schedule = Some(found.schedule.clone());
            return Ok(Some((program, found)));
        }
    }
    tally.programs += 1;
    Ok(None)
}

/// A schedule with some places of each kind, or with exits of one kind, of any tier there is.
fn drawn(report: &Report, switches: Option<u64>, random: &mut fastrand::Rng) -> Schedule {
    let places = report.places;
    let mut tiers: BTreeMap<&str, Vec<&Site>> = BTreeMap::new();
    report.exits.iter().for_each(|site| tiers.entry(&site.tier).or_default().push(site));
    let tiers: Vec<_> = tiers.into_values().collect();
    if random.bool()
        && let Some(site) = random.choice(&tiers).and_then(|sites| random.choice(sites))
    {
        // Mostly one of the first; loops come by more often.
        let number = |random: &mut fastrand::Rng| {
            let most = 1 << random.u8(0..7);
            random.u64(1..=most)
        };
        let exit = (0..random.u8(1..4)).map(|_| number(random)).collect();
        return Schedule { exit, of: Some(site.kind()), switches, ..Schedule::default() };
    }
    let some = |last: u64, most: u64, random: &mut fastrand::Rng| -> BTreeSet<u64> {
        let count = if last == 0 { 0 } else { random.u64(..=most) };
        (0..count).map(|_| random.u64(1..=last.max(1))).collect()
    };
    Schedule {
        exit: some(places.exit, 6, random),
        of: None,
        refuse: some(places.refuse, 2, random),
        unmap: if random.u8(..8) == 0 { some(places.unmap, 1, random) } else { BTreeSet::new() },
        switches,
    }
}

/// Makes a program small under "a schedule changes it". A program with one forced exit is tried at each of its exits, since fewer
/// instructions have other numbers.
///
/// # Errors
/// Says why an implementation gives no answer.
pub fn make_small(forcer: &mut Forcer, program: &Program, found: &Found) -> Result<Small, String> {
    /// So many exits of a candidate are tried.
    const EXITS: u64 = 48;
    /// So many steps may a candidate take.
    const STEPS: u64 = 50_000;
    let mut last = found.clone();
    let is_single = found.schedule == Schedule { exit: found.schedule.exit.clone(), ..Schedule::default() }
        && found.schedule.exit.len() == 1;
    let mut check = |candidate: &Program| {
        let Some(subject) = candidate.subject() else { return Ok(false) };
        let request = subject.request(false);
        let mut unseen = Tally::default();
        let schedule = subject.schedule.clone().unwrap_or_default();
        // What gives no answer in time is of no interest.
        let mut now = forcer.force(&request, &schedule, &mut unseen).unwrap_or(None);
        if now.is_none() && is_single {
            let effort = Effort { exits: EXITS, refusals: 0, seed: 0 };
            now = forcer.force_each(&request, effort, &mut unseen).unwrap_or(None);
        }
        let is_shown = now.is_some();
        last = now.unwrap_or_else(|| last.clone());
        Ok(is_shown)
    };
    let mut program = program.clone();
    program.schedule = Some(found.schedule.clone());
    // With instructions taken out a program may never come to an end.
    program.limits.entry(MAX_STEPS.to_owned()).or_insert(STEPS);
    let reduced = reduce(&program, &mut check)?;
    // The schedule that shows it is that of the last program that showed it, which is the smallest.
    let subject = reduced.subject().ok_or("the reduced program cannot be written down")?;
    let mut unseen = Tally::default();
    let schedule = subject.schedule.clone().unwrap_or_default();
    let mut now = forcer.force(&subject.request(false), &schedule, &mut unseen)?;
    if now.is_none() {
        let effort = Effort { exits: EXITS, refusals: 0, seed: 0 };
        now = forcer.force_each(&subject.request(false), effort, &mut unseen)?;
    }
    let now = now.unwrap_or(last);
    Ok(Small { subject: Subject { schedule: Some(now.schedule), ..subject }, what: now.what })
}
