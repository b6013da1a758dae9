//! The text of a page, and where in it a byte is.

use std::cell::Cell;

/// A place in a page, as people count: both numbers from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column, in characters (Unicode scalar values).
    pub column: u32,
}

/// A text with an index of its lines.
#[derive(Debug, Clone)]
pub(crate) struct Source<'s> {
    pub(crate) text: &'s str,
    /// Where each line begins.
    starts: Vec<u32>,
    is_ascii: bool,
    /// The place that was asked for last: most are asked for one after another.
    last: Cell<(u32, Place)>,
}

impl<'s> Source<'s> {
    /// The text, without the byte-order mark that may be before it.
    pub(crate) fn new(text: &'s str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut starts = vec![0];
        starts
            .extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1));
        let first = Place { line: 1, column: 1 };
        Self { text, starts, is_ascii: text.is_ascii(), last: Cell::new((0, first)) }
    }

    /// Where the byte at `offset` is.
    pub(crate) fn place(&self, offset: u32) -> Place {
        let (known, place) = self.last.get();
        let same_line = |line: u32| {
            let index = line as usize - 1;
            self.starts.get(index).is_some_and(|start| *start <= offset)
                && self.starts.get(index + 1).is_none_or(|next| offset < *next)
        };
        let line = if same_line(place.line) {
            place.line
        } else {
            self.starts.partition_point(|start| *start <= offset) as u32
        };
        let start = self.starts[line as usize - 1];
        let column = if self.is_ascii {
            offset - start + 1
        } else if line == place.line && known <= offset {
            place.column + self.characters(known, offset)
        } else if line == place.line && known - offset < offset - start {
            place.column - self.characters(offset, known)
        } else {
            1 + self.characters(start, offset)
        };
        let place = Place { line, column };
        self.last.set((offset, place));
        place
    }

    fn characters(&self, from: u32, to: u32) -> u32 {
        let bytes = &self.text.as_bytes()[from as usize..to as usize];
        // A byte that continues a character begins with the bits 10.
        bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u32
    }

    /// The text of a line, without what ends it; nothing past the last.
    pub(crate) fn line(&self, line: u32) -> &'s str {
        let Some(start) = (line as usize).checked_sub(1).and_then(|index| self.starts.get(index)) else {
            return "";
        };
        let end = self.starts.get(line as usize).map_or(self.text.len(), |next| *next as usize - 1);
        let text = &self.text[*start as usize..end];
        text.strip_suffix('\r').unwrap_or(text)
    }

    /// The text from one byte to another, characters that they are in included.
    pub(crate) fn slice(&self, from: u32, to: u32) -> &'s str {
        let begin = self.text.floor_char_boundary(from as usize);
        &self.text[begin..self.text.ceil_char_boundary(to as usize).max(begin)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_wherever_one_begins_to_look() {
        let text = "aé日🍵b\r\nxyz\n\né1";
        let source = Source::new(text);
        let expected = |offset: usize| {
            let before = &text[..offset];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
            Place { line: line as u32, column: column as u32 }
        };
        let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        for from in &offsets {
            for to in &offsets {
                source.place(*from as u32);
                assert_eq!(source.place(*to as u32), expected(*to), "{from} then {to}");
            }
        }
        assert_eq!(source.line(1), "aé日🍵b");
        assert_eq!(source.line(3), "");
        assert_eq!(source.line(4), "é1");
        assert_eq!(source.line(5), "");
    }

    #[test]
    fn a_byte_order_mark_has_no_column() {
        assert_eq!(Source::new("\u{feff}Say").place(0), Place { line: 1, column: 1 });
    }
}
