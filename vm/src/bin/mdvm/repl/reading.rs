//! Where an entry ends.

use std::io::{self, BufRead};

use machine_dialect_vm::language::{self, Reading, Session};

use super::Mode;

/// Whether an entry is there as a whole, when Enter is pressed behind its last line.
pub(super) fn is_whole(text: &str, mode: Mode) -> bool {
    let trimmed = text.trim_end();
    if trimmed.is_empty() || trimmed.trim_start().starts_with(':') {
        return true;
    }
    let blanks = text[trimmed.len()..].matches('\n').count();
    let needed = match mode {
        Mode::Assembly => {
            // A line is an entry, unless it begins something longer.
            let is_block = trimmed.contains('\n') || trimmed.starts_with('.') || trimmed.ends_with(':');
            usize::from(is_block)
        }
        Mode::Dialect => match Session::reading(trimmed) {
            Reading::Whole | Reading::WithoutPeriod => 0,
            Reading::UntilBlank => 1,
            Reading::UntilTwoBlank => 2,
        },
    };
    blanks >= needed
}

/// Entries from what is no terminal. One can look ahead there, so blocks and functions may have empty lines in them wherever pages
/// may.
pub(super) struct Entries<R> {
    lines: io::Lines<R>,
    /// The line after the entry.
    ahead: Option<String>,
}

impl<R: BufRead> Entries<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { lines: reader.lines(), ahead: None }
    }

    pub(super) fn next(&mut self, mode: Mode) -> io::Result<Option<String>> {
        let mut entry = String::new();
        while let Some(line) = self.line()? {
            if entry.is_empty() && line.trim().is_empty() {
                continue;
            }
            if !entry.is_empty() {
                entry.push('\n');
            }
            entry.push_str(&line);
            let is_blank = line.trim().is_empty();
            if !is_blank && is_whole(&entry, mode) {
                break;
            }
            if is_blank && (is_whole(&entry, mode) || has_closed(&entry)) {
                self.ahead = self.line()?;
                if !self.ahead.as_deref().is_some_and(|line| mode == Mode::Dialect && goes_on(line)) {
                    break;
                }
            }
        }
        Ok(Some(entry).filter(|entry| !entry.is_empty()))
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        match self.ahead.take() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next().transpose(),
        }
    }
}

/// Whether the body of the function that an entry ends with is closed.
fn has_closed(entry: &str) -> bool {
    let last = entry.trim_end().lines().last().unwrap_or_default();
    let is_input = last.starts_with('-') && entry.contains("</details>");
    last.trim() == "</details>" || is_input
}

/// Whether a line behind an empty one belongs to the entry before it: a block, a list, a section of a function, or an Else.
fn goes_on(line: &str) -> bool {
    let is_else = || {
        let first = line
            .trim_start_matches('*')
            .split(|letter: char| !letter.is_alphabetic())
            .next()
            .unwrap_or_default();
        language::begins_statement(line) && ["else", "otherwise"].contains(&first.to_lowercase().as_str())
    };
    ["####", ">", "<", "- "].iter().any(|mark| line.starts_with(mark)) || is_else()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<String> {
        let mut entries = Entries::new(text.as_bytes());
        std::iter::from_fn(|| entries.next(Mode::Dialect).unwrap())
            .map(|entry| entry.trim_end().to_owned())
            .collect()
    }

    #[test]
    fn a_page_falls_into_entries() {
        let block = "If _No_:\n\n> Say _1_.\n>\n> Say _2_.\n\nOtherwise:\n\n> Say _3_.";
        let function = "### Utility: `f`\n\n<details>\n\n> Give back _1_.\n\n</details>\n\n#### Inputs\n\n- `n` as Number (required)";
        let text = format!("Say _0_.\n{block}\n\n{function}\n\nSay _4_.\nSay\n_5_.\n:quit\n");
        assert_eq!(entries(&text), ["Say _0_.", block, function, "Say _4_.", "Say\n_5_.", ":quit"]);
    }

    #[test]
    fn enter_ends_what_is_whole() {
        for (text, expected) in [
            ("Say _1_.", true),
            ("Say _1_", true),
            ("If _Yes_:", false),
            ("If _Yes_:\n", false),
            ("If _Yes_:\n> Say _1_.", false),
            ("If _Yes_:\n> Say _1_.\n", true),
            (":dis", true),
            ("### Utility: `f`\n\n<details>\n\n> Say _1_.\n\n</details>\n", false),
            ("### Utility: `f`\n\n<details>\n\n> Say _1_.\n\n</details>\n\n", true),
        ] {
            assert_eq!(is_whole(text, Mode::Dialect), expected, "{text:?}");
        }
        assert!(is_whole("add r0, r1, r2", Mode::Assembly));
        assert!(!is_whole(".func f", Mode::Assembly));
        assert!(is_whole("again:\njump again\n", Mode::Assembly));
    }
}
