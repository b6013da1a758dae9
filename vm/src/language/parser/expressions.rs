//! Expressions. Operators are sorted by their groups with a stack of chains that are not complete, so that only what is in
//! parentheses and the like takes recursion, and that has a limit.

use super::{Parser, Read, Stop};
use crate::language::ast::{Arm, Expression, ExpressionKind, Id, Link, Position};
use crate::language::lexer::{Kind, Token};
use crate::language::tables::{Group, Operator, Problem, Word, limits};
use crate::language::url::is_url;

/// A chain whose end is not reached: its operands so far, and the operator before the next.
struct Pending {
    group: Group,
    first: Id,
    /// The token that `first` begins with.
    first_token: usize,
    /// Where its links begin on the stack of links.
    links: usize,
    operator: (Operator, u32),
}

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Read<Id> {
        self.expression_from(None)
    }

    /// Reads an expression whose first operand was read already, where there is one; it began at that token.
    pub(super) fn expression_from(&mut self, first: Option<(Id, usize)>) -> Read<Id> {
        let before = self.nesting;
        let value = self.conditional(first);
        self.nesting = before;
        value
    }

    /// Reads values with conditions, and one without. Each condition and the value behind its else are a level of nesting; the
    /// values take none here.
    fn conditional(&mut self, first: Option<(Id, usize)>) -> Read<Id> {
        let mut value = self.infix(Group::Or, first)?;
        let mut arms = Vec::new();
        while self.is_word(Word::If) {
            self.go_deeper(1)?;
            self.nesting += 1;
            self.position += 1;
            let condition = self.expression()?;
            arms.push(Arm { value, condition });
            let mark = self.position;
            self.takes_kind(|kind| matches!(kind, Kind::Comma | Kind::Semicolon));
            if !self.takes(Word::Else) {
                self.position = mark;
                let (at, end) = self.span();
                return Err(Stop::new(at, end, Problem::MissingElse));
            }
            value = self.infix(Group::Or, None)?;
        }
        if arms.is_empty() {
            return Ok(value);
        }
        let from = self.program.arms.len() as u32;
        self.program.arms.extend(arms);
        let arms = from..self.program.arms.len() as u32;
        let at = self.program.expression(value).at;
        Ok(self.node(at, ExpressionKind::Conditional { arms, otherwise: value }))
    }

    /// Reads operands and infix operators, of groups from `least` on.
    pub(super) fn infix(&mut self, least: Group, first: Option<(Id, usize)>) -> Read<Id> {
        let links = self.link_stack.len();
        let read = self.infix_with(least, first);
        self.link_stack.truncate(links);
        read
    }

    fn infix_with(&mut self, least: Group, first: Option<(Id, usize)>) -> Read<Id> {
        let mut pending: Vec<Pending> = Vec::new();
        let (mut operand, mut operand_token) = match first {
            Some(first) => first,
            None => {
                let token = self.position;
                (self.operand(true)?, token)
            }
        };
        loop {
            let next = self.infix_operator().filter(|operator| operator.group() >= least);
            while let Some(chain) = pending.pop_if(|chain| next.is_none_or(|next| chain.group > next.group()))
            {
                operand_token = chain.first_token;
                operand = self.finish_chain(chain, operand);
            }
            let Some(operator) = next else { return Ok(operand) };
            let at = self.span().0;
            self.position += 1;
            match pending.last_mut() {
                Some(chain) if chain.group == operator.group() => {
                    let (before, before_at) = std::mem::replace(&mut chain.operator, (operator, at));
                    self.link_stack.push(Link { operator: before, at: before_at, operand });
                }
                Some(_) | None => pending.push(Pending {
                    group: operator.group(),
                    first: operand,
                    first_token: operand_token,
                    links: self.link_stack.len(),
                    operator: (operator, at),
                }),
            }
            operand_token = self.position;
            operand = self.operand(true)?;
        }
    }

    fn finish_chain(&mut self, chain: Pending, operand: Id) -> Id {
        self.warn_of_not(chain.group, chain.first_token);
        let (operator, at) = chain.operator;
        let from = self.program.links.len() as u32;
        self.program.links.extend(self.link_stack.drain(chain.links..));
        self.program.links.push(Link { operator, at, operand });
        let links = from..self.program.links.len() as u32;
        self.node(at, ExpressionKind::Chain { first: chain.first, links })
    }

    /// Warns where a comparison's left operand begins with a `not` (rule NotTight).
    fn warn_of_not(&mut self, group: Group, first_token: usize) {
        if matches!(group, Group::Equality | Group::Order)
            && let Some(token) = self.tokens.tokens.get(first_token)
            && prefix_operator(token) == Some(Operator::Not)
        {
            self.reports.add(token.start, token.end, Problem::NotBindsTighter);
        }
    }

    fn infix_operator(&self) -> Option<Operator> {
        let token = self.token()?;
        if let Some(spelling) = token.spelling() {
            return spelling.operator.filter(|operator| operator.group() < Group::Prefix);
        }
        let Kind::Sign(operators) = token.kind else { return None };
        let infix = operators.iter().copied().find(|operator| operator.group() < Group::Prefix);
        infix.filter(|infix| !(*infix == Operator::Minus && self.is_item_dash()))
    }

    /// Reads prefix operators and their operand; `-` and `not` only where they may be.
    fn operand(&mut self, may_have_sign: bool) -> Read<Id> {
        let mut prefixes: Vec<(Operator, u32)> = Vec::new();
        let mut may_have_sign = may_have_sign;
        while let Some(operator) = self.token().and_then(prefix_operator) {
            if operator.group() == Group::Prefix && !may_have_sign {
                break;
            }
            may_have_sign = operator.group() == Group::Prefix;
            self.go_deeper(1 + prefixes.len() as u32)?;
            prefixes.push((operator, self.span().0));
            self.position += 1;
        }
        self.nesting += prefixes.len() as u32;
        let operand = self.primary();
        self.nesting -= prefixes.len() as u32;
        let mut operand = operand?;
        for (operator, at) in prefixes.into_iter().rev() {
            operand = self.node(at, ExpressionKind::Prefix { operator, operand });
        }
        Ok(operand)
    }

    /// Fails where the token goes deeper than the limit, `more` levels from here.
    fn go_deeper(&self, more: u32) -> Read<()> {
        if self.nesting + more > limits::NESTING {
            let (at, end) = self.span();
            let problem = Problem::TooDeep { limit: u64::from(limits::NESTING) };
            return Err(Stop { is_final: true, ..Stop::new(at, end, problem) });
        }
        Ok(())
    }

    /// Reads what goes a level deeper than the token that is here.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.go_deeper(1)?;
        self.nesting += 1;
        let result = read(self);
        self.nesting -= 1;
        result
    }

    pub(super) fn primary(&mut self) -> Read<Id> {
        let Some(token) = self.token().copied() else {
            return Err(self.expected(|found| Problem::ExpectedExpression { found }));
        };
        let kind = match token.kind {
            Kind::Whole { value, .. } => ExpressionKind::Whole(value),
            Kind::Float(value) => ExpressionKind::Float(value),
            Kind::Truth(value) => ExpressionKind::Truth(value),
            Kind::Empty => ExpressionKind::Empty,
            Kind::Text { from, to } => {
                let is_url = is_url(&self.text[from as usize..to as usize]);
                ExpressionKind::Text { from, to, is_url }
            }
            Kind::Name { symbol, bare: _ } => ExpressionKind::Name(symbol),
            Kind::Possessive(name) => {
                let key = self.deeper(|parser| {
                    parser.position += 1;
                    parser.key()
                })?;
                return Ok(self.node(token.start, ExpressionKind::Key { name, key }));
            }
            Kind::Open => {
                return self.deeper(|parser| {
                    parser.position += 1;
                    let inner = parser.expression()?;
                    if parser.takes_kind(|kind| matches!(kind, Kind::Close)) {
                        Ok(inner)
                    } else {
                        Err(Stop::new(token.start, token.end, Problem::UnclosedParenthesis))
                    }
                });
            }
            Kind::Spelled(spelling) => match spelling.word {
                Some(Word::Yes) => ExpressionKind::Truth(true),
                Some(Word::No) => ExpressionKind::Truth(false),
                Some(Word::Empty) => ExpressionKind::Empty,
                Some(_) | None if self.begins_place() => return self.item(),
                Some(_) | None => {
                    return Err(self.expected(|found| Problem::ExpectedExpression { found }));
                }
            },
            Kind::Sign(_)
            | Kind::Period
            | Kind::Comma
            | Kind::Colon
            | Kind::Semicolon
            | Kind::Close
            | Kind::Bad(_) => return Err(self.expected(|found| Problem::ExpectedExpression { found })),
        };
        self.position += 1;
        Ok(self.node(token.start, kind))
    }

    /// Reads the key behind `'s`: a literal, a name, an expression in parentheses, or another key.
    pub(super) fn key(&mut self) -> Read<Id> {
        if self.begins_place() {
            return Err(self.expected(|found| Problem::ExpectedExpression { found }));
        }
        self.primary()
    }

    pub(super) fn begins_place(&self) -> bool {
        let word = self.token().and_then(Token::spelling).and_then(|spelling| spelling.word);
        matches!(word, Some(Word::First | Word::Second | Word::Third | Word::Last | Word::Item))
    }

    fn item(&mut self) -> Read<Id> {
        self.deeper(|parser| {
            let at = parser.span().0;
            let place = parser.place()?;
            parser.item_of(at, place)
        })
    }

    /// Reads the list behind a place.
    pub(super) fn item_of(&mut self, at: u32, place: Position) -> Read<Id> {
        self.expect_word(Word::Of)?;
        let list = self.operand(false)?;
        Ok(self.node(at, ExpressionKind::Item { place, list }))
    }

    /// Reads `first item` and its like, or `item` and an expression.
    pub(super) fn place(&mut self) -> Read<Position> {
        let fixed = [(Word::First, 0), (Word::Second, 1), (Word::Third, 2)];
        for (word, index) in fixed {
            if self.takes(word) {
                self.expect_word(Word::Item)?;
                return Ok(Position::Fixed(index));
            }
        }
        if self.takes(Word::Last) {
            self.expect_word(Word::Item)?;
            return Ok(Position::Last);
        }
        self.expect_word(Word::Item)?;
        self.expression().map(Position::At)
    }

    fn node(&mut self, at: u32, kind: ExpressionKind) -> Id {
        self.program.expressions.push(Expression { at, kind });
        Id(self.program.expressions.len() as u32 - 1)
    }
}

/// The prefix operator that the token is.
fn prefix_operator(token: &Token) -> Option<Operator> {
    if let Some(spelling) = token.spelling() {
        return spelling.operator.filter(|operator| operator.group() >= Group::Prefix);
    }
    let Kind::Sign(operators) = token.kind else { return None };
    operators.iter().copied().find(|operator| operator.group() >= Group::Prefix)
}
