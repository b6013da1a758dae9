//! What the default tier costs beside the interpreter alone, in instructions of the processor.
//!
//! The rule: on no program does the default tier execute more than 1.1 times the instructions of the interpreter, and [`ALLOWED`]
//! on top. Instructions are counted by `valgrind --tool=callgrind`, so the figures are the same from run to run. A process of
//! this program runs under it and executes many programs, each in both ways, in `measured`, around which callgrind writes
//! its counts.
//!
//! The programs are those that once broke the rule ([`slow_programs`]), and programs of the generator ([`numbered`]).

pub mod command;
mod looping;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use machine_dialect_vm::{Tiers, Vm, assemble};
use serde::{Deserialize, Serialize};

use crate::fuzz::generate::{Size, numbered};
use crate::fuzz::machine::{How, MAX_STEPS, Ran, run};
use crate::fuzz::program::Subject;
use crate::tier_cost::looping::looping;

/// What is allowed on top: 20 ms of a processor that executes two instructions a nanosecond.
pub const ALLOWED: u64 = 40_000_000;

/// The same for random programs, which take fewer steps: 10 ms.
pub const ALLOWED_RANDOM: u64 = 20_000_000;

/// A run ends after so many steps, whatever its limits say.
const MOST_STEPS: u64 = 10_000_000;
/// A generated program is run again until it took so many steps, or so many runs, so that its code gets hot.
const STEPS: u64 = 100_000;
const MOST_RUNS: usize = 32;

/// A program to measure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Program {
    /// What it is called in reports.
    pub name: String,
    subject: Subject,
    /// The steps it is known to take.
    steps: Option<u64>,
    runs: usize,
    allowed: u64,
}

/// What a program cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cost {
    /// The program.
    pub name: String,
    /// The instructions of the interpreter alone.
    #[serde(default)]
    pub interpreter: u64,
    /// Those of the default tier.
    #[serde(default)]
    pub default: u64,
    /// How many steps the runs took.
    pub steps: u64,
    /// What may come on top.
    pub allowed: u64,
    /// How the outcomes differ, if they do.
    pub difference: Option<String>,
}

impl Cost {
    /// By how much the default tier is over what it may cost; below 0 where it is not.
    #[must_use]
    pub fn excess(&self) -> i64 {
        let most = self.interpreter + self.interpreter / 10 + self.allowed;
        self.default.cast_signed() - most.cast_signed()
    }

    /// The default tier as a part of the interpreter.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.default as f64 / (self.interpreter.max(1)) as f64
    }

    /// Whether all is as it must be.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.excess() <= 0 && self.difference.is_none()
    }
}

/// Programs that were up to 110 times slower on the default tier than on the interpreter alone, with what each showed.
///
/// # Errors
///
/// Fails where one of them is not assembled.
pub fn slow_programs() -> Result<Vec<Program>, String> {
    let adds = "add r11, r11, r13\n".repeat(17_000);
    let texts = [
        ("calls-in-open-scope", include_str!("../slow/calls-in-open-scope.mdasm").to_owned(), 6_000_007),
        ("divide-by-minus-one", include_str!("../slow/divide-by-minus-one.mdasm").to_owned(), 5_000_005),
        ("many-callees", include_str!("../slow/many-callees.mdasm").to_owned(), 2_700_030),
        ("callees-in-turn", include_str!("../slow/callees-in-turn.mdasm").to_owned(), 2_700_025),
        ("phi-65", include_str!("../slow/phi-65.mdasm").to_owned(), 6_800_005),
        ("phi-entry", include_str!("../slow/phi-entry.mdasm").to_owned(), 1_800_005),
        ("phi-swap-containers", include_str!("../slow/phi-swap-containers.mdasm").to_owned(), 1_500_008),
        // A hot loop that begins when there is no room for its code.
        (
            "code-full-loop",
            format!(
                "load_const r13, 1\nload_const r12, 100\nload_const r11, 0\nHot: sub r12, r12, r13\n\
                 jump_if r12, Hot\n{adds}load_const r1, 0\nload_const r2, 3000000\nTop: add r1, r1, r13\n\
                 lt r3, r1, r2\njump_if r3, Top\nreturn r1\n"
            ),
            9_017_206,
        ),
        // The same function with ints, and with floats when there is no room any more.
        (
            "code-full-other-kinds",
            format!(
                ".func main\nload_const r10, \"loop\"\nload_const r11, 0\nload_const r12, 3000\n\
                 load_const r13, 1\ncall r10, r20, (r11, r12, r13)\n{adds}load_const r11, 0.0\n\
                 load_const r12, 1000000\nload_const r13, 1.0\ncall r10, r20, (r11, r12, r13)\nreturn r20\n\
                 .func loop\nTop: add r0, r0, r2\nlt r3, r0, r1\njump_if r3, Top\nreturn r0\n"
            ),
            3_026_012,
        ),
        // A loop of one instruction, for a kind of value for which there is no code and no room for some.
        (
            "code-full-spin",
            format!(
                ".func main\nload_const r10, \"spin\"\nload_const r11, 0\nload_const r12, 100\n\
                 load_const r13, 1\nload_const r20, 0\nW: sub r12, r12, r13\ncall r10, r21, (r20)\n\
                 jump_if r12, W\n{adds}load_const r20, 1.5\ncall r10, r21, (r20)\nhalt\n\
                 .func spin\nTop: jump_if r0, Top\nreturn r0\n"
            ),
            3_000_000,
        ),
        ("flow-graph-reverse", flow_graph_reverse(), 20_000),
        ("code-full-frames", code_full_frames(), 9_000_000),
        ("least-by-minus-one", include_str!("../slow/least-by-minus-one.mdasm").to_owned(), 2_500_002),
        ("phi-swap-three", include_str!("../slow/phi-swap-three.mdasm").to_owned(), 1_800_011),
        ("scopes-left-open", include_str!("../slow/scopes-left-open.mdasm").to_owned(), 3_600_002),
        ("write-shared-ints", include_str!("../slow/write-shared-ints.mdasm").to_owned(), 1_500_007),
        ("write-shared-strings", include_str!("../slow/write-shared-strings.mdasm").to_owned(), 360_007),
        ("many-writes", many_writes(), 3_500),
    ];
    let program = |(name, text, steps): (&str, String, u64)| {
        let module = assemble(&text).map_err(|error| format!("{name}: {error}"))?;
        // Those that end by themselves are not near a limit then, where specialised code is not entered.
        let is_endless = ["code-full-spin", "flow-graph-reverse", "code-full-frames"].contains(&name);
        let limit = if is_endless { steps } else { MOST_STEPS };
        let limits = BTreeMap::from([(MAX_STEPS.to_owned(), limit)]);
        let subject = Subject { module: module.encode(), limits, globals: BTreeMap::new(), schedule: None };
        Ok(Program { name: name.to_owned(), subject, steps: Some(steps), runs: 1, allowed: ALLOWED })
    };
    texts.into_iter().map(program).collect()
}

/// Blocks that are in the reverse of the order in which they run, each with a register of its own: to look into them takes
/// longer than the few steps that are allowed.
fn flow_graph_reverse() -> String {
    const BLOCKS: usize = 32_000;
    let last = BLOCKS - 1;
    let mut text = format!(
        "load_const r1, 1\nload_const r2, 200\nHot: sub r2, r2, r1\njump_if r2, Hot\njump B{last}\n\
         B0: move r0, r0\nreturn r0\n"
    );
    for block in 1..BLOCKS {
        let (register, next) = (block % 256, block - 1);
        text.push_str(&format!("B{block}: jump_if r{register}, B{next}\njump B{next}\n"));
    }
    text
}

/// Writes to an array that are executed once each, while many registers hold constants: to look at all of them for each write
/// takes far longer than the writes.
fn many_writes() -> String {
    let constants: String =
        (10..105).map(|register| format!("load_const r{register}, {register}\n")).collect();
    let writes = "array_set r3, r0, r1\n".repeat(3_000);
    format!(
        "load_const r0, 0\nload_const r1, 1\nload_const r2, 200\nnew_array r3, r1\nHot: sub r2, r2, r1\n\
         jump_if r2, Hot\n{constants}{writes}return r1\n"
    )
}

/// More functions than there is room for are called at the end of a recursion: where the room is made again, frames wait in the
/// code that is dropped, with writes to `r6` that were deferred.
fn code_full_frames() -> String {
    const WORKERS: usize = 250;
    let mut text = String::from(
        ".func main\nload_const r1, 1\nload_const r0, 0\nnew_array r2, r0\nload_const r3, 0\n\
         load_const r8, \"down\"\nload_const r9, 4\nload_const r4, 250\n",
    );
    for worker in 0..WORKERS {
        text.push_str(&format!("load_const r5, \"w{worker}\"\narray_len r6, r2\narray_set r2, r6, r5\n"));
    }
    text.push_str(
        "Top: mod r5, r0, r4\narray_get r5, r2, r5\ncall r8, r6, (r9, r1, r5)\nadd r3, r3, r6\n\
         store_global r3, \"sum\"\nadd r0, r0, r1\njump Top\n\
         .func down\nmove r6, r0\njump_if_not r0, Work\nload_const r7, \"down\"\nsub r8, r0, r1\n\
         call r7, r9, (r8, r1, r2)\nadd r9, r9, r6\nreturn r9\nWork: call r2, r9, (r1)\nreturn r9\n",
    );
    for worker in 0..WORKERS {
        let adds = "add r1, r1, r0\n".repeat(90);
        text.push_str(&format!(
            ".func w{worker}\nload_const r1, {worker}\nload_const r2, 400\nAgain{worker}: {adds}\
             sub r2, r2, r0\njump_if r2, Again{worker}\nreturn r1\n"
        ));
    }
    text
}

/// Random programs that were over the bound: much code, of which machine code was made before it could be seen to pay.
///
/// # Errors
///
/// Fails where one of them is not assembled.
pub fn slow_random_programs() -> Result<Vec<Program>, String> {
    const SEED: u64 = 2026;
    let program = |index| Ok(Program { allowed: ALLOWED, ..looped(SEED, index)? });
    [255, 325, 716].into_iter().map(program).collect()
}

/// The random program of that number; none where it is no module. Most are those of `looping`, some those that compare outcomes.
///
/// # Errors
///
/// Fails where a program of `looping` is not assembled.
pub fn generated(seed: u64, index: u64) -> Result<Option<Program>, String> {
    if index.is_multiple_of(8) { Ok(compared(seed, index)) } else { looped(seed, index).map(Some) }
}

fn looped(seed: u64, index: u64) -> Result<Program, String> {
    let name = format!("seed {seed} program {index}, looping");
    let program = looping(seed, index);
    let module = assemble(&program.text).map_err(|error| format!("{name}: {error}"))?;
    let limits = BTreeMap::from([(MAX_STEPS.to_owned(), program.steps)]);
    let subject = Subject { module: module.encode(), limits, globals: BTreeMap::new(), schedule: None };
    Ok(Program { name, subject, steps: Some(program.steps), runs: 1, allowed: ALLOWED_RANDOM })
}

/// One of the programs by which tiers are compared. They seldom loop for long.
fn compared(seed: u64, index: u64) -> Option<Program> {
    let size = if index.is_multiple_of(16) { Size::Long } else { Size::Special };
    let subject = numbered(seed, index, size).subject()?;
    let vm = Vm::load(&subject.module).ok()?;
    let steps =
        run(&vm, &subject, How { steps: Some(MOST_STEPS), tiers: Tiers::Interpreter, ..How::default() })
            .steps();
    let runs = usize::try_from(STEPS / steps.max(1)).unwrap_or(MOST_RUNS).clamp(1, MOST_RUNS);
    let name = format!("seed {seed} program {index}");
    Some(Program { name, subject, steps: None, runs, allowed: ALLOWED_RANDOM })
}

/// Executes a program in both ways, to be called under callgrind, and tells of it what it can tell itself.
///
/// # Errors
///
/// Fails where the program is not loaded.
pub fn execute(program: &Program) -> Result<Cost, String> {
    let (plain, _) = run_on(program, Tiers::Interpreter)?;
    let (default, steps) = run_on(program, Tiers::Auto)?;
    let is_known = program.steps.is_none_or(|steps| plain.steps() == steps);
    let difference = if plain.told() != default.told() {
        Some(format!("interpreter: {}\ndefault tier: {}", plain.told(), default.told()))
    } else if is_known {
        None
    } else {
        Some(format!("it took {} steps", plain.steps()))
    };
    let name = program.name.clone();
    Ok(Cost { name, interpreter: 0, default: 0, steps, allowed: program.allowed, difference })
}

/// Loads a program, which is the same for all tiers and not measured, and runs it.
fn run_on(program: &Program, tiers: Tiers) -> Result<(Ran, u64), String> {
    let vm = Vm::load(&program.subject.module).map_err(|error| format!("{}: {error}", program.name))?;
    let ran = measured(&vm, program, How { steps: Some(MOST_STEPS), tiers, ..How::default() });
    settled();
    Ok(ran)
}

/// Around this function callgrind writes its counts: see [`BEGIN`].
#[inline(never)]
fn measured(vm: &Vm, program: &Program, how: How) -> (Ran, u64) {
    let mut ran = run(vm, &program.subject, how);
    let mut steps = ran.steps();
    for _ in 1..program.runs {
        ran = run(vm, &program.subject, how);
        steps += ran.steps();
    }
    (ran, steps)
}

/// Is called behind [`measured`] and does nothing.
#[inline(never)]
fn settled() {
    std::hint::black_box(());
}

/// The names of these in the symbols of this program: before [`BEGIN`], callgrind writes what is of no interest, and before
/// [`END`] what a run cost.
const BEGIN: &str = "mdvm_conform::tier_cost::measured";
const END: &str = "mdvm_conform::tier_cost::settled";

impl Program {
    /// The bytes of the module.
    #[must_use]
    pub fn module(&self) -> &[u8] {
        &self.subject.module
    }

    /// The limit on steps it is run with.
    #[must_use]
    pub fn most_steps(&self) -> Option<u64> {
        self.subject.limits.get(MAX_STEPS).copied()
    }
}

/// Has callgrind count what programs cost. `command` and the name of a file with them, which is written to `scratch`, executes
/// them and prints a [`Cost`] for each.
///
/// # Errors
///
/// Fails where valgrind is missing, and where its counts are not those of the programs.
pub fn count(programs: &[Program], command: &[&OsStr], scratch: &Path) -> Result<Vec<Cost>, String> {
    let (counts, file) = (scratch.join("callgrind.out"), scratch.join("programs.json"));
    let text = serde_json::to_string(programs).map_err(|error| error.to_string())?;
    std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--dump-line=no", "--combine-dumps=yes"])
        .arg(format!("--dump-before={BEGIN}"))
        .arg(format!("--dump-before={END}"))
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .args(command)
        .arg(&file)
        .output()
        .map_err(|error| format!("valgrind cannot be run ({error}); install it: apt-get install valgrind"))?;
    if !output.status.success() {
        return Err(format!("under valgrind: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut costs = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        costs.push(serde_json::from_str::<Cost>(line).map_err(|error| format!("{line}: {error}"))?);
    }
    let text = std::fs::read_to_string(&counts).map_err(|error| format!("{}: {error}", counts.display()))?;
    let figures = figures(&text);
    if figures.len() != 2 * costs.len() {
        return Err(format!("callgrind counted {} runs of {} programs", figures.len(), costs.len()));
    }
    for (cost, pair) in costs.iter_mut().zip(figures.chunks_exact(2)) {
        (cost.interpreter, cost.default) = (pair[0], pair[1]);
    }
    Ok(costs)
}

/// What was counted within [`measured`], run by run, by the parts of a file of callgrind.
fn figures(text: &str) -> Vec<u64> {
    let mut is_behind = false;
    let mut figures = Vec::new();
    for line in text.lines() {
        if let Some(trigger) = line.strip_prefix("desc: Trigger: ") {
            is_behind = trigger.ends_with(END);
        } else if let Some(summary) = line.strip_prefix("summary: ")
            && std::mem::take(&mut is_behind)
        {
            figures.extend(summary.trim().parse::<u64>());
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_written_behind_the_function_is_its_cost() {
        let text = "part: 1\ndesc: Trigger: --dump-before=mdvm_conform::tier_cost::measured\nsummary: 7\n\npart: 2\n\
                    desc: Trigger: --dump-before=mdvm_conform::tier_cost::settled\n\
                    summary: 30\ntotals: 30\npart: 3\ndesc: Trigger: Program termination\nsummary: 9\n";
        assert_eq!(figures(text), [30]);
    }

    #[test]
    fn a_cost_is_over_where_a_tenth_and_the_constant_do_not_do() {
        let mut cost = Cost {
            name: String::new(),
            interpreter: 1000,
            default: 1100,
            steps: 0,
            allowed: 10,
            difference: None,
        };
        assert!(cost.is_fine());
        cost.default = 1111;
        assert!(!cost.is_fine());
    }

    /// Runs a program on all tiers, alone and together, and gives the steps.
    fn compared_on_all_tiers(program: &Program) -> u64 {
        let vm = Vm::load(&program.subject.module).unwrap();
        let how = |tiers| How { steps: Some(MOST_STEPS), tiers, ..How::default() };
        let plain = run(&vm, &program.subject, how(Tiers::Interpreter));
        for tiers in [Tiers::EagerSpecialised, Tiers::EagerJit, Tiers::Specialised, Tiers::Auto, Tiers::Auto]
        {
            let ran = run(&vm, &program.subject, how(tiers));
            assert_eq!(ran.told(), plain.told(), "{} on {tiers:?}", program.name);
        }
        plain.steps()
    }

    #[test]
    fn slow_programs_do_the_same_on_all_tiers() {
        for program in slow_programs().unwrap() {
            assert_eq!(Some(compared_on_all_tiers(&program)), program.steps, "{}", program.name);
        }
    }

    #[test]
    fn random_programs_do_the_same_on_all_tiers_until_their_steps_are_taken() {
        for index in 0..64 {
            let Some(program) = generated(5, index).unwrap() else { continue };
            let steps = compared_on_all_tiers(&program);
            assert!(program.steps.is_none_or(|known| known == steps), "{} ended early", program.name);
        }
    }
}
