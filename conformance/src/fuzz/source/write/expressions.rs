//! Expressions on a page.

use super::{BREAK, Writer};
use crate::fuzz::source::tree::Expression;

impl Writer<'_> {
    /// An expression, in parentheses where it binds looser than `loosest`.
    pub(super) fn expression(&mut self, expression: &Expression, loosest: usize) -> String {
        let (text, rank) = self.bare(expression);
        if rank < loosest || self.may(2, 12) { format!("({text})") } else { text }
    }

    fn bare(&mut self, expression: &Expression) -> (String, usize) {
        let primary = self.vocabulary.primary;
        match expression {
            Expression::Whole(number) if *number >= 0 && self.may(1, 4) => (number.to_string(), primary),
            Expression::Whole(number) => (format!("_{number}_"), primary),
            Expression::Float(text) if !text.starts_with('-') && self.may(1, 4) => (text.clone(), primary),
            Expression::Float(text) => (format!("_{text}_"), primary),
            Expression::Text(text) => (self.text(text), primary),
            Expression::Truth(truth) => {
                let word = self.word(if *truth { "yes" } else { "no" });
                (if self.may(1, 4) { word } else { format!("_{word}_") }, primary)
            }
            Expression::Empty => {
                let word = self.word("empty");
                (if self.may(0, 2) { word } else { format!("_{word}_") }, primary)
            }
            Expression::Name(name) => (self.name(name), primary),
            Expression::Infix(left, operator, right) => {
                let (way, rank) = self.operator(operator);
                let left = self.expression(left, rank);
                let right = self.expression(right, rank + 1);
                let gap = if way.starts_with(char::is_alphabetic) { BREAK } else { ' ' };
                (format!("{left}{gap}{way} {right}"), rank)
            }
            Expression::Prefix(operator, one) => {
                let (way, rank) = self.operator(operator);
                let one = self.expression(one, rank);
                let gap = if way.starts_with(char::is_alphabetic) || one.starts_with('-') { " " } else { "" };
                let the = if rank == primary && self.may(1, 2) { "the " } else { "" };
                (
                    format!("{the}{way}{gap}{one}"),
                    rank.min(if rank == primary { primary } else { self.vocabulary.prefix }),
                )
            }
            Expression::Conditional(one, condition, other) => {
                let rank = self.vocabulary.conditional;
                let one = self.expression(one, rank + 1);
                let condition = self.expression(condition, rank);
                let other = self.expression(other, rank);
                let (word, otherwise) = (self.word("if"), self.word("else"));
                let comma = ["", ",", ";"][if self.style.freedom == 0 { 1 } else { self.random.usize(..3) }];
                (format!("{one}{BREAK}{word} {condition}{comma}{BREAK}{otherwise} {other}"), rank)
            }
            Expression::Item(place, list) => {
                let (place, of) = (self.place(place), self.word("of"));
                let list = self.expression(list, primary);
                (format!("{place} {of} {list}"), primary)
            }
            Expression::Key(name, key) => {
                let key = self.expression(key, primary);
                (format!("`{name}`'s {key}"), primary)
            }
        }
    }

    fn operator(&mut self, name: &str) -> (String, usize) {
        let Some((ways, rank)) = self.vocabulary.operators.get(name) else { return (name.to_owned(), 0) };
        let index = if self.style.freedom == 0 { 0 } else { self.random.usize(..ways.len().max(1)) };
        let way = ways.get(index).cloned().unwrap_or_else(|| name.to_owned());
        let rank = *rank;
        (self.in_some_case(way), rank)
    }

    pub(super) fn text(&mut self, text: &str) -> String {
        let quote = if self.may(1, 3) { '\'' } else { '"' };
        let mut quoted = String::from(quote);
        for letter in text.chars() {
            match letter {
                '\\' => quoted.push_str("\\\\"),
                '\n' => quoted.push_str("\\n"),
                '\t' => quoted.push_str("\\t"),
                letter if letter == quote => {
                    quoted.push('\\');
                    quoted.push(letter);
                }
                letter => quoted.push(letter),
            }
        }
        quoted.push(quote);
        if self.may(1, 4) { quoted } else { format!("_{quoted}_") }
    }
}
