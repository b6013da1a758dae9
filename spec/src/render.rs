//! Printers: one for each thing that is generated from the specification.

pub mod rust;

/// The first line of a file generated from `files` by `command`, without the comment sign.
pub(crate) fn banner(files: &str, command: &str) -> String {
    format!("Generated from {files} by \"{command}\". Do not edit.")
}
