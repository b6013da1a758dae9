//! The command `mdvm-conform vectors`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use mdvm_spec::Spec;

use super::{Vector, check, generate};
use crate::implementation::Launcher;
use crate::states::Speaker;

/// The arguments of the command.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Writes the vectors to `vectors.jsonl` in this folder.
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Has implementations execute the vectors.
    #[arg(long, requires = "implementations")]
    check: bool,
    /// An implementation: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND. It speaks protocol 2.
    #[arg(long = "impl", value_name = "NAME=COMMAND", requires = "check")]
    implementations: Vec<String>,
    /// Vectors to check, instead of those that are made of the cases.
    #[arg(value_name = "FILE", requires = "check", conflicts_with = "out")]
    file: Option<PathBuf>,
    /// How many seconds an answer may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    timeout: u64,
}

/// Does what the arguments say, and tells whether all implementations do what the vectors say.
///
/// # Errors
/// Says what cannot be read, written or started.
pub fn run(arguments: &Arguments, stop: &AtomicBool) -> Result<bool, String> {
    let vectors = match &arguments.file {
        Some(file) => {
            let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
            let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
            let read = text.lines().map(serde_json::from_str).collect::<Result<Vec<Vector>, _>>();
            read.map_err(|error| wrong(&error))?
        }
        None => generate(&Spec::embedded().map_err(|problems| problems.to_string())?)?,
    };
    if let Some(folder) = &arguments.out {
        let path = folder.join("vectors.jsonl");
        let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
        let lines = vectors.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
        let lines = lines.map_err(|error| error.to_string())?;
        std::fs::create_dir_all(folder).map_err(wrong)?;
        std::fs::write(&path, lines.join("\n") + "\n").map_err(wrong)?;
        println!("{}: {} vectors", path.display(), vectors.len());
    }
    let mut all_agree = true;
    for text in &arguments.implementations {
        let mut speaker = Speaker::new(&Launcher::parse(text)?, Duration::from_secs(arguments.timeout));
        if !speaker.knows_states()? {
            println!("{}: it knows no states: it speaks version 1 of the protocol", speaker.name());
            all_agree = false;
            continue;
        }
        let mut differing = 0;
        for vector in &vectors {
            if stop.load(Ordering::Relaxed) {
                return Err("interrupted".to_owned());
            }
            if let Err(problem) = check(vector, &mut speaker) {
                differing += 1;
                println!("{}: {problem}", speaker.name());
            }
        }
        println!(
            "{}: {} of {} vectors are as they say",
            speaker.name(),
            vectors.len() - differing,
            vectors.len()
        );
        all_agree &= differing == 0;
    }
    Ok(all_agree)
}
