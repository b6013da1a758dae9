//! Reading programs: a page `NAME.md` and beside it `NAME.yaml`, which says what it must come to.
//!
//! Whatever would be passed over in silence is an error with its file, and its line where there is one: a page without its file or the
//! other way round, a folder without pages, an unknown field, kind, rule or limit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mdvm_spec::model::language::Severity;
use mdvm_spec::{Problem, Problems, Spec};
use serde::Deserialize;
use serde_yaml::Value as Yaml;

use super::{Diagnostics, End, Expectation, Expected, PREFIX, Program};
use crate::case::Origin;
use crate::embedded;
use crate::paths::{home, problem, shown};
use crate::value::ValueText;

/// The extension of the file that says what a page must come to.
const SIDECAR: &str = "yaml";

/// The folder of the programs that belong to the specification.
#[must_use]
pub fn programs_folder() -> PathBuf {
    home().parent().map_or_else(|| PathBuf::from("spec/programs"), |root| root.join("spec/programs"))
}

/// The programs of a folder and all folders in it.
///
/// # Errors
/// Gives what is wrong with any of the files.
pub fn folder(folder: &Path, prefix: &str, spec: &Spec) -> Result<Vec<Program>, Problems> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    files_of(folder, &mut files, &mut problems);
    let is_program = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        extension == SIDECAR || extension == page_extension(spec)
    };
    for stray in files.iter().filter(|path| !is_program(path)) {
        problems.push(problem(stray, "is neither a page nor what one must come to".to_owned()));
    }
    files.retain(|path| is_program(path));
    if files.is_empty() {
        problems.push(problem(folder, "has no programs".to_owned()));
    }
    read_pairs(folder, prefix, files, spec, problems)
}

/// The pages of the corpus, among its modules.
///
/// # Errors
/// Gives what is wrong with any of the files.
pub fn corpus(folder: &Path, spec: &Spec) -> Result<Vec<Program>, Problems> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    files_of(folder, &mut files, &mut problems);
    let belongs = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == SIDECAR || extension == page_extension(spec))
    };
    files.retain(belongs);
    read_pairs(folder, &format!("{PREFIX}corpus/"), files, spec, problems)
}

fn page_extension(spec: &Spec) -> &str {
    spec.language.file_extension.trim_start_matches('.')
}

fn read_pairs(
    folder: &Path,
    prefix: &str,
    files: Vec<PathBuf>,
    spec: &Spec,
    mut problems: Vec<Problem>,
) -> Result<Vec<Program>, Problems> {
    let names: BTreeSet<&PathBuf> = files.iter().collect();
    let mut programs = Vec::new();
    for file in &files {
        let is_sidecar = file.extension().is_some_and(|extension| extension == SIDECAR);
        let partner = file.with_extension(if is_sidecar { page_extension(spec) } else { SIDECAR });
        if !names.contains(&partner) {
            problems.push(problem(file, format!("has no {} beside it", shown(&partner))));
        } else if !is_sidecar {
            match read_pair(folder, prefix, file, &partner, programs.len(), spec) {
                Ok(program) => programs.push(program),
                Err(found) => problems.extend(found),
            }
        }
    }
    if problems.is_empty() { Ok(programs) } else { Err(Problems(problems)) }
}

/// Every file under the folder, in order; a folder that has none is a problem.
fn files_of(folder: &Path, files: &mut Vec<PathBuf>, problems: &mut Vec<Problem>) {
    if let Some(inside) = embedded::under(folder) {
        files.extend(inside);
        return;
    }
    let entries: Vec<_> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) => {
            problems.push(problem(folder, format!("cannot be read: {error}")));
            return;
        }
    };
    if entries.is_empty() {
        problems.push(problem(folder, "has no programs".to_owned()));
    }
    let mut found = Vec::new();
    for entry in entries {
        match entry.map(|entry| entry.path()) {
            Ok(path) if path.is_dir() => files_of(&path, files, problems),
            Ok(path) => found.push(path),
            Err(error) => problems.push(problem(folder, format!("cannot be read: {error}"))),
        }
    }
    found.sort();
    files.extend(found);
}

fn read_pair(
    folder: &Path,
    prefix: &str,
    page: &Path,
    sidecar: &Path,
    index: usize,
    spec: &Spec,
) -> Result<Program, Vec<Problem>> {
    let read = |path: &Path| {
        embedded::read_to_string(path)
            .map_err(|error| vec![problem(path, format!("cannot be read: {error}"))])
    };
    let (source, text) = (read(page)?, read(sidecar)?);
    let raw: RawProgram = serde_yaml::from_str(&text).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        vec![Problem { file: shown(sidecar), line, message: error.to_string() }]
    })?;
    let mut found = Vec::new();
    let mut add = |key: &str, message: String| {
        let is_key = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        let line = text.lines().position(is_key).map_or(1, |line| line + 1);
        found.push(Problem { file: shown(sidecar), line, message });
    };
    for pin in raw.pins.iter().filter(|pin| !spec.language.rules.iter().any(|rule| rule.id == **pin)) {
        add("pins", format!("spec/language.yaml has no rule `{pin}`"));
    }
    for name in raw.limits.keys().filter(|name| !spec.values.run_limits.iter().any(|one| one.name == **name))
    {
        add("limits", format!("there is no limit `{name}`"));
    }
    let lines = source.lines().count() as u64;
    let mut diagnostics = Vec::new();
    for one in &raw.diagnostics {
        let entry = spec.language.diagnostics.iter().find(|entry| entry.kind == one.kind);
        if entry.is_none() {
            add("diagnostics", format!("spec/language.yaml has no diagnostic `{}`", one.kind));
        }
        if !(1..=lines.max(1)).contains(&one.line) {
            add("diagnostics", format!("the page has no line {}", one.line));
        }
        diagnostics.push(Expected {
            kind: one.kind.clone(),
            is_error: entry.is_some_and(|entry| entry.severity == Severity::Error.name()),
            line: one.line,
            column: Some(one.column),
        });
    }
    if let Some(error) = &raw.error {
        if !spec.errors.of_runs().any(|entry| entry.kind == error.kind) {
            add("error", format!("spec/errors.yaml has no error of runs of kind `{}`", error.kind));
        }
        if !(1..=lines.max(1)).contains(&error.line) {
            add("error", format!("the page has no line {}", error.line));
        }
    }
    let is_refused = diagnostics.iter().any(|one| one.is_error);
    if is_refused && (raw.stdout.is_some() || raw.result.is_some() || raw.error.is_some()) {
        add("diagnostics", "a page with an error is not run: it prints nothing and has no end".to_owned());
    }
    if raw.result.is_some() && raw.error.is_some() {
        add("error", "`result` and `error` exclude each other".to_owned());
    }
    let result = match raw.result.as_ref().map(ValueText::from_yaml).transpose() {
        Ok(result) => result,
        Err(error) => {
            add("result", error);
            None
        }
    };
    let empty = ValueText::from_json("null").ok();
    if !found.is_empty() {
        return Err(found);
    }
    let end = match raw.error {
        Some(error) => End::Error { kind: error.kind, line: error.line, column: error.column },
        None => End::Result(result.or(empty)),
    };
    let inside = page.strip_prefix(folder).unwrap_or(page).with_extension("");
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
    let name = page.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Program {
        id: format!("{prefix}{}", parts.join("/")),
        origin: Origin { file: sidecar.to_owned(), line: 1, index },
        name,
        source,
        limits: raw.limits,
        pins: raw.pins.into_iter().collect(),
        expect: Expectation {
            stdout: (!is_refused).then(|| raw.stdout.unwrap_or_default()),
            end: (!is_refused).then_some(end),
            diagnostics: Diagnostics::Whole(diagnostics),
        },
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProgram {
    #[serde(default)]
    pins: Vec<String>,
    stdout: Option<String>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Yaml>,
    error: Option<RawError>,
    #[serde(default)]
    diagnostics: Vec<RawDiagnostic>,
    #[serde(default)]
    limits: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawError {
    kind: String,
    line: u64,
    column: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDiagnostic {
    kind: String,
    line: u64,
    column: u64,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Yaml>, D::Error> {
    Yaml::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Vec<Program>, String> {
        let place = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = place.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let spec = Spec::embedded().unwrap();
        folder(place.path(), PREFIX, &spec).map_err(|problems| problems.to_string())
    }

    fn problem(sidecar: &str) -> String {
        read(&[("a.md", "Say _1_.\n"), ("a.yaml", sidecar)]).unwrap_err()
    }

    #[test]
    fn a_page_and_its_file_are_a_program() {
        let programs = read(&[
            ("b/a.md", "Say _1_.\n"),
            ("b/a.yaml", "pins: [Division]\nstdout: |\n  1\nlimits: {max_call_depth: 3}\n"),
            ("c.md", "Say `x`.\n"),
            ("c.yaml", "diagnostics: [{kind: UndefinedName, line: 1, column: 5}]\n"),
        ])
        .unwrap();
        let ids: Vec<_> = programs.iter().map(|program| program.id.as_str()).collect();
        assert_eq!(ids, ["programs/b/a", "programs/c"]);
        assert_eq!(programs[0].expect.stdout.as_deref(), Some("1\n"));
        assert_eq!(programs[0].expect.end, Some(End::Result(ValueText::from_json("null").ok())));
        assert_eq!(programs[1].expect.end, None);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        assert!(problem("stdout: ''\npin: [Division]\n").contains("unknown field `pin`"));
        assert!(
            problem("stdout: ''\npins: [Divison]\n")
                .contains("a.yaml:2: spec/language.yaml has no rule `Divison`")
        );
        assert!(problem("limits: {max_fun: 1}\n").contains("a.yaml:1: there is no limit `max_fun`"));
        assert!(
            problem("error: {kind: Nonsense, line: 1}\n").contains("no error of runs of kind `Nonsense`")
        );
        assert!(problem("error: {kind: DivisionByZero, line: 9}\n").contains("the page has no line 9"));
        assert!(
            problem("diagnostics: [{kind: Nonsense, line: 1, column: 1}]\n")
                .contains("no diagnostic `Nonsense`")
        );
        assert!(
            problem("stdout: a\ndiagnostics: [{kind: UndefinedName, line: 1, column: 1}]\n")
                .contains("is not run")
        );
        assert!(
            problem("result: 1\nerror: {kind: DivisionByZero, line: 1}\n").contains("exclude each other")
        );
    }

    #[test]
    fn nothing_is_passed_over() {
        assert!(read(&[("a.md", "")]).unwrap_err().contains("a.yaml beside it"));
        assert!(read(&[("a.yaml", "stdout: ''\n")]).unwrap_err().contains("a.md beside it"));
        assert!(read(&[("a.txt", "")]).unwrap_err().contains("is neither a page"));
        assert!(read(&[]).unwrap_err().contains("has no programs"));
    }
}
