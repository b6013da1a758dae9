//! The pages of a specification: their texts, and what they say once they are read.

use std::path::Path;

use crate::model::{Errors, Format, Isa, Values, language, specops, state};
use crate::source::{Problem, Problems, Source};

/// The files of a specification, read and checked.
#[derive(Debug, Clone)]
pub struct Spec {
    /// `isa.yaml`.
    pub isa: Isa,
    /// `values.yaml`.
    pub values: Values,
    /// `format.yaml`.
    pub format: Format,
    /// `errors.yaml`.
    pub errors: Errors,
    /// `language.yaml`.
    pub language: language::Language,
    /// `specops.yaml`.
    pub specops: specops::SpecOps,
    /// `state.yaml`.
    pub state: state::State,
}

/// The texts of the files, before they are read.
#[derive(Debug, Clone)]
pub struct Sources {
    /// `isa.yaml`.
    pub isa: Source,
    /// `values.yaml`.
    pub values: Source,
    /// `format.yaml`.
    pub format: Source,
    /// `errors.yaml`.
    pub errors: Source,
    /// `language.yaml`.
    pub language: Source,
    /// `specops.yaml`.
    pub specops: Source,
    /// `state.yaml`.
    pub state: Source,
}

impl Sources {
    /// The files that were compiled into this crate.
    #[must_use]
    pub fn embedded() -> Self {
        Self {
            isa: Source::new("spec/isa.yaml", include_str!("../isa.yaml")),
            values: Source::new("spec/values.yaml", include_str!("../values.yaml")),
            format: Source::new("spec/format.yaml", include_str!("../format.yaml")),
            errors: Source::new("spec/errors.yaml", include_str!("../errors.yaml")),
            language: Source::new("spec/language.yaml", include_str!("../language.yaml")),
            specops: Source::new("spec/specops.yaml", include_str!("../specops.yaml")),
            state: Source::new("spec/state.yaml", include_str!("../state.yaml")),
        }
    }

    /// The files of a folder.
    ///
    /// # Errors
    /// Gives a problem for each file that cannot be read.
    pub fn read(folder: &Path) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut read = |name: &str| {
            let path = folder.join(name);
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
                problems.push(Problem::new(
                    &path.display().to_string(),
                    0,
                    format!("cannot be read: {error}"),
                ));
                String::new()
            });
            Source::new(&path.display().to_string(), &text)
        };
        let sources = Self {
            isa: read("isa.yaml"),
            values: read("values.yaml"),
            format: read("format.yaml"),
            errors: read("errors.yaml"),
            language: read("language.yaml"),
            specops: read("specops.yaml"),
            state: read("state.yaml"),
        };
        if problems.is_empty() { Ok(sources) } else { Err(Problems(problems)) }
    }
}
