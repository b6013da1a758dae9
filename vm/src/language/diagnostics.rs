//! What the front end says of a page: errors and warnings, with their places, as people read them.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use super::draw::{self, Excerpt, Part};
use super::source::{Place, Source};
use super::tables::{DiagnosticKind, Problem, Severity, limits};

/// An error or a warning of a page.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    problem: Problem,
    place: Place,
    suggestion: Option<String>,
    /// What helps against this one more than what helps against all of its kind.
    hint: Option<String>,
    /// What to show of the line; only the first of many have it.
    excerpt: Option<Excerpt>,
}

impl Diagnostic {
    /// Its kind, as `diagnostics` of `spec/language.yaml` declares them.
    #[must_use]
    pub fn kind(&self) -> DiagnosticKind {
        self.problem.kind()
    }

    /// Whether it is an error, which keeps the page from being compiled, or a warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.kind().severity()
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// What is wrong. It may hold text of the page as it is there, control characters too.
    #[must_use]
    pub fn message(&self) -> String {
        self.problem.message()
    }

    /// What helps against it, or against problems of its kind.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.hint.clone().or_else(|| self.problem.hint())
    }

    /// A name or word of the page or the language that may be meant.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    fn draw(&self, name: &str, colour: bool) -> String {
        let mut help: Vec<String> = Vec::new();
        help.extend(self.suggestion.as_ref().map(|suggestion| format!("did you mean {suggestion}?")));
        help.extend(self.hint());
        let part = Part {
            title: draw::Title { severity: Some(self.severity()), id: Some(self.kind().name()) },
            message: self.message(),
            place: self.place,
            excerpt: self.excerpt.clone(),
            help,
        };
        draw::draw(&[part], name, colour)
    }
}

/// The errors and warnings of a page, in order of their places.
///
/// ```
/// use machine_dialect_vm::language;
///
/// let found = language::compile("Say `tea`.\n", "hello.md").unwrap_err();
/// let first = found.iter().next().unwrap();
/// assert_eq!((first.kind().name(), first.place().line, first.place().column), ("UndefinedName", 1, 5));
/// assert!(found.render(false).starts_with("error[UndefinedName]: no variable `tea` here"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    /// The file they are about.
    name: String,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Whether there is an error among them.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|one| one.severity() == Severity::Error)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Each of them, in order of their places.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// As people read them: each with its line and a mark under what it is about. What comes from the page is shown so that it
    /// cannot command a terminal. Of very many the first are shown and the rest counted.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let shown = usize::try_from(limits::SHOWN_DIAGNOSTICS).unwrap_or(usize::MAX);
        let mut text = String::new();
        for diagnostic in self.list.iter().take(shown) {
            let _ = writeln!(text, "{}\n", diagnostic.draw(&self.name, colour).trim_end());
        }
        if let Some(more) = self.list.len().checked_sub(shown).filter(|more| *more > 0) {
            let _ = writeln!(text, "and {more} more");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }

    /// As JSON, in the form of an outcome's `diagnostics`.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let one = |diagnostic: &Diagnostic| {
            let mut fields = serde_json::json!({
                "kind": diagnostic.kind().name(),
                "severity": severity_name(diagnostic.severity()),
                "line": diagnostic.place.line,
                "column": diagnostic.place.column,
                "message": diagnostic.message(),
            });
            if let (Some(hint), Some(object)) = (diagnostic.hint(), fields.as_object_mut()) {
                object.insert("hint".to_owned(), hint.into());
            }
            fields
        };
        self.list.iter().map(one).collect()
    }
}

/// `error` or `warning`.
#[cfg(any(feature = "json", feature = "pyo3"))]
pub(crate) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Diagnostics {}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What was found so far, in the order in which it was found.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    list: Vec<Report>,
}

#[derive(Debug)]
struct Report {
    at: u32,
    end: u32,
    problem: Problem,
    help: Help,
}

/// What may be meant instead, and what helps more than the hint of the kind.
#[derive(Debug, Default)]
pub(crate) struct Help {
    pub(crate) suggestion: Option<String>,
    pub(crate) hint: Option<String>,
}

impl Reports {
    /// Takes note of a problem that is from `at` to `end`.
    pub(crate) fn add(&mut self, at: u32, end: u32, problem: Problem) {
        self.list.push(Report { at, end: end.max(at), problem, help: Help::default() });
    }

    /// As [`Self::add`], with what may be meant instead. `find` is not asked for more of them than are shown.
    pub(crate) fn suggest(
        &mut self,
        at: u32,
        end: u32,
        problem: Problem,
        find: impl FnOnce() -> Option<String>,
    ) {
        self.help(at, end, problem, || Help { suggestion: find(), hint: None });
    }

    /// As [`Self::add`], with what helps. `find` is not asked for more of them than are shown.
    pub(crate) fn help(&mut self, at: u32, end: u32, problem: Problem, find: impl FnOnce() -> Help) {
        let is_shown = (self.list.len() as u64) < u64::from(limits::SHOWN_DIAGNOSTICS);
        let help = if is_shown { find() } else { Help::default() };
        self.list.push(Report { at, end: end.max(at), problem, help });
    }

    /// Takes back what was reported of that kind at a place.
    pub(crate) fn withdraw(&mut self, kind: DiagnosticKind, at: u32) {
        self.list.retain(|report| report.at != at || report.problem.kind() != kind);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.list.iter().any(|report| report.problem.kind().severity() == Severity::Error)
    }

    pub(crate) fn finish(mut self, source: &Source<'_>, name: &str) -> Diagnostics {
        // At one place errors come first, then kinds in their order (rule Diagnosing).
        self.list.sort_by_key(|report| {
            let kind = report.problem.kind();
            (report.at, kind.severity() != Severity::Error, kind as usize)
        });
        let (mut place, mut said) = (None, HashSet::new());
        self.list.retain(|report| {
            if place.replace(report.at) != Some(report.at) {
                said.clear();
            }
            said.insert((report.problem.kind().name(), report.problem.message()))
        });
        let shown = usize::try_from(limits::SHOWN_DIAGNOSTICS).unwrap_or(usize::MAX);
        let diagnostic = |(index, report): (usize, Report)| {
            let place = source.place(report.at);
            let excerpt = (index < shown).then(|| {
                let width = source.slice(report.at, report.end).lines().next().unwrap_or("").chars().count();
                Excerpt::new(source.line(place.line), place.column as usize, width)
            });
            let Help { suggestion, hint } = report.help;
            Diagnostic { problem: report.problem, place, suggestion, hint, excerpt }
        };
        let list = self.list.into_iter().enumerate().map(diagnostic).collect();
        Diagnostics { name: name.to_owned(), list }
    }
}

/// How many candidates a suggestion is chosen from, and how long they may be.
const CANDIDATES: usize = 1000;
const LONGEST: usize = 40;

/// The candidate nearest to `meant`, if one is near: with one change for every three characters at the most.
///
/// ```
/// use machine_dialect_vm::language::nearest;
///
/// assert_eq!(nearest("sya", ["Set", "Say"].into_iter()), Some("Say"));
/// assert_eq!(nearest("tea", ["Set", "Say"].into_iter()), None);
/// ```
pub fn nearest<'c>(meant: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let meant: Vec<char> = meant.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect();
    if meant.len() > LONGEST {
        return None;
    }
    let most = (meant.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.take(CANDIDATES) {
        let other: Vec<char> = candidate.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect();
        if other.len() > LONGEST || other.len().abs_diff(meant.len()) > most {
            continue;
        }
        let distance = distance(&meant, &other);
        // A word of one letter is near to any other.
        if distance <= most && distance < meant.len() && best.is_none_or(|(known, _)| distance < known) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many characters must be put in, taken out, replaced, or swapped with the next to make one text of the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: [Vec<usize>; 3] = [vec![0; b.len() + 1], (0..=b.len()).collect(), vec![0; b.len() + 1]];
    for (i, left) in a.iter().enumerate() {
        let [before, above, row] = &mut rows;
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(left != right);
            row[j + 1] = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            let is_swapped = i > 0 && j > 0 && a[i - 1] == *right && *left == b[j - 1];
            if is_swapped {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested() {
        let names = ["Set", "Say", "Define", "count"];
        assert_eq!(nearest("Sya", names.into_iter()), Some("Say"));
        assert_eq!(nearest("cuont", names.into_iter()), Some("count"));
        assert_eq!(nearest("Defin", names.into_iter()), Some("Define"));
        assert_eq!(nearest("tea", names.into_iter()), None);
        assert_eq!(nearest("x", ["y"].into_iter()), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), names.into_iter()), None);
    }
}
