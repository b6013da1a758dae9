//! The words, operators, types and diagnostics of the language, as `spec/language.yaml` declares them.

use std::collections::HashMap;
use std::sync::LazyLock;

include!(concat!(env!("OUT_DIR"), "/language.rs"));

/// The spellings by their first run of letters, the longest first.
static BY_FIRST: LazyLock<HashMap<&'static str, Vec<&'static Spelling>, foldhash::fast::RandomState>> =
    LazyLock::new(|| {
        let mut index: HashMap<_, Vec<&'static Spelling>, _> = HashMap::default();
        for spelling in SPELLINGS {
            if let Some(first) = spelling.words.first() {
                let letters = first.find(|character: char| !is_word_part(character)).unwrap_or(first.len());
                index.entry(&first[..letters]).or_default().push(spelling);
            }
        }
        let length = |spelling: &Spelling| {
            (spelling.words.len(), spelling.words.iter().map(|word| word.len()).sum::<usize>())
        };
        for spellings in index.values_mut() {
            spellings.sort_by_key(|spelling| std::cmp::Reverse(length(spelling)));
        }
        index
    });

impl Spelling {
    /// As pages write it: what begins a statement and types have a capital letter.
    pub(crate) fn written(&self) -> String {
        let text = self.words.join(" ");
        let name = self.declared_type.map(DeclaredType::name);
        if let Some(name) = name.filter(|name| name.eq_ignore_ascii_case(&text)) {
            return name.to_owned();
        }
        let is_capital = self.declared_type.is_some()
            || self.word.is_some_and(|word| {
                matches!(
                    word.role(),
                    WordRole::Statement | WordRole::Definition | WordRole::Section | WordRole::Value
                )
            });
        let mut letters = text.chars();
        match letters.next() {
            Some(first) if is_capital => first.to_uppercase().chain(letters).collect(),
            Some(_) | None => text,
        }
    }
}

/// The spellings that begin with that word, in lower case, the longest first.
pub(crate) fn spellings_of(first: &str) -> &'static [&'static Spelling] {
    BY_FIRST.get(first).map_or(&[], Vec::as_slice)
}

/// What this language has for what is written in others, where it is that what `found` begins with.
pub(crate) fn hint_for_habit(found: &str) -> Option<&'static str> {
    let found = found.trim_start_matches('_');
    let is_it = |written: &&str| {
        if written.starts_with(is_word_part) {
            found.eq_ignore_ascii_case(written)
        } else {
            found.starts_with(written)
        }
    };
    HABITS.iter().find(|(all, _)| all.iter().any(is_it)).map(|(_, hint)| *hint)
}

/// Whether the word, in lower case, is a filler.
pub(crate) fn is_filler(word: &str) -> bool {
    FILLERS.binary_search(&word).is_ok()
}

/// Whether a name or a bare word may begin with the character (rule Characters).
pub(crate) fn is_word_start(character: char) -> bool {
    character == '_' || unicode_ident::is_xid_start(character)
}

/// Whether a name or a bare word may go on with the character; `'` may be inside one too.
pub(crate) fn is_word_part(character: char) -> bool {
    unicode_ident::is_xid_continue(character)
}

/// Types, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Types(u32);

impl Types {
    pub(crate) fn insert(&mut self, declared: DeclaredType) {
        self.0 |= 1 << declared as u32;
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = DeclaredType> {
        DeclaredType::ALL.iter().copied().filter(move |declared| self.0 & (1 << *declared as u32) != 0)
    }

    /// Whether a value of that class fits one of them. What is not known may.
    pub(crate) fn hold(self, class: StaticType) -> bool {
        matches!(class, StaticType::Unknown | StaticType::Empty)
            || self.iter().any(|declared| declared.holds().contains(&class))
    }

    /// Whether they are these alone: at least one, and no other.
    pub(crate) fn are_only(self, declared: &[DeclaredType]) -> bool {
        self.0 != 0 && self.iter().all(|one| declared.contains(&one))
    }

    /// How many they are.
    pub(crate) fn count(self) -> u32 {
        self.0.count_ones()
    }
}
