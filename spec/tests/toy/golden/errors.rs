// Generated from spec/errors.yaml by "cargo run -p mdvm-spec -- render rust". Do not edit.

/// What an instruction expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expected {
    /// `numeric`
    Numeric,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Numeric => "numeric",
        })
    }
}

/// An operation that a type does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `negation`
    Negation,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Negation => "negation",
        })
    }
}

/// Why a module cannot be loaded. Its text is the message that the specification declares.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum LoadError {
    /// The first four bytes are not the magic.
    InvalidMagic { found: [u8; 4] },
}

/// The kind of a [`LoadError`], as outcomes show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoadErrorKind {
    /// The first four bytes are not the magic.
    InvalidMagic,
}

impl LoadErrorKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::InvalidMagic,
    ];

    /// The name of the kind.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidMagic => "InvalidMagic",
        }
    }
}

impl LoadError {
    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> LoadErrorKind {
        match self {
            Self::InvalidMagic { .. } => LoadErrorKind::InvalidMagic,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidMagic { found } => write!(f, "invalid magic {found}", found = Hex(found)),
        }
    }
}

impl std::error::Error for LoadError {}

/// Why a run ended before the program did. Its text is the message that the specification declares.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RuntimeError {
    /// An operand has a type that the instruction does not take.
    TypeMismatch { expected: Expected, r#type: TypeId },
    /// The memory of the run would be over its limit.
    OutOfMemory { limit: u64 },
}

/// The kind of a [`RuntimeError`], as outcomes show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuntimeErrorKind {
    /// An operand has a type that the instruction does not take.
    TypeMismatch,
    /// The memory of the run would be over its limit.
    OutOfMemory,
}

impl RuntimeErrorKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::TypeMismatch,
        Self::OutOfMemory,
    ];

    /// The name of the kind.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TypeMismatch => "TypeMismatch",
            Self::OutOfMemory => "OutOfMemory",
        }
    }
}

impl RuntimeError {
    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> RuntimeErrorKind {
        match self {
            Self::TypeMismatch { .. } => RuntimeErrorKind::TypeMismatch,
            Self::OutOfMemory { .. } => RuntimeErrorKind::OutOfMemory,
        }
    }
}

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypeMismatch { expected, r#type } => write!(f, "Type mismatch: expected {expected}, found {type}", r#type = r#type.title()),
            Self::OutOfMemory { limit } => write!(f, "Out of memory: the limit is {limit:#x} bytes"),
        }
    }
}

impl std::error::Error for RuntimeError {}

/// Why a run cannot go on from a state. Its text is the message that the specification declares.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StateError {
    /// It is no state.
    InvalidState { problem: String },
}

/// The kind of a [`StateError`], as outcomes show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateErrorKind {
    /// It is no state.
    InvalidState,
}

impl StateErrorKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::InvalidState,
    ];

    /// The name of the kind.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidState => "InvalidState",
        }
    }
}

impl StateError {
    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> StateErrorKind {
        match self {
            Self::InvalidState { .. } => StateErrorKind::InvalidState,
        }
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidState { problem } => write!(f, "invalid state: {problem}"),
        }
    }
}

impl std::error::Error for StateError {}
