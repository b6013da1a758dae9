//! Functions: headings, bodies in `<details>`, and sections of inputs.

use super::blocks::Body;
use super::{Parser, Read, Stop};
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
    /// Where runs of statements begin that are outside of the body; without a body, they are what it should be.
    pub(super) strays: Vec<(u32, u32)>,
    /// Whether the section has items.
    pub(super) has_items: bool,
    /// Whether there are inputs of which not even the name could be read.
    has_unreadable_inputs: bool,
}

/// Where in a function the page is.
#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    BeforeBody,
    /// In the body, whose tag is there.
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
        // No heading is in a body: its end was forgotten.
        self.report_unclosed();
        let (body, reports) = self.body_and_reports();
        body.end_stray(reports);
        match heading {
            Heading::Section(section) => {
                if let Some(open) = &mut self.open {
                    open.section = section;
                    open.has_items = false;
                }
            }
            Heading::Other => self.finish_function(),
            Heading::Function { name, end } => {
                self.finish_function();
                // No block of the top level, and no Else, goes on behind a function.
                self.top.close(0, self.reports);
                self.open = Some(OpenFunction {
                    name,
                    name_end: end,
                    inputs: Vec::new(),
                    body: Body::default(),
                    state: State::BeforeBody,
                    section: Section::None,
                    strays: Vec::new(),
                    has_items: false,
                    has_unreadable_inputs: false,
                });
            }
        }
    }

    pub(super) fn details_open(&mut self) {
        let line = self.lines.lines[self.next_line];
        self.next_line += 1;
        let Some(open) = &mut self.open else { return };
        open.body.end_stray(self.reports);
        if matches!(open.state, State::BeforeBody) {
            open.state = State::Inside((line.start, line.end));
            open.section = Section::None;
        }
    }

    pub(super) fn details_close(&mut self) {
        self.next_line += 1;
        let Some(open) = &mut self.open else { return };
        open.body.end_stray(self.reports);
        if open.is_inside() {
            open.state = State::BehindBody;
            open.body.close(0, self.reports);
        }
    }

    fn report_unclosed(&mut self) {
        if let Some(open) = &mut self.open
            && let State::Inside((at, end)) = open.state
        {
            open.state = State::BehindBody;
            open.body.close(0, self.reports);
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
        } else {
            for (at, end) in open.strays {
                self.reports.add(at, end, Problem::UnexpectedBlock);
            }
        }
        let statements = open.body.finish(self.reports);
        self.program.functions.push(Function {
            name: Some(open.name),
            inputs: open.inputs,
            has_unreadable_inputs: open.has_unreadable_inputs,
            statements,
        });
    }

    /// Reads a paragraph of the section of inputs, each line an item.
    pub(super) fn inputs(&mut self) {
        let lines = self.lines;
        let range = lines.paragraph(self.next_line);
        self.next_line = range.end;
        let (body, reports) = self.body_and_reports();
        body.end_stray(reports);
        for line in &lines.lines[range] {
            self.tokens = lexer::lex_line(self.text, line.start..line.end, &mut self.program.names);
            self.position = 0;
            self.nesting = 0;
            let mut input = None;
            if self.input_item(&mut input).is_err() {
                let first = self.tokens.tokens.first();
                let (at, end) = first.map_or((line.start, line.end), |first| (first.start, first.end));
                let Stop { problem, .. } = self.expected(|found| Problem::ExpectedInput { found });
                let stop = Stop { is_final: self.token().is_none(), ..Stop::new(at, end, problem) };
                // What is no token says more than that no input was found.
                let Stop { at, end, problem, .. } = self.settled(stop);
                self.reports.add(at, end, problem);
            }
            let Some(open) = &mut self.open else { continue };
            open.has_items = true;
            match input {
                Some(input) => open.inputs.push(input),
                None => open.has_unreadable_inputs = true,
            }
        }
    }

    /// Reads an item. Of one that cannot be read, `input` has what could be; it need not be given then.
    fn input_item(&mut self, input: &mut Option<Input>) -> Read<()> {
        let is_dash =
            |kind: &Kind| matches!(kind, Kind::Sign(operators) if operators.contains(&Operator::Minus));
        if !self.takes_kind(is_dash) {
            return Err(self.expected(|found| Problem::ExpectedInput { found }));
        }
        let name = self.name()?;
        let read = input.insert(Input { name, types: None, is_required: false, default: None });
        self.expect_word(Word::As)?;
        read.types = Some(self.types()?);
        let mut is_required = true;
        if self.takes_kind(|kind| matches!(kind, Kind::Open)) {
            is_required = self.takes(Word::Required);
            if !is_required
                && (!self.takes(Word::Optional) || self.takes_kind(|kind| matches!(kind, Kind::Comma)))
            {
                read.default = Some(self.default_value()?);
            }
            if !self.takes_kind(|kind| matches!(kind, Kind::Close)) {
                return Err(self.expected(|found| Problem::ExpectedInput { found }));
            }
        }
        self.takes_kind(|kind| matches!(kind, Kind::Period));
        if self.token().is_some() {
            return Err(self.expected(|found| Problem::ExpectedInput { found }));
        }
        read.is_required = is_required;
        Ok(())
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
