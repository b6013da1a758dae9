//! Making a program small that still shows what it showed.
//!
//! Each pass proposes smaller programs; one that is still of interest is kept. The passes go round until none of them
//! finds anything more.

use machine_dialect_vm::Constant;

use crate::fuzz::machine::MAX_STEPS;
use crate::fuzz::program::{Change, Item, Program};

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
        reducer.drop_instructions()?;
        reducer.drop_surroundings()?;
        reducer.drop_operands()?;
        reducer.simplify_constants()?;
        reducer.merge_registers()?;
        reducer.shorten_jumps()?;
        if reducer.best == before {
            return Ok(reducer.best);
        }
    }
}

/// The shortest sequence of bytes found that is still of interest, which `bytes` must be: for files that do not load.
///
/// # Errors
/// Gives what the check fails with.
pub fn reduce_bytes(
    bytes: &[u8],
    check: &mut dyn FnMut(&[u8]) -> Result<bool, String>,
) -> Result<Vec<u8>, String> {
    let mut best = bytes.to_vec();
    loop {
        let before = best.clone();
        let mut size = best.len().div_ceil(2);
        while size > 0 {
            let mut start = 0;
            while start < best.len() {
                let mut shorter = best.clone();
                shorter.drain(start..best.len().min(start + size));
                if check(&shorter)? {
                    best = shorter;
                } else {
                    start += size;
                }
            }
            size /= 2;
        }
        for place in 0..best.len() {
            let mut simpler = best.clone();
            simpler[place] = 0;
            if best[place] != 0 && check(&simpler)? {
                best = simpler;
            }
        }
        if best == before {
            return Ok(best);
        }
    }
}

struct Reducer<'a, 'b> {
    best: Program,
    check: &'a mut Check<'b>,
}

impl Reducer<'_, '_> {
    /// Takes a program over if it is of interest.
    fn offer(&mut self, program: Program) -> Result<bool, String> {
        if program == self.best || !(self.check)(&program)? {
            return Ok(false);
        }
        self.best = program;
        Ok(true)
    }

    /// Takes instructions out, many at once and then one by one.
    fn drop_instructions(&mut self) -> Result<(), String> {
        let mut size = self.best.code.len().div_ceil(2);
        while size > 0 {
            // From the end, so that what comes later, and mostly needs what is before it, goes first.
            let mut end = self.best.code.len();
            while end > 0 {
                let start = end.saturating_sub(size);
                let smaller = self.best.without(&|at| (start..end).contains(&at));
                self.offer(smaller)?;
                end = start;
            }
            size /= 2;
        }
        // Two that only go together: a loop's head and its end, a value and what undoes it.
        if self.best.code.len() <= 24 {
            let mut first = 0;
            while first < self.best.code.len() {
                let mut second = first + 1;
                while second < self.best.code.len() {
                    let smaller = self.best.without(&|at| at == first || at == second);
                    if !self.offer(smaller)? {
                        second += 1;
                    }
                }
                first += 1;
            }
        }
        Ok(())
    }

    /// Functions, limits, globals, patches and names.
    fn drop_surroundings(&mut self) -> Result<(), String> {
        for index in (0..self.best.functions.len()).rev() {
            let mut smaller = self.best.clone();
            smaller.functions.remove(index);
            self.offer(smaller)?;
        }
        for index in (0..self.best.patches.len()).rev() {
            let mut smaller = self.best.clone();
            smaller.patches.remove(index);
            self.offer(smaller)?;
        }
        for index in 0..self.best.patches.len() {
            if let Change::Set(byte) = self.best.patches[index].change {
                for simpler in [0, u8::MAX].into_iter().filter(|simpler| *simpler != byte) {
                    let mut smaller = self.best.clone();
                    smaller.patches[index].change = Change::Set(simpler);
                    if byte != 0 && self.offer(smaller)? {
                        break;
                    }
                }
            }
        }
        for name in self.best.globals.keys().cloned().collect::<Vec<_>>() {
            let mut smaller = self.best.clone();
            smaller.globals.remove(&name);
            self.offer(smaller)?;
        }
        // Without an end to its steps a program may never come to one, so that limit stays as long as it is needed.
        for name in self.best.limits.keys().filter(|name| *name != MAX_STEPS).cloned().collect::<Vec<_>>() {
            let mut smaller = self.best.clone();
            smaller.limits.remove(&name);
            self.offer(smaller)?;
        }
        let goes_back = |program: &Program| {
            program.code.iter().enumerate().any(|(at, line)| {
                line.items.iter().any(|item| matches!(item, Item::Target(target) if *target <= at))
                    || line.items.iter().any(|item| matches!(item, Item::Registers(_)))
            })
        };
        if !goes_back(&self.best) {
            let mut smaller = self.best.clone();
            smaller.limits.remove(MAX_STEPS);
            self.offer(smaller)?;
        }
        let mut smaller = self.best.clone();
        smaller.name.clear();
        self.offer(smaller)?;
        self.simplify_schedule()
    }

    /// What is forced: nothing, less, or earlier.
    fn simplify_schedule(&mut self) -> Result<(), String> {
        while let Some(schedule) = self.best.schedule.clone() {
            let mut is_simpler = false;
            for simpler in schedule.simpler() {
                let schedule = Some(simpler).filter(|schedule| !schedule.is_empty());
                if self.offer(Program { schedule, ..self.best.clone() })? {
                    is_simpler = true;
                    break;
                }
            }
            if !is_simpler {
                break;
            }
        }
        Ok(())
    }

    /// Arguments, sources of phis, and the condition of a branch.
    fn drop_operands(&mut self) -> Result<(), String> {
        for at in 0..self.best.code.len() {
            for place in 0..self.best.code[at].items.len() {
                let count = match &self.best.code[at].items[place] {
                    Item::Registers(registers) => registers.len(),
                    Item::Phis(sources) => sources.len(),
                    Item::Optional(Some(_)) => 1,
                    Item::Register(_)
                    | Item::Optional(None)
                    | Item::Constant(_)
                    | Item::Type(_)
                    | Item::Target(_)
                    | Item::Check(..)
                    | Item::Scope(_) => 0,
                };
                for index in (0..count).rev() {
                    let mut smaller = self.best.clone();
                    let item = &mut smaller.code[at].items[place];
                    if let Item::Registers(registers) = item {
                        registers.remove(index);
                    } else if let Item::Phis(sources) = item {
                        sources.remove(index);
                    } else {
                        *item = Item::Optional(None);
                    }
                    self.offer(smaller)?;
                }
                if let Item::Scope(scope) = self.best.code[at].items[place]
                    && scope != 0
                {
                    let mut smaller = self.best.clone();
                    smaller.code[at].items[place] = Item::Scope(0);
                    self.offer(smaller)?;
                }
            }
        }
        Ok(())
    }

    /// Constants become simpler ones of their type.
    fn simplify_constants(&mut self) -> Result<(), String> {
        for at in 0..self.best.code.len() {
            let count = self.best.code[at].constants_mut().count();
            for place in 0..count {
                let Some(constant) = self.best.code[at].constants_mut().nth(place).cloned() else { continue };
                for simpler in simpler(&constant) {
                    let mut smaller = self.best.clone();
                    if let Some(slot) = smaller.code[at].constants_mut().nth(place) {
                        *slot = simpler;
                    }
                    if self.offer(smaller)? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Registers become one, and then have the lowest numbers.
    fn merge_registers(&mut self) -> Result<(), String> {
        let renamed = |program: &Program, from: u8, to: u8| {
            let mut program = program.clone();
            for line in &mut program.code {
                line.registers_mut()
                    .filter(|register| **register == from)
                    .for_each(|register| *register = to);
            }
            program
        };
        let used = |program: &Program| {
            let mut program = program.clone();
            let mut used: Vec<u8> = program
                .code
                .iter_mut()
                .flat_map(|line| line.registers_mut().map(|register| *register))
                .collect();
            used.sort_unstable();
            used.dedup();
            used
        };
        for from in used(&self.best).into_iter().rev() {
            for to in used(&self.best).into_iter().filter(|to| *to < from) {
                let smaller = renamed(&self.best, from, to);
                if self.offer(smaller)? {
                    break;
                }
            }
        }
        for from in used(&self.best) {
            let taken = used(&self.best);
            if let Some(to) = (0..from).find(|to| !taken.contains(to)) {
                let smaller = renamed(&self.best, from, to);
                self.offer(smaller)?;
            }
        }
        Ok(())
    }

    /// Jumps go to the next instruction, where it does not matter where they go.
    fn shorten_jumps(&mut self) -> Result<(), String> {
        for at in 0..self.best.code.len() {
            let goes_on = self.best.code[at]
                .items
                .iter()
                .any(|item| matches!(item, Item::Target(target) if *target != at + 1));
            if goes_on {
                let mut smaller = self.best.clone();
                for item in &mut smaller.code[at].items {
                    if let Item::Target(target) = item {
                        *target = at + 1;
                    }
                }
                self.offer(smaller)?;
            }
        }
        Ok(())
    }
}

/// Simpler constants of the same type, the simplest first.
fn simpler(constant: &Constant) -> Vec<Constant> {
    match constant {
        Constant::Empty => Vec::new(),
        Constant::Bool(value) => {
            if *value {
                vec![Constant::Bool(false)]
            } else {
                Vec::new()
            }
        }
        Constant::Int(value) => {
            const KNOWN: [i64; 10] = [0, 1, -1, 2, 3, 10, 100, 1000, i64::MAX, i64::MIN];
            match KNOWN.iter().position(|known| known == value) {
                Some(place) => KNOWN[..place].iter().copied().map(Constant::Int).collect(),
                None => KNOWN.into_iter().chain([value / 2]).map(Constant::Int).collect(),
            }
        }
        Constant::Float(value) => {
            let rank = |number: f64| {
                let order = [0.0, 1.0, 0.5, -1.0, 1.5, 1e300];
                order.iter().position(|known: &f64| known.to_bits() == number.to_bits())
            };
            let mine = rank(*value).unwrap_or(usize::MAX);
            let candidates = [0.0, 1.0, 0.5, -1.0, 1.5, 1e300].into_iter();
            candidates
                .filter(|candidate| rank(*candidate).is_some_and(|rank| rank < mine))
                .map(Constant::Float)
                .collect()
        }
        Constant::String(text) => {
            let half: String = text.chars().take(text.chars().count() / 2).collect();
            let mut candidates = vec![String::new(), "a".to_owned(), half];
            candidates.retain(|candidate| {
                candidate.len() < text.len() || (candidate.len() == text.len() && candidate < text)
            });
            candidates.into_iter().map(Constant::String).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::generate::{Size, numbered};
    use machine_dialect_vm::Opcode;

    #[test]
    fn what_is_left_is_all_that_is_needed() {
        let mut reduced = 0;
        for index in 0..40 {
            let program = numbered(3, index, Size::Small);
            let needs = |program: &Program| {
                let has = |opcode: Opcode| program.code.iter().position(|line| line.opcode == opcode);
                Ok(program.subject().is_some()
                    && matches!((has(Opcode::ConcatStr), has(Opcode::ArraySet)), (Some(a), Some(b)) if a != b))
            };
            if needs(&program) == Ok(true) {
                let small = reduce(&program, &mut |program: &Program| needs(program)).unwrap();
                assert_eq!(small.code.len(), 2, "{small:?}");
                assert!(small.functions.is_empty() && small.globals.is_empty());
                assert!(small.limits.is_empty() && small.patches.is_empty());
                reduced += 1;
            }
        }
        assert!(reduced > 5);
    }

    #[test]
    fn bytes_are_cut_to_those_that_matter() {
        let bytes: Vec<u8> = (1..200).collect();
        let small =
            reduce_bytes(&bytes, &mut |bytes| Ok(bytes.contains(&7) && bytes.contains(&150))).unwrap();
        assert_eq!(small, [7, 150]);
    }
}
