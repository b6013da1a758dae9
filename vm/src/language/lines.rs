//! The lines of a page: what each of them is and how deep it is. Comments become spaces here, so that nothing after this
//! meets one.

use std::borrow::Cow;
use std::ops::Range;

use super::lexer::possessive;
use super::tables::is_word_part;

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where its text begins, behind the `>` that it begins with.
    pub(crate) start: u32,
    /// Where its text ends, without the white space at its end.
    pub(crate) end: u32,
    /// How many `>` it begins with.
    pub(crate) depth: u32,
    pub(crate) kind: LineKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineKind {
    /// Nothing, or `>` alone.
    Blank,
    /// Front matter, fenced code, a rule, a summary or another tag.
    Skipped,
    Heading,
    /// `<details>`
    DetailsOpen,
    /// `</details>`
    DetailsClose,
    /// A line of a paragraph.
    Text,
}

/// The lines, and the text with its comments turned to spaces.
#[derive(Debug)]
pub(crate) struct Lines<'s> {
    pub(crate) text: Cow<'s, str>,
    pub(crate) lines: Vec<Line>,
    /// Where the comment begins that nothing closes.
    pub(crate) open_comment: Option<u32>,
    /// The lines that begin within a comment, by index, in order.
    pub(crate) in_comment: Vec<u32>,
    /// Where an entry of a session begins, if the page ends with one: a paragraph of it may begin with a name and be no prose.
    pub(crate) entry: Option<u32>,
}

/// Reads the lines of a page that has no byte-order mark.
pub(crate) fn read(source: &str) -> Lines<'_> {
    let mut reader = Reader {
        source,
        masked: None,
        lines: Vec::with_capacity(source.len() / 32),
        comment: None,
        fence: None,
        in_summary: false,
        in_comment: Vec::new(),
    };
    let mut start = reader.front_matter();
    while start < source.len() {
        let next = source[start..].find('\n').map_or(source.len(), |at| start + at + 1);
        let line = reader.line(start, next);
        reader.lines.push(line);
        start = next;
    }
    let text = match reader.masked {
        // Characters became spaces as a whole, so it is UTF-8 still.
        Some(bytes) => String::from_utf8(bytes).map_or(Cow::Borrowed(source), Cow::Owned),
        None => Cow::Borrowed(source),
    };
    Lines {
        text,
        lines: reader.lines,
        open_comment: reader.comment.map(|at| at as u32),
        in_comment: reader.in_comment,
        entry: None,
    }
}

/// The start of a file between two lines of `---`.
const FRONT_MATTER: &str = "---";

struct Reader<'s> {
    source: &'s str,
    /// The text with spaces for comments, once there is one.
    masked: Option<Vec<u8>>,
    lines: Vec<Line>,
    /// Where the comment begins that is open.
    comment: Option<usize>,
    /// The character and the length of the fence that is open.
    fence: Option<(char, usize)>,
    in_summary: bool,
    in_comment: Vec<u32>,
}

impl Reader<'_> {
    /// Skips a front matter, and tells where the page begins.
    fn front_matter(&mut self) -> usize {
        let mut ends = self.source.match_indices('\n').map(|(at, _)| at + 1).chain([self.source.len()]);
        let Some(first) = ends.next() else { return 0 };
        if self.source[..first].trim_end() != FRONT_MATTER {
            return 0;
        }
        let mut start = first;
        let mut skipped = vec![skipped(0)];
        for end in ends {
            skipped.push(skipped_at(start));
            if end > start && self.source[start..end].trim_end() == FRONT_MATTER {
                self.lines = skipped;
                return end;
            }
            start = end;
        }
        0
    }

    /// Reads the line that ends before `next`.
    fn line(&mut self, start: usize, next: usize) -> Line {
        let source = self.source;
        let end = start + source[start..next].trim_end().len();
        if self.comment.is_some() {
            self.in_comment.push(self.lines.len() as u32);
        }
        if let Some((sign, length)) = self.fence {
            let text = source[start..end].trim_start();
            if text.len() >= length && text.chars().all(|character| character == sign) {
                self.fence = None;
            }
            return skipped_at(start);
        }
        if self.comment.is_none()
            && let Some(fence) = fence(&source[start..end])
        {
            self.fence = Some(fence);
            self.in_summary = false;
            return skipped_at(start);
        }
        if self.mask_comments(start, end) {
            let masked = self.masked.as_deref().unwrap_or_default();
            let text = String::from_utf8_lossy(&masked[start..end]).into_owned();
            if let Some(fence) = fence(&text) {
                self.fence = Some(fence);
                self.in_summary = false;
                return skipped_at(start);
            }
            return self.classify(start, &text);
        }
        self.classify(start, &source[start..end])
    }

    /// Turns what is comment from `start` to `end` into spaces; tells whether anything was.
    fn mask_comments(&mut self, start: usize, end: usize) -> bool {
        let mut at = start;
        let mut any = false;
        while at < end {
            let from = match self.comment {
                Some(_) => at,
                None => match find_comment(&self.source[at..end]) {
                    Some(found) => {
                        self.comment = Some(at + found);
                        at + found
                    }
                    None => return any,
                },
            };
            any = true;
            // The closing mark is looked for behind the opening one: `<!-->` does not close itself.
            let inside = if self.comment == Some(from) { from + COMMENT_OPENS.len() } else { from };
            let to = match self.source[inside..end].find(COMMENT_CLOSES) {
                Some(found) => {
                    self.comment = None;
                    inside + found + COMMENT_CLOSES.len()
                }
                None => end,
            };
            self.masked.get_or_insert_with(|| self.source.as_bytes().to_vec())[from..to].fill(b' ');
            at = to;
        }
        any
    }

    /// What the line is whose text, comments apart, is `text`.
    fn classify(&mut self, start: usize, text: &str) -> Line {
        let (depth, before) = depth(text);
        let rest = text[before..].trim_end();
        let line = |kind| Line {
            start: (start + before) as u32,
            end: (start + before + rest.len()) as u32,
            depth,
            kind,
        };
        if rest.is_empty() {
            self.in_summary = false;
            return line(LineKind::Blank);
        }
        if depth > 0 {
            self.in_summary = false;
            return line(LineKind::Text);
        }
        if is_closing_details(rest) {
            self.in_summary = false;
            return line(LineKind::DetailsClose);
        }
        if heading_level(rest).is_some() {
            self.in_summary = false;
            return line(LineKind::Heading);
        }
        if self.in_summary {
            self.in_summary = !contains_ignoring_case(rest, "</summary>");
            return line(LineKind::Skipped);
        }
        let behind_details = behind_details(rest);
        let summary = behind_details.unwrap_or(rest);
        let is_summary = is_tag(summary, "summary");
        if is_summary {
            self.in_summary = !contains_ignoring_case(summary, "</summary>");
        }
        if behind_details.is_some_and(|behind| behind.is_empty() || is_summary) {
            return line(LineKind::DetailsOpen);
        }
        if is_summary {
            return line(LineKind::Skipped);
        }
        let follows_text =
            self.lines.last().is_some_and(|last| last.kind == LineKind::Text && last.depth == 0);
        let is_table = rest.starts_with('|') && !follows_text;
        let is_skipped = is_table || is_rule(rest) || (rest.ends_with('>') && tag(rest).is_some());
        line(if is_skipped { LineKind::Skipped } else { LineKind::Text })
    }
}

const COMMENT_OPENS: &str = "<!--";
const COMMENT_CLOSES: &str = "-->";

fn skipped(start: u32) -> Line {
    Line { start, end: start, depth: 0, kind: LineKind::Skipped }
}

fn skipped_at(start: usize) -> Line {
    skipped(start as u32)
}

/// How many `>` a line begins with, and where what follows them begins.
pub(crate) fn depth(line: &str) -> (u32, usize) {
    let mut depth = 0;
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if !trimmed.starts_with('>') || trimmed.starts_with(">=") {
            return (depth, at);
        }
        depth += 1;
        at += 1;
    }
}

/// The level of a heading.
pub(crate) fn heading_level(text: &str) -> Option<usize> {
    let level = text.len() - text.trim_start_matches('#').len();
    let rest = &text[level..];
    ((1..=6).contains(&level) && (rest.is_empty() || rest.starts_with(char::is_whitespace))).then_some(level)
}

/// The fence that a line opens.
fn fence(line: &str) -> Option<(char, usize)> {
    let text = line.trim_start();
    let sign = text.chars().next().filter(|first| matches!(first, '`' | '~'))?;
    let rest = text.trim_start_matches(sign);
    let length = text.len() - rest.len();
    (length >= 3 && !(sign == '`' && rest.contains('`'))).then_some((sign, length))
}

fn is_rule(text: &str) -> bool {
    let Some(sign) = text.chars().next().filter(|first| matches!(first, '-' | '*' | '_')) else {
        return false;
    };
    let mut count = 0;
    text.chars().filter(|character| !character.is_whitespace()).all(|character| {
        count += 1;
        character == sign
    }) && count >= 3
}

/// What is behind the tag that a line begins with, and the tag's name.
fn tag(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('<')?;
    let named = rest.strip_prefix('/').unwrap_or(rest);
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let name = &named[..named.len() - named.trim_start_matches(is_part).len()];
    name.starts_with(|first: char| first.is_ascii_alphabetic()).then_some(())?;
    let behind = &named[name.len()..];
    let close = behind.find(['<', '>']).filter(|at| behind[*at..].starts_with('>'))?;
    let has_attributes = behind.starts_with(char::is_whitespace);
    (has_attributes || matches!(&behind[..close], "" | "/")).then_some((&behind[close + 1..], name))
}

/// Whether the text begins with that tag.
fn is_tag(text: &str, name: &str) -> bool {
    !text.starts_with("</") && tag(text).is_some_and(|(_, found)| found.eq_ignore_ascii_case(name))
}

/// What is behind the `<details>` that a line begins with.
fn behind_details(text: &str) -> Option<&str> {
    is_tag(text, "details").then(|| tag(text).map_or("", |(behind, _)| behind.trim_start()))
}

fn is_closing_details(text: &str) -> bool {
    let is_it = |(behind, name): (&str, &str)| behind.is_empty() && name.eq_ignore_ascii_case("details");
    text.starts_with("</") && tag(text).is_some_and(is_it)
}

fn contains_ignoring_case(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// Where the first comment of a line begins that is outside of names and texts.
fn find_comment(line: &str) -> Option<usize> {
    line.find(COMMENT_OPENS)?;
    let bytes = line.as_bytes();
    // Quotes that have no end on this line; they are apostrophes or faults.
    let mut open_ended: [Option<u8>; 2] = [None; 2];
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let close = match byte {
            b'<' if line[at..].starts_with(COMMENT_OPENS) => return Some(at),
            b'`' => line[at + 1..].find('`').map(|found| {
                let close = at + 1 + found;
                close + possessive(&line[close + 1..]).unwrap_or(0)
            }),
            b'"' | b'\'' if open_ended.contains(&Some(byte)) => None,
            b'\'' if line[..at].ends_with(|before| before != '_' && is_word_part(before)) => None,
            b'"' | b'\'' => {
                let close = closing_quote(line, at);
                if close.is_none() {
                    open_ended[usize::from(byte == b'\'')] = Some(byte);
                }
                close
            }
            _ => None,
        };
        at = close.unwrap_or(at) + 1;
    }
    None
}

/// Where the text ends that begins with the quote at `at`: its closing quote, if there is one on the line.
pub(crate) fn closing_quote(line: &str, at: usize) -> Option<usize> {
    let bytes = line.as_bytes();
    let quote = bytes[at];
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

impl Lines<'_> {
    pub(crate) fn text_of(&self, line: &Line) -> &str {
        &self.text[line.start as usize..line.end as usize]
    }

    /// The lines of the paragraph that begins at `first`: lines of text of one depth.
    pub(crate) fn paragraph(&self, first: usize) -> Range<usize> {
        let depth = self.lines[first].depth;
        let more = self.lines[first..]
            .iter()
            .take_while(|line| line.kind == LineKind::Text && line.depth == depth)
            .count();
        first..first + more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(LineKind, u32, String)> {
        let lines = read(text);
        lines.lines.iter().map(|line| (line.kind, line.depth, lines.text_of(line).to_owned())).collect()
    }

    #[test]
    fn depth_counts_marks_and_no_operator() {
        assert_eq!(depth("> > Say"), (2, 4));
        assert_eq!(depth(">>Say"), (2, 2));
        assert_eq!(depth("  >  "), (1, 5));
        assert_eq!(depth("> >= 5"), (1, 2));
        assert_eq!(depth(">= 5"), (0, 0));
    }

    #[test]
    fn what_a_line_is() {
        use LineKind::{Blank, DetailsClose, DetailsOpen, Heading, Skipped, Text};
        let page = "---\ntitle: x\n---\n# A\n#tag\n\n>\n<Details open>\n<summary>a\nb</summary>\n> x\n</details>\n- - -\n<br>\n```\n# no\n```\n```a``` b";
        let found: Vec<LineKind> = kinds(page).into_iter().map(|(kind, ..)| kind).collect();
        assert_eq!(
            found,
            [
                Skipped,
                Skipped,
                Skipped,
                Heading,
                Text,
                Blank,
                Blank,
                DetailsOpen,
                Skipped,
                Skipped,
                Text,
                DetailsClose,
                Skipped,
                Skipped,
                Skipped,
                Skipped,
                Skipped,
                Text,
            ]
        );
    }

    #[test]
    fn a_front_matter_that_nothing_ends_is_none() {
        let found: Vec<LineKind> = kinds("---\nSay _1_.").into_iter().map(|(kind, ..)| kind).collect();
        assert_eq!(found, [LineKind::Skipped, LineKind::Text]);
    }

    #[test]
    fn comments_become_spaces() {
        let text = |page| kinds(page).into_iter().map(|(_, depth, text)| (depth, text)).collect::<Vec<_>>();
        assert_eq!(text("Say <!-- é --> _1_."), [(0, "Say             _1_.".to_owned())]);
        assert_eq!(
            text("a <!-- b\n> c\n--> > d"),
            [(0, "a".to_owned()), (0, String::new()), (1, "d".to_owned())]
        );
        assert_eq!(text("Say _\"<!--\"_."), [(0, "Say _\"<!--\"_.".to_owned())]);
        assert_eq!(text("`a<!--`"), [(0, "`a<!--`".to_owned())]);
        assert_eq!(text("don't <!-- x --> do"), [(0, "don't            do".to_owned())]);
        assert_eq!(read("a <!-- b").open_comment, Some(2));
        assert_eq!(read("```\n<!--\n```").open_comment, None);
    }
}
