// Generated from spec/isa.yaml by "cargo run -p mdvm-spec -- render rust". Do not edit.

/// The instructions that the translator has an arm for (`specialised: true` in `spec/isa.yaml`). Those that are missing in
/// `vm/src/exec/specialise/translate/instructions.rs` do not compile.
#[allow(dead_code, reason = "some are executed as they are, and give a type that is known")]
pub(crate) enum Translatable {
    /// One that is executed as it is.
    Other,
}

impl From<Op> for Translatable {
    fn from(op: Op) -> Self {
        match op {
            Op::LoadConst { .. }
                | Op::Double { .. }
                | Op::Halt => Self::Other,
        }
    }
}
