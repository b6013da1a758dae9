//! Source map to bytes. Numbers are LEB128; places are written as the difference to the one before.

use super::{SourceMap, hash};
use crate::values::source_map as layout;

impl SourceMap {
    /// Encodes the map for a module, given as its file.
    #[must_use]
    pub fn encode(&self, module: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(layout::MAGIC);
        out.extend(layout::VERSION.to_le_bytes());
        out.extend(&hash(module)[..layout::MODULE_HASH_BYTES as usize]);
        let sections = [self.source(), self.encoded_functions(), self.lines(), self.encoded_variables()];
        out.extend((sections.len() as u32).to_le_bytes());
        for section in sections {
            out.extend((section.len() as u32).to_le_bytes());
            out.extend(section);
        }
        out
    }

    fn source(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_text(&self.name, &mut out);
        out.extend(self.text_hash);
        out.push(u8::from(self.text.is_some()));
        if let Some(text) = &self.text {
            put_text(text, &mut out);
        }
        out
    }

    fn encoded_functions(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(self.functions.len() as u64, &mut out);
        let mut before = 0;
        for function in &self.functions {
            put_text(&function.name, &mut out);
            put(u64::from(function.line), &mut out);
            put(u64::from(function.begin - before), &mut out);
            put(u64::from(function.end - function.begin), &mut out);
            before = function.end;
            put(function.inputs.len() as u64, &mut out);
            for input in &function.inputs {
                put_text(input, &mut out);
            }
        }
        out
    }

    fn lines(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(self.runs.len() as u64, &mut out);
        let (mut begin, mut line, mut column) = (0, 0, 0);
        for run in &self.runs {
            // The lowest bit tells whether there is a place.
            put(u64::from(run.begin - begin) << 1 | u64::from(run.place.is_some()), &mut out);
            begin = run.begin;
            if let Some(place) = run.place {
                put_signed(i64::from(place.line) - line, &mut out);
                put_signed(i64::from(place.column) - column, &mut out);
                (line, column) = (i64::from(place.line), i64::from(place.column));
            }
        }
        out
    }

    fn encoded_variables(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(self.variables.len() as u64, &mut out);
        let mut function = 0;
        for variable in &self.variables {
            put(u64::from(variable.function - function), &mut out);
            function = variable.function;
            put(variable.register.map_or(0, |register| u64::from(register) + 1), &mut out);
            put_text(&variable.name, &mut out);
            put_text(&variable.declared, &mut out);
        }
        out
    }
}

fn put(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A signed number, its sign in the lowest bit.
fn put_signed(number: i64, out: &mut Vec<u8>) {
    put(((number << 1) ^ (number >> 63)) as u64, out);
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put(text.len() as u64, out);
    out.extend(text.as_bytes());
}
