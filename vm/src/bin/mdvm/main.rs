//! `mdvm`: runs, checks, shows and assembles Machine Dialect modules.
//!
//! The Python package has it, too: there it is a module of the extension, so that the two command lines are one.
//!
//! Results go to standard output and nothing else does; errors go to standard error. Exit code 0 says that all is well, 1
//! that the program failed, 2 that the module or the usage was bad, and 130 that Ctrl-C ended the run.

mod files;
mod input;
mod report;
mod run;
mod serve;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use machine_dialect_vm::Tiers;

/// Exit code: the program failed.
const PROGRAM_FAILED: u8 = 1;
/// Exit code: the module or the usage was bad.
const BAD_MODULE: u8 = 2;
/// Exit code: the run was interrupted, as shells say it.
const INTERRUPTED: u8 = 130;

#[derive(Parser)]
#[command(name = "mdvm", version, about = "Runs, checks, shows and assembles Machine Dialect modules")]
#[command(after_help = "\
FILE is a page of Machine Dialect (.md), a module (.mdbc), assembly (.mdasm), or - for standard input.

Examples:
  mdvm run program.md
  mdvm compile program.md -o program.mdbc -g
  mdvm run program.mdbc
  mdvm run --max-steps 1000000 --global 'name=\"World\"' program.mdbc
  mdvm check *.mdbc
  mdvm dis program.mdbc
  mdvm asm program.mdasm -o program.mdbc
  echo 'debug_print r0' | mdvm run -")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a program; what it prints goes to standard output
    Run(RunArguments),
    /// Check that modules load; one line each
    Check {
        /// The modules
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show a module as assembly, with the index and the offset of each instruction
    Dis {
        /// The module
        file: PathBuf,
        /// Write to this file instead of standard output
        #[arg(short, long, value_name = "OUT")]
        output: Option<PathBuf>,
    },
    /// Compile a page of Machine Dialect to a module
    Compile {
        /// The page
        file: PathBuf,
        /// Write the module to this file, or to standard output with -
        #[arg(short, long, value_name = "OUT")]
        output: PathBuf,
        /// Write a source map beside the module, so that errors name lines of the page
        #[arg(short = 'g', long = "source-map")]
        source_map: bool,
    },
    /// Assemble a module
    Asm {
        /// The assembly
        file: PathBuf,
        /// Write the module to this file, or to standard output with -
        #[arg(short, long, value_name = "OUT")]
        output: PathBuf,
    },
    /// Answer runs over standard input and output, one JSON object a line, as conformance harnesses ask them
    Serve {
        #[command(flatten)]
        tiers: TierArguments,
    },
}

#[derive(Args)]
struct RunArguments {
    /// The page or the module
    file: PathBuf,
    /// Print the outcome as JSON, instead of what the program prints
    #[arg(long)]
    json: bool,
    /// End the run before it executes more instructions than that
    #[arg(long, value_name = "N")]
    max_steps: Option<u64>,
    /// End the run before its values take more bytes than that [default: 1073741824]
    #[arg(long, value_name = "BYTES")]
    max_memory: Option<u64>,
    /// End the run before it prints more bytes than that
    #[arg(long, value_name = "BYTES")]
    max_output: Option<u64>,
    /// End the run before calls nest deeper than that [default: 1000]
    #[arg(long, value_name = "N")]
    max_call_depth: Option<u64>,
    /// End the run when it has taken that many seconds, such as 2 or 0.5
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    max_time: Option<Duration>,
    /// Give the program a global; VALUE is JSON, as outcomes show values
    #[arg(long = "global", value_name = "NAME=VALUE")]
    globals: Vec<String>,
    #[command(flatten)]
    tiers: TierArguments,
}

#[derive(Args)]
struct TierArguments {
    /// Run one instruction at a time, none fused or specialised: slower, and the same in every other way
    #[arg(long)]
    plain: bool,
    /// Make no machine code: for hosts that forbid it
    #[arg(long, conflicts_with = "plain")]
    portable: bool,
    /// Fuse and specialise from the first instruction on, not only what is hot: for tests
    #[arg(long, conflicts_with_all = ["plain", "portable"])]
    fast: bool,
    /// Make machine code from the first instruction on, not only of what is hottest: for tests
    #[arg(long, conflicts_with_all = ["plain", "portable", "fast"])]
    machine: bool,
}

impl TierArguments {
    fn tiers(&self) -> Tiers {
        let chosen = [
            (self.plain, Tiers::Plain),
            (self.portable, Tiers::Portable),
            (self.fast, Tiers::Fast),
            (self.machine, Tiers::Machine),
        ];
        chosen.into_iter().find_map(|(is_chosen, tiers)| is_chosen.then_some(tiers)).unwrap_or_default()
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "expected a number of seconds, such as 2 or 0.5".to_owned())
}

#[cfg_attr(feature = "pyo3", allow(dead_code, reason = "Python has its own beginning"))]
fn main() -> ExitCode {
    command(std::env::args_os())
}

/// Does what the arguments say, the first of which is the name of the command.
pub(crate) fn command(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match Arguments::parse_from(arguments).command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check { files } => files::check(&files),
        Command::Dis { file, output } => files::disassemble(&file, output.as_deref()),
        Command::Compile { file, output, source_map } => files::compile(&file, &output, source_map),
        Command::Asm { file, output } => files::assemble(&file, &output),
        Command::Serve { tiers } => serve::serve(tiers.tiers()),
    }
}
