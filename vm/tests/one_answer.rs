//! `--json` gives one JSON object whatever happens, and `--max-time` holds from the first byte that is read.
#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::thread;

use machine_dialect_vm::assemble;

/// The command in a folder with files of each kind.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let module = |text: &str| assemble(text).unwrap().encode();
        let files = [
            ("good.mdbc", module("load_const r0, \"printed\"\ndebug_print r0")),
            ("fails.mdbc", module("neg r0, r1")),
            ("endless.mdbc", module("again: jump again")),
            ("long.mdasm", b"load_const r0, 1\nload_const r1, 60000000\nnew_array r2, r1\nagain: eq r3, r2, r2\njump again".to_vec()),
            ("bad.mdbc", b"no module".to_vec()),
            ("cut.mdbc", b"MDBC".to_vec()),
            ("bad.mdasm", b"add r0\nbogus\nnop".to_vec()),
            ("unloadable.mdasm", b"jump 7".to_vec()),
            ("latin1.mdasm", b"nop ; \xe9".to_vec()),
            ("bad.md", b"Say `tea`.\n".to_vec()),
            ("fails.md", b"Say _1_ / _0_.\n".to_vec()),
            ("text", b"load_const r0, 1".to_vec()),
            ("marked.mdasm", "\u{feff}load_const r0, \"marked\"\ndebug_print r0".into()),
        ];
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        Self(folder)
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_mdvm"))
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The exit code, and the one object on standard output.
    fn answer(&self, arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
        let output = self.spawn(arguments).wait_with_output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            printed.lines().count(),
            1,
            "{arguments:?} print {printed:?}, and to standard error {errors:?}"
        );
        let answer: serde_json::Value = serde_json::from_str(&printed)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {printed}"));
        assert!(answer.is_object(), "{arguments:?}: {printed}");
        (output.status.code(), answer)
    }
}

#[test]
fn whatever_happens_there_is_one_answer() {
    let folder = Folder::new();
    let calls: [(&[&str], i32, &str); 19] = [
        (&["good.mdbc"], 0, "ok"),
        (&["marked.mdasm"], 0, "ok"),
        (&["fails.mdbc"], 1, "runtime_error"),
        (&["fails.md"], 1, "runtime_error"),
        (&["endless.mdbc", "--max-time", "0.1"], 1, "runtime_error"),
        (&["endless.mdbc", "--max-steps", "100"], 1, "runtime_error"),
        (&["bad.mdbc"], 2, "load_error"),
        (&["cut.mdbc"], 2, "load_error"),
        (&["unloadable.mdasm"], 2, "load_error"),
        (&["text", "--format", "mdbc"], 2, "load_error"),
        (&["bad.mdasm"], 2, "assembly_error"),
        (&["good.mdbc", "--format", "mdasm"], 2, "assembly_error"),
        (&["bad.md"], 2, "compile_error"),
        (&["latin1.mdasm"], 2, "input_error"),
        (&["none.mdbc"], 2, "input_error"),
        (&["."], 2, "input_error"),
        (&["good.mdbc", "--no-such-option"], 2, "usage_error"),
        (&["good.mdbc", "--max-steps", "many"], 2, "usage_error"),
        (&["good.mdbc", "--global", "x"], 2, "usage_error"),
    ];
    for (arguments, code, status) in calls {
        let arguments: Vec<&str> = ["run", "--json"].into_iter().chain(arguments.iter().copied()).collect();
        let (found, answer) = folder.answer(&arguments);
        assert_eq!((found, answer["status"].as_str()), (Some(code), Some(status)), "{arguments:?}: {answer}");
        let says_why = status == "ok"
            || answer["message"].as_str().is_some_and(|message| !message.is_empty())
            || ["mistakes", "diagnostics"]
                .iter()
                .any(|list| answer[list].as_array().is_some_and(|list| !list.is_empty()));
        assert!(says_why, "{arguments:?}: {answer}");
    }
    let (_, answer) = folder.answer(&["run", "--json", "endless.mdbc", "--max-time", "0.1"]);
    assert_eq!(answer["kind"], "DeadlineExceeded");
    let (_, answer) = folder.answer(&["run", "--json", "bad.mdasm"]);
    let lines: Vec<_> = answer["mistakes"].as_array().unwrap().iter().map(|one| &one["line"]).collect();
    assert_eq!(lines, [1, 2], "every mistake is told: {answer}");
}

#[test]
fn each_mistake_of_a_file_is_told_with_its_name() {
    let folder = Folder::new();
    for (command, is_error) in [("check", false), ("run", true)] {
        let output = folder.spawn(&[command, "bad.mdasm"]).wait_with_output().unwrap();
        let said = String::from_utf8(if is_error { output.stderr } else { output.stdout }).unwrap();
        let before = if is_error { "error: bad.mdasm: line " } else { "bad.mdasm: line " };
        let lines: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix(before)).collect();
        assert!(
            matches!(lines[..], [first, second] if first.starts_with("1, ") && second.starts_with("2, ")),
            "{said}"
        );
    }
}

#[test]
fn an_operation_that_takes_long_is_ended_with_an_answer() {
    let (code, answer) = Folder::new().answer(&["run", "--json", "long.mdasm", "--max-time", "0.3"]);
    assert_eq!((code, answer["kind"].as_str()), (Some(1), Some("DeadlineExceeded")), "{answer}");
}

#[cfg(unix)]
#[test]
fn time_is_counted_while_a_pipe_that_nobody_writes_to_is_opened() {
    let folder = Folder::new();
    assert!(Command::new("mkfifo").arg(folder.0.path().join("pipe.mdbc")).status().unwrap().success());
    let (code, answer) = folder.answer(&["run", "--json", "pipe.mdbc", "--max-time", "0.2"]);
    assert_eq!((code, answer["kind"].as_str()), (Some(1), Some("DeadlineExceeded")), "{answer}");
    let output = folder.spawn(&["run", "pipe.mdbc", "--max-time", "0.2"]).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("DeadlineExceeded"));
}

#[test]
fn time_is_counted_while_an_input_without_an_end_is_read() {
    let folder = Folder::new();
    for begin in ["MDBC", "; a comment without an end "] {
        let mut child = folder.spawn(&["run", "--json", "-", "--max-time", "0.5"]);
        let mut stdin = child.stdin.take().unwrap();
        let writer = thread::spawn(move || {
            let _ = stdin.write_all(begin.as_bytes());
            // Slowly, so that what is read in that time is little.
            while stdin.write_all(&[b' '; 1000]).is_ok() {
                thread::yield_now();
            }
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["kind"], "DeadlineExceeded", "{answer}");
    }
}

/// An upload is what its receiver takes it for, not what its content pretends to be.
#[test]
fn a_stranger_does_not_choose_what_a_file_is() {
    let folder = Folder::new();
    let run = |arguments: &[&str], input: &[u8]| {
        let mut child = folder.spawn(arguments);
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    };
    let assembly = b"load_const r0, \"taken\"\ndebug_print r0";
    assert_eq!(run(&["run", "-"], assembly).stdout, b"taken\n");
    for command in ["run", "check", "dis"] {
        let output = run(&[command, "--format", "mdbc", "-"], assembly);
        assert_eq!(output.status.code(), Some(2));
        let said = [output.stdout, output.stderr].concat();
        assert!(String::from_utf8(said).unwrap().contains("InvalidMagic"), "{command}");
    }
    assert_eq!(run(&["run", "--format", "md", "-"], b"Say _\"page\"_.\n").stdout, b"page\n");
    assert_eq!(run(&["run", "--format", "mdasm", "marked.mdasm"], b"").stdout, b"marked\n");
}

#[test]
fn what_writes_modules_answers_too() {
    let folder = Folder::new();
    for (arguments, status) in [
        (["compile", "missing.md", "-o", "out.mdbc"], "input_error"),
        (["compile", "bad.md", "-o", "out.mdbc"], "compile_error"),
        (["compile", "fails.md", "-o", "nowhere/out.mdbc"], "output_error"),
        (["compile", "fails.md", "-o", "-"], "usage_error"),
        (["compile", "fails.md", "--nonsense", "x"], "usage_error"),
        (["compile", "cut.mdbc", "-o", "out.mdbc"], "load_error"),
        (["asm", "missing.mdasm", "-o", "out.mdbc"], "input_error"),
        (["asm", "bad.mdasm", "-o", "out.mdbc"], "assembly_error"),
        (["asm", "unloadable.mdasm", "-o", "out.mdbc"], "load_error"),
        (["asm", "latin1.mdasm", "-o", "out.mdbc"], "input_error"),
        (["asm", "marked.mdasm", "-o", "nowhere/out.mdbc"], "output_error"),
    ] {
        let arguments: Vec<&str> = arguments.into_iter().chain(["--json"]).collect();
        let (code, answer) = folder.answer(&arguments);
        assert_eq!((code, &answer["status"]), (Some(2), &status.into()), "{arguments:?}: {answer}");
        assert!(!folder.0.path().join("out.mdbc").exists(), "{arguments:?}");
    }
    for arguments in [["compile", "fails.md", "-o", "page.mdbc"], ["asm", "marked.mdasm", "-o", "asm.mdbc"]] {
        let (code, answer) =
            folder.answer(&[arguments[0], "--json", arguments[1], arguments[2], arguments[3]]);
        assert_eq!(
            (code, &answer["status"], &answer["output"]),
            (Some(0), &"ok".into(), &arguments[3].into())
        );
        assert!(answer["instructions"].as_u64() > Some(1), "{answer}");
        assert!(folder.0.path().join(arguments[3]).exists(), "{arguments:?}");
    }
}
