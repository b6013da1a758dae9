//! What is known at a place in fast code.

use crate::value::Value;

/// What is known of the value that a register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Kind {
    /// Nothing.
    Any,
    /// That it costs no memory (`costs` of `spec/values.yaml`): a number, a bool, empty, or a string of the pool. It does not
    /// matter when such a value is dropped, or whether it is there at all while nothing reads it.
    Free,
    /// That it stands for itself: a number, a bool or empty. It can be written over without being dropped. The kinds behind
    /// this one say which it is.
    Scalar,
    Bool,
    Int,
    Float,
}

impl Kind {
    /// What can be seen of a value, in the code whose pool has that number.
    pub(super) fn of(value: &Value, pool: u32) -> Self {
        match value {
            Value::Empty => Self::Scalar,
            Value::Bool(_) => Self::Bool,
            Value::Int(_) => Self::Int,
            Value::Float(_) => Self::Float,
            Value::String(text) if text.is_pooled(pool) => Self::Free,
            Value::String(_) | Value::Function(_) | Value::Url(_) | Value::Array(_) | Value::Dict(_) => {
                Self::Any
            }
        }
    }

    /// Whether what is true of values of this kind is true of those of `narrower`, too.
    fn admits(self, narrower: Self) -> bool {
        match self {
            Self::Any => true,
            Self::Free => narrower != Self::Any,
            Self::Scalar => narrower.is_scalar(),
            Self::Bool | Self::Int | Self::Float => self == narrower,
        }
    }

    /// Whether the value stands for itself.
    pub(super) fn is_scalar(self) -> bool {
        match self {
            Self::Scalar | Self::Bool | Self::Int | Self::Float => true,
            Self::Any | Self::Free => false,
        }
    }

    /// Whether it is a number.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }
}

/// Where a value can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// What stands in the place of that register. While its write is put off, that is not what the register holds.
    Slot(u8),
    Constant(u16),
    Bool(bool),
}

/// What is known when control comes to a place in fast code, and what plain code would have done that fast code has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::interpreter) struct State {
    /// What stands in the places of the registers.
    pub(super) kinds: [Kind; 256],
    /// Writes to registers that are put off, since nothing may ever read them. Only values that cost nothing are, over
    /// values that cost nothing.
    pub(super) pending: Vec<(u8, Source)>,
    /// The steps that were taken and not charged.
    pub(super) steps: u16,
    /// The instruction that ran before, where one did.
    pub(super) previous: Option<u32>,
    /// How often what was expected of a value on the way here turned out wrong.
    pub(super) surprises: u8,
}

impl State {
    pub(super) fn new(kinds: [Kind; 256]) -> Self {
        Self { kinds, pending: Vec::new(), steps: 0, previous: None, surprises: 0 }
    }

    /// Where the value of a register is.
    pub(super) fn source(&self, register: u8) -> Source {
        let pending = self.pending.iter().find(|(pending, _)| *pending == register);
        pending.map_or(Source::Slot(register), |(_, source)| *source)
    }

    pub(super) fn kind(&self, slot: u8) -> Kind {
        self.kinds[usize::from(slot)]
    }

    pub(super) fn set_kind(&mut self, slot: u8, kind: Kind) {
        self.kinds[usize::from(slot)] = kind;
    }

    /// Drops the write to a register that is put off, if one is.
    pub(super) fn forget(&mut self, register: u8) {
        self.pending.retain(|(pending, _)| *pending != register);
    }

    pub(super) fn put_off(&mut self, register: u8, source: Source) {
        self.forget(register);
        if source != Source::Slot(register) {
            self.pending.push((register, source));
        }
    }

    /// Notes that what would stand in one place stands in another instead. Nothing that is needed stood there.
    pub(super) fn moved(&mut self, from: u8, to: u8, kind: Kind) {
        self.pending.retain(|(_, source)| *source != Source::Slot(to));
        for (_, source) in &mut self.pending {
            if *source == Source::Slot(from) {
                *source = Source::Slot(to);
            }
        }
        self.pending.retain(|(register, source)| *source != Source::Slot(*register));
        self.set_kind(to, kind);
        self.set_kind(from, Kind::Scalar);
    }

    /// Whether code that was made for `self` does for `other`. Both have nothing pending and everything charged.
    pub(super) fn admits(&self, other: &Self) -> bool {
        let mut kinds = self.kinds.chunks_exact(64).zip(other.kinds.chunks_exact(64));
        // Most are the same, which takes less time to see.
        kinds.all(|(known, actual)| {
            known == actual || known.iter().zip(actual).all(|(known, actual)| known.admits(*actual))
        })
    }

    /// Whether `other` knows of no register that it holds a scalar where this one does not.
    pub(super) fn drops_no_more_than(&self, other: &Self) -> bool {
        let mut kinds = self.kinds.chunks_exact(64).zip(other.kinds.chunks_exact(64));
        kinds.all(|(known, actual)| {
            known == actual
                || known.iter().zip(actual).all(|(known, actual)| known.is_scalar() || !actual.is_scalar())
        })
    }
}
