//! The declarations of `values.yaml`: types, casts, costs and the limits of a run.

use serde::Deserialize;

/// `values.yaml`: types, casts, costs and the limits of a run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// The types, in order of their ids.
    pub types: Vec<TypeEntry>,
    /// Names for sets of types.
    pub classes: Vec<ClassEntry>,
    /// The casts there are.
    pub casts: Vec<CastEntry>,
    /// What an assertion can check.
    pub assert_kinds: Vec<AssertKindEntry>,
    /// The memory cost model.
    pub costs: Vec<CostEntry>,
    /// The limits of a run.
    pub run_limits: Vec<RunLimitEntry>,
    /// The weight over which an outcome elides a value.
    pub outcome_weight_limit: u64,
    /// How many bytes of a value's text a trace digest takes in.
    pub trace_text_bytes: usize,
    /// How many instructions a trace holds.
    pub trace_steps: usize,
    /// How many open scopes a frame remembers.
    pub tracked_scopes: usize,
}

/// One type of value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeEntry {
    /// The id that instructions encode.
    pub id: u8,
    /// The name, as in `int`.
    pub name: String,
    /// The name as some messages show it, as in `Int`.
    pub title: String,
    /// When a value of the type counts as false; never, where the file does not say.
    #[serde(default)]
    pub false_when: Option<String>,
    /// The text form.
    pub text: String,
    /// An example of its form in an outcome.
    pub json: String,
    /// The Python type it becomes.
    pub python: String,
    /// Whether expressions of the language can have it. If so, `static_types` of `language.yaml` has to say which.
    #[serde(default = "yes")]
    pub language: bool,
    /// What else a reader must know.
    #[serde(default)]
    pub notes: Option<String>,
}

fn yes() -> bool {
    true
}

/// A name for a set of types.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassEntry {
    /// The name that rules use.
    pub name: String,
    /// The types in it.
    pub types: Vec<String>,
}

/// One cast.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CastEntry {
    /// The target type.
    pub to: String,
    /// The source type or class.
    pub from: String,
    /// What it gives.
    pub gives: String,
    /// The condition on the value; none, where the file does not say.
    #[serde(default)]
    pub when: Option<String>,
}

/// One kind of assertion.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssertKindEntry {
    /// The id that instructions encode.
    pub id: u8,
    /// The name in assembly.
    pub name: String,
    /// Whether two ends of a range follow.
    pub takes_range: bool,
    /// When it holds.
    pub passes_when: String,
}

/// One entry of the memory cost model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostEntry {
    /// What is charged.
    pub name: String,
    /// How many bytes.
    pub bytes: u64,
    /// What it covers.
    pub summary: String,
}

/// One limit of a run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunLimitEntry {
    /// The name, as in `max_steps`.
    pub name: String,
    /// What it counts.
    pub unit: String,
    /// Its default.
    pub default: LimitDefault,
    /// The error that says it was reached.
    pub error: String,
}

/// The default of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum LimitDefault {
    /// That many.
    Number(u64),
    /// No limit.
    Word(NoLimit),
}

/// The word for "no limit".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoLimit {
    /// There is no limit.
    None,
}
