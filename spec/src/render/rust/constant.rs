//! The kinds of constants: the enum, and how each is encoded.

use std::fmt::Write as _;

use super::constant_name;
use crate::Spec;
use crate::model::{ConstantLayout, pascal_case};

/// A kind of constant as the generated code needs it.
struct Kind {
    tag: u8,
    /// The variant of the enum, and of `TypeId`.
    name: String,
    type_name: String,
    layout: ConstantLayout,
}

impl Kind {
    /// The payload as Rust has it; none where there is no payload.
    fn rust_type(&self) -> Option<&'static str> {
        match self.layout {
            ConstantLayout::I64 => Some("i64"),
            ConstantLayout::F64 => Some("f64"),
            ConstantLayout::String => Some("String"),
            ConstantLayout::U8 => Some("bool"),
            ConstantLayout::Nothing => None,
        }
    }

    /// The variant with that behind its name: `Self::Int(payload)`, or `Self::Empty` where there is no payload.
    fn with(&self, payload: &str) -> String {
        let Self { name, .. } = self;
        if self.rust_type().is_some() { format!("Self::{name}({payload})") } else { format!("Self::{name}") }
    }

    /// The variant of `Payload`, made of a borrowed payload.
    fn payload(&self) -> &'static str {
        match self.layout {
            ConstantLayout::I64 => "Payload::Int(*payload)",
            ConstantLayout::F64 => "Payload::Float(payload.to_bits())",
            ConstantLayout::String => "Payload::Text(payload)",
            ConstantLayout::U8 => "Payload::Bool(*payload)",
            ConstantLayout::Nothing => "Payload::Nothing",
        }
    }

    /// The variant of `Payload` as a pattern, and what it becomes in the constant.
    fn parts(&self) -> (&'static str, &'static str) {
        match self.layout {
            ConstantLayout::I64 => ("Payload::Int(payload)", "payload"),
            ConstantLayout::F64 => ("Payload::Float(payload)", "f64::from_bits(payload)"),
            ConstantLayout::String => ("Payload::Text(payload)", "payload"),
            ConstantLayout::U8 => ("Payload::Bool(payload)", "payload"),
            ConstantLayout::Nothing => ("Payload::Nothing", ""),
        }
    }

    /// The function of the reader that gives the payload.
    fn reader(&self) -> &'static str {
        match self.layout {
            ConstantLayout::I64 => "int",
            ConstantLayout::F64 => "float",
            ConstantLayout::String => "text",
            ConstantLayout::U8 => "bool",
            ConstantLayout::Nothing => "",
        }
    }
}

pub(super) fn render(spec: &Spec) -> String {
    let mut out = super::header("format.yaml");
    let mut kinds: Vec<Kind> = Vec::new();
    for one in &spec.format.constants {
        // The check of the specification refuses other layouts.
        let Some(layout) = ConstantLayout::from_name(&one.layout) else { continue };
        let (name, type_name) = (pascal_case(&one.type_name), one.type_name.clone());
        kinds.push(Kind { tag: one.tag, name, type_name, layout });
    }
    // As values are declared.
    kinds.sort_by_key(|kind| spec.values.types.iter().position(|one| one.name == kind.type_name));
    let mut arms = |head: &str, tail: &str, arm: &dyn Fn(&Kind) -> String| {
        out.push_str(head);
        for kind in &kinds {
            let _ = writeln!(out, "{},", arm(kind));
        }
        out.push_str(tail);
    };
    arms(
        "\n/// An entry of the constant pool.\n#[derive(Debug, Clone)]\npub enum Constant {\n",
        "}\n\nimpl Constant {\n    /// The types that constants have.\n    pub(crate) const KINDS: &'static [TypeId] = &[\n",
        &|kind| {
            let payload = kind.rust_type().map(|payload| format!("({payload})")).unwrap_or_default();
            format!("    /// `{}`\n    {}{payload}", kind.type_name, kind.name)
        },
    );
    arms("", "    ];\n", &|kind| format!("        TypeId::{}", kind.name));
    arms(
        "\n    /// The type of the value.\n    #[must_use]\n    pub fn type_id(&self) -> TypeId {\n        match self {\n",
        "        }\n    }\n",
        &|kind| format!("            {} => TypeId::{}", kind.with("_"), kind.name),
    );
    arms(
        "\n    /// The byte that it begins with.\n    pub(crate) fn tag(&self) -> u8 {\n        match self {\n",
        "        }\n    }\n",
        &|kind| format!("            {} => {}", kind.with("_"), kind.tag),
    );
    arms(
        "\n    /// What follows the tag.\n    pub(crate) fn payload(&self) -> Payload<&str> {\n        match self {\n",
        "        }\n    }\n",
        &|kind| format!("            {} => {}", kind.with("payload"), kind.payload()),
    );
    arms(
        "\n    /// The constant of a type and a payload; none where no kind of constant has both.\n    \
         pub(crate) fn new(ty: TypeId, payload: Payload<String>) -> Option<Self> {\n        match (ty, payload) {\n",
        "            _ => None,\n        }\n    }\n",
        &|kind| {
            let (payload, value) = kind.parts();
            format!("            (TypeId::{}, {payload}) => Some({})", kind.name, kind.with(value))
        },
    );
    arms(
        "\n    /// Reads the payload that follows a tag; gives none where no kind of constant has it.\n    ///\n    \
         /// # Errors\n    /// Those of the reader.\n    \
         pub(super) fn read<R: PayloadReader>(tag: u8, reader: &mut R) -> Result<Option<Self>, R::Error> {\n        \
         Ok(Some(match tag {\n",
        "            _ => return Ok(None),\n        }))\n    }\n}\n",
        &|kind| {
            let what = constant_name(&kind.type_name);
            let read = format!("reader.{}(reads::{what}_CONSTANT)?", kind.reader());
            format!("            {} => {}", kind.tag, kind.with(&read))
        },
    );
    out
}
