//! What makes a program fast changes nothing that can be seen: random programs run observed, on the baseline interpreter, on specialised code, and on both,
//! and all that a host sees must be the same, wherever the run is cut short.
//!
//! Specialised code cannot be watched instruction by instruction. So the trace is taken from outside: a run with a limit of n steps
//! ends before its instruction n, and tells where it stands, which calls and scopes are open, what that instruction would
//! read, the globals, and what was printed. Limits on memory, calls and output cut it short in other ways.
//!
//! Specialised code is left before a limit on steps is near, so such a run ends with some hundred baseline instructions, and what fast
//! code left in the registers shows in those. Memory has no such distance: a limit on it is met in the midst of specialised code.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use machine_dialect_vm::{Run, RuntimeErrorKind, Tiers, TraceStep, Vm};
use mdvm_conform::diff;
use mdvm_conform::fuzz::finding::case_of;
use mdvm_conform::fuzz::generate::{Size, numbered};
use mdvm_conform::fuzz::machine::{self, How, MAX_STEPS, Ran};
use mdvm_conform::fuzz::program::Subject;

/// Which programs, unless `MDVM_MODES_SEED` names another sequence.
const SEED: u64 = 1;
/// How many, unless `MDVM_MODES_COUNT` says otherwise; `MDVM_MODES_FIRST` is the number of the first.
const COUNT: u64 = 180;

/// The sizes of the programs, in turn.
const SIZES: [Size; 4] = [Size::Special, Size::Special, Size::Long, Size::Special];
/// Of the programs, so many in a hundred must have loops that turn hot.
const HOT_PERCENT: u64 = 30;
/// So often must control go backward in a program that counts as hot, and so many steps must it take. The machine makes fast
/// code after fewer turns, and does not use it where fewer steps are left.
const HOT_TURNS: u64 = 100;
const HOT_STEPS: u64 = 1_200;
/// Step limits below this one end before there is specialised code at all: a few of them will do.
const NEVER_FAST: u64 = 512;
/// Where no more steps are taken, each of them is a place to end at.
const FEW_STEPS: u64 = 32;
/// A value whose text has more bytes is compared by its type alone.
const MOST_TEXT: usize = 1 << 17;

#[test]
fn fast_code_changes_nothing_that_can_be_seen() {
    let (seed, first) = (number("MDVM_MODES_SEED", SEED), number("MDVM_MODES_FIRST", 0));
    let count = number("MDVM_MODES_COUNT", COUNT);
    let next = AtomicU64::new(first);
    let stop = AtomicBool::new(false);
    let results = Mutex::new((Seen::default(), None));
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= first + count {
                return;
            }
            let compared = compare(seed, index);
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            match compared {
                Ok(seen) => results.0.add(&seen),
                Err(report) => {
                    stop.store(true, Ordering::Relaxed);
                    results.1.get_or_insert(report);
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let (seen, report) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(report) = report {
        panic!("{report}");
    }
    println!("{seen:?}");
    // One program alone is run to look at it.
    if count >= COUNT {
        assert!(seen.programs * 10 >= count * 8, "only {} of {count} programs load", seen.programs);
        assert!(seen.hot * 100 >= seen.programs * HOT_PERCENT, "too few have loops that turn hot: {seen:?}");
        assert!(seen.prefixes >= 50 * seen.hot, "too few prefixes: {seen:?}");
        assert!(seen.deep_prefixes >= 30 * seen.hot, "too few come as far as specialised code: {seen:?}");
        assert!(seen.out_of_memory >= 20 * seen.hot, "too few run out of memory: {seen:?}");
        assert!(seen.too_deep >= seen.programs / 4, "too few calls go too deep: {seen:?}");
        assert!(seen.too_much_output >= seen.programs / 10, "too few print too much: {seen:?}");
    }
}

/// A number from the environment.
fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, which is no number")),
        Err(_) => default,
    }
}

/// What was compared.
#[derive(Debug, Default)]
struct Seen {
    programs: u64,
    /// Programs with loops that turn hot.
    hot: u64,
    /// Runs that a limit on steps ended.
    prefixes: u64,
    /// Those of them that were long enough for specialised code.
    deep_prefixes: u64,
    /// Runs that a limit ended on memory, calls and output.
    out_of_memory: u64,
    too_deep: u64,
    too_much_output: u64,
}

impl Seen {
    fn add(&mut self, other: &Self) {
        self.programs += other.programs;
        self.hot += other.hot;
        self.prefixes += other.prefixes;
        self.deep_prefixes += other.deep_prefixes;
        self.out_of_memory += other.out_of_memory;
        self.too_deep += other.too_deep;
        self.too_much_output += other.too_much_output;
    }
}

/// A program, and a machine for each way to run it, which keeps what it prepares from run to run.
struct Trial {
    name: String,
    again: String,
    subject: Subject,
    plain: Vm,
    others: [(Tiers, Vm); 4],
}

impl Trial {
    /// Runs the program in each way, with one of its limits at another value, and gives the run that was observed.
    fn run(&self, limit: Option<(&str, u64)>) -> Result<Ran, String> {
        let mut changed;
        let subject = match limit {
            Some((name, value)) => {
                changed = self.subject.clone();
                changed.limits.insert(name.to_owned(), value);
                &changed
            }
            None => &self.subject,
        };
        // A run that is observed copies whatever is to be copied.
        let plain = machine::run(&self.plain, subject, How { is_observed: true, ..How::default() });
        // How often a run looks up must not matter: at each limit it is another number, or what users have.
        let mixed = limit.map_or(0, |(_, value)| value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40);
        let fuel_slice = (!mixed.is_multiple_of(3)).then_some(512 + mixed % 2048);
        let told = plain.told_within(MOST_TEXT);
        for (tiers, vm) in &self.others {
            let how = How { tiers: *tiers, fuel_slice, ..How::default() };
            let other = machine::run(vm, subject, how).told_within(MOST_TEXT);
            if other != told {
                return Err(self.report(subject, limit, *tiers, &told, &other));
            }
        }
        Ok(plain)
    }

    fn report(
        &self,
        subject: &Subject,
        limit: Option<(&str, u64)>,
        tiers: Tiers,
        plain: &str,
        other: &str,
    ) -> String {
        let limit =
            limit.map_or_else(|| "its own limits".to_owned(), |(name, value)| format!("{name} {value}"));
        let mut text = format!("{}, with {limit}: an observed run and Tiers::{tiers:?} differ\n", self.name);
        let (mut left, mut right) = (plain.lines(), other.lines());
        let mut number = 0;
        loop {
            number += 1;
            match (left.next(), right.next()) {
                (None, None) => break,
                (left, right) if left == right => {}
                (left, right) => text.push_str(&diff::show(
                    &format!("line {number}"),
                    ("plain", left.unwrap_or("(nothing)")),
                    ("fast", right.unwrap_or("(nothing)")),
                )),
            }
        }
        let case = case_of(subject, "specialised code differs");
        text.push_str(&format!(
            "To see it again:\n  {}\nTo have it made small, keep what follows as modes.yaml:\n  cargo run -p mdvm-conform -- \
             triage --impl rust-interpreter --impl rust-specialised --impl rust-jit modes.yaml\n\n{case}",
            self.again
        ));
        text
    }
}

fn compare(seed: u64, index: u64) -> Result<Seen, String> {
    let size = SIZES[usize::try_from(index).unwrap() % SIZES.len()];
    let load = |subject: &Subject| Vm::load(&subject.module).ok();
    // Some programs are made for a loader to refuse.
    let Some(subject) = numbered(seed, index, size).subject() else { return Ok(Seen::default()) };
    let (Some(plain), Some(baseline), Some(both), Some(fast), Some(machine)) =
        (load(&subject), load(&subject), load(&subject), load(&subject), load(&subject))
    else {
        return Ok(Seen::default());
    };
    let trial = Trial {
        name: format!("seed {seed}, program {index} ({size:?})"),
        again: format!(
            "MDVM_MODES_SEED={seed} MDVM_MODES_FIRST={index} MDVM_MODES_COUNT=1 cargo test -p mdvm-conform --test modes"
        ),
        subject,
        plain,
        others: [
            (Tiers::Interpreter, baseline),
            (Tiers::Auto, both),
            (Tiers::EagerSpecialised, fast),
            (Tiers::EagerJit, machine),
        ],
    };
    let mut seen = Seen { programs: 1, ..Seen::default() };
    let mut random = fastrand::Rng::with_seed(seed ^ index.rotate_left(32));
    let whole = trial.run(None)?;
    // What was prepared in the first run is there in the second from its beginning.
    trial.run(None)?;
    let steps = whole.steps();
    let is_hot = steps >= HOT_STEPS && turns(&trial) >= HOT_TURNS;
    seen.hot = u64::from(is_hot);
    for place in places(steps, is_hot, &mut random) {
        let ran = trial.run(Some((MAX_STEPS, place)))?;
        if place < steps {
            assert_eq!((kind(&ran), ran.steps()), (Some(RuntimeErrorKind::StepLimitExceeded), place));
            seen.prefixes += 1;
            seen.deep_prefixes += u64::from(place >= 2 * NEVER_FAST);
        }
    }
    limit_memory(&trial, &whole, if is_hot { 24 } else { 4 }, &mut random, &mut seen)?;
    for depth in [0, 1, 2, 3, 7, 12, 29] {
        let ran = trial.run(Some(("max_call_depth", depth)))?;
        if kind(&ran) != Some(RuntimeErrorKind::StackOverflow) {
            break;
        }
        seen.too_deep += 1;
    }
    let printed = whole.stdout.len() as u64;
    for most in BTreeSet::from([0, 1, printed / 3, printed / 2, printed.saturating_sub(1), printed]) {
        if printed > 0 {
            let ran = trial.run(Some(("max_output", most)))?;
            seen.too_much_output += u64::from(kind(&ran) == Some(RuntimeErrorKind::OutputLimitExceeded));
        }
    }
    Ok(seen)
}

fn kind(ran: &Ran) -> Option<RuntimeErrorKind> {
    ran.result.as_ref().err().map(|failure| failure.error.kind())
}

/// How often control goes backward.
fn turns(trial: &Trial) -> u64 {
    let (mut turns, mut last) = (0, 0);
    let mut watch = |step: TraceStep| {
        turns += u64::from(step.pc < last);
        last = step.pc;
    };
    let limits = machine::limits(&trial.subject.limits);
    // It ends like the others, which have been compared; only the way counts.
    drop(trial.plain.run(Run::new(&mut ()).limits(limits).trace(&mut watch)));
    turns
}

/// The step limits that a program of so many steps is run with: where specialised code begins, the last ones, and some in between.
fn places(steps: u64, is_hot: bool, random: &mut fastrand::Rng) -> BTreeSet<u64> {
    if steps <= FEW_STEPS {
        return (0..=steps + 1).collect();
    }
    if !is_hot {
        return (0..8).map(|_| random.u64(..=steps)).chain([steps - 1, steps, steps + 1]).collect();
    }
    let mut places: BTreeSet<u64> = (0..4).chain(steps - 12..=steps + 1).collect();
    places.extend([NEVER_FAST / 2, NEVER_FAST - 1, NEVER_FAST, NEVER_FAST + 1]);
    // Where portions of steps end and others begin.
    for fuel_slice in [2 * NEVER_FAST, 1 << 14] {
        places.extend(fuel_slice - 1..=fuel_slice + 1);
    }
    // A loop charges a turn at once: so many steps in a row are some turns of a loop.
    let start = 2 * NEVER_FAST + random.u64(..steps);
    places.extend(start..start + 12);
    places.extend((0..8).map(|_| NEVER_FAST + random.u64(..NEVER_FAST)));
    let spread = 32;
    places.extend((0..spread).map(|part| steps * part / spread + random.u64(..=steps / spread)));
    places.retain(|place| *place <= steps + 1);
    places
}

/// Looks for the least memory that is enough, and runs the program with less.
fn limit_memory(
    trial: &Trial,
    whole: &Ran,
    tries: u32,
    random: &mut fastrand::Rng,
    seen: &mut Seen,
) -> Result<(), String> {
    let told = whole.told_within(MOST_TEXT);
    let mut run = |limit: u64| {
        let ran = trial.run(Some(("max_memory", limit)))?;
        seen.out_of_memory += u64::from(kind(&ran) == Some(RuntimeErrorKind::OutOfMemory));
        Ok::<_, String>(ran.told_within(MOST_TEXT) == told)
    };
    let (mut less, mut enough) = (0, trial.subject.limits.get("max_memory").copied().unwrap_or(1 << 22));
    while enough - less > 1 {
        let middle = less + (enough - less) / 2;
        if run(middle)? {
            enough = middle;
        } else {
            less = middle;
        }
    }
    for _ in 0..tries {
        // What a program needs at most it often needs late: the limits lie closer together near that.
        let share = random.f64() * random.f64();
        run(enough - (enough as f64 * share) as u64)?;
    }
    Ok(())
}
