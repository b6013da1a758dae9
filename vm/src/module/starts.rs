//! Where instructions begin: a succinct list of positions.

/// Where each instruction begins among the encoded bytes.
///
/// One bit for each byte says whether an instruction begins there, and the position of every 32nd is kept besides: an eighth of a byte
/// for each instruction and each byte of code, where a list of positions would take four bytes for each instruction. Nops have one byte.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Starts {
    bits: Vec<u64>,
    /// Where every [`SAMPLED`]th instruction begins.
    samples: Vec<u32>,
    len: usize,
}

/// How many instructions there are to a sample: so many bits are passed over at the most to find one.
const SAMPLED: usize = 32;

impl Starts {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Notes that the next instruction begins at `position`, which lies behind the last one.
    #[inline]
    pub(super) fn push(&mut self, position: u32) {
        let (word, bit) = place_of(position);
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << bit;
        if self.len.is_multiple_of(SAMPLED) {
            self.samples.push(position);
        }
        self.len += 1;
    }

    /// Where an instruction begins; none past the last.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<u32> {
        if index >= self.len {
            return None;
        }
        let sample = self.samples[index / SAMPLED];
        let mut left = (index % SAMPLED) as u32;
        if left == 0 {
            return Some(sample);
        }
        let (mut word, bit) = place_of(sample);
        let mut bits = self.bits[word] & (u64::MAX << bit);
        while left >= bits.count_ones() {
            left -= bits.count_ones();
            word += 1;
            bits = self.bits[word];
        }
        for _ in 0..left {
            // Takes the lowest bit away.
            bits &= bits - 1;
        }
        Some(word as u32 * u64::BITS + bits.trailing_zeros())
    }

    /// Forgets the instructions from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        let Some(position) = self.get(len) else { return };
        let (word, bit) = place_of(position);
        self.bits.truncate(word + 1);
        self.bits[word] &= (1 << bit) - 1;
        // Lists are equal when their words are, so none stays that says nothing.
        while self.bits.last() == Some(&0) {
            self.bits.pop();
        }
        self.samples.truncate(len.div_ceil(SAMPLED));
        self.len = len;
    }

    /// Gives back the room that was kept for more.
    pub(super) fn shrink(&mut self) {
        self.bits.shrink_to_fit();
        self.samples.shrink_to_fit();
    }
}

/// The word that the bit of a position is in, and which of its bits that is.
fn place_of(position: u32) -> (usize, u32) {
    ((position / u64::BITS) as usize, position % u64::BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths of instructions: all short, all long, and mixed so that words without a beginning and full ones are beside each other.
    fn lengths() -> [Vec<u32>; 4] {
        let mixed =
            |index: u32| [1, 1, 3, 700, 64, 4, 1, 129][(index.wrapping_mul(2_654_435_761) >> 29) as usize];
        [vec![1; 1000], vec![768; 300], (0..2000).map(mixed).collect(), Vec::new()]
    }

    #[test]
    fn every_position_is_found_again() {
        for lengths in lengths() {
            let (mut starts, mut list, mut position) = (Starts::default(), Vec::new(), 0);
            for length in lengths {
                starts.push(position);
                list.push(position);
                position += length;
            }
            assert_eq!(starts.len(), list.len());
            assert_eq!((0..list.len()).filter_map(|index| starts.get(index)).collect::<Vec<_>>(), list);
            assert_eq!(starts.get(list.len()), None);
        }
    }

    #[test]
    fn what_was_cut_off_leaves_no_trace() {
        let mixed = &lengths()[2];
        let of = |count: usize| {
            let mut position = 0;
            let mut starts = Starts::default();
            for length in &mixed[..count] {
                starts.push(position);
                position += length;
            }
            starts
        };
        let whole = of(200);
        for len in 0..=200 {
            let mut cut = whole.clone();
            cut.truncate(len);
            assert_eq!(cut, of(len), "{len}");
            assert_eq!(cut.get(len), None);
        }
    }
}
