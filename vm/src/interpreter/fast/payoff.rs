//! Whether the tier pays, and where.
//!
//! To come to specialised code, to make it and to leave it takes time that only the steps taken there earn back. Two things see
//! to it that no program is slower for it than the interpreter alone, but for a constant and a few parts in a hundred:
//!
//! - *Places back off.* An entry after which few steps were taken was in vain. Where that happens, the next is tried after twice
//!   as many arrivals, up to [`MOST_WAIT`]; entries that pay make the wait shorter again.
//! - *All of it is paid from one purse.* What the tier does is charged in steps of the interpreter; steps taken in specialised
//!   code earn half of what they are, and a part of all others. While the purse is empty, the interpreter runs.
//!
//! What is charged are counts that are the same in each run of a program, and no times.

/// So many arrivals are let pass at most before an entry is tried again.
const MOST_WAIT: u16 = (1 << MOST_DOUBLINGS) - 1;
const MOST_DOUBLINGS: u16 = 12;
/// The bits of a wait that count arrivals. Those above count how often it was doubled.
const ARRIVALS: u16 = (1 << MOST_DOUBLINGS) - 1;
/// An entry that takes fewer steps than this does not pay.
const ENOUGH: u64 = 128;
/// A place that so many doublings were not enough for is hot.
const HOT_DOUBLINGS: u16 = 4;

/// What the tier may cost at first, and at most at a time, in steps of the interpreter: well below 20 ms.
const PURSE: i64 = 300_000;
/// What an entry costs.
const ENTRY: i64 = 60;
/// What it costs to make an instruction of specialised code, and what to drop all there is.
const INSTRUCTION: i64 = 40;
const FLUSH: i64 = 50_000;
/// Of so many steps of the interpreter, one may be spent.
const PART: u64 = 32;

/// How many steps a run must have taken before a module of that many instructions is looked into.
pub(super) fn steps_before_analysis(instructions: usize) -> u64 {
    /// What it takes for an instruction, in steps.
    const STEPS: u64 = 4;
    let cost = instructions as u64 * STEPS;
    cost.saturating_sub(PURSE as u64 / 2) * PART
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

    /// Counts what the interpreter earned up to now, and tells whether there is something to spend.
    pub(super) fn can_enter(&mut self, steps: u64) -> bool {
        // Where there is less than before, another run began.
        let more = steps.checked_sub(self.seen).unwrap_or(steps);
        self.seen = steps;
        self.earn(more / PART);
        self.purse > 0 || without!("back-off")
    }

    /// Whether more code can be paid, where that many instructions were made since the last settlement.
    pub(super) fn can_make(&self, made: usize) -> bool {
        self.purse > made as i64 * INSTRUCTION || without!("back-off")
    }

    /// Settles an entry at an instruction: how many steps it took, and how many instructions were made for it.
    pub(super) fn settle(&mut self, pc: usize, taken: u64, made: usize, steps: u64) {
        self.seen = steps;
        self.purse -= ENTRY + made as i64 * INSTRUCTION;
        self.earn(taken / 2);
        self.back_off(pc, taken);
    }

    /// Has an instruction wait, or not any more, after an entry that took so many steps; 0 where none could be paid.
    pub(super) fn back_off(&mut self, pc: usize, taken: u64) {
        if let Some(wait) = self.waits.get_mut(pc) {
            let doublings = *wait >> MOST_DOUBLINGS;
            let doublings = if taken < ENOUGH {
                (doublings + 1).min(MOST_DOUBLINGS)
            } else {
                // What took long was worth as many entries in vain.
                doublings.saturating_sub(1 + (taken / ENOUGH).ilog2() as u16)
            };
            let arrivals = if taken < ENOUGH && !without!("back-off") { (1 << doublings) - 1 } else { 0 };
            *wait = doublings << MOST_DOUBLINGS | arrivals;
        }
    }

    /// Whether control came to an instruction often, and the tier was of no use there.
    pub(super) fn is_missed(&self, pc: usize) -> bool {
        self.waits.get(pc).is_some_and(|wait| wait >> MOST_DOUBLINGS >= HOT_DOUBLINGS)
    }

    /// Pays for dropping all specialised code, if that can be paid with what it takes to make as much again.
    pub(super) fn flush(&mut self) -> bool {
        if self.purse < 2 * FLUSH {
            return false;
        }
        self.purse -= FLUSH;
        // Only what is come to again and again gets code from now on.
        self.waits.fill((1 << HOT_DOUBLINGS) - 1);
        true
    }

    fn earn(&mut self, steps: u64) {
        self.purse = self.purse.saturating_add_unsigned(steps).min(PURSE);
    }
}

const _: () = assert!(MOST_WAIT == ARRIVALS);

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of so many arrivals led to an entry, where each entry takes that many steps.
    fn entries(arrivals: u64, taken: u64) -> usize {
        let mut payoff = Payoff::new(1);
        (0..arrivals)
            .filter(|arrival| {
                let enters = payoff.arrive(0) && payoff.can_enter(arrival * 3);
                if enters {
                    payoff.settle(0, taken, 0, arrival * 3);
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
        for _ in 0..MOST_DOUBLINGS {
            payoff.settle(0, 0, 0, 0);
        }
        payoff.settle(0, 1 << 20, 0, 0);
        assert!(payoff.arrive(0));
    }

    #[test]
    fn an_empty_purse_leaves_it_to_the_interpreter() {
        let mut payoff = Payoff::new(1);
        payoff.settle(0, 0, 1 << 20, 0);
        assert!(!payoff.can_enter(1000));
        assert!(!payoff.flush());
    }

    #[test]
    fn small_modules_are_looked_into_at_once() {
        assert_eq!(steps_before_analysis(10_000), 0);
        assert!(steps_before_analysis(1 << 20) > 1 << 20);
    }
}
