//! What each technique of the faster tiers buys, measured by doing without it: `vm/PERFORMANCE.md`.
//!
//! The machine is built with its feature `ablation`, and runs every kernel once with everything on and once without each
//! technique. Some of what makes it fast is not in its code but in how it is built, so there are builds for that, too. All
//! must come to the same outcome, steps and all.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, Result, anyhow, ensure};
use machine_dialect_vm::ablation::TECHNIQUES;
use mdvm_benches::{Kernel, folder, same_answer};

use crate::callgrind::instructions;
use crate::measure::{Campaign, run};
use crate::results::Machine;
use crate::statistics::{Spread, geometric_mean};
use crate::stopped;
use crate::table::{number, put_between, say, table};

const BEGIN: &str = "<!-- Written by `benches/compare ablation --update`. Do not edit. -->";
const END: &str = "<!-- End of what `benches/compare ablation --update` writes. -->";

/// The technique without which all that is left is the loop over specialised code.
const JIT: &str = "jit";

/// The one that a variant is compared with: the loop with the loop, the whole with the whole.
fn base(variants: &[Variant], variant: usize) -> usize {
    let is_loop = |other: &Variant| other.without == Some(JIT);
    if variants[variant].is_portable { variants.iter().position(is_loop).unwrap_or(0) } else { 0 }
}

/// How many kernels are named where something tells most.
const NAMED: usize = 4;

/// The machine, built or started in one way.
struct Variant {
    /// Its name in tables.
    name: String,
    program: PathBuf,
    /// What it does without.
    without: Option<&'static str>,
    /// Whether it is the loop over specialised code that is measured, with no machine code beside.
    is_portable: bool,
}

/// The builds of the machine that are measured.
pub(crate) struct Builds {
    /// The one that is used.
    default: PathBuf,
    /// With switches.
    switches: PathBuf,
    /// With all that is looked at where `unsafe` code looks away.
    checked: PathBuf,
    /// With the loop where the compiler happens to put it.
    unaligned: PathBuf,
}

impl Builds {
    /// Makes them all. They stand beside the one that is used, each in a folder of its own, and are kept.
    ///
    /// # Errors
    /// Fails where cargo does.
    pub(crate) fn make(default: PathBuf) -> Result<Self> {
        let target =
            default.parent().and_then(Path::parent).context("the machine is not where cargo builds")?;
        const CHECKS: &str = "profile.release.package.machine-dialect-vm.debug-assertions=true";
        let build = |name: &str, arguments: &[&str], flags: Option<&str>| {
            let target = target.join("ablation").join(name);
            eprintln!("building the machine: {name}");
            let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            cargo.current_dir(folder().join("..")).args(["build", "--release", "--quiet"]);
            cargo.args(["--package=machine-dialect-vm", "--bin=mdvm"]).args(arguments);
            cargo.arg("--target-dir").arg(&target);
            // Flags in the environment take the place of those in `.cargo/config.toml`.
            cargo.envs(flags.map(|flags| ("RUSTFLAGS", flags)));
            let status = cargo.status().context("cargo cannot be run")?;
            ensure!(status.success(), "cargo could not build the machine: {name}");
            Ok(target.join("release").join(format!("mdvm{}", std::env::consts::EXE_SUFFIX)))
        };
        Ok(Self {
            switches: build("switches", &["--features=ablation"], None)?,
            checked: build("checked", &["--config", CHECKS], None)?,
            unaligned: build("unaligned", &[], Some(""))?,
            default,
        })
    }

    /// The machine with everything on, and then the others.
    fn variants(&self) -> Vec<Variant> {
        let variant = |name: &str, program: &Path, without, is_portable| Variant {
            name: name.to_owned(),
            program: program.to_owned(),
            without,
            is_portable,
        };
        let mut variants = vec![variant("everything on", &self.switches, None, false)];
        // No kernel needs to back off. What that buys, `conformance/tier-cost.sh --planted` tells.
        for (name, _) in TECHNIQUES.iter().filter(|(name, _)| *name != "back-off") {
            // With machine code, little would be seen of what the loop does to be fast.
            let is_portable = !matches!(*name, "specialised-code" | JIT);
            variants.push(variant(&format!("`{name}`"), &self.switches, Some(name), is_portable));
        }
        variants.push(variant("*no switches*", &self.default, None, false));
        variants.push(variant("*checked*", &self.checked, None, true));
        variants.push(variant("*unaligned*", &self.unaligned, None, true));
        variants
    }
}

impl Variant {
    fn command(&self, module: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["run", "--json"]).arg(module).env_remove("MDVM_WITHOUT");
        if self.is_portable {
            command.arg("--tier=specialised");
        }
        command.envs(self.without.map(|name| ("MDVM_WITHOUT", name)));
        command
    }
}

/// A variant on a kernel, compared with its [`base`].
#[derive(Clone, Copy)]
struct Cell {
    instructions: f64,
    time: f64,
}

/// Measures everything, prints it, and puts it into `vm/PERFORMANCE.md` if asked to. Whether all outcomes were right.
pub(crate) fn ablation(
    campaign: &Campaign,
    kernels: &[Kernel],
    builds: &Builds,
    rounds: u32,
    update: bool,
) -> Result<bool> {
    let variants = builds.variants();
    let mut jobs = vec![(None, campaign.hello()?)];
    for kernel in kernels {
        jobs.push((Some(kernel), campaign.module(kernel, kernel.counted.n)?));
    }
    let Some(counts) = counts(campaign, &variants, &jobs)? else { return Ok(true) };
    let Some(times) = times(campaign, &variants, &jobs, rounds)? else { return Ok(true) };
    campaign.done();
    // The first job is starting, which is taken off all others.
    let ratio = |numbers: &[Vec<f64>], job: usize, variant: usize, least: f64| {
        let net = |variant: usize| (numbers[job][variant] - numbers[0][variant]).max(least);
        net(variant) / net(base(&variants, variant))
    };
    let rows: Vec<Vec<Cell>> = (1..variants.len())
        .map(|variant| {
            let cell =
                |job| Cell { instructions: ratio(&counts, job, variant, 1.0), time: times[job][variant] };
            (1..jobs.len()).map(cell).collect()
        })
        .collect();
    let summary = summary(&variants, kernels, &rows);
    let mut printed = table(vec!["without".into(), "instructions".into(), "time".into(), "most on".into()]);
    for row in &summary {
        printed.add_row(row);
    }
    say(&printed.to_string())?;
    if update {
        let text = markdown(&variants, kernels, &summary, &rows, rounds);
        put_between(&folder().join("../vm/PERFORMANCE.md"), BEGIN, END, &text)?;
        eprintln!("wrote the tables of vm/PERFORMANCE.md");
    }
    Ok(true)
}

type Job<'a> = (Option<&'a Kernel>, PathBuf);

/// The instructions that each variant executes for each job. `None` when it was interrupted.
///
/// Noise does not matter to counts, so as many are taken at a time as there are processors.
fn counts(campaign: &Campaign, variants: &[Variant], jobs: &[Job<'_>]) -> Result<Option<Vec<Vec<f64>>>> {
    let all = jobs.len() * variants.len();
    let next = Mutex::new(0..all);
    let done = Mutex::new(vec![None; all]);
    let work = || -> Result<()> {
        loop {
            let taken = next.lock().map_err(|_| anyhow!("a worker ended"))?.next();
            let Some(number) = taken.filter(|_| !stopped()) else { return Ok(()) };
            let ((kernel, module), variant) =
                (&jobs[number / variants.len()], &variants[number % variants.len()]);
            let name = kernel.map_or("starting", |kernel| &kernel.name);
            campaign.tell(format!("counting, {} of {all}: {name}, {}", number + 1, variant.name));
            let counted = instructions(variant.command(module));
            let counted = counted.with_context(|| format!("{name}, {}", variant.name))?;
            done.lock().map_err(|_| anyhow!("a worker ended"))?[number] = Some(counted);
        }
    };
    thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow!("a worker ended"))?)
    })?;
    if stopped() {
        return Ok(None);
    }
    let done = done.into_inner().map_err(|_| anyhow!("a worker ended"))?;
    let done: Vec<(f64, String)> = done.into_iter().flatten().collect();
    for (outcomes, (kernel, _)) in done.chunks(variants.len()).zip(jobs) {
        if let Some(kernel) = kernel {
            for ((_, outcome), variant) in outcomes.iter().zip(variants) {
                check(kernel, &variant.name, outcome, &outcomes[0].1)?;
            }
        }
    }
    Ok(Some(done.chunks(variants.len()).map(|row| row.iter().map(|(count, _)| *count).collect()).collect()))
}

/// Whether an outcome is right, and the same as another, with its result, its output and its steps.
fn check(kernel: &Kernel, name: &str, outcome: &str, expected: &str) -> Result<()> {
    let read: serde_json::Value =
        serde_json::from_str(outcome).with_context(|| format!("{}, {name}: {outcome}", kernel.name))?;
    let printed = read.get("stdout").and_then(serde_json::Value::as_str).unwrap_or_default().trim_end();
    let right = &kernel.counted.answer;
    ensure!(
        same_answer(printed, right),
        "{}, {name}: it gives `{printed}`, and `{right}` is right",
        kernel.name
    );
    ensure!(outcome == expected, "{}, {name}: it comes to\n{outcome}\nand not to\n{expected}", kernel.name);
    Ok(())
}

/// How many times the time of its [`base`] each variant takes for each job, less starting: medians of paired runs.
/// `None` when it was interrupted.
fn times(
    campaign: &Campaign,
    variants: &[Variant],
    jobs: &[Job<'_>],
    rounds: u32,
) -> Result<Option<Vec<Vec<f64>>>> {
    /// What cannot be told from nothing, in seconds.
    const RESOLUTION: f64 = 50e-6;
    let mut starts = vec![0.0; variants.len()];
    let mut all = Vec::new();
    for (kernel, module) in jobs {
        let name = kernel.map_or("starting", |kernel| &kernel.name);
        let mut taken = vec![Vec::new(); variants.len()];
        for round in 0..rounds as usize {
            campaign.tell(format!("timing: {name}, round {} of {rounds}", round + 1));
            for turn in 0..variants.len() {
                if stopped() {
                    return Ok(None);
                }
                let index = (turn + round) % variants.len();
                let ran = run(variants[index].command(module));
                let ran = ran.with_context(|| format!("{name}, {}", variants[index].name))?;
                taken[index].push((ran.processor - starts[index]).max(RESOLUTION));
            }
        }
        let median = |numbers: Vec<f64>| Spread::of(numbers).map_or(f64::NAN, |spread| spread.median);
        if kernel.is_none() {
            starts = taken.into_iter().map(median).collect();
            all.push(Vec::new());
        } else {
            let ratios = |variant: usize| {
                let on = &taken[base(variants, variant)];
                median(taken[variant].iter().zip(on).map(|(one, on)| one / on).collect())
            };
            all.push((0..variants.len()).map(ratios).collect());
        }
    }
    Ok(Some(all))
}

/// A row for each variant: its name, the means over all kernels, and the kernels where it tells most.
fn summary(variants: &[Variant], kernels: &[Kernel], rows: &[Vec<Cell>]) -> Vec<Vec<String>> {
    let mean =
        |numbers: &mut dyn Iterator<Item = f64>| geometric_mean(numbers).map_or_else(String::new, number);
    let row = |(variant, cells): (&Variant, &Vec<Cell>)| {
        // What is executed is the same, wherever it stands.
        let by_time = variant.name == "*unaligned*";
        let figure = |cell: &Cell| if by_time { cell.time } else { cell.instructions };
        let mut most: Vec<(&str, f64)> =
            kernels.iter().zip(cells).map(|(kernel, cell)| (kernel.name.as_str(), figure(cell))).collect();
        most.sort_by(|(_, a), (_, b)| b.ln().abs().total_cmp(&a.ln().abs()));
        let telling = most.iter().take(NAMED).filter(|(_, ratio)| shown(*ratio) != SAME);
        let most: Vec<String> = telling.map(|(name, ratio)| format!("{name} {}", number(*ratio))).collect();
        vec![
            variant.name.clone(),
            mean(&mut cells.iter().map(|cell| cell.instructions)),
            mean(&mut cells.iter().map(|cell| cell.time)),
            most.join(", "),
        ]
    };
    variants.iter().skip(1).zip(rows).map(row).collect()
}

const SAME: &str = "·";

fn shown(ratio: f64) -> String {
    let text = number(ratio);
    if text == "1.00" { SAME.to_owned() } else { text }
}

fn markdown(
    variants: &[Variant],
    kernels: &[Kernel],
    summary: &[Vec<String>],
    rows: &[Vec<Cell>],
    rounds: u32,
) -> String {
    let mut text = String::from("| without | instructions | time | most on |\n|---|---:|---:|---|\n");
    for row in summary {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    let mut whole = |title: &str, figure: &dyn Fn(&Cell) -> f64| {
        let names: Vec<&str> = variants.iter().skip(1).map(|variant| variant.name.as_str()).collect();
        let _ = writeln!(text, "\n{title}\n\n| kernel | n | {} |", names.join(" | "));
        let _ = writeln!(text, "|---|---:|{}", "---:|".repeat(names.len()));
        for (number, kernel) in kernels.iter().enumerate() {
            let cells: Vec<String> = rows.iter().map(|row| shown(figure(&row[number]))).collect();
            let _ = writeln!(text, "| {} | {} | {} |", kernel.name, kernel.counted.n, cells.join(" | "));
        }
    };
    whole("Instructions, kernel by kernel:", &|cell| cell.instructions);
    whole("Time, kernel by kernel:", &|cell| cell.time);
    let Machine { processor, system, architecture } = Machine::this();
    let version = Command::new("valgrind").arg("--version").output().ok();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let _ = writeln!(
        text,
        "\n`{SAME}` is 1.00. On {processor}, {system} {architecture}, with {}. Times are medians of {rounds} paired runs.",
        version.unwrap_or_default()
    );
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// In the order of the table, and of nothing that is no technique.
    #[test]
    fn the_account_tells_of_every_technique() {
        let text = fs::read_to_string(folder().join("../vm/PERFORMANCE.md")).unwrap();
        let told: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("### `")?.split_once('`').map(|(name, _)| name))
            .collect();
        let known: Vec<&str> = TECHNIQUES.iter().map(|(name, _)| *name).collect();
        assert_eq!(told, known);
        assert_eq!(text.matches(BEGIN).count(), 1);
        assert_eq!(text.matches(END).count(), 1);
    }

    #[test]
    fn outcomes_must_be_right_and_the_same() {
        let kernels = Kernel::all().unwrap();
        let kernel = kernels.iter().find(|kernel| kernel.name == "counted_loop").unwrap();
        let outcome = |answer: &str, steps: u32| format!(r#"{{"stdout":"{answer}\n","steps":{steps}}}"#);
        let right = outcome(&kernel.counted.answer, 5);
        assert!(check(kernel, "x", &right, &right).is_ok());
        assert!(check(kernel, "x", &outcome(&kernel.counted.answer, 6), &right).is_err());
        assert!(check(kernel, "x", &outcome("1", 5), &outcome("1", 5)).is_err());
        assert!(check(kernel, "x", "", "").is_err());
    }

    #[test]
    fn what_tells_most_comes_first() {
        let kernels = Kernel::all().unwrap();
        let variant = |name: &str| Variant {
            name: name.into(),
            program: PathBuf::new(),
            without: None,
            is_portable: false,
        };
        let mut cells = vec![Cell { instructions: 1.0, time: 1.0 }; kernels.len()];
        cells[1].instructions = 1.5;
        cells[2].instructions = 0.25;
        let rows = summary(&[variant("all"), variant("some")], &kernels, &[cells]);
        assert_eq!(rows[0][3], format!("{} 0.25, {} 1.50", kernels[2].name, kernels[1].name));
    }
}
