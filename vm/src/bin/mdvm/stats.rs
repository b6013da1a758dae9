//! What `mdvm run --stats` tells.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use machine_dialect_vm::{Module, Opcode, Vm};

/// How often each opcode was executed, and how deep calls nested.
pub(crate) struct Count {
    by_opcode: [u64; 256],
}

impl Default for Count {
    fn default() -> Self {
        Self { by_opcode: [0; 256] }
    }
}

impl Count {
    pub(crate) fn add(&mut self, module: &Module, pc: u32) {
        if let Some(opcode) = module.opcode(pc as usize) {
            self.by_opcode[usize::from(opcode as u8)] += 1;
        }
    }

    fn of(&self, opcode: Opcode) -> u64 {
        self.by_opcode[usize::from(opcode as u8)]
    }
}

/// The statistics, for people.
pub(crate) fn text(steps: u64, time: Duration, vm: &Vm, count: &Count) -> String {
    let mut out = String::new();
    let seconds = time.as_secs_f64();
    let _ = writeln!(out, "steps         {steps}");
    let _ = writeln!(out, "calls         {}", count.of(Opcode::Call));
    let _ = writeln!(out, "time          {:.3} ms", seconds * 1e3);
    if seconds > 0.0 {
        let _ = writeln!(out, "speed         {:.1} million steps a second", steps as f64 / seconds / 1e6);
    }
    let _ = writeln!(out, "machine code  {} bytes", vm.machine_code());
    if let Some(peak) = peak_memory() {
        let _ = writeln!(out, "memory peak   {peak} KiB, of the whole process");
    }
    let mut opcodes: Vec<(u64, Opcode)> = Opcode::ALL
        .iter()
        .map(|opcode| (count.of(*opcode), *opcode))
        .filter(|(times, _)| *times > 0)
        .collect();
    opcodes.sort_by_key(|(times, opcode)| (std::cmp::Reverse(*times), *opcode as u8));
    let total = opcodes.iter().map(|(times, _)| times).sum::<u64>().max(1) as f64;
    for (times, opcode) in opcodes {
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
