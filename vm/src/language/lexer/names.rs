//! Names: which texts are names, and what stands for them.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization as _;

use crate::language::tables::{is_word_part, is_word_start};

/// A name, as a number that stands for its spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Symbol(pub(crate) u32);

/// The names of a page.
#[derive(Debug, Default)]
pub(crate) struct Names {
    spellings: Vec<String>,
    symbols: HashMap<String, Symbol, foldhash::fast::RandomState>,
}

impl Names {
    /// Names that look alike are one: they are known in Unicode's form NFC.
    pub(crate) fn symbol(&mut self, written: &str) -> Symbol {
        if written.is_ascii() {
            return self.symbol_of(written);
        }
        let composed: String = written.nfc().collect();
        self.symbol_of(&composed)
    }

    fn symbol_of(&mut self, spelling: &str) -> Symbol {
        if let Some(symbol) = self.symbols.get(spelling) {
            return *symbol;
        }
        let symbol = Symbol(self.spellings.len() as u32);
        self.spellings.push(spelling.to_owned());
        self.symbols.insert(spelling.to_owned(), symbol);
        symbol
    }

    pub(crate) fn spelling(&self, symbol: Symbol) -> &str {
        &self.spellings[symbol.0 as usize]
    }
}

/// How long the bare word is that the text begins with: what may be in a name, and `'` inside.
pub(super) fn word_length(text: &str) -> usize {
    let mut end = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let goes_on = is_word_part(character)
            || (character == '\''
                && at > 0
                && characters.peek().is_some_and(|(_, next)| is_word_part(*next)));
        if !goes_on {
            break;
        }
        end = at + character.len_utf8();
    }
    end
}

/// How long the `'s` is that the text begins with, and ends as a word.
pub(crate) fn possessive(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("'s").or_else(|| text.strip_prefix("'S"))?;
    (!rest.starts_with(is_word_part)).then_some(2)
}

/// Whether the text is a name: first a letter or `_`, then letters, digits, `_`, spaces, `-`, and `'` inside a word.
pub(crate) fn is_name(text: &str) -> bool {
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let fits = match (before, character) {
            (None, first) => is_word_start(first),
            (Some(before), '\'') => {
                is_word_part(before) && characters.peek().is_some_and(|next| is_word_part(*next))
            }
            (Some(_), other) => is_word_part(other) || matches!(other, ' ' | '-'),
        };
        if !fits {
            return false;
        }
        before = Some(character);
    }
    before.is_some()
}
