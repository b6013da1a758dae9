//! Module to text.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;

use super::lex::is_word;
use crate::escape::is_visible;
use crate::isa::{Condition, ConstIdx, Instruction, Operand, Phis};
use crate::module::{Constant, Marks, Module, Payload};

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
    let mut text = String::new();
    let Ok(()) = Printer::new(module).print(
        |_, _, _| {},
        |line| {
            text.push_str(line.text);
            text.push('\n');
            Ok::<(), Infallible>(())
        },
    );
    text
}

/// The module as assembly, each instruction with its index, its offset in the canonical file, and the constants it names
/// in a comment. Assembling it again gives an equal module.
#[must_use]
pub fn listing(module: &Module) -> String {
    let mut text = String::new();
    let Ok(()) = listing_lines(module, |line| {
        text.push_str(line.text);
        text.push('\n');
        Ok::<(), Infallible>(())
    });
    text
}

/// A line of a listing.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The line, without its end.
    pub text: &'a str,
    /// The index of the instruction that it shows, if it shows one.
    pub instruction: Option<usize>,
    /// The encoded instruction; empty where it shows none.
    pub encoded: &'a [u8],
}

/// Tells the lines of [`listing`] one after another, so that not all of them are in memory at once.
///
/// ```
/// use machine_dialect_vm::{asm::listing_lines, assemble};
///
/// let mut instructions = 0;
/// listing_lines(&assemble("again:\nnop\njump again").unwrap(), |line| {
///     instructions += usize::from(line.instruction.is_some());
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap();
/// assert_eq!(instructions, 2);
/// ```
///
/// # Errors
/// Ends with the first error that `tell` gives.
pub fn listing_lines<E>(module: &Module, tell: impl FnMut(Line<'_>) -> Result<(), E>) -> Result<(), E> {
    let width = module.len().to_string().len();
    let begin = module.instruction_offset(0);
    let comment = |out: &mut String, (index, start): (usize, u32), instruction: &Instruction<'_>| {
        let _ = write!(out, "{index:>width$} {:#06x}", begin + start as usize);
        for constant in constants_of(instruction) {
            let _ = write!(out, " k{}", constant.0);
        }
    };
    Printer::new(module).print(comment, tell)
}

/// One instruction as assembly, with the literals of its constants and, where it jumps, the index of its target.
#[must_use]
pub fn instruction_text(module: &Module, index: usize) -> Option<String> {
    let instruction = module.instruction(index)?;
    Some(
        Printer { labels: None, by_literal: true, is_long: Vec::new(), first_equal: Vec::new(), module }
            .instruction(index, &instruction),
    )
}

struct Printer<'a> {
    module: &'a Module,
    /// The instructions that have a label; none where there are no labels.
    labels: Option<Marks>,
    /// Whether the literals alone, in the order of the code, give the pool of the module.
    by_literal: bool,
    /// For each constant, whether it is named by its index, for the length of its literal.
    is_long: Vec<bool>,
    /// For each constant, the first that is equal to it, which its literal would name.
    first_equal: Vec<u16>,
}

impl<'a> Printer<'a> {
    /// Literals of so many bytes for each instruction are shown where they are used, whatever they add up to.
    const SHORT: usize = 64;

    fn new(module: &'a Module) -> Self {
        let first_equal = first_equal(module.constants());
        let lengths: Vec<usize> = module.constants().iter().map(|constant| literal(constant).len()).collect();
        // Literals are pooled where they first are, so each must be the next one or known already.
        let (mut pooled, mut in_order, mut shown) = (0, true, 0_usize);
        for (_, instruction) in module.code().iter() {
            for constant in constants_of(&instruction) {
                let index = usize::from(constant.0);
                pooled = pooled.max(index + 1).min(pooled + 1);
                in_order &= index < pooled;
                shown = shown.saturating_add(lengths.get(index).copied().unwrap_or(0));
            }
        }
        let in_order = in_order && pooled == module.constants().len();
        let all_distinct = (0..).zip(&first_equal).all(|(index, first)| index == usize::from(*first));
        // A long literal that is used again and again would make the text many times the module.
        let is_linear = shown <= 4 * lengths.iter().sum::<usize>() + Self::SHORT * module.len();
        Self {
            labels: Some(labels(module)),
            by_literal: in_order && all_distinct && is_linear,
            is_long: lengths.iter().map(|length| !is_linear && *length > Self::SHORT).collect(),
            first_equal,
            module,
        }
    }

    fn has_label(&self, index: usize) -> bool {
        self.labels.as_ref().is_some_and(|labels| labels.has(index))
    }

    /// Tells the lines. What is written of an instruction, given its place and itself, becomes its comment.
    fn print<E>(
        &self,
        comment: impl Fn(&mut String, (usize, u32), &Instruction<'_>),
        mut tell: impl FnMut(Line<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.module.name().is_empty() {
            tell(other(&format!(".module {}", quoted(self.module.name()))))?;
        }
        if !self.by_literal {
            for constant in self.module.constants() {
                tell(other(&format!(".const {}", literal(constant))))?;
            }
        }
        let functions = self.module.functions();
        let in_place = functions.is_sorted_by_key(|function| function.entry);
        if !in_place {
            for function in functions {
                tell(other(&format!(".func {} L{}", name(&function.name), function.entry)))?;
            }
        }
        let mut waiting = functions.iter().filter(|_| in_place).peekable();
        let (mut text, mut note) = (String::new(), String::new());
        let mut instructions = self.module.code().iter();
        for index in 0..self.module.len() {
            let Some((start, instruction)) = instructions.next() else { break };
            while let Some(function) = waiting.next_if(|function| function.entry as usize == index) {
                tell(other(&format!(".func {}", name(&function.name))))?;
            }
            if self.has_label(index) {
                tell(other(&format!("L{index}:")))?;
            }
            note.clear();
            comment(&mut note, (index, start), &instruction);
            text.clear();
            let shown = self.instruction(index, &instruction);
            let _ = match note.is_empty() {
                true => write!(text, "    {shown}"),
                false => write!(text, "    {shown:<40} ; {note}"),
            };
            let encoded = &self.module.code().bytes()[start as usize..instructions.position()];
            tell(Line { text: &text, instruction: Some(index), encoded })?;
        }
        if self.has_label(self.module.len()) {
            tell(other(&format!("L{}:", self.module.len())))?;
        }
        Ok(())
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
            if usize::from(label) <= self.module.len() && self.has_label(usize::from(label)) {
                format!("L{label}")
            } else {
                label.to_string()
            }
        };
        let sources: Vec<String> =
            phis.iter().map(|source| format!("{}: {}", source.register, place(source.label))).collect();
        format!("[{}]", sources.join(", "))
    }

    fn constant(&self, index: ConstIdx) -> String {
        let place = usize::from(index.0);
        let is_first = self.first_equal.get(place).is_none_or(|first| *first == index.0);
        let is_long = self.is_long.get(place).is_some_and(|is_long| *is_long);
        match self.module.constants().get(place) {
            Some(constant) if is_first && !is_long => literal(constant),
            Some(_) | None => format!("k{}", index.0),
        }
    }
}

/// A line that shows no instruction.
fn other(text: &str) -> Line<'_> {
    Line { text, instruction: None, encoded: &[] }
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
fn labels(module: &Module) -> Marks {
    let mut labels = Marks::new(module.len());
    for (index, (_, instruction)) in module.code().iter().enumerate() {
        for operand in instruction.operands().iter() {
            match operand {
                // Loading made sure that the target is within the code or at its end. Of a module that does not load, there may be
                // less code than that.
                Operand::Jump(jump) => {
                    let target = usize::try_from(jump.target(index)).ok();
                    target
                        .filter(|target| *target <= module.len())
                        .into_iter()
                        .for_each(|target| labels.set(target));
                }
                Operand::Phis(phis) => {
                    let places = phis.iter().map(|source| usize::from(source.label));
                    places.filter(|place| *place < module.len()).for_each(|place| labels.set(place));
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
        let entries = module.functions().iter().map(|function| function.entry as usize);
        entries.filter(|entry| *entry <= module.len()).for_each(|entry| labels.set(entry));
    }
    labels
}

/// For each constant, the first that is equal to it.
fn first_equal(constants: &[Constant]) -> Vec<u16> {
    let mut first = HashMap::new();
    // There may be as many constants as a `u16` has values: a range without end would go on past the last.
    (0..=u16::MAX)
        .zip(constants)
        .map(|(index, constant)| *first.entry((constant.type_id(), constant.payload())).or_insert(index))
        .collect()
}

/// A constant as the assembler reads it: by its payload, with the type around it where that is not the payload's own.
fn literal(constant: &Constant) -> String {
    /// The NaN that the word `nan` stands for.
    const PLAIN_NAN: u64 = f64::NAN.to_bits();
    let payload = constant.payload();
    let text = match payload {
        Payload::Nothing => "empty".to_owned(),
        Payload::Bool(value) => value.to_string(),
        Payload::Int(number) => number.to_string(),
        Payload::Float(PLAIN_NAN) => "nan".to_owned(),
        Payload::Float(bits) if f64::from_bits(bits).is_nan() => format!("nan({bits:#x})"),
        // This form always has a point or an exponent, so it reads back as a float.
        Payload::Float(bits) => format!("{:?}", f64::from_bits(bits)),
        Payload::Text(text) => quoted(text),
    };
    let ty = constant.type_id();
    if ty == payload.type_id() { text } else { format!("{}({text})", ty.name()) }
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
