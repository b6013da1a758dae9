//! A badge: how much of the suite an implementation passes, as SVG.

use machine_dialect_vm::escape::visible;
use maud::{PreEscaped, html};

use crate::run::Column;
use crate::verdict::Verdict;

/// How wide a letter is, on average, in the font of badges, in tenths of a pixel.
const LETTER: usize = 66;
const HEIGHT: usize = 20;
/// The space beside a text.
const MARGIN: usize = 6;

/// The badge of an implementation.
#[must_use]
pub fn badge(column: &Column) -> String {
    let label = format!("MDBC conformance: {}", shortened(&column.name));
    let (passing, all) = (column.count(Verdict::Pass), column.results.len());
    let message = format!("{passing} of {all} cases");
    let color = if passing == all && all > 0 {
        "#2e7d32"
    } else if passing * 10 >= all * 9 {
        "#8a6d00"
    } else {
        "#b3261e"
    };
    let (left, right) = (width(&label), width(&message));
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(left + right) height=(HEIGHT) role="img" aria-label={ (label) ": " (message) } {
            title { (label) ": " (message) }
            rect width=(left + right) height=(HEIGHT) rx="3" fill="#444" {}
            rect x=(left) width=(right) height=(HEIGHT) rx="3" fill=(color) {}
            g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" {
                text x=(MARGIN) y="14" { (label) }
                text x=(left + MARGIN) y="14" { (message) }
            }
        }
    };
    let PreEscaped(svg) = svg;
    svg + "\n"
}

fn width(text: &str) -> usize {
    text.chars().count() * LETTER / 10 + 2 * MARGIN
}

fn shortened(name: &str) -> String {
    visible(&name.chars().take(40).collect::<String>()).into_owned()
}
