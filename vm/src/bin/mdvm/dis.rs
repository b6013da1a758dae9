//! `mdvm dis`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use machine_dialect_vm::asm::listing;
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
    let mut text = listing(&program.module);
    if arguments.hex {
        text = with_bytes(&text, &program.module);
    }
    if !arguments.no_source
        && let Some(map) = program.map.get()
    {
        text = with_source(&text, &map);
    }
    finish(output, text.as_bytes())
}

/// Shows what can be read of a module that does not load, and ends as everything else does with one.
fn not_loaded(arguments: &DisArguments, error: &InputError, output: &Path) -> ExitCode {
    let InputError::Load(_, bytes) = error else { return bad_module(&arguments.file, error) };
    if let Some(salvage) = Salvage::new(bytes) {
        let mut text = salvage.listing();
        if arguments.hex {
            text.push_str(&dump(bytes));
        }
        let code = finish(output, text.as_bytes());
        if code != ExitCode::SUCCESS {
            return code;
        }
    }
    report::input_error(error, &arguments.file);
    ExitCode::from(BAD_MODULE)
}

/// A listing with the sections before it, and behind each instruction its bytes.
fn with_bytes(listing: &str, module: &Module) -> String {
    let bytes = module.encode();
    let mut out = String::new();
    for (name, offset) in Module::sections(&bytes) {
        let _ = writeln!(out, "; {name} at {offset:#06x}");
    }
    let mut pc = 0;
    for line in listing.lines() {
        out.push_str(line);
        // Instructions alone are indented.
        if line.starts_with(' ') {
            let range = module.instruction_offset(pc)..module.instruction_offset(pc + 1);
            let _ = write!(out, " | {}", hex(bytes.get(range).unwrap_or_default()));
            pc += 1;
        }
        out.push('\n');
    }
    out
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

/// A listing with the line of the page before the instructions that come from it. What is added are comments, so the text can be
/// assembled as before.
pub(crate) fn with_source(listing: &str, map: &SourceMap) -> String {
    let mut out = String::with_capacity(listing.len() * 2);
    let mut pc = 0;
    let mut before: Option<Option<u32>> = None;
    for line in listing.lines() {
        // Instructions alone are indented.
        if line.starts_with(' ') {
            let place = map.place_of(pc).map(|place| place.line);
            if before != Some(place) {
                before = Some(place);
                match place {
                    Some(number) => {
                        let text = visible(map.line(number).unwrap_or_default());
                        let _ = writeln!(
                            out,
                            "; {}",
                            format!("{}:{number}: {text}", visible(map.name())).trim_end()
                        );
                    }
                    None => out.push_str("; added by the compiler\n"),
                }
            }
            pc += 1;
        } else if line.starts_with(".func") {
            before = None;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}
