//! Programs of the language out of bytes: mostly of a kind that does real work, each of them ending.
//!
//! Every variable is meant to hold values of one kind and mostly does; one choice in many is any expression, name or call at all, so
//! that errors of every kind come up where they should. Loops count in variables that nothing else sets; functions call only those
//! declared before them, or themselves with a number that goes down.

mod calls;
mod expressions;

use arbitrary::Unstructured;

use super::tree::{Arguments, Expression, Function, Gaps, Input, Marks, Need, Program, Statement, Style};
use crate::fuzz::generate::choose::{choose, one_in, pick};

/// What a variable is meant to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Float,
    Text,
    Truth,
    List,
    Named,
    Any,
}

const KINDS: [Kind; 12] = [
    Kind::Whole,
    Kind::Whole,
    Kind::Whole,
    Kind::Text,
    Kind::Text,
    Kind::List,
    Kind::List,
    Kind::Named,
    Kind::Float,
    Kind::Truth,
    Kind::Truth,
    Kind::Any,
];

impl Kind {
    fn types(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Whole => {
                &[&["Whole Number"], &["Number"], &["whole number", "Empty"], &["Whole Number", "Text"]]
            }
            Self::Float => &[&["Float"], &["Number"], &["FLOAT", "empty"]],
            Self::Text => &[&["Text"], &["Text"], &["texts"], &["Text", "Number"]],
            Self::Truth => &[&["Yes/No"], &["yes/no"], &["status"]],
            Self::List => &[&["Ordered List"], &["Unordered List"], &["List"], &["List", "Empty"]],
            Self::Named => &[&["Named List"], &["named list"]],
            Self::Any => &[&["Number", "Text", "Yes/No", "List", "Named List", "Empty"]],
        }
    }
}

/// Names of variables: plain ones, with spaces, of keywords, of fillers, beyond ASCII.
const NAMES: [&str; 28] = [
    "x",
    "y",
    "n",
    "total",
    "green tea",
    "is",
    "Set",
    "the",
    "first item",
    "and",
    "naïve",
    "_t",
    "a-b",
    "don't",
    "If",
    "X",
    "größe",
    "value",
    "end",
    "i",
    "list of all",
    "x2",
    "not",
    "empty",
    // The name above as two characters, and others that are not in NFC.
    "nai\u{308}ve",
    "\u{958}ीमत",
    "\u{212a}",
    "ราคา น้ำ",
];
const FUNCTIONS: [&str; 6] = ["f", "main", "twice over", "Say", "is it", "größer"];
const INPUTS: [&str; 6] = ["n", "a", "b", "of what", "else", "x"];
const TEXTS: [&str; 14] = [
    "",
    "a",
    "b",
    "tea",
    "It's",
    "say \"hi\"",
    "é",
    "日本",
    "> not a block.",
    "https://example.org/a?b=c",
    "<!-- no -->",
    "tab\there",
    "two\nlines",
    "back\\slash _1_",
];
const WHOLE: [i64; 14] = [0, 1, 2, 3, 5, 7, 10, -1, -2, -7, 100, 1 << 40, i64::MAX, i64::MIN];
const FLOATS: [&str; 10] = ["0.0", "-0.0", "1.0", "1.5", ".5", "-2.25", "1e3", "2.5e-3", "1e300", "3.0"];
const COMPARISONS: [&str; 8] = [
    "equal",
    "unequal",
    "strictly_equal",
    "strictly_unequal",
    "greater",
    "less",
    "greater_or_equal",
    "less_or_equal",
];

/// How many bytes of choices a program uses at most, or nearly.
const MOST_BYTES: usize = 700;

/// The program number `index` of the sequence that begins with `seed`.
#[must_use]
pub fn numbered(seed: u64, index: u64) -> Program {
    let mixed = seed.rotate_left(32) ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = fastrand::Rng::with_seed(mixed);
    let length = random.usize(MOST_BYTES / 10..MOST_BYTES);
    let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
    program(&mut Unstructured::new(&bytes))
}

/// The program that the bytes choose. The same bytes give the same program; where they run out, it comes to its end.
pub fn program(u: &mut Unstructured<'_>) -> Program {
    let style = style(u);
    let mut maker = Maker { u, functions: Vec::new(), signatures: Vec::new() };
    for number in 0..choose(maker.u, 4) {
        maker.function(number);
    }
    let mut scope = Scope::default();
    let mut body = maker.opening(&mut scope);
    let count = 2 + choose(maker.u, 9);
    body.extend(maker.block(&mut scope, count, 0));
    for (name, _) in scope.variables.clone().into_iter().take(4) {
        body.push(Statement::Say(Expression::Name(name)));
    }
    Program { functions: maker.functions, body, style }
}

fn style(u: &mut Unstructured<'_>) -> Style {
    let marks =
        pick(u, &[Marks::Spaced, Marks::Spaced, Marks::Tight, Marks::Bare, Marks::Wide, Marks::Tabbed]);
    let gaps = pick(u, &[Gaps::None, Gaps::Formatted, Gaps::Outer, Gaps::Inner]);
    Style {
        marks: marks.copied().unwrap_or_default(),
        gaps: gaps.copied().unwrap_or_default(),
        freedom: u8::try_from(choose(u, 4)).unwrap_or(0),
        crlf: one_in(u, 16),
        seed: u.int_in_range(0..=u64::from(u32::MAX)).unwrap_or(0),
    }
}

/// What a function takes.
struct Signature {
    name: String,
    inputs: Vec<(Input, Kind)>,
}

/// The variables of a function.
#[derive(Default)]
struct Scope {
    variables: Vec<(String, Kind)>,
    /// Counters of loops: they may be read, and nothing but their loop sets them.
    counters: Vec<String>,
    /// Whether a value may be given back here, because it is a function's body.
    gives: bool,
}

impl Scope {
    fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|(known, _)| known == name)
            || self.counters.iter().any(|known| known == name)
    }
}

struct Maker<'u, 'b> {
    u: &'u mut Unstructured<'b>,
    functions: Vec<Function>,
    signatures: Vec<Signature>,
}

impl Maker<'_, '_> {
    /// Whether a choice is a wild one.
    fn wild(&mut self) -> bool {
        one_in(self.u, 40)
    }

    fn kind(&mut self) -> Kind {
        pick(self.u, &KINDS).copied().unwrap_or(Kind::Whole)
    }

    fn function(&mut self, number: usize) {
        let name = FUNCTIONS[(number + choose(self.u, 2) * 3) % FUNCTIONS.len()].to_owned();
        if self.signatures.iter().any(|known| known.name == name) {
            return;
        }
        let recurses = one_in(self.u, 3);
        let mut inputs: Vec<(Input, Kind)> = Vec::new();
        let count = choose(self.u, 4).max(usize::from(recurses));
        for place in 0..count {
            let kind = if recurses && place == 0 { Kind::Whole } else { self.kind() };
            let name = INPUTS[(place + choose(self.u, 2) * 3) % INPUTS.len()].to_owned();
            if inputs.iter().any(|(known, _)| known.name == name) {
                continue;
            }
            let declared =
                pick(self.u, kind.types()).and_then(|types| types.first()).copied().unwrap_or("Number");
            let need = match choose(self.u, 5) {
                3 if place > 0 => Need::Optional,
                4 if place > 0 => Need::Default(self.literal(kind)),
                _ => Need::Required,
            };
            inputs.push((Input { name, declared: declared.to_owned(), need }, kind));
        }
        let mut scope = Scope {
            variables: inputs.iter().map(|(input, kind)| (input.name.clone(), *kind)).collect(),
            counters: Vec::new(),
            gives: true,
        };
        let mut body = Vec::new();
        // A function that calls itself knows its own signature, and guards the call by its first input.
        let guard = inputs.first().map(|(input, _)| input.name.clone()).filter(|_| recurses);
        self.signatures.push(Signature { name: name.clone(), inputs: inputs.clone() });
        body.extend(self.opening(&mut scope));
        if let Some(guard) = guard {
            body.extend(self.recursion(&mut scope, &name, &guard, &inputs));
        }
        let own = self.signatures.pop();
        let count = 1 + choose(self.u, 5);
        body.extend(self.block(&mut scope, count, 1));
        if !one_in(self.u, 5) {
            let kind = self.kind();
            let value = self.expression(&scope, kind, 2);
            body.push(Statement::GiveBack(value));
        }
        self.signatures.extend(own);
        let inputs = inputs.into_iter().map(|(input, _)| input).collect();
        self.functions.push(Function { name, inputs, body });
    }

    /// A call of the function itself while its first input is above 0 and below 20.
    fn recursion(
        &mut self,
        scope: &mut Scope,
        name: &str,
        guard: &str,
        inputs: &[(Input, Kind)],
    ) -> Vec<Statement> {
        let named = |name: &str| Box::new(Expression::Name(name.to_owned()));
        let above = Expression::Infix(named(guard), "greater", Box::new(Expression::Whole(0)));
        let below = Expression::Infix(named(guard), "less", Box::new(Expression::Whole(20)));
        let condition = Expression::Infix(Box::new(above), "and", Box::new(below));
        let next = Expression::Infix(named(guard), "minus", Box::new(Expression::Whole(1)));
        let mut arguments = vec![next];
        for (_, kind) in &inputs[1..] {
            arguments.push(self.expression(scope, *kind, 1));
        }
        let target = scope.variables.last().map(|(name, _)| name.clone()).filter(|name| name != guard);
        let call =
            Statement::Call { target, function: name.to_owned(), arguments: Arguments::With(arguments) };
        vec![Statement::If(vec![(condition, vec![call])], None)]
    }

    /// Defines a few variables and gives them values.
    fn opening(&mut self, scope: &mut Scope) -> Vec<Statement> {
        let mut statements = Vec::new();
        for _ in 0..2 + choose(self.u, 3) {
            statements.extend(self.define(scope));
        }
        statements
    }

    fn define(&mut self, scope: &mut Scope) -> Vec<Statement> {
        let name = pick(self.u, &NAMES).copied().unwrap_or("x").to_owned();
        if scope.has(&name) && !self.wild() {
            return Vec::new();
        }
        let kind = self.kind();
        let types = pick(self.u, kind.types()).copied().unwrap_or(&["Number"]);
        let types = types.iter().map(|name| (*name).to_owned()).collect();
        let default = if one_in(self.u, 3) && !matches!(kind, Kind::List | Kind::Named) {
            Some(self.literal(kind))
        } else {
            None
        };
        let is_given = default.is_some() || one_in(self.u, 8);
        let mut statements = vec![Statement::Define { name: name.clone(), types, default }];
        if !is_given {
            statements.push(self.give(scope, &name, kind));
        }
        scope.variables.push((name, kind));
        statements
    }

    /// Gives a variable a value of its kind.
    fn give(&mut self, scope: &Scope, name: &str, kind: Kind) -> Statement {
        let name = name.to_owned();
        match kind {
            Kind::List if !one_in(self.u, 3) => {
                let count = choose(self.u, 5);
                if count == 0 {
                    return Statement::SetBlank(name);
                }
                let kind = self.kind();
                let items = (0..count).map(|_| self.expression(scope, kind, 1)).collect();
                Statement::SetList { name, ordered: one_in(self.u, 2), items }
            }
            Kind::Named if !one_in(self.u, 3) => {
                let count = choose(self.u, 4);
                if count == 0 {
                    return Statement::SetBlank(name);
                }
                let items = (0..count)
                    .map(|_| {
                        let key = self.text();
                        let kind = self.kind();
                        (key, self.expression(scope, kind, 1))
                    })
                    .collect();
                Statement::SetNamed(name, items)
            }
            Kind::Whole | Kind::Float | Kind::Text | Kind::Truth | Kind::List | Kind::Named | Kind::Any => {
                let value = self.expression(scope, kind, 3);
                Statement::Set(name, value)
            }
        }
    }

    fn block(&mut self, scope: &mut Scope, count: usize, depth: usize) -> Vec<Statement> {
        let mut statements = Vec::new();
        for _ in 0..count {
            if self.u.is_empty() && !statements.is_empty() {
                break;
            }
            statements.extend(self.statement(scope, depth));
        }
        if statements.is_empty() {
            statements.push(Statement::Say(Expression::Whole(0)));
        }
        statements
    }

    fn statement(&mut self, scope: &mut Scope, depth: usize) -> Vec<Statement> {
        let choice = choose(self.u, if depth < 4 { 22 } else { 17 });
        let one = match choice {
            0..=2 => {
                let kind = self.kind();
                Statement::Say(self.expression(scope, kind, 3))
            }
            3..=5 => match self.variable(scope, None) {
                Some((name, kind)) => self.give(scope, &name, kind),
                None => Statement::Say(Expression::Empty),
            },
            6 => return self.define(scope),
            7 | 8 => self.call(scope),
            9..=14 => self.change(scope),
            15 if scope.gives && one_in(self.u, 3) => {
                let kind = self.kind();
                Statement::GiveBack(self.expression(scope, kind, 2))
            }
            15 | 16 => {
                // At the top level they would be prose, but for those that begin with a literal.
                let value = self.expression(scope, Kind::Any, 2);
                if depth > 0 || one_in(self.u, 8) {
                    Statement::Evaluate(value)
                } else {
                    Statement::Say(value)
                }
            }
            17..=19 => self.branches(scope, depth),
            20 => return self.counted(scope, depth),
            _ => self.for_each(scope, depth),
        };
        vec![one]
    }

    fn branches(&mut self, scope: &mut Scope, depth: usize) -> Statement {
        let count = 1 + usize::from(one_in(self.u, 3)) + usize::from(one_in(self.u, 6));
        let mut arms = Vec::new();
        for _ in 0..count {
            let condition = self.expression(scope, Kind::Truth, 2);
            let length = 1 + choose(self.u, 3);
            arms.push((condition, self.block(scope, length, depth + 1)));
        }
        let otherwise = if one_in(self.u, 2) {
            let length = 1 + choose(self.u, 2);
            Some(self.block(scope, length, depth + 1))
        } else {
            None
        };
        Statement::If(arms, otherwise)
    }

    fn counted(&mut self, scope: &mut Scope, depth: usize) -> Vec<Statement> {
        let counter = format!("turn {}", scope.counters.len() + 1);
        if scope.has(&counter) || scope.counters.len() > 3 {
            return Vec::new();
        }
        let name = counter.clone();
        let start = vec![
            Statement::Define { name: name.clone(), types: vec!["Whole Number".to_owned()], default: None },
            Statement::Set(name, Expression::Whole(0)),
        ];
        scope.counters.push(counter.clone());
        let turns = choose(self.u, 5) as i64;
        let condition = if one_in(self.u, 4) { Some(self.expression(scope, Kind::Truth, 1)) } else { None };
        let length = 1 + choose(self.u, 3);
        let body = self.block(scope, length, depth + 1);
        start.into_iter().chain([Statement::While { counter, turns, condition, body }]).collect()
    }

    fn for_each(&mut self, scope: &mut Scope, depth: usize) -> Statement {
        let name = match self.variable(scope, None) {
            Some((name, _)) if one_in(self.u, 4) => name,
            _ => "each one".to_owned(),
        };
        let list = self.expression(scope, Kind::List, 1);
        if !scope.has(&name) {
            scope.variables.push((name.clone(), Kind::Any));
        }
        let length = 1 + choose(self.u, 3);
        Statement::ForEach(name, list, self.block(scope, length, depth + 1))
    }

    fn target(&mut self, scope: &Scope) -> Option<String> {
        if one_in(self.u, 3) { None } else { self.variable(scope, None).map(|(name, _)| name) }
    }

    /// A change of a list or named list.
    fn change(&mut self, scope: &Scope) -> Statement {
        let kind = if one_in(self.u, 3) { Kind::Named } else { Kind::List };
        let Some((name, _)) = self.variable(scope, Some(kind)) else {
            return Statement::Say(self.expression(scope, Kind::Whole, 2));
        };
        let any = self.kind();
        let value = self.expression(scope, any, 2);
        if kind == Kind::Named {
            let key = self.expression(scope, Kind::Text, 1);
            return match choose(self.u, 5) {
                0 => Statement::SetKey(name, key, value),
                1 => Statement::AddKey(name, key, value),
                2 => Statement::Update(key, name, value),
                3 => Statement::Remove(key, name),
                _ => Statement::Clear(name),
            };
        }
        match choose(self.u, 9) {
            0..=2 => Statement::AddItem(value, name),
            3 | 4 => Statement::SetPlace(self.place(scope), name, value),
            5 => Statement::Remove(value, name),
            6 => Statement::RemovePlace(self.place(scope), name),
            7 => {
                let position = self.small(scope);
                Statement::Insert(value, position, name)
            }
            _ => Statement::Clear(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_give_the_same_program() {
        for index in 0..500 {
            assert_eq!(numbered(1, index), numbered(1, index));
        }
    }

    #[test]
    fn bytes_that_run_out_end_the_program() {
        for length in 0..60 {
            let bytes: Vec<u8> = (0..length).map(|byte: u8| byte.wrapping_mul(37)).collect();
            assert!(program(&mut Unstructured::new(&bytes)).size() > 0);
        }
    }
}
