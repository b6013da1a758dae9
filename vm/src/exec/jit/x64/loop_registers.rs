//! Which registers of the processor an optimised loop may use.

use crate::exec::optimise::{Inst, Loop};

/// Registers for ints: rsi, rdi, r8 to r11, rbp; r14, which exits find the globals in; and rcx and rdx where nothing needs them to compute.
pub(super) const INTS: [u8; 10] = [6, 7, 8, 9, 10, 11, 5, 14, 1, 2];
const INTS_BESIDE_TWO: u8 = 8;
pub(super) const GLOBALS: u8 = 14;
/// Registers for floats: all but xmm0 and xmm1.
const FLOATS: u8 = 14;
pub(super) const FIRST_FLOAT: u8 = 2;
/// For computing.
pub(super) const RAX: u8 = 0;

/// How many registers for ints and for floats a loop may use.
pub(super) fn registers(body: &Loop) -> (u8, u8) {
    let needs_two = body.blocks.iter().flat_map(|block| &block.insts).any(|value| {
        matches!(
            body.inst(*value),
            Inst::Divide { .. }
                | Inst::Mask(..)
                | Inst::Store { .. }
                | Inst::Row { .. }
                | Inst::LoadRow { .. }
                | Inst::LengthOf(_)
                | Inst::StoreRow { .. }
        )
    });
    (if needs_two { INTS_BESIDE_TWO } else { INTS.len() as u8 }, FLOATS)
}
