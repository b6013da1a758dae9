//! Putting a program on a page, in a style.
//!
//! What the program means must not depend on the style; whether the style is read rightly is what the pages are for.

use std::collections::BTreeMap;

use mdvm_spec::Spec;

use super::tree::{Arguments, Expression, Function, Gaps, Marks, Need, Place, Program, Statement, Style};

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

    fn statement(&mut self, statement: &Statement, depth: usize) {
        let loosest = self.vocabulary.conditional;
        match statement {
            Statement::Define { name, types, default } => {
                let or = format!(" {} ", self.word("or"));
                let types = types.join(&or);
                let (define, joining, name) = (self.key("define"), self.key("as"), self.name(name));
                let default = match default {
                    Some(value) => {
                        format!(" ({}: {})", self.word("default"), self.expression(value, loosest))
                    }
                    None => String::new(),
                };
                self.say(depth, format!("{define} {name}{BREAK}{joining} {types}{default}."));
            }
            Statement::Set(name, value) => {
                let (set, to, name) = (self.key("set"), self.key("to"), self.name(name));
                let value = self.expression(value, loosest);
                self.say(depth, format!("{set} {name}{BREAK}{to} {value}."));
            }
            Statement::SetBlank(name) => {
                let (set, to, name, blank) =
                    (self.key("set"), self.key("to"), self.name(name), self.word("blank"));
                self.say(depth, format!("{set} {name} {to} {blank}."));
            }
            Statement::SetList { name, ordered, items } => {
                let items = items.iter().map(|item| self.expression(item, loosest)).collect();
                self.list(depth, name, *ordered, items);
            }
            Statement::SetNamed(name, items) => {
                let items = items
                    .iter()
                    .map(|(key, value)| {
                        let key = self.text(key);
                        format!("{key}: {}", self.expression(value, loosest))
                    })
                    .collect();
                self.list(depth, name, false, items);
            }
            Statement::Call { target, function, arguments } => {
                let arguments = self.arguments(arguments);
                let text = match target {
                    Some(name) => {
                        let (set, using, name) = (self.key("set"), self.key("using"), self.name(name));
                        format!("{set} {name}{BREAK}{using} `{function}`{arguments}.")
                    }
                    None => format!("{} `{function}`{arguments}.", self.key("use")),
                };
                self.say(depth, text);
            }
            Statement::SetPlace(place, name, value) => {
                let (set, place, of) = (self.key("set"), self.place(place), self.word("of"));
                let (to, name) = (self.key("to"), self.name(name));
                let value = self.expression(value, loosest);
                self.say(depth, format!("{set} {place} {of} {name}{BREAK}{to} {value}."));
            }
            Statement::SetKey(name, key, value) => {
                let (set, to) = (self.key("set"), self.key("to"));
                let key = self.expression(key, self.vocabulary.primary);
                let value = self.expression(value, loosest);
                self.say(depth, format!("{set} `{name}`'s {key}{BREAK}{to} {value}."));
            }
            Statement::Say(value) => {
                let (say, value) = (self.key("say"), self.expression(value, loosest));
                self.say(depth, format!("{say} {value}."));
            }
            Statement::GiveBack(value) => {
                let (give, value) = (self.key("give_back"), self.expression(value, loosest));
                self.say(depth, format!("{give} {value}."));
            }
            Statement::If(arms, otherwise) => self.branches(arms, otherwise.as_deref(), depth),
            Statement::While { counter, turns, condition, body } => {
                let less = Expression::Infix(
                    Box::new(Expression::Name(counter.clone())),
                    "less",
                    Box::new(Expression::Whole(*turns)),
                );
                let condition = match condition {
                    Some(other) => Expression::Infix(Box::new(less), "and", Box::new(other.clone())),
                    None => less,
                };
                let (word, condition) = (self.key("while"), self.expression(&condition, loosest));
                self.say(depth, format!("{word} {condition}:"));
                let next = Expression::Infix(
                    Box::new(Expression::Name(counter.clone())),
                    "plus",
                    Box::new(Expression::Whole(1)),
                );
                let mut body = body.clone();
                body.push(Statement::Set(counter.clone(), next));
                self.inner(&body, depth);
            }
            Statement::ForEach(name, list, body) => {
                let (word, joining, name) = (self.key("for_each"), self.word("in"), self.name(name));
                let list = self.expression(list, loosest);
                self.say(depth, format!("{word} {name} {joining} {list}:"));
                self.inner(body, depth);
            }
            Statement::AddItem(item, name) => {
                let (add, to, name) = (self.key("add"), self.word("to"), self.name(name));
                let item = self.expression(item, loosest);
                self.say(depth, format!("{add} {item}{BREAK}{to} {name}."));
            }
            Statement::AddKey(name, key, value) => {
                let (add, to, name) = (self.key("add"), self.word("to"), self.name(name));
                let key = self.expression(key, loosest);
                let with = if self.may(1, 2) {
                    self.word("with")
                } else {
                    format!("{} {}", self.word("with"), self.word("value"))
                };
                let value = self.expression(value, loosest);
                self.say(depth, format!("{add} {key}{BREAK}{to} {name}{BREAK}{with} {value}."));
            }
            Statement::Remove(item, name) => {
                let (remove, from, name) = (self.key("remove"), self.word("from"), self.name(name));
                let item = self.expression(item, loosest);
                self.say(depth, format!("{remove} {item}{BREAK}{from} {name}."));
            }
            Statement::RemovePlace(place, name) => {
                let (remove, from, name) = (self.key("remove"), self.word("from"), self.name(name));
                let place = self.place(place);
                self.say(depth, format!("{remove} {place}{BREAK}{from} {name}."));
            }
            Statement::Insert(item, position, name) => {
                let (insert, at, joining) = (self.key("insert"), self.word("position"), self.word("in"));
                let item = self.expression(item, loosest);
                let position = self.expression(position, loosest);
                let name = self.name(name);
                self.say(depth, format!("{insert} {item}{BREAK}{at} {position}{BREAK}{joining} {name}."));
            }
            Statement::Update(key, name, value) => {
                let (update, joining, to) = (self.key("update"), self.word("in"), self.word("to"));
                let key = self.expression(key, loosest);
                let (name, value) = (self.name(name), self.expression(value, loosest));
                self.say(depth, format!("{update} {key} {joining} {name}{BREAK}{to} {value}."));
            }
            Statement::Clear(name) => {
                let (clear, name) = (self.key("clear"), self.name(name));
                self.say(depth, format!("{clear} {name}."));
            }
            Statement::Evaluate(value) => {
                let value = self.expression(value, loosest);
                self.say(depth, format!("{value}."));
            }
        }
    }

    fn branches(
        &mut self,
        arms: &[(Expression, Vec<Statement>)],
        otherwise: Option<&[Statement]>,
        depth: usize,
    ) {
        for (index, (condition, block)) in arms.iter().enumerate() {
            let mut header = String::new();
            if index > 0 {
                header = format!("{} ", self.key("else"));
            }
            header.push_str(&self.key("if"));
            header.push(' ');
            header.push_str(&self.expression(condition, self.vocabulary.conditional));
            if self.may(1, 4) {
                header.push(',');
            }
            if self.may(1, 2) {
                header.push(' ');
                header.push_str(&self.key("then"));
            }
            header.push(':');
            self.say(depth, header);
            self.inner(block, depth);
        }
        if let Some(block) = otherwise {
            let header = format!("{}:", self.key("else"));
            self.say(depth, header);
            self.inner(block, depth);
        }
    }

    /// Puts a statement's text on the page, over several lines perhaps.
    fn say(&mut self, depth: usize, text: String) {
        let mut line = String::new();
        for letter in text.chars() {
            if letter == BREAK {
                line.push(if self.may(2, 6) { '\n' } else { ' ' });
            } else {
                line.push(letter);
            }
        }
        self.put(depth, &line);
    }

    fn list(&mut self, depth: usize, name: &str, ordered: bool, items: Vec<String>) {
        let (set, to, name) = (self.key("set"), self.key("to"), self.name(name));
        let header = format!("{set} {name} {to}:");
        let mark = |index: usize| if ordered { format!("{}. ", index + 1) } else { "- ".to_owned() };
        let items: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(index, item)| format!("{}{}.", mark(index), item.replace(BREAK, " ")))
            .collect();
        if !items.is_empty() && self.may(1, 3) {
            self.put(depth, &format!("{header} {}", items.join(" ")));
            return;
        }
        self.put(depth, &header);
        if depth > 0 && !items.is_empty() && self.may(2, 6) {
            // As the public compiler wants them.
            self.put(0, &items.join("\n"));
            self.blank(depth);
            return;
        }
        if self.style.gaps == Gaps::Formatted {
            self.blank(depth);
        }
        for item in &items {
            self.put(depth, item);
            if self.may(2, 6) {
                self.blank(depth);
            }
        }
        self.blank(depth);
    }

    fn arguments(&mut self, arguments: &Arguments) -> String {
        let loosest = self.vocabulary.argument;
        let (word, parts): (&str, Vec<String>) = match arguments {
            Arguments::With(all) => ("with", all.iter().map(|one| self.expression(one, loosest)).collect()),
            Arguments::Where(all) => {
                let part = |(name, one): &(String, Expression)| {
                    let joining = self.word("is");
                    format!("`{name}` {joining} {}", self.expression(one, loosest))
                };
                ("where", all.iter().map(part).collect())
            }
        };
        if parts.is_empty() {
            return String::new();
        }
        let mut text = format!("{BREAK}{} ", self.key(word));
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                let and = format!("{BREAK}{} ", self.word("and"));
                text.push_str(if self.may(1, 3) { &and } else { ", " });
            }
            text.push_str(part);
        }
        text
    }

    fn place(&mut self, place: &Place) -> String {
        let the = if self.may(1, 2) { "the " } else { "" };
        let item = self.word("item");
        match place {
            Place::Nth(number) => {
                let nth = self.word(["first", "second", "third"][usize::from(*number).min(2)]);
                format!("{the}{nth} {item}")
            }
            Place::Last => {
                let last = self.word("last");
                format!("{the}{last} {item}")
            }
            Place::Item(index) => {
                let index = self.expression(index, self.vocabulary.conditional + 1);
                format!("{item} {index}")
            }
        }
    }

    /// An expression, in parentheses where it binds looser than `loosest`.
    fn expression(&mut self, expression: &Expression, loosest: usize) -> String {
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

    fn text(&mut self, text: &str) -> String {
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
