//! `mdvm-conform fuzz`, `fuzz-report` and `triage` as people use them.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use mdvm_conform::case_file::{Expecting, Reader};
use mdvm_conform::fuzz::results::{self, Row};
use mdvm_spec::Spec;

fn conform(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mdvm-conform")).args(words).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// An implementation that agrees with this machine in everything but the product of 3 and another int, which it gives one too
/// large.
fn broken(folder: &Path) -> String {
    let command = support::altered_reference(folder, &|text| {
        let text = text.replace("_checked(left * right)", "_checked(left * right + (left == 3))");
        // What it prepares of code has a multiplication of its own.
        text.replace("if tracing or makes_tags(module)", "if True")
    });
    format!("broken={command}")
}

#[test]
fn the_same_seed_gives_the_same_programs_and_shards_share_none() {
    let folder = tempfile::tempdir().unwrap();
    let run = |out: &str, more: &[&str]| {
        let out = folder.path().join(out).display().to_string();
        let mut words = vec!["fuzz", "--impl", "rust", "--impl", "rust-interpreter", "--out", &out];
        if !more.contains(&"--count") {
            words.extend(["--count", "1500"]);
        }
        words.extend(more);
        let output = conform(&words);
        assert!(output.status.success(), "{}", text(&output));
        let files: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        let chunk = |row: &Row| match row {
            Row::Chunk { from, count, steps, sampled, .. } => Some((*from, *count, *steps, sampled.clone())),
            Row::Begin { .. }
            | Row::NotCompared { .. }
            | Row::NotReproduced { .. }
            | Row::Divergence { .. } => None,
        };
        results::read(&files[0]).unwrap().iter().filter_map(chunk).collect::<Vec<_>>()
    };
    let whole = run("whole", &[]);
    assert_eq!(whole, run("again", &[]));
    assert_ne!(whole, run("other", &["--seed", "2"]));
    let mut parts = run("one", &["--shard", "1/2"]);
    parts.extend(run("two", &["--shard", "2/2"]));
    parts.sort();
    assert_eq!(parts, whole);
    // A campaign that is begun again has nothing left to do.
    assert_eq!(run("whole", &[]), whole);
    // Of few programs, every shard has some.
    let count = |chunks: Vec<(u64, u64, u64, _)>| chunks.iter().map(|chunk| chunk.1).sum::<u64>();
    let of_few = ["8/8", "1/8"]
        .map(|shard| count(run(&shard.replace('/', "-"), &["--count", "30", "--shard", shard])));
    assert!(of_few.iter().all(|count| (1..=6).contains(count)), "{of_few:?}");

    let file = |name: &str, shard: &str| {
        folder.path().join(name).join(format!("mixed-seed-1-shard-{shard}.jsonl")).display().to_string()
    };
    let report = |files: &[String]| {
        let mut words = vec!["fuzz-report"];
        words.extend(files.iter().map(String::as_str));
        let output = conform(&words);
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().lines().take(3).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(report(&[file("one", "1-of-2"), file("two", "2-of-2")]), report(&[file("whole", "1-of-1")]));
}

#[test]
fn a_difference_is_named_made_small_and_written_as_a_case() {
    let folder = tempfile::tempdir().unwrap();
    let implementation = broken(folder.path());
    let out = folder.path().join("out").display().to_string();
    let output = conform(&[
        "fuzz",
        "--impl",
        "rust",
        "--impl",
        &implementation,
        "--size",
        "small",
        "--first",
        "--time",
        "100",
        "--out",
        &out,
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("run mul("), "{}", text(&output));
    let cases: Vec<_> = std::fs::read_dir(Path::new(&out).join("cases")).unwrap().collect();
    assert_eq!(cases.len(), 1);
    let path = cases[0].as_ref().unwrap().path();
    let case = std::fs::read_to_string(&path).unwrap();
    let is_instruction =
        |line: &&str| line.starts_with("      ") && !line.ends_with(':') && !line.contains(".func");
    let instructions = case.lines().filter(is_instruction).count();
    assert!((2..=12).contains(&instructions), "{case}");
    // It is a case of the suite as it stands.
    let spec = Spec::embedded().unwrap();
    let read = Reader::new(&spec, Expecting::Something).read(&path, "found", &case).unwrap();
    assert_eq!(read.len(), 1);

    // Triage finds the same in it, and nothing where nothing is.
    let words =
        ["triage", "--impl", "rust", "--impl", &implementation, "--out", &out, &path.display().to_string()];
    let output = conform(&words);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("run mul("), "{}", text(&output));
    let output = conform(&[
        "triage",
        "--impl",
        "rust",
        "--impl",
        "reference",
        "--out",
        &out,
        &path.display().to_string(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn what_only_a_process_shows_that_has_answered_others_is_not_reproduced_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    // From its 31st request on it counts a step too many.
    let command = support::altered_reference(folder.path(), &|text| {
        let altered = r#"answered += 1
            said = answer(line, views)
            if answered > 30:
                import re
                said = re.sub(r'"steps": ?(\d+)', lambda found: f'"steps": {int(found[1]) + 1}', said)
            _send(answers, said)"#;
        let text = text.replace("_send(answers, answer(line, views))", altered);
        text.replace("    for line in requests:", "    answered = 0\n    for line in requests:")
    });
    let out = folder.path().join("out");
    let output = conform(&[
        "fuzz",
        "--impl",
        "rust",
        "--impl",
        &format!("leaking={command}"),
        "--size",
        "small",
        "--count",
        "40",
        "--jobs",
        "1",
        "--out",
        &out.display().to_string(),
    ]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("programs not reproduced: leaking answered differently once it had answered others"),
        "{said}"
    );
    assert!(said.contains("0 divergences in 0 buckets") && said.contains("steps"), "{said}");
    assert!(!out.join("cases").exists(), "{said}");
    let file = out.join("small-seed-1-shard-1-of-1.jsonl");
    let rows = results::read(&file).unwrap();
    let changed = |row: &&Row| matches!(row, Row::NotReproduced { implementations, .. } if implementations == &["leaking"]);
    let count = rows.iter().filter(changed).count();
    assert!((1..=10).contains(&count), "{count} of 40 programs\n{said}");
    let output = conform(&["fuzz-report", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (words, problem) in [
        (&["fuzz", "--impl", "rust"][..], "two implementations"),
        (&["fuzz", "--impl", "rust", "--impl", "reference", "--shard", "3/2"], "3/2"),
        (&["fuzz", "--impl", "rust", "--impl", "reference", "--size", "huge"], "small, long, special, mixed"),
        (&["triage", "--impl", "rust", "none.mdbc"], "two implementations"),
        (&["triage", "--impl", "rust", "--impl", "rust-interpreter", "none.mdbc"], "none.mdbc"),
        (&["fuzz-report", "none.jsonl"], "none.jsonl"),
    ] {
        let output = conform(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(text(&output).contains(problem), "{words:?}: {}", text(&output));
    }
}

/// Stands before an implementation and keeps back some answers, always to the same modules, for so many seconds. As a Python it
/// passes on what it is given.
#[cfg(unix)]
const SLOW: &str = r#"#!/usr/bin/env python3
import hashlib, json, os, subprocess, sys, time
arguments = sys.argv[1:]
if "-c" in arguments:
    os.execvp("python3", ["python3", *arguments])
inner = subprocess.Popen(["python3", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
sys.stdout.buffer.write(inner.stdout.readline())
sys.stdout.flush()
for line in sys.stdin.buffer:
    inner.stdin.write(line)
    inner.stdin.flush()
    answer = inner.stdout.readline()
    if hashlib.sha256(json.loads(line)["module"].encode()).digest()[0] % 16 == 0:
        time.sleep(DELAY)
    sys.stdout.buffer.write(answer)
    sys.stdout.flush()
"#;

/// Writes the script and gives its path.
#[cfg(unix)]
fn slow(folder: &Path, seconds: f64) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join(format!("slow-{seconds}"));
    std::fs::write(&path, SLOW.replace("DELAY", &seconds.to_string())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[cfg(unix)]
#[test]
fn a_slow_reference_is_slow_and_no_divergence() {
    let folder = tempfile::tempdir().unwrap();
    let campaign = |seconds: f64, implementation: &str, python: bool| {
        let script = slow(folder.path(), seconds);
        let out = folder.path().join(format!("{seconds}-{python}")).display().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mdvm-conform"));
        if python {
            command.env("MDVM_PYTHON", &script);
        }
        let output = command
            .args(["fuzz", "--impl", "rust", "--impl", implementation, "--count", "24", "--size", "small"])
            .args(["--timeout", "2", "--jobs", "1", "--out", &out])
            .output()
            .unwrap();
        (output.status.code(), text(&output))
    };
    // Late even with three times the time: of the reference nothing is said.
    let (code, said) = campaign(7.5, "reference", true);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("programs set aside: reference is slow") && said.contains("0 divergences in 0 buckets"),
        "{said}"
    );
    // Any other that is only slow is compared all the same.
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference");
    let other = |seconds: f64| {
        let script = slow(folder.path(), seconds);
        format!(
            "other=env PYTHONPATH={} {} -S -B -m mdvm_reference serve",
            reference.display(),
            script.display()
        )
    };
    let (code, said) = campaign(3.0, &other(3.0), false);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("programs set aside: other is slow"), "{said}");
}

#[test]
fn what_is_unsupported_is_no_divergence_and_not_taken_for_agreement() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
import json, sys
print(json.dumps({"protocol": 1, "name": "none", "version": "1"}), flush=True)
for line in sys.stdin:
    number = json.loads(line)["id"]
    print(json.dumps({"id": number, "outcome": {"status": "unsupported", "message": "limits"}}), flush=True)
"#;
    let path = folder.path().join("none.py");
    std::fs::write(&path, script).unwrap();
    let none = format!("none=python3 -S {}", path.display());
    let out = folder.path().join("out").display().to_string();
    let output = conform(&["fuzz", "--impl", "rust", "--impl", &none, "--count", "20", "--out", &out]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("20 programs set aside: none says that it is unsupported"), "{said}");
    assert!(
        said.contains("error: no program could be compared") && said.contains("0 divergences in 0 buckets"),
        "{said}"
    );
}
