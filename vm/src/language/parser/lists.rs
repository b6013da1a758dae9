//! Lists: items behind a colon, over as many lines and paragraphs as they take.

use super::{Parser, Read, Stop};
use crate::language::ast::{Item, Named, StatementKind};
use crate::language::lexer::{self, Kind, Names, Token};
use crate::language::lines::{Line, LineKind};
use crate::language::tables::{Operator, Problem, Word};

/// What an item begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Dash,
    Number,
}

impl Parser<'_> {
    /// Reads the items of a list for `name`, behind the colon that was read last.
    pub(super) fn list(&mut self, name: Named, depth: u32) -> Read<StatementKind> {
        let (colon, _) =
            self.tokens.tokens.get(self.position - 1).map_or((0, 0), |token| (token.start, token.end));
        self.list = Some(depth);
        let mut items = Vec::new();
        let mut form = None;
        while let Some(mark) = self.item_mark(form.is_none()) {
            let begin = self.position;
            match self.list_item(mark, &mut form) {
                Ok(item) => items.push(item),
                // An item that cannot be read is left out; the others are checked all the same.
                Err(stop) => {
                    self.report(stop);
                    self.skip_item(begin);
                }
            }
        }
        self.list = None;
        if form.is_none() {
            if self.token().is_some_and(|token| !token.begins_line) {
                return Err(self.expected(|found| Problem::ExpectedItem { found }));
            }
            self.reports.add(colon, colon + 1, Problem::EmptyList);
        }
        let is_named = form.is_some_and(|(_, is_named)| is_named);
        let from = self.program.items.len() as u32;
        self.program.items.extend(items);
        Ok(StatementKind::SetList { name, items: from..self.program.items.len() as u32, is_named, colon })
    }

    /// Reads an item, which must have the form of the first: how it begins, and whether it has a name.
    fn list_item(&mut self, mark: Mark, form: &mut Option<(Mark, bool)>) -> Read<Item> {
        let unexpected = |parser: &Self| parser.expected(|found| Problem::ExpectedItem { found });
        let stop = unexpected(self);
        self.position += if mark == Mark::Number { 2 } else { 1 };
        let has_key = self.begins_key();
        let (first_mark, is_named) = *form.get_or_insert((mark, has_key));
        if first_mark != mark {
            return Err(Stop { is_final: true, ..stop });
        }
        if is_named != has_key {
            return Err(unexpected(self));
        }
        let mut key = None;
        if is_named {
            key = Some(self.primary()?);
            self.position += 1;
        }
        let value = self.expression()?;
        self.period()?;
        Ok(Item { key, value })
    }

    /// Whether a text and a colon are here.
    fn begins_key(&self) -> bool {
        let kind = |ahead: usize| self.tokens.tokens.get(self.position + ahead).map(|token| token.kind);
        matches!((kind(0), kind(1)), (Some(Kind::Text { .. }), Some(Kind::Colon)))
    }

    /// How the item begins that is here, behind the colon or another item. Where the paragraph ends, the next is looked at.
    fn item_mark(&mut self, is_first: bool) -> Option<Mark> {
        if self.position >= self.tokens.tokens.len() {
            self.next_items(is_first);
        }
        mark_of(&self.tokens.tokens[self.position.min(self.tokens.tokens.len())..])
    }

    /// Goes to the item behind the one that began at that token, or to the statement behind the list.
    fn skip_item(&mut self, begin: usize) {
        while self.token().is_some() {
            let tokens = &self.tokens.tokens[self.position..];
            let before = self.position.checked_sub(1).and_then(|before| self.tokens.tokens.get(before));
            let is_behind_period = before.is_some_and(|token| matches!(token.kind, Kind::Period));
            let begins_line = tokens.first().is_some_and(|token| token.begins_line);
            let is_item = (begins_line || is_behind_period) && mark_of(tokens).is_some();
            if self.position > begin && (is_item || (begins_line && is_behind_period)) {
                return;
            }
            self.position += 1;
        }
    }

    /// Appends the tokens of the next paragraph, if it goes on with the list.
    fn next_items(&mut self, is_first: bool) {
        let Some(list_depth) = self.list else { return };
        let lines = self.lines;
        let mut next = self.next_line;
        // The public compiler wants the items of a list in a block at depth 0, right behind its line.
        if is_first && list_depth > 0 {
            let is_item =
                |line: &&Line| line.kind == LineKind::Text && line.depth == 0 && self.begins_item(line);
            let count = lines.lines[next..].iter().take_while(is_item).count();
            if count > 0 {
                return self.append(next..next + count);
            }
        }
        while lines.lines.get(next).is_some_and(|line| line.kind == LineKind::Blank) {
            next += 1;
        }
        let Some(line) = lines.lines.get(next) else { return };
        if line.kind == LineKind::Text && line.depth == list_depth && self.begins_item(line) {
            self.append(lines.paragraph(next));
        }
    }

    /// Whether a line begins an item.
    fn begins_item(&self, line: &Line) -> bool {
        // What a line says of names does not matter here.
        let mut names = Names::default();
        let tokens = lexer::lex_line(self.text, line.start..line.end, &mut names);
        mark_of(&tokens.tokens).is_some()
    }

    fn append(&mut self, range: std::ops::Range<usize>) {
        self.next_line = range.end;
        self.program.code.push(range.clone());
        let before = self.tokens.tokens.len();
        let lines = &self.lines.lines[range];
        lexer::lex(self.text, lines, &mut self.program.names, &mut self.tokens);
        if let Some(token) = self.tokens.tokens.get_mut(before) {
            token.begins_line = true;
        }
    }

    /// Whether the token is a minus that begins an item.
    pub(super) fn is_item_dash(&self) -> bool {
        self.list.is_some() && self.token().is_some_and(|token| token.begins_line)
    }

    pub(super) fn blank_or_list(&mut self, name: Named, depth: u32) -> Option<Read<StatementKind>> {
        let at = self.span().0;
        if self.takes(Word::Blank) {
            return Some(Ok(StatementKind::SetBlank { name, at }));
        }
        self.takes_kind(|kind| matches!(kind, Kind::Colon)).then(|| self.list(name, depth))
    }
}

/// How the item begins whose first tokens these are.
fn mark_of(tokens: &[Token]) -> Option<Mark> {
    match tokens {
        [Token { kind: Kind::Sign(operators), .. }, ..] => {
            operators.contains(&Operator::Minus).then_some(Mark::Dash)
        }
        [Token { kind: Kind::Whole { bare: true, .. }, .. }, Token { kind: Kind::Period, .. }, ..] => {
            Some(Mark::Number)
        }
        _ => None,
    }
}
