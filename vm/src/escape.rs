//! Showing text that others wrote. A module, a page or the name of a file may hold characters that move the cursor of a
//! terminal, forge a line, reverse the order of what follows, or cannot be seen at all. Whatever is shown of such text, and is
//! not printed by the program itself, goes through here.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_general_category::{GeneralCategory, get_general_category};

/// Whether a character is plainly visible: in none of the Unicode general categories Cc, Cf, Cs, Co, Cn, Zl and Zp, no space
/// but the plain one, and none of the few letters and marks that have no glyph (`Default_Ignorable_Code_Point`).
///
/// ```
/// use machine_dialect_vm::escape::is_visible;
///
/// assert!(['a', ' ', '"', '\\', 'é', '\u{301}', '日'].into_iter().all(is_visible));
/// assert!(!['\n', '\u{7f}', '\u{9b}', '\u{200b}', '\u{202e}', '\u{e0041}', '\u{e000}'].into_iter().any(is_visible));
/// ```
#[must_use]
pub fn is_visible(character: char) -> bool {
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    let is_hidden = matches!(
        get_general_category(character),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::Surrogate
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::SpaceSeparator
    );
    !is_hidden && !is_blank(character)
}

/// Letters and marks by category that show nothing: fillers, and selectors of variants, which can carry hidden text.
fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// The text with every character escaped that is not plainly visible, line ends too. Escaping again changes nothing.
///
/// ```
/// use machine_dialect_vm::escape::visible;
///
/// assert_eq!(visible("é \"a\\b\""), "é \"a\\b\"");
/// assert_eq!(visible("\u{1b}[2J\nok\u{202e}"), r"\u{1b}[2J\nok\u{202e}");
/// ```
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, is_visible, |character, out| out.extend(character.escape_default()))
}

/// Text of several lines with each line made [`visible`].
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    let stays = |character| character == '\n' || is_visible(character);
    escaped(text, stays, |character, out| out.extend(character.escape_default()))
}

/// The beginning of a text, of `most` characters at the most, made [`visible`]; `…` says that more follows.
///
/// ```
/// use machine_dialect_vm::escape::visible_start;
///
/// assert_eq!(visible_start("a\nb", 3), "a\\nb");
/// assert_eq!(visible_start("a\nbc", 3), "a\\nb…");
/// ```
#[must_use]
pub fn visible_start(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", visible(&text[..end]))),
        None => visible(text),
    }
}

/// JSON without a character that is not plainly visible: in its strings they become `\u` escapes. The value stays the same.
///
/// ```
/// use machine_dialect_vm::escape::visible_json;
///
/// assert_eq!(visible_json("\"\u{7f}\u{e0041}\""), r#""\u007f\udb40\udc41""#);
/// ```
#[must_use]
pub fn visible_json(json: &str) -> Cow<'_, str> {
    // Outside of strings JSON has no character like these but for line ends and tabs, which strings cannot have.
    let stays = |character| matches!(character, '\n' | '\r' | '\t') || is_visible(character);
    escaped(json, stays, |character, out| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

fn escaped(text: &str, stays: impl Fn(char) -> bool, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    let Some((first, _)) = text.char_indices().find(|(_, character)| !stays(*character)) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for character in text[first..].chars() {
        if stays(character) {
            out.push(character);
        } else {
            escape(character, &mut out);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\0\u{7}\u{8}\t\n\r\u{1b}\u{7f}\u{85}\u{9b}\u{a0}\u{ad}\u{34f}\u{61c}\u{115f}\u{180e}\u{200b}\u{200d}\u{200e}\
                           \u{2028}\u{2029}\u{202e}\u{2060}\u{2066}\u{3164}\u{e000}\u{fe0f}\u{feff}\u{fff9}\u{ffff}\u{e0001}\u{e0041}\
                           \u{e0100}\u{f0000}\u{10ffff}";

    #[test]
    fn nothing_that_moves_forges_or_hides_stays_raw() {
        let shown = visible(HOSTILE);
        assert!(shown.chars().all(|character| character.is_ascii_graphic()), "{shown}");
        assert_eq!(visible(&shown), shown);
        assert_eq!(visible_lines("a\u{1b}\nb"), "a\\u{1b}\nb");
    }

    #[test]
    fn the_standard_library_would_escape_little_more() {
        // It may know an older version of Unicode, in which a character that is visible today is not assigned yet.
        let is_older = |character: &char| {
            let text = format!("a{character}");
            !matches!(character, '"' | '\'' | '\\') && text.escape_debug().nth(1) != Some(*character)
        };
        let more: Vec<char> = ('\0'..=char::MAX).filter(|one| is_visible(*one)).filter(is_older).collect();
        assert!(more.len() < 10_000, "{} characters", more.len());
        assert!(!more.iter().any(|character| character.is_control() || character.is_whitespace()));
    }

    #[test]
    #[cfg(feature = "json")]
    fn json_stays_the_same_value() {
        let json = serde_json::Value::from(HOSTILE).to_string();
        let shown = visible_json(&json);
        assert!(shown.chars().all(|character| character.is_ascii_graphic()), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).ok().as_deref(), Some(HOSTILE));
    }

    #[test]
    fn what_is_plain_to_see_stays() {
        for text in ["", "plain", "\"quoted\" \\ 'so'", "日本語 é e\u{301} हिन्दी ß 😀"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
