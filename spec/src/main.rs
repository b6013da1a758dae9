//! `mdvm-spec`: checks the specification and prints what is generated from it.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use mdvm_spec::{Sources, Spec, render};

#[derive(Parser)]
#[command(about, version)]
struct Arguments {
    /// Read the YAML files of this folder instead of those compiled in
    #[arg(long, global = true, value_name = "FOLDER")]
    spec: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check that the specification holds together
    Check,
    /// Print one of the things that are generated
    Render {
        /// What to print
        what: What,
    },
    /// Write the generated files that are checked in
    Write {
        /// The root of the repository
        #[arg(long, default_value = ".", value_name = "FOLDER")]
        root: PathBuf,
        /// Write nothing; fail when a file is stale
        #[arg(long)]
        check: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// The Rust that the VM includes
    Rust,
    /// The tables of the Python reference
    Python,
    /// The modules of the Python package that know the specification
    Package,
    /// The reference of the bytecode, for people
    Docs,
    /// The reference of the language, for people
    Language,
    /// The JSON Schema of case files
    Schema,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Spec(problems)) => {
            for problem in problems.0 {
                eprintln!("error: {problem}");
            }
            ExitCode::from(2)
        }
        // Nobody reads on; that is no fault of ours.
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Io(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Failure {
    Spec(mdvm_spec::Problems),
    Io(io::Error),
}

impl From<mdvm_spec::Problems> for Failure {
    fn from(problems: mdvm_spec::Problems) -> Self {
        Self::Spec(problems)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let sources = match &arguments.spec {
        Some(folder) => Sources::read(folder)?,
        None => Sources::embedded(),
    };
    let spec = Spec::from_sources(&sources)?;
    let mut stdout = io::stdout().lock();
    match &arguments.command {
        Command::Check => writeln!(
            stdout,
            "{} opcodes, {} types, {} errors, {} words, {} diagnostics, {} rules, {} specialised instructions: fine",
            spec.isa.opcodes.len(),
            spec.values.types.len(),
            spec.errors.load.len() + spec.errors.of_runs().count() + spec.errors.state.len(),
            spec.language.words.len(),
            spec.language.diagnostics.len(),
            spec.language.rules.len(),
            spec.specops.ops.len()
        )?,
        Command::Render { what: What::Rust } => {
            for file in render::rust::render(&spec) {
                write!(stdout, "// ---- {} ----\n{}\n", file.name, file.text)?;
            }
        }
        Command::Render { what: What::Python } => {
            stdout.write_all(render::python::tables(&spec).as_bytes())?
        }
        Command::Render { what: What::Package } => {
            for text in [
                render::package::spec(&spec),
                render::package::instructions(&spec),
                render::package::errors(&spec),
            ] {
                writeln!(stdout, "{text}")?;
            }
        }
        Command::Render { what: What::Docs } => {
            stdout.write_all(render::docs::reference(&spec).as_bytes())?
        }
        Command::Render { what: What::Language } => {
            stdout.write_all(render::language::reference(&spec).as_bytes())?
        }
        Command::Render { what: What::Schema } => {
            stdout.write_all(render::schema::cases(&spec).as_bytes())?
        }
        Command::Write { root, check } => write_files(&spec, root, *check)?,
    }
    Ok(())
}

/// Writes the files that are checked in, or fails when one of them is not as it would be written.
fn write_files(spec: &Spec, root: &Path, only_check: bool) -> Result<(), Failure> {
    for file in render::checked_in(spec) {
        let path = root.join(file.path);
        if fs::read_to_string(&path).is_ok_and(|text| text == file.text) {
            continue;
        }
        if only_check {
            return Err(io::Error::other(format!("{} is stale; run `{}`", file.path, render::WRITE)).into());
        }
        fs::write(&path, file.text)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        writeln!(io::stdout(), "wrote {}", file.path)?;
    }
    Ok(())
}
