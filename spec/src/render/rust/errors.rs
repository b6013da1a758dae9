//! The error enums, with their messages.

use std::fmt::Write as _;

use super::{identifier, literal, sentence};
use crate::Spec;
use crate::model::{ErrorEntry, FieldType, Phrase, Variant, pascal_case};

pub(super) fn render(spec: &Spec) -> String {
    let mut out = super::header("spec/errors.yaml");
    render_phrases("Expected", "What an instruction expected.", &spec.errors.expectations, &mut out);
    render_phrases("Operation", "An operation that a type does not have.", &spec.errors.operations, &mut out);
    let load: Vec<&ErrorEntry> = spec.errors.load.iter().collect();
    render_errors("LoadError", "Why a module cannot be loaded.", &load, &mut out);
    let runtime: Vec<&ErrorEntry> = spec.errors.of_runs().collect();
    render_errors("RuntimeError", "Why a run ended before the program did.", &runtime, &mut out);
    let state: Vec<&ErrorEntry> = spec.errors.state.iter().collect();
    render_errors("StateError", "Why a run cannot go on from a state.", &state, &mut out);
    out
}

fn render_phrases(name: &str, doc: &str, phrases: &[Phrase], out: &mut String) {
    let _ = writeln!(out, "\n/// {doc}");
    let _ = writeln!(out, "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\npub enum {name} {{");
    for phrase in phrases {
        let _ = writeln!(out, "    /// `{}`", phrase.text);
        let _ = writeln!(out, "    {},", pascal_case(&phrase.name));
    }
    let _ = writeln!(out, "}}\n\nimpl fmt::Display for {name} {{");
    let _ = writeln!(
        out,
        "    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\n        f.write_str(match self {{"
    );
    for phrase in phrases {
        let _ =
            writeln!(out, "            Self::{} => {},", pascal_case(&phrase.name), literal(&phrase.text));
    }
    let _ = writeln!(out, "        }})\n    }}\n}}");
}

fn render_errors(name: &str, doc: &str, entries: &[&ErrorEntry], out: &mut String) {
    let _ = writeln!(out, "\n/// {doc} Its text is the message that the specification declares.");
    let _ =
        writeln!(out, "#[derive(Debug, Clone, PartialEq, Eq)]\n#[allow(missing_docs)]\npub enum {name} {{");
    for variant in entries.iter().flat_map(|entry| entry.all_variants()) {
        let _ = writeln!(out, "    /// {}.", sentence(&variant.summary));
        let fields: Vec<String> = variant
            .fields
            .iter()
            .map(|field| format!("{}: {}", identifier(&field.name), rust_type(&field.kind)))
            .collect();
        let body = if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
        let _ = writeln!(out, "    {}{body},", variant.name);
    }
    let _ = writeln!(out, "}}\n\n/// The kind of a [`{name}`], as outcomes show it.");
    let _ = writeln!(out, "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\npub enum {name}Kind {{");
    for entry in entries {
        let _ = writeln!(out, "    /// {}.", sentence(&entry.summary));
        let _ = writeln!(out, "    {},", entry.kind);
    }
    let _ = writeln!(out, "}}\n\nimpl {name}Kind {{");
    let _ = writeln!(out, "    /// Every kind.\n    pub const ALL: &'static [Self] = &[");
    for entry in entries {
        let _ = writeln!(out, "        Self::{},", entry.kind);
    }
    let _ = writeln!(out, "    ];\n\n    /// The name of the kind.");
    let _ = writeln!(out, "    #[must_use]\n    pub fn name(self) -> &'static str {{\n        match self {{");
    for entry in entries {
        let _ = writeln!(out, "            Self::{0} => \"{0}\",", entry.kind);
    }
    let _ = writeln!(out, "        }}\n    }}\n}}");

    let _ = writeln!(out, "\nimpl {name} {{\n    /// The kind of the error.");
    let _ = writeln!(out, "    #[must_use]\n    pub fn kind(&self) -> {name}Kind {{\n        match self {{");
    for entry in entries {
        for variant in entry.all_variants() {
            let rest = if variant.fields.is_empty() { "" } else { " { .. }" };
            let _ = writeln!(out, "            Self::{}{rest} => {name}Kind::{},", variant.name, entry.kind);
        }
    }
    let _ = writeln!(out, "        }}\n    }}\n}}");

    let _ = writeln!(out, "\nimpl fmt::Display for {name} {{");
    let _ = writeln!(
        out,
        "    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\n        match self {{"
    );
    for variant in entries.iter().flat_map(|entry| entry.all_variants()) {
        render_message(&variant, out);
    }
    let _ = writeln!(out, "        }}\n    }}\n}}\n\nimpl std::error::Error for {name} {{}}");
}

fn render_message(variant: &Variant, out: &mut String) {
    if variant.fields.is_empty() {
        let _ = writeln!(
            out,
            "            Self::{} => f.write_str({}),",
            variant.name,
            literal(&variant.message)
        );
        return;
    }
    let names: Vec<String> = variant.fields.iter().map(|field| identifier(&field.name)).collect();
    // A field that does not show itself as the message wants it is passed by name.
    let shown: String = variant
        .fields
        .iter()
        .filter_map(|field| {
            let name = identifier(&field.name);
            let how = match FieldType::from_name(&field.kind)? {
                FieldType::Title => format!("{name}.title()"),
                FieldType::Bytes => format!("Hex({name})"),
                FieldType::Type if name != field.name => name.clone(),
                FieldType::Uint
                | FieldType::Int
                | FieldType::Text
                | FieldType::Type
                | FieldType::Expectation
                | FieldType::Operation => return None,
            };
            Some(format!(", {} = {how}", identifier(&field.name)))
        })
        .collect();
    let (pattern, message) = (names.join(", "), literal(&variant.message));
    let _ =
        writeln!(out, "            Self::{} {{ {pattern} }} => write!(f, {message}{shown}),", variant.name);
}

fn rust_type(kind: &str) -> &'static str {
    match FieldType::from_name(kind) {
        Some(FieldType::Int) => "i64",
        Some(FieldType::Text) => "String",
        Some(FieldType::Type | FieldType::Title) => "TypeId",
        Some(FieldType::Expectation) => "Expected",
        Some(FieldType::Operation) => "Operation",
        Some(FieldType::Bytes) => "[u8; 4]",
        Some(FieldType::Uint) | None => "u64",
    }
}
