//! The canonical form of a page: each statement as deep as it nests, and blank lines where Markdown needs them to see the blocks
//! as the language does. What is no code stays as it is.

use super::ast::Program;
use super::diagnostics::{Diagnostics, Reports};
use super::lines::{LineKind, Lines, depth};
use super::source::Source;
use super::{analyse, compile, lines};

/// Formats a page. Its meaning stays: the module that it compiles to is the same, byte for byte. What is formatted stays as it is
/// when it is formatted again.
///
/// ```
/// let page = "If _Yes_:\n>> Say _1_.\n>> If _No_:\n>>> Say _2_.\nSay _3_.\n";
/// let formatted = "If _Yes_:\n\n> Say _1_.\n> If _No_:\n>\n> > Say _2_.\n\nSay _3_.\n";
/// assert_eq!(machine_dialect_vm::language::format(page).unwrap(), formatted);
/// ```
///
/// # Errors
/// Gives all errors and warnings of the page, if there is an error.
pub fn format(source: &str) -> Result<String, Diagnostics> {
    let mut reports = Reports::default();
    let page = Source::new(source);
    let Some((program, _)) = analyse(&page, &mut reports) else {
        return Err(reports.finish(&page, ""));
    };
    let module = compile(source, "")?.module;
    let lines = lines::read(page.text);
    let formatter = Formatter { page: &page, lines: &lines, depths: depths(&program, &page, &lines) };
    if formatter.has_comment_before_code() {
        // There is no telling where the comment belongs when the marks around it move.
        return Ok(page.text.to_owned());
    }
    let formatted = formatter.page();
    // Whatever else may be odd, a page is worth more than its form.
    let is_same = compile(&formatted, "").is_ok_and(|compiled| compiled.module == module);
    Ok(if is_same { formatted } else { page.text.to_owned() })
}

/// For each line of code, how deep it nests; none for other lines.
fn depths(program: &Program, page: &Source<'_>, lines: &Lines<'_>) -> Vec<Option<u32>> {
    let mut begins: Vec<Option<u32>> = vec![None; lines.lines.len()];
    for (index, function) in program.functions.iter().enumerate() {
        let mut ends: Vec<u32> = Vec::new();
        let body = u32::from(index > 0);
        for (number, statement) in function.statements.iter().enumerate() {
            while ends.pop_if(|end| *end as usize <= number).is_some() {}
            let line = page.place(statement.at).line as usize - 1;
            if let Some(place) = begins.get_mut(line) {
                place.get_or_insert(body + ends.len() as u32);
            }
            if statement.end as usize > number + 1 {
                ends.push(statement.end);
            }
        }
    }
    let mut depths = vec![None; lines.lines.len()];
    let mut current = 0;
    for range in &program.code {
        for line in range.clone() {
            current = begins[line].unwrap_or(current);
            depths[line] = Some(current);
        }
    }
    depths
}

struct Formatter<'a> {
    page: &'a Source<'a>,
    lines: &'a Lines<'a>,
    depths: Vec<Option<u32>>,
}

/// What was written last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Start,
    Code(u32),
    /// A line of a paragraph or the like.
    Other,
}

impl Formatter<'_> {
    fn page(&self) -> String {
        let end = if self.page.text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut out = String::with_capacity(self.page.text.len());
        let mut before = Before::Start;
        let mut index = 0;
        let mut blanks = 0;
        while index < self.lines.lines.len() {
            let text = self.page.line(index as u32 + 1);
            let line = &self.lines.lines[index];
            // A line of a comment is blank to the language alone.
            let is_in_comment = self.lines.in_comment.binary_search(&(index as u32)).is_ok();
            let is_blank =
                !is_in_comment && line.kind == LineKind::Blank && text[depth(text).1..].trim().is_empty();
            index += 1;
            if is_blank {
                blanks += 1;
                continue;
            }
            let now = self.depths[index - 1].map_or(Before::Other, Before::Code);
            let needs_blank = match (before, now) {
                (Before::Code(above), Before::Code(below)) => above != below,
                (Before::Code(deep), Before::Other) | (Before::Other, Before::Code(deep)) => deep > 0,
                (Before::Start, _) | (_, Before::Start) | (Before::Other, Before::Other) => false,
            };
            let count = match (before, now) {
                (Before::Start, _) => 0,
                _ if is_in_comment => 0,
                // In a paragraph of another kind, in code that is shown, lines mean what they mean.
                (Before::Other, Before::Other) => blanks,
                _ => usize::from(needs_blank || blanks > 0),
            };
            let common = match (before, now) {
                (Before::Code(above), Before::Code(below)) => above.min(below),
                _ => 0,
            };
            for _ in 0..count {
                put_marks(common, &mut out);
                out.truncate(out.trim_end_matches(' ').len());
                out.push_str(end);
            }
            blanks = 0;
            match now {
                Before::Code(depth) => {
                    put_marks(depth, &mut out);
                    out.push_str(self.page.slice(line.start, self.end_of(line.start, text)).trim_end());
                }
                Before::Other | Before::Start => out.push_str(text),
            }
            out.push_str(end);
            before = now;
        }
        out
    }

    /// Whether a comment is before or among the marks of a line of code.
    fn has_comment_before_code(&self) -> bool {
        (1..).zip(&self.lines.lines).zip(&self.depths).any(|((number, line), depth)| {
            let text = self.page.line(number);
            let end = self.end_of(line.start, text) - line.start;
            let before = &text[..text.len() - end as usize];
            depth.is_some() && !before.chars().all(|character| character == '>' || character.is_whitespace())
        })
    }

    /// Where the line ends that a text begins in.
    fn end_of(&self, start: u32, line: &str) -> u32 {
        // The line is a part of the page, so the distance of the two is an offset.
        let begin = line.as_ptr() as usize - self.page.text.as_ptr() as usize;
        start.max((begin + line.len()) as u32)
    }
}

fn put_marks(depth: u32, out: &mut String) {
    for _ in 0..depth {
        out.push_str("> ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_stays() {
        let page = "---\na: 1\n---\n# T  \n\n\nProse  \nmore\n\n```\n> x\n\n\n> y\n```\n\nSay _1_. <!-- a\n\n\n b -->\n\n> quote\n";
        assert_eq!(format(page).unwrap(), page);
    }

    #[test]
    fn marks_and_blank_lines_follow_the_blocks() {
        let page = "### Utility: `f`\n<details>\n<summary>f</summary>\n>Define `l` as List.\n>Set `l` to:\n- _1_.\n- _2_.\n>If `l`:\n>>>Give back\n>>>`l`.\n>>\n>Else:\n>>Say _1_.\n</details>\nSay _2_.\n";
        let formatted = "### Utility: `f`\n<details>\n<summary>f</summary>\n\n> Define `l` as List.\n> Set `l` to:\n> - _1_.\n> - _2_.\n> If `l`:\n>\n> > Give back\n> > `l`.\n>\n> Else:\n>\n> > Say _1_.\n\n</details>\nSay _2_.\n";
        assert_eq!(format(page).unwrap(), formatted);
        assert_eq!(format(formatted).unwrap(), formatted);
    }

    #[test]
    fn a_comment_before_marks_keeps_a_page_as_it_is() {
        let page = "If _Yes_:\n<!-- a --> >> Say _1_.\n";
        let formatted = format(page).unwrap();
        assert_eq!(format(&formatted).unwrap(), formatted);
        assert!(formatted.contains("<!-- a -->"));
    }
}
