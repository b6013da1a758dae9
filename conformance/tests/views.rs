//! The cases reach what generated programs reach of the reference: no line for other types of operands. Where one does not,
//! `mdvm-conform fuzz --guide --bless` makes a small case of it.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use mdvm_conform::coverage::Subjects;
use mdvm_conform::fuzz::generate::{Size, numbered};
use mdvm_conform::fuzz::program::Subject;
use mdvm_conform::run::Progress;
use mdvm_conform::views::{self, Plan};
use mdvm_spec::Spec;

/// How many programs there are; the night has more.
const PROGRAMS: u64 = 300;

struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _name: &str, _cases: usize) {}
    fn advance(&self) {}
    fn end(&self) {}
}

#[test]
fn generated_programs_reach_nothing_that_no_case_reaches() {
    let stop = AtomicBool::new(false);
    let plan = Plan { workers: 2, timeout: Duration::from_secs(60), stop: &stop, progress: &Quiet };
    let subjects: Vec<Subject> =
        (0..PROGRAMS).filter_map(|index| numbered(1, index, Size::Small).subject()).collect();
    let requests: Vec<_> = subjects.iter().map(|subject| subject.request(false)).collect();
    let seen: BTreeSet<String> =
        views::all(&requests, &plan).unwrap().into_iter().flatten().flat_map(|seen| seen.views).collect();
    assert!(seen.len() > 5_000, "{} views by {} programs", seen.len(), requests.len());
    let cases = Subjects::read(&Spec::embedded().unwrap()).unwrap().cases;
    let reached = views::of_cases(&cases, &plan).unwrap();
    assert!(reached.len() > 15_000, "{} views by {} cases", reached.len(), cases.len());
    let missing: Vec<&String> = seen.iter().filter(|view| !reached.contains_key(*view)).collect();
    let count = missing.len();
    assert!(missing.is_empty(), "{count} views by no case: {:?}", &missing[..count.min(20)]);
}
