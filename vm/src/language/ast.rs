//! The tree of a program. Nodes are in vectors and refer to one another by index, so that none of it is deeper than its
//! vectors: dropping it takes no stack, and chains of any length are one node.

use std::ops::Range;

use super::lexer::{Names, Symbol};
use super::tables::{Operator, Types};

/// A program.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) names: Names,
    /// The functions in order of their headings; the first is the top level.
    pub(crate) functions: Vec<Function>,
    pub(crate) expressions: Vec<Expression>,
    pub(crate) links: Vec<Link>,
    pub(crate) arms: Vec<Arm>,
    pub(crate) items: Vec<Item>,
    pub(crate) arguments: Vec<Argument>,
    /// The lines that were read as statements, in order.
    pub(crate) code: CodeLines,
}

/// The lines that are code, in order.
pub(super) type CodeLines = Vec<Range<usize>>;

/// A name where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) symbol: Symbol,
    pub(crate) at: u32,
}

/// A function, or the top level.
#[derive(Debug)]
pub(crate) struct Function {
    /// The name; the top level has none.
    pub(crate) name: Option<Named>,
    pub(crate) inputs: Vec<Input>,
    /// Whether there are inputs of which not even the name could be read.
    pub(crate) has_unreadable_inputs: bool,
    /// The statements in the order of the page, each before those of its block.
    pub(crate) statements: Vec<Statement>,
}

/// An input of a function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input {
    pub(crate) name: Named,
    /// None where they could not be read.
    pub(crate) types: Option<Types>,
    pub(crate) is_required: bool,
    pub(crate) default: Option<Value>,
}

/// An expression that is given to something, and where it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value {
    pub(crate) expression: Id,
    pub(crate) at: u32,
}

/// A statement.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// Where its first token is.
    pub(crate) at: u32,
    /// How deep the line is that it begins on.
    pub(crate) depth: u32,
    /// The index of the statement after its block; without a block, the next.
    pub(crate) end: u32,
    pub(crate) kind: StatementKind,
}

#[derive(Debug, Clone)]
pub(crate) enum StatementKind {
    Define {
        name: Named,
        types: Option<Types>,
        default: Option<Value>,
    },
    Set {
        name: Named,
        value: Value,
    },
    SetBlank {
        name: Named,
        at: u32,
    },
    SetList {
        name: Named,
        items: Range<u32>,
        is_named: bool,
        colon: u32,
    },
    /// Set … using …, and Use … without a target.
    Call {
        target: Option<Named>,
        call: Call,
    },
    SetItem {
        place: Position,
        place_at: u32,
        name: Named,
        value: Id,
    },
    /// Set of a key, Add … with and Update.
    SetKey {
        name: Named,
        key: Id,
        value: Id,
    },
    Say {
        value: Id,
    },
    GiveBack {
        value: Id,
    },
    If {
        condition: Option<Id>,
    },
    ElseIf {
        condition: Option<Id>,
    },
    Else,
    While {
        condition: Option<Id>,
    },
    ForEach {
        name: Option<Named>,
        list: Option<Id>,
    },
    Add {
        value: Id,
        name: Named,
    },
    Remove {
        value: Id,
        name: Named,
    },
    RemoveItem {
        place: Position,
        place_at: u32,
        name: Named,
    },
    Insert {
        value: Id,
        position: Id,
        name: Named,
    },
    Clear {
        name: Named,
    },
    Value {
        value: Id,
    },
    /// A block without a header of its own, such as one that is where none may.
    Block,
}

/// A call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) function: Named,
    pub(crate) arguments: Range<u32>,
}

/// An argument; it has a name behind `where`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Argument {
    pub(crate) name: Option<Named>,
    pub(crate) value: Value,
}

/// An item of a list; it has a key in a named list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) key: Option<Id>,
    pub(crate) value: Id,
}

/// Which item of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Position {
    /// The first, second or third: an index from 0.
    Fixed(i64),
    Last,
    /// `item EXPRESSION`, from 1.
    At(Id),
}

/// The index of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) u32);

/// An expression.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    /// The place of the errors that it may give.
    pub(crate) at: u32,
    pub(crate) kind: ExpressionKind,
}

#[derive(Debug, Clone)]
pub(crate) enum ExpressionKind {
    Whole(i64),
    Float(f64),
    /// What the quotes hold, from and to.
    Text {
        from: u32,
        to: u32,
        is_url: bool,
    },
    Truth(bool),
    Empty,
    Name(Symbol),
    /// Operands and the infix operators of one group between them.
    Chain {
        first: Id,
        links: Range<u32>,
    },
    /// The first value whose condition holds, else the last.
    Conditional {
        arms: Range<u32>,
        otherwise: Id,
    },
    Prefix {
        operator: Operator,
        operand: Id,
    },
    Item {
        place: Position,
        list: Id,
    },
    Key {
        name: Symbol,
        key: Id,
    },
}

/// An operator of a chain and the operand to its right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) operator: Operator,
    pub(crate) at: u32,
    pub(crate) operand: Id,
}

/// A value of a conditional and its condition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arm {
    pub(crate) value: Id,
    pub(crate) condition: Id,
}

impl Program {
    pub(crate) fn expression(&self, id: Id) -> &Expression {
        &self.expressions[id.0 as usize]
    }

    pub(crate) fn kind(&self, id: Id) -> &ExpressionKind {
        &self.expression(id).kind
    }

    pub(crate) fn links(&self, range: &Range<u32>) -> &[Link] {
        &self.links[range.start as usize..range.end as usize]
    }

    pub(crate) fn arms(&self, range: &Range<u32>) -> &[Arm] {
        &self.arms[range.start as usize..range.end as usize]
    }

    pub(crate) fn items(&self, range: &Range<u32>) -> &[Item] {
        &self.items[range.start as usize..range.end as usize]
    }

    pub(crate) fn arguments(&self, range: &Range<u32>) -> &[Argument] {
        &self.arguments[range.start as usize..range.end as usize]
    }
}
