//! Where the entries of a case file are in its text: for messages that point at a line, and for edits that leave
//! everything else as its author wrote it.

use std::ops::Range;

/// The items of one list of a YAML file in block style.
#[derive(Debug, Clone)]
pub struct Layout<'a> {
    lines: Vec<&'a str>,
    items: Vec<Range<usize>>,
}

impl<'a> Layout<'a> {
    /// The items of the top-level list `key`. A list in flow style (`key: [a, b]`) has none that can be found.
    #[must_use]
    pub fn of_list(text: &'a str, key: &str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let Some(key_line) = lines.iter().position(|line| begins_with_key(line, key)) else {
            return Self { lines, items: Vec::new() };
        };
        let ends_list = |line: &str| !is_blank(line) && !line.starts_with([' ', '-']);
        let end = (key_line + 1..lines.len()).find(|line| ends_list(lines[*line])).unwrap_or(lines.len());
        let dashes: Vec<usize> =
            (key_line + 1..end).filter(|line| dash_indent(lines[*line]).is_some()).collect();
        let indent = dashes.first().and_then(|line| dash_indent(lines[*line]));
        let starts: Vec<usize> =
            dashes.into_iter().filter(|line| dash_indent(lines[*line]) == indent).collect();
        let ends = starts.iter().skip(1).copied().chain([end]);
        let items = starts.iter().zip(ends).map(|(start, end)| *start..end).collect();
        Self { lines, items }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The line of item `index`, from 1; the first line of the file where it is not found.
    #[must_use]
    pub fn item_line(&self, index: usize) -> usize {
        self.items.get(index).map_or(1, |lines| lines.start + 1)
    }

    /// The line of the field `key` of item `index`, from 1; the item's where it is not found.
    #[must_use]
    pub fn field_line(&self, index: usize, key: &str) -> usize {
        self.field_lines(index, key).map_or_else(|| self.item_line(index), |lines| lines.start + 1)
    }

    /// The lines of the field `key` of item `index`, from 0, without the blank lines and comments that follow it.
    #[must_use]
    pub fn field_lines(&self, index: usize, key: &str) -> Option<Range<usize>> {
        let item = self.items.get(index)?.clone();
        let column = self.field_column(index)?;
        let starts_field = |line: usize| {
            let text = self.lines[line];
            line == item.start || (!is_blank(text) && indent(text) <= column)
        };
        let start = item.clone().find(|line| {
            let field = self.lines[*line].get(column..);
            starts_field(*line) && field.is_some_and(|field| begins_with_key(field, key))
        })?;
        let end = (start + 1..item.end).find(|line| starts_field(*line)).unwrap_or(item.end);
        Some(start..self.without_tail(start, end))
    }

    /// The line after the last one of item `index` that says something, from 0.
    #[must_use]
    pub fn item_end(&self, index: usize) -> Option<usize> {
        self.items.get(index).map(|item| self.without_tail(item.start, item.end))
    }

    /// The column in which the fields of item `index` begin, from 0.
    #[must_use]
    pub fn field_column(&self, index: usize) -> Option<usize> {
        let line = self.lines[self.items.get(index)?.start];
        let after_dash = dash_indent(line)? + 1;
        let field = line.get(after_dash..)?;
        (!field.trim_start().starts_with('{')).then(|| after_dash + indent(field))
    }

    /// The lines of the file.
    #[must_use]
    pub fn lines(&self) -> &[&'a str] {
        &self.lines
    }

    fn without_tail(&self, start: usize, end: usize) -> usize {
        let says_something = |line: &usize| !is_blank(self.lines[*line]);
        (start..end).rev().find(says_something).map_or(end, |line| line + 1)
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// A line without content. What looks like a comment may be text of a block, but never at the indent of a key.
fn is_blank(line: &str) -> bool {
    let text = line.trim_start();
    text.is_empty() || text.starts_with('#')
}

fn dash_indent(line: &str) -> Option<usize> {
    let text = line.trim_start_matches(' ');
    (text == "-" || text.starts_with("- ")).then(|| indent(line))
}

fn begins_with_key(text: &str, key: &str) -> bool {
    text.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
covers: [add]
cases:
  # About the first.
  - name: first
    asm: |
      - name: not an item
      expect: not a field
    expect: {result: 1}  # why

  # About the second.
  - name: second
    expect:
      result: 2
      # inside
      steps: 3
    # after
    hex: \"00\"
";

    #[test]
    fn items_and_fields_are_found_past_blocks_that_look_like_them() {
        let layout = Layout::of_list(TEXT, "cases");
        assert_eq!(layout.len(), 2);
        assert_eq!(layout.item_line(0), 4);
        assert_eq!(layout.item_line(1), 11);
        assert_eq!(layout.field_lines(0, "expect"), Some(7..8));
        assert_eq!(layout.field_lines(1, "expect"), Some(11..15));
        assert_eq!(layout.field_line(1, "hex"), 17);
        assert_eq!(layout.field_lines(1, "limits"), None);
        assert_eq!(layout.item_end(0), Some(8));
    }

    #[test]
    fn lists_without_indent_and_wide_dashes_are_read_too() {
        let layout =
            Layout::of_list("cases:\n-   name: a\n    hex: \"\"\n- name: b\nother: 1\n- c\n", "cases");
        assert_eq!(layout.len(), 2);
        assert_eq!(layout.field_lines(0, "hex"), Some(2..3));
        assert_eq!(layout.field_column(0), Some(4));
    }

    #[test]
    fn an_item_in_flow_style_has_a_line_and_no_fields() {
        let layout = Layout::of_list("cases:\n  - {name: a, hex: \"\"}\n", "cases");
        assert_eq!(layout.item_line(0), 2);
        assert_eq!(layout.field_lines(0, "hex"), None);
        assert_eq!(layout.field_line(0, "hex"), 2);
    }
}
