//! The files of the suite, which are compiled into this crate: cases, corpus, ledgers and the reference.
//!
//! Where the repository is, its files are read, so that what was just edited counts. Elsewhere, or with `MDVM_SUITE=embedded`, the
//! same paths give what was compiled in.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use include_dir::{Dir, include_dir};
use tempfile::TempDir;

use crate::paths::home;

/// The variable that says which suite is meant.
pub const SUITE_VARIABLE: &str = "MDVM_SUITE";
/// Its value for the one that was compiled in.
const EMBEDDED: &str = "embedded";
/// The package of the reference.
const REFERENCE: &str = "conformance/reference";

static CORPUS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/corpus");
static KNOWN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/known");
static INTERPRETER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/reference/mdvm_reference");

/// Where the reference was unpacked, once it was needed.
static UNPACKED: Mutex<Option<TempDir>> = Mutex::new(None);

/// Whether the suite that was compiled in is used.
#[must_use]
pub fn is_used() -> bool {
    static IS_USED: OnceLock<bool> = OnceLock::new();
    *IS_USED.get_or_init(|| {
        std::env::var_os(SUITE_VARIABLE).is_some_and(|value| value == EMBEDDED)
            || !home().join("Cargo.toml").is_file()
    })
}

/// Every file that was compiled in, by its path from the root of the repository.
pub fn files() -> &'static BTreeMap<PathBuf, &'static [u8]> {
    static FILES: OnceLock<BTreeMap<PathBuf, &'static [u8]>> = OnceLock::new();
    FILES.get_or_init(|| {
        let cases =
            mdvm_spec::case_files().into_iter().map(|(path, bytes)| (Path::new("spec").join(path), bytes));
        let mut files: BTreeMap<PathBuf, &'static [u8]> = cases.collect();
        for (prefix, folder) in [
            ("conformance/corpus", &CORPUS),
            ("conformance/known", &KNOWN),
            ("conformance/reference/mdvm_reference", &INTERPRETER),
        ] {
            // What Python compiles is in folders that nobody needs.
            let mut folders = vec![folder];
            while let Some(folder) = folders.pop() {
                folders.extend(folder.dirs().filter(|inner| !inner.path().ends_with("__pycache__")));
                files.extend(
                    folder.files().map(|file| (Path::new(prefix).join(file.path()), file.contents())),
                );
            }
        }
        files
    })
}

/// The bytes of a file.
///
/// # Errors
/// As the system gives them.
pub fn read(path: &Path) -> Result<Cow<'static, [u8]>> {
    match inside(path) {
        Some(inside) => {
            let missing =
                || Error::new(ErrorKind::NotFound, "there is no such file in the suite of this command");
            files().get(&inside).map(|bytes| Cow::Borrowed(*bytes)).ok_or_else(missing)
        }
        None => std::fs::read(path).map(Cow::Owned),
    }
}

/// The text of a file.
///
/// # Errors
/// As the system gives them.
pub fn read_to_string(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?.into_owned()).map_err(|error| Error::new(ErrorKind::InvalidData, error))
}

/// Whether there is a file.
#[must_use]
pub fn is_file(path: &Path) -> bool {
    inside(path).map_or_else(|| path.is_file(), |inside| files().contains_key(&inside))
}

/// Every file under a folder that was compiled in; nothing where the folder is one of the system.
#[must_use]
pub fn under(folder: &Path) -> Option<Vec<PathBuf>> {
    let inside = inside(folder)?;
    let found = files().keys().filter(|path| path.starts_with(&inside));
    Some(found.filter_map(|path| Some(home().parent()?.join(path))).collect())
}

/// The folder that Python finds the reference in.
///
/// # Errors
/// Says why it cannot be unpacked.
pub fn reference_folder() -> Result<PathBuf> {
    if !is_used() {
        return Ok(home().join("reference"));
    }
    let mut unpacked = UNPACKED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = unpacked.as_ref() {
        return Ok(folder.path().to_owned());
    }
    let folder = tempfile::Builder::new().prefix("mdvm-reference-").tempdir()?;
    for (path, bytes) in files().iter().filter(|(path, _)| path.starts_with(REFERENCE)) {
        let place = folder.path().join(path.strip_prefix(REFERENCE).unwrap_or(path));
        place.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(place, bytes)?;
    }
    let path = folder.path().to_owned();
    *unpacked = Some(folder);
    Ok(path)
}

/// Takes away what was unpacked, for when this process is about to end.
pub fn clean_up() {
    drop(UNPACKED.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// The path from the root of the repository, where the suite that was compiled in has to be asked for it.
fn inside(path: &Path) -> Option<PathBuf> {
    is_used().then(|| path.strip_prefix(home().parent()?).ok().map(Path::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compiled_in_is_what_the_repository_has() {
        let root = home().parent().unwrap().to_owned();
        let mut count = 0;
        for (path, bytes) in files() {
            assert_eq!(std::fs::read(root.join(path)).unwrap(), *bytes, "{}", path.display());
            count += 1;
        }
        assert!(count > 400, "{count}");
        for folder in ["conformance/corpus", "conformance/known"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = Path::new(folder).join(entry.unwrap().file_name());
                assert!(files().contains_key(&path), "{}", path.display());
            }
        }
    }
}
