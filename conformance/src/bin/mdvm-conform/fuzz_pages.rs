//! `mdvm-conform fuzz-pages`.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use mdvm_conform::fuzz::source::campaign::{self, Plan};
use mdvm_conform::implementation::Launcher;
use mdvm_spec::Spec;

use super::arguments::{seconds, shard};
use super::{STOP, launchers, print};

#[derive(Args)]
pub(crate) struct Arguments {
    /// An implementation that takes pages: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND. Two of them; without any, `rust` and `reference`.
    #[arg(long = "impl", value_name = "NAME=COMMAND")]
    implementations: Vec<String>,
    /// Which sequence of pages; the same seed gives the same pages.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many pages, over all shards. Without it and `--time`, until Ctrl-C.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// How long it may take.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    time: Option<Duration>,
    /// Runs the K-th of N parts of the pages, from 1.
    #[arg(long, value_name = "K/N", default_value = "1/1", value_parser = shard)]
    shard: (u64, u64),
    /// How long one page may take.
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    timeout: Duration,
    /// How many processes of each implementation share the pages; as many as there are processors, if not given.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Where the reduced pages are written on which the implementations differ, each with a text that says how.
    #[arg(long, value_name = "DIR", default_value = "target/fuzz-pages")]
    out: PathBuf,
    /// Ends as soon as a divergence was found and made small.
    #[arg(long)]
    first: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<bool, String> {
    let launchers = match arguments.implementations.as_slice() {
        [] => vec![Launcher::rust(), Launcher::reference()],
        texts => launchers(texts)?,
    };
    let Ok(launchers) = <[Launcher; 2]>::try_from(launchers) else {
        return Err("pages are compared on two implementations; give --impl twice".to_owned());
    };
    let plan = Plan {
        launchers,
        seed: arguments.seed,
        count: arguments.count,
        time: arguments.time,
        shard: arguments.shard,
        workers: arguments.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)),
        timeout: arguments.timeout,
        folder: arguments.out.clone(),
        stops_at_first: arguments.first,
    };
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let began = Instant::now();
    let ended = campaign::run(&plan, &spec, &STOP)?;
    print(&format!("{}{:.1} s\n", ended.text(), began.elapsed().as_secs_f64()))?;
    if ended.pages == 0 && !STOP.load(Ordering::SeqCst) {
        return Err(
            "no page could be compared; give this shard a --count or a --time that reaches one".to_owned()
        );
    }
    Ok(ended.findings.is_empty())
}
