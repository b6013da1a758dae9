//! The declarations of `specops.yaml`: the instructions of specialised code.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `specops.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecOps {
    /// What an operand can be.
    pub kinds: Vec<KindEntry>,
    /// What an instruction can be about.
    pub themes: Vec<ThemeEntry>,
    /// The instructions.
    pub ops: Vec<SpecOpEntry>,
}

/// One kind of operand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindEntry {
    /// The name that operands use.
    pub name: String,
    /// The Rust type.
    pub rust: String,
    /// What it is, in one line.
    pub summary: String,
}

/// What instructions are about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThemeEntry {
    /// The name that instructions use.
    pub name: String,
    /// What they are, in one line.
    pub summary: String,
}

/// One specialised instruction.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecOpEntry {
    /// The name, as in `AddInt`.
    pub name: String,
    /// What it is about; none for a superinstruction.
    #[serde(default)]
    pub theme: Option<String>,
    /// What it does, in one line.
    pub summary: String,
    /// The operands, in the order of a dump.
    #[serde(default)]
    pub operands: Vec<SpecOperand>,
    /// Where control goes; `next` where the file does not say.
    #[serde(default = "next")]
    pub flow: String,
    /// The reasons for which it may leave instead.
    #[serde(default)]
    pub exits: Vec<String>,
    /// What it touches besides registers.
    #[serde(default)]
    pub effects: Vec<String>,
    /// Whether its result may be computed in another register instead.
    #[serde(default)]
    pub in_place: bool,
    /// Whether it exchanges what its two slots hold.
    #[serde(default)]
    pub swaps: bool,
    /// The back edge that leads to this branch and does what it does.
    #[serde(default)]
    pub back_edge: Option<String>,
    /// Whether that back edge has the operands the other way round.
    #[serde(default)]
    pub mirrored: bool,
    /// By type, the instruction that does the same and guards that its result has that type.
    #[serde(default)]
    pub guarded: BTreeMap<String, String>,
    /// The two instructions that it does in one.
    #[serde(default)]
    pub fuses: Vec<String>,
    /// How the JIT has it.
    pub jit: String,
}

fn next() -> String {
    "next".to_owned()
}

/// One operand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecOperand {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// The type that was proved of the value.
    #[serde(default)]
    pub needs: Option<String>,
    /// The type of what is written.
    #[serde(default)]
    pub gives: Option<String>,
    /// What may be written over; `scalar` where the file does not say.
    #[serde(default)]
    pub over: Option<String>,
    /// The type that the value has behind the instruction.
    #[serde(default)]
    pub refines: Option<String>,
}

impl SpecOpEntry {
    /// The operand of that name.
    #[must_use]
    pub fn operand(&self, name: &str) -> Option<&SpecOperand> {
        self.operands.iter().find(|operand| operand.name == name)
    }
}

closed_names! {
    /// A type that a slot may have to have, or gets.
    SpecType {
        /// Nothing is known.
        Any = "any",
        /// It costs no memory.
        Free = "free",
        /// It stands for itself.
        Scalar = "scalar",
        /// A bool.
        Bool = "bool",
        /// An int.
        Int = "int",
        /// A float.
        Float = "float",
    }
}

closed_names! {
    /// Where control goes after a specialised instruction.
    SpecFlow {
        /// To the next.
        Next = "next",
        /// To `to`, or to the next.
        Branch = "branch",
        /// To `to`.
        Jump = "jump",
        /// Out of the block.
        Leave = "leave",
    }
}

closed_names! {
    /// Why a specialised instruction may leave.
    SpecExit {
        /// A value is not what is needed.
        Guard = "guard",
        /// There are too few steps.
        Fuel = "fuel",
        /// The baseline interpreter has to execute it.
        Deoptimise = "deoptimise",
        /// A baseline instruction failed.
        Error = "error",
    }
}

closed_names! {
    /// What a specialised instruction touches besides registers.
    SpecEffect {
        /// Counted memory.
        Memory = "memory",
        /// Globals.
        Globals = "globals",
        /// Frames.
        Frames = "frames",
        /// Output.
        Output = "output",
    }
}

closed_names! {
    /// How the JIT has a specialised instruction.
    JitLowering {
        /// It has a lowering of its own.
        Lowered = "lowered",
        /// The JIT calls the loop over specialised code for it.
        Interpreter = "interpreter",
        /// It is taken apart before.
        Fused = "fused",
    }
}
