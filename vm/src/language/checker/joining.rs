//! Which variables certainly hold texts (rule Joining): the greatest set that contradicts nothing.
//!
//! Every value that a variable is set to becomes a formula over variables: a `+` is text if a side is, a conditional if all its
//! values are. All variables that may be texts are taken for texts at first; those whose formula fails are taken out, and with
//! each of them the formulas that counted on it. Each node fails once, so the whole takes linear time.

use super::{Origin, Scope, Variable};
use crate::language::ast::{ExpressionKind, Id, Program};
use crate::language::tables::{DeclaredType, Operator};

#[derive(Debug, Default)]
pub(super) struct Joining {
    nodes: Vec<Node>,
    /// For each variable, the nodes that say it is text.
    uses: Vec<Vec<u32>>,
    /// Variables with a value that is not certainly text.
    failed: Vec<usize>,
}

/// A part of a formula.
#[derive(Debug)]
struct Node {
    owner: Owner,
    /// How many of its parts must fail for it to fail.
    left: u32,
}

#[derive(Debug, Clone, Copy)]
enum Owner {
    None,
    Node(u32),
    Variable(usize),
}

/// Whether an expression is certainly text.
enum Certainty {
    Known(bool),
    Depends(u32),
}

impl Joining {
    pub(super) fn declare(&mut self) {
        self.uses.push(Vec::new());
    }

    /// Takes note of a value of a variable.
    pub(super) fn set(&mut self, program: &Program, scope: &Scope, variable: usize, value: Id) {
        match self.certainty(program, scope, value) {
            Certainty::Known(true) => {}
            Certainty::Known(false) => self.failed.push(variable),
            Certainty::Depends(node) => self.nodes[node as usize].owner = Owner::Variable(variable),
        }
    }

    fn certainty(&mut self, program: &Program, scope: &Scope, id: Id) -> Certainty {
        match program.kind(id) {
            ExpressionKind::Text { .. } => Certainty::Known(true),
            ExpressionKind::Name(symbol) => match scope.by_name.get(symbol) {
                Some(variable) => {
                    let node = self.node(1);
                    self.uses[*variable].push(node);
                    Certainty::Depends(node)
                }
                None => Certainty::Known(false),
            },
            ExpressionKind::Chain { first, links } => {
                let links = program.links(links);
                if !matches!(links.first().map(|link| link.operator), Some(Operator::Plus | Operator::Minus))
                {
                    return Certainty::Known(false);
                }
                // What is before the last minus has become a number.
                let last_minus = links.iter().rposition(|link| link.operator == Operator::Minus);
                let operands = last_minus.is_none().then_some(*first);
                let rest = &links[last_minus.map_or(0, |minus| minus + 1)..];
                self.any(program, scope, operands.into_iter().chain(rest.iter().map(|link| link.operand)))
            }
            ExpressionKind::Conditional { arms, otherwise } => {
                let values = program.arms(arms).iter().map(|arm| arm.value).chain([*otherwise]);
                self.all(program, scope, values)
            }
            ExpressionKind::Whole(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::Truth(_)
            | ExpressionKind::Empty
            | ExpressionKind::Prefix { .. }
            | ExpressionKind::Item { .. }
            | ExpressionKind::Key { .. } => Certainty::Known(false),
        }
    }

    fn any(&mut self, program: &Program, scope: &Scope, parts: impl Iterator<Item = Id>) -> Certainty {
        let mut depends = Vec::new();
        for part in parts {
            match self.certainty(program, scope, part) {
                Certainty::Known(true) => return Certainty::Known(true),
                Certainty::Known(false) => {}
                Certainty::Depends(node) => depends.push(node),
            }
        }
        let count = depends.len() as u32;
        self.join(depends, count).map_or(Certainty::Known(false), Certainty::Depends)
    }

    fn all(&mut self, program: &Program, scope: &Scope, parts: impl Iterator<Item = Id>) -> Certainty {
        let mut depends = Vec::new();
        for part in parts {
            match self.certainty(program, scope, part) {
                Certainty::Known(true) => {}
                Certainty::Known(false) => return Certainty::Known(false),
                Certainty::Depends(node) => depends.push(node),
            }
        }
        self.join(depends, 1).map_or(Certainty::Known(true), Certainty::Depends)
    }

    /// A node that fails when so many of its parts have.
    fn join(&mut self, parts: Vec<u32>, left: u32) -> Option<u32> {
        if parts.is_empty() {
            return None;
        }
        let node = self.node(left);
        for part in parts {
            self.nodes[part as usize].owner = Owner::Node(node);
        }
        Some(node)
    }

    fn node(&mut self, left: u32) -> u32 {
        self.nodes.push(Node { owner: Owner::None, left });
        self.nodes.len() as u32 - 1
    }

    /// Tells each variable whether it is text.
    pub(super) fn settle(&mut self, variables: &mut [Variable]) {
        for (index, variable) in variables.iter_mut().enumerate() {
            let of_text = [DeclaredType::Text, DeclaredType::Url];
            variable.is_text = true;
            let may_be_text = variable.origin == Origin::Define
                && !variable.is_given
                && variable.types.is_some_and(|types| types.count() == 1 && types.are_only(&of_text));
            if !may_be_text {
                self.failed.push(index);
            }
        }
        while let Some(variable) = self.failed.pop() {
            if !std::mem::replace(&mut variables[variable].is_text, false) {
                continue;
            }
            let mut failing = std::mem::take(&mut self.uses[variable]);
            while let Some(node) = failing.pop() {
                let node = &mut self.nodes[node as usize];
                node.left = node.left.saturating_sub(1);
                if node.left > 0 {
                    continue;
                }
                match std::mem::replace(&mut node.owner, Owner::None) {
                    Owner::None => {}
                    Owner::Node(owner) => failing.push(owner),
                    Owner::Variable(owner) => self.failed.push(owner),
                }
            }
        }
    }
}
