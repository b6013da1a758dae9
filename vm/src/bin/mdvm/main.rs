//! `mdvm`: runs, checks, shows and assembles Machine Dialect modules.
//!
//! The Python package has it, too: there it is a module of the extension, so that the two command lines are one.
//!
//! Results go to standard output and nothing else does; errors go to standard error. Exit code 0 says that all is well, 1
//! that the program failed, 2 that the module or the usage was bad, and 130 that Ctrl-C ended the run.

mod check;
mod dis;
mod dump;
mod explain;
mod files;
mod fmt;
mod input;
mod map;
mod monitor;
mod pages;
mod repl;
mod report;
mod resume;
mod room;
mod run;
mod serve;
mod stats;
mod trace;
mod units;
mod usage;
mod verbs;
mod watchdog;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use machine_dialect_vm::{Limits, Tiers};

use input::{InputError, Program};

/// Exit code: the program failed.
const PROGRAM_FAILED: u8 = 1;
/// Exit code: the module or the usage was bad.
const BAD_MODULE: u8 = 2;
/// Exit code: the run was interrupted, as shells say it.
const INTERRUPTED: u8 = 130;

#[derive(Parser)]
#[command(
    name = "mdvm",
    version,
    long_version = pages::VERSION,
    about = "Runs, checks, shows and compiles programs in Machine Dialect, and modules"
)]
#[command(after_help = "\
FILE is a page of Machine Dialect (.md), a module (.mdbc), assembly (.mdasm), or - for standard input. `mdvm FILE` runs it.

Examples:
  mdvm program.md
  mdvm run -e 'Say _\"Hello, \"_ + _\"World!\"_.'      # prints: Hello, World!
  mdvm compile program.md -o program.mdbc -g
  mdvm run --max-steps 1M --max-time 2s --global 'name=\"World\"' program.mdbc
  mdvm run --stop-at 1 --save state.mdst program.md
  mdvm resume state.mdst program.md
  mdvm trace --limit 20 program.md
  mdvm run --monitor hot --monitor flame=stacks.txt program.md
  mdvm check *.mdbc
  mdvm fmt program.md
  mdvm explain DivisionByZero
  mdvm dis program.mdbc
  mdvm asm program.mdasm -o program.mdbc
  echo 'Say _6_ * _7_.' | mdvm run -                # prints: 42")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a program; what it prints goes to standard output
    Run(RunArguments),
    /// Go on with a run from the state that `mdvm run --save` wrote, in this or any other implementation
    Resume(resume::ResumeArguments),
    /// Show each instruction that a program executes, with the values it read and wrote
    Trace(trace::TraceArguments),
    /// Check that pages have no errors and that modules load; one line each
    Check(check::CheckArguments),
    /// Show a module as assembly, with the index and the offset of each instruction and the lines of its page
    #[command(visible_aliases = ["disasm", "disassemble"])]
    Dis(dis::DisArguments),
    /// Write pages in the canonical form
    #[command(visible_alias = "format")]
    Fmt(fmt::FmtArguments),
    /// Compile a page of Machine Dialect to a module
    Compile(files::CompileArguments),
    /// Assemble a module
    #[command(visible_aliases = ["as", "assemble"])]
    Asm(files::AsmArguments),
    /// Type Machine Dialect and see what it does; variables and functions are kept
    #[command(visible_alias = "shell")]
    Repl,
    /// Tell what an opcode, an error, a type, a limit, a rule or a form of the language is; without a name, list them
    Explain {
        /// The name, as in DivisionByZero, add, for_each or max_steps
        #[arg(allow_hyphen_values = true)]
        name: Vec<String>,
    },
    /// Print what completes commands in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages, one for each command, into a folder
    #[command(hide = true)]
    Man {
        /// The folder
        folder: PathBuf,
    },
    /// Run a program and print the specialised or the machine code that it leaves: for those who work on the machine
    #[command(hide = true)]
    Dump {
        /// The page or the module
        file: PathBuf,
        #[command(flatten)]
        format: FormatArgument,
        /// Which code
        #[arg(long, value_enum, default_value = "specialised")]
        tier: DumpTier,
        /// End the run after that many instructions
        #[arg(long, value_name = "N", value_parser = units::count, default_value = "1000000")]
        max_steps: u64,
    },
    /// Answer runs over standard input and output, one JSON object a line, as conformance harnesses ask them
    Serve {
        #[command(flatten)]
        tiers: TierArguments,
    },
}

/// The program, and what it is given.
#[derive(Args, Debug, Default)]
struct ProgramArguments {
    /// The page or the module
    #[arg(required_unless_present = "expression")]
    file: Option<PathBuf>,
    /// Run this page instead of a file; of several, each is a line
    #[arg(short, long = "eval", value_name = "PAGE", conflicts_with = "file")]
    expression: Vec<String>,
    #[command(flatten)]
    format: FormatArgument,
    /// Give the program a global; VALUE is JSON, as outcomes show values
    #[arg(long = "global", value_name = "NAME=VALUE")]
    globals: Vec<String>,
    /// End the run before it executes more instructions than that, such as 1000000 or 1M
    #[arg(long, value_name = "N", value_parser = units::count)]
    max_steps: Option<u64>,
    /// End the run before its values take more bytes than that, such as 64M [default: 1G]
    #[arg(long, value_name = "BYTES", value_parser = units::bytes)]
    max_memory: Option<u64>,
    /// End the run before it prints more bytes than that, such as 64K
    #[arg(long, value_name = "BYTES", value_parser = units::bytes)]
    max_output: Option<u64>,
    /// End the run before calls nest deeper than that [default: 1000]
    #[arg(long, value_name = "N", value_parser = units::count)]
    max_call_depth: Option<u64>,
    /// End the run, reading included, when it has taken that long, such as 2s, 0.5 or 500ms
    #[arg(long, value_name = "TIME", value_parser = units::time)]
    max_time: Option<Duration>,
}

#[derive(Args, Debug, Default)]
struct RunArguments {
    #[command(flatten)]
    program: ProgramArguments,
    /// Print the outcome as JSON, instead of what the program prints
    #[arg(long)]
    json: bool,
    /// Print the result of the program, as JSON, behind what it prints; with --json it is there anyway
    #[arg(long)]
    result: bool,
    /// Tell what the run took, tiers included, on standard error, or as `stats` in what --json prints; instructions are counted in a
    /// second run, on the interpreter
    #[arg(long)]
    stats: bool,
    /// Count instructions in a second run, on the interpreter, and tell of them on standard error, or in FILE
    #[arg(long, value_name = "WHAT[=FILE]", long_help = monitor::HELP)]
    monitor: Vec<monitor::Monitor>,
    /// Stop before more instructions than that were executed, and save the state of the run
    #[arg(long, value_name = "N", value_parser = units::count, requires = "save", conflicts_with_all = ["stats", "monitor"])]
    stop_at: Option<u64>,
    /// Where to save the state, for `mdvm resume`; nothing is written where the program ends first
    #[arg(long, value_name = "FILE", requires = "stop_at")]
    save: Option<PathBuf>,
    #[command(flatten)]
    tiers: TierArguments,
}

#[derive(Args, Debug, Default)]
struct FormatArgument {
    /// What the file holds, whatever its name and its beginning say: for files of strangers
    #[arg(long, value_enum)]
    format: Option<input::Format>,
}

#[derive(Args, Debug, Default)]
struct TierArguments {
    /// Use no faster tier than that; outcomes are the same
    #[arg(long, value_enum, value_name = "TIER", default_value = "auto", hide_default_value = true)]
    tier: Tier,
    /// Use the fastest allowed tier from the first instruction on, not only for hot code: for tests
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", hide_default_value = true)]
    jit: When,
    // What these were called in 0.1.
    #[arg(long, hide = true)]
    plain: bool,
    #[arg(long, hide = true, conflicts_with = "plain")]
    portable: bool,
    #[arg(long, hide = true, conflicts_with_all = ["plain", "portable"])]
    fast: bool,
    #[arg(long, hide = true, conflicts_with_all = ["plain", "portable", "fast"])]
    machine: bool,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Tier {
    /// Whatever pays
    #[default]
    Auto,
    /// The baseline interpreter: one instruction at a time
    Interpreter,
    /// Specialised code, and no executable memory
    Specialised,
    /// Machine code
    #[cfg(machine_code)]
    Jit,
}

/// The tiers whose code can be shown.
#[derive(Clone, Copy, clap::ValueEnum)]
enum DumpTier {
    /// Specialised code, with types and exits
    Specialised,
    /// Machine code, in hexadecimal
    #[cfg(machine_code)]
    Jit,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum When {
    /// When code is hot
    #[default]
    Auto,
    /// At once
    Always,
}

impl TierArguments {
    fn tiers(&self) -> Tiers {
        let former = [
            (self.plain, Tiers::Interpreter),
            (self.portable, Tiers::Specialised),
            (self.fast, Tiers::EagerSpecialised),
            (self.machine, Tiers::EagerJit),
        ];
        if let Some((_, tiers)) = former.into_iter().find(|(is_chosen, _)| *is_chosen) {
            return tiers;
        }
        match (self.tier, self.jit) {
            (Tier::Interpreter, When::Auto | When::Always) => Tiers::Interpreter,
            (Tier::Specialised, When::Auto) => Tiers::Specialised,
            (Tier::Specialised, When::Always) => Tiers::EagerSpecialised,
            (Tier::Auto, When::Auto) => Tiers::Auto,
            (Tier::Auto, When::Always) => Tiers::EagerJit,
            #[cfg(machine_code)]
            (Tier::Jit, When::Auto) => Tiers::Auto,
            #[cfg(machine_code)]
            (Tier::Jit, When::Always) => Tiers::EagerJit,
        }
    }
}

impl ProgramArguments {
    /// Where the program stands, for messages.
    fn path(&self) -> &Path {
        self.file.as_deref().unwrap_or(Path::new("-e"))
    }

    fn read(&self) -> Result<Program, InputError> {
        match &self.file {
            Some(file) => input::read_program(file, self.format.format),
            None => input::compile(self.expression.join("\n").as_bytes(), "-e"),
        }
    }

    fn limits(&self) -> Limits {
        let defaults = Limits::default();
        Limits {
            max_steps: self.max_steps.or(defaults.max_steps),
            max_memory: self.max_memory.or(defaults.max_memory),
            max_output: self.max_output.or(defaults.max_output),
            max_call_depth: self.max_call_depth.or(defaults.max_call_depth),
        }
    }
}

#[cfg_attr(feature = "pyo3", allow(dead_code, reason = "Python has its own beginning"))]
fn main() -> ExitCode {
    command(std::env::args_os())
}

/// Does what the arguments say, the first of which is the name of the command.
pub(crate) fn command(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let given: Vec<OsString> = arguments.collect();
    let completed = verbs::completed(given.clone());
    if let Some(arguments) = verbs::run_alone(&completed) {
        return run::run(&arguments);
    }
    let arguments = match Arguments::try_parse_from(completed) {
        Ok(arguments) => arguments,
        Err(error) => return usage::refuse(error, &given),
    };
    match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Resume(arguments) => resume::resume(&arguments),
        Command::Trace(arguments) => trace::trace(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Dis(arguments) => dis::disassemble(&arguments),
        Command::Fmt(arguments) => fmt::format(&arguments),
        Command::Compile(arguments) => files::compile(&arguments),
        Command::Asm(arguments) => files::assemble(&arguments),
        Command::Repl => repl::repl(),
        Command::Explain { name } => explain::explain(&name),
        Command::Completions { shell } => pages::completions(shell),
        Command::Man { folder } => pages::manual(&folder),
        Command::Dump { file, format, tier, max_steps } => dump::dump(&file, format.format, tier, max_steps),
        Command::Serve { tiers } => serve::serve(tiers.tiers()),
    }
}
