//! What led to a stub leads to its code once that is made.

use super::store::Rewrite;
use crate::exec::specialise::code::{Code, From};
use crate::exec::specialise::op::{CodeAddr, SpecOp};

impl Code {
    /// Removes the last instruction, which led to a stub whose code takes its place.
    pub(crate) fn take_last_back(&mut self) {
        self.changes += 1;
        self.ops.pop();
    }

    /// Makes what led to a stub lead to its code.
    pub(crate) fn link(&mut self, from: From, code: CodeAddr) {
        self.changes += 1;
        match from {
            From::Code(position) => {
                let mut op = self.ops[position];
                op.redirect(code);
                self.ops.rewrite(position, op, Rewrite::Same);
            }
            From::Return { site } => {
                let family = self.sites[site].family;
                self.come_back(site, code);
                let relatives = family.map(|family| self.families[family as usize].sites().to_vec());
                for relative in relatives.into_iter().flatten() {
                    self.come_back(relative as usize, code);
                }
            }
            From::Call { site } => self.sites[site].callee = code,
        }
    }

    /// Makes a call come back to that code.
    fn come_back(&mut self, site: usize, code: CodeAddr) {
        let site = &mut self.sites[site];
        [site.back, site.back_with_int, site.back_with_float, site.back_with_bool] = [code; 4];
        if without!("typed-returns") {
            return;
        }
        // Who comes back with what is looked for need not look.
        let Some(guard) = self.ops.get(code.index()) else { return };
        let (slot, back) = if let SpecOp::GuardInt { slot } = guard {
            (slot, &mut site.back_with_int)
        } else if let SpecOp::GuardFloat { slot } = guard {
            (slot, &mut site.back_with_float)
        } else if let SpecOp::GuardBool { slot } = guard {
            (slot, &mut site.back_with_bool)
        } else {
            return;
        };
        if slot.register() == site.dst {
            *back = code.next();
        }
    }
}
