//! Which texts are URLs: those that `url_pattern` of `spec/language.yaml` matches, written out so that it takes no engine for
//! patterns.

/// Schemes that need no `//` behind them.
const WITHOUT_AUTHORITY: [&str; 3] = ["mailto:", "data:", "file:"];

/// Whether a text is a URL.
pub(crate) fn is_url(text: &str) -> bool {
    if let Some((scheme, rest)) = text.split_once("://") {
        let mut letters = scheme.chars();
        let is_scheme = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '.' | '-'));
        let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        if is_scheme && host > 0 && rest.chars().all(may_stand_in_url) {
            return true;
        }
    }
    WITHOUT_AUTHORITY.iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && rest.chars().all(may_stand_in_url))
    })
}

fn may_stand_in_url(character: char) -> bool {
    !character.is_whitespace() && !matches!(character, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_url() {
        for url in
            ["https://example.com/a?b=c#d", "h+1.-://x", "mailto:a@b", "data:,x", "file:/etc", "file:///etc"]
        {
            assert!(is_url(url), "{url}");
        }
        for text in [
            "https://",
            "https:///a",
            "1a://b",
            "://b",
            "mailto:",
            "a b://c",
            "https://a b",
            "https://a\"",
            "tea",
        ] {
            assert!(!is_url(text), "{text}");
        }
    }
}
