//! What `mdvm run --stats` tells.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use machine_dialect_vm::{Opcode, Profile, Vm};

/// The statistics, for people.
pub(crate) fn text(steps: u64, time: Duration, vm: &Vm, profile: &Profile<'_>) -> String {
    let mut out = String::new();
    let seconds = time.as_secs_f64();
    let _ = writeln!(out, "steps         {steps}");
    let _ = writeln!(out, "calls         {}", profile.of_opcode(Opcode::Call));
    let _ = writeln!(out, "call depth    {}", profile.deepest());
    let _ = writeln!(out, "time          {:.3} ms", seconds * 1e3);
    if seconds > 0.0 {
        let _ = writeln!(out, "speed         {:.1} million steps a second", steps as f64 / seconds / 1e6);
    }
    let _ = writeln!(out, "machine code  {} bytes", vm.machine_code());
    let _ = writeln!(out, "values peak   {} bytes, as --max-memory counts", profile.memory_peak());
    if let Some(peak) = peak_memory() {
        let _ = writeln!(out, "memory peak   {peak} KiB, of the whole process");
    }
    let total = profile.steps().max(1) as f64;
    for (opcode, times) in profile.by_opcode() {
        let share = times as f64 / total * 100.0;
        let _ = writeln!(out, "  {:<16} {times:>14} {share:>5.1} %", opcode.spec().mnemonic);
    }
    out
}

/// The most memory that the process had, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
