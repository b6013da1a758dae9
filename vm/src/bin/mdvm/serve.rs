//! `mdvm serve`.

use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;

use machine_dialect_vm::{Tiers, plug};

use super::run;

pub(crate) fn serve(tiers: Tiers) -> ExitCode {
    match answer_all(tiers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => run::output_failed(&error),
    }
}

fn answer_all(tiers: Tiers) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut say = |line: &str| {
        stdout.write_all(line.as_bytes())?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    };
    say(&plug::handshake())?;
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        // What is not UTF-8 is no JSON either, and is answered so.
        let line = String::from_utf8_lossy(&line);
        if !line.trim().is_empty() {
            say(&plug::answer_in(&line, tiers))?;
        }
    }
    Ok(())
}
