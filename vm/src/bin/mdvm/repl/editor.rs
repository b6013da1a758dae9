//! Entries from a terminal: a line editor with a history and completion.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use machine_dialect_vm::{Opcode, language};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::super::{PROGRAM_FAILED, explain, report, run};
use super::commands::COMMANDS;
use super::{Mode, Repl, reading};

pub(super) fn edit(repl: &mut Repl) -> ExitCode {
    let config = Config::builder().completion_type(CompletionType::List).auto_add_history(true).build();
    let mut editor: Editor<Words, DefaultHistory> = match Editor::with_config(config) {
        Ok(editor) => editor,
        Err(error) => {
            report::error(format!("the terminal cannot be used: {error}"));
            return ExitCode::from(PROGRAM_FAILED);
        }
    };
    let history = history_file();
    if let Some(path) = &history {
        // There is none at first.
        let _ = editor.load_history(path);
    }
    let greeting =
        concat!("mdvm ", env!("CARGO_PKG_VERSION"), ": Machine Dialect. :help tells more, :quit leaves.\n");
    let _ = io::stdout().write_all(greeting.as_bytes());
    let code = loop {
        editor.set_helper(Some(Words::new(repl)));
        let prompt = match repl.mode {
            Mode::Dialect => format!("{}> ", repl.state.session.next_line()),
            Mode::Assembly => "asm> ".to_owned(),
        };
        let entry = match editor.readline(&prompt) {
            Ok(entry) => entry,
            // What was typed is dropped, as shells do.
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break ExitCode::SUCCESS,
            Err(error) => {
                report::error(format!("the terminal cannot be read: {error}"));
                break ExitCode::from(PROGRAM_FAILED);
            }
        };
        match repl.enter(&entry) {
            Ok(true) => {}
            Ok(false) => break ExitCode::SUCCESS,
            Err(error) => break run::output_failed(&error),
        }
    };
    if let Some(path) = &history {
        // A history that cannot be kept is no reason to complain at the end.
        let _ = path.parent().map(fs::create_dir_all);
        let _ = editor.save_history(path);
    }
    code
}

/// Where the history is kept: `MDVM_HISTORY`, or where the system keeps what programs remember.
fn history_file() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = set("MDVM_HISTORY") {
        return Some(path);
    }
    let folder = set("XDG_STATE_HOME")
        .or_else(|| set("LOCALAPPDATA"))
        .or_else(|| set("HOME").map(|home| home.join(".local").join("state")))?;
    Some(folder.join("mdvm").join("history"))
}

/// What can be completed, and where entries end.
struct Words {
    mode: Mode,
    /// Variables and functions.
    names: Vec<String>,
    /// Words of the language, or mnemonics.
    words: Vec<String>,
}

impl Words {
    fn new(repl: &Repl) -> Self {
        let session = &repl.state.session;
        let words = match repl.mode {
            Mode::Dialect => language::words(),
            Mode::Assembly => Opcode::ALL.iter().map(|opcode| opcode.spec().mnemonic.to_owned()).collect(),
        };
        let names = session.variables().chain(session.functions()).map(str::to_owned).collect();
        Self { mode: repl.mode, names, words }
    }

    /// What may stand from a byte on, in place of what is typed there up to `position`.
    fn candidates(&self, line: &str, position: usize) -> (usize, Vec<String>) {
        let typed = &line[..position];
        if let Some(command) = typed.trim_start().strip_prefix(':') {
            let start = position - command.len();
            return match command.split_once(' ') {
                None => (start, beginning(COMMANDS.iter().map(|command| command.name), command, "", " ")),
                Some(("help", topic)) => (position - topic.len(), beginning(explain::names(), topic, "", "")),
                Some(_) => (position, Vec::new()),
            };
        }
        let current = typed.rsplit('\n').next().unwrap_or_default();
        if self.mode == Mode::Dialect && current.matches('`').count() % 2 == 1 {
            let begin = current.rfind('`').map_or(0, |at| at + 1);
            let prefix = &current[begin..];
            return (
                position - prefix.len(),
                beginning(self.names.iter().map(String::as_str), prefix, "", "`"),
            );
        }
        let begin = current
            .rfind(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .map_or(0, |at| at + current[at..].chars().next().map_or(0, char::len_utf8));
        let prefix = &current[begin..];
        if prefix.is_empty() {
            return (position, Vec::new());
        }
        let mut found = beginning(self.words.iter().map(String::as_str), prefix, "", " ");
        if self.mode == Mode::Dialect {
            found.extend(beginning(self.names.iter().map(String::as_str), prefix, "`", "`"));
        }
        (position - prefix.len(), found)
    }
}

/// The names that begin with what was typed, in any case, with something before and behind each.
fn beginning<'n>(
    names: impl Iterator<Item = &'n str>,
    prefix: &str,
    before: &str,
    behind: &str,
) -> Vec<String> {
    let prefix = prefix.to_lowercase();
    names
        .filter(|name| name.to_lowercase().starts_with(&prefix))
        .map(|name| format!("{before}{name}{behind}"))
        .collect()
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, found) = self.candidates(line, position);
        let pair = |text: String| Pair { display: text.trim_end().to_owned(), replacement: text };
        Ok((start, found.into_iter().map(pair).collect()))
    }
}

impl Validator for Words {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let is_whole = reading::is_whole(context.input(), self.mode);
        Ok(if is_whole { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}

impl Helper for Words {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_words_and_commands_are_completed() {
        let words = Words {
            mode: Mode::Dialect,
            names: vec!["cups of tea".to_owned(), "count".to_owned()],
            words: language::words(),
        };
        let found = |line: &str| words.candidates(line, line.len());
        assert_eq!(found("Say `cu"), (5, vec!["cups of tea`".to_owned()]));
        assert_eq!(found("Say cu"), (4, vec!["`cups of tea`".to_owned()]));
        assert_eq!(found("gi"), (0, vec!["Give back ".to_owned(), "Gives back ".to_owned()]));
        assert_eq!(found(":sa"), (1, vec!["save ".to_owned()]));
        assert_eq!(found(":help DivisionB"), (6, vec!["DivisionByZero".to_owned()]));
        assert_eq!(found("If `é`:\n> Say `co"), (16, vec!["count`".to_owned()]));
        assert_eq!(found("Say _1_."), (8, Vec::new()));
    }
}
