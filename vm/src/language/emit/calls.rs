//! Calls: arguments by position or name, and what is in the place of those that are not given.

use super::{Emit, Emitter};
use crate::isa::{Instruction, Reg, Registers};
use crate::language::ast::{Argument, Call, Id, Input, Named};

impl Emitter<'_> {
    pub(super) fn call(&mut self, at: u32, target: Option<Named>, call: &Call) -> Emit<()> {
        let program = self.program;
        let Some(index) = self.checked.by_name.get(&call.function.symbol).copied() else { return Ok(()) };
        let inputs = &program.functions[index].inputs;
        // The name's register comes first: it takes the result that nobody asked for, and is soon used again.
        let func = self.temporary()?;
        let arguments = if inputs.len() > super::IN_REGISTERS {
            vec![self.packed(inputs, call)?.0]
        } else {
            self.in_registers(inputs, call)?
        };
        let name = super::table_name(program, index);
        self.load_text(func, &name)?;
        let args = Registers::new(&arguments).unwrap_or_default();
        match target {
            None => self.push(at, Instruction::Call { func, dst: func, args }),
            Some(name) => self
                .assign(name.symbol, |emitter, dst| emitter.push(at, Instruction::Call { func, dst, args })),
        }
    }

    /// Evaluates arguments in the order of the page, then defaults; gives the register of each input.
    fn in_registers(&mut self, inputs: &[Input], call: &Call) -> Emit<Vec<u8>> {
        let mut given: Vec<Option<Reg>> = vec![None; inputs.len()];
        for (position, value) in self.placed(inputs, call) {
            given[position] = Some(self.operand(value)?.register);
        }
        let register = |(input, given): (&Input, Option<Reg>)| match given {
            Some(register) => Ok(register.0),
            None => self.missing(input).map(|register| register.0),
        };
        inputs.iter().zip(given).map(register).collect()
    }

    /// As [`Self::in_registers`], into an array, one after another: all at once they might need more registers than there are.
    fn packed(&mut self, inputs: &[Input], call: &Call) -> Emit<Reg> {
        let array = self.temporary()?;
        self.new_array(array, inputs.len())?;
        let mut is_given = vec![false; inputs.len()];
        for (position, value) in self.placed(inputs, call) {
            is_given[position] = true;
            let mark = self.frame.mark();
            let value = self.operand(value)?.register;
            self.put_argument(array, position, value)?;
            self.frame.release(mark);
        }
        for (position, input) in inputs.iter().enumerate() {
            if !is_given[position] {
                let mark = self.frame.mark();
                let value = self.missing(input)?;
                self.put_argument(array, position, value)?;
                self.frame.release(mark);
            }
        }
        Ok(array)
    }

    fn put_argument(&mut self, array: Reg, position: usize, value: Reg) -> Emit<()> {
        let index = self.temporary()?;
        self.load_int(index, position as i64)?;
        self.push(self.statement, Instruction::ArraySet { array, index, value })
    }

    /// The arguments of a call in the order of the page, each with the position of its input.
    fn placed(&self, inputs: &[Input], call: &Call) -> Vec<(usize, Id)> {
        let arguments = self.program.arguments(&call.arguments).iter().enumerate();
        let position = |(number, argument): (usize, &Argument)| {
            let position = match argument.name {
                Some(name) => inputs.iter().position(|input| input.name.symbol == name.symbol),
                None => (number < inputs.len()).then_some(number),
            };
            position.map(|position| (position, argument.value.expression))
        };
        arguments.filter_map(position).collect()
    }

    /// The value of an input that gets none: its default, or empty.
    fn missing(&mut self, input: &Input) -> Emit<Reg> {
        if let Some(default) = input.default {
            return self.operand(default.expression).map(|value| value.register);
        }
        let register = self.temporary()?;
        self.load_empty(register)?;
        Ok(register)
    }
}
