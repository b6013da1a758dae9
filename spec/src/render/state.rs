//! The state of a run: its section of the reference, and its JSON Schema.

use std::fmt::Write as _;

use super::cell;
use crate::Spec;
use crate::model::state::{State, StateField};

/// The section of the reference.
pub(super) fn section(state: &State, out: &mut String) {
    let _ = writeln!(
        out,
        "\n## States\n\nThe state of a run between two instructions, version {}: a JSON object, in a file `{}`. A run that stops and \
         goes on, in whatever implementation, has the outcome of one that does not. `spec/state.schema.json` is its JSON Schema.\n",
        state.version, state.extension
    );
    for rule in &state.rules {
        let _ = writeln!(out, "- {rule}");
    }
    for (title, fields) in [
        ("Fields", &state.fields),
        ("Fields of a frame", &state.frame),
        ("Objects", &state.objects),
        ("Values", &state.values),
    ] {
        let _ = writeln!(out, "\n### {title}\n\n| name | form | |\n|---|---|---|");
        for StateField { name, form, summary } in fields {
            let _ = writeln!(out, "| `{name}` | {form} | {} |", cell(summary));
        }
    }
    out.push_str("\n### Forms\n\n| form | |\n|---|---|\n");
    for form in &state.forms {
        let _ = writeln!(out, "| {} | {} |", form.name, cell(&form.summary));
    }
}

/// `spec/state.schema.json`.
#[must_use]
pub fn schema(spec: &Spec) -> String {
    let state = &spec.state;
    let comment = super::banner("spec/state.yaml", super::WRITE).replace('"', "'");
    format!(
        r##"{{
  "$comment": "{comment}",
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "The state of a run of Machine Dialect bytecode",
{},
  "$defs": {{
    "frame": {{
{}
    }},
    "object": {{ "anyOf": [
{}
    ] }},
    "tagged": {{ "anyOf": [
{}
    ] }}
  }}
}}
"##,
        record(state, &state.fields, "  "),
        record(state, &state.frame, "      "),
        choices(state, &state.objects),
        choices(state, &state.values),
    )
}

/// An object that has all of the fields and no others.
fn record(state: &State, fields: &[StateField], indent: &str) -> String {
    let required: Vec<String> = fields.iter().map(|field| format!("\"{}\"", field.name)).collect();
    let properties: Vec<String> = fields
        .iter()
        .map(|field| {
            format!("{indent}  \"{}\": {}", field.name, state.schema_of(&field.form).unwrap_or_default())
        })
        .collect();
    format!(
        "{indent}\"type\": \"object\",\n{indent}\"required\": [{}],\n{indent}\"additionalProperties\": false,\n{indent}\"properties\": \
         {{\n{}\n{indent}}}",
        required.join(", "),
        properties.join(",\n")
    )
}

/// Objects with one of the fields each.
fn choices(state: &State, fields: &[StateField]) -> String {
    let choice = |field: &StateField| {
        format!(
            "      {{ \"type\": \"object\", \"required\": [\"{0}\"], \"additionalProperties\": false, \"properties\": {{ \"{0}\": {1} }} }}",
            field.name,
            state.schema_of(&field.form).unwrap_or_default()
        )
    };
    fields.iter().map(choice).collect::<Vec<_>>().join(",\n")
}
