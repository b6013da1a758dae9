//! What an answer is worth.

use crate::case::Case;
use crate::ledger::Ledger;
use crate::outcome::{Difference, Field};
use crate::plug::Answer;

/// What the answer of one implementation to one case is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is as expected.
    Pass,
    /// It is not as expected.
    Fail,
    /// It is not as expected, and as the ledger says.
    Known,
    /// It is as expected, although the ledger says otherwise: the line must go.
    Fixed,
    /// The implementation ended.
    Crash,
    /// There was no answer in time.
    Timeout,
    /// The implementation says that it lacks what the case asks for.
    Unsupported,
}

impl Verdict {
    /// Every verdict, in the order of tables.
    pub const ALL: [Self; 7] =
        [Self::Pass, Self::Known, Self::Fail, Self::Fixed, Self::Crash, Self::Timeout, Self::Unsupported];

    /// The word that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Known => "known",
            Self::Fixed => "fixed",
            Self::Crash => "crash",
            Self::Timeout => "timeout",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether a run with this verdict can succeed.
    #[must_use]
    pub fn is_fine(self) -> bool {
        match self {
            Self::Pass | Self::Known => true,
            Self::Fail | Self::Fixed | Self::Crash | Self::Timeout | Self::Unsupported => false,
        }
    }
}

/// A verdict with its reason.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Indented lines that give the reason; nothing where all is as expected.
    pub reason: String,
}

/// Judges an answer by the expectation of its case and by what is known of the implementation.
#[must_use]
pub fn judge(case: &Case, answer: &Answer, unreported: &[Field], ledger: &Ledger) -> Judgement {
    let plain = judge_by_case(case, answer, unreported);
    let passes = plain.verdict == Verdict::Pass;
    match ledger.entry(&case.id) {
        Ok(None) => plain,
        Ok(Some(entry)) if passes => {
            Judgement { verdict: Verdict::Fixed, reason: format!("    passes, so {} must go\n", entry.place) }
        }
        Ok(Some(entry)) if entry.gives.is(answer, unreported) => {
            Judgement { verdict: Verdict::Known, reason: format!("    {}\n", entry.why.trim()) }
        }
        Ok(Some(entry)) => Judgement {
            verdict: plain.verdict,
            reason: format!("{}    {} says it gives something else\n", plain.reason, entry.place),
        },
        Err(problem) => Judgement { verdict: Verdict::Fail, reason: format!("    {problem}\n") },
    }
}

fn judge_by_case(case: &Case, answer: &Answer, unreported: &[Field]) -> Judgement {
    let (verdict, reason) = match answer {
        Answer::Outcome(outcome) => {
            let differences =
                case.expect.as_ref().map_or_else(Vec::new, |expect| expect.differences(outcome, unreported));
            let verdict = if differences.is_empty() { Verdict::Pass } else { Verdict::Fail };
            (verdict, show(&differences, "expected", "found"))
        }
        Answer::Crash { .. } => (Verdict::Crash, format!("    {answer}\n")),
        Answer::Timeout { .. } => (Verdict::Timeout, format!("    {answer}\n")),
        Answer::Unsupported { .. } => (Verdict::Unsupported, format!("    {answer}\n")),
        Answer::Unstable { .. } | Answer::Invalid { .. } => (Verdict::Fail, format!("    {answer}\n")),
    };
    Judgement { verdict, reason }
}

/// How two answers to one request differ, as indented lines; nothing where they agree. The fields that either
/// implementation does not report are left out. One that lacks what is asked for disagrees with nobody.
#[must_use]
pub fn disagreement(left: (&str, &Answer), right: (&str, &Answer), unreported: &[Field]) -> Option<String> {
    let ((left_name, left), (right_name, right)) = (left, right);
    match (left, right) {
        (Answer::Outcome(one), Answer::Outcome(other)) => {
            let differences = one.disagreements(other, unreported);
            (!differences.is_empty()).then(|| show(&differences, left_name, right_name))
        }
        // What cannot be asked cannot be answered differently.
        (Answer::Unsupported { .. }, _) | (_, Answer::Unsupported { .. }) => None,
        (_, _) if std::mem::discriminant(left) == std::mem::discriminant(right) => None,
        (_, _) => Some(format!("    {left_name}: {left}\n    {right_name}: {right}\n")),
    }
}

fn show(differences: &[Difference], expected: &str, found: &str) -> String {
    differences.iter().map(|difference| difference.show(expected, found)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::case::Origin;
    use crate::ledger::{Entry, Gives};
    use crate::outcome::{Outcome, Status};

    fn case() -> Case {
        let mut expect = Outcome::new(Status::Ok);
        expect.set_number(Field::Steps, 3);
        Case {
            id: "a/b".to_owned(),
            origin: Origin { file: "a.yaml".into(), line: 1, index: 0 },
            module: Vec::new(),
            limits: BTreeMap::new(),
            globals: BTreeMap::new(),
            schedule: None,
            expect: Some(expect),
            covers: BTreeSet::new(),
        }
    }

    fn steps(number: u64) -> Answer {
        let mut outcome = Outcome::new(Status::Ok);
        outcome.set_number(Field::Steps, number);
        Answer::Outcome(outcome)
    }

    fn ledger(gives: Gives) -> Ledger {
        let entry = Entry {
            name: "a/*".to_owned(),
            gives,
            why: "it counts badly".to_owned(),
            place: "l.yaml:2".to_owned(),
        };
        Ledger { entries: vec![entry] }
    }

    fn verdict(answer: &Answer, ledger: &Ledger) -> Verdict {
        judge(&case(), answer, &[], ledger).verdict
    }

    #[test]
    fn without_a_ledger_an_answer_is_right_or_wrong() {
        let none = Ledger::default();
        assert_eq!(verdict(&steps(3), &none), Verdict::Pass);
        assert_eq!(verdict(&steps(4), &none), Verdict::Fail);
        assert_eq!(verdict(&Answer::Crash { how: String::new() }, &none), Verdict::Crash);
    }

    #[test]
    fn a_ledger_is_strict_both_ways() {
        let Answer::Outcome(four) = steps(4) else { panic!("an outcome") };
        let ledger = ledger(Gives::Outcome(four));
        assert_eq!(verdict(&steps(4), &ledger), Verdict::Known);
        assert_eq!(verdict(&steps(3), &ledger), Verdict::Fixed);
        assert_eq!(verdict(&steps(5), &ledger), Verdict::Fail);
        assert_eq!(verdict(&Answer::Crash { how: String::new() }, &ledger), Verdict::Crash);
    }

    #[test]
    fn a_crash_can_be_known() {
        assert_eq!(verdict(&Answer::Crash { how: "any".to_owned() }, &ledger(Gives::Crash)), Verdict::Known);
    }
}
