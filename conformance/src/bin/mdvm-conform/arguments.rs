//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use mdvm_conform::fuzz::campaign::Sizes;
use mdvm_conform::{forced, tier_cost, vectors};

use super::fuzz_pages;
use super::views;

/// After how many crashes or time-outs of the same kind an implementation is given up, where nothing else is said.
const DEFAULT_STOP: usize = 50;

/// Tests implementations of Machine Dialect bytecode.
#[derive(Parser)]
#[command(version, propagate_version = true, after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Task,
}

pub(super) const EXAMPLES: &str = "\
An implementation is `rust` (the VM of this repository), `reference` (the interpreter
in Python) or NAME=COMMAND, where the command speaks the protocol that
conformance/README.md describes.

Examples:
  mdvm-conform doctor --impl 'mine=./my-vm serve'
  mdvm-conform run --impl 'mine=./my-vm serve'
  mdvm-conform run --impl rust --impl 'mine=./my-vm serve' --filter arith/
  mdvm-conform next --impl 'mine=./my-vm serve'
  mdvm-conform list arith/
  mdvm-conform show arith/add/two-ints-add --emit two-ints-add.mdbc
  mdvm-conform run --impl rust --impl 'mine=./my-vm serve' --html report --badge badge.svg
  mdvm-conform coverage --verbose
  mdvm-conform fuzz --impl rust --impl reference --seed 1 --count 2000
  mdvm-conform fuzz --impl rust --impl 'mine=./my-vm serve' --time 3600 --shard 2/8
  mdvm-conform fuzz-pages --seed 1 --count 5000
  mdvm-conform fuzz-seeds target/seeds
  mdvm-conform fuzz-report target/fuzz/*.jsonl
  mdvm-conform schedule --impl 'forced=mdvm serve --jit=always' --unforced unforced.yaml
  mdvm-conform schedule --impl 'forced=mdvm serve --jit=always' --seed 1 --count 1000
  mdvm-conform triage --impl rust --impl 'mine=./my-vm serve' program.mdbc
  mdvm-conform vectors --out target/vectors
  mdvm-conform vectors --check --impl 'mine=./my-vm serve'

Exit codes: 0 all is as expected, 1 something differs, 2 the run could not begin.";

#[derive(Subcommand)]
pub(super) enum Task {
    /// Runs the cases and compares the outcomes.
    Run(RunArguments),
    /// Names the cases, one a line.
    List {
        /// Only the cases with this text in their id.
        #[arg(value_name = "TEXT")]
        filter: Option<String>,
        /// Says of each case where it was declared, its group and what it expects.
        #[arg(long)]
        verbose: bool,
    },
    /// Shows a case: its module as assembly, the request for it, what it expects and where it was declared.
    Show {
        /// Its id, or a text that only its id has.
        #[arg(value_name = "ID")]
        id: String,
        /// Writes the module to a file instead (`-` is stdout): as assembly to a .mdasm, the request to a .json, a case file to a .yaml.
        #[arg(long, value_name = "FILE")]
        emit: Option<PathBuf>,
    },
    /// Says which missing opcode or rule stands behind the most failures of an implementation.
    Next(NextArguments),
    /// Checks how an implementation speaks the protocol, and says what to mend.
    Doctor(DoctorArguments),
    /// Shows what the cases execute of everything that the specification makes them owe, and what they do not.
    Coverage(CoverageArguments),
    /// Runs generated programs on several implementations, and reduces every program on which they differ.
    Fuzz(FuzzArguments),
    /// Runs random pages of the language on two implementations, and reduces every page on which they differ.
    FuzzPages(fuzz_pages::Arguments),
    /// Adds up the results of any number of campaigns and shards.
    FuzzReport {
        /// Files that campaigns wrote.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Writes what fuzzing begins with: a folder of inputs for each fuzz target.
    FuzzSeeds {
        /// The folder.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Counts whether the default tier of the VM of this repository executes more instructions than its interpreter alone.
    TierCost(tier_cost::command::Arguments),
    /// Forces machines out of their faster tiers wherever they can leave them, and compares all that can be seen with an interpreter.
    Schedule(forced::command::Arguments),
    /// Says where two implementations part on a module, and reduces it to a case.
    Triage(TriageArguments),
    /// Writes single-step vectors, a state, one instruction and what comes of it, or has implementations execute them.
    Vectors(vectors::command::Arguments),
}

#[derive(Args)]
pub(super) struct FuzzArguments {
    /// An implementation: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND. The first is compared with each of the others.
    #[arg(long = "impl", value_name = "NAME=COMMAND", required_unless_present = "guide")]
    pub(super) implementations: Vec<String>,
    /// Which sequence of programs; the same seed gives the same programs.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// How many programs, over all shards. Without it and `--time`, until Ctrl-C.
    #[arg(long, value_name = "N")]
    pub(super) count: Option<u64>,
    /// How long it may take.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) time: Option<Duration>,
    /// Runs the K-th of N parts of the programs, from 1.
    #[arg(long, value_name = "K/N", default_value = "1/1", value_parser = shard)]
    pub(super) shard: (u64, u64),
    /// How large programs are: small, long (thousands of steps), special (long, with what specialised code does in ways of its own) or mixed.
    #[arg(long, default_value = "mixed", value_parser = sizes)]
    pub(super) size: Sizes,
    /// How long one program may take.
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    pub(super) timeout: Duration,
    /// How many processes of each implementation share the programs; as many as there are processors, if not given.
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<usize>,
    /// Where results and cases are written. A campaign that was interrupted goes on from there.
    #[arg(long, value_name = "DIR", default_value = "target/fuzz")]
    pub(super) out: PathBuf,
    /// Ends as soon as a divergence was found and made small.
    #[arg(long)]
    pub(super) first: bool,
    /// Looks instead for programs that reach lines of the reference, for types of operands, as no case does, and makes small cases of
    /// them, with what the reference expects.
    #[arg(long, conflicts_with_all = ["implementations", "first", "shard"])]
    pub(super) guide: bool,
    /// Adds those to the cases of the repository, in spec/cases/views.
    #[arg(long, requires = "guide")]
    pub(super) bless: bool,
}

#[derive(Args)]
pub(super) struct TriageArguments {
    /// Two implementations: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND.
    #[arg(long = "impl", value_name = "NAME=COMMAND", required = true)]
    pub(super) implementations: Vec<String>,
    /// How long one answer may take.
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    pub(super) timeout: Duration,
    /// Where the case is written.
    #[arg(long, value_name = "DIR", default_value = "target/fuzz")]
    pub(super) out: PathBuf,
    /// A module, or a case file.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
}

#[derive(Args)]
pub(super) struct RunArguments {
    /// An implementation: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND. Several are also compared with each other.
    #[arg(long = "impl", value_name = "NAME=COMMAND", required = true)]
    pub(super) implementations: Vec<String>,
    /// A folder of case files, instead of the cases and the corpus of the repository.
    #[arg(long, value_name = "DIR")]
    pub(super) cases: Option<PathBuf>,
    /// A folder of modules, instead of the cases and the corpus of the repository. Without a corpus.jsonl in it, nothing is
    /// expected of them but that the implementations agree.
    #[arg(long, value_name = "DIR")]
    pub(super) corpus: Option<PathBuf>,
    /// Only the cases with this text in their id.
    #[arg(long, value_name = "TEXT")]
    pub(super) filter: Option<String>,
    /// Only the case with this id. May be given several times.
    #[arg(long, value_name = "ID")]
    pub(super) case: Vec<String>,
    /// How long one case may take.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(super) timeout: Duration,
    /// How long the whole run may take. What has not been run by then is counted, and fails the run.
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    pub(super) max_total: Duration,
    /// After how many crashes or time-outs of the same kind the rest of an implementation's cases is not run; 0 is never.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_STOP)]
    pub(super) stop_after: usize,
    /// How many processes of each implementation share the cases; as many as there are processors, if not given.
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<usize>,
    /// The known differences of an implementation, instead of conformance/known/<its name>-<its version>.yaml.
    #[arg(long, value_name = "[NAME=]FILE")]
    pub(super) ledger: Vec<String>,
    /// Brings each ledger in line with this run: takes lines away that are no longer true, and adds one for each other difference.
    #[arg(long, conflicts_with_all = ["filter", "case"])]
    pub(super) fix_ledger: bool,
    /// Shows every case that differs, and not only the shortest of each opcode or theme.
    #[arg(long, conflicts_with = "json")]
    pub(super) verbose: bool,
    /// Prints the report as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Writes the report as JUnit XML too.
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Writes the report as web pages too: index.html, a page for each group, and a badge for each implementation.
    #[arg(long, value_name = "DIR")]
    pub(super) html: Option<PathBuf>,
    /// Writes a badge (SVG) too, for the first implementation that is not `rust` or `reference`, or else the first.
    #[arg(long, value_name = "FILE")]
    pub(super) badge: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct NextArguments {
    /// An implementation: `rust`, `reference` or NAME=COMMAND.
    #[arg(long = "impl", value_name = "NAME=COMMAND", required = true)]
    pub(super) implementations: Vec<String>,
    /// Only the cases with this text in their id.
    #[arg(long, value_name = "TEXT")]
    pub(super) filter: Option<String>,
    /// How long one case may take.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(super) timeout: Duration,
    /// How long the whole run may take.
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    pub(super) max_total: Duration,
}

#[derive(Args)]
pub(super) struct DoctorArguments {
    /// An implementation: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND.
    #[arg(long = "impl", value_name = "NAME=COMMAND", required = true)]
    pub(super) implementations: Vec<String>,
    /// How long one answer may take.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(super) timeout: Duration,
}

#[derive(Args)]
pub(super) struct CoverageArguments {
    /// An implementation: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND; it must give traces. Without any, `rust` and `reference`.
    #[arg(long = "impl", value_name = "NAME=COMMAND")]
    pub(super) implementations: Vec<String>,
    /// How long one case may take.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(super) timeout: Duration,
    /// Names each obligation and some of the cases that execute it.
    #[arg(long, conflicts_with = "json")]
    pub(super) verbose: bool,
    /// Prints the report as JSON, with every case of every obligation.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) views: views::ViewArguments,
}

pub(super) fn shard(text: &str) -> Result<(u64, u64), String> {
    let numbers = text.split_once('/').map(|(one, of)| (one.parse(), of.parse()));
    match numbers {
        Some((Ok(one), Ok(of))) if one >= 1 && one <= of => Ok((one, of)),
        Some(_) | None => Err(format!("{text:?} is not K/N with K from 1 to N, as in 2/8")),
    }
}

pub(super) fn sizes(text: &str) -> Result<Sizes, String> {
    let names: Vec<_> = Sizes::ALL.iter().map(|size| size.name()).collect();
    let known = Sizes::ALL.into_iter().find(|size| size.name() == text);
    known.ok_or_else(|| format!("there are {}", names.join(", ")))
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| format!("{text:?} is not a number of seconds"))?;
    match Duration::try_from_secs_f64(number) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) | Err(_) => Err(format!("{text} seconds is no time to wait")),
    }
}
