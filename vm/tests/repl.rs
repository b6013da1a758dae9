//! `mdvm repl` without a terminal: entries come from a pipe, results go to standard output, errors to standard error.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use tempfile::TempDir;

fn command(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdvm"));
    command.arg("repl").current_dir(folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Exit code, standard output and standard error of a session.
fn session_in(folder: &TempDir, entries: &str) -> (i32, String, String) {
    let mut child = command(folder).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(entries.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn session(entries: &str) -> (i32, String, String) {
    session_in(&tempfile::tempdir().unwrap(), entries)
}

#[test]
fn variables_and_functions_are_kept() {
    let (code, stdout, errors) = session(
        "Define `n` as Number (default: _20_).
### Utility: `twice`

<details>

> Give back `x` * _2_.

</details>

#### Inputs

- `x` as Number (required)

Set `n` using `twice` with `n`.
If `n` is equal to _40_:

> Say _\"forty\"_.

Otherwise:

> Say _\"no\"_.

Set `n` to `n` + _2_
`n`
",
    );
    assert_eq!((code, stdout.as_str(), errors.as_str()), (0, "forty\n= 42\n", ""));
}

#[test]
fn an_error_names_its_line_and_changes_nothing() {
    let (code, stdout, errors) =
        session("Define `n` as Number (default: _1_).\nSet `n` to `n` / _0_.\n`n`.\nSay `m`.\n`n` + _1_.\n");
    assert_eq!((code, stdout.as_str()), (1, "= 1\n= 2\n"));
    assert!(errors.contains("--> session:5:16") && errors.contains("5 | Set `n` to `n` / _0_."), "{errors}");
    assert!(errors.contains("--> session:9:5") && errors.contains("no variable `m` here"), "{errors}");
}

#[test]
fn what_is_defined_again_is_new() {
    let utility =
        |text: &str| format!("### Utility: `f`\n\n<details>\n\n> Say _\"{text}\"_.\n\n</details>\n\n");
    let (code, stdout, errors) = session(&format!(
        "{}Use `f`.\n{}Use `f`.\nDefine `x` as Text (default: _\"a\"_).\nDefine `x` as Number (default: _1_).\n`x` + _1_.\n",
        utility("old"),
        utility("new")
    ));
    assert_eq!((code, stdout.as_str(), errors.as_str()), (0, "old\nnew\n= 2\n", ""));
}

#[test]
fn entries_are_taken_back() {
    let (code, stdout, errors) = session(
        "Define `n` as Number (default: _1_).\nSet `n` to _2_.\n:undo\n`n`.\n:undo\n:undo\nSay `n`.\n:undo\n",
    );
    assert_eq!((code, stdout.as_str()), (1, "= 1\n"));
    assert!(
        errors.contains("no variable `n` here") && errors.ends_with("error: there is nothing to take back\n"),
        "{errors}"
    );
}

#[test]
fn sessions_are_saved_and_pages_loaded() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("in.md"),
        "---\nx: y\n---\n\nDefine `n` as Number (default: _6_).\nSay `n`.\n",
    )
    .unwrap();
    let (code, stdout, errors) =
        session_in(&folder, ":load in.md\nSet `n` to `n` * _7_.\nSay `n`.\n:save out.md\n:list\n");
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(stdout.starts_with("6\n42\n") && stdout.contains("Set `n` to `n` * _7_."), "{stdout}");
    let page = fs::read_to_string(folder.path().join("out.md")).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_mdvm"))
        .arg("run")
        .arg(folder.path().join("out.md"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), "6\n42\n", "{page}");
    fs::write(folder.path().join("bad.md"), "Say `x`.\n").unwrap();
    let (code, _, errors) = session_in(&folder, ":load bad.md\n:load missing.md\n");
    assert_eq!(code, 1);
    assert!(errors.contains("--> bad.md:1:5") && errors.contains("missing.md: cannot be read"), "{errors}");
}

#[test]
fn assembly_keeps_registers_and_sees_variables() {
    let (code, stdout, errors) = session(
        "Define `n` as Number (default: _5_).\n:asm\nload_const r0, 37\nload_global r1, \"n\"\nadd r2, r0, r1\nstore_global r2, \"n\"\n:registers\n:md\n`n`.\n:asm load_const r9, true\nSay _1_.\n",
    );
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(stdout, "r0 = 37\nr1 = 5\nr2 = 42\nr0 = 37\nr1 = 5\nr2 = 42\n= 42\nr9 = true\n1\n");
}

#[test]
fn commands_help() {
    let (code, stdout, errors) = session(
        ":help\n:help DivisionByZero\nDefine `n` as Number (default: _1_).\n:vars\n:dis\n:trace Say `n`.\n:functions\n",
    );
    assert_eq!(code, 0);
    for text in [
        ":load FILE",
        "DivisionByZero: error",
        "\nn = 1\n",
        "; session:3: Define `n` as Number",
        "store_global r0, \"n\"",
    ] {
        assert!(stdout.contains(text), "{text}: {stdout}");
    }
    assert!(errors.contains("5:1") && errors.contains("debug_print r0"), "{errors}");
    let (code, stdout, errors) = session(":hlep\n:quit\nSay _1_.\n");
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert_eq!(errors, "error: no command is called :hlep; did you mean :help?\n");
}

#[test]
fn prose_is_said_to_be_prose() {
    let (_, stdout, errors) = session("Define `tea` as Number (default: _1_).\ntea + 1\n");
    assert_eq!(stdout, "");
    assert!(errors.contains("this is prose") && errors.contains("`tea`"), "{errors}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_run_and_not_the_session() {
    use std::io::{BufRead as _, BufReader};
    use std::thread;
    use std::time::Duration;

    let folder = tempfile::tempdir().unwrap();
    let mut child = command(&folder).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut read = || {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        line
    };
    stdin.write_all(b"Define `n` as Number (default: _3_).\nSay _\"begun\"_.\nWhile _Yes_:\n> Set `n` to `n` + _1_.\n\n`n`.\n").unwrap();
    assert_eq!(read(), "begun\n");
    thread::sleep(Duration::from_millis(300));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(read(), "= 3\n", "the statement that was interrupted changed nothing");
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("Interrupted"));
}

#[test]
fn the_last_entry_is_shown_step_by_step_and_runs_no_second_time() {
    let (code, stdout, errors) = session(
        ":step\nDefine `n` as Number (default: _20_).\nSet `n` to `n` + _1_.\nSay `n`.\n:step\n`n`\n",
    );
    assert_eq!(code, 1);
    assert!(errors.contains("nothing was run yet"), "{errors}");
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!((lines.first(), lines.last()), (Some(&"21"), Some(&"= 21")), "{stdout}");
    assert!(stdout.contains("; main, session:7: Say `n`.\n"), "{stdout}");
    assert!(stdout.contains("-> r") && stdout.contains("prints \"21\\n\""), "{stdout}");
    let (_, stdout, _) = session(":asm load_const r0, 6\n:asm add r1, r0, r0\n:step\n");
    assert!(stdout.contains("; r0 = 6 -> r1 = 12"), "{stdout}");
}
