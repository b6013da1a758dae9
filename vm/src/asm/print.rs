//! Module to text.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use super::lex::is_word;
use crate::escape::is_visible;
use crate::isa::{Condition, ConstIdx, Instruction, Operand, Phis};
use crate::module::{Constant, Module};

/// The module as assembly. Assembling it again gives an equal module.
///
/// ```
/// use machine_dialect_vm::{assemble, disassemble};
///
/// let module = assemble("load_const r0, \"hello\"\ndebug_print r0").unwrap();
/// let text = disassemble(&module);
/// assert_eq!(text, "    load_const r0, \"hello\"\n    debug_print r0\n");
/// assert_eq!(assemble(&text).unwrap(), module);
/// ```
#[must_use]
pub fn disassemble(module: &Module) -> String {
    Printer::new(module).print(|_| String::new())
}

/// The module as assembly, each instruction with its index, its offset in the canonical file, and the constants it names
/// in a comment. Assembling it again gives an equal module.
#[must_use]
pub fn listing(module: &Module) -> String {
    let constants = |instruction: &Instruction<'_>| {
        let mut names = String::new();
        for index in constants_of(instruction) {
            let _ = write!(names, " k{}", index.0);
        }
        names
    };
    let width = module.len().to_string().len();
    let begin = module.instruction_offset(0);
    Printer::new(module).print(|index| {
        let offset = begin + module.code().offset(index);
        let names = module.instruction(index).map(|instruction| constants(&instruction)).unwrap_or_default();
        format!("{index:>width$} {offset:#06x}{names}")
    })
}

/// One instruction as assembly, with the literals of its constants and, where it jumps, the index of its target.
#[must_use]
pub fn instruction_text(module: &Module, index: usize) -> Option<String> {
    let instruction = module.instruction(index)?;
    Some(
        Printer { labels: BTreeSet::new(), by_literal: true, first_equal: HashMap::new(), module }
            .instruction(index, &instruction),
    )
}

struct Printer<'a> {
    module: &'a Module,
    /// The instructions that have a label.
    labels: BTreeSet<usize>,
    /// Whether the literals alone, in the order of the code, give the pool of the module.
    by_literal: bool,
    /// For each constant, the first that is equal to it, which its literal would name.
    first_equal: HashMap<u16, u16>,
}

impl<'a> Printer<'a> {
    fn new(module: &'a Module) -> Self {
        let first_equal = first_equal(module.constants());
        // Literals are pooled where they first stand, so each must be the next one or known already.
        let mut pooled = 0;
        let named = module.instructions().flat_map(|instruction| constants_of(&instruction));
        let in_order = named.map(|constant| usize::from(constant.0)).all(|index| {
            pooled = pooled.max(index + 1).min(pooled + 1);
            index < pooled
        }) && pooled == module.constants().len();
        let all_distinct = first_equal.iter().all(|(index, first)| index == first);
        Self { labels: labels(module), by_literal: in_order && all_distinct, first_equal, module }
    }

    fn print(&self, comment: impl Fn(usize) -> String) -> String {
        let mut out = String::new();
        if !self.module.name().is_empty() {
            let _ = writeln!(out, ".module {}", quoted(self.module.name()));
        }
        if !self.by_literal {
            for constant in self.module.constants() {
                let _ = writeln!(out, ".const {}", literal(constant));
            }
        }
        let functions = self.module.functions();
        let in_place = functions.is_sorted_by_key(|function| function.entry);
        if !in_place {
            for function in functions {
                let _ = writeln!(out, ".func {} L{}", name(&function.name), function.entry);
            }
        }
        let mut waiting = functions.iter().filter(|_| in_place).peekable();
        for (index, instruction) in self.module.instructions().enumerate() {
            while let Some(function) = waiting.next_if(|function| function.entry as usize == index) {
                let _ = writeln!(out, ".func {}", name(&function.name));
            }
            if self.labels.contains(&index) {
                let _ = writeln!(out, "L{index}:");
            }
            let text = self.instruction(index, &instruction);
            match comment(index) {
                comment if comment.is_empty() => _ = writeln!(out, "    {text}"),
                comment => _ = writeln!(out, "    {text:<40} ; {comment}"),
            }
        }
        if self.labels.contains(&self.module.len()) {
            let _ = writeln!(out, "L{}:", self.module.len());
        }
        out
    }

    fn instruction(&self, index: usize, instruction: &Instruction<'_>) -> String {
        let mut out = instruction.opcode().spec().mnemonic.to_owned();
        let operands = instruction.operands();
        let texts =
            operands.iter().map(|operand| self.operand(index, operand)).filter(|text| !text.is_empty());
        for (position, text) in texts.enumerate() {
            out.push_str(if position == 0 { " " } else { ", " });
            out.push_str(&text);
        }
        out
    }

    fn operand(&self, index: usize, operand: &Operand<'_>) -> String {
        match operand {
            Operand::Register(register) => register.to_string(),
            Operand::OptionalRegister(register) => {
                register.map(|register| register.to_string()).unwrap_or_default()
            }
            Operand::Registers(registers) => {
                let names: Vec<String> = registers.iter().map(|register| register.to_string()).collect();
                format!("({})", names.join(", "))
            }
            Operand::Constant(constant) => self.constant(*constant),
            Operand::Type(type_id) => type_id.name().to_owned(),
            Operand::Jump(jump) => format!("L{}", jump.target(index)),
            Operand::Phis(phis) => self.phis(*phis),
            Operand::Check(check) => {
                let kind = check.condition.kind().name();
                let message = self.constant(check.message);
                match check.condition {
                    Condition::IntRange { min, max } => format!("{kind}, {message}, {min}, {max}"),
                    Condition::True | Condition::NonEmpty => format!("{kind}, {message}"),
                }
            }
            Operand::Scope(scope) => scope.0.to_string(),
        }
    }

    fn phis(&self, phis: Phis<'_>) -> String {
        let place = |label: u16| {
            if self.labels.contains(&usize::from(label)) { format!("L{label}") } else { label.to_string() }
        };
        let sources: Vec<String> =
            phis.iter().map(|source| format!("{}: {}", source.register, place(source.label))).collect();
        format!("[{}]", sources.join(", "))
    }

    fn constant(&self, index: ConstIdx) -> String {
        let is_first = self.first_equal.get(&index.0).is_none_or(|first| *first == index.0);
        match self.module.constants().get(usize::from(index.0)) {
            Some(constant) if is_first => literal(constant),
            Some(_) | None => format!("k{}", index.0),
        }
    }
}

/// The constants that an instruction names.
fn constants_of(instruction: &Instruction<'_>) -> Vec<ConstIdx> {
    let of_operand = |operand: &Operand<'_>| match operand {
        Operand::Constant(constant) => Some(*constant),
        Operand::Check(check) => Some(check.message),
        Operand::Register(_)
        | Operand::OptionalRegister(_)
        | Operand::Registers(_)
        | Operand::Type(_)
        | Operand::Jump(_)
        | Operand::Phis(_)
        | Operand::Scope(_) => None,
    };
    instruction.operands().iter().filter_map(of_operand).collect()
}

/// The instructions that jumps, phis and functions out of order refer to.
fn labels(module: &Module) -> BTreeSet<usize> {
    let mut labels = BTreeSet::new();
    for (index, instruction) in module.instructions().enumerate() {
        for operand in instruction.operands().iter() {
            match operand {
                // Loading made sure that the target is within the code or at its end.
                Operand::Jump(jump) => _ = labels.insert(jump.target(index) as usize),
                Operand::Phis(phis) => {
                    let places = phis.iter().map(|source| usize::from(source.label));
                    labels.extend(places.filter(|place| *place < module.len()));
                }
                Operand::Register(_)
                | Operand::OptionalRegister(_)
                | Operand::Registers(_)
                | Operand::Constant(_)
                | Operand::Type(_)
                | Operand::Check(_)
                | Operand::Scope(_) => {}
            }
        }
    }
    if !module.functions().is_sorted_by_key(|function| function.entry) {
        labels.extend(module.functions().iter().map(|function| function.entry as usize));
    }
    labels
}

fn first_equal(constants: &[Constant]) -> HashMap<u16, u16> {
    let mut by_literal = HashMap::new();
    // There may be as many constants as a `u16` has values: a range without end would go on past the last.
    (0..=u16::MAX)
        .zip(constants)
        .map(|(index, constant)| (index, *by_literal.entry(literal(constant)).or_insert(index)))
        .collect()
}

fn literal(constant: &Constant) -> String {
    /// The NaN that the word `nan` stands for.
    const PLAIN_NAN: u64 = f64::NAN.to_bits();
    match constant {
        Constant::Empty => "empty".to_owned(),
        Constant::Bool(value) => value.to_string(),
        Constant::Int(number) => number.to_string(),
        Constant::Float(number) if number.to_bits() == PLAIN_NAN => "nan".to_owned(),
        Constant::Float(number) if number.is_nan() => format!("nan({:#x})", number.to_bits()),
        // This form always has a point or an exponent, so it reads back as a float.
        Constant::Float(number) => format!("{number:?}"),
        Constant::String(text) => quoted(text),
    }
}

fn name(text: &str) -> String {
    if is_word(text) { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            // What would end a line, or could not be seen, is written by its number.
            letter if !is_visible(letter) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
