//! One running implementation: a process, or a thread with the Rust VM. Lines go in, events come out, and neither side
//! can block the other, because writing and reading each have a thread of their own.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use machine_dialect_vm::{Tiers, plug};

use crate::implementation::{Launcher, Start, explain_reference, reference_commands};
use crate::plug::Handshake;

/// How long an implementation may take to write its first line.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// How many of the last lines of its stderr a crash shows.
const STDERR_LINES: usize = 8;
/// The longest line that is read; an outcome is far shorter, and an endless line must not fill the memory.
const LINE_BYTES: u64 = 1 << 30;
/// How long a process may take to end after it closed its output, and its stderr after that.
const ENDING: Duration = Duration::from_secs(2);

/// What a worker reports.
#[derive(Debug)]
pub enum Event {
    /// A line of its output, without the end of the line.
    Line(String),
    /// It ended: its exit status, and the last it wrote to its stderr.
    Ended(String),
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
    body: Body,
}

#[derive(Debug)]
enum Body {
    Process { child: Child, stderr: Arc<Mutex<LastLines>>, reader: thread::JoinHandle<()> },
    Thread { panic: Arc<Mutex<Option<String>>> },
}

#[derive(Debug, Default)]
struct LastLines {
    lines: VecDeque<String>,
}

impl Worker {
    /// Starts an implementation and reads its handshake.
    ///
    /// # Errors
    /// Says why it did not start, or what is wrong with its first line.
    pub fn start(launcher: &Launcher) -> Result<(Self, Handshake), String> {
        let mut worker = Self::launch(launcher)?;
        let said = match worker.next(HANDSHAKE_TIMEOUT) {
            Event::Line(line) => Handshake::from_line(&line),
            Event::Ended(how) => Err(format!("it ended before its handshake: {how}")),
            Event::Silence => Err(format!("no handshake in {} s", HANDSHAKE_TIMEOUT.as_secs())),
        };
        match said {
            Ok(handshake) => Ok((worker, handshake)),
            Err(problem) => {
                let problem = format!("{}: {problem}", launcher.name);
                let is_reference = matches!(launcher.start, Start::Reference);
                Err(if is_reference { explain_reference(problem) } else { problem })
            }
        }
    }

    /// Starts an implementation and reads nothing.
    ///
    /// # Errors
    /// Says why it did not start.
    pub fn launch(launcher: &Launcher) -> Result<Self, String> {
        match &launcher.start {
            Start::InProcess(tiers) => Ok(Self::launch_thread(*tiers)),
            Start::Reference => {
                let mut started = Err("no Python is named".to_owned());
                for command in reference_commands() {
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
        match self.lines.recv_timeout(timeout) {
            Ok(line) => Event::Line(line),
            Err(RecvTimeoutError::Timeout) => Event::Silence,
            Err(RecvTimeoutError::Disconnected) => Event::Ended(self.end()),
        }
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        if let Body::Process { child, .. } = &mut self.body {
            // It may have ended already, which is what is wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn launch_process(mut command: Command) -> std::io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let missing = || std::io::Error::other("its standard streams are missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;
        let (requests, to_write) = channel();
        let (read, lines) = channel();
        let stderr = Arc::new(Mutex::new(LastLines::default()));
        let last_lines = Arc::clone(&stderr);
        thread::spawn(move || write_lines(stdin, &to_write));
        thread::spawn(move || read_lines(stdout, &read));
        let reader = thread::spawn(move || keep_last_lines(errors, &last_lines));
        Ok(Self { requests: Some(requests), lines, body: Body::Process { child, stderr, reader } })
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
        Self { requests: Some(requests), lines, body: Body::Thread { panic } }
    }

    /// Waits for the end of what has closed its output, and tells how it ended.
    fn end(&mut self) -> String {
        match &mut self.body {
            Body::Thread { panic } => {
                let panic = panic.lock().unwrap_or_else(PoisonError::into_inner);
                panic.as_ref().map_or_else(|| "it ended".to_owned(), |text| format!("it panicked: {text}"))
            }
            Body::Process { child, stderr, reader } => {
                let status = end_of(child);
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
    }
}

fn end_of(child: &mut Child) -> String {
    let deadline = Instant::now() + ENDING;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.to_string(),
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return "it closed its output and went on running".to_owned();
            }
            Err(error) => return format!("its exit status is not known: {error}"),
        }
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

fn read_lines(stdout: ChildStdout, lines: &Sender<String>) {
    let mut stdout = BufReader::new(stdout);
    while let Some(line) = read_line(&mut stdout) {
        if lines.send(line).is_err() {
            return;
        }
    }
}

fn keep_last_lines(stderr: ChildStderr, last: &Mutex<LastLines>) {
    let mut stderr = BufReader::new(stderr);
    while let Some(line) = read_line(&mut stderr) {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.lines.len() == STDERR_LINES {
            last.lines.pop_front();
        }
        last.lines.push_back(crate::diff::shorten(&line));
    }
}

/// The next line, of which bytes that are not UTF-8 become U+FFFD; none at the end.
fn read_line(stream: &mut impl BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    match stream.take(LINE_BYTES).read_until(b'\n', &mut bytes) {
        Ok(0) | Err(_) => return None,
        Ok(_) => {}
    }
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    Some(
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}
