//! Calls: with what they need, and one in many wrongly.

use super::super::tree::{Arguments, Expression, Input, Need, Statement};
use super::{Kind, Maker, Scope};
use crate::fuzz::generate::choose::{choose, one_in};

impl Maker<'_, '_> {
    pub(super) fn call(&mut self, scope: &Scope) -> Statement {
        let count = self.signatures.len();
        if count == 0 {
            return Statement::Say(Expression::Text("no function".to_owned()));
        }
        let index = choose(self.u, count);
        let function = self.signatures[index].name.clone();
        let inputs = self.signatures[index].inputs.clone();
        let by_name = one_in(self.u, 3);
        let mut positional = Vec::new();
        let mut named = Vec::new();
        let mut is_cut = false;
        for (input, kind) in &inputs {
            let leaves_out = input.need != Need::Required && one_in(self.u, 2);
            if leaves_out && !by_name {
                is_cut = true;
            }
            if (is_cut || leaves_out) && input.need != Need::Required {
                continue;
            }
            if is_cut && !by_name {
                // What must be given cannot come behind what is left out by position.
                return self.call_by_name(scope, function, &inputs);
            }
            let value = self.expression(scope, *kind, 2);
            positional.push(value.clone());
            named.push((input.name.clone(), value));
        }
        if by_name && one_in(self.u, 2) {
            named.reverse();
        }
        let arguments = if by_name { Arguments::Where(named) } else { Arguments::With(positional) };
        let target = self.target(scope);
        let (function, arguments) = self.wrongly(scope, function, arguments);
        Statement::Call { target, function, arguments }
    }

    /// Once in a while, a call as nobody may write it.
    fn wrongly(&mut self, scope: &Scope, function: String, arguments: Arguments) -> (String, Arguments) {
        if !self.wild() {
            return (function, arguments);
        }
        let more = self.expression(scope, Kind::Any, 1);
        let wrong = match (arguments, choose(self.u, 4)) {
            (arguments, 0) => return ("no such thing".to_owned(), arguments),
            (Arguments::With(mut all), 1) => {
                all.pop();
                Arguments::With(all)
            }
            (Arguments::With(mut all), _) => {
                all.push(more);
                Arguments::With(all)
            }
            (Arguments::Where(mut all), 1) => {
                all.pop();
                Arguments::Where(all)
            }
            (Arguments::Where(mut all), 2) => {
                all.push(("no such input".to_owned(), more));
                Arguments::Where(all)
            }
            (Arguments::Where(mut all), _) => {
                all.extend(all.first().cloned());
                Arguments::Where(all)
            }
        };
        (function, wrong)
    }

    fn call_by_name(&mut self, scope: &Scope, function: String, inputs: &[(Input, Kind)]) -> Statement {
        let required = inputs.iter().filter(|(input, _)| input.need == Need::Required);
        let mut named = Vec::new();
        for (input, kind) in required {
            named.push((input.name.clone(), self.expression(scope, *kind, 1)));
        }
        Statement::Call { target: self.target(scope), function, arguments: Arguments::Where(named) }
    }
}
