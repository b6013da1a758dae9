//! The lattice of types that specialised code knows.

use crate::value::Value;

/// What is known of the value that a register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Type {
    /// Nothing.
    Any,
    /// That it costs no memory (`costs` of `spec/values.yaml`): a number, a bool, empty, or a string of the pool. It does not
    /// matter when such a value is dropped, or whether it is there at all while nothing reads it.
    Free,
    /// That it stands for itself: a number, a bool or empty. It can be written over without being dropped. The types behind
    /// this one say which it is.
    Scalar,
    Bool,
    Int,
    Float,
}

impl Type {
    /// What can be seen of a value, in the code whose pool has that number.
    pub(crate) fn of(value: &Value, pool: u32) -> Self {
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

    /// Whether what is true of values of this type is true of those of `narrower`, too.
    pub(crate) fn admits(self, narrower: Self) -> bool {
        match self {
            Self::Any => true,
            Self::Free => narrower != Self::Any,
            Self::Scalar => narrower.is_scalar(),
            Self::Bool | Self::Int | Self::Float => self == narrower,
        }
    }

    /// Whether the value stands for itself.
    pub(crate) fn is_scalar(self) -> bool {
        match self {
            Self::Scalar | Self::Bool | Self::Int | Self::Float => true,
            Self::Any | Self::Free => false,
        }
    }

    /// Whether it is a number.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }
}
