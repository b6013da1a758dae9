//! Making the text of a page small that still shows what it showed.

/// Whether a text is still of interest.
pub type Check<'a> = dyn FnMut(&str) -> Result<bool, String> + 'a;

/// So many texts are tried at most.
const MOST: usize = 3000;

/// The smallest text found that is still of interest, which `text` must be.
///
/// # Errors
/// Gives what the check fails with.
pub fn reduce(text: &str, check: &mut Check<'_>) -> Result<String, String> {
    let mut reducer = Reducer { best: text.to_owned(), left: MOST, check };
    loop {
        let before = reducer.best.len();
        reducer.drop_parts(lines)?;
        reducer.drop_parts(words)?;
        if reducer.best.len() < 200 {
            reducer.drop_parts(characters)?;
        }
        if reducer.best.len() == before || reducer.left == 0 {
            return Ok(reducer.best);
        }
    }
}

struct Reducer<'a, 'b> {
    best: String,
    left: usize,
    check: &'a mut Check<'b>,
}

impl Reducer<'_, '_> {
    /// Takes parts out, many at once and then one by one, the last first.
    fn drop_parts(&mut self, cut: fn(&str) -> Vec<&str>) -> Result<(), String> {
        let mut size = cut(&self.best).len().div_ceil(2);
        while size > 0 && self.left > 0 {
            let mut end = cut(&self.best).len();
            while end > 0 && self.left > 0 {
                let parts = cut(&self.best);
                let start = end.saturating_sub(size);
                let smaller = parts[..start].concat() + &parts[end..].concat();
                self.left -= 1;
                if smaller.len() < self.best.len() && (self.check)(&smaller)? {
                    self.best = smaller;
                }
                end = start.min(cut(&self.best).len());
            }
            size /= 2;
        }
        Ok(())
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Runs of letters and digits, with the white space behind them, and single signs.
fn words(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, character) in text.char_indices() {
        let goes_on = before.is_some_and(|before: char| {
            before.is_alphanumeric() && (character.is_alphanumeric() || character == ' ')
        });
        if !goes_on && at > start {
            parts.push(&text[start..at]);
            start = at;
        }
        before = Some(character);
    }
    parts.push(&text[start..]);
    parts
}

fn characters(text: &str) -> Vec<&str> {
    text.split_inclusive(|_: char| true).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_all_that_is_needed() {
        let page = "# Title\n\nDefine `x` as Number.\n> Say _1_ + `x`.\nSay _2_.\n".repeat(20);
        let small = reduce(&page, &mut |text| Ok(text.contains("> ") && text.contains('+'))).unwrap();
        assert_eq!(small.len(), 3, "{small:?}");
        let small = reduce(&page, &mut |text| Ok(text.matches("`x`").count() > 1)).unwrap();
        assert_eq!(small, "`x``x`");
    }
}
