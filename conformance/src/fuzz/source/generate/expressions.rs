//! Expressions out of choices.

use super::{COMPARISONS, FLOATS, Kind, Maker, NAMES, Scope, TEXTS, WHOLE};
use crate::fuzz::generate::choose::{choose, one_in, pick};
use crate::fuzz::source::tree::{Expression, Place};

impl Maker<'_, '_> {
    /// A small whole number.
    pub(super) fn small(&mut self, scope: &Scope) -> Expression {
        if one_in(self.u, 6) {
            self.expression(scope, Kind::Whole, 1)
        } else {
            Expression::Whole(1 + choose(self.u, 4) as i64)
        }
    }

    pub(super) fn place(&mut self, scope: &Scope) -> Place {
        match choose(self.u, 5) {
            0 => Place::Last,
            1 | 2 => Place::Nth(u8::try_from(choose(self.u, 3)).unwrap_or(0)),
            _ => Place::Item(Box::new(self.small(scope))),
        }
    }

    /// A variable that is meant to hold that kind, or any.
    pub(super) fn variable(&mut self, scope: &Scope, kind: Option<Kind>) -> Option<(String, Kind)> {
        let wild = self.wild();
        let fits: Vec<&(String, Kind)> =
            scope.variables.iter().filter(|(_, of)| wild || kind.is_none_or(|kind| *of == kind)).collect();
        pick(self.u, &fits).map(|one| (*one).clone())
    }

    pub(super) fn text(&mut self) -> String {
        pick(self.u, &TEXTS).copied().unwrap_or("a").to_owned()
    }

    pub(super) fn literal(&mut self, kind: Kind) -> Expression {
        match kind {
            Kind::Whole => Expression::Whole(pick(self.u, &WHOLE).copied().unwrap_or(0)),
            Kind::Float => Expression::Float(pick(self.u, &FLOATS).copied().unwrap_or("1.5").to_owned()),
            Kind::Text => Expression::Text(self.text()),
            Kind::Truth => Expression::Truth(one_in(self.u, 2)),
            Kind::List | Kind::Named => Expression::Empty,
            Kind::Any => {
                let kind = pick(self.u, &[Kind::Whole, Kind::Text, Kind::Truth, Kind::Float])
                    .copied()
                    .unwrap_or(Kind::Whole);
                if one_in(self.u, 6) { Expression::Empty } else { self.literal(kind) }
            }
        }
    }

    /// An expression that mostly gives a value of that kind.
    pub(super) fn expression(&mut self, scope: &Scope, kind: Kind, depth: usize) -> Expression {
        let kind = if self.wild() { self.kind() } else { kind };
        let kind = if kind == Kind::Any { self.kind() } else { kind };
        if one_in(self.u, 150) {
            // It may be defined later, elsewhere, or not at all.
            return Expression::Name(pick(self.u, &NAMES).copied().unwrap_or("x").to_owned());
        }
        if depth == 0 || one_in(self.u, 3) {
            return match self.variable(scope, Some(kind)) {
                Some((name, _)) if !one_in(self.u, 3) => Expression::Name(name),
                _ if kind == Kind::Whole && one_in(self.u, 3) => match pick(self.u, &scope.counters) {
                    Some(counter) => Expression::Name(counter.clone()),
                    None => self.literal(kind),
                },
                _ => self.literal(kind),
            };
        }
        if one_in(self.u, 10) {
            let condition = self.expression(scope, Kind::Truth, depth - 1);
            let one = self.expression(scope, kind, depth - 1);
            let other = self.expression(scope, kind, depth - 1);
            return Expression::Conditional(Box::new(one), Box::new(condition), Box::new(other));
        }
        if one_in(self.u, 8) {
            return self.part(scope, depth);
        }
        match kind {
            Kind::Whole => {
                let operators = ["plus", "minus", "times", "divided", "plus", "minus"];
                self.arithmetic(scope, Kind::Whole, &operators, depth)
            }
            Kind::Float => {
                let other = if one_in(self.u, 3) { Kind::Whole } else { Kind::Float };
                self.arithmetic(scope, other, &["plus", "minus", "times", "divided"], depth)
            }
            Kind::Text => {
                let other = if one_in(self.u, 4) { Kind::Any } else { Kind::Text };
                let left = self.expression(scope, Kind::Text, depth - 1);
                let right = self.expression(scope, other, depth - 1);
                Expression::Infix(Box::new(left), "plus", Box::new(right))
            }
            Kind::Truth => self.truth(scope, depth),
            Kind::List | Kind::Named | Kind::Any => match self.variable(scope, Some(Kind::Named)) {
                Some((name, _)) if kind == Kind::List => {
                    let operator = if one_in(self.u, 2) { "names_of" } else { "contents_of" };
                    Expression::Prefix(operator, Box::new(Expression::Name(name)))
                }
                _ => match self.variable(scope, Some(kind)) {
                    Some((name, _)) => Expression::Name(name),
                    None => self.literal(kind),
                },
            },
        }
    }

    fn arithmetic(
        &mut self,
        scope: &Scope,
        kind: Kind,
        operators: &[&'static str],
        depth: usize,
    ) -> Expression {
        let left = self.expression(scope, kind, depth - 1);
        if one_in(self.u, 8) {
            return Expression::Prefix("negative", Box::new(left));
        }
        if one_in(self.u, 8) {
            let power = Expression::Whole(choose(self.u, 9) as i64 - 2);
            return Expression::Infix(Box::new(left), "power", Box::new(power));
        }
        let right = self.expression(scope, kind, depth - 1);
        let operator = pick(self.u, operators).copied().unwrap_or("plus");
        Expression::Infix(Box::new(left), operator, Box::new(right))
    }

    fn truth(&mut self, scope: &Scope, depth: usize) -> Expression {
        match choose(self.u, 8) {
            0 => {
                let one = self.expression(scope, Kind::Truth, depth - 1);
                Expression::Prefix("not", Box::new(one))
            }
            1 | 2 => {
                let operator = if one_in(self.u, 2) { "and" } else { "or" };
                let left = self.expression(scope, Kind::Truth, depth - 1);
                let right = self.expression(scope, Kind::Truth, depth - 1);
                Expression::Infix(Box::new(left), operator, Box::new(right))
            }
            3 => match self.variable(scope, Some(Kind::Named)) {
                Some((name, _)) => {
                    let key = self.expression(scope, Kind::Text, depth - 1);
                    Expression::Infix(Box::new(Expression::Name(name)), "has", Box::new(key))
                }
                None => self.literal(Kind::Truth),
            },
            _ => {
                let kind = pick(self.u, &[Kind::Whole, Kind::Whole, Kind::Text, Kind::Float]).copied();
                let kind = kind.unwrap_or(Kind::Whole);
                let mut operator = pick(self.u, &COMPARISONS).copied().unwrap_or("equal");
                let kind = if one_in(self.u, 6) {
                    operator = COMPARISONS[choose(self.u, 4)];
                    self.kind()
                } else {
                    kind
                };
                let left = self.expression(scope, kind, depth - 1);
                let right = self.expression(scope, kind, depth - 1);
                Expression::Infix(Box::new(left), operator, Box::new(right))
            }
        }
    }

    /// Part of a list or named list.
    fn part(&mut self, scope: &Scope, depth: usize) -> Expression {
        if one_in(self.u, 3)
            && let Some((name, _)) = self.variable(scope, Some(Kind::Named))
        {
            let key = self.expression(scope, Kind::Text, depth - 1);
            return Expression::Key(name, Box::new(key));
        }
        let list = match self.variable(scope, Some(Kind::List)) {
            Some((name, _)) => Expression::Name(name),
            None => self.expression(scope, Kind::List, depth - 1),
        };
        Expression::Item(self.place(scope), Box::new(list))
    }
}
