//! Traces: what each instruction wrote, as a digest (`trace_text_bytes` of `spec/values.yaml`).

use crate::isa::Reg;
use crate::value::{Value, append_text};
use crate::values::TRACE_TEXT_BYTES;

/// One executed instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceStep {
    /// The index of the instruction.
    pub pc: u32,
    /// The digest of what it wrote to registers of its own frame; none when it wrote nothing.
    pub digest: Option<u64>,
}

/// The digest of registers that were written, in order.
pub(crate) fn digest<'a>(written: impl Iterator<Item = (Reg, &'a Value)>) -> Option<u64> {
    let mut hash = None;
    let mut text = String::new();
    for (register, value) in written {
        text.clear();
        // A text that is too long is cut; that is what the digest takes in.
        let _ = append_text(value, &mut text, TRACE_TEXT_BYTES);
        let shown = &text.as_bytes()[..text.len().min(TRACE_TEXT_BYTES)];
        let head = format!("{register}:{}:", value.type_id());
        let bytes = head.bytes().chain(shown.iter().copied()).chain([b';']);
        hash = Some(fnv1a(hash.unwrap_or(FNV_OFFSET), bytes));
    }
    hash
}

/// The offset basis of the 64-bit FNV-1a hash.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv1a(hash: u64, bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // From the test vectors of the hash's authors.
        assert_eq!(fnv1a(FNV_OFFSET, "".bytes()), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(FNV_OFFSET, "foobar".bytes()), 0x8594_4171_f739_67e8);
    }
}
