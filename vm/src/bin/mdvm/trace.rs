//! `mdvm trace`: each instruction that a program executes, with the values it read and wrote.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Args;
use machine_dialect_vm::asm::instruction_text;
use machine_dialect_vm::escape::{visible, visible_json};
use machine_dialect_vm::language::SourceMap;
use machine_dialect_vm::{
    Completion, Failure, Limits, Module, Observer, Reg, Run, RuntimeErrorKind, Step, Value, Vm, Written,
    outcome,
};
use serde_json::Value as Json;

use super::run::{self, Output};
use super::watchdog::Watchdog;
use super::{BAD_MODULE, ProgramArguments, report, units};

#[derive(Args)]
#[command(after_help = "\
The trace goes to standard output, and what the program prints is part of it. With --json each step is an object on a line of its own:
  {\"step\", \"pc\", \"function\", \"depth\", \"line\", \"column\", \"instruction\", \"reads\", \"writes\", \"prints\"}
where \"line\" and \"column\" are there if a page is known, and \"prints\" if something was. The last line is {\"outcome\": …}, or
{\"stopped\": …} where --to or --limit ended it. A value whose text is long is {\"cut\": \"how it begins\"}.")]
pub(crate) struct TraceArguments {
    #[command(flatten)]
    program: ProgramArguments,
    #[command(flatten)]
    shown: Shown,
}

/// Which steps are shown, and how.
#[derive(Args, Default)]
struct Shown {
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
    /// Show the steps of this function only; can be given several times
    #[arg(long, value_name = "NAME")]
    function: Vec<String>,
    /// Show steps from this one on; the first is 1
    #[arg(long, value_name = "STEP", value_parser = units::count)]
    from: Option<u64>,
    /// End the run behind this step
    #[arg(long, value_name = "STEP", value_parser = units::count)]
    to: Option<u64>,
    /// End the run when that many steps were shown
    #[arg(long, value_name = "N", value_parser = units::count)]
    limit: Option<u64>,
}

pub(crate) fn trace(arguments: &TraceArguments) -> ExitCode {
    let begin = Instant::now();
    let given = &arguments.program;
    let watchdog = Watchdog::new(false);
    if let Some(time) = given.max_time {
        watchdog.end_after(time.saturating_add(run::GRACE));
    }
    let globals = match run::read_globals(&given.globals) {
        Ok(globals) => globals,
        Err(message) => {
            report::error(message);
            return ExitCode::from(BAD_MODULE);
        }
    };
    let program = match given.read() {
        Ok(program) => program,
        Err(error) => {
            report::input_error(&error, given.path());
            return ExitCode::from(BAD_MODULE);
        }
    };
    let vm = Vm::new(program.module);
    let source = program.map.get();
    if let Err(message) = check_functions(&arguments.shown.function, vm.module(), source.as_deref()) {
        report::error(message);
        return ExitCode::from(BAD_MODULE);
    }
    let interrupt = run::listen_for_interrupts();
    let printed = RefCell::new(String::new());
    let mut tracer = Tracer::new(&arguments.shown, vm.module(), source.as_deref(), &printed, &interrupt);
    let mut print = |text: &str| -> io::Result<()> {
        printed.borrow_mut().push_str(text);
        Ok(())
    };
    let limits = given.limits();
    let to = arguments.shown.to;
    let most = limits.max_steps.into_iter().chain(to).min();
    let is_ended_by_to = to.is_some() && most == to;
    let run = Run::new(&mut print).limits(Limits { max_steps: most, ..limits }).interrupt(&interrupt);
    let run = globals.into_iter().fold(run, |run, (name, value)| run.global(name, value));
    let run = match given.max_time.and_then(|time| begin.checked_add(time)) {
        Some(deadline) => run.deadline(deadline),
        None => run,
    };
    // After each instruction the machine looks whether it shall go on, so that a limit is exact.
    let result = vm.run(run.fuel_slice(1).observe(&mut tracer));
    tracer.give_up_rest();
    let stopped = match &result {
        Err(failure) if failure.error.kind() == RuntimeErrorKind::Interrupted => tracer.stopped.take(),
        Err(failure) if failure.error.kind() == RuntimeErrorKind::StepLimitExceeded && is_ended_by_to => {
            most.map(|step| format!("--to {step}"))
        }
        Ok(_) | Err(_) => None,
    };
    if arguments.shown.json {
        tracer.end_as_json(&result, stopped.as_deref());
    }
    watchdog.disarm();
    if let Err(error) = tracer.finish() {
        return run::output_failed(&error);
    }
    match (&result, stopped) {
        (_, Some(why)) => {
            report::text(&format!("note: {why} ended the run\n"));
            ExitCode::SUCCESS
        }
        (Ok(_), None) => ExitCode::SUCCESS,
        (Err(failure), None) => {
            report::failure(failure, vm.module(), &program.map, given.path());
            ExitCode::from(run::code_of(failure))
        }
    }
}

/// Shows the steps of a run that happened before, whose end is known: of at most `most` of them. An error is one of standard output.
pub(crate) fn again(
    module: &Module,
    map: Option<&SourceMap>,
    globals: &[(String, Value)],
    interrupt: &AtomicBool,
    most: u64,
) -> io::Result<()> {
    let shown = Shown { limit: Some(most), ..Shown::default() };
    let vm = Vm::new(module.clone());
    let printed = RefCell::new(String::new());
    let mut tracer = Tracer::new(&shown, module, map, &printed, interrupt);
    let mut print = |text: &str| -> io::Result<()> {
        printed.borrow_mut().push_str(text);
        Ok(())
    };
    let run = Run::new(&mut print).interrupt(interrupt).fuel_slice(1);
    let run = globals.iter().fold(run, |run, (name, value)| run.global(name, value.clone()));
    // How it ends was shown when it ended first.
    let _ = vm.run(run.observe(&mut tracer));
    if let Some(why) = tracer.stopped.take() {
        tracer.write(&format!("… and more ({why})"));
    }
    tracer.finish()
}

/// Refuses a function that there is none of: its trace would be empty, which looks like an answer.
fn check_functions(names: &[String], module: &Module, map: Option<&SourceMap>) -> Result<(), String> {
    let mut known: Vec<&str> = module.functions().iter().map(|function| function.name.as_str()).collect();
    known.extend(map.into_iter().flat_map(SourceMap::functions).map(|function| function.name.as_str()));
    known.push(machine_dialect_vm::ENTRY_FUNCTION);
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            known.sort_unstable();
            known.dedup();
            Err(format!(
                "--function {}: there is no such function; there are {}",
                visible(name),
                visible(&known.join(", "))
            ))
        }
    }
}

/// A step that was read and has not been carried out.
struct Pending {
    step: u64,
    depth: usize,
    pc: usize,
    function: String,
    reads: Vec<(Reg, String)>,
}

struct Tracer<'a> {
    arguments: &'a Shown,
    module: &'a Module,
    map: Option<&'a SourceMap>,
    /// What the program printed since the last step.
    printed: &'a RefCell<String>,
    /// Ends the run.
    interrupt: &'a AtomicBool,
    /// What ended it, where that was the trace.
    stopped: Option<String>,
    steps: u64,
    shown: u64,
    /// For each step that was announced, in order: what to show of it, if anything.
    pending: VecDeque<Option<Pending>>,
    /// The function, the depth and the line of the last step that was shown.
    place: Option<(String, usize, Option<u32>)>,
    out: Output,
    written: io::Result<()>,
}

impl<'a> Tracer<'a> {
    fn new(
        arguments: &'a Shown,
        module: &'a Module,
        map: Option<&'a SourceMap>,
        printed: &'a RefCell<String>,
        interrupt: &'a AtomicBool,
    ) -> Self {
        Self {
            arguments,
            module,
            map,
            printed,
            interrupt,
            stopped: None,
            steps: 0,
            shown: 0,
            pending: VecDeque::new(),
            place: None,
            out: Output::new(),
            written: Ok(()),
        }
    }

    /// The function of a step: as the page names it, where there is one.
    fn function(&self, step: &Step<'_>) -> (String, bool) {
        let named = step.function.and_then(|index| self.module.functions().get(index));
        let own = named.map_or(machine_dialect_vm::ENTRY_FUNCTION, |function| &function.name);
        let of_page =
            self.map.and_then(|map| map.function_of(step.pc)).map(|function| function.name.as_str());
        let wanted = &self.arguments.function;
        let is_wanted = |name: &str| wanted.iter().any(|one| one == name);
        (
            of_page.unwrap_or(own).to_owned(),
            wanted.is_empty() || is_wanted(own) || of_page.is_some_and(is_wanted),
        )
    }

    fn value(&self, value: &Value) -> String {
        let text = format!("{value:?}");
        if !self.arguments.json {
            /// How many characters are shown of a value.
            const SHOWN: usize = 60;
            return match text.char_indices().nth(SHOWN) {
                Some((end, _)) => visible(&format!("{}…", &text[..end])).into_owned(),
                None => visible(&text).into_owned(),
            };
        }
        match text.strip_suffix('…') {
            // A text in quotes ends with one, so this is where it was cut.
            Some(begin) => format!(r#"{{"cut": {}}}"#, Json::from(begin)),
            None => value.to_json(),
        }
    }

    fn write(&mut self, line: &str) {
        if self.written.is_err() {
            return;
        }
        self.written = self.out.write(line).and_then(|()| self.out.write("\n"));
        if self.written.is_err() {
            self.interrupt.store(true, Ordering::Relaxed);
        }
    }

    fn show(&mut self, pending: &Pending, writes: &[(Reg, String)]) {
        let printed = std::mem::take(&mut *self.printed.borrow_mut());
        let place = self.map.and_then(|map| map.place_of(pending.pc));
        let instruction = instruction_text(self.module, pending.pc).unwrap_or_default();
        if self.arguments.json {
            let Pending { step, depth, pc, function, reads } = pending;
            let mut line = format!(
                r#"{{"step": {step}, "pc": {pc}, "function": {}, "depth": {depth}"#,
                Json::from(function.as_str())
            );
            if let Some(place) = place {
                let _ = write!(line, r#", "line": {}, "column": {}"#, place.line, place.column);
            }
            let _ = write!(line, r#", "instruction": {}"#, Json::from(instruction));
            let _ = write!(line, r#", "reads": {}, "writes": {}"#, object(reads), object(writes));
            if !printed.is_empty() {
                let _ = write!(line, r#", "prints": {}"#, Json::from(printed));
            }
            line.push('}');
            return self.write(&visible_json(&line));
        }
        let now = Some((pending.function.clone(), pending.depth, place.map(|place| place.line)));
        if self.place != now {
            self.place = now;
            let mut head = format!("; {}", visible(&pending.function));
            if let (Some(map), Some(place)) = (self.map, place) {
                let text = visible(map.line(place.line).unwrap_or_default()).into_owned();
                let _ = write!(head, ", {}:{}: {text}", visible(map.name()), place.line);
            }
            self.write(head.trim_end());
        }
        let mut line = format!("{:>8} {:>6}  {instruction:<32}", pending.step, pending.pc);
        let list = |values: &[(Reg, String)]| {
            values
                .iter()
                .map(|(register, value)| format!("{register} = {value}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        if !pending.reads.is_empty() || !writes.is_empty() {
            let _ = write!(line, "; {}", list(&pending.reads));
        }
        if !writes.is_empty() {
            let _ = write!(line, "{}-> {}", if pending.reads.is_empty() { "" } else { " " }, list(writes));
        }
        self.write(line.trim_end());
        if !printed.is_empty() {
            self.write(&format!("{:>15}  prints {}", "", visible(&format!("{printed:?}"))));
        }
    }

    /// Steps that were announced and never carried out are none that happened.
    fn give_up_rest(&mut self) {
        self.pending.clear();
    }

    fn end_as_json(&mut self, result: &Result<Completion, Box<Failure>>, stopped: Option<&str>) {
        let line = match (stopped, self.map) {
            (Some(why), _) => format!(r#"{{"stopped": {}}}"#, Json::from(why)),
            // What was printed stands with the steps that did.
            (None, Some(map)) => format!(r#"{{"outcome": {}}}"#, outcome::of_page(result, "", map)),
            (None, None) => format!(r#"{{"outcome": {}}}"#, outcome::of_run(result, "")),
        };
        self.write(&visible_json(&line));
    }

    fn finish(mut self) -> io::Result<()> {
        std::mem::replace(&mut self.written, Ok(())).and_then(|()| self.out.flush())
    }
}

impl Observer for Tracer<'_> {
    fn before(&mut self, step: &Step<'_>) {
        self.steps += 1;
        // Most of a long trace may be left out, so that costs little.
        if self.arguments.from.is_some_and(|from| self.steps < from) || self.stopped.is_some() {
            return self.pending.push_back(None);
        }
        let (function, is_shown) = self.function(step);
        self.pending.push_back(is_shown.then(|| Pending {
            step: self.steps,
            depth: step.depth,
            pc: step.pc,
            function,
            reads: step.reads(self.module).map(|(register, value)| (register, self.value(value))).collect(),
        }));
    }

    fn after(&mut self, _: usize, written: Written<'_>) {
        let Some(Some(pending)) = self.pending.pop_front() else {
            // What a step printed that is not shown is not shown either.
            self.printed.borrow_mut().clear();
            return;
        };
        if self.arguments.limit == Some(self.shown) {
            return;
        }
        let mut writes: Vec<(Reg, String)> = Vec::new();
        for (register, value) in written.iter() {
            writes.retain(|(known, _)| *known != register);
            writes.push((register, self.value(value)));
        }
        self.show(&pending, &writes);
        self.shown += 1;
        if let Some(limit) = self.arguments.limit.filter(|limit| *limit == self.shown) {
            self.stopped = Some(format!("--limit {limit}"));
            self.interrupt.store(true, Ordering::Relaxed);
        }
    }
}

fn object(values: &[(Reg, String)]) -> String {
    let fields: Vec<String> =
        values.iter().map(|(register, value)| format!(r#""{register}": {value}"#)).collect();
    format!("{{{}}}", fields.join(", "))
}
