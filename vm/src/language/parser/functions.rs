//! Functions: headings, bodies in `<details>`, and sections of inputs.

use super::blocks::Body;
use super::{Parser, Read};
use crate::language::ast::{Function, Input, Named};
use crate::language::lexer::{self, Kind, Token};
use crate::language::lines::heading_level;
use crate::language::tables::{Operator, Problem, Word, WordRole};

/// A function whose parts are read.
pub(super) struct OpenFunction {
    name: Named,
    name_end: u32,
    inputs: Vec<Input>,
    pub(super) body: Body,
    pub(super) state: State,
    pub(super) section: Section,
}

/// Where in a function the page is.
#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    BeforeBody,
    /// In the body, whose tag stands there.
    Inside((u32, u32)),
    BehindBody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    None,
    Inputs,
    Outputs,
}

impl OpenFunction {
    pub(super) fn is_inside(&self) -> bool {
        matches!(self.state, State::Inside(_))
    }
}

/// What a heading says.
enum Heading {
    Function { name: Named, end: u32 },
    Section(Section),
    Other,
}

impl Parser<'_> {
    pub(super) fn heading(&mut self) {
        let line = self.lines.lines[self.next_line];
        self.next_line += 1;
        let text = self.lines.text_of(&line);
        let level = heading_level(text).unwrap_or(1);
        let tokens = lexer::lex_line(self.text, line.start + level as u32..line.end, &mut self.program.names);
        let heading = heading(level, &tokens);
        if self.open.as_ref().is_some_and(OpenFunction::is_inside) {
            match heading {
                // A heading within the body, for readers.
                Heading::Other => return,
                Heading::Function { .. } | Heading::Section(_) => self.report_unclosed(),
            }
        }
        match heading {
            Heading::Section(section) => {
                if let Some(open) = &mut self.open {
                    open.section = section;
                }
            }
            Heading::Other => self.finish_function(),
            Heading::Function { name, end } => {
                self.finish_function();
                self.open = Some(OpenFunction {
                    name,
                    name_end: end,
                    inputs: Vec::new(),
                    body: Body::default(),
                    state: State::BeforeBody,
                    section: Section::None,
                });
            }
        }
    }

    pub(super) fn details_open(&mut self) {
        let line = self.lines.lines[self.next_line];
        self.next_line += 1;
        if let Some(open) = &mut self.open
            && matches!(open.state, State::BeforeBody)
        {
            open.state = State::Inside((line.start, line.end));
            open.section = Section::None;
        }
    }

    pub(super) fn details_close(&mut self) {
        self.next_line += 1;
        if let Some(open) = &mut self.open
            && open.is_inside()
        {
            open.state = State::BehindBody;
        }
    }

    fn report_unclosed(&mut self) {
        if let Some(open) = &mut self.open
            && let State::Inside((at, end)) = open.state
        {
            open.state = State::BehindBody;
            self.reports.add(at, end, Problem::UnclosedDetails);
        }
    }

    /// Ends the function that is open, if one is.
    pub(super) fn finish_function(&mut self) {
        self.report_unclosed();
        let Some(open) = self.open.take() else { return };
        if matches!(open.state, State::BeforeBody) {
            let name = self.program.names.spelling(open.name.symbol).to_owned();
            self.reports.add(open.name.at, open.name_end, Problem::MissingDetails { name });
        }
        let statements = open.body.finish(self.reports);
        self.program.functions.push(Function { name: Some(open.name), inputs: open.inputs, statements });
    }

    /// Reads a paragraph of the section of inputs, each line an item.
    pub(super) fn inputs(&mut self) {
        let lines = self.lines;
        let range = lines.paragraph(self.next_line);
        self.next_line = range.end;
        for line in &lines.lines[range] {
            self.tokens = lexer::lex_line(self.text, line.start..line.end, &mut self.program.names);
            self.position = 0;
            self.nesting = 0;
            let mut input = None;
            if let Err(stop) = self.input_item(&mut input) {
                let first = self.tokens.tokens.first();
                let (at, end) = first.map_or((line.start, line.end), |first| (first.start, first.end));
                // What is no token says more than that no input was found.
                match self.tokens.bad.first() {
                    Some(bad) => self.reports.add(bad.at, bad.at + 1, bad.problem.clone()),
                    None if matches!(stop.problem, Problem::ExpectedInput { .. }) => {
                        self.reports.add(at, end, stop.problem);
                    }
                    None => self.reports.add(stop.at, stop.end, stop.problem),
                }
            }
            if let (Some(input), Some(open)) = (input, &mut self.open) {
                open.inputs.push(input);
            }
        }
    }

    fn input_item(&mut self, input: &mut Option<Input>) -> Read<()> {
        let expected = |parser: &Self| parser.expected(|found| Problem::ExpectedInput { found });
        let is_dash =
            |kind: &Kind| matches!(kind, Kind::Sign(operators) if operators.contains(&Operator::Minus));
        if !self.takes_kind(is_dash) {
            return Err(expected(self));
        }
        let Some(Kind::Name { symbol, bare: _ }) = self.token().map(|token| token.kind) else {
            return Err(expected(self));
        };
        let name = Named { symbol, at: self.span().0 };
        self.position += 1;
        let read = input.insert(Input { name, types: None, is_required: true, default: None });
        if !self.takes(Word::As) {
            return Err(expected(self));
        }
        let types = self.types().map_err(|_| expected(self))?;
        read.types = Some(types);
        if self.takes_kind(|kind| matches!(kind, Kind::Open)) {
            if self.takes(Word::Optional) {
                read.is_required = false;
            }
            if !read.is_required && self.takes_kind(|kind| matches!(kind, Kind::Comma))
                || self.is_word(Word::Default)
            {
                read.is_required = false;
                read.default = Some(self.default_value()?);
            } else if read.is_required && !self.takes(Word::Required) {
                return Err(expected(self));
            }
            if !self.takes_kind(|kind| matches!(kind, Kind::Close)) {
                return Err(expected(self));
            }
        }
        self.takes_kind(|kind| matches!(kind, Kind::Period));
        if self.token().is_some() { Err(expected(self)) } else { Ok(()) }
    }
}

fn heading(level: usize, tokens: &lexer::Tokens) -> Heading {
    let role = |token: &Token| token.spelling().and_then(|spelling| spelling.word).map(Word::role);
    match tokens.tokens.as_slice() {
        [kind, colon, name]
            if level >= 2
                && role(kind) == Some(WordRole::Definition)
                && matches!(colon.kind, Kind::Colon) =>
        {
            if let Kind::Name { symbol, bare: _ } = name.kind {
                return Heading::Function { name: Named { symbol, at: name.start }, end: name.end };
            }
            Heading::Other
        }
        [section] | [section, Token { kind: Kind::Colon, .. }] => {
            match section.spelling().and_then(|spelling| spelling.word) {
                Some(Word::Inputs) => Heading::Section(Section::Inputs),
                Some(Word::Outputs) => Heading::Section(Section::Outputs),
                Some(_) | None => Heading::Other,
            }
        }
        _ => Heading::Other,
    }
}
