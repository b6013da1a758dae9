//! Tokens: a paragraph, cut into words, names, values and signs.

mod literals;
mod names;

use std::ops::Range;

use super::lines::{Line, closing_quote};
use super::tables::{
    Operator, Problem, SIGNS, Spelling, Word, is_filler, is_word_part, is_word_start, spellings_of,
};
pub(crate) use literals::{begins_with_value, looks_like_code, unescape};
use literals::{float, literal, number_prefix, unknown_escape, whole};
use names::word_length;
pub(crate) use names::{Names, Symbol, is_name, possessive};

/// A token, and where it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Whether it is the first of its line.
    pub(crate) begins_line: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A keyword, a phrase or a type; the spelling says which.
    Spelled(&'static Spelling),
    /// A name; `bare` without backticks.
    Name {
        symbol: Symbol,
        bare: bool,
    },
    /// A name with `'s` behind it.
    Possessive(Symbol),
    /// A whole number; `bare` without underscores.
    Whole {
        value: i64,
        bare: bool,
    },
    Float(f64),
    /// A text: where what its quotes hold begins and ends.
    Text {
        from: u32,
        to: u32,
    },
    Truth(bool),
    Empty,
    /// A sign, and the operators it may be: prefix and infix.
    Sign(&'static [Operator]),
    Period,
    Comma,
    Colon,
    Semicolon,
    Open,
    Close,
    /// What is no token: the index of the problem with it.
    Bad(u32),
}

impl Token {
    pub(crate) fn is_word(&self, word: Word) -> bool {
        matches!(self.kind, Kind::Spelled(spelling) if spelling.word == Some(word))
    }

    pub(crate) fn spelling(&self) -> Option<&'static Spelling> {
        if let Kind::Spelled(spelling) = self.kind { Some(spelling) } else { None }
    }
}

/// What is wrong with a token, and where.
#[derive(Debug, Clone)]
pub(crate) struct Bad {
    pub(crate) at: u32,
    pub(crate) problem: Problem,
}

/// The tokens of a paragraph, and what is wrong with those that are none.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) tokens: Vec<Token>,
    pub(crate) bad: Vec<Bad>,
}

/// Cuts lines into tokens and appends them.
pub(crate) fn lex(text: &str, lines: &[Line], names: &mut Names, tokens: &mut Tokens) {
    let Some(first) = lines.first() else { return };
    let mut lexer = Lexer {
        text,
        lines,
        names,
        out: tokens,
        cursor: Cursor { line: 0, at: first.start as usize },
        begins_line: true,
        word: String::new(),
    };
    while lexer.space() {
        lexer.token();
    }
}

/// A place among the lines of a paragraph.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    line: usize,
    at: usize,
}

struct Lexer<'a> {
    text: &'a str,
    lines: &'a [Line],
    names: &'a mut Names,
    out: &'a mut Tokens,
    cursor: Cursor,
    begins_line: bool,
    /// The word that is read, in lower case.
    word: String,
}

/// Goes past white space, line ends, `**` and `\`; tells whether anything is left and whether a line ended.
fn skip_space(text: &str, lines: &[Line], cursor: &mut Cursor) -> (bool, bool) {
    let mut ended_line = false;
    loop {
        let end = lines[cursor.line].end as usize;
        let rest = &text[cursor.at..end];
        let trimmed = rest.trim_start();
        cursor.at = end - trimmed.len();
        if trimmed.starts_with('\\') {
            cursor.at += 1;
        } else if trimmed.starts_with("**") {
            cursor.at += 2;
        } else if !trimmed.is_empty() {
            return (true, ended_line);
        } else if cursor.line + 1 < lines.len() {
            cursor.line += 1;
            cursor.at = lines[cursor.line].start as usize;
            ended_line = true;
        } else {
            return (false, ended_line);
        }
    }
}

impl Lexer<'_> {
    fn space(&mut self) -> bool {
        let (more, ended_line) = skip_space(self.text, self.lines, &mut self.cursor);
        self.begins_line |= ended_line;
        more
    }

    fn rest(&self) -> &str {
        &self.text[self.cursor.at..self.lines[self.cursor.line].end as usize]
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let token = Token { kind, start: start as u32, end: end as u32, begins_line: self.begins_line };
        self.begins_line = false;
        self.out.tokens.push(token);
        self.cursor.at = end;
    }

    fn bad(&mut self, at: usize, problem: Problem, start: usize, end: usize) {
        self.out.bad.push(Bad { at: at as u32, problem });
        self.push(Kind::Bad(self.out.bad.len() as u32 - 1), start, end);
    }

    fn token(&mut self) {
        let start = self.cursor.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        let single = match first {
            '.' if !self.begins_fraction(start) => Some(Kind::Period),
            ',' => Some(Kind::Comma),
            ':' => Some(Kind::Colon),
            ';' => Some(Kind::Semicolon),
            '(' => Some(Kind::Open),
            ')' => Some(Kind::Close),
            _ => None,
        };
        if let Some(kind) = single {
            return self.push(kind, start, start + 1);
        }
        match first {
            '`' => self.name(start),
            '_' => self.underscored(start),
            '"' | '\'' => self.text_literal(start, start, false),
            '.' | '0'..='9' => self.number(start),
            _ if is_word_start(first) => self.bare_word(start),
            _ => match SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
                Some((sign, operators)) => self.push(Kind::Sign(operators), start, start + sign.len()),
                None => {
                    let end = start + first.len_utf8();
                    self.bad(start, Problem::InvalidCharacter { character: first.to_string() }, start, end);
                }
            },
        }
    }

    /// Whether the period at `start` begins a float such as `.5`.
    fn begins_fraction(&self, start: usize) -> bool {
        let before = self.text[..start].chars().next_back();
        let stands_alone = before.is_none_or(|before| {
            before.is_whitespace()
                || matches!(before, '(' | '+' | '-' | '*' | '/' | '^' | '<' | '>' | '=' | '\\')
        });
        stands_alone && self.text[start + 1..].starts_with(|next: char| next.is_ascii_digit())
    }

    fn name(&mut self, start: usize) {
        let rest = &self.rest()[1..];
        let Some(length) = rest.find('`') else {
            return self.bad(start, Problem::UnterminatedName, start, self.open_end(start + 1));
        };
        let name = &self.text[start + 1..start + 1 + length];
        let end = start + length + 2;
        if !is_name(name) {
            let problem = Problem::InvalidName { name: name.to_owned() };
            return self.bad(start, problem, start, end);
        }
        let symbol = self.names.symbol(name);
        match possessive(&self.text[end..self.lines[self.cursor.line].end as usize]) {
            Some(more) => self.push(Kind::Possessive(symbol), start, end + more),
            None => self.push(Kind::Name { symbol, bare: false }, start, end),
        }
    }

    /// Where a name or text ends that nothing closes: with its line, before the period that ends the line.
    fn open_end(&self, from: usize) -> usize {
        let line_end = self.lines[self.cursor.line].end as usize;
        let rest = &self.text[from.min(line_end)..line_end];
        let said = rest.trim_end_matches(|end: char| end.is_whitespace() || matches!(end, '*' | '\\'));
        said.strip_suffix('.').map_or(line_end, |before| from + before.len())
    }

    /// A literal between underscores, or a bare name that begins with one.
    fn underscored(&mut self, start: usize) {
        let rest = self.rest();
        if rest[1..].starts_with(['"', '\'']) {
            return self.text_literal(start, start + 1, true);
        }
        let Some(length) = rest[1..].find('_') else {
            if rest[1..].starts_with(is_word_part) {
                return self.bare_word(start);
            }
            let problem = Problem::InvalidCharacter { character: "_".to_owned() };
            return self.bad(start, problem, start, start + 1);
        };
        let content = self.text[start + 1..start + 1 + length].to_owned();
        let end = start + length + 2;
        match literal(&content) {
            Some(Ok(kind)) => self.push(kind, start, end),
            Some(Err(problem)) => self.bad(start, problem, start, end),
            None => self.bad(start, Problem::InvalidLiteral { text: content }, start, end),
        }
    }

    /// A text whose opening quote is at `quote`; its token begins at `start`.
    fn text_literal(&mut self, start: usize, quote: usize, is_underscored: bool) {
        let line_end = self.lines[self.cursor.line].end as usize;
        let line = &self.text[quote..line_end];
        let sign = line[..1].to_owned();
        let Some(close) = closing_quote(line, 0) else {
            let end = self.open_end(quote + 1);
            return self.bad(start, Problem::UnterminatedText { quote: sign }, start, end);
        };
        let (from, to) = (quote + 1, quote + close);
        let mut end = to + 1;
        if is_underscored {
            if !self.text[end..line_end].starts_with('_') {
                return self.bad(start, Problem::UnterminatedText { quote: "_".to_owned() }, start, end);
            }
            end += 1;
        }
        if let Some((at, character)) = unknown_escape(&self.text[from..to]) {
            let problem = Problem::UnknownEscape { character: character.to_string() };
            return self.bad(from + at, problem, start, end);
        }
        self.push(Kind::Text { from: from as u32, to: to as u32 }, start, end);
    }

    fn number(&mut self, start: usize) {
        let rest = self.rest();
        let Some((length, is_float)) = number_prefix(rest) else {
            return self.push(Kind::Period, start, start + 1);
        };
        let text = &rest[..length];
        let parsed = if is_float { float(text) } else { whole(text, true) };
        match parsed {
            Ok(kind) => self.push(kind, start, start + length),
            Err(problem) => self.bad(start, problem, start, start + length),
        }
    }

    fn bare_word(&mut self, start: usize) {
        let length = word_length(self.rest());
        let word = &self.text[start..start + length];
        self.word.clear();
        self.word.extend(word.chars().map(|character| character.to_ascii_lowercase()));
        let letters = self.word.find(|character| !is_word_part(character)).unwrap_or(length);
        let candidates = spellings_of(&self.word[..letters]);
        let lexer = &*self;
        let found = candidates.iter().find_map(|spelling| Some((*spelling, lexer.match_spelling(spelling)?)));
        if let Some((spelling, after)) = found {
            let begins_line = self.begins_line;
            let token = Token {
                kind: Kind::Spelled(spelling),
                start: start as u32,
                end: after.at as u32,
                begins_line,
            };
            self.begins_line = false;
            self.out.tokens.push(token);
            self.cursor = after;
        } else if is_filler(&self.word) {
            // What begins a line may be behind a filler.
            self.cursor.at = start + length;
        } else if let Some(owner) = word.strip_suffix("'s").filter(|owner| is_name(owner)) {
            let symbol = self.names.symbol(owner);
            self.push(Kind::Possessive(symbol), start, start + length);
        } else {
            let symbol = self.names.symbol(word);
            self.push(Kind::Name { symbol, bare: true }, start, start + length);
        }
    }

    /// The place behind the spelling, if it is here.
    fn match_spelling(&self, spelling: &Spelling) -> Option<Cursor> {
        let mut cursor = self.cursor;
        for (number, word) in spelling.words.iter().enumerate() {
            if number > 0 {
                let before = cursor;
                let (more, _) = skip_space(self.text, self.lines, &mut cursor);
                if !more || (cursor.at == before.at && cursor.line == before.line) {
                    return None;
                }
            }
            let rest = &self.text[cursor.at..self.lines[cursor.line].end as usize];
            if !rest.get(..word.len())?.eq_ignore_ascii_case(word) {
                return None;
            }
            let behind = &rest[word.len()..];
            let ends = match behind.strip_prefix('\'') {
                Some(more) => !more.starts_with(is_word_part),
                None => !behind.starts_with(is_word_part),
            };
            if !ends {
                return None;
            }
            cursor.at += word.len();
        }
        Some(cursor)
    }
}

/// The tokens of a text that is on one line, such as a heading.
pub(crate) fn lex_line(text: &str, range: Range<u32>, names: &mut Names) -> Tokens {
    let line = Line { start: range.start, end: range.end, depth: 0, kind: super::lines::LineKind::Text };
    let mut tokens = Tokens::default();
    lex(text, &[line], names, &mut tokens);
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::lines;

    /// The tokens of a page, shortly.
    fn shown(page: &str) -> Vec<String> {
        let lines = lines::read(page);
        let mut names = Names::default();
        let mut tokens = Tokens::default();
        lex(&lines.text, &lines.lines, &mut names, &mut tokens);
        let show = |token: &Token| match token.kind {
            Kind::Spelled(spelling) => spelling.words.join(" "),
            Kind::Name { symbol, bare: false } => format!("`{}`", names.spelling(symbol)),
            Kind::Name { symbol, bare: true } => format!("name {}", names.spelling(symbol)),
            Kind::Possessive(symbol) => format!("`{}`'s", names.spelling(symbol)),
            Kind::Whole { value, .. } => value.to_string(),
            Kind::Float(value) => format!("{value:?}"),
            Kind::Text { from, to } => format!("{:?}", unescape(&lines.text[from as usize..to as usize])),
            Kind::Truth(value) => format!("{value:?}"),
            Kind::Empty => "empty".to_owned(),
            Kind::Sign(_) => page[token.start as usize..token.end as usize].to_owned(),
            Kind::Period => ".".to_owned(),
            Kind::Comma => ",".to_owned(),
            Kind::Colon => ":".to_owned(),
            Kind::Semicolon => ";".to_owned(),
            Kind::Open => "(".to_owned(),
            Kind::Close => ")".to_owned(),
            Kind::Bad(index) => format!("{:?}", tokens.bad[index as usize].problem.kind()),
        };
        tokens.tokens.iter().map(show).collect()
    }

    #[test]
    fn the_longest_spelling_wins_over_line_ends_and_marks() {
        assert_eq!(shown("is **greater** than\nor  equal\\\nto 5"), ["is greater than or equal to", "5"]);
        assert_eq!(shown("is greater thanks"), ["is", "name greater", "name thanks"]);
        assert_eq!(shown("Yes/No Yes"), ["yes/no", "yes"]);
        assert_eq!(shown("at position the at"), ["at position"]);
        assert_eq!(shown("isn't doesn't EQUAL"), ["isn't", "doesn't equal"]);
    }

    #[test]
    fn values_stand_bare_or_in_underscores() {
        assert_eq!(shown("_-5_ 5 -5"), ["-5", "5", "-", "5"]);
        assert_eq!(shown("_.5_ .5 2.5. 1e3 _1E-2_"), ["0.5", "0.5", "2.5", ".", "1000.0", "0.01"]);
        assert_eq!(shown("1. _1_.2. _2_."), ["1", ".", "1", ".", "2", ".", "2", "."]);
        assert_eq!(shown(r#"_"a\"b"_ 'c\n'"#), [r#""a\"b""#, r#""c\n""#]);
        assert_eq!(shown("_YES_ _false_ _Empty_"), ["true", "false", "empty"]);
        assert_eq!(shown("_foo my_name"), ["InvalidLiteral", "name name"]);
        assert_eq!(shown("_foo"), ["name _foo"]);
    }

    #[test]
    fn names_may_own() {
        assert_eq!(shown("`d`'s _\"k\"_"), ["`d`'s", "\"k\""]);
        assert_eq!(shown("person's age"), ["`person`'s", "name age"]);
        assert_eq!(shown("`it's` `2` `a"), ["`it's`", "InvalidName", "UnterminatedName"]);
    }

    #[test]
    fn what_is_no_token_says_why() {
        assert_eq!(shown("~ _"), ["InvalidCharacter", "InvalidCharacter"]);
        assert_eq!(shown("_\"a"), ["UnterminatedText"]);
        assert_eq!(shown("_\"a\" x"), ["UnterminatedText", "name x"]);
        assert_eq!(shown(r#""\q""#), ["UnknownEscape"]);
        assert_eq!(
            shown("9223372036854775808 _-9223372036854775808_"),
            ["NumberTooLarge", "-9223372036854775808"]
        );
        assert_eq!(shown("1e999"), ["NumberTooLarge"]);
    }

    #[test]
    fn prose_may_look_like_code() {
        for code in ["a `b` c", "_5_", "x _\"y\"_", "_yes_"] {
            assert!(looks_like_code(code), "{code}");
        }
        for prose in ["an _emphasis_", "`f()` it", "snake_case_name", "one ` tick"] {
            assert!(!looks_like_code(prose), "{prose}");
        }
    }
}
