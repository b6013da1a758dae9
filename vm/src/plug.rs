//! The plug: JSON Lines in, JSON Lines out, one run each. It is how a conformance harness talks to this machine.

#[cfg(feature = "schedule")]
mod scheduled;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::escape::visible_json;
use crate::exec::Tiers;
use crate::module::Module;
use crate::outcome;
use crate::runtime::TraceStep;
use crate::state::State;
use crate::value::json::{from_json, parse_exactly};
#[cfg(feature = "language")]
use crate::values::format;
use crate::values::{Limits, TRACE_STEPS};
use crate::vm::{Completion, FUEL_SLICE, Failure, Run, Vm};

/// The protocol that [`answer`] speaks.
pub const PROTOCOL: u32 = 2;

/// The first line that the machine says, without its newline.
#[must_use]
pub fn handshake() -> String {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let sources = if cfg!(feature = "language") { r#", "sources": true"# } else { "" };
    let schedule = if cfg!(feature = "schedule") { r#", "schedule": true"# } else { "" };
    format!(r#"{{"protocol": {PROTOCOL}, "name": "{name}", "version": "{version}"{sources}{schedule}}}"#)
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
    let fields = Fields::read(request);
    // As the text it was: a number may be longer than any type of ours.
    let id = fields.as_ref().ok().and_then(|fields| fields.0.get("id")).map_or("null", |id| id.get());
    let id = visible_json(id);
    match fields.and_then(|fields| Request::read(&fields)) {
        Ok(request) => format!(r#"{{"id": {id}, {}}}"#, request.carry_out(tiers)),
        Err(error) => {
            let error = Json::from(error).to_string();
            format!(r#"{{"id": {id}, "error": {}}}"#, visible_json(&error))
        }
    }
}

/// The texts of the fields of a request. Each is parsed where it is used.
struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    fn read(request: &'a str) -> Result<Self, String> {
        serde_json::from_str(request)
            .map(Self)
            .map_err(|error| format!("the request is no JSON object: {error}"))
    }

    fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value of a field, if it is there.
    fn get(&self, name: &str) -> Result<Option<Json>, String> {
        let parse = |text: &&RawValue| serde_json::from_str(text.get());
        self.0.get(name).map(parse).transpose().map_err(|error| format!("`{name}`: {error}"))
    }

    /// The string of a field, if there is one.
    fn string(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.get(name)?.and_then(|json| if let Json::String(text) = json { Some(text) } else { None }))
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
    fn read(fields: &Fields<'_>) -> Result<Self, String> {
        #[cfg(feature = "language")]
        if fields.contains("source") {
            if fields.contains("module") {
                return Err("the request has both `source` and `module`".to_owned());
            }
            let text = fields.string("source")?.ok_or("`source` is no string")?;
            let name = match fields.contains("name") {
                false => format::ENTRY_FUNCTION.to_owned(),
                true => fields.string("name")?.ok_or("`name` is no string")?,
            };
            return Ok(Self::Source { text, name });
        }
        let module = fields.string("module")?.ok_or("the request has no `module` in base64")?;
        let module = base64::engine::general_purpose::STANDARD.decode(module);
        module.map(Self::Module).map_err(|error| format!("the module is no base64: {error}"))
    }
}

struct Request {
    subject: Subject,
    limits: Limits,
    globals: Vec<(String, crate::value::Value)>,
    trace: bool,
    stop_at: Option<u64>,
    /// The JSON of the state to go on from.
    state: Option<String>,
    #[cfg(feature = "schedule")]
    schedule: Option<crate::schedule::Schedule>,
}

impl Request {
    fn read(fields: &Fields<'_>) -> Result<Self, String> {
        let mut known = vec!["id", "module", "limits", "globals", "trace", "stop_at", "state"];
        if cfg!(feature = "language") {
            known.splice(2..2, ["source", "name"]);
        }
        if cfg!(feature = "schedule") {
            known.push("schedule");
        }
        if let Some(name) = fields.0.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(format!(
                "the request has the unknown field `{name}`; there are {}",
                known.join(", ")
            ));
        }
        if !fields.contains("id") {
            return Err("the request has no `id`".to_owned());
        }
        for name in ["stop_at", "state"].into_iter().filter(|name| fields.contains(name)) {
            let other = ["source", "globals"].into_iter().find(|other| fields.contains(other));
            if let Some(other) = other.filter(|other| name == "state" || *other == "source") {
                return Err(format!("the request has both `{name}` and `{other}`"));
            }
        }
        Ok(Self {
            subject: Subject::read(fields)?,
            limits: optional(fields, "limits", read_limits)?.unwrap_or_default(),
            globals: optional(fields, "globals", |json| {
                // As they were written, where that is known.
                match fields.0.get("globals").map(|text| parse_exactly(text.get())) {
                    Some(exact) => read_globals(&exact.map_err(|error| format!("`globals`: {error}"))?),
                    None => read_globals(json),
                }
            })?
            .unwrap_or_default(),
            trace: optional(fields, "trace", |json| json.as_bool().ok_or("`trace` is no bool".to_owned()))?
                .unwrap_or_default(),
            stop_at: optional(fields, "stop_at", |json| {
                json.as_u64().ok_or_else(|| format!("`stop_at` is {json}, not a whole number of 64 bits"))
            })?,
            state: fields.0.get("state").map(|text| text.get().to_owned()).filter(|text| text != "null"),
            #[cfg(feature = "schedule")]
            schedule: optional(fields, "schedule", scheduled::read)?,
        })
    }

    /// The fields of the answer.
    fn carry_out(self, tiers: Tiers) -> String {
        match &self.subject {
            Subject::Module(bytes) => match Module::decode(bytes) {
                Ok(module) => self.run(module, tiers, outcome::of_run),
                Err(error) => format!(r#""outcome": {}"#, outcome::of_load_error(&error)),
            },
            #[cfg(feature = "language")]
            Subject::Source { text, name } => match crate::language::compile(text, name) {
                Ok(compiled) => {
                    let (map, warnings) = (compiled.map, compiled.warnings.to_json().to_string());
                    let warnings = visible_json(&warnings);
                    let answer = self
                        .run(compiled.module, tiers, |result, stdout| outcome::of_page(result, stdout, &map));
                    format!(r#"{answer}, "warnings": {warnings}"#)
                }
                Err(diagnostics) => {
                    let diagnostics = diagnostics.to_json().to_string();
                    let diagnostics = visible_json(&diagnostics);
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
        let mut stdout = String::new();
        let mut steps = Vec::new();
        let mut trace = |step: TraceStep| {
            if steps.len() < TRACE_STEPS {
                steps.push(step);
            }
        };
        // What is collected in memory must have an end.
        let max_output = self.limits.max_output.or(Limits::default().max_memory);
        // As a command line or Python does, so that what a harness sees is what users get: with a flag and a deadline, which
        // make the machine look up now and then. How often must not matter, so that differs from module to module.
        let flag = AtomicBool::new(false);
        let slice = fuel_slice(module.code().bytes());
        let vm = Vm::new(module);
        let mut run = Run::new(&mut stdout)
            .limits(Limits { max_output, ..self.limits.clone() })
            .tiers(tiers)
            .interrupt(&flag)
            .fuel_slice(slice);
        if let Some(far) = far() {
            run = run.deadline(far);
        }
        for (name, value) in &self.globals {
            run = run.global(name.clone(), value.clone());
        }
        if self.trace {
            run = run.trace(&mut trace);
        }
        if let Some(step) = self.stop_at {
            run = run.stop_at(step);
        }
        #[cfg(feature = "schedule")]
        if let Some(schedule) = &self.schedule {
            crate::schedule::begin(schedule.clone());
        }
        let result = match &self.state {
            None => vm.run(run),
            Some(state) => match State::from_json(state).and_then(|state| vm.resume(&state, run)) {
                Ok(result) => result,
                Err(error) => return format!(r#""outcome": {}"#, outcome::of_state_error(&error)),
            },
        };
        #[cfg(feature = "schedule")]
        let report = crate::schedule::end();
        let mut answer = format!(r#""outcome": {}"#, tell(&result, &stdout));
        if let Ok(Completion { state: Some(state), .. }) = &result {
            answer.push_str(r#", "state": "#);
            answer.push_str(&state.to_json());
        }
        if self.trace {
            // Writing to a string cannot fail.
            let _ = write!(answer, r#", "trace": [{}]"#, trace_json(&steps));
        }
        #[cfg(feature = "schedule")]
        if self.schedule.is_some() {
            // Writing to a string cannot fail.
            let _ = write!(answer, r#", "schedule": {}"#, scheduled::report(&report));
        }
        answer
    }
}

/// A deadline that no run comes to; none where there is no clock.
fn far() -> Option<Instant> {
    const FAR: Duration = Duration::from_secs(1 << 30);
    if cfg!(all(target_family = "wasm", target_os = "unknown")) {
        None
    } else {
        Instant::now().checked_add(FAR)
    }
}

/// After how many instructions the machine looks up while it runs that module: mostly as many as by default, else as few as fast
/// code can go on with, and some.
fn fuel_slice(code: &[u8]) -> u64 {
    let hash = code.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    if hash >> 63 == 0 { FUEL_SLICE } else { FUEL_SLICE / 32 + (hash >> 32) % 1024 }
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
    fields: &Fields<'_>,
    name: &str,
    read: impl FnOnce(&Json) -> Result<T, String>,
) -> Result<Option<T>, String> {
    fields.get(name)?.filter(|json| !json.is_null()).as_ref().map(read).transpose()
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
            Some(
                value
                    .as_u64()
                    .ok_or_else(|| format!("limit `{name}` is {value}, not a whole number of 64 bits"))?,
            )
        };
    }
    Ok(limits)
}

fn read_globals(json: &Json) -> Result<Vec<(String, crate::value::Value)>, String> {
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
