//! Assembly in the REPL: an entry is a module of its own, and registers live on as variables do.

use std::fmt::Write as _;
use std::io;

use machine_dialect_vm::asm::AsmError;
use machine_dialect_vm::{Module, Operand, Role, Value, assemble};

use super::super::input::InputError;
use super::super::map::Map;
use super::super::report;
use super::{Repl, Trace};

/// What a global begins with that carries a register from one entry to the next. No name of a page begins so.
const CARRIER: &str = " register ";

impl Repl {
    pub(super) fn enter_assembly(&mut self, text: &str) -> io::Result<()> {
        let own = match assemble(text) {
            Ok(module) => module,
            Err(error) => {
                self.has_failed = true;
                report::input_error(&InputError::Assembly(error), super::Path::new(super::NAME));
                return Ok(());
            }
        };
        // A module with functions says itself where it begins, and what it returns.
        let carries = own.functions().is_empty();
        let written = if carries { written(&own) } else { Vec::new() };
        let module = match if carries { self.with_carriers(text, &written) } else { Ok(own) } {
            Ok(module) => module,
            Err(error) => {
                self.complain(error);
                return Ok(());
            }
        };
        self.remember();
        for (register, value) in &self.state.registers {
            self.state.globals.push((format!("{CARRIER}{register}"), value.clone()));
        }
        let ended = self.run(module, Map::None, Trace::No)?;
        self.take_registers();
        let mut shown = String::new();
        if let Ok(completion) = &ended {
            for register in &written {
                if let Some((_, value)) = self.state.registers.iter().find(|(known, _)| known == register) {
                    let _ = writeln!(shown, "r{register} = {value:?}");
                }
            }
            if completion.result != Value::Empty {
                let _ = writeln!(shown, "= {:?}", completion.result);
            }
        }
        if shown.is_empty() { Ok(()) } else { self.say(shown.trim_end()) }
    }

    /// The module of an entry between what brings the registers and what takes them away.
    fn with_carriers(&self, text: &str, written: &[u8]) -> Result<Module, AsmError> {
        let mut whole = String::new();
        for (register, _) in &self.state.registers {
            let _ = writeln!(whole, "load_global r{register}, \"{CARRIER}{register}\"");
        }
        whole.push_str(text);
        whole.push('\n');
        for register in written {
            let _ = writeln!(whole, "store_global r{register}, \"{CARRIER}{register}\"");
        }
        assemble(&whole)
    }

    /// Takes the registers out of the globals.
    fn take_registers(&mut self) {
        let (carriers, globals) = std::mem::take(&mut self.state.globals)
            .into_iter()
            .partition::<Vec<_>, _>(|(name, _)| name.starts_with(CARRIER));
        self.state.globals = globals;
        self.state.registers = carriers
            .into_iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(CARRIER)?.parse().ok()?, value)))
            .collect();
        self.state.registers.sort_by_key(|(register, _)| *register);
    }
}

/// The registers that a module writes.
fn written(module: &Module) -> Vec<u8> {
    let mut registers = Vec::new();
    for instruction in module.instructions() {
        let specs = instruction.opcode().spec().operands;
        for (operand, spec) in instruction.operands().iter().zip(specs) {
            if let Operand::Register(register) = operand
                && matches!(spec.role, Role::Out | Role::InOut)
                && !registers.contains(&register.0)
            {
                registers.push(register.0);
            }
        }
    }
    registers.sort_unstable();
    registers
}
