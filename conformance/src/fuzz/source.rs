//! Pages that nobody wrote: programs of the language out of bytes, in many of the ways in which people lay out Markdown.
//!
//! [`tree`] is what a program says, [`generate`] makes one from choices, [`mod@write`] puts it on a page in a style, [`damage`] puts faults
//! into a page, [`reduce`] and [`text`] make one small, and [`campaign`] has two implementations run the same pages.

pub mod campaign;
pub mod damage;
pub mod generate;
pub mod pair;
pub mod reduce;
pub mod text;
pub mod tree;
pub mod write;
