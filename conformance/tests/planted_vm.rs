//! Bugs planted into the machine, one a trial, each found by a campaign, reduced, and named: `vm/src/planted.rs` has them.
//!
//! The machine with the bug is a process of its own, built with the feature `planted`; it runs the same programs as the machine
//! without it. (`tests/planted.rs` does something else: it plants bugs into the reference, to see whether the *cases* find them.)
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "support/planted.rs"]
mod support;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use mdvm_conform::fuzz::campaign::{self, Plan, Sizes, Watcher};
use mdvm_conform::fuzz::results;
use mdvm_conform::fuzz::results::Row;
use mdvm_conform::implementation::{Launcher, Start};
use mdvm_conform::tier_cost::{Program, slow_programs};

use crate::support::planted_machine;

/// How long a campaign may look for one bug.
const TIME: Duration = Duration::from_secs(120);
/// The most instructions that a reduced program may have.
const MOST_INSTRUCTIONS: usize = 16;

/// A bug: its name, which tiers the machine runs, how large programs are, and the mnemonics of which one must be named. There are
/// none where any instruction may be the first to see it: the file does not load, or a function finds a register that is not
/// what it should be.
const BUGS: &[(&str, &str, Sizes, &[&str])] = &[
    // What takes longest comes first, so that two processors have all others beside it.
    // A debug build ends where it relies on such a number.
    ("stub-keeps-registers", "--jit=always", Sizes::Special, &[]),
    ("refill-part", "--jit=always", Sizes::Long, &[]),
    ("decode-opcode", "--tier=interpreter", Sizes::Small, &[]),
    ("sub-wraps", "--tier=interpreter", Sizes::Small, &["sub"]),
    ("mod-sign", "--tier=interpreter", Sizes::Small, &["mod"]),
    ("compare-truncates", "--tier=interpreter", Sizes::Small, &["lt", "gt", "lte", "gte"]),
    ("dict-order", "--tier=interpreter", Sizes::Small, &["dict_remove"]),
    ("copied-array", "--tier=interpreter", Sizes::Small, &["array_set"]),
    ("call-third-argument", "--tier=interpreter", Sizes::Small, &[]),
    ("phi-order", "--tier=interpreter", Sizes::Small, &["phi"]),
    ("global-empty", "--tier=interpreter", Sizes::Small, &["store_global"]),
    (
        "fused-branch",
        "--tier=specialised --jit=always",
        Sizes::Small,
        &["lt", "lte", "gt", "gte", "jump_if", "jump_if_not"],
    ),
    ("specialised-call-clear", "--tier=specialised --jit=always", Sizes::Small, &[]),
    ("jit-overflow", "--jit=always", Sizes::Small, &["mul"]),
];

/// Sequences of programs, each of which meets a bug sooner than the first does.
const SEEDS: &[(&str, u64)] = &[
    ("call-third-argument", 4),
    ("specialised-call-clear", 4),
    ("refill-part", 4),
    ("stub-keeps-registers", 5),
];

/// Bugs in what few programs come to, each with a program of [`slow_programs`] that must show it on the default tier.
const SHOWN: &[(&str, &str)] = &[
    ("flush-forgets", "code-full-frames"),
    ("flush-leads-on", "code-full-frames"),
    ("family-first", "callees-in-turn"),
    ("swap-order", "phi-swap-three"),
    ("minus-one", "least-by-minus-one"),
    ("scopes-stay", "scopes-left-open"),
    ("long-phis", "phi-65"),
];

/// Bugs that random programs meet after minutes only, each with a case that must fail in one of the faster tiers.
const FAILED: &[(&str, &str)] = &[
    ("takes-what-is-live", "arrays/copy-on-write/each-frame-of-a-recursion-changes-its-own-array"),
    ("optimise-counter", "fused/loops/a-count-up-to-the-largest-int-goes-one-too-far"),
    ("optimise-refund", "fused/loops/a-count-that-ends-is-charged-to-the-step"),
    ("optimise-store", "fused/loops/an-element-beyond-the-end-is-read-in-a-loop"),
    ("optimise-holders", "fused/rows/rows-that-are-one-until-they-are-changed-are-changed-in-a-loop"),
    ("optimise-remainder", "fused/loops/numbers-below-zero-and-above-are-even-or-odd"),
    ("optimise-circle", "fused/loops/two-values-change-places-in-every-turn"),
    ("specialised-fuel", "fused/fused/phis-carry-arrays-through-a-loop"),
    ("phantom-costs-nothing", "fused/parts/a-recursion-changes-an-array-in-a-global-with-a-byte-too-little"),
];

/// Bugs of the emitter that the verifier of machine code must find by itself: it ends the process before the code runs.
const REFUSED: &[&str] = &[
    "jit-bound",
    "jit-midst",
    "jit-kept",
    "jit-stack",
    "jit-slot",
    "jit-context",
    "jit-tag",
    "jit-call",
    "jit-capacity",
    "jit-shared",
    "jit-room",
    "jit-site",
    "jit-torn",
    "optimise-bound",
    "optimise-shared",
    "jit-writes-code",
];

/// A program that has one of everything of which machine code is made so.
const OF_ALL_SORTS: &str = r#"
    load_const r0, 0
    load_const r1, 40
    load_const r2, 1
    load_const r11, "twice"
    new_array r4, r0
again:
    array_set r4, r0, r0
    array_get r6, r4, r0
    add r7, r6, r2
    load_const r3, 1.5
    mul r8, r3, r3
    array_len r10, r4
    call r11, r9, (r7)
    store_global r9, "doubled"
    load_global r12, "doubled"
    lte r14, r12, r10
    debug_print r14
    add r0, r0, r2
    lt r13, r0, r1
    jump_if_not r13, end
    jump again
end:
    load_const r0, 0
sum:
    array_get r6, r4, r0
    add r5, r6, r2
    array_set r4, r0, r5
    add r0, r0, r2
    lt r13, r0, r1
    jump_if r13, sum
    return r9
.func twice
    add r1, r0, r0
    return r1
"#;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let found = BUGS.iter().map(|bug| Trial::test(bug.0, move || find(bug)));
    let shown = SHOWN.iter().map(|(bug, program)| Trial::test(*bug, move || shows(bug, program)));
    let failed = FAILED.iter().map(|(bug, case)| Trial::test(*bug, move || fails(bug, case)));
    let names = Trial::test("every-mutant-has-a-trial", every_mutant_has_a_trial);
    let refused = REFUSED.iter().map(|bug| Trial::test(*bug, move || is_refused(bug)));
    libtest_mimic::run(&arguments, found.chain(shown).chain(failed).chain(refused).chain([names]).collect())
        .exit_code()
}

fn every_mutant_has_a_trial() -> Result<(), Failed> {
    let tried = BUGS.iter().map(|bug| bug.0).chain(SHOWN.iter().map(|bug| bug.0));
    let tried = tried.chain(FAILED.iter().map(|bug| bug.0));
    let tried: BTreeSet<&str> = tried.chain(REFUSED.iter().copied()).collect();
    // Those of exits are tried in `schedule.rs`.
    let there = machine_dialect_vm::planted::BUGS.iter().map(|bug| bug.0);
    let there: BTreeSet<&str> = there.filter(|bug| !machine_dialect_vm::planted::is_of_exits(bug)).collect();
    if tried == there {
        return Ok(());
    }
    Err(format!("of the mutants of vm/src/planted.rs and the trials here only one has {:?}", &tried ^ &there)
        .into())
}

/// Has the verifier of machine code look at what a bug makes of a program, and at what is made without.
fn is_refused(bug: &str) -> Result<(), Failed> {
    let mut file = tempfile::NamedTempFile::with_suffix(".mdasm")?;
    file.write_all(OF_ALL_SORTS.as_bytes())?;
    let run = |planted: Option<&str>| {
        let mut command = Command::new(planted_machine()?);
        command.args(["run", "--jit=always"]).arg(file.path());
        command.env_remove("MDVM_PLANTED").envs(planted.map(|bug| ("MDVM_PLANTED", bug)));
        let output = command.env("RUST_BACKTRACE", "0").output().map_err(|error| error.to_string())?;
        Ok::<_, String>((output.status, String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let (status, errors) = run(None)?;
    if !status.success() {
        return Err(format!("without the bug: {status}\n{errors}").into());
    }
    let (status, errors) = run(Some(bug))?;
    let Some(refusal) = errors.lines().find(|line| line.starts_with("machine code at +")) else {
        return Err(format!("nothing is refused: {status}\n{errors}").into());
    };
    println!("{bug}: {refusal}");
    Ok(())
}

/// Runs a program on the machine with a bug and without. What the command prints must differ.
fn shows(bug: &str, name: &str) -> Result<(), Failed> {
    let programs = slow_programs()?;
    let program = programs.iter().find(|program| program.name == name).ok_or("there is no such program")?;
    // Messages name the file.
    let mut file = tempfile::NamedTempFile::with_suffix(".mdbc")?;
    file.write_all(program.module())?;
    let plain = printed(program, file.path(), Some("--tier=interpreter"), None)?;
    let right = printed(program, file.path(), None, None)?;
    let wrong = printed(program, file.path(), None, Some(bug))?;
    if right != plain {
        return Err(format!("{name} on the interpreter: {plain}\non the default tier: {right}").into());
    }
    if right == wrong {
        return Err(format!("{name} comes to the same: {right}").into());
    }
    Ok(())
}

/// What the command prints of a program: its outcome, and for people, how it failed.
fn printed(
    program: &Program,
    file: &Path,
    tiers: Option<&str>,
    planted: Option<&str>,
) -> Result<String, Failed> {
    let mut text = String::new();
    for form in [&["--json"][..], &[]] {
        let mut command = Command::new(planted_machine()?);
        command.arg("run").args(form).args(tiers).arg(file);
        if let Some(steps) = program.most_steps() {
            command.args(["--max-steps", &steps.to_string()]);
        }
        command.env_remove("MDVM_PLANTED").envs(planted.map(|bug| ("MDVM_PLANTED", bug)));
        let output = command.output()?;
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        text.push_str(&format!("{}\n{stdout}{stderr}", output.status));
    }
    Ok(text)
}

/// Runs a case on the machine with a bug and without. It must fail with it and pass without.
fn fails(bug: &str, case: &str) -> Result<(), Failed> {
    let machine = planted_machine()?;
    let run = |mutant: &str, tiers: &str| {
        // Some mutants have a loop go on for ever.
        let timeout = if mutant.starts_with("MDVM_PLANTED=") { "10" } else { "60" };
        let implementation = format!("planted=env {mutant} {} serve {tiers}", machine.display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_mdvm-conform"));
        command
            .args(["run", "--impl", &implementation, "--case", case, "--timeout", timeout])
            .env_remove("MDVM_PLANTED");
        command.output().map_err(|error| error.to_string())
    };
    let ends = |mutant: &str, tiers: &str, code: i32| {
        let output = run(mutant, tiers)?;
        if output.status.code() == Some(code) {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Err(format!("{mutant} {tiers}: {} instead of {code}\n{text}", output.status))
    };
    let mutant = format!("MDVM_PLANTED={bug}");
    let is_shown = |tiers: &&str| ends(&mutant, tiers, 1).is_ok();
    let tiers = ["--jit=always", "--tier=specialised --jit=always"];
    match tiers.iter().find(|tiers| is_shown(tiers)) {
        Some(tiers) => ends("-u MDVM_PLANTED", tiers, 0)?,
        None => ends(&mutant, tiers[0], 1)?,
    }
    Ok(())
}

struct Quiet;

impl Watcher for Quiet {
    fn advance(&self, _programs: u64, _of: Option<u64>, _divergences: u64, _seconds: f64) {}
    fn note(&self, _line: &str) {}
}

fn find((bug, tiers, sizes, opcodes): &(&str, &str, Sizes, &[&str])) -> Result<(), Failed> {
    let machine = planted_machine()?.display().to_string();
    let folder = tempfile::tempdir()?;
    // To draw a backtrace takes longer than to run hundreds of programs.
    let set = format!("MDVM_PLANTED={bug}");
    let command = ["env", "RUST_BACKTRACE=0", &set, &machine, "serve"].map(str::to_owned);
    let words = command.into_iter().chain(tiers.split_whitespace().map(str::to_owned)).collect();
    let plan = Plan {
        launchers: vec![
            Launcher::rust_interpreter(),
            Launcher { name: "planted".to_owned(), start: Start::Command(words) },
        ],
        seed: SEEDS.iter().find(|one| one.0 == *bug).map_or(1, |one| one.1),
        count: None,
        time: Some(TIME),
        shard: (1, 1),
        sizes: *sizes,
        workers: 1,
        timeout: Duration::from_secs(20),
        folder: folder.path().to_owned(),
        stops_at_first: true,
    };
    let began = Instant::now();
    let ended = campaign::run(&plan, &AtomicBool::new(false), &Quiet)?;
    let seconds = began.elapsed().as_secs_f64();
    let rows = results::read(&ended.file)?;
    let found = rows.iter().filter_map(|row| match row {
        Row::Divergence { signature, pc, instructions, case, found_after, .. } => {
            Some((signature, pc, instructions, case, found_after))
        }
        Row::Begin { .. } | Row::NotCompared { .. } | Row::NotReproduced { .. } | Row::Chunk { .. } => None,
    });
    let found = found.min_by_key(|(_, _, instructions, _, _)| instructions.unwrap_or(usize::MAX));
    let Some((signature, pc, instructions, case, found_after)) = found else {
        return Err(format!("not found in {} programs and {seconds:.0} s", ended.programs).into());
    };
    let case = case.as_ref().map(std::fs::read_to_string).transpose()?.unwrap_or_default();
    let report =
        format!("{signature}, found after {found_after:.1} s, all done after {seconds:.1} s\n{case}");
    println!("{bug}: {report}");
    if instructions.is_none_or(|count| count > MOST_INSTRUCTIONS) {
        return Err(format!("{instructions:?} instructions are too many\n{report}").into());
    }
    let headline = case.lines().next().unwrap_or_default();
    let is_named =
        opcodes.is_empty() || opcodes.iter().any(|opcode| headline.contains(&format!(" {opcode}(")));
    if !is_named || pc.is_none() && !opcodes.is_empty() {
        return Err(format!("none of {opcodes:?} is named\n{report}").into());
    }
    Ok(())
}
