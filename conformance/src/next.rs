//! What to do next: which missing opcode or rule is behind the most failures of an implementation.
//!
//! Each case needs some things: the opcodes of its module, the limits and globals of its request, the error it ends with. What the cases
//! need that fail, more than those that pass, is likely what is missing. What is most surely so is taken first, the failures that it
//! explains are set aside, and so on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use machine_dialect_vm::Module;
use mdvm_spec::{Sources, Spec};

use crate::case::Case;
use crate::outcome::Status;
use crate::run::{Column, Run};
use crate::verdict::Verdict;

/// How many things are named.
const NAMED: usize = 5;

/// Something that a case needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// That modules are loaded and run at all, and outcomes written.
    Protocol,
    /// An opcode, by its mnemonic.
    Opcode(String),
    /// That a run can begin with globals.
    Globals,
    /// A limit of runs.
    Limit(String),
    /// An error that a run can end with.
    Error(String),
    /// An error that loading can end with.
    LoadError(String),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol => write!(f, "something that every case needs"),
            Self::Opcode(name) => write!(f, "the opcode {name}"),
            Self::Globals => write!(f, "initial globals"),
            Self::Limit(name) => write!(f, "the limit {name}"),
            Self::Error(kind) => write!(f, "the error {kind}"),
            Self::LoadError(kind) => write!(f, "refusing modules with {kind}"),
        }
    }
}

/// Something that is likely missing.
#[derive(Debug, Clone)]
pub struct Missing {
    /// What.
    pub need: Need,
    /// How many of the failures it explains that nothing before it does.
    pub explains: usize,
    /// How many cases need it, and how many of those fail.
    pub needed: (usize, usize),
    /// The failing case with the shortest module, by its index.
    pub shortest: usize,
}

fn needs(case: &Case) -> BTreeSet<Need> {
    let mut needs = BTreeSet::from([Need::Protocol]);
    if let Ok(module) = Module::decode(&case.module) {
        let opcodes = (0..module.len()).filter_map(|pc| module.opcode(pc));
        needs.extend(opcodes.map(|opcode| Need::Opcode(opcode.spec().mnemonic.to_owned())));
    }
    needs.extend(case.limits.keys().cloned().map(Need::Limit));
    if !case.globals.is_empty() {
        needs.insert(Need::Globals);
    }
    if let Some((status, kind)) =
        case.expect.as_ref().and_then(|expect| Some((expect.status(), expect.kind()?)))
    {
        needs.insert(match status {
            Status::LoadError => Need::LoadError(kind),
            Status::RuntimeError | Status::CompileError | Status::Ok => Need::Error(kind),
        });
    }
    needs
}

/// What is likely missing, that which explains the most failures first.
#[must_use]
pub fn missing(cases: &[Case], column: &Column) -> Vec<Missing> {
    let mut failing: BTreeMap<usize, BTreeSet<Need>> = BTreeMap::new();
    let mut passing: BTreeMap<Need, usize> = BTreeMap::new();
    let mut failing_all: BTreeMap<Need, usize> = BTreeMap::new();
    for (index, (case, result)) in cases.iter().zip(&column.results).enumerate() {
        let Some(result) = result else { continue };
        let needs = needs(case);
        if result.judgement.verdict.is_fine() && result.judgement.verdict != Verdict::Known {
            needs.into_iter().for_each(|need| *passing.entry(need).or_default() += 1);
        } else {
            needs.iter().for_each(|need| *failing_all.entry(need.clone()).or_default() += 1);
            failing.insert(index, needs);
        }
    }
    let passed = passing.get(&Need::Protocol).copied().unwrap_or_default();
    let mut found = Vec::new();
    while found.len() < NAMED && !failing.is_empty() {
        let mut counts: BTreeMap<&Need, usize> = BTreeMap::new();
        failing.values().flatten().for_each(|need| *counts.entry(need).or_default() += 1);
        let score = |need: &Need, fails: usize| {
            association(fails, passing.get(need).copied().unwrap_or_default(), failing.len(), passed)
        };
        // Every case needs the protocol, so nothing speaks for it but that nothing speaks for anything else.
        let best = counts.into_iter().max_by(|(one, a), (other, b)| {
            score(one, *a)
                .total_cmp(&score(other, *b))
                .then_with(|| (**one == Need::Protocol).cmp(&(**other == Need::Protocol)))
        });
        let Some((need, explains)) = best.map(|(need, count)| (need.clone(), count)) else { break };
        let explained = failing.iter().filter(|(_, needs)| needs.contains(&need)).map(|(index, _)| *index);
        let Some(shortest) = explained.min_by_key(|index| cases[*index].module.len()) else { break };
        failing.retain(|_, needs| !needs.contains(&need));
        let fails = failing_all.get(&need).copied().unwrap_or_default();
        let needed = (fails + passing.get(&need).copied().unwrap_or_default(), fails);
        found.push(Missing { need, explains, needed, shortest });
    }
    found
}

/// How surely the cases that need something fail more often than the others: the log-likelihood ratio of Dunning (1993), or 0 where they do
/// not. A measure of failures alone would blame `return`, which nearly every case needs, while most opcodes are missing.
fn association(fails: usize, passes: usize, all_fail: usize, all_pass: usize) -> f64 {
    let [fails, passes, all_fail, all_pass] = [fails, passes, all_fail, all_pass].map(|count| count as f64);
    let (needed, all) = (fails + passes, all_fail + all_pass);
    if fails * all <= all_fail * needed {
        return 0.0;
    }
    let part = |observed: f64, row: f64, column: f64| {
        if observed == 0.0 { 0.0 } else { observed * (observed * all / (row * column)).ln() }
    };
    let others = all - needed;
    part(fails, needed, all_fail)
        + part(passes, needed, all_pass)
        + part(all_fail - fails, others, all_fail)
        + part(all_pass - passes, others, all_pass)
}

/// What to do next for each implementation, for people.
#[must_use]
pub fn text(run: &Run, spec: &Spec) -> String {
    let mut out = String::new();
    for column in &run.columns {
        let all = column.results.iter().flatten();
        let failures = all
            .filter(|result| {
                !result.judgement.verdict.is_fine() || result.judgement.verdict == Verdict::Known
            })
            .count();
        let run_count = column.results.iter().flatten().count();
        out.push_str(&format!("{}: {failures} of {run_count} cases are not as expected\n", column.name));
        for note in column.notes() {
            out.push_str(&format!("  NOTE {note}\n"));
        }
        for (number, missing) in (1..).zip(missing(&run.cases, column)) {
            let Missing { need, explains, needed: (needed, failing), shortest } = missing;
            let case = &run.cases[shortest];
            out.push_str(&format!(
                "{number}. {need}: {explains} failures; of {needed} cases that need it {failing} fail{}\n",
                place(&need, spec).map_or_else(String::new, |place| format!("  ({place})"))
            ));
            if let Some(result) = &column.results[shortest] {
                out.push_str(&format!("    the shortest: {}\n{}", case.id, result.judgement.reason));
            }
            out.push_str(&format!("    look at it:   mdvm-conform show {}\n", case.id));
            out.push_str(&format!("    reproduce:    {}\n", run.reproduce(case, &[column])));
        }
    }
    out
}

/// Where the specification has it.
fn place(need: &Need, spec: &Spec) -> Option<String> {
    let sources = Sources::embedded();
    let line = |text: &str, name: &str| {
        let names = |line: &str| {
            line.contains("name:")
                && line
                    .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .any(|word| word == name)
        };
        text.lines().position(names).map(|line| line + 1)
    };
    let (file, line) = match need {
        Need::Protocol => return Some("conformance/README.md".to_owned()),
        Need::Globals => return Some("conformance/README.md, Requests".to_owned()),
        Need::Opcode(mnemonic) => {
            let entry = spec.isa.opcodes.iter().find(|entry| entry.mnemonic() == *mnemonic)?;
            ("spec/isa.yaml", line(sources.isa.text(), &entry.name)?)
        }
        Need::Limit(name) => ("spec/values.yaml", line(sources.values.text(), name)?),
        Need::Error(kind) | Need::LoadError(kind) => ("spec/errors.yaml", line(sources.errors.text(), kind)?),
    };
    Some(format!("{file}:{line}"))
}
