//! Every case of the suite stops and goes on: begun in machine code it ends in the reference, and the reverse. The small ones stop at
//! every step, the large ones at some, which a seed chooses.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use mdvm_conform::case::Case;
use mdvm_conform::case_file::Expecting;
use mdvm_conform::fuzz::generate::{Size, numbered};
use mdvm_conform::implementation::Launcher;
use mdvm_conform::plug::Request;
use mdvm_conform::states::{Came, Compared, Speaker, check};
use mdvm_conform::{catalog, paths};
use mdvm_spec::Spec;
use serde_json::Value as Json;

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
fn half_of_the_cases_stop_and_end_elsewhere_as_if_they_had_not() {
    every_other_case(0);
}

#[test]
fn the_other_half_of_the_cases_stop_and_end_elsewhere_as_if_they_had_not() {
    every_other_case(1);
}

/// Has the cases whose number is even or odd stop and go on. Each half is a test, so that two processors share them.
fn every_other_case(half: usize) {
    let spec = Spec::embedded().unwrap();
    let cases = catalog::read_folder(&paths::cases_folder(), &spec, Expecting::Something).unwrap();
    let cases: Vec<&Case> = cases.iter().skip(half).step_by(2).collect();
    let [mut jit, mut reference] = speakers();
    let mut random = fastrand::Rng::with_seed(number("MDVM_STATES_SEED", SEED) + half as u64);
    let (mut compared, mut stopping) = (Compared::default(), 0);
    let is_light = |case: &&&Case| case.weight() < HEAVY && !case.id.starts_with("deep/");
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

/// What is wrong with a state has one name.
#[test]
fn both_refuse_what_lies_for_the_same_reason() {
    let subject = (0..).find_map(|index| {
        let subject = numbered(SEED, index, Size::Special).subject()?;
        let [mut rust, _] = speakers();
        let stops = matches!(rust.run(&subject.request(false), None, Some(40)), Ok(Came::Stopped(_)));
        stops.then_some(subject)
    });
    let subject = subject.unwrap();
    let request = subject.request(false);
    let none = std::collections::BTreeMap::new();
    let onward = Request { globals: &none, ..request };
    let [mut rust, mut reference] = speakers();
    let Ok(Came::Stopped(stopped)) = rust.run(&request, None, Some(40)) else { panic!("it stops") };
    let state: Json = serde_json::from_str(&stopped.state).unwrap();
    let mut kinds = BTreeSet::new();
    let mut random = fastrand::Rng::with_seed(SEED);
    for number in 0..400 {
        let mut lying = state.clone();
        damage(&mut lying, &mut random);
        let lying = lying.to_string();
        let came = [&mut rust, &mut reference].map(|one| one.run(&onward, Some(&lying), Some(0)).unwrap());
        match came {
            [Came::Refused { kind: one, .. }, Came::Refused { kind: other, .. }] => {
                assert_eq!(one, other, "number {number}: {lying}");
                kinds.insert(one);
            }
            [Came::Stopped(one), Came::Stopped(other)] => assert_eq!(one.stdout, other.stdout),
            [Came::End(one), Came::End(other)] => assert_eq!(one, other, "number {number}: {lying}"),
            came => panic!("number {number}: {came:?} of {lying}"),
        }
    }
    assert!(kinds.len() >= 5, "{kinds:?}");
}

/// Changes something somewhere in a state.
fn damage(json: &mut Json, random: &mut fastrand::Rng) {
    let other = match random.u8(..6) {
        0 => Json::from(random.u64(..600)),
        1 => serde_json::json!({"object": random.u64(..12)}),
        2 => serde_json::json!({"constant": random.u64(..12)}),
        3 => Json::Null,
        4 => Json::from("main"),
        _ => serde_json::json!([]),
    };
    match json {
        Json::Array(items) if !items.is_empty() && random.u8(..8) > 0 => {
            let place = random.usize(..items.len());
            match random.u8(..12) {
                0 => drop(items.remove(place)),
                1 => items.swap(place, 0),
                _ => damage(&mut items[place], random),
            }
        }
        Json::Object(fields) if random.u8(..8) > 0 => {
            let place = random.usize(..fields.len());
            if let Some(field) = fields.values_mut().nth(place) {
                damage(field, random);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => {
            *json = other
        }
    }
}
