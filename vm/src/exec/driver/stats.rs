//! What the tiers did, counted where control goes from one to another and never within one.

use std::time::{Duration, Instant};

/// What the tiers did in the runs of a [`Vm`](crate::Vm) that ended; see [`Vm::tier_stats`](crate::Vm::tier_stats).
///
/// ```
/// use machine_dialect_vm::{ExitKind, Run, Vm, assemble};
///
/// let vm = Vm::new(assemble(
///     "
///     load_const r0, 0
///     load_const r1, 1
///     load_const r2, 100000
///     again:
///     add r0, r0, r1
///     lt r3, r0, r2
///     jump_if r3, again
///     return r0
///     ",
/// )?);
/// vm.run(Run::new(&mut ()))?;
/// let stats = vm.tier_stats();
/// assert_eq!(stats.specialised.entries, 1);
/// assert_eq!(stats.specialised.exits.of(ExitKind::Ended), 1);
/// assert!(stats.interpreter_steps() < 1000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TierStats {
    /// The instructions that were executed, in whatever tier.
    pub steps: u64,
    /// Specialised code, entered from the baseline interpreter, without the machine code that it was compiled to.
    pub specialised: TierUse,
    /// Machine code, entered from specialised code.
    pub machine_code: TierUse,
    /// How often a block of specialised code was made.
    pub blocks: u64,
    /// The instructions of those blocks.
    pub instructions: u64,
    /// How often a failed guard led to other specialised code instead of an exit.
    pub side_exits: u64,
    /// How often machine code was made, each time of all specialised code there was.
    pub compilations: u64,
    /// The bytes of machine code that were made, each time counted again.
    pub bytes: u64,
    /// How often the interpreter went on because entering or making specialised code at a hot place had not paid before.
    pub declined: u64,
    /// The places that specialised code has not paid at, so that they are tried less and less often.
    pub places_given_up: u64,
    /// How often all code was dropped, as there was no room for that of places which had become hot.
    pub flushes: u64,
    /// How often machine code was not entered for a while, as few steps were taken in it.
    pub pauses: u64,
    /// Whether machine code was given up: the system gives no executable memory, or the processor or the standard library is one
    /// that the JIT does not know.
    pub is_jit_refused: bool,
    /// The time in each tier, where a run was told to look at the clock ([`Run::time_tiers`](crate::Run::time_tiers)).
    pub times: Option<TierTimes>,
}

/// How a tier was used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TierUse {
    /// How often it was entered.
    pub entries: u64,
    /// The instructions that were charged in it. Some of those that are executed just before machine code is left are charged in
    /// the tier that goes on.
    pub steps: u64,
    /// How often it was left, by reason.
    pub exits: ExitCounts,
}

/// How often a tier was left for each reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExitCounts([u64; ExitKind::ALL.len()]);

/// Why a tier was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExitKind {
    /// A guard failed: a value was not of the type, or not the function, that the code was specialised on.
    Guard,
    /// The baseline interpreter has to execute the next instruction.
    Deoptimise,
    /// The loop over specialised code has to execute the next instruction. Only machine code is left for that.
    Fallback,
    /// The code that goes on is not made yet. Specialised code is left for that only where making it would not pay.
    Stub,
    /// Fewer steps were at hand than code may charge at once: a limit is near, or the host may want the run to end.
    OutOfFuel,
    /// The program returned to a function that waits in the baseline interpreter.
    Returned,
    /// The program ended.
    Ended,
    /// An instruction failed.
    Failed,
}

impl ExitKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Guard,
        Self::Deoptimise,
        Self::Fallback,
        Self::Stub,
        Self::OutOfFuel,
        Self::Returned,
        Self::Ended,
        Self::Failed,
    ];

    /// Its name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::Deoptimise => "deoptimise",
            Self::Fallback => "fallback",
            Self::Stub => "stub",
            Self::OutOfFuel => "out_of_fuel",
            Self::Returned => "returned",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }
}

/// The time in each tier. What belongs to none of them is in the time of the tier that waited for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TierTimes {
    /// In the baseline interpreter.
    pub interpreter: Duration,
    /// In specialised code.
    pub specialised: Duration,
    /// In machine code.
    pub machine_code: Duration,
    /// Finding specialised code, and making what there is none of.
    pub specialising: Duration,
    /// Making machine code.
    pub compiling: Duration,
}

impl TierStats {
    /// The instructions that the baseline interpreter executed.
    #[must_use]
    pub fn interpreter_steps(&self) -> u64 {
        self.steps.saturating_sub(self.specialised.steps + self.machine_code.steps)
    }

    /// Adds what was counted elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.specialised.add(&other.specialised);
        self.machine_code.add(&other.machine_code);
        self.blocks += other.blocks;
        self.instructions += other.instructions;
        self.side_exits += other.side_exits;
        self.compilations += other.compilations;
        self.bytes += other.bytes;
        self.declined += other.declined;
        self.places_given_up += other.places_given_up;
        self.flushes += other.flushes;
        self.pauses += other.pauses;
        self.is_jit_refused |= other.is_jit_refused;
        if let Some(times) = &other.times {
            self.times.get_or_insert_default().add(times);
        }
    }
}

impl TierUse {
    fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.steps += other.steps;
        for (count, more) in self.exits.0.iter_mut().zip(other.exits.0) {
            *count += more;
        }
    }
}

impl ExitCounts {
    /// How often it was left for that reason.
    #[must_use]
    pub fn of(&self, kind: ExitKind) -> u64 {
        self.0[kind as usize]
    }

    /// The reasons that it was left for, with how often.
    pub fn iter(&self) -> impl Iterator<Item = (ExitKind, u64)> + '_ {
        ExitKind::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    pub(super) fn count(&mut self, kind: ExitKind) {
        self.0[kind as usize] += 1;
    }
}

impl TierTimes {
    /// All time outside of the baseline interpreter.
    pub(super) fn outside(&self) -> Duration {
        self.specialised + self.machine_code + self.specialising + self.compiling
    }

    fn add(&mut self, other: &Self) {
        self.interpreter += other.interpreter;
        self.specialised += other.specialised;
        self.machine_code += other.machine_code;
        self.specialising += other.specialising;
        self.compiling += other.compiling;
    }
}

/// What time is spent on outside of the baseline interpreter.
#[derive(Clone, Copy)]
pub(super) enum Phase {
    Specialised,
    #[cfg(machine_code)]
    MachineCode,
    Specialising,
    #[cfg(machine_code)]
    Compiling,
}

/// Counts while a run is in the faster tiers.
#[derive(Default)]
pub(super) struct Recorder {
    pub(super) stats: TierStats,
    /// When the current phase began, if somebody wants to know.
    clock: Option<Instant>,
}

impl Recorder {
    /// Begins the first phase, if the clock is to be looked at.
    pub(super) fn begin(&mut self, is_timed: bool) {
        self.clock = is_timed.then(Instant::now);
    }

    /// Ends a phase, which was that.
    #[inline(always)]
    pub(super) fn end(&mut self, phase: Phase) {
        if let Some(begin) = self.clock {
            self.take_time(begin, phase);
        }
    }

    #[cold]
    #[inline(never)]
    fn take_time(&mut self, begin: Instant, phase: Phase) {
        let now = Instant::now();
        let times = self.stats.times.get_or_insert_default();
        let time = match phase {
            Phase::Specialised => &mut times.specialised,
            #[cfg(machine_code)]
            Phase::MachineCode => &mut times.machine_code,
            Phase::Specialising => &mut times.specialising,
            #[cfg(machine_code)]
            Phase::Compiling => &mut times.compiling,
        };
        *time += now - begin;
        self.clock = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_count() {
        for (place, kind) in ExitKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            let mut counts = ExitCounts::default();
            counts.count(kind);
            assert_eq!(counts.iter().collect::<Vec<_>>(), [(kind, 1)]);
        }
    }
}
