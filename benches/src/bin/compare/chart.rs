//! The results as a bar chart.

use std::path::Path;

use anyhow::Result;
use svg::Document;
use svg::node::element::{Group, Line, Rectangle, Style, Text, Title};

use crate::results::{Cell, Results, replace};
use crate::table::number;

const WIDTH: f64 = 880.0;
/// Where the bars begin and end.
const LEFT: f64 = 150.0;
const RIGHT: f64 = 850.0;
const TOP: f64 = 84.0;
const BAR: f64 = 8.0;
const GAP: f64 = 12.0;

/// A page may be light or dark, and an image follows the reader's system. The bars keep their colors, which show on both.
const STYLE: &str = "
text { font: 12px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.small { font-size: 10px; }
.grid { stroke: #d1d9e0; stroke-width: 1; }
.one { stroke: #59636e; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .grid { stroke: #3d444d; }
  .one { stroke: #9198a1; }
}
";
/// For the interpreters, in their order.
const COLORS: [&str; 6] = ["#2f81f7", "#a371f7", "#db61a2", "#2da44e", "#d4792a", "#7d8590"];

/// Writes the chart as SVG. The file is the former one or the new one, and never half of it.
pub(crate) fn write(results: &Results, path: &Path) -> Result<()> {
    replace(path, &format!("{}\n", chart(results)))
}

/// One group of bars for each kernel, one bar for each interpreter, from 1 to its ratio, on a logarithmic axis.
fn chart(results: &Results) -> Document {
    let others = results.peers.get(1..).unwrap_or_default();
    let group = BAR * f64::from(u32::try_from(others.len()).unwrap_or(0)) + GAP;
    let axis = Axis::of(results);
    let mut document = Document::new();
    let mut bottom = TOP;
    let mut bars = Group::new();
    for kernel in &results.kernels {
        let middle = bottom + (group - GAP) / 2.0 + 4.0;
        bars =
            bars.add(text(LEFT - 10.0, middle, "", &kernel.name.replace('_', " ")).set("text-anchor", "end"));
        for (index, (id, cell)) in kernel.others.iter().enumerate() {
            let y = bottom + BAR * f64::from(u32::try_from(index).unwrap_or(0));
            let label = others.iter().find(|peer| peer.id == *id).map_or(id, |peer| &peer.label);
            match cell {
                Cell::Measured(measured) => {
                    let ratio = measured.ratio.median;
                    let (one, end) = (axis.place(1.0), axis.place(ratio));
                    let about = format!("{}, {label}: {} times mdvm's time", kernel.name, number(ratio));
                    let bar = Rectangle::new()
                        .set("x", round(one.min(end)))
                        .set("y", round(y))
                        .set("width", round((one - end).abs().max(1.0)))
                        .set("height", BAR - 1.5)
                        .set("fill", color(index))
                        .add(Title::new(about));
                    bars = bars.add(bar);
                }
                Cell::CannotRun { reason } | Cell::Failed { reason } => {
                    let note = format!("{label}: {reason}");
                    bars = bars.add(text(axis.place(1.0) + 4.0, y + 7.0, "small", &note));
                }
            }
        }
        bottom += group;
    }
    let mut grid = Group::new();
    for power in axis.low..=axis.high {
        let value = 10f64.powi(power);
        let x = round(axis.place(value));
        let class = if power == 0 { "one" } else { "grid" };
        let line = Line::new().set("class", class).set("x1", x).set("x2", x);
        grid = grid.add(line.set("y1", TOP - 6.0).set("y2", round(bottom)));
        grid = grid.add(text(x, bottom + 16.0, "", &format!("{value}×")).set("text-anchor", "middle"));
    }
    let mut legend = Group::new();
    let mut x = LEFT;
    for (index, peer) in others.iter().enumerate() {
        let square = Rectangle::new().set("x", x).set("y", 46).set("width", 11).set("height", 11);
        legend = legend.add(square.set("fill", color(index))).add(text(x + 16.0, 56.0, "", &peer.label));
        // Letters of this size are seven wide, or a little less.
        x += 34.0 + 7.0 * f64::from(u32::try_from(peer.label.chars().count()).unwrap_or(0));
    }
    let height = bottom + 30.0;
    let title = "Time of other interpreters, as a multiple of mdvm's: right of 1× mdvm is faster";
    document = document
        .set("viewBox", (0, 0, WIDTH, round(height)))
        .set("width", WIDTH)
        .set("height", round(height))
        .set("role", "img")
        .set("aria-label", title);
    document.add(Style::new(STYLE)).add(text(LEFT, 26.0, "title", title)).add(legend).add(grid).add(bars)
}

fn text(x: f64, y: f64, class: &str, content: &str) -> Text {
    let text = Text::new(content).set("x", round(x)).set("y", round(y));
    if class.is_empty() { text } else { text.set("class", class) }
}

fn color(index: usize) -> &'static str {
    COLORS.get(index % COLORS.len()).copied().unwrap_or("gray")
}

/// To a tenth of a pixel.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The axis, from one power of ten to another.
struct Axis {
    low: i32,
    high: i32,
}

impl Axis {
    /// The one that all ratios are on.
    #[expect(clippy::cast_possible_truncation)]
    fn of(results: &Results) -> Self {
        let cells = results.kernels.iter().flat_map(|kernel| &kernel.others);
        let ratios =
            cells.filter_map(|(_, cell)| cell.measured()).map(|measured| measured.ratio.median.log10());
        let (low, high) =
            ratios.fold((0.0, 1.0), |(low, high): (f64, f64), ratio| (low.min(ratio), high.max(ratio)));
        Self { low: low.floor() as i32, high: high.ceil() as i32 }
    }

    /// The place of a ratio.
    fn place(&self, ratio: f64) -> f64 {
        let (low, high) = (f64::from(self.low), f64::from(self.high));
        LEFT + (RIGHT - LEFT) * (ratio.log10() - low) / (high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{KernelResults, Machine, Measured, PeerInfo};
    use crate::statistics::Spread;

    fn measured(ratio: f64) -> Cell {
        let spread = Spread { median: ratio, lower_quartile: ratio, upper_quartile: ratio };
        Cell::Measured(Measured {
            n: 1,
            runs: 1,
            milliseconds: spread,
            machine_milliseconds: spread,
            ratio: spread,
        })
    }

    #[test]
    fn bars_begin_at_one_and_end_at_the_ratio() {
        let spread = Spread { median: 1.0, lower_quartile: 1.0, upper_quartile: 1.0 };
        let peer = |id: &str| PeerInfo {
            id: id.to_owned(),
            label: id.to_owned(),
            version: String::new(),
            start_milliseconds: spread,
            start_milliseconds_on_the_clock: spread,
        };
        let kernel = KernelResults {
            name: "loop".to_owned(),
            summary: String::new(),
            n: 1,
            machine: measured(1.0),
            others: vec![("slow".to_owned(), measured(10.0)), ("fast".to_owned(), measured(0.1))],
        };
        let results =
            Results::new(Machine::this(), 1, vec![peer("mdvm"), peer("slow"), peer("fast")], vec![kernel]);
        let drawn = chart(&results).to_string();
        // From a tenth to ten times, one is in the middle.
        let (middle, half) = ((LEFT + RIGHT) / 2.0, (RIGHT - LEFT) / 2.0);
        for (about, x) in [("slow: 10.0 times", middle), ("fast: 0.10 times", LEFT)] {
            let bar = drawn.split("<rect").find(|part| part.contains(about)).unwrap();
            assert!(
                bar.contains(&format!("width=\"{half}\"")) && bar.contains(&format!("x=\"{x}\"")),
                "{bar}"
            );
        }
    }
}
