//! Programs as cases: pages of Machine Dialect, and what running each must come to.
//!
//! A page is compiled by the VM and evaluated by the reference, which never compiles, so the two share no more than the tables of
//! `spec/language.yaml`. Pages are in `spec/programs` and `conformance/corpus`, each with a file beside it that says what is
//! expected ([`read`]); more follow from the specification itself ([`generated`]). [`judge`] holds an answer against an expectation and
//! two answers against each other, [`suite`] has all voices answer, and [`obligations`] says what the programs owe the language.

pub mod generated;
pub mod judge;
pub mod obligations;
pub mod read;
pub mod suite;

use std::collections::{BTreeMap, BTreeSet};

use mdvm_spec::{Problems, Spec};

use crate::case::Origin;
use crate::plug::{Request, Subject};
use crate::value::ValueText;

/// What every id of a program begins with.
pub const PREFIX: &str = "programs/";

/// A page, how to run it, and what that must come to.
#[derive(Debug, Clone)]
pub struct Program {
    /// The name by which filters and reports know it, as in `programs/lists/for-each`.
    pub id: String,
    /// Where it is.
    pub origin: Origin,
    /// The name of its file, as implementations are given it.
    pub name: String,
    /// The page.
    pub source: String,
    /// The limits of the run that are not the default ones, by name.
    pub limits: BTreeMap<String, u64>,
    /// The rules of `spec/language.yaml` that it is evidence for.
    pub pins: BTreeSet<String>,
    /// What it must come to.
    pub expect: Expectation,
}

/// What a program must come to. What is None is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expectation {
    /// What it prints.
    pub stdout: Option<String>,
    /// How it ends, when it is compiled.
    pub end: Option<End>,
    /// What is said of the page.
    pub diagnostics: Diagnostics,
}

/// How a program ends that was compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With a result; None is any.
    Result(Option<ValueText>),
    /// With an error of that kind at a line, and a column where the program says it.
    Error {
        /// One of the kinds of `spec/errors.yaml`.
        kind: String,
        /// The line of the page.
        line: u64,
        /// The column of the line.
        column: Option<u64>,
    },
}

/// The diagnostics that are expected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Diagnostics {
    /// Nothing is said of them.
    #[default]
    Any,
    /// These, in order, and no others.
    Whole(Vec<Expected>),
    /// This one, among others perhaps.
    Among(Expected),
}

/// One expected diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// One of the kinds of `spec/language.yaml`.
    pub kind: String,
    /// Whether it is an error, as the specification says of the kind.
    pub is_error: bool,
    /// The line of the page.
    pub line: u64,
    /// The column, where the program says it.
    pub column: Option<u64>,
}

impl Program {
    /// The request that has an implementation run it.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        static NONE: BTreeMap<String, ValueText> = BTreeMap::new();
        Request {
            subject: Subject::Source { text: &self.source, name: &self.name },
            limits: &self.limits,
            globals: &NONE,
            trace: false,
            schedule: None,
        }
    }

    /// File and line.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", crate::paths::shown(&self.origin.file), self.origin.line)
    }
}

/// Every program of the suite, in order of their ids.
///
/// # Errors
/// Gives what is wrong with any of the files.
pub fn all(spec: &Spec) -> Result<Vec<Program>, Problems> {
    let mut programs = read::folder(&read::programs_folder(), PREFIX, spec)?;
    programs.extend(read::corpus(&crate::corpus::folder(), spec)?);
    programs.extend(generated::programs(spec));
    programs.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(programs)
}
