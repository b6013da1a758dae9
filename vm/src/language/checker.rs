//! What a program says, checked: names, calls and types. What the emitter must know of each function comes out.

mod calls;
mod joining;
mod types;

use std::collections::{HashMap, HashSet};

use super::ast::{ExpressionKind, Function, Id, Named, Position, Program, Statement, StatementKind, Value};
use super::diagnostics::{Help, Reports, nearest};
use super::lexer::Symbol;
use super::source::Source;
use super::tables::{Problem, StaticType, Types, hint_for_habit, is_word_part, limits};
use joining::Joining;

/// A map that hashes as fast as can be; its order is never looked at.
pub(super) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// What is known of a program.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// What is known of each function, in their order.
    pub(crate) functions: Vec<Scope>,
    /// The functions by their names.
    pub(crate) by_name: Map<Symbol, usize>,
    /// The names of the functions whose results are kept somewhere.
    pub(crate) asked: HashSet<Symbol, foldhash::fast::RandomState>,
}

/// The variables of a function.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// The inputs first, then the others in order of the page.
    pub(crate) variables: Vec<Variable>,
    pub(crate) by_name: Map<Symbol, usize>,
}

/// A variable.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: Named,
    pub(crate) origin: Origin,
    /// None where they could not be read, and for the variable of a For each.
    pub(crate) types: Option<Types>,
    /// How often it is used, loops counted.
    pub(crate) weight: u64,
    /// The statements that change it, by index, in order.
    pub(crate) changes: Vec<u32>,
    /// Whether its values are certainly texts (rule Joining).
    pub(crate) is_text: bool,
    /// Whether anything but Set … to … gives it values.
    is_given: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Input,
    Define,
    ForEach,
}

/// Checks a program, and reports what does not hold.
pub(crate) fn check(program: &Program, source: &Source<'_>, reports: &mut Reports) -> Checked {
    let mut by_name = Map::default();
    for (index, function) in program.functions.iter().enumerate() {
        let Some(name) = function.name else { continue };
        if let Some(first) = by_name.get(&name.symbol) {
            let first: &Function = &program.functions[*first];
            let line = first.name.map_or(0, |first| source.place(first.at).line);
            let spelling = program.names.spelling(name.symbol).to_owned();
            let problem = Problem::DuplicateFunction { name: spelling, line: u64::from(line) };
            reports.add(name.at, name.at + 1, problem);
        } else {
            by_name.insert(name.symbol, index);
        }
    }
    let mut checked = Checked {
        functions: Vec::with_capacity(program.functions.len()),
        by_name,
        asked: HashSet::default(),
    };
    for (index, function) in program.functions.iter().enumerate() {
        let mut checker = Checker {
            program,
            function: index,
            source,
            reports: &mut *reports,
            by_name: &checked.by_name,
            asked: &mut checked.asked,
            scope: Scope::default(),
            joining: Joining::default(),
            loops: Vec::new(),
            statement: 0,
        };
        checker.function(function);
        let scope = checker.scope;
        checked.functions.push(scope);
    }
    checked
}

struct Checker<'a> {
    program: &'a Program,
    /// The index of the function that is checked.
    function: usize,
    source: &'a Source<'a>,
    reports: &'a mut Reports,
    by_name: &'a Map<Symbol, usize>,
    asked: &'a mut HashSet<Symbol, foldhash::fast::RandomState>,
    scope: Scope,
    joining: Joining,
    /// Where the loops end that are open.
    loops: Vec<u32>,
    /// The index of the statement that is checked.
    statement: u32,
}

impl Checker<'_> {
    fn function(&mut self, function: &Function) {
        self.inputs(function);
        for (index, statement) in function.statements.iter().enumerate() {
            self.statement = index as u32;
            while self.loops.pop_if(|end| *end <= self.statement).is_some() {}
            self.check_statement(&statement.kind);
            if matches!(statement.kind, StatementKind::While { .. } | StatementKind::ForEach { .. }) {
                self.loops.push(statement.end);
            }
        }
        self.joining.settle(&mut self.scope.variables);
    }

    fn inputs(&mut self, function: &Function) {
        for input in &function.inputs {
            self.declare(input.name, Origin::Input, input.types);
            if let Some(default) = input.default {
                self.default(input.name, input.types, default);
            }
        }
        let count = function.inputs.len() as u64;
        let limit = u64::from(limits::INPUTS);
        if count > limit
            && let Some(name) = function.name
        {
            let function = self.spelling(name.symbol);
            self.reports.add(name.at, name.at + 1, Problem::TooManyInputs { function, count, limit });
        }
    }

    fn check_statement(&mut self, kind: &StatementKind) {
        match kind {
            StatementKind::Define { name, types, default } => {
                self.declare(*name, Origin::Define, *types);
                if let Some(default) = default {
                    self.default(*name, *types, *default);
                    self.set_text(name.symbol, default.expression);
                }
            }
            StatementKind::Set { name, value } => {
                self.target(*name);
                self.expression(value.expression);
                let class = self.class(value.expression);
                self.check_type(*name, class, value.at);
                self.set_text(name.symbol, value.expression);
            }
            StatementKind::SetBlank { name, at } => {
                self.given(*name);
                let class = self.class_of_list(name.symbol);
                self.check_type(*name, class, *at);
            }
            StatementKind::SetList { name, items, is_named, colon } => {
                self.given(*name);
                for item in self.program.items(items) {
                    item.key.into_iter().for_each(|key| self.expression(key));
                    self.expression(item.value);
                }
                let class = match (items.is_empty(), is_named) {
                    (true, _) => self.class_of_list(name.symbol),
                    (false, true) => StaticType::NamedList,
                    (false, false) => StaticType::List,
                };
                self.check_type(*name, class, *colon);
            }
            StatementKind::Call { target, call } => {
                if let Some(target) = target {
                    self.given(*target);
                    self.asked.insert(call.function.symbol);
                }
                self.call(call);
            }
            StatementKind::SetItem { place, place_at: _, name, value } => {
                self.place(*place);
                self.given(*name);
                self.expression(*value);
            }
            StatementKind::SetKey { name, key, value } => {
                self.given(*name);
                self.expression(*key);
                self.expression(*value);
            }
            StatementKind::Add { value, name } | StatementKind::Remove { value, name } => {
                self.expression(*value);
                self.given(*name);
            }
            StatementKind::RemoveItem { place, place_at: _, name } => {
                self.place(*place);
                self.given(*name);
            }
            StatementKind::Insert { value, position, name } => {
                self.expression(*value);
                self.expression(*position);
                self.given(*name);
            }
            StatementKind::Clear { name } => self.given(*name),
            StatementKind::Say { value }
            | StatementKind::GiveBack { value }
            | StatementKind::Value { value } => self.expression(*value),
            StatementKind::If { condition }
            | StatementKind::ElseIf { condition }
            | StatementKind::While { condition } => {
                condition.iter().for_each(|condition| self.expression(*condition))
            }
            StatementKind::ForEach { name, list } => {
                list.iter().for_each(|list| self.expression(*list));
                if let Some(name) = name {
                    if !self.scope.by_name.contains_key(&name.symbol) {
                        self.declare(*name, Origin::ForEach, None);
                    }
                    self.given(*name);
                }
            }
            StatementKind::Else | StatementKind::Block => {}
        }
    }

    fn declare(&mut self, name: Named, origin: Origin, types: Option<Types>) {
        if let Some(known) = self.scope.by_name.get(&name.symbol) {
            let line = u64::from(self.source.place(self.scope.variables[*known].name.at).line);
            let problem = Problem::DuplicateName { name: self.spelling(name.symbol), line };
            self.reports.add(name.at, self.end(name), problem);
            return;
        }
        self.scope.by_name.insert(name.symbol, self.scope.variables.len());
        self.scope.variables.push(Variable {
            name,
            origin,
            types,
            weight: 0,
            changes: Vec::new(),
            is_text: false,
            is_given: false,
        });
        self.joining.declare();
    }

    /// Looks a name up, and reports where there is none.
    fn resolve(&mut self, symbol: Symbol, at: u32) -> Option<usize> {
        if let Some(index) = self.scope.by_name.get(&symbol) {
            /// How many loops make a use more weighty.
            const LOOPS: usize = 5;
            let weight = 8_u64.pow(self.loops.len().min(LOOPS) as u32);
            let variable = &mut self.scope.variables[*index];
            variable.weight = variable.weight.saturating_add(weight);
            return Some(*index);
        }
        let (program, scope) = (self.program, &self.scope);
        let name = program.names.spelling(symbol);
        let names = || scope.variables.iter().map(|variable| program.names.spelling(variable.name.symbol));
        let problem = Problem::UndefinedName { name: name.to_owned() };
        let end = self.end(Named { symbol, at });
        let (source, function) = (self.source, self.function);
        self.reports.help(at, end, problem, || Help {
            suggestion: nearest(name, names()).map(|name| format!("`{name}`")),
            hint: hint_for_name(program, source, function, symbol, at),
        });
        None
    }

    /// The variable that a statement changes.
    fn target(&mut self, name: Named) -> Option<usize> {
        let index = self.resolve(name.symbol, name.at)?;
        self.scope.variables[index].changes.push(self.statement);
        Some(index)
    }

    /// The variable that a statement changes, with a value that is none of Set … to ….
    fn given(&mut self, name: Named) {
        if let Some(index) = self.target(name) {
            self.scope.variables[index].is_given = true;
        }
    }

    /// Takes note of a value that Set … to … or a default gives.
    fn set_text(&mut self, symbol: Symbol, value: Id) {
        if let Some(index) = self.scope.by_name.get(&symbol) {
            self.joining.set(self.program, &self.scope, *index, value);
        }
    }

    fn default(&mut self, name: Named, types: Option<Types>, default: Value) {
        self.default_names(default.expression);
        let class = self.class(default.expression);
        self.fit(name, types, class, default.at);
    }

    /// Reports the names in a default.
    fn default_names(&mut self, id: Id) {
        let mut found = Vec::new();
        self.program.names_in(id, &mut |symbol, at| found.push((symbol, at)));
        for (symbol, at) in found {
            self.reports.add(at, self.end(Named { symbol, at }), Problem::NamesInDefault);
        }
    }

    fn expression(&mut self, id: Id) {
        let program = self.program;
        program.names_in(id, &mut |symbol, at| {
            self.resolve(symbol, at);
        });
    }

    fn place(&mut self, place: Position) {
        if let Position::At(index) = place {
            self.expression(index);
        }
    }

    fn spelling(&self, symbol: Symbol) -> String {
        self.program.names.spelling(symbol).to_owned()
    }

    /// Where a name ends, backticks counted.
    fn end(&self, name: Named) -> u32 {
        let written = &self.source.text[name.at as usize..];
        let quoted = written.strip_prefix('`').and_then(|rest| rest.find('`')).map(|length| length + 2);
        let length =
            quoted.or_else(|| written.find(|character| !is_word_part(character) && character != '\''));
        name.at + length.unwrap_or(written.len()) as u32
    }
}

/// Why there is no variable of that name, where that can be known.
fn hint_for_name(
    program: &Program,
    source: &Source<'_>,
    function: usize,
    symbol: Symbol,
    at: u32,
) -> Option<String> {
    let defined_in = |function: &Function| {
        let is_it = |statement: &Statement| {
            let StatementKind::Define { name, .. } = &statement.kind else { return None };
            (name.symbol == symbol).then_some(name.at)
        };
        function.statements.iter().find_map(is_it).map(|at| source.place(at).line)
    };
    if let Some(line) = program.functions.get(function).and_then(defined_in) {
        return Some(format!("its Define stands behind this, in line {line}"));
    }
    let top = program.functions.first().filter(|_| function > 0);
    if let Some(line) = top.and_then(defined_in) {
        return Some(format!(
            "the one of line {line} is of the top level, which functions do not see: make it an input"
        ));
    }
    let name = program.names.spelling(symbol);
    let is_bare = !source.text[at as usize..].starts_with('`');
    if let (true, Some(value)) = (is_bare, name.strip_prefix('_')) {
        return Some(format!("a value stands between two underscores: _{value}_"));
    }
    hint_for_habit(name).filter(|_| is_bare).map(str::to_owned)
}

impl Program {
    /// Tells `each` the names in an expression and where they are, in the order of the page.
    pub(crate) fn names_in(&self, id: Id, each: &mut impl FnMut(Symbol, u32)) {
        // Expressions nest no deeper than their limit; chains are loops.
        match self.kind(id) {
            ExpressionKind::Whole(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::Text { .. }
            | ExpressionKind::Truth(_)
            | ExpressionKind::Empty => {}
            ExpressionKind::Name(symbol) => each(*symbol, self.expression(id).at),
            ExpressionKind::Chain { first, links } => {
                self.names_in(*first, each);
                for link in self.links(links) {
                    self.names_in(link.operand, each);
                }
            }
            ExpressionKind::Conditional { arms, otherwise } => {
                for arm in self.arms(arms) {
                    self.names_in(arm.value, each);
                    self.names_in(arm.condition, each);
                }
                self.names_in(*otherwise, each);
            }
            ExpressionKind::Prefix { operator: _, operand } => self.names_in(*operand, each),
            ExpressionKind::Item { place, list } => {
                if let Position::At(index) = place {
                    self.names_in(*index, each);
                }
                self.names_in(*list, each);
            }
            ExpressionKind::Key { name, key } => {
                each(*name, self.expression(id).at);
                self.names_in(*key, each);
            }
        }
    }
}
