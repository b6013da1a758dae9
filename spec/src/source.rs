//! A YAML file with the lines of its entries, so that a problem can point at one.

use std::fmt;

use serde::de::DeserializeOwned;

/// Something wrong with a specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file it is in.
    pub file: String,
    /// The line, from 1; 0 where the whole file is meant.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(file: &str, line: usize, message: String) -> Self {
        Self { file: file.to_owned(), line, message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, message } = self;
        if *line == 0 { write!(f, "{file}: {message}") } else { write!(f, "{file}:{line}: {message}") }
    }
}

/// Everything that is wrong with a specification; one line each.
#[derive(Debug, Clone)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The text of one file.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: String,
}

impl Source {
    /// A file of that name, which messages show, and that text.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned() }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn parse<T: DeserializeOwned>(&self, problems: &mut Vec<Problem>) -> Option<T> {
        match serde_yaml::from_str(&self.text) {
            Ok(value) => Some(value),
            Err(error) => {
                let line = error.location().map_or(0, |location| location.line());
                problems.push(Problem::new(&self.name, line, error.to_string()));
                None
            }
        }
    }

    /// A problem with the top-level entry `key`.
    pub(crate) fn problem_at_key(&self, key: &str, message: String) -> Problem {
        Problem::new(&self.name, self.key_line(key).unwrap_or(0), message)
    }

    /// A problem with item `index` of the top-level list `key`; on the first line of the item that contains `hint`,
    /// or else on the item's first line.
    pub(crate) fn problem_at_item(&self, key: &str, index: usize, hint: &str, message: String) -> Problem {
        let line = self.item_line(key, index, hint).or_else(|| self.key_line(key)).unwrap_or(0);
        Problem::new(&self.name, line, message)
    }

    /// A problem under the top-level entry `key`, on the last line of it that contains `hint`: of two that are alike, the
    /// second is the one too many.
    pub(crate) fn problem_below(&self, key: &str, hint: &str, message: String) -> Problem {
        let start = self.key_line(key).unwrap_or(0);
        let lines = (start + 1..).zip(self.text.lines().skip(start));
        let below = lines.take_while(|(_, line)| line.is_empty() || line.starts_with([' ', '-', '#']));
        let line = below.filter(|(_, line)| line.contains(hint)).map(|(number, _)| number).last();
        Problem::new(&self.name, line.unwrap_or(start), message)
    }

    fn key_line(&self, key: &str) -> Option<usize> {
        let is_key = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        self.text.lines().position(is_key).map(|index| index + 1)
    }

    fn item_line(&self, key: &str, index: usize, hint: &str) -> Option<usize> {
        let start = self.key_line(key)?;
        let body = || {
            (start + 1..)
                .zip(self.text.lines().skip(start))
                .take_while(|(_, line)| line.is_empty() || line.starts_with([' ', '-', '#']))
        };
        let is_item = |line: &str| line.trim_start().starts_with("- ");
        let indent = |line: &str| line.len() - line.trim_start().len();
        let depth = body().find(|(_, line)| is_item(line)).map(|(_, line)| indent(line))?;
        let first = body().filter(|(_, line)| is_item(line) && indent(line) == depth).nth(index)?.0;
        let end = body()
            .filter(|(number, line)| *number > first && is_item(line) && indent(line) == depth)
            .map(|(number, _)| number)
            .next()
            .unwrap_or(usize::MAX);
        body()
            .find(|(number, line)| (first..end).contains(number) && line.contains(hint))
            .map(|(number, _)| number)
            .or(Some(first))
    }
}
