//! The words of a line.

use super::AsmError;

/// A word and where it stands.
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

impl<'a> Line<'a> {
    pub(super) fn error(self, column: usize, message: impl Into<String>) -> AsmError {
        AsmError::Syntax { line: self.number, column, message: message.into(), text: self.text.to_owned() }
    }

    /// The column of the byte at `offset`, from 1, in characters.
    fn column(self, offset: usize) -> usize {
        self.text[..offset].chars().count() + 1
    }

    /// The column behind the last word of the line.
    pub(super) fn end_column(self, tokens: &[Token<'_>]) -> usize {
        tokens.last().map_or(1, |last| last.column + last.text.chars().count())
    }

    /// The words, up to a comment or the end of the line.
    pub(super) fn tokens(self) -> Result<Vec<Token<'a>>, AsmError> {
        let mut tokens = Vec::new();
        let mut rest = self.text.trim_start();
        while let Some(first) = rest.chars().next() {
            if first == ';' {
                break;
            }
            let offset = self.text.len() - rest.len();
            let column = self.column(offset);
            let (kind, length) = match first {
                ',' | '(' | ')' | '[' | ']' | ':' => (Kind::Mark(first), 1),
                '"' => self.string(rest, offset)?,
                '.' => (Kind::Directive, 1 + word_length(&rest[1..])),
                '0'..='9' | '+' | '-' => self.number(rest, column)?,
                letter if is_word_start(letter) => (Kind::Word, word_length(rest)),
                other => {
                    return Err(
                        self.error(column, format!("unexpected character `{}`", other.escape_debug()))
                    );
                }
            };
            tokens.push(Token { kind, column, text: &rest[..length] });
            rest = rest[length..].trim_start();
        }
        Ok(tokens)
    }

    fn number(self, rest: &str, column: usize) -> Result<(Kind, usize), AsmError> {
        let is_part = |(index, letter): (usize, char)| {
            let after_exponent = rest[..index].ends_with(['e', 'E']);
            letter.is_ascii_alphanumeric()
                || letter == '.'
                || (matches!(letter, '+' | '-') && (index == 0 || after_exponent))
        };
        let length =
            rest.char_indices().find(|place| !is_part(*place)).map_or(rest.len(), |(index, _)| index);
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
                        "`{text}` is no int of 64 bits; a float is written with a point or an exponent"
                    );
                    return Err(self.error(column, message));
                }
                Err(_) => None,
            }
        } else {
            text.parse().ok().filter(|_| !text.contains("nan")).map(Kind::Float)
        };
        kind.map(|kind| (kind, length)).ok_or_else(|| self.error(column, format!("`{text}` is no number")))
    }

    fn string(self, rest: &str, offset: usize) -> Result<(Kind, usize), AsmError> {
        let mut text = String::new();
        let mut letters = rest.char_indices().skip(1);
        while let Some((index, letter)) = letters.next() {
            match letter {
                '"' => return Ok((Kind::String(text), index + 1)),
                '\\' => {
                    let escape = &rest[index + 1..];
                    let Some((value, length)) = unescape(escape) else {
                        let column = self.column(offset + index);
                        let message =
                            "expected an escape: \\n \\r \\t \\0 \\b \\f \\\\ \\/ \\\" \\u{1F600} \\uXXXX";
                        return Err(self.error(column, message));
                    };
                    text.push(value);
                    for _ in escape[..length].chars() {
                        letters.next();
                    }
                }
                _ => text.push(letter),
            }
        }
        Err(self.error(self.column(offset), "this string has no end on its line"))
    }
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

/// Whether a text can stand as a name without quotes.
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(is_word_start) && word_length(text) == text.len()
}

fn word_length(text: &str) -> usize {
    text.find(|letter: char| !(is_word_start(letter) || letter.is_alphanumeric() || letter == '.'))
        .unwrap_or(text.len())
}
