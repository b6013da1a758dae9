//! Calls: that the function is there, and gets what it needs.

use super::Checker;
use crate::language::ast::Call;
use crate::language::diagnostics::nearest;
use crate::language::tables::{Problem, limits};

impl Checker<'_> {
    pub(super) fn call(&mut self, call: &Call) {
        let program = self.program;
        let arguments = program.arguments(&call.arguments);
        for argument in arguments {
            self.expression(argument.value.expression);
        }
        let name = call.function;
        let Some(index) = self.by_name.get(&name.symbol) else {
            let spelling = program.names.spelling(name.symbol);
            let names = self.program.functions.iter().filter_map(|function| function.name);
            let names = names.map(|name| program.names.spelling(name.symbol));
            let problem = Problem::UndefinedFunction { name: spelling.to_owned() };
            let end = self.end(name);
            self.reports
                .suggest(name.at, end, problem, || nearest(spelling, names).map(|name| format!("`{name}`")));
            return;
        };
        let called = &program.functions[*index];
        let inputs = &called.inputs;
        if inputs.len() > limits::INPUTS as usize {
            // The function is refused; its calls say nothing new.
            return;
        }
        let function = || program.names.spelling(name.symbol).to_owned();
        let mut is_given = vec![false; inputs.len()];
        let mut has_unknown = false;
        for (number, argument) in arguments.iter().enumerate() {
            let Some(input_name) = argument.name else {
                if number == inputs.len() && !called.has_unreadable_inputs {
                    let (most, given) = (inputs.len() as u64, number as u64 + 1);
                    let problem = Problem::TooManyArguments { function: function(), most, given };
                    self.reports.add(argument.value.at, argument.value.at + 1, problem);
                }
                is_given.get_mut(number).into_iter().for_each(|given| *given = true);
                continue;
            };
            let input = program.names.spelling(input_name.symbol).to_owned();
            let end = self.end(input_name);
            match inputs.iter().position(|known| known.name.symbol == input_name.symbol) {
                None if called.has_unreadable_inputs => has_unknown = true,
                None => {
                    has_unknown = true;
                    let problem = Problem::UnknownInput { function: function(), input };
                    self.reports.suggest(input_name.at, end, problem, || {
                        let known = inputs.iter().map(|known| program.names.spelling(known.name.symbol));
                        nearest(program.names.spelling(input_name.symbol), known)
                            .map(|name| format!("`{name}`"))
                    });
                }
                Some(position) if is_given[position] => {
                    self.reports.add(input_name.at, end, Problem::DuplicateArgument { input });
                }
                Some(position) => is_given[position] = true,
            }
        }
        // What is called wrongly is not missing, too.
        if has_unknown {
            return;
        }
        for (input, is_given) in inputs.iter().zip(is_given) {
            if input.is_required && !is_given {
                let input = program.names.spelling(input.name.symbol).to_owned();
                let problem = Problem::MissingArgument { function: function(), input };
                self.reports.add(name.at, self.end(name), problem);
            }
        }
    }
}
