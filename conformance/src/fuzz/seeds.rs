//! What fuzzing begins with: the modules of the cases and of the real corpus, choices that make good programs, and pages.

use std::collections::BTreeMap;
use std::path::Path;

use machine_dialect_vm::{Module, disassemble};
use mdvm_spec::Spec;

use crate::case_file::Expecting;
use crate::catalog::read_folder;
use crate::corpus;
use crate::fuzz::generate::choices;
use crate::fuzz::oracle::{self, Target};
use crate::fuzz::source::campaign::page_of;
use crate::fuzz::source::write::Vocabulary;
use crate::paths::cases_folder;
use crate::programs;

/// The largest module that is a seed, in bytes; engines like small ones.
const LARGEST: usize = 4096;
/// How many sequences of choices there are.
const SEQUENCES: u64 = 120;
/// Where a check runs each program many times over, one module in so many is a seed.
const EVERY: usize = 6;
/// Cases of this folder are about size alone.
const LARGE_VALUES: &str = "deep/";

/// The seeds of a target, each with a name; none twice.
///
/// # Errors
/// Says what is wrong with the cases or the corpus.
pub fn seeds(target: Target, spec: &Spec) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut modules: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    let cases =
        read_folder(&cases_folder(), spec, Expecting::Something).map_err(|problems| problems.to_string())?;
    let real = corpus::read_folder(&corpus::folder()).map_err(|problems| problems.to_string())?;
    for case in cases.into_iter().chain(real) {
        if case.module.len() <= LARGEST {
            modules.entry(case.module).or_insert(case.id);
        }
    }
    let name = |id: &str, extension: &str| format!("{}.{extension}", id.replace(['/', '.'], "-"));
    let mut seeds: Vec<(String, Vec<u8>)> = Vec::new();
    let programs = (0..SEQUENCES).map(|index| (format!("choices-{index}"), choices(SEEDS, index)));
    match target {
        Target::Asm => {
            let loadable = modules.iter().filter_map(|(bytes, id)| Some((Module::decode(bytes).ok()?, id)));
            seeds.extend(loadable.map(|(module, id)| (name(id, "mdasm"), disassemble(&module).into_bytes())));
        }
        Target::Source => {
            let pages = programs::all(spec).map_err(|problems| problems.to_string())?;
            let small = pages.into_iter().filter(|page| page.source.len() <= LARGEST);
            seeds.extend(small.map(|page| (name(&page.id, "md"), page.source.into_bytes())));
            let vocabulary = Vocabulary::of(spec);
            let random =
                |index| (format!("random-{index}.md"), page_of(SEEDS, index, &vocabulary).0.into_bytes());
            seeds.extend((0..SEQUENCES).map(random));
        }
        Target::Decode => seeds.extend(modules.into_iter().map(|(bytes, id)| (name(&id, "mdbc"), bytes))),
        Target::State => seeds.extend(oracle::state::seeds()),
        Target::Roundtrip | Target::Run | Target::Modes | Target::Differential => {
            seeds.extend(programs);
            let loadable = modules
                .into_iter()
                .filter(|(bytes, id)| !id.starts_with(LARGE_VALUES) && Module::decode(bytes).is_ok())
                .step_by(EVERY);
            seeds.extend(loadable.map(|(bytes, id)| (name(&id, "mdbc"), bytes)));
        }
    }
    seeds.sort();
    Ok(seeds)
}

/// The seed of the sequences of choices.
const SEEDS: u64 = 0;

/// Writes the seeds of each target into a folder of its name, and gives how many there are of each.
///
/// # Errors
/// Says what cannot be read or written.
pub fn write(folder: &Path, spec: &Spec) -> Result<Vec<(&'static str, usize)>, String> {
    let mut counts = Vec::new();
    for target in Target::ALL {
        let own = folder.join(target.name());
        let wrong = |error: std::io::Error| format!("{}: {error}", own.display());
        std::fs::create_dir_all(&own).map_err(wrong)?;
        let seeds = seeds(target, spec)?;
        for (name, bytes) in &seeds {
            std::fs::write(own.join(name), bytes).map_err(wrong)?;
        }
        counts.push((target.name(), seeds.len()));
    }
    Ok(counts)
}
