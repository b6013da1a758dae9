//! The cases of `spec/cases`, each file read when it is first asked for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use mdvm_conform::case::Case;
use mdvm_conform::case_file::{Expecting, Reader};
use mdvm_conform::outcome::Outcome;
use mdvm_conform::paths;
use mdvm_spec::Spec;

/// Cases of this folder, and cases that take more steps than that, are heavy: they run only where a bug asks for them.
const HEAVY_FOLDER: &str = "deep/";
const HEAVY_STEPS: u64 = 20_000;
/// How many more steps than expected a case may take, and how many where nothing is expected of that.
const SPARE_STEPS: u64 = 1_000;
const UNKNOWN_STEPS: u64 = 1_000_000;
const MAX_STEPS: &str = "max_steps";

/// All case files, by the beginning of the ids of their cases, as in `arith/add`.
pub(crate) struct Cases {
    spec: Spec,
    files: BTreeMap<String, PathBuf>,
    read: Mutex<BTreeMap<String, Vec<Arc<Case>>>>,
}

impl Cases {
    /// Finds the files, and reads none.
    pub(crate) fn list(spec: Spec) -> Result<Self, String> {
        let mut files = BTreeMap::new();
        let root = paths::cases_folder();
        for folder in entries(&root)? {
            for file in entries(&folder)? {
                let inside = file.strip_prefix(&root).unwrap_or(&file).with_extension("");
                let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
                files.insert(parts.join("/"), file);
            }
        }
        Ok(Self { spec, files, read: Mutex::default() })
    }

    /// The cases that are not heavy.
    pub(crate) fn light(&self) -> Result<Vec<Arc<Case>>, String> {
        let mut cases = Vec::new();
        for file in self.files.keys().filter(|file| !file.starts_with(HEAVY_FOLDER)) {
            cases.extend(self.file(file)?);
        }
        cases.retain(|case| !is_heavy(case));
        Ok(cases)
    }

    /// The cases of some folders, files or ids.
    pub(crate) fn named(&self, prefixes: &[String]) -> Result<Vec<Arc<Case>>, String> {
        let mut cases = Vec::new();
        for prefix in prefixes {
            let before = cases.len();
            for file in self.files.keys() {
                let whole = match prefix.strip_prefix("*/") {
                    Some(name) => file.ends_with(&format!("/{name}")),
                    None => is_within(file, prefix),
                };
                if whole || is_within(prefix, file) {
                    cases.extend(self.file(file)?.into_iter().filter(|case| whole || case.id == *prefix));
                }
            }
            if cases.len() == before {
                return Err(format!("`killed_by` says {prefix}, and there is no such folder, file or case"));
            }
        }
        Ok(cases)
    }

    /// Those of the cases of [`Self::named`] that are heavy.
    pub(crate) fn heavy_of(&self, prefixes: &[String]) -> Result<Vec<Arc<Case>>, String> {
        let mut cases = self.named(prefixes)?;
        cases.retain(|case| is_heavy(case));
        Ok(cases)
    }

    fn file(&self, prefix: &str) -> Result<Vec<Arc<Case>>, String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cases) = read.get(prefix) {
            return Ok(cases.clone());
        }
        let path = &self.files[prefix];
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let cases = Reader::new(&self.spec, Expecting::Something)
            .read(path, prefix, &text)
            .map_err(|problems| mdvm_spec::Problems(problems).to_string())?;
        let cases: Vec<_> = cases.into_iter().map(|case| Arc::new(with_an_end(case))).collect();
        read.insert(prefix.to_owned(), cases.clone());
        Ok(cases)
    }
}

/// The case with a limit of steps that only a broken machine can reach, so that an endless loop is a wrong outcome too and
/// no time is lost in it. The control trial shows that it changes nothing else.
fn with_an_end(mut case: Case) -> Case {
    let steps = match case.weight() {
        0 => UNKNOWN_STEPS,
        steps => steps + SPARE_STEPS,
    };
    case.limits.entry(MAX_STEPS.to_owned()).or_insert(steps);
    case
}

fn is_heavy(case: &Case) -> bool {
    let steps = case.expect.as_ref().and_then(Outcome::steps);
    case.id.starts_with(HEAVY_FOLDER) || steps.is_some_and(|steps| steps > HEAVY_STEPS)
}

/// Whether `inner` is `outer` or stands in it.
fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    Ok(paths)
}
