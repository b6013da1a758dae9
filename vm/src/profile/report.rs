//! Profiles as other tools read them.

use std::fmt::Write as _;

#[cfg(feature = "language")]
use std::collections::BTreeMap;

use super::Profile;
use crate::escape::visible;
#[cfg(feature = "language")]
use crate::language::SourceMap;

/// How often a line of a page executed.
#[cfg(feature = "language")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineCount {
    /// The number of the line, from 1 on.
    pub line: u32,
    /// How often the first of its instructions executed. Later ones may be of what the line ends, as a jump back of a loop is.
    pub runs: u64,
    /// How often all of its instructions executed.
    pub instructions: u64,
}

impl Profile<'_> {
    /// The stacks that occurred, as flame graphs are drawn from: the functions, the outermost first, with `;` between them, and
    /// how many instructions executed in the innermost. (`inferno-flamegraph`, `flamegraph.pl` and speedscope.app read them.)
    #[must_use]
    pub fn folded(&self) -> String {
        let mut out = String::new();
        for node in self.nodes.iter().filter(|node| node.steps > 0) {
            let mut names = vec![node.function];
            let mut parent = node.parent;
            while let Some(above) = parent.and_then(|index| self.nodes.get(index)) {
                names.push(above.function);
                parent = above.parent;
            }
            for (index, function) in names.iter().rev().enumerate() {
                out.push_str(if index > 0 { ";" } else { "" });
                // Names may be any text, and the format knows no quotes.
                out.push_str(&visible(self.name(*function)).replace(';', ":"));
            }
            // Writing to a string cannot fail.
            let _ = writeln!(out, " {}", node.steps);
        }
        out
    }

    /// The lines that have instructions, in order, those that never executed included.
    #[cfg(feature = "language")]
    #[must_use]
    pub fn lines(&self, map: &SourceMap) -> Vec<LineCount> {
        let mut lines: BTreeMap<u32, LineCount> = BTreeMap::new();
        for (pc, times) in self.by_instruction.iter().enumerate() {
            let Some(place) = map.place_of(pc) else { continue };
            let first = LineCount { line: place.line, runs: *times, instructions: 0 };
            let count = lines.entry(place.line).or_insert(first);
            count.instructions += times;
        }
        lines.into_values().collect()
    }

    /// The coverage of a page as LCOV, which `genhtml` and editors show: how often each line and each function executed.
    #[cfg(feature = "language")]
    #[must_use]
    pub fn lcov(&self, map: &SourceMap) -> String {
        let mut out = format!("TN:\nSF:{}\n", visible(map.name()));
        let functions: Vec<(&str, u32, u64)> = map
            .functions()
            .iter()
            .map(|function| {
                let called = (0..)
                    .zip(&self.functions)
                    .filter(|(index, _)| self.begin(*index) == function.begin as usize);
                (function.name.as_str(), function.line, called.map(|(_, count)| count.calls).sum())
            })
            .collect();
        for (name, line, _) in &functions {
            let _ = writeln!(out, "FN:{line},{}", visible(name));
        }
        for (name, _, calls) in &functions {
            let _ = writeln!(out, "FNDA:{calls},{}", visible(name));
        }
        let hit = functions.iter().filter(|(.., calls)| *calls > 0).count();
        let _ = writeln!(out, "FNF:{}\nFNH:{hit}", functions.len());
        let lines = self.lines(map);
        for line in &lines {
            let _ = writeln!(out, "DA:{},{}", line.line, line.runs);
        }
        let hit = lines.iter().filter(|line| line.runs > 0).count();
        let _ = writeln!(out, "LF:{}\nLH:{hit}\nend_of_record", lines.len());
        out
    }

    /// Where a function begins.
    #[cfg(feature = "language")]
    fn begin(&self, function: usize) -> usize {
        let known = function.checked_sub(1).and_then(|index| self.module.functions().get(index));
        known.map_or(self.module.entry().0, |function| function.entry as usize)
    }
}
