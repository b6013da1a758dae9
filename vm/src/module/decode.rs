//! Bytes to module. One cursor reads everything; each error names what was read and where.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::errors::LoadError;
use crate::isa::{ConstIdx, Instruction, JumpOffset, Opcode, OperandSource, Phis, Reg, Registers};
use crate::module::constant::PayloadReader;
use crate::module::{Code, Constant, Function, Module};
use crate::values::{AssertKind, TypeId, format, reads};

pub(super) fn decode(bytes: &[u8]) -> Result<Module, LoadError> {
    if bytes.len() as u64 > u64::from(format::MAX_MODULE_BYTES) {
        return Err(LoadError::CountOverLimit {
            what: reads::MODULE_SIZE.to_owned(),
            count: bytes.len() as u64,
            limit: u64::from(format::MAX_MODULE_BYTES),
            offset: 0,
        });
    }
    let header = decode_header(bytes)?;
    let at = |offset: u32| Cursor { bytes, position: offset as usize };
    let name = at(header.name).string(reads::MODULE_NAME)?;
    let (mut constants, mut functions, mut code) = (Vec::new(), Vec::new(), Code::default());
    decode_constants(at(header.constants), &mut constants)?;
    decode_functions(at(header.functions), &mut functions)?;
    decode_instructions(at(header.instructions), &constants, Constants::Checked, &mut code)?;
    let count = code.len() as u64;
    match functions.iter().find(|function| u64::from(function.entry) >= count) {
        Some(function) => Err(LoadError::InvalidEntryPoint {
            entry: u64::from(function.entry),
            name: function.name.clone(),
            count,
        }),
        None => Ok(Module { name, constants, functions: Arc::new(functions), code }),
    }
}

/// Reads what can be read of a module that does not load: of each section as much as there is before it makes no sense. Where
/// sections contradict one another, both stay; such a module can be shown and not run.
pub(super) fn salvage(bytes: &[u8]) -> (Module, Vec<(&'static str, LoadError)>) {
    let mut module = Module {
        name: String::new(),
        constants: Vec::new(),
        functions: Arc::default(),
        code: Code::default(),
    };
    let mut stops = Vec::new();
    let offsets = Cursor { bytes, position: OFFSETS_BEGIN };
    let header = match decode_offsets(offsets) {
        Ok(header) if bytes.starts_with(&format::MAGIC) => header,
        Ok(_) => return (module, stops),
        Err(error) => return (module, vec![("header", error)]),
    };
    let at = |offset: u32| Cursor { bytes, position: offset as usize };
    match at(header.name).string(reads::MODULE_NAME) {
        Ok(name) => module.name = name,
        Err(error) => stops.push(("name", error)),
    }
    if let Err(error) = decode_constants(at(header.constants), &mut module.constants) {
        stops.push(("constants", error));
    }
    if let Err(error) = decode_functions(at(header.functions), Arc::make_mut(&mut module.functions)) {
        stops.push(("functions", error));
    }
    let instructions = at(header.instructions);
    if let Err(error) = decode_instructions(instructions, &module.constants, Constants::Any, &mut module.code)
    {
        stops.push(("instructions", error));
    }
    (module, stops)
}

/// Where the sections begin, by their names; none where the file is too short to say.
pub(super) fn sections(bytes: &[u8]) -> Vec<(&'static str, u32)> {
    decode_offsets(Cursor { bytes, position: OFFSETS_BEGIN }).map(Header::sections).unwrap_or_default().into()
}

/// Where the offsets of the sections are: behind magic, version and flags.
const OFFSETS_BEGIN: usize = format::HEADER_BYTES as usize - 4 * size_of::<u32>();

/// What is made of the constants that instructions name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Constants {
    /// They must be there, and of the kind that the instruction needs.
    Checked,
    /// They may be missing.
    Any,
}

/// The offsets of the sections.
#[derive(Default, Clone, Copy)]
struct Header {
    name: u32,
    constants: u32,
    functions: u32,
    instructions: u32,
}

impl Header {
    fn sections(self) -> [(&'static str, u32); 4] {
        [
            ("name", self.name),
            ("constants", self.constants),
            ("functions", self.functions),
            ("instructions", self.instructions),
        ]
    }
}

fn decode_offsets(mut cursor: Cursor<'_>) -> Result<Header, LoadError> {
    Ok(Header {
        name: cursor.u32(reads::NAME_OFFSET)?,
        constants: cursor.u32(reads::CONSTANTS_OFFSET)?,
        functions: cursor.u32(reads::FUNCTIONS_OFFSET)?,
        instructions: cursor.u32(reads::INSTRUCTIONS_OFFSET)?,
    })
}

fn decode_header(bytes: &[u8]) -> Result<Header, LoadError> {
    let mut cursor = Cursor { bytes, position: 0 };
    let found = cursor.array::<4>(reads::MAGIC)?;
    if found != format::MAGIC {
        return Err(LoadError::InvalidMagic { found });
    }
    let offset = cursor.position as u64;
    let version = cursor.u32(reads::VERSION)?;
    if version != format::VERSION {
        let (version, supported) = (u64::from(version), u64::from(format::VERSION));
        return Err(LoadError::UnsupportedVersion { version, offset, supported });
    }
    let offset = cursor.position as u64;
    let flags = cursor.u32(reads::FLAGS)?;
    if flags != format::FLAGS {
        let (flags, supported) = (u64::from(flags), u64::from(format::FLAGS));
        return Err(LoadError::UnsupportedFlags { flags, offset, supported });
    }
    let offsets_begin = cursor.position;
    debug_assert_eq!(offsets_begin, OFFSETS_BEGIN);
    let header = decode_offsets(cursor)?;
    for (index, (section, value)) in header.sections().into_iter().enumerate() {
        if value as usize > bytes.len() {
            return Err(LoadError::InvalidOffset {
                section: section.to_owned(),
                value: u64::from(value),
                size: bytes.len() as u64,
                offset: (offsets_begin + 4 * index) as u64,
            });
        }
    }
    Ok(header)
}

fn decode_constants(mut cursor: Cursor<'_>, constants: &mut Vec<Constant>) -> Result<(), LoadError> {
    let count =
        cursor.count(reads::CONSTANT_COUNT, format::MAX_CONSTANTS, format::LEAST_BYTES_OF_CONSTANTS)?;
    for index in 0..count {
        let offset = cursor.position as u64;
        let [tag] = cursor.array(reads::CONSTANT_TAG)?;
        let Some(constant) = Constant::read(tag, &mut cursor)? else {
            let (tag, index) = (u64::from(tag), u64::from(index));
            return Err(LoadError::InvalidConstantTag { tag, index, offset });
        };
        constants.push(constant);
    }
    Ok(())
}

fn decode_functions(mut cursor: Cursor<'_>, functions: &mut Vec<Function>) -> Result<(), LoadError> {
    let count =
        cursor.count(reads::FUNCTION_COUNT, format::MAX_FUNCTIONS, format::LEAST_BYTES_OF_FUNCTIONS)?;
    // Indices alone: the names themselves are in the table already.
    let mut known: HashTable<u32> = HashTable::new();
    let hasher = RandomState::default();
    for index in 0..count {
        let offset = cursor.position as u64;
        let name = cursor.str(reads::FUNCTION_NAME)?;
        let has_name = |index: &u32| functions[*index as usize].name == name;
        let hash_of = |index: &u32| hasher.hash_one(functions[*index as usize].name.as_str());
        match known.entry(hasher.hash_one(name), has_name, hash_of) {
            Entry::Occupied(_) => {
                return Err(LoadError::DuplicateFunction { name: name.to_owned(), offset });
            }
            Entry::Vacant(place) => _ = place.insert(index),
        }
        let entry = cursor.u32(reads::FUNCTION_ENTRY)?;
        functions.push(Function { name: name.to_owned(), entry });
    }
    functions.shrink_to_fit();
    Ok(())
}

fn decode_instructions(
    mut cursor: Cursor<'_>,
    constants: &[Constant],
    check: Constants,
    code: &mut Code,
) -> Result<(), LoadError> {
    let count = cursor.count(
        reads::INSTRUCTION_COUNT,
        format::MAX_INSTRUCTIONS,
        format::LEAST_BYTES_OF_INSTRUCTIONS,
    )?;
    let begin = cursor.position;
    let mut presence_bytes = Vec::new();
    let mut first_bad_jump = None;
    let mut result = Ok(());
    for index in 0..count {
        // The file is shorter than 4 GiB, so every position fits.
        let start = (cursor.position - begin) as u32;
        let offset = cursor.position;
        let mut unchecked = Unchecked {
            cursor,
            constants,
            check,
            instruction: index,
            offset: offset as u64,
            count,
            presence: None,
            bad_jump: None,
        };
        if let Err(error) = decode_instruction(&mut unchecked) {
            result = Err(error);
            break;
        }
        code.starts.push(start);
        cursor = unchecked.cursor;
        presence_bytes.extend(unchecked.presence);
        first_bad_jump = first_bad_jump.or(unchecked.bad_jump);
    }
    code.starts.shrink();
    code.bytes = cursor.bytes[begin..cursor.position].to_vec();
    for position in presence_bytes {
        code.bytes[position - begin] = 1;
    }
    result?;
    // A jump can only be wrong once all instructions were right: faults are reported in that order.
    first_bad_jump.map_or(Ok(()), Err)
}

#[inline]
fn decode_instruction(unchecked: &mut Unchecked<'_, '_>) -> Result<(), LoadError> {
    let [byte] = unchecked.cursor.array(reads::OPCODE)?;
    let opcode = Opcode::from_byte(byte).or(planted!("decode-opcode").then_some(Opcode::Nop));
    let Some(opcode) = opcode else {
        return Err(LoadError::InvalidOpcode {
            opcode: u64::from(byte),
            instruction: u64::from(unchecked.instruction),
            offset: unchecked.offset,
        });
    };
    Instruction::decode(opcode, unchecked)?;
    Ok(())
}

/// A position in the file.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl PayloadReader for Cursor<'_> {
    type Error = LoadError;

    fn int(&mut self, what: &str) -> Result<i64, LoadError> {
        self.array(what).map(i64::from_le_bytes)
    }

    fn float(&mut self, what: &str) -> Result<f64, LoadError> {
        self.array(what).map(f64::from_le_bytes)
    }

    fn text(&mut self, what: &str) -> Result<String, LoadError> {
        self.string(what)
    }

    fn bool(&mut self, what: &str) -> Result<bool, LoadError> {
        self.array::<1>(what).map(|byte| byte != [0])
    }
}

impl<'a> Cursor<'a> {
    fn left(self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    /// The next bytes, or none where the file has less.
    #[inline]
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.position..)?.get(..count)?;
        self.position += count;
        Some(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], LoadError> {
        let Some(taken) = self.bytes.get(self.position..).and_then(|rest| rest.first_chunk()) else {
            return Err(self.unexpected_end(N, what));
        };
        self.position += N;
        Ok(*taken)
    }

    #[cold]
    fn unexpected_end(self, needed: usize, what: &str) -> LoadError {
        LoadError::UnexpectedEof {
            what: what.to_owned(),
            needed: needed as u64,
            left: self.left() as u64,
            offset: self.position as u64,
        }
    }

    fn u32(&mut self, what: &str) -> Result<u32, LoadError> {
        self.array(what).map(u32::from_le_bytes)
    }

    /// A count of entries, each of `least` bytes or more: what the rest of the file cannot hold is refused before
    /// anything is allocated for it.
    fn count(&mut self, what: &str, limit: u32, least: u32) -> Result<u32, LoadError> {
        let offset = self.position as u64;
        let count = self.u32(what)?;
        if count > limit {
            let (count, limit) = (u64::from(count), u64::from(limit));
            return Err(LoadError::CountOverLimit { what: what.to_owned(), count, limit, offset });
        }
        if u64::from(count) * u64::from(least) > self.left() as u64 {
            let (count, left) = (u64::from(count), self.left() as u64);
            return Err(LoadError::InvalidCount { what: what.to_owned(), count, left, offset });
        }
        Ok(count)
    }

    fn str(&mut self, what: &str) -> Result<&'a str, LoadError> {
        let Ok(length) = self.u32(what) else {
            return Err(self.unexpected_end(size_of::<u32>(), &format!("length of {what}")));
        };
        let begin = self.position;
        let length = length as usize;
        let bytes = self.take(length).ok_or_else(|| self.unexpected_end(length, what))?;
        std::str::from_utf8(bytes).map_err(|error| LoadError::InvalidUtf8 {
            what: what.to_owned(),
            offset: (begin + error.valid_up_to()) as u64,
        })
    }

    fn string(&mut self, what: &str) -> Result<String, LoadError> {
        self.str(what).map(str::to_owned)
    }
}

/// Operands as they are in a file.
struct Unchecked<'a, 'c> {
    cursor: Cursor<'a>,
    constants: &'c [Constant],
    check: Constants,
    instruction: u32,
    /// Where the instruction begins.
    offset: u64,
    /// How many instructions there are.
    count: u32,
    /// Where a presence byte is that is neither 0 nor 1; the canonical form has 1 there.
    presence: Option<usize>,
    /// A jump that leaves the code.
    bad_jump: Option<LoadError>,
}

impl<'a> OperandSource<'a> for Unchecked<'a, '_> {
    type Error = LoadError;

    #[inline]
    fn bytes<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], LoadError> {
        self.cursor.array(what)
    }

    #[inline]
    fn registers(&mut self) -> Result<Registers<'a>, LoadError> {
        let [count] = self.bytes(reads::REGISTER_COUNT)?;
        if let Some(bytes) = self.cursor.take(usize::from(count)) {
            return Ok(Registers(bytes));
        }
        // One at a time they meet the end of the file where it is.
        loop {
            self.register()?;
        }
    }

    #[inline]
    fn phis(&mut self) -> Result<Phis<'a>, LoadError> {
        let [count] = self.bytes(reads::PHI_COUNT)?;
        if let Some(bytes) = self.cursor.take(usize::from(count) * size_of::<[u8; 3]>()) {
            return Ok(Phis(bytes.as_chunks().0));
        }
        // One at a time they meet the end of the file where it is.
        loop {
            self.register()?;
            self.bytes::<2>(reads::PHI_LABEL)?;
        }
    }

    fn optional_register(&mut self) -> Result<Option<Reg>, LoadError> {
        let position = self.cursor.position;
        let [present] = self.bytes(reads::PRESENCE_BYTE)?;
        if present == 0 {
            return Ok(None);
        }
        if present != 1 {
            self.presence = Some(position);
        }
        self.register().map(Some)
    }

    fn jump(&mut self) -> Result<JumpOffset, LoadError> {
        let jump = JumpOffset(i32::from_le_bytes(self.bytes(reads::JUMP_OFFSET)?));
        let target = jump.target(self.instruction as usize);
        if !(0..=i64::from(self.count)).contains(&target) {
            self.bad_jump = Some(LoadError::InvalidJumpTarget {
                jump: i64::from(jump.0),
                instruction: u64::from(self.instruction),
                target,
                count: u64::from(self.count),
            });
        }
        Ok(jump)
    }

    #[inline]
    fn check_constant(&mut self, index: u16) -> Result<ConstIdx, LoadError> {
        if usize::from(index) < self.constants.len() || self.check == Constants::Any {
            return Ok(ConstIdx(index));
        }
        Err(LoadError::InvalidConstantIndex {
            index: u64::from(index),
            count: self.constants.len() as u64,
            instruction: u64::from(self.instruction),
            offset: self.offset,
        })
    }

    fn check_string(&mut self, index: u16) -> Result<ConstIdx, LoadError> {
        self.check_constant(index)?;
        if self.check == Constants::Any {
            return Ok(ConstIdx(index));
        }
        let found = self.constants[usize::from(index)].type_id();
        if found == TypeId::String {
            return Ok(ConstIdx(index));
        }
        Err(LoadError::InvalidConstantKind {
            index: u64::from(index),
            found,
            expected: TypeId::String,
            instruction: u64::from(self.instruction),
            offset: self.offset,
        })
    }

    fn check_type(&mut self, id: u16) -> Result<TypeId, LoadError> {
        TypeId::from_id(id).ok_or_else(|| LoadError::InvalidTypeId {
            id: u64::from(id),
            instruction: u64::from(self.instruction),
            offset: self.offset,
        })
    }

    fn check_assert_kind(&mut self, id: u8) -> Result<AssertKind, LoadError> {
        AssertKind::from_id(id).ok_or_else(|| LoadError::InvalidAssertKind {
            id: u64::from(id),
            instruction: u64::from(self.instruction),
            offset: self.offset,
        })
    }
}
