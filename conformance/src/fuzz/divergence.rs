//! Where two implementations part: the first instruction that differs, and a signature by which like divergences are
//! told from others.
//!
//! Outcomes are compared first. Only where they differ are both asked for a trace, and the two are walked in step. Where the
//! traces agree all the same (a machine may execute what it traces in another way than what it does not), the runs are
//! cut short by `max_steps`, ever nearer to the first instruction after which the outcomes differ.

use std::fmt;

use machine_dialect_vm::{FlowKind, Module, Opcode, Role, RuntimeErrorKind, Vm};

use crate::fuzz::asker::{Asker, Step, Told};
use crate::fuzz::machine::{MAX_STEPS, operand_types_after};
use crate::fuzz::measure::type_names;
use crate::fuzz::program::Subject;
use crate::outcome::{Field, Outcome, Status};
use crate::plug::Answer;
use crate::verdict::disagreement;

/// How many times the time one gets that was late where the other was not.
const PATIENCE: u32 = 3;

/// Two implementations that are compared.
#[derive(Debug)]
pub struct Pair {
    /// The one.
    pub left: Asker,
    /// The other.
    pub right: Asker,
}

/// When two implementations part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// While the module is loaded.
    Load,
    /// While it runs.
    Run,
    /// Only what they tell of the run differs: no instruction could be found after which they do.
    End,
}

/// What a divergence has in common with others that likely have the same cause. It holds no value of the program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    /// When the two part.
    pub phase: Phase,
    /// The mnemonic of the first instruction that differs, where one was found.
    pub opcode: Option<String>,
    /// The types of its operands.
    pub types: Vec<String>,
    /// What differs.
    pub what: String,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.phase {
            Phase::Load => "load",
            Phase::Run => "run",
            Phase::End => "end",
        };
        write!(f, "{phase}")?;
        if let Some(opcode) = &self.opcode {
            write!(f, " {opcode}({})", self.types.join(", "))?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Two outcomes that differ.
#[derive(Debug, Clone)]
pub struct Divergence {
    /// By what it is bucketed.
    pub signature: Signature,
    /// The index of the first instruction that differs, where one was found.
    pub pc: Option<usize>,
    /// How many instructions were executed before it.
    pub step: Option<u64>,
    /// The index of the instruction that wrote what that one reads, where the difference shows only in what it reads.
    pub written_at: Option<usize>,
    /// Whether the traces show it. Where they do not, the instruction is found by cutting runs short, and is one at which the
    /// difference shows, not necessarily the one that makes it.
    pub is_traced: bool,
    /// What the left implementation gives.
    pub left: Answer,
    /// What the right implementation gives.
    pub right: Answer,
    /// How they differ, as indented lines.
    pub differences: String,
}

impl Pair {
    /// How the two differ on a subject; nothing where they agree.
    ///
    /// # Errors
    /// Says which of them does not start.
    pub fn compare(&mut self, subject: &Subject) -> Result<Option<Divergence>, String> {
        let (left, right) = self.both(subject)?;
        self.explain(subject, left, right)
    }

    /// The same, of processes that have answered nothing before.
    ///
    /// # Errors
    /// Says which of them does not start.
    pub fn compare_afresh(&mut self, subject: &Subject) -> Result<Option<Divergence>, String> {
        self.left.restart();
        self.right.restart();
        self.compare(subject)
    }

    /// Whether a subject shows the same divergence. One that traces do not show is told by its outcomes: they end alike, and
    /// differ in no field that was alike.
    ///
    /// # Errors
    /// Says which of the two does not start.
    pub fn shows(&mut self, subject: &Subject, divergence: &Divergence) -> Result<bool, String> {
        let (left, right) = self.both(subject)?;
        if self.differences(&left.answer, &right.answer).is_none() {
            return Ok(false);
        }
        if divergence.is_traced || divergence.signature.phase == Phase::Load {
            let found = self.explain(subject, left, right)?;
            return Ok(found.is_some_and(|found| found.signature == divergence.signature));
        }
        let found = Ends::of(&left.answer, &right.answer);
        let wanted = Ends::of(&divergence.left, &divergence.right);
        Ok(found.left == wanted.left
            && found.right == wanted.right
            && found.fields.iter().all(|field| wanted.fields.contains(field)))
    }

    /// What both make of a subject. Where only one of them is late, it gets more time: being slow is no divergence, and of a
    /// reference that is late even then nothing is said. Any other that is late then hangs, and the two differ.
    fn both(&mut self, subject: &Subject) -> Result<(Told, Told), String> {
        let mut left = self.left.ask(subject, false)?;
        let mut right = self.right.ask(subject, false)?;
        let is_late = |told: &Told| matches!(told.answer, Answer::Timeout { .. });
        let late = match (is_late(&left), is_late(&right)) {
            (true, false) => Some((&mut self.left, &mut left)),
            (false, true) => Some((&mut self.right, &mut right)),
            (true, true) | (false, false) => None,
        };
        if let Some((asker, told)) = late {
            *told = asker.ask_patiently(subject, PATIENCE)?;
            if is_late(told) && asker.is_reference() {
                told.answer = Answer::Unsupported { what: "it is too slow for this program".to_owned() };
            }
        }
        Ok((left, right))
    }

    fn explain(&mut self, subject: &Subject, left: Told, right: Told) -> Result<Option<Divergence>, String> {
        let Some(differences) = self.differences(&left.answer, &right.answer) else { return Ok(None) };
        let place = self.place(subject, &left.answer, &right.answer)?;
        let is_traced = place.as_ref().is_some_and(|place| place.is_traced);
        let (pc, step, what, written_at) = match place {
            Some(Place { pc, step, what, written_at, .. }) => (Some(pc), step, what, written_at),
            None => (None, None, None, None),
        };
        let vm = Vm::load(&subject.module).ok();
        let is_load = [&left.answer, &right.answer].iter().any(|answer| is_load_error(answer));
        let shown = written_at.or(pc);
        let opcode = match (shown, &vm) {
            (Some(pc), Some(vm)) => vm.module().opcode(pc).map(|opcode| opcode.spec().mnemonic.to_owned()),
            (_, _) => None,
        };
        let types = match (&vm, step, written_at) {
            (Some(vm), Some(step), None) => operand_types_after(vm, subject, step)
                .filter(|(at, _)| Some(*at) == pc)
                .map_or_else(Vec::new, |(_, types)| type_names(&types)),
            (_, _, _) => Vec::new(),
        };
        let phase = match (is_load, pc) {
            (true, _) => Phase::Load,
            (false, Some(_)) => Phase::Run,
            (false, None) => Phase::End,
        };
        let what = what.unwrap_or_else(|| self.what(&left.answer, &right.answer));
        Ok(Some(Divergence {
            signature: Signature { phase, opcode, types, what },
            pc,
            step,
            written_at,
            is_traced,
            left: left.answer,
            right: right.answer,
            differences,
        }))
    }

    fn differences(&self, left: &Answer, right: &Answer) -> Option<String> {
        let unreported: Vec<Field> =
            self.left.unreported().iter().chain(self.right.unreported()).copied().collect();
        disagreement((self.left.name(), left), (self.right.name(), right), &unreported)
    }

    /// What differs in two answers, without a value of the program.
    fn what(&self, left: &Answer, right: &Answer) -> String {
        match (left, right) {
            (Answer::Outcome(one), Answer::Outcome(other)) => {
                let (left, right) = (ended(one), ended(other));
                if left != right {
                    return format!("{} {left}, {} {right}", self.left.name(), self.right.name());
                }
                let fields: Vec<_> =
                    one.disagreements(other, &[]).iter().map(|difference| difference.field.name()).collect();
                format!("another {}", fields.join(", "))
            }
            (_, _) => {
                format!("{} {}, {} {}", self.left.name(), kind_of(left), self.right.name(), kind_of(right))
            }
        }
    }

    fn place(&mut self, subject: &Subject, left: &Answer, right: &Answer) -> Result<Option<Place>, String> {
        if let Some(pc) = [left, right].iter().find_map(|answer| load_error_place(answer)) {
            return Ok(Some(Place { pc, step: None, what: None, written_at: None, is_traced: false }));
        }
        if is_load_error(left) || is_load_error(right) {
            return Ok(None);
        }
        let told = (self.left.ask(subject, true)?, self.right.ask(subject, true)?);
        if let (Some(one), Some(other)) = (&told.0.trace, &told.1.trace)
            && let Some(place) = self.first_difference(one, other, &told)
        {
            return Ok(Some(place));
        }
        self.by_steps(subject, left, right)
    }

    /// Walks two traces in step.
    fn first_difference(&self, one: &[Step], other: &[Step], told: &(Told, Told)) -> Option<Place> {
        let names = (self.left.name(), self.right.name());
        let at = one.iter().zip(other).position(|(a, b)| a != b);
        let Some(at) = at else {
            if one.len() == other.len() {
                return None;
            }
            // One went on where the other ended.
            let (longer, longer_name, shorter) = if one.len() > other.len() {
                (one, names.0, &told.1.answer)
            } else {
                (other, names.1, &told.0.answer)
            };
            let at = one.len().min(other.len());
            // What ended it may be the instruction before or the one that it did not begin; a limit is the latter.
            let is_limit = matches!(shorter, Answer::Outcome(outcome) if outcome.pc() == Some(longer[at].0));
            let place = if is_limit { at } else { at.saturating_sub(1) };
            return Some(Place {
                pc: longer[place].0,
                step: Some(place as u64),
                what: Some(format!("only {longer_name} goes on")),
                written_at: None,
                is_traced: true,
            });
        };
        let ((left_pc, left_wrote), (right_pc, right_wrote)) = (&one[at], &other[at]);
        let (place, what) = if left_pc != right_pc {
            (at.saturating_sub(1), "goes elsewhere".to_owned())
        } else {
            let wrote = |wrote: &str| if wrote.is_empty() { "writes nothing" } else { "writes" };
            let what = match (left_wrote.is_empty(), right_wrote.is_empty()) {
                (false, false) => "writes another value".to_owned(),
                (_, _) => {
                    let end = |trace: &[Step], told: &Told, wrote: &str| match &told.answer {
                        Answer::Outcome(outcome) if at + 1 == trace.len() => ended(outcome),
                        Answer::Outcome(_)
                        | Answer::Crash { .. }
                        | Answer::Timeout { .. }
                        | Answer::Unsupported { .. }
                        | Answer::Unstable { .. }
                        | Answer::Invalid { .. } => wrote.to_owned(),
                    };
                    format!(
                        "{} {}, {} {}",
                        names.0,
                        end(one, &told.0, wrote(left_wrote)),
                        names.1,
                        end(other, &told.1, wrote(right_wrote))
                    )
                }
            };
            (at, what)
        };
        Some(Place {
            pc: one[place].0,
            step: Some(place as u64),
            what: Some(what),
            written_at: None,
            is_traced: true,
        })
    }

    /// Cuts the runs short, ever nearer to the first instruction after which the outcomes differ.
    fn by_steps(
        &mut self,
        subject: &Subject,
        left: &Answer,
        right: &Answer,
    ) -> Result<Option<Place>, String> {
        let steps = |answer: &Answer| {
            let Answer::Outcome(outcome) = answer else { return None };
            outcome.steps()
        };
        let most = steps(left).into_iter().chain(steps(right)).max();
        let most = most.or_else(|| subject.limits.get(MAX_STEPS).copied());
        let Some(mut differing) = most else { return Ok(None) };
        let mut alike = 0;
        let mut seen = self.cut(subject, differing)?;
        if seen.is_none() {
            return self.by_what_is_seen(subject, left, right);
        }
        while alike < differing {
            let middle = alike + (differing - alike) / 2;
            match self.cut(subject, middle)? {
                Some(found) => {
                    differing = middle;
                    seen = Some(found);
                }
                None => alike = middle + 1,
            }
        }
        let Some((one, other)) = seen else { return Ok(None) };
        let before = differing.saturating_sub(1);
        let what = self.what(&one, &other);
        let Ok(vm) = Vm::load(&subject.module) else { return Ok(None) };
        let Some((pc, _)) = operand_types_after(&vm, subject, before) else { return Ok(None) };
        let written_at = writer_of_operands(&mut self.right, subject, vm.module(), pc, before)?;
        Ok(Some(Place { pc, step: Some(before), what: Some(what), written_at, is_traced: false }))
    }

    /// A limit may keep a machine from the very code that goes wrong. Then the instruction that showed the difference is taken,
    /// by what differs in the outcomes.
    fn by_what_is_seen(
        &mut self,
        subject: &Subject,
        left: &Answer,
        right: &Answer,
    ) -> Result<Option<Place>, String> {
        let (Answer::Outcome(one), Answer::Outcome(other)) = (left, right) else { return Ok(None) };
        let Ok(vm) = Vm::load(&subject.module) else { return Ok(None) };
        let Some(trace) = self.right.ask(subject, true)?.trace else { return Ok(None) };
        let differs = |field: Field| one.get(field) != other.get(field);
        let shows = |opcode: Opcode| {
            let spec = opcode.spec();
            let writes_global = || {
                spec.operands.iter().any(|operand| operand.role == Role::Global)
                    && !spec.operands.iter().any(|operand| operand.role == Role::Out)
            };
            match spec.flow {
                FlowKind::Return => differs(Field::Result),
                FlowKind::Jump | FlowKind::Branch => differs(Field::Steps) || differs(Field::Status),
                FlowKind::Next => {
                    (differs(Field::Globals) && writes_global())
                        || (differs(Field::Stdout)
                            && spec.errors.contains(&RuntimeErrorKind::OutputLimitExceeded))
                }
                FlowKind::Call | FlowKind::Phi | FlowKind::Halt => false,
            }
        };
        let failed = one.pc().or(other.pc());
        let is_it = |(pc, _): &&Step| {
            failed.map_or_else(|| vm.module().opcode(*pc).is_some_and(shows), |failed| *pc == failed)
        };
        let Some(step) = trace.iter().rposition(|step| is_it(&step)) else { return Ok(None) };
        let pc = trace[step].0;
        let branches = vm
            .module()
            .opcode(pc)
            .is_some_and(|opcode| matches!(opcode.spec().flow, FlowKind::Jump | FlowKind::Branch));
        // A branch decides itself; anything else only shows what it reads.
        let written_at = if branches {
            None
        } else {
            writer_of_operands(&mut self.right, subject, vm.module(), pc, step as u64)?
        };
        Ok(Some(Place { pc, step: Some(step as u64), what: None, written_at, is_traced: false }))
    }

    /// The two answers where they differ on a run of at most so many steps.
    fn cut(&mut self, subject: &Subject, steps: u64) -> Result<Option<(Answer, Answer)>, String> {
        let mut subject = subject.clone();
        let limit = subject.limits.get(MAX_STEPS).copied().unwrap_or(u64::MAX);
        subject.limits.insert(MAX_STEPS.to_owned(), steps.min(limit));
        let (left, right) = self.both(&subject)?;
        Ok(self.differences(&left.answer, &right.answer).map(|_| (left.answer, right.answer)))
    }
}

/// How two answers end, and in which fields they differ.
struct Ends {
    left: String,
    right: String,
    fields: Vec<Field>,
}

impl Ends {
    fn of(left: &Answer, right: &Answer) -> Self {
        let fields = match (left, right) {
            (Answer::Outcome(one), Answer::Outcome(other)) => {
                one.disagreements(other, &[]).iter().map(|difference| difference.field).collect()
            }
            (_, _) => Vec::new(),
        };
        Self { left: kind_of(left), right: kind_of(right), fields }
    }
}

struct Place {
    pc: usize,
    step: Option<u64>,
    what: Option<String>,
    written_at: Option<usize>,
    is_traced: bool,
}

/// Where an instruction only hands on what it reads, the last one before it that wrote that.
fn writer_of_operands(
    asker: &mut Asker,
    subject: &Subject,
    module: &Module,
    pc: usize,
    step: u64,
) -> Result<Option<usize>, String> {
    let Some(instruction) = module.instruction(pc) else { return Ok(None) };
    let writes = |opcode: Opcode| {
        opcode.spec().operands.iter().any(|operand| matches!(operand.role, Role::Out | Role::InOut))
    };
    if writes(instruction.opcode()) {
        return Ok(None);
    }
    let mut line = crate::fuzz::program::Line::of(&instruction, pc, module.constants());
    let read: Vec<u8> = line.registers_mut().map(|register| *register).collect();
    let Some(trace) = asker.ask(subject, true)?.trace else { return Ok(None) };
    let before = &trace[..trace.len().min(usize::try_from(step).unwrap_or(usize::MAX))];
    // Calls that have returned, each with its return, where that handed a value over.
    let mut returned: Vec<Option<usize>> = Vec::new();
    for (at, digest) in before.iter().rev() {
        let Some(instruction) = module.instruction(*at) else { continue };
        let spec = instruction.opcode().spec();
        let line = crate::fuzz::program::Line::of(&instruction, *at, module.constants());
        let writes_it = line.items.iter().zip(spec.operands).any(|(item, operand)| {
            matches!(operand.role, Role::Out | Role::InOut)
                && matches!(item, crate::fuzz::program::Item::Register(register) if read.contains(register))
        });
        match (spec.flow, returned.len()) {
            (FlowKind::Return, _) => returned.push((!digest.is_empty()).then_some(*at)),
            // What it reads was there when the function began.
            (FlowKind::Call, 0) => return Ok(Some(*at)),
            (FlowKind::Call, depth) => {
                let gave = returned.pop().flatten();
                if depth == 1 && writes_it && gave.is_some() {
                    return Ok(gave);
                }
            }
            (_, 0) if writes_it && !digest.is_empty() => return Ok(Some(*at)),
            (_, _) => {}
        }
    }
    Ok(None)
}

fn is_load_error(answer: &Answer) -> bool {
    matches!(answer, Answer::Outcome(outcome) if outcome.status() == Status::LoadError)
}

/// The instruction that a load error names.
fn load_error_place(answer: &Answer) -> Option<usize> {
    let Answer::Outcome(outcome) = answer else { return None };
    if outcome.status() != Status::LoadError {
        return None;
    }
    let message = outcome.get(Field::Message)?;
    let (_, rest) = message.split_once("at instruction ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// How a run ended: its status, or the kind of its error.
fn ended(outcome: &Outcome) -> String {
    outcome.kind().unwrap_or_else(|| outcome.status().name().to_owned())
}

fn kind_of(answer: &Answer) -> String {
    match answer {
        Answer::Outcome(outcome) => ended(outcome),
        Answer::Crash { .. } => "crash".to_owned(),
        Answer::Timeout { .. } => "timeout".to_owned(),
        Answer::Unsupported { .. } => "unsupported".to_owned(),
        Answer::Unstable { .. } => "unstable".to_owned(),
        Answer::Invalid { .. } => "no outcome".to_owned(),
    }
}
