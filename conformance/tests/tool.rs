//! The suite as a tool: listing, showing and reproducing cases, and what is said of an implementation that is half done.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use mdvm_conform::catalog;
use mdvm_spec::Spec;

/// Answers with an empty result, and says of modules with the letter `u` that they are unsupported.
const TOY: &str = r#"
import base64, json, sys
def say(what):
    print(json.dumps(what), flush=True)
say({"protocol": 1, "name": "toy", "version": "1"})
for line in sys.stdin:
    request = json.loads(line)
    module = base64.b64decode(request["module"])
    if module[:1] == b"u":
        outcome = {"status": "unsupported", "message": "no limits"}
    else:
        outcome = {"status": "ok", "result": None, "stdout": "", "steps": 1, "globals": {}}
    say({"id": request["id"], "outcome": outcome})
"#;

const CASES: &str = "\
cases:
  - {name: right, hex: '61', expect: {result: null}}
  - {name: wrong, hex: '6262', expect: {result: 1}}
  - {name: wrong in a longer module, hex: '626262', expect: {result: 1}}
  - {name: lacking, hex: '75', expect: {result: 1}}
";

fn toy(folder: &Path) -> String {
    let path = folder.join("toy.py");
    std::fs::write(&path, TOY).unwrap();
    std::fs::create_dir_all(folder.join("cases")).unwrap();
    std::fs::write(folder.join("cases/c.yaml"), CASES).unwrap();
    format!("toy=python3 -S {}", path.display())
}

fn conform_in(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mdvm-conform")).args(words).current_dir(folder).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn all(output: &Output) -> String {
    format!("{}{}", text(output), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_case_is_listed_and_the_generated_ones_are_shown_too() {
    let folder = tempfile::tempdir().unwrap();
    let listed = text(&conform_in(folder.path(), &["list"]));
    let suite = catalog::suite(&Spec::embedded().unwrap()).unwrap();
    assert!(listed.lines().eq(suite.iter().map(|case| case.id.as_str())));
    let shown = text(&conform_in(folder.path(), &["show", "matrix/add/int-and-int"]));
    for part in [
        "declared:  spec/isa.yaml:",
        "expect:    {result: true}",
        "request:   {\"id\": 1, \"module\": \"",
        "    add r1, r2, r3\n",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let refused = suite.iter().find(|case| case.id.starts_with("load/header/")).unwrap();
    let shown = text(&conform_in(folder.path(), &["show", &refused.id]));
    assert!(shown.contains("which does not load") && shown.contains("  000000  "), "{shown}");
}

#[test]
fn a_case_is_emitted_in_each_form_and_runs_again() {
    let folder = tempfile::tempdir().unwrap();
    let toy = toy(folder.path());
    let id = "arith/add/two-ints-add";
    for name in ["case.mdbc", "case.mdasm", "case.json", "mine.yaml"] {
        let output = conform_in(folder.path(), &["show", id, "--emit", name]);
        assert!(output.status.success() && output.stdout.is_empty(), "{}", all(&output));
    }
    let module = std::fs::read(folder.path().join("case.mdbc")).unwrap();
    let assembly = std::fs::read_to_string(folder.path().join("case.mdasm")).unwrap();
    assert_eq!(machine_dialect_vm::assemble(&assembly).unwrap().encode(), module);
    assert_eq!(conform_in(folder.path(), &["show", id, "--emit", "-"]).stdout, module);
    std::fs::create_dir(folder.path().join("own")).unwrap();
    std::fs::rename(folder.path().join("mine.yaml"), folder.path().join("own/mine.yaml")).unwrap();
    let output = conform_in(folder.path(), &["run", "--impl", "rust", "--impl", &toy, "--cases", "own"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("FAIL toy mine/two-ints-add"), "{}", all(&output));
}

#[test]
fn what_is_not_there_is_answered_with_what_may_be_meant() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        &["show", "matrix/add/int-int"][..],
        &["list", "matrix/add/int-int"],
        &["run", "--impl", "rust", "--case", "matrix/add/int-int"],
    ] {
        let output = conform_in(folder.path(), words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(all(&output).contains("did you mean matrix/add/int-and-int"), "{}", all(&output));
    }
}

#[test]
fn failures_stand_by_their_group_the_shortest_first_and_each_can_be_reproduced() {
    let folder = tempfile::tempdir().unwrap();
    let toy = toy(folder.path());
    let run = |more: &[&str]| {
        let mut words = vec!["run", "--impl", &toy, "--cases", "cases"];
        words.extend(more);
        conform_in(folder.path(), &words)
    };
    let short = text(&run(&[]));
    assert!(
        short.contains("UNSUPPORTED toy c/lacking")
            && short.contains("and 2 more of c on toy (--verbose shows them)"),
        "{short}"
    );
    assert!(!short.contains("c/wrong"), "{short}");
    let long = text(&run(&["--verbose"]));
    let places =
        ["c/lacking  (", "c/wrong  (", "c/wrong-in-a-longer-module  ("].map(|id| long.find(id).unwrap());
    assert!(places.is_sorted(), "{long}");
    let commands: Vec<&str> =
        long.lines().filter_map(|line| line.trim().strip_prefix("reproduce: mdvm-conform ")).collect();
    assert_eq!(commands.len(), 3, "{long}");
    for (command, id) in commands.iter().zip(["c/lacking", "c/wrong", "c/wrong-in-a-longer-module"]) {
        let words = shell_words::split(command).unwrap();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let again = conform_in(folder.path(), &words);
        assert_eq!(again.status.code(), Some(1));
        assert!(text(&again).contains(&format!(" toy {id}  (")), "{}", all(&again));
    }
}

#[test]
fn what_is_unsupported_is_skipped_for_build_servers() {
    let folder = tempfile::tempdir().unwrap();
    let toy = toy(folder.path());
    conform_in(folder.path(), &["run", "--impl", &toy, "--cases", "cases", "--junit", "j.xml"]);
    let junit = std::fs::read_to_string(folder.path().join("j.xml")).unwrap();
    assert!(junit.contains("tests=\"4\" failures=\"2\" skipped=\"1\""), "{junit}");
    assert!(junit.contains("<skipped message=\"unsupported: no limits\"/>"), "{junit}");
}

#[test]
fn pages_and_badges_are_whole_and_link_to_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let toy = toy(folder.path()).replace("toy=", "<b>toy=");
    let output = conform_in(
        folder.path(),
        &[
            "run",
            "--impl",
            "rust",
            "--impl",
            &toy,
            "--cases",
            "cases",
            "--html",
            "out/html",
            "--badge",
            "badge.svg",
        ],
    );
    assert_eq!(output.status.code(), Some(1), "{}", all(&output));
    let html = folder.path().join("out/html");
    let index = std::fs::read_to_string(html.join("index.html")).unwrap();
    assert!(index.contains("&lt;b&gt;toy") && !index.contains("<b>"), "{index}");
    let mut links = 0;
    for part in index.split("href=\"").skip(1).chain(index.split("src=\"").skip(1)) {
        let name = part.split('"').next().unwrap();
        assert!(html.join(name).is_file(), "{name}");
        links += 1;
    }
    assert_eq!(links, 3);
    let group = std::fs::read_to_string(html.join("group-0-c.html")).unwrap();
    assert!(group.contains("fail: c/wrong") && group.contains("expected"), "{group}");
    let badge = std::fs::read_to_string(folder.path().join("badge.svg")).unwrap();
    assert!(
        badge.starts_with("<svg ") && badge.contains("1 of 4 cases") && badge.contains("&lt;b&gt;toy"),
        "{badge}"
    );
}

#[test]
fn a_ledger_is_fixed_until_the_run_is_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let toy = toy(folder.path());
    let path = folder.path().join("l.yaml");
    let before = "# Of the toy.\nknown:\n  - name: c/right\n    gives: {result: 2}\n    why: not true any more\n\n  \
                  # Stays.\n  - name: c/wrong\n    gives: {result: null}\n    why: it knows no numbers\n  - {name: c/gone, gives: {status: ok}, why: gone}\n";
    std::fs::write(&path, before).unwrap();
    let run = |more: &[&str]| {
        let mut words = vec!["run", "--impl", &toy, "--cases", "cases", "--ledger", "l.yaml"];
        words.extend(more);
        conform_in(folder.path(), &words)
    };
    let refused = run(&["--fix-ledger", "--filter", "wrong"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    let output = run(&["--fix-ledger"]);
    assert_eq!(output.status.code(), Some(0), "{}", all(&output));
    assert!(all(&output).contains("2 lines added, 2 taken away"), "{}", all(&output));
    let after = std::fs::read_to_string(&path).unwrap();
    assert!(after.starts_with("# Of the toy.\nknown:\n\n  # Stays.\n  - name: c/wrong\n"), "{after}");
    assert!(after.contains("  - name: c/lacking\n    gives: {status: unsupported}\n"), "{after}");
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", all(&output));
    run(&["--fix-ledger"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
}

#[test]
fn next_names_the_opcode_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let command = support::altered_reference(folder.path(), &|text| {
        text.replace("def str_len(", "def str_len(*_):\n    return 7\n\n\ndef _str_len(")
    });
    let toy = format!("toy={command}");
    let output = conform_in(folder.path(), &["next", "--filter", "matrix/", "--impl", &toy]);
    assert_eq!(output.status.code(), Some(1), "{}", all(&output));
    let said = text(&output);
    assert!(said.contains("\n1. the opcode str_len: ") && said.contains("(spec/isa.yaml:"), "{said}");
    let show = said.lines().find_map(|line| line.trim().strip_prefix("look at it:   mdvm-conform ")).unwrap();
    let shown = conform_in(folder.path(), &show.split(' ').collect::<Vec<_>>());
    assert!(text(&shown).contains("str_len"), "{}", all(&shown));
}

#[test]
fn the_doctor_shows_what_it_sent() {
    let folder = tempfile::tempdir().unwrap();
    let toy = toy(folder.path());
    let output = conform_in(folder.path(), &["doctor", "--timeout", "10", "--impl", &toy]);
    let said = text(&output);
    let sent =
        said.lines().find_map(|line| line.trim().strip_prefix("Sent: ")).unwrap_or_else(|| panic!("{said}"));
    let request: serde_json::Value = serde_json::from_str(sent).unwrap();
    assert!(request["module"].as_str().is_some_and(|module| !module.is_empty()), "{sent}");
}

#[test]
fn a_copy_of_the_command_runs_in_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("conform");
    std::fs::copy(env!("CARGO_BIN_EXE_mdvm-conform"), &copy).unwrap();
    // The repository is still where it was built; this is as if it were not.
    let conform = |words: &[&str]| {
        let temporary = folder.path().join("tmp");
        std::fs::create_dir_all(&temporary).unwrap();
        let output = Command::new(&copy)
            .args(words)
            .current_dir(folder.path())
            .env("MDVM_SUITE", "embedded")
            .env("TMPDIR", &temporary)
            .output()
            .unwrap();
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "{words:?} leaves something behind");
        output
    };
    let suite = catalog::suite(&Spec::embedded().unwrap()).unwrap();
    let listed = text(&conform(&["list"]));
    assert!(listed.lines().eq(suite.iter().map(|case| case.id.as_str())));
    for filter in ["arith/add/", "corpus/loop", "matrix/neg/"] {
        let output = conform(&["run", "--impl", "rust", "--impl", "reference", "--filter", filter]);
        assert!(output.status.success(), "{}", all(&output));
    }
}

#[test]
fn the_commands_of_the_readme_run_from_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let readme = include_str!("../README.md");
    let (_, part) = readme.split_once("### From the first answer to the last").unwrap();
    let (part, _) = part.split_once("\n### ").unwrap();
    let toy = toy(folder.path());
    let commands: Vec<&str> = part.lines().filter(|line| line.starts_with("mdvm-conform ")).collect();
    assert_eq!(commands.len(), 7, "{part}");
    for command in commands {
        let command = command.split(" # ").next().unwrap();
        let words = shell_words::split(command).unwrap();
        let mut words: Vec<&str> = words
            .iter()
            .skip(1)
            .map(|word| if word == "mine=./my-vm" { &toy } else { word.as_str() })
            .collect();
        if words[0] == "run" {
            // A part of the suite does.
            words.extend(["--filter", "arith/"]);
        }
        let output = conform_in(folder.path(), &words);
        // The toy is at fault in everything that runs it.
        let expected = if command.contains("--impl") { 1 } else { 0 };
        assert_eq!(output.status.code(), Some(expected), "{command}: {}", all(&output));
    }
    for name in ["report/index.html", "two.mdbc", "two.mdasm", "two.json"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
}

#[test]
fn the_bounds_of_the_readme_are_those_of_the_runner() {
    let readme = include_str!("../README.md");
    let mebibytes = mdvm_conform::worker::LINE_BYTES >> 20;
    let lines = mdvm_conform::batch::NOISE_LIMIT;
    for text in
        [format!("| a line of {mebibytes} MiB |"), format!("| {lines} lines that answer no request |")]
    {
        assert!(readme.contains(&text), "{text}");
    }
}
