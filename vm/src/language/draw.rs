//! Drawing: a message, the line it is about, and a mark under the place. `annotate-snippets`, which draws for rustc, does it.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::source::Place;
use super::tables::Severity;
use crate::escape::visible_start;
pub(crate) use crate::excerpt::Excerpt;

/// The beginning of a text of the page, with what is not plainly visible escaped.
pub(crate) fn visible_text(text: &str) -> String {
    /// How many characters of what a page says are shown in a message.
    const MOST: usize = 300;
    visible_start(text, MOST).into_owned()
}

/// How a message begins.
pub(crate) struct Title {
    /// None for a note.
    pub(crate) severity: Option<Severity>,
    /// What is in brackets behind it.
    pub(crate) id: Option<&'static str>,
}

/// A message about a place.
pub(crate) struct Part {
    pub(crate) title: Title,
    pub(crate) message: String,
    pub(crate) place: Place,
    pub(crate) excerpt: Option<Excerpt>,
    pub(crate) help: Vec<String>,
}

/// Draws messages about places in the file of that name, one below the other.
pub(crate) fn draw(parts: &[Part], name: &str, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let name = visible_text(name);
    let groups: Vec<Group<'_>> = parts.iter().map(|part| group(part, &name)).collect();
    renderer.decor_style(DecorStyle::Ascii).render(&groups)
}

fn group<'a>(part: &'a Part, name: &str) -> Group<'a> {
    let level = match part.title.severity {
        Some(Severity::Error) => Level::ERROR,
        Some(Severity::Warning) => Level::WARNING,
        None => Level::NOTE,
    };
    let message = visible_text(&part.message);
    let title = level.primary_title(message);
    let title = match part.title.id {
        Some(id) => title.id(id),
        None => title,
    };
    let (line, column) = (part.place.line as usize, part.place.column as usize);
    let mut elements: Vec<Element<'a>> = Vec::new();
    // The snippet tells the column itself, where the line is not cut.
    let is_told = part.excerpt.as_ref().is_some_and(|excerpt| excerpt.is_whole);
    if !is_told {
        elements.push(Origin::path(name.to_owned()).line(line).char_column(column).into());
    }
    if let Some(excerpt) = &part.excerpt {
        let mark = AnnotationKind::Primary.span(excerpt.from..excerpt.to);
        let snippet = Snippet::source(&excerpt.text).line_start(line).annotation(mark);
        let snippet = if is_told { snippet.path(name.to_owned()) } else { snippet };
        elements.push(snippet.into());
    }
    elements.extend(part.help.iter().map(|help| Level::HELP.message(visible_text(help)).into()));
    Group::with_title(title).elements(elements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape::is_visible;

    #[test]
    fn a_page_commands_no_terminal() {
        let excerpt = Excerpt::new("Say \u{1b}[31m`a`\u{202e}.", 5, 3);
        let part = Part {
            title: Title { severity: Some(Severity::Error), id: None },
            message: "no \u{1b}]0;x\u{7}".to_owned(),
            place: Place { line: 1, column: 5 },
            excerpt: Some(excerpt),
            help: vec!["\u{9b}".to_owned()],
        };
        let drawn = draw(&[part], "a\u{1b}b.md", false);
        assert!(drawn.chars().all(|character| character == '\n' || is_visible(character)), "{drawn:?}");
    }
}
