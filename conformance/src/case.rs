//! A case: a module, how to run it, and what that must come to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::outcome::Outcome;
use crate::plug::{Request, Subject};
use crate::schedule::Schedule;
use crate::value::ValueText;

/// A module, how to run it, and what that must come to.
#[derive(Debug, Clone)]
pub struct Case {
    /// The name by which filters, ledgers and reports know it, as in `arith/add/overflow-is-an-error-not-a-wrap`.
    pub id: String,
    /// Where it is.
    pub origin: Origin,
    /// The bytes of the module, which need not be one that loads.
    pub module: Vec<u8>,
    /// The limits of the run that are not the default ones, by name.
    pub limits: BTreeMap<String, u64>,
    /// The globals there are before the run.
    pub globals: BTreeMap<String, ValueText>,
    /// Where the run is forced out of faster tiers, if anywhere. Only some implementations take that.
    pub schedule: Option<Schedule>,
    /// What is expected of the outcome; what it does not say is not compared. Where nothing is expected at all, any outcome
    /// will do, and implementations are only compared with each other.
    pub expect: Option<Outcome>,
    /// The mnemonics of the opcodes that it claims to be evidence for.
    pub covers: BTreeSet<String>,
}

/// Where a case is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file; for a case that a program makes, whatever tells the reader where it came from.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// Its place among the cases of the file.
    pub index: usize,
}

impl Case {
    /// The request that has an implementation run it.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        Request {
            subject: Subject::Module(&self.module),
            limits: &self.limits,
            globals: &self.globals,
            trace: false,
            schedule: self.schedule.as_ref(),
        }
    }

    /// How many instructions it is expected to execute, as far as the case lets one tell. Schedules go by it.
    #[must_use]
    pub fn weight(&self) -> u64 {
        let steps = self.expect.as_ref().and_then(Outcome::steps);
        steps.or_else(|| self.limits.get("max_steps").copied()).unwrap_or(0)
    }

    /// File and line, as in `spec/cases/arith/add.yaml:12`.
    #[must_use]
    pub fn place(&self) -> String {
        let file = crate::paths::shown(&self.origin.file);
        format!("{file}:{}", self.origin.line)
    }
}

/// A name as it is in an id: in lower case, with `-` for every run of what is neither letter nor digit.
///
/// ```
/// use mdvm_conform::case::slug;
///
/// assert_eq!(slug("overflow is an error, not a wrap"), "overflow-is-an-error-not-a-wrap");
/// ```
#[must_use]
pub fn slug(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_keep_letters_and_digits_only() {
        assert_eq!(slug("  2^63 + 1: *too* big!  "), "2-63-1-too-big");
        assert_eq!(slug("Éa/b_c"), "éa-b-c");
        assert_eq!(slug("±"), "");
    }
}
