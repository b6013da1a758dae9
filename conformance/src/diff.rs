//! How two texts differ, so that a reader sees it.

use similar::{ChangeTag, TextDiff};

use machine_dialect_vm::escape::visible;

/// Texts longer than this many letters are shown around their first difference only.
const LONG: usize = 160;
/// Texts longer than this many bytes are not compared line by line.
const LINED: usize = 1 << 18;
/// How many lines of a difference are shown.
const LINES: usize = 40;
/// The widest column of a table, in letters: names may be of any length, and the width of a format holds no more than 16 bits.
pub(crate) const WIDEST: usize = 200;
/// How much of a long text is shown before its first difference.
const BEFORE: usize = 40;

/// The difference of two JSON texts as indented lines that begin with `title`.
#[must_use]
pub fn show(title: &str, expected: (&str, &str), found: (&str, &str)) -> String {
    let width = expected.0.len().max(found.0.len()).min(WIDEST);
    if expected.1.len().max(found.1.len()) <= LINED
        && let (Some(left), Some(right)) = (string_of(expected.1), string_of(found.1))
        && left.lines().count().max(right.lines().count()) > 1
    {
        return show_lines(title, (expected.0, &left), (found.0, &right));
    }
    let start = shared_prefix(expected.1, found.1);
    let line = |(name, text): (&str, &str)| format!("      {name:width$}  {}\n", around(text, start));
    format!("    {title}\n{}{}", line(expected), line(found))
}

/// A text, cut where it grows long, with all that is not visible escaped.
#[must_use]
pub fn shorten(text: &str) -> String {
    around(text, 0)
}

/// The text that a JSON string stands for.
fn string_of(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

fn show_lines(title: &str, (left_name, left): (&str, &str), (right_name, right): (&str, &str)) -> String {
    let mut text = format!("    {title} (- {left_name}, + {right_name})\n");
    let diff = TextDiff::configure().timeout(std::time::Duration::from_secs(1)).diff_lines(left, right);
    let mut lines = 0;
    for (index, group) in diff.grouped_ops(2).iter().enumerate() {
        if index > 0 {
            text.push_str("      …\n");
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            lines += 1;
            if lines > LINES {
                continue;
            }
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let line = change.value();
            let end = if line.ends_with('\n') { "" } else { "  (no newline at the end)" };
            text.push_str(&format!("      {sign} {}{end}\n", shorten(line.trim_end_matches('\n'))));
        }
    }
    if lines > LINES {
        text.push_str(&format!("      … and {} more lines\n", lines - LINES));
    }
    text
}

/// The byte up to which two texts are alike.
fn shared_prefix(left: &str, right: &str) -> usize {
    let alike = left.chars().zip(right.chars()).take_while(|(a, b)| a == b);
    alike.map(|(letter, _)| letter.len_utf8()).sum()
}

/// The text, or of a long one what is around byte `at`.
fn around(text: &str, at: usize) -> String {
    if text.chars().nth(LONG).is_none() {
        return visible(text).into_owned();
    }
    let start = text[..at].char_indices().rev().nth(BEFORE).map_or(0, |(index, _)| index);
    let end = text[start..].char_indices().nth(LONG).map_or(text.len(), |(index, _)| start + index);
    let before = if start > 0 { "…" } else { "" };
    let after = if end < text.len() { "…" } else { "" };
    format!("{before}{}{after}  ({} bytes)", visible(&text[start..end]), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_of_any_length() {
        let name = "n".repeat(70_000);
        assert!(show("steps", (&name, "3"), ("rust", "4")).lines().count() == 3);
    }

    #[test]
    fn short_texts_stand_under_each_other() {
        assert_eq!(
            show("steps", ("expected", "3"), ("rust", "4")),
            "    steps\n      expected  3\n      rust      4\n"
        );
    }

    #[test]
    fn lines_are_compared_line_by_line() {
        let text = show("stdout", ("expected", r#""a\nb\n""#), ("rust", r#""a\nc""#));
        assert!(text.contains("        a\n      - b\n      + c  (no newline at the end)\n"), "{text}");
    }

    #[test]
    fn long_texts_are_shown_where_they_differ() {
        let long = "é".repeat(1000);
        let text = show("result", ("expected", &format!("{long}a")), ("rust", &format!("{long}b")));
        assert!(text.contains("éa  (2001 bytes)"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 250));
    }
}
