//! `mdvm run`.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;
use signal_hook::flag::{register, register_conditional_shutdown};

use machine_dialect_vm::{
    Completion, Failure, Limits, Module, Run, RuntimeError, RuntimeErrorKind, Value, Vm, outcome,
};

use super::input::{InputError, Program, read_program};
use super::{BAD_MODULE, INTERRUPTED, PROGRAM_FAILED, RunArguments, report};

pub(crate) fn run(arguments: &RunArguments) -> ExitCode {
    let globals = match arguments.globals.iter().map(|text| read_global(text)).collect::<Result<Vec<_>, _>>()
    {
        Ok(globals) => globals,
        Err(message) => {
            report::error(message);
            return ExitCode::from(BAD_MODULE);
        }
    };
    let program = match read_program(&arguments.file) {
        Ok(program) => program,
        Err(InputError::Load(error)) if arguments.json => {
            return print(&outcome::of_load_error(&error), BAD_MODULE);
        }
        Err(error) => {
            report::input_error(&error, &arguments.file);
            return ExitCode::from(BAD_MODULE);
        }
    };
    let interrupt = listen_for_interrupts();
    if let Some(time) = arguments.max_time {
        end_after(time);
    }
    if arguments.json {
        run_as_json(arguments, program.module, globals, &interrupt)
    } else {
        run_plainly(arguments, program, globals, &interrupt)
    }
}

fn run_plainly(
    arguments: &RunArguments,
    program: Program,
    globals: Vec<(String, Value)>,
    interrupt: &AtomicBool,
) -> ExitCode {
    let vm = Vm::new(program.module);
    let mut stdout = Output::new();
    let mut write = |line: &str| stdout.write(line);
    let result = vm.run(options(arguments, globals, interrupt, &mut write));
    let flushed = stdout.flush();
    match (result, flushed) {
        (Ok(_), Ok(())) => ExitCode::SUCCESS,
        (Ok(_), Err(error)) => output_failed(&error),
        (Err(failure), _) => match &failure.sink_error {
            Some(error) => output_failed(error),
            None => {
                report::failure(&failure, vm.module(), program.map.as_ref(), &arguments.file);
                ExitCode::from(code_of(&failure))
            }
        },
    }
}

fn run_as_json(
    arguments: &RunArguments,
    module: Module,
    globals: Vec<(String, Value)>,
    interrupt: &AtomicBool,
) -> ExitCode {
    let vm = Vm::new(module);
    let mut stdout = String::new();
    let result = vm.run(options(arguments, globals, interrupt, &mut stdout));
    let code = match &result {
        Ok(Completion { .. }) => 0,
        Err(failure) => code_of(failure),
    };
    print(&outcome::of_run(&result, &stdout), code)
}

fn options<'a>(
    arguments: &RunArguments,
    globals: Vec<(String, Value)>,
    interrupt: &'a AtomicBool,
    output: &'a mut dyn machine_dialect_vm::Sink,
) -> Run<'a> {
    let RunArguments { max_steps, max_memory, max_output, max_call_depth, max_time, json, .. } = arguments;
    let defaults = Limits::default();
    // What is collected in memory must have an end.
    let default_output = if *json { defaults.max_memory } else { defaults.max_output };
    let limits = Limits {
        max_steps: max_steps.or(defaults.max_steps),
        max_memory: max_memory.or(defaults.max_memory),
        max_output: max_output.or(default_output),
        max_call_depth: max_call_depth.or(defaults.max_call_depth),
    };
    let run = globals
        .into_iter()
        .fold(Run::new(output).limits(limits), |run, (name, value)| run.global(name, value))
        .tiers(arguments.tiers.tiers())
        .interrupt(interrupt);
    // A time too long to be told by the clock is no limit.
    match max_time.and_then(|time| Instant::now().checked_add(time)) {
        Some(deadline) => run.deadline(deadline),
        None => run,
    }
}

fn code_of(failure: &Failure) -> u8 {
    if failure.error.kind() == RuntimeErrorKind::Interrupted { INTERRUPTED } else { PROGRAM_FAILED }
}

/// Reads `name=VALUE`.
fn read_global(text: &str) -> Result<(String, Value), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(format!("--global {text}: expected NAME=VALUE, such as 'count=3' or 'name=\"World\"'"));
    };
    match Value::from_json(value) {
        Ok(value) => Ok((name.to_owned(), value)),
        Err(error) => {
            let hint = "a value is JSON, and a string stands in quotes, as in 'name=\"World\"'";
            Err(format!("--global {name}: {value} is no value ({error}); {hint}"))
        }
    }
}

/// The first Ctrl-C sets the flag, which asks the run to end; the second ends the process, should the run not listen. No thread
/// waits for it: starting one would take a short program a tenth of its time.
fn listen_for_interrupts() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    // In this order: what is registered first is done first. Without it Ctrl-C still ends the process, only less politely.
    let _ = register_conditional_shutdown(SIGINT, INTERRUPTED.into(), Arc::clone(&flag))
        .and_then(|_| register(SIGINT, Arc::clone(&flag)));
    flag
}

/// How long after its deadline a run may still be at work.
const GRACE: Duration = Duration::from_millis(200);

/// Ends the process after that time, should the run not have ended itself: it looks at the clock every few thousand instructions,
/// which take long where each copies or compares large values.
fn end_after(time: Duration) {
    let wait = move || {
        thread::sleep(time.saturating_add(GRACE));
        let error = RuntimeError::DeadlineExceeded;
        report::error(format!("{}: {error}", error.kind().name()));
        std::process::exit(i32::from(PROGRAM_FAILED));
    };
    // Without the thread the run still looks at the clock, only less often.
    let _ = thread::Builder::new().spawn(wait);
}

fn print(line: &str, code: u8) -> ExitCode {
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
struct Output {
    writer: BufWriter<Stdout>,
    is_terminal: bool,
}

impl Output {
    fn new() -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        Self { writer: BufWriter::with_capacity(1 << 16, stdout), is_terminal }
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_all(text.as_bytes())?;
        if self.is_terminal { self.writer.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
