//! Imports go one way: no file of the crates and of the Python packages imports one that leads back to it, and none imports
//! from a layer above its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its input fails")]

mod imports;
mod lints;
mod python;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use imports::{Imports, Module, module_of};
use mdvm_conform::paths::home;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

/// The layers of each crate, the lowest first. A module is in the layer that names most of its path, and may import that layer, those
/// before it and its own parts. Each module but the root of the crate is in one. `docs/ARCHITECTURE.md` tells what those of the machine are.
const LAYERS: &[(&str, &[&[&str]])] = &[
    ("spec/src", &[&["source"], &["model"], &["pages"], &["check", "render"]]),
    (
        "vm/src",
        &[
            &["ablation", "planted", "escape", "excerpt"],
            &["schedule"],
            &["values", "errors", "isa"],
            &["watch", "memory"],
            &["value"],
            &["module"],
            &["state"],
            // What a host that watches a run learns.
            &["observer"],
            &["runtime"],
            &["ops"],
            &["exec::interpreter"],
            &["exec::analysis"],
            &["exec::specialise::types"],
            &["exec::specialise::context::slots"],
            &["exec::specialise::op"],
            &["exec::specialise::superinstructions"],
            &["exec::specialise::context"],
            // What the builder alone may change.
            &["exec::specialise::builder::store"],
            &["exec::specialise::code"],
            &[
                "exec::specialise::verify",
                "exec::specialise::dump",
                "exec::specialise::sites",
                "exec::specialise::spoilt",
            ],
            &["exec::specialise::builder"],
            &["exec::specialise::deferred"],
            &["exec::specialise::translate"],
            &["exec::specialise::versions", "exec::specialise::elements"],
            &["exec::specialise::execute"],
            &["exec::specialise::materialise"],
            &["exec::specialise"],
            &["exec::optimise::ir"],
            &[
                "exec::optimise::shape",
                "exec::optimise::passes",
                "exec::optimise::verify",
                "exec::optimise::allocate",
            ],
            &["exec::optimise::build"],
            &["exec::optimise"],
            &["exec::jit::executable", "exec::jit::layout"],
            &["exec::jit::context"],
            &["exec::jit::stubs"],
            &["exec::jit::verify"],
            &["exec::jit::x64"],
            &["exec::jit"],
            &["exec::driver"],
            &["exec"],
            &["vm"],
            &["asm"],
            // It shows what is left of a module as assembly.
            &["module::salvage"],
            &["language"],
            &["profile"],
            &["outcome", "plug"],
            &["python"],
        ],
    ),
    (
        "conformance/src",
        &[
            // What a case and an outcome are.
            &[
                "value", "diff", "layout", "paths", "embedded", "process", "schedule", "liveness", "outcome",
                "plug", "case",
            ],
            // Who answers.
            &["implementation", "worker", "batch", "states"],
            // Where cases come from, and what an answer to one is worth.
            &["case_file", "corpus", "obligations", "matrix", "programs", "catalog", "ledger", "verdict"],
            // What is done with them.
            &["bless", "coverage", "views", "run", "next", "fix", "report", "show", "suite", "doctor"],
            // Programs that nobody wrote.
            &["fuzz", "tier_cost"],
            &["vectors", "forced"],
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

/// The number of the layer that a module is in, and the entry that says so.
fn layer_of<'l>(module: &Module, layers: &[&[&'l str]]) -> Option<(usize, &'l str)> {
    let is_in = |entry: &&str| {
        let mut parts = module.iter();
        entry.split("::").all(|part| parts.next().is_some_and(|found| found == part))
    };
    let entries =
        (0..).zip(layers).flat_map(|(number, layer)| layer.iter().map(move |entry| (number, *entry)));
    entries.filter(|(_, entry)| is_in(entry)).max_by_key(|(_, entry)| entry.len())
}

/// Each import that leads to a layer above, each module that is in no layer, and each entry that no module belongs to.
fn climbs(imports: &Imports, layers: &[&[&str]]) -> Vec<String> {
    let mut found = Vec::new();
    let mut used = BTreeSet::new();
    for (module, imported) in imports.of.iter().filter(|(module, _)| !module.is_empty()) {
        // Tests in a file of their own may use what is above, as those within a file may.
        if module.last().is_some_and(|name| name == "tests") {
            continue;
        }
        let file = imports.files[module].display();
        let Some((layer, entry)) = layer_of(module, layers) else {
            found.push(format!("{file} is in no layer"));
            continue;
        };
        used.insert(entry);
        for (other, line) in imported {
            // The root of a crate is above all; what it gives on was followed to where it comes from.
            let is_above = layer_of(other, layers).is_none_or(|(other, _)| other > layer);
            if is_above {
                let other = imports.files[other].display();
                found.push(format!("{file}:{line} imports {other}, which is in a layer above"));
            }
        }
    }
    let unused = layers.iter().copied().flatten().filter(|entry| !used.contains(*entry));
    found.extend(unused.map(|entry| format!("no module belongs to `{entry}`, which is in a layer")));
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
    let found = LAYERS.iter().flat_map(|(sources, layers)| climbs(&read_crate(sources), layers));
    let found: Vec<String> = found.collect();
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
        "pub struct One; mod inner { use super::One; mod again { use super::super::One; } }",
    ] {
        let found = circles(&of_texts(&[("a", there), ("b", harmless), ("", "")]));
        assert!(found.is_empty(), "{harmless}: {found:?}");
    }
    // A module and its parts are one, but its parts are not one with one another.
    let parts = ("a", "mod one;\nmod two;\nuse self::one::One;\npub struct All(One);");
    let one = ("a::one", "use super::All;");
    assert!(circles(&of_texts(&[parts, one, ("a::two", "use super::one::One;")])).is_empty());
    let found =
        circles(&of_texts(&[parts, ("a::one", "use super::two::Two;"), ("a::two", "use super::one::One;")]));
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn an_import_from_above_is_found() {
    let layers: &[&[&str]] = &[&["low"], &["high::fine"], &["high"], &["gone"]];
    let imports = of_texts(&[
        ("low", "\nuse crate::high::Thing;"),
        ("high", "use crate::low;\nuse self::fine::inner;"),
        ("high::fine", "use crate::{\n    low,\n    high,\n};"),
        ("high::fine::inner", "use crate::root;"),
        ("new", ""),
        ("", ""),
    ]);
    assert_eq!(
        climbs(&imports, layers),
        [
            "high::fine.rs:3 imports high.rs, which is in a layer above",
            "high::fine::inner.rs:1 imports .rs, which is in a layer above",
            "low.rs:2 imports high.rs, which is in a layer above",
            "new.rs is in no layer",
            "no module belongs to `gone`, which is in a layer",
        ]
    );
}
