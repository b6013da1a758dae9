//! Which tiers a run may use.

/// Which tiers a run may use, and from when on. It changes how long a run takes and nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Tiers {
    /// All of them: hot code is specialised on observed types, and what stays hot is compiled to machine code.
    #[default]
    Auto,
    /// The baseline interpreter only: one instruction at a time, for any types.
    Interpreter,
    /// The baseline interpreter, and specialised code for what is hot, but no JIT. For hosts that forbid executable memory.
    Specialised,
    /// Specialised code from the first instruction on, wherever there can be any, but no JIT. For tests: making it for what runs
    /// but once takes longer than running it.
    EagerSpecialised,
    /// Specialised code from the first instruction on, and machine code as soon as there is specialised code. For tests, even
    /// more so. Where there is no JIT for the processor, the same as [`Tiers::EagerSpecialised`].
    EagerJit,
}

impl Tiers {
    /// Whether code is specialised wherever there can be any, whether it pays or not.
    pub(super) fn is_eager(self) -> bool {
        match self {
            Self::EagerSpecialised | Self::EagerJit => true,
            Self::Auto | Self::Interpreter | Self::Specialised => false,
        }
    }

    /// Whether there may be machine code.
    #[cfg(machine_code)]
    pub(super) fn has_jit(self) -> bool {
        match self {
            Self::Auto | Self::EagerJit => !without!("jit"),
            Self::Interpreter | Self::Specialised | Self::EagerSpecialised => false,
        }
    }
}
