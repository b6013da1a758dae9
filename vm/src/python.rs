//! The Python extension `machine_dialect_vm._native`: what the package of `vm/python` is made of.
//!
//! Python sees the command line ([`command`]), modules ([`module`]), runs ([`run`]), the front end of the language ([`language`]) and the machine that the public
//! package had ([`drop_in`]). Values go both ways through [`values`]; errors become the exceptions of `machine_dialect_vm.errors` in
//! [`errors`], with lines of pages from [`places`].

mod command;
mod drop_in;
mod errors;
mod failures;
mod job;
mod language;
mod module;
mod places;
mod run;
mod values;

/// The machine in Rust. Use the package `machine_dialect_vm`, which has all of this.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use super::command::command;
    #[pymodule_export]
    use super::drop_in::RustVM;
    #[pymodule_export]
    use super::language::{check_page, compile_page, format_page};
    #[pymodule_export]
    use super::module::Module;
    #[pymodule_export]
    use super::run::{Outcome, resume, run};
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "Python names it so")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
