//! The corpus: modules that the public compiler wrote, with the outcome of each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mdvm_spec::{Problem, Problems};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::case::{Case, Origin};
use crate::embedded;
use crate::outcome::Outcome;
use crate::paths::{home, problem, shown};

/// What the id of a corpus case begins with; the name of the module follows.
pub const PREFIX: &str = "corpus/";
/// The file that lists the modules, one JSON object a line.
const INDEX: &str = "corpus.jsonl";

/// The folder of the corpus.
#[must_use]
pub fn folder() -> PathBuf {
    home().join("corpus")
}

/// The cases of a corpus folder, in the order of its index.
///
/// # Errors
/// Gives each line of the index that cannot be read, and each module without a line or line without a module.
pub fn read_folder(folder: &Path) -> Result<Vec<Case>, Problems> {
    let mut problems = Vec::new();
    let mut cases = Vec::new();
    let index = read_index(folder)?;
    for (number, line) in (1..).zip(index.lines()) {
        match read_line(folder, number, line) {
            Ok(case) => cases.push(case),
            Err(found) => problems.push(found),
        }
    }
    let listed: BTreeSet<&str> = cases.iter().filter_map(|case| case.id.strip_prefix(PREFIX)).collect();
    if problems.is_empty() {
        problems.extend(
            modules_of(folder)
                .filter(|name| !listed.contains(name.as_str()))
                .map(|name| problem(&folder.join(INDEX), format!("has no line for the module {name}"))),
        );
        if listed.len() < cases.len() {
            problems.push(problem(&folder.join(INDEX), "lists a module twice".to_owned()));
        }
    }
    if problems.is_empty() { Ok(cases) } else { Err(Problems(problems)) }
}

/// The modules of a folder without an index, of which nothing is expected but that implementations agree on them.
///
/// # Errors
/// Says which module cannot be read.
pub fn read_modules(folder: &Path) -> Result<Vec<Case>, Problems> {
    let mut names: Vec<String> = modules_of(folder).collect();
    names.sort();
    let read = |(index, name): (usize, String)| {
        let file = folder.join(&name);
        let module = embedded::read(&file)
            .map_err(|error| Problems(vec![problem(&file, format!("cannot be read: {error}"))]))?;
        Ok(case(&name, Origin { file, line: 1, index }, module.into_owned(), None))
    };
    names.into_iter().enumerate().map(read).collect()
}

/// Whether a folder has an index.
#[must_use]
pub fn has_index(folder: &Path) -> bool {
    embedded::is_file(&folder.join(INDEX))
}

/// The case of the module of that name; none where there is no such module.
///
/// # Errors
/// Gives what is wrong with its line or the module.
pub fn read_one(folder: &Path, name: &str) -> Result<Option<Case>, Problems> {
    let index = read_index(folder)?;
    let is_named = |line: &str| serde_json::from_str::<RawLine<'_>>(line).is_ok_and(|raw| raw.file == name);
    let found = (1..).zip(index.lines()).find(|(_, line)| line.contains(name) && is_named(line));
    found
        .map(|(number, line)| read_line(folder, number, line))
        .transpose()
        .map_err(|problem| Problems(vec![problem]))
}

fn read_index(folder: &Path) -> Result<String, Problems> {
    let path = folder.join(INDEX);
    let unreadable = |error| Problems(vec![problem(&path, format!("cannot be read: {error}"))]);
    embedded::read_to_string(&path).map_err(unreadable)
}

fn read_line(folder: &Path, number: usize, line: &str) -> Result<Case, Problem> {
    let index = folder.join(INDEX);
    let wrong = |message: String| Problem { file: shown(&index), line: number, message };
    let raw: RawLine<'_> = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
    let module =
        embedded::read(&folder.join(&raw.file)).map_err(|error| wrong(format!("{}: {error}", raw.file)))?;
    let module = module.into_owned();
    let expect = Outcome::from_partial_json(raw.expect.get()).map_err(wrong)?;
    Ok(case(&raw.file, Origin { file: index.clone(), line: number, index: number - 1 }, module, Some(expect)))
}

fn case(name: &str, origin: Origin, module: Vec<u8>, expect: Option<Outcome>) -> Case {
    Case {
        id: format!("{PREFIX}{name}"),
        origin,
        module,
        limits: BTreeMap::new(),
        globals: BTreeMap::new(),
        schedule: None,
        expect,
        covers: BTreeSet::new(),
    }
}

fn modules_of(folder: &Path) -> impl Iterator<Item = String> {
    let names: Vec<_> = match embedded::under(folder) {
        Some(files) => files.iter().filter_map(|file| Some(file.file_name()?.to_owned())).collect(),
        None => {
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
        }
    };
    let names = names.into_iter().filter_map(|name| name.into_string().ok());
    names.filter(|name| name.ends_with(".mdbc"))
}

/// What this crate reads of a line of the index. The other fields tell of the compiler and of other machines.
#[derive(Deserialize)]
struct RawLine<'a> {
    file: String,
    #[serde(borrow)]
    expect: &'a RawValue,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_of_the_corpus_has_its_line() {
        let cases = read_folder(&folder()).unwrap();
        assert_eq!(cases.len(), modules_of(&folder()).count());
        let one = read_one(&folder(), cases[7].id.strip_prefix(PREFIX).unwrap()).unwrap().unwrap();
        assert_eq!(one.id, cases[7].id);
    }

    #[test]
    fn a_module_without_a_line_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.mdbc"), "").unwrap();
        std::fs::write(folder.path().join(INDEX), "").unwrap();
        assert!(
            read_folder(folder.path()).unwrap_err().to_string().contains("no line for the module a.mdbc")
        );
    }
}
