//! The command `mdvm-conform tier-cost`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;

use super::{Cost, Program, count, execute, generated, slow_programs, slow_random_programs};

/// The arguments of the command.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which sequence of generated programs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of the first generated program.
    #[arg(long, value_name = "N", default_value_t = 0)]
    from: u64,
    /// How many generated programs.
    #[arg(long, value_name = "N", default_value_t = 200)]
    count: u64,
    /// Only generated programs, none of those that once were slow.
    #[arg(long)]
    no_slow: bool,
    /// Writes the modules to this folder instead, to look at one.
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Executes the programs in a file once in each way, as it is done under valgrind, and counts nothing.
    #[arg(long, value_name = "FILE", hide = true)]
    execute: Option<PathBuf>,
}

/// Does what the arguments say, and tells whether no program is over the bound.
///
/// # Errors
///
/// Fails where valgrind is missing, and where a file cannot be read or written.
pub fn run(arguments: &Arguments, stop: &AtomicBool) -> Result<bool, String> {
    if let Some(file) = &arguments.execute {
        return execute_file(file);
    }
    /// How many programs a process runs under valgrind, which writes some kilobytes for each.
    const AT_ONCE: usize = 100;
    let mut listed = Vec::new();
    if !arguments.no_slow {
        listed.extend(slow_programs()?);
        listed.extend(slow_random_programs()?);
    }
    let numbers = arguments.from..arguments.from + arguments.count;
    let generated = numbers.filter_map(|index| generated(arguments.seed, index).transpose());
    let mut programs = listed.into_iter().map(Ok).chain(generated);
    if let Some(folder) = &arguments.write {
        return programs.try_for_each(|program| write_module(&program?, folder)).map(|()| true);
    }
    let this = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let command = [this.as_os_str(), "tier-cost".as_ref(), "--execute".as_ref()];
    let scratch = std::env::temp_dir().join(format!("mdvm-tier-cost-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let mut costs = Vec::new();
    let ended = loop {
        let some = match programs.by_ref().take(AT_ONCE).collect::<Result<Vec<_>, _>>() {
            Ok(some) => some,
            Err(message) => break Err(message),
        };
        if some.is_empty() || stop.load(Ordering::SeqCst) {
            break Ok(());
        }
        match count(&some, &command, &scratch) {
            Ok(more) => costs.extend(more),
            Err(message) => break Err(message),
        }
    };
    // What is left behind there is of no use.
    let _ = std::fs::remove_dir_all(&scratch);
    ended?;
    show_costs(&mut costs);
    Ok(costs.iter().all(Cost::is_fine) && !costs.is_empty())
}

fn execute_file(file: &Path) -> Result<bool, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let programs: Vec<Program> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    for program in &programs {
        let cost = execute(program)?;
        println!("{}", serde_json::to_string(&cost).map_err(|error| error.to_string())?);
    }
    Ok(true)
}

fn write_module(program: &Program, folder: &Path) -> Result<(), String> {
    let file = folder.join(format!("{}.mdbc", program.name.replace([' ', ','], "-")));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, program.module()));
    written.map_err(|error| format!("{}: {error}", file.display()))
}

fn show_costs(costs: &mut [Cost]) {
    let millions = |count: u64| count as f64 / 1e6;
    for cost in costs.iter().filter(|cost| !cost.is_fine()) {
        println!(
            "{}: {:.1} million instructions on the default tier, {:.1} million on the interpreter, {} steps{}",
            cost.name,
            millions(cost.default),
            millions(cost.interpreter),
            cost.steps,
            cost.difference.as_ref().map_or_else(String::new, |difference| format!("\n{difference}"))
        );
    }
    costs.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    let part = |percent: usize| costs.get((costs.len().saturating_sub(1)) * percent / 100);
    for percent in [0, 25, 50, 75, 90, 99, 100] {
        if let Some(cost) = part(percent) {
            println!("{percent:3} % of programs: ratio up to {:.2} ({})", cost.ratio(), cost.name);
        }
    }
    let excess = |cost: &&Cost| cost.excess();
    if let Some(cost) = costs.iter().max_by_key(excess) {
        println!(
            "nearest to the bound: {}, {:.2} million below it",
            cost.name,
            -(cost.excess() as f64) / 1e6
        );
    }
    let most_over = costs.iter().max_by_key(|cost| cost.excess() + cost.allowed.cast_signed());
    if let Some(cost) = most_over {
        let over = cost.excess() + cost.allowed.cast_signed();
        println!("most over 1.1 times: {}, {:.2} million instructions", cost.name, over as f64 / 1e6);
    }
    let failed = costs.iter().filter(|cost| !cost.is_fine()).count();
    println!("{} programs, {failed} over the bound", costs.len());
}
