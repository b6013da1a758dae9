//! Modules that nobody wrote: how they are made, what must hold of them, and what is done where it does not.
//!
//! [`generate`] turns bytes into programs that mostly do real work, by the operand roles and type rules of the
//! specification. [`oracle`] has the checks that fuzz targets and ordinary tests share. [`campaign`] has any
//! implementations run the same programs and compares the outcomes; [`divergence`] says where two of them part,
//! [`reduce`] makes the program small, and [`finding`] writes it down as a case. [`guide`] looks for programs that reach something
//! new of the reference.

pub mod asker;
pub mod campaign;
pub mod divergence;
pub mod finding;
pub mod generate;
pub mod guide;
pub mod machine;
pub mod measure;
pub mod oracle;
pub mod program;
pub mod reduce;
pub mod results;
pub mod seeds;
pub mod source;
pub mod triage;
