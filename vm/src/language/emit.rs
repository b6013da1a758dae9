//! From a checked program to a module: one register for each variable, temporaries above them.
//!
//! An expression leaves its value in the register it is asked for, and writes that register last, so that a variable can be
//! computed in place from its old value. Functions that have too many variables for the registers keep those that are used least
//! in an array in a register of its own; see [`registers`].

mod calls;
mod constants;
mod expressions;
mod helpers;
mod registers;
mod resumed;
mod statements;

use super::ast::Program;
use super::checker::Checked;
use super::tables::Problem;
use crate::isa::{Instruction, JumpOffset, Reg};
use crate::module::{Module, ModuleBuilder};
use crate::values::format;
use constants::Constants;
use helpers::Helper;
use registers::{Frame, Storage};

/// A module, and what a source map says of it.
#[derive(Debug)]
pub(crate) struct Emitted {
    pub(crate) module: Module,
    /// For each instruction, where in the source it comes from; [`NO_PLACE`] for one of a helper.
    pub(crate) places: Vec<u32>,
    pub(crate) functions: Vec<EmittedFunction>,
}

/// What has no place in the source.
pub(crate) const NO_PLACE: u32 = u32::MAX;

/// Where a function of the source is in the code, and where its variables live.
#[derive(Debug)]
pub(crate) struct EmittedFunction {
    /// The index among the functions of the program.
    pub(crate) index: usize,
    pub(crate) begin: u32,
    pub(crate) end: u32,
    /// The register of each variable, where it has one.
    pub(crate) registers: Vec<Option<u8>>,
}

/// Why a program does not fit a module.
#[derive(Debug)]
pub(crate) struct TooLarge {
    pub(crate) at: u32,
    pub(crate) problem: Problem,
}

/// Why something cannot be emitted.
#[derive(Debug)]
enum Fault {
    /// More registers are needed than there are.
    Registers,
    TooLarge(TooLarge),
}

type Emit<T> = Result<T, Fault>;

/// How many inputs a function may have that are passed in registers. Where there are more, they are passed in one array.
pub(crate) const IN_REGISTERS: usize = 40;

/// Emits a program without errors. `resumed` is the statement that the top level goes on with, where earlier runs had come to it: its
/// variables are globals between runs then; see [`resumed`].
pub(crate) fn emit(
    program: &Program,
    checked: &Checked,
    text: &str,
    name: &str,
    resumed: Option<u32>,
) -> Result<Emitted, TooLarge> {
    let mut emitter = Emitter {
        program,
        checked,
        text,
        builder: ModuleBuilder::new(name),
        constants: Constants::default(),
        places: Vec::new(),
        helpers: Vec::new(),
        frame: Frame::default(),
        function: 0,
        statement: 0,
        resumed,
        unsaved: 0,
    };
    let fault = match emitter.program() {
        Ok(functions) => {
            let module = emitter.builder.finish();
            match module {
                Ok(module) => return Ok(Emitted { module, places: emitter.places, functions }),
                Err(error) => Fault::TooLarge(too_large(0, error.to_string())),
            }
        }
        Err(fault) => fault,
    };
    Err(match fault {
        Fault::Registers => {
            too_large(emitter.statement, "an expression needs more registers than there are".to_owned())
        }
        Fault::TooLarge(problem) => problem,
    })
}

fn too_large(at: u32, what: String) -> TooLarge {
    TooLarge { at, problem: Problem::ProgramTooLarge { what } }
}

struct Emitter<'a> {
    program: &'a Program,
    checked: &'a Checked,
    text: &'a str,
    builder: ModuleBuilder,
    constants: Constants,
    places: Vec<u32>,
    /// The helpers that are called.
    helpers: Vec<Helper>,
    /// The registers of the function that is emitted.
    frame: Frame,
    /// Its index.
    function: usize,
    /// Where the statement begins that is emitted.
    statement: u32,
    /// The statement that the top level goes on with.
    resumed: Option<u32>,
    /// The statement of the top level from which on changes of variables are not in globals yet.
    unsaved: u32,
}

impl Emitter<'_> {
    fn program(&mut self) -> Emit<Vec<EmittedFunction>> {
        let mut functions = Vec::with_capacity(self.program.functions.len());
        let count = self.program.functions.len() + Helper::ALL.len();
        if count > format::MAX_FUNCTIONS as usize {
            let limit = format::MAX_FUNCTIONS;
            return Err(Fault::TooLarge(too_large(0, format!("it has more than {limit} functions"))));
        }
        for index in 0..self.program.functions.len() {
            let begin = self.builder.len() as u32;
            let name = table_name(self.program, index);
            self.builder.function(&name, begin);
            self.function(index)?;
            let registers = self.frame.registers_of_variables();
            functions.push(EmittedFunction { index, begin, end: self.builder.len() as u32, registers });
        }
        for helper in Helper::ALL {
            if self.helpers.contains(helper) {
                self.helper(*helper)?;
            }
        }
        Ok(functions)
    }

    /// Emits a function: with all its variables in registers if they have room, else with as many as do.
    fn function(&mut self, index: usize) -> Emit<()> {
        self.function = index;
        let begin = self.builder.len();
        let mut fault = Fault::Registers;
        for registers in registers::ATTEMPTS {
            let Some(frame) = Frame::plan(self.program, self.checked, index, registers) else { continue };
            self.frame = frame;
            match self.body(index) {
                Ok(()) => return Ok(()),
                Err(Fault::Registers) => fault = Fault::Registers,
                Err(other @ Fault::TooLarge(_)) => return Err(other),
            }
            self.builder.truncate(begin);
            self.places.truncate(begin);
        }
        Err(fault)
    }

    fn body(&mut self, index: usize) -> Emit<()> {
        let function = &self.program.functions[index];
        self.statement = function.name.map_or(0, |name| name.at);
        self.prologue()?;
        let statements = 0..function.statements.len() as u32;
        let goes_on = match self.resumed {
            Some(first) if index == 0 => self.resume(first..statements.end)?,
            Some(_) | None => self.block(statements)?,
        };
        self.statement = function.statements.last().map_or(self.statement, |statement| statement.at);
        if !goes_on {
            return Ok(());
        }
        // At the top level the result is empty then; that of another function may be asked for by no call.
        if function.name.is_none_or(|name| !self.checked.asked.contains(&name.symbol)) {
            return self.push(self.statement, Instruction::Return { src: None });
        }
        // Without a value, the caller's register would keep what it held.
        let mark = self.frame.mark();
        let result = self.temporary()?;
        self.load_empty(result)?;
        self.frame.release(mark);
        self.push(self.statement, Instruction::Return { src: Some(result) })
    }

    fn push(&mut self, at: u32, instruction: Instruction<'_>) -> Emit<()> {
        if self.builder.len() >= format::MAX_INSTRUCTIONS as usize {
            let limit = format::MAX_INSTRUCTIONS;
            return Err(Fault::TooLarge(too_large(at, format!("it has more than {limit} instructions"))));
        }
        self.builder.push(instruction);
        self.places.push(at);
        Ok(())
    }

    /// Emits a jump that leads nowhere yet.
    fn jump(&mut self) -> Emit<usize> {
        self.push(self.statement, Instruction::Jump { offset: JumpOffset(0) })?;
        Ok(self.builder.len() - 1)
    }

    /// Emits a jump that is taken if the value of `condition` counts as `when`, and leads nowhere yet.
    fn jump_if(&mut self, condition: Reg, when: bool) -> Emit<usize> {
        let (cond, offset) = (condition, JumpOffset(0));
        self.push(
            self.statement,
            if when { Instruction::JumpIf { cond, offset } } else { Instruction::JumpIfNot { cond, offset } },
        )?;
        Ok(self.builder.len() - 1)
    }

    /// Makes jumps lead to what comes next.
    fn land(&mut self, jumps: &[usize]) {
        let here = self.builder.len();
        for jump in jumps {
            self.builder.point_jump(*jump, here);
        }
    }

    fn storage(&self, symbol: super::lexer::Symbol) -> Storage {
        let scope = &self.checked.functions[self.function];
        // The checker knows every name; were it not so, the first register would be as good as any.
        scope.by_name.get(&symbol).map_or(Storage::Register(Reg(0)), |index| self.frame.storage(*index))
    }

    fn temporary(&mut self) -> Emit<Reg> {
        self.frame.temporary().ok_or(Fault::Registers)
    }
}

/// The name of a function in the module's table. The top level has the name of the entry; a utility of that name another, which no
/// program can write.
pub(crate) fn table_name(program: &Program, index: usize) -> String {
    match program.functions[index].name {
        None => format::ENTRY_FUNCTION.to_owned(),
        Some(name) => match program.names.spelling(name.symbol) {
            name if name == format::ENTRY_FUNCTION => format!("{name} (utility)"),
            name => name.to_owned(),
        },
    }
}
