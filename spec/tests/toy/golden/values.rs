// Generated from spec/values.yaml and spec/format.yaml by "cargo run -p mdvm-spec -- render rust". Do not edit.

/// The type of a value. Its number is what instructions encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum TypeId {
    /// `empty`
    Empty = 0,
    /// `int`
    Int = 1,
}

impl TypeId {
    /// Every type, in order of its id.
    pub const ALL: &'static [Self] = &[
        Self::Empty,
        Self::Int,
    ];

    /// The name, as in `int`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Int => "int",
        }
    }

    /// The name as some messages show it, as in `Int`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Int => "Int",
        }
    }
}

/// What an assertion checks. Its number is what instructions encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AssertKind {
    /// `true`: the value is truthy.
    True = 0,
}

impl AssertKind {
    /// Every kind, in order of its id.
    pub const ALL: &'static [Self] = &[
        Self::True,
    ];

    /// The name in assembly.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::True => "true",
        }
    }
}

/// The limits of a run. `None` is no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// In instructions; over it the run ends with `OutOfMemory`.
    pub max_steps: Option<u64>,
    /// In bytes; over it the run ends with `OutOfMemory`.
    pub max_memory: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_steps: None,
            max_memory: Some(1024),
        }
    }
}

impl Limits {
    /// The names of the limits.
    pub const NAMES: &'static [&'static str] = &[
        "max_steps",
        "max_memory",
    ];

    /// The limit of that name, to be set.
    pub fn by_name(&mut self, name: &str) -> Option<&mut Option<u64>> {
        match name {
            "max_steps" => Some(&mut self.max_steps),
            "max_memory" => Some(&mut self.max_memory),
            _ => None,
        }
    }
}

/// The memory cost model, in bytes.
pub(crate) mod costs {
    /// For a call.
    pub(crate) const FRAME: u64 = 4096;
}

/// The weight over which an outcome elides a value.
#[cfg(any(feature = "json", feature = "pyo3"))]
pub(crate) const OUTCOME_WEIGHT_LIMIT: u64 = 10;

/// How many bytes of a value's text a trace digest takes in.
pub(crate) const TRACE_TEXT_BYTES: usize = 8;

/// How many instructions a trace holds.
pub const TRACE_STEPS: usize = 100;

/// How many open scopes a frame remembers.
pub(crate) const TRACKED_SCOPES: usize = 4;

/// What a loader reads, as its errors call it.
pub(crate) mod reads {
    pub(crate) const MAGIC: &str = "magic";
    pub(crate) const CONSTANT_COUNT: &str = "constant count";
    pub(crate) const INT_CONSTANT: &str = "int constant";
}

/// The constants of the file format.
pub(crate) mod format {
    /// The first bytes of a module: `TOYS`.
    pub const MAGIC: [u8; 4] = [0x54, 0x4f, 0x59, 0x53];
    pub(crate) const VERSION: u32 = 1;
    pub(crate) const FLAGS: u32 = 1;
    pub(crate) const HEADER_BYTES: u32 = 4;
    pub(crate) const ENTRY_FUNCTION: &str = "main";
    /// an operand addresses a constant with a u16.
    pub(crate) const MAX_CONSTANTS: u32 = 65536;
    pub(crate) const LEAST_BYTES_OF_CONSTANTS: u32 = 1;
}

/// The constants of states.
pub(crate) mod state {
    /// The version.
    #[cfg(feature = "json")]
    pub(crate) const VERSION: u64 = 1;
}

/// The constants of source maps.
#[allow(dead_code)]
pub(crate) mod source_map {
    /// The extension of the file.
    pub(crate) const EXTENSION: &str = ".toym";
    /// The first bytes of a source map.
    pub(crate) const MAGIC: &[u8] = b"TOYM";
    /// The version.
    pub(crate) const VERSION: u32 = 1;
    /// The size of the header.
    pub(crate) const HEADER_BYTES: u32 = 12;
    /// How many bytes of the module's SHA-256 the header has.
    pub(crate) const MODULE_HASH_BYTES: u32 = 8;
    /// How many sections there are.
    pub(crate) const SECTIONS: u32 = 1;
}
