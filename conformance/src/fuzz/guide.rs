//! Fuzzing by views: programs are made and changed, and what reaches a view that nothing reached before is made small and kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use machine_dialect_vm::Constant;

use crate::fuzz::finding::{case_of, expectation};
use crate::fuzz::generate::{Size, numbered};
use crate::fuzz::program::{Item, Line, Program};
use crate::fuzz::reduce::reduce;
use crate::views::{Seen, Viewer, mnemonic};

/// A search for new views.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// Where the sequence of programs begins.
    pub seed: u64,
    /// How many programs are run.
    pub count: u64,
    /// How long it may take.
    pub time: Option<Duration>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Becomes true when it is to be given up.
    pub stop: &'a AtomicBool,
}

/// A small program that reaches a view which no case reaches.
#[derive(Debug, Clone)]
pub struct Found {
    /// The view.
    pub view: String,
    /// The program.
    pub program: Program,
    /// The line with what is expected of it.
    pub expect: String,
}

/// So many changed ones of those that were kept are tried for each that is made.
const CHANGED: usize = 2;
/// A program that was kept is changed so many times at once.
const CHANGES: usize = 3;

/// Looks for programs that reach views which are not `known`, and makes each small. What a small one reaches is known from then on.
///
/// # Errors
/// Says why the reference does not start, or how it ended.
pub fn search(
    known: &mut BTreeSet<String>,
    search: &Search<'_>,
    note: &dyn Fn(&str),
) -> Result<Vec<Found>, String> {
    let began = Instant::now();
    let mut viewer = Viewer::new(search.timeout);
    let mut random = fastrand::Rng::with_seed(search.seed);
    let mut kept: Vec<Program> = Vec::new();
    let mut found = Vec::new();
    for index in 0..search.count {
        let is_over = search.time.is_some_and(|time| began.elapsed() >= time);
        if is_over || search.stop.load(Ordering::Relaxed) {
            break;
        }
        let mut programs = vec![numbered(search.seed, index, Size::Small)];
        if !kept.is_empty() {
            programs.extend((0..CHANGED).map(|_| changed(&kept, &mut random)));
        }
        for program in programs {
            let new = new_views(&mut viewer, &program, known)?;
            if !new.is_empty() {
                kept.push(program.clone());
            }
            for view in new {
                if known.contains(&view) || search.stop.load(Ordering::Relaxed) {
                    continue;
                }
                if let Some(small) = made_small(&mut viewer, &program, &view)? {
                    note(&format!("number {index}: {view}: {} instructions", small.program.code.len()));
                    known.extend(views_of(&mut viewer, &small.program)?.unwrap_or_default());
                    found.push(small);
                }
                known.insert(view);
            }
        }
    }
    Ok(found)
}

/// The views of a program that are not known yet.
fn new_views(
    viewer: &mut Viewer,
    program: &Program,
    known: &BTreeSet<String>,
) -> Result<Vec<String>, String> {
    let views = views_of(viewer, program)?.unwrap_or_default();
    Ok(views.into_iter().filter(|view| !known.contains(view)).collect())
}

/// What a program reaches; nothing where it cannot be written down, or is late.
fn views_of(viewer: &mut Viewer, program: &Program) -> Result<Option<Vec<String>>, String> {
    let Some(subject) = program.subject() else { return Ok(None) };
    Ok(viewer.ask(&subject.request(false))?.map(|seen| seen.views))
}

/// The program made small; nothing where it does not reach the view again.
fn made_small(viewer: &mut Viewer, program: &Program, view: &str) -> Result<Option<Found>, String> {
    let mut reaches = |program: &Program| {
        let views = views_of(viewer, program)?;
        Ok(views.is_some_and(|views| views.iter().any(|seen| seen == view)))
    };
    if !reaches(program)? {
        return Ok(None);
    }
    let program = reduce(program, &mut reaches)?;
    let Some(subject) = program.subject() else { return Ok(None) };
    let seen = viewer.ask(&subject.request(false))?;
    let expect = |seen: Seen| format!("expect: {{{}}}", expectation(&seen.outcome));
    Ok(seen.map(|seen| Found { view: view.to_owned(), program, expect: expect(seen) }))
}

/// One of the kept programs, with a few changes.
fn changed(kept: &[Program], random: &mut fastrand::Rng) -> Program {
    let mut program = kept[random.usize(..kept.len())].clone();
    for _ in 0..=random.usize(..CHANGES) {
        let length = program.code.len();
        if length == 0 {
            break;
        }
        let at = random.usize(..length);
        match random.u8(..5) {
            0 => program = program.without(&|place| place == at),
            1 => {
                let other = &kept[random.usize(..kept.len())];
                let from = random.usize(..other.code.len().max(1));
                let lines: Vec<Line> = other
                    .code
                    .iter()
                    .skip(from)
                    .take(random.usize(1..4))
                    .filter(|line| goes_nowhere(line))
                    .cloned()
                    .collect();
                program = program.with(at, &lines);
            }
            2 => {
                let register = random.u8(..16);
                if let Some(place) = program.code[at].registers_mut().next() {
                    *place = register;
                }
            }
            3 => {
                let last = program.code[at].registers_mut().last();
                if let Some(place) = last {
                    *place = random.u8(..16);
                }
            }
            _ => {
                let constant = constant(random);
                let here = program.code[at].constants_mut().next().map(|place| *place = constant.clone());
                if let (None, Some(place)) =
                    (here, program.code.iter_mut().find_map(|line| line.constants_mut().next()))
                {
                    *place = constant;
                }
            }
        }
    }
    program
}

/// Whether an instruction names no other.
fn goes_nowhere(line: &Line) -> bool {
    !line.items.iter().any(|item| matches!(item, Item::Target(_) | Item::Phis(_)))
}

/// A constant at which something changes.
fn constant(random: &mut fastrand::Rng) -> Constant {
    const INTS: [i64; 8] = [0, 1, -1, 2, 63, i64::MAX, i64::MIN, 1 << 53];
    const FLOATS: [f64; 8] =
        [0.0, -0.0, 1.5, 1e300, f64::NAN, f64::INFINITY, 9_223_372_036_854_775_808.0, -3.0];
    const TEXTS: [&str; 4] = ["", "a", "main", "é"];
    match random.u8(..5) {
        0 => Constant::Int(INTS[random.usize(..INTS.len())]),
        1 => Constant::Float(FLOATS[random.usize(..FLOATS.len())]),
        2 => Constant::String(TEXTS[random.usize(..TEXTS.len())].to_owned()),
        3 => Constant::Bool(random.bool()),
        _ => Constant::Empty,
    }
}

/// What was found, as case files: one for each opcode, by its mnemonic, behind the cases that the file has in `folder`.
#[must_use]
pub fn case_files(found: &[Found], folder: &Path) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, Vec<&Found>> = BTreeMap::new();
    for one in found {
        files.entry(mnemonic(&one.view).to_owned()).or_default().push(one);
    }
    let file = |(opcode, mut found): (String, Vec<&Found>)| {
        found.sort_by_key(|one| (name_of(&one.view), one.program.code.len()));
        let there = std::fs::read_to_string(folder.join(format!("{opcode}.yaml")));
        let mut text = there.map(|text| text + "\n").unwrap_or_else(|_| format!(
            "# What few programs reach of `{opcode}`: small programs that `mdvm-conform fuzz --guide` found, each the first to execute\n\
             # some line of the reference for operands of those types.\ncovers: [{opcode}]\n\ncases:\n"
        ));
        for one in found {
            let name = name_of(&one.view);
            text.push_str(&case_text(one, &free_name(&text, &name)));
        }
        (opcode, text)
    };
    files.into_iter().map(file).collect()
}

/// The name, or the first way of it that no case of the file has.
fn free_name(file: &str, name: &str) -> String {
    let is_free = |name: &String| !file.lines().any(|line| line == format!("  - name: {name}"));
    let ways = (2..).map(|way| format!("{name}, way {way}"));
    std::iter::once(name.to_owned()).chain(ways).find(is_free).unwrap_or_default()
}

/// What a case is called that reaches a view: the instruction, and the function of the reference.
fn name_of(view: &str) -> String {
    let (place, instruction) = view.split_once(' ').unwrap_or((view, ""));
    let function = place.split(':').next().unwrap_or(place);
    // What has no name of its own belongs to its file.
    let function = function.split(".<").next().unwrap_or(function).replace(['.', '_'], " ");
    let words: Vec<&str> = function.split_whitespace().collect();
    let mut operands = instruction.split(' ');
    let opcode = operands.next().unwrap_or_default();
    let types: Vec<&str> = operands.collect();
    let of = if types.is_empty() { String::new() } else { format!(" of {}", types.join(" and ")) };
    format!("{opcode}{of} comes to {}", words.join(" "))
}

fn case_text(found: &Found, name: &str) -> String {
    let Some(subject) = found.program.subject() else { return String::new() };
    let text = case_of(&subject, name);
    let body = text.strip_prefix("cases:\n").unwrap_or(&text);
    format!("{body}    {}\n\n", found.expect)
}

/// Adds what was found to the case files of a folder, and tells which were written.
///
/// # Errors
/// Says what cannot be written.
pub fn write(folder: &Path, found: &[Found]) -> Result<Vec<PathBuf>, String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut written = Vec::new();
    for (opcode, text) in case_files(found, folder) {
        let path = folder.join(format!("{opcode}.yaml"));
        std::fs::write(&path, text.trim_end().to_owned() + "\n")
            .map_err(|error| format!("{}: {error}", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_instruction_types_and_function() {
        let name = name_of("operations._floats:12 add array int");
        assert_eq!(name, "add of array and int comes to operations floats");
        assert_eq!(name_of("machine.select:3 phi"), "phi comes to machine select");
        assert_eq!(name_of("memory.<listcomp>:3 move dict"), "move of dict comes to memory");
    }
}
