//! The protocol that every implementation speaks: JSON, one object a line.
//!
//! It first writes a [`Handshake`]. Then it reads a [`Request`] a line and writes an answer a line, until its input ends.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::outcome::{Diagnostic, Field, Outcome};
use crate::schedule::Schedule;
use crate::value::{ValueText, excerpt, string_text};

/// The versions of the protocol that this crate speaks. From the second on, an implementation stops at a step and goes on from a state.
pub const PROTOCOLS: std::ops::RangeInclusive<u64> = 1..=2;

/// What an implementation says of itself before anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The name of the implementation, which with the version picks its ledger.
    pub name: String,
    /// The version of the implementation.
    pub version: String,
    /// The fields of outcomes that it cannot tell, and that are therefore not compared.
    pub unreported: Vec<Field>,
    /// Whether it takes pages in place of modules.
    pub sources: bool,
    /// Whether it stops at a step and goes on from a state.
    pub states: bool,
    /// Whether it takes schedules of forced exits.
    pub schedules: bool,
}

impl Handshake {
    /// Reads the first line of an implementation.
    ///
    /// # Errors
    /// Says what is wrong with it and how it should look.
    pub fn from_line(line: &str) -> Result<Self, String> {
        let (first, last) = (PROTOCOLS.start(), PROTOCOLS.end());
        let wanted =
            format!(r#"the first line is to be {{"protocol": {first}, "name": "…", "version": "…"}}"#);
        let raw: RawHandshake = serde_json::from_str(line).map_err(|error| {
            format!("{wanted}, and {} in {}", excerpt(&error.to_string()), excerpt(line.trim_end()))
        })?;
        if !PROTOCOLS.contains(&raw.protocol) {
            return Err(format!(
                "it speaks protocol {}, and there are protocols {first} to {last}",
                raw.protocol
            ));
        }
        let unreported = raw.unreported.iter().map(|name| match Field::from_name(name) {
            Some(Field::Status | Field::Kind | Field::Result | Field::Stdout) => {
                Err(format!("`unreported` names {}, which every implementation must tell", excerpt(name)))
            }
            Some(field) => Ok(field),
            None => Err(format!("`unreported` names {}, which is no field of an outcome", excerpt(name))),
        });
        Ok(Self {
            name: raw.name,
            version: raw.version,
            unreported: unreported.collect::<Result<_, _>>()?,
            sources: raw.sources,
            states: raw.protocol > *first,
            schedules: raw.schedule,
        })
    }

    /// Name and version, as in `mdvm-reference 0.1.0`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", excerpt(&self.name), excerpt(&self.version))
    }
}

#[derive(Deserialize)]
struct RawHandshake {
    protocol: u64,
    name: String,
    version: String,
    #[serde(default)]
    unreported: Vec<String>,
    #[serde(default)]
    sources: bool,
    #[serde(default)]
    schedule: bool,
}

/// What a run begins with.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// The bytes of a module.
    Module(&'a [u8]),
    /// A page.
    Source {
        /// Its text.
        text: &'a str,
        /// The name of its file.
        name: &'a str,
    },
}

impl Subject<'_> {
    /// The fields of an outcome that an implementation need not tell: what is not compiled has no instructions.
    #[must_use]
    pub fn unreported(self) -> &'static [Field] {
        match self {
            Self::Module(_) => &[],
            Self::Source { .. } => &[Field::Pc, Field::Steps, Field::Globals],
        }
    }
}

/// One module, or one page, to run.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What is run.
    pub subject: Subject<'a>,
    /// The limits that are not the default ones.
    pub limits: &'a BTreeMap<String, u64>,
    /// The globals there are before the run.
    pub globals: &'a BTreeMap<String, ValueText>,
    /// Whether to tell which instructions were executed.
    pub trace: bool,
    /// Where the run is forced out of faster tiers, if anywhere.
    pub schedule: Option<&'a Schedule>,
}

impl Request<'_> {
    /// The line to send, without its end.
    #[must_use]
    pub fn line(&self, id: usize) -> String {
        self.line_with_id(&id.to_string())
    }

    /// The line to send, with any JSON text as its id.
    pub(crate) fn line_with_id(&self, id: &str) -> String {
        self.line_with_state(id, None, None)
    }

    /// What an implementation is asked: one that takes no schedules runs without, since no outcome depends on them.
    #[must_use]
    pub(crate) fn to(&self, handshake: &Handshake) -> Self {
        Self { schedule: self.schedule.filter(|_| handshake.schedules), ..*self }
    }

    /// The same for a run that tells what came of its schedule, which may be an empty one, and may stop where it is forced to leave.
    pub(crate) fn scheduled_line(&self, id: &str, stops: bool) -> String {
        let mut line = Self { schedule: None, ..*self }.line_with_id(id);
        line.pop();
        let schedule = self.schedule.map_or_else(|| "{}".to_owned(), Schedule::json);
        let comma = if schedule == "{}" { "" } else { ", " };
        let stop = if stops { format!(r#""stop": true{comma}"#) } else { String::new() };
        line.push_str(&format!(r#", "schedule": {{{stop}{}}}"#, &schedule[1..]));
        line
    }

    /// The same for a run that goes on from a state, or stops at a step.
    pub(crate) fn line_with_state(&self, id: &str, state: Option<&str>, stop_at: Option<u64>) -> String {
        let mut line = match self.subject {
            Subject::Module(module) => format!(r#"{{"id": {id}, "module": "{}""#, STANDARD.encode(module)),
            Subject::Source { text, name } => {
                format!(r#"{{"id": {id}, "source": {}, "name": {}"#, string_text(text), string_text(name))
            }
        };
        if !self.limits.is_empty() {
            let limits: Vec<_> =
                self.limits.iter().map(|(name, limit)| format!("{}: {limit}", string_text(name))).collect();
            line.push_str(&format!(r#", "limits": {{{}}}"#, limits.join(", ")));
        }
        if !self.globals.is_empty() {
            let globals: Vec<_> =
                self.globals.iter().map(|(name, value)| format!("{}: {value}", string_text(name))).collect();
            line.push_str(&format!(r#", "globals": {{{}}}"#, globals.join(", ")));
        }
        if self.trace {
            line.push_str(r#", "trace": true"#);
        }
        if let Some(schedule) = self.schedule {
            line.push_str(&format!(r#", "schedule": {}"#, schedule.json()));
        }
        if let Some(step) = stop_at {
            line.push_str(&format!(r#", "stop_at": {step}"#));
        }
        if let Some(state) = state {
            line.push_str(&format!(r#", "state": {state}"#));
        }
        line.push('}');
        line
    }
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The implementation gave this outcome.
    Outcome(Outcome),
    /// The implementation ended while it worked on the request.
    Crash {
        /// Its exit status, and the last it wrote to its stderr.
        how: String,
    },
    /// The implementation gave no answer in time.
    Timeout {
        /// How long it had.
        how: String,
    },
    /// The implementation lacks what the request asks for, such as a limit.
    Unsupported {
        /// What it lacks.
        what: String,
    },
    /// The implementation says that the request has no single outcome: two runs of it differ.
    Unstable {
        /// How they differ.
        how: String,
    },
    /// The implementation answered, but not with an outcome.
    Invalid {
        /// What is wrong with the answer.
        why: String,
    },
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outcome(outcome) => f.write_str(&outcome.headline()),
            Self::Crash { how } => write!(f, "crash: {how}"),
            Self::Timeout { how } => write!(f, "timeout: {how}"),
            Self::Unsupported { what } => write!(f, "unsupported: {what}"),
            Self::Unstable { how } => write!(f, "unstable: {how}"),
            Self::Invalid { why } => write!(f, "no outcome: {why}"),
        }
    }
}

impl Answer {
    /// The answer with long fields of its outcome cut, so that keeping it takes little. Two answers are alike after this
    /// exactly if they were alike before.
    #[must_use]
    pub fn condensed(self) -> Self {
        match self {
            Self::Outcome(outcome) => Self::Outcome(outcome.condensed()),
            Self::Crash { .. }
            | Self::Timeout { .. }
            | Self::Unsupported { .. }
            | Self::Unstable { .. }
            | Self::Invalid { .. } => self,
        }
    }

    /// What an adapter says in place of an outcome, when it is between the harness and a machine that can end or hang.
    fn of_adapter(text: &str) -> Option<Self> {
        let RawEnd { status, message } = serde_json::from_str(text).ok()?;
        match status.as_str() {
            "crash" => Some(Self::Crash { how: excerpt(&message) }),
            "timeout" => Some(Self::Timeout { how: excerpt(&message) }),
            "unsupported" => Some(Self::Unsupported { what: excerpt(&message) }),
            "unstable" => Some(Self::Unstable { how: excerpt(&message) }),
            _ => None,
        }
    }
}

/// An answer with the request that it belongs to.
#[derive(Debug)]
pub struct Reply {
    /// The number of the request.
    pub id: usize,
    /// What the request came to.
    pub answer: Answer,
    /// The JSON text of the trace, if there is one.
    pub trace: Option<String>,
    /// The warnings of a page that was compiled, where the implementation tells them.
    pub warnings: Option<Vec<Diagnostic>>,
}

impl Reply {
    /// Reads a line; nothing where the line is no answer to a request with a number.
    #[must_use]
    pub fn from_line(line: &str, unreported: &[Field]) -> Option<Self> {
        let raw: RawAnswer<'_> = serde_json::from_str(line).ok()?;
        let id = raw.id.get().parse().ok()?;
        let answer = match (raw.outcome, raw.error) {
            (Some(outcome), _) => match Outcome::from_json(outcome.get(), unreported) {
                Ok(outcome) => Answer::Outcome(outcome),
                Err(why) => Answer::of_adapter(outcome.get())
                    .unwrap_or_else(|| Answer::Invalid { why: excerpt(&why) }),
            },
            (None, Some(error)) => {
                Answer::Invalid { why: format!("it refuses the request: {}", excerpt(error.get())) }
            }
            (None, None) => {
                Answer::Invalid { why: format!("neither outcome nor error in {}", excerpt(line.trim_end())) }
            }
        };
        Some(Self {
            id,
            answer,
            trace: raw.trace.map(|trace| trace.get().to_owned()),
            warnings: raw.warnings,
        })
    }
}

#[derive(Deserialize)]
struct RawEnd {
    status: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct RawAnswer<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(default, borrow)]
    outcome: Option<&'a RawValue>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
    #[serde(default, borrow)]
    trace: Option<&'a RawValue>,
    #[serde(default)]
    warnings: Option<Vec<Diagnostic>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_may_say_what_the_implementation_cannot_tell() {
        let line = r#"{"protocol": 1, "name": "a", "version": "2", "language": "c", "unreported": ["pc", "function"]}"#;
        let handshake = Handshake::from_line(line).unwrap();
        assert_eq!(handshake.title(), "a 2");
        assert_eq!(handshake.unreported, [Field::Pc, Field::Function]);
        assert!(
            Handshake::from_line(&line.replace("\"pc\"", "\"result\"")).unwrap_err().contains("must tell")
        );
        assert!(!handshake.states);
        assert!(Handshake::from_line(&line.replace(": 1,", ": 2,")).unwrap().states);
        assert!(Handshake::from_line(&line.replace(": 1,", ": 3,")).unwrap_err().contains("protocol 3"));
        assert!(Handshake::from_line("hello").unwrap_err().contains("first line is to be"));
    }

    #[test]
    fn a_request_says_only_what_is_not_the_default() {
        let mut limits = BTreeMap::new();
        let mut globals = BTreeMap::new();
        let request = Request {
            subject: Subject::Module(b"MDBC"),
            limits: &limits,
            globals: &globals,
            trace: false,
            schedule: None,
        };
        assert_eq!(request.line(7), r#"{"id": 7, "module": "TURCQw=="}"#);
        limits.insert("max_steps".to_owned(), 5);
        globals.insert("x".to_owned(), ValueText::from_json("[1]").unwrap());
        let request = Request {
            subject: Subject::Module(b""),
            limits: &limits,
            globals: &globals,
            trace: true,
            schedule: None,
        };
        let expected =
            r#"{"id": 8, "module": "", "limits": {"max_steps": 5}, "globals": {"x": [1]}, "trace": true}"#;
        assert_eq!(request.line(8), expected);
        let subject = Subject::Source { text: "Say _\"a\"_.\n", name: "a.md" };
        let (limits, globals) = (BTreeMap::new(), BTreeMap::new());
        let request = Request { subject, limits: &limits, globals: &globals, trace: false, schedule: None };
        assert_eq!(request.line(9), r#"{"id": 9, "source": "Say _\"a\"_.\n", "name": "a.md"}"#);
    }

    #[test]
    fn an_answer_to_a_page_has_diagnostics_or_warnings() {
        let unreported = Subject::Source { text: "", name: "" }.unreported();
        let diagnostic = r#"{"kind": "K", "severity": "error", "line": 3, "column": 5, "message": "m"}"#;
        let line = format!(
            r#"{{"id": 1, "outcome": {{"status": "compile_error", "diagnostics": [{diagnostic}]}}}}"#
        );
        let reply = Reply::from_line(&line, unreported).unwrap();
        let Answer::Outcome(outcome) = reply.answer else { panic!("an outcome") };
        assert_eq!(
            outcome.get(Field::Diagnostics).unwrap(),
            format!("[{}]", diagnostic.replace(": ", ":").replace(", ", ","))
        );
        let line = format!(
            r#"{{"id": 1, "outcome": {{"status": "ok", "result": null, "stdout": ""}}, "warnings": [{diagnostic}]}}"#
        );
        let reply = Reply::from_line(&line, unreported).unwrap();
        assert!(matches!(reply.answer, Answer::Outcome(_)));
        assert_eq!(reply.warnings.unwrap()[0].line, 3);
        assert!(matches!(Reply::from_line(&line, &[]).unwrap().answer, Answer::Invalid { .. }));
    }

    #[test]
    fn an_adapter_may_say_how_its_machine_ended() {
        let answer = |outcome: &str| {
            Reply::from_line(&format!(r#"{{"id": 3, "outcome": {outcome}}}"#), &[]).unwrap().answer
        };
        assert_eq!(
            answer(r#"{"status": "crash", "message": "SIGSEGV"}"#),
            Answer::Crash { how: "SIGSEGV".to_owned() }
        );
        assert!(matches!(answer(r#"{"status": "unsupported"}"#), Answer::Unsupported { .. }));
        assert!(matches!(answer(r#"{"status": "ok"}"#), Answer::Invalid { .. }));
    }

    #[test]
    fn what_is_no_answer_is_told_from_an_answer_without_outcome() {
        assert!(Reply::from_line("debugging…", &[]).is_none());
        assert!(Reply::from_line(r#"{"id": null, "error": "bad"}"#, &[]).is_none());
        let invalid = Reply::from_line(r#"{"id": 3, "error": "bad"}"#, &[]).unwrap();
        assert!(matches!(invalid.answer, Answer::Invalid { .. }));
        assert_eq!(invalid.id, 3);
    }
}
