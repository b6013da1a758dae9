//! `state.yaml`: the state of a run between two instructions.

use serde::Deserialize;

/// `state.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The extension of a file with a state.
    pub extension: String,
    /// The version of the form.
    pub version: u64,
    /// What fields may hold.
    pub forms: Vec<Form>,
    /// The fields of a state, in order.
    pub fields: Vec<StateField>,
    /// The fields of a frame, in order.
    pub frame: Vec<StateField>,
    /// The kinds of objects.
    pub objects: Vec<StateField>,
    /// The kinds of values that are no JSON value as such.
    pub values: Vec<StateField>,
    /// What else holds.
    pub rules: Vec<String>,
}

/// What a field may hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The name that fields use.
    pub name: String,
    /// The JSON Schema, with other forms in braces.
    pub schema: String,
    /// What it is, in one line.
    pub summary: String,
}

/// A field with its form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateField {
    /// The name in JSON.
    pub name: String,
    /// The name of its form.
    pub form: String,
    /// What it is, in one line.
    pub summary: String,
}

impl State {
    /// The lists of fields, by their keys in the file.
    #[must_use]
    pub fn lists(&self) -> [(&'static str, &[StateField]); 4] {
        [
            ("fields", &self.fields),
            ("frame", &self.frame),
            ("objects", &self.objects),
            ("values", &self.values),
        ]
    }

    /// The JSON Schema of a form, with no other form in it; none for an unknown form or one that has itself in it.
    #[must_use]
    pub fn schema_of(&self, form: &str) -> Option<String> {
        let place = self.forms.iter().position(|one| one.name == form)?;
        let mut schema = self.forms[place].schema.clone();
        // Only those before it may be in it, so it ends.
        for inner in self.forms[..place].iter().rev() {
            schema = schema.replace(&format!("{{{}}}", inner.name), &inner.schema);
        }
        Some(schema)
    }
}
