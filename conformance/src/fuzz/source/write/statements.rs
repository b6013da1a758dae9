//! Statements on a page.

use super::{BREAK, Writer};
use crate::fuzz::source::tree::{Arguments, Expression, Gaps, Place, Statement};

impl Writer<'_> {
    pub(super) fn statement(&mut self, statement: &Statement, depth: usize) {
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
            Statement::While { .. } => self.counted(statement, depth),
            Statement::ForEach(name, list, body) => {
                let (word, joining, name) = (self.key("for_each"), self.word("in"), self.name(name));
                let list = self.expression(list, loosest);
                self.say(depth, format!("{word} {name} {joining} {list}:"));
                self.inner(body, depth);
            }
            Statement::AddItem(..)
            | Statement::AddKey(..)
            | Statement::Remove(..)
            | Statement::RemovePlace(..)
            | Statement::Insert(..)
            | Statement::Update(..)
            | Statement::Clear(..) => self.change(statement, depth),
            Statement::Evaluate(value) => {
                let value = self.expression(value, loosest);
                self.say(depth, format!("{value}."));
            }
        }
    }

    /// Puts a statement on the page that changes a list or named list.
    fn change(&mut self, statement: &Statement, depth: usize) {
        let loosest = self.vocabulary.conditional;
        match statement {
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
            Statement::Define { .. }
            | Statement::Set(..)
            | Statement::SetBlank(..)
            | Statement::SetList { .. }
            | Statement::SetNamed(..)
            | Statement::Call { .. }
            | Statement::SetPlace(..)
            | Statement::SetKey(..)
            | Statement::Say(..)
            | Statement::GiveBack(..)
            | Statement::If(..)
            | Statement::While { .. }
            | Statement::ForEach(..)
            | Statement::Evaluate(..) => {}
        }
    }

    fn counted(&mut self, statement: &Statement, depth: usize) {
        let Statement::While { counter, turns, condition, body } = statement else { return };
        let loosest = self.vocabulary.conditional;
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

    pub(super) fn place(&mut self, place: &Place) -> String {
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
}
