//! Ledgers: what one implementation is known to get wrong. A ledger is strict both ways, so it stays true.

use std::path::{Path, PathBuf};

use mdvm_spec::{Problem, Problems, Spec};
use serde::Deserialize;

use crate::case_file::{RawExpect, outcome_of};
use crate::embedded;
use crate::layout::Layout;
use crate::outcome::{Field, Outcome, Status};
use crate::paths::{home, shown};
use crate::plug::{Answer, Handshake};

/// What one implementation is known to get wrong.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The entries, in the order of the file.
    pub entries: Vec<Entry>,
}

/// One known difference.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The id of the case; a `*` stands for any part of a path segment.
    pub name: String,
    /// What the implementation gives instead.
    pub gives: Gives,
    /// The reason.
    pub why: String,
    /// File and line.
    pub place: String,
}

/// What an implementation gives instead of what is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gives {
    /// An outcome with at least these fields.
    Outcome(Outcome),
    /// An outcome of that status, whatever else it says.
    Status(Status),
    /// It ends.
    Crash,
    /// It gives no answer in time.
    Timeout,
    /// It says that it lacks what the request asks for.
    Unsupported,
    /// It says that two runs differ.
    Unstable,
    /// It answers, but not with an outcome.
    Invalid,
}

/// The ledger that belongs to an implementation, whether it is there or not.
#[must_use]
pub fn path_for(handshake: &Handshake) -> PathBuf {
    let plain = |letter: char| if letter.is_alphanumeric() || "._-+".contains(letter) { letter } else { '-' };
    let name: String = format!("{}-{}", handshake.name, handshake.version).chars().map(plain).collect();
    home().join("known").join(format!("{name}.yaml"))
}

impl Ledger {
    /// Reads a ledger.
    ///
    /// # Errors
    /// Gives everything that is wrong with it.
    pub fn read(path: &Path, spec: &Spec) -> Result<Self, Problems> {
        let problem = |line, message| Problem { file: shown(path), line, message };
        let text = embedded::read_to_string(path)
            .map_err(|error| Problems(vec![problem(0, format!("cannot be read: {error}"))]))?;
        let raw: RawLedger = serde_yaml::from_str(&text).map_err(|error| {
            let line = error.location().map_or(0, |location| location.line());
            Problems(vec![problem(line, error.to_string())])
        })?;
        let layout = Layout::of_list(&text, "known");
        let mut problems = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for (index, raw) in raw.known.into_iter().enumerate() {
            let line = layout.item_line(index);
            if entries.iter().any(|entry| entry.name == raw.name) {
                problems.push(problem(line, format!("{:?} is listed twice", raw.name)));
            }
            if raw.why.trim().is_empty() {
                problems.push(problem(line, format!("{:?} has no reason in `why`", raw.name)));
            }
            match gives_of(raw.gives, spec) {
                Ok(gives) => {
                    let place = format!("{}:{line}", shown(path));
                    entries.push(Entry { name: raw.name, gives, why: raw.why, place });
                }
                Err(message) => problems.push(problem(layout.field_line(index, "gives"), message)),
            }
        }
        if problems.is_empty() { Ok(Self { entries }) } else { Err(Problems(problems)) }
    }

    /// The entry for a case: the one with its very name, or else the pattern that matches it.
    ///
    /// # Errors
    /// Says so where two patterns match, because then nobody can tell which is meant.
    pub fn entry(&self, id: &str) -> Result<Option<&Entry>, String> {
        if let Some(exact) = self.entries.iter().find(|entry| entry.name == id) {
            return Ok(Some(exact));
        }
        let mut matching = self.entries.iter().filter(|entry| matches(&entry.name, id));
        match (matching.next(), matching.next()) {
            (Some(one), Some(other)) => Err(format!("{} and {} both match {id}", one.place, other.place)),
            (entry, _) => Ok(entry),
        }
    }

    /// The entries that speak of none of these cases.
    pub fn stale<'a>(&'a self, ids: &'a [&str]) -> impl Iterator<Item = &'a Entry> {
        let speaks = |entry: &Entry, id: &str| {
            self.entry(id).is_ok_and(|found| found.is_some_and(|found| found.name == entry.name))
        };
        self.entries.iter().filter(move |entry| !ids.iter().any(|id| speaks(entry, id)))
    }
}

impl Gives {
    /// Whether the answer is what the ledger says.
    #[must_use]
    pub fn is(&self, answer: &Answer, unreported: &[Field]) -> bool {
        match (self, answer) {
            (Self::Outcome(expected), Answer::Outcome(found)) => {
                expected.differences(found, unreported).is_empty()
            }
            (Self::Status(expected), Answer::Outcome(found)) => *expected == found.status(),
            (Self::Crash, Answer::Crash { .. })
            | (Self::Timeout, Answer::Timeout { .. })
            | (Self::Unsupported, Answer::Unsupported { .. })
            | (Self::Unstable, Answer::Unstable { .. })
            | (Self::Invalid, Answer::Invalid { .. }) => true,
            (
                Self::Outcome(_)
                | Self::Status(_)
                | Self::Crash
                | Self::Timeout
                | Self::Unsupported
                | Self::Unstable
                | Self::Invalid,
                _,
            ) => false,
        }
    }
}

/// Whether a name, in which `*` stands for any part of a path segment, matches an id.
fn matches(pattern: &str, id: &str) -> bool {
    let mut patterns = pattern.split('/');
    let mut segments = id.split('/');
    loop {
        match (patterns.next(), segments.next()) {
            (None, None) => return true,
            (Some(pattern), Some(segment)) if matches_segment(pattern, segment) => {}
            (_, _) => return false,
        }
    }
}

fn matches_segment(pattern: &str, segment: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == segment,
        Some((start, end)) => segment.strip_prefix(start).is_some_and(|rest| {
            // What follows the star may be anywhere in the rest, if it has stars of its own.
            let ends = rest.char_indices().map(|(index, _)| index).chain([rest.len()]);
            ends.into_iter().any(|index| matches_segment(end, &rest[index..]))
        }),
    }
}

fn gives_of(raw: RawGives, spec: &Spec) -> Result<Gives, String> {
    match raw {
        RawGives::Status { status } => match (status.as_str(), Status::from_name(&status)) {
            (_, Some(status)) => Ok(Gives::Status(status)),
            ("crash", None) => Ok(Gives::Crash),
            ("timeout", None) => Ok(Gives::Timeout),
            ("unsupported", None) => Ok(Gives::Unsupported),
            ("unstable", None) => Ok(Gives::Unstable),
            ("invalid", None) => Ok(Gives::Invalid),
            (_, None) => Err(format!("the status {status:?} is not known")),
        },
        RawGives::Outcome(expect) => outcome_of(&expect, spec).map(Gives::Outcome),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLedger {
    known: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    name: String,
    gives: RawGives,
    why: String,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "`gives` is what `expect` of a case can be, or {status: crash}, timeout, unsupported, unstable, invalid or a status of outcomes"
)]
enum RawGives {
    Status { status: String },
    Outcome(Box<RawExpect>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Ledger, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Ledger::read(file.path(), &Spec::embedded().unwrap()).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_star_stays_within_its_segment() {
        assert!(matches("arith/*/overflow-*", "arith/add/overflow-of-two"));
        assert!(matches("*/*", "arith/add"));
        assert!(matches("a*b*c", "axxbyyc"));
        assert!(!matches("arith/*", "arith/add/one"));
        assert!(!matches("arith/add", "arith/add/one"));
        assert!(!matches("a*b", "axxbyy"));
    }

    #[test]
    fn the_very_name_wins_over_a_pattern_and_two_patterns_are_an_error() {
        let ledger = read(concat!(
            "known:\n",
            "  - {name: a/b, gives: {status: crash}, why: w}\n",
            "  - {name: a/*, gives: {status: ok}, why: w}\n",
            "  - {name: '*/c', gives: {result: null}, why: w}\n",
        ))
        .unwrap();
        assert_eq!(ledger.entry("a/b").unwrap().unwrap().gives, Gives::Crash);
        assert_eq!(ledger.entry("a/d").unwrap().unwrap().gives, Gives::Status(Status::Ok));
        assert!(ledger.entry("a/c").unwrap_err().contains("both match a/c"));
        assert!(ledger.entry("x/y").unwrap().is_none());
        assert_eq!(
            ledger.stale(&["a/b", "a/d"]).map(|entry| entry.name.as_str()).collect::<Vec<_>>(),
            ["*/c"]
        );
    }

    #[test]
    fn a_ledger_without_reasons_is_refused() {
        assert!(
            read("known:\n  - {name: a, gives: {result: 1}, why: ''}\n")
                .unwrap_err()
                .contains(":2: \"a\" has no reason")
        );
        assert!(
            read("known:\n  - {name: a, gives: {status: odd}, why: w}\n").unwrap_err().contains("\"odd\"")
        );
        assert!(read("known:\n  - {name: a, gives: {resul: 1}, why: w}\n").is_err());
        let twice =
            "known:\n  - {name: a, gives: {result: 1}, why: w}\n  - {name: a, gives: {result: 1}, why: w}\n";
        assert!(read(twice).unwrap_err().contains("listed twice"));
    }
}
