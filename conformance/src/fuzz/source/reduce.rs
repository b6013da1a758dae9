//! Making a program of the language small that still shows what it showed.

use super::tree::{Expression, Program, Statement, Style};

/// Whether a program is still of interest.
pub type Check<'a> = dyn FnMut(&Program) -> Result<bool, String> + 'a;

/// The smallest program found that is still of interest, which `program` must be.
///
/// # Errors
/// Gives what the check fails with.
pub fn reduce(program: &Program, check: &mut Check<'_>) -> Result<Program, String> {
    let mut reducer = Reducer { best: program.clone(), check };
    loop {
        let before = reducer.best.clone();
        reducer.plain_style()?;
        reducer.drop_functions()?;
        reducer.drop_statements()?;
        reducer.lift_blocks()?;
        reducer.simplify_expressions()?;
        if reducer.best == before {
            return Ok(reducer.best);
        }
    }
}

struct Reducer<'a, 'b> {
    best: Program,
    check: &'a mut Check<'b>,
}

impl Reducer<'_, '_> {
    fn offer(&mut self, program: Program) -> Result<bool, String> {
        if program == self.best || !(self.check)(&program)? {
            return Ok(false);
        }
        self.best = program;
        Ok(true)
    }

    fn plain_style(&mut self) -> Result<(), String> {
        let style = self.best.style;
        let plainer = [
            Style { seed: style.seed, ..Style::default() },
            Style { freedom: style.freedom.saturating_sub(1), ..style },
            Style { gaps: Style::default().gaps, ..style },
            Style { marks: Style::default().marks, ..style },
            Style { crlf: false, ..style },
        ];
        for style in plainer {
            let mut smaller = self.best.clone();
            smaller.style = style;
            self.offer(smaller)?;
        }
        // Another seed may leave out what does not matter.
        if self.best.style.freedom > 0 {
            for seed in 0..8 {
                let mut other = self.best.clone();
                other.style = Style { seed, ..style };
                if other.style.freedom > 0 && style.seed > 7 && self.offer(other)? {
                    break;
                }
            }
        }
        Ok(())
    }

    fn drop_functions(&mut self) -> Result<(), String> {
        for index in (0..self.best.functions.len()).rev() {
            let mut smaller = self.best.clone();
            smaller.functions.remove(index);
            if !self.offer(smaller)? {
                for input in (0..self.best.functions[index].inputs.len()).rev() {
                    let mut smaller = self.best.clone();
                    smaller.functions[index].inputs.remove(input);
                    self.offer(smaller)?;
                }
            }
        }
        Ok(())
    }

    /// Takes statements out of each block, many at once and then one by one.
    fn drop_statements(&mut self) -> Result<(), String> {
        let mut block = 0;
        while let Some(length) = length_of(&mut self.best, block) {
            let mut size = length.div_ceil(2);
            while size > 0 {
                let mut end = length_of(&mut self.best, block).unwrap_or(0);
                while end > 0 {
                    let start = end.saturating_sub(size);
                    let mut smaller = self.best.clone();
                    edit(&mut smaller, block, &mut |statements| {
                        statements.drain(start..end.min(statements.len()));
                    });
                    self.offer(smaller)?;
                    end = start.min(length_of(&mut self.best, block).unwrap_or(0));
                }
                size /= 2;
            }
            block += 1;
        }
        Ok(())
    }

    /// Puts what stands in a block in the place of the statement that has the block.
    fn lift_blocks(&mut self) -> Result<(), String> {
        let mut block = 0;
        while let Some(length) = length_of(&mut self.best, block) {
            for index in (0..length).rev() {
                let inner = inner_blocks(&mut self.best, block, index);
                for chosen in 0..inner {
                    let mut smaller = self.best.clone();
                    edit(&mut smaller, block, &mut |statements| {
                        if let Some(statement) = statements.get_mut(index) {
                            let lifted = statement.blocks_mut().into_iter().nth(chosen).map(std::mem::take);
                            statements.splice(index..=index, lifted.unwrap_or_default());
                        }
                    });
                    if self.offer(smaller)? {
                        break;
                    }
                }
                let mut smaller = self.best.clone();
                edit(&mut smaller, block, &mut |statements| match statements.get_mut(index) {
                    Some(Statement::If(arms, otherwise)) => {
                        if otherwise.take().is_none() && arms.len() > 1 {
                            arms.pop();
                        }
                    }
                    Some(Statement::SetList { items, .. }) => drop(items.pop()),
                    Some(Statement::SetNamed(_, items)) => drop(items.pop()),
                    Some(Statement::While { turns, .. }) => *turns = (*turns - 1).max(0),
                    Some(_) | None => {}
                });
                self.offer(smaller)?;
            }
            block += 1;
        }
        Ok(())
    }

    /// Puts parts, or the simplest values, in the place of expressions.
    fn simplify_expressions(&mut self) -> Result<(), String> {
        let mut index = 0;
        while let Some(found) = expression_at(&mut self.best, index, None) {
            let simple = [Expression::Whole(1), Expression::Whole(0), Expression::Text("a".to_owned())];
            let parts = found.parts().into_iter().cloned();
            let size = found.size();
            let candidates: Vec<Expression> =
                parts.chain(simple.into_iter().filter(|one| size > 1 || is_simpler(one, &found))).collect();
            let mut is_kept = false;
            for candidate in candidates {
                let mut smaller = self.best.clone();
                expression_at(&mut smaller, index, Some(&candidate));
                if self.offer(smaller)? {
                    is_kept = true;
                    break;
                }
            }
            if !is_kept {
                index += 1;
            }
        }
        Ok(())
    }
}

/// Whether a literal comes before another in the order of simplicity: 1, 0, "a", all else.
fn is_simpler(one: &Expression, other: &Expression) -> bool {
    let rank = |expression: &Expression| match expression {
        Expression::Whole(1) => 0,
        Expression::Whole(0) => 1,
        Expression::Text(text) if text == "a" => 2,
        Expression::Whole(_)
        | Expression::Float(_)
        | Expression::Text(_)
        | Expression::Truth(_)
        | Expression::Empty => 3,
        // A name may be what matters, and is as simple as a literal.
        Expression::Name(_)
        | Expression::Infix(..)
        | Expression::Prefix(..)
        | Expression::Conditional(..)
        | Expression::Item(..)
        | Expression::Key(..) => 0,
    };
    rank(one) < rank(other)
}

/// How many statements block number `block` has; none where there is no such block.
fn length_of(program: &mut Program, block: usize) -> Option<usize> {
    let mut length = None;
    edit(program, block, &mut |statements| length = Some(statements.len()));
    length
}

fn inner_blocks(program: &mut Program, block: usize, index: usize) -> usize {
    let mut count = 0;
    edit(program, block, &mut |statements| {
        count = statements.get_mut(index).map_or(0, |statement| statement.blocks_mut().len());
    });
    count
}

/// Changes block number `block`.
fn edit(program: &mut Program, block: usize, change: &mut dyn FnMut(&mut Vec<Statement>)) {
    let mut number = 0;
    program.each_block(&mut |statements| {
        if number == block {
            change(statements);
        }
        number += 1;
    });
}

/// The expression of that number, which becomes `with` where that is given.
fn expression_at(program: &mut Program, index: usize, with: Option<&Expression>) -> Option<Expression> {
    let mut number = 0;
    let mut found = None;
    program.each_block(&mut |statements| {
        for statement in statements.iter_mut() {
            statement
                .each_expression(&mut |expression| visit(expression, index, &mut number, with, &mut found));
        }
    });
    found
}

fn visit(
    expression: &mut Expression,
    index: usize,
    number: &mut usize,
    with: Option<&Expression>,
    found: &mut Option<Expression>,
) {
    if found.is_some() {
        return;
    }
    if *number == index {
        *found = Some(expression.clone());
        if let Some(with) = with {
            *expression = with.clone();
        }
        return;
    }
    *number += 1;
    for part in expression.parts_mut() {
        visit(part, index, number, with, found);
    }
}

#[cfg(test)]
mod tests {
    use super::super::generate::numbered;
    use super::*;

    #[test]
    fn what_is_left_is_all_that_is_needed() {
        let mut reduced = 0;
        for index in 0..200 {
            let program = numbered(3, index);
            let mut needs = |program: &Program| {
                let mut has_insert = false;
                program.clone().each_block(&mut |block| {
                    has_insert |= block.iter().any(|statement| matches!(statement, Statement::Insert(..)));
                });
                Ok(has_insert)
            };
            if needs(&program) == Ok(true) {
                let small = reduce(&program, &mut needs).unwrap();
                assert_eq!(small.functions.len().min(1) + small.body.len(), 1, "{small:?}");
                assert!(small.size() <= 3, "{small:?}");
                reduced += 1;
            }
        }
        assert!(reduced > 5);
    }
}
