//! `mdvm explain`: what the specification says of a name.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use machine_dialect_vm::language::nearest;

use super::{BAD_MODULE, report, run};

/// Something that has a name.
struct Topic {
    /// What sort of thing it is.
    kind: &'static str,
    name: &'static str,
    /// Other names that it is found by.
    other: &'static [&'static str],
    text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/topics.rs"));

/// Explains a name; without one, lists all.
pub(crate) fn explain(words: &[String]) -> ExitCode {
    let text = if words.is_empty() {
        list()
    } else {
        match text_of(&words.join(" ")) {
            Ok(text) => text,
            Err(message) => {
                report::error(message);
                return ExitCode::from(BAD_MODULE);
            }
        }
    };
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => run::output_failed(&error),
    }
}

/// What there is of that name: all of it, where several things have it.
pub(crate) fn text_of(name: &str) -> Result<String, String> {
    let topics: Vec<&Topic> =
        TOPICS.iter().filter(|topic| topic.names().any(|known| same(known, name))).collect();
    if topics.is_empty() {
        let hint = match nearest(name, TOPICS.iter().flat_map(Topic::names)) {
            Some(near) => format!("did you mean {near}?"),
            None => "`mdvm explain` lists what there is".to_owned(),
        };
        return Err(format!("nothing is called {name}; {hint}"));
    }
    let mut out = String::new();
    for (index, topic) in topics.iter().enumerate() {
        let gap = if index == 0 { "" } else { "\n" };
        let _ = writeln!(out, "{gap}{}: {}\n\n{}", topic.name, topic.kind, topic.text);
    }
    Ok(out)
}

/// Every name that can be explained.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().map(|topic| topic.name)
}

impl Topic {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.other.iter().copied())
    }
}

/// Whether two names are the same but for capitals, and for what stands between words.
fn same(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace('_', " ").to_lowercase();
    plain(one) == plain(other.trim())
}

fn list() -> String {
    let mut out = String::new();
    let mut kinds: Vec<&str> = Vec::new();
    for topic in TOPICS {
        if !kinds.contains(&topic.kind) {
            kinds.push(topic.kind);
        }
    }
    for kind in kinds {
        let names: Vec<&str> =
            TOPICS.iter().filter(|topic| topic.kind == kind).map(|topic| topic.name).collect();
        let _ = writeln!(out, "{kind}: {}\n", names.join(", "));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}
