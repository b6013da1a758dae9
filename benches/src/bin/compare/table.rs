//! The results as a table: on the terminal, and in README.md.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};

use crate::results::{Cell, KernelResults, PeerInfo, Results, replace};
use crate::statistics::Spread;

const BEGIN: &str = "<!-- Written by `benches/compare --update-readme`. Do not edit. -->";
const END: &str = "<!-- End of what `benches/compare --update-readme` writes. -->";

/// An empty table with that header, whose columns but the first are aligned to the right.
pub(crate) fn table(header: Vec<String>) -> Table {
    let columns = header.len();
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(header);
    for column in 1..columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Prints the results to standard output.
pub(crate) fn print(results: &Results) -> Result<()> {
    let mut table = table(header(results, "mdvm, ms"));
    for kernel in &results.kernels {
        let mut row = vec![
            kernel.name.clone(),
            kernel.machine.measured().map_or_else(failed, |cell| shown(&cell.milliseconds)),
        ];
        row.extend(kernel.others.iter().map(|(_, cell)| match cell {
            Cell::Measured(measured) => shown(&measured.ratio),
            Cell::CannotRun { .. } => "–".to_owned(),
            Cell::Failed { .. } => failed(),
        }));
        table.add_row(row);
    }
    table.add_row(mean_row(results));
    let starts = results.peers.iter().map(|peer| format!("{:.2} ms", peer.start_milliseconds.median));
    table.add_row([String::from("starting")].into_iter().chain(starts).collect::<Vec<_>>());
    let mut text = format!(
        "{table}\n\
         How many times the machine's processor time, less starting: medians of paired runs, and quartiles.\n\
         Above 1 the machine is faster. Starting: processor time of a program that prints a line.\n"
    );
    for peer in &results.peers {
        let _ = writeln!(text, "  {}: {}", peer.label, peer.version);
    }
    for kernel in &results.kernels {
        let machine = ("mdvm", &kernel.machine);
        let others = kernel.others.iter().map(|(id, cell)| (id.as_str(), cell));
        for (id, cell) in std::iter::once(machine).chain(others) {
            let note = match cell {
                Cell::Measured(measured) if measured.n == kernel.n => continue,
                Cell::Measured(measured) => format!(": at n = {}", measured.n),
                Cell::CannotRun { reason } => format!(": {reason}"),
                Cell::Failed { reason } => format!(" FAILED: {reason}"),
            };
            let _ = writeln!(text, "  {id} on {}{note}", kernel.name);
        }
    }
    say(&text)
}

/// Writes to standard output. That nobody reads on is the reader's choice.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("standard output"),
        _ => Ok(()),
    }
}

fn header(results: &Results, machine: &str) -> Vec<String> {
    let others = results.peers.iter().skip(1).map(|peer| peer.label.clone());
    ["kernel", machine].map(str::to_owned).into_iter().chain(others).collect()
}

fn mean_row(results: &Results) -> Vec<String> {
    let means = results.peers.iter().skip(1).map(|peer| {
        let mean = results.geometric_means.iter().find(|mean| mean.id == peer.id);
        mean.map_or_else(String::new, |mean| number(mean.ratio))
    });
    ["geometric mean", ""].map(str::to_owned).into_iter().chain(means).collect()
}

fn failed() -> String {
    "failed".to_owned()
}

/// `1.32 (1.30–1.35)`.
fn shown(spread: &Spread) -> String {
    let Spread { median, lower_quartile, upper_quartile } = spread;
    format!("{} ({}–{})", number(*median), number(*lower_quartile), number(*upper_quartile))
}

/// Three digits, as far as they are there, and no more than three after the point.
pub(crate) fn number(value: f64) -> String {
    match value {
        _ if value < 0.1 => format!("{value:.3}"),
        _ if value < 10.0 => format!("{value:.2}"),
        _ if value < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// Puts the results as a table between the markers of README.md.
pub(crate) fn update_readme(results: &Results, path: &Path) -> Result<()> {
    put_between(path, BEGIN, END, &markdown(results))
}

/// Puts `table` in the place of what stands between two lines of a file.
///
/// # Errors
/// Fails where the file cannot be read or written, and where one of the lines is not there just once.
pub(crate) fn put_between(path: &Path, begin: &str, end: &str, table: &str) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let text = updated(&text, begin, end, table).with_context(|| path.display().to_string())?;
    replace(path, &text)
}

fn updated(text: &str, begin: &str, end: &str, table: &str) -> Result<String> {
    let (before, rest) = text.split_once(begin).with_context(|| format!("there is no line {begin}"))?;
    let (_, after) = rest.split_once(end).with_context(|| format!("there is no line {end} after {begin}"))?;
    ensure!(!after.contains(begin), "the line {begin} is there twice");
    Ok(format!("{before}{begin}\n{table}{end}{after}"))
}

fn markdown(results: &Results) -> String {
    let mut text = format!("| {} |\n", header(results, "`mdvm`").join(" | "));
    text.push_str("|---|");
    text.push_str(&"---:|".repeat(results.peers.len()));
    text.push('\n');
    for kernel in &results.kernels {
        let machine = kernel.machine.measured();
        let mut row = vec![
            kernel.name.replace('_', " "),
            machine.map_or_else(failed, |cell| format!("{} ms", number(cell.milliseconds.median))),
        ];
        row.extend(kernel.others.iter().map(|(_, cell)| markdown_cell(kernel, cell)));
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    let means =
        mean_row(results).into_iter().map(|cell| if cell.is_empty() { cell } else { format!("**{cell}**") });
    let _ = writeln!(text, "| {} |", means.collect::<Vec<_>>().join(" | "));
    let start = |peer: &PeerInfo| format!("{} ms", number(peer.start_milliseconds.median));
    let starts: Vec<String> = results.peers.iter().map(start).collect();
    let _ = writeln!(text, "| *starting* | {} |", starts.join(" | "));
    let mut versions: Vec<&str> = results.peers.iter().skip(1).map(|peer| peer.version.as_str()).collect();
    versions.dedup();
    let _ = writeln!(
        text,
        "\nOn {}, {} {}, with {}. Medians of {} paired runs, or fewer where one takes long;\n\
         [`benches/results/latest.json`](https://github.com/machine-dialect/machine-dialect-vm/blob/main/benches/results/latest.json) has the quartiles and the sizes. In *italics*: both at a smaller size.",
        results.machine.processor,
        results.machine.system,
        results.machine.architecture,
        versions.join(", "),
        results.rounds
    );
    let cells = results.kernels.iter().flat_map(|kernel| &kernel.others);
    let mut reasons: Vec<String> = cells.filter_map(|(id, cell)| reason(results, id, cell)).collect();
    reasons.dedup();
    if !reasons.is_empty() {
        let _ = writeln!(text, "–: {}.", reasons.join("; "));
    }
    text
}

fn markdown_cell(kernel: &KernelResults, cell: &Cell) -> String {
    match cell {
        Cell::Measured(measured) if measured.n == kernel.n => number(measured.ratio.median),
        Cell::Measured(measured) => format!("*{}*", number(measured.ratio.median)),
        Cell::CannotRun { .. } => "–".to_owned(),
        Cell::Failed { .. } => failed(),
    }
}

/// Why an interpreter cannot run a kernel, as a sentence without its end.
fn reason(results: &Results, id: &str, cell: &Cell) -> Option<String> {
    let label = results.peers.iter().find(|peer| peer.id == id).map_or(id, |peer| &peer.label);
    match cell {
        Cell::CannotRun { reason } => Some(format!("the {label} {reason}")),
        Cell::Measured(_) | Cell::Failed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_takes_the_place_of_the_former_one() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let updated = |text: &str| updated(text, BEGIN, END, "new\n");
        assert_eq!(updated(&text).unwrap(), format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
        assert!(updated("no markers").is_err());
        assert!(updated(&format!("{END}\n{BEGIN}")).is_err());
        assert!(updated(&text.repeat(2)).is_err());
    }

    #[test]
    fn numbers_have_three_digits() {
        let shown = [0.0123, 0.123, 1.0, 12.34, 123.4, 1234.5].map(number);
        assert_eq!(shown, ["0.012", "0.12", "1.00", "12.3", "123", "1234"]);
    }
}
