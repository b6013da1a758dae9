//! Writing expectations anew from what the reference gives, as edits that touch nothing but the `expect` of a case.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mdvm_spec::Spec;

use crate::batch::{self, Bounds, Job, Options};
use crate::case_file::Expecting;
use crate::catalog::read_folder;
use crate::implementation::Launcher;
use crate::layout::Layout;
use crate::outcome::{Field, Outcome, Status};
use crate::paths::shown;
use crate::plug::Answer;

/// How long the reference may take for one case.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How many reference interpreters share the cases.
const WORKERS: usize = 2;

/// Writes every expectation of the cases in a folder anew that the reference does not meet, and says which those are.
///
/// # Errors
/// Says which file cannot be read, or which case has no outcome to write or is where no line can be edited. Then no
/// file has been changed.
pub fn bless(folder: &Path) -> Result<String, String> {
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let cases = read_folder(folder, &spec, Expecting::Anything).map_err(|problems| problems.to_string())?;
    let jobs: Vec<_> =
        cases.iter().map(|case| Job { request: case.request(), weight: case.weight() }).collect();
    let answers = Mutex::new(BTreeMap::new());
    let stop = AtomicBool::new(false);
    let options = Options { workers: WORKERS, timeout: TIMEOUT, stop: &stop, bounds: Bounds::NONE };
    batch::run(&Launcher::reference(), &jobs, &options, &|index, done| {
        answers.lock().unwrap_or_else(PoisonError::into_inner).insert(index, done.answer);
    })?;
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);

    let mut edits: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    let mut report = String::new();
    for (index, case) in cases.iter().enumerate() {
        let found = match answers.get(&index) {
            Some(Answer::Outcome(found)) => found,
            Some(answer) => return Err(format!("{}: {answer}", case.place())),
            None => return Err(format!("{}: the reference did not execute the case", case.place())),
        };
        let meets = |expect: &Outcome| expect.differences(found, &[]).is_empty();
        if case.expect.as_ref().is_some_and(meets) {
            continue;
        }
        report.push_str(&format!("{}: {}\n", case.place(), found.headline()));
        let line = expect_line(case.expect.as_ref(), found);
        edits.entry(case.origin.file.clone()).or_default().push(Edit { index: case.origin.index, line });
    }
    let texts = edits
        .iter()
        .map(|(path, edits)| Ok((path, edited(path, edits)?)))
        .collect::<Result<Vec<_>, String>>()?;
    for (path, text) in &texts {
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", shown(path)))?;
    }
    let written: usize = edits.values().map(Vec::len).sum();
    Ok(format!(
        "{report}{written} of {} expectations written anew; read the diff before you keep it\n",
        cases.len()
    ))
}

/// A new `expect` for case `index` of a file.
struct Edit {
    index: usize,
    line: String,
}

fn edited(path: &Path, edits: &[Edit]) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", shown(path)))?;
    apply(&text, edits).map_err(|line| {
        format!(
            "{}:{line}: a case in flow style cannot be edited; write it as a block, one field a line",
            shown(path)
        )
    })
}

/// The text with the edits made, or the line of a case that none can be made in.
fn apply(text: &str, edits: &[Edit]) -> Result<String, usize> {
    let layout = Layout::of_list(text, "cases");
    let mut lines: Vec<String> = layout.lines().iter().map(|line| (*line).to_owned()).collect();
    let mut edits: Vec<&Edit> = edits.iter().collect();
    // From the last to the first, so that the places of the others stay.
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.index));
    for Edit { index, line } in edits {
        let (Some(column), Some(end)) = (layout.field_column(*index), layout.item_end(*index)) else {
            return Err(layout.item_line(*index));
        };
        let old = layout.field_lines(*index, "expect").unwrap_or(end..end);
        let comment =
            lines.get(old.start).filter(|_| old.len() == 1).and_then(|line| comment_of(line)).unwrap_or("");
        let indent = " ".repeat(column);
        lines.splice(old, [format!("{indent}{line}{comment}")]);
    }
    let end = if text.ends_with('\n') { "\n" } else { "" };
    Ok(lines.join("\n") + end)
}

/// The comment at the end of a line, with the spaces before it.
fn comment_of(line: &str) -> Option<&str> {
    let mut quote = None;
    let mut escaped = false;
    for (index, letter) in line.char_indices() {
        match (quote, letter) {
            (Some('"'), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(open), _) if letter == open && !escaped => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '#') if line[..index].ends_with(' ') => {
                return Some(&line[line[..index].trim_end().len()..]);
            }
            (_, _) => {}
        }
        escaped = false;
    }
    None
}

/// The `expect` line for an outcome: the fields that the old one has, or the most telling ones where it says nothing that
/// goes with this outcome.
pub(crate) fn expect_line(old: Option<&Outcome>, found: &Outcome) -> String {
    let telling: &[Field] = match found.status() {
        Status::Ok => &[Field::Result],
        Status::LoadError => &[Field::Kind],
        Status::RuntimeError => &[Field::Kind, Field::Pc],
        Status::CompileError => &[Field::Diagnostics],
    };
    let old = old.filter(|old| old.status() == found.status());
    let wanted = |field: Field| match old {
        Some(old) => field == Field::Kind || old.get(field).is_some(),
        None => {
            telling.contains(&field)
                || (field == Field::Stdout && found.get(field).is_some_and(|text| text != "\"\""))
        }
    };
    let parts: Vec<String> = found
        .fields()
        .filter(|field| wanted(*field))
        .filter_map(|field| {
            Some(format!("{}: {}", key(field, found.status()), yaml(&found.get(field)?, field)))
        })
        .collect();
    format!("expect: {{{}}}", parts.join(", "))
}

/// The name that `expect` has for a field.
pub(crate) fn key(field: Field, status: Status) -> &'static str {
    match (field, status) {
        (Field::Kind, Status::LoadError) => "load_error",
        (Field::Kind, Status::Ok | Status::RuntimeError | Status::CompileError) => "error",
        (_, _) => field.name(),
    }
}

/// JSON text as YAML in flow style. JSON is YAML but for letters that YAML calls unprintable, and for `"a":1` it likes a
/// space; kinds are without quotes, as people write them.
pub(crate) fn yaml(json: &str, field: Field) -> String {
    if field == Field::Kind {
        return json.trim_matches('"').to_owned();
    }
    let mut out = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for letter in json.chars() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            ':' | ',' if !quoted => {
                out.extend([letter, ' ']);
                continue;
            }
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
                escaped = false;
                continue;
            }
            _ => {}
        }
        escaped = quoted && letter == '\\' && !escaped;
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_touches_nothing_but_its_line() {
        let text = concat!(
            "# top\ncases:\n",
            "  - name: one\n    hex: '00'\n    expect: {result: \"a # b\"}  # why\n\n",
            "  # about two\n",
            "  - name: two\n    expect:\n      result: 1\n    hex: '01'\n",
            "  - name: three\n    hex: '02'\n",
        );
        let edit = |index, line: &str| Edit { index, line: line.to_owned() };
        let edits =
            [edit(0, "expect: {result: 2}"), edit(1, "expect: {result: 3}"), edit(2, "expect: {result: 4}")];
        let expected = concat!(
            "# top\ncases:\n",
            "  - name: one\n    hex: '00'\n    expect: {result: 2}  # why\n\n",
            "  # about two\n",
            "  - name: two\n    expect: {result: 3}\n    hex: '01'\n",
            "  - name: three\n    hex: '02'\n    expect: {result: 4}\n",
        );
        assert_eq!(apply(text, &edits).unwrap(), expected);
        assert_eq!(apply("cases:\n  - {name: a, hex: ''}\n", &edits[..1]), Err(2));
    }

    #[test]
    fn a_folder_is_blessed_by_the_reference() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        let before = concat!(
            "cases:\n",
            "  - name: right\n    hex: '00'\n    expect: {load_error: UnexpectedEof}  # stays\n",
            "  - name: wrong\n    asm: |\n      load_const r0, 1.5\n      return r0\n    expect: {error: TypeMismatch}\n",
            "  - name: fresh\n    hex: '00'\n",
        );
        std::fs::write(&file, before).unwrap();
        let report = bless(folder.path()).unwrap();
        assert!(
            report.ends_with("2 of 3 expectations written anew; read the diff before you keep it\n"),
            "{report}"
        );
        let after = before.replace("{error: TypeMismatch}", "{result: {\"float\": \"1.5\"}}")
            + "    expect: {load_error: UnexpectedEof}\n";
        assert_eq!(std::fs::read_to_string(&file).unwrap(), after);
        assert!(bless(folder.path()).unwrap().starts_with("0 of 3"));
    }

    #[test]
    fn the_fields_of_the_old_expectation_stay() {
        let json = r#"{"status": "ok", "result": {"dict": [["k", 1]]}, "stdout": "a, b: \"c\"\n\u007f", "steps": 3, "globals": {}}"#;
        let found = Outcome::from_json(json, &[]).unwrap();
        let mut old = Outcome::new(Status::Ok);
        old.set_number(Field::Steps, 1);
        assert_eq!(expect_line(Some(&old), &found), "expect: {steps: 3}");
        let fresh = expect_line(None, &found);
        assert_eq!(fresh, r#"expect: {result: {"dict": [["k", 1]]}, stdout: "a, b: \"c\"\n\u007f"}"#);
        let read: serde_yaml::Value = serde_yaml::from_str(&fresh).unwrap();
        assert_eq!(read["expect"]["stdout"], "a, b: \"c\"\n\u{7f}");
    }

    #[test]
    fn an_error_instead_of_a_result_gets_its_kind_and_place() {
        let json = r#"{"status": "runtime_error", "kind": "DivisionByZero", "message": "m", "pc": 2, "function": "main",
                       "stdout": "", "steps": 3, "globals": {}}"#;
        let mut old = Outcome::new(Status::Ok);
        old.set_number(Field::Steps, 1);
        let found = Outcome::from_json(json, &[]).unwrap();
        assert_eq!(expect_line(Some(&old), &found), "expect: {error: DivisionByZero, pc: 2}");
    }
}
