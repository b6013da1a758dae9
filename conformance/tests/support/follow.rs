//! Follows a page of documentation as a newcomer would: saves each file that it says to save, types each command that it shows, and
//! compares what is printed.
//!
//! - A block under a line that ends in ``Save this as `NAME`:``, or the like, is a file.
//! - A `console` block is a session: what stands behind `$` is typed, and what follows is printed, on either stream. `…` is any text of a
//!   line, and alone on its line any number of lines.
//! - A `sh` block is commands that have to succeed, one a line, whatever they print.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// A fenced block: its language, the number of its first line, the text before it, and what is in it.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    pub(crate) language: &'a str,
    pub(crate) line: usize,
    pub(crate) before: &'a str,
    pub(crate) text: String,
}

/// The fenced blocks of a page.
pub(crate) fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut open: Option<Block<'_>> = None;
    let mut before = "";
    for (line, text) in (1..).zip(page.lines()) {
        match (&mut open, text.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block { language: language.trim(), line, before, text: String::new() });
                before = "";
            }
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(text);
                block.text.push('\n');
            }
            (None, None) if text.is_empty() => {}
            (None, None) => before = text,
        }
    }
    assert!(open.is_none(), "a block has no end: {open:?}");
    blocks
}

impl Block<'_> {
    /// The file that the block is to be saved as.
    pub(crate) fn file(&self) -> Option<&str> {
        let (text, name) = self.before.strip_suffix("`:")?.rsplit_once('`')?;
        text.trim_end().ends_with(" as").then_some(name)
    }

    /// The commands of a session, each with what it prints and the number of its line.
    fn commands(&self) -> Vec<(usize, &str, String)> {
        let mut commands: Vec<(usize, &str, String)> = Vec::new();
        for (line, text) in (self.line + 1..).zip(self.text.lines()) {
            if let Some(command) = text.strip_prefix("$ ") {
                commands.push((line, command, String::new()));
            } else {
                let (_, _, output) =
                    commands.last_mut().unwrap_or_else(|| panic!("line {line}: no command before it"));
                output.push_str(text);
                output.push('\n');
            }
        }
        commands
    }
}

/// What a command is replaced by: another that does the same in less time, or nothing, for the reason that is given.
pub(crate) enum Instead {
    Type(String),
    Nothing(&'static str),
}

/// Someone who follows pages in a folder.
pub(crate) struct Newcomer<'a> {
    pub(crate) folder: &'a Path,
    /// Folders in which commands are looked for first.
    pub(crate) path: Vec<&'a Path>,
    /// By the beginning of a command, what is typed in place of that beginning.
    pub(crate) instead: Vec<(&'static str, Instead)>,
    used: BTreeSet<usize>,
    typed: usize,
}

impl<'a> Newcomer<'a> {
    pub(crate) fn new(folder: &'a Path, path: Vec<&'a Path>, instead: Vec<(&'static str, Instead)>) -> Self {
        Self { folder, path, instead, used: BTreeSet::new(), typed: 0 }
    }

    /// Follows a page from its beginning to its end; `passed_over` are the languages whose blocks other tests run.
    pub(crate) fn follow(&mut self, name: &str, page: &str, passed_over: &[&str]) {
        let mut status = 0;
        for block in blocks(page) {
            if let Some(file) = block.file() {
                let path = self.folder.join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, &block.text).unwrap();
                continue;
            }
            match block.language {
                "console" => {
                    for (line, command, expected) in block.commands() {
                        let Some((printed, code)) = self.type_in(command, status) else { continue };
                        status = code;
                        assert!(
                            matches(&expected, &printed),
                            "{name}:{line}: $ {command}\n--- expected\n{expected}--- printed\n{printed}"
                        );
                    }
                }
                "sh" => {
                    for command in
                        block.text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
                    {
                        let Some((printed, code)) = self.type_in(command, status) else { continue };
                        assert_eq!(code, 0, "{name}:{}: {command}\n{printed}", block.line);
                    }
                }
                other => assert!(
                    passed_over.contains(&other),
                    "{name}:{}: nothing follows this block of {other:?}: save it as a file, or make it a session",
                    block.line
                ),
            }
        }
    }

    /// Types a command; gives what it prints and its exit code, or nothing where it is passed over.
    fn type_in(&mut self, command: &str, status: i32) -> Option<(String, i32)> {
        let found = (0..).zip(&self.instead).find(|(_, (beginning, _))| command.starts_with(beginning));
        let typed = match found {
            None => command.to_owned(),
            Some((index, (beginning, instead))) => {
                self.used.insert(index);
                match instead {
                    Instead::Nothing(_) => return None,
                    Instead::Type(other) => command.replacen(beginning, other, 1),
                }
            }
        };
        self.typed += 1;
        let old = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.path.iter().map(|path| path.to_path_buf()).chain(std::env::split_paths(&old));
        // `(exit n)` is what the command before left in `$?`.
        let output = Command::new("bash")
            .args(["-c", &format!("exec 2>&1; (exit {status}); {typed}")])
            .current_dir(self.folder)
            .env("PATH", std::env::join_paths(folders).unwrap())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("bash cannot be started: {error}"));
        Some((String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap_or(-1)))
    }

    /// That as many commands were typed, and that each replacement had one to replace.
    pub(crate) fn leave(self, least: usize) {
        assert!(self.typed >= least, "only {} commands were typed", self.typed);
        for (index, (beginning, instead)) in (0..).zip(&self.instead) {
            let why = if let Instead::Nothing(why) = instead { why } else { "" };
            assert!(self.used.contains(&index), "no page says to type {beginning} ({why})");
        }
    }
}

/// Whether a text is as expected, where `…` is any text of a line, and alone on its line any number of lines.
fn matches(expected: &str, printed: &str) -> bool {
    fn lines(expected: &[&str], printed: &[&str]) -> bool {
        match (expected, printed) {
            ([], []) => true,
            (["…", rest @ ..], _) => (0..=printed.len()).any(|skipped| lines(rest, &printed[skipped..])),
            ([first, rest @ ..], [line, others @ ..]) => matches_line(first, line) && lines(rest, others),
            _ => false,
        }
    }
    lines(&expected.lines().collect::<Vec<_>>(), &printed.lines().collect::<Vec<_>>())
}

fn matches_line(expected: &str, line: &str) -> bool {
    let Some((before, after)) = expected.split_once('…') else { return expected == line };
    let Some(rest) = line.strip_prefix(before) else { return false };
    (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| matches_line(after, rest)))
}

#[test]
fn what_is_left_out_matches_and_what_is_wrong_does_not() {
    assert!(
        matches("a\n…\nd\n", "a\nb\nc\nd\n")
            && matches("…\n", "")
            && matches("n: … of … cases\n", "n: 3 of 5 cases\n")
    );
    assert!(
        !matches("a\n", "a\nb\n")
            && !matches("a\n…\nd\n", "a\nb\n")
            && !matches("n: … of\n", "n: 3\n")
            && !matches("", "a\n")
    );
}
