//! Whether the tier pays, and where.
//!
//! Entering specialised code, making it and leaving it takes time that only the steps taken there earn back. Two things see
//! to it that no program is slower for it than the interpreter alone, but for a constant and a few parts in a hundred:
//!
//! - *Places back off.* An entry after which few steps were taken was in vain. Where that happens, the next is tried after twice
//!   as many arrivals, up to [`MAX_DOUBLINGS`] times; entries that pay make the wait shorter again.
//! - *All of it is paid from one purse.* What the tier does is charged in steps of the interpreter; steps taken in specialised
//!   code earn a part of what they are, and all others a smaller part. While the purse is empty, no code is made, and only
//!   places where entries pay are entered.
//!
//! What is charged are counts that are the same in each run of a program, and no times.

/// A wait is doubled so often at most.
const MAX_DOUBLINGS: u16 = 12;
/// Stands for the doublings of a place where entries pay.
const PAYS: u16 = 15;
/// The bits of a wait that count arrivals. Those above count how often it was doubled.
const ARRIVALS: u16 = (1 << MAX_DOUBLINGS) - 1;
/// An entry that takes fewer steps than this does not pay.
const ENOUGH: u64 = 128;
/// A place that so many doublings were not enough for is hot.
const HOT_DOUBLINGS: u16 = 4;

/// What the tier may cost at first, and at most at a time, in steps of the interpreter: well below 20 ms.
const PURSE: i64 = 300_000;
/// What an entry costs.
const ENTRY: i64 = 100;
/// What it costs to drop all code there is.
const FLUSH: i64 = 50_000;
/// Of so many steps in specialised code one may be spent, and of so many others.
const PART_INSIDE: u64 = 4;
const PART: u64 = 32;

/// One of so many steps may be spent on looking into a module, besides a purse.
const PART_LOOKED: u64 = 16;

/// How many steps a run must have taken before a module of that many instructions is looked at as a whole.
pub(super) fn steps_before_analysis(instructions: usize) -> u64 {
    /// What it takes for an instruction, in steps.
    const STEPS: u64 = 3;
    (instructions as u64 * STEPS).saturating_sub(PURSE as u64) * PART_LOOKED
}

/// How many instructions may have been looked into, function by function, where a run has taken so many steps.
pub(super) fn analysis_budget(steps: u64) -> usize {
    /// What it takes for an instruction, in steps.
    const STEPS: u64 = 20;
    usize::try_from((PURSE as u64 + steps / PART_LOOKED) / STEPS).unwrap_or(usize::MAX)
}

/// What was made, to be charged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// Instructions of specialised code.
    pub(super) instructions: u64,
    /// Callees that calls know.
    pub(super) callees: u64,
    /// Instructions of specialised code of which machine code was made, each time again.
    pub(super) translated: u64,
    /// Phis that were looked at, each time again.
    pub(super) phis: u64,
}

impl Work {
    /// What it cost, in steps of the interpreter.
    pub(super) fn cost(self) -> i64 {
        (80 * self.instructions + 250 * self.callees + 200 * self.translated + 8 * self.phis).cast_signed()
    }

    /// What was made since then.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            instructions: self.instructions.saturating_sub(before.instructions),
            callees: self.callees.saturating_sub(before.callees),
            translated: self.translated.saturating_sub(before.translated),
            phis: self.phis.saturating_sub(before.phis),
        }
    }
}

/// What the tier earned and spent in a program, and where it is not to be tried.
pub(super) struct Payoff {
    /// By instruction, how many arrivals to let pass, and how often that was doubled.
    waits: Vec<u16>,
    purse: i64,
    /// The steps of the run that were counted.
    seen: u64,
}

impl Payoff {
    pub(super) fn new(instructions: usize) -> Self {
        Self { waits: vec![0; instructions + 1], purse: PURSE, seen: 0 }
    }

    /// Counts an arrival at an instruction, and tells whether an entry is to be tried.
    #[inline(always)]
    pub(super) fn arrive(&mut self, pc: usize) -> bool {
        match self.waits.get_mut(pc) {
            Some(wait) if *wait & ARRIVALS != 0 => {
                *wait -= 1;
                false
            }
            Some(_) | None => true,
        }
    }

    /// Counts what the interpreter earned up to now, and tells whether an instruction may be entered at.
    pub(super) fn can_enter(&mut self, pc: usize, steps: u64) -> bool {
        // Where there is less than before, another run began.
        let more = steps.checked_sub(self.seen).unwrap_or(steps);
        self.seen = steps;
        self.earn(more / PART);
        self.purse > 0 || self.doublings(pc) == Some(PAYS) || without!("back-off")
    }

    /// Whether more code can be paid, where that much was made since the last settlement.
    pub(super) fn can_make(&self, made: Work) -> bool {
        self.purse > made.cost() || without!("back-off")
    }

    /// Settles an entry at an instruction: how many steps it took, and what was made for it.
    pub(super) fn settle(&mut self, pc: usize, taken: u64, made: Work, steps: u64) {
        self.seen = steps;
        self.purse -= ENTRY + made.cost();
        self.earn(taken / PART_INSIDE);
        self.back_off(pc, taken);
    }

    /// Has an instruction wait, or not any more, after an entry that took so many steps; 0 where none could be paid.
    pub(super) fn back_off(&mut self, pc: usize, taken: u64) {
        let Some(before) = self.doublings(pc) else { return };
        let before = if before == PAYS { 0 } else { before };
        let (doublings, arrivals) = if taken < ENOUGH {
            let doublings = (before + 1).min(MAX_DOUBLINGS);
            (doublings, if without!("back-off") { 0 } else { (1 << doublings) - 1 })
        } else {
            // What took long was worth as many entries in vain.
            let doublings = before.saturating_sub(1 + (taken / ENOUGH).ilog2() as u16);
            (if doublings == 0 { PAYS } else { doublings }, 0)
        };
        self.waits[pc] = doublings << MAX_DOUBLINGS | arrivals;
    }

    /// How often the wait of an instruction was doubled, or [`PAYS`]; none for what is none.
    fn doublings(&self, pc: usize) -> Option<u16> {
        self.waits.get(pc).map(|wait| wait >> MAX_DOUBLINGS)
    }

    /// Whether control came to an instruction often, and the tier was of no use there.
    pub(super) fn is_missed(&self, pc: usize) -> bool {
        self.doublings(pc).is_some_and(|doublings| (HOT_DOUBLINGS..PAYS).contains(&doublings))
    }

    /// At how many instructions the tier was of no use, however often control came there.
    pub(super) fn places_given_up(&self) -> u64 {
        (0..self.waits.len()).filter(|pc| self.is_missed(*pc)).count() as u64
    }

    /// Pays for dropping all specialised code, if that can be paid with what it takes to make as much again.
    pub(super) fn flush(&mut self) -> bool {
        if self.purse < 2 * FLUSH {
            return false;
        }
        self.purse -= FLUSH;
        // Only what control reaches again and again gets code from now on.
        self.waits.fill((1 << HOT_DOUBLINGS) - 1);
        true
    }

    fn earn(&mut self, steps: u64) {
        self.purse = self.purse.saturating_add_unsigned(steps).min(PURSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of so many arrivals led to an entry, where each entry takes that many steps.
    fn entries(arrivals: u64, taken: u64) -> usize {
        let mut payoff = Payoff::new(1);
        (0..arrivals)
            .filter(|arrival| {
                let enters = payoff.arrive(0) && payoff.can_enter(0, arrival * 3);
                if enters {
                    payoff.settle(0, taken, Work::default(), arrival * 3);
                }
                enters
            })
            .count()
    }

    #[test]
    fn entries_in_vain_back_off() {
        assert!(entries(1 << 16, 0) < 30);
        assert!(entries(1 << 16, ENOUGH - 1) < 30);
    }

    #[test]
    fn entries_that_pay_go_on() {
        assert_eq!(entries(1 << 16, ENOUGH), 1 << 16);
    }

    #[test]
    fn one_long_entry_makes_up_for_many_in_vain() {
        let mut payoff = Payoff::new(1);
        for _ in 0..MAX_DOUBLINGS {
            payoff.settle(0, 0, Work::default(), 0);
        }
        payoff.settle(0, 1 << 20, Work::default(), 0);
        assert!(payoff.arrive(0));
    }

    #[test]
    fn an_empty_purse_leaves_it_to_the_interpreter_but_where_entries_pay() {
        let mut payoff = Payoff::new(2);
        payoff.settle(1, ENOUGH, Work::default(), 0);
        payoff.settle(0, 0, Work { instructions: 1 << 20, ..Work::default() }, 0);
        assert!(!payoff.can_enter(0, 1000));
        assert!(payoff.can_enter(1, 1000));
        assert!(!payoff.can_make(Work::default()));
        assert!(!payoff.flush());
    }

    #[test]
    fn small_modules_are_looked_into_at_once() {
        assert_eq!(steps_before_analysis(100_000), 0);
        assert!(analysis_budget(0) > 10_000);
        assert!(steps_before_analysis(1 << 20) > 1 << 20);
    }
}
