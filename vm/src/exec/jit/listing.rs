//! Machine code as text: bytes, and with the cargo feature `disasm` the instructions that they are.

use std::fmt::Write as _;
use std::ops::Range;

/// Some of a buffer of machine code, a line for each instruction.
#[cfg(feature = "disasm")]
pub(super) fn code(buffer: &[u8], range: Range<usize>, out: &mut String) {
    use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_space_after_operand_separator(true);
    options.set_branch_leading_zeros(false);
    options.set_rip_relative_addresses(true);
    let decoder = Decoder::with_ip(64, &buffer[range.clone()], range.start as u64, DecoderOptions::NONE);
    for instruction in decoder {
        let begin = instruction.ip() as usize;
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        let _ = writeln!(
            out,
            "       {begin:06x}  {:<30}  {text}",
            hex(&buffer[begin..begin + instruction.len()])
        );
    }
}

/// Some of a buffer of machine code.
#[cfg(not(feature = "disasm"))]
pub(super) fn code(buffer: &[u8], range: Range<usize>, out: &mut String) {
    bytes(buffer, range, out);
}

/// Some of a buffer that is no code.
pub(super) fn bytes(buffer: &[u8], range: Range<usize>, out: &mut String) {
    for (row, bytes) in buffer[range.clone()].chunks(16).enumerate() {
        let _ = writeln!(out, "       {:06x}  {}", range.start + 16 * row, hex(bytes));
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}
