//! One case, written out: what it runs, what it asks for and what it expects.

use std::fmt::Write as _;

use machine_dialect_vm::escape::{visible, visible_lines};
use machine_dialect_vm::{Module, disassemble};

use crate::bless::{key, yaml};
use crate::case::Case;
use crate::catalog;
use crate::outcome::Outcome;

/// The parts of an id that reports group by: the opcode where a case is about one alone, or else the theme.
#[must_use]
pub fn group(case: &Case) -> String {
    let mut covers = case.covers.iter();
    if let (Some(only), None) = (covers.next(), covers.next()) {
        return only.clone();
    }
    let mut parts = case.id.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("matrix"), Some(opcode), _) => opcode.to_owned(),
        (Some(theme), Some(file), Some(_)) => format!("{theme}/{file}"),
        (Some(theme), _, _) => theme.to_owned(),
        (None, _, _) => String::new(),
    }
}

/// The module as assembly, or why there is none.
///
/// # Errors
/// Says why the module does not load.
pub fn assembly(case: &Case) -> Result<String, String> {
    Module::decode(&case.module).map(|module| disassemble(&module)).map_err(|error| error.to_string())
}

/// What a case expects, in the form of case files.
#[must_use]
pub fn expectation(expect: &Outcome) -> String {
    let fields = expect.fields().filter_map(|field| {
        Some(format!("{}: {}", key(field, expect.status()), yaml(&expect.get(field)?, field)))
    });
    let fields: Vec<String> = fields.collect();
    if fields.is_empty() {
        format!("{{status: {}}}", expect.status().name())
    } else {
        format!("{{{}}}", fields.join(", "))
    }
}

/// The request that has an implementation run the case, as one line.
#[must_use]
pub fn request(case: &Case) -> String {
    case.request().line(1)
}

/// The case for a reader: where it was declared, its module, its request and what it expects.
#[must_use]
pub fn text(case: &Case) -> String {
    let mut out =
        format!("id:        {}\ndeclared:  {}\ngroup:     {}\n", case.id, case.place(), group(case));
    if !case.covers.is_empty() {
        let covers: Vec<&str> = case.covers.iter().map(String::as_str).collect();
        line(&mut out, "covers", &covers.join(", "));
    }
    for (name, limit) in &case.limits {
        line(&mut out, "limit", &format!("{name} = {limit}"));
    }
    for (name, value) in &case.globals {
        line(&mut out, "global", &format!("{name} = {value}"));
    }
    let expect = case.expect.as_ref().map(expectation);
    line(&mut out, "expect", expect.as_deref().unwrap_or("nothing but that implementations agree"));
    line(&mut out, "request", &request(case));
    let count = case.module.len();
    match assembly(case) {
        Ok(assembly) => out.push_str(&format!("\nmodule ({count} bytes):\n{}", visible_lines(&assembly))),
        Err(why) => {
            out.push_str(&format!(
                "\nmodule ({count} bytes), which does not load: {}\n{}",
                visible(&why),
                hex(&case.module)
            ));
        }
    }
    out
}

fn line(out: &mut String, name: &str, text: &str) {
    // A module of megabytes makes a request of megabytes; `--emit` has it whole.
    const LETTERS: usize = 4000;
    let shown = match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}… ({} bytes; --emit writes all)", visible(&text[..end]), text.len()),
        None => visible(text).into_owned(),
    };
    out.push_str(&format!("{:<10} {shown}\n", format!("{name}:")));
}

/// Bytes as lines of hexadecimal digits, with the text they may be.
fn hex(bytes: &[u8]) -> String {
    const WIDTH: usize = 16;
    const ROWS: usize = 256;
    let mut out = String::new();
    for (row, chunk) in bytes.chunks(WIDTH).take(ROWS).enumerate() {
        let digits: String = chunk.iter().map(|byte| format!("{byte:02x} ")).collect();
        let text: String = chunk
            .iter()
            .map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' })
            .collect();
        // A String takes whatever is written to it.
        let _ = writeln!(out, "  {:06x}  {digits:<48} {text}", row * WIDTH);
    }
    if bytes.len() > WIDTH * ROWS {
        out.push_str(&format!("  … ({} bytes)\n", bytes.len()));
    }
    out
}

/// The case in the form that a file name asks for: assembly (`.mdasm`), a request (`.json`), a case file (`.yaml`), or the bytes
/// of the module.
///
/// # Errors
/// Says why the case has no such form.
pub fn emitted(case: &Case, name: &str) -> Result<Vec<u8>, String> {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("mdasm") => assembly(case)
            .map(String::into_bytes)
            .map_err(|why| format!("{}: there is no assembly of it: {why}", case.id)),
        Some("json") => Ok(format!("{}\n", request(case)).into_bytes()),
        Some("yaml" | "yml") => Ok(case_file(case).into_bytes()),
        Some(_) | None => Ok(case.module.clone()),
    }
}

fn case_file(case: &Case) -> String {
    let digits: String = case.module.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = case.id.rsplit_once('/').map_or(case.id.as_str(), |(_, name)| name);
    let mut out = format!("# {}\ncases:\n  - name: \"{name}\"\n", case.id);
    if let Ok(assembly) = assembly(case) {
        assembly.lines().for_each(|line| out.push_str(&format!("    # {}\n", visible(line))));
    }
    out.push_str(&format!("    hex: \"{digits}\"\n"));
    if !case.limits.is_empty() {
        let limits: Vec<_> = case.limits.iter().map(|(name, limit)| format!("{name}: {limit}")).collect();
        out.push_str(&format!("    limits: {{{}}}\n", limits.join(", ")));
    }
    if !case.globals.is_empty() {
        let globals: Vec<_> = case
            .globals
            .iter()
            .map(|(name, value)| {
                format!(
                    "{}: {}",
                    crate::value::string_text(name),
                    yaml(value.as_str(), crate::outcome::Field::Result)
                )
            })
            .collect();
        out.push_str(&format!("    globals: {{{}}}\n", globals.join(", ")));
    }
    match &case.expect {
        Some(expect) if expect.fields().next().is_some() => {
            out.push_str(&format!("    expect: {}\n", expectation(expect)));
        }
        // A case file has no words for a mere status.
        Some(expect) => out.push_str(&format!("    # expects the status {}\n", expect.status().name())),
        None => {}
    }
    out
}

/// The one case that is meant by a text: the one with that id, or the only one that has it in its id.
///
/// # Errors
/// Names some that may be meant.
pub fn find<'a>(cases: &'a [Case], text: &str) -> Result<&'a Case, String> {
    if let Some(case) = cases.iter().find(|case| case.id == text) {
        return Ok(case);
    }
    let mut having = cases.iter().filter(|case| case.id.contains(text));
    match (having.next(), having.next()) {
        (Some(only), None) => Ok(only),
        (_, _) => {
            let ids: Vec<String> = cases.iter().map(|case| case.id.clone()).collect();
            Err(format!("no case is called {text:?}{}", catalog::did_you_mean(text, &ids)))
        }
    }
}

#[cfg(test)]
mod tests {
    use mdvm_spec::Spec;

    use super::*;
    use crate::case_file::{Expecting, Reader};

    #[test]
    fn every_case_can_be_shown_and_written_as_a_case_file_that_reads_back() {
        let spec = Spec::embedded().unwrap();
        let reader = Reader::new(&spec, Expecting::Anything);
        for case in catalog::suite(&spec).unwrap() {
            assert!(text(&case).contains(&case.id));
            let file = String::from_utf8(emitted(&case, "x.yaml").unwrap()).unwrap();
            let read = reader
                .read("x.yaml".as_ref(), "x", &file)
                .unwrap_or_else(|problems| panic!("{}: {}\n{file}", case.id, mdvm_spec::Problems(problems)));
            assert_eq!(read[0].module, case.module, "{}", case.id);
            assert_eq!(read[0].limits, case.limits, "{}", case.id);
            assert_eq!(read[0].globals, case.globals, "{}", case.id);
            let said = case.expect.clone().filter(|expect| expect.fields().next().is_some());
            assert_eq!(read[0].expect, said, "{}", case.id);
        }
    }
}
