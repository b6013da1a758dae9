//! Fast code: what hot parts of a program are turned into while it runs.
//!
//! Plain code (`lower.rs`) does one instruction of the module at a time. Fast code does what several of them do, for the
//! kinds of values that were met when it was made: constants are part of the instructions, moves and what nobody reads are
//! left out, a comparison and the jumps behind it are one, a call knows where it leads. Steps are charged where control
//! meets or leaves a function.
//!
//! It can be seen by nobody. An instruction of fast code does all of what it stands for, or it does nothing and leaves by
//! its exit, which does the writes that were put off, charges the steps that were taken, and goes on with plain code, at the
//! very instruction that is up. So plain code gives every error, and limits are met on it: fast code is left when one is
//! near. What is left out are writes of values that cost no memory over others that do not either, to registers that are
//! written again before they are read.

mod code;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "there is fast code for some opcodes and values; the others run as they are"
)]
mod compile;
#[expect(clippy::wildcard_enum_match_arm, reason = "jumps are looked for among all operands")]
mod flow;
#[expect(clippy::wildcard_enum_match_arm, reason = "most instructions stay as they are")]
mod fuse;
#[expect(clippy::wildcard_enum_match_arm, reason = "each instruction is for some kinds of values")]
mod obey;
mod payoff;
mod run;
mod state;
mod twin;

use std::cell::{Cell, RefCell};

pub(super) use code::{Code, RESERVE};
pub(super) use run::{Left, catch_up};
pub(super) use twin::spare_copy;

use crate::interpreter::Program;
use crate::vm::Tiers;

/// The fast code of a program, kept from run to run.
#[derive(Default)]
pub(crate) struct Tier {
    /// How often plain code went backward, called, returned or came out of phis.
    heat: Cell<u32>,
    /// Taken out while a run uses it.
    code: RefCell<Option<Box<Code>>>,
}

impl Tier {
    /// So hot is a program that gets fast code. What runs but once is not worth it.
    const HOT: u32 = 64;

    /// The fast code there is; for this run alone until it is given back.
    pub(super) fn take(&self) -> Option<Box<Code>> {
        self.code.try_borrow_mut().ok()?.take()
    }

    pub(super) fn give_back(&self, code: Box<Code>) {
        if let Ok(mut place) = self.code.try_borrow_mut() {
            *place = Some(code);
        }
    }

    /// How many bytes of machine code there are.
    pub(crate) fn machine_code(&self) -> usize {
        #[cfg(machine_code)]
        let size =
            self.code.try_borrow().ok().and_then(|code| Some(code.as_ref()?.native.size())).unwrap_or(0);
        #[cfg(not(machine_code))]
        let size = 0;
        size
    }

    /// Counts that control came by, and begins fast code where that was often enough.
    pub(super) fn warm(&self, program: &Program, tiers: Tiers, steps: u64) -> Option<Box<Code>> {
        let heat = self.heat.get() + 1;
        let is_forced = !matches!(tiers, Tiers::Both | Tiers::Portable);
        if !program.is_lowered() || !is_forced && (heat < Self::HOT || !Self::can_begin(program, steps)) {
            self.heat.set(heat.min(Self::HOT));
            return None;
        }
        Some(Self::begin(program))
    }

    /// Whether there can be fast code, and a run has taken enough steps for what it takes to look into the whole module: no limit on steps or time is
    /// looked at meanwhile.
    pub(super) fn can_begin(program: &Program, steps: u64) -> bool {
        program.is_lowered() && steps >= payoff::steps_before_analysis(program.ops.len())
    }

    /// Begins fast code.
    pub(super) fn begin(program: &Program) -> Box<Code> {
        Box::new(Code::new(flow::FlowGraph::new(program), program.ops.len()))
    }
}
