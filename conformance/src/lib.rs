//! The conformance suite of Machine Dialect bytecode: cases as data, and a runner for any implementation.
//!
//! A [`Case`](case::Case) is a module and what running it must come to. Cases come from the YAML files of `spec/cases`
//! ([`case_file`]), from the modules of `conformance/corpus` ([`corpus`]), or from a program that makes them. A
//! [`Launcher`](implementation::Launcher) starts an implementation, which is a command that speaks the protocol of
//! [`plug`], or the Rust VM inside this process. [`batch::run`] has an implementation answer many requests, through its
//! crashes and time-outs, and [`verdict::judge`] says what each [`Answer`](plug::Answer) is worth.
//!
//! The specification itself says what the cases owe each opcode ([`obligations`]). [`matrix`] generates the cases that follow
//! from it, and [`coverage`] shows what is really executed of all that.
//!
//! `tests/suite.rs` does all of this under `cargo test`, and the command `mdvm-conform` does it for any implementation.

pub mod batch;
pub mod bless;
pub mod case;
pub mod case_file;
pub mod catalog;
pub mod corpus;
pub mod coverage;
pub mod diff;
pub mod doctor;
pub mod embedded;
pub mod fix;
pub mod forced;
pub mod fuzz;
pub mod implementation;
pub mod layout;
pub mod ledger;
pub mod liveness;
pub mod matrix;
pub mod next;
pub mod obligations;
pub mod outcome;
pub mod paths;
pub mod plug;
mod process;
pub mod programs;
pub mod report;
pub mod run;
pub mod schedule;
pub mod show;
pub mod states;
pub mod suite;
pub mod tier_cost;
pub mod value;
pub mod vectors;
pub mod verdict;
pub mod views;
pub mod worker;
