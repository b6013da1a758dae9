//! Implementations that misbehave, as small Python scripts, and what the harness makes of each.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what helps tests may fail as tests do")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use mdvm_conform::batch::{self, Bounds, Done, Job, Options, Summary};
use mdvm_conform::implementation::{Launcher, Start};
use mdvm_conform::plug::{Answer, Request, Subject};

/// Answers every request with an empty result, after `respond` had its way with the module, which is plain text here.
const SCRIPT: &str = r#"
import base64, json, os, random, signal, sys, time

def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()

def answer(number, result=None):
    say(json.dumps({"id": number, "outcome": {"status": "ok", "result": result, "stdout": "", "steps": 0, "globals": {}}}))

HANDSHAKE

for line in sys.stdin:
    request = json.loads(line)
    number, module = request["id"], base64.b64decode(request["module"]).decode(errors="replace")
    respond(number, module)
"#;

/// A launcher for a script whose functions `start` and `respond` are given.
fn plug(folder: &Path, definitions: &str) -> Launcher {
    let handshake = r#"say(json.dumps({"protocol": 1, "name": "fake", "version": "1"}))"#;
    let path = folder.join("plug.py");
    std::fs::write(&path, SCRIPT.replace("HANDSHAKE", &format!("{definitions}\n{handshake}"))).unwrap();
    let words = ["python3", "-S", path.to_str().unwrap()].map(str::to_owned).to_vec();
    Launcher { name: "fake".to_owned(), start: Start::Command(words) }
}

struct Ran {
    summary: Summary,
    answers: Vec<Option<Answer>>,
}

impl Ran {
    /// One letter for each answer: `.` an outcome, `C` a crash, `T` a time-out, `I` no outcome, and a space for none.
    fn letters(&self) -> String {
        let letter = |answer: &Option<Answer>| match answer {
            Some(Answer::Outcome(_)) => '.',
            Some(Answer::Crash { .. }) => 'C',
            Some(Answer::Timeout { .. }) => 'T',
            Some(Answer::Unsupported { .. } | Answer::Unstable { .. } | Answer::Invalid { .. }) => 'I',
            None => ' ',
        };
        self.answers.iter().map(letter).collect()
    }
}

fn run(definitions: &str, modules: &[&str], workers: usize) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let launcher = plug(folder.path(), definitions);
    let (limits, globals) = (BTreeMap::new(), BTreeMap::new());
    let jobs: Vec<_> = modules
        .iter()
        .map(|module| Request {
            subject: Subject::Module(module.as_bytes()),
            limits: &limits,
            globals: &globals,
            trace: false,
            schedule: None,
        })
        .map(|request| Job { request, weight: 0 })
        .collect();
    let answers = Mutex::new(vec![None; modules.len()]);
    let stop = AtomicBool::new(false);
    let options = Options { workers, timeout: Duration::from_secs(2), stop: &stop, bounds: Bounds::NONE };
    let done = |index: usize, done: Done| {
        let before = answers.lock().unwrap()[index].replace(done.answer);
        assert!(before.is_none(), "request {index} has two results");
    };
    let summary = batch::run(&launcher, &jobs, &options, &done).unwrap();
    Ran { summary, answers: answers.into_inner().unwrap() }
}

#[test]
fn exactly_the_request_that_crashes_is_blamed() {
    let crash = r#"
def respond(number, module):
    if module == "crash":
        print("the last words", file=sys.stderr)
        os.abort()
    answer(number)
"#;
    let ran = run(crash, &["a", "b", "crash", "c", "crash", "d", "e"], 1);
    assert_eq!(ran.letters(), "..C.C..");
    assert_eq!(ran.summary.incidents, [""; 0]);
    let Some(Answer::Crash { how }) = &ran.answers[2] else { panic!("a crash") };
    assert!(how.contains("signal: 6") && how.contains("the last words"), "{how}");
}

#[test]
fn a_crash_is_found_although_earlier_answers_were_lost_with_it() {
    let buffered = r#"
lost = []
def respond(number, module):
    if module == "crash":
        os._exit(3)
    lost.append(number)
    if len(lost) == 3:
        for number in lost:
            answer(number)
        lost.clear()
    # Alone, a request is answered at once.
    if module == "last":
        for number in lost:
            answer(number)
"#;
    // What is held back for good looks like silence when it is asked alone.
    let ran = run(buffered, &["a", "b", "c", "d", "crash", "last"], 1);
    assert_eq!(ran.letters(), "...TC.");
}

#[test]
fn exactly_the_request_that_hangs_is_blamed() {
    let hang = r#"
def respond(number, module):
    if module == "hang":
        time.sleep(1000)
    answer(number)
"#;
    let begun = Instant::now();
    let ran = run(hang, &["a", "hang", "b", "c"], 2);
    assert_eq!(ran.letters(), ".T..");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn answers_may_come_in_any_order() {
    let shuffled = r#"
held = []
def respond(number, module):
    held.append((number, module))
    if module == "last":
        random.shuffle(held)
        for number, module in held:
            answer(number, module)
"#;
    let ran = run(shuffled, &["a", "b", "c", "d", "last"], 1);
    assert_eq!(ran.letters(), ".....");
    let Some(Answer::Outcome(outcome)) = &ran.answers[2] else { panic!("an outcome") };
    assert_eq!(outcome.headline(), r#"ok "c""#);
}

#[test]
fn a_crash_that_nobody_alone_is_guilty_of_is_told_of() {
    let tired = r#"
count = 0
def respond(number, module):
    global count
    count += 1
    if count == 4:
        os._exit(9)
    answer(number)
"#;
    let ran = run(tired, &["a", "b", "c", "d", "e", "f"], 1);
    assert_eq!(ran.letters(), "......");
    assert!(ran.summary.incidents[0].contains("answers each of them alone"), "{:?}", ran.summary.incidents);
}

#[test]
fn lines_that_are_no_answers_are_told_of() {
    let noisy = r#"
def respond(number, module):
    say("debug: " + module)
    say("")
    answer(number)
    answer(number)
"#;
    let ran = run(noisy, &["a"], 1);
    assert_eq!(ran.letters(), ".");
    assert!(ran.summary.incidents[0].contains("debug: a"), "{:?}", ran.summary.incidents);
}

#[test]
fn refusals_and_broken_outcomes_are_no_outcomes() {
    let broken = r#"
def respond(number, module):
    if module == "refused":
        say(json.dumps({"id": number, "error": "no"}))
    else:
        say(json.dumps({"id": number, "outcome": {"status": "ok"}}))
"#;
    let ran = run(broken, &["refused", "broken"], 1);
    assert_eq!(ran.letters(), "II");
}

#[test]
fn full_pipes_in_both_directions_do_not_block() {
    let flood = r#"
def respond(number, module):
    answer(number, "y" * 300000)
"#;
    let big = "x".repeat(300_000);
    let modules: Vec<&str> = (0..64).map(|_| big.as_str()).collect();
    let ran = run(flood, &modules, 2);
    assert_eq!(ran.letters(), ".".repeat(64));
}

#[test]
fn what_does_not_start_again_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("started");
    let once = format!(
        r#"
if os.path.exists({marker:?}):
    sys.exit("once is enough")
open({marker:?}, "w").close()
def respond(number, module):
    os._exit(1)
"#
    );
    let ran = run(&once, &["a", "b", "c"], 1);
    assert_eq!(ran.letters(), "CCC");
    assert!(ran.summary.incidents[0].contains("once is enough"), "{:?}", ran.summary.incidents);
}

// --- The command -----------------------------------------------------------------------------------------------------

/// Two cases that the fake passes and fails, in a folder.
fn cases(folder: &Path) -> String {
    let text = "cases:\n  - {name: right, hex: '61', expect: {result: null}}\n  - {name: wrong, hex: '62', expect: {result: 1}}\n";
    let cases = folder.join("cases");
    std::fs::create_dir(&cases).unwrap();
    std::fs::write(cases.join("c.yaml"), text).unwrap();
    cases.display().to_string()
}

fn conform(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mdvm-conform")).args(arguments).output().unwrap()
}

const HONEST: &str = "def respond(number, module): answer(number)";

fn fake(folder: &Path) -> String {
    let Start::Command(words) = plug(folder, HONEST).start else { panic!("a command") };
    format!("mine={}", words.join(" "))
}

#[test]
fn a_run_tells_differences_by_its_exit_code_and_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let (cases, mine) = (cases(folder.path()), fake(folder.path()));
    let junit = folder.path().join("junit.xml").display().to_string();
    let output = conform(&["run", "--impl", &mine, "--cases", &cases, "--junit", &junit]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("FAIL mine c/wrong  ("), "{text}");
    assert!(text.contains("    result\n      expected  1\n      found     null\n"), "{text}");
    assert!(std::fs::read_to_string(junit).unwrap().contains("tests=\"2\" failures=\"1\""));

    let output = conform(&["run", "--impl", &mine, "--cases", &cases, "--filter", "right", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["implementations"][0]["counts"]["pass"], 1);
    assert_eq!(report["cases"][0]["id"], "c/right");
}

#[test]
fn a_ledger_makes_a_difference_known_and_must_stay_true() {
    let folder = tempfile::tempdir().unwrap();
    let (cases, mine) = (cases(folder.path()), fake(folder.path()));
    let ledger = folder.path().join("ledger.yaml");
    let path = ledger.display().to_string();
    let with = |entries: &str| {
        std::fs::write(&ledger, format!("known:\n{entries}")).unwrap();
        let output = conform(&["run", "--impl", &mine, "--cases", &cases, "--ledger", &path]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let known = "  - {name: c/wrong, gives: {result: null}, why: it knows no numbers}\n";
    let (code, text) = with(known);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("it knows no numbers"), "{text}");
    for (entries, expected) in [
        (format!("{known}  - {{name: c/right, gives: {{result: 2}}, why: w}}\n"), "FIXED mine c/right"),
        ("  - {name: c/wrong, gives: {result: 7}, why: w}\n".to_owned(), "says it gives something else"),
        (format!("{known}  - {{name: c/gone, gives: {{result: 2}}, why: w}}\n"), "no case is called c/gone"),
    ] {
        let (code, text) = with(&entries);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn of_three_the_one_that_stands_alone_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mine = fake(folder.path());
    let output = conform(&[
        "run",
        "--impl",
        "rust",
        "--impl",
        "reference",
        "--impl",
        &mine,
        "--filter",
        "arith/add/two-ints-add",
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("DIFFER arith/add/two-ints-add: the odd one out is mine"), "{text}");
}

#[test]
fn what_cannot_begin_is_a_matter_of_usage() {
    for arguments in [
        &["run", "--impl", "mine=./no-such-command"][..],
        &["run", "--impl", "rust", "--filter", "no-such-case"],
        &["run", "--impl", "rust", "--cases", "no-such-folder"],
        &["run", "--impl", "rust", "--impl", "rust"],
        &["run", "--impl", "rust", "--timeout", "0"],
        &["run"],
    ] {
        let output = conform(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: "), "{arguments:?}");
    }
}

#[test]
fn the_examples_of_the_help_run() {
    let folder = tempfile::tempdir().unwrap();
    let mine = fake(folder.path());
    let help = String::from_utf8(conform(&["--help"]).stdout).unwrap();
    let examples: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  mdvm-conform ")).collect();
    assert!(!examples.is_empty());
    let module = machine_dialect_vm::assemble("load_const r0, 1\nreturn r0").unwrap().encode();
    std::fs::write(folder.path().join("program.mdbc"), module).unwrap();
    for example in examples {
        // A campaign is cut down to a moment, and a shell would find its results.
        let example = example.replace("2000", "20").replace("5000", "20").replace("3600", "1");
        let example = example.replace("*.jsonl", "mixed-seed-1-shard-1-of-1.jsonl");
        let words = shell_words::split(&example).unwrap();
        let words: Vec<&str> = words
            .iter()
            .map(|word| if word.contains('=') && !word.starts_with('-') { &mine } else { word.as_str() })
            .collect();
        let output = Command::new(env!("CARGO_BIN_EXE_mdvm-conform"))
            .args(&words)
            .current_dir(folder.path())
            .output()
            .unwrap();
        // The implementation of the examples is at fault; this repository is not. The machine of tests takes no schedules; that of
        // the test `schedule` does.
        let expected = if words[0] == "schedule" { 2 } else { i32::from(example.contains("mine=")) };
        assert_eq!(
            output.status.code(),
            Some(expected),
            "{example}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn the_doctor_says_what_to_mend() {
    let folder = tempfile::tempdir().unwrap();
    let examine = |timeout: &str, definitions: &str| {
        let Start::Command(words) = plug(folder.path(), definitions).start else { panic!("a command") };
        let output =
            conform(&["doctor", "--timeout", timeout, "--impl", &format!("mine={}", words.join(" "))]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    };
    let silent = examine("3", "def respond(number, module): pass");
    assert!(
        silent.contains("MEND  runs a module\n          no answer in 3.0 s\n          Hint: flush stdout"),
        "{silent}"
    );
    let noisy = examine("10", "print('hello')\ndef respond(number, module): answer(number)");
    assert!(
        noisy.contains("MEND  says who it is\n          the first line is to be {\"protocol\": 1,"),
        "{noisy}"
    );
    // The script takes whatever is no JSON for a reason to die, and whatever is JSON for a request.
    let fragile = examine("10", "def respond(number, module): answer(number, 42)");
    assert!(
        fragile.contains("MEND  survives lines that are no requests\n          it ended: exit status: 1"),
        "{fragile}"
    );
    assert!(fragile.contains("json.decoder.JSONDecodeError"), "{fragile}");
}

#[test]
fn a_reader_that_goes_away_changes_nothing_but_the_output() {
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    let (cases, mine) = (cases(folder.path()), fake(folder.path()));
    let mut child = Command::new(env!("CARGO_BIN_EXE_mdvm-conform"))
        .args(["run", "--impl", &mine, "--cases", &cases])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_run_and_what_it_started() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    let cases = cases(folder.path());
    let hang = "def respond(number, module):\n    print(os.getpid(), file=open(PATH, 'w'), flush=True)\n    time.sleep(1000)";
    let path = folder.path().join("pid");
    let Start::Command(words) = plug(folder.path(), &hang.replace("PATH", &format!("{path:?}"))).start else {
        panic!("a command")
    };
    let child = Command::new(env!("CARGO_BIN_EXE_mdvm-conform"))
        .args(["run", "--impl", &format!("mine={}", words.join(" ")), "--cases", &cases, "--timeout", "100"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut pid = String::new();
    while pid.is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
        pid = std::fs::read_to_string(&path).unwrap_or_default().trim().to_owned();
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut child = child;
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(said, "");
    assert!(!Command::new("kill").args(["-0", &pid]).output().unwrap().status.success(), "{pid} still runs");
}
