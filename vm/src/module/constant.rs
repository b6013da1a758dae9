//! Constants: the kinds that `constants` of `spec/format.yaml` declares, and how their payloads are encoded.
//!
//! The enum and what it says of itself are generated. By hand there are only the layouts, which several kinds may share.

use crate::values::{TypeId, reads};

include!(concat!(env!("OUT_DIR"), "/constant.rs"));

/// What a constant is encoded as, behind its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Payload<T> {
    /// No byte at all.
    Nothing,
    /// A byte; true where it is not 0.
    Bool(bool),
    /// Eight bytes.
    Int(i64),
    /// Eight bytes: the bits of a float, so that those are equal which encode alike. `0.0` and `-0.0` are not, a NaN is equal to
    /// itself.
    Float(u64),
    /// A length and UTF-8.
    Text(T),
}

impl<T: AsRef<str>> Payload<T> {
    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Bool(_) => 1,
            Self::Int(_) | Self::Float(_) => 8,
            Self::Text(text) => string_bytes(text.as_ref()),
        }
    }

    /// Appends its bytes.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Nothing => {}
            Self::Bool(value) => out.push(u8::from(*value)),
            Self::Int(number) => out.extend(number.to_le_bytes()),
            Self::Float(bits) => out.extend(bits.to_le_bytes()),
            Self::Text(text) => put_string(text.as_ref(), out),
        }
    }

    /// The type whose values are written so.
    pub(crate) fn type_id(&self) -> TypeId {
        match self {
            Self::Nothing => TypeId::Empty,
            Self::Bool(_) => TypeId::Bool,
            Self::Int(_) => TypeId::Int,
            Self::Float(_) => TypeId::Float,
            Self::Text(_) => TypeId::String,
        }
    }
}

/// Reads payloads. Each function is given what it reads, as errors call it.
pub(super) trait PayloadReader {
    /// Why a payload cannot be read.
    type Error;

    fn int(&mut self, what: &str) -> Result<i64, Self::Error>;
    fn float(&mut self, what: &str) -> Result<f64, Self::Error>;
    fn text(&mut self, what: &str) -> Result<String, Self::Error>;
    fn bool(&mut self, what: &str) -> Result<bool, Self::Error>;
}

impl PartialEq for Constant {
    /// Constants are equal when they encode alike: `0.0` and `-0.0` are not, a NaN is equal to itself.
    fn eq(&self, other: &Self) -> bool {
        self.tag() == other.tag() && self.payload() == other.payload()
    }
}

impl Constant {
    /// Appends its bytes: the tag and the payload.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.push(self.tag());
        self.payload().put(out);
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        1 + self.payload().size()
    }
}

pub(super) fn string_bytes(text: &str) -> usize {
    4 + text.len()
}

pub(super) fn put_string(text: &str, out: &mut Vec<u8>) {
    out.extend(u32_of(text.len()).to_le_bytes());
    out.extend(text.as_bytes());
}

/// A length or an offset of a module. Both ways to make a module, decoding and building, bound it to 4 GiB.
pub(super) fn u32_of(number: usize) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One payload of each layout.
    const PAYLOADS: [Payload<&str>; 5] = [
        Payload::Nothing,
        Payload::Bool(true),
        Payload::Int(-2),
        Payload::Float(1.5_f64.to_bits()),
        Payload::Text("é"),
    ];

    #[test]
    fn a_constant_is_its_tag_and_its_payload() {
        let mut kinds = 0;
        for ty in TypeId::ALL {
            for payload in PAYLOADS {
                let owned = match payload {
                    Payload::Text(text) => Payload::Text(text.to_owned()),
                    Payload::Nothing => Payload::Nothing,
                    Payload::Bool(value) => Payload::Bool(value),
                    Payload::Int(number) => Payload::Int(number),
                    Payload::Float(bits) => Payload::Float(bits),
                };
                let Some(constant) = Constant::new(*ty, owned) else { continue };
                kinds += 1;
                assert_eq!((constant.type_id(), constant.payload()), (*ty, payload));
                let mut bytes = Vec::new();
                constant.put(&mut bytes);
                assert_eq!((bytes[0], bytes.len()), (constant.tag(), constant.size()), "{constant:?}");
            }
        }
        assert_eq!(kinds, Constant::KINDS.len());
    }

    #[test]
    fn constants_are_equal_when_they_encode_alike() {
        assert_ne!(Constant::Float(0.0), Constant::Float(-0.0));
        assert_eq!(Constant::Float(f64::NAN), Constant::Float(f64::NAN));
        assert_ne!(Constant::Int(1), Constant::Float(1.0));
        assert_ne!(Constant::Int(1), Constant::Bool(true));
        assert_eq!(Constant::String("a".to_owned()), Constant::String("a".to_owned()));
    }
}
