// Generated from format.yaml by "cargo run -p mdvm-spec -- render rust". Do not edit.

/// An entry of the constant pool.
#[derive(Debug, Clone)]
pub enum Constant {
    /// `int`
    Int(i64),
}

impl Constant {
    /// The types that constants have.
    pub(crate) const KINDS: &'static [TypeId] = &[
        TypeId::Int,
    ];

    /// The type of the value.
    #[must_use]
    pub fn type_id(&self) -> TypeId {
        match self {
            Self::Int(_) => TypeId::Int,
        }
    }

    /// The byte that it begins with.
    pub(crate) fn tag(&self) -> u8 {
        match self {
            Self::Int(_) => 1,
        }
    }

    /// What follows the tag.
    pub(crate) fn payload(&self) -> Payload<&str> {
        match self {
            Self::Int(payload) => Payload::Int(*payload),
        }
    }

    /// The constant of a type and a payload; none where no kind of constant has both.
    pub(crate) fn new(ty: TypeId, payload: Payload<String>) -> Option<Self> {
        match (ty, payload) {
            (TypeId::Int, Payload::Int(payload)) => Some(Self::Int(payload)),
            _ => None,
        }
    }

    /// Reads the payload that follows a tag; gives none where no kind of constant has it.
    ///
    /// # Errors
    /// Those of the reader.
    pub(super) fn read<R: PayloadReader>(tag: u8, reader: &mut R) -> Result<Option<Self>, R::Error> {
        Ok(Some(match tag {
            1 => Self::Int(reader.int(reads::INT_CONSTANT)?),
            _ => return Ok(None),
        }))
    }
}
