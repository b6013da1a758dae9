//! Showing text that others wrote. A module, a page or the name of a file may hold characters that move the cursor of a terminal,
//! forge a line, or turn the direction of what follows; whatever is shown of them goes through here.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character is plainly visible: of none of the Unicode general categories Cc, Cf, Cs, Co, Cn, Zl and Zp, and no space
/// but the plain one.
///
/// ```
/// use machine_dialect_vm::escape::is_visible;
///
/// assert!(['a', ' ', '"', '\\', 'é', '\u{301}', '日'].into_iter().all(is_visible));
/// assert!(!['\n', '\u{7f}', '\u{9b}', '\u{200b}', '\u{202e}', '\u{e0041}', '\u{e000}'].into_iter().any(is_visible));
/// ```
#[must_use]
pub fn is_visible(character: char) -> bool {
    if matches!(character, ' '..='~') {
        return true;
    }
    // The standard library escapes by category. Only at the beginning of a string does it escape combining characters as well.
    let mut buffer = [b'a', 0, 0, 0, 0];
    let length = character.encode_utf8(&mut buffer[1..]).len();
    let text = std::str::from_utf8(&buffer[..=length]).unwrap_or_default();
    text.escape_debug().nth(1) == Some(character)
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

    #[test]
    fn nothing_that_moves_forges_or_hides_stays_raw() {
        let hostile = "\0\u{7}\u{8}\t\n\r\u{1b}\u{7f}\u{85}\u{9b}\u{ad}\u{61c}\u{200b}\u{200d}\u{200e}\u{2028}\u{2029}\u{202e}\u{2060}\
                       \u{2066}\u{feff}\u{fff9}\u{e000}\u{e0041}\u{ffff}\u{10ffff}";
        let shown = visible(hostile);
        assert!(shown.chars().all(|character| character.is_ascii_graphic()), "{shown}");
        assert_eq!(visible(&shown), shown);
        assert_eq!(visible_lines("a\u{1b}\nb"), "a\\u{1b}\nb");
        let json = serde_json::Value::from(hostile).to_string();
        let shown = visible_json(&json);
        assert!(shown.chars().all(|character| character.is_ascii_graphic()), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), hostile);
    }

    #[test]
    fn what_is_plain_to_see_stays() {
        for text in ["", "plain", "\"quoted\" \\ 'so'", "日本語 é e\u{301} हिन्दी ß 😀"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
