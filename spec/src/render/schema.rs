//! A JSON Schema for case files, so that editors check and complete them.

use std::fmt::Write as _;

use crate::Spec;

/// `spec/cases.schema.json`.
#[must_use]
pub fn cases(spec: &Spec) -> String {
    let list = |names: &mut dyn Iterator<Item = String>| {
        names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    };
    let mnemonics = list(&mut spec.isa.opcodes.iter().map(|opcode| opcode.mnemonic()));
    let load = list(&mut spec.errors.load.iter().map(|entry| entry.kind.clone()));
    let run = list(&mut spec.errors.run.iter().chain(&spec.errors.limit).map(|entry| entry.kind.clone()));
    let mut limits = String::new();
    for (index, limit) in spec.values.run_limits.iter().enumerate() {
        let comma = if index > 0 { ",\n" } else { "" };
        let _ = write!(
            limits,
            "{comma}            \"{}\": {{ \"type\": [\"integer\", \"null\"], \"minimum\": 0, \"description\": \"in {}\" }}",
            limit.name, limit.unit
        );
    }
    let comment =
        super::banner("spec/isa.yaml, spec/values.yaml and spec/errors.yaml", super::WRITE).replace('"', "'");
    format!(
        r##"{{
  "$comment": "{comment}",
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Conformance cases of Machine Dialect bytecode",
  "type": "object",
  "required": ["covers", "cases"],
  "additionalProperties": false,
  "properties": {{
    "covers": {{ "$ref": "#/$defs/covers" }},
    "cases": {{
      "type": "array",
      "minItems": 1,
      "items": {{
        "type": "object",
        "required": ["name", "expect"],
        "oneOf": [{{ "required": ["asm"] }}, {{ "required": ["file"] }}, {{ "required": ["hex"] }}],
        "additionalProperties": false,
        "properties": {{
          "name": {{ "type": "string", "minLength": 1, "description": "the behaviour, in plain words" }},
          "asm": {{ "type": "string", "description": "the module as assembly" }},
          "file": {{ "type": "string", "description": "a module in the folder conformance" }},
          "hex": {{ "type": "string", "description": "the bytes of the module" }},
          "covers": {{ "$ref": "#/$defs/covers" }},
          "limits": {{
            "type": "object",
            "additionalProperties": false,
            "properties": {{
{limits}
            }}
          }},
          "globals": {{ "type": "object", "description": "globals the run begins with" }},
          "schedule": {{
            "type": "object",
            "description": "where the run leaves a faster tier although it need not; implementations run without it whose handshake does not say that they take it",
            "additionalProperties": false,
            "properties": {{
              "exit": {{ "$ref": "#/$defs/places", "description": "exits that are taken, by number" }},
              "of": {{ "type": "string", "description": "only exits of that kind are counted: tier, specialised instruction, types of what it reads" }},
              "refuse": {{ "$ref": "#/$defs/places", "description": "entries into a tier, and stubs, that are refused" }},
              "unmap": {{ "$ref": "#/$defs/places", "description": "requests for executable memory that fail" }},
              "switches": {{ "type": "integer", "minimum": 0, "description": "the seed by which techniques are switched off" }}
            }}
          }},
          "expect": {{
            "type": "object",
            "minProperties": 1,
            "additionalProperties": false,
            "properties": {{
              "result": {{ "description": "what the program returns" }},
              "stdout": {{ "type": "string" }},
              "steps": {{ "type": "integer", "minimum": 0 }},
              "globals": {{ "type": "object" }},
              "error": {{ "enum": [{run}] }},
              "load_error": {{ "enum": [{load}] }},
              "message": {{ "type": "string" }},
              "pc": {{ "type": "integer", "minimum": 0 }},
              "function": {{ "type": "string" }}
            }}
          }}
        }}
      }}
    }}
  }},
  "$defs": {{
    "covers": {{ "type": "array", "items": {{ "enum": [{mnemonics}] }} }},
    "places": {{ "type": "array", "uniqueItems": true, "items": {{ "type": "integer", "minimum": 1 }} }}
  }}
}}
"##
    )
}
