//! The declarations of `errors.yaml`: kinds, messages and their fields.

use serde::Deserialize;

/// `errors.yaml`: every error and its message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errors {
    /// What an instruction may have expected.
    pub expectations: Vec<Phrase>,
    /// Operations that messages name.
    pub operations: Vec<Phrase>,
    /// Errors of loading.
    pub load: Vec<ErrorEntry>,
    /// Errors of instructions.
    pub run: Vec<ErrorEntry>,
    /// Limits of a run.
    pub limit: Vec<ErrorEntry>,
    /// Errors of the host.
    pub host: Vec<ErrorEntry>,
    /// Errors of reading a state.
    pub state: Vec<ErrorEntry>,
}

impl Errors {
    /// The errors that can end a run: those of instructions, of limits and of the host, in that order.
    pub fn of_runs(&self) -> impl Iterator<Item = &ErrorEntry> {
        self.run.iter().chain(&self.limit).chain(&self.host)
    }
}

/// A name and the text that messages show for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrase {
    /// The name.
    pub name: String,
    /// The text.
    pub text: String,
}

/// One kind of error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorEntry {
    /// The kind that outcomes show.
    pub kind: String,
    /// The message of the variant that bears the kind's name.
    pub message: String,
    /// The fields of that message.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What happened.
    pub summary: String,
    /// Other messages under the same kind.
    #[serde(default)]
    pub variants: Vec<Variant>,
}

impl ErrorEntry {
    /// All variants, the one that bears the kind's name first.
    #[must_use]
    pub fn all_variants(&self) -> Vec<Variant> {
        let first = Variant {
            name: self.kind.clone(),
            message: self.message.clone(),
            fields: self.fields.clone(),
            summary: self.summary.clone(),
        };
        std::iter::once(first).chain(self.variants.iter().cloned()).collect()
    }
}

/// One message of an error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// The template.
    pub message: String,
    /// The fields of the template.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What happened.
    pub summary: String,
}

/// One field of an error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name in the template.
    pub name: String,
    /// One of the field types.
    #[serde(rename = "type")]
    pub kind: String,
}
