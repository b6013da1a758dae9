//! Execution, in three tiers. Each knows those below it and none above; the driver alone knows all of them.

mod analysis;
mod driver;
mod interpreter;
#[cfg(machine_code)]
mod jit;
#[cfg(machine_code)]
mod optimise;
mod specialise;

pub(crate) use driver::{Ended, Executable, RunInput, resume, run};
pub use driver::{ExitCounts, ExitKind, TierStats, TierTimes, TierUse, Tiers};
#[cfg(all(machine_code, feature = "check-machine-code"))]
pub use jit::{Proved, proved};
