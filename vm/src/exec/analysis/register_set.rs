//! Sets of registers.

/// A set of registers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RegSet([u64; 4]);

impl RegSet {
    pub(crate) const ALL: Self = Self([u64::MAX; 4]);

    #[inline]
    pub(crate) fn contains(&self, register: u8) -> bool {
        self.0[usize::from(register >> 6)] >> (register & 63) & 1 != 0
    }

    #[inline]
    pub(crate) fn insert(&mut self, register: u8) {
        self.0[usize::from(register >> 6)] |= 1 << (register & 63);
    }

    pub(crate) fn set(&mut self, register: u8, is_in: bool) {
        let word = &mut self.0[usize::from(register >> 6)];
        *word = *word & !(1 << (register & 63)) | u64::from(is_in) << (register & 63);
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }

    /// A bit for each register.
    pub(crate) fn words(self) -> [u64; 4] {
        self.0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = u8> {
        let mut words = self.0;
        std::iter::from_fn(move || {
            let word = words.iter().position(|word| *word != 0)?;
            let bit = words[word].trailing_zeros();
            words[word] &= words[word] - 1;
            Some((word as u32 * 64 + bit) as u8)
        })
    }
}
