//! Every case of the suite stops and goes on: begun in machine code it ends in the reference, and the reverse. The small ones stop at
//! every step, the large ones at some, which a seed chooses.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use mdvm_conform::case::Case;
use mdvm_conform::case_file::Expecting;
use mdvm_conform::fuzz::generate::{Size, numbered};
use mdvm_conform::implementation::Launcher;
use mdvm_conform::states::{Compared, Speaker, check};
use mdvm_conform::{catalog, paths};
use mdvm_spec::Spec;

/// Which steps, unless `MDVM_STATES_SEED` names another sequence.
const SEED: u64 = 17;
/// A run of no more steps stops at each.
const SMALL: u64 = 24;
/// A longer one at so many, unless `MDVM_STATES_STEPS` says otherwise.
const STEPS: u64 = 3;
/// How many random programs there are besides, unless `MDVM_STATES_PROGRAMS` says otherwise.
const PROGRAMS: u64 = 150;
/// What is heavier takes the reference too long to run so often.
const HEAVY: u64 = 200_000;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, which is no number")),
        Err(_) => default,
    }
}

/// The steps to stop at.
fn places(random: &mut fastrand::Rng, taken: u64) -> BTreeSet<u64> {
    if taken <= SMALL {
        return (0..=taken).collect();
    }
    (0..number("MDVM_STATES_STEPS", STEPS)).map(|_| random.u64(..=taken)).collect()
}

fn speakers() -> [Speaker; 2] {
    [Launcher::rust_jit(), Launcher::reference()]
        .map(|launcher| Speaker::new(&launcher, Duration::from_secs(120)))
}

#[test]
fn every_case_that_stops_ends_elsewhere_as_if_it_had_not() {
    let spec = Spec::embedded().unwrap();
    let cases = catalog::read_folder(&paths::cases_folder(), &spec, Expecting::Something).unwrap();
    let [mut jit, mut reference] = speakers();
    let mut random = fastrand::Rng::with_seed(number("MDVM_STATES_SEED", SEED));
    let (mut compared, mut stopping) = (Compared::default(), 0);
    let is_light = |case: &&Case| case.weight() < HEAVY && !case.id.starts_with("deep/");
    for case in cases.iter().filter(is_light) {
        let seed = random.u64(..);
        let steps = |taken| places(&mut fastrand::Rng::with_seed(seed), taken);
        let one = check([&mut jit, &mut reference], &case.request(), steps)
            .unwrap_or_else(|problem| panic!("{}: {problem}", case.id));
        compared = compared.and(one);
        stopping += u64::from(one.resumed > 0);
    }
    println!("{stopping} cases, {compared:?}");
    assert!(stopping * 2 > cases.len() as u64, "only {stopping} of {} cases stop", cases.len());
    assert!(compared.resumed > 4 * stopping, "{compared:?}");
}

#[test]
fn random_programs_that_stop_end_elsewhere_as_if_they_had_not() {
    let [mut jit, mut reference] = speakers();
    let mut auto = Speaker::new(&Launcher::rust(), Duration::from_secs(120));
    let seed = number("MDVM_STATES_SEED", SEED);
    let mut compared = Compared::default();
    for index in 0..number("MDVM_STATES_PROGRAMS", PROGRAMS) {
        let size = [Size::Small, Size::Special, Size::Long][index as usize % 3];
        let Some(mut subject) = numbered(seed, index, size).subject() else { continue };
        let places = |taken| places(&mut fastrand::Rng::with_seed(seed ^ index), taken);
        // In every other, memory ends somewhere on the way.
        if index % 2 == 1 {
            subject.limits.insert("max_memory".to_owned(), fastrand::Rng::with_seed(index).u64(..20_000));
        }
        let rust = if index % 4 < 2 { &mut jit } else { &mut auto };
        let one = check([rust, &mut reference], &subject.request(false), places)
            .unwrap_or_else(|problem| panic!("number {index} of seed {seed}: {problem}"));
        compared = compared.and(one);
    }
    println!("{compared:?}");
    assert!(compared.resumed > PROGRAMS, "{compared:?}");
}

/// An interpreter keeps every register up to date, so that its states are those of the reference, to the letter.
#[test]
fn the_states_of_the_interpreter_are_those_of_the_reference() {
    let mut interpreter = Speaker::new(&Launcher::rust_interpreter(), Duration::from_secs(120));
    let [_, mut reference] = speakers();
    let mut compared = Compared::default();
    for index in 0..60 {
        let Some(subject) = numbered(SEED, index, Size::Special).subject() else { continue };
        let places = |taken| places(&mut fastrand::Rng::with_seed(index), taken);
        let one = check([&mut interpreter, &mut reference], &subject.request(false), places)
            .unwrap_or_else(|problem| panic!("number {index}: {problem}"));
        // Two stops, each resumed twice.
        assert_eq!(one.resumed, 4 * one.same_states, "number {index}");
        compared = compared.and(one);
    }
    assert!(compared.same_states > 60, "{compared:?}");
}
