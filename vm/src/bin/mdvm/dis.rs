//! `mdvm dis`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use machine_dialect_vm::asm::{Line, listing_lines};
use machine_dialect_vm::escape::visible;
use machine_dialect_vm::language::SourceMap;
use machine_dialect_vm::{Module, Salvage};

use super::files::{bad_module, finish};
use super::input::{InputError, read_program};
use super::{BAD_MODULE, FormatArgument, report};

#[derive(Args)]
pub(crate) struct DisArguments {
    /// The page or the module; of a module that does not load, what can be read of it is shown
    file: PathBuf,
    #[command(flatten)]
    format: FormatArgument,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Show no lines of the page
    #[arg(long)]
    no_source: bool,
    /// Show where the sections begin, and the bytes of each instruction; of a module that does not load, those of the file
    #[arg(long)]
    hex: bool,
}

pub(crate) fn disassemble(arguments: &DisArguments) -> ExitCode {
    let output = arguments.output.as_deref().unwrap_or(Path::new("-"));
    let program = match read_program(&arguments.file, arguments.format.format) {
        Ok(program) => program,
        Err(error) => return not_loaded(arguments, &error, output),
    };
    let map = if arguments.no_source { None } else { program.map.get() };
    let module = &program.module;
    finish(output, |out| {
        if arguments.hex {
            for (name, offset) in Module::sections(&module.encode()) {
                writeln!(out, "; {name} at {offset:#06x}")?;
            }
        }
        let mut sources = map.as_deref().map(SourceLines::new);
        listing_lines(module, |line| {
            if let Some(source) = sources.as_mut().and_then(|sources| sources.before(line)) {
                writeln!(out, "{source}")?;
            }
            if arguments.hex && line.instruction.is_some() {
                writeln!(out, "{} | {}", line.text, hex(line.encoded))
            } else {
                writeln!(out, "{}", line.text)
            }
        })
    })
}

/// Shows what can be read of a module that does not load, and ends as everything else does with one.
fn not_loaded(arguments: &DisArguments, error: &InputError, output: &Path) -> ExitCode {
    let InputError::Load(_, bytes) = error else { return bad_module(&arguments.file, error) };
    if let Some(salvage) = Salvage::new(bytes) {
        let code = finish(output, |out| {
            salvage.listing_lines(|line| writeln!(out, "{line}"))?;
            if arguments.hex { out.write_all(dump(bytes).as_bytes()) } else { Ok(()) }
        });
        if code != ExitCode::SUCCESS {
            return code;
        }
    }
    report::input_error(error, &arguments.file);
    ExitCode::from(BAD_MODULE)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// The bytes of a file, as comments.
fn dump(bytes: &[u8]) -> String {
    /// How many bytes are shown: who needs more has other tools.
    const MOST: usize = 1 << 16;
    const IN_LINE: usize = 16;
    let mut out = String::new();
    for (number, line) in bytes.chunks(IN_LINE).take(MOST / IN_LINE).enumerate() {
        let letter = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' };
        let text: String = line.iter().map(letter).collect();
        let _ = writeln!(out, "; {:#06x}  {:<47}  {text}", number * IN_LINE, hex(line));
    }
    if let Some(more) = bytes.len().checked_sub(MOST).filter(|more| *more > 0) {
        let _ = writeln!(out, "; … {more} bytes more");
    }
    out
}

/// The lines of the page, before the instructions that come from them. They are comments, so the text can be assembled as before.
pub(crate) struct SourceLines<'a> {
    map: &'a SourceMap,
    /// The line of the instruction before, if there was one in the function.
    last: Option<Option<u32>>,
}

impl<'a> SourceLines<'a> {
    pub(crate) fn new(map: &'a SourceMap) -> Self {
        Self { map, last: None }
    }

    /// What stands before a line of a listing; all its lines must be asked about, in order.
    pub(crate) fn before(&mut self, line: Line<'_>) -> Option<String> {
        let Some(pc) = line.instruction else {
            if line.text.starts_with(".func") {
                self.last = None;
            }
            return None;
        };
        let place = self.map.place_of(pc).map(|place| place.line);
        if self.last.replace(place) == Some(place) {
            return None;
        }
        Some(match place {
            Some(number) => {
                let text = visible(self.map.line(number).unwrap_or_default());
                format!("; {}", format!("{}:{number}: {text}", visible(self.map.name())).trim_end())
            }
            None => "; added by the compiler".to_owned(),
        })
    }
}
