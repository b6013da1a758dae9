//! `mdvm repl`: Machine Dialect, entry by entry.

mod assembly;
mod commands;
mod editor;
mod reading;

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use machine_dialect_vm::asm::instruction_text;
use machine_dialect_vm::escape::visible_lines;
use machine_dialect_vm::language::{Reading, Session};
use machine_dialect_vm::{Completion, Failure, Module, Run, TraceStep, Value, Vm};

use super::map::Map;
use super::run::{self, Output};
use super::{PROGRAM_FAILED, report};

/// What the page of a session is called in messages.
const NAME: &str = "session";

/// Reads entries until they end. Without a terminal, the exit code tells whether one of them failed.
pub(crate) fn repl() -> ExitCode {
    let mut repl = Repl::new(run::listen_for_interrupts());
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        return editor::edit(&mut repl);
    }
    let mut entries = reading::Entries::new(io::stdin().lock());
    loop {
        let entry = match entries.next(repl.mode) {
            Ok(Some(entry)) => entry,
            Ok(None) => break,
            Err(error) => {
                report::error(format!("standard input: cannot be read: {error}"));
                return ExitCode::from(PROGRAM_FAILED);
            }
        };
        match repl.enter(&entry) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return run::output_failed(&error),
        }
    }
    ExitCode::from(if repl.has_failed { PROGRAM_FAILED } else { 0 })
}

/// What entries are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Dialect,
    Assembly,
}

/// What entries change, and `:undo` brings back.
#[derive(Clone)]
struct State {
    session: Session,
    /// The globals, and so the variables of the session.
    globals: Vec<(String, Value)>,
    /// The registers that assembly wrote.
    registers: Vec<(u8, Value)>,
}

impl State {
    fn new() -> Self {
        Self { session: Session::new(NAME), globals: Vec::new(), registers: Vec::new() }
    }
}

struct Repl {
    mode: Mode,
    state: State,
    /// Earlier states, the newest last.
    before: Vec<State>,
    /// The newest entry.
    last: Option<Last>,
    has_failed: bool,
    interrupt: Arc<AtomicBool>,
}

/// An entry that ran.
struct Last {
    module: Module,
    map: Map,
    /// The globals that it began with.
    globals: Vec<(String, Value)>,
}

/// How a run of an entry came to its end.
type Ended = Result<Completion, Box<Failure>>;

impl Repl {
    fn new(interrupt: Arc<AtomicBool>) -> Self {
        Self {
            mode: Mode::Dialect,
            state: State::new(),
            before: Vec::new(),
            last: None,
            has_failed: false,
            interrupt,
        }
    }

    /// Carries an entry out; tells whether the session goes on. An error is one of standard output.
    fn enter(&mut self, text: &str) -> io::Result<bool> {
        let text = text.trim_end();
        if text.trim().is_empty() {
            return Ok(true);
        }
        if let Some(command) = text.trim_start().strip_prefix(':') {
            return self.command(command);
        }
        match self.mode {
            Mode::Dialect => self.enter_page(text, Trace::No)?,
            Mode::Assembly => self.enter_assembly(text)?,
        }
        Ok(true)
    }

    fn enter_page(&mut self, text: &str, trace: Trace) -> io::Result<()> {
        let with_period;
        let text = match Session::reading(text) {
            Reading::WithoutPeriod => {
                with_period = format!("{text}.");
                &with_period
            }
            Reading::Whole | Reading::UntilBlank | Reading::UntilTwoBlank => text,
        };
        let entry = match self.state.session.compile(text) {
            Ok(entry) => entry,
            Err(diagnostics) => {
                self.has_failed = true;
                report::drawn(&diagnostics.render(report::has_colour()));
                return Ok(());
            }
        };
        if !entry.warnings.is_empty() {
            report::drawn(&entry.warnings.render(report::has_colour()));
        }
        if entry.is_prose {
            if entry.warnings.is_empty() {
                report::text(&format!(
                    "note: this is prose, so there is nothing to run{}\n",
                    self.hint(text)
                ));
                self.state.session.accept(entry);
            }
            return Ok(());
        }
        self.remember();
        let map = Map::Known(Box::new(entry.map.clone()));
        let ended = self.run(entry.module.clone(), map, trace)?;
        self.state.session.accept(entry);
        if let Ok(completion) = ended
            && completion.result != Value::Empty
        {
            self.say(&format!("= {:?}", completion.result))?;
        }
        Ok(())
    }

    /// What helps, where a name of the session begins a text that is prose.
    fn hint(&self, text: &str) -> String {
        let session = &self.state.session;
        let is_word = |name: &&str| {
            text.strip_prefix(name)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        };
        match session.variables().filter(is_word).max_by_key(|name| name.len()) {
            Some(name) => format!("; a name stands in backticks: `{name}`"),
            None => String::new(),
        }
    }

    /// Runs a module with the globals of the session, and keeps what they become. Says why a run failed.
    fn run(&mut self, module: Module, map: Map, trace: Trace) -> io::Result<Ended> {
        self.interrupt.store(false, Ordering::Relaxed);
        let vm = Vm::new(module.clone());
        let mut stdout = Output::new();
        let mut write = |line: &str| stdout.write(line);
        let source = map.get();
        let mut steps = 0_u64;
        let mut tell = |step: TraceStep| {
            steps += 1;
            if steps <= TRACED {
                let line = source.as_ref().and_then(|map| map.place_of(step.pc as usize));
                let place = line.map_or(String::new(), |place| format!("{}:{}", place.line, place.column));
                let instruction = instruction_text(&module, step.pc as usize).unwrap_or_default();
                report::text(&format!("{place:>8}  {:>5}  {instruction}\n", step.pc));
            }
        };
        let mut run = Run::new(&mut write).interrupt(&self.interrupt);
        let globals = std::mem::take(&mut self.state.globals);
        for (name, value) in &globals {
            run = run.global(name, value.clone());
        }
        if trace == Trace::Yes {
            run = run.trace(&mut tell);
        }
        let ended = vm.run(run);
        if trace == Trace::Yes && steps > TRACED {
            report::text(&format!("… {} instructions more\n", steps - TRACED));
        }
        stdout.flush()?;
        drop(source);
        match &ended {
            Ok(completion) => self.state.globals = completion.globals.clone(),
            Err(failure) => {
                self.has_failed = true;
                self.state.globals = failure.globals.clone();
                report::failure(failure, &module, &map, Path::new(NAME));
            }
        }
        self.last = Some(Last { module, map, globals });
        Ok(ended)
    }

    /// Keeps the state for `:undo`.
    fn remember(&mut self) {
        /// How many entries can be taken back.
        const MOST: usize = 100;
        if self.before.len() == MOST {
            self.before.remove(0);
        }
        self.before.push(self.state.clone());
    }

    fn say(&self, line: &str) -> io::Result<()> {
        let mut stdout = Output::new();
        // What a page or a value says must not command the terminal.
        stdout.write(&visible_lines(line))?;
        stdout.write("\n")?;
        stdout.flush()
    }

    fn complain(&mut self, message: impl std::fmt::Display) {
        self.has_failed = true;
        report::error(message);
    }
}

/// Whether to tell of each instruction of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trace {
    No,
    Yes,
}

/// How many instructions of a run are reported.
const TRACED: u64 = 1000;
