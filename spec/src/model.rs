//! The declarations of the YAML files, as types. Reading them says nothing about whether they make sense: that is
//! [`check`](crate::check).

use serde::Deserialize;

macro_rules! closed_names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Everything the renderers know.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the YAML files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one with that name, if the renderers know it.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

mod errors;
mod format;
pub mod language;
pub mod specops;
pub mod state;
mod values;

pub use errors::*;
pub use format::*;
pub use values::*;

/// `isa.yaml`: the instruction set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Isa {
    /// How many registers an instruction can name.
    pub registers: u32,
    /// What an operand can be.
    pub roles: Vec<RoleEntry>,
    /// What an instruction may touch besides its registers.
    pub effects: Vec<Described>,
    /// Where control may go after an instruction.
    pub flows: Vec<Described>,
    /// The instructions, in order of their numbers.
    pub opcodes: Vec<OpcodeEntry>,
    /// The rules that code and documentation cite, in order of their ids.
    pub rules: Vec<SemanticRule>,
}

/// A rule behind one or more instructions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SemanticRule {
    /// `S` and the number of the rule.
    pub id: String,
    /// What it is about, in a few words.
    pub subject: String,
    /// The mnemonics of the instructions that it is about; none, where it is about all.
    pub opcodes: Vec<String>,
    /// The rule.
    pub text: String,
}

/// A name and a sentence.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Described {
    /// The name that other entries use.
    pub name: String,
    /// What it means, in one line.
    pub summary: String,
}

/// One role an operand can have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleEntry {
    /// The name that operands use.
    pub name: String,
    /// The encoding, field by field.
    pub bytes: Vec<String>,
    /// An example of its assembly form.
    pub text: String,
    /// What it means, in one line.
    pub summary: String,
}

/// One instruction.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpcodeEntry {
    /// The opcode byte.
    pub number: u8,
    /// The name, as in `LoadConstR`.
    pub name: String,
    /// The format version that brought it.
    pub since: u32,
    /// The operands, in byte order.
    pub operands: Vec<OperandEntry>,
    /// What it does, in one line.
    pub summary: String,
    /// Where control goes; `next` where the file does not say.
    #[serde(default = "next")]
    pub flow: String,
    /// What it touches besides its registers.
    #[serde(default)]
    pub effects: Vec<String>,
    /// Whether it takes as long as its operands are large, though it charges no memory.
    #[serde(default)]
    pub lengthy: bool,
    /// Whether the translator to specialised code has an arm for it.
    #[serde(default)]
    pub specialised: bool,
    /// The run-time errors it can give.
    #[serde(default)]
    pub errors: Vec<String>,
    /// What comes out for which operand types; the first rule that matches wins.
    pub types: Vec<TypeRule>,
    /// What else a reader must know.
    #[serde(default)]
    pub notes: Option<String>,
}

fn next() -> String {
    "next".to_owned()
}

impl OpcodeEntry {
    /// The text of the opcode in assembly: its name in snake case, without the final `R` that says "register".
    #[must_use]
    pub fn mnemonic(&self) -> String {
        snake_case(self.name.strip_suffix('R').unwrap_or(&self.name))
    }

    /// The name of the opcode as a Rust or Python type: its name without the final `R`.
    #[must_use]
    pub fn variant(&self) -> String {
        self.name.strip_suffix('R').unwrap_or(&self.name).to_owned()
    }

    /// The operand of that role, where there is one.
    #[must_use]
    pub fn operand_of(&self, role: Role) -> Option<&OperandEntry> {
        self.operands.iter().find(|operand| Role::from_name(&operand.role) == Some(role))
    }
}

/// One operand of an instruction.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperandEntry {
    /// The name that summaries and generated fields use.
    pub name: String,
    /// One of the roles of `isa.yaml`.
    pub role: String,
}

/// What comes out for some combination of operand types.
#[derive(Debug, Clone, Deserialize)]
pub struct TypeRule {
    /// The type of the result, `any`, `nothing`, or `cast`.
    #[serde(default)]
    pub gives: Option<String>,
    /// The error, where the combination is one.
    #[serde(default)]
    pub error: Option<String>,
    /// What a `TypeMismatch` says was expected: one of the expectations.
    #[serde(default)]
    pub expected: Option<String>,
    /// The operands whose types the message names, in its order, where that is not theirs.
    #[serde(default)]
    pub names: Vec<String>,
    /// Errors that depend on more than the types.
    #[serde(default)]
    pub may: Vec<String>,
    /// Operand name to type or class. An operand that is not here may have any type.
    #[serde(flatten)]
    pub when: std::collections::BTreeMap<String, String>,
}

closed_names! {
    /// The operand roles that renderers know how to print. `isa.yaml` may use no other.
    Role {
        /// A register that is read.
        In = "in",
        /// A register that is written.
        Out = "out",
        /// A register that is changed where it stands.
        InOut = "inout",
        /// A register whose type tag is set.
        Tagged = "tagged",
        /// A register that is read, or nothing.
        OptionalIn = "optional_in",
        /// A list of registers that are read.
        Registers = "registers",
        /// A constant of any kind.
        Constant = "constant",
        /// A string constant that names a global.
        Global = "global",
        /// A type id.
        Type = "type",
        /// A jump offset.
        Jump = "jump",
        /// Sources of a phi.
        Phis = "phis",
        /// An assertion.
        Check = "check",
        /// A scope number.
        Scope = "scope",
    }
}

closed_names! {
    /// The layouts of constants that renderers know how to read and write.
    ConstantLayout {
        /// A 64-bit integer.
        I64 = "i64",
        /// A 64-bit float.
        F64 = "f64",
        /// A length and UTF-8.
        String = "string",
        /// A byte, true where it is not 0.
        U8 = "u8",
        /// No byte at all.
        Nothing = "nothing",
    }
}

closed_names! {
    /// The effects that renderers know how to hand to a semantic function.
    Effect {
        /// Charges memory.
        Memory = "memory",
        /// Uses globals.
        Globals = "globals",
        /// Writes output.
        Output = "output",
        /// Looks functions up.
        Functions = "functions",
        /// Reads the constant pool.
        Constants = "constants",
        /// Uses type tags.
        Tags = "tags",
        /// Records scopes.
        Scopes = "scopes",
    }
}

closed_names! {
    /// The kinds of control flow that renderers know how to dispatch.
    Flow {
        /// To the next instruction.
        Next = "next",
        /// To a target.
        Jump = "jump",
        /// To a target, or on.
        Branch = "branch",
        /// Into a function.
        Call = "call",
        /// Out of a function.
        Return = "return",
        /// Past a run of phis.
        Phi = "phi",
        /// Out of the program.
        Halt = "halt",
    }
}

closed_names! {
    /// The types that a field of an error can have.
    FieldType {
        /// An unsigned number.
        Uint = "uint",
        /// A signed number.
        Int = "int",
        /// A string.
        Text = "text",
        /// A type, shown by its name.
        Type = "type",
        /// A type, shown by its title.
        Title = "title",
        /// One of the expectations.
        Expectation = "expectation",
        /// One of the operations.
        Operation = "operation",
        /// Bytes, shown in hexadecimal.
        Bytes = "bytes",
    }
}

/// `LoadConst` becomes `load_const`.
#[must_use]
pub fn snake_case(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for (index, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// `int_range` becomes `IntRange`.
#[must_use]
pub fn pascal_case(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect()
}
