//! Running the cases on several implementations, side by side.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use mdvm_spec::Spec;

use crate::batch::{self, Bounds, Done, Job, Options, Summary};
use crate::case::Case;
use crate::case_file::Expecting;
use crate::catalog::{self, read_folder};
use crate::implementation::{Launcher, command_line};
use crate::ledger::{self, Ledger};
use crate::outcome::Field;
use crate::plug::{Answer, Handshake};
use crate::verdict::{Judgement, Verdict, disagreement, judge};
use crate::{corpus, embedded};

/// What is to be run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The implementations.
    pub launchers: Vec<Launcher>,
    /// The cases.
    pub selection: Selection,
    /// The ledgers that are not the ones kept in the repository, by the name of the launcher.
    pub ledgers: BTreeMap<String, PathBuf>,
    /// How many workers each implementation gets.
    pub workers: usize,
    /// How long one request may take.
    pub timeout: Duration,
    /// How long everything together may take.
    pub max_total: Option<Duration>,
    /// After how many crashes or time-outs of the same kind the rest of an implementation's cases is not run.
    pub stop_after: Option<usize>,
}

/// Which cases are to be run.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// A folder of case files, instead of those of the specification.
    pub cases: Option<PathBuf>,
    /// A folder of modules with their index, instead of the one in the repository.
    pub corpus: Option<PathBuf>,
    /// What the ids must contain.
    pub filter: Option<String>,
    /// The ids themselves; every one, if none is given.
    pub ids: Vec<String>,
}

/// What came of a plan.
#[derive(Debug)]
pub struct Run {
    /// The cases that were selected.
    pub cases: Vec<Case>,
    /// The implementations, each with a result for each case.
    pub columns: Vec<Column>,
    /// The cases on which implementations differ in ways that no ledger knows.
    pub disagreements: Vec<Disagreement>,
    /// The implementations that were not begun, because there was no time left.
    pub not_begun: Vec<String>,
    /// The words that choose the folders of these cases, for commands that run one of them again.
    pub folders: Vec<String>,
}

/// What came of all cases on one implementation.
#[derive(Debug)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// What starts it, as `--impl` takes it.
    pub argument: String,
    /// What it says of itself.
    pub handshake: Handshake,
    /// The ledger that was used, and where it is.
    pub ledger: Option<(PathBuf, Ledger)>,
    /// The result of each case; none where the run was given up before.
    pub results: Vec<Option<CaseResult>>,
    /// What cannot be blamed on one case: noise on its stdout, lines of the ledger that speak of no case.
    pub incidents: Vec<String>,
    /// Why the rest of the cases was not run, where it was not.
    pub given_up: Option<String>,
    /// How many of the incidents are lines of the ledger that speak of no case.
    pub stale: usize,
}

/// What came of one case on one implementation.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The answer.
    pub done: Done,
    /// What it is worth.
    pub judgement: Judgement,
}

/// A case on which implementations differ.
#[derive(Debug)]
pub struct Disagreement {
    /// The index of the case.
    pub case: usize,
    /// The names of implementations that agree with each other, the largest group first.
    pub groups: Vec<Vec<String>>,
    /// How the first of each other group differs from the first of the largest.
    pub differences: String,
}

impl Selection {
    /// The cases of the suite in the order of [`catalog::SOURCES`], or those of the folders that were named instead.
    ///
    /// # Errors
    /// Gives what is wrong with the files, or says that nothing is selected.
    pub fn read(&self, spec: &Spec) -> Result<(Vec<Case>, Vec<String>), String> {
        let mut cases = if self.is_default() {
            catalog::suite(spec).map_err(|problems| problems.to_string())?
        } else {
            self.read_folders(spec)?
        };
        let ids: Vec<String> = cases.iter().map(|case| case.id.clone()).collect();
        if let Some(id) = self.ids.iter().find(|id| !ids.contains(id)) {
            return Err(format!("no case is called {id:?}{}", catalog::did_you_mean(id, &ids)));
        }
        if let Some(filter) = &self.filter {
            cases.retain(|case| case.id.contains(filter.as_str()));
        }
        if !self.ids.is_empty() {
            cases.retain(|case| self.ids.contains(&case.id));
        }
        match (cases.is_empty(), &self.filter) {
            (false, _) => Ok((cases, ids)),
            (true, Some(filter)) => {
                Err(format!("no case has {filter:?} in its id{}", catalog::did_you_mean(filter, &ids)))
            }
            (true, None) => Err("there are no cases in the folders".to_owned()),
        }
    }

    fn read_folders(&self, spec: &Spec) -> Result<Vec<Case>, String> {
        let mut read = Vec::new();
        if let Some(folder) = &self.cases {
            read.push(read_folder(folder, spec, Expecting::Something));
        }
        match &self.corpus {
            Some(folder) if corpus::has_index(folder) => read.push(corpus::read_folder(folder)),
            Some(folder) => read.push(corpus::read_modules(folder)),
            None => {}
        }
        let mut cases = Vec::new();
        for read in read {
            cases.extend(read.map_err(|problems| problems.to_string())?);
        }
        Ok(cases)
    }

    /// Whether less than there is was asked for.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.filter.is_some() || !self.ids.is_empty()
    }

    /// Whether these are the cases of the repository, of which the ledgers there speak.
    fn is_default(&self) -> bool {
        self.cases.is_none() && self.corpus.is_none()
    }
}

/// Runs a plan, one implementation after the other. `progress` hears the index of the implementation for each result.
///
/// # Errors
/// Says what keeps the run from beginning: the case files, a ledger, or an implementation that does not start.
pub fn run(plan: &Plan, spec: &Spec, stop: &AtomicBool, progress: &dyn Progress) -> Result<Run, String> {
    let (cases, all_ids) = plan.selection.read(spec)?;
    let all_ids: Vec<&str> = all_ids.iter().map(String::as_str).collect();
    let until = plan.max_total.and_then(|most| Instant::now().checked_add(most));
    let mut columns = Vec::new();
    let mut not_begun = Vec::new();
    for launcher in &plan.launchers {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            not_begun.push(launcher.name.clone());
            continue;
        }
        progress.begin(&launcher.name, cases.len());
        let bounds = Bounds { until, failures: plan.stop_after };
        let options = Options { workers: plan.workers, timeout: plan.timeout, stop, bounds };
        let column = column(plan, launcher, (&cases, &all_ids), spec, &options, progress);
        progress.end();
        columns.push(column?);
    }
    let disagreements = disagreements(&cases, &columns);
    let folders = [("--cases", &plan.selection.cases), ("--corpus", &plan.selection.corpus)];
    let words = |(option, folder): (&str, &Option<PathBuf>)| {
        Some([option.to_owned(), folder.as_ref()?.display().to_string()])
    };
    let folders = folders.into_iter().filter_map(words).flatten().collect();
    Ok(Run { cases, columns, disagreements, not_begun, folders })
}

/// Who is notified of progress.
pub trait Progress: Sync {
    /// An implementation begins with that many cases.
    fn begin(&self, name: &str, cases: usize);
    /// One more case has a result.
    fn advance(&self);
    /// The implementation has done them all.
    fn end(&self);
}

impl Run {
    /// The command that runs one case again on some of the implementations.
    #[must_use]
    pub fn reproduce(&self, case: &Case, columns: &[&Column]) -> String {
        let mut words = vec!["mdvm-conform".to_owned(), "run".to_owned()];
        for column in columns {
            words.extend(["--impl".to_owned(), column.argument.clone()]);
        }
        words.extend(self.folders.iter().cloned());
        words.extend(["--case".to_owned(), case.id.clone()]);
        command_line(&words)
    }

    /// Whether nothing differs that no ledger knows.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.disagreements.is_empty() && self.not_begun.is_empty() && self.columns.iter().all(Column::is_fine)
    }
}

impl Column {
    /// How many cases have that verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.results.iter().flatten().filter(|result| result.judgement.verdict == verdict).count()
    }

    /// How many cases have no result.
    #[must_use]
    pub fn not_run(&self) -> usize {
        self.results.iter().filter(|result| result.is_none()).count()
    }

    /// What is to be said of the whole implementation: its incidents, and why it was given up.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let given_up = self.given_up.as_ref();
        let given_up = given_up
            .map(|why| format!("{} of {} cases were not run: {why}", self.not_run(), self.results.len()));
        self.incidents.iter().cloned().chain(given_up).collect()
    }

    /// How long all cases took together.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.results.iter().flatten().map(|result| result.done.seconds).sum()
    }

    /// Whether every case has a result, each is as expected or known, and nothing else happened.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        let is_fine = |result: &Option<CaseResult>| {
            result.as_ref().is_some_and(|result| result.judgement.verdict.is_fine())
        };
        self.incidents.is_empty() && self.results.iter().all(is_fine)
    }
}

/// The ledger named for the implementation, or the one of the repository. That one speaks of the cases there only.
fn read_ledger(
    plan: &Plan,
    launcher: &Launcher,
    handshake: &Handshake,
    spec: &Spec,
) -> Result<NamedLedger, String> {
    let path = match plan.ledgers.get(&launcher.name) {
        Some(path) => path.clone(),
        None => {
            let path = ledger::path_for(handshake);
            if !plan.selection.is_default() || !embedded::is_file(&path) {
                return Ok(None);
            }
            path
        }
    };
    let ledger = Ledger::read(&path, spec).map_err(|problems| problems.to_string())?;
    Ok(Some((path, ledger)))
}

/// A ledger with the file that it is in, where there is one.
type NamedLedger = Option<(PathBuf, Ledger)>;

/// Runs the cases on one implementation. Each answer is judged as it comes, and no more of it is kept than is needed to
/// compare it with the answers of others.
fn column(
    plan: &Plan,
    launcher: &Launcher,
    (cases, all_ids): (&[Case], &[&str]),
    spec: &Spec,
    options: &Options<'_>,
    progress: &dyn Progress,
) -> Result<Column, String> {
    let jobs: Vec<_> =
        cases.iter().map(|case| Job { request: case.request(), weight: case.weight() }).collect();
    let results = Mutex::new(vec![None; cases.len()]);
    let begun: OnceLock<(Vec<Field>, NamedLedger)> = OnceLock::new();
    let none = Ledger::default();
    let mut begin = |handshake: &Handshake| {
        let ledger = read_ledger(plan, launcher, handshake, spec)?;
        begun.get_or_init(|| (handshake.unreported.clone(), ledger));
        Ok(())
    };
    let done = |index: usize, done: Done| {
        let unreported = begun.get().map_or(&[][..], |(unreported, _)| unreported);
        let ledger = begun.get().and_then(|(_, ledger)| ledger.as_ref()).map_or(&none, |(_, ledger)| ledger);
        let judgement = judge(&cases[index], &done.answer, unreported, ledger);
        let done = Done { answer: done.answer.condensed(), ..done };
        results.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(CaseResult { done, judgement });
        progress.advance();
    };
    let Summary { handshake, mut incidents, given_up, .. } =
        batch::run_after(launcher, &jobs, options, &mut begin, &done)?;
    let ledger = begun.into_inner().and_then(|(_, ledger)| ledger);
    let entries = ledger.as_ref().map_or(&none, |(_, ledger)| ledger);
    let stale = |entry: &ledger::Entry| format!("{}: no case is called {}", entry.place, entry.name);
    let before = incidents.len();
    incidents.extend(entries.stale(all_ids).map(stale));
    let stale = incidents.len() - before;
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (name, argument) = (launcher.name.clone(), launcher.argument());
    Ok(Column { name, argument, handshake, ledger, results, incidents, given_up, stale })
}

fn disagreements(cases: &[Case], columns: &[Column]) -> Vec<Disagreement> {
    (0..cases.len()).filter_map(|case| disagreement_on(case, columns)).collect()
}

/// How the implementations differ on one case, those left out whose ledger knows the case.
fn disagreement_on(case: usize, columns: &[Column]) -> Option<Disagreement> {
    let mut groups: Vec<Vec<(&Column, &Answer)>> = Vec::new();
    for column in columns {
        let Some(result) = column.results.get(case).and_then(Option::as_ref) else { continue };
        if result.judgement.verdict == Verdict::Known {
            continue;
        }
        let member = (column, &result.done.answer);
        let agrees = |group: &&mut Vec<(&Column, &Answer)>| {
            group.iter().all(|other| differences(*other, member).is_none())
        };
        match groups.iter_mut().find(agrees) {
            Some(group) => group.push(member),
            None => groups.push(vec![member]),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let (most, others) = groups.split_first()?;
    let shown: String = others.iter().filter_map(|group| differences(most[0], group[0])).collect();
    let names =
        |group: &Vec<(&Column, &Answer)>| group.iter().map(|(column, _)| column.name.clone()).collect();
    (!others.is_empty()).then(|| Disagreement {
        case,
        groups: groups.iter().map(names).collect(),
        differences: shown,
    })
}

fn differences(left: (&Column, &Answer), right: (&Column, &Answer)) -> Option<String> {
    let unreported: Vec<Field> =
        [left, right].iter().flat_map(|(column, _)| &column.handshake.unreported).copied().collect();
    disagreement((&left.0.name, left.1), (&right.0.name, right.1), &unreported)
}

impl Disagreement {
    /// Who disagrees with whom, in words.
    #[must_use]
    pub fn headline(&self) -> String {
        let sizes: Vec<usize> = self.groups.iter().map(Vec::len).collect();
        let all: Vec<String> = self.groups.iter().map(|group| group.join(" and ")).collect();
        match (sizes.as_slice(), all.as_slice()) {
            ([most, 1], [_, odd]) if *most > 1 => format!("the odd one out is {odd}"),
            _ => format!("{} disagree", all.join(", ")),
        }
    }
}

/// Reads `FILE` or `NAME=FILE`, and gives the name of the implementation that the ledger is for.
///
/// # Errors
/// Says so where it is not clear which implementation is meant.
pub fn ledger_argument(text: &str, launchers: &[Launcher]) -> Result<(String, PathBuf), String> {
    let names = |name: &str| launchers.iter().any(|launcher| launcher.name == name);
    if let Some((name, path)) = text.split_once('=').filter(|(name, _)| names(name)) {
        return Ok((name.to_owned(), path.into()));
    }
    let mut foreign =
        launchers.iter().filter(|launcher| launcher.name != "rust" && launcher.name != "reference");
    match (foreign.next(), foreign.next(), launchers) {
        (Some(only), None, _) | (None, None, [only]) => Ok((only.name.clone(), Path::new(text).to_owned())),
        (_, _, _) => Err(format!("it is not clear whose ledger {text} is; say NAME={text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_goes_to_the_one_implementation_it_can_mean() {
        let launcher = |text: &str| Launcher::parse(text).unwrap();
        let launchers = [Launcher::rust(), launcher("mine=./vm")];
        assert_eq!(ledger_argument("l.yaml", &launchers).unwrap().0, "mine");
        assert_eq!(ledger_argument("rust=l.yaml", &launchers).unwrap(), ("rust".to_owned(), "l.yaml".into()));
        assert!(ledger_argument("l.yaml", &[launcher("a=x"), launcher("b=x")]).is_err());
    }

    #[test]
    fn the_one_that_stands_alone_is_named() {
        let disagreement = |groups: &[&[&str]]| {
            let owned = |names: &&[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            Disagreement { case: 0, groups: groups.iter().map(owned).collect(), differences: String::new() }
                .headline()
        };
        assert_eq!(disagreement(&[&["rust", "reference"], &["mine"]]), "the odd one out is mine");
        assert_eq!(disagreement(&[&["rust"], &["mine"]]), "rust, mine disagree");
    }
}
