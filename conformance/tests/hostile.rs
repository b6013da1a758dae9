//! The runner against implementations that mean it no good: each ends within its bounds of time and memory, with a verdict
//! that says what happened, and nothing of the implementation is left running or reaches the terminal raw.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what helps tests may fail as tests do")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How many cases there are.
const CASES: usize = 120;

struct Met {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    seconds: f64,
    /// The most memory that the runner had in use, in MB; only where the system tells.
    megabytes: Option<u64>,
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile").join(format!("{name}.py"))
}

fn cases(folder: &Path) -> PathBuf {
    let mut text = "cases:\n".to_owned();
    for number in 0..CASES {
        text.push_str(&format!(
            "  - {{name: case {number}, hex: '{number:04x}', expect: {{load_error: UnexpectedEof}}}}\n"
        ));
    }
    let cases = folder.join("cases");
    std::fs::create_dir(&cases).unwrap();
    std::fs::write(cases.join("c.yaml"), text).unwrap();
    cases
}

/// Runs the cases on a script.
fn meet(name: &str, arguments: &[&str], options: &[&str]) -> Met {
    let folder = tempfile::tempdir().unwrap();
    let implementation = format!("it=python3 -S {} {}", script(name).display(), arguments.join(" "));
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_mdvm-conform"))
        .args(["run", "--impl", &implementation, "--jobs", "2", "--cases"])
        .arg(cases(folder.path()))
        .args(options)
        .stdout(std::fs::File::create(&out).unwrap())
        .stderr(std::fs::File::create(&err).unwrap())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut megabytes = None;
    let status = loop {
        megabytes = peak(child.id()).max(megabytes);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < Duration::from_secs(240), "{name} keeps the runner");
        thread::sleep(Duration::from_millis(5));
    };
    let read = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let met = Met {
        code: status.code(),
        stdout: read(&out),
        stderr: read(&err),
        seconds: begun.elapsed().as_secs_f64(),
        megabytes,
    };
    println!("{name}: {:.1} s, {:?} MB, exit {:?}", met.seconds, met.megabytes, met.code);
    met
}

/// The most memory that a process had in use so far.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? / 1024)
}

impl Met {
    /// It took no longer and no more than that, ended with that code, and said all of this.
    fn within(self, seconds: f64, megabytes: u64, code: i32, said: &[&str]) -> Self {
        let Self { stdout, stderr, .. } = &self;
        for text in said {
            assert!(stdout.contains(text) || stderr.contains(text), "{text:?} is not in:\n{stdout}{stderr}");
        }
        assert_eq!(self.code, Some(code), "{stdout}{stderr}");
        assert!(self.seconds < seconds, "{} s", self.seconds);
        assert!(self.megabytes.is_none_or(|seen| seen < megabytes), "{:?} MB", self.megabytes);
        let is_plain = |letter: char| {
            letter == '\n' || letter.escape_debug().next() == Some(letter) || "\"'\\".contains(letter)
        };
        assert!(stdout.chars().chain(stderr.chars()).all(is_plain), "{stdout:?}{stderr:?}");
        self
    }
}

#[test]
fn unknown_ids_without_end_are_counted_and_end_the_run() {
    meet("flooder", &[], &["--timeout", "2"]).within(
        30.0,
        100,
        1,
        &["it wrote a line that answers no request", "120 of 120 cases were not run: it wrote 100"],
    );
}

#[test]
fn empty_lines_without_end_end_the_run() {
    meet("blank_flooder", &[], &["--timeout", "2"]).within(
        30.0,
        100,
        1,
        &["120 of 120 cases were not run: it wrote 100"],
    );
}

#[test]
fn one_that_hangs_is_given_up_after_a_few_times() {
    let met = meet("hanger", &[], &["--timeout", "1", "--stop-after", "4"]);
    met.within(
        40.0,
        100,
        1,
        &["TIMEOUT it c/case-", "cases were not run: it failed 4 times in the same way (no answer in 1.0 s)"],
    );
}

#[test]
fn the_whole_run_has_a_bound() {
    let met = meet("hanger", &[], &["--timeout", "60", "--max-total", "3"]);
    met.within(20.0, 100, 1, &["120 of 120 cases were not run: there was no more time for the whole run"]);
    let met = meet("late", &[], &["--timeout", "10", "--max-total", "4", "--impl", "rust"]);
    met.within(20.0, 100, 1, &["cases were not run: there was no more time", "rust was not begun"]);
}

#[test]
fn a_line_without_end_is_read_up_to_a_limit() {
    let met = meet("endless_line", &[], &["--timeout", "20", "--stop-after", "2"]);
    met.within(120.0, 450, 1, &["it wrote a line of more than 134217728 bytes", "cases were not run"]);
    let met = meet("endless_handshake", &[], &[]);
    met.within(
        30.0,
        100,
        2,
        &["error: it: in place of a handshake it wrote a line of more than 65536 bytes"],
    );
}

#[test]
fn a_handshake_is_shown_escaped_and_cut() {
    let met = meet("garbage_handshake", &[], &[]);
    let met = met.within(
        30.0,
        100,
        2,
        &["error: it: the first line is to be", "\\u{1b}[2J\\u{7}\\u{202e}\\u{200b}zzz"],
    );
    assert!(met.stderr.len() < 1000, "{}", met.stderr);
    assert!(!met.stderr.contains("\nall is as expected"), "{}", met.stderr);
}

#[test]
fn the_timeout_holds_for_the_handshake() {
    meet("silent_start", &[], &["--timeout", "2"]).within(
        30.0,
        100,
        2,
        &["error: it: no handshake in 2.0 s"],
    );
}

#[test]
fn a_drip_is_no_answer() {
    let met = meet("slow_drip", &[], &["--timeout", "1", "--stop-after", "3"]);
    met.within(40.0, 100, 1, &["in the same way (no answer in 1.0 s)"]);
}

#[test]
fn closed_streams_are_told_of() {
    let met = meet("closes_stdout", &[], &["--timeout", "2", "--stop-after", "2"]);
    met.within(60.0, 100, 1, &["it closed its output and went on running"]);
    let met = meet("closes_stdin", &[], &["--timeout", "1", "--stop-after", "2"]);
    met.within(40.0, 100, 1, &["no answer in 1.0 s"]);
}

#[test]
fn one_that_just_ends_is_told_of() {
    meet("exits_silently", &[], &[]).within(
        30.0,
        100,
        2,
        &["error: it: it ended before its handshake: exit status: 0"],
    );
    let met = meet("exits_after_handshake", &[], &["--stop-after", "5"]);
    met.within(
        60.0,
        100,
        1,
        &["CRASH it c/case-", "cases were not run: it failed 5 times in the same way (exit status: 0)"],
    );
}

#[test]
fn big_outcomes_are_judged_and_dropped() {
    let met = meet("huge_outcome", &[], &["--filter", "case-1", "--timeout", "60"]);
    met.within(200.0, 900, 1, &["FAIL it c/case-1"]);
}

#[test]
fn nothing_that_an_implementation_says_reaches_the_terminal_raw() {
    let met = meet("escapes", &[], &["--timeout", "10", "--verbose"]);
    let met = met.within(
        120.0,
        100,
        1,
        &["\\u{1b}[31m\\u{7}\\u{9b}2J\\u{202e}\\u{200b}\\u{e0041}\\r\\nPASS all\\n"],
    );
    assert!(!met.stdout.contains("\nPASS all"), "{}", met.stdout);
    let met = meet("escapes", &[], &["--timeout", "10", "--json"]);
    met.within(120.0, 100, 1, &[]);
}

#[test]
fn a_stderr_without_end_harms_nobody() {
    meet("flooded_stderr", &[], &["--timeout", "20"]).within(60.0, 100, 1, &["FAIL it c/case-"]);
}

#[test]
fn grandchildren_end_with_their_implementation() {
    let folder = tempfile::tempdir().unwrap();
    for how in ["hangs", "dies"] {
        let numbers = folder.path().join(how);
        let met = meet("forker", &[numbers.to_str().unwrap(), how], &["--timeout", "2", "--stop-after", "2"]);
        let said = if how == "hangs" { "no answer in 2.0 s" } else { "exit status: 0" };
        met.within(60.0, 100, 1, &[said]);
        let numbers = std::fs::read_to_string(numbers).unwrap();
        assert!(numbers.lines().count() > 4, "{numbers}");
        thread::sleep(Duration::from_millis(200));
        for number in numbers.lines() {
            let state = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
            let runs = !state.is_empty() && !state.contains(") Z ");
            assert!(!runs, "process {number} is left of one that {how}");
        }
    }
}

#[test]
fn nothing_is_left_when_the_runner_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = folder.path().join("numbers");
    let implementation = format!("it=python3 -S {} {} hangs", script("forker").display(), numbers.display());
    let mut child = Command::new(env!("CARGO_BIN_EXE_mdvm-conform"))
        .args(["run", "--impl", &implementation, "--cases"])
        .arg(cases(folder.path()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = || std::fs::read_to_string(&numbers).unwrap_or_default().lines().count();
    let begun = Instant::now();
    while lines() < 5 && begun.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    thread::sleep(Duration::from_millis(200));
    for number in std::fs::read_to_string(&numbers).unwrap().lines() {
        let state = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "process {number} is left");
    }
}
