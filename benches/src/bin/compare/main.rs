//! Runs the kernels on the machine and on other interpreters, in turn, and tells how their times compare.

mod ablation;
mod callgrind;
mod chart;
mod growth;
mod measure;
mod peers;
mod results;
mod statistics;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use mdvm_benches::{Kernel, folder};

use crate::measure::Campaign;
use crate::peers::{Peer, Peers};

/// Exit code: an interpreter gave a wrong answer, or none.
const WRONG: u8 = 1;
/// Exit code: the comparison could not begin.
const USAGE: u8 = 2;
/// Exit code: Ctrl-C ended it.
const INTERRUPTED: u8 = 130;

/// Becomes true at the first Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// Runs the kernels on the machine and on other interpreters, in turn, and tells how their times compare.
#[derive(Parser)]
#[command(name = "benches/compare", bin_name = "benches/compare", after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Task>,
    #[command(flatten)]
    options: Options,
}

#[derive(clap::Args)]
struct Options {
    /// Only the kernels of these names
    #[arg(long, global = true, value_name = "KERNEL", value_delimiter = ',')]
    only: Vec<String>,
    /// Only these interpreters, beside the machine: lua, luajit-off, luajit, cpython, upstream; or none
    #[arg(long, global = true, value_name = "PEER", value_delimiter = ',')]
    peers: Option<Vec<String>>,
    /// How many times each interpreter runs each kernel
    #[arg(long, global = true, value_name = "N", default_value = "15", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many seconds an interpreter may spend on a kernel, over all rounds; it runs three times at least
    #[arg(long, global = true, value_name = "SECONDS", default_value = "10", value_parser = clap::value_parser!(u32).range(1..))]
    budget: u32,
    /// How many seconds of processor time one run may take before it is ended
    #[arg(long, global = true, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,
    /// The machine to measure, with its arguments before the module [default: the one that was just built, with `run`]
    #[arg(long, global = true, value_name = "COMMAND")]
    mdvm: Option<String>,
    /// One more interpreter of modules, such as another build of the machine, or another way to run it
    #[arg(long, global = true, value_name = "NAME=COMMAND")]
    against: Vec<String>,
    /// Count instructions instead of time, through valgrind
    #[arg(long, global = true, value_name = "TOOL")]
    profile: Option<Tool>,
    /// Put the table between the markers in README.md; for a run over all kernels and interpreters
    #[arg(long)]
    update_readme: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Tool {
    /// Instructions of the processor, which do not differ from run to run as times do
    Callgrind,
}

#[derive(Subcommand)]
enum Task {
    /// Shows that twice the size takes twice the time
    Growth,
    /// Shows how much memory an array of a million ints takes
    Memory,
    /// Shows what each technique of the machine buys, by doing without it: instructions through valgrind, and times
    Ablation {
        /// Put the tables between the markers in vm/PERFORMANCE.md; for a run over all kernels
        #[arg(long)]
        update: bool,
    },
}

const EXAMPLES: &str = "\
A run over all kernels writes benches/results/latest.json and benches/results/chart.svg.
What is not installed is told, and left out.

Examples:
  benches/compare
  benches/compare --only fib,sieve --peers lua --rounds 30
  benches/compare --peers none --against 'before=target/mdvm-before run'
  benches/compare --profile callgrind --only fib --peers lua
  benches/compare growth
  benches/compare memory
  benches/compare ablation --only fib,sieve

Exit codes: 0 all gave the right answers, 1 one did not, 2 the comparison could not begin.";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let handler = || {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
    };
    // Without a handler Ctrl-C still ends the process.
    let _ = ctrlc::set_handler(handler);
    match run(&cli) {
        Ok(_) if stopped() => {
            eprintln!("interrupted: nothing was written");
            ExitCode::from(INTERRUPTED)
        }
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(WRONG),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(USAGE)
        }
    }
}

fn stopped() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Whether every interpreter gave the right answers.
fn run(cli: &Cli) -> Result<bool> {
    let options = &cli.options;
    let kernels = kernels(&options.only)?;
    if let Some(Task::Ablation { update }) = cli.command {
        let others = options.mdvm.is_some() || options.peers.is_some() || !options.against.is_empty();
        ensure!(
            !others && options.profile.is_none() && !options.update_readme,
            "ablation builds what it measures, and has no --mdvm, --peers, --against, --profile and --update-readme"
        );
        ensure!(!update || options.only.is_empty(), "--update is for a run over all kernels, without --only");
        // What is built may take longer than what is measured.
        let builds = ablation::Builds::make(Peer::path_of_machine()?)?;
        measure::limit_processor_time(options.timeout)?;
        let campaign = Campaign::new(options.rounds, options.budget)?;
        return ablation::ablation(&campaign, &kernels, &builds, options.rounds, update);
    }
    let peers = peers(options)?;
    measure::limit_processor_time(options.timeout)?;
    let whole = options.only.is_empty() && options.peers.is_none() && options.against.is_empty();
    ensure!(
        !options.update_readme || whole && options.profile.is_none() && cli.command.is_none(),
        "--update-readme is for a whole run, without --only, --peers, --against and --profile"
    );
    let campaign = Campaign::new(options.rounds, options.budget)?;
    match (&cli.command, options.profile) {
        (Some(Task::Growth), None) => growth::growth(&campaign, &kernels, &peers),
        (Some(Task::Memory), None) => growth::memory(&campaign, &kernels, &peers),
        (Some(_), _) => bail!("growth and memory have no --profile"),
        (None, Some(Tool::Callgrind)) => callgrind::count(&campaign, &kernels, &peers),
        (None, None) => {
            let Some(results) = campaign.compare(&kernels, &peers)? else { return Ok(true) };
            let right = results.is_right();
            if whole && right {
                let path = folder().join("results");
                results.write(&path.join("latest.json"))?;
                chart::write(&results, &path.join("chart.svg"))?;
                eprintln!("wrote benches/results/latest.json and benches/results/chart.svg");
            }
            if options.update_readme && right {
                table::update_readme(&results, &readme())?;
                eprintln!("wrote the table of README.md");
            }
            table::print(&results)?;
            Ok(right)
        }
    }
}

fn readme() -> PathBuf {
    folder().join("../README.md")
}

/// The kernels of those names, or all.
fn kernels(names: &[String]) -> Result<Vec<Kernel>> {
    let all = Kernel::all()?;
    for name in names {
        if !all.iter().any(|kernel| kernel.name == *name) {
            let known: Vec<_> = all.iter().map(|kernel| kernel.name.as_str()).collect();
            bail!("there is no kernel `{name}`; there are {}", known.join(", "));
        }
    }
    Ok(all.into_iter().filter(|kernel| names.is_empty() || names.contains(&kernel.name)).collect())
}

/// The machine, and the others that are asked for and there. What is missing is told.
fn peers(options: &Options) -> Result<Peers> {
    let ours = Peer::machine(options.mdvm.as_deref())?;
    let mut others = Vec::new();
    for text in &options.against {
        let (name, command) = text.split_once('=').with_context(|| {
            format!("--against {text}: expected NAME=COMMAND, as in 'before=target/mdvm-before run'")
        })?;
        others.push(Peer::of_modules(name, command)?);
    }
    let known = peers::known();
    for name in options.peers.iter().flatten().filter(|name| *name != "none") {
        if !known.iter().any(|peer| peer.id == name) {
            let known: Vec<_> = known.iter().map(|peer| peer.id).collect();
            bail!("there is no interpreter `{name}`; there are {}", known.join(", "));
        }
    }
    for candidate in known {
        if options.peers.as_ref().is_some_and(|names| !names.iter().any(|name| name == candidate.id)) {
            continue;
        }
        match candidate.find() {
            Some(peer) => others.push(peer),
            None => eprintln!("{} is missing, and left out. To get it: {}", candidate.label, candidate.how),
        }
    }
    Ok(Peers { ours, others })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn examples_of_the_help_are_understood() {
        Cli::command().debug_assert();
        let examples: Vec<&str> =
            EXAMPLES.lines().filter(|line| line.starts_with("  benches/compare")).collect();
        assert!(examples.len() > 3);
        for example in examples {
            let words = shell_words::split(example).unwrap();
            let cli = Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{example}: {error}"));
            kernels(&cli.options.only).unwrap();
        }
    }
}
