//! What campaigns write: one JSON object a line, appended and never changed, so that the files of several shards, or of
//! several days, merge by being read one after another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fuzz::measure::Measure;

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "snake_case")]
pub enum Row {
    /// A campaign began, or went on.
    Begin {
        /// What the implementations call themselves, in order.
        implementations: Vec<String>,
        /// The seed.
        seed: u64,
        /// What sizes its programs have.
        size: String,
    },
    /// Some programs were run.
    Chunk {
        /// The seed.
        seed: u64,
        /// What sizes its programs have.
        size: String,
        /// The number of the first program.
        from: u64,
        /// The number after that of the last.
        until: u64,
        /// How many of these numbers give a program.
        count: u64,
        /// How many of them have outcomes that differ.
        divergences: u64,
        /// How long it took.
        seconds: f64,
        /// How many a loader refuses, and how many end without error.
        refused: u64,
        /// See above.
        ended: u64,
        /// How many instructions were executed.
        steps: u64,
        /// Kind of error -> how many ended so.
        errors: BTreeMap<String, u64>,
        /// Mnemonic, operand types, and how often they were sampled.
        sampled: Vec<(String, Vec<String>, u64)>,
    },
    /// Two implementations could not be compared on a program: one was too slow, or lacks what it asks for.
    NotCompared {
        /// The seed.
        seed: u64,
        /// The number of the program.
        index: u64,
        /// Who could not be compared.
        implementations: (String, String),
        /// Why.
        why: String,
    },
    /// Implementations differed on a program, and in processes that had answered nothing before they agree on it.
    NotReproduced {
        /// The seed.
        seed: u64,
        /// The number of the program.
        index: u64,
        /// Who answered differently once it had answered others; if none could be told from the rest, the two that differed.
        implementations: Vec<String>,
        /// How that answer differs from the one of a new process, as indented lines.
        differences: String,
    },
    /// Two implementations differ on a program, each in a process that had answered nothing before.
    Divergence {
        /// The seed.
        seed: u64,
        /// The number of the program.
        index: u64,
        /// Who differs.
        implementations: (String, String),
        /// By what it is bucketed.
        signature: String,
        /// The first instruction that differs, in the reduced program where there is one.
        pc: Option<usize>,
        /// How many instructions the reduced program has; none where it was not reduced.
        instructions: Option<usize>,
        /// The case file of the reduced program.
        case: Option<String>,
        /// How long the campaign had run when it was found.
        found_after: f64,
        /// How long it took to reduce it.
        reduced_in: Option<f64>,
    },
}

impl Row {
    /// The line of a chunk.
    #[must_use]
    pub fn chunk(
        seed: u64,
        size: &str,
        numbers: Range<u64>,
        measure: &Measure,
        divergences: u64,
        seconds: f64,
    ) -> Self {
        Self::Chunk {
            seed,
            size: size.to_owned(),
            from: numbers.start,
            until: numbers.end,
            count: measure.programs,
            divergences,
            seconds,
            refused: measure.refused,
            ended: measure.ended,
            steps: measure.steps,
            errors: measure.errors.clone(),
            sampled: measure
                .sampled
                .iter()
                .map(|((name, types), count)| (name.clone(), types.clone(), *count))
                .collect(),
        }
    }
}

/// A file that rows are appended to.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    /// Opens or makes the file, and gives the rows that are in it. A last line that was cut off, as happens when a machine is
    /// switched off, is taken away.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn open(path: &Path) -> Result<(Self, Vec<Row>), String> {
        let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(wrong)?;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(wrong)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(wrong)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(wrong)?;
            file.seek(SeekFrom::End(0)).map_err(wrong)?;
        }
        let rows = rows_of(&text[..whole], path)?;
        Ok((Self { file, path: path.to_owned() }, rows))
    }

    /// Appends a row. Its line is written at once.
    ///
    /// # Errors
    /// Says why it cannot be written.
    pub fn append(&mut self, row: &Row) -> Result<(), String> {
        let line = serde_json::to_string(row).map_err(|error| error.to_string())?;
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// The rows of a file. A last line that was cut off is passed over.
///
/// # Errors
/// Names the line that is no row.
pub fn read(path: &Path) -> Result<Vec<Row>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    rows_of(&text[..whole], path)
}

fn rows_of(text: &str, path: &Path) -> Result<Vec<Row>, String> {
    let row = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| format!("{}:{}: {error}", path.display(), number + 1))
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(row).collect()
}

/// What is known of one kind of divergence.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// How many programs show it.
    pub count: u64,
    /// The number of the first of them, with its seed.
    pub first: (u64, u64),
    /// The size of the smallest reduced program, and its case file.
    pub smallest: Option<(usize, String)>,
}

/// The rows of any number of files, taken together. What stands in two of them counts once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Total {
    /// What the programs were worth.
    pub measure: Measure,
    /// How long they took, all shards together.
    pub seconds: f64,
    /// Signature -> what is known of it.
    pub buckets: BTreeMap<String, Bucket>,
    /// Programs that two implementations could not be compared on, and why.
    pub not_compared: BTreeMap<(u64, u64), String>,
    /// Programs on which a difference was not reproduced in new processes, with who answered differently, and how.
    pub not_reproduced: BTreeMap<(u64, u64), (String, String)>,
    chunks: BTreeSet<(u64, String, u64, u64)>,
    seen: BTreeSet<(u64, u64, String)>,
}

impl Total {
    /// Takes in a row.
    pub fn add(&mut self, row: &Row) {
        match row {
            Row::Begin { .. } => {}
            Row::Chunk {
                seed,
                size,
                from,
                until,
                count,
                seconds,
                refused,
                ended,
                steps,
                errors,
                sampled,
                ..
            } => {
                if self.chunks.insert((*seed, size.clone(), *from, *until)) {
                    self.seconds += seconds;
                    let sampled =
                        sampled.iter().map(|(name, types, count)| ((name.clone(), types.clone()), *count));
                    self.measure.merge(&Measure {
                        programs: *count,
                        refused: *refused,
                        ended: *ended,
                        steps: *steps,
                        errors: errors.clone(),
                        sampled: sampled.collect(),
                    });
                }
            }
            Row::NotCompared { seed, index, why, .. } => {
                self.not_compared.insert((*seed, *index), why.clone());
            }
            Row::NotReproduced { seed, index, implementations, differences } => {
                let who = (implementations.join(" or "), differences.clone());
                self.not_reproduced.insert((*seed, *index), who);
            }
            Row::Divergence { seed, index, signature, instructions, case, .. } => {
                if self.seen.insert((*seed, *index, signature.clone())) {
                    let bucket = self.buckets.entry(signature.clone()).or_insert(Bucket {
                        count: 0,
                        first: (*seed, *index),
                        smallest: None,
                    });
                    bucket.count += 1;
                    if let (Some(size), Some(case)) = (instructions, case)
                        && bucket.smallest.as_ref().is_none_or(|(smallest, _)| size < smallest)
                    {
                        bucket.smallest = Some((*size, case.clone()));
                    }
                }
            }
        }
    }

    /// Whether nothing was found that is the fault of an implementation.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.buckets.is_empty() && self.not_reproduced.is_empty()
    }

    /// Whether the programs of just these numbers were run, one after the other.
    #[must_use]
    pub fn has(&self, seed: u64, size: &str, numbers: Range<u64>) -> bool {
        self.chunks.contains(&(seed, size.to_owned(), numbers.start, numbers.end))
    }

    /// The whole as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.measure.to_string();
        text.push_str(&format!(
            "{:.1} programs a second, over {:.0} s\n",
            self.measure.programs as f64 / self.seconds.max(0.001),
            self.seconds
        ));
        let programs: u64 = self.buckets.values().map(|bucket| bucket.count).sum();
        text.push_str(&format!("{programs} divergences in {} buckets\n", self.buckets.len()));
        let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
        self.not_compared.values().for_each(|why| *reasons.entry(why).or_default() += 1);
        for (why, count) in reasons {
            text.push_str(&format!("{count} programs set aside: {why}\n"));
        }
        let mut changed: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (program, (who, differences)) in &self.not_reproduced {
            changed.entry(who).or_default().push((program, differences));
        }
        for (who, programs) in changed {
            let ((seed, index), differences) = programs[0];
            text.push_str(&format!(
                "{} programs not reproduced: {who} answered differently once it had answered others\n  first number {index} of seed {seed}\n{differences}",
                programs.len()
            ));
        }
        for (signature, bucket) in &self.buckets {
            text.push_str(&format!(
                "  {signature}\n    {} programs, first number {} of seed {}\n",
                bucket.count, bucket.first.1, bucket.first.0
            ));
            if let Some((size, case)) = &bucket.smallest {
                text.push_str(&format!("    {size} instructions: {case}\n"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(from: u64) -> Row {
        let measure = Measure { programs: 10, steps: 100, ..Measure::default() };
        Row::chunk(1, "small", from..from + 10, &measure, 0, 2.0)
    }

    #[test]
    fn a_line_that_was_cut_off_is_taken_away_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/results.jsonl");
        let (mut log, rows) = Log::open(&path).unwrap();
        assert!(rows.is_empty());
        log.append(&chunk(0)).unwrap();
        drop(log);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"row\":\"chu")).unwrap();
        let (mut log, rows) = Log::open(&path).unwrap();
        assert_eq!(rows, [chunk(0)]);
        log.append(&chunk(10)).unwrap();
        assert_eq!(read(&path).unwrap(), [chunk(0), chunk(10)]);
        std::fs::write(&path, "nonsense\n").unwrap();
        assert!(read(&path).unwrap_err().contains("results.jsonl:1:"));
    }

    #[test]
    fn what_stands_in_two_files_counts_once() {
        let mut total = Total::default();
        for row in [chunk(0), chunk(10), chunk(0)] {
            total.add(&row);
        }
        assert_eq!((total.measure.programs, total.seconds), (20, 4.0));
        assert!(
            total.has(1, "small", 10..20)
                && !total.has(2, "small", 10..20)
                && !total.has(1, "small", 10..266)
        );
    }
}
