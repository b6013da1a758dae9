//! Programs of the language that nobody wrote: sources out of bytes, in many of the ways in which people lay out Markdown.
//!
//! [`tree`] is what a program says, [`generate`] makes one from choices, [`write`] puts it on a page in a style, [`reduce`] makes it
//! small, and [`campaign`] has two implementations run the same pages and compares what comes of them.

pub mod campaign;
pub mod generate;
pub mod reduce;
pub mod tree;
pub mod write;
