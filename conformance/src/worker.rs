//! One running implementation: a process, or a thread with the Rust VM. Lines go in, events come out, and neither side
//! can block the other, because writing and reading each have a thread of their own.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use machine_dialect_vm::escape::visible;
use machine_dialect_vm::{Tiers, plug};

use crate::implementation::{Launcher, Start, explain_reference, reference_commands};
use crate::plug::Handshake;
use crate::process::Group;

pub use crate::process::end_all;

/// How many of the last lines of its stderr a crash shows.
const STDERR_LINES: usize = 8;
/// How much of a line of its stderr is kept.
const STDERR_BYTES: usize = 4096;
/// The longest first line that is read.
pub const HANDSHAKE_BYTES: usize = 1 << 16;
/// The longest line that is read after it: twice the weight of the heaviest outcome that is written out
/// (`outcome_weight_limit` in `spec/values.yaml`). Lines of the suite have a few hundred kilobytes at most; a line without an
/// end must not fill the memory.
pub const LINE_BYTES: usize = 1 << 27;
/// How many bytes of lines may wait to be looked at before no more are read.
const WAITING_BYTES: usize = 1 << 20;
/// How long a process may take to end after it closed its output, and its stderr after that.
const ENDING: Duration = Duration::from_secs(2);

/// What a worker reports.
#[derive(Debug)]
pub enum Event {
    /// A line of its output, without the end of the line.
    Line(String),
    /// It ended: its exit status, and the last it wrote to its stderr.
    Ended(String),
    /// It wrote a line that is too long to be read, as the text says, and was ended.
    Overlong(String),
    /// The time was over before anything happened.
    Silence,
}

/// One running implementation. Dropping it ends it.
#[derive(Debug)]
pub struct Worker {
    /// None after its input was closed.
    requests: Option<Sender<String>>,
    /// Lines of its output; disconnected where that ended.
    lines: Receiver<String>,
    /// Keeps the output from being read faster than it is looked at.
    gate: Arc<Gate>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Process { group: Group, stderr: Arc<Mutex<LastLines>>, reader: thread::JoinHandle<()> },
    Thread { panic: Arc<Mutex<Option<String>>> },
}

#[derive(Debug, Default)]
struct LastLines {
    lines: VecDeque<String>,
}

impl Worker {
    /// Starts an implementation and reads its handshake, which may take `timeout` at most.
    ///
    /// # Errors
    /// Says why it did not start, or what is wrong with its first line.
    pub fn start(launcher: &Launcher, timeout: Duration) -> Result<(Self, Handshake), String> {
        let mut worker = Self::launch(launcher)?;
        match worker.handshake(timeout) {
            Ok(handshake) => Ok((worker, handshake)),
            Err(problem) => {
                let problem = format!("{}: {problem}", launcher.name);
                let is_reference = matches!(launcher.start, Start::Reference | Start::Views);
                Err(if is_reference { explain_reference(problem) } else { problem })
            }
        }
    }

    /// Reads the handshake, which is the first line.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn handshake(&mut self, timeout: Duration) -> Result<Handshake, String> {
        match self.next(timeout) {
            Event::Line(line) => Handshake::from_line(&line),
            Event::Ended(how) => Err(format!("it ended before its handshake: {how}")),
            Event::Overlong(what) => Err(format!("in place of a handshake {what}")),
            Event::Silence => Err(format!("no handshake in {:.1} s", timeout.as_secs_f64())),
        }
    }

    /// Starts an implementation and reads nothing.
    ///
    /// # Errors
    /// Says why it did not start.
    pub fn launch(launcher: &Launcher) -> Result<Self, String> {
        match &launcher.start {
            Start::InProcess(tiers) => Ok(Self::launch_thread(*tiers)),
            Start::Reference | Start::Views => {
                let options: &[&str] =
                    if matches!(launcher.start, Start::Views) { &["--views"] } else { &[] };
                let mut started = Err("no Python is named".to_owned());
                let commands = reference_commands(options)
                    .map_err(|error| format!("the reference cannot be unpacked: {error}"))?;
                for command in commands {
                    started = Self::launch_process(command).map_err(|error| error.to_string());
                    if started.is_ok() {
                        break;
                    }
                }
                started.map_err(explain_reference)
            }
            Start::Command(words) => {
                let [program, arguments @ ..] = words.as_slice() else {
                    return Err(format!("{}: the command is empty", launcher.name));
                };
                let mut command = Command::new(program);
                command.args(arguments);
                Self::launch_process(command)
                    .map_err(|error| format!("{}: {program:?} does not start: {error}", launcher.name))
            }
        }
    }

    /// Sends a line. Whether it arrives, and whether anything comes of it, [`Self::next`] tells.
    pub fn send(&self, line: String) {
        if let Some(requests) = &self.requests {
            // A worker that has ended takes no more lines, and its end is an event of its own.
            let _ = requests.send(line);
        }
    }

    /// Ends its input.
    pub fn close_input(&mut self) {
        self.requests = None;
    }

    /// What happens next, within that time.
    pub fn next(&mut self, timeout: Duration) -> Event {
        let next = match self.lines.recv_timeout(timeout) {
            Err(RecvTimeoutError::Timeout) if !self.has_ended() => return Event::Silence,
            // What it left behind holds its output open.
            Err(RecvTimeoutError::Timeout) => {
                self.kill();
                self.lines.recv_timeout(ENDING).ok()
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Ok(line) => Some(line),
        };
        match next {
            Some(line) => {
                self.gate.leave(line.len());
                Event::Line(line)
            }
            None => match self.gate.overlong() {
                Some(limit) => {
                    self.kill();
                    Event::Overlong(format!("it wrote a line of more than {limit} bytes"))
                }
                None => Event::Ended(self.end()),
            },
        }
    }

    fn has_ended(&mut self) -> bool {
        match &mut self.body {
            Body::Process { group, .. } => group.has_ended(),
            Body::Thread { .. } => false,
        }
    }

    /// Ends it at once, with all that it started.
    pub fn kill(&mut self) {
        if let Body::Process { group, .. } = &mut self.body {
            group.kill();
        }
    }

    fn launch_process(mut command: Command) -> std::io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut group = Group::spawn(command)?;
        let missing = || std::io::Error::other("its standard streams are missing");
        let stdin = group.child().stdin.take().ok_or_else(missing)?;
        let stdout = group.child().stdout.take().ok_or_else(missing)?;
        let errors = group.child().stderr.take().ok_or_else(missing)?;
        let (requests, to_write) = channel();
        let (read, lines) = channel();
        let gate = Arc::new(Gate::default());
        let stderr = Arc::new(Mutex::new(LastLines::default()));
        let (last_lines, entered) = (Arc::clone(&stderr), Arc::clone(&gate));
        thread::spawn(move || write_lines(stdin, &to_write));
        thread::spawn(move || read_lines(stdout, &read, &entered));
        let reader = thread::spawn(move || keep_last_lines(errors, &last_lines));
        Ok(Self { requests: Some(requests), lines, gate, body: Body::Process { group, stderr, reader } })
    }

    fn launch_thread(tiers: Tiers) -> Self {
        let (requests, to_answer) = channel::<String>();
        let (answers, lines) = channel();
        let panic = Arc::new(Mutex::new(None));
        let said = Arc::clone(&panic);
        thread::spawn(move || {
            let serve = AssertUnwindSafe(|| {
                let sent = answers.send(plug::handshake());
                let answered =
                    to_answer.iter().take_while(|line| answers.send(plug::answer_in(line, tiers)).is_ok());
                sent.map(|()| answered.count())
            });
            if let Err(payload) = catch_unwind(serve) {
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
                *said.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_owned());
            }
        });
        Self { requests: Some(requests), lines, gate: Arc::default(), body: Body::Thread { panic } }
    }

    /// Waits for the end of what has closed its output, and tells how it ended.
    fn end(&mut self) -> String {
        match &mut self.body {
            Body::Thread { panic } => {
                let panic = panic.lock().unwrap_or_else(PoisonError::into_inner);
                panic
                    .as_ref()
                    .map_or_else(|| "it ended".to_owned(), |text| format!("it panicked: {}", visible(text)))
            }
            Body::Process { group, stderr, reader } => {
                let status = group.end(ENDING);
                let deadline = Instant::now() + ENDING;
                while !reader.is_finished() && Instant::now() < deadline {
                    thread::sleep(Duration::from_millis(1));
                }
                let stderr = stderr.lock().unwrap_or_else(PoisonError::into_inner);
                let lines: Vec<_> = stderr.lines.iter().map(|line| format!("\n        | {line}")).collect();
                format!("{status}{}", lines.concat())
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.close_input();
        self.kill();
        self.gate.open();
    }
}

/// What is between the reader of an output and whoever looks at its lines.
#[derive(Debug, Default)]
struct Gate {
    passing: Mutex<Passing>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Passing {
    /// How many bytes wait to be looked at.
    waiting: usize,
    /// Whether nobody looks any more.
    is_open: bool,
    /// The limit that a line was over.
    overlong: Option<usize>,
}

impl Gate {
    /// Waits until there is room for a line; a line that nobody is before always has it.
    fn enter(&self, bytes: usize) {
        let passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |passing: &mut Passing| {
            !passing.is_open && passing.waiting > 0 && passing.waiting + bytes > WAITING_BYTES
        };
        let mut passing = self.changed.wait_while(passing, is_full).unwrap_or_else(PoisonError::into_inner);
        passing.waiting += bytes;
    }

    fn leave(&self, bytes: usize) {
        let mut passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        passing.waiting = passing.waiting.saturating_sub(bytes);
        self.changed.notify_all();
    }

    fn open(&self) {
        self.passing.lock().unwrap_or_else(PoisonError::into_inner).is_open = true;
        self.changed.notify_all();
    }

    fn refuse(&self, limit: usize) {
        self.passing.lock().unwrap_or_else(PoisonError::into_inner).overlong = Some(limit);
    }

    fn overlong(&self) -> Option<usize> {
        self.passing.lock().unwrap_or_else(PoisonError::into_inner).overlong
    }
}

fn write_lines(mut stdin: ChildStdin, lines: &Receiver<String>) {
    for mut line in lines {
        line.push('\n');
        if stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_err() {
            // Nobody reads it any more; the end of the output tells.
            return;
        }
    }
}

fn read_lines(stdout: ChildStdout, lines: &Sender<String>, gate: &Gate) {
    let mut stdout = BufReader::new(stdout);
    let mut limit = HANDSHAKE_BYTES;
    loop {
        let Some(mut bytes) = read_line(&mut stdout, limit) else { return };
        if bytes.len() > limit {
            return gate.refuse(limit);
        }
        limit = LINE_BYTES;
        bytes.truncate(bytes.trim_ascii_end().len());
        let line = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        gate.enter(line.len());
        if lines.send(line).is_err() {
            return;
        }
    }
}

fn keep_last_lines(stderr: ChildStderr, last: &Mutex<LastLines>) {
    let mut stderr = BufReader::new(stderr);
    while let Some(bytes) = read_line(&mut stderr, STDERR_BYTES) {
        let is_cut = bytes.len() > STDERR_BYTES;
        let line = crate::diff::shorten(String::from_utf8_lossy(&bytes).trim_end());
        {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.lines.len() == STDERR_LINES {
                last.lines.pop_front();
            }
            last.lines.push_back(visible(&line).into_owned());
        }
        if is_cut && stderr.skip_until(b'\n').is_err() {
            return;
        }
    }
}

/// The next line, with its end; of one that is longer than `limit` only one byte more than that. None at the end.
fn read_line(stream: &mut impl BufRead, limit: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    match stream.take(most).read_until(b'\n', &mut bytes) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(bytes),
    }
}
