//! Constants: each once in the pool. Where the pool is nearly full, values that are not in it are computed from some that are.

use std::collections::HashMap;

use super::{Emit, Emitter, Fault, too_large};
use crate::isa::{ConstIdx, Instruction, Reg};
use crate::module::Constant;
use crate::values::{TypeId, format};

/// The constants of the pool, by value.
#[derive(Debug, Default)]
pub(super) struct Constants {
    ints: HashMap<i64, ConstIdx, foldhash::fast::RandomState>,
    floats: HashMap<u64, ConstIdx, foldhash::fast::RandomState>,
    pub(super) texts: HashMap<String, ConstIdx, foldhash::fast::RandomState>,
    bools: [Option<ConstIdx>; 2],
    empty: Option<ConstIdx>,
    count: u32,
}

/// How many places of the pool are kept for what others are computed from: digits, letters and the like.
const KEPT: u32 = 1024;
/// The base of the digits that whole numbers are computed from.
const BASE: i64 = 256;

impl Emitter<'_> {
    /// Whether there is room for a constant that others are computed from, or for any.
    fn has_room(&self, is_basic: bool) -> bool {
        self.constants.count < format::MAX_CONSTANTS - if is_basic { 0 } else { KEPT }
    }

    pub(super) fn pool(&mut self, constant: Constant) -> Emit<ConstIdx> {
        self.constants.count += 1;
        self.builder
            .push_constant(constant)
            .map_err(|error| Fault::TooLarge(too_large(self.statement, error.to_string())))
    }

    fn load(&mut self, dst: Reg, constant: ConstIdx) -> Emit<()> {
        self.push(self.statement, Instruction::LoadConst { dst, constant })
    }

    pub(super) fn load_empty(&mut self, dst: Reg) -> Emit<()> {
        let constant = match self.constants.empty {
            Some(known) => known,
            None => self.pool(Constant::Empty)?,
        };
        self.constants.empty = Some(constant);
        self.load(dst, constant)
    }

    pub(super) fn load_bool(&mut self, dst: Reg, value: bool) -> Emit<()> {
        let constant = match self.constants.bools[usize::from(value)] {
            Some(known) => known,
            None => self.pool(Constant::Bool(value))?,
        };
        self.constants.bools[usize::from(value)] = Some(constant);
        self.load(dst, constant)
    }

    pub(super) fn load_int(&mut self, dst: Reg, value: i64) -> Emit<()> {
        if let Some(known) = self.constants.ints.get(&value) {
            return self.load(dst, *known);
        }
        let is_basic = (-BASE..=BASE).contains(&value);
        if !self.has_room(is_basic) && !is_basic {
            return self.compute_int(dst, value);
        }
        let constant = self.pool(Constant::Int(value))?;
        self.constants.ints.insert(value, constant);
        self.load(dst, constant)
    }

    /// Computes a whole number from its digits, the highest first. The digits have its sign, so that nothing overflows.
    fn compute_int(&mut self, dst: Reg, value: i64) -> Emit<()> {
        let mut digits = Vec::new();
        let mut rest = value;
        while rest != 0 {
            digits.push(rest % BASE);
            rest /= BASE;
        }
        let mark = self.frame.mark();
        let part = self.temporary()?;
        let mut digits = digits.into_iter().rev();
        self.load_int(dst, digits.next().unwrap_or_default())?;
        for digit in digits {
            self.load_int(part, BASE)?;
            self.push(self.statement, Instruction::Mul { dst, left: dst, right: part })?;
            if digit != 0 {
                self.load_int(part, digit)?;
                self.push(self.statement, Instruction::Add { dst, left: dst, right: part })?;
            }
        }
        self.frame.release(mark);
        Ok(())
    }

    /// As [`Self::load_float`], for one that is not computed.
    pub(super) fn load_basic_float(&mut self, dst: Reg, value: f64) -> Emit<()> {
        let constant = match self.constants.floats.get(&value.to_bits()) {
            Some(known) => *known,
            None => self.pool(Constant::Float(value))?,
        };
        self.constants.floats.insert(value.to_bits(), constant);
        self.load(dst, constant)
    }

    pub(super) fn load_float(&mut self, dst: Reg, value: f64) -> Emit<()> {
        if let Some(known) = self.constants.floats.get(&value.to_bits()) {
            return self.load(dst, *known);
        }
        if !self.has_room(false) {
            return self.compute_float(dst, value);
        }
        let constant = self.pool(Constant::Float(value))?;
        self.constants.floats.insert(value.to_bits(), constant);
        self.load(dst, constant)
    }

    /// Computes a float as a whole number times a power of two. Each step is exact: its digits fit, and no step is smaller than
    /// the last.
    fn compute_float(&mut self, dst: Reg, value: f64) -> Emit<()> {
        /// The powers of two that a whole number can be.
        const STEP: i32 = 62;
        let (mantissa, mut exponent) = parts(value);
        let r#type = TypeId::Float;
        self.load_int(dst, mantissa)?;
        self.push(self.statement, Instruction::Cast { dst, src: dst, r#type })?;
        let mark = self.frame.mark();
        let power = self.temporary()?;
        while exponent != 0 {
            let step = exponent.clamp(-STEP, STEP);
            self.load_int(power, 1 << step.abs())?;
            self.push(self.statement, Instruction::Cast { dst: power, src: power, r#type })?;
            let (left, right) = (dst, power);
            self.push(
                self.statement,
                if step > 0 {
                    Instruction::Mul { dst, left, right }
                } else {
                    Instruction::Div { dst, left, right }
                },
            )?;
            exponent -= step;
        }
        self.frame.release(mark);
        if value.is_sign_negative() {
            self.push(self.statement, Instruction::Neg { dst, src: dst })?;
        }
        Ok(())
    }

    pub(super) fn load_text(&mut self, dst: Reg, text: &str) -> Emit<()> {
        if let Some(known) = self.constants.texts.get(text) {
            return self.load(dst, *known);
        }
        let mut letters = text.chars();
        let is_basic = letters.next().is_none_or(|_| letters.next().is_none());
        if self.has_room(is_basic) {
            let constant = self.pool(Constant::String(text.to_owned()))?;
            self.constants.texts.insert(text.to_owned(), constant);
            return self.load(dst, constant);
        }
        if is_basic {
            let what = "it has too many different texts and letters".to_owned();
            return Err(Fault::TooLarge(too_large(self.statement, what)));
        }
        self.compute_text(dst, text)
    }

    /// Joins a text from its letters.
    fn compute_text(&mut self, dst: Reg, text: &str) -> Emit<()> {
        let mark = self.frame.mark();
        let letter = self.temporary()?;
        let mut buffer = [0; 4];
        self.load_text(dst, "")?;
        for character in text.chars() {
            self.load_text(letter, character.encode_utf8(&mut buffer))?;
            self.push(self.statement, Instruction::ConcatStr { dst, left: dst, right: letter })?;
        }
        self.frame.release(mark);
        Ok(())
    }
}

/// The absolute value of a finite float as a whole number times a power of two, the number as small as can be.
fn parts(value: f64) -> (i64, i32) {
    const MANTISSA_BITS: i32 = f64::MANTISSA_DIGITS as i32 - 1;
    let bits = value.abs().to_bits();
    let fraction = (bits & ((1 << MANTISSA_BITS) - 1)) as i64;
    let biased = (bits >> MANTISSA_BITS) as i32;
    if bits == 0 {
        return (0, 0);
    }
    let (mantissa, biased) =
        if biased == 0 { (fraction, 1) } else { (fraction | 1 << MANTISSA_BITS, biased) };
    let zeros = mantissa.trailing_zeros() as i32;
    // `f64::MAX_EXP` is one more than the bias.
    (mantissa >> zeros, biased - (f64::MAX_EXP - 1) - MANTISSA_BITS + zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_is_a_whole_number_times_a_power_of_two() {
        for value in [0.0, 1.0, 0.1, 1e300, f64::MAX, f64::MIN_POSITIVE, 5e-324, 123_456.789, 0.5] {
            let (mantissa, mut exponent) = parts(value);
            let mut computed = mantissa as f64;
            while exponent != 0 {
                let step = exponent.clamp(-62, 62);
                computed = if step > 0 {
                    computed * (1_i64 << step) as f64
                } else {
                    computed / (1_i64 << -step) as f64
                };
                exponent -= step;
            }
            assert_eq!(computed.to_bits(), value.to_bits(), "{value}");
        }
    }
}
