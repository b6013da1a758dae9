//! Marks at instructions: a bit for each.

/// Marks at instructions and behind the last: a bit for each, and how many there are before each word.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    bits: Vec<u64>,
    before: Vec<u32>,
}

impl Marks {
    /// None yet, for so many instructions.
    pub(crate) fn new(len: usize) -> Self {
        Self { bits: vec![0; len / 64 + 1], before: Vec::new() }
    }

    /// Sets the mark of an instruction, or that of the end.
    pub(crate) fn set(&mut self, index: usize) {
        self.bits[index / 64] |= 1 << (index % 64);
    }

    /// Whether there is a mark.
    pub(crate) fn has(&self, index: usize) -> bool {
        self.bits[index / 64] >> (index % 64) & 1 == 1
    }

    /// Counts the marks, once all are set, and gives how many there are.
    pub(crate) fn count(&mut self) -> usize {
        let mut count = 0;
        for word in &self.bits {
            self.before.push(count);
            count += word.count_ones();
        }
        count as usize
    }

    /// How many marks there are before `index`.
    pub(crate) fn before(&self, index: usize) -> usize {
        let below = self.bits[index / 64] & ((1 << (index % 64)) - 1);
        (self.before[index / 64] + below.count_ones()) as usize
    }
}
