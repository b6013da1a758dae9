//! The words of a line, one at a time: what is behind the first mistake is not looked at, and no line is held as words whole.

use super::mistakes::Mistake;
use crate::escape::{visible, visible_start};

/// A word and where it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// The column of its first character, from 1.
    pub(super) column: usize,
    pub(super) text: &'a str,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A name: a mnemonic, a register, a label, a type.
    Word,
    /// A name with a dot before it.
    Directive,
    Int(i64),
    Float(f64),
    String(String),
    /// One of `, ( ) [ ] :`.
    Mark(char),
}

/// A line of the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) text: &'a str,
}

impl Line<'_> {
    pub(super) fn mistake(self, column: usize, message: impl Into<String>) -> Mistake {
        Mistake::new(self.number, self.text, column, message.into())
    }
}

/// A part of the text, in quotes, as messages show it.
pub(super) fn shown(text: &str) -> String {
    /// How many characters are shown.
    const MOST: usize = 60;
    format!("`{}`", visible_start(text, MOST))
}

/// Reads a line word by word.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    pub(super) line: Line<'a>,
    rest: &'a str,
    /// The column of the first character of `rest`. Counted on and never from the beginning of the line, which would make the
    /// work grow with the square of its length.
    column: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(line: Line<'a>) -> Self {
        Self { line, rest: line.text, column: 1 }
    }

    /// The column behind the word that was read last.
    pub(super) fn column(&self) -> usize {
        self.column
    }

    /// The next word; none at a comment or at the end of the line. After a mistake the lexer is where it was.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, Mistake> {
        let rest = self.rest.trim_start();
        let skipped = &self.rest[..self.rest.len() - rest.len()];
        let column = self.column + skipped.chars().count();
        let Some(first) = rest.chars().next().filter(|first| *first != ';') else { return Ok(None) };
        let (kind, length) = match first {
            ',' | '(' | ')' | '[' | ']' | ':' => (Kind::Mark(first), 1),
            '"' => string(self.line, rest, column)?,
            '.' => (Kind::Directive, 1 + word_length(&rest[1..])),
            '0'..='9' | '+' | '-' => number(self.line, rest, column)?,
            letter if is_word_start(letter) => (Kind::Word, word_length(rest)),
            other => {
                let message = format!("unexpected character `{}`", visible(other.encode_utf8(&mut [0; 4])));
                return Err(self.line.mistake(column, message));
            }
        };
        let (text, rest) = rest.split_at(length);
        self.rest = rest;
        self.column = column + text.chars().count();
        Ok(Some(Token { kind, column, text }))
    }
}

fn number(line: Line<'_>, rest: &str, column: usize) -> Result<(Kind, usize), Mistake> {
    let is_part = |(index, letter): (usize, char)| {
        let after_exponent = rest[..index].ends_with(['e', 'E']);
        letter.is_ascii_alphanumeric()
            || letter == '.'
            || (matches!(letter, '+' | '-') && (index == 0 || after_exponent))
    };
    let length = rest.char_indices().find(|place| !is_part(*place)).map_or(rest.len(), |(index, _)| index);
    let text = &rest[..length];
    let hexadecimal = text.strip_prefix("0x").map(|digits| u64::from_str_radix(digits, 16));
    let is_whole = text.trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit());
    let kind = if let Some(Ok(bits)) = hexadecimal {
        // The bits of a number, for NaNs that are told apart by them.
        Some(Kind::Int(bits.cast_signed()))
    } else if is_whole {
        match text.parse() {
            Ok(number) => Some(Kind::Int(number)),
            Err(_) if text.len() > 1 => {
                let message = format!(
                    "{} is no int of 64 bits; a float is written with a point or an exponent",
                    shown(text)
                );
                return Err(line.mistake(column, message));
            }
            Err(_) => None,
        }
    } else {
        text.parse().ok().filter(|_| !text.contains("nan")).map(Kind::Float)
    };
    kind.map(|kind| (kind, length))
        .ok_or_else(|| line.mistake(column, format!("{} is no number", shown(text))))
}

fn string(line: Line<'_>, rest: &str, column: usize) -> Result<(Kind, usize), Mistake> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((index, letter)) = letters.next() {
        match letter {
            '"' => return Ok((Kind::String(text), index + 1)),
            '\\' => {
                let escape = &rest[index + 1..];
                let Some((value, length)) = unescape(escape) else {
                    let column = column + rest[..index].chars().count();
                    let message =
                        "expected an escape: \\n \\r \\t \\0 \\b \\f \\\\ \\/ \\\" \\u{1F600} \\uXXXX";
                    return Err(line.mistake(column, message));
                };
                text.push(value);
                for _ in escape[..length].chars() {
                    letters.next();
                }
            }
            _ => text.push(letter),
        }
    }
    Err(line.mistake(column, "this string has no end on its line"))
}

/// The character that an escape stands for, and the length of the escape in bytes, without its backslash.
fn unescape(escape: &str) -> Option<(char, usize)> {
    let simple = |value| Some((value, 1));
    match escape.chars().next()? {
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        '0' => simple('\0'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        quoted @ ('\\' | '/' | '"') => simple(quoted),
        'u' => {
            if let Some(digits) = escape.strip_prefix("u{") {
                let (digits, _) = digits.split_once('}')?;
                let value = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
                return Some((value, digits.len() + 3));
            }
            let unit = |text: &str| u16::from_str_radix(text, 16).ok();
            let first = unit(escape.get(1..5)?)?;
            if let Some(second) = escape
                .get(5..)
                .and_then(|rest| rest.strip_prefix("\\u"))
                .and_then(|rest| unit(rest.get(..4)?))
                && let Some(Ok(pair)) = char::decode_utf16([first, second]).next()
                && pair > '\u{ffff}'
            {
                return Some((pair, 11));
            }
            char::from_u32(u32::from(first)).map(|value| (value, 5))
        }
        _ => None,
    }
}

fn is_word_start(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_' || letter == '$'
}

/// Whether a text can be written as a name without quotes.
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(is_word_start) && word_length(text) == text.len()
}

fn word_length(text: &str) -> usize {
    text.find(|letter: char| !(is_word_start(letter) || letter.is_alphanumeric() || letter == '.'))
        .unwrap_or(text.len())
}
