//! Statements, one form each.

use super::{Parser, Read, Stop, suggest_word};
use crate::language::ast::{Argument, Call, Named, Statement, StatementKind, Value};
use crate::language::diagnostics::Help;
use crate::language::lexer::{Kind, Token, is_name};
use crate::language::tables::{
    DiagnosticKind, FORMS, Group, Problem, StatementWord, Types, Word, WordRole, hint_for_habit,
};

impl Parser<'_> {
    /// Reads a statement at a depth, and adds it to the body that is read.
    pub(super) fn statement(&mut self, depth: u32) {
        let (at, end) = self.span();
        self.nesting = self.body().nesting(depth);
        self.partial = None;
        self.statement_word = None;
        self.list = None;
        let is_alone = self.is_word(Word::Else) && !self.body().takes_else(depth);
        let read = if is_alone { self.lonely_else() } else { self.statement_kind(depth) };
        let is_faulty = read.is_err();
        let kind = match read {
            Ok(kind) => Some(kind),
            Err(stop) => {
                self.report(stop);
                self.skip_statement();
                self.partial.take()
            }
        };
        let Some(kind) = kind else {
            let statement = Statement { at, depth, end: 0, kind: StatementKind::Block };
            return if self.ends_as_header() {
                self.add(statement, None, end);
            } else {
                // What could not be read is in its block all the same.
                let (body, reports) = self.body_and_reports();
                body.add(statement, end, reports);
            };
        };
        let colon = (!is_faulty).then(|| self.last_end() - 1);
        self.add(Statement { at, depth, end: 0, kind }, colon, end);
    }

    /// An `Else` without an If of its depth before it. Its block is read for what else may be wrong in it.
    fn lonely_else(&mut self) -> Read<StatementKind> {
        let (at, end) = self.span();
        let problem = Problem::UnexpectedElse { word: self.slice(at, end) };
        self.position += 1;
        self.partial = Some(StatementKind::Block);
        Err(Stop { is_final: true, ..Stop::new(at, end, problem) })
    }

    /// Whether the paragraph ends here, with a colon: a block may follow.
    fn ends_as_header(&self) -> bool {
        let last = self.position.checked_sub(1).and_then(|last| self.tokens.tokens.get(last));
        self.token().is_none() && last.is_some_and(|token| matches!(token.kind, Kind::Colon))
    }

    /// Adds a statement whose first token ends at `end`, and opens its block, if it has one.
    fn add(&mut self, statement: Statement, colon: Option<u32>, end: u32) {
        let (at, depth) = (statement.at, statement.depth);
        let has_block = match statement.kind {
            StatementKind::If { .. }
            | StatementKind::ElseIf { .. }
            | StatementKind::Else
            | StatementKind::While { .. }
            | StatementKind::ForEach { .. }
            | StatementKind::Block => true,
            StatementKind::Define { .. }
            | StatementKind::Set { .. }
            | StatementKind::SetBlank { .. }
            | StatementKind::SetList { .. }
            | StatementKind::Call { .. }
            | StatementKind::SetItem { .. }
            | StatementKind::SetKey { .. }
            | StatementKind::Say { .. }
            | StatementKind::GiveBack { .. }
            | StatementKind::Add { .. }
            | StatementKind::Remove { .. }
            | StatementKind::RemoveItem { .. }
            | StatementKind::Insert { .. }
            | StatementKind::Clear { .. }
            | StatementKind::Value { .. } => false,
        };
        let is_else = matches!(statement.kind, StatementKind::ElseIf { .. } | StatementKind::Else);
        let (body, reports) = self.body_and_reports();
        if is_else {
            body.add_else(statement, reports);
        } else {
            body.add(statement, end, reports);
        }
        if has_block {
            body.open(depth, colon, (at, end), reports);
        }
    }

    /// Reports what is wrong with a statement or an item.
    pub(super) fn report(&mut self, stop: Stop) {
        let (from, to) = if stop.is_final { (stop.at, stop.end) } else { self.span() };
        let is_final = stop.is_final;
        let Stop { at, end, problem, suggestion, is_final: _ } = self.settled(stop);
        let hint = if is_final { None } else { self.hint_for(&problem) };
        let hint = hint.or_else(|| {
            let habit = if is_final { hint_for_habit(&self.slice(from, to)) } else { None };
            habit.map(str::to_owned)
        });
        self.reports.help(at, end, problem, || Help { suggestion, hint });
    }

    /// What helps against a problem at this token, by what is around it.
    fn hint_for(&self, problem: &Problem) -> Option<String> {
        let before = self.position.checked_sub(1).and_then(|before| self.tokens.tokens.get(before));
        let is_bare = |token: Option<&Token>| {
            token.is_some_and(|token| matches!(token.kind, Kind::Name { bare: true, .. }))
        };
        if let (true, Some(before), Some(token)) =
            (is_bare(before) && is_bare(self.token()), before, self.token())
        {
            return Some(format!(
                "a name of several words stands in backticks: `{} {}`",
                self.slice(before.start, before.end),
                self.slice(token.start, token.end)
            ));
        }
        if matches!(problem, Problem::UnterminatedText { quote } if quote == "_") {
            return Some("an underscore stands behind the closing quote, too: _\"tea\"_".to_owned());
        }
        let (from, to) = self.span();
        // What begins a line has begun another statement.
        let is_next = self.token().is_none_or(|token| token.begins_line);
        if !is_next && let Some(hint) = hint_for_habit(&self.slice(from, to)) {
            return Some(hint.to_owned());
        }
        let kind = problem.kind();
        let is_about_form = matches!(
            kind,
            DiagnosticKind::ExpectedWord | DiagnosticKind::ExpectedExpression | DiagnosticKind::ExpectedType
        ) || kind == DiagnosticKind::MissingPeriod && !is_next;
        let form = FORMS.iter().find(|(word, _)| Some(*word) == self.statement_word);
        form.filter(|_| is_about_form).map(|(_, form)| format!("the form is {form}"))
    }

    /// Goes behind the next period that ends a line, or to the end of the paragraph.
    fn skip_statement(&mut self) {
        while let Some(token) = self.tokens.tokens.get(self.position) {
            self.position += 1;
            let is_last = self.tokens.tokens.get(self.position).is_none_or(|next| next.begins_line);
            if matches!(token.kind, Kind::Period) && is_last && self.ends_line(token.end) {
                break;
            }
        }
    }

    fn statement_kind(&mut self, depth: u32) -> Read<StatementKind> {
        let word = self.token().and_then(|token| token.spelling()).and_then(|spelling| spelling.word);
        let Some((word, statement)) = word.and_then(|word| Some((word, word.statement()?))) else {
            return self.value_statement();
        };
        let (at, end) = self.span();
        self.position += 1;
        self.statement_word = Some(word);
        match statement {
            StatementWord::Define => self.define(),
            StatementWord::Set => self.set(depth),
            StatementWord::Say => {
                let value = self.expression()?;
                self.ended(StatementKind::Say { value })
            }
            StatementWord::GiveBack => {
                let value = self.expression()?;
                self.ended(StatementKind::GiveBack { value })
            }
            StatementWord::Use => {
                let call = self.call()?;
                self.ended(StatementKind::Call { target: None, call })
            }
            StatementWord::If => {
                let condition =
                    self.if_header(self.slice(at, end), |condition| StatementKind::If { condition })?;
                Ok(condition)
            }
            StatementWord::Else => {
                let (if_at, if_end) = self.span();
                if self.takes(Word::If) {
                    let what = self.slice(if_at, if_end);
                    return self.if_header(what, |condition| StatementKind::ElseIf { condition });
                }
                self.partial = Some(StatementKind::Else);
                self.colon(self.slice(at, end))?;
                Ok(StatementKind::Else)
            }
            StatementWord::While => {
                self.partial = Some(StatementKind::While { condition: None });
                let condition = Some(self.expression()?);
                self.colon(self.slice(at, end))?;
                Ok(StatementKind::While { condition })
            }
            StatementWord::ForEach => self.for_each(self.slice(at, end)),
            StatementWord::Add => self.add_to(),
            StatementWord::Remove => self.remove(),
            StatementWord::Insert => {
                let value = self.expression()?;
                self.takes(Word::Position);
                let position = self.expression()?;
                self.expect_word(Word::In)?;
                let name = self.name()?;
                self.ended(StatementKind::Insert { value, position, name })
            }
            StatementWord::Update => {
                let key = self.expression()?;
                self.expect_word(Word::In)?;
                let name = self.name()?;
                self.expect_word(Word::To)?;
                let value = self.expression()?;
                self.ended(StatementKind::SetKey { name, key, value })
            }
            StatementWord::Clear => {
                let name = self.name()?;
                self.ended(StatementKind::Clear { name })
            }
        }
    }

    /// Reads an expression as a statement.
    fn value_statement(&mut self) -> Read<StatementKind> {
        let first = self.token().copied();
        let mut unexpected = self.expected(|found| Problem::ExpectedStatement { found });
        if let Some(Kind::Name { symbol, bare: true }) = first.map(|token| token.kind) {
            let spelling = self.program.names.spelling(symbol);
            unexpected.suggestion = suggest_word(spelling, |spelling| {
                spelling.word.is_some_and(|word| word.role() == WordRole::Statement)
            });
        }
        let begin = self.position;
        let is_bare = first.is_some_and(|token| matches!(token.kind, Kind::Name { bare: true, .. }));
        let read = self.expression().and_then(|value| self.ended(StatementKind::Value { value }));
        let kind = match read {
            Ok(kind) => kind,
            Err(_) if is_bare => return Err(Stop { is_final: true, ..unexpected }),
            Err(_) if self.position == begin => return Err(unexpected),
            Err(stop) => return Err(stop),
        };
        if let Some(token) = first {
            self.reports.add(token.start, token.end, Problem::UnusedValue);
        }
        Ok(kind)
    }

    fn ended(&mut self, kind: StatementKind) -> Read<StatementKind> {
        self.period()?;
        Ok(kind)
    }

    pub(super) fn period(&mut self) -> Read<()> {
        if self.takes_kind(|kind| matches!(kind, Kind::Period)) {
            return Ok(());
        }
        let end = self.last_end();
        Err(Stop::new(end, end, Problem::MissingPeriod))
    }

    fn colon(&mut self, what: String) -> Read<()> {
        if self.takes_kind(|kind| matches!(kind, Kind::Colon)) {
            return Ok(());
        }
        let (at, end) = self.span();
        Err(Stop::new(at, end, Problem::MissingColon { what }))
    }

    pub(super) fn name(&mut self) -> Read<Named> {
        let at = self.span().0;
        match self.token().map(|token| token.kind) {
            Some(Kind::Name { symbol, bare: _ }) => {
                self.position += 1;
                Ok(Named { symbol, at })
            }
            _ => Err(self.expected(|found| Problem::ExpectedName { found })),
        }
    }

    fn value(&mut self) -> Read<Value> {
        let at = self.span().0;
        Ok(Value { expression: self.expression()?, at })
    }

    /// Whether nothing is on the line behind a place: fillers are something, but no tokens.
    fn ends_line(&self, at: u32) -> bool {
        let behind = self.text[at as usize..].lines().next().unwrap_or_default();
        behind.chars().all(|end| end.is_whitespace() || matches!(end, '*' | '\\'))
    }

    fn define(&mut self) -> Read<StatementKind> {
        if let Some(name) = self.open_name() {
            self.partial = Some(StatementKind::Define { name, types: None, default: None });
        }
        let name = self.name()?;
        self.partial = Some(StatementKind::Define { name, types: None, default: None });
        self.expect_word(Word::As)?;
        let types = Some(self.types()?);
        self.partial = Some(StatementKind::Define { name, types, default: None });
        let mut default = None;
        if let Some(open) = self.token().copied().filter(|token| matches!(token.kind, Kind::Open)) {
            self.position += 1;
            default = Some(self.default_value()?);
            if !self.takes_kind(|kind| matches!(kind, Kind::Close)) {
                return Err(Stop::new(open.start, open.end, Problem::UnclosedParenthesis));
            }
        }
        self.ended(StatementKind::Define { name, types, default })
    }

    /// The name behind a backtick that nothing closes, up to the word `as`.
    fn open_name(&mut self) -> Option<Named> {
        let token = self.token().copied()?;
        let Kind::Bad(index) = token.kind else { return None };
        if !matches!(self.tokens.bad.get(index as usize)?.problem, Problem::UnterminatedName) {
            return None;
        }
        let text = &self.text[token.start as usize + 1..token.end as usize];
        let length = [" as ", " **as** "].iter().filter_map(|word| text.find(word)).min()?;
        let name = text.get(..length).filter(|name| is_name(name))?;
        Some(Named { symbol: self.program.names.symbol(name), at: token.start })
    }

    /// Reads `default: EXPRESSION`.
    pub(super) fn default_value(&mut self) -> Read<Value> {
        self.expect_word(Word::Default)?;
        if !self.takes_kind(|kind| matches!(kind, Kind::Colon)) {
            return Err(self.expected(|found| Problem::ExpectedWord { expected: ":".to_owned(), found }));
        }
        self.value()
    }

    /// Reads types with `or` between them.
    pub(super) fn types(&mut self) -> Read<Types> {
        let mut types = Types::default();
        loop {
            let declared =
                self.token().and_then(|token| token.spelling()).and_then(|spelling| spelling.declared_type);
            let Some(declared) = declared else {
                let mut stop = self.expected(|found| Problem::ExpectedType { found });
                if let Some(Kind::Name { symbol, .. }) = self.token().map(|token| token.kind) {
                    let spelling = self.program.names.spelling(symbol);
                    stop.suggestion = suggest_word(spelling, |spelling| spelling.declared_type.is_some());
                }
                return Err(stop);
            };
            types.insert(declared);
            self.position += 1;
            if !self.takes(Word::Or) {
                return Ok(types);
            }
        }
    }

    fn set(&mut self, depth: u32) -> Read<StatementKind> {
        if self.begins_place() {
            let place_at = self.span().0;
            let place = self.deeper(Self::place)?;
            self.expect_word(Word::Of)?;
            let name = self.name()?;
            self.expect_word(Word::To)?;
            let value = self.expression()?;
            return self.ended(StatementKind::SetItem { place, place_at, name, value });
        }
        if let Some(Kind::Possessive(symbol)) = self.token().map(|token| token.kind) {
            let name = Named { symbol, at: self.span().0 };
            self.position += 1;
            let key = self.key()?;
            self.expect_word(Word::To)?;
            let value = self.expression()?;
            return self.ended(StatementKind::SetKey { name, key, value });
        }
        let name = self.name()?;
        if self.takes(Word::Using) {
            let call = self.call()?;
            return self.ended(StatementKind::Call { target: Some(name), call });
        }
        if !self.takes(Word::To) {
            let expected = Word::To.spelling().to_owned();
            return Err(self.expected(|found| Problem::ExpectedWord { expected, found }));
        }
        match self.blank_or_list(name, depth) {
            Some(Ok(kind @ StatementKind::SetBlank { .. })) => self.ended(kind),
            Some(read) => read,
            None => {
                let value = self.value()?;
                self.ended(StatementKind::Set { name, value })
            }
        }
    }

    fn call(&mut self) -> Read<Call> {
        let function = self.name()?;
        let mut arguments = Vec::new();
        let is_named = self.is_word(Word::Where);
        if self.takes(Word::With) || self.takes(Word::Where) {
            loop {
                arguments.push(self.argument(is_named)?);
                if !self.takes_kind(|kind| matches!(kind, Kind::Comma)) && !self.takes(Word::And) {
                    break;
                }
            }
        }
        let from = self.program.arguments.len() as u32;
        self.program.arguments.extend(arguments);
        Ok(Call { function, arguments: from..self.program.arguments.len() as u32 })
    }

    fn argument(&mut self, is_named: bool) -> Read<Argument> {
        let first = self.position;
        let as_argument = |parser: &Self, stop: Stop| {
            if parser.position == first {
                parser.expected(|found| Problem::ExpectedArgument { found })
            } else {
                stop
            }
        };
        let name = if is_named {
            let name = self.name().map_err(|stop| as_argument(self, stop))?;
            self.expect_word(Word::Is)?;
            Some(name)
        } else {
            None
        };
        let at = self.span().0;
        let before = self.position;
        match self.infix(Group::Equality, None) {
            Ok(expression) => Ok(Argument { name, value: Value { expression, at } }),
            Err(_) if self.position == before => {
                Err(self.expected(|found| Problem::ExpectedArgument { found }))
            }
            Err(stop) => Err(stop),
        }
    }

    fn if_header(
        &mut self,
        what: String,
        kind: impl Fn(Option<crate::language::ast::Id>) -> StatementKind,
    ) -> Read<StatementKind> {
        self.partial = Some(kind(None));
        let condition = Some(self.expression()?);
        self.takes_kind(|kind| matches!(kind, Kind::Comma));
        self.takes(Word::Then);
        self.colon(what)?;
        Ok(kind(condition))
    }

    fn for_each(&mut self, what: String) -> Read<StatementKind> {
        self.partial = Some(StatementKind::ForEach { name: None, list: None });
        let name = Some(self.name()?);
        self.partial = Some(StatementKind::ForEach { name, list: None });
        self.expect_word(Word::In)?;
        let list = Some(self.expression()?);
        self.colon(what)?;
        Ok(StatementKind::ForEach { name, list })
    }

    fn add_to(&mut self) -> Read<StatementKind> {
        let value = self.expression()?;
        self.expect_word(Word::To)?;
        let name = self.name()?;
        if !self.takes(Word::With) {
            return self.ended(StatementKind::Add { value, name });
        }
        self.takes(Word::Value);
        let key = value;
        let value = self.expression()?;
        self.ended(StatementKind::SetKey { name, key, value })
    }

    fn remove(&mut self) -> Read<StatementKind> {
        let first = self.position;
        let mut operand = None;
        if self.begins_place() {
            let place_at = self.span().0;
            let place = self.deeper(Self::place)?;
            if self.takes(Word::From) {
                let name = self.name()?;
                return self.ended(StatementKind::RemoveItem { place, place_at, name });
            }
            operand = Some((self.deeper(|parser| parser.item_of(place_at, place))?, first));
        }
        let value = self.expression_from(operand)?;
        self.expect_word(Word::From)?;
        let name = self.name()?;
        self.ended(StatementKind::Remove { value, name })
    }
}
