//! Modules of the library import downward only: what is said to know nothing of the layers above it does not import them, and
//! there are no circles. `docs/ARCHITECTURE.md` tells what each layer is.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers from the lowest up. A module belongs to the longest entry that its path begins with, and may import that layer and
/// those before it. The last is the crate itself, whose root gives everything again.
const LAYERS: &[&str] = &[
    "ablation",
    "planted",
    "escape",
    "excerpt",
    "values",
    "errors",
    "isa",
    "watch",
    "memory",
    "value",
    "module",
    "runtime",
    "ops",
    "exec::interpreter",
    "exec::analysis",
    "exec::specialise::types",
    "exec::specialise::op",
    "exec::specialise::superinstructions",
    "exec::specialise::context",
    "exec::specialise::code",
    "exec::specialise::builder",
    "exec::specialise::deferred",
    "exec::specialise::translate",
    "exec::specialise::versions",
    "exec::specialise::elements",
    "exec::specialise::execute",
    "exec::specialise::materialise",
    "exec::specialise",
    "exec::jit::executable",
    "exec::jit::layout",
    "exec::jit::context",
    "exec::jit::stubs",
    "exec::jit::x64",
    "exec::jit",
    "exec::driver",
    "exec",
    "vm",
    "asm",
    // It shows what is left of a module as assembly.
    "module::salvage",
    "language",
    "outcome",
    "plug",
    "",
];

/// The position of the layer that a module path belongs to.
fn layer_of(path: &str) -> usize {
    let is_prefix = |layer: &str| {
        layer.is_empty()
            || path == layer
            || path.strip_prefix(layer).is_some_and(|rest| rest.starts_with("::"))
    };
    let known = LAYERS.iter().enumerate().filter(|(_, layer)| is_prefix(layer));
    known.max_by_key(|(_, layer)| layer.len()).map(|(position, _)| position).expect("the last fits all")
}

/// What a source text imports by `crate::` and `super::`, from the root of the crate on. Comments and unit tests are left out.
fn imports(module: &str, text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    for (place, _) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        let before = code[..place].chars().next_back();
        if before.is_some_and(|letter| is_word(letter) || letter == ':' || letter == '$') {
            continue;
        }
        let mut rest = &code[place..];
        let mut at: Vec<&str> = module.split("::").filter(|part| !part.is_empty()).collect();
        while let Some(further) = rest.strip_prefix("super::") {
            at.pop();
            rest = further;
        }
        if let Some(further) = rest.strip_prefix("crate::") {
            at.clear();
            rest = further;
        }
        expand(&at.join("::"), rest, &mut found);
    }
    found
}

/// The paths of `a::b`, or of each in `a::{b, c::d}`, behind `at`.
fn expand(at: &str, rest: &str, found: &mut BTreeSet<String>) {
    let join = |word: &str| if at.is_empty() { word.to_owned() } else { format!("{at}::{word}") };
    if let Some(inner) = rest.strip_prefix('{') {
        let mut depth = 0;
        let mut begin = 0;
        for (place, letter) in inner.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' | ',' if depth == 0 => {
                    expand(at, inner[begin..place].trim(), found);
                    begin = place + 1;
                    if letter == '}' {
                        return;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        return;
    }
    let end = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(rest.len());
    let word = &rest[..end];
    if word == "self" {
        found.insert(at.to_owned());
    } else if word.is_empty() {
        // Behind the last comma.
    } else if let Some(further) = rest[end..].strip_prefix("::") {
        expand(&join(word), further, found);
    } else {
        found.insert(join(word));
    }
}

/// The imports of a module that go up.
fn faults(module: &str, text: &str) -> Vec<String> {
    let from = layer_of(module);
    let goes_up = |import: &String| {
        let is_own_child = import.starts_with(&format!("{module}::"));
        layer_of(import) > from && !is_own_child
    };
    let fault = |import: String| format!("{module} imports {import}, which is above it");
    imports(module, text).into_iter().filter(goes_up).map(fault).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn imports_go_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap().with_extension("");
        let module = path.iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("::");
        // The command uses what any host can; the extension and the root of the crate are above everything.
        if module == "lib"
            || module == "python"
            || module.starts_with("python::")
            || module.starts_with("bin::")
        {
            continue;
        }
        seen.insert(layer_of(&module));
        wrong.extend(faults(&module, &fs::read_to_string(&file).unwrap()));
    }
    let missing: Vec<&&str> =
        (0..LAYERS.len() - 1).filter(|layer| !seen.contains(layer)).map(|layer| &LAYERS[layer]).collect();
    assert!(missing.is_empty(), "no module belongs to {missing:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Arrows that go up are found, however they are written.
#[test]
fn an_arrow_that_goes_up_is_found() {
    for text in [
        "use crate::exec::driver::Tiers;",
        "use crate::{\n    errors::RuntimeError,\n    exec::{analysis::FlowGraph, driver},\n};",
        "use super::super::exec::jit::CodeCache;",
        "fn tiers(tiers: &crate::exec::Tiers) {}",
    ] {
        let found = faults("runtime::fuel", text);
        assert!(!found.is_empty(), "{text}");
        assert!(found.iter().all(|fault| fault.starts_with("runtime::fuel imports exec::")), "{found:?}");
    }
    assert_eq!(
        faults("exec::specialise::types", "use crate::exec::specialise::{code::Code, types::Type};"),
        ["exec::specialise::types imports exec::specialise::code::Code, which is above it"]
    );
}

#[test]
fn what_is_no_arrow_that_goes_up_is_left_alone() {
    let text = "
        // use crate::exec::driver;
        use crate::errors::RuntimeError;
        use crate::runtime::{Fuel, Machine};
        fn f() { xcrate::exec::driver::f() }
        #[cfg(test)]\nmod tests {\n    use crate::exec::driver;\n}";
    assert_eq!(faults("runtime::fuel", text), [""; 0]);
}
