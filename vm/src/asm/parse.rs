//! Lines to module.
//!
//! A first pass reads all lines and learns where the labels are; a second turns the instructions into operands, which
//! [`Instruction::from_operands`] puts together.

use std::collections::HashMap;

use super::AsmError;
use super::lex::{Kind, Line, Token};
use crate::isa::{
    Check, Condition, ConstIdx, Instruction, JumpOffset, Opcode, Operand, OperandSpec, PhiSource, Phis, Reg,
    Registers, Role, ScopeId,
};
use crate::module::{Constant, ModuleBuilder};
use crate::values::{AssertKind, TypeId};

pub(super) fn parse(text: &str) -> Result<ModuleBuilder, AsmError> {
    let mut assembler = Assembler::default();
    for (index, text) in text.lines().enumerate() {
        assembler.read(Line { number: index + 1, text })?;
    }
    assembler.finish()
}

#[derive(Default)]
struct Assembler<'a> {
    builder: ModuleBuilder,
    labels: HashMap<&'a str, usize>,
    functions: Vec<FunctionLine<'a>>,
    instructions: Vec<InstructionLine<'a>>,
}

struct FunctionLine<'a> {
    name: String,
    entry: Place<'a>,
    line: Line<'a>,
}

struct InstructionLine<'a> {
    line: Line<'a>,
    opcode: Opcode,
    operands: Vec<Token<'a>>,
    /// The column behind the last word.
    end: usize,
}

/// A place in the code, as it is written.
enum Place<'a> {
    Index(usize),
    Label(Token<'a>),
}

impl<'a> Assembler<'a> {
    fn read(&mut self, line: Line<'a>) -> Result<(), AsmError> {
        let tokens = line.tokens()?;
        let end = line.end_column(&tokens);
        let mut rest = tokens.as_slice();
        while let [label, mark, more @ ..] = rest
            && label.kind == Kind::Word
            && mark.kind == Kind::Mark(':')
        {
            if self.labels.insert(label.text, self.instructions.len()).is_some() {
                return Err(line.error(label.column, format!("label `{}` stands twice", label.text)));
            }
            rest = more;
        }
        match rest {
            [] => Ok(()),
            [first, more @ ..] if first.kind == Kind::Directive => self.directive(line, first, more, end),
            [first, more @ ..] if first.kind == Kind::Word => {
                let Some(opcode) = Opcode::from_mnemonic(first.text) else {
                    return Err(line.error(first.column, unknown_instruction(first.text)));
                };
                self.instructions.push(InstructionLine { line, opcode, operands: more.to_vec(), end });
                Ok(())
            }
            [first, ..] => {
                let message =
                    format!("expected an instruction, a label or a directive; found `{}`", first.text);
                Err(line.error(first.column, message))
            }
        }
    }

    fn directive(
        &mut self,
        line: Line<'a>,
        directive: &Token<'a>,
        arguments: &[Token<'a>],
        end: usize,
    ) -> Result<(), AsmError> {
        let mut words = Words { line, rest: arguments, end };
        match directive.text {
            ".module" => {
                let name = words.name("the name of the module, such as `\"name\"`")?;
                self.builder.set_name(&name);
            }
            ".func" => {
                let name = words.name("the name of the function")?;
                let entry = match words.rest {
                    [] => Place::Index(self.instructions.len()),
                    _ => words.place("the label of its entry")?,
                };
                if self.functions.iter().any(|function| function.name == name) {
                    return Err(line.error(directive.column, format!("function {name:?} stands twice")));
                }
                self.functions.push(FunctionLine { name, entry, line });
            }
            ".const" => {
                let column = words.column();
                let literal = words.literal("a literal such as `5`")?;
                self.builder.push_constant(literal).map_err(|error| line.error(column, error.to_string()))?;
            }
            other => {
                let message = format!("unknown directive `{other}`; there are .module, .func and .const");
                return Err(line.error(directive.column, message));
            }
        }
        words.end_of_line()
    }

    fn finish(mut self) -> Result<ModuleBuilder, AsmError> {
        for FunctionLine { name, entry, line } in std::mem::take(&mut self.functions) {
            let entry = match entry {
                Place::Index(index) => index,
                Place::Label(label) => self.label(line, &label)?,
            };
            // An entry outside the code is for loading to refuse, so one that does not even fit becomes the largest.
            self.builder.function(&name, u32::try_from(entry).unwrap_or(u32::MAX));
        }
        for (index, InstructionLine { line, opcode, operands, end }) in
            std::mem::take(&mut self.instructions).into_iter().enumerate()
        {
            let mut words = Words { line, rest: &operands, end };
            self.instruction(index, opcode, &mut words)?;
        }
        Ok(self.builder)
    }

    fn instruction(
        &mut self,
        index: usize,
        opcode: Opcode,
        words: &mut Words<'_, 'a>,
    ) -> Result<(), AsmError> {
        let mut written = Vec::new();
        for (position, spec) in opcode.spec().operands.iter().enumerate() {
            if position > 0 {
                words.mark(',', &format!("`,` and {}", describe(spec)))?;
            }
            written.push(self.operand(index, spec, words)?);
        }
        words.end_of_line()?;
        let operands: Vec<Operand<'_>> = written.iter().map(Written::view).collect();
        // Each operand was read by its role, so they are those of the opcode.
        if let Some(instruction) = Instruction::from_operands(opcode, &operands) {
            self.builder.push(instruction);
        }
        Ok(())
    }

    fn operand(
        &mut self,
        index: usize,
        spec: &OperandSpec,
        words: &mut Words<'_, 'a>,
    ) -> Result<Written, AsmError> {
        let expected = describe(spec);
        Ok(Written::Plain(match spec.role {
            Role::In | Role::Out | Role::InOut | Role::Tagged => {
                Operand::Register(words.register(&expected)?)
            }
            Role::OptionalIn if words.rest.is_empty() => Operand::OptionalRegister(None),
            Role::OptionalIn => Operand::OptionalRegister(Some(words.register(&expected)?)),
            Role::Registers => return Ok(Written::Registers(words.register_list(&expected)?)),
            Role::Phis => return Ok(Written::Phis(self.phi_list(words, &expected)?)),
            Role::Constant | Role::Global => Operand::Constant(self.constant(words, &expected)?),
            Role::Type => Operand::Type(words.type_id(&expected)?),
            Role::Jump => Operand::Jump(self.jump(index, words, &expected)?),
            Role::Check => Operand::Check(self.check(words, &expected)?),
            Role::Scope => Operand::Scope(ScopeId(words.small_number(&expected)?)),
        }))
    }

    /// A literal, put into the pool, or `k` and the index of an entry.
    fn constant(&mut self, words: &mut Words<'_, 'a>, expected: &str) -> Result<ConstIdx, AsmError> {
        if let [first, rest @ ..] = words.rest
            && let Some(index) = first.text.strip_prefix('k').and_then(|digits| digits.parse().ok())
        {
            words.rest = rest;
            return Ok(ConstIdx(index));
        }
        let column = words.column();
        let literal = words.literal(expected)?;
        self.builder.constant(literal).map_err(|error| words.line.error(column, error.to_string()))
    }

    /// A label, or the encoded offset itself.
    fn jump(&self, index: usize, words: &mut Words<'_, 'a>, expected: &str) -> Result<JumpOffset, AsmError> {
        let column = words.column();
        let offset = match words.rest {
            [Token { kind: Kind::Int(offset), .. }, rest @ ..] => {
                words.rest = rest;
                *offset
            }
            _ => {
                let label = words.word(expected)?;
                self.label(words.line, label)? as i64 - (index as i64 + 1)
            }
        };
        let fits = i32::try_from(offset).map(JumpOffset);
        fits.map_err(|_| {
            words.line.error(column, format!("a jump of {offset} instructions does not fit 32 bits"))
        })
    }

    /// `[r0: label, r1: label]`
    fn phi_list(&self, words: &mut Words<'_, 'a>, expected: &str) -> Result<Vec<[u8; 3]>, AsmError> {
        words.list(('[', ']'), expected, |words| {
            let register = words.register("a register such as `r0`")?;
            words.mark(':', "`:` and the label of the instruction that ran before")?;
            let column = words.column();
            let place = match words.place("the label of the instruction that ran before")? {
                Place::Index(index) => index,
                Place::Label(label) => self.label(words.line, &label)?,
            };
            let label = u16::try_from(place).map_err(|_| {
                let message =
                    format!("instruction {place} cannot be a source of a phi; only the first 65536 can");
                words.line.error(column, message)
            })?;
            Ok(PhiSource { register, label }.to_bytes())
        })
    }

    /// `kind, "message"`, and the two ends where the kind takes a range.
    fn check(&mut self, words: &mut Words<'_, 'a>, expected: &str) -> Result<Check, AsmError> {
        let kind = words.assert_kind(expected)?;
        words.mark(',', "`,` and the message of the assertion")?;
        let message = self.constant(words, "the message of the assertion, a string")?;
        let condition = match kind {
            AssertKind::True => Condition::True,
            AssertKind::NonEmpty => Condition::NonEmpty,
            AssertKind::IntRange => {
                words.mark(',', "`,` and the least int of the range")?;
                let min = words.int("the least int of the range")?;
                words.mark(',', "`,` and the greatest int of the range")?;
                let max = words.int("the greatest int of the range")?;
                Condition::IntRange { min, max }
            }
        };
        Ok(Check { condition, message })
    }

    fn label(&self, line: Line<'_>, label: &Token<'_>) -> Result<usize, AsmError> {
        let known = self.labels.get(label.text).copied();
        known.ok_or_else(|| line.error(label.column, format!("no label `{}` stands anywhere", label.text)))
    }
}

/// An operand as it was read; lists own their bytes until the instruction is encoded.
enum Written {
    Plain(Operand<'static>),
    Registers(Vec<u8>),
    Phis(Vec<[u8; 3]>),
}

impl Written {
    fn view(&self) -> Operand<'_> {
        match self {
            Self::Plain(operand) => *operand,
            // The lists were read with their limit of 255, so the views are never missing.
            Self::Registers(bytes) => Operand::Registers(Registers::new(bytes).unwrap_or_default()),
            Self::Phis(bytes) => Operand::Phis(Phis::new(bytes).unwrap_or_default()),
        }
    }
}

/// The words of a line that are still to be read.
struct Words<'t, 'a> {
    line: Line<'a>,
    rest: &'t [Token<'a>],
    /// The column behind the last word.
    end: usize,
}

impl<'t, 'a> Words<'t, 'a> {
    /// Where the next word stands.
    fn column(&self) -> usize {
        self.rest.first().map_or(self.end, |token| token.column)
    }

    fn expected(&self, what: &str) -> AsmError {
        let found = match self.rest.first() {
            Some(token) => format!("`{}`", token.text),
            None => "the end of the line".to_owned(),
        };
        self.line.error(self.column(), format!("expected {what}; found {found}"))
    }

    fn end_of_line(&self) -> Result<(), AsmError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.expected("the end of the line")) }
    }

    /// The next word, if `read` can make something of it.
    fn take<T>(&mut self, what: &str, read: impl FnOnce(&'t Token<'a>) -> Option<T>) -> Result<T, AsmError> {
        let taken = self.rest.split_first().and_then(|(first, rest)| Some((read(first)?, rest)));
        let (value, rest) = taken.ok_or_else(|| self.expected(what))?;
        self.rest = rest;
        Ok(value)
    }

    fn mark(&mut self, mark: char, what: &str) -> Result<(), AsmError> {
        self.take(what, |token| (token.kind == Kind::Mark(mark)).then_some(()))
    }

    fn word(&mut self, what: &str) -> Result<&'t Token<'a>, AsmError> {
        self.take(what, |token| (token.kind == Kind::Word).then_some(token))
    }

    /// A name, with quotes or without.
    fn name(&mut self, what: &str) -> Result<String, AsmError> {
        self.take(what, |token| match &token.kind {
            Kind::String(text) => Some(text.clone()),
            Kind::Word => Some(token.text.to_owned()),
            Kind::Directive | Kind::Int(_) | Kind::Float(_) | Kind::Mark(_) => None,
        })
    }

    fn int(&mut self, what: &str) -> Result<i64, AsmError> {
        self.take(what, |token| if let Kind::Int(number) = token.kind { Some(number) } else { None })
    }

    fn small_number(&mut self, what: &str) -> Result<u16, AsmError> {
        self.take(
            what,
            |token| if let Kind::Int(number) = token.kind { u16::try_from(number).ok() } else { None },
        )
    }

    /// A label, or the index of an instruction.
    fn place(&mut self, what: &str) -> Result<Place<'a>, AsmError> {
        self.take(what, |token| match token.kind {
            Kind::Word => Some(Place::Label(token.clone())),
            Kind::Int(number) => usize::try_from(number).ok().map(Place::Index),
            Kind::Directive | Kind::Float(_) | Kind::String(_) | Kind::Mark(_) => None,
        })
    }

    fn register(&mut self, what: &str) -> Result<Reg, AsmError> {
        if let Some(token) = self.rest.first()
            && let Some(digits) = token.text.strip_prefix('r')
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && digits.parse::<u8>().is_err()
        {
            let message = format!("there is no register `{}`; they are r0 to r255", token.text);
            return Err(self.line.error(token.column, message));
        }
        self.take(what, |token| token.text.strip_prefix('r')?.parse().ok().map(Reg))
    }

    /// `(r0, r1)`
    fn register_list(&mut self, what: &str) -> Result<Vec<u8>, AsmError> {
        self.list(('(', ')'), what, |words| Ok(words.register("a register such as `r0`")?.0))
    }

    fn list<T>(
        &mut self,
        (open, close): (char, char),
        what: &str,
        mut read: impl FnMut(&mut Self) -> Result<T, AsmError>,
    ) -> Result<Vec<T>, AsmError> {
        let column = self.column();
        self.mark(open, what)?;
        let mut items = Vec::new();
        while self.mark(close, "").is_err() {
            if !items.is_empty() {
                self.mark(',', &format!("`,` or `{close}`"))?;
            }
            items.push(read(self)?);
        }
        if items.len() > usize::from(u8::MAX) {
            return Err(self
                .line
                .error(column, format!("a list of {} is too long; 255 is the most", items.len())));
        }
        Ok(items)
    }

    fn type_id(&mut self, what: &str) -> Result<TypeId, AsmError> {
        let names: Vec<&str> = TypeId::ALL.iter().map(|one| one.name()).collect();
        let what = format!("{what} ({})", names.join(", "));
        self.take(&what, |token| match token.kind {
            Kind::Word => TypeId::from_name(token.text),
            Kind::Int(number) => u16::try_from(number).ok().and_then(TypeId::from_id),
            Kind::Directive | Kind::Float(_) | Kind::String(_) | Kind::Mark(_) => None,
        })
    }

    fn assert_kind(&mut self, what: &str) -> Result<AssertKind, AsmError> {
        let names: Vec<&str> = AssertKind::ALL.iter().map(|kind| kind.name()).collect();
        let what = format!("{what} ({})", names.join(", "));
        self.take(&what, |token| match token.kind {
            Kind::Word => AssertKind::from_name(token.text),
            Kind::Int(number) => u8::try_from(number).ok().and_then(AssertKind::from_id),
            Kind::Directive | Kind::Float(_) | Kind::String(_) | Kind::Mark(_) => None,
        })
    }

    fn literal(&mut self, what: &str) -> Result<Constant, AsmError> {
        if let [nan, open, bits, close, rest @ ..] = self.rest
            && nan.text == "nan"
            && open.kind == Kind::Mark('(')
            && let Kind::Int(bits) = bits.kind
            && close.kind == Kind::Mark(')')
        {
            self.rest = rest;
            return Ok(Constant::Float(f64::from_bits(bits.cast_unsigned())));
        }
        self.take(what, |token| match &token.kind {
            Kind::Int(number) => Some(Constant::Int(*number)),
            Kind::Float(number) => Some(Constant::Float(*number)),
            Kind::String(text) => Some(Constant::String(text.clone())),
            Kind::Word => match token.text {
                "true" => Some(Constant::Bool(true)),
                "false" => Some(Constant::Bool(false)),
                "empty" => Some(Constant::Empty),
                "nan" => Some(Constant::Float(f64::NAN)),
                "inf" => Some(Constant::Float(f64::INFINITY)),
                _ => None,
            },
            Kind::Directive | Kind::Mark(_) => None,
        })
    }
}

/// The operand in words: its name, what it is, and an example.
fn describe(spec: &OperandSpec) -> String {
    format!("operand `{}`, {} such as `{}`", spec.name, spec.role.summary(), spec.role.example())
}

fn unknown_instruction(word: &str) -> String {
    let closest =
        Opcode::ALL.iter().map(|opcode| opcode.spec().mnemonic).min_by_key(|known| distance(known, word));
    match closest.filter(|known| distance(known, word) <= 2) {
        Some(known) => format!("unknown instruction `{word}`; did you mean `{known}`?"),
        None => format!("unknown instruction `{word}`"),
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
