//! Type ids, assert kinds, limits and the constants of the file format, generated from `spec/values.yaml` and
//! `spec/format.yaml`.

use std::fmt;

include!(concat!(env!("OUT_DIR"), "/values.rs"));

impl TypeId {
    /// The type with that id.
    #[must_use]
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }

    /// The type with that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }
}

impl fmt::Display for TypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl AssertKind {
    /// The kind with that id.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }

    /// The kind with that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }
}

impl Limits {
    /// No limit at all, for programs that are trusted.
    #[must_use]
    pub fn none() -> Self {
        let mut limits = Self::default();
        for name in Self::NAMES {
            if let Some(limit) = limits.by_name(name) {
                *limit = None;
            }
        }
        limits
    }
}
