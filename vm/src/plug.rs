//! The plug: JSON Lines in, JSON Lines out, one run each. It is how a conformance harness talks to this machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::errors::LoadError;
use crate::outcome;
use crate::value::json::{from_json, too_large_int};
use crate::values::{Limits, TRACE_STEPS};
use crate::vm::{Run, Tiers, Vm};
use crate::{Module, TraceStep};

/// The protocol that [`answer`] speaks.
pub const PROTOCOL: u32 = 1;

/// The first line that the machine says, without its newline.
#[must_use]
pub fn handshake() -> String {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    format!(r#"{{"protocol": {PROTOCOL}, "name": "{name}", "version": "{version}"}}"#)
}

/// The answer to a request, both one line without its newline. A request that makes no sense is answered too, with an
/// `error` that says why.
#[must_use]
pub fn answer(request: &str) -> String {
    answer_in(request, Tiers::default())
}

/// The same, by a run that is made of the code of those tiers.
#[must_use]
pub fn answer_in(request: &str, tiers: Tiers) -> String {
    let parsed: Result<Json, _> = serde_json::from_str(request);
    let raw = fields_of(request);
    // As the text it was: a number may be longer than any type of ours.
    let id = raw.get("id").map_or("null", |id| id.get());
    match parsed
        .map_err(|error| format!("the request is no JSON: {error}"))
        .and_then(|json| match raw.get("globals").and_then(|globals| too_large_int(globals.get())) {
            Some(number) => Err(format!("`globals`: {number} does not fit an int of 64 bits")),
            None => Request::read(&json),
        }) {
        Ok(request) => format!(r#"{{"id": {id}, {}}}"#, request.carry_out(tiers)),
        Err(error) => format!(r#"{{"id": {id}, "error": {}}}"#, Json::from(error)),
    }
}

/// The texts of the fields of an object.
fn fields_of(request: &str) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(request).unwrap_or_default()
}

struct Request {
    module: Vec<u8>,
    limits: Limits,
    globals: Vec<(String, crate::Value)>,
    trace: bool,
}

impl Request {
    fn read(json: &Json) -> Result<Self, String> {
        let fields = json.as_object().ok_or("the request is no JSON object")?;
        let known = ["id", "module", "limits", "globals", "trace"];
        if let Some(name) = fields.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(format!(
                "the request has the unknown field `{name}`; there are {}",
                known.join(", ")
            ));
        }
        if !fields.contains_key("id") {
            return Err("the request has no `id`".to_owned());
        }
        let module =
            fields.get("module").and_then(Json::as_str).ok_or("the request has no `module` in base64")?;
        let module = base64::engine::general_purpose::STANDARD
            .decode(module)
            .map_err(|error| format!("the module is no base64: {error}"))?;
        Ok(Self {
            module,
            limits: optional(fields, "limits", read_limits)?.unwrap_or_default(),
            globals: optional(fields, "globals", read_globals)?.unwrap_or_default(),
            trace: optional(fields, "trace", |json| json.as_bool().ok_or("`trace` is no bool".to_owned()))?
                .unwrap_or_default(),
        })
    }

    /// The fields of the answer.
    fn carry_out(self, tiers: Tiers) -> String {
        let module = match Module::decode(&self.module) {
            Ok(module) => module,
            Err(error) => return load_error(&error),
        };
        let vm = Vm::new(module);
        let mut stdout = String::new();
        let mut steps = Vec::new();
        let mut trace = |step: TraceStep| {
            if steps.len() < TRACE_STEPS {
                steps.push(step);
            }
        };
        // What is collected in memory must have an end.
        let max_output = self.limits.max_output.or(Limits::default().max_memory);
        let mut run = Run::new(&mut stdout).limits(Limits { max_output, ..self.limits }).tiers(tiers);
        for (name, value) in self.globals {
            run = run.global(name, value);
        }
        if self.trace {
            run = run.trace(&mut trace);
        }
        let result = vm.run(run);
        let outcome = outcome::of_run(&result, &stdout);
        if self.trace {
            format!(r#""outcome": {outcome}, "trace": [{}]"#, trace_json(&steps))
        } else {
            format!(r#""outcome": {outcome}"#)
        }
    }
}

fn load_error(error: &LoadError) -> String {
    format!(r#""outcome": {}"#, outcome::of_load_error(error))
}

fn trace_json(steps: &[TraceStep]) -> String {
    let mut out = String::new();
    for (index, TraceStep { pc, digest }) in steps.iter().enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        // Writing to a string cannot fail.
        let _ = match digest {
            Some(digest) => write!(out, r#"[{pc}, "{digest:016x}"]"#),
            None => write!(out, r#"[{pc}, ""]"#),
        };
    }
    out
}

/// A field that may be missing or null.
fn optional<T>(
    fields: &Map<String, Json>,
    name: &str,
    read: impl FnOnce(&Json) -> Result<T, String>,
) -> Result<Option<T>, String> {
    fields.get(name).filter(|json| !json.is_null()).map(read).transpose()
}

fn read_limits(json: &Json) -> Result<Limits, String> {
    let mut limits = Limits::default();
    for (name, value) in json.as_object().ok_or("`limits` is no JSON object")? {
        let Some(limit) = limits.by_name(name) else {
            return Err(format!("there is no limit `{name}`; there are {}", Limits::NAMES.join(", ")));
        };
        *limit = if value.is_null() {
            None
        } else {
            Some(value.as_u64().ok_or_else(|| format!("limit `{name}` is {value}, not a whole number"))?)
        };
    }
    Ok(limits)
}

fn read_globals(json: &Json) -> Result<Vec<(String, crate::Value)>, String> {
    let globals = json.as_object().ok_or("`globals` is no JSON object")?;
    globals
        .iter()
        .map(|(name, value)| {
            from_json(value)
                .map(|value| (name.clone(), value))
                .map_err(|error| format!("global `{name}`: {error}"))
        })
        .collect()
}
