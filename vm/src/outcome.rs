//! Outcomes: how a run, or the attempt to load a module, is written in JSON, so that implementations can be compared.

use std::fmt::Write as _;

use crate::errors::{LoadError, StateError};
use crate::value::Value;
use crate::value::json::{append_json, append_string};
use crate::vm::{Completion, Failure};

/// The outcome of a run, or of the part of one up to where it stopped, that printed `stdout`, as one line of JSON.
#[must_use]
pub fn of_run(result: &Result<Completion, Box<Failure>>, stdout: &str) -> String {
    let mut out = String::new();
    let (steps, globals) = match result {
        Ok(Completion { state: Some(_), steps, .. }) => {
            out.push_str(r#"{"status": "stopped", "stdout": "#);
            append_string(stdout, &mut out);
            let _ = write!(out, r#", "steps": {steps}}}"#);
            return out;
        }
        Ok(completion) => {
            out.push_str(r#"{"status": "ok", "result": "#);
            append_json(&completion.result, &mut out);
            (completion.steps, &completion.globals)
        }
        Err(failure) => {
            append_error("runtime_error", failure.error.kind().name(), &failure.to_string(), &mut out);
            let _ = write!(out, r#", "pc": {}, "function": "#, failure.pc);
            append_string(failure.function(), &mut out);
            (failure.steps, &failure.globals)
        }
    };
    out.push_str(r#", "stdout": "#);
    append_string(stdout, &mut out);
    let _ = write!(out, r#", "steps": {steps}, "globals": {{"#);
    append_globals(globals, &mut out);
    out.push_str("}}");
    out
}

/// The outcome of a run of a page, as [`of_run`]: an error names the function, the line and the column of the page.
#[cfg(feature = "language")]
#[must_use]
pub fn of_page(
    result: &Result<Completion, Box<Failure>>,
    stdout: &str,
    map: &crate::language::SourceMap,
) -> String {
    let Err(failure) = result else { return of_run(result, stdout) };
    let pcs = failure.call_stack.iter().map(|site| site.pc);
    let Some(site) = map.sites(pcs).into_iter().next() else { return of_run(result, stdout) };
    let mut out = String::new();
    append_error("runtime_error", failure.error.kind().name(), &failure.to_string(), &mut out);
    let _ = write!(out, r#", "pc": {}, "function": "#, failure.pc);
    append_string(&site.function, &mut out);
    let _ = write!(out, r#", "line": {}, "column": {}, "stdout": "#, site.place.line, site.place.column);
    append_string(stdout, &mut out);
    let _ = write!(out, r#", "steps": {}, "globals": {{"#, failure.steps);
    append_globals(&failure.globals, &mut out);
    out.push_str("}}");
    out
}

/// The outcome of a module that does not load, as one line of JSON.
#[must_use]
pub fn of_load_error(error: &LoadError) -> String {
    let mut out = String::new();
    append_error("load_error", error.kind().name(), &error.to_string(), &mut out);
    out.push('}');
    out
}

/// The outcome of a state that no run can go on from, as one line of JSON.
#[must_use]
pub fn of_state_error(error: &StateError) -> String {
    let mut out = String::new();
    append_error("state_error", error.kind().name(), &error.to_string(), &mut out);
    out.push('}');
    out
}

fn append_error(status: &str, kind: &str, message: &str, out: &mut String) {
    let _ = write!(out, r#"{{"status": "{status}", "kind": "{kind}", "message": "#);
    append_string(message, out);
}

fn append_globals(globals: &[(String, Value)], out: &mut String) {
    for (index, (name, value)) in globals.iter().enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        append_string(name, out);
        out.push_str(": ");
        append_json(value, out);
    }
}
