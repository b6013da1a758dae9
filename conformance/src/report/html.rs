//! The report as web pages: a table of groups by implementations, and a page for each group with what differs in it.

use std::collections::BTreeMap;

use machine_dialect_vm::escape::{visible, visible_lines};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::case::slug;
use crate::report::badge;
use crate::run::{Column, Run};
use crate::show;
use crate::verdict::Verdict;

const STYLE: &str = "\
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c1c1c;background:#fff}\
table{border-collapse:collapse}th,td{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:right}\
th:first-child,td:first-child{text-align:left}thead th{position:sticky;top:0;background:#fff}\
.all{background:#e3f3e4}.some{background:#fff3cd}.none{background:#fbdcd9}.unrun{color:#777}\
pre{background:#f5f5f5;padding:.6rem;overflow:auto}details{margin:.4rem 0}summary{cursor:pointer}code{overflow-wrap:anywhere}\
@media(prefers-color-scheme:dark){body,thead th{background:#161616;color:#e6e6e6}a{color:#8ab4f8}th,td{border-color:#333}\
.all{background:#17351a}.some{background:#3b3205}.none{background:#451a17}pre{background:#222}}";

/// The files of the report, each with its name: `index.html`, a page for each group, and a badge for each implementation.
#[must_use]
pub fn pages(run: &Run) -> Vec<(String, String)> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, case) in run.cases.iter().enumerate() {
        groups.entry(show::group(case)).or_default().push(index);
    }
    let mut files = vec![("index.html".to_owned(), index_page(run, &groups))];
    for (number, (name, cases)) in groups.iter().enumerate() {
        files.push((file_of(number, name), group_page(run, name, cases)));
    }
    for (number, column) in run.columns.iter().enumerate() {
        files.push((badge_of(number, column), badge(column)));
    }
    files
}

/// The number keeps two names apart that look alike as file names.
fn file_of(number: usize, name: &str) -> String {
    format!("group-{number}-{}.html", slug(name))
}

fn badge_of(number: usize, column: &Column) -> String {
    let name: String = slug(&column.name).chars().take(40).collect();
    format!("badge-{number}-{name}.svg")
}

fn page(title: &str, body: &Markup) -> String {
    let PreEscaped(text) = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    text + "\n"
}

fn index_page(run: &Run, groups: &BTreeMap<String, Vec<usize>>) -> String {
    let body = html! {
        h1 { "Conformance to Machine Dialect bytecode" }
        p { (run.cases.len()) " cases in " (groups.len()) " groups. A cell has how many cases pass, of how many; known differences stand apart." }
        @for (number, column) in run.columns.iter().enumerate() {
            p { img src=(badge_of(number, column)) alt=(visible(&column.name)); " " (column.handshake.title()) }
            @for note in column.notes() { p { strong { (visible(&column.name)) ": " } (visible_lines(&note)) } }
        }
        @for name in &run.not_begun { p { strong { (visible(name)) } " was not begun: there was no more time for the whole run." } }
        table {
            thead { tr { th { "group" } @for column in &run.columns { th { (visible(&column.name)) } } } }
            tbody {
                @for (number, (name, cases)) in groups.iter().enumerate() {
                    tr {
                        td { a href=(file_of(number, name)) { (visible(name)) } }
                        @for column in &run.columns { (cell(column, cases)) }
                    }
                }
            }
        }
        @if !run.disagreements.is_empty() {
            h2 { "Disagreements" }
            @for one in &run.disagreements {
                details {
                    summary { (run.cases[one.case].id) ": " (visible(&one.headline())) }
                    pre { (visible_lines(&one.differences)) }
                }
            }
        }
    };
    page("Conformance", &body)
}

fn cell(column: &Column, cases: &[usize]) -> Markup {
    let verdicts = || cases.iter().filter_map(|case| Some(column.results[*case].as_ref()?.judgement.verdict));
    let count = |verdict: Verdict| verdicts().filter(|seen| *seen == verdict).count();
    let (pass, known) = (count(Verdict::Pass), count(Verdict::Known));
    let class = match pass + known {
        _ if verdicts().count() == 0 => "unrun",
        fine if fine == cases.len() => "all",
        0 => "none",
        _ => "some",
    };
    html! {
        td class=(class) {
            (pass) " / " (cases.len())
            @if known > 0 { " (" (known) " known)" }
        }
    }
}

fn group_page(run: &Run, name: &str, cases: &[usize]) -> String {
    let title = visible(name);
    let body = html! {
        p { a href="index.html" { "All groups" } }
        h1 { (title) }
        @for column in &run.columns {
            h2 { (visible(&column.name)) }
            p { (cell_summary(column, cases)) }
            @for index in cases {
                @match &column.results[*index] {
                    Some(result) if result.judgement.verdict == Verdict::Pass => {}
                    Some(result) => {
                        details {
                            summary { (result.judgement.verdict.name()) ": " (run.cases[*index].id) }
                            pre { (visible_lines(&result.judgement.reason)) }
                            p { "Declared in " (run.cases[*index].place()) ". Again: " code { (visible(&run.reproduce(&run.cases[*index], &[column]))) } }
                            pre { (module_of(run, *index)) }
                        }
                    }
                    None => p class="unrun" { "not run: " (run.cases[*index].id) }
                }
            }
        }
    };
    page(&title, &body)
}

fn cell_summary(column: &Column, cases: &[usize]) -> String {
    let results = || cases.iter().filter_map(|case| column.results[*case].as_ref());
    let counts = Verdict::ALL.iter().filter_map(|verdict| {
        let count = results().filter(|result| result.judgement.verdict == *verdict).count();
        (count > 0).then(|| format!("{count} {}", verdict.name()))
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// The module, where it is short enough to be read.
fn module_of(run: &Run, index: usize) -> String {
    const LETTERS: usize = 4000;
    let text = show::text(&run.cases[index]);
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…\n", &text[..end]),
        None => text,
    }
}
