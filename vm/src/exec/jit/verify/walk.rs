//! Reading a buffer: which instructions control can reach, and where blocks begin.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{Decoder, DecoderOptions, Instruction};

use super::forms::{Form, form};
use super::subject::Entry;
use super::{Refusal, Subject};

/// The instructions that control can reach, by where they begin.
pub(super) struct Walk {
    pub(super) instructions: BTreeMap<u32, Instruction>,
    /// Where something else than the instruction before leads to.
    pub(super) leaders: BTreeSet<u32>,
    /// How many instructions lead to each of those.
    leads: BTreeMap<u32, u32>,
}

/// A refusal of an instruction.
pub(super) fn refuse(subject: &Subject<'_>, instruction: &Instruction, why: impl Into<String>) -> Refusal {
    let at = instruction.ip() as u32;
    let bytes: Vec<String> = subject
        .bytes
        .iter()
        .skip(at as usize)
        .take(instruction.len())
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Refusal { at, instruction: format!("{} ({:?})", bytes.join(" "), instruction.code()), why: why.into() }
}

impl Walk {
    /// Follows control from where the host enters.
    pub(super) fn of(subject: &Subject<'_>) -> Result<Self, Refusal> {
        let mut walk =
            Self { instructions: BTreeMap::new(), leaders: BTreeSet::new(), leads: BTreeMap::new() };
        let mut pending = vec![subject.start];
        pending.extend(subject.entries.keys());
        pending.extend(subject.table.iter());
        walk.leaders.extend(&pending);
        while let Some(mut at) = pending.pop() {
            while !walk.instructions.contains_key(&at) {
                let instruction = walk.decode(subject, at)?;
                let form = form(&instruction)
                    .ok_or_else(|| refuse(subject, &instruction, "no instruction of this form is listed"))?;
                if let Form::Jump | Form::JumpIf(_) = form {
                    let to = instruction.near_branch_target();
                    if to >= subject.bytes.len() as u64 {
                        return Err(refuse(subject, &instruction, "jumps out of the buffer"));
                    }
                    walk.leaders.insert(to as u32);
                    pending.push(to as u32);
                }
                walk.instructions.insert(at, instruction);
                if let Form::Jump | Form::JumpTo | Form::Return = form {
                    break;
                }
                at = instruction.next_ip() as u32;
            }
        }
        for instruction in walk.instructions.values() {
            let form = form(instruction);
            let next = instruction.next_ip() as u32;
            let jumps = matches!(form, Some(Form::Jump | Form::JumpIf(_)))
                .then(|| instruction.near_branch_target() as u32);
            let goes_on = !matches!(form, Some(Form::Jump | Form::JumpTo | Form::Return))
                && walk.leaders.contains(&next);
            for to in jumps.into_iter().chain(goes_on.then_some(next)) {
                *walk.leads.entry(to).or_default() += 1;
            }
        }
        Ok(walk)
    }

    /// How many instructions lead to a block.
    pub(super) fn leads_to(&self, block: u32) -> u32 {
        self.leads.get(&block).copied().unwrap_or_default()
    }

    /// The order in which blocks are looked at: each behind all that lead to it, but for those that come back. Where the host may enter,
    /// nothing is known that paths could tell.
    pub(super) fn order(&self, subject: &Subject<'_>) -> BTreeMap<u32, usize> {
        let is_entered = |at: &u32| matches!(subject.entries.get(at), Some(Entry::Block(_)));
        let mut behind = Vec::new();
        let mut seen: BTreeSet<u32> = BTreeSet::new();
        let roots = self.leaders.iter().copied().filter(|at| *at == subject.start || is_entered(at));
        for root in roots {
            let mut open = vec![(root, self.successors(root))];
            seen.insert(root);
            while let Some((block, successors)) = open.last_mut() {
                match successors.pop() {
                    Some(next) if !is_entered(&next) && seen.insert(next) => {
                        open.push((next, self.successors(next)));
                    }
                    Some(_) => {}
                    None => {
                        behind.push(*block);
                        open.pop();
                    }
                }
            }
        }
        behind.into_iter().rev().zip(0..).collect()
    }

    /// Where a block leads to.
    fn successors(&self, begin: u32) -> Vec<u32> {
        let mut successors = Vec::new();
        for (at, instruction) in self.instructions.range(begin..) {
            let form = form(instruction);
            if let Some(Form::Jump | Form::JumpIf(_)) = form {
                successors.push(instruction.near_branch_target() as u32);
            }
            let next = instruction.next_ip() as u32;
            if let Some(Form::Jump | Form::JumpTo | Form::Return) = form {
                break;
            }
            if self.leaders.contains(&next) {
                successors.push(next);
                break;
            }
            debug_assert!(*at < next);
        }
        successors
    }

    /// The instruction that begins there, and must not overlap another.
    fn decode(&self, subject: &Subject<'_>, at: u32) -> Result<Instruction, Refusal> {
        let bytes = subject.bytes.get(at as usize..).unwrap_or_default();
        let mut decoder = Decoder::with_ip(64, bytes, u64::from(at), DecoderOptions::NONE);
        let instruction = decoder.decode();
        let before = self.instructions.range(..at).next_back();
        if let Some((begin, _)) = before.filter(|(_, before)| before.next_ip() > u64::from(at)) {
            let why = format!("control comes into the midst of the instruction at +{begin:#x}");
            return Err(refuse(subject, &instruction, why));
        }
        if instruction.is_invalid() {
            return Err(refuse(subject, &instruction, "is no instruction"));
        }
        let behind = self.instructions.range(at..).next();
        if let Some((begin, _)) = behind.filter(|(begin, _)| u64::from(**begin) < instruction.next_ip()) {
            let why = format!("goes on where the instruction at +{begin:#x} begins");
            return Err(refuse(subject, &instruction, why));
        }
        Ok(instruction)
    }

    /// Whether a byte of the buffer belongs to an instruction.
    pub(super) fn is_code(&self, from: u64, to: u64) -> bool {
        let before = self.instructions.range(..to as u32).next_back();
        before.is_some_and(|(_, instruction)| instruction.next_ip() > from)
    }
}
