//! `mdvm run`.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;
use signal_hook::flag::{register, register_conditional_shutdown};

use machine_dialect_vm::escape::{visible, visible_json};
use machine_dialect_vm::{
    Completion, Failure, Limits, Profile, Run, RuntimeErrorKind, Sink, State, StateError, Value, Vm, outcome,
};

use super::map::Map;
use super::stats::Stats;
use super::watchdog::Watchdog;
use super::{BAD_MODULE, INTERRUPTED, PROGRAM_FAILED, RunArguments, report};
use super::{monitor, resume, usage};

pub(crate) fn run(arguments: &RunArguments) -> ExitCode {
    run_from(arguments, None)
}

/// Runs a program from its beginning, or from the state in a file.
pub(crate) fn run_from(arguments: &RunArguments, from: Option<&Path>) -> ExitCode {
    let begin = Instant::now();
    let watchdog = Watchdog::new(arguments.json);
    let given = &arguments.program;
    if let Some(time) = given.max_time {
        watchdog.end_after(time.saturating_add(GRACE));
    }
    let globals = match read_globals(&given.globals) {
        Ok(globals) => globals,
        Err(message) => {
            if arguments.json {
                return watchdog.answer(&usage::outcome(&message), BAD_MODULE);
            }
            report::error(message);
            return ExitCode::from(BAD_MODULE);
        }
    };
    let program = match given.read() {
        Ok(program) => program,
        Err(error) if arguments.json => return watchdog.answer(&error.to_json(), BAD_MODULE),
        Err(error) => {
            report::input_error(&error, given.path());
            return ExitCode::from(BAD_MODULE);
        }
    };
    if let Err(message) = monitor::check(&arguments.monitor, &program.map) {
        if arguments.json {
            return watchdog.answer(&usage::outcome(&message), BAD_MODULE);
        }
        report::error(message);
        return ExitCode::from(BAD_MODULE);
    }
    let state = match from.map(resume::read).transpose() {
        Ok(state) => state,
        Err(problem) => return problem.tell(arguments.json, &watchdog),
    };
    let interrupt = listen_for_interrupts();
    let job = Job {
        arguments,
        from: from.zip(state),
        vm: Vm::new(program.module),
        map: program.map,
        globals,
        interrupt: &interrupt,
        // A time too long for the clock is no limit.
        deadline: given.max_time.and_then(|time| begin.checked_add(time)),
        watchdog: &watchdog,
    };
    if arguments.json { job.run_as_json() } else { job.run_plainly() }
}

/// A program that is about to run, and how.
struct Job<'a> {
    arguments: &'a RunArguments,
    /// The state that the run goes on from, and its file.
    from: Option<(&'a Path, State)>,
    vm: Vm,
    map: Map,
    globals: Vec<(String, Value)>,
    interrupt: &'a AtomicBool,
    deadline: Option<Instant>,
    watchdog: &'a Watchdog,
}

impl Job<'_> {
    fn run_plainly(&self) -> ExitCode {
        let mut stdout = Output::new();
        let mut write = |line: &str| stdout.write(line);
        let begin = Instant::now();
        let result = match self.go(&mut write) {
            Ok(result) => result,
            Err(problem) => return problem.tell(false, self.watchdog),
        };
        let time = begin.elapsed();
        let mut written = Ok(());
        if let (Ok(completion @ Completion { state: None, .. }), true) = (&result, self.arguments.result) {
            written = stdout.write(&format!("{}\n", completion.result.to_json()));
        }
        let written = written.and_then(|()| stdout.flush());
        let code = match (&result, written) {
            (Ok(completion), Ok(())) => resume::save(completion, self.arguments),
            (Ok(_), Err(error)) => output_failed(&error),
            (Err(failure), _) => match &failure.sink_error {
                Some(error) => output_failed(error),
                None => {
                    report::failure(failure, self.vm.module(), &self.map, self.arguments.program.path());
                    ExitCode::from(code_of(failure))
                }
            },
        };
        if !self.counts() {
            return code;
        }
        self.watchdog.disarm();
        let profile = self.count(&result);
        if self.arguments.stats {
            report::text(&self.stats(&result, time, &profile).text());
        }
        self.tell_monitors(&profile, code)
    }

    fn run_as_json(&self) -> ExitCode {
        let mut stdout = String::new();
        let begin = Instant::now();
        let result = match self.go(&mut stdout) {
            Ok(result) => result,
            Err(problem) => return problem.tell(true, self.watchdog),
        };
        let time = begin.elapsed();
        if let Ok(completion @ Completion { state: Some(_), .. }) = &result
            && resume::save(completion, self.arguments) != ExitCode::SUCCESS
        {
            return ExitCode::from(PROGRAM_FAILED);
        }
        let code = match &result {
            Ok(Completion { .. }) => 0,
            Err(failure) => code_of(failure),
        };
        let map = if result.is_err() { self.map.get() } else { None };
        let mut outcome = match map {
            Some(map) => outcome::of_page(&result, &stdout, &map),
            None => outcome::of_run(&result, &stdout),
        };
        if !self.arguments.stats {
            let code = self.watchdog.answer(&outcome, code);
            return if self.counts() { self.tell_monitors(&self.count(&result), code) } else { code };
        }
        self.watchdog.disarm();
        let profile = self.count(&result);
        // The outcome is an object.
        outcome.truncate(outcome.len() - 1);
        let _ = write!(outcome, r#", "stats": {}}}"#, self.stats(&result, time, &profile).json());
        self.tell_monitors(&profile, print(&visible_json(&outcome), code))
    }

    /// Runs it, from its beginning or from the state.
    fn go(&self, output: &mut dyn Sink) -> Result<Outcome, resume::Problem> {
        match &self.from {
            None => Ok(self.vm.run(self.options(output))),
            Some((file, state)) => self
                .vm
                .resume(state, self.options(output))
                .map_err(|error: StateError| resume::Problem::state(file, error)),
        }
    }

    fn options<'a>(&'a self, output: &'a mut dyn Sink) -> Run<'a> {
        let limits = self.arguments.program.limits();
        // What is collected in memory must have an end.
        let most = if self.arguments.json { Limits::default().max_memory } else { None };
        let limits = Limits { max_output: limits.max_output.or(most), ..limits };
        let run = self.given(Run::new(output).limits(limits)).tiers(self.arguments.tiers.tiers());
        let run = if self.arguments.stats { run.time_tiers() } else { run };
        let run = match self.arguments.stop_at {
            Some(step) => run.stop_at(step),
            None => run,
        };
        match self.deadline {
            Some(deadline) => run.deadline(deadline),
            None => run,
        }
    }

    /// A run with the globals, which Ctrl-C ends.
    fn given<'a>(&'a self, run: Run<'a>) -> Run<'a> {
        let globals = self.globals.iter();
        globals.fold(run, |run, (name, value)| run.global(name, value.clone())).interrupt(self.interrupt)
    }

    /// Whether a second run is to count.
    fn counts(&self) -> bool {
        self.arguments.stats || !self.arguments.monitor.is_empty()
    }

    /// Counts what the machine does not count while it runs fast, in a second run, one instruction at a time, whose output goes
    /// nowhere. It takes longer than the first had time for, so nothing may wait for it to end.
    fn count(&self, result: &Outcome) -> Profile<'_> {
        self.interrupt.store(false, Ordering::Relaxed);
        let steps = steps_of(result);
        let mut profile = Profile::new(self.vm.module());
        // As many steps as the first run took, so that it ends where that did, also where time or its output ended it.
        let limits = Limits { max_steps: Some(steps), max_output: None, ..self.arguments.program.limits() };
        let mut nowhere = ();
        let run = self.given(Run::new(&mut nowhere).limits(limits)).observe(&mut profile);
        if let Err(failure) = self.vm.run(run)
            && failure.error.kind() == RuntimeErrorKind::Interrupted
        {
            report::warning(format!("counting was interrupted after {} of {steps} steps", profile.steps()));
        }
        profile
    }

    fn stats<'a>(&'a self, result: &Outcome, time: Duration, profile: &'a Profile<'a>) -> Stats<'a> {
        Stats { steps: steps_of(result), time, vm: &self.vm, profile }
    }

    /// Tells the monitors what was counted. Gives the exit code.
    fn tell_monitors(&self, profile: &Profile<'_>, code: ExitCode) -> ExitCode {
        let monitor = &self.arguments.monitor;
        let map = if monitor.is_empty() { None } else { self.map.get() };
        match monitor::tell(monitor, profile, self.vm.module(), map.as_deref()) {
            Ok(()) => code,
            Err(failed) => failed,
        }
    }
}

type Outcome = Result<Completion, Box<Failure>>;

fn steps_of(result: &Outcome) -> u64 {
    match result {
        Ok(completion) => completion.steps,
        Err(failure) => failure.steps,
    }
}

pub(crate) fn code_of(failure: &Failure) -> u8 {
    if failure.error.kind() == RuntimeErrorKind::Interrupted { INTERRUPTED } else { PROGRAM_FAILED }
}

/// Reads globals, each `name=VALUE`, each name once.
pub(crate) fn read_globals(texts: &[String]) -> Result<Vec<(String, Value)>, String> {
    let mut globals: Vec<(String, Value)> = Vec::with_capacity(texts.len());
    for text in texts {
        let (name, value) = read_global(text)?;
        if globals.iter().any(|(known, _)| *known == name) {
            return Err(format!("--global {} is there twice", visible(&name)));
        }
        globals.push((name, value));
    }
    Ok(globals)
}

fn read_global(text: &str) -> Result<(String, Value), String> {
    let expected = "expected NAME=VALUE, such as 'count=3' or 'name=\"World\"'";
    let Some((name, value)) = text.split_once('=') else {
        return Err(format!("--global {}: {expected}", visible(text)));
    };
    if name.trim().is_empty() {
        let text = visible(text);
        return Err(format!("--global '{text}': there is no name before `=`; {expected}"));
    }
    match Value::from_json(value) {
        Ok(value) => Ok((name.to_owned(), value)),
        Err(error) => {
            let hint = "a value is JSON, and a string stands in quotes, as in 'name=\"World\"'";
            let (name, value, error) = (visible(name), visible(value), visible(&error));
            Err(format!("--global {name}: {value} is no value ({error}); {hint}"))
        }
    }
}

/// The first Ctrl-C sets the flag, which asks the run to end; the second ends the process, should the run not listen. No thread
/// waits for it: starting one would take a short program a tenth of its time.
pub(crate) fn listen_for_interrupts() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    // In this order: what is registered first is done first. Without it Ctrl-C still ends the process, only less politely.
    let _ = register_conditional_shutdown(SIGINT, INTERRUPTED.into(), Arc::clone(&flag))
        .and_then(|_| register(SIGINT, Arc::clone(&flag)));
    flag
}

/// How long after its deadline a run may still be at work.
pub(crate) const GRACE: Duration = Duration::from_millis(200);

/// Prints a line, and the exit code of that.
pub(crate) fn print(line: &str, code: u8) -> ExitCode {
    let mut stdout = Output::new();
    match stdout.write(line).and_then(|()| stdout.write("\n")).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::from(code),
        Err(error) => output_failed(&error),
    }
}

/// Nobody reading on is the reader's choice; anything else is an error.
pub(crate) fn output_failed(error: &io::Error) -> ExitCode {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return ExitCode::SUCCESS;
    }
    report::error(format!("cannot write output: {error}"));
    ExitCode::from(PROGRAM_FAILED)
}

/// Standard output: line by line where a person looks on, in large pieces elsewhere.
pub(crate) struct Output {
    writer: BufWriter<Stdout>,
    is_terminal: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        Self { writer: BufWriter::with_capacity(1 << 16, stdout), is_terminal }
    }

    pub(crate) fn write(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_all(text.as_bytes())?;
        if self.is_terminal { self.writer.flush() } else { Ok(()) }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
