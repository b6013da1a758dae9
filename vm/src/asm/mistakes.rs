//! What is wrong with a text, and where.

use std::fmt;

use crate::excerpt::Excerpt;

/// A line, or a part of one, that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong, and what was expected, with what is not plainly visible escaped.
    pub message: String,
    excerpt: Excerpt,
}

impl Mistake {
    pub(super) fn new(line: usize, text: &str, column: usize, message: String) -> Self {
        Self { line, column, message, excerpt: Excerpt::new(text, column, 1) }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, message, excerpt } = self;
        writeln!(f, "line {line}, column {column}: {message}\n  | {}", excerpt.text)?;
        // Not by a width of the format, which holds no more than 16 bits.
        write!(f, "  | {}^", " ".repeat(excerpt.indent()))
    }
}

/// Every mistake of a text, in order of the lines; at least one. Of very many the first are kept and the rest are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    first: Mistake,
    others: Vec<Mistake>,
    more: usize,
}

impl Mistakes {
    /// The first.
    #[must_use]
    pub fn first(&self) -> &Mistake {
        &self.first
    }

    /// Those that were kept.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// How many there are besides those that were kept.
    #[must_use]
    pub fn more(&self) -> usize {
        self.more
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        for mistake in &self.others {
            write!(f, "\n{mistake}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

/// Mistakes as they are found.
#[derive(Debug, Default)]
pub(super) struct Found {
    kept: Vec<Mistake>,
    count: usize,
}

/// How many mistakes of a text are kept.
const KEPT: usize = 20;

impl Found {
    pub(super) fn add(&mut self, mistake: Mistake) {
        self.count += 1;
        self.kept.push(mistake);
        // Now and then, so that adding one costs the same whatever their number.
        if self.kept.len() > 4 * KEPT {
            self.keep_first();
        }
    }

    /// Whether no more mistakes are kept, if none comes that is before those.
    pub(super) fn is_full(&self) -> bool {
        self.count >= KEPT
    }

    /// What was found, if anything was.
    pub(super) fn finish(mut self) -> Option<Mistakes> {
        self.keep_first();
        let more = self.count - self.kept.len();
        let mut kept = self.kept.into_iter();
        kept.next().map(|first| Mistakes { first, others: kept.collect(), more })
    }

    fn keep_first(&mut self) {
        self.kept.sort_by_key(|mistake| (mistake.line, mistake.column));
        self.kept.truncate(KEPT);
    }
}
