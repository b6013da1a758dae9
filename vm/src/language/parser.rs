//! From lines to a [`Program`]: which lines are statements, which function they belong to, and what they say.

mod blocks;
mod expressions;
mod functions;
mod lists;
mod statements;

use blocks::Body;
use functions::{OpenFunction, Section};

use super::ast::{Function, Link, Program, StatementKind};
use super::diagnostics::{Help, Reports, nearest};
use super::lexer::{self, Kind, Token, Tokens, begins_with_value, looks_like_code};
use super::lines::{LineKind, Lines};
use super::tables::{Problem, SPELLINGS, Spelling, Word, WordRole, hint_for_habit, is_word_part};

/// Reads a page, and reports what of it cannot be read.
pub(crate) fn parse(lines: &Lines<'_>, reports: &mut Reports) -> Program {
    if let Some(at) = lines.open_comment {
        reports.add(at, at + 4, Problem::UnterminatedComment);
    }
    let mut parser = Parser {
        text: &lines.text,
        lines,
        next_line: 0,
        program: Program::default(),
        reports,
        tokens: Tokens::default(),
        position: 0,
        nesting: 0,
        link_stack: Vec::new(),
        partial: None,
        statement_word: None,
        list: None,
        top: Body::default(),
        open: None,
    };
    // The top level comes first; what it says is put there at the end.
    parser.program.functions.push(Function {
        name: None,
        inputs: Vec::new(),
        has_unreadable_inputs: false,
        statements: Vec::new(),
    });
    parser.page();
    parser.program
}

/// Why a statement cannot be read.
struct Stop {
    at: u32,
    end: u32,
    problem: Problem,
    suggestion: Option<String>,
    /// Whether the token that was reached says nothing better.
    is_final: bool,
}

impl Stop {
    fn new(at: u32, end: u32, problem: Problem) -> Self {
        Self { at, end, problem, suggestion: None, is_final: false }
    }
}

type Read<T> = Result<T, Stop>;

struct Parser<'a> {
    text: &'a str,
    lines: &'a Lines<'a>,
    /// The line to go on with.
    next_line: usize,
    program: Program,
    reports: &'a mut Reports,
    /// The tokens of the paragraph that is read.
    tokens: Tokens,
    /// The token to go on with.
    position: usize,
    /// How deep blocks and expressions nest.
    nesting: u32,
    /// Operators of chains that are not complete.
    link_stack: Vec<Link>,
    /// What of the statement that is read holds, whatever follows.
    partial: Option<StatementKind>,
    /// The word that the statement begins with.
    statement_word: Option<Word>,
    /// The depth of the list that is read.
    list: Option<u32>,
    top: Body,
    open: Option<OpenFunction>,
}

impl Parser<'_> {
    fn page(&mut self) {
        while let Some(line) = self.lines.lines.get(self.next_line) {
            match line.kind {
                LineKind::Blank | LineKind::Skipped => self.next_line += 1,
                LineKind::Heading => self.heading(),
                LineKind::DetailsOpen => self.details_open(),
                LineKind::DetailsClose => self.details_close(),
                LineKind::Text => self.paragraph(),
            }
        }
        self.finish_function();
        let statements = std::mem::take(&mut self.top).finish(self.reports);
        self.program.functions[0].statements = statements;
    }

    fn paragraph(&mut self) {
        let first = self.next_line;
        let lines = self.lines;
        let line = &lines.lines[first];
        let (depth, text) = (line.depth, lines.text_of(line));
        let is_entry = lines.entry.is_some_and(|begin| line.start >= begin);
        let paragraph = lines.lines[lines.paragraph(first)].iter().map(|line| lines.text_of(line));
        let begins_code = begins_code(paragraph, depth, is_entry);
        if let Some(open) = &mut self.open
            && depth == 0
            && !open.is_inside()
        {
            match open.section {
                Section::Inputs if text.starts_with('-') => return self.inputs(),
                Section::Outputs if text.starts_with('-') => {
                    open.has_items = true;
                    open.body.end_stray(self.reports);
                    self.next_line = lines.paragraph(first).end;
                    return;
                }
                Section::Inputs | Section::Outputs | Section::None if begins_code => self.finish_function(),
                // Prose ends the items of a section, and nothing else.
                Section::Inputs | Section::Outputs | Section::None if open.has_items => {
                    open.section = Section::None;
                }
                Section::Inputs | Section::Outputs | Section::None => {}
            }
        }
        let is_in_body = self.open.as_ref().is_some_and(OpenFunction::is_inside);
        let is_in_block = depth > 0 && (is_in_body || self.body().reaches(depth));
        if !is_in_block && !begins_code {
            return self.prose();
        }
        let range = lines.paragraph(first);
        self.next_line = range.end;
        self.program.code.push(range.clone());
        self.tokens.tokens.clear();
        self.tokens.bad.clear();
        self.position = 0;
        lexer::lex(self.text, &lines.lines[range], &mut self.program.names, &mut self.tokens);
        let Some(token) = self.tokens.tokens.first().copied() else { return };
        if is_in_body && depth == 0 {
            if !(token.is_word(Word::Else) && self.body().takes_else(depth)) {
                self.reports.add(token.start, token.end, Problem::OutsideBody);
            }
        } else if !is_in_block && depth > 0 && self.body().begin_stray(token.start) {
            match &mut self.open {
                Some(open) => open.strays.push((token.start, token.end)),
                None => {
                    let before = self.word_before(first).map(str::to_owned);
                    let before = before.as_deref();
                    self.reports.help(token.start, token.end, Problem::UnexpectedBlock, || Help {
                        suggestion: before.and_then(|word| suggest_word(word, begins_block)),
                        hint: before.and_then(hint_for_habit).map(str::to_owned),
                    });
                }
            }
        }
        while self.position < self.tokens.tokens.len() {
            self.statement(depth);
        }
    }

    /// The first word of the paragraph before a line, where that ends in a colon: what should begin a block, perhaps.
    fn word_before(&self, line: usize) -> Option<&str> {
        let lines = &self.lines.lines[..line];
        let last = lines.iter().rev().find(|line| line.kind != LineKind::Blank)?;
        let is_header = last.kind == LineKind::Text && last.depth == 0;
        let text = self.lines.text_of(last);
        (is_header && text.ends_with(':')).then(|| first_word(text))
    }

    /// Skips a paragraph of prose.
    fn prose(&mut self) {
        let lines = self.lines;
        let range = lines.paragraph(self.next_line);
        self.next_line = range.end;
        let paragraph = &lines.lines[range];
        let Some(first) = paragraph.first() else { return };
        if first.depth == 0 {
            let (body, reports) = self.body_and_reports();
            body.end_stray(reports);
        }
        if !ends_with_period(paragraph.iter().map(|line| lines.text_of(line)))
            || !paragraph.iter().any(|line| looks_like_code(lines.text_of(line)))
        {
            return;
        }
        let text = lines.text_of(first);
        let word = first_word(text);
        let end = first.start + word.len() as u32;
        self.reports.help(first.start, end, Problem::ProseLooksLikeCode, || Help {
            suggestion: suggest_word(word, |spelling| {
                spelling.word.is_some_and(|word| word.role() == WordRole::Statement)
            }),
            hint: hint_for_habit(word)
                .map(|hint| format!("this is prose, since it begins with no statement word; {hint}")),
        });
    }

    /// Where the statements that are read go: what is behind the body of a function is the function's, until it ends.
    fn body(&mut self) -> &mut Body {
        match &mut self.open {
            Some(open) => &mut open.body,
            None => &mut self.top,
        }
    }

    fn body_and_reports(&mut self) -> (&mut Body, &mut Reports) {
        match &mut self.open {
            Some(open) => (&mut open.body, self.reports),
            None => (&mut self.top, self.reports),
        }
    }

    fn token(&self) -> Option<&Token> {
        self.tokens.tokens.get(self.position)
    }

    fn is_word(&self, word: Word) -> bool {
        self.token().is_some_and(|token| token.is_word(word))
    }

    /// Takes the token if it is that word.
    fn takes(&mut self, word: Word) -> bool {
        let is_it = self.is_word(word);
        self.position += usize::from(is_it);
        is_it
    }

    fn takes_kind(&mut self, is_it: impl FnOnce(&Kind) -> bool) -> bool {
        let is_it = self.token().is_some_and(|token| is_it(&token.kind));
        self.position += usize::from(is_it);
        is_it
    }

    fn expect_word(&mut self, word: Word) -> Read<()> {
        if self.takes(word) {
            return Ok(());
        }
        Err(self.expected(|found| Problem::ExpectedWord { expected: word.spelling().to_owned(), found }))
    }

    /// Where the token is; behind the last one where there is none.
    fn span(&self) -> (u32, u32) {
        match self.token() {
            Some(token) => (token.start, token.end),
            None => {
                let end = self.last_end();
                (end, end)
            }
        }
    }

    /// Where the token before this one ends.
    fn last_end(&self) -> u32 {
        let before = self.position.checked_sub(1).and_then(|index| self.tokens.tokens.get(index));
        before.map_or(0, |token| token.end)
    }

    /// A problem with the token, which is not what was expected.
    fn expected(&self, problem: impl FnOnce(String) -> Problem) -> Stop {
        let (at, end) = self.span();
        let found = match self.token() {
            None => "the end of the paragraph".to_owned(),
            Some(_) => self.slice(at, end),
        };
        Stop::new(at, end, problem(found))
    }

    /// What is wrong at the token that a statement could not be read beyond (rule Diagnosing): with the token itself, where it can
    /// be none; that there is none, where the paragraph ends; else what was expected.
    fn settled(&self, stop: Stop) -> Stop {
        if stop.is_final {
            return stop;
        }
        let (at, end) = self.span();
        let Some(token) = self.token() else {
            let stays = matches!(stop.problem, Problem::MissingColon { .. } | Problem::UnclosedParenthesis);
            return if stays { stop } else { Stop::new(at, end, Problem::MissingPeriod) };
        };
        if let Kind::Bad(index) = token.kind
            && let Some(bad) = self.tokens.bad.get(index as usize)
        {
            return Stop::new(bad.at, end, bad.problem.clone());
        }
        let next = self.tokens.tokens.get(self.position + 1);
        if matches!(token.kind, Kind::Semicolon) && !next.is_some_and(|next| next.is_word(Word::Else)) {
            return Stop::new(at, end, Problem::InvalidCharacter { character: self.slice(at, end) });
        }
        let word = token.spelling().and_then(|spelling| spelling.word);
        if word.is_some_and(|word| word.role() == WordRole::Reserved) {
            return Stop::new(at, end, Problem::ReservedWord { word: self.slice(at, end) });
        }
        stop
    }

    /// A token as messages repeat it: as it is written, a phrase with one space between its words.
    fn slice(&self, at: u32, end: u32) -> String {
        /// How many characters of a token a message repeats.
        const MOST: usize = 60;
        let text = &self.text[at as usize..end as usize];
        if text.starts_with(unicode_ident::is_xid_start) {
            let words = text.split(|gap: char| gap.is_whitespace() || matches!(gap, '*' | '\\'));
            let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
            return words.join(" ").chars().take(MOST).collect();
        }
        text.chars().take(MOST).collect()
    }
}

/// Whether a paragraph of that depth is of statements, as far as its lines alone show.
/// An entry of a session may begin with a name or a parenthesis, too.
fn begins_code<'t>(mut lines: impl Iterator<Item = &'t str>, depth: u32, is_entry: bool) -> bool {
    let mut text = String::new();
    // Two words are enough; a line of `**` alone has none.
    while text.split_whitespace().nth(1).is_none()
        && let Some(line) = lines.next()
    {
        text.push_str(&line.replace("**", ""));
        text.push('\n');
    }
    let start = text.trim_start();
    let begins_value = begins_with_value(start) || (is_entry && start.starts_with(['`', '(']));
    begins_statement(&text) || (depth == 0 && begins_value)
}

/// Whether a paragraph that begins with the line is of statements.
pub(crate) fn begins_statement(line: &str) -> bool {
    let clean = line.replace("**", "");
    let mut words = clean.split_whitespace();
    let first = words.next().map(letters_at_start).unwrap_or_default().to_ascii_lowercase();
    let candidates = super::tables::spellings_of(&first);
    candidates.iter().any(|spelling| {
        spelling.word.is_some_and(|word| word.role() == WordRole::Statement)
            && match spelling.words {
                [_] => true,
                [_, second] => words
                    .clone()
                    .next()
                    .map(letters_at_start)
                    .unwrap_or_default()
                    .eq_ignore_ascii_case(second),
                _ => false,
            }
    })
}

/// Whether the spelling is of a word that begins a block.
fn begins_block(spelling: &Spelling) -> bool {
    matches!(spelling.word, Some(Word::If | Word::Else | Word::While | Word::ForEach))
}

/// Whether a paragraph ends with a period, `**` and `\` behind it apart.
fn ends_with_period<'t>(lines: impl DoubleEndedIterator<Item = &'t str>) -> bool {
    let is_nothing = |end: char| end.is_whitespace() || end == '\\';
    let mut said = lines.rev().map(|line| {
        let mut text = line.trim_end_matches(is_nothing);
        while let Some(before) = text.strip_suffix("**") {
            text = before.trim_end_matches(is_nothing);
        }
        text
    });
    said.find(|text| !text.is_empty()).is_some_and(|text| text.ends_with('.'))
}

/// The run of characters without what is no part of a name at its end, and without digits and `_` there.
fn letters_at_start(word: &str) -> &str {
    let is_letter = |character: char| is_word_part(character) && !matches!(character, '0'..='9' | '_');
    word.trim_end_matches(|character: char| !is_letter(character))
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().map(letters_at_start).unwrap_or_default()
}

/// The spelling of those chosen that is nearest to a word.
fn suggest_word(word: &str, chosen: impl Fn(&Spelling) -> bool) -> Option<String> {
    let candidates =
        SPELLINGS.iter().filter(|spelling| chosen(spelling)).filter_map(|spelling| spelling.words.first());
    nearest(word, candidates.copied()).map(|found| {
        let mut letters = found.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_word_begins_statements() {
        for line in ["Say _1_.", "**Define** `x`", "if, then", "For each `x`", "Otherwise:", "For **each**"] {
            assert!(begins_code([line].into_iter(), 1, false), "{line}");
        }
        for line in
            ["The set of", "For example, tea", "Give me tea", "_1_ + _2_.", "- Say _1_.", "(Set", "**", ""]
        {
            assert!(!begins_code([line].into_iter(), 1, false), "{line}");
        }
    }
}
