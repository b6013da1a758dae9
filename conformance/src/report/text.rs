//! The report for people: what differs, what is known, and a table.

use crate::case::Case;
use crate::diff::WIDEST;
use crate::paths::shown;
use crate::run::{CaseResult, Column, Disagreement, Run};
use crate::show::group;
use crate::verdict::Verdict;

/// How much of what differs is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The shortest case of each group.
    Shortest,
    /// Every case.
    All,
}

/// What differs, by opcode or theme and the shortest module first; the known differences by reason, and a table of the verdicts.
#[must_use]
pub fn text(run: &Run, detail: Detail) -> String {
    let mut out = String::new();
    for column in &run.columns {
        let failing = run.cases.iter().zip(&column.results).filter_map(|(case, result)| {
            let result = result.as_ref().filter(|result| !result.judgement.verdict.is_fine())?;
            Some((case, (column, result)))
        });
        let write = |case: &Case, (column, result): &(&Column, &CaseResult)| {
            format!(
                "{} {} {}  ({})\n{}    reproduce: {}\n",
                result.judgement.verdict.name().to_uppercase(),
                column.name,
                case.id,
                case.place(),
                result.judgement.reason,
                run.reproduce(case, &[column])
            )
        };
        write_groups(failing.collect(), detail, &column.name, &write, &mut out);
    }
    let differing =
        run.disagreements.iter().map(|disagreement| (&run.cases[disagreement.case], disagreement));
    let write = |case: &Case, disagreement: &&Disagreement| {
        let columns: Vec<&Column> = run.columns.iter().collect();
        format!(
            "DIFFER {}: {}  ({})\n{}    reproduce: {}\n",
            case.id,
            disagreement.headline(),
            case.place(),
            disagreement.differences,
            run.reproduce(case, &columns)
        )
    };
    write_groups(differing.collect(), detail, "", &write, &mut out);
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

/// Writes cases by their groups: the group with the shortest module first, and in each group the shortest first.
fn write_groups<T>(
    mut cases: Vec<(&Case, T)>,
    detail: Detail,
    who: &str,
    write: &dyn Fn(&Case, &T) -> String,
    out: &mut String,
) {
    cases.sort_by_key(|(case, _)| case.module.len());
    let mut groups: Vec<(String, Vec<(&Case, T)>)> = Vec::new();
    for (case, content) in cases {
        let name = group(case);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, members)) => members.push((case, content)),
            None => groups.push((name, vec![(case, content)])),
        }
    }
    let who = if who.is_empty() { String::new() } else { format!(" on {who}") };
    for (name, members) in groups {
        let shown = if detail == Detail::All { members.len() } else { 1 };
        for (case, content) in members.iter().take(shown) {
            out.push_str(&write(case, content));
        }
        if members.len() > shown {
            let more = members.len() - shown;
            out.push_str(&format!("    and {more} more of {name}{who} (--verbose shows them)\n"));
        }
    }
}

/// The known differences of one implementation, by the line of its ledger.
fn known(run: &Run, column: &Column) -> String {
    let Some((path, ledger)) = &column.ledger else { return String::new() };
    // One reason often explains many cases, so they are grouped by reason, in the order of the ledger.
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
    let width = |cell: usize| rows.iter().map(|row| row[cell].chars().count()).max().unwrap_or(0).min(WIDEST);
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
