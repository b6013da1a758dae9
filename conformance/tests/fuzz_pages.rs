//! `mdvm-conform fuzz-pages`, as people use it, and the pages that it makes.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use machine_dialect_vm::language;
use mdvm_conform::fuzz::source::campaign::page_of;
use mdvm_conform::fuzz::source::write::Vocabulary;
use mdvm_spec::Spec;

/// The pages that each run of the tests has both implementations answer.
const PAGES: &str = "400";

fn conform(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mdvm-conform")).args(words).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_machine_and_the_reference_agree_on_random_pages() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").display().to_string();
    let output = conform(&["fuzz-pages", "--seed", "20", "--count", PAGES, "--out", &out]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains(" 0 divergences"), "{}", text(&output));
    assert!(!Path::new(&out).exists());
}

/// What the copy of the reference gets wrong, the edit that makes it so, and words that the smallest page must have.
const BUGS: &[(&str, &str, &str, &[&str])] = &[
    (
        "insert comes one place too late",
        "operations.sub(position, 1)",
        "operations.sub(position, 0)",
        &["nsert"],
    ),
    (
        "and is always Yes",
        "        return evaluate\n\n    def binary",
        "        return lambda variables: True\n\n    def binary",
        &[],
    ),
    (
        "a missing period is nothing",
        "            end = self.tokens[self.index - 1].end\n            raise SyntaxProblem(\"MissingPeriod\", end, end[0])",
        "            return",
        &[],
    ),
];

#[test]
fn a_planted_bug_is_found_and_made_small() {
    for (bug, find, replace, words) in BUGS {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy");
        let planted = std::cell::Cell::new(0);
        std::fs::create_dir(&copy).unwrap();
        let command = support::altered_reference(&copy, &|text| {
            planted.set(planted.get() + text.matches(find).count());
            text.replace(find, replace)
        });
        assert_eq!(planted.get(), 1, "{bug}");
        let out = folder.path().join("out");
        let implementation = format!("planted={command}");
        let output = conform(&[
            "fuzz-pages",
            "--impl",
            "rust",
            "--impl",
            &implementation,
            "--first",
            "--count",
            "5000",
            "--jobs",
            "1",
            "--out",
            &out.display().to_string(),
        ]);
        assert_eq!(output.status.code(), Some(1), "{bug}: {}", text(&output));
        let pages: Vec<_> = std::fs::read_dir(&out)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
            .collect();
        assert_eq!(pages.len(), 1, "{bug}");
        let page = std::fs::read_to_string(&pages[0]).unwrap();
        assert!(page.lines().count() <= 8 && page.len() <= 200, "{bug}: {page}");
        assert!(words.iter().all(|word| page.contains(word)), "{bug}: {page}");
        assert!(pages[0].with_extension("txt").exists());
    }
}

#[test]
fn the_same_number_gives_the_same_page_and_pages_are_of_all_kinds() {
    let spec = Spec::embedded().unwrap();
    let vocabulary = Vocabulary::of(&spec);
    let mut kinds: BTreeSet<&str> = BTreeSet::new();
    let (mut fine, mut refused, mut deepest) = (0, 0, 0);
    let mut words: BTreeSet<String> = BTreeSet::new();
    for index in 0..3000 {
        let (page, _) = page_of(7, index, &vocabulary);
        assert_eq!(page_of(7, index, &vocabulary).0, page);
        words.extend(page.split_whitespace().map(|word| word.to_lowercase().replace("**", "")));
        let depth =
            |line: &str| line.chars().take_while(|c| " >\t".contains(*c)).filter(|c| *c == '>').count();
        deepest = deepest.max(page.lines().map(depth).max().unwrap_or(0));
        match language::compile(&page, "page.md") {
            Ok(_) => fine += 1,
            Err(found) => {
                refused += 1;
                kinds.extend(found.iter().map(|one| one.kind().name()));
            }
        }
    }
    assert!(fine > 1500 && refused > 300, "{fine} compile and {refused} do not");
    assert!(kinds.len() >= 25, "{kinds:?}");
    assert!(deepest >= 5, "{deepest}");
    let statements = spec.language.words.iter().filter(|word| word.role == "statement");
    for word in statements {
        let first = word.spellings[0].split(' ').next().unwrap().to_lowercase();
        assert!(words.contains(&first), "no page says {first}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (words, problem) in [
        (&["fuzz-pages", "--impl", "rust"][..], "give --impl twice"),
        (&["fuzz-pages", "--shard", "3/2"], "3/2"),
        (&["fuzz-pages", "--count", "0"], "no page could be compared"),
    ] {
        let output = conform(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(text(&output).contains(problem), "{words:?}: {}", text(&output));
    }
}
