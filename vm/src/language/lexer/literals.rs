//! What is between underscores or quotes, and numbers.

use super::Kind;
use super::names::is_name;
use crate::language::lines::closing_quote;
use crate::language::tables::{ESCAPES, Problem, StaticType, Word, spellings_of};

/// The length of the number that the text begins with, which has no sign, and whether it is a float.
pub(super) fn number_prefix(text: &str) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(0);
    let mut end = whole;
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if end == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = bytes.get(end + 1 + sign..).map_or(0, |_| digits(end + 1 + sign));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    Some((end, end > whole))
}

/// What is between underscores, apart from texts; none where that is no literal.
pub(crate) fn literal(content: &str) -> Option<Result<Kind, Problem>> {
    let unsigned = content.strip_prefix('-').unwrap_or(content);
    if let Some((length, is_float)) = number_prefix(unsigned)
        && length == unsigned.len()
    {
        return Some(if is_float { float(content) } else { whole(content, false) });
    }
    let is = |word: Word| {
        spellings_of(&content.to_ascii_lowercase()).iter().any(|spelling| {
            spelling.words.len() == 1
                && spelling.words[0].len() == content.len()
                && spelling.word == Some(word)
        })
    };
    if is(Word::Yes) {
        Some(Ok(Kind::Truth(true)))
    } else if is(Word::No) {
        Some(Ok(Kind::Truth(false)))
    } else if is(Word::Empty) {
        Some(Ok(Kind::Empty))
    } else {
        None
    }
}

pub(super) fn whole(text: &str, bare: bool) -> Result<Kind, Problem> {
    text.parse().map(|value| Kind::Whole { value, bare }).map_err(|_| too_large(text, StaticType::Whole))
}

pub(super) fn float(text: &str) -> Result<Kind, Problem> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Kind::Float(value)),
        Ok(_) | Err(_) => Err(too_large(text, StaticType::Float)),
    }
}

fn too_large(text: &str, class: StaticType) -> Problem {
    Problem::NumberTooLarge {
        text: text.to_owned(),
        r#type: class.summary().trim_start_matches("a ").to_owned(),
    }
}

/// The first escape in the text that the language does not have, and where its backslash is.
pub(super) fn unknown_escape(text: &str) -> Option<(usize, char)> {
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == '\\'
            && let Some((_, escaped)) = characters.next()
            && !ESCAPES.iter().any(|(written, _)| *written == escaped)
        {
            return Some((at, escaped));
        }
    }
    None
}

/// What a text literal means whose quotes hold `written`.
pub(crate) fn unescape(written: &str) -> String {
    let mut meant = String::with_capacity(written.len());
    let mut characters = written.chars();
    while let Some(character) = characters.next() {
        let escaped = if character == '\\' { characters.next() } else { None };
        match escaped {
            Some(escaped) => {
                let known = ESCAPES.iter().find(|(written, _)| *written == escaped);
                meant.push(known.map_or(escaped, |(_, character)| *character));
            }
            None => meant.push(character),
        }
    }
    meant
}

/// Whether a line of prose has a name in backticks or a value in underscores.
pub(crate) fn looks_like_code(text: &str) -> bool {
    let mut at = 0;
    while let Some(found) = text[at..].find(['`', '_']) {
        let begin = at + found;
        let rest = &text[begin + 1..];
        if text[begin..].starts_with('`') {
            let Some(length) = rest.find('`') else {
                return text[begin + 1..].contains('_') && looks_like_code(rest);
            };
            if is_name(&rest[..length]) {
                return true;
            }
            at = begin + length + 2;
            continue;
        }
        if begins_with_value(&text[begin..]) {
            return true;
        }
        at = begin + 1;
    }
    false
}

/// Whether a line begins with a literal between underscores.
pub(crate) fn begins_with_value(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('_') else { return false };
    if rest.starts_with(['"', '\'']) {
        return closing_quote(rest, 0).is_some_and(|close| rest[close + 1..].starts_with('_'));
    }
    rest.find('_').is_some_and(|length| literal(&rest[..length]).is_some())
}
