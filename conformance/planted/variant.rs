//! Copies of the reference, broken or not, each in a folder of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use mdvm_conform::implementation::{Launcher, PYTHON_VARIABLE, Start};
use mdvm_conform::paths::home;
use tempfile::TempDir;

use crate::bug::Edit;

const PACKAGE: &str = "mdvm_reference";
/// Python runs a folder by this file, and then looks for packages in that folder first.
const RUN: (&str, &str) =
    ("__main__.py", "import sys\nfrom mdvm_reference.__main__ import main\n\nsys.exit(main())\n");

/// The reference as it is, with its compiled form: only what a bug changes has to be compiled again.
pub(crate) struct Original {
    python: String,
    /// Path inside the package, such as `language/parser.py`, -> text.
    sources: BTreeMap<String, String>,
    /// Path of a source -> its compiled file and where that belongs.
    compiled: BTreeMap<String, (PathBuf, Vec<u8>)>,
}

/// A copy that can be started. Dropping it removes it.
pub(crate) struct Variant {
    python: String,
    folder: TempDir,
}

impl Original {
    pub(crate) fn copy() -> Result<Self, String> {
        let mut original = Self { python: python()?, sources: BTreeMap::new(), compiled: BTreeMap::new() };
        let reference = home().join("reference").join(PACKAGE);
        for path in files(&reference, Path::new(""), "py")? {
            let text = std::fs::read_to_string(reference.join(&path))
                .map_err(|error| format!("{}: {error}", path.display()))?;
            original.sources.insert(slashed(&path), text);
        }
        let copy = original.with(&[])?;
        let package = copy.folder.path().join(PACKAGE);
        // A compiled file of this kind is taken as it is, whatever the age of the source.
        let words = ["-S", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"];
        let status = Command::new(&original.python).args(words).arg(&package).status();
        if !status.as_ref().is_ok_and(std::process::ExitStatus::success) {
            return Err(format!("the reference does not compile: {status:?}"));
        }
        for path in files(&package, Path::new(""), "pyc")? {
            // `language/__pycache__/parser.cpython-311.pyc` comes from `language/parser.py`.
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let module = name.split('.').next().unwrap_or(&name);
            let folder = path.parent().and_then(Path::parent).unwrap_or(Path::new(""));
            let source = slashed(&folder.join(format!("{module}.py")));
            let bytes =
                std::fs::read(package.join(&path)).map_err(|error| format!("{}: {error}", path.display()))?;
            original.compiled.insert(source, (path, bytes));
        }
        Ok(original)
    }

    /// A copy with these edits.
    pub(crate) fn with(&self, edits: &[Edit]) -> Result<Variant, String> {
        let mut changed: BTreeMap<&str, String> = BTreeMap::new();
        for edit in edits {
            let Some((file, text)) = self.sources.get_key_value(&edit.file) else {
                return Err(format!("the reference has no file {}", edit.file));
            };
            let text = changed.entry(file).or_insert_with(|| text.clone());
            *text = edited(text, edit)?;
        }
        let folder = TempDir::with_prefix("planted-").map_err(|error| error.to_string())?;
        let write = |path: PathBuf, bytes: &[u8]| {
            let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            made.and_then(|()| std::fs::write(&path, bytes))
                .map_err(|error| format!("{}: {error}", path.display()))
        };
        let package = folder.path().join(PACKAGE);
        write(folder.path().join(RUN.0), RUN.1.as_bytes())?;
        for (file, text) in &self.sources {
            let text = changed.get(file.as_str()).unwrap_or(text);
            write(package.join(file), text.as_bytes())?;
        }
        for (source, (path, bytes)) in &self.compiled {
            if !changed.contains_key(source.as_str()) {
                write(package.join(path), bytes)?;
            }
        }
        Ok(Variant { python: self.python.clone(), folder })
    }
}

impl Variant {
    pub(crate) fn launcher(&self) -> Launcher {
        let folder = self.folder.path().display().to_string();
        let words = [&self.python, "-S", "-B", &folder, "serve"].map(str::to_owned).to_vec();
        Launcher { name: "planted".to_owned(), start: Start::Command(words) }
    }
}

/// The text after the edit.
fn edited(text: &str, edit: &Edit) -> Result<String, String> {
    let (start, end) = match &edit.function {
        None => (0, text.len()),
        Some(name) => function(text, name).ok_or_else(|| {
            format!("{} does not define one function {name}, where the bug belongs", edit.file)
        })?,
    };
    let found: Vec<usize> = text[start..end].match_indices(&edit.find).map(|(at, _)| start + at).collect();
    let [at] = found[..] else {
        return Err(format!(
            "{:?} stands {} times in {} {}, and must stand there once for the bug to be planted",
            edit.find,
            found.len(),
            edit.file,
            edit.function.as_deref().unwrap_or_default()
        ));
    };
    Ok(format!("{}{}{}", &text[..at], edit.replace, &text[at + edit.find.len()..]))
}

/// Where a function begins and ends: it goes on as long as lines are indented deeper than its `def`.
fn function(text: &str, name: &str) -> Option<(usize, usize)> {
    let head = format!("def {name}(");
    let start = text.find(&head)?;
    if text[start + 1..].contains(&head) {
        return None;
    }
    let indent = start - text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let mut end = start;
    for (number, line) in text[start..].split_inclusive('\n').enumerate() {
        let content = line.trim_start();
        let outside =
            line.len() - content.len() <= indent && !content.is_empty() && !content.starts_with(')');
        if number > 0 && outside {
            break;
        }
        end += line.len();
    }
    Some((start, end))
}

/// The Python that runs all copies. It is asked for its own path, because what `python3` names may be a slow script.
fn python() -> Result<String, String> {
    let named = std::env::var(PYTHON_VARIABLE).ok().filter(|name| !name.is_empty());
    let script = "import sys; assert sys.version_info >= (3, 10); print(sys.executable)";
    for name in named.map_or_else(|| vec!["python3".to_owned(), "python".to_owned()], |name| vec![name]) {
        if let Ok(output) = Command::new(name).args(["-c", script]).output()
            && output.status.success()
        {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
    }
    Err(format!("no Python 3.10 or newer is found; {PYTHON_VARIABLE} can name one"))
}

/// The files with that extension under `root`, by their paths from there, those of inner folders too.
fn files(root: &Path, inner: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let folder = root.join(inner);
    let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = inner.join(entry.file_name());
        if entry.file_type().map_err(unreadable)?.is_dir() {
            paths.extend(files(root, &path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// A path as `bugs.yaml` writes it.
fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
