//! How a program is run, besides its code: its limits, its globals, and what is done to its file.

use arbitrary::Unstructured;

use super::choose::{below, choose, one_in, pick};
use super::shape::Size;
use crate::fuzz::program::{Change, Patch, Program};
use crate::value::ValueText;

pub(super) fn limits(u: &mut Unstructured<'_>, size: Size, program: &mut Program) {
    let (steps, memory) = match size {
        Size::Small => (1_500, 1 << 18),
        Size::Long => (20_000, 1 << 22),
        Size::Special => (6_000, 1 << 22),
    };
    let mut set = |name: &str, limit: u64| program.limits.insert(name.to_owned(), limit);
    set("max_steps", if one_in(u, 8) { below(u, steps) } else { steps });
    set("max_memory", if one_in(u, 8) { below(u, 40_000) } else { memory });
    set("max_output", if one_in(u, 12) { below(u, 400) } else { 1 << 16 });
    if one_in(u, 8) {
        set("max_call_depth", below(u, 12));
    }
}

/// The globals that programs use, and what a host may give for them.
pub(super) const GLOBALS: [&str; 5] = ["n", "text", "list", "record", "loose"];

pub(super) fn globals(u: &mut Unstructured<'_>, program: &mut Program) {
    const LOOSE: [&str; 6] = [
        r#"{"function":"f1"}"#,
        r#"{"url":"https://example.org/"}"#,
        r#"{"float":"nan"}"#,
        r#"{"dict":[["a",{"dict":[]}],["b",[null]]]}"#,
        "true",
        r#"[[1,2],[{"float":"-0"}],"x"]"#,
    ];
    if !one_in(u, 4) {
        return;
    }
    let values = ["7", r#""seven""#, "[1,2,3]", r#"{"dict":[["k",1],["l",2]]}"#];
    for (name, value) in GLOBALS.iter().zip(values) {
        if one_in(u, 2)
            && let Ok(value) = ValueText::from_json(value)
        {
            program.globals.insert((*name).to_owned(), value);
        }
    }
    if let Some(Ok(value)) = pick(u, &LOOSE).map(|text| ValueText::from_json(text)) {
        program.globals.insert("loose".to_owned(), value);
    }
}

/// Makes the file one that a loader may have to refuse.
pub(super) fn patches(u: &mut Unstructured<'_>, program: &mut Program) {
    for _ in 0..=choose(u, 2) {
        let anchor = (!program.code.is_empty() && !one_in(u, 3)).then(|| choose(u, program.code.len()));
        let offset = if anchor.is_some() { choose(u, 6) } else { choose(u, 96) };
        let change = if one_in(u, 6) {
            Change::Cut
        } else {
            Change::Set(match choose(u, 4) {
                0 => u8::MAX,
                1 => choose(u, 8) as u8,
                _ => u.arbitrary().unwrap_or(0),
            })
        };
        program.patches.push(Patch { anchor, offset, change });
    }
}
