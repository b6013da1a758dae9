//! Errors, generated from `spec/errors.yaml`.

use std::fmt;

use crate::values::TypeId;

include!(concat!(env!("OUT_DIR"), "/errors.rs"));

/// Bytes, shown in hexadecimal with spaces.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{byte:02x}")?;
        }
        Ok(())
    }
}
