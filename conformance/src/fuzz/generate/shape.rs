//! The shape of a program before any of its code: how large it is and which functions it has.

use machine_dialect_vm::TypeId;

/// How large the programs are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A hundred instructions or so are executed: for implementations that are asked many thousand times.
    Small,
    /// Loops run for thousands of turns, so that a machine that prepares what runs often comes to use that.
    Long,
    /// As long, and mostly of what such a machine may do in a way of its own: writes to containers that several registers
    /// hold, constants that allow short cuts, keys that dicts share, functions that give any type.
    Special,
}

/// What a function takes, in its first registers, and gives.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub(super) name: String,
    pub(super) takes: Vec<TypeId>,
    pub(super) gives: TypeId,
    /// How deep it calls itself; its first parameter counts down. Zero for a function that does not.
    pub(super) depth: i64,
}

/// What stands for the entry of a function until that is known: an int that nothing else uses.
pub(super) const ENTRY_MARK: i64 = 0x6d64_7666_756e_6300;
