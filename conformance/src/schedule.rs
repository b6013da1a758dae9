//! Schedules of forced exits: where a run leaves a faster tier, or is refused one, although it need not.
//!
//! Only an implementation that says `"schedule": true` in its handshake takes one: the machine of this repository, built with the
//! cargo feature `schedule`. No outcome may depend on it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::value::string_text;

/// The places of a run that are forced, by number from 1 on, and which techniques it does without.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// The exits that are taken, counted over specialised code and machine code.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub exit: BTreeSet<u64>,
    /// If it is named, only exits of that kind are counted, as [`Site::kind`] has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The entries into a tier, and the stubs, that are refused.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub refuse: BTreeSet<u64>,
    /// The requests for executable memory that fail.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub unmap: BTreeSet<u64>,
    /// By which seed techniques of the faster tiers are switched off, others for each block and each machine code that is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switches: Option<u64>,
}

/// What an implementation tells of a run with a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Report {
    /// How many places the run came by.
    pub places: Places,
    /// Those that were forced, in the order in which that happened.
    pub forced: Vec<Forced>,
    /// The exits there are in all code that was made.
    pub exits: Vec<Site>,
}

/// How many places of each kind a run came by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Places {
    /// Instructions with an exit.
    pub exit: u64,
    /// Entries into a tier, and stubs.
    pub refuse: u64,
    /// Requests for executable memory.
    pub unmap: u64,
}

/// An exit of code, an entry or a stub.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Site {
    /// `specialised` or `machine_code`.
    pub tier: String,
    /// The specialised instruction; `Entry` or `Stub` for what is none.
    pub op: String,
    /// What is known of the values that the instruction reads.
    pub types: Vec<String>,
    /// The instruction of the module to go on with.
    pub pc: Option<usize>,
}

/// A place that was forced.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Forced {
    /// What was forced there.
    #[serde(flatten)]
    pub site: Site,
    /// How many steps the run had taken when it was back in the interpreter; none where it did not go there.
    pub steps: Option<u64>,
}

impl Schedule {
    /// One that forces a single exit.
    #[must_use]
    pub fn of_exit(number: u64) -> Self {
        Self { exit: BTreeSet::from([number]), ..Self::default() }
    }

    /// One that forces a single exit of those of a kind.
    #[must_use]
    pub fn of_kind(kind: &str, number: u64) -> Self {
        Self { of: Some(kind.to_owned()), ..Self::of_exit(number) }
    }

    /// Whether it forces nothing and switches nothing off.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The JSON of a request, which is YAML of a case, too.
    #[must_use]
    pub fn json(&self) -> String {
        let list =
            |numbers: &BTreeSet<u64>| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let lists = [("exit", &self.exit), ("refuse", &self.refuse), ("unmap", &self.unmap)];
        let lists = lists.into_iter().filter(|(_, numbers)| !numbers.is_empty());
        let mut fields: Vec<String> =
            lists.map(|(name, numbers)| format!(r#""{name}": [{}]"#, list(numbers))).collect();
        fields.extend(self.of.as_ref().map(|of| format!(r#""of": {}"#, string_text(of))));
        fields.extend(self.switches.map(|seed| format!(r#""switches": {seed}"#)));
        format!("{{{}}}", fields.join(", "))
    }

    /// Schedules that force less, the simplest first.
    pub fn simpler(&self) -> impl Iterator<Item = Self> {
        let mut all = vec![Self::default()];
        if self.of.is_some() && self.exit.is_empty() {
            all.push(Self { of: None, ..self.clone() });
        }
        if self.switches.is_some() {
            all.push(Self { switches: None, ..self.clone() });
        }
        let parts: [fn(&mut Self) -> &mut BTreeSet<u64>; 3] =
            [|all| &mut all.exit, |all| &mut all.refuse, |all| &mut all.unmap];
        for part in parts {
            for number in part(&mut self.clone()).clone() {
                let mut less = self.clone();
                part(&mut less).remove(&number);
                all.push(less);
                for lower in
                    [1, number / 2, number - 1].into_iter().filter(|lower| (1..number).contains(lower))
                {
                    let mut other = self.clone();
                    part(&mut other).remove(&number);
                    part(&mut other).insert(lower);
                    all.push(other);
                }
            }
        }
        all.into_iter().filter(move |other| other != self).collect::<Vec<_>>().into_iter()
    }
}

impl Site {
    /// What a schedule names exits by that are counted alone. A baseline instruction within specialised code goes by its place.
    #[must_use]
    pub fn kind(&self) -> String {
        let kind = format!("{} {}", self.tier, self.title());
        match self.pc.filter(|_| self.op == "Baseline") {
            Some(pc) => format!("{kind} at {pc}"),
            None => kind,
        }
    }

    /// What it is called in reports: the instruction, and the types of what it reads.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} ({})", self.op, self.types.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_written_as_it_is_read() {
        let schedule = Schedule {
            exit: BTreeSet::from([3, 17]),
            unmap: BTreeSet::from([1]),
            of: Some("specialised AddInt (int, int)".to_owned()),
            switches: Some(5),
            ..Schedule::default()
        };
        assert_eq!(
            schedule.json(),
            r#"{"exit": [3, 17], "unmap": [1], "of": "specialised AddInt (int, int)", "switches": 5}"#
        );
        assert_eq!(serde_json::from_str::<Schedule>(&schedule.json()).unwrap(), schedule);
        assert!(serde_json::from_str::<Schedule>(r#"{"exits": [1]}"#).is_err());
        assert!(serde_json::from_str::<Schedule>("{}").unwrap().is_empty());
    }

    #[test]
    fn what_is_simpler_forces_less_or_earlier() {
        let schedule = Schedule { exit: BTreeSet::from([9]), switches: Some(2), ..Schedule::default() };
        let simpler: Vec<String> = schedule.simpler().map(|one| one.json()).collect();
        assert_eq!(simpler[..2], ["{}".to_owned(), r#"{"exit": [9]}"#.to_owned()]);
        assert!(simpler.contains(&r#"{"switches": 2}"#.to_owned()));
        assert!(simpler.contains(&r#"{"exit": [4], "switches": 2}"#.to_owned()));
    }
}
