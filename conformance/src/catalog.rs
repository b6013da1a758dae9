//! All cases there are, found where they are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mdvm_spec::{Problem, Problems, Spec};

use crate::case::{Case, slug};
use crate::case_file::{Expecting, Reader};
use crate::paths::{cases_folder, problem};
use crate::{corpus, embedded, matrix};

/// Where cases come from that belong to the suite.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// What it is called.
    pub name: &'static str,
    /// Reads all of its cases.
    pub read: fn(&Spec) -> Result<Vec<Case>, Problems>,
}

/// Every source of cases, in the order of reports. Whatever shows, lists or runs the suite goes by this table.
pub const SOURCES: &[Source] = &[
    Source { name: "cases", read: |spec| read_folder(&cases_folder(), spec, Expecting::Something) },
    Source { name: "corpus", read: |_| corpus::read_folder(&corpus::folder()) },
    Source { name: "generated", read: matrix::cases },
];

/// Every case of the suite.
///
/// # Errors
/// Gives what is wrong with any of the files.
pub fn suite(spec: &Spec) -> Result<Vec<Case>, Problems> {
    let mut cases = Vec::new();
    for source in SOURCES {
        cases.extend((source.read)(spec)?);
    }
    Ok(cases)
}

/// The ids that look most like a text that is none, as the end of a message.
#[must_use]
pub fn did_you_mean(text: &str, ids: &[String]) -> String {
    /// How many are named.
    const NAMED: usize = 3;
    let words: BTreeSet<String> = slug(text).split('-').map(str::to_owned).collect();
    let likeness = |id: &&String| {
        let shared = slug(id).split('-').filter(|word| words.contains(*word)).count();
        (id.contains(text), shared)
    };
    let mut like: Vec<&String> = ids.iter().filter(|id| likeness(id) > (false, 0)).collect();
    like.sort_by_key(|id| (std::cmp::Reverse(likeness(id)), id.len()));
    match like.as_slice() {
        [] => "; `mdvm-conform list` names them all".to_owned(),
        [..] => {
            let names: Vec<&str> = like.iter().take(NAMED).map(|id| id.as_str()).collect();
            format!("; did you mean {}?", names.join(" or "))
        }
    }
}

/// The cases of a folder and all folders in it, in order of their ids.
///
/// # Errors
/// Gives what is wrong with any of the files.
pub fn read_folder(folder: &Path, spec: &Spec, expecting: Expecting) -> Result<Vec<Case>, Problems> {
    let mut problems = Vec::new();
    let mut cases = Vec::new();
    let reader = Reader::new(spec, expecting);
    for path in files_of(folder, &mut problems) {
        match read_file(&reader, folder, &path) {
            Ok(read) => cases.extend(read),
            Err(found) => problems.extend(found),
        }
    }
    cases.sort_by(|a, b| a.id.cmp(&b.id));
    if problems.is_empty() { Ok(cases) } else { Err(Problems(problems)) }
}

/// The case with that id, for which only the file that it is in is read; none where there is no such case.
///
/// # Errors
/// Gives what is wrong with that file.
pub fn read_one(id: &str, spec: &Spec) -> Result<Option<Case>, Problems> {
    if let Some(name) = id.strip_prefix(corpus::PREFIX) {
        return corpus::read_one(&corpus::folder(), name);
    }
    let folder = cases_folder();
    let Some((prefix, _)) = id.rsplit_once('/') else { return Ok(None) };
    let path = folder.join(format!("{prefix}.yaml"));
    if !embedded::is_file(&path) {
        return Ok(None);
    }
    let cases = read_file(&Reader::new(spec, Expecting::Something), &folder, &path).map_err(Problems)?;
    Ok(cases.into_iter().find(|case| case.id == id))
}

fn read_file(reader: &Reader<'_>, folder: &Path, path: &Path) -> Result<Vec<Case>, Vec<Problem>> {
    let text = embedded::read_to_string(path)
        .map_err(|error| vec![problem(path, format!("cannot be read: {error}"))])?;
    let inside = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
    reader.read(path, &parts.join("/"), &text)
}

/// Every file under the folder. One that would be passed over in silence is a problem.
fn files_of(folder: &Path, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    if let Some(files) = embedded::under(folder) {
        return files;
    }
    let mut files = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(problem(folder, format!("cannot be read: {error}")));
            return files;
        }
    };
    for entry in entries {
        match entry.map(|entry| entry.path()) {
            Ok(path) if path.is_dir() => files.extend(files_of(&path, problems)),
            Ok(path) if path.extension().is_some_and(|extension| extension == "yaml") => files.push(path),
            Ok(path) => problems.push(problem(&path, "is no case file; those end with .yaml".to_owned())),
            Err(error) => problems.push(problem(folder, format!("cannot be read: {error}"))),
        }
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_folders_and_stray_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let spec = Spec::embedded().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        let text = "cases:\n  - {name: one, hex: '', expect: {load_error: UnexpectedEof}}\n";
        std::fs::write(folder.path().join("b/c.yaml"), text).unwrap();
        std::fs::write(folder.path().join("a.yaml"), text).unwrap();
        let cases = read_folder(folder.path(), &spec, Expecting::Something).unwrap();
        assert_eq!(cases.iter().map(|case| case.id.as_str()).collect::<Vec<_>>(), ["a/one", "b/c/one"]);

        std::fs::write(folder.path().join("b/d.yml"), text).unwrap();
        let problems = read_folder(folder.path(), &spec, Expecting::Something).unwrap_err();
        assert!(problems.to_string().ends_with("d.yml: is no case file; those end with .yaml"), "{problems}");
    }
}
