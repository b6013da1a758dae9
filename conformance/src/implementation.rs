//! The implementations that can be tested, and how each is started.

use std::process::Command;

use machine_dialect_vm::Tiers;

use crate::embedded;

/// The variable that names the Python interpreter of the reference.
pub const PYTHON_VARIABLE: &str = "MDVM_PYTHON";

/// An implementation that can be started.
#[derive(Debug, Clone)]
pub struct Launcher {
    /// What reports call it.
    pub name: String,
    /// How it is started.
    pub start: Start,
}

/// How an implementation is started.
#[derive(Debug, Clone)]
pub enum Start {
    /// The Rust VM on a thread of this process.
    InProcess(Tiers),
    /// The reference interpreter, by the first Python there is.
    Reference,
    /// The same, telling with each answer what the run reached of it.
    Views,
    /// A command that speaks the protocol on its standard input and output.
    Command(Vec<String>),
}

impl Launcher {
    /// The Rust VM, inside this process.
    #[must_use]
    pub fn rust() -> Self {
        Self { name: "rust".to_owned(), start: Start::InProcess(Tiers::Auto) }
    }

    /// The Rust VM, inside this process, with nothing fused or specialised.
    #[must_use]
    pub fn rust_interpreter() -> Self {
        Self { name: "rust-interpreter".to_owned(), start: Start::InProcess(Tiers::Interpreter) }
    }

    /// The Rust VM, inside this process, with everything fused and specialised from the first instruction on.
    #[must_use]
    pub fn rust_specialised() -> Self {
        Self { name: "rust-specialised".to_owned(), start: Start::InProcess(Tiers::EagerSpecialised) }
    }

    /// The Rust VM, inside this process, with machine code made from the first instruction on.
    #[must_use]
    pub fn rust_jit() -> Self {
        Self { name: "rust-jit".to_owned(), start: Start::InProcess(Tiers::EagerJit) }
    }

    /// The text that [`Self::parse`] reads it from.
    #[must_use]
    pub fn argument(&self) -> String {
        match &self.start {
            Start::Command(words) => format!("{}={}", self.name, command_line(words)),
            Start::InProcess(_) | Start::Reference | Start::Views => self.name.clone(),
        }
    }

    /// The reference interpreter in Python.
    #[must_use]
    pub fn reference() -> Self {
        Self { name: "reference".to_owned(), start: Start::Reference }
    }

    /// The same, telling with each answer what the run reached of it.
    #[must_use]
    pub fn views() -> Self {
        Self { name: "reference".to_owned(), start: Start::Views }
    }

    /// Reads `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or `NAME=COMMAND`, where the command is split into words as a shell does, and nothing
    /// else that a shell does happens.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None => match text {
                "rust" => Ok(Self::rust()),
                "rust-interpreter" => Ok(Self::rust_interpreter()),
                "rust-specialised" => Ok(Self::rust_specialised()),
                "rust-jit" => Ok(Self::rust_jit()),
                "reference" => Ok(Self::reference()),
                _ => Err(format!(
                    "{text:?} is none of `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` and NAME=COMMAND"
                )),
            },
            Some((name, command)) => {
                let words = shell_words::split(command).map_err(|error| format!("{command:?}: {error}"))?;
                if name.is_empty() || words.is_empty() {
                    return Err(format!("{text:?} lacks a name or a command; it is to be NAME=COMMAND"));
                }
                Ok(Self { name: name.to_owned(), start: Start::Command(words) })
            }
        }
    }
}

/// Words as one line for a shell, those in quotes that need them.
pub(crate) fn command_line<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-+=:,./@%".contains(letter);
    let quoted = |word: &'a String| {
        if !word.is_empty() && word.chars().all(is_plain) { word.into() } else { shell_words::quote(word) }
    };
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// The commands that start the reference, the best first: one for each Python that may be there. `options` are those of `serve`.
///
/// # Errors
/// Says why the reference cannot be put where Python finds it.
pub(crate) fn reference_commands(options: &[&str]) -> std::io::Result<Vec<Command>> {
    let folder = embedded::reference_folder()?;
    let command = |python: String| {
        let mut command = Command::new(python);
        // The reference needs the standard library only; without `site` it starts in half the time.
        command.args(["-S", "-m", "mdvm_reference", "serve"]).args(options).env("PYTHONPATH", &folder);
        command
    };
    Ok(pythons().into_iter().map(command).collect())
}

/// Why the reference did not start: there is no Python that can run it, or else the problem that was seen.
pub(crate) fn explain_reference(problem: String) -> String {
    let mut seen = Vec::new();
    for python in pythons() {
        match python_version(&python) {
            Ok(version) if version >= (3, 10) => return problem,
            Ok((major, minor)) => seen.push(format!("{python} is Python {major}.{minor}")),
            Err(problem) => seen.push(format!("{python}: {problem}")),
        }
    }
    let example = if cfg!(windows) { r"C:\Python312\python.exe" } else { "/usr/bin/python3.12" };
    format!(
        "the reference interpreter needs Python 3.10 or newer ({}).\n\
         Install one (`apt install python3`, `brew install python`, https://www.python.org/downloads/),\n\
         or name the one to use: {PYTHON_VARIABLE}={example} cargo test -p mdvm-conform",
        seen.join("; ")
    )
}

/// The interpreters to try.
fn pythons() -> Vec<String> {
    match std::env::var(PYTHON_VARIABLE) {
        Ok(name) if !name.is_empty() => vec![name],
        Ok(_) | Err(_) => vec!["python3".to_owned(), "python".to_owned()],
    }
}

fn python_version(name: &str) -> Result<(u32, u32), String> {
    let script = "import sys; print(sys.version_info[0], sys.version_info[1])";
    let output = Command::new(name).args(["-c", script]).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => Err("does not tell its version".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split_like_a_shell_does() {
        let launcher = Launcher::parse("mine=env 'A=b c' ./vm --serve").unwrap();
        assert_eq!(launcher.name, "mine");
        let Start::Command(words) = launcher.start else { panic!("a command") };
        assert_eq!(words, ["env", "A=b c", "./vm", "--serve"]);
    }

    #[test]
    fn what_cannot_be_started_is_refused() {
        for text in ["mine", "=x", "mine=", "mine='x"] {
            assert!(Launcher::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_python_that_is_not_there_has_no_version() {
        assert!(python_version("no-such-python-anywhere").is_err());
    }
}
