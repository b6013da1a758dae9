//! stub
use super::Diagnostics;
/// Formats.
/// # Errors
/// none
pub fn format(source: &str) -> Result<String, Diagnostics> { Ok(source.to_owned()) }
