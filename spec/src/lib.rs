//! The instruction set, the `.mdbc` file format and the language, declared once, in YAML.
//!
//! [`Spec::embedded`] gives the specification that was compiled into this crate, read and checked. The functions of
//! [`render`] print from it what other crates and packages need, so that nobody types an opcode number, an operand
//! layout, a type id, a limit, a keyword or a message a second time.

pub mod check;
pub mod model;
pub mod render;
mod source;

/// The case files and the programs, by their paths from the folder `spec`, as in `cases/arith/add.yaml`.
#[cfg(feature = "cases")]
#[must_use]
pub fn case_files() -> Vec<(std::path::PathBuf, &'static [u8])> {
    static CASES: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/cases");
    static PROGRAMS: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/programs");
    let mut files = Vec::new();
    let mut folders = vec![("cases", &CASES), ("programs", &PROGRAMS)];
    while let Some((place, folder)) = folders.pop() {
        folders.extend(folder.dirs().map(|inner| (place, inner)));
        files.extend(folder.files().map(|file| (Path::new(place).join(file.path()), file.contents())));
    }
    files.sort();
    files
}

use std::fmt;
use std::path::Path;

pub use source::{Problem, Source};

/// The files of a specification, read and checked.
#[derive(Debug, Clone)]
pub struct Spec {
    /// `isa.yaml`.
    pub isa: model::Isa,
    /// `values.yaml`.
    pub values: model::Values,
    /// `format.yaml`.
    pub format: model::Format,
    /// `errors.yaml`.
    pub errors: model::Errors,
    /// `language.yaml`.
    pub language: model::language::Language,
    /// `specops.yaml`.
    pub specops: model::specops::SpecOps,
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
        };
        if problems.is_empty() { Ok(sources) } else { Err(Problems(problems)) }
    }
}

impl Spec {
    /// The specification that was compiled into this crate.
    ///
    /// # Errors
    /// Gives every problem found, each with its file and line.
    pub fn embedded() -> Result<Self, Problems> {
        Self::from_sources(&Sources::embedded())
    }

    /// Reads and checks a specification.
    ///
    /// # Errors
    /// Gives every problem found, each with its file and line. A file that is not well-formed hides the problems of
    /// the others' references to it, so mending one may show the next.
    pub fn from_sources(sources: &Sources) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let isa = sources.isa.parse(&mut problems);
        let values = sources.values.parse(&mut problems);
        let format = sources.format.parse(&mut problems);
        let errors = sources.errors.parse(&mut problems);
        let language = sources.language.parse(&mut problems);
        let specops = sources.specops.parse(&mut problems);
        let (Some(isa), Some(values), Some(format), Some(errors), Some(language), Some(specops)) =
            (isa, values, format, errors, language, specops)
        else {
            return Err(Problems(problems));
        };
        let spec = Self { isa, values, format, errors, language, specops };
        check::check(&spec, sources, &mut problems);
        if problems.is_empty() { Ok(spec) } else { Err(Problems(problems)) }
    }
}

/// Everything that is wrong with a specification; one line each.
#[derive(Debug, Clone)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
