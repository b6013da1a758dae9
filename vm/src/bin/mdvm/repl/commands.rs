//! The commands of the REPL, which begin with a colon.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use machine_dialect_vm::asm::listing_lines;
use machine_dialect_vm::language;

use super::super::files::write_whole;
use super::super::{dis, explain, report, trace};
use super::{Last, Mode, Repl, State, TRACED, Trace};

/// One command.
pub(super) struct Command {
    pub(super) name: &'static str,
    /// What follows the name.
    argument: &'static str,
    summary: &'static str,
}

const fn command(name: &'static str, argument: &'static str, summary: &'static str) -> Command {
    Command { name, argument, summary }
}

pub(super) const COMMANDS: &[Command] = &[
    command("help", "[NAME]", "this, or what an opcode, an error, a form or a rule is: :help for_each"),
    command("vars", "", "the variables and other globals, with their values"),
    command("functions", "", "the functions"),
    command("list", "", "what was entered, with the numbers of its lines"),
    command("load", "FILE", "enter a page"),
    command("save", "FILE", "write what was entered to a page"),
    command("dis", "", "the instructions of the last entry"),
    command("step", "", "what the last entry executed, step by step, with what each step read and wrote"),
    command("trace", "ENTRY", "run an entry and tell of each instruction"),
    command("undo", "", "take the last entry back"),
    command("reset", "", "forget everything"),
    command("asm", "[CODE]", "enter assembly from now on, or once; registers are kept"),
    command("md", "", "enter Machine Dialect again"),
    command("registers", "", "the registers that assembly wrote"),
    command("quit", "", "leave; Ctrl-D does, too"),
];

impl Repl {
    /// Carries a command out; tells whether the session goes on.
    pub(super) fn command(&mut self, text: &str) -> io::Result<bool> {
        let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let argument = argument.trim();
        match name {
            "help" | "h" | "?" => self.help(argument)?,
            "vars" | "globals" => {
                let lines = self.state.globals.iter().map(|(name, value)| format!("{name} = {value:?}"));
                self.say_lines(lines.collect())?;
            }
            "functions" => {
                let lines = self.state.session.functions().map(str::to_owned);
                self.say_lines(lines.collect())?;
            }
            "registers" => {
                let lines =
                    self.state.registers.iter().map(|(register, value)| format!("r{register} = {value:?}"));
                self.say_lines(lines.collect())?;
            }
            "list" => self.list()?,
            "load" => self.load(argument)?,
            "save" => self.save(argument)?,
            "dis" => self.disassemble()?,
            "step" => self.step()?,
            "trace" if argument.is_empty() => self.complain(":trace needs an entry, as in :trace Say _1_."),
            "trace" => self.enter_page(argument, Trace::Yes)?,
            "undo" => match self.before.pop() {
                Some(state) => self.state = state,
                None => self.complain("there is nothing to take back"),
            },
            "reset" => {
                self.remember();
                self.state = State::new();
            }
            "asm" if argument.is_empty() => self.mode = Mode::Assembly,
            "asm" => self.enter_assembly(argument)?,
            "md" => self.mode = Mode::Dialect,
            "quit" | "q" | "exit" => return Ok(false),
            _ => {
                let near = language::nearest(name, COMMANDS.iter().map(|command| command.name));
                let hint =
                    near.map_or(":help lists them".to_owned(), |near| format!("did you mean :{near}?"));
                self.complain(format!("no command is called :{name}; {hint}"));
            }
        }
        Ok(true)
    }

    fn help(&mut self, name: &str) -> io::Result<()> {
        if !name.is_empty() {
            return match explain::text_of(name) {
                Ok(text) => self.say(text.trim_end()),
                Err(message) => {
                    self.complain(message);
                    Ok(())
                }
            };
        }
        let mut text = "\
Type a statement, or an expression to see its value. Variables and functions are kept; what is defined again takes the
place of what was there. A block ends with an empty line, a function with two. A statement that fails changes no variable.
Ctrl-C ends a run.\n\n"
            .to_owned();
        for command in COMMANDS {
            let _ = writeln!(
                text,
                "  :{:<18} {}",
                format!("{} {}", command.name, command.argument),
                command.summary
            );
        }
        self.say(text.trim_end())
    }

    fn list(&mut self) -> io::Result<()> {
        let page = self.state.session.page();
        let lines =
            page.lines().zip(1..).map(|(line, number)| format!("{number:>4}  {line}").trim_end().to_owned());
        self.say_lines(lines.collect())
    }

    /// Enters a page, which has to be right without what was entered before it.
    fn load(&mut self, path: &str) -> io::Result<()> {
        if path.is_empty() {
            self.complain(":load needs a file, as in :load page.md");
            return Ok(());
        }
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.complain(format!("{}: cannot be read: {error}", report::shown(Path::new(path))));
                return Ok(());
            }
        };
        match language::check(&text, path) {
            Ok(_) => self.enter_page(&without_front_matter(&text), Trace::No),
            Err(diagnostics) => {
                self.has_failed = true;
                report::drawn(&diagnostics.render(report::has_colour()));
                Ok(())
            }
        }
    }

    fn save(&mut self, path: &str) -> io::Result<()> {
        if path.is_empty() {
            self.complain(":save needs a file, as in :save page.md");
            return Ok(());
        }
        let page = self.state.session.page();
        if let Err(error) = write_whole(Path::new(path), page.as_bytes()) {
            self.complain(format!("{}: cannot be written: {error}", report::shown(Path::new(path))));
            return Ok(());
        }
        if let Err(diagnostics) = language::check(&page, path) {
            report::warning(
                "the page was written, and it does not compile yet, as a page runs from its beginning:",
            );
            report::drawn(&diagnostics.render(report::has_colour()));
        }
        Ok(())
    }

    fn disassemble(&mut self) -> io::Result<()> {
        let Some(Last { module, map, .. }) = &self.last else {
            self.complain("nothing was run yet");
            return Ok(());
        };
        let map = map.get();
        let mut sources = map.as_deref().map(dis::SourceLines::new);
        listing_lines(module, |line| {
            if let Some(source) = sources.as_mut().and_then(|sources| sources.before(line)) {
                self.say(&source)?;
            }
            self.say(line.text)
        })
    }

    /// Runs the last entry once more, from where it began, for its steps alone.
    fn step(&mut self) -> io::Result<()> {
        let Some(Last { module, map, globals }) = &self.last else {
            self.complain("nothing was run yet");
            return Ok(());
        };
        self.interrupt.store(false, Ordering::Relaxed);
        let ended = trace::again(module, map.get().as_deref(), globals, &self.interrupt, TRACED);
        self.interrupt.store(false, Ordering::Relaxed);
        ended
    }

    fn say_lines(&self, lines: Vec<String>) -> io::Result<()> {
        if lines.is_empty() { Ok(()) } else { self.say(&lines.join("\n")) }
    }
}

/// A page without the front matter, which would be prose within another page. Lines stay where they are.
fn without_front_matter(page: &str) -> String {
    let is_mark = |line: &str| line.trim_end() == "---";
    let mut lines: Vec<&str> = page.trim_start_matches('\u{feff}').lines().collect();
    if lines.first().is_some_and(|line| is_mark(line))
        && let Some(end) = lines.iter().skip(1).position(|line| is_mark(line))
    {
        lines[..end + 2].fill("");
    }
    lines.join("\n")
}
