//! Imports go one way: no file of the crates and of the Python packages imports one that leads back to it, and none imports
//! from a layer above its own.

mod imports;
mod python;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use imports::{Imports, Module, module_of};
use mdvm_conform::paths::home;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

/// The layers of each crate, the lowest first. A module of the root may import from its own layer and from those before it.
/// Each module of the root is in one of them.
const LAYERS: &[(&str, &[&[&str]])] = &[
    ("spec/src", &[&["source"], &["model"], &["pages"], &["check", "render"]]),
    (
        "conformance/src",
        &[
            // What a case and an outcome are.
            &["value", "diff", "layout", "paths", "embedded", "process", "outcome", "plug", "case"],
            // Who answers.
            &["implementation", "worker", "batch"],
            // Where cases come from, and what an answer to one is worth.
            &["case_file", "corpus", "obligations", "matrix", "programs", "catalog", "ledger", "verdict"],
            // What is done with them.
            &["bless", "coverage", "run", "next", "fix", "report", "show", "suite", "doctor"],
            // Programs that nobody wrote.
            &["fuzz", "tier_cost"],
        ],
    ),
];

/// The Python packages.
const PACKAGES: &[&str] = &["vm/python/machine_dialect_vm", "conformance/reference/mdvm_reference"];

fn root() -> PathBuf {
    home().parent().map(Path::to_owned).unwrap_or_default()
}

/// The files below a folder that end like this, but for those of commands, which nothing can import.
fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "bin" && name != "__pycache__" {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) && name != "main.rs" {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn read_crate(sources: &str) -> Imports {
    let folder = root().join(sources);
    let files = files_below(&folder, "rs");
    assert!(files.len() > 3, "{sources} has {} files", files.len());
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        let shown = file.strip_prefix(root()).unwrap_or(&file).to_owned();
        (module_of(&folder, &file), shown, text)
    };
    Imports::of(files.into_iter().map(read).collect()).unwrap()
}

fn read_package(package: &str) -> Imports {
    let folder = root().join(package);
    let read = |file: PathBuf| {
        let has_code = file.extension().is_some_and(|extension| extension == "py");
        let text = if has_code { std::fs::read_to_string(&file).unwrap() } else { String::new() };
        let shown = file.strip_prefix(root()).unwrap_or(&file).to_owned();
        (python::module_of(&folder, &file), shown, text)
    };
    // What is compiled has its types in a file without code.
    let mut files = files_below(&folder, "py");
    files.extend(files_below(&folder, "pyi").into_iter().filter(|file| !file.with_extension("py").is_file()));
    assert!(files.len() > 3, "{package} has {} files", files.len());
    python::imports(files.into_iter().map(read).collect())
}

/// Each group of files that lead to one another, with the imports that do it.
fn circles(imports: &Imports) -> Vec<String> {
    let modules: Vec<&Module> = imports.files.keys().collect();
    let number: BTreeMap<&Module, u32> = modules.iter().copied().zip(0..).collect();
    let edges = imports.of.iter().flat_map(|(module, imported)| {
        let imported = imported.keys().filter_map(|other| number.get(other));
        imported.map(|other| (number[module], *other))
    });
    let graph = DiGraph::<(), ()>::from_edges(edges);
    let groups = tarjan_scc(&graph).into_iter().filter(|group| group.len() > 1);
    groups
        .map(|group| {
            let mut group: Vec<u32> = group.into_iter().map(|node| node.index() as u32).collect();
            group.sort_unstable();
            let inside = |module: &Module| number.get(module).is_some_and(|number| group.contains(number));
            let lines = group.iter().flat_map(|number| {
                let importing = modules[*number as usize];
                let of = imports.of.get(importing).into_iter().flatten();
                of.filter(|(imported, _)| inside(imported)).map(|(imported, line)| {
                    let file = imports.files[importing].display();
                    format!("  {file}:{line} imports {}", imports.files[imported].display())
                })
            });
            let lines: Vec<String> = lines.collect();
            format!("{} files lead to one another:\n{}", group.len(), lines.join("\n"))
        })
        .collect()
}

/// Each import that leads to a layer above, and each module that is in no layer.
fn climbs(imports: &Imports, layers: &[&[&str]]) -> Vec<String> {
    let layer_of = |name: &str| layers.iter().position(|layer| layer.contains(&name));
    let mut found = Vec::new();
    for (module, imported) in &imports.of {
        let Some(name) = module.first() else { continue };
        let file = imports.files[module].display();
        let Some(layer) = layer_of(name) else {
            found.push(format!("{file}: `{name}` is in no layer"));
            continue;
        };
        for (other, line) in imported {
            let above = other.first().and_then(|other| layer_of(other)).is_some_and(|other| other > layer);
            if above || other.is_empty() {
                let other = imports.files[other].display();
                found.push(format!("{file}:{line} imports {other}, which is in a layer above"));
            }
        }
    }
    found
}

#[test]
fn no_file_leads_back_to_itself() {
    let crates = LAYERS.iter().map(|(sources, _)| (*sources, read_crate(sources)));
    let packages = PACKAGES.iter().map(|package| (*package, read_package(package)));
    let mut found = Vec::new();
    for (place, imports) in crates.chain(packages) {
        let count: usize = imports.of.values().map(BTreeMap::len).sum();
        assert!(count > imports.files.len() / 2, "{place}: only {count} imports were found");
        found.extend(circles(&imports));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_import_leads_to_a_layer_above() {
    let mut found = Vec::new();
    for (sources, layers) in LAYERS {
        let imports = read_crate(sources);
        found.extend(climbs(&imports, layers));
        for name in layers.iter().copied().flatten() {
            let is_there = imports.files.contains_key(&vec![(*name).to_owned()]);
            assert!(is_there, "{sources} has no `{name}`, which is in a layer");
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The imports of a crate whose files have these texts.
fn of_texts(files: &[(&str, &str)]) -> Imports {
    let file = |(module, text): &(&str, &str)| {
        let parts = module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        (parts, PathBuf::from(format!("{module}.rs")), (*text).to_owned())
    };
    Imports::of(files.iter().map(file).collect()).unwrap()
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let there = "use crate::b::Thing;\n";
    for back in [
        "use crate::a;",
        "use crate::{a::One, c};",
        "use super::a::One as Two;",
        "fn f() -> u8 { crate::a::one() }",
        "macro_rules! m { () => { $crate::a::one() } }",
        "use crate::c::One;",
    ] {
        let imports =
            of_texts(&[("a", there), ("b", back), ("c", "pub use crate::a::One;"), ("", "mod a; mod b;")]);
        let found = circles(&imports);
        assert_eq!(found.len(), 1, "{back}: {found:?}");
        assert!(found[0].contains("  a.rs:1 imports b.rs"), "{back}: {}", found[0]);
        assert!(found[0].contains("  b.rs:1 imports a.rs"), "{back}: {}", found[0]);
    }
    for harmless in [
        "// use crate::a;",
        "const TEXT: &str = \"use crate::a;\";",
        "#[cfg(test)] mod tests { use crate::a::One; }",
        "use other::a::One;",
    ] {
        let found = circles(&of_texts(&[("a", there), ("b", harmless), ("", "")]));
        assert!(found.is_empty(), "{harmless}: {found:?}");
    }
    // What a module gives out of its own parts is no import of them.
    let facade =
        [("a", "mod inner;\npub use self::inner::One;\npub struct Two;"), ("a::inner", "use super::Two;")];
    assert!(circles(&of_texts(&facade)).is_empty());
}

#[test]
fn an_import_from_above_is_found() {
    let imports = of_texts(&[("low", "\nuse crate::high::Thing;"), ("high", "use crate::low;"), ("new", "")]);
    let found = climbs(&imports, &[&["low"], &["high"]]);
    assert_eq!(
        found,
        ["low.rs:2 imports high.rs, which is in a layer above", "new.rs: `new` is in no layer"]
    );
}
