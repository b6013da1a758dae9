//! What is done with a subject on which two implementations differ: it is explained, reduced, and written down.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use machine_dialect_vm::{Constant, Module, Opcode, Value, Vm};
use mdvm_spec::Spec;

use crate::case::Case;
use crate::case_file::{Expecting, Reader};
use crate::fuzz::divergence::{Divergence, Pair};
use crate::fuzz::machine::{MAX_STEPS, operands_after};
use crate::fuzz::program::{Item, Line, Program, Subject};
use crate::fuzz::reduce::{reduce, reduce_bytes};
use crate::paths::shown;

/// How many steps a module may take that comes without limits.
const DEFAULT_STEPS: u64 = 1_000_000;
/// How long one subject may be reduced.
const PATIENCE: Duration = Duration::from_secs(60);

/// A divergence with the smallest subject that was found to show it.
#[derive(Debug, Clone)]
pub struct Triaged {
    /// The subject, reduced.
    pub subject: Subject,
    /// How the two differ on it.
    pub divergence: Divergence,
    /// How many instructions it has; none for a file that does not load as it is.
    pub instructions: Option<usize>,
    /// How many smaller subjects were tried.
    pub tried: usize,
}

/// Reduces a program on which the two differ; nothing where they agree after all.
///
/// # Errors
/// Says which implementation does not start.
pub fn triage_program(pair: &mut Pair, program: &Program) -> Result<Option<Triaged>, String> {
    let Some(subject) = program.subject() else { return Ok(None) };
    let Some(first) = pair.compare(&subject)? else { return Ok(None) };
    let until = Instant::now() + PATIENCE;
    let mut tried = 0;
    let mut check = |program: &Program| {
        let Some(subject) = program.subject().filter(|_| Instant::now() < until) else { return Ok(false) };
        tried += 1;
        pair.shows(&subject, &first)
    };
    // With what it reads loaded right before it, the first instruction that differs needs little of what came before.
    let pinned = pinned(program, &subject, &first);
    let start = match &pinned {
        Some(pinned) if check(pinned)? => pinned,
        Some(_) | None => program,
    };
    let small = reduce(start, &mut check)?;
    // What the small program shows only after the many that were tried before it is no finding; the whole program is one.
    if let Some(small_subject) = small.subject()
        && let Some(divergence) = pair.compare_afresh(&small_subject)?
    {
        let instructions = Some(small.code.len());
        return Ok(Some(Triaged { subject: small_subject, divergence, instructions, tried }));
    }
    Ok(Some(Triaged { subject, divergence: first, instructions: Some(program.code.len()), tried }))
}

/// The program with constants loaded right before the first instruction that differs, in place of what it reads.
fn pinned(program: &Program, subject: &Subject, divergence: &Divergence) -> Option<Program> {
    let (pc, step) = (divergence.pc?, divergence.step?);
    let vm = Vm::load(&subject.module).ok()?;
    let load = |(register, value): (u8, Value)| {
        let constant = match value {
            Value::Empty => Constant::Empty,
            Value::Bool(value) => Constant::Bool(value),
            Value::Int(value) => Constant::Int(value),
            Value::Float(value) => Constant::Float(value),
            Value::String(text) => Constant::String(text.as_str().to_owned()),
            Value::Function(_) | Value::Url(_) | Value::Array(_) | Value::Dict(_) => return None,
        };
        let items = vec![Item::Register(register), Item::Constant(constant)];
        Some(Line { opcode: Opcode::LoadConst, items })
    };
    let operands = operands_after(&vm, subject, step).filter(|(at, _)| *at == pc)?.1;
    let loads: Vec<Line> = operands.into_iter().filter_map(load).collect();
    (!loads.is_empty()).then(|| program.with(pc, &loads))
}

/// Reduces a subject on which the two differ, as a program where it is one; nothing where they agree.
///
/// # Errors
/// Says which implementation does not start.
pub fn triage(pair: &mut Pair, subject: &Subject) -> Result<Option<Triaged>, String> {
    let Some(first) = pair.compare(subject)? else { return Ok(None) };
    if let Ok(module) = Module::decode(&subject.module) {
        let program = Program {
            limits: subject.limits.clone(),
            globals: subject.globals.clone(),
            ..Program::of_module(&module)
        };
        // What shows only in how the file was laid out is not in the program.
        if let Some(triaged) = triage_program(pair, &program)? {
            return Ok(Some(triaged));
        }
    }
    let until = Instant::now() + PATIENCE;
    let mut tried = 0;
    let module = reduce_bytes(&subject.module, &mut |bytes| {
        if Instant::now() >= until {
            return Ok(false);
        }
        tried += 1;
        pair.shows(&Subject { module: bytes.to_vec(), ..subject.clone() }, &first)
    })?;
    let small = Subject { module, ..subject.clone() };
    let (subject, divergence) = match pair.compare_afresh(&small)? {
        Some(divergence) => (small, divergence),
        None => (subject.clone(), first),
    };
    let instructions = Module::decode(&subject.module).ok().map(|module| module.len());
    Ok(Some(Triaged { subject, divergence, instructions, tried }))
}

/// The subjects of a file: the cases of a case file, or a module.
///
/// # Errors
/// Says why the file cannot be read.
pub fn read_subjects(path: &Path, spec: &Spec) -> Result<Vec<(String, Subject)>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", path.display());
    if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let reader = Reader::new(spec, Expecting::Anything);
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let cases =
            reader.read(path, &stem, &text).map_err(|problems| mdvm_spec::Problems(problems).to_string())?;
        let subject = |case: Case| {
            let Case { id, module, limits, globals, schedule, .. } = case;
            (id, Subject { module, limits, globals, schedule })
        };
        return Ok(cases.into_iter().map(subject).collect());
    }
    let module = std::fs::read(path).map_err(unreadable)?;
    let limits = BTreeMap::from([(MAX_STEPS.to_owned(), DEFAULT_STEPS)]);
    Ok(vec![(shown(path), Subject { module, limits, globals: BTreeMap::new(), schedule: None })])
}
