//! The instruction set, the `.mdbc` file format and the language, declared once, in YAML.
//!
//! [`Spec::embedded`] gives the specification that was compiled into this crate, read and checked. The functions of
//! [`render`] print from it what other crates and packages need, so that nobody types an opcode number, an operand
//! layout, a type id, a limit, a keyword or a message a second time.

pub mod check;
pub mod model;
mod pages;
pub mod render;
mod source;

pub use pages::{Sources, Spec};
pub use source::{Problem, Problems, Source};

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
        files.extend(
            folder.files().map(|file| (std::path::Path::new(place).join(file.path()), file.contents())),
        );
    }
    files.sort();
    files
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
        let state = sources.state.parse(&mut problems);
        let (Some(isa), Some(values), Some(format), Some(errors), Some(language), Some(specops), Some(state)) =
            (isa, values, format, errors, language, specops, state)
        else {
            return Err(Problems(problems));
        };
        let spec = Self { isa, values, format, errors, language, specops, state };
        check::check(&spec, sources, &mut problems);
        if problems.is_empty() { Ok(spec) } else { Err(Problems(problems)) }
    }
}
