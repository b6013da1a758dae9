//! The cases that are generated: one for each operand-type tuple and each operand value that the [`obligations`](crate::obligations) name,
//! and for the edges of control flow that follow from the shape of an opcode alone.
//!
//! A module loads its operands, executes the one instruction, and checks the type of what that wrote. Its values avoid
//! errors that depend on more than types: ints are small and not 0, an index is inside its array, a float is whole where
//! it is cast. Functions and urls, which no instruction makes, come in as globals.

use std::collections::{BTreeMap, BTreeSet};

use machine_dialect_vm::asm::assemble_bytes;
use machine_dialect_vm::{Constant, Module};
use mdvm_spec::model::{AssertKindEntry, Flow, OpcodeEntry, OperandEntry, Role};
use mdvm_spec::{Problem, Problems, Sources, Spec};

use crate::case::{Case, Origin, slug};
use crate::obligations::{
    Duty, Expected, Fault, Given, Obligation, Point, dimensions, expected, first_undefined, points, role,
    type_tuples,
};
use crate::outcome::{Field, Outcome, Status};
use crate::paths::cases_folder;
use crate::value::ValueText;

/// What the id of a generated case begins with.
pub const PREFIX: &str = "matrix/";

/// What is before the function of the case: something to call, at an instruction whose index is the int that operands
/// hold first. A jump to the start ends there too.
const HEADER: &str = "    nop\n.func f\n    return\n.func main\n";
/// The index of the first instruction after the header.
const HEADER_LENGTH: usize = 2;

/// Registers that only the case itself uses.
const SCRATCH: [&str; 2] = ["r20", "r21"];
/// The register of the first operand; the others follow.
const FIRST_REGISTER: usize = 1;

/// A generated case.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The case.
    pub case: Case,
    /// The obligation that it was made for, where a trace alone could not tell.
    pub claim: Option<Claim>,
}

/// An obligation that a case was made for, and what shows that it was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The obligation.
    pub obligation: Obligation,
    /// What shows that it was met.
    pub evidence: Evidence,
}

/// What shows that a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The instruction at this index was executed.
    Executed(usize),
    /// The outcome is what the case expects: the load error of just that fault.
    AsExpected,
}

/// Every generated case, in the order of the opcodes.
///
/// # Errors
/// Gives the opcodes whose operands this module cannot write down.
pub fn generate(spec: &Spec) -> Result<Vec<Generated>, Problems> {
    let sources = Sources::embedded();
    let mut all = Vec::new();
    let mut problems = Vec::new();
    for entry in &spec.isa.opcodes {
        let line = line_of(&sources, entry);
        let generator = Generator { spec, entry };
        match generator.cases() {
            Ok(drafts) => all.extend(drafts.into_iter().map(|draft| draft.finish(entry, line))),
            Err(message) => {
                let file = "spec/isa.yaml".to_owned();
                problems.push(Problem { file, line, message: format!("{}: {message}", entry.name) });
            }
        }
    }
    all.extend(undefined_opcode(spec));
    for (index, generated) in all.iter_mut().enumerate() {
        generated.case.origin.index = index;
    }
    if problems.is_empty() { Ok(all) } else { Err(Problems(problems)) }
}

/// The generated cases alone.
///
/// # Errors
/// As [`generate`].
pub fn cases(spec: &Spec) -> Result<Vec<Case>, Problems> {
    Ok(generate(spec)?.into_iter().map(|generated| generated.case).collect())
}

/// The line of `spec/isa.yaml` that names the opcode.
fn line_of(sources: &Sources, entry: &OpcodeEntry) -> usize {
    let wanted = format!("name: {}", entry.name);
    sources.isa.text().lines().position(|line| line.trim() == wanted).map_or(1, |index| index + 1)
}

/// A case of one opcode that is not named yet.
struct Draft {
    name: String,
    module: Vec<u8>,
    globals: BTreeMap<String, ValueText>,
    expect: Outcome,
    claim: Option<Claim>,
}

impl Draft {
    fn finish(self, entry: &OpcodeEntry, line: usize) -> Generated {
        let file = cases_folder().with_file_name("isa.yaml");
        let case = Case {
            id: format!("{PREFIX}{}/{}", entry.mnemonic(), slug(&self.name)),
            origin: Origin { file, line, index: 0 },
            globals: self.globals.into_iter().filter(|(name, _)| is_named(&self.module, name)).collect(),
            module: self.module,
            limits: BTreeMap::new(),
            schedule: None,
            expect: Some(self.expect),
            covers: BTreeSet::new(),
        };
        Generated { case, claim: self.claim }
    }
}

/// Makes the cases of one opcode.
struct Generator<'a> {
    spec: &'a Spec,
    entry: &'a OpcodeEntry,
}

impl Generator<'_> {
    fn cases(&self) -> Result<Vec<Draft>, String> {
        let mut drafts = Vec::new();
        for tuple in type_tuples(self.spec, self.entry) {
            drafts.push(self.type_case(&tuple)?);
        }
        for operand in &self.entry.operands {
            for point in points(self.spec, operand) {
                drafts.push(if let Point::Refused(fault) = point {
                    self.refused_case(operand, fault)?
                } else {
                    self.point_case(operand, &point)?
                });
            }
        }
        drafts.extend(self.edge_cases()?);
        Ok(drafts)
    }

    /// The instruction on operands of these types, and a check of the type of what it wrote.
    fn type_case(&self, tuple: &[String]) -> Result<Draft, String> {
        let program = Program::new(self.entry, tuple)?;
        let expected = expected(self.spec, self.entry, tuple).ok_or("no rule matches")?;
        let expected = self.with_values_known(expected, tuple);
        let duty = Duty::Types(tuple.to_vec());
        let mut after = Vec::new();
        let mut result = None;
        if let (Expected::Gives { what, .. }, Some(written)) = (&expected, program.written()) {
            after.push(format!("store_global {written}, \"result\""));
            if let Given::Type(kind) = what {
                let [verdict, _] = SCRATCH;
                after.push(format!("check_type {verdict}, {written}, {kind}"));
                after.push(format!("return {verdict}"));
                result = Some("true");
            }
        }
        after.push("return".to_owned());
        let mut expect = outcome_of(&expected, program.pc());
        if let Some(result) = result {
            expect.set_result(&ValueText::from_json(result)?);
        }
        let obligation = Obligation { opcode: self.entry.number, duty: duty.clone() };
        let evidence = Evidence::Executed(program.pc());
        Ok(Draft {
            name: duty.to_string(),
            module: program.assemble(&after)?,
            globals: globals()?,
            expect,
            claim: Some(Claim { obligation, evidence }),
        })
    }

    /// What becomes of an expectation once the values are known. The assertion of the cases is that a value is not empty.
    fn with_values_known(&self, expected: Expected, tuple: &[String]) -> Expected {
        let asserts = self.entry.operand_of(Role::Check).is_some();
        match &expected {
            Expected::Gives { may, .. } if asserts && tuple.iter().any(|kind| kind == "empty") => {
                Expected::Fails { kind: may.concat(), message: None }
            }
            Expected::Gives { .. } | Expected::Fails { .. } => expected,
        }
    }

    /// The instruction with one operand at an end of its range.
    fn point_case(&self, operand: &OperandEntry, point: &Point) -> Result<Draft, String> {
        let mut tuple = self.working_tuple();
        if let (Point::Type(id), Some(place)) = (point, self.dimension(operand)) {
            let named = self.spec.values.types.iter().find(|kind| kind.id == *id);
            tuple[place].clone_from(&named.ok_or("no type has that id")?.name);
        }
        let mut expected = expected(self.spec, self.entry, &tuple).ok_or("no rule matches")?;
        if matches!(point, Point::RangeMinimum(i64::MAX) | Point::RangeMaximum(i64::MIN)) {
            expected = Expected::Fails { kind: self.entry.errors.concat(), message: None };
        }
        let register = if let Point::Register(number) = point { Some(*number) } else { None };
        let moved = |name: &str| register.filter(|_| name == operand.name);
        let mut program = Program::with_registers(self.entry, &tuple, moved)?;
        if let Some(text) = self.text_of(operand, point, program.pc())? {
            program.set(operand, text);
        }
        if *point == Point::FirstConstant {
            program.constants = vec![POOLED.to_owned(), "0".to_owned()];
        } else {
            program.constants = vec!["0".to_owned()];
        }
        Ok(Draft {
            name: Duty::Operand { operand: operand.name.clone(), point: point.clone() }.to_string(),
            module: program.assemble(&["return".to_owned()])?,
            globals: globals()?,
            expect: outcome_of(&expected, program.pc()),
            claim: None,
        })
    }

    /// The text of an operand at a point, where it is not the one that it has anyway.
    fn text_of(&self, operand: &OperandEntry, point: &Point, pc: usize) -> Result<Option<String>, String> {
        let role = role(operand).ok_or("the role of an operand is not known")?;
        let list = |items: Vec<String>| match role {
            Role::Registers => format!("({})", items.join(", ")),
            Role::Phis => {
                format!("[{}]", items.iter().map(|item| format!("{item}: 0")).collect::<Vec<_>>().join(", "))
            }
            Role::In
            | Role::Out
            | Role::InOut
            | Role::Tagged
            | Role::OptionalIn
            | Role::Constant
            | Role::Global
            | Role::Type
            | Role::Jump
            | Role::Check
            | Role::Scope => items.join(", "),
        };
        let assertion = |kind: &AssertKindEntry, min: i64, max: i64| {
            let range = if kind.takes_range { format!(", {min}, {max}") } else { String::new() };
            format!("{}, {POOLED}{range}", kind.name)
        };
        let kinds = &self.spec.values.assert_kinds;
        let ranged = || kinds.iter().find(|kind| kind.takes_range).ok_or("no assertion takes a range");
        Ok(Some(match point {
            Point::Register(number) => list(vec![format!("r{number}")]),
            Point::Absent => String::new(),
            Point::Count(count) => list((0..*count).map(|number| format!("r{number}")).collect()),
            Point::Type(id) => {
                let named = self.spec.values.types.iter().find(|kind| kind.id == *id);
                named.ok_or("no type has that id")?.name.clone()
            }
            Point::JumpToStart => format!("-{}", pc + 1),
            Point::JumpToEnd => "1".to_owned(),
            Point::Label(label) => format!("[r0: {label}]"),
            Point::AssertKind(id) => {
                let kind = kinds.iter().find(|kind| kind.id == *id).ok_or("no assertion has that kind")?;
                assertion(kind, i64::MIN, i64::MAX)
            }
            Point::RangeMinimum(min) => assertion(ranged()?, *min, i64::MAX),
            Point::RangeMaximum(max) => assertion(ranged()?, i64::MIN, *max),
            Point::Scope(number) => number.to_string(),
            Point::FirstConstant | Point::LastConstant | Point::Refused(_) => return Ok(None),
        }))
    }

    /// A module that is refused for one operand of its last instruction.
    fn refused_case(&self, operand: &OperandEntry, fault: Fault) -> Result<Draft, String> {
        let mut program = Program::new(self.entry, &self.working_tuple())?;
        program.constants = vec!["0".to_owned()];
        let mut module = program.assemble(&[])?;
        let decoded = Module::decode(&module).map_err(|error| error.to_string())?;
        let (pc, count, pool) = (program.pc(), decoded.len(), decoded.constants().len());
        let offset = decoded.instruction_offset(pc);
        let (begin, end) = self.bytes_of(operand, offset, module.len())?;
        let place = [("instruction", pc.to_string()), ("offset", format!("{offset:#x}"))];
        let is_check = role(operand) == Some(Role::Check);
        let constant_at = begin + usize::from(is_check);
        let jump = |target: i64| i32::try_from(target - pc as i64 - 1).map_err(|error| error.to_string());
        let (name, fields) = match fault {
            Fault::PastThePool => {
                patch(&mut module, constant_at, &u16::try_from(pool).unwrap_or(u16::MAX).to_le_bytes());
                ("InvalidConstantIndex", vec![("index", pool.to_string()), ("count", pool.to_string())])
            }
            Fault::NotAString => {
                patch(&mut module, constant_at, &[0, 0]);
                let kinds = [("found", "int".to_owned()), ("expected", "string".to_owned())];
                ("InvalidConstantKind", [("index", "0".to_owned())].into_iter().chain(kinds).collect())
            }
            Fault::TypeId => {
                let id = self.spec.values.types.len();
                patch(&mut module, begin, &u16::try_from(id).unwrap_or(u16::MAX).to_le_bytes());
                ("InvalidTypeId", vec![("id", id.to_string())])
            }
            Fault::AssertKind => {
                let id = self.spec.values.assert_kinds.len();
                patch(&mut module, begin, &[u8::try_from(id).unwrap_or(u8::MAX)]);
                ("InvalidAssertKind", vec![("id", id.to_string())])
            }
            Fault::BeforeTheStart | Fault::PastTheEnd => {
                let target = if fault == Fault::BeforeTheStart { -1 } else { count as i64 + 1 };
                let offset = jump(target)?;
                patch(&mut module, begin, &offset.to_le_bytes());
                let seen = [("jump", offset.to_string()), ("target", target.to_string())];
                ("InvalidJumpTarget", seen.into_iter().chain([("count", count.to_string())]).collect())
            }
            Fault::Truncated => {
                module.truncate(end - 1);
                ("UnexpectedEof", Vec::new())
            }
        };
        let fields: Vec<_> = fields.into_iter().chain(place).collect();
        let duty = Duty::Operand { operand: operand.name.clone(), point: Point::Refused(fault) };
        Ok(Draft {
            name: duty.to_string(),
            module,
            globals: BTreeMap::new(),
            expect: refusal(self.spec, fault.kind(), name, &fields),
            claim: Some(Claim {
                obligation: Obligation { opcode: self.entry.number, duty },
                evidence: Evidence::AsExpected,
            }),
        })
    }

    /// Where an operand of the last instruction begins and ends. Only the last operand has no fixed length.
    fn bytes_of(&self, operand: &OperandEntry, offset: usize, end: usize) -> Result<(usize, usize), String> {
        let mut begin = offset + 1;
        for (index, other) in self.entry.operands.iter().enumerate() {
            let is_last = index + 1 == self.entry.operands.len();
            let next = if is_last { end } else { begin + fixed_width(self.spec, other)? };
            if other.name == operand.name {
                return Ok((begin, next));
            }
            begin = next;
        }
        Err(format!("there is no operand {}", operand.name))
    }

    /// Edges that the other cases do not lead over anyway.
    fn edge_cases(&self) -> Result<Vec<Draft>, String> {
        let plain = |name: &str, text: String| -> Result<Draft, String> {
            Ok(Draft {
                name: name.to_owned(),
                module: assemble_bytes(&text).map_err(|error| error.to_string())?,
                globals: globals()?,
                expect: Outcome::new(Status::Ok),
                claim: None,
            })
        };
        let mnemonic = self.entry.mnemonic();
        match Flow::from_name(&self.entry.flow) {
            Some(Flow::Next) => {
                let program = Program::new(self.entry, &self.working_tuple())?;
                Ok(vec![plain("off the end", program.text(&[]))?])
            }
            Some(Flow::Jump | Flow::Branch) => {
                let over_one = ["nop".to_owned(), "return".to_owned()];
                let over = |condition: bool| {
                    let tuple = vec!["bool".to_owned(); dimensions(self.entry).len()];
                    let mut program = Program::new(self.entry, &tuple)?;
                    for load in &mut program.loads {
                        *load = load.replace("true", &condition.to_string());
                    }
                    if let Some(offset) = self.entry.operand_of(Role::Jump) {
                        program.set(offset, "1".to_owned());
                    }
                    plain(&format!("over one when {condition}"), program.text(&over_one))
                };
                Ok(vec![over(true)?, over(false)?])
            }
            Some(Flow::Return) => {
                let caller = ".func main\n    load_const r1, \"f\"\n    call r1, r2, ()\n    return r2\n";
                let callee = |operand: &str| format!(".func f\n    {mnemonic} {operand}\n{caller}");
                Ok(vec![
                    plain("to the caller with a value", callee("r0"))?,
                    plain("to the caller without a value", callee(""))?,
                ])
            }
            Some(Flow::Phi) => {
                let phi = format!("    {mnemonic} r2, [r1: before]\n    return r2\n");
                let jump = "before: jump 1\n    nop\n";
                let fall = "before: nop\n";
                let load = "    load_const r1, 1\n";
                Ok(vec![
                    plain("after a jump", format!("{load}{jump}{phi}"))?,
                    plain("fallen into", format!("{load}{fall}{phi}"))?,
                ])
            }
            Some(Flow::Call | Flow::Halt) | None => Ok(Vec::new()),
        }
    }

    /// Types with which the instruction succeeds: ints, where it takes them.
    fn working_tuple(&self) -> Vec<String> {
        let tuples = type_tuples(self.spec, self.entry);
        let succeeds = |tuple: &&Vec<String>| {
            matches!(expected(self.spec, self.entry, tuple), Some(Expected::Gives { .. }))
        };
        let of_ints = |tuple: &&Vec<String>| tuple.iter().all(|kind| kind == "int");
        let best = tuples.iter().filter(succeeds).find(of_ints).or_else(|| tuples.iter().find(succeeds));
        best.cloned().unwrap_or_default()
    }

    fn dimension(&self, operand: &OperandEntry) -> Option<usize> {
        dimensions(self.entry).iter().position(|other| other.name == operand.name)
    }
}

/// The constant that an operand names, as it is written.
const POOLED: &str = "\"point\"";

/// A module round one instruction.
struct Program {
    mnemonic: String,
    /// Constants that are first in the pool.
    constants: Vec<String>,
    /// What puts values into the registers that are read.
    loads: Vec<String>,
    /// Name, role and text of each operand.
    operands: Vec<(String, Role, String)>,
}

impl Program {
    fn new(entry: &OpcodeEntry, tuple: &[String]) -> Result<Self, String> {
        Self::with_registers(entry, tuple, |_| None)
    }

    /// With some operands in registers of their own.
    fn with_registers(
        entry: &OpcodeEntry,
        tuple: &[String],
        chosen: impl Fn(&str) -> Option<u8>,
    ) -> Result<Self, String> {
        let mut loads = Vec::new();
        let mut operands = Vec::new();
        let typed = dimensions(entry);
        for (index, operand) in entry.operands.iter().enumerate() {
            let role = role(operand).ok_or_else(|| format!("the role {} is not known", operand.role))?;
            let register = chosen(&operand.name).map_or(FIRST_REGISTER + index, usize::from);
            let place = typed.iter().position(|other| other.name == operand.name);
            let kind = place.and_then(|place| Some((place, tuple.get(place)?)));
            let text = match (role, kind) {
                (Role::In | Role::InOut | Role::OptionalIn, Some((place, kind))) => {
                    loads.extend(load(register, kind, place)?);
                    format!("r{register}")
                }
                (Role::Type, Some((_, kind))) => kind.clone(),
                (Role::In | Role::InOut | Role::OptionalIn | Role::Out | Role::Tagged, _) => {
                    format!("r{register}")
                }
                (Role::Registers, _) => "()".to_owned(),
                (Role::Constant | Role::Global, _) => POOLED.to_owned(),
                (Role::Type, None) => "int".to_owned(),
                (Role::Jump, _) => "0".to_owned(),
                (Role::Phis, _) => "[]".to_owned(),
                (Role::Check, _) => format!("non_empty, {POOLED}"),
                (Role::Scope, _) => "1".to_owned(),
            };
            operands.push((operand.name.clone(), role, text));
        }
        Ok(Self { mnemonic: entry.mnemonic(), constants: Vec::new(), loads, operands })
    }

    fn set(&mut self, operand: &OperandEntry, text: String) {
        if let Some((_, _, old)) = self.operands.iter_mut().find(|(name, _, _)| *name == operand.name) {
            *old = text;
        }
    }

    /// The index of the instruction.
    fn pc(&self) -> usize {
        HEADER_LENGTH + self.loads.len()
    }

    /// The register that the instruction writes.
    fn written(&self) -> Option<&str> {
        let written = self.operands.iter().find(|(_, role, _)| matches!(role, Role::Out | Role::InOut));
        written.map(|(_, _, text)| text.as_str())
    }

    fn text(&self, after: &[String]) -> String {
        let operands: Vec<&str> =
            self.operands.iter().map(|(_, _, text)| text.as_str()).filter(|text| !text.is_empty()).collect();
        let instruction = format!("{} {}", self.mnemonic, operands.join(", "));
        let constants: String = self.constants.iter().map(|literal| format!(".const {literal}\n")).collect();
        let lines = self.loads.iter().chain([&instruction]).chain(after);
        let body: String = lines.map(|line| format!("    {}\n", line.trim_end())).collect();
        format!("{constants}{HEADER}{body}")
    }

    fn assemble(&self, after: &[String]) -> Result<Vec<u8>, String> {
        assemble_bytes(&self.text(after)).map_err(|error| error.to_string())
    }
}

/// Instructions that put a value of that type into a register. Operands in different places get different values.
fn load(register: usize, kind: &str, place: usize) -> Result<Vec<String>, String> {
    let constant = |literal: &str| vec![format!("load_const r{register}, {literal}")];
    let [first, second] = SCRATCH;
    Ok(match kind {
        "empty" => constant("empty"),
        "bool" => constant("true"),
        "int" => constant(&(place + 1).to_string()),
        "float" => constant(&format!("{}.0", place + 4)),
        "string" => constant(if place == 0 { "\"f\"" } else { "\"key\"" }),
        "function" | "url" => vec![format!("load_global r{register}, \"{kind}\"")],
        "array" => {
            vec![format!("load_const {first}, {}", place + 3), format!("new_array r{register}, {first}")]
        }
        "dict" => vec![
            format!("dict_new r{register}"),
            format!("load_const {first}, \"key\""),
            format!("load_const {second}, {place}"),
            format!("dict_set r{register}, {first}, {second}"),
        ],
        other => return Err(format!("no value of type {other} is known here")),
    })
}

/// Whether a module can name a global: it has a constant of that text.
fn is_named(module: &[u8], global: &str) -> bool {
    let is_name = |constant: &Constant| matches!(constant, Constant::String(text) if text == global);
    Module::decode(module).is_ok_and(|module| module.constants().iter().any(is_name))
}

/// The values that no instruction makes.
fn globals() -> Result<BTreeMap<String, ValueText>, String> {
    let values = [("function", r#"{"function": "f"}"#), ("url", r#"{"url": "https://example.org"}"#)];
    values.into_iter().map(|(name, json)| Ok((name.to_owned(), ValueText::from_json(json)?))).collect()
}

fn outcome_of(expected: &Expected, pc: usize) -> Outcome {
    match expected {
        Expected::Gives { .. } => Outcome::new(Status::Ok),
        Expected::Fails { kind, message } => {
            let mut outcome = Outcome::new(Status::RuntimeError);
            outcome.set_string(Field::Kind, kind);
            outcome.set_number(Field::Pc, pc as u64);
            if let Some(message) = message {
                outcome.set_string(Field::Message, message);
            }
            outcome
        }
    }
}

/// The outcome of a module that is refused, with the message of the error's variant where all its fields are given.
fn refusal(spec: &Spec, kind: &str, variant: &str, fields: &[(&str, String)]) -> Outcome {
    let mut outcome = Outcome::new(Status::LoadError);
    outcome.set_string(Field::Kind, kind);
    let variants = spec.errors.load.iter().flat_map(|error| error.all_variants());
    let Some(template) = variants.into_iter().find(|other| other.name == variant) else { return outcome };
    let is_given = |name: &str| fields.iter().any(|(given, _)| *given == name);
    if template.fields.iter().all(|field| is_given(&field.name)) {
        let fill = |text: String, (name, value): &(&str, String)| {
            text.replace(&format!("{{{name}}}"), value).replace(&format!("{{{name}:#x}}"), value)
        };
        outcome.set_string(Field::Message, &fields.iter().fold(template.message, fill));
    }
    outcome
}

/// A module with the first opcode that is none.
fn undefined_opcode(spec: &Spec) -> Option<Generated> {
    let opcode = first_undefined(spec);
    let mut module = assemble_bytes("nop").ok()?;
    let offset = Module::decode(&module).ok()?.instruction_offset(0);
    patch(&mut module, offset, &[opcode]);
    let fields =
        [("opcode", opcode.to_string()), ("instruction", "0".to_owned()), ("offset", format!("{offset:#x}"))];
    let case = Case {
        id: format!("{PREFIX}opcode-{opcode}/is-refused"),
        origin: Origin { file: cases_folder().with_file_name("isa.yaml"), line: 1, index: 0 },
        module,
        limits: BTreeMap::new(),
        globals: BTreeMap::new(),
        schedule: None,
        expect: Some(refusal(spec, "InvalidOpcode", "InvalidOpcode", &fields)),
        covers: BTreeSet::new(),
    };
    let obligation = Obligation { opcode, duty: Duty::Undefined };
    Some(Generated { case, claim: Some(Claim { obligation, evidence: Evidence::AsExpected }) })
}

/// The bytes of an operand of fixed length.
fn fixed_width(spec: &Spec, operand: &OperandEntry) -> Result<usize, String> {
    let entry = spec.isa.roles.iter().find(|entry| entry.name == operand.role);
    let parts = entry.map_or(&[][..], |entry| entry.bytes.as_slice());
    let widths = parts.iter().map(|part| match part.as_str() {
        "u8" => Ok(1),
        "u16" => Ok(2),
        "i32" => Ok(4),
        other => Err(format!("operand {} has no fixed length: {other}", operand.name)),
    });
    widths.sum()
}

fn patch(module: &mut [u8], at: usize, bytes: &[u8]) {
    module[at..at + bytes.len()].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::obligations::obligations;

    #[test]
    fn ids_are_unique_and_every_claim_is_an_obligation() {
        let spec = Spec::embedded().unwrap();
        let all = generate(&spec).unwrap();
        let ids: BTreeSet<&str> = all.iter().map(|generated| generated.case.id.as_str()).collect();
        assert_eq!(ids.len(), all.len());
        let owed: BTreeSet<Obligation> = obligations(&spec).into_iter().collect();
        let claimed: BTreeSet<&Obligation> = all
            .iter()
            .filter_map(|generated| generated.claim.as_ref())
            .map(|claim| &claim.obligation)
            .collect();
        assert!(claimed.iter().all(|obligation| owed.contains(obligation)));
        let needs_claim = |obligation: &&Obligation| match &obligation.duty {
            Duty::Types(_) | Duty::Undefined => true,
            Duty::Operand { point, .. } => matches!(point, Point::Refused(_)),
            Duty::Error(_) | Duty::Edge(_) => false,
        };
        for obligation in owed.iter().filter(needs_claim) {
            assert!(claimed.contains(obligation), "{obligation:?}");
        }
    }

    #[test]
    fn a_case_loads_its_operands_and_checks_what_is_written() {
        let spec = Spec::embedded().unwrap();
        let entry = spec.isa.opcodes.iter().find(|entry| entry.mnemonic() == "add").unwrap();
        let program = Program::new(entry, &["int".to_owned(), "url".to_owned()]).unwrap();
        let body = "    load_const r2, 1\n    load_global r3, \"url\"\n    add r1, r2, r3\n";
        assert_eq!(program.text(&[]), format!("{HEADER}{body}"));
        assert_eq!(program.pc(), 4);
        assert_eq!(program.written(), Some("r1"));
    }

    #[test]
    fn refused_modules_differ_from_good_ones_in_one_operand() {
        let spec = Spec::embedded().unwrap();
        for generated in generate(&spec).unwrap() {
            let expects = generated.case.expect.as_ref().map(Outcome::status);
            let loads = Module::decode(&generated.case.module);
            assert_eq!(loads.is_err(), expects == Some(Status::LoadError), "{}", generated.case.id);
        }
    }
}
