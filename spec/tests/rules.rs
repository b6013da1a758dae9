//! Every rule that code, cases or documentation cite by its id is one of the specification.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mdvm_spec::Spec;
use mdvm_spec::check::cited_rules;

/// Where rules are cited, from the root.
const FOLDERS: [&str; 6] =
    ["vm/src", "conformance/src", "conformance/reference", "conformance/known", "spec", "docs"];

fn files(folder: PathBuf, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            files(path, into);
        } else if matches!(extension, Some("rs" | "py" | "yaml" | "md")) {
            into.push(path);
        }
    }
}

#[test]
fn every_rule_that_is_cited_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let spec = Spec::embedded().unwrap();
    let rules: BTreeSet<&str> = spec.isa.rules.iter().map(|rule| rule.id.as_str()).collect();
    let mut paths = Vec::new();
    FOLDERS.iter().for_each(|folder| files(root.join(folder), &mut paths));
    let mut cited_in_the_machine = BTreeSet::new();
    let mut unknown = Vec::new();
    for path in paths.iter().filter(|path| !path.starts_with(root.join("spec/tests"))) {
        let text = std::fs::read_to_string(path).unwrap();
        for (line, text) in (1..).zip(text.lines()) {
            for id in cited_rules(text) {
                match rules.get(id) {
                    None => unknown.push(format!("{}:{line}: {id}", path.display())),
                    Some(id) if path.starts_with(root.join("vm/src")) => {
                        cited_in_the_machine.insert(*id);
                    }
                    Some(_) => {}
                }
            }
        }
    }
    assert!(unknown.is_empty(), "there is no such rule:\n{}", unknown.join("\n"));
    assert!(cited_in_the_machine.len() > 12, "the citations are not found: {cited_in_the_machine:?}");
}

#[test]
fn an_id_is_an_s_and_one_or_two_digits() {
    assert_eq!(
        cited_rules("(S4, S16 of it) S123 S SHA-S1x ABS1 S9's").collect::<Vec<_>>(),
        ["S4", "S16", "S9"]
    );
}
