//! What a program prints, on its way to the host.

use std::io;

use crate::errors::RuntimeError;
use crate::memory;

/// Where a run's output goes. The host chooses: a file, a string, the standard output of a process.
///
/// `String` collects it, `()` discards it, and a closure takes each line as it comes.
pub trait Sink {
    /// Takes a line, with its newline.
    ///
    /// # Errors
    /// Ends the run with [`RuntimeError::OutputFailed`].
    fn write_line(&mut self, line: &str) -> io::Result<()>;
}

impl Sink for String {
    fn write_line(&mut self, line: &str) -> io::Result<()> {
        self.push_str(line);
        Ok(())
    }
}

impl Sink for () {
    fn write_line(&mut self, _line: &str) -> io::Result<()> {
        Ok(())
    }
}

impl<F: FnMut(&str) -> io::Result<()>> Sink for F {
    fn write_line(&mut self, line: &str) -> io::Result<()> {
        self(line)
    }
}

/// The output of one run, and the limit on it.
pub(crate) struct Output<'a> {
    sink: &'a mut dyn Sink,
    limit: u64,
    written: u64,
    line: String,
    /// Why the sink refused a line, where it did.
    failure: Option<io::Error>,
}

impl<'a> Output<'a> {
    pub(crate) fn new(sink: &'a mut dyn Sink, limit: Option<u64>) -> Self {
        Self { sink, limit: limit.unwrap_or(u64::MAX), written: 0, line: String::new(), failure: None }
    }

    /// For a run that printed so many bytes before.
    pub(crate) fn with_written(mut self, written: u64) -> Self {
        self.written = written;
        self
    }

    /// How many bytes were printed.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// How many more bytes may be printed. A run that goes on may have printed more than it may now.
    pub(crate) fn room(&self) -> u64 {
        self.limit.saturating_sub(self.written)
    }

    /// An empty buffer for the next line, without its newline.
    pub(crate) fn line(&mut self) -> &mut String {
        /// A buffer that one long line has blown up is not kept.
        const KEPT: usize = 1 << 16;
        if self.line.capacity() > KEPT {
            self.line = String::new();
        }
        self.line.clear();
        &mut self.line
    }

    /// Prints the buffer and a newline. There must be room for both.
    pub(crate) fn print_line(&mut self) -> Result<(), RuntimeError> {
        self.line.push('\n');
        self.written = self.written.saturating_add(self.line.len() as u64);
        memory::outside(|| {
            self.sink.write_line(&self.line).map_err(|error| {
                let reason = error.to_string();
                self.failure = Some(error);
                RuntimeError::OutputFailed { reason }
            })
        })
    }

    #[cold]
    pub(crate) fn exhausted(&self) -> RuntimeError {
        RuntimeError::OutputLimitExceeded { limit: self.limit }
    }

    /// The error of the sink that ended the run, if one did.
    pub(crate) fn into_failure(self) -> Option<io::Error> {
        self.failure
    }
}
