//! `mdvm dump`.

use std::path::Path;
use std::process::ExitCode;

use machine_dialect_vm::{Limits, Run, Tiers, Vm};

use super::input::{self, Format};
use super::run::print;
use super::{BAD_MODULE, DumpTier, report};

/// Runs a program, whatever comes of it, and prints the code that the run left.
pub(crate) fn dump(file: &Path, format: Option<Format>, tier: DumpTier, max_steps: u64) -> ExitCode {
    let program = match input::read_program(file, format) {
        Ok(program) => program,
        Err(error) => {
            report::input_error(&error, file);
            return ExitCode::from(BAD_MODULE);
        }
    };
    let vm = Vm::new(program.module);
    let limits = Limits { max_steps: Some(max_steps), ..Limits::default() };
    let tiers = match tier {
        DumpTier::Specialised => Tiers::EagerSpecialised,
        #[cfg(machine_code)]
        DumpTier::Jit => Tiers::EagerJit,
    };
    // A program that fails leaves code, too.
    let _ = vm.run(Run::new(&mut ()).limits(limits).tiers(tiers));
    let text = match tier {
        DumpTier::Specialised => vm.dump_specialised(),
        #[cfg(machine_code)]
        DumpTier::Jit => {
            if cfg!(not(feature = "disasm")) {
                report::text(
                    "note: these are bytes; `cargo install --path vm --features disasm` makes an mdvm that shows instructions\n",
                );
            }
            vm.dump_jit()
        }
    };
    print(text.trim_end(), 0)
}
