//! Blocks: which statements belong to which header, known by the depth of their lines.

use crate::language::ast::{Statement, StatementKind};
use crate::language::diagnostics::Reports;
use crate::language::tables::{Problem, limits};

/// The statements of a function, while they are read.
#[derive(Debug, Default)]
pub(super) struct Body {
    statements: Vec<Statement>,
    /// The blocks that are open, the outermost first.
    open: Vec<OpenBlock>,
    /// The depth of its first statement, in the body of a function.
    first_depth: Option<u32>,
}

#[derive(Debug)]
struct OpenBlock {
    /// The index of its header.
    header: usize,
    /// The depth of the header's line.
    depth: u32,
    /// The depth of its first statement.
    first_depth: Option<u32>,
    /// Where the colon is; none where the header was faulty, and nothing is missed.
    colon: Option<u32>,
    /// Whether it has no header: it is where none may.
    is_stray: bool,
}

impl Body {
    /// How many blocks a statement of that depth is in.
    pub(super) fn nesting(&self, depth: u32) -> u32 {
        self.open.iter().take_while(|block| block.depth < depth).count() as u32
    }

    /// Whether a line of that depth belongs to a block.
    pub(super) fn reaches(&self, depth: u32) -> bool {
        self.open.iter().any(|block| !block.is_stray && block.depth < depth)
    }

    /// Opens a block for statements that are deeper than any header asks for, if none is open; tells whether it was not.
    pub(super) fn begin_stray(&mut self, at: u32) -> bool {
        if self.open.iter().any(|block| block.is_stray) {
            return false;
        }
        let header = self.statements.len();
        self.statements.push(Statement { at, depth: 0, end: 0, kind: StatementKind::Block });
        self.open.push(OpenBlock { header, depth: 0, first_depth: None, colon: None, is_stray: true });
        true
    }

    /// Ends the run of statements that are deeper than any header asks for.
    pub(super) fn end_stray(&mut self, reports: &mut Reports) {
        if self.open.first().is_some_and(|block| block.is_stray) {
            self.close(0, reports);
        }
    }

    /// Ends the blocks that a statement of that depth does not belong to.
    pub(super) fn close(&mut self, depth: u32, reports: &mut Reports) {
        while let Some(block) = self.open.pop_if(|block| block.depth >= depth) {
            self.end_block(&block, reports);
        }
    }

    fn end_block(&mut self, block: &OpenBlock, reports: &mut Reports) {
        let end = self.statements.len();
        self.statements[block.header].end = end as u32;
        if let Some(colon) = block.colon
            && end == block.header + 1
        {
            reports.add(colon, colon + 1, Problem::MissingBlock);
        }
    }

    /// Adds a statement that begins at `at`, to `end` of its first token.
    pub(super) fn add(&mut self, statement: Statement, end: u32, reports: &mut Reports) {
        self.close(statement.depth, reports);
        // The top level has no depth to keep to: what is deeper there was reported.
        let first = match self.open.last_mut() {
            Some(block) => Some(&mut block.first_depth),
            None if statement.depth > 0 => Some(&mut self.first_depth),
            None => {
                // What follows a statement outside of the body begins it anew.
                self.first_depth = None;
                None
            }
        };
        if let Some(first) = first {
            let expected = *first.get_or_insert(statement.depth);
            if expected != statement.depth {
                let (found, expected) = (u64::from(statement.depth), u64::from(expected));
                reports.add(statement.at, end, Problem::UnevenBlock { found, expected });
            }
        }
        self.push(statement);
    }

    fn push(&mut self, mut statement: Statement) {
        statement.end = self.statements.len() as u32 + 1;
        self.statements.push(statement);
    }

    /// Whether an `Else` of that depth belongs to the If that is right before it.
    pub(super) fn takes_else(&self, depth: u32) -> bool {
        let closed = self.open.iter().rev().take_while(|block| block.depth >= depth);
        closed.last().map(|block| &self.statements[block.header]).is_some_and(|before| {
            before.depth == depth
                && matches!(before.kind, StatementKind::If { .. } | StatementKind::ElseIf { .. })
        })
    }

    /// Adds an `Else`, which belongs to the If right before it.
    pub(super) fn add_else(&mut self, statement: Statement, reports: &mut Reports) {
        self.close(statement.depth, reports);
        self.push(statement);
    }

    /// Opens the block of the header that was added last, whose line has that depth; its first token is from `at` to `end`.
    pub(super) fn open(
        &mut self,
        depth: u32,
        colon: Option<u32>,
        (at, end): (u32, u32),
        reports: &mut Reports,
    ) {
        let limit = limits::NESTING as usize;
        if self.open.len() == limit {
            reports.add(at, end, Problem::TooDeep { limit: limit as u64 });
        }
        let header = self.statements.len() - 1;
        self.open.push(OpenBlock { header, depth, first_depth: None, colon, is_stray: false });
    }

    /// Ends what is open, and gives the statements.
    pub(super) fn finish(mut self, reports: &mut Reports) -> Vec<Statement> {
        self.close(0, reports);
        self.statements
    }
}
