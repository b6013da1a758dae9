//! Putting a program on a page, in a style.
//!
//! What the program means must not depend on the style; whether the style is read rightly is what the pages are for.

mod expressions;
mod statements;

use std::collections::BTreeMap;

use mdvm_spec::Spec;

use super::tree::{Function, Gaps, Marks, Need, Program, Statement, Style};

/// Where a line of a statement may end: before a word that begins no structure of Markdown.
const BREAK: char = '\u{1}';

/// The words of the language, as generated pages need them.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// Ways to write each word, the usual one first.
    words: BTreeMap<String, Vec<String>>,
    /// Ways to write each operator, the usual one first, and the rank of its group; 0 is the loosest.
    operators: BTreeMap<String, (Vec<String>, usize)>,
    /// The rank of the conditional.
    conditional: usize,
    /// The rank of the group whose members an argument may be at the loosest.
    argument: usize,
    /// The rank of prefixes.
    prefix: usize,
    /// The rank of what needs no parentheses anywhere.
    primary: usize,
    /// Words that vanish.
    fillers: Vec<String>,
}

impl Vocabulary {
    /// The words that the specification declares.
    #[must_use]
    pub fn of(spec: &Spec) -> Self {
        let language = &spec.language;
        let rank = |name: &str| {
            language
                .precedence
                .iter()
                .position(|group| group.name == name)
                .unwrap_or(language.precedence.len())
        };
        Self {
            words: language.words.iter().map(|word| (word.name.clone(), word.spellings.clone())).collect(),
            operators: language
                .operators
                .iter()
                .map(|operator| {
                    let ways = operator.signs.iter().chain(&operator.spellings).cloned().collect();
                    (operator.name.clone(), (ways, rank(&operator.group)))
                })
                .collect(),
            conditional: rank("conditional"),
            argument: rank("equality"),
            prefix: rank("prefix"),
            primary: rank("parts"),
            fillers: language.fillers.clone(),
        }
    }

    /// The words that vanish.
    #[must_use]
    pub fn fillers(&self) -> &[String] {
        &self.fillers
    }
}

/// The page of a program.
#[must_use]
pub fn page(program: &Program, vocabulary: &Vocabulary) -> String {
    let style = program.style;
    let mut writer =
        Writer { vocabulary, style, random: fastrand::Rng::with_seed(style.seed), lines: Vec::new() };
    writer.program(program);
    let mut text = String::new();
    if writer.may(3, 10) {
        text.push('\u{feff}');
    }
    text.push_str(&writer.lines.join("\n"));
    text.push('\n');
    if style.crlf { text.replace('\n', "\r\n") } else { text }
}

struct Writer<'v> {
    vocabulary: &'v Vocabulary,
    style: Style,
    random: fastrand::Rng,
    lines: Vec<String>,
}

impl Writer<'_> {
    /// True once in `times` in a style that is at least so free.
    fn may(&mut self, freedom: u8, times: u32) -> bool {
        self.style.freedom >= freedom && self.random.u32(..times) == 0
    }

    fn program(&mut self, program: &Program) {
        if self.may(3, 4) {
            self.lines.extend(["---", "title: _\"Say\"_. `x`", "---", ""].map(str::to_owned));
        }
        let functions_last = self.may(1, 3);
        let split = if self.may(2, 3) { program.body.len() / 2 } else { 0 };
        let (first, second) = program.body.split_at(split);
        self.block(first, 0);
        if functions_last {
            self.separate();
            self.block(second, 0);
        }
        for function in &program.functions {
            self.function(function);
        }
        if !functions_last {
            self.separate();
            self.block(second, 0);
        }
    }

    /// A blank line between parts of the page, and now and then something that is nothing to the program.
    fn separate(&mut self) {
        self.lines.push(String::new());
        if self.may(3, 3) {
            let nothing = [
                "# A heading",
                "This page counts things, and says so.",
                "<!-- Say _\"not this\"_. -->",
                "<!--\nSay _\"nor this\"_.\n\n> Say _1_.\n-->",
                "***",
                "```\nSay _\"not run\"_.\n```",
                "The set of all things is large",
                "| a | b |\n|---|---|\n| `x` | _1_ |",
            ];
            let chosen = nothing[self.random.usize(..nothing.len())];
            self.lines.extend(chosen.lines().map(str::to_owned));
            self.lines.push(String::new());
        }
    }

    fn function(&mut self, function: &Function) {
        self.separate();
        let level = "#".repeat(if self.style.freedom == 0 { 3 } else { self.random.usize(2..6) });
        let kinds = ["utility", "action", "interaction"];
        let kind = if self.style.freedom == 0 { kinds[0] } else { kinds[self.random.usize(..kinds.len())] };
        let kind = self.word(kind);
        let kind = if self.may(1, 2) { format!("**{kind}**") } else { kind };
        self.lines.push(format!("{level} {kind}: `{}`", function.name));
        self.lines.push(String::new());
        let inputs_first = self.may(2, 4);
        if inputs_first {
            self.inputs(function);
        }
        self.lines.push("<details>".to_owned());
        if !self.may(1, 3) {
            self.lines.push("<summary>What it does: Say _1_.</summary>".to_owned());
        }
        self.lines.push(String::new());
        self.block(&function.body, 1);
        self.lines.push(String::new());
        self.lines.push("</details>".to_owned());
        self.lines.push(String::new());
        if !inputs_first {
            self.inputs(function);
        }
        if self.may(2, 4) {
            let heading = self.word("outputs");
            self.lines.extend([format!("#### {heading}"), String::new()]);
            self.lines.extend(["- `result` **as** Number".to_owned(), String::new()]);
        }
    }

    fn inputs(&mut self, function: &Function) {
        if function.inputs.is_empty() {
            return;
        }
        let heading = self.word("inputs");
        let colon = if self.may(1, 2) { ":" } else { "" };
        self.lines.push(format!("#### {heading}{colon}"));
        if !self.may(1, 3) {
            self.lines.push(String::new());
        }
        for input in &function.inputs {
            let need = match &input.need {
                Need::Required if self.may(1, 3) => String::new(),
                Need::Required => format!(" ({})", self.word("required")),
                Need::Optional => format!(" ({})", self.word("optional")),
                Need::Default(value) => {
                    let value = self.expression(value, self.vocabulary.conditional);
                    let (optional, default) = (self.word("optional"), self.word("default"));
                    if self.may(1, 2) {
                        format!(" ({default}: {value})")
                    } else {
                        format!(" ({optional}, {default}: {value})")
                    }
                }
            };
            let joining = self.word("as");
            let joining = if self.may(1, 2) { format!("**{joining}**") } else { joining };
            let end = if self.may(1, 4) { "." } else { "" };
            let line = format!("- `{}` {joining} {}{need}{end}", input.name, input.declared);
            self.lines.push(line.replace(BREAK, " "));
        }
        self.lines.push(String::new());
    }

    fn marks(&self, depth: usize) -> String {
        match self.style.marks {
            _ if depth == 0 => String::new(),
            Marks::Spaced => "> ".repeat(depth),
            Marks::Tight => format!("{} ", ">".repeat(depth)),
            Marks::Bare => ">".repeat(depth),
            Marks::Wide => ">  ".repeat(depth),
            Marks::Tabbed => ">\t".repeat(depth),
        }
    }

    fn put(&mut self, depth: usize, text: &str) {
        for line in text.lines() {
            self.lines.push(format!("{}{line}", self.marks(depth)));
        }
    }

    /// A line that is nothing: blank at depth 0, of marks alone elsewhere.
    fn blank(&mut self, depth: usize) {
        let line = self.marks(depth).trim_end().to_owned();
        self.lines.push(line);
    }

    fn block(&mut self, block: &[Statement], depth: usize) {
        let mut is_joined = false;
        for statement in block {
            let before = self.lines.len();
            self.statement(statement, depth);
            let is_short = self.lines.len() == before + 1 && is_short(statement);
            if is_joined && is_short && self.may(2, 3) {
                // It follows the statement before it on that one's line.
                if let Some(text) = self.lines.pop()
                    && let Some(last) = self.lines.last_mut()
                {
                    let marks = if depth == 0 {
                        0
                    } else {
                        text.len() - text.trim_start_matches(['>', ' ', '\t']).len()
                    };
                    last.push(' ');
                    last.push_str(&text[marks..]);
                }
            }
            is_joined = is_short;
            if is_short && self.may(2, 6) {
                is_joined = false;
                if let Some(last) = self.lines.last_mut() {
                    last.push('\\');
                }
            }
            if depth == 0 && self.may(2, 6) {
                is_joined = false;
                self.separate();
            } else if self.may(2, 8) {
                is_joined = false;
                self.blank(depth);
            }
        }
    }

    /// A block under a header of depth `depth`.
    fn inner(&mut self, block: &[Statement], depth: usize) {
        if self.style.gaps == Gaps::Formatted {
            self.blank(depth);
        }
        self.block(block, depth + 1);
        // At depth 0 prose and the like may stand behind a block, before its Else too.
        let is_apart = self.style.gaps == Gaps::Formatted && depth == 0 && self.may(3, 4);
        match self.style.gaps {
            Gaps::None => {}
            Gaps::Formatted if is_apart => self.separate(),
            Gaps::Formatted | Gaps::Outer => self.blank(depth),
            Gaps::Inner => self.blank(depth + 1),
        }
    }

    /// A way to write a word of the specification.
    fn word(&mut self, name: &str) -> String {
        let ways = self.vocabulary.words.get(name).map_or(&[][..], Vec::as_slice);
        let way = if ways.len() > 1 && self.style.freedom > 0 {
            ways.get(self.random.usize(..ways.len()))
        } else {
            ways.first()
        };
        let way = way.cloned().unwrap_or_else(|| name.to_owned());
        self.in_some_case(way)
    }

    fn in_some_case(&mut self, text: String) -> String {
        if self.may(2, 8) {
            text.to_uppercase()
        } else if self.may(2, 8) {
            text.to_lowercase()
        } else {
            text
        }
    }

    /// A keyword, bold perhaps.
    fn key(&mut self, name: &str) -> String {
        let word = self.word(name);
        if self.may(1, 5) { format!("**{word}**") } else { word }
    }

    /// A name; a filler before it now and then.
    fn name(&mut self, name: &str) -> String {
        let quoted = format!("`{name}`");
        if self.may(2, 12) { format!("the {quoted}") } else { quoted }
    }
}

/// Whether another statement may follow on its line.
fn is_short(statement: &Statement) -> bool {
    match statement {
        Statement::Define { .. }
        | Statement::Set(..)
        | Statement::SetBlank(..)
        | Statement::Call { .. }
        | Statement::SetPlace(..)
        | Statement::SetKey(..)
        | Statement::Say(..)
        | Statement::GiveBack(..)
        | Statement::AddItem(..)
        | Statement::AddKey(..)
        | Statement::Remove(..)
        | Statement::RemovePlace(..)
        | Statement::Insert(..)
        | Statement::Update(..)
        | Statement::Clear(..)
        | Statement::Evaluate(..) => true,
        Statement::SetList { .. }
        | Statement::SetNamed(..)
        | Statement::If(..)
        | Statement::While { .. }
        | Statement::ForEach(..) => false,
    }
}
