//! Bringing a ledger in line with a run: lines that are no longer true go, and what differs without a line gets one.

use std::path::{Path, PathBuf};

use crate::bless::expect_line;
use crate::case::Case;
use crate::embedded;
use crate::layout::Layout;
use crate::ledger::{self, Entry, Ledger};
use crate::plug::Answer;
use crate::run::{Column, Plan, Run};
use crate::verdict::Verdict;

/// What a new line gives as its reason, until somebody knows better.
const WHY: &str = "not looked into yet; written by `run --fix-ledger`";
/// The longest `gives` that is written; of longer outcomes only the status is.
const GIVES_BYTES: usize = 300;
/// A ledger that says nothing.
pub const EMPTY: &str = "known: []\n";

/// What was done to a ledger.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The names of the lines that were added.
    pub added: Vec<String>,
    /// The names of the lines that were taken away.
    pub removed: Vec<String>,
    /// What only a person can mend.
    pub left: Vec<String>,
}

/// The ledger that a column has, or would have.
///
/// # Errors
/// Says that it has to be named.
pub fn path_of(plan: &Plan, column: &Column) -> Result<PathBuf, String> {
    if let Some(path) = plan.ledgers.get(&column.name) {
        return Ok(path.clone());
    }
    if plan.selection.cases.is_some() || plan.selection.corpus.is_some() || embedded::is_used() {
        return Err(format!("say which ledger to fix: --ledger {}=FILE", column.name));
    }
    Ok(ledger::path_for(&column.handshake))
}

/// Fixes the ledger of one implementation by a run of all its cases.
///
/// # Errors
/// Says why the ledger cannot be read or written, or why the run says too little.
pub fn fix(run: &Run, column: &Column, path: &Path) -> Result<Fixed, String> {
    let not_run = column.not_run();
    if not_run > 0 {
        return Err(format!("{}: {not_run} cases were not run, so the ledger stays as it is", column.name));
    }
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    let text = if path.exists() { std::fs::read_to_string(path).map_err(wrong)? } else { EMPTY.to_owned() };
    let none = Ledger::default();
    let ledger = column.ledger.as_ref().map_or(&none, |(_, ledger)| ledger);
    let (fixed, after) = fixed(&text, ledger, &run.cases, column);
    if after != text {
        std::fs::write(path, after).map_err(wrong)?;
    }
    Ok(fixed)
}

fn fixed(text: &str, ledger: &Ledger, cases: &[Case], column: &Column) -> (Fixed, String) {
    let mut fixed = Fixed::default();
    let mut gone: Vec<usize> = Vec::new();
    let results: Vec<(&Case, Verdict, &Answer)> = cases
        .iter()
        .zip(&column.results)
        .filter_map(|(case, result)| {
            let result = result.as_ref()?;
            Some((case, result.judgement.verdict, &result.done.answer))
        })
        .collect();
    let mut new = String::new();
    for (index, entry) in ledger.entries.iter().enumerate() {
        let is_meant = |case: &Case| {
            ledger.entry(&case.id).is_ok_and(|found| found.is_some_and(|found| found.name == entry.name))
        };
        let meant = || results.iter().filter(|(case, _, _)| is_meant(case));
        let is_exact = |entry: &Entry| !entry.name.contains('*');
        let passing = meant().filter(|(_, verdict, _)| *verdict == Verdict::Fixed).count();
        let differs_again = is_exact(entry) && meant().any(|(_, verdict, _)| !verdict.is_fine());
        if passing == meant().count() || differs_again {
            gone.push(index);
            fixed.removed.push(entry.name.clone());
        } else if passing > 0 {
            fixed.left.push(format!(
                "{}: {} matches {passing} cases that pass; narrow it",
                entry.place, entry.name
            ));
        }
    }
    for (case, verdict, answer) in results {
        match verdict {
            Verdict::Pass | Verdict::Known | Verdict::Fixed => {}
            Verdict::Fail | Verdict::Crash | Verdict::Timeout | Verdict::Unsupported => {
                fixed.added.push(case.id.clone());
                new.push_str(&format!(
                    "  - name: {}\n    gives: {}\n    why: {WHY}\n",
                    case.id,
                    gives(case, answer)
                ));
            }
        }
    }
    let after = edited(text, &gone, &new);
    (fixed, after)
}

fn gives(case: &Case, answer: &Answer) -> String {
    let status = |name: &str| format!("{{status: {name}}}");
    match answer {
        Answer::Outcome(outcome) => {
            let line = expect_line(case.expect.as_ref(), outcome);
            let gives = line.strip_prefix("expect: ").unwrap_or(&line);
            if gives.len() > GIVES_BYTES || gives == "{}" {
                status(outcome.status().name())
            } else {
                gives.to_owned()
            }
        }
        Answer::Crash { .. } => status("crash"),
        Answer::Timeout { .. } => status("timeout"),
        Answer::Unsupported { .. } => status("unsupported"),
        Answer::Unstable { .. } => status("unstable"),
        Answer::Invalid { .. } => status("invalid"),
    }
}

/// The text without the items of those numbers, and with the new ones at its end.
fn edited(text: &str, gone: &[usize], new: &str) -> String {
    let layout = Layout::of_list(text, "known");
    let mut lines: Vec<&str> = layout.lines().to_vec();
    for index in gone.iter().rev() {
        if let Some(end) = layout.item_end(*index) {
            lines.drain(layout.item_line(*index) - 1..end);
        }
    }
    let left = layout.len() - gone.len();
    let mut out = String::new();
    for line in lines {
        match line.trim_end() {
            "known: []" | "known:" => {
                out.push_str(if left == 0 && new.is_empty() { "known: []" } else { "known:" })
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out + new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_and_come_and_the_rest_stays() {
        let text = "# why\nknown:\n  - name: a\n    gives: {result: 1}\n    why: w\n\n  # kept\n  - {name: b, gives: {status: ok}, why: w}\n";
        assert_eq!(
            edited(text, &[0], "  - name: c\n"),
            "# why\nknown:\n\n  # kept\n  - {name: b, gives: {status: ok}, why: w}\n  - name: c\n"
        );
        assert_eq!(edited("known:\n  - name: a\n    why: w\n", &[0], ""), EMPTY);
        assert_eq!(edited(EMPTY, &[], "  - name: c\n"), "known:\n  - name: c\n");
    }
}
