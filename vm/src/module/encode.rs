//! Module to bytes, in the canonical layout.

use crate::module::constant::{put_string, string_bytes, u32_of};
use crate::module::{Constant, Module};
use crate::values::format;

pub(super) fn encode(module: &Module) -> Vec<u8> {
    let name = format::HEADER_BYTES as usize;
    let constants = name + string_bytes(&module.name);
    let functions = constants + constants_bytes(module);
    let instructions = functions + functions_bytes(module);
    let mut out = Vec::with_capacity(instructions + 4 + module.code.bytes.len());
    out.extend(format::MAGIC);
    for number in [format::VERSION, format::FLAGS] {
        out.extend(number.to_le_bytes());
    }
    for offset in [name, constants, functions, instructions] {
        out.extend(u32_of(offset).to_le_bytes());
    }
    put_string(&module.name, &mut out);
    out.extend(u32_of(module.constants.len()).to_le_bytes());
    for constant in &module.constants {
        constant.put(&mut out);
    }
    out.extend(u32_of(module.functions.len()).to_le_bytes());
    for function in module.functions.iter() {
        put_string(&function.name, &mut out);
        out.extend(function.entry.to_le_bytes());
    }
    out.extend(u32_of(module.code.len()).to_le_bytes());
    out.extend(&module.code.bytes);
    out
}

/// Where the first instruction begins in the canonical file.
pub(super) fn code_offset(module: &Module) -> usize {
    let before = format::HEADER_BYTES as usize + string_bytes(&module.name);
    before + constants_bytes(module) + functions_bytes(module) + 4
}

fn constants_bytes(module: &Module) -> usize {
    4 + module.constants.iter().map(Constant::size).sum::<usize>()
}

fn functions_bytes(module: &Module) -> usize {
    4 + module.functions.iter().map(|function| string_bytes(&function.name) + 4).sum::<usize>()
}
