//! `coverage --views` and `fuzz --guide`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args;
use mdvm_conform::coverage::Subjects;
use mdvm_conform::fuzz::generate::{Size, numbered};
use mdvm_conform::fuzz::guide::{self, Search};
use mdvm_conform::fuzz::program::Subject;
use mdvm_conform::paths::cases_folder;
use mdvm_conform::views::{self, Plan};
use mdvm_spec::Spec;

use crate::{Display, STOP, print};

/// The folder of the cases that were found by views, among those of the specification.
const FOLDER: &str = "views";
/// So many views are named where there are more.
const NAMED: usize = 20;

/// What is asked about views.
#[derive(Args)]
pub(crate) struct ViewArguments {
    /// Tells instead which lines of the reference the cases reach, for which instructions and types of operands.
    #[arg(long, conflicts_with_all = ["json", "implementations"])]
    views: bool,
    /// Has so many generated programs reach what they can, too; fails where they reach a view that no case reaches.
    #[arg(long, value_name = "N", requires = "views", default_value_t = 0)]
    programs: u64,
    /// Which sequence of programs.
    #[arg(long, requires = "views", default_value_t = 1)]
    seed: u64,
}

impl ViewArguments {
    pub(crate) fn is_asked(&self) -> bool {
        self.views
    }
}

/// Tells what the cases reach, and generated programs besides.
pub(crate) fn cover(arguments: &ViewArguments, timeout: Duration, is_verbose: bool) -> Result<bool, String> {
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let cases = Subjects::read(&spec).map_err(|problems| problems.to_string())?.cases;
    let display = Display::default();
    let plan = plan(timeout, &display);
    let reached = views::of_cases(&cases, &plan)?;
    let subjects: Vec<Subject> = (0..arguments.programs)
        .filter_map(|index| numbered(arguments.seed, index, Size::Small).subject())
        .collect();
    let requests: Vec<_> = subjects.iter().map(|subject| subject.request(false)).collect();
    let seen = views::all(&requests, &plan)?;
    let others: BTreeSet<String> = seen.into_iter().flatten().flat_map(|seen| seen.views).collect();
    let only: Vec<&String> = others.iter().filter(|view| !reached.contains_key(*view)).collect();
    let mut text = format!("{} views by {} cases\n", reached.len(), cases.len());
    if is_verbose {
        reached.iter().for_each(|(view, case)| text.push_str(&format!("  {view}\t{case}\n")));
    }
    if arguments.programs > 0 {
        text.push_str(&format!(
            "{} views by {} generated programs, {} of them by no case\n",
            others.len(),
            requests.len(),
            only.len()
        ));
        let named = if is_verbose { only.len() } else { NAMED };
        only.iter().take(named).for_each(|view| text.push_str(&format!("  {view}\n")));
        if only.len() > named {
            text.push_str(&format!("  and {} more: --verbose names them all\n", only.len() - named));
        }
        if !only.is_empty() {
            text.push_str("`mdvm-conform fuzz --guide --bless` makes cases of them\n");
        }
    }
    print(&text)?;
    Ok(only.is_empty())
}

fn plan<'a>(timeout: Duration, display: &'a Display) -> Plan<'a> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    Plan { workers, timeout, stop: &STOP, progress: display }
}

/// How views are looked for.
pub(crate) struct Guide {
    pub(crate) seed: u64,
    pub(crate) count: u64,
    pub(crate) time: Option<Duration>,
    pub(crate) timeout: Duration,
    /// Where case files go.
    pub(crate) out: PathBuf,
    /// Whether those are cases of the specification at once.
    pub(crate) is_blessed: bool,
}

/// Looks for programs that reach views which no case reaches, and makes cases of them.
pub(crate) fn fuzz(guide: &Guide) -> Result<bool, String> {
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let cases = Subjects::read(&spec).map_err(|problems| problems.to_string())?.cases;
    let display = Display::default();
    let mut known: BTreeSet<String> =
        views::of_cases(&cases, &plan(guide.timeout, &display))?.into_keys().collect();
    let before = known.len();
    let search = Search {
        seed: guide.seed,
        count: guide.count,
        time: guide.time,
        timeout: guide.timeout,
        stop: &STOP,
    };
    let found = guide::search(&mut known, &search, &|line| eprintln!("{line}"))?;
    let folder = if guide.is_blessed { cases_folder().join(FOLDER) } else { guide.out.join(FOLDER) };
    let written = if found.is_empty() { Vec::new() } else { guide::write(&folder, &found)? };
    let mut text = format!(
        "{before} views by {} cases; {} more, by {} small programs\n",
        cases.len(),
        known.len() - before,
        found.len()
    );
    written.iter().for_each(|path| text.push_str(&format!("  {}\n", path.display())));
    print(&text)?;
    Ok(found.is_empty() || guide.is_blessed)
}
