//! What a generated program says, apart from how it is laid out.

/// A whole program.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Program {
    /// Its functions.
    pub functions: Vec<Function>,
    /// The statements of the top level.
    pub body: Vec<Statement>,
    /// How it is put on the page.
    pub style: Style,
}

/// A function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub inputs: Vec<Input>,
    /// Its statements.
    pub body: Vec<Statement>,
}

/// An input of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// The declared type, as it is written.
    pub declared: String,
    /// Whether a call must give it, may leave it out, or leaves it to a default.
    pub need: Need,
}

/// Whether a call must give an input.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// It must.
    Required,
    /// It need not; the input is empty then.
    Optional,
    /// It need not; the input has this value then.
    Default(Expression),
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// The first, second or third item.
    Nth(u8),
    /// The last item.
    Last,
    /// The item of that number, from 1.
    Item(Box<Expression>),
}

/// What a call gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Arguments {
    /// By position.
    With(Vec<Expression>),
    /// By name.
    Where(Vec<(String, Expression)>),
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// Makes a variable.
    Define {
        /// Its name.
        name: String,
        /// The declared types.
        types: Vec<String>,
        /// Its value when the statement runs.
        default: Option<Expression>,
    },
    /// Gives a variable a value.
    Set(String, Expression),
    /// Gives a variable an empty list or named list.
    SetBlank(String),
    /// Gives a variable a list.
    SetList {
        /// The variable.
        name: String,
        /// Whether items are numbered.
        ordered: bool,
        /// The items.
        items: Vec<Expression>,
    },
    /// Gives a variable a named list.
    SetNamed(String, Vec<(String, Expression)>),
    /// Calls a function; without a variable its result is forgotten.
    Call {
        /// Where the result goes.
        target: Option<String>,
        /// The function.
        function: String,
        /// What it is given.
        arguments: Arguments,
    },
    /// Changes an item.
    SetPlace(Place, String, Expression),
    /// Sets a value of a named list.
    SetKey(String, Expression, Expression),
    /// Prints.
    Say(Expression),
    /// Ends the function.
    GiveBack(Expression),
    /// Branches: conditions with their blocks, and what runs where none holds.
    If(Vec<(Expression, Vec<Statement>)>, Option<Vec<Statement>>),
    /// A loop that ends: its counter goes from 0 up to a number of turns.
    While {
        /// A variable that nothing else sets.
        counter: String,
        /// How many turns it takes.
        turns: i64,
        /// What else must hold for it to go on.
        condition: Option<Expression>,
        /// What it does before it counts.
        body: Vec<Statement>,
    },
    /// Goes over a list.
    ForEach(String, Expression, Vec<Statement>),
    /// Appends.
    AddItem(Expression, String),
    /// Sets a value of a named list.
    AddKey(String, Expression, Expression),
    /// Removes what is equal, or a name.
    Remove(Expression, String),
    /// Removes by place.
    RemovePlace(Place, String),
    /// Inserts an item at a position.
    Insert(Expression, Expression, String),
    /// Sets a value of a named list.
    Update(Expression, String, Expression),
    /// Empties.
    Clear(String),
    /// Evaluates for nothing.
    Evaluate(Expression),
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A whole number.
    Whole(i64),
    /// A float, as it is written.
    Float(String),
    /// A text.
    Text(String),
    /// Yes or No.
    Truth(bool),
    /// Empty.
    Empty,
    /// A variable.
    Name(String),
    /// An infix operator of `spec/language.yaml`, by name.
    Infix(Box<Expression>, &'static str, Box<Expression>),
    /// A prefix operator of `spec/language.yaml`, by name.
    Prefix(&'static str, Box<Expression>),
    /// The value, the condition, and the value where that does not hold.
    Conditional(Box<Expression>, Box<Expression>, Box<Expression>),
    /// An item of a list.
    Item(Place, Box<Expression>),
    /// A value of a named list.
    Key(String, Box<Expression>),
}

/// How blocks are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marks {
    /// `> > `
    #[default]
    Spaced,
    /// `>> `
    Tight,
    /// `>>` with nothing behind it
    Bare,
    /// `>  >  `
    Wide,
    /// `>` and a tab
    Tabbed,
}

/// What stands between a block and what is around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gaps {
    /// Nothing.
    #[default]
    None,
    /// As formatters of Markdown write: a blank line before and behind a block.
    Formatted,
    /// A line of the outer depth's marks behind a block.
    Outer,
    /// A line of the inner depth's marks behind a block.
    Inner,
}

/// How a program is put on the page. `seed` decides everything small: synonyms, case, bold, line ends in statements, prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// How blocks are marked.
    pub marks: Marks,
    /// What stands around blocks.
    pub gaps: Gaps,
    /// How lively the page is: 0 is the plainest, 3 takes every freedom the language gives.
    pub freedom: u8,
    /// Whether lines end in CR LF.
    pub crlf: bool,
    /// Where the small decisions come from.
    pub seed: u64,
}

impl Program {
    /// How many statements and expressions it has.
    #[must_use]
    pub fn size(&self) -> usize {
        let mut size = 0;
        self.clone().each_block(&mut |block| {
            for statement in block.iter_mut() {
                size += 1;
                statement.each_expression(&mut |expression| size += expression.size());
            }
        });
        size
    }

    /// Calls `visit` with each block, outer ones first.
    pub fn each_block(&mut self, visit: &mut dyn FnMut(&mut Vec<Statement>)) {
        for function in &mut self.functions {
            each_block(&mut function.body, visit);
        }
        each_block(&mut self.body, visit);
    }
}

fn each_block(block: &mut Vec<Statement>, visit: &mut dyn FnMut(&mut Vec<Statement>)) {
    visit(block);
    for statement in block {
        for inner in statement.blocks_mut() {
            each_block(inner, visit);
        }
    }
}

impl Statement {
    /// The blocks that stand in it.
    pub fn blocks_mut(&mut self) -> Vec<&mut Vec<Statement>> {
        match self {
            Self::If(arms, otherwise) => {
                arms.iter_mut().map(|(_, block)| block).chain(otherwise.as_mut()).collect()
            }
            Self::While { body, .. } | Self::ForEach(_, _, body) => vec![body],
            Self::Define { .. }
            | Self::Set(..)
            | Self::SetBlank(..)
            | Self::SetList { .. }
            | Self::SetNamed(..)
            | Self::Call { .. }
            | Self::SetPlace(..)
            | Self::SetKey(..)
            | Self::Say(..)
            | Self::GiveBack(..)
            | Self::AddItem(..)
            | Self::AddKey(..)
            | Self::Remove(..)
            | Self::RemovePlace(..)
            | Self::Insert(..)
            | Self::Update(..)
            | Self::Clear(..)
            | Self::Evaluate(..) => Vec::new(),
        }
    }

    /// Calls `visit` with each whole expression of the statement itself, not of the blocks in it.
    pub fn each_expression(&mut self, visit: &mut dyn FnMut(&mut Expression)) {
        let place = |place: &mut Place, visit: &mut dyn FnMut(&mut Expression)| {
            if let Place::Item(index) = place {
                visit(index);
            }
        };
        match self {
            Self::Define { default, .. } => default.iter_mut().for_each(visit),
            Self::SetBlank(_) | Self::Clear(_) => {}
            Self::Set(_, one)
            | Self::Say(one)
            | Self::GiveBack(one)
            | Self::ForEach(_, one, _)
            | Self::AddItem(one, _)
            | Self::Remove(one, _)
            | Self::Evaluate(one) => visit(one),
            Self::SetList { items, .. } => items.iter_mut().for_each(visit),
            Self::SetNamed(_, items) => items.iter_mut().for_each(|(_, item)| visit(item)),
            Self::Call { arguments, .. } => match arguments {
                Arguments::With(all) => all.iter_mut().for_each(visit),
                Arguments::Where(all) => all.iter_mut().for_each(|(_, one)| visit(one)),
            },
            Self::SetPlace(at, _, one) => {
                place(at, visit);
                visit(one);
            }
            Self::RemovePlace(at, _) => place(at, visit),
            Self::SetKey(_, one, other)
            | Self::AddKey(_, one, other)
            | Self::Insert(one, other, _)
            | Self::Update(one, _, other) => {
                visit(one);
                visit(other);
            }
            Self::If(arms, _) => arms.iter_mut().for_each(|(condition, _)| visit(condition)),
            Self::While { condition, .. } => condition.iter_mut().for_each(visit),
        }
    }
}

impl Expression {
    /// How many expressions it is made of, itself included.
    #[must_use]
    pub fn size(&self) -> usize {
        1 + self.parts().iter().map(|part| part.size()).sum::<usize>()
    }

    /// The expressions that stand directly in it.
    #[must_use]
    pub fn parts(&self) -> Vec<&Expression> {
        match self {
            Self::Whole(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Truth(_)
            | Self::Empty
            | Self::Name(_) => Vec::new(),
            Self::Infix(left, _, right) => vec![left, right],
            Self::Prefix(_, one) | Self::Key(_, one) => vec![one],
            Self::Conditional(one, condition, other) => vec![one, condition, other],
            Self::Item(Place::Item(index), list) => vec![index, list],
            Self::Item(Place::Nth(_) | Place::Last, list) => vec![list],
        }
    }

    /// The same, to be changed.
    pub fn parts_mut(&mut self) -> Vec<&mut Expression> {
        match self {
            Self::Whole(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Truth(_)
            | Self::Empty
            | Self::Name(_) => Vec::new(),
            Self::Infix(left, _, right) => vec![left, right],
            Self::Prefix(_, one) | Self::Key(_, one) => vec![one],
            Self::Conditional(one, condition, other) => vec![one, condition, other],
            Self::Item(Place::Item(index), list) => vec![index, list],
            Self::Item(Place::Nth(_) | Place::Last, list) => vec![list],
        }
    }
}
