//! The part of a line that a message shows, so that neither its length nor what is hidden in it reaches a terminal.

use crate::escape::is_visible;

/// What is shown of a line: a part around a place, where the line is long. Each character is one of the line, or a sign as wide
/// for one that is not plainly visible, so that marks are below their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    /// Where in `text` the mark begins and ends, in bytes.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Whether `text` begins where the line does.
    pub(crate) is_whole: bool,
}

/// How many characters of a line are shown before the place and behind it.
const BEFORE: usize = 60;
const BEHIND: usize = 90;

impl Excerpt {
    /// What to show of a line for a place at `column`, from 1, that is `width` characters wide.
    pub(crate) fn new(line: &str, column: usize, width: usize) -> Self {
        let column = column.saturating_sub(1);
        let skip = if column > BEFORE + 10 { column - BEFORE } else { 0 };
        let mut text = String::new();
        if skip > 0 {
            text.push('…');
        }
        let (mut from, mut to) = (None, None);
        let mut number = skip;
        let mut rest = line.chars().skip(skip);
        loop {
            if number == column {
                from = Some(text.len());
            }
            if number == column.saturating_add(width.max(1)) {
                to = Some(text.len());
            }
            if number > column + BEHIND {
                if rest.next().is_some() {
                    text.push('…');
                }
                break;
            }
            let Some(character) = rest.next() else { break };
            text.push(sign(character));
            number += 1;
        }
        let from = from.unwrap_or(text.len());
        let to = to.unwrap_or(text.len()).max(from);
        Self { text, from, to, is_whole: skip == 0 }
    }

    /// How many characters are before the mark.
    pub(crate) fn indent(&self) -> usize {
        self.text[..self.from].chars().count()
    }
}

/// The character, or what stands for it.
fn sign(character: char) -> char {
    match character {
        '\t' | '\u{a0}' => ' ',
        _ if is_visible(character) => character,
        _ => '\u{fffd}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = "x".repeat(1000) + "y" + &"z".repeat(1000);
        let excerpt = Excerpt::new(&line, 1001, 1);
        assert!(excerpt.text.chars().count() < 200);
        assert_eq!(&excerpt.text[excerpt.from..excerpt.to], "y");
        let at_end = Excerpt::new("Say _1_", 8, 0);
        assert_eq!((at_end.from, at_end.to), (7, 7));
    }

    #[test]
    fn what_cannot_be_seen_takes_the_place_of_one_character() {
        let excerpt = Excerpt::new("\tnop\u{1b}\u{202e}\u{e0041}x", 8, 1);
        assert_eq!((excerpt.text.as_str(), excerpt.indent()), (" nop\u{fffd}\u{fffd}\u{fffd}x", 7));
    }
}
