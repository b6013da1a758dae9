//! Types: what is certain of an expression without running it, and whether it fits (rule Types).

use super::Checker;
use crate::language::ast::{ExpressionKind, Id, Link, Named, Program};
use crate::language::lexer::Symbol;
use crate::language::tables::{DeclaredType, Gives, Problem, StaticType, Types};

impl Checker<'_> {
    /// Reports a value of that class that does not fit the variable.
    pub(super) fn check_type(&mut self, name: Named, class: StaticType, at: u32) {
        let types = self.types_of(name.symbol);
        self.fit(name, types, class, at);
    }

    fn types_of(&self, symbol: Symbol) -> Option<Types> {
        let index = self.scope.by_name.get(&symbol)?;
        self.scope.variables[*index].types
    }

    pub(super) fn fit(&mut self, name: Named, types: Option<Types>, class: StaticType, at: u32) {
        let Some(types) = types.filter(|types| !types.hold(class)) else { return };
        let declared: Vec<&str> = types.iter().map(DeclaredType::name).collect();
        let problem = Problem::WrongType {
            found: class.summary().to_owned(),
            name: self.spelling(name.symbol),
            declared: declared.join(" or "),
        };
        self.reports.add(at, at + 1, problem);
    }

    pub(super) fn class(&self, id: Id) -> StaticType {
        self.program.class(id)
    }

    /// The class of an empty list that a variable is set to: named where its only type is Named List.
    pub(super) fn class_of_list(&self, symbol: Symbol) -> StaticType {
        let only_named =
            self.types_of(symbol).is_some_and(|types| types.are_only(&[DeclaredType::NamedList]));
        if only_named { StaticType::NamedList } else { StaticType::List }
    }
}

impl Program {
    /// What is certain of an expression.
    pub(crate) fn class(&self, id: Id) -> StaticType {
        self.certain(id).0
    }

    /// What is certain of an expression, and whether it is certainly text, variables aside (rule Joining): the class of a conditional
    /// between a text and a URL is unknown, though it is text.
    fn certain(&self, id: Id) -> (StaticType, bool) {
        let class = match self.kind(id) {
            ExpressionKind::Text { is_url: true, .. } => return (StaticType::Url, true),
            ExpressionKind::Text { is_url: false, .. } => return (StaticType::Text, true),
            ExpressionKind::Whole(_) => StaticType::Whole,
            ExpressionKind::Float(_) => StaticType::Float,
            ExpressionKind::Truth(_) => StaticType::Truth,
            ExpressionKind::Empty => StaticType::Empty,
            ExpressionKind::Name(_) | ExpressionKind::Item { .. } | ExpressionKind::Key { .. } => {
                StaticType::Unknown
            }
            ExpressionKind::Chain { first, links } => {
                return self.certain_of_chain(*first, self.links(links));
            }
            ExpressionKind::Conditional { arms, otherwise } => {
                let mut certain = self.certain(*otherwise);
                for arm in self.arms(arms).iter().rev() {
                    let (class, is_text) = self.certain(arm.value);
                    certain = (either(class, certain.0), is_text && certain.1);
                }
                return certain;
            }
            ExpressionKind::Prefix { operator, operand } => match operator.gives() {
                Gives::Truth => StaticType::Truth,
                Gives::List => StaticType::List,
                Gives::Sum | Gives::Arithmetic | Gives::Number | Gives::Same => match self.class(*operand) {
                    class @ (StaticType::Whole | StaticType::Float) => class,
                    StaticType::Number
                    | StaticType::Text
                    | StaticType::Url
                    | StaticType::Truth
                    | StaticType::List
                    | StaticType::NamedList
                    | StaticType::Empty
                    | StaticType::Unknown => StaticType::Number,
                },
            },
        };
        (class, false)
    }

    fn certain_of_chain(&self, first: Id, links: &[Link]) -> (StaticType, bool) {
        // Only sums and products say more than their operator does.
        let mut certain = match links.first().map(|link| link.operator.gives()) {
            Some(Gives::Truth) => return (StaticType::Truth, false),
            Some(Gives::Number) => return (StaticType::Number, false),
            Some(Gives::List) => return (StaticType::List, false),
            Some(Gives::Sum | Gives::Arithmetic | Gives::Same) | None => self.certain(first),
        };
        for link in links {
            let (right, is_text) = self.certain(link.operand);
            certain = match link.operator.gives() {
                Gives::Sum if certain.1 || is_text => (StaticType::Text, true),
                Gives::Sum => (sum(certain.0, right), false),
                Gives::Truth | Gives::Arithmetic | Gives::Number | Gives::Same | Gives::List => {
                    (arithmetic(certain.0, right), false)
                }
            };
        }
        certain
    }
}

fn is_number(class: StaticType) -> bool {
    matches!(class, StaticType::Whole | StaticType::Float | StaticType::Number)
}

fn arithmetic(left: StaticType, right: StaticType) -> StaticType {
    match (left, right) {
        (StaticType::Whole, StaticType::Whole) => StaticType::Whole,
        (StaticType::Whole | StaticType::Float, StaticType::Whole | StaticType::Float) => StaticType::Float,
        _ => StaticType::Number,
    }
}

fn sum(left: StaticType, right: StaticType) -> StaticType {
    if is_number(left) && is_number(right) { arithmetic(left, right) } else { StaticType::Unknown }
}

fn either(left: StaticType, right: StaticType) -> StaticType {
    if left == right {
        left
    } else if is_number(left) && is_number(right) {
        StaticType::Number
    } else {
        StaticType::Unknown
    }
}
