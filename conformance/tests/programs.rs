//! The programs, one trial for each: `cargo test -p mdvm-conform --test programs`.
//!
//! Each is compiled and run by the VM on every tier, and evaluated by the reference. All of them must come to what the program expects,
//! and to the same. One more trial, `programs/every-obligation-is-executed`, fails where the programs leave out anything of the
//! language.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Arguments, Failed, Trial};
use mdvm_conform::programs::suite::{self, faults};
use mdvm_conform::programs::{self, Program, obligations};
use mdvm_spec::Spec;

/// The trial of the obligations.
const OBLIGATIONS: &str = "programs/every-obligation-is-executed";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match run(&arguments) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let all = programs::all(&spec).map_err(|problems| problems.to_string())?;
    let declared = all.len();
    if arguments.list {
        let names = all.iter().map(|program| program.id.as_str()).chain([OBLIGATIONS]);
        return Ok(libtest_mimic::run(arguments, names.map(placeholder).collect()).exit_code());
    }
    let is_whole = arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.ignored;
    let selected = |id: &str| !arguments.is_filtered_out(&placeholder(id));
    // The obligations are those of all programs.
    let needs_all = selected(OBLIGATIONS);
    let (chosen, others): (Vec<Program>, Vec<Program>) =
        all.into_iter().partition(|program| needs_all || selected(&program.id));
    let voices = Arc::new(suite::run(&chosen, &suite::launchers()));
    let chosen = Arc::new(chosen);
    let executed = Arc::new(AtomicUsize::new(0));
    let trial = |index: usize| {
        let (chosen, voices, executed) = (Arc::clone(&chosen), Arc::clone(&voices), Arc::clone(&executed));
        Trial::test(chosen[index].id.clone(), move || {
            if voices.iter().all(|voice| voice.said[index].is_some()) {
                executed.fetch_add(1, Ordering::SeqCst);
            }
            let program = &chosen[index];
            let faults = faults(program, index, &voices);
            if faults.is_empty() {
                return Ok(());
            }
            let again =
                format!("again: cargo test -p mdvm-conform --test programs -- --exact {}", program.id);
            Err(Failed::from(format!("{}\n  {}\n  {again}\n", program.place(), faults.join("\n  "))))
        })
    };
    let mut trials: Vec<Trial> = (0..chosen.len()).map(trial).collect();
    trials.extend(others.iter().map(|program| placeholder(&program.id)));
    let (for_gaps, heard) = (Arc::clone(&chosen), Arc::clone(&voices));
    trials.push(Trial::test(OBLIGATIONS, move || {
        let gaps = obligations::gaps(&spec, &for_gaps, &heard);
        if gaps.is_empty() {
            Ok(())
        } else {
            Err(Failed::from(format!("not executed:\n  {}", gaps.join("\n  "))))
        }
    }));
    let conclusion = libtest_mimic::run(arguments, trials);
    for voice in voices.iter() {
        for incident in &voice.incidents {
            eprintln!("{}: {incident}", voice.name);
        }
    }
    let executed = executed.load(Ordering::SeqCst);
    if is_whole && (declared == 0 || executed < declared) {
        return Err(format!("{declared} programs are declared and {executed} were executed by all"));
    }
    Ok(conclusion.exit_code())
}

/// A trial that only lends its name: to be listed, or to be counted as filtered out.
fn placeholder(id: &str) -> Trial {
    Trial::test(id, || Err(Failed::from("the program was not selected and must not be run")))
}
