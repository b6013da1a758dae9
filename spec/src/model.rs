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

pub mod language;
pub mod specops;
pub mod state;

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

/// `values.yaml`: types, casts, costs and the limits of a run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// The types, in order of their ids.
    pub types: Vec<TypeEntry>,
    /// Names for sets of types.
    pub classes: Vec<ClassEntry>,
    /// The casts there are.
    pub casts: Vec<CastEntry>,
    /// What an assertion can check.
    pub assert_kinds: Vec<AssertKindEntry>,
    /// The memory cost model.
    pub costs: Vec<CostEntry>,
    /// The limits of a run.
    pub run_limits: Vec<RunLimitEntry>,
    /// The weight over which an outcome elides a value.
    pub outcome_weight_limit: u64,
    /// How many bytes of a value's text a trace digest takes in.
    pub trace_text_bytes: usize,
    /// How many instructions a trace holds.
    pub trace_steps: usize,
    /// How many open scopes a frame remembers.
    pub tracked_scopes: usize,
}

/// One type of value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeEntry {
    /// The id that instructions encode.
    pub id: u8,
    /// The name, as in `int`.
    pub name: String,
    /// The name as some messages show it, as in `Int`.
    pub title: String,
    /// When a value of the type counts as false; never, where the file does not say.
    #[serde(default)]
    pub false_when: Option<String>,
    /// The text form.
    pub text: String,
    /// An example of its form in an outcome.
    pub json: String,
    /// The Python type it becomes.
    pub python: String,
    /// Whether expressions of the language can have it. If so, `static_types` of `language.yaml` has to say which.
    #[serde(default = "yes")]
    pub language: bool,
    /// What else a reader must know.
    #[serde(default)]
    pub notes: Option<String>,
}

fn yes() -> bool {
    true
}

/// A name for a set of types.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassEntry {
    /// The name that rules use.
    pub name: String,
    /// The types in it.
    pub types: Vec<String>,
}

/// One cast.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CastEntry {
    /// The target type.
    pub to: String,
    /// The source type or class.
    pub from: String,
    /// What it gives.
    pub gives: String,
    /// The condition on the value; none, where the file does not say.
    #[serde(default)]
    pub when: Option<String>,
}

/// One kind of assertion.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssertKindEntry {
    /// The id that instructions encode.
    pub id: u8,
    /// The name in assembly.
    pub name: String,
    /// Whether two ends of a range follow.
    pub takes_range: bool,
    /// When it holds.
    pub passes_when: String,
}

/// One entry of the memory cost model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostEntry {
    /// What is charged.
    pub name: String,
    /// How many bytes.
    pub bytes: u64,
    /// What it covers.
    pub summary: String,
}

/// One limit of a run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunLimitEntry {
    /// The name, as in `max_steps`.
    pub name: String,
    /// What it counts.
    pub unit: String,
    /// Its default.
    pub default: LimitDefault,
    /// The error that says it was reached.
    pub error: String,
}

/// The default of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum LimitDefault {
    /// That many.
    Number(u64),
    /// No limit.
    Word(NoLimit),
}

/// The word for "no limit".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoLimit {
    /// There is no limit.
    None,
}

/// `format.yaml`: the file format.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// The first four bytes of a module.
    pub magic: String,
    /// The version.
    pub version: u32,
    /// The flags.
    pub flags: u32,
    /// The name of the function where execution starts.
    pub entry_function: String,
    /// The fields of the header.
    pub header: Vec<HeaderField>,
    /// The sections, in decoding order.
    pub sections: Vec<Section>,
    /// How a string is encoded.
    pub string_layout: String,
    /// The constant tags.
    pub constants: Vec<ConstantEntry>,
    /// The limits of the format.
    pub limits: Vec<FormatLimit>,
    /// What a loader reads, as its errors call it.
    pub reads: Vec<String>,
    /// The order in which faults are looked for.
    pub fault_order: Vec<String>,
    /// The source map that stands beside a module.
    pub source_map: SourceMap,
}

/// The layout of a source map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceMap {
    /// The extension of its file, with the period.
    pub extension: String,
    /// The first four bytes.
    pub magic: String,
    /// The version.
    pub version: u32,
    /// The fewest bytes that a file may have.
    pub least_bytes: u32,
    /// The fields of the header.
    pub header: Vec<HeaderField>,
    /// How fields are encoded.
    pub encodings: Vec<EncodingEntry>,
    /// The sections, in order.
    pub sections: Vec<MapSection>,
}

impl SourceMap {
    /// The size of the header in bytes.
    #[must_use]
    pub fn header_bytes(&self) -> u32 {
        self.header.iter().map(|field| field.bytes).sum()
    }

    /// How many bytes of the module's hash the header has.
    #[must_use]
    pub fn module_hash_bytes(&self) -> u32 {
        self.header.iter().filter(|field| field.name == "module_hash").map(|field| field.bytes).sum()
    }
}

/// One way to encode a field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncodingEntry {
    /// The name that fields use.
    pub name: String,
    /// The bytes.
    pub layout: String,
    /// What it is for.
    pub summary: String,
}

/// One section of a source map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapSection {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub summary: String,
    /// Its fields, in order.
    pub fields: Vec<MapField>,
}

/// One field of a section of a source map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapField {
    /// Its name.
    pub name: String,
    /// One of the encodings.
    pub encoding: String,
    /// What it holds.
    pub summary: String,
}

impl Format {
    /// The size of the header in bytes.
    #[must_use]
    pub fn header_bytes(&self) -> u32 {
        self.header.iter().map(|field| field.bytes).sum()
    }
}

/// One field of the header.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderField {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u32,
    /// What it holds.
    pub summary: String,
}

/// One section of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// How it is encoded.
    pub layout: String,
    /// The fewest bytes one of its entries can take, where it has a count.
    #[serde(default)]
    pub least: Option<u32>,
    /// What it holds.
    pub summary: String,
}

/// One kind of constant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantEntry {
    /// The tag byte.
    pub tag: u8,
    /// The type of the value.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The fewest bytes of the payload.
    pub bytes: u32,
    /// How the payload is encoded: a [`ConstantLayout`].
    pub layout: String,
}

/// One limit of the format.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormatLimit {
    /// What is limited.
    pub name: String,
    /// The greatest value allowed.
    pub value: u64,
    /// Why.
    pub reason: String,
}

/// `errors.yaml`: every error and its message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errors {
    /// What an instruction may have expected.
    pub expectations: Vec<Phrase>,
    /// Operations that messages name.
    pub operations: Vec<Phrase>,
    /// Errors of loading.
    pub load: Vec<ErrorEntry>,
    /// Errors of instructions.
    pub run: Vec<ErrorEntry>,
    /// Limits of a run.
    pub limit: Vec<ErrorEntry>,
    /// Errors of the host.
    pub host: Vec<ErrorEntry>,
    /// Errors of reading a state.
    pub state: Vec<ErrorEntry>,
}

impl Errors {
    /// The errors that can end a run: those of instructions, of limits and of the host, in that order.
    pub fn of_runs(&self) -> impl Iterator<Item = &ErrorEntry> {
        self.run.iter().chain(&self.limit).chain(&self.host)
    }
}

/// A name and the text that messages show for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrase {
    /// The name.
    pub name: String,
    /// The text.
    pub text: String,
}

/// One kind of error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorEntry {
    /// The kind that outcomes show.
    pub kind: String,
    /// The message of the variant that bears the kind's name.
    pub message: String,
    /// The fields of that message.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What happened.
    pub summary: String,
    /// Other messages under the same kind.
    #[serde(default)]
    pub variants: Vec<Variant>,
}

impl ErrorEntry {
    /// All variants, the one that bears the kind's name first.
    #[must_use]
    pub fn all_variants(&self) -> Vec<Variant> {
        let first = Variant {
            name: self.kind.clone(),
            message: self.message.clone(),
            fields: self.fields.clone(),
            summary: self.summary.clone(),
        };
        std::iter::once(first).chain(self.variants.iter().cloned()).collect()
    }
}

/// One message of an error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// The template.
    pub message: String,
    /// The fields of the template.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What happened.
    pub summary: String,
}

/// One field of an error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name in the template.
    pub name: String,
    /// One of the field types.
    #[serde(rename = "type")]
    pub kind: String,
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
