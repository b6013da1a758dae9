//! What a suite owes each opcode, derived from the specification alone.
//!
//! An [`Obligation`] is one thing that some case must have executed: an operand-type tuple, a declared error, an operand
//! field at one end of its range or just past it, a control-flow edge. [`obligations`] lists them all, and [`expected`]
//! says what a type tuple must come to, by the first of the opcode's `types` rules that matches it.

use std::fmt;

use mdvm_spec::Spec;
use mdvm_spec::model::{Field, FieldType, Flow, OpcodeEntry, OperandEntry, Role, TypeRule, Variant};

/// Up to this many operands, every combination of their types is an obligation. Where there are more, one that no rule
/// mentions is varied alone, because its type is not supposed to matter.
const FULL_PRODUCT: usize = 2;

/// One thing that some case must have executed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Obligation {
    /// The number of the opcode; for [`Duty::Undefined`] the first number that is none.
    pub opcode: u8,
    /// What is owed to it.
    pub duty: Duty,
}

/// What is owed to an opcode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// It is executed on operands of these types, in the order of [`dimensions`].
    Types(Vec<String>),
    /// It fails with an error of this kind.
    Error(String),
    /// An operand has a value at an end of its range, or is refused.
    Operand {
        /// The name of the operand.
        operand: String,
        /// Which value.
        point: Point,
    },
    /// Control leaves it this way.
    Edge(Edge),
    /// It does not exist, and a module with it is refused.
    Undefined,
}

/// The classes of duties, which are the columns of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Type tuples.
    Types,
    /// Declared errors.
    Errors,
    /// Operand fields.
    Operands,
    /// Control-flow edges.
    Edges,
}

/// A value of an operand that is worth a case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// It names this register, alone or among others.
    Register(u8),
    /// The optional register is absent.
    Absent,
    /// The list has so many items.
    Count(u8),
    /// It names the first constant of a pool of several.
    FirstConstant,
    /// It names the last constant of a pool of several.
    LastConstant,
    /// It is this type id.
    Type(u8),
    /// It jumps to instruction 0.
    JumpToStart,
    /// It jumps to the end of the code, just past the last instruction.
    JumpToEnd,
    /// A phi names this label.
    Label(u16),
    /// It is an assertion of this kind.
    AssertKind(u8),
    /// The range of the assertion begins here.
    RangeMinimum(i64),
    /// The range of the assertion ends here.
    RangeMaximum(i64),
    /// It is this scope.
    Scope(u16),
    /// A module with it is refused.
    Refused(Fault),
}

/// A fault of an operand for which a module is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A constant index one past the pool.
    PastThePool,
    /// The index of a constant that is no string, where a string is needed.
    NotAString,
    /// The first type id that is none.
    TypeId,
    /// The first assert kind that is none.
    AssertKind,
    /// A jump to instruction -1.
    BeforeTheStart,
    /// A jump to one past the end of the code.
    PastTheEnd,
    /// The file ends inside the operand.
    Truncated,
}

/// A way in which control leaves an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// To the next instruction.
    Next,
    /// Off the end of the code, which ends the program.
    OffTheEnd,
    /// To the target of a jump.
    Jump,
    /// To the target of a branch, which is not the next instruction.
    Taken,
    /// Past a branch that has another target.
    NotTaken,
    /// Into the function that is called.
    Entered,
    /// Out of that function again, to the instruction after the call.
    ReturnedFrom,
    /// To the caller, with a value.
    ValueToCaller,
    /// To the caller, without a value.
    NothingToCaller,
    /// Out of the program, with a value.
    ValueOut,
    /// Out of the program, without a value.
    NothingOut,
    /// Past a phi that chose by the jump that led to its run.
    PhiAfterJump,
    /// Past a phi that chose by the instruction that stands before its run.
    PhiFallenInto,
    /// Past a phi of which no pair matched.
    PhiUnmatched,
    /// Out of the program, by the instruction for it.
    Halt,
}

/// What a type tuple must come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// The instruction succeeds, unless its operands' values make it fail.
    Gives {
        /// What it writes.
        what: Given,
        /// The errors that it may give all the same.
        may: Vec<String>,
    },
    /// The instruction fails, whatever the values.
    Fails {
        /// The kind of the error.
        kind: String,
        /// The message, where types alone determine it.
        message: Option<String>,
    },
}

/// What an instruction writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A value of this type.
    Type(String),
    /// A value of some type.
    Any,
    /// No value.
    Nothing,
}

/// Every obligation, in the order of the opcodes.
#[must_use]
pub fn obligations(spec: &Spec) -> Vec<Obligation> {
    let mut all = Vec::new();
    for entry in &spec.isa.opcodes {
        let mut owe = |duty| all.push(Obligation { opcode: entry.number, duty });
        type_tuples(spec, entry).into_iter().map(Duty::Types).for_each(&mut owe);
        entry.errors.iter().cloned().map(Duty::Error).for_each(&mut owe);
        for operand in &entry.operands {
            let at = |point| Duty::Operand { operand: operand.name.clone(), point };
            points(spec, operand).into_iter().map(at).for_each(&mut owe);
        }
        edges(entry).iter().copied().map(Duty::Edge).for_each(&mut owe);
    }
    all.push(Obligation { opcode: first_undefined(spec), duty: Duty::Undefined });
    all
}

/// The first number that is no opcode.
#[must_use]
pub fn first_undefined(spec: &Spec) -> u8 {
    spec.isa.opcodes.last().map_or(0, |last| last.number + 1)
}

/// The operands whose types the rules of an opcode can speak of, in byte order: those that are read, and the type that a
/// cast names.
#[must_use]
pub fn dimensions(entry: &OpcodeEntry) -> Vec<&OperandEntry> {
    let casts = entry.types.iter().any(|rule| rule.gives.as_deref() == Some("cast"));
    let counts = |operand: &&OperandEntry| match role(operand) {
        Some(Role::In | Role::InOut | Role::OptionalIn) => true,
        Some(Role::Type) => casts,
        Some(
            Role::Out
            | Role::Tagged
            | Role::Registers
            | Role::Constant
            | Role::Global
            | Role::Jump
            | Role::Phis
            | Role::Check
            | Role::Scope,
        )
        | None => false,
    };
    entry.operands.iter().filter(counts).collect()
}

/// The role of an operand; a checked specification has no other.
#[must_use]
pub fn role(operand: &OperandEntry) -> Option<Role> {
    Role::from_name(&operand.role)
}

/// Every type tuple that is an obligation of the opcode.
#[must_use]
pub fn type_tuples(spec: &Spec, entry: &OpcodeEntry) -> Vec<Vec<String>> {
    let operands = dimensions(entry);
    let is_free = |operand: &OperandEntry| {
        operands.len() > FULL_PRODUCT && !entry.types.iter().any(|rule| rule.when.contains_key(&operand.name))
    };
    let types: Vec<&String> = spec.values.types.iter().map(|kind| &kind.name).collect();
    let mut tuples: Vec<Vec<String>> = vec![Vec::new()];
    for operand in &operands {
        let choices = if is_free(operand) { &types[..1] } else { &types };
        tuples = tuples
            .iter()
            .flat_map(|tuple| choices.iter().map(move |kind| [tuple.as_slice(), &[(*kind).clone()]].concat()))
            .collect();
    }
    let mut varied = Vec::new();
    for rule in &entry.types {
        let deciding = |tuple: &&Vec<String>| {
            first_match(spec, entry, tuple).is_some_and(|first| std::ptr::eq(first, rule))
        };
        let Some(tuple) = tuples.iter().find(deciding) else { continue };
        for (place, _) in operands.iter().enumerate().filter(|(_, operand)| is_free(operand)) {
            varied.extend(types[1..].iter().map(|kind| {
                let mut tuple = tuple.clone();
                tuple[place].clone_from(kind);
                tuple
            }));
        }
    }
    tuples.extend(varied);
    tuples
}

/// What the opcode does with operands of these types. None where no rule matches, which a checked specification excludes.
#[must_use]
pub fn expected(spec: &Spec, entry: &OpcodeEntry, tuple: &[String]) -> Option<Expected> {
    let rule = first_match(spec, entry, tuple)?;
    let gives = |what| Expected::Gives { what, may: rule.may.clone() };
    match (rule.gives.as_deref(), &rule.error) {
        (Some("cast"), _) => Some(expected_of_cast(spec, tuple)),
        (Some("any"), _) => Some(gives(Given::Any)),
        (Some("nothing"), _) => Some(gives(Given::Nothing)),
        (Some(kind), _) => Some(gives(Given::Type(kind.to_owned()))),
        (None, Some(kind)) => {
            let message = message(spec, entry, tuple, kind, rule.expected.as_deref());
            Some(Expected::Fails { kind: kind.clone(), message })
        }
        (None, None) => None,
    }
}

/// Whether a word of a rule, a type or a class, means that type.
#[must_use]
pub fn is_of(spec: &Spec, word: &str, kind: &str) -> bool {
    let class = spec.values.classes.iter().find(|class| class.name == word);
    class.map_or(word == kind, |class| class.types.iter().any(|member| member == kind))
}

fn first_match<'a>(spec: &Spec, entry: &'a OpcodeEntry, tuple: &[String]) -> Option<&'a TypeRule> {
    let operands = dimensions(entry);
    let matches = |rule: &&TypeRule| {
        operands
            .iter()
            .zip(tuple)
            .all(|(operand, kind)| rule.when.get(&operand.name).is_none_or(|word| is_of(spec, word, kind)))
    };
    entry.types.iter().find(matches)
}

/// The casts table: a source that is not listed for the target is a `TypeMismatch`.
fn expected_of_cast(spec: &Spec, tuple: &[String]) -> Expected {
    let [from, to] = tuple else { return Expected::Gives { what: Given::Any, may: Vec::new() } };
    let listed = spec.values.casts.iter().find(|cast| cast.to == *to && is_of(spec, &cast.from, from));
    let mismatch = "TypeMismatch".to_owned();
    match listed {
        Some(cast) => {
            let may = if cast.when.is_some() { vec![mismatch] } else { Vec::new() };
            Expected::Gives { what: Given::Type(to.clone()), may }
        }
        None => {
            let text = phrase(&spec.errors.expectations, expectation_of(to));
            let message = text.and_then(|text| {
                let variant = variants(spec, &mismatch).into_iter().next()?;
                Some(variant.message.replace("{expected}", text).replace("{found}", from))
            });
            Expected::Fails { kind: mismatch, message }
        }
    }
}

/// The name of the expectation that stands for a type, which is the type's own but for int (notes of `CastR`).
fn expectation_of(kind: &str) -> &str {
    if kind == "int" { "integer" } else { kind }
}

fn variants(spec: &Spec, kind: &str) -> Vec<Variant> {
    spec.errors.of_runs().find(|error| error.kind == kind).map_or_else(Vec::new, |error| error.all_variants())
}

fn phrase<'a>(phrases: &'a [mdvm_spec::model::Phrase], name: &str) -> Option<&'a str> {
    phrases.iter().find(|phrase| phrase.name == name).map(|phrase| phrase.text.as_str())
}

/// The message of an error that types alone determine: that of the variant whose fields can be filled from them, where one
/// that names operands goes before one that says what was `found`.
fn message(
    spec: &Spec,
    entry: &OpcodeEntry,
    tuple: &[String],
    kind: &str,
    expected: Option<&str>,
) -> Option<String> {
    let fillable = variants(spec, kind).into_iter().filter_map(|variant| {
        let texts = variant
            .fields
            .iter()
            .map(|field| Some((field.name.clone(), field_text(spec, entry, tuple, field, expected)?)))
            .collect::<Option<Vec<_>>>()?;
        let message = texts
            .iter()
            .fold(variant.message, |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
        Some((texts.len(), message))
    });
    fillable.max_by_key(|(filled, _)| *filled).map(|(_, message)| message)
}

fn field_text(
    spec: &Spec,
    entry: &OpcodeEntry,
    tuple: &[String],
    field: &Field,
    expected: Option<&str>,
) -> Option<String> {
    match FieldType::from_name(&field.kind)? {
        FieldType::Expectation => phrase(&spec.errors.expectations, expected?).map(str::to_owned),
        // There is one operation so far; a second would need a rule that says which is meant.
        FieldType::Operation => match spec.errors.operations.as_slice() {
            [only] => Some(only.text.clone()),
            [] | [_, ..] => None,
        },
        FieldType::Type => operand_type(spec, entry, tuple, &field.name).map(str::to_owned),
        FieldType::Title => {
            let name = operand_type(spec, entry, tuple, &field.name)?;
            spec.values.types.iter().find(|kind| kind.name == name).map(|kind| kind.title.clone())
        }
        FieldType::Uint | FieldType::Int | FieldType::Text | FieldType::Bytes => None,
    }
}

/// The type that a field of a message shows: that of the operand with the field's name, or for `found` and `type` that of
/// the operand at fault.
fn operand_type<'a>(spec: &Spec, entry: &OpcodeEntry, tuple: &'a [String], field: &str) -> Option<&'a str> {
    let operands = dimensions(entry);
    let field = match field {
        "found" | "type" => operand_at_fault(spec, entry, tuple)?,
        other => renamed(entry, &operands, other).unwrap_or(other),
    };
    let place = operands.iter().position(|operand| operand.name == field)?;
    tuple.get(place).map(String::as_str)
}

/// The first operand that is not what the first successful rule asks for.
fn operand_at_fault<'a>(spec: &Spec, entry: &'a OpcodeEntry, tuple: &[String]) -> Option<&'a str> {
    let wanted = entry.types.iter().find(|rule| rule.gives.is_some())?;
    // Where several rules succeed, no single operand need be at fault.
    let alternatives = entry.types.iter().filter(|rule| rule.gives.is_some()).count();
    let operands = dimensions(entry);
    if alternatives > 1 && operands.len() > 1 {
        return None;
    }
    let refused = |(operand, kind): &(&&OperandEntry, &String)| {
        wanted.when.get(&operand.name).is_some_and(|word| !is_of(spec, word, kind))
    };
    operands.iter().zip(tuple).find(refused).map(|(operand, _)| operand.name.as_str())
}

/// The operand that a message shows in the place of another, where a type rule gives it an order of its own (`names`).
fn renamed<'a>(entry: &'a OpcodeEntry, operands: &[&OperandEntry], field: &str) -> Option<&'a str> {
    let place = operands.iter().position(|operand| operand.name == field)?;
    entry.types.iter().find_map(|rule| rule.names.get(place)).map(String::as_str)
}

/// The values of an operand that are worth a case.
#[must_use]
pub fn points(spec: &Spec, operand: &OperandEntry) -> Vec<Point> {
    let last_register = u8::try_from(spec.isa.registers - 1).unwrap_or(u8::MAX);
    let registers = [Point::Register(0), Point::Register(last_register)];
    let counts = [Point::Count(0), Point::Count(u8::MAX)];
    let constants = [Point::FirstConstant, Point::LastConstant, Point::Refused(Fault::PastThePool)];
    let strings = || constants.iter().cloned().chain([Point::Refused(Fault::NotAString)]);
    let mut points: Vec<Point> = match role(operand) {
        Some(Role::In | Role::Out | Role::InOut | Role::Tagged) => registers.into(),
        Some(Role::OptionalIn) => registers.into_iter().chain([Point::Absent]).collect(),
        Some(Role::Registers) => registers.into_iter().chain(counts).collect(),
        Some(Role::Constant) => constants.into(),
        Some(Role::Global) => strings().collect(),
        Some(Role::Type) => {
            let ids = spec.values.types.iter().map(|kind| kind.id);
            let ends = [ids.clone().min(), ids.max()].into_iter().flatten().map(Point::Type);
            ends.chain([Point::Refused(Fault::TypeId)]).collect()
        }
        Some(Role::Jump) => vec![
            Point::JumpToStart,
            Point::JumpToEnd,
            Point::Refused(Fault::BeforeTheStart),
            Point::Refused(Fault::PastTheEnd),
        ],
        Some(Role::Phis) => {
            registers.into_iter().chain(counts).chain([Point::Label(0), Point::Label(u16::MAX)]).collect()
        }
        Some(Role::Check) => {
            let kinds = spec.values.assert_kinds.iter().map(|kind| Point::AssertKind(kind.id));
            let ends = [i64::MIN, i64::MAX]
                .into_iter()
                .flat_map(|end| [Point::RangeMinimum(end), Point::RangeMaximum(end)]);
            kinds.chain(ends).chain(strings()).chain([Point::Refused(Fault::AssertKind)]).collect()
        }
        Some(Role::Scope) => vec![Point::Scope(0), Point::Scope(u16::MAX)],
        None => Vec::new(),
    };
    points.push(Point::Refused(Fault::Truncated));
    points
}

/// The ways in which control can leave an instruction of this opcode that does not fail.
#[must_use]
pub fn edges(entry: &OpcodeEntry) -> &'static [Edge] {
    match Flow::from_name(&entry.flow) {
        Some(Flow::Next) => &[Edge::Next, Edge::OffTheEnd],
        Some(Flow::Jump) => &[Edge::Jump],
        Some(Flow::Branch) => &[Edge::Taken, Edge::NotTaken],
        Some(Flow::Call) => &[Edge::Entered, Edge::ReturnedFrom],
        Some(Flow::Return) => &[Edge::ValueToCaller, Edge::NothingToCaller, Edge::ValueOut, Edge::NothingOut],
        Some(Flow::Phi) => &[Edge::PhiAfterJump, Edge::PhiFallenInto, Edge::PhiUnmatched],
        Some(Flow::Halt) => &[Edge::Halt],
        None => &[],
    }
}

impl Obligation {
    /// The mnemonic of the opcode, or its number where it is none.
    #[must_use]
    pub fn mnemonic(&self, spec: &Spec) -> String {
        let entry = spec.isa.opcodes.iter().find(|entry| entry.number == self.opcode);
        entry.map_or_else(|| format!("opcode {}", self.opcode), OpcodeEntry::mnemonic)
    }
}

impl Duty {
    /// The class of the duty.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Types(_) => Class::Types,
            Self::Error(_) | Self::Undefined => Class::Errors,
            Self::Operand { .. } => Class::Operands,
            Self::Edge(_) => Class::Edges,
        }
    }
}

impl Class {
    /// Every class, in the order of columns.
    pub const ALL: [Self; 4] = [Self::Types, Self::Errors, Self::Operands, Self::Edges];

    /// The word that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Types => "types",
            Self::Errors => "errors",
            Self::Operands => "operands",
            Self::Edges => "edges",
        }
    }
}

impl Fault {
    /// The kind of the load error.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::PastThePool | Self::NotAString => "InvalidConstantIndex",
            Self::TypeId => "InvalidTypeId",
            Self::AssertKind => "InvalidAssertKind",
            Self::BeforeTheStart | Self::PastTheEnd => "InvalidJumpTarget",
            Self::Truncated => "UnexpectedEof",
        }
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Types(types) if types.is_empty() => f.write_str("without a value"),
            Self::Types(types) => f.write_str(&types.join(" and ")),
            Self::Error(kind) => f.write_str(kind),
            Self::Operand { operand, point } => write!(f, "{operand} {point}"),
            Self::Edge(edge) => edge.fmt(f),
            Self::Undefined => f.write_str("is refused"),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(number) => write!(f, "in r{number}"),
            Self::Absent => f.write_str("absent"),
            Self::Count(count) => write!(f, "of {count}"),
            Self::FirstConstant => f.write_str("first of the pool"),
            Self::LastConstant => f.write_str("last of the pool"),
            Self::Type(id) => write!(f, "is type {id}"),
            Self::JumpToStart => f.write_str("to the start"),
            Self::JumpToEnd => f.write_str("to the end"),
            Self::Label(label) => write!(f, "with label {label}"),
            Self::AssertKind(id) => write!(f, "of kind {id}"),
            Self::RangeMinimum(end) => write!(f, "from {}", end_of_ints(*end)),
            Self::RangeMaximum(end) => write!(f, "up to {}", end_of_ints(*end)),
            Self::Scope(number) => write!(f, "is {number}"),
            Self::Refused(fault) => f.write_str(match fault {
                Fault::PastThePool => "past the pool",
                Fault::NotAString => "not a string",
                Fault::TypeId => "past the last type",
                Fault::AssertKind => "past the last kind",
                Fault::BeforeTheStart => "before the start",
                Fault::PastTheEnd => "past the end",
                Fault::Truncated => "truncated",
            }),
        }
    }
}

fn end_of_ints(end: i64) -> String {
    match end {
        i64::MIN => "the least int".to_owned(),
        i64::MAX => "the greatest int".to_owned(),
        other => other.to_string(),
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Next => "to the next instruction",
            Self::OffTheEnd => "off the end",
            Self::Jump => "to the target",
            Self::Taken => "taken",
            Self::NotTaken => "not taken",
            Self::Entered => "entered",
            Self::ReturnedFrom => "returned from",
            Self::ValueToCaller => "to the caller with a value",
            Self::NothingToCaller => "to the caller without a value",
            Self::ValueOut => "out of the program with a value",
            Self::NothingOut => "out of the program without a value",
            Self::PhiAfterJump => "matched after a jump",
            Self::PhiFallenInto => "matched after falling into it",
            Self::PhiUnmatched => "unmatched",
            Self::Halt => "out of the program",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mdvm_spec::{Source, Sources};

    use super::*;

    fn spec() -> Spec {
        Spec::embedded().unwrap()
    }

    fn entry<'a>(spec: &'a Spec, mnemonic: &str) -> &'a OpcodeEntry {
        spec.isa.opcodes.iter().find(|entry| entry.mnemonic() == mnemonic).unwrap()
    }

    fn outcome(spec: &Spec, mnemonic: &str, tuple: &[&str]) -> Expected {
        let tuple: Vec<String> = tuple.iter().map(|kind| (*kind).to_owned()).collect();
        expected(spec, entry(spec, mnemonic), &tuple).unwrap()
    }

    fn gives(what: Given) -> Expected {
        Expected::Gives { what, may: Vec::new() }
    }

    fn fails(kind: &str, message: &str) -> Expected {
        Expected::Fails { kind: kind.to_owned(), message: Some(message.to_owned()) }
    }

    #[test]
    fn two_operands_give_every_pair_and_a_third_is_varied_alone() {
        let spec = spec();
        let count = |mnemonic: &str| type_tuples(&spec, entry(&spec, mnemonic)).len();
        assert_eq!(count("add"), 81);
        assert_eq!(count("eq"), 81);
        assert_eq!(count("cast"), 81);
        assert_eq!(count("neg"), 9);
        assert_eq!(count("nop"), 1);
        // 81 pairs of array and index, and 8 more types of the value for each of the three rules.
        assert_eq!(count("array_set"), 81 + 3 * 8);
    }

    #[test]
    fn no_obligation_is_listed_twice() {
        let all = obligations(&spec());
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let spec = spec();
        assert_eq!(outcome(&spec, "add", &["int", "int"]), gives(Given::Type("int".to_owned())));
        assert_eq!(outcome(&spec, "add", &["int", "float"]), gives(Given::Type("float".to_owned())));
        assert_eq!(outcome(&spec, "move", &["url"]), gives(Given::Any));
        assert_eq!(outcome(&spec, "cast", &["bool", "int"]), gives(Given::Type("int".to_owned())));
    }

    #[test]
    fn messages_come_from_the_templates() {
        let spec = spec();
        let cases: [(&str, &[&str], Expected); 8] = [
            (
                "add",
                &["int", "dict"],
                fails("TypeMismatch", "Type mismatch: expected numeric or string, found Int and Dict"),
            ),
            ("lt", &["int", "url"], fails("InvalidComparison", "Invalid comparison: Int and Url")),
            ("gt", &["int", "url"], fails("InvalidComparison", "Invalid comparison: Url and Int")),
            ("neg", &["bool"], fails("InvalidOperation", "Invalid operation: negation on type Bool")),
            (
                "array_get",
                &["array", "string"],
                fails("TypeMismatch", "Type mismatch: expected integer index, found string"),
            ),
            (
                "array_get",
                &["url", "string"],
                fails("TypeMismatch", "Type mismatch: expected array, found url"),
            ),
            ("cast", &["dict", "int"], fails("TypeMismatch", "Type mismatch: expected integer, found dict")),
            ("call", &["float"], fails("UndefinedFunction", "Undefined function: no function specified")),
        ];
        for (mnemonic, tuple, expected) in cases {
            assert_eq!(outcome(&spec, mnemonic, tuple), expected, "{mnemonic} {tuple:?}");
        }
    }

    #[test]
    fn another_rule_gives_another_expectation() {
        let mut sources = Sources::embedded();
        let text = sources.isa.text().replace("- {str: string, gives: int}", "- {str: string, gives: float}");
        assert_ne!(text, sources.isa.text());
        sources.isa = Source::new("isa.yaml", &text);
        let changed = Spec::from_sources(&sources).unwrap();
        assert_eq!(outcome(&changed, "str_len", &["string"]), gives(Given::Type("float".to_owned())));
    }

    #[test]
    fn every_tuple_of_every_opcode_has_an_expectation() {
        let spec = spec();
        for entry in &spec.isa.opcodes {
            for tuple in type_tuples(&spec, entry) {
                match expected(&spec, entry, &tuple) {
                    Some(Expected::Fails { message: Some(_), .. } | Expected::Gives { .. }) => {}
                    other => panic!("{} {tuple:?}: {other:?}", entry.name),
                }
            }
        }
    }
}
