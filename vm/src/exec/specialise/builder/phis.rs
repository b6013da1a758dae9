//! Phis: registers get the values that others have, all at the same time.

use super::{Builder, MAX_PHIS, MAX_PHIS_CHARGED, Progress};
use crate::exec::analysis::RegSet;
use crate::exec::specialise::context::Source;
use crate::exec::specialise::op::{Slot, SpecOp};
use crate::exec::specialise::types::Type;
use crate::isa::Reg;

impl Builder<'_> {
    /// A run of phis, if one begins here.
    pub(crate) fn phis(&mut self) -> Progress {
        let code = self.program.code();
        let previous = self.context.previous.map(|pc| pc as usize);
        let run: Vec<(Reg, Option<Reg>)> = self.program.ops[self.pc..]
            .iter()
            .map_while(|op| op.select(code, previous))
            .take(MAX_PHIS_CHARGED + 1)
            .collect();
        if run.is_empty() {
            return Progress::Continue;
        }
        self.code.phis_seen += run.len() as u64;
        if run.len() > MAX_PHIS_CHARGED {
            return self.leave();
        }
        let chosen = || run.iter().filter_map(|(dst, src)| Some((*dst, (*src)?)));
        for (_, src) in chosen() {
            if let Progress::End = self.speculate(src, false) {
                return Progress::End;
            }
        }
        if run.len() > MAX_PHIS {
            // All of them are charged before the first is done, as the baseline interpreter does.
            if self.context.steps > 0 {
                self.emit_guarded(SpecOp::ChargeFuel { steps: self.context.steps });
                self.context.steps = 0;
            }
            let missing = u16::from(planted!("long-phis"));
            self.emit_guarded(SpecOp::ChargeFuel { steps: run.len() as u16 - missing });
        }
        let mut moves: Vec<(Reg, Reg)> = Vec::new();
        for (dst, src) in chosen() {
            moves.retain(|(known, _)| *known != dst);
            moves.push((dst, src));
        }
        self.move_at_once(&moves);
        let count = run.len() as u16;
        self.retire(count);
        if run.len() > MAX_PHIS {
            self.context.steps -= count;
        }
        self.pc += run.len();
        Progress::Continue
    }

    /// Gives registers the values that others have, all at the same time.
    pub(crate) fn move_at_once(&mut self, moves: &[(Reg, Reg)]) {
        let sources = |builder: &Self| -> Vec<(Reg, Source)> {
            moves.iter().map(|(dst, src)| (*dst, builder.context.source(src.0))).collect()
        };
        let is_costly = |builder: &Self, (dst, source): &(Reg, Source)| {
            builder.context.type_of(dst.0) == Type::Any || builder.source_type(*source) == Type::Any
        };
        // What costs something is written at once, and so is what reads a place that is written then.
        let split = |builder: &Self| {
            let (mut now, mut later): (Vec<_>, Vec<_>) =
                sources(builder).into_iter().partition(|one| is_costly(builder, one));
            now.retain(|(dst, source)| *source != Source::Slot(dst.0));
            let mut written = RegSet::default();
            now.iter().for_each(|(dst, _)| written.insert(dst.0));
            let is_spoiled = |written: RegSet, source: Source| matches!(source, Source::Slot(slot) if written.contains(slot));
            while let Some(place) = later.iter().position(|(_, source)| is_spoiled(written, *source)) {
                let one = later.swap_remove(place);
                written.insert(one.0.0);
                now.push(one);
            }
            (now, later, written)
        };
        let (mut now, mut later, written) = split(self);
        // Writes that were deferred, to or from such a place or one that is read now, come before.
        let mut touched = written;
        now.iter().for_each(|(_, source)| {
            if let Source::Slot(slot) = source {
                touched.insert(*slot);
            }
        });
        let is_due = |to: u8, from: Source| {
            touched.contains(to) || matches!(from, Source::Slot(slot) if written.contains(slot))
        };
        if self.context.deferred.iter().any(|(to, from)| is_due(*to, *from)) {
            self.store_deferred(|_, _| true);
            (now, later, _) = split(self);
        }
        let is_read =
            |now: &[(Reg, Source)], dst: Reg| now.iter().any(|(_, source)| *source == Source::Slot(dst.0));
        while !now.is_empty() {
            // What is moved within its place was moved there by a swap.
            now.retain(|(dst, source)| *source != Source::Slot(dst.0));
            if let Some(place) = now.iter().position(|(dst, _)| !is_read(&now, *dst)) {
                let (dst, source) = now.swap_remove(place);
                self.write(dst.0, source);
            } else if let Some(&(dst, Source::Slot(other))) = now.last() {
                // Each is read by another: they change places in circles, and no value is copied.
                self.emit(SpecOp::Swap { a: Slot::of(dst.0), b: Slot::of(other) });
                self.is_fresh = false;
                self.context.types.swap(usize::from(dst.0), usize::from(other));
                if planted!("swap-order") {
                    now.pop();
                    continue;
                }
                for (_, source) in now.iter_mut().chain(&mut later) {
                    if *source == Source::Slot(dst.0) {
                        *source = Source::Slot(other);
                    } else if *source == Source::Slot(other) {
                        *source = Source::Slot(dst.0);
                    }
                }
            }
        }
        for (dst, source) in later {
            self.context.defer(dst.0, source);
        }
    }
}
