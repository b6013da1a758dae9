//! What must hold of any input, as functions of bytes: fuzz targets call them, and tests replay them.
//!
//! A check that does not hold panics, which is what a fuzzing engine looks for. Where a check needs a program, bytes that
//! begin with the magic of a module are that module, and how it is run follows from what stands behind it; all other
//! bytes are choices for [`generate`](crate::fuzz::generate). A finding that is kept as a module stays the same finding
//! when the generator changes.

mod page;
pub(super) mod state;

use std::borrow::Cow;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arbitrary::Unstructured;
use machine_dialect_vm::asm::{AsmError, assemble_bytes, listing};
use machine_dialect_vm::escape::is_visible;
use machine_dialect_vm::{
    Completion, Failure, Limits, MAGIC, Module, Run, RuntimeErrorKind, Tiers, Vm, assemble, disassemble,
};

use crate::fuzz::asker::Asker;
use crate::fuzz::divergence::Pair;
use crate::fuzz::generate::{Size, program};
use crate::fuzz::machine::{self, How, MAX_STEPS, Ran};
use crate::fuzz::program::Subject;
use crate::implementation::Launcher;
use crate::states::{self, Speaker};

/// The largest input that is looked at, in bytes: more only takes longer.
const MOST_BYTES: usize = 1 << 20;
/// How many steps a module may take that comes as bytes.
const STEPS: u64 = 5_000;
/// The memory that a run may use, in bytes of the cost model.
const MEMORY: u64 = 1 << 20;
/// The bytes that a run may print.
const OUTPUT: u64 = 1 << 16;

/// A fuzz target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Any bytes as a module.
    Decode,
    /// A module through its encodings and back.
    Roundtrip,
    /// A program under limits.
    Run,
    /// A program with and without what makes it fast.
    Modes,
    /// A program on this machine and on the reference.
    Differential,
    /// Any text as assembly.
    Asm,
    /// Any text as a page.
    Source,
    /// Any text as the state of a run.
    State,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 8] = [
        Self::Decode,
        Self::Roundtrip,
        Self::Run,
        Self::Modes,
        Self::Differential,
        Self::Asm,
        Self::Source,
        Self::State,
    ];

    /// The name of the target and of its folders.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Roundtrip => "roundtrip",
            Self::Run => "run",
            Self::Modes => "modes",
            Self::Differential => "differential",
            Self::Asm => "asm",
            Self::Source => "source",
            Self::State => "state",
        }
    }

    /// Checks one input.
    ///
    /// # Panics
    /// Panics where something does not hold that must.
    pub fn check(self, input: &[u8]) {
        if input.len() > MOST_BYTES {
            return;
        }
        match self {
            Self::Decode => decode(input),
            Self::Roundtrip => roundtrip(input),
            Self::Run => run(input),
            Self::Modes => modes(input),
            Self::Differential => differential(input),
            Self::Asm => asm(input),
            Self::Source => page::page(input),
            Self::State => state::state(input),
        }
    }
}

/// The subject that the bytes stand for; none for bytes that stand for no module.
#[must_use]
pub fn subject(input: &[u8], size: Size) -> Option<Subject> {
    if !input.starts_with(&MAGIC) {
        return program(&mut Unstructured::new(input), size).subject();
    }
    let mut limits = std::collections::BTreeMap::new();
    // What follows the last section is no part of the module, and says how it is run.
    let behind = Module::decode(input).ok().and_then(|module| {
        let whole = module.instruction_offset(module.len());
        input.get(whole..).filter(|_| input.starts_with(&module.encode()))
    });
    let mut numbers =
        behind.unwrap_or(&[]).chunks_exact(2).map(|pair| u64::from(pair[0]) | u64::from(pair[1]) << 8);
    let mut limit = |name: &str, most: u64| {
        let chosen = numbers.next().filter(|number| *number > 0);
        limits.insert(name.to_owned(), chosen.map_or(most, |number| number.min(most)));
    };
    limit(MAX_STEPS, STEPS);
    limit("max_memory", MEMORY);
    limit("max_output", OUTPUT);
    limit("max_call_depth", 1000);
    Some(Subject {
        module: input.to_vec(),
        limits,
        globals: std::collections::BTreeMap::new(),
        schedule: None,
    })
}

/// Any bytes are a module that can be run, or are refused with an error that says why.
fn decode(input: &[u8]) {
    match Module::decode(input) {
        Ok(module) => {
            assert!(module.len() <= input.len() && module.constants().len() <= input.len());
            let vm = Vm::new(module);
            let limits = Limits {
                max_steps: Some(STEPS),
                max_memory: Some(MEMORY),
                max_output: Some(OUTPUT),
                ..Limits::default()
            };
            check_end(&vm.run(Run::new(&mut ()).limits(limits)), STEPS);
        }
        Err(error) => {
            let message = error.to_string();
            assert!(!message.is_empty() && message.len() < 4 * input.len() + 400, "{message}");
            assert!(!error.kind().name().is_empty());
        }
    }
}

/// A module survives its encodings.
fn roundtrip(input: &[u8]) {
    let Some(subject) = subject(input, Size::Small) else { return };
    let Ok(module) = Module::decode(&subject.module) else { return };
    let encoded = module.encode();
    let again = Module::decode(&encoded);
    assert!(again.as_ref() == Ok(&module), "decoding what was encoded gives another module: {again:?}");
    assert!(module.encode() == encoded, "encoding twice gives different bytes");
    assert_eq!(module.instruction_offset(module.len()), encoded.len());
    let text = disassemble(&module);
    match assemble(&text) {
        Ok(assembled) => assert!(assembled == module, "assembly gives another module:\n{text}"),
        Err(error) => fail(&format!("what was disassembled does not assemble: {error}\n{text}")),
    }
    match assemble_bytes(&text) {
        Ok(bytes) => assert!(bytes == encoded, "assembly gives other bytes:\n{text}"),
        Err(error) => fail(&error.to_string()),
    }
    assert!(module.is_empty() || !listing(&module).is_empty());
}

/// A run ends, keeps its limits to the last unit, and leaves nothing behind.
fn run(input: &[u8]) {
    let Some(subject) = subject(input, Size::Small) else { return };
    let Ok(vm) = Vm::load(&subject.module) else { return };
    let limits = machine::limits(&subject.limits);
    let most = limits.max_steps.unwrap_or(u64::MAX);
    let ran = machine::run(&vm, &subject, How::default());
    check_end(&ran.result, most);
    assert!(ran.stdout.len() as u64 <= limits.max_output.unwrap_or(u64::MAX), "too much was printed");
    let outcome = ran.outcome();
    assert!(
        machine::run(&vm, &subject, How::default()).outcome() == outcome,
        "a second run differs: {outcome}"
    );

    // The run needs just the steps it took.
    let steps = ran.steps();
    let is_stopped =
        matches!(&ran.result, Err(failure) if failure.error.kind() == RuntimeErrorKind::StepLimitExceeded);
    if !is_stopped {
        let exactly = machine::run(&vm, &subject, How { steps: Some(steps), ..How::default() });
        assert!(exactly.outcome() == outcome, "{steps} steps are not enough for {outcome}");
        if steps > 0 {
            let fewer = machine::run(&vm, &subject, How { steps: Some(steps - 1), ..How::default() });
            let is_stopped = matches!(&fewer.result, Err(failure) if failure.error.kind() == RuntimeErrorKind::StepLimitExceeded);
            assert!(is_stopped && fewer.steps() == steps - 1, "{} is no limit", steps - 1);
        }
    }
    if ran.result.is_ok() {
        output_is_exact(&vm, &subject, &ran);
        memory_is_exact(&vm, &subject, &outcome);
    }
    // The host can end it.
    let flag = AtomicBool::new(true);
    let interrupted = vm.run(Run::new(&mut ()).limits(limits).interrupt(&flag));
    if let Err(failure) = interrupted {
        let kind = failure.error.kind();
        let known = [RuntimeErrorKind::Interrupted, RuntimeErrorKind::OutOfMemory];
        assert!(
            known.contains(&kind) || most == 0 || vm.module().is_empty(),
            "{kind:?} instead of an interruption"
        );
    } else {
        assert!(vm.module().entry().0 >= vm.module().len(), "a run does not listen to its host");
    }
}

/// What was printed fits, and with a byte less it does not.
fn output_is_exact(vm: &Vm, subject: &Subject, ran: &Ran) {
    let printed = ran.stdout.len() as u64;
    if printed == 0 {
        return;
    }
    let with = |limit: u64| {
        let mut subject = subject.clone();
        subject.limits.insert("max_output".to_owned(), limit);
        machine::run(vm, &subject, How::default())
    };
    let enough = with(printed);
    assert!(enough.outcome() == ran.outcome(), "{printed} bytes of output are not enough");
    let less = with(printed - 1);
    let kind = less.result.as_ref().err().map(|failure| failure.error.kind());
    assert!(kind == Some(RuntimeErrorKind::OutputLimitExceeded), "{kind:?} with a byte of output less");
    assert!(less.stdout.len() < ran.stdout.len());
}

/// There is one amount of memory that is enough: with less, the run ends with OutOfMemory, and with more, it is the same.
fn memory_is_exact(vm: &Vm, subject: &Subject, outcome: &str) {
    let with = |limit: u64| {
        let mut subject = subject.clone();
        subject.limits.insert("max_memory".to_owned(), limit);
        machine::run(vm, &subject, How::default())
    };
    let (mut least, mut enough) = (0, subject.limits.get("max_memory").copied().unwrap_or(MEMORY));
    // A few steps towards it are enough to see each side.
    for _ in 0..8 {
        let middle = least + (enough - least) / 2;
        let ran = with(middle);
        let kind = ran.result.as_ref().err().map(|failure| failure.error.kind());
        if kind == Some(RuntimeErrorKind::OutOfMemory) {
            least = middle;
        } else {
            assert!(ran.outcome() == *outcome, "with {middle} bytes: {} instead of {outcome}", ran.outcome());
            enough = middle;
        }
    }
}

fn check_end(result: &Result<Completion, Box<Failure>>, most: u64) {
    match result {
        Ok(completion) => assert!(completion.steps <= most, "{} steps", completion.steps),
        Err(failure) => {
            assert!(failure.steps <= most, "{} steps", failure.steps);
            assert!(!failure.to_string().is_empty() && !failure.call_stack.is_empty());
            if failure.error.kind() == RuntimeErrorKind::StepLimitExceeded {
                assert_eq!(failure.steps, most, "the limit is not exact");
            }
        }
    }
}

/// What makes a program fast changes nothing else: not with limits that cut it short anywhere, and not in later runs, for
/// which what was prepared in earlier ones is still there.
fn modes(input: &[u8]) {
    let Some(subject) = subject(input, Size::Long) else { return };
    let Ok(vm) = Vm::load(&subject.module) else { return };
    let both = |subject: &Subject, steps: Option<u64>, what: &str| {
        let run = |tiers, fuel_slice| {
            machine::run(&vm, subject, How { steps, tiers, fuel_slice, ..How::default() })
        };
        // A run that is observed copies whatever is to be copied.
        let observed = How { steps, is_observed: true, ..How::default() };
        let plain = machine::run(&vm, subject, observed);
        let told = plain.told();
        // How often a run looks up must not matter.
        let mixed = plain.steps().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let fuel_slice = mixed.is_multiple_of(2).then_some(512 + mixed % 4096);
        // Specialised code that is come to in the middle of a run, and specialised code and machine code from the first instruction on.
        for tiers in [Tiers::Interpreter, Tiers::Auto, Tiers::EagerSpecialised, Tiers::EagerJit] {
            let other = run(tiers, fuel_slice).told();
            assert!(told == other, "{what}: an observed run gives\n{told}\nand {tiers:?}\n{other}");
        }
        plain.steps()
    };
    let steps = both(&subject, None, "the first run");
    both(&subject, None, "the second run");
    // Places to cut it short at, which differ from input to input.
    let mut places = fastrand::Rng::with_seed(
        input.iter().fold(steps, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte)),
    );
    for _ in 0..3 {
        let place = places.u64(..=steps);
        both(&subject, Some(place), &format!("at most {place} steps"));
    }
    let others = [("max_memory", MEMORY.min(steps * 40 + 2000)), ("max_call_depth", 12), ("max_output", 400)];
    let (name, most) = others[places.usize(..others.len())];
    let mut limited = subject.clone();
    let limit = places.u64(..=most);
    limited.limits.insert(name.to_owned(), limit);
    both(&limited, None, &format!("{name} {limit}"));
    let mut others = subject.clone();
    for (name, value) in [("n", r#"{"float":"2.5"}"#), ("text", "[1]"), ("list", "7"), ("loose", r#""text""#)]
    {
        if let Ok(value) = crate::value::ValueText::from_json(value) {
            others.globals.insert(name.to_owned(), value);
        }
    }
    both(&others, None, "a run with other globals");
    both(&subject, None, "the last run");
}

/// This machine and the reference agree.
fn differential(input: &[u8]) {
    let Some(subject) = subject(input, Size::Small) else { return };
    // What cannot be written out in little time is the business of the cases in `deep`.
    let is_heavy = |vm: Vm| !machine::run(&vm, &subject, How::default()).is_light();
    if Vm::load(&subject.module).is_ok_and(is_heavy) {
        return;
    }
    let mut pair = reference_pair().lock().unwrap_or_else(PoisonError::into_inner);
    match pair.compare(&subject) {
        Ok(None) => {}
        Ok(Some(divergence)) => fail(&format!("{}\n{}", divergence.signature, divergence.differences)),
        Err(problem) => fail(&problem),
    }
    // Begun in the one it ends in the other, from a step that differs from input to input.
    let mixed = input.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    let mut speakers = reference_speakers().lock().unwrap_or_else(PoisonError::into_inner);
    let [jit, reference] = &mut *speakers;
    if Module::decode(&subject.module).is_ok()
        && let Err(problem) =
            states::check([jit, reference], &subject.request(false), |taken| [mixed % (taken + 1)].into())
    {
        fail(&problem);
    }
}

fn reference_speakers() -> &'static Mutex<[Speaker; 2]> {
    static SPEAKERS: OnceLock<Mutex<[Speaker; 2]>> = OnceLock::new();
    SPEAKERS.get_or_init(|| {
        let speaker = |launcher: Launcher| Speaker::new(&launcher, Duration::from_secs(60));
        Mutex::new([Launcher::rust_jit(), Launcher::reference()].map(speaker))
    })
}

fn reference_pair() -> &'static Mutex<Pair> {
    static PAIR: OnceLock<Mutex<Pair>> = OnceLock::new();
    PAIR.get_or_init(|| {
        let asker = |launcher: &Launcher| Asker::new(launcher, Duration::from_secs(60));
        Mutex::new(Pair { left: asker(&Launcher::rust()), right: asker(&Launcher::reference()) })
    })
}

/// Any text is a module, which goes through assembly once more, or is refused at a place in it.
fn asm(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let text = expanded(&text);
    match assemble(&text) {
        Ok(module) => {
            let shown = disassemble(&module);
            match assemble(&shown) {
                Ok(again) => assert!(again == module, "assembly gives another module:\n{shown}"),
                Err(error) => fail(&format!("what was disassembled does not assemble: {error}\n{shown}")),
            }
        }
        Err(AsmError::Syntax(mistakes)) => {
            for mistake in mistakes.iter() {
                let line = text.lines().nth(mistake.line.wrapping_sub(1)).unwrap_or_default();
                // A byte-order mark is no part of the text, and nothing stands behind the place after the end of a line.
                let end = line.chars().count() + 1;
                assert!((1..=end).contains(&mistake.column), "{mistake}");
                assert!(!mistake.message.is_empty() && mistake.message.len() < 2000, "{mistake}");
            }
            check_shown(&mistakes.to_string());
        }
        Err(AsmError::Module(error)) => assert!(!error.to_string().is_empty()),
    }
}

/// What is shown of a text neither commands a terminal nor grows with what it is about.
fn check_shown(shown: &str) {
    let raw = shown.chars().find(|letter| *letter != '\n' && !is_visible(*letter));
    assert!(raw.is_none(), "{raw:?} is shown raw: {shown:?}");
    assert!(shown.len() < 100_000, "a message of {} bytes", shown.len());
}

/// The text that an input of the target `asm` stands for. One that begins with the line `; repeat COUNT UNIT` stands for that many
/// units before its other lines: `{n}` in a unit is its number, and `\n` ends a line. So an input of some bytes reaches what only
/// megabytes show: work that grows with the square of the text, which the time limit of the engine finds, and numbers beyond 16 bits.
fn expanded(text: &str) -> Cow<'_, str> {
    /// The longest text, in bytes: what is linear in it takes a second or so under a sanitizer on a busy machine, and what is
    /// quadratic takes minutes.
    const LONGEST: usize = 1 << 20;
    let parts = text.strip_prefix("; repeat ").and_then(|behind| {
        let (head, rest) = behind.split_once('\n').unwrap_or((behind, ""));
        let (count, unit) = head.split_once(' ')?;
        Some((count.parse::<usize>().ok()?, unit.replace("\\n", "\n"), rest))
    });
    let Some((count, unit, rest)) = parts.filter(|(_, unit, _)| !unit.is_empty()) else {
        return Cow::Borrowed(text);
    };
    let mut long = String::new();
    for number in 0..count {
        if long.len() + unit.len() > LONGEST {
            break;
        }
        long.push_str(&unit.replace("{n}", &number.to_string()));
    }
    Cow::Owned(long + rest)
}

/// Reports what does not hold.
fn fail(message: &str) {
    // A panic is what a fuzzing engine, and a test, take for a finding.
    assert!(message.is_empty(), "{message}");
}
