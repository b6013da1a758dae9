//! The words of a line that are still to be read, and what they can be read as.

use super::lex::{Kind, Lexer, Line, Token, shown};
use super::mistakes::Mistake;
use crate::isa::{ConstIdx, Reg};
use crate::module::{Constant, Payload};
use crate::values::{AssertKind, TypeId};

/// A place in the code, as it is written.
pub(super) enum Place<'a> {
    Index(usize),
    Label(Token<'a>),
}

pub(super) struct Words<'a> {
    lexer: Lexer<'a>,
    /// The next word, if it was looked at.
    next: Option<Token<'a>>,
}

/// A jump as it is written.
pub(super) enum Written<'a> {
    Number(i64),
    Label(Token<'a>),
}

impl<'a> Words<'a> {
    pub(super) fn new(line: Line<'a>) -> Self {
        Self { lexer: Lexer::new(line), next: None }
    }

    pub(super) fn line(&self) -> Line<'a> {
        self.lexer.line
    }

    /// The next word, whatever it is.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, Mistake> {
        self.peek()?;
        Ok(self.next.take())
    }

    /// The next word, which stays the next one.
    pub(super) fn peek(&mut self) -> Result<Option<&Token<'a>>, Mistake> {
        if self.next.is_none() {
            self.next = self.lexer.next()?;
        }
        Ok(self.next.as_ref())
    }

    /// The next word, if it is a label that is here.
    pub(super) fn label(&mut self) -> Option<Token<'a>> {
        let label = self.peek().ok()?.filter(|token| token.kind == Kind::Word)?.clone();
        let mut behind = self.lexer.clone();
        let mark = behind.next().ok()??;
        if mark.kind != Kind::Mark(':') {
            return None;
        }
        *self = Self { lexer: behind, next: None };
        Some(label)
    }

    /// Where the next word is; at the end of the line, behind the last.
    pub(super) fn column(&mut self) -> Result<usize, Mistake> {
        let next = self.peek()?.map(|token| token.column);
        Ok(next.unwrap_or(self.lexer.column()))
    }

    fn expected(&mut self, what: impl Fn() -> String) -> Mistake {
        let found = match self.peek() {
            Ok(Some(token)) => shown(token.text),
            Ok(None) => "the end of the line".to_owned(),
            Err(mistake) => return mistake,
        };
        let column = self.next.as_ref().map_or(self.lexer.column(), |token| token.column);
        self.line().mistake(column, format!("expected {}; found {found}", what()))
    }

    pub(super) fn end_of_line(&mut self) -> Result<(), Mistake> {
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(self.expected(|| "the end of the line".to_owned())),
        }
    }

    /// The next word, if `read` can make something of it.
    fn take<T>(
        &mut self,
        what: impl Fn() -> String,
        read: impl FnOnce(&Token<'a>) -> Option<T>,
    ) -> Result<T, Mistake> {
        self.peek()?;
        match self.next.as_ref().and_then(read) {
            Some(value) => {
                self.next = None;
                Ok(value)
            }
            None => Err(self.expected(what)),
        }
    }

    /// Takes the mark, if it comes next.
    fn takes_mark(&mut self, mark: char) -> Result<bool, Mistake> {
        let is_next = self.peek()?.is_some_and(|token| token.kind == Kind::Mark(mark));
        if is_next {
            self.next = None;
        }
        Ok(is_next)
    }

    pub(super) fn mark(&mut self, mark: char, what: impl Fn() -> String) -> Result<(), Mistake> {
        if self.takes_mark(mark)? { Ok(()) } else { Err(self.expected(what)) }
    }

    /// A name, with quotes or without.
    pub(super) fn name(&mut self, what: impl Fn() -> String) -> Result<String, Mistake> {
        self.take(what, |token| match &token.kind {
            Kind::String(text) => Some(text.clone()),
            Kind::Word => Some(token.text.to_owned()),
            Kind::Directive | Kind::Int(_) | Kind::Float(_) | Kind::Mark(_) => None,
        })
    }

    pub(super) fn int(&mut self, what: impl Fn() -> String) -> Result<i64, Mistake> {
        self.take(what, |token| if let Kind::Int(number) = token.kind { Some(number) } else { None })
    }

    pub(super) fn small_number(&mut self, what: impl Fn() -> String) -> Result<u16, Mistake> {
        self.take(
            what,
            |token| if let Kind::Int(number) = token.kind { u16::try_from(number).ok() } else { None },
        )
    }

    /// A label, or an encoded offset.
    pub(super) fn jump(&mut self, what: impl Fn() -> String) -> Result<Written<'a>, Mistake> {
        self.take(what, |token| match token.kind {
            Kind::Word => Some(Written::Label(token.clone())),
            Kind::Int(number) => Some(Written::Number(number)),
            Kind::Directive | Kind::Float(_) | Kind::String(_) | Kind::Mark(_) => None,
        })
    }

    /// A label, or the index of an instruction.
    pub(super) fn place(&mut self, what: impl Fn() -> String) -> Result<Place<'a>, Mistake> {
        self.take(what, |token| match token.kind {
            Kind::Word => Some(Place::Label(token.clone())),
            Kind::Int(number) => usize::try_from(number).ok().map(Place::Index),
            Kind::Directive | Kind::Float(_) | Kind::String(_) | Kind::Mark(_) => None,
        })
    }

    /// `k3`, the index of a constant, if that comes next.
    pub(super) fn pooled(&mut self) -> Result<Option<ConstIdx>, Mistake> {
        let index = self.peek()?.and_then(|token| token.text.strip_prefix('k')?.parse().ok());
        if index.is_some() {
            self.next = None;
        }
        Ok(index.map(ConstIdx))
    }

    pub(super) fn register(&mut self, what: impl Fn() -> String) -> Result<Reg, Mistake> {
        if let Some(token) = self.peek()?
            && let Some(digits) = token.text.strip_prefix('r')
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && digits.parse::<u8>().is_err()
        {
            let message = format!("there is no register {}; they are r0 to r255", shown(token.text));
            let column = token.column;
            return Err(self.line().mistake(column, message));
        }
        self.take(what, |token| token.text.strip_prefix('r')?.parse().ok().map(Reg))
    }

    /// `(r0, r1)`
    pub(super) fn register_list(&mut self, what: impl Fn() -> String) -> Result<Vec<u8>, Mistake> {
        self.list(('(', ')'), what, |words| Ok(words.register(|| "a register such as `r0`".to_owned())?.0))
    }

    pub(super) fn list<T>(
        &mut self,
        (open, close): (char, char),
        what: impl Fn() -> String,
        mut read: impl FnMut(&mut Self) -> Result<T, Mistake>,
    ) -> Result<Vec<T>, Mistake> {
        let column = self.column()?;
        self.mark(open, what)?;
        let mut items = Vec::new();
        while !self.takes_mark(close)? {
            if !items.is_empty() {
                self.mark(',', || format!("`,` or `{close}`"))?;
            }
            items.push(read(self)?);
        }
        if items.len() > usize::from(u8::MAX) {
            let message = format!("a list of {} is too long; 255 is the most", items.len());
            return Err(self.line().mistake(column, message));
        }
        Ok(items)
    }

    pub(super) fn type_id(&mut self, what: impl Fn() -> String) -> Result<TypeId, Mistake> {
        let one_of = || one_of(what(), TypeId::ALL.iter().map(|one| one.name()));
        self.take(one_of, |token| match token.kind {
            Kind::Word => TypeId::from_name(token.text),
            Kind::Int(number) => u16::try_from(number).ok().and_then(TypeId::from_id),
            Kind::Directive | Kind::Float(_) | Kind::String(_) | Kind::Mark(_) => None,
        })
    }

    pub(super) fn assert_kind(&mut self, what: impl Fn() -> String) -> Result<AssertKind, Mistake> {
        let one_of = || one_of(what(), AssertKind::ALL.iter().map(|kind| kind.name()));
        self.take(one_of, |token| match token.kind {
            Kind::Word => AssertKind::from_name(token.text),
            Kind::Int(number) => u8::try_from(number).ok().and_then(AssertKind::from_id),
            Kind::Directive | Kind::Float(_) | Kind::String(_) | Kind::Mark(_) => None,
        })
    }

    /// A constant: its payload, or the name of its type and the payload in parentheses.
    pub(super) fn literal(&mut self, what: impl Fn() -> String + Copy) -> Result<Constant, Mistake> {
        let typed = self.peek()?.filter(|token| token.kind == Kind::Word);
        let typed = typed.and_then(|token| TypeId::from_name(token.text));
        // `empty` is a payload, too.
        if let Some(ty) = typed.filter(|ty| *ty != TypeId::Empty && Constant::KINDS.contains(ty)) {
            self.next = None;
            self.mark('(', || format!("`(` and what the {} is", ty.name()))?;
            let column = self.column()?;
            let payload = self.payload(what)?;
            self.mark(')', || "`)`".to_owned())?;
            let (wanted, found) = (ty.name(), payload.type_id().name());
            let message = || format!("expected what the {wanted} is; found a literal of the type {found}");
            return Constant::new(ty, payload).ok_or_else(|| self.line().mistake(column, message()));
        }
        let column = self.column()?;
        let payload = self.payload(what)?;
        let ty = payload.type_id();
        Constant::new(ty, payload).ok_or_else(|| {
            self.line().mistake(column, format!("there is no constant of the type {}", ty.name()))
        })
    }

    /// What a constant is encoded as, behind its tag.
    fn payload(&mut self, what: impl Fn() -> String) -> Result<Payload<String>, Mistake> {
        const NAN: u64 = f64::NAN.to_bits();
        let payload = self.take(what, |token| match &token.kind {
            Kind::Int(number) => Some(Payload::Int(*number)),
            Kind::Float(number) => Some(Payload::Float(number.to_bits())),
            Kind::String(text) => Some(Payload::Text(text.clone())),
            Kind::Word => match token.text {
                "true" => Some(Payload::Bool(true)),
                "false" => Some(Payload::Bool(false)),
                "empty" => Some(Payload::Nothing),
                "nan" => Some(Payload::Float(NAN)),
                "inf" => Some(Payload::Float(f64::INFINITY.to_bits())),
                _ => None,
            },
            Kind::Directive | Kind::Mark(_) => None,
        })?;
        // Behind `nan` alone its bits may follow: no other payload is followed by a parenthesis.
        if payload == Payload::Float(NAN) && self.takes_mark('(')? {
            let bits = self.int(|| "the bits of the NaN such as `0x7ff8000000000000`".to_owned())?;
            self.mark(')', || "`)`".to_owned())?;
            return Ok(Payload::Float(bits.cast_unsigned()));
        }
        Ok(payload)
    }
}

/// What was expected, and the names it may have.
fn one_of<'n>(what: String, names: impl Iterator<Item = &'n str>) -> String {
    format!("{what} ({})", names.collect::<Vec<_>>().join(", "))
}
