//! The command `mdvm` where a recorded session does not reach: pipes, signals, full disks, standard input, the examples of
//! its help.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use machine_dialect_vm::assemble;

fn mdvm() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mdvm"))
}

/// The command, with pipes on all sides.
fn spawn(arguments: &[&str]) -> Child {
    let mut command = mdvm();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = spawn(arguments);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = thread::spawn(move || {
        // A command that has seen enough does not read on.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

const ENDLESS_PRINT: &str = "load_const r0, \"again\"\nagain:\ndebug_print r0\njump again";

#[test]
fn standard_input_is_a_module_or_assembly() {
    let program = "load_const r0, \"ünï\"\ndebug_print r0";
    for input in [program.as_bytes().to_vec(), assemble(program).unwrap().encode()] {
        let output = with_input(&["run", "-"], &input);
        assert_eq!(
            (output.status.code(), text(&output.stdout)),
            (Some(0), "ünï\n"),
            "{}",
            text(&output.stderr)
        );
    }
    let output = with_input(&["run", "-"], b"");
    assert_eq!(output.status.code(), Some(0), "an empty text is an empty program");
    let output = with_input(&["run", "-"], b"MDBC");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).starts_with("error: standard input: UnexpectedEof: "),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn names_of_files_and_functions_may_be_in_any_script() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("プログラム 1.mdasm");
    fs::write(
        &path,
        ".func main\nload_const r0, \"функция\"\ncall r0, r1, ()\n.func \"функция\"\nadd r0, r1, r2",
    )
    .unwrap();
    let output = mdvm().arg("run").arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("at instruction 2 in функция") && errors.contains("プログラム 1.mdasm"),
        "{errors}"
    );
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let mut child = spawn(&["run", "-"]);
    child.stdin.take().unwrap().write_all(ENDLESS_PRINT.as_bytes()).unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "again\n");
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_with_its_reason() {
    for arguments in [["run", "-"].as_slice(), &["run", "--json", "-"], &["dis", "-"], &["check", "-"]] {
        let mut child = mdvm()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"load_const r0, 1\ndebug_print r0").unwrap();
        let output = child.wait_with_output().unwrap();
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        assert!(errors.contains("cannot write output: No space left on device"), "{arguments:?}: {errors}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_run_with_what_was_printed_and_where_it_was() {
    use std::io::Read as _;
    use std::time::Duration;

    for arguments in [["run", "-"].as_slice(), &["run", "--json", "-"]] {
        let mut child = spawn(arguments);
        let program = "load_const r0, \"begun\"\ndebug_print r0\nagain:\njump again";
        child.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
        // The handler is there once the program runs, which takes it a moment.
        let mut status = None;
        for _ in 0..100 {
            thread::sleep(Duration::from_millis(100));
            let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
            assert!(sent.success());
            thread::sleep(Duration::from_millis(100));
            status = child.try_wait().unwrap();
            if status.is_some() {
                break;
            }
        }
        assert_eq!(status.and_then(|status| status.code()), Some(130), "{arguments:?}");
        let (mut printed, mut errors) = (String::new(), String::new());
        child.stdout.unwrap().read_to_string(&mut printed).unwrap();
        child.stderr.unwrap().read_to_string(&mut errors).unwrap();
        assert!(printed.contains("begun"), "{printed}");
        assert!(format!("{printed}{errors}").contains("Interrupted"), "{printed}{errors}");
    }
}

#[test]
fn only_the_file_that_is_named_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("program.mdbc");
    fs::write(&other, assemble("load_const r0, 1\ndebug_print r0").unwrap().encode()).unwrap();
    fs::write(folder.path().join("program.bin"), "garbage\0").unwrap();
    for name in ["program.bin", "program", "program.mdb"] {
        let output = mdvm().arg("run").arg(folder.path().join(name)).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{name}");
    }
    let output = mdvm().arg("run").arg(&other).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "1\n"));
}

#[test]
fn a_file_that_cannot_be_written_keeps_what_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("bad.mdasm");
    let target = folder.path().join("kept.mdbc");
    fs::write(&source, "load_const r0").unwrap();
    fs::write(&target, "kept").unwrap();
    let output = mdvm().arg("asm").arg(&source).arg("-o").arg(&target).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
    fs::write(&source, "nop").unwrap();
    let nowhere = folder.path().join("no/such/folder.mdbc");
    let output = mdvm().arg("asm").arg(&source).arg("-o").arg(&nowhere).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot be written"), "{}", text(&output.stderr));
}

#[test]
fn serve_answers_every_line_whatever_it_is() {
    let module = "TURCQwEAAAABAAAAHAAAACAAAAAkAAAAKAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let lines = [
        format!(r#"{{"id": 1, "module": "{module}"}}"#),
        "garbage".to_owned(),
        r#"{"id": "two", "module": "%%%"}"#.to_owned(),
        r#"{"id": 3}"#.to_owned(),
        String::new(),
        format!(r#"{{"id": 4, "module": "{module}", "limits": {{"max_stops": 1}}}}"#),
        format!(r#"{{"id": 5, "module": "{module}", "globals": {{"x": {{"set": []}}}}}}"#),
        format!(r#"{{"id": 6, "module": "{module}", "globals": {{"x": 1}}, "trace": true}}"#),
    ];
    let mut input = lines.join("\n").into_bytes();
    input.extend(b"\n\xff\xfe\n");
    let output = with_input(&["serve"], &input);
    assert_eq!(output.status.code(), Some(0));
    let answers: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 1 + 7 + 1, "a handshake, and an answer for each line that is not blank");
    assert_eq!(answers[0]["protocol"], machine_dialect_vm::plug::PROTOCOL);
    let ids: Vec<String> = answers[1..].iter().map(|answer| answer["id"].to_string()).collect();
    assert_eq!(ids, ["1", "null", "\"two\"", "3", "4", "5", "6", "null"]);
    let has_outcome: Vec<bool> = answers[1..].iter().map(|answer| answer.get("outcome").is_some()).collect();
    assert_eq!(has_outcome, [true, false, false, false, false, false, true, false]);
    let without_outcome = answers[1..].iter().filter(|answer| answer.get("outcome").is_none());
    assert!(
        without_outcome
            .into_iter()
            .all(|answer| answer["error"].as_str().is_some_and(|error| !error.is_empty()))
    );
    assert_eq!(answers[7]["outcome"]["globals"]["x"], 1);
    assert_eq!(answers[7]["trace"], serde_json::json!([]));
}

/// The help ends with examples; each must do what it says.
#[test]
fn the_examples_of_the_help_work() {
    let help = mdvm().arg("--help").output().unwrap();
    let help = text(&help.stdout);
    let (_, examples) = help.split_once("Examples:\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = ".func main\nload_global r0, \"name\"\ndebug_print r0";
    fs::write(folder.path().join("program.mdasm"), program).unwrap();
    fs::write(folder.path().join("program.mdbc"), assemble(program).unwrap().encode()).unwrap();
    fs::write(folder.path().join("program.md"), "Say _1_.\n").unwrap();
    let command_folder = Path::new(env!("CARGO_BIN_EXE_mdvm")).parent().unwrap();
    let path = format!("{}:{}", command_folder.display(), std::env::var("PATH").unwrap());
    let (mut count, mut told) = (0, 0);
    for example in examples.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let output = Command::new("sh")
            .args(["-c", example])
            .current_dir(folder.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{example}: {}", text(&output.stderr));
        if let Some((_, printed)) = example.split_once("# prints: ") {
            assert_eq!(text(&output.stdout), format!("{printed}\n"), "{example}");
            told += 1;
        }
        count += 1;
    }
    assert!(count >= 5, "only {count} examples were found");
    assert!(told >= 2, "only {told} examples tell what they print");
}

#[test]
fn a_word_that_is_no_verb_is_answered_with_the_one_that_was_meant() {
    for (typed, meant) in
        [("rn", "run"), ("chek", "check"), ("comple", "compile"), ("trase", "trace"), ("RNU", "run")]
    {
        let output = mdvm().args([typed, "x.md"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(&format!("'{meant}'")), "{typed}: {}", text(&output.stderr));
    }
    for (typed, meant) in [("--monitr", "--monitor"), ("--max-tme", "--max-time"), ("--jsn", "--json")] {
        let output = mdvm().args(["run", typed]).output().unwrap();
        assert!(text(&output.stderr).contains(&format!("'{meant}'")), "{typed}: {}", text(&output.stderr));
    }
}
