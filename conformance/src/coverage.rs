//! What the cases really execute: each [`Obligation`] with the cases that met it, on each implementation.
//!
//! Every case is run with a trace. What a trace, the decoded module and the outcome show is counted, and nothing that a
//! file says of itself. Only for the type tuples and the refused operands does the generated case have to say which
//! coverage goal they are, and then the trace or the outcome must still show that it came to that.
//!
//! A case is traced for its first [`TRACED_STEPS`] instructions: it is run under that limit of steps, unless it has a lower
//! one. What a long program does only later does not count, so the report costs little, and an obligation is to be met by a
//! small case anyway.
//!
//! What `covers` of a case file says is checked against the same traces: some case of the file must execute the opcode. A case
//! that goes on past its trace leaves that open for the opcodes of its module.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use machine_dialect_vm::{Condition, FlowKind, Instruction, JumpOffset, Module, Opcode, Operand};
use mdvm_spec::{Problems, Spec};

use crate::batch::{self, Bounds, Done, Job, Options};
use crate::case::Case;
use crate::case_file::Expecting;
use crate::catalog::read_folder;
use crate::corpus;
use crate::diff::WIDEST;
use crate::implementation::Launcher;
use crate::matrix::{self, Claim, Evidence};
use crate::obligations::{Class, Duty, Edge, Obligation, Point, obligations};
use crate::outcome::{Field, Outcome, Status};
use crate::paths::{cases_folder, shown};
use crate::plug::{Answer, Request};
use crate::run::Progress;

/// How many instructions of a case are traced.
pub const TRACED_STEPS: u64 = 5_000;
/// How many of its cases an obligation shows in a text.
const SHOWN_CASES: usize = 5;

/// What is executed on which implementations, and how.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// The implementations.
    pub launchers: &'a [Launcher],
    /// How many workers each implementation gets.
    pub workers: usize,
    /// How long one request may take.
    pub timeout: Duration,
    /// Becomes true when the measurement is to be given up.
    pub stop: &'a AtomicBool,
    /// Who is notified of progress.
    pub progress: &'a dyn Progress,
}

/// What is executed, on each implementation.
#[derive(Debug)]
pub struct Coverage {
    /// Every obligation with the mnemonic of its opcode, in the order of the opcodes.
    pub obligations: Vec<(String, Obligation)>,
    /// The ids of the cases.
    pub cases: Vec<String>,
    /// The implementations.
    pub columns: Vec<Column>,
    /// What `covers` of a file says and no case of the file bears out.
    pub unfounded: Vec<Unfounded>,
}

/// What is executed on one implementation.
#[derive(Debug)]
pub struct Column {
    /// What the implementation is called.
    pub name: String,
    /// The indices of the cases that met each obligation.
    pub executed: BTreeMap<Obligation, Vec<usize>>,
    /// What cannot be blamed on one case, and cases of modules that load without a trace.
    pub incidents: Vec<String>,
}

/// A claim in the `covers` of a file that none of its cases bears out.
#[derive(Debug, PartialEq, Eq)]
pub struct Unfounded {
    /// The file.
    pub file: PathBuf,
    /// The opcode that no case executes.
    pub mnemonic: String,
    /// The implementation on which that was seen.
    pub implementation: String,
}

/// The cases to measure, the generated ones among them.
#[derive(Debug, Clone, Default)]
pub struct Subjects {
    /// The cases.
    pub cases: Vec<Case>,
    /// The claims of generated cases, by id.
    pub claims: BTreeMap<String, Claim>,
}

impl Subjects {
    /// The cases of the specification, the generated ones and the corpus.
    ///
    /// # Errors
    /// Gives what is wrong with the files.
    pub fn read(spec: &Spec) -> Result<Self, Problems> {
        let cases = read_folder(&cases_folder(), spec, Expecting::Something)?;
        let mut subjects = Self { cases, claims: BTreeMap::new() };
        for generated in matrix::generate(spec)? {
            subjects.claims.extend(generated.claim.map(|claim| (generated.case.id.clone(), claim)));
            subjects.cases.push(generated.case);
        }
        subjects.cases.extend(corpus::read_folder(&corpus::folder())?);
        Ok(subjects)
    }
}

/// Runs every case on every implementation and counts what was executed.
///
/// # Errors
/// Says why an implementation did not start.
pub fn measure(spec: &Spec, subjects: &Subjects, plan: &Plan<'_>) -> Result<Coverage, String> {
    let obligations = obligations(spec);
    let owed: BTreeSet<&Obligation> = obligations.iter().collect();
    let mut columns = Vec::new();
    let mut unfounded = Vec::new();
    for launcher in plan.launchers {
        let (column, opcodes) = measure_one(launcher, subjects, &owed, plan)?;
        unfounded.extend(unfounded_claims(&subjects.cases, &opcodes).map(|(file, mnemonic)| Unfounded {
            file,
            mnemonic,
            implementation: column.name.clone(),
        }));
        columns.push(column);
    }
    Ok(Coverage {
        obligations: obligations.into_iter().map(|owed| (owed.mnemonic(spec), owed)).collect(),
        cases: subjects.cases.iter().map(|case| case.id.clone()).collect(),
        columns,
        unfounded,
    })
}

/// The opcodes that each case executed, as far as can be known.
type ExecutedOpcodes = Vec<BTreeSet<Opcode>>;

fn measure_one(
    launcher: &Launcher,
    subjects: &Subjects,
    owed: &BTreeSet<&Obligation>,
    plan: &Plan<'_>,
) -> Result<(Column, ExecutedOpcodes), String> {
    let cases = &subjects.cases;
    let limits: Vec<BTreeMap<String, u64>> = cases.iter().map(limits_of_tracing).collect();
    let jobs: Vec<Job<'_>> = cases
        .iter()
        .zip(&limits)
        .map(|(case, limits)| Job {
            request: Request { limits, trace: true, ..case.request() },
            weight: case.weight().min(TRACED_STEPS),
        })
        .collect();
    let seen = Mutex::new((
        Column { name: launcher.name.clone(), executed: BTreeMap::new(), incidents: Vec::new() },
        vec![BTreeSet::new(); cases.len()],
    ));
    let options =
        Options { workers: plan.workers, timeout: plan.timeout, stop: plan.stop, bounds: Bounds::NONE };
    plan.progress.begin(&launcher.name, cases.len());
    let summary = batch::run(launcher, &jobs, &options, &|index, done| {
        let case = &cases[index];
        let observed = observe(case, subjects.claims.get(&case.id), &done);
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (column, opcodes) = &mut *seen;
        match observed {
            Ok(observed) => {
                for met in observed.met.into_iter().filter(|met| owed.contains(met)) {
                    column.executed.entry(met).or_default().push(index);
                }
                opcodes[index] = observed.opcodes;
            }
            Err(problem) => column.incidents.push(format!("{}: {problem}", case.id)),
        }
        plan.progress.advance();
    })?;
    plan.progress.end();
    let (mut column, opcodes) = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    column.executed.values_mut().for_each(|indices| indices.sort_unstable());
    column.incidents.extend(summary.incidents);
    column.incidents.sort();
    Ok((column, opcodes))
}

fn limits_of_tracing(case: &Case) -> BTreeMap<String, u64> {
    let mut limits = case.limits.clone();
    let steps = limits.entry("max_steps".to_owned()).or_insert(TRACED_STEPS);
    *steps = (*steps).min(TRACED_STEPS);
    limits
}

/// What one run showed.
#[derive(Debug, Default)]
struct Observed {
    met: BTreeSet<Obligation>,
    /// The opcodes that were executed, or that may have been after the trace.
    opcodes: BTreeSet<Opcode>,
}

fn observe(case: &Case, claim: Option<&Claim>, done: &Done) -> Result<Observed, String> {
    let Answer::Outcome(outcome) = &done.answer else { return Err(done.answer.to_string()) };
    let mut observed = Observed::default();
    let Ok(module) = Module::decode(&case.module) else {
        if let Some(Claim { obligation, evidence: Evidence::AsExpected }) = claim {
            let as_expected = |expect: &Outcome| expect.differences(outcome, &[]).is_empty();
            if case.expect.as_ref().is_some_and(as_expected) {
                observed.met.insert(obligation.clone());
            }
        }
        return Ok(observed);
    };
    let trace = read_trace(done.trace.as_deref(), &module)?;
    let pcs: BTreeSet<usize> = trace.iter().map(|step| step.pc).collect();
    for pc in &pcs {
        if let Some(instruction) = module.instruction(*pc) {
            observed.opcodes.insert(instruction.opcode());
            observed.met.extend(points_at(&module, *pc, instruction));
        }
    }
    if trace.len() as u64 == TRACED_STEPS {
        observed.opcodes.extend((0..module.len()).filter_map(|pc| module.opcode(pc)));
    }
    observed.met.extend(edges_of(&module, &trace, outcome));
    observed.met.extend(error_of(&module, &trace, outcome));
    if let Some(Claim { obligation, evidence: Evidence::Executed(pc) }) = claim
        && pcs.contains(pc)
    {
        observed.met.insert(obligation.clone());
    }
    Ok(observed)
}

/// One executed instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    pc: usize,
    /// Whether it wrote a register of its own frame.
    wrote: bool,
}

fn read_trace(text: Option<&str>, module: &Module) -> Result<Vec<Step>, String> {
    let text = text.ok_or("it gave no trace")?;
    let pairs: Vec<(usize, String)> =
        serde_json::from_str(text).map_err(|error| format!("the trace cannot be read: {error}"))?;
    match pairs.iter().find(|(pc, _)| *pc >= module.len()) {
        Some((pc, _)) => Err(format!("the trace has instruction {pc} of {}", module.len())),
        None => Ok(pairs.into_iter().map(|(pc, digest)| Step { pc, wrote: !digest.is_empty() }).collect()),
    }
}

fn obligation(opcode: Opcode, duty: Duty) -> Obligation {
    Obligation { opcode: opcode as u8, duty }
}

/// What the operands of an instruction are evidence for.
fn points_at(module: &Module, pc: usize, instruction: Instruction<'_>) -> Vec<Obligation> {
    let opcode = instruction.opcode();
    let mut met = Vec::new();
    for (declared, operand) in opcode.spec().operands.iter().zip(instruction.operands().iter()) {
        let points = points_of(module, pc, operand);
        let at = |point| obligation(opcode, Duty::Operand { operand: declared.name.to_owned(), point });
        met.extend(points.into_iter().map(at));
    }
    met
}

fn points_of(module: &Module, pc: usize, operand: &Operand<'_>) -> Vec<Point> {
    let constant = |index: u16| {
        let (index, pool) = (usize::from(index), module.constants().len());
        let first = (index == 0 && pool > 1).then_some(Point::FirstConstant);
        first.or_else(|| (index > 0 && index + 1 == pool).then_some(Point::LastConstant))
    };
    // Neither list can be longer than its count, a byte, says.
    let count = |length: usize| Point::Count(u8::try_from(length).unwrap_or(u8::MAX));
    match operand {
        Operand::Register(register) => vec![Point::Register(register.0)],
        Operand::OptionalRegister(register) => {
            vec![register.map_or(Point::Absent, |register| Point::Register(register.0))]
        }
        Operand::Registers(list) => {
            let items = list.iter().map(|register| Point::Register(register.0));
            items.chain([count(list.len())]).collect()
        }
        Operand::Constant(index) => constant(index.0).into_iter().collect(),
        Operand::Type(id) => vec![Point::Type(*id as u8)],
        Operand::Jump(offset) => {
            let target = offset.target(pc);
            let start = (target == 0).then_some(Point::JumpToStart);
            start.into_iter().chain((target == module.len() as i64).then_some(Point::JumpToEnd)).collect()
        }
        Operand::Phis(pairs) => {
            let items =
                pairs.iter().flat_map(|pair| [Point::Register(pair.register.0), Point::Label(pair.label)]);
            items.chain([count(pairs.iter().count())]).collect()
        }
        Operand::Check(check) => {
            let range = match check.condition {
                Condition::IntRange { min, max } => vec![Point::RangeMinimum(min), Point::RangeMaximum(max)],
                Condition::True | Condition::NonEmpty => Vec::new(),
            };
            let kind = Point::AssertKind(check.condition.kind() as u8);
            range.into_iter().chain([kind]).chain(constant(check.message.0)).collect()
        }
        Operand::Scope(scope) => vec![Point::Scope(scope.0)],
    }
}

/// The error that ended the run, as one of the instruction that was executed last. A limit may keep an instruction from being
/// executed; then the error is not one of the instruction.
fn error_of(module: &Module, trace: &[Step], outcome: &Outcome) -> Option<Obligation> {
    let last = trace.last()?;
    let pc: usize = outcome.get(Field::Pc)?.parse().ok()?;
    let opcode = module.opcode(pc).filter(|_| pc == last.pc)?;
    Some(obligation(opcode, Duty::Error(outcome.kind()?)))
}

/// The edges that control took.
fn edges_of(module: &Module, trace: &[Step], outcome: &Outcome) -> BTreeSet<Obligation> {
    let mut met = BTreeSet::new();
    let mut callers = Vec::new();
    let mut origin = None;
    for (index, step) in trace.iter().enumerate() {
        let Some(instruction) = module.instruction(step.pc) else { continue };
        let before = index.checked_sub(1).map(|index| trace[index].pc);
        origin =
            if follows_in_run(module, before, step.pc) { origin } else { before.map(|pc| (pc, step.pc)) };
        let after = match trace.get(index + 1) {
            Some(next) => Place::At(next.pc),
            None if outcome.status() == Status::Ok => Place::Out,
            // The run was ended here, so control did not leave.
            None => continue,
        };
        let flow = instruction.opcode().spec().flow;
        let next_is = |target: usize| after.is(target, module.len());
        let edge = match flow {
            FlowKind::Next => match after {
                Place::At(_) => next_is(step.pc + 1).then_some(Edge::Next),
                Place::Out => next_is(step.pc + 1).then_some(Edge::OffTheEnd),
            },
            FlowKind::Jump => target_of(&instruction, step.pc).filter(|to| next_is(*to)).map(|_| Edge::Jump),
            FlowKind::Branch => {
                target_of(&instruction, step.pc).filter(|to| *to != step.pc + 1).and_then(|to| {
                    match (next_is(to), next_is(step.pc + 1)) {
                        (true, _) => Some(Edge::Taken),
                        (_, true) => Some(Edge::NotTaken),
                        (_, _) => None,
                    }
                })
            }
            FlowKind::Call => {
                callers.push((step.pc, instruction.opcode()));
                Some(Edge::Entered)
            }
            FlowKind::Return => {
                let has_value =
                    matches!(instruction.operands().first(), Some(Operand::OptionalRegister(Some(_))));
                match callers.pop() {
                    Some((call, opcode)) if next_is(call + 1) => {
                        met.insert(obligation(opcode, Duty::Edge(Edge::ReturnedFrom)));
                        Some(if has_value { Edge::ValueToCaller } else { Edge::NothingToCaller })
                    }
                    Some(_) => None,
                    None => Some(if has_value { Edge::ValueOut } else { Edge::NothingOut }),
                }
            }
            FlowKind::Phi => match origin {
                _ if !step.wrote => Some(Edge::PhiUnmatched),
                Some((from, start)) if start == from + 1 => Some(Edge::PhiFallenInto),
                Some(_) => Some(Edge::PhiAfterJump),
                None => None,
            },
            FlowKind::Halt => (after == Place::Out).then_some(Edge::Halt),
        };
        met.extend(edge.map(|edge| obligation(instruction.opcode(), Duty::Edge(edge))));
    }
    met
}

/// Whether both instructions are in one run of phis.
fn follows_in_run(module: &Module, before: Option<usize>, pc: usize) -> bool {
    let is_phi = |pc: usize| module.opcode(pc).is_some_and(|opcode| opcode.spec().flow == FlowKind::Phi);
    before.is_some_and(|before| before + 1 == pc && is_phi(before) && is_phi(pc))
}

/// Where control is after an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At this instruction.
    At(usize),
    /// Out of the program.
    Out,
}

impl Place {
    /// Whether a jump to `target` leads here; the end of the code is out of the program.
    fn is(self, target: usize, length: usize) -> bool {
        match self {
            Self::At(pc) => pc == target,
            Self::Out => target == length,
        }
    }
}

fn target_of(instruction: &Instruction<'_>, pc: usize) -> Option<usize> {
    let offset = instruction.operands().iter().find_map(|operand| match operand {
        Operand::Jump(offset) => Some(*offset),
        Operand::Register(_)
        | Operand::OptionalRegister(_)
        | Operand::Registers(_)
        | Operand::Constant(_)
        | Operand::Type(_)
        | Operand::Phis(_)
        | Operand::Check(_)
        | Operand::Scope(_) => None,
    });
    offset.map(|offset: JumpOffset| offset.target(pc)).and_then(|target| usize::try_from(target).ok())
}

/// What files claim to cover and none of their cases executes.
fn unfounded_claims<'a>(
    cases: &'a [Case],
    opcodes: &'a ExecutedOpcodes,
) -> impl Iterator<Item = (PathBuf, String)> + use<'a> {
    let mut open: BTreeMap<&PathBuf, BTreeSet<&str>> = BTreeMap::new();
    for case in cases {
        open.entry(&case.origin.file).or_default().extend(case.covers.iter().map(String::as_str));
    }
    for (case, executed) in cases.iter().zip(opcodes) {
        if let Some(claimed) = open.get_mut(&case.origin.file) {
            claimed.retain(|mnemonic| !executed.iter().any(|opcode| opcode.spec().mnemonic == *mnemonic));
        }
    }
    open.into_iter().flat_map(|(file, claimed)| {
        claimed.into_iter().map(move |mnemonic| (file.clone(), mnemonic.to_owned()))
    })
}

impl Column {
    /// How many cases met an obligation.
    #[must_use]
    pub fn count(&self, obligation: &Obligation) -> usize {
        self.executed.get(obligation).map_or(0, Vec::len)
    }
}

impl Coverage {
    /// The obligations that no case met on an implementation.
    pub fn gaps<'a>(&'a self, column: &'a Column) -> impl Iterator<Item = &'a (String, Obligation)> {
        self.obligations.iter().filter(|(_, obligation)| column.count(obligation) == 0)
    }

    /// Whether every obligation is met everywhere, and every claim of a file is true.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let is_complete = |column: &Column| column.incidents.is_empty() && self.gaps(column).next().is_none();
        self.unfounded.is_empty() && self.columns.iter().all(is_complete)
    }

    /// Everything that is missing, one line each.
    #[must_use]
    pub fn complaints(&self) -> String {
        let mut out = String::new();
        for column in &self.columns {
            for (mnemonic, obligation) in self.gaps(column) {
                let duty = &obligation.duty;
                let class = duty.class().name();
                out.push_str(&format!("{}: no case executes {mnemonic}, {class}: {duty}\n", column.name));
            }
            for incident in &column.incidents {
                out.push_str(&format!("{}: {incident}\n", column.name));
            }
        }
        for claim in &self.unfounded {
            let Unfounded { file, mnemonic, implementation } = claim;
            let file = shown(file);
            out.push_str(&format!(
                "{implementation}: {file} claims to cover {mnemonic} and does not execute it\n"
            ));
        }
        out
    }

    /// The table for people: a line for each opcode, and with `verbose` one for each obligation.
    #[must_use]
    pub fn text(&self, verbose: bool) -> String {
        let mut out = format!("{:<16}", "opcode");
        out.extend(Class::ALL.map(|class| format!("{:>10}", class.name())));
        out.push_str(&format!("{:>8}", "cases"));
        out.extend(self.columns.iter().map(|column| format!("  {} gaps", column.name)));
        out.push('\n');
        for row in self.rows() {
            self.write_row(&row, &mut out);
            if verbose {
                row.obligations.iter().for_each(|obligation| self.write_obligation(obligation, &mut out));
            }
        }
        let all = Row { title: "all", obligations: self.obligations.iter().map(|(_, one)| one).collect() };
        self.write_row(&all, &mut out);
        let complaints = self.complaints();
        if !complaints.is_empty() {
            out.push_str(&format!("\n{complaints}"));
        }
        out
    }

    /// The report for programs.
    #[must_use]
    pub fn json(&self) -> String {
        let obligations: Vec<serde_json::Value> = self
            .obligations
            .iter()
            .map(|(mnemonic, obligation)| {
                let executed: serde_json::Map<_, _> = self
                    .columns
                    .iter()
                    .map(|column| (column.name.clone(), self.names(column, obligation).collect()))
                    .collect();
                serde_json::json!({
                    "opcode": mnemonic,
                    "class": obligation.duty.class().name(),
                    "obligation": obligation.duty.to_string(),
                    "executed_by": executed,
                })
            })
            .collect();
        let gaps: serde_json::Map<_, _> = self
            .columns
            .iter()
            .map(|column| (column.name.clone(), self.gaps(column).count().into()))
            .collect();
        let unfounded: Vec<serde_json::Value> = self
            .unfounded
            .iter()
            .map(|claim| {
                serde_json::json!({
                    "file": shown(&claim.file),
                    "opcode": claim.mnemonic,
                    "implementation": claim.implementation,
                })
            })
            .collect();
        let incidents: serde_json::Map<_, _> = self
            .columns
            .iter()
            .map(|column| (column.name.clone(), column.incidents.clone().into()))
            .collect();
        let report = serde_json::json!({
            "cases": self.cases.len(),
            "gaps": gaps,
            "unfounded_covers": unfounded,
            "incidents": incidents,
            "obligations": obligations,
        });
        format!("{report}\n")
    }

    fn names<'a>(
        &'a self,
        column: &'a Column,
        obligation: &Obligation,
    ) -> impl Iterator<Item = &'a str> + use<'a> {
        let indices = column.executed.get(obligation).into_iter().flatten();
        indices.map(|index| self.cases[*index].as_str())
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let by_opcode = self.obligations.chunk_by(|(_, one), (_, other)| one.opcode == other.opcode);
        by_opcode
            .map(|chunk| Row {
                title: &chunk[0].0,
                obligations: chunk.iter().map(|(_, obligation)| obligation).collect(),
            })
            .collect()
    }

    fn write_row(&self, row: &Row<'_>, out: &mut String) {
        out.push_str(&format!("{:<16}", row.title));
        for class in Class::ALL {
            let count = row.obligations.iter().filter(|one| one.duty.class() == class).count();
            out.push_str(&format!("{count:>10}"));
        }
        let indices = |column: &Column| {
            let lists = row.obligations.iter().filter_map(|one| column.executed.get(*one));
            lists.flatten().copied().collect::<BTreeSet<usize>>()
        };
        let cases: BTreeSet<usize> = self.columns.iter().flat_map(indices).collect();
        out.push_str(&format!("{:>8}", cases.len()));
        for column in &self.columns {
            let gaps = row.obligations.iter().filter(|one| column.count(one) == 0).count();
            let width = ("  ".len() + column.name.len() + " gaps".len()).min(WIDEST);
            out.push_str(&format!("{gaps:>width$}"));
        }
        out.push('\n');
    }

    fn write_obligation(&self, obligation: &Obligation, out: &mut String) {
        let duty = &obligation.duty;
        out.push_str(&format!("  {}: {duty}\n", duty.class().name()));
        for column in &self.columns {
            let count = column.count(obligation);
            let names: Vec<_> = self.names(column, obligation).take(SHOWN_CASES).collect();
            let more = if count > names.len() { ", …" } else { "" };
            out.push_str(&format!("    {} {count}: {}{more}\n", column.name, names.join(", ")));
        }
    }
}

/// A line of the table.
struct Row<'a> {
    title: &'a str,
    obligations: Vec<&'a Obligation>,
}

#[cfg(test)]
mod tests {
    use machine_dialect_vm::assemble;

    use super::*;

    fn steps(pcs: &[usize]) -> Vec<Step> {
        pcs.iter().map(|pc| Step { pc: *pc, wrote: true }).collect()
    }

    fn edges(text: &str, pcs: &[usize], status: Status) -> Vec<Edge> {
        let met = edges_of(&assemble(text).unwrap(), &steps(pcs), &Outcome::new(status));
        let edge_of = |met: Obligation| {
            let Duty::Edge(edge) = met.duty else { panic!("{} is no edge", met.duty) };
            edge
        };
        let mut edges: Vec<Edge> = met.into_iter().map(edge_of).collect();
        edges.sort();
        edges
    }

    #[test]
    fn a_call_is_entered_and_returned_from() {
        let text = "call r0, r1, ()\nnop\nreturn r0\n.func f\nreturn";
        let met = edges(text, &[0, 3, 1, 2], Status::Ok);
        assert_eq!(
            met,
            [Edge::Next, Edge::Entered, Edge::ReturnedFrom, Edge::NothingToCaller, Edge::ValueOut]
        );
    }

    #[test]
    fn a_failing_instruction_takes_no_edge() {
        assert_eq!(edges("nop\nnop", &[0, 1], Status::RuntimeError), [Edge::Next]);
        assert_eq!(edges("nop\nnop", &[0, 1], Status::Ok), [Edge::Next, Edge::OffTheEnd]);
    }

    #[test]
    fn a_branch_to_the_next_instruction_tells_nothing() {
        assert_eq!(edges("jump_if r0, 0\nhalt", &[0, 1], Status::Ok), [Edge::Halt]);
        assert_eq!(edges("jump_if r0, 1\nnop\nhalt", &[0, 2], Status::Ok), [Edge::Taken, Edge::Halt]);
    }

    #[test]
    fn phis_of_one_run_have_one_origin() {
        let text = "jump 1\nnop\nphi r0, []\nphi r1, []\nhalt";
        assert_eq!(edges(text, &[0, 2, 3, 4], Status::Ok), [Edge::Jump, Edge::PhiAfterJump, Edge::Halt]);
        assert_eq!(edges(text, &[1, 2, 3, 4], Status::Ok), [Edge::Next, Edge::PhiFallenInto, Edge::Halt]);
    }

    #[test]
    fn an_error_counts_for_the_instruction_that_was_executed() {
        let module = assemble("nop\nneg r0, r0").unwrap();
        let mut outcome = Outcome::new(Status::RuntimeError);
        outcome.set_string(Field::Kind, "InvalidOperation");
        outcome.set_number(Field::Pc, 1);
        let met = error_of(&module, &steps(&[0, 1]), &outcome).unwrap();
        assert_eq!(met.duty, Duty::Error("InvalidOperation".to_owned()));
        assert_eq!(error_of(&module, &steps(&[0]), &outcome), None);
    }

    #[test]
    fn what_nobody_executes_is_a_gap() {
        let spec = Spec::embedded().unwrap();
        let obligations: Vec<_> =
            obligations(&spec).into_iter().map(|owed| (owed.mnemonic(&spec), owed)).collect();
        let executed = obligations[1..].iter().map(|(_, owed)| (owed.clone(), vec![0])).collect();
        let column = Column { name: "mine".to_owned(), executed, incidents: Vec::new() };
        let coverage = Coverage {
            obligations,
            cases: vec!["a/b".to_owned()],
            columns: vec![column],
            unfounded: Vec::new(),
        };
        assert!(!coverage.is_complete());
        assert_eq!(coverage.complaints(), "mine: no case executes load_const, types: without a value\n");
    }
}
