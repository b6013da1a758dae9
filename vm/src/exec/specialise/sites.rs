//! The exits of code, for schedules that force them.

use crate::exec::specialise::code::Code;
use crate::exec::specialise::op::CodeAddr;
use crate::exec::specialise::types::Type;
use crate::schedule::{Site, Tier};

impl Code {
    /// Whether an instruction has an exit.
    pub(crate) fn has_exit(&self, at: CodeAddr) -> bool {
        self.ops.get(at.index()).is_some_and(|op| op.unfused().has_exit())
    }

    /// The exit of an instruction in a tier, if it has one. The loop has superinstructions, machine code their halves.
    pub(crate) fn exit_site(&self, at: CodeAddr, tier: Tier) -> Option<Site> {
        let op = self.ops.get(at.index()).filter(|_| self.has_exit(at))?;
        let half = op.unfused();
        let name = match tier {
            Tier::Specialised => op.name(),
            Tier::MachineCode | Tier::Optimised => half.name(),
        };
        let exit = self.exit_at(at);
        // What is only written matters to no exit.
        let read = half.accesses();
        let read = read.iter().filter(|access| access.gives.is_none());
        let types = read.map(|access| exit.context.type_of(access.slot.register()).name()).collect();
        Some(Site { tier, op: name, types, pc: Some(exit.pc) })
    }

    /// The same for an instruction that is known to have one.
    pub(crate) fn forced_site(&self, at: CodeAddr, tier: Tier) -> Site {
        let no_exit = || Site { op: "NoExit", ..Site::entry(tier) };
        self.exit_site(at, tier).unwrap_or_else(no_exit)
    }

    /// The exits of all instructions in a tier.
    pub(crate) fn exit_sites(&self, tier: Tier) -> impl Iterator<Item = Site> {
        (0..self.ops.len()).filter_map(move |place| self.exit_site(CodeAddr::of(place), tier))
    }
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Free => "free",
            Self::Scalar => "scalar",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
        }
    }
}
