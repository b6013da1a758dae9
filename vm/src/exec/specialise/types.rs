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
    /// That it is a scalar: a number, a bool or empty. It can be written over without being dropped. The types behind
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

    /// Whether the value is a scalar.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Str;

    const ALL: [Type; 6] = [Type::Any, Type::Free, Type::Scalar, Type::Bool, Type::Int, Type::Float];

    #[test]
    fn a_type_admits_itself() {
        assert!(ALL.iter().all(|ty| ty.admits(*ty)));
    }

    #[test]
    fn of_two_types_at_most_one_admits_the_other() {
        for one in ALL {
            for other in ALL {
                assert!(one == other || !(one.admits(other) && other.admits(one)), "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn what_is_admitted_by_the_admitted_is_admitted() {
        for (wide, middle, narrow) in ALL
            .into_iter()
            .flat_map(|a| ALL.into_iter().flat_map(move |b| ALL.into_iter().map(move |c| (a, b, c))))
        {
            let is_chain = wide.admits(middle) && middle.admits(narrow);
            assert!(!is_chain || wide.admits(narrow), "{wide:?}, {middle:?}, {narrow:?}");
        }
    }

    #[test]
    fn any_admits_all_and_is_admitted_by_itself_alone() {
        assert!(ALL.into_iter().all(|ty| Type::Any.admits(ty)));
        assert!(ALL.into_iter().all(|ty| ty == Type::Any || !ty.admits(Type::Any)));
    }

    #[test]
    fn a_scalar_costs_no_memory() {
        assert!(ALL.into_iter().filter(|ty| ty.is_scalar()).all(|ty| Type::Free.admits(ty)));
    }

    #[test]
    fn numbers_are_scalars() {
        assert!(ALL.into_iter().filter(|ty| ty.is_number()).all(Type::is_scalar));
        assert!(!Type::Bool.is_number());
    }

    #[test]
    fn values_have_the_narrowest_type() {
        let pooled = Value::String(Str::pooled("a".to_owned(), 7));
        for (value, ty) in [
            (Value::Empty, Type::Scalar),
            (Value::Bool(true), Type::Bool),
            (Value::Int(1), Type::Int),
            (Value::Float(1.0), Type::Float),
            (pooled.clone(), Type::Free),
            (Value::string("a"), Type::Any),
            (Value::array([]), Type::Any),
            (Value::dict::<String>([]), Type::Any),
        ] {
            assert_eq!(Type::of(&value, 7), ty, "{value:?}");
        }
        assert_eq!(Type::of(&pooled, 8), Type::Any, "a string of another pool");
    }
}
