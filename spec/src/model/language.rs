//! The declarations of `language.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Field, FormatLimit, pascal_case};

/// `language.yaml`: the language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// Its name.
    pub name: String,
    /// The extension of its files, with the period.
    pub file_extension: String,
    /// What front ends refuse beyond.
    pub limits: Vec<FormatLimit>,
    /// The words.
    pub words: Vec<WordEntry>,
    /// Words that vanish.
    pub fillers: Vec<String>,
    /// The types that programs name.
    pub types: Vec<DeclaredTypeEntry>,
    /// What is known of an expression without running it.
    pub static_types: Vec<StaticTypeEntry>,
    /// The literals.
    pub literals: Vec<LiteralEntry>,
    /// Which texts are URLs.
    pub url_pattern: String,
    /// What may follow a backslash in a text.
    pub escapes: Vec<EscapeEntry>,
    /// The groups of operators, from the loosest to the tightest.
    pub precedence: Vec<GroupEntry>,
    /// The operators.
    pub operators: Vec<OperatorEntry>,
    /// The forms of statements, definitions and expressions.
    pub forms: Vec<FormEntry>,
    /// What other languages write.
    #[serde(default)]
    pub habits: Vec<HabitEntry>,
    /// What front ends report.
    pub diagnostics: Vec<DiagnosticEntry>,
    /// What the forms leave open.
    pub rules: Vec<RuleEntry>,
}

impl Language {
    /// What each spelling means, in lower case: those of the most words first, then the longest. One may mean several
    /// things, such as a value and a type.
    #[must_use]
    pub fn spellings(&self) -> Vec<(Vec<String>, Meanings<'_>)> {
        let mut meanings: BTreeMap<Vec<String>, Meanings<'_>> = BTreeMap::new();
        let words =
            |spelling: &str| -> Vec<String> { spelling.split_whitespace().map(str::to_lowercase).collect() };
        for entry in &self.words {
            for spelling in &entry.spellings {
                meanings.entry(words(spelling)).or_default().word = Some(entry);
            }
        }
        for entry in &self.operators {
            for spelling in &entry.spellings {
                meanings.entry(words(spelling)).or_default().operator = Some(entry);
            }
        }
        for entry in &self.types {
            for spelling in &entry.spellings {
                meanings.entry(words(spelling)).or_default().declared_type = Some(entry);
            }
        }
        let mut all: Vec<_> = meanings.into_iter().collect();
        let length = |words: &[String]| (words.len(), words.iter().map(String::len).sum::<usize>());
        all.sort_by(|(one, _), (other, _)| length(other).cmp(&length(one)).then_with(|| one.cmp(other)));
        all
    }

    /// The signs of operators and the operators that each may be; the longest first.
    #[must_use]
    pub fn signs(&self) -> Vec<(&str, Vec<&OperatorEntry>)> {
        let mut all: Vec<(&str, Vec<&OperatorEntry>)> = Vec::new();
        for operator in &self.operators {
            for sign in &operator.signs {
                match all.iter_mut().find(|(known, _)| known == sign) {
                    Some((_, operators)) => operators.push(operator),
                    None => all.push((sign, vec![operator])),
                }
            }
        }
        all.sort_by_key(|(sign, _)| std::cmp::Reverse(sign.len()));
        all
    }
}

/// What other languages write for something that this one has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HabitEntry {
    /// Words, in lower case, and signs.
    pub written: Vec<String>,
    /// The hint of a message about one of them.
    pub hint: String,
}

/// What one spelling means.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meanings<'a> {
    /// A word.
    pub word: Option<&'a WordEntry>,
    /// An operator.
    pub operator: Option<&'a OperatorEntry>,
    /// A type.
    pub declared_type: Option<&'a DeclaredTypeEntry>,
}

/// One word.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordEntry {
    /// The name that tables use.
    pub name: String,
    /// One of [`WordRole`].
    pub role: String,
    /// What programs write, the usual spelling first.
    pub spellings: Vec<String>,
}

/// One type that programs name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredTypeEntry {
    /// The name that messages show.
    pub name: String,
    /// What programs write.
    pub spellings: Vec<String>,
    /// The static types that fit, beside empty and unknown, which fit every type.
    pub holds: Vec<String>,
}

impl DeclaredTypeEntry {
    /// The name as that of a Rust variant: `Yes/No` becomes `YesNo`, `URL` becomes `Url`.
    #[must_use]
    pub fn variant(&self) -> String {
        let parts = self.name.split(|letter: char| !letter.is_ascii_alphanumeric());
        parts
            .map(|part| {
                let is_acronym = part.chars().all(|letter| letter.is_ascii_uppercase());
                if is_acronym { pascal_case(&part.to_ascii_lowercase()) } else { part.to_owned() }
            })
            .collect()
    }
}

/// One class of what is known of an expression.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticTypeEntry {
    /// The name.
    pub name: String,
    /// The types of values that it can be; where there is none, any.
    pub values: Vec<String>,
    /// How messages name it.
    pub summary: String,
}

/// One kind of literal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiteralEntry {
    /// The name.
    pub name: String,
    /// Its static type.
    #[serde(rename = "type")]
    pub static_type: String,
    /// A regular expression for what is between the underscores.
    pub pattern: String,
    /// Literals, with their underscores where they have them.
    pub examples: Vec<String>,
    /// What it is.
    pub summary: String,
}

/// One escape.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscapeEntry {
    /// What is written: a backslash and a character.
    pub written: String,
    /// The character that it stands for.
    pub character: char,
}

impl EscapeEntry {
    /// The character after the backslash.
    #[must_use]
    pub fn letter(&self) -> Option<char> {
        let mut letters = self.written.strip_prefix('\\')?.chars();
        letters.next().filter(|_| letters.next().is_none())
    }
}

/// One group of operators that bind alike.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupEntry {
    /// The name.
    pub name: String,
    /// One of [`GroupKind`].
    pub kind: String,
}

/// One operator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorEntry {
    /// The name.
    pub name: String,
    /// The group in `precedence`.
    pub group: String,
    /// The phrases.
    #[serde(default)]
    pub spellings: Vec<String>,
    /// The signs.
    #[serde(default)]
    pub signs: Vec<String>,
    /// One of [`Gives`].
    pub gives: String,
    /// What it does.
    pub summary: String,
}

impl OperatorEntry {
    /// How messages show it: its first phrase, or its first sign.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.spellings.first().or(self.signs.first()).map_or("", String::as_str)
    }
}

/// One form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormEntry {
    /// The name.
    pub name: String,
    /// One of [`FormKind`].
    pub kind: String,
    /// The form, for people.
    pub form: String,
    /// What it does.
    pub summary: String,
    /// A program.
    pub example: String,
    /// What the program prints.
    pub prints: String,
}

/// One diagnostic.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiagnosticEntry {
    /// The kind that outcomes show.
    pub kind: String,
    /// One of [`Severity`].
    pub severity: String,
    /// The template of the message.
    pub message: String,
    /// The fields of the templates.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What it is reported at.
    pub at: String,
    /// The template of the hint, where there is one.
    #[serde(default)]
    pub hint: Option<String>,
    /// The shortest program that gives it, where one is short enough to be here.
    #[serde(default)]
    pub example: Option<String>,
    /// The line of that program that it names.
    #[serde(default)]
    pub line: Option<usize>,
}

/// One rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleEntry {
    /// What comments and programs cite.
    pub id: String,
    /// The rule.
    pub text: String,
}

closed_names! {
    /// What a word can be. `language.yaml` may use no other.
    WordRole {
        /// It begins a statement.
        Statement = "statement",
        /// It is written within a statement.
        Joining = "joining",
        /// It is a kind of function.
        Definition = "definition",
        /// It heads a section of a function.
        Section = "section",
        /// It is a value.
        Value = "value",
        /// It has no form yet, and is refused.
        Reserved = "reserved",
    }
}

closed_names! {
    /// What a form is of.
    FormKind {
        /// A statement.
        Statement = "statement",
        /// A definition.
        Definition = "definition",
        /// An expression.
        Expression = "expression",
    }
}

closed_names! {
    /// Where the operators of a group are written among their operands.
    GroupKind {
        /// `a if c else b`.
        Conditional = "conditional",
        /// Between two.
        Infix = "infix",
        /// Before one.
        Prefix = "prefix",
    }
}

closed_names! {
    /// What is known of what an operator gives; rule Types tells the details.
    Gives {
        /// Yes or No.
        Truth = "truth",
        /// A number or a text.
        Sum = "sum",
        /// A number, whole where both operands are.
        Arithmetic = "arithmetic",
        /// A number.
        Number = "number",
        /// What its operand is.
        Same = "same",
        /// A list.
        List = "list",
    }
}

closed_names! {
    /// What a diagnostic does to a program.
    Severity {
        /// The program is not compiled.
        Error = "error",
        /// It is.
        Warning = "warning",
    }
}
