//! What was forced, beside all that there is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use machine_dialect_vm::Module;
use serde::Deserialize;

use crate::schedule::{Forced, Site};

/// An exit by its name: the tier, and the instruction with the types of what it reads.
pub type Exit = (String, String);

/// What was forced, and what there was to force.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Programs that were forced at each place that was chosen.
    pub programs: u64,
    /// Runs in which a place was forced.
    pub runs: u64,
    /// States that were compared with the interpreter's.
    pub frames: u64,
    /// Requests for executable memory that failed.
    pub unmapped: u64,
    /// By exit, how often it was forced: 0 where it is there and was not.
    pub exits: BTreeMap<Exit, u64>,
    /// By exit, what a schedule names it by, in the program that had it first.
    pub kinds: BTreeMap<Exit, String>,
    /// By tier, how often its entry was refused; stubs, too.
    pub refused: BTreeMap<Exit, u64>,
}

/// An exit that no program is known to be forced out of, and why.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unforced {
    /// The tier.
    pub tier: String,
    /// The instruction, with the types of what it reads, as reports name it.
    pub exit: String,
    /// Why.
    pub why: String,
}

impl Tally {
    /// Adds exits there are.
    pub fn add_exits(&mut self, exits: &[Site], module: &Module) {
        for site in exits {
            let exit = name(site, module);
            self.kinds.entry(exit.clone()).or_insert_with(|| site.kind());
            self.exits.entry(exit).or_default();
        }
    }

    /// Adds what a run was forced to, and gives the names of that.
    pub fn add_forced(&mut self, forced: &[Forced], module: &Module) -> Vec<Exit> {
        self.runs += u64::from(!forced.is_empty());
        let mut names = Vec::new();
        for Forced { site, .. } in forced {
            let is_exit = !matches!(site.op.as_str(), "Entry" | "Stub");
            let counts = if is_exit { &mut self.exits } else { &mut self.refused };
            *counts.entry(name(site, module)).or_default() += 1;
            names.push(name(site, module));
        }
        names
    }

    /// Adds what another part of the work came to.
    pub fn add(&mut self, other: &Self) {
        self.programs += other.programs;
        self.runs += other.runs;
        self.frames += other.frames;
        self.unmapped += other.unmapped;
        for (exit, count) in &other.exits {
            *self.exits.entry(exit.clone()).or_default() += count;
        }
        for (exit, kind) in &other.kinds {
            self.kinds.entry(exit.clone()).or_insert_with(|| kind.clone());
        }
        for (what, count) in &other.refused {
            *self.refused.entry(what.clone()).or_default() += count;
        }
    }

    /// The exits that were not forced.
    pub fn unforced(&self) -> impl Iterator<Item = &Exit> {
        self.exits.iter().filter(|(_, count)| **count == 0).map(|(exit, _)| exit)
    }

    /// By tier, how many exits were forced, and how many there are.
    #[must_use]
    pub fn by_tier(&self) -> BTreeMap<&str, (usize, usize)> {
        let mut tiers = BTreeMap::new();
        for ((tier, _), count) in &self.exits {
            let (forced, all): &mut (usize, usize) = tiers.entry(tier.as_str()).or_default();
            *forced += usize::from(*count > 0);
            *all += 1;
        }
        tiers
    }

    /// What differs from a list of exits that are known not to be forced.
    #[must_use]
    pub fn problems(&self, known: &[Unforced]) -> Vec<String> {
        let is_known = |(tier, exit): &Exit| known.iter().any(|one| one.tier == *tier && one.exit == *exit);
        let unforced = self.unforced().filter(|exit| !is_known(exit));
        let mut problems: Vec<String> =
            unforced.map(|(tier, exit)| format!("{tier}: {exit} is there, and was not forced")).collect();
        for one in known {
            match self.exits.get(&(one.tier.clone(), one.exit.clone())) {
                None => problems
                    .push(format!("{}: {} is listed as not forced, and is not there", one.tier, one.exit)),
                Some(0) => {}
                Some(_) => {
                    problems.push(format!("{}: {} is listed as not forced, and was", one.tier, one.exit))
                }
            }
        }
        problems
    }

    /// A summary in a few lines; with all exits and how often each was forced, where that is wanted.
    #[must_use]
    pub fn text(&self, is_long: bool) -> String {
        let mut out = String::new();
        for (tier, (forced, all)) in self.by_tier() {
            let _ = writeln!(out, "{tier}: {forced} of {all} exits forced");
        }
        let refused: u64 = self.refused.values().sum();
        let _ = writeln!(
            out,
            "{} programs, {} forced runs, {} states compared, {refused} entries and stubs refused, {} mappings failed",
            self.programs, self.runs, self.frames, self.unmapped
        );
        for ((tier, exit), count) in self.exits.iter().filter(|(_, count)| is_long || **count == 0) {
            let _ = writeln!(out, "{count:>8}  {tier}  {exit}");
        }
        out
    }
}

/// A baseline instruction within specialised code is called by its own name.
fn name(site: &Site, module: &Module) -> Exit {
    let opcode = site.pc.and_then(|pc| module.opcode(pc)).map(|opcode| opcode.spec().mnemonic);
    match opcode.filter(|_| site.op == "Baseline") {
        Some(mnemonic) => (site.tier.clone(), format!("Baseline {mnemonic}")),
        None => (site.tier.clone(), site.title()),
    }
}
