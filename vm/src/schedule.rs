//! Forced exits: a run leaves a faster tier, or is refused one, where a schedule says so.
//!
//! Only the cargo feature `schedule` compiles this in. A run then counts its places: instructions of specialised code and of machine
//! code that have an exit; entries into a tier, and stubs; and requests for executable memory. A [`Schedule`] names some of them by
//! number, from 1 on. Such an instruction leaves by its exit although it need not, such an entry or stub is refused, and such a
//! request fails. No outcome may change. Without the feature the functions here are constants, and nothing of it is left.

use std::collections::BTreeSet;

#[cfg(feature = "schedule")]
mod counted;
#[cfg(feature = "schedule")]
pub(crate) use counted::draw_switches;
#[cfg(feature = "schedule")]
pub use counted::{begin, end};
#[cfg(all(machine_code, feature = "schedule"))]
pub(crate) use counted::{hand_out, is_counted, take_back};

/// What a run is to be forced to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The exits to leave by.
    pub exit: BTreeSet<u64>,
    /// If it is named, only exits of that kind ([`Site::kind`]) are counted.
    pub of: Option<String>,
    /// The entries and stubs to refuse.
    pub refuse: BTreeSet<u64>,
    /// The requests for executable memory that fail.
    pub unmap: BTreeSet<u64>,
    /// The seed by which techniques of the faster tiers are switched off, others for each block and each machine code that is made.
    pub switches: Option<u64>,
    /// Whether the run stops where it is first forced back to the baseline interpreter, so that its state can be looked at.
    pub stop: bool,
}

/// How many places of each kind a run came by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places {
    /// Instructions with an exit.
    pub exit: u64,
    /// Entries and stubs.
    pub refuse: u64,
    /// Requests for executable memory.
    pub unmap: u64,
}

/// The tier that a place is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// The loop over specialised code.
    Specialised,
    /// Machine code.
    MachineCode,
    /// Machine code of an optimised loop.
    Optimised,
}

impl Tier {
    /// Its name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Specialised => "specialised",
            Self::MachineCode => "machine_code",
            Self::Optimised => "optimised",
        }
    }
}

/// An exit of specialised code or machine code, or something else that can be refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The tier that is left, or not entered.
    pub tier: Tier,
    /// The name of the specialised instruction; `Entry` and `Stub` for what is no instruction.
    pub op: &'static str,
    /// What is known of the values that the instruction reads.
    pub types: Vec<&'static str>,
    /// The baseline instruction to go on with, where there is one.
    pub pc: Option<u32>,
}

impl Site {
    /// An entry into a tier.
    #[must_use]
    pub fn entry(tier: Tier) -> Self {
        Self { tier, op: "Entry", types: Vec::new(), pc: None }
    }

    /// What exits are told apart by: tier, instruction, and types of what it reads. A baseline instruction goes by its place.
    #[must_use]
    pub fn kind(&self) -> String {
        let kind = format!("{} {} ({})", self.tier.name(), self.op, self.types.join(", "));
        match self.pc.filter(|_| self.op == "Baseline") {
            Some(pc) => format!("{kind} at {pc}"),
            None => kind,
        }
    }

    /// Code that is still to be made.
    #[must_use]
    pub fn stub(pc: u32) -> Self {
        Self { tier: Tier::Specialised, op: "Stub", types: Vec::new(), pc: Some(pc) }
    }
}

/// A place that was forced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forced {
    /// What was forced there.
    pub site: Site,
    /// How many steps the run had taken where control was back in the baseline interpreter; none where it did not go there.
    pub steps: Option<u64>,
}

/// What came of a schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The places there were.
    pub places: Places,
    /// Those that were forced, in the order in which that happened.
    pub forced: Vec<Forced>,
    /// The exits in all code that was made, each sort once.
    pub exits: BTreeSet<Site>,
}

/// Counts an exit of the loop over specialised code, where an instruction has one, and tells whether it is to be taken.
#[inline(always)]
pub(crate) fn is_forced(has_exit: impl FnOnce() -> bool, site: impl Fn() -> Site) -> bool {
    #[cfg(feature = "schedule")]
    return has_exit() && counted::is_forced(site);
    #[cfg(not(feature = "schedule"))]
    {
        let _ = (has_exit, site);
        false
    }
}

/// Counts an entry or a stub, and tells whether it is refused.
#[inline(always)]
pub(crate) fn is_refused(site: impl FnOnce() -> Site) -> bool {
    #[cfg(feature = "schedule")]
    return counted::is_refused(site);
    #[cfg(not(feature = "schedule"))]
    {
        let _ = site;
        false
    }
}

/// Counts a request for executable memory, and tells whether it fails.
#[cfg(machine_code)]
pub(crate) fn is_unmapped() -> bool {
    #[cfg(feature = "schedule")]
    return counted::is_unmapped();
    #[cfg(not(feature = "schedule"))]
    false
}

/// Notes that control is in the baseline interpreter after so many steps, and tells whether the run stops there, as it was forced to
/// leave.
#[inline(always)]
pub(crate) fn stops_after(steps: u64) -> bool {
    #[cfg(feature = "schedule")]
    return counted::stops_after(steps);
    #[cfg(not(feature = "schedule"))]
    {
        let _ = steps;
        false
    }
}

/// Whether the run may stop where it is forced to leave.
pub(crate) fn may_stop() -> bool {
    #[cfg(feature = "schedule")]
    return counted::may_stop();
    #[cfg(not(feature = "schedule"))]
    false
}

/// Notes the exits there are in code.
pub(crate) fn see_exits<I: Iterator<Item = Site>>(exits: impl FnOnce() -> I) {
    #[cfg(feature = "schedule")]
    counted::see_exits(exits);
    #[cfg(not(feature = "schedule"))]
    let _ = exits;
}

/// Switches other techniques off, before something is made.
#[cfg(not(feature = "schedule"))]
#[inline(always)]
pub(crate) fn draw_switches() {}
