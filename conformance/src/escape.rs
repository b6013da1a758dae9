//! Showing text that others wrote. An implementation, a module or a case file may hold letters that move the cursor of a
//! terminal, forge a line, or reverse the order of what follows; whatever is shown of them goes through here.

use std::borrow::Cow;

/// The text with every letter escaped that is not plainly visible: controls (line ends too), format characters such as
/// bidirectional overrides and zero-width spaces, separators of lines and paragraphs, private and unassigned ones. What is
/// visible stays as it is, so that escaping again changes nothing.
///
/// ```
/// use mdvm_conform::escape::visible;
///
/// assert_eq!(visible("é \"a\\b\""), "é \"a\\b\"");
/// assert_eq!(visible("\u{1b}[2J\nok\u{202e}"), r"\u{1b}[2J\nok\u{202e}");
/// ```
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let Some(first) = text.char_indices().find(|(_, letter)| !is_visible(*letter)).map(|(at, _)| at) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for letter in text[first..].chars() {
        if is_visible(letter) {
            out.push(letter);
        } else {
            out.extend(letter.escape_debug());
        }
    }
    Cow::Owned(out)
}

/// Text of several lines with each line made [`visible`].
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    if text.chars().all(|letter| letter == '\n' || is_visible(letter)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split('\n').map(visible).collect::<Vec<_>>().join("\n"))
}

/// Whether a letter is plainly visible.
pub(crate) fn is_visible(letter: char) -> bool {
    matches!(letter, ' '..='~') || letter.escape_debug().next() == Some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_forges_or_hides_stays_raw() {
        let hostile = "\0\u{7}\u{8}\t\n\r\u{1b}\u{7f}\u{85}\u{9b}\u{ad}\u{61c}\u{200b}\u{200d}\u{200e}\u{2028}\u{2029}\u{202e}\u{2060}\
                       \u{2066}\u{feff}\u{fff9}\u{e000}\u{e0041}\u{ffff}";
        let shown = visible(hostile);
        assert!(shown.chars().all(|letter| letter.is_ascii_graphic()), "{shown}");
        assert_eq!(visible(&shown), shown);
        assert_eq!(visible_lines("a\u{1b}\nb"), "a\\u{1b}\nb");
    }

    #[test]
    fn what_is_plain_to_see_stays() {
        for text in ["", "plain", "\"quoted\" \\ 'so'", "日本語 é ß 😀"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
