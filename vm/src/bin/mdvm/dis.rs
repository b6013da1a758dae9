//! `mdvm dis`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use machine_dialect_vm::asm::listing;
use machine_dialect_vm::escape::visible;
use machine_dialect_vm::language::SourceMap;

use crate::FormatArgument;
use crate::files::{bad_module, finish};
use crate::input::read_program;

#[derive(Args)]
pub(crate) struct DisArguments {
    /// The page or the module
    file: PathBuf,
    #[command(flatten)]
    format: FormatArgument,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Show no lines of the page
    #[arg(long)]
    no_source: bool,
}

pub(crate) fn disassemble(arguments: &DisArguments) -> ExitCode {
    let program = match read_program(&arguments.file, arguments.format.format) {
        Ok(program) => program,
        Err(error) => return bad_module(&arguments.file, &error),
    };
    let mut text = listing(&program.module);
    if !arguments.no_source
        && let Some(map) = program.map.get()
    {
        text = with_source(&text, &map);
    }
    finish(arguments.output.as_deref().unwrap_or(Path::new("-")), text.as_bytes())
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
                        let text = map.line(number).unwrap_or_default();
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
