//! What is made of the declaration of the command line: completions and manual pages; and what `--version` tells.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::files::cannot_be_written;
use super::{Arguments, run};

/// What `--version` tells behind the name: the version, and how the command was built.
pub(crate) const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit: ",
    env!("MDVM_COMMIT"),
    "\ntarget: ",
    env!("MDVM_TARGET"),
    "\ntiers: ",
    env!("MDVM_TIERS"),
    "\nprofile: ",
    env!("MDVM_PROFILE"),
);

pub(crate) fn completions(shell: Shell) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "mdvm", &mut text);
    let mut stdout = io::stdout().lock();
    match stdout.write_all(&text).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => run::output_failed(&error),
    }
}

/// Writes `mdvm.1` and a page for each verb, such as `mdvm-run.1`.
pub(crate) fn manual(folder: &Path) -> ExitCode {
    let result =
        fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Arguments::command(), folder));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cannot_be_written(folder, &error),
    }
}
