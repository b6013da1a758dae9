//! Types: what is certain of an expression without running it, and whether it fits (rule Types).

use super::Checker;
use crate::language::ast::{ExpressionKind, Id, Named, Program};
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
        match self.kind(id) {
            ExpressionKind::Whole(_) => StaticType::Whole,
            ExpressionKind::Float(_) => StaticType::Float,
            ExpressionKind::Text { is_url: true, .. } => StaticType::Url,
            ExpressionKind::Text { is_url: false, .. } => StaticType::Text,
            ExpressionKind::Truth(_) => StaticType::Truth,
            ExpressionKind::Empty => StaticType::Empty,
            ExpressionKind::Name(_) | ExpressionKind::Item { .. } | ExpressionKind::Key { .. } => {
                StaticType::Unknown
            }
            ExpressionKind::Chain { first, links } => {
                let links = self.links(links);
                // Only sums and products say more than their operator does.
                let mut class = match links.first().map(|link| link.operator.gives()) {
                    Some(Gives::Truth) => return StaticType::Truth,
                    Some(Gives::Number) => return StaticType::Number,
                    Some(Gives::List) => return StaticType::List,
                    Some(Gives::Sum | Gives::Arithmetic | Gives::Same) | None => self.class(*first),
                };
                for link in links {
                    let right = self.class(link.operand);
                    class = match link.operator.gives() {
                        Gives::Sum => sum(class, right),
                        Gives::Truth | Gives::Arithmetic | Gives::Number | Gives::Same | Gives::List => {
                            arithmetic(class, right)
                        }
                    };
                }
                class
            }
            ExpressionKind::Conditional { arms, otherwise } => {
                let mut class = self.class(*otherwise);
                for arm in self.arms(arms).iter().rev() {
                    class = either(self.class(arm.value), class);
                }
                class
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
        }
    }
}

fn is_number(class: StaticType) -> bool {
    matches!(class, StaticType::Whole | StaticType::Float | StaticType::Number)
}

fn is_text(class: StaticType) -> bool {
    matches!(class, StaticType::Text | StaticType::Url)
}

fn arithmetic(left: StaticType, right: StaticType) -> StaticType {
    match (left, right) {
        (StaticType::Whole, StaticType::Whole) => StaticType::Whole,
        (StaticType::Whole | StaticType::Float, StaticType::Whole | StaticType::Float) => StaticType::Float,
        _ => StaticType::Number,
    }
}

fn sum(left: StaticType, right: StaticType) -> StaticType {
    if is_number(left) && is_number(right) {
        arithmetic(left, right)
    } else if is_text(left) || is_text(right) {
        StaticType::Text
    } else {
        StaticType::Unknown
    }
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
