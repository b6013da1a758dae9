//! What each file of a Python package imports from the others when it runs. What only a type checker reads is left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::imports::{Imports, Module};

/// The module of a file below the folder of its package.
pub(crate) fn module_of(package: &Path, file: &Path) -> Module {
    let inside = file.strip_prefix(package).unwrap_or(file).with_extension("");
    let mut parts: Module = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "__init__") {
        parts.pop();
    }
    parts
}

/// The imports between the given files, each with its module and its text.
pub(crate) fn imports(files: Vec<(Module, PathBuf, String)>) -> Imports {
    let paths: BTreeMap<Module, PathBuf> =
        files.iter().map(|(module, path, _)| (module.clone(), path.clone())).collect();
    let mut of: BTreeMap<Module, BTreeMap<Module, usize>> = BTreeMap::new();
    for (module, path, text) in &files {
        let is_package = path.file_name().is_some_and(|name| name == "__init__.py");
        let imported = of.entry(module.clone()).or_default();
        for (line, written) in statements(text) {
            for other in named(&written, module, is_package) {
                // The longest part that is a file; the rest are names in it.
                let depth = (0..=other.len()).rev().find(|depth| paths.contains_key(&other[..*depth]));
                let other = other[..depth.unwrap_or(0)].to_vec();
                if other != *module && depth.is_some() {
                    imported.entry(other).or_insert(line);
                }
            }
        }
    }
    Imports { files: paths, of }
}

/// Each relative import, with its line, as one line of text.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut for_checkers: Option<usize> = None;
    let mut in_text = false;
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let started_in_text = in_text;
        in_text ^= line.matches("\"\"\"").count() % 2 == 1;
        let code = line.trim_start();
        if started_in_text || code.is_empty() {
            continue;
        }
        let indent = line.len() - code.len();
        if for_checkers.is_some_and(|outer| indent <= outer) {
            for_checkers = None;
        }
        if code.starts_with("if TYPE_CHECKING") {
            for_checkers = Some(indent);
        }
        if for_checkers.is_some() || !code.starts_with("from .") {
            continue;
        }
        let mut written = code.to_owned();
        while written.contains('(') && !written.contains(')') {
            let Some((_, next)) = lines.next() else { break };
            written.push_str(next);
        }
        found.push((number, written));
    }
    found
}

/// The modules that `from … import …` may mean, or names in them.
fn named(written: &str, module: &Module, is_package: bool) -> Vec<Module> {
    let Some((from, names)) = written.trim_start_matches("from ").split_once(" import ") else {
        return Vec::new();
    };
    let dots = from.chars().take_while(|letter| *letter == '.').count();
    let mut base = module.clone();
    for _ in usize::from(is_package)..dots {
        base.pop();
    }
    base.extend(from[dots..].split('.').filter(|part| !part.is_empty()).map(str::to_owned));
    let names =
        names.split('#').next().unwrap_or_default().trim_matches(|letter: char| "() ".contains(letter));
    let names = names.split(',').filter_map(|name| name.split_whitespace().next());
    names.map(|name| base.iter().cloned().chain([name.to_owned()]).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_for_checkers_and_texts_make_no_circle() {
        let file = |name: &str, text: &str| {
            (vec![name.to_owned()], PathBuf::from(format!("{name}.py")), text.to_owned())
        };
        let found = imports(vec![
            file("a", "from . import b\nfrom .c import (\n    One,\n)\n"),
            file("b", "if TYPE_CHECKING:\n    from .a import One\n\ndef f():\n    from .c import Two\n"),
            file("c", "\"\"\"\nfrom .a import One\n\"\"\"\n"),
        ]);
        let of = |name: &str| {
            found.of[&vec![name.to_owned()]]
                .iter()
                .map(|(other, line)| (other.concat(), *line))
                .collect::<Vec<_>>()
        };
        assert_eq!(of("a"), [("b".to_owned(), 1), ("c".to_owned(), 2)]);
        assert_eq!(of("b"), [("c".to_owned(), 5)]);
        assert_eq!(of("c"), []);
    }
}
