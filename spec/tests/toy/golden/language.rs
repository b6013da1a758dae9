// Generated from spec/language.yaml by "cargo run -p mdvm-spec -- render rust". Do not edit.

/// What a word can be.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum WordRole {
    /// `statement`.
    Statement,
    /// `joining`.
    Joining,
    /// `definition`.
    Definition,
    /// `section`.
    Section,
    /// `value`.
    Value,
    /// `reserved`.
    Reserved,
}

/// A word of the language.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Word {
    /// `Say`, `Tell`.
    Say,
    /// `Give back`.
    GiveBack,
    /// `not`.
    Not,
    /// `empty`.
    Empty,
}

#[allow(dead_code)]
impl Word {
    /// All of them, in order.
    pub(crate) const ALL: &'static [Self] = &[
        Self::Say,
        Self::GiveBack,
        Self::Not,
        Self::Empty,
    ];

    /// The name in the specification.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Say => "say",
            Self::GiveBack => "give_back",
            Self::Not => "not",
            Self::Empty => "empty",
        }
    }

    /// The usual spelling.
    #[must_use]
    pub(crate) fn spelling(self) -> &'static str {
        match self {
            Self::Say => "Say",
            Self::GiveBack => "Give back",
            Self::Not => "not",
            Self::Empty => "empty",
        }
    }

    /// What it is.
    #[must_use]
    pub(crate) fn role(self) -> WordRole {
        match self {
            Self::Say => WordRole::Statement,
            Self::GiveBack => WordRole::Statement,
            Self::Not => WordRole::Joining,
            Self::Empty => WordRole::Value,
        }
    }

    /// Which statement it begins, if it begins one.
    #[must_use]
    pub(crate) fn statement(self) -> Option<StatementWord> {
        match self {
            Self::Say => Some(StatementWord::Say),
            Self::GiveBack => Some(StatementWord::GiveBack),
            Self::Not => None,
            Self::Empty => None,
        }
    }
}

/// A word that begins a statement.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum StatementWord {
    /// `Say`, `Tell`.
    Say,
    /// `Give back`.
    GiveBack,
}

/// A group of operators that bind alike; the loosest is the least.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Group {
    /// `conditional`: conditional.
    Conditional,
    /// `sum`: infix.
    Sum,
    /// `prefix`: prefix.
    Prefix,
}

/// What is known of what an operator gives.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Gives {
    /// `truth`.
    Truth,
    /// `sum`.
    Sum,
    /// `arithmetic`.
    Arithmetic,
    /// `number`.
    Number,
    /// `same`.
    Same,
    /// `list`.
    List,
}

/// An operator.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    /// `-`: subtracts (rule Numbers).
    Minus,
    /// `-`: the negative.
    Negative,
    /// `not`: the opposite.
    Not,
}

#[allow(dead_code)]
impl Operator {
    /// All of them, in order.
    pub(crate) const ALL: &'static [Self] = &[
        Self::Minus,
        Self::Negative,
        Self::Not,
    ];

    /// The name in the specification.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Minus => "minus",
            Self::Negative => "negative",
            Self::Not => "not",
        }
    }

    /// How messages show it: its first phrase, or its sign.
    #[must_use]
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Minus => "-",
            Self::Negative => "-",
            Self::Not => "not",
        }
    }

    /// How tightly it binds.
    #[must_use]
    pub(crate) fn group(self) -> Group {
        match self {
            Self::Minus => Group::Sum,
            Self::Negative => Group::Prefix,
            Self::Not => Group::Prefix,
        }
    }

    /// What is known of what it gives.
    #[must_use]
    pub(crate) fn gives(self) -> Gives {
        match self {
            Self::Minus => Gives::Arithmetic,
            Self::Negative => Gives::Same,
            Self::Not => Gives::Truth,
        }
    }
}

/// What is known of an expression without running it.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum StaticType {
    /// A whole number.
    Whole,
    /// Empty.
    Empty,
}

#[allow(dead_code)]
impl StaticType {
    /// All of them, in order.
    pub(crate) const ALL: &'static [Self] = &[
        Self::Whole,
        Self::Empty,
    ];

    /// The name in the specification.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Empty => "empty",
        }
    }

    /// How messages name it.
    #[must_use]
    pub(crate) fn summary(self) -> &'static str {
        match self {
            Self::Whole => "a whole number",
            Self::Empty => "empty",
        }
    }
}

/// A type that a program names.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DeclaredType {
    /// `Whole Number`.
    WholeNumber,
    /// `Yes/No`.
    YesNo,
    /// `URL`, `link`.
    Url,
    /// `Empty`.
    Empty,
}

#[allow(dead_code)]
impl DeclaredType {
    /// All of them, in order.
    pub(crate) const ALL: &'static [Self] = &[
        Self::WholeNumber,
        Self::YesNo,
        Self::Url,
        Self::Empty,
    ];

    /// The name that messages show.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WholeNumber => "Whole Number",
            Self::YesNo => "Yes/No",
            Self::Url => "URL",
            Self::Empty => "Empty",
        }
    }

    /// What fits, beside empty and what is not known, which fit every type.
    #[must_use]
    pub(crate) fn holds(self) -> &'static [StaticType] {
        match self {
            Self::WholeNumber => &[StaticType::Whole],
            Self::YesNo => &[StaticType::Whole],
            Self::Url => &[StaticType::Empty],
            Self::Empty => &[],
        }
    }
}

/// Words that are one after another, and what they mean: one thing or several.
#[derive(Debug)]
pub(crate) struct Spelling {
    /// The words, in lower case.
    pub(crate) words: &'static [&'static str],
    /// The word that it is.
    pub(crate) word: Option<Word>,
    /// The operator that it is.
    pub(crate) operator: Option<Operator>,
    /// The type that it is.
    pub(crate) declared_type: Option<DeclaredType>,
}

/// All spellings: those of the most words first, then the longest.
pub(crate) static SPELLINGS: &[Spelling] = &[
    Spelling { words: &["whole", "number"], word: None, operator: None, declared_type: Some(DeclaredType::WholeNumber) },
    Spelling { words: &["give", "back"], word: Some(Word::GiveBack), operator: None, declared_type: None },
    Spelling { words: &["is", "not"], word: None, operator: Some(Operator::Not), declared_type: None },
    Spelling { words: &["yes/no"], word: None, operator: None, declared_type: Some(DeclaredType::YesNo) },
    Spelling { words: &["empty"], word: Some(Word::Empty), operator: None, declared_type: Some(DeclaredType::Empty) },
    Spelling { words: &["link"], word: None, operator: None, declared_type: Some(DeclaredType::Url) },
    Spelling { words: &["tell"], word: Some(Word::Say), operator: None, declared_type: None },
    Spelling { words: &["not"], word: Some(Word::Not), operator: Some(Operator::Not), declared_type: None },
    Spelling { words: &["say"], word: Some(Word::Say), operator: None, declared_type: None },
    Spelling { words: &["url"], word: None, operator: None, declared_type: Some(DeclaredType::Url) },
];

/// The signs and the operators that each may be; the longest first.
pub(crate) static SIGNS: &[(&str, &[Operator])] = &[
    ("-", &[Operator::Minus, Operator::Negative]),
];

/// The words that vanish, in lower case, sorted.
pub(crate) static FILLERS: &[&str] = &[
    "a",
    "the",
];

/// What may stand behind a backslash in a text, and what it means.
pub(crate) static ESCAPES: &[(char, char)] = &[
    ('n', '\n'),
    ('"', '"'),
];

/// What other languages write, words in lower case and signs, and the hint that says what this one has.
pub(crate) static HABITS: &[(&[&str], &str)] = &[
    (&["print", "!"], "`Say` prints a value"),
];

/// The form of each statement, by the word that it begins with.
pub(crate) static FORMS: &[(Word, &str)] = &[
    (Word::Say, "Say EXPRESSION."),
];

/// What a diagnostic does to a program.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The program is not compiled.
    Error,
    /// The program is compiled all the same.
    Warning,
}

#[allow(dead_code)]
impl Severity {
    /// All of them, in order.
    pub const ALL: &'static [Self] = &[
        Self::Error,
        Self::Warning,
    ];

    /// The name that outcomes show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// The kind of a diagnostic.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiagnosticKind {
    /// `` no variable `{name}` here ``.
    UndefinedName,
    /// `_{text}_ is no {type}`.
    InvalidLiteral,
    /// `deeper than {limit}`.
    TooDeep,
    /// `no period`.
    MissingPeriod,
}

#[allow(dead_code)]
impl DiagnosticKind {
    /// All of them, in order.
    pub const ALL: &'static [Self] = &[
        Self::UndefinedName,
        Self::InvalidLiteral,
        Self::TooDeep,
        Self::MissingPeriod,
    ];

    /// The name that outcomes show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UndefinedName => "UndefinedName",
            Self::InvalidLiteral => "InvalidLiteral",
            Self::TooDeep => "TooDeep",
            Self::MissingPeriod => "MissingPeriod",
        }
    }

    /// What it does to a program.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::UndefinedName => Severity::Error,
            Self::InvalidLiteral => Severity::Error,
            Self::TooDeep => Severity::Warning,
            Self::MissingPeriod => Severity::Error,
        }
    }
}

/// What is wrong, or odd, in a page. Its texts are those that the specification declares.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(dead_code)]
pub(crate) enum Problem {
    /// At the name.
    UndefinedName { name: String },
    /// At the literal.
    InvalidLiteral { text: String, r#type: String },
    /// At the token.
    TooDeep { limit: u64 },
    /// At the end.
    MissingPeriod,
}

#[allow(dead_code)]
impl Problem {
    /// Its kind.
    #[must_use]
    pub(crate) fn kind(&self) -> DiagnosticKind {
        match self {
            Self::UndefinedName { .. } => DiagnosticKind::UndefinedName,
            Self::InvalidLiteral { .. } => DiagnosticKind::InvalidLiteral,
            Self::TooDeep { .. } => DiagnosticKind::TooDeep,
            Self::MissingPeriod => DiagnosticKind::MissingPeriod,
        }
    }

    /// What is wrong, in a sentence.
    #[must_use]
    pub(crate) fn message(&self) -> String {
        match self {
            Self::UndefinedName { name } => format!("no variable `{name}` here"),
            Self::InvalidLiteral { text, r#type } => format!("_{text}_ is no {type}", type = r#type),
            Self::TooDeep { limit } => format!("deeper than {limit}"),
            Self::MissingPeriod => "no period".to_owned(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::InvalidLiteral { text, .. } => Some(format!("write \"{text}\"")),
            Self::TooDeep { .. } => Some("less is more".to_owned()),
            Self::UndefinedName { .. }
            | Self::MissingPeriod => None,
        }
    }
}

/// What is refused beyond.
#[allow(dead_code)]
pub(crate) mod limits {
    /// Deeper is refused.
    pub(crate) const NESTING: u32 = 10;
}

/// Regular expressions of what stands between the underscores of literals.
#[allow(dead_code)]
pub(crate) mod patterns {
    /// A whole number.
    pub(crate) const WHOLE: &str = "[0-9]+";
}

/// A regular expression of the texts that are URLs.
#[allow(dead_code)]
pub(crate) const URL_PATTERN: &str = "toy:[^\"]*";

/// The extension of a page's file.
#[allow(dead_code)]
pub(crate) const FILE_EXTENSION: &str = ".toy";
