//! Where the files of the repository are, and how messages show their paths.

use std::path::{Path, PathBuf};

use mdvm_spec::Problem;

/// The `conformance` folder.
#[must_use]
pub fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the case files that belong to the specification.
#[must_use]
pub fn cases_folder() -> PathBuf {
    home().parent().map_or_else(|| PathBuf::from("spec/cases"), |root| root.join("spec/cases"))
}

/// A path as messages show it: from the root of the repository, if it is in there.
#[must_use]
pub fn shown(path: &Path) -> String {
    let home = home();
    let inside = home.parent().and_then(|root| path.strip_prefix(root).ok());
    inside.unwrap_or(path).display().to_string()
}

/// A problem with a file as a whole.
pub(crate) fn problem(path: &Path, message: String) -> Problem {
    Problem { file: shown(path), line: 0, message }
}
