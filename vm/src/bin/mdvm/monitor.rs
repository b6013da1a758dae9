//! `mdvm run --monitor`: what was counted, as tables for people or files for tools.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use machine_dialect_vm::asm::instruction_text;
use machine_dialect_vm::escape::visible;
use machine_dialect_vm::language::SourceMap;
use machine_dialect_vm::{Module, Profile};

use super::map::Map;
use super::{files, report};

/// What `--help` says of the option.
pub(crate) const HELP: &str = "\
Count instructions in a second run, on the interpreter, and tell of them on standard error, or in FILE. The first run is as fast as
without; the second takes as many steps and prints nothing. Can be given several times. WHAT is
  coverage   how often each line and function of a page executed, as LCOV
  hot        the lines with the most instructions; those of a module without a source map are its instructions
  calls      how often each function was called, with its instructions, those of what it called included and not
  flame      stacks of functions with their instructions, as flame graphs are drawn from";

/// What to tell, and where.
#[derive(Debug, Clone)]
pub(crate) struct Monitor {
    kind: Kind,
    /// A file, or standard error.
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Coverage,
    Hot,
    Calls,
    Flame,
}

impl FromStr for Monitor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let kind = match name {
            "coverage" => Kind::Coverage,
            "hot" => Kind::Hot,
            "calls" => Kind::Calls,
            "flame" => Kind::Flame,
            _ => return Err(
                "expected coverage, hot, calls or flame, or one of these with a file, as in flame=stacks.txt"
                    .to_owned(),
            ),
        };
        if file == Some("") {
            return Err(format!("there is no file behind `{name}=`"));
        }
        Ok(Self { kind, output: file.map(PathBuf::from) })
    }
}

/// Checks, before a program runs, that what is asked for can be measured.
pub(crate) fn check(monitors: &[Monitor], map: &Map) -> Result<(), String> {
    let wants_lines = monitors.iter().any(|monitor| monitor.kind == Kind::Coverage);
    if wants_lines && map.get().is_none() {
        return Err("--monitor coverage is of the lines of a page, and this module has no source map; `mdvm compile -g` writes one".to_owned());
    }
    Ok(())
}

/// Tells what was counted. The error is the exit code of a file that cannot be written.
pub(crate) fn tell(
    monitors: &[Monitor],
    profile: &Profile<'_>,
    module: &Module,
    map: Option<&SourceMap>,
) -> Result<(), ExitCode> {
    for monitor in monitors {
        let text = match monitor.kind {
            Kind::Coverage => map.map_or(String::new(), |map| profile.lcov(map)),
            Kind::Hot => hot(profile, module, map),
            Kind::Calls => calls(profile),
            Kind::Flame => profile.folded(),
        };
        match &monitor.output {
            None => report::text(&text),
            Some(path) => write(path, &text)?,
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), ExitCode> {
    files::write_whole(path, text.as_bytes()).map_err(|error| files::cannot_be_written(path, &error))
}

/// The lines that take the most, or the instructions where no line is known.
fn hot(profile: &Profile<'_>, module: &Module, map: Option<&SourceMap>) -> String {
    /// How many are shown.
    const MOST: usize = 20;
    let mut rows: Vec<(u64, u64, String)> = match map {
        Some(map) => profile
            .lines(map)
            .into_iter()
            .map(|line| {
                let text = visible(map.line(line.line).unwrap_or_default());
                (line.instructions, line.runs, format!("{}:{}: {text}", visible(map.name()), line.line))
            })
            .collect(),
        None => (0..module.len())
            .map(|pc| {
                let times = profile.of_instruction(pc);
                (times, times, format!("{pc}: {}", instruction_text(module, pc).unwrap_or_default()))
            })
            .collect(),
    };
    rows.retain(|(instructions, ..)| *instructions > 0);
    // Stable, so lines that take as much stay in their order.
    rows.sort_by_key(|(instructions, ..)| std::cmp::Reverse(*instructions));
    let mut out = format!(
        "{:>14} {:>7} {:>14}  {}\n",
        "instructions",
        "share",
        "runs",
        if map.is_some() { "line" } else { "instruction" }
    );
    for (instructions, runs, text) in rows.iter().take(MOST) {
        let _ =
            writeln!(out, "{instructions:>14} {} {runs:>14}  {text}", share(*instructions, profile.steps()));
    }
    if let Some(more) = rows.len().checked_sub(MOST).filter(|more| *more > 0) {
        let _ = writeln!(out, "… {more} more");
    }
    out
}

fn calls(profile: &Profile<'_>) -> String {
    let mut out = format!(
        "{:>14} {:>14} {:>7} {:>14} {:>7}  function\n",
        "calls", "inclusive", "share", "exclusive", "share"
    );
    let total = profile.steps();
    for count in profile.calls() {
        let (inclusive, exclusive) = (share(count.inclusive, total), share(count.exclusive, total));
        let function = visible(&count.function);
        let _ = writeln!(
            out,
            "{:>14} {:>14} {inclusive} {:>14} {exclusive}  {function}",
            count.calls, count.inclusive, count.exclusive
        );
    }
    out
}

fn share(part: u64, total: u64) -> String {
    format!("{:>5.1} %", part as f64 / total.max(1) as f64 * 100.0)
}
