//! Running fast code.

use super::code::{Code, RESERVE};
use super::obey::{Parcel, Stop};
use super::payoff::Made;
use super::state::{Source, State};
use crate::errors::RuntimeError;
use crate::interpreter::Program;
use crate::interpreter::machine::{Machine, Site, registers};
use crate::isa::REGISTERS;
use crate::value::Value;
use crate::vm::Tiers;

/// How fast code was left.
pub(in crate::interpreter) enum Left {
    /// To go on with a plain instruction, where `previous` ran before.
    For { pc: usize, previous: Option<usize> },
    /// By a return to a frame that plain code waits in, to go on with this instruction.
    Returned { pc: usize },
    /// The program ended.
    Ended(Value),
    /// An instruction failed, the one that the machine stands at.
    Failed(RuntimeError),
}

impl Machine<'_> {
    /// Runs fast code from a plain instruction on, if there can be some. Gives `None` where nothing was done. Out of line, as it
    /// would take registers from the interpreter.
    #[inline(never)]
    pub(in crate::interpreter) fn run_fast(&mut self, pc: usize) -> Option<Left> {
        if self.meter.left < 2 * RESERVE {
            return None;
        }
        let mut code = self.code.take()?;
        let left =
            if self.is_forced() { self.run_code(&mut code, pc) } else { self.run_if_it_pays(&mut code, pc) };
        self.code = Some(code);
        left
    }

    /// Whether the host asked for specialised code wherever there can be any, whether it pays or not.
    fn is_forced(&self) -> bool {
        matches!(self.tiers, Tiers::Fast | Tiers::Machine)
    }

    /// The same, unless it did not pay before. See [`super::payoff`].
    fn run_if_it_pays(&mut self, code: &mut Code, pc: usize) -> Option<Left> {
        let before = self.meter.steps();
        let mut left = None;
        if code.payoff.can_enter(pc, before) && code.has_room_for(pc) {
            let made = code.made();
            left = self.run_code(code, pc);
            let steps = self.meter.steps();
            code.payoff.settle(pc, steps - before, code.made().since(made), steps);
        } else {
            code.payoff.back_off(pc, 0);
        }
        if code.is_full() && code.payoff.is_missed(pc) && code.payoff.flush() {
            self.materialise_frames(code);
            code.flush();
        }
        left
    }

    /// Has frames that wait in specialised code wait in plain code instead.
    fn materialise_frames(&mut self, code: &Code) {
        let mut base = self.frame.base;
        for caller in self.callers.iter_mut().rev() {
            base -= usize::from(caller.size);
            if caller.site != Site::PLAIN {
                let Site(site) = caller.site;
                if !planted!("flush-leads-on") {
                    caller.site = Site::PLAIN;
                }
                if planted!("flush-forgets") {
                    continue;
                }
                catch_up(self.program, registers(&mut self.stack, base), code.after(site));
            }
        }
    }

    fn run_code(&mut self, code: &mut Code, pc: usize) -> Option<Left> {
        let program: &Program = self.program;
        let is_forced = self.is_forced();
        let made = code.made();
        let size = usize::from(self.frame.size);
        code.count_steps(self.meter.steps(), is_forced);
        code.look_into(program, pc);
        let can_make = is_forced || code.payoff.can_make(Made::default());
        let values = registers(&mut self.stack, self.frame.base);
        let mut at = code.enter(program, values, pc, size, can_make)?;
        loop {
            let mut parcel = Parcel::default();
            let stop = self.advance(code, &mut at, &mut parcel);
            if let Some(error) = parcel.error {
                let exit = &code.exits[code.exit_of[at.index()] as usize];
                catch_up(program, registers(&mut self.stack, self.frame.base), &exit.state);
                self.meter.left -= u64::from(exit.state.steps) + 1;
                self.pc = exit.pc as usize;
                return Some(Left::Failed(error));
            }
            match stop {
                Stop::Stub(number) => {
                    let number = number as usize;
                    let registers = registers(&mut self.stack, self.frame.base);
                    if !(is_forced || code.payoff.can_make(code.made().since(made)))
                        && let Some(Some(stub)) = code.stubs.get(number)
                    {
                        catch_up(program, registers, &stub.state);
                        self.meter.left -= u64::from(stub.state.steps);
                        let previous = stub.state.previous.map(|pc| pc as usize);
                        return Some(Left::For { pc: stub.pc as usize, previous });
                    }
                    code.count_steps(self.meter.steps(), is_forced);
                    at = code.make_stub(program, registers, number)?;
                }
                Stop::Charge if self.meter.refill() => {}
                Stop::Exit | Stop::Charge | Stop::Leave => {
                    let exit = code.exit_of[at.index()] as usize;
                    let registers = registers(&mut self.stack, self.frame.base);
                    if let Stop::Exit = stop {
                        let can_make = is_forced || code.payoff.can_make(code.made().since(made));
                        if can_make && code.widen(program, registers, at) {
                            continue;
                        }
                        if let Some(other) = code.detour(program, registers, exit, can_make) {
                            at = other;
                            continue;
                        }
                    }
                    let exit = &code.exits[exit];
                    catch_up(program, registers, &exit.state);
                    self.meter.left -= u64::from(exit.state.steps);
                    let previous = exit.state.previous.map(|pc| pc as usize);
                    return Some(Left::For { pc: exit.pc as usize, previous });
                }
                Stop::Returned(pc) => return Some(Left::Returned { pc: pc as usize }),
                Stop::Ended => return Some(Left::Ended(parcel.result)),
                // Whoever has one instruction done goes on by itself.
                Stop::Done => {}
            }
        }
    }
}

/// Does the writes to registers that fast code has put off.
pub(in crate::interpreter) fn catch_up(program: &Program, registers: &mut [Value; REGISTERS], state: &State) {
    let values: Vec<Value> = state
        .pending
        .iter()
        .map(|(_, source)| match source {
            Source::Slot(slot) => registers[usize::from(*slot)].clone(),
            Source::Constant(constant) => program.constants[usize::from(*constant)].clone(),
            Source::Bool(value) => Value::Bool(*value),
        })
        .collect();
    for ((register, _), value) in state.pending.iter().zip(values) {
        registers[usize::from(*register)] = value;
    }
}
