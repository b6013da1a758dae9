//! What the feature `schedule` compiles in: the places of a run are counted, and some are forced.

use std::cell::{Cell, RefCell};

use super::{Forced, Report, Schedule, Site};
use crate::ablation;

/// The schedule of the runs of this thread.
#[derive(Default)]
struct Active {
    schedule: Schedule,
    report: Report,
    /// What the countdown was set to.
    set: u64,
    /// Whether control was forced out of code and is not yet in the baseline interpreter.
    is_leaving: bool,
    random: u64,
}

thread_local! {
    static ACTIVE: RefCell<Option<Active>> = const { RefCell::new(None) };
    /// How many exits it takes to come to the next one that is forced.
    static COUNTDOWN: Cell<u64> = const { Cell::new(u64::MAX) };
    /// Whether only some exits are counted.
    static IS_OF_ONE_KIND: Cell<bool> = const { Cell::new(false) };
}

/// Begins to count, and to force what the schedule says, in the runs of this thread.
pub fn begin(schedule: Schedule) {
    let random = schedule.switches.unwrap_or_default();
    IS_OF_ONE_KIND.set(schedule.of.is_some());
    let mut active = Active { schedule, random, ..Active::default() };
    active.wind_up();
    ACTIVE.set(Some(active));
    draw_switches();
}

/// Ends what [`begin`] began.
#[must_use]
pub fn end() -> Report {
    let Some(mut active) = ACTIVE.take() else { return Report::default() };
    active.settle();
    COUNTDOWN.set(u64::MAX);
    IS_OF_ONE_KIND.set(false);
    ablation::switch_off(0);
    active.report
}

/// Asks the schedule, if there is one.
fn with<T: Default>(ask: impl FnOnce(&mut Active) -> T) -> T {
    ACTIVE.with_borrow_mut(|active| active.as_mut().map(ask)).unwrap_or_default()
}

impl Active {
    /// Counts the exits since the countdown was set.
    fn settle(&mut self) {
        self.report.places.exit += self.set - COUNTDOWN.get();
        self.set = COUNTDOWN.get();
    }

    /// Sets the countdown to the next exit that is forced.
    fn wind_up(&mut self) {
        let counted = self.report.places.exit;
        self.set = self.schedule.exit.range(counted + 1..).next().map_or(u64::MAX, |next| next - counted);
        COUNTDOWN.set(self.set);
    }

    fn force(&mut self, site: Site) {
        self.report.forced.push(Forced { site, steps: None });
    }
}

/// See [`super::is_forced`].
#[inline(always)]
pub(super) fn is_forced(site: impl Fn() -> Site) -> bool {
    (!IS_OF_ONE_KIND.get() || is_counted(&site)) && take_back(COUNTDOWN.get() - 1, site)
}

/// Whether an exit is one of those that are counted.
pub(crate) fn is_counted(site: impl FnOnce() -> Site) -> bool {
    with(|active| active.schedule.of.as_ref().is_none_or(|of| site().kind() == *of))
}

/// How many exits machine code may come by before it is to leave.
pub(crate) fn hand_out() -> u64 {
    COUNTDOWN.get()
}

/// Counts the exits that were come by, of those handed out. Where none is left, that site was forced, and tells so.
pub(crate) fn take_back(left: u64, site: impl FnOnce() -> Site) -> bool {
    COUNTDOWN.set(left);
    if left == 0 {
        with(|active| {
            active.settle();
            active.wind_up();
            active.force(site());
            active.is_leaving = true;
        });
    }
    left == 0
}

/// See [`super::is_refused`].
pub(super) fn is_refused(site: impl FnOnce() -> Site) -> bool {
    with(|active| {
        active.report.places.refuse += 1;
        let is_refused = active.schedule.refuse.contains(&active.report.places.refuse);
        if is_refused {
            let site = site();
            // What is not entered is not left.
            active.is_leaving = site.pc.is_some();
            active.force(site);
        }
        is_refused
    })
}

/// See [`super::is_unmapped`].
#[cfg(machine_code)]
pub(super) fn is_unmapped() -> bool {
    with(|active| {
        active.report.places.unmap += 1;
        active.schedule.unmap.contains(&active.report.places.unmap)
    })
}

/// See [`super::stops_after`].
pub(super) fn stops_after(steps: u64) -> bool {
    with(|active| {
        if !std::mem::take(&mut active.is_leaving) {
            return false;
        }
        if let Some(forced) = active.report.forced.last_mut() {
            forced.steps = Some(steps);
        }
        active.schedule.stop
    })
}

/// See [`super::may_stop`].
pub(super) fn may_stop() -> bool {
    with(|active| active.schedule.stop)
}

/// See [`super::see_exits`].
pub(super) fn see_exits<I: Iterator<Item = Site>>(exits: impl FnOnce() -> I) {
    with(|active| {
        active
            .report
            .exits
            .extend(exits().map(|site| Site { pc: site.pc.filter(|_| site.op == "Baseline"), ..site }));
    });
}

/// Switches other techniques off, before something is made.
pub(crate) fn draw_switches() {
    with(|active| {
        if active.schedule.switches.is_some() {
            ablation::switch_off(next_random(&mut active.random) & next_random(&mut active.random));
        }
    });
}

/// The sequence SplitMix64.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
