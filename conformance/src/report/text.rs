//! The report for people: what differs, what is known, and a table.

use crate::catalog::shown;
use crate::run::{Column, Run};
use crate::verdict::Verdict;

/// Everything that differs, the known differences by reason, and a table of the verdicts.
#[must_use]
pub fn text(run: &Run) -> String {
    let mut out = String::new();
    for (index, case) in run.cases.iter().enumerate() {
        for column in &run.columns {
            let Some(result) = &column.results[index] else { continue };
            let verdict = result.judgement.verdict;
            if !verdict.is_fine() {
                let word = verdict.name().to_uppercase();
                out.push_str(&format!(
                    "{word} {} {}  ({})\n{}",
                    column.name,
                    case.id,
                    case.place(),
                    result.judgement.reason
                ));
            }
        }
    }
    for disagreement in &run.disagreements {
        let case = &run.cases[disagreement.case];
        let who = disagreement.headline();
        out.push_str(&format!("DIFFER {}: {who}  ({})\n{}", case.id, case.place(), disagreement.differences));
    }
    for column in &run.columns {
        for incident in column.notes() {
            out.push_str(&format!("NOTE {}: {incident}\n", column.name));
        }
        out.push_str(&known(run, column));
    }
    for name in &run.not_begun {
        out.push_str(&format!("NOTE {name} was not begun: there was no more time for the whole run\n"));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&table(run));
    for column in run.columns.iter().filter(|column| !column.handshake.unreported.is_empty()) {
        let fields: Vec<_> = column.handshake.unreported.iter().map(|field| field.name()).collect();
        out.push_str(&format!(
            "{} does not report {}, so that is not compared.\n",
            column.name,
            fields.join(", ")
        ));
    }
    out
}

/// The known differences of one implementation, by the line of its ledger.
fn known(run: &Run, column: &Column) -> String {
    let Some((path, ledger)) = &column.ledger else { return String::new() };
    // One reason often explains many cases, so that is what they are told by, in the order of the ledger.
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for (case, result) in run.cases.iter().zip(&column.results) {
        let is_known = result.as_ref().is_some_and(|result| result.judgement.verdict == Verdict::Known);
        if let (true, Ok(Some(entry))) = (is_known, ledger.entry(&case.id)) {
            let why = entry.why.trim();
            match reasons.iter_mut().find(|(reason, _)| *reason == why) {
                Some((_, count)) => *count += 1,
                None => reasons.push((why, 1)),
            }
        }
    }
    if reasons.is_empty() {
        return String::new();
    }
    let place = |why: &str| ledger.entries.iter().position(|entry| entry.why.trim() == why);
    reasons.sort_by_key(|(why, _)| place(why));
    let mut out = format!("\nKnown differences of {} ({}):\n", column.handshake.title(), shown(path));
    for (why, count) in reasons {
        out.push_str(&format!("{count:6}  {why}\n"));
    }
    out
}

fn table(run: &Run) -> String {
    let mut rows = vec![vec!["implementation".to_owned(), "version".to_owned(), "cases".to_owned()]];
    rows[0].extend(Verdict::ALL.iter().map(|verdict| verdict.name().to_owned()));
    rows[0].push("seconds".to_owned());
    for column in &run.columns {
        let mut row = vec![column.name.clone(), column.handshake.title()];
        row.push(column.results.iter().flatten().count().to_string());
        row.extend(Verdict::ALL.iter().map(|verdict| column.count(*verdict).to_string()));
        row.push(format!("{:.1}", column.seconds()));
        rows.push(row);
    }
    let width = |cell: usize| rows.iter().map(|row| row[cell].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(
                |(cell, (text, width))| {
                    if cell < 2 { format!("{text:width$}") } else { format!("{text:>width$}") }
                },
            )
            .collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}
