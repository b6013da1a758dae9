//! The plug: JSON Lines in, JSON Lines out, one run each. It is how a conformance harness talks to this machine.

use std::fmt::Write as _;

use base64::Engine as _;
use serde_json::{Map, Value as Json};

use crate::errors::LoadError;
use crate::outcome;
use crate::value::json::from_json;
#[cfg(feature = "language")]
use crate::values::format;
use crate::values::{Limits, TRACE_STEPS};
use crate::vm::{Completion, Failure, Run, Tiers, Vm};
use crate::{Module, TraceStep};

/// The protocol that [`answer`] speaks.
pub const PROTOCOL: u32 = 1;

/// The first line that the machine says, without its newline.
#[must_use]
pub fn handshake() -> String {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let sources = if cfg!(feature = "language") { r#", "sources": true"# } else { "" };
    format!(r#"{{"protocol": {PROTOCOL}, "name": "{name}", "version": "{version}"{sources}}}"#)
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
    let id = parsed.as_ref().ok().and_then(|json| json.get("id")).unwrap_or(&Json::Null).to_string();
    match parsed
        .map_err(|error| format!("the request is no JSON: {error}"))
        .and_then(|json| Request::read(&json))
    {
        Ok(request) => format!(r#"{{"id": {id}, {}}}"#, request.carry_out(tiers)),
        Err(error) => format!(r#"{{"id": {id}, "error": {}}}"#, Json::from(error)),
    }
}

/// What a request wants to be run.
enum Subject {
    Module(Vec<u8>),
    #[cfg(feature = "language")]
    Source {
        text: String,
        name: String,
    },
}

impl Subject {
    fn read(fields: &Map<String, Json>) -> Result<Self, String> {
        let text_of = |name: &str| fields.get(name).and_then(Json::as_str);
        #[cfg(feature = "language")]
        if fields.contains_key("source") {
            if fields.contains_key("module") {
                return Err("the request has both `source` and `module`".to_owned());
            }
            let text = text_of("source").ok_or("`source` is no string")?.to_owned();
            let name = match fields.get("name") {
                None => format::ENTRY_FUNCTION,
                Some(name) => name.as_str().ok_or("`name` is no string")?,
            };
            return Ok(Self::Source { text, name: name.to_owned() });
        }
        let module = text_of("module").ok_or("the request has no `module` in base64")?;
        let module = base64::engine::general_purpose::STANDARD.decode(module);
        module.map(Self::Module).map_err(|error| format!("the module is no base64: {error}"))
    }
}

struct Request {
    subject: Subject,
    limits: Limits,
    globals: Vec<(String, crate::Value)>,
    trace: bool,
}

impl Request {
    fn read(json: &Json) -> Result<Self, String> {
        let fields = json.as_object().ok_or("the request is no JSON object")?;
        let known: &[&str] = if cfg!(feature = "language") {
            &["id", "module", "source", "name", "limits", "globals", "trace"]
        } else {
            &["id", "module", "limits", "globals", "trace"]
        };
        if let Some(name) = fields.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(format!(
                "the request has the unknown field `{name}`; there are {}",
                known.join(", ")
            ));
        }
        if !fields.contains_key("id") {
            return Err("the request has no `id`".to_owned());
        }
        Ok(Self {
            subject: Subject::read(fields)?,
            limits: optional(fields, "limits", read_limits)?.unwrap_or_default(),
            globals: optional(fields, "globals", read_globals)?.unwrap_or_default(),
            trace: optional(fields, "trace", |json| json.as_bool().ok_or("`trace` is no bool".to_owned()))?
                .unwrap_or_default(),
        })
    }

    /// The fields of the answer.
    fn carry_out(self, tiers: Tiers) -> String {
        match &self.subject {
            Subject::Module(bytes) => match Module::decode(bytes) {
                Ok(module) => self.run(module, tiers, outcome::of_run),
                Err(error) => load_error(&error),
            },
            #[cfg(feature = "language")]
            Subject::Source { text, name } => match crate::language::compile(text, name) {
                Ok(compiled) => {
                    let (map, warnings) = (compiled.map, compiled.warnings.to_json());
                    let answer = self
                        .run(compiled.module, tiers, |result, stdout| outcome::of_page(result, stdout, &map));
                    format!(r#"{answer}, "warnings": {warnings}"#)
                }
                Err(diagnostics) => {
                    let diagnostics = diagnostics.to_json();
                    format!(r#""outcome": {{"status": "compile_error", "diagnostics": {diagnostics}}}"#)
                }
            },
        }
    }

    /// Runs a module; `tell` makes the outcome of what came of it and of what it printed.
    fn run(
        &self,
        module: Module,
        tiers: Tiers,
        tell: impl FnOnce(&Result<Completion, Box<Failure>>, &str) -> String,
    ) -> String {
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
        let mut run = Run::new(&mut stdout).limits(Limits { max_output, ..self.limits.clone() }).tiers(tiers);
        for (name, value) in &self.globals {
            run = run.global(name.clone(), value.clone());
        }
        if self.trace {
            run = run.trace(&mut trace);
        }
        let result = vm.run(run);
        let outcome = tell(&result, &stdout);
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
