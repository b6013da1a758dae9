//! What generated programs are worth: how many come to their end, what they execute, on operands of which types.

use std::collections::BTreeMap;
use std::fmt;

use machine_dialect_vm::{Opcode, RuntimeErrorKind, TypeId, Vm};

use crate::fuzz::machine::{How, operand_types_after, run};
use crate::fuzz::program::Subject;

/// How many rows of a histogram are shown.
const ROWS: usize = 16;

/// Counts over many programs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measure {
    /// How many programs were looked at.
    pub programs: u64,
    /// How many of them a loader refuses.
    pub refused: u64,
    /// How many came to their end without an error.
    pub ended: u64,
    /// How many instructions were executed in all.
    pub steps: u64,
    /// How many programs ended with an error of that kind.
    pub errors: BTreeMap<String, u64>,
    /// How often an executed instruction, picked at random from each run, was of that opcode on operands of those types.
    pub sampled: BTreeMap<(String, Vec<String>), u64>,
}

impl Measure {
    /// Takes in a program. `random` picks the instruction that is looked at closely.
    pub fn add(&mut self, subject: &Subject, random: u64) {
        self.programs += 1;
        let Ok(vm) = Vm::load(&subject.module) else {
            self.refused += 1;
            return;
        };
        let ran = run(&vm, subject, How::default());
        let steps = ran.steps();
        self.steps += steps;
        match &ran.result {
            Ok(_) => self.ended += 1,
            Err(failure) => {
                *self.errors.entry(failure.error.kind().name().to_owned()).or_default() += 1;
            }
        }
        if steps == 0 {
            return;
        }
        if let Some((pc, types)) = operand_types_after(&vm, subject, random % steps)
            && let Some(opcode) = vm.module().opcode(pc)
        {
            let types = types.iter().map(|class| class.name().to_owned()).collect();
            *self.sampled.entry((opcode.spec().mnemonic.to_owned(), types)).or_default() += 1;
        }
    }

    /// Takes in the counts of other programs.
    pub fn merge(&mut self, other: &Self) {
        self.programs += other.programs;
        self.refused += other.refused;
        self.ended += other.ended;
        self.steps += other.steps;
        for (kind, count) in &other.errors {
            *self.errors.entry(kind.clone()).or_default() += count;
        }
        for (key, count) in &other.sampled {
            *self.sampled.entry(key.clone()).or_default() += count;
        }
    }

    /// The share of executed instructions that did not fail. An instruction that a limit kept from being executed is none.
    #[must_use]
    pub fn fine_share(&self) -> f64 {
        let failed =
            self.errors.iter().filter(|(kind, _)| **kind != RuntimeErrorKind::StepLimitExceeded.name());
        let failed: u64 = failed.map(|(_, count)| count).sum();
        1.0 - failed as f64 / self.steps.max(1) as f64
    }

    /// Opcode -> how often it was sampled, most often first.
    #[must_use]
    pub fn opcodes(&self) -> Vec<(String, u64)> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for ((mnemonic, _), count) in &self.sampled {
            *counts.entry(mnemonic).or_default() += count;
        }
        let mut counts: Vec<_> = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    /// Opcodes of the specification that were never sampled.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let seen = |mnemonic: &str| self.sampled.keys().any(|(name, _)| name == mnemonic);
        Opcode::ALL.iter().map(|opcode| opcode.spec().mnemonic).filter(|mnemonic| !seen(mnemonic)).collect()
    }

    /// How many different operand types were sampled, over all opcodes.
    #[must_use]
    pub fn combinations(&self) -> usize {
        self.sampled.len()
    }
}

/// The name of a type in a histogram.
#[must_use]
pub fn type_names(types: &[TypeId]) -> Vec<String> {
    types.iter().map(|class| class.name().to_owned()).collect()
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |count: u64, of: u64| 100.0 * count as f64 / of.max(1) as f64;
        writeln!(
            f,
            "{} programs: {:.1} % end well, {:.1} % fail, {:.1} % are refused by the loader",
            self.programs,
            percent(self.ended, self.programs),
            percent(self.errors.values().sum(), self.programs),
            percent(self.refused, self.programs),
        )?;
        writeln!(
            f,
            "{} instructions executed, {:.1} a program; {:.2} % of them did not fail",
            self.steps,
            self.steps as f64 / self.programs.max(1) as f64,
            100.0 * self.fine_share(),
        )?;
        let mut errors: Vec<_> = self.errors.iter().collect();
        errors.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let errors: Vec<_> = errors.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        writeln!(f, "errors: {}", errors.join(", "))?;
        let total: u64 = self.sampled.values().sum();
        let opcodes = self.opcodes();
        writeln!(f, "opcodes, of {total} executed instructions picked at random:")?;
        for row in opcodes.chunks(8) {
            let cells: Vec<_> =
                row.iter().map(|(name, count)| format!("{name} {:.1} %", percent(*count, total))).collect();
            writeln!(f, "  {}", cells.join(", "))?;
        }
        let missing = self.missing();
        if !missing.is_empty() {
            writeln!(f, "  never: {}", missing.join(", "))?;
        }
        writeln!(f, "operand types, {} combinations; the most frequent:", self.combinations())?;
        let mut pairs: Vec<_> = self.sampled.iter().filter(|((_, types), _)| !types.is_empty()).collect();
        pairs.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for row in pairs.iter().take(ROWS).collect::<Vec<_>>().chunks(4) {
            let cells: Vec<_> = row
                .iter()
                .map(|((name, types), count)| {
                    format!("{name}({}) {:.1} %", types.join(", "), percent(**count, total))
                })
                .collect();
            writeln!(f, "  {}", cells.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::generate::{Size, numbered};

    /// Most of what the generated programs execute must be real work, on every opcode.
    #[test]
    fn generated_programs_do_real_work() {
        for (size, count, least_steps) in
            [(Size::Small, 4_000, 40), (Size::Long, 500, 1_000), (Size::Special, 300, 1_000)]
        {
            let mut measure = Measure::default();
            for index in 0..count {
                let subject = numbered(7, index, size).subject();
                if let Some(subject) = subject {
                    measure.add(&subject, index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20);
                }
            }
            println!("{measure}");
            assert!(measure.fine_share() > 0.98, "{measure}");
            // A special program does so much in a turn that many do not come to their end.
            let cut_short = measure.errors.get("StepLimitExceeded").copied().unwrap_or_default();
            let went_well = measure.ended + if size == Size::Special { cut_short } else { 0 };
            assert!(went_well * 2 > measure.programs, "{measure}");
            assert!(measure.steps / measure.programs > least_steps, "{measure}");
            if size == Size::Small {
                assert!(measure.missing().len() <= 2, "{measure}");
                assert!(measure.combinations() > 200, "{measure}");
            }
        }
    }
}
