//! Lines to module.
//!
//! A first pass over the lines learns where the labels are; a second turns the instructions into operands, which
//! [`Instruction::from_operands`] puts together. What a line says wrong keeps no other from being read.

use std::collections::{HashMap, HashSet};

use super::lex::{Kind, Line, Token, shown};
use super::mistakes::{Found, Mistake, Mistakes};
use super::words::{Place, Words, Written};
use crate::isa::{
    Check, Condition, ConstIdx, Instruction, JumpOffset, Opcode, Operand, OperandSpec, PhiSource, Phis,
    Registers, Role, ScopeId,
};
use crate::module::ModuleBuilder;
use crate::values::AssertKind;

pub(super) fn parse(text: &str) -> Result<ModuleBuilder, Mistakes> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = || text.lines().enumerate().map(|(index, text)| Line { number: index + 1, text });
    let mut assembler = Assembler::default();
    lines().for_each(|line| assembler.survey(line));
    assembler.place_functions();
    lines().for_each(|line| assembler.assemble(line));
    match assembler.found.finish() {
        None => Ok(assembler.builder),
        Some(mistakes) => Err(mistakes),
    }
}

#[derive(Default)]
struct Assembler<'a> {
    builder: ModuleBuilder,
    labels: HashMap<&'a str, usize>,
    functions: Vec<FunctionLine<'a>>,
    names: HashSet<String>,
    /// How many instructions the lines so far have.
    count: usize,
    found: Found,
}

struct FunctionLine<'a> {
    name: String,
    entry: Place<'a>,
    line: Line<'a>,
}

impl<'a> Assembler<'a> {
    /// Takes note of labels and directives, and counts the instructions.
    fn survey(&mut self, line: Line<'a>) {
        if let Err(mistake) = self.survey_line(line) {
            self.found.add(mistake);
        }
    }

    fn survey_line(&mut self, line: Line<'a>) -> Result<(), Mistake> {
        let mut words = Words::new(line);
        // One mistake for all labels of a line: telling the place of each would take time with the square of their number.
        let mut twice = None;
        while let Some(label) = words.label() {
            if self.labels.insert(label.text, self.count).is_some() && twice.is_none() {
                twice = Some(label);
            }
        }
        if let Some(label) = twice {
            self.found.add(line.mistake(label.column, format!("label {} stands twice", shown(label.text))));
        }
        let Some(first) = words.next()? else { return Ok(()) };
        let message = match first.kind {
            Kind::Directive => return self.directive(&mut words, &first),
            Kind::Word if Opcode::from_mnemonic(first.text).is_some() => {
                self.count += 1;
                return Ok(());
            }
            // Looking for what is meant takes long, so it is not done for mistakes that nobody sees.
            Kind::Word if self.found.is_full() => unknown(first.text),
            Kind::Word => unknown_instruction(first.text),
            Kind::Int(_) | Kind::Float(_) | Kind::String(_) | Kind::Mark(_) => {
                format!("expected an instruction, a label or a directive; found {}", shown(first.text))
            }
        };
        Err(line.mistake(first.column, message))
    }

    fn directive(&mut self, words: &mut Words<'a>, directive: &Token<'a>) -> Result<(), Mistake> {
        let line = words.line();
        match directive.text {
            ".module" => {
                let name = words.name(|| "the name of the module, such as `\"name\"`".to_owned())?;
                self.builder.set_name(&name);
            }
            ".func" => {
                let name = words.name(|| "the name of the function".to_owned())?;
                let entry = match words.peek()? {
                    None => Place::Index(self.count),
                    Some(_) => words.place(|| "the label of its entry".to_owned())?,
                };
                if !self.names.insert(name.clone()) {
                    let message = format!("function {} stands twice", shown(&name));
                    return Err(line.mistake(directive.column, message));
                }
                self.functions.push(FunctionLine { name, entry, line });
            }
            ".const" => {
                let column = words.column()?;
                let literal = words.literal(|| "a literal such as `5`".to_owned())?;
                self.builder
                    .push_constant(literal)
                    .map_err(|error| line.mistake(column, error.to_string()))?;
            }
            other => {
                let message =
                    format!("unknown directive {}; there are .module, .func and .const", shown(other));
                return Err(line.mistake(directive.column, message));
            }
        }
        words.end_of_line()
    }

    /// Gives the functions their entries, now that all labels are known.
    fn place_functions(&mut self) {
        for FunctionLine { name, entry, line } in std::mem::take(&mut self.functions) {
            let entry = match entry {
                Place::Index(index) => Ok(index),
                Place::Label(label) => self.label(line, &label),
            };
            match entry {
                // An entry outside the code is for loading to refuse, so one that does not even fit becomes the largest.
                Ok(entry) => self.builder.function(&name, u32::try_from(entry).unwrap_or(u32::MAX)),
                Err(mistake) => self.found.add(mistake),
            }
        }
        self.count = 0;
    }

    /// Assembles the instruction of a line, if there is one.
    fn assemble(&mut self, line: Line<'a>) {
        let mut words = Words::new(line);
        while words.label().is_some() {}
        // What else may be here was read before.
        let Ok(Some(first)) = words.next() else { return };
        let Some(opcode) = Opcode::from_mnemonic(first.text) else { return };
        let index = self.count;
        self.count += 1;
        if let Err(mistake) = self.instruction(index, opcode, &mut words) {
            self.found.add(mistake);
        }
    }

    fn instruction(&mut self, index: usize, opcode: Opcode, words: &mut Words<'a>) -> Result<(), Mistake> {
        let mut written = Vec::new();
        for (position, spec) in opcode.spec().operands.iter().enumerate() {
            if position > 0 {
                words.mark(',', || format!("`,` and {}", describe(spec)))?;
            }
            written.push(self.operand(index, spec, words)?);
        }
        words.end_of_line()?;
        let operands: Vec<Operand<'_>> = written.iter().map(Read::view).collect();
        // Each operand was read by its role, so they are those of the opcode.
        if let Some(instruction) = Instruction::from_operands(opcode, &operands) {
            self.builder.push(instruction);
        }
        Ok(())
    }

    fn operand(&mut self, index: usize, spec: &OperandSpec, words: &mut Words<'a>) -> Result<Read, Mistake> {
        let expected = || describe(spec);
        Ok(Read::Plain(match spec.role {
            Role::In | Role::Out | Role::InOut | Role::Tagged => Operand::Register(words.register(expected)?),
            Role::OptionalIn if words.peek()?.is_none() => Operand::OptionalRegister(None),
            Role::OptionalIn => Operand::OptionalRegister(Some(words.register(expected)?)),
            Role::Registers => return Ok(Read::Registers(words.register_list(expected)?)),
            Role::Phis => return Ok(Read::Phis(self.phi_list(words, expected)?)),
            Role::Constant | Role::Global => Operand::Constant(self.constant(words, expected)?),
            Role::Type => Operand::Type(words.type_id(expected)?),
            Role::Jump => Operand::Jump(self.jump(index, words, expected)?),
            Role::Check => Operand::Check(self.check(words, expected)?),
            Role::Scope => Operand::Scope(ScopeId(words.small_number(expected)?)),
        }))
    }

    /// A literal, put into the pool, or `k` and the index of an entry.
    fn constant(
        &mut self,
        words: &mut Words<'a>,
        expected: impl Fn() -> String + Copy,
    ) -> Result<ConstIdx, Mistake> {
        let column = words.column()?;
        if let Some(pooled) = words.pooled()? {
            return Ok(pooled);
        }
        let literal = words.literal(expected)?;
        self.builder.constant(literal).map_err(|error| words.line().mistake(column, error.to_string()))
    }

    /// A label, or the encoded offset itself.
    fn jump(
        &self,
        index: usize,
        words: &mut Words<'a>,
        expected: impl Fn() -> String + Copy,
    ) -> Result<JumpOffset, Mistake> {
        let column = words.column()?;
        let offset = match words.jump(expected)? {
            Written::Number(offset) => offset,
            Written::Label(label) => self.label(words.line(), &label)? as i64 - (index as i64 + 1),
        };
        let fits = i32::try_from(offset).map(JumpOffset);
        fits.map_err(|_| {
            words.line().mistake(column, format!("a jump of {offset} instructions does not fit 32 bits"))
        })
    }

    /// `[r0: label, r1: label]`
    fn phi_list(
        &self,
        words: &mut Words<'a>,
        expected: impl Fn() -> String + Copy,
    ) -> Result<Vec<[u8; 3]>, Mistake> {
        words.list(('[', ']'), expected, |words| {
            let register = words.register(|| "a register such as `r0`".to_owned())?;
            words.mark(':', || "`:` and the label of the instruction that ran before".to_owned())?;
            let column = words.column()?;
            let place = match words.place(|| "the label of the instruction that ran before".to_owned())? {
                Place::Index(index) => index,
                Place::Label(label) => self.label(words.line(), &label)?,
            };
            let label = u16::try_from(place).map_err(|_| {
                let message =
                    format!("instruction {place} cannot be a source of a phi; only the first 65536 can");
                words.line().mistake(column, message)
            })?;
            Ok(PhiSource { register, label }.to_bytes())
        })
    }

    /// `kind, "message"`, and the two ends where the kind takes a range.
    fn check(
        &mut self,
        words: &mut Words<'a>,
        expected: impl Fn() -> String + Copy,
    ) -> Result<Check, Mistake> {
        let kind = words.assert_kind(expected)?;
        words.mark(',', || "`,` and the message of the assertion".to_owned())?;
        let message = self.constant(words, || "the message of the assertion, a string".to_owned())?;
        let condition = match kind {
            AssertKind::True => Condition::True,
            AssertKind::NonEmpty => Condition::NonEmpty,
            AssertKind::IntRange => {
                words.mark(',', || "`,` and the least int of the range".to_owned())?;
                let min = words.int(|| "the least int of the range".to_owned())?;
                words.mark(',', || "`,` and the greatest int of the range".to_owned())?;
                let max = words.int(|| "the greatest int of the range".to_owned())?;
                Condition::IntRange { min, max }
            }
        };
        Ok(Check { condition, message })
    }

    fn label(&self, line: Line<'_>, label: &Token<'_>) -> Result<usize, Mistake> {
        let known = self.labels.get(label.text).copied();
        known.ok_or_else(|| {
            line.mistake(label.column, format!("no label {} stands anywhere", shown(label.text)))
        })
    }
}

/// An operand as it was read; lists own their bytes until the instruction is encoded.
enum Read {
    Plain(Operand<'static>),
    Registers(Vec<u8>),
    Phis(Vec<[u8; 3]>),
}

impl Read {
    fn view(&self) -> Operand<'_> {
        match self {
            Self::Plain(operand) => *operand,
            // The lists were read with their limit of 255, so the views are never missing.
            Self::Registers(bytes) => Operand::Registers(Registers::new(bytes).unwrap_or_default()),
            Self::Phis(bytes) => Operand::Phis(Phis::new(bytes).unwrap_or_default()),
        }
    }
}

/// The operand in words: its name, what it is, and an example.
fn describe(spec: &OperandSpec) -> String {
    format!("operand `{}`, {} such as `{}`", spec.name, spec.role.summary(), spec.role.example())
}

fn unknown(word: &str) -> String {
    format!("unknown instruction {}", shown(word))
}

fn unknown_instruction(word: &str) -> String {
    let unknown = unknown(word);
    // No mnemonic is near to a word this much longer than all, and comparing takes time with its length.
    const MOST_CHANGES: usize = 2;
    let mnemonics = || Opcode::ALL.iter().map(|opcode| opcode.spec().mnemonic);
    let longest = mnemonics().map(str::len).max().unwrap_or(0) + MOST_CHANGES;
    if word.chars().nth(longest).is_some() {
        return unknown;
    }
    let closest = mnemonics().map(|known| (distance(known, word), known)).min();
    match closest.filter(|(changes, _)| *changes <= MOST_CHANGES) {
        Some((_, known)) => format!("{unknown}; did you mean `{known}`?"),
        None => unknown,
    }
}

/// How many letters must be changed, added or left out to make one word of the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (place, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[right.len()]
}
