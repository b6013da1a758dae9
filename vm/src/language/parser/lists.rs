//! Lists: items behind a colon, over as many lines and paragraphs as they take.

use super::{Parser, Read, Stop};
use crate::language::ast::{Item, Named, StatementKind};
use crate::language::lexer::{self, Kind};
use crate::language::lines::LineKind;
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
        let mut failed = None;
        let mut may_follow = true;
        while let Some(mark) = self.item_mark(may_follow) {
            match self.list_item(mark, &mut form) {
                Ok(item) => {
                    items.push(item);
                    may_follow = true;
                }
                Err(stop) => {
                    let kept = Stop::new(stop.at, stop.end, stop.problem.clone());
                    self.recover(stop);
                    failed.get_or_insert(kept);
                    // The next item begins a line.
                    may_follow = false;
                }
            }
        }
        if let Some(stop) = failed {
            return Err(stop);
        }
        self.list = None;
        if items.is_empty() {
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

    /// Whether a text and a colon stand here.
    fn begins_key(&self) -> bool {
        let kind = |ahead: usize| self.tokens.tokens.get(self.position + ahead).map(|token| token.kind);
        matches!((kind(0), kind(1)), (Some(Kind::Text { .. }), Some(Kind::Colon)))
    }

    /// How the item begins that stands here, right behind the colon or another item, or at the start of a line. Where the
    /// paragraph ends, the next is looked at.
    fn item_mark(&mut self, may_follow: bool) -> Option<Mark> {
        if self.position >= self.tokens.tokens.len() {
            self.next_items();
        }
        let token = self.token()?;
        if !may_follow && !token.begins_line {
            return None;
        }
        let next = self.tokens.tokens.get(self.position + 1);
        if let Kind::Sign(operators) = token.kind {
            return operators.contains(&Operator::Minus).then_some(Mark::Dash);
        }
        let is_numbered = matches!(token.kind, Kind::Whole { bare: true, .. })
            && next.is_some_and(|next| matches!(next.kind, Kind::Period) && next.start == token.end);
        is_numbered.then_some(Mark::Number)
    }

    /// Appends the tokens of the next paragraph, if it goes on with the list.
    fn next_items(&mut self) {
        let Some(list_depth) = self.list else { return };
        let lines = self.lines;
        let mut next = self.next_line;
        // The public compiler wants the items of a list in a block at depth 0, right behind its line.
        let follows = lines.lines.get(next).filter(|line| line.kind == LineKind::Text && line.depth == 0);
        if let Some(line) = follows
            && list_depth > 0
            && begins_item(lines.text_of(line))
        {
            let count = lines.lines[next..]
                .iter()
                .take_while(|line| {
                    line.kind == LineKind::Text && line.depth == 0 && begins_item(lines.text_of(line))
                })
                .count();
            return self.append(next..next + count);
        }
        while lines.lines.get(next).is_some_and(|line| line.kind == LineKind::Blank) {
            next += 1;
        }
        let Some(line) = lines.lines.get(next) else { return };
        if line.kind == LineKind::Text && line.depth == list_depth && begins_item(lines.text_of(line)) {
            self.append(lines.paragraph(next));
        }
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

/// Whether the text of a line begins an item.
fn begins_item(text: &str) -> bool {
    if text.starts_with('-') {
        return true;
    }
    let digits = text.len() - text.trim_start_matches(|character: char| character.is_ascii_digit()).len();
    let behind = text[digits..].strip_prefix('.');
    digits > 0 && behind.is_some_and(|behind| !behind.starts_with(|next: char| next.is_ascii_digit()))
}
