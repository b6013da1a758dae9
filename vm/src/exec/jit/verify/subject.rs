//! What machine code was made of, and for: all that the verifier is given. Nothing of it comes from the emitter but the offsets
//! where it says that blocks begin.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::{self, Signature};
use crate::exec::interpreter::Program;
use crate::exec::jit::layout::{Layout, words};
use crate::exec::specialise::{Code, Needs, SpecOp, Type, TypeContext};

/// A buffer, and what it may rely on.
pub(crate) struct Subject<'a> {
    pub(super) bytes: &'a [u8],
    /// Where the host calls.
    pub(super) start: u32,
    /// Where the host may want to go on, and where calls come back to.
    pub(super) entries: BTreeMap<u32, Entry>,
    /// The offsets in the table of the code to come back to, the address of that, and how many calls it knows.
    pub(super) table: BTreeSet<u32>,
    pub(super) table_address: u64,
    pub(super) sites: u64,
    /// Where an instruction of specialised code begins, the types that its operands need.
    pub(super) needs: BTreeMap<u32, Vec<(u8, Type)>>,
    /// By instruction of specialised code, the registers that it writes.
    pub(super) writes: Vec<Writes>,
    pub(super) functions: u64,
    pub(super) globals: usize,
    /// Addresses of the objects of constants, with their tags, and of the constants themselves.
    pub(super) objects: BTreeMap<u64, i32>,
    pub(super) constants: BTreeSet<u64>,
    pub(super) stubs: BTreeMap<u64, Signature>,
    pub(super) layout: Layout,
}

/// What is known where a block begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// The types of registers that are known.
    Block(Vec<(u8, Type)>),
    /// The host comes back to the midst of a block after it refilled the fuel: what is known of the frame is what is known where
    /// machine code comes there by itself.
    Again,
}

/// The registers of the frame that an instruction of specialised code writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Writes {
    Slots(BTreeSet<u8>),
    All,
}

impl<'a> Subject<'a> {
    /// Of a buffer that was made of all specialised code there is: `places` are where its instructions begin, `entries` where they can be
    /// entered, 0 where they cannot, and `table` where calls come back to.
    pub(crate) fn new(
        (bytes, start): (&'a [u8], usize),
        (places, entries, table): (&[u32], &[u32], &[u32]),
        table_address: usize,
        (code, program): (&Code, &Program),
        layout: Layout,
    ) -> Self {
        let blocks = blocks(code);
        let table: BTreeSet<u32> = table.iter().copied().collect();
        let mut all: BTreeMap<u32, Entry> =
            table.iter().map(|offset| (*offset, Entry::Block(Vec::new()))).collect();
        for (place, offset) in entries.iter().enumerate().filter(|(_, offset)| **offset != 0) {
            let entry = match blocks.get(&place) {
                Some(Some(context)) => Entry::Block(types(context)),
                Some(None) => Entry::Block(Vec::new()),
                None => Entry::Again,
            };
            // More than one instruction can begin at an offset, where the first became nothing.
            all.entry(*offset).and_modify(|known| known.merge(&entry)).or_insert(entry);
        }
        let pooled = program.constants.iter().filter(|constant| !constant.is_scalar());
        Self {
            bytes,
            start: start as u32,
            entries: all,
            table,
            table_address: table_address as u64,
            sites: code.sites.len() as u64,
            needs: needs(code, places),
            writes: code.ops.iter().map(|op| writes(*op)).collect(),
            functions: program.entries.len() as u64,
            globals: program.global_names.len(),
            objects: pooled.map(words).map(|[tag, payload]| (payload, tag as i32)).collect(),
            constants: program.constants.iter().map(|value| std::ptr::from_ref(value) as u64).collect(),
            stubs: calls::stubs(),
            layout,
        }
    }
}

impl Entry {
    /// Keeps what is known of both.
    fn merge(&mut self, other: &Self) {
        let Self::Block(types) = self else {
            return self.clone_from(other);
        };
        if let Self::Block(others) = other {
            types.extend(others.iter().copied());
        }
    }
}

/// The instructions where blocks begin, with what is known there, where it is a version.
fn blocks(code: &Code) -> BTreeMap<usize, Option<&TypeContext>> {
    let versions = code.versions.values().flatten();
    let versions: BTreeMap<usize, &TypeContext> =
        versions.map(|version| (version.at.index(), &version.context)).collect();
    let calls = code.sites.iter();
    let calls = calls.flat_map(|site| {
        [site.callee, site.back, site.back_with_int, site.back_with_float, site.back_with_bool]
    });
    let led_to = code.ops.iter().filter_map(|op| op.target());
    let led_to = led_to.chain(code.exits.iter().filter_map(|exit| exit.other)).chain(calls);
    let led_to = led_to.filter(|at| !at.is_stub()).map(|at| at.index());
    let context = |place: usize| {
        // A branch that is where a version begins knows what that knows behind itself, too, where loops go back to.
        let behind_branch = place.checked_sub(1).filter(|before| code.ops[*before].starts_back_edge());
        versions.get(&place).or_else(|| versions.get(&behind_branch?)).copied()
    };
    led_to.chain(versions.keys().copied()).map(|place| (place, context(place))).collect()
}

/// The types that a context knows.
fn types(context: &TypeContext) -> Vec<(u8, Type)> {
    (0..=u8::MAX)
        .map(|register| (register, context.type_of(register)))
        .filter(|(_, ty)| ty.is_scalar())
        .collect()
}

/// What the verifier of specialised code proved of operands.
fn needs(code: &Code, places: &[u32]) -> BTreeMap<u32, Vec<(u8, Type)>> {
    let mut needs: BTreeMap<u32, Vec<(u8, Type)>> = BTreeMap::new();
    for (op, place) in code.ops.iter().zip(places) {
        for access in op.unfused().accesses() {
            if let Some(Needs::Type(ty)) = access.needs {
                needs.entry(*place).or_default().push((access.slot.register(), ty));
            }
        }
    }
    needs
}

fn writes(op: SpecOp) -> Writes {
    if matches!(op, SpecOp::Baseline { .. }) {
        return Writes::All;
    }
    let accesses = op.accesses();
    Writes::Slots(
        accesses
            .iter()
            .filter(|access| access.gives.is_some())
            .map(|access| access.slot.register())
            .collect(),
    )
}
