//! What a suite owes each opcode, derived from the specification alone.
//!
//! An [`Obligation`] is one thing that some case must have executed: an operand-type tuple, a declared error, an operand
//! field at one end of its range or just past it, a control-flow edge. [`obligations`] lists them all, and [`expected`]
//! says what a type tuple must come to, by the first of the opcode's `types` rules that matches it.

mod expected;
mod text;

use mdvm_spec::Spec;
use mdvm_spec::model::{Flow, OpcodeEntry, OperandEntry, Role};

use expected::first_match;
pub use expected::{expected, is_of};

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
