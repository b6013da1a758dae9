//! Arrays that are elements of others.
//!
//! The registers that hold them are written at once, as plain machine code does it, and nothing about them has to be stored at exits. A write to
//! such an array, which is set back, is done where it stands, if it is held by nothing but the outer array and by registers that are read
//! no more. They would hold the array as it was before: they are stale until they are written again, and where the loop is left, a phantom is put there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Arrival, Builder};
use crate::exec::optimise::ir::{Exit, ExitId, Inst, Kind, Value, Way};
use crate::exec::optimise::shape::Shape;
use crate::exec::specialise::{Code, CodeAddr, ContainerOp, JitOp, Slot, Source};

/// So many stale registers are put up with at an exit.
const MOST_STALE: usize = 2;

/// So many hold an array that is written to at most.
const MOST_HOLDERS: u8 = 16;

/// The registers that the loop writes such arrays to. None where they are used for anything else, too.
pub(super) fn registers(code: &Code, shape: &Shape<'_>) -> Option<Vec<u8>> {
    let (mut rows, mut others, mut arrays) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for place in &shape.places {
        let op = code.ops[*place].unfused();
        let row = if let JitOp::Container(
            ContainerOp::ArrayGet { dst, .. } | ContainerOp::ArrayGetConst { dst, .. },
        ) = JitOp::from(op)
        {
            rows.insert(dst.register());
            Some(dst.register())
        } else {
            None
        };
        if let JitOp::Container(
            ContainerOp::ArrayGetBool { array, .. }
            | ContainerOp::ArrayGetInt { array, .. }
            | ContainerOp::ArrayGetFloat { array, .. }
            | ContainerOp::ArrayGetConstInt { array, .. }
            | ContainerOp::ArrayGetConstFloat { array, .. }
            | ContainerOp::ArrayGet { array, .. }
            | ContainerOp::ArrayGetConst { array, .. }
            | ContainerOp::ArrayLen { array, .. },
        ) = JitOp::from(op)
        {
            arrays.insert(array.register());
        }
        if let JitOp::Container(ContainerOp::ElideCopyElement { container, .. }) = JitOp::from(op) {
            arrays.insert(container.register());
        }
        for access in op.accesses() {
            let register = access.slot.register();
            if access.gives.is_some() && row != Some(register) {
                others.insert(register);
            }
        }
    }
    (rows.is_disjoint(&others) && rows.is_subset(&arrays)).then(|| rows.into_iter().collect())
}

impl Builder<'_> {
    /// Whether the loop writes arrays to a register.
    pub(super) fn holds_rows(&self, register: u8) -> bool {
        self.rows.binary_search(&register).is_ok()
    }

    /// What is known of such registers where a block begins.
    pub(super) fn begin_rows(&mut self, arrivals: &[Arrival]) {
        let Some((first, others)) = arrivals.split_first() else { return };
        for register in self.rows.clone() {
            let at = usize::from(register);
            let known = first.env[at].filter(|_| others.iter().all(|other| other.env[at] == first.env[at]));
            self.env[at] = known;
        }
        self.available.clone_from(&first.available);
        self.available.retain(|value| others.iter().all(|other| other.available.contains(value)));
        let registers: BTreeSet<u8> =
            arrivals.iter().flat_map(|arrival| arrival.stale.keys().copied()).collect();
        self.stale = BTreeMap::new();
        for register in registers {
            let no = self.constant(Inst::Bool(false), Kind::Bool);
            let values: Vec<Value> =
                arrivals.iter().map(|arrival| arrival.stale.get(&register).copied().unwrap_or(no)).collect();
            if values.iter().all(|value| *value == values[0]) {
                self.stale.insert(register, values[0]);
                continue;
            }
            let param = self.body.define(Inst::Param, Kind::Bool);
            self.params.push(param);
            self.stale.insert(register, param);
            for (arrival, value) in arrivals.iter().zip(values) {
                if let Some(edge) = self.body.blocks[arrival.block].end.edges_mut().nth(arrival.edge) {
                    edge.args.push(value);
                }
            }
        }
    }

    /// The parameters of the header that tell which registers are stale.
    pub(super) fn begin_stale(&mut self) {
        let no = self.constant(Inst::Bool(false), Kind::Bool);
        for register in self.may_be_stale.clone() {
            self.body.args.push(no);
            let param = self.body.define(Inst::Param, Kind::Bool);
            self.params.push(param);
            self.stale.insert(register, param);
        }
    }

    /// What those become where the next turn begins. None where there has to be one more of them.
    pub(super) fn stale_arguments(&mut self) -> Option<Vec<Value>> {
        let missing: Vec<u8> =
            self.stale.keys().copied().filter(|register| !self.may_be_stale.contains(register)).collect();
        if !missing.is_empty() {
            self.are_stale.extend(missing);
            return None;
        }
        let no = self.constant(Inst::Bool(false), Kind::Bool);
        Some(
            self.may_be_stale
                .iter()
                .map(|register| self.stale.get(register).copied().unwrap_or(no))
                .collect(),
        )
    }

    /// The registers that are stale at an exit.
    pub(super) fn stale_at_exit(&mut self) -> Vec<(u8, Value)> {
        let stale: Vec<(u8, Value)> =
            self.stale.iter().map(|(register, value)| (*register, *value)).collect();
        self.is_refused |= stale.len() > MOST_STALE;
        stale
    }

    /// A way out to the plain code of the instruction that is up.
    fn elsewhere(&mut self) -> ExitId {
        self.elsewhere_as_before(self.place)
    }

    /// The same, with what the instruction at another place needs.
    fn elsewhere_as_before(&mut self, needs: usize) -> ExitId {
        let at = CodeAddr::of(self.place);
        let state = self.state_at(CodeAddr::of(needs));
        self.exit(Exit {
            place: self.place,
            way: Way::To(at),
            refund: 0,
            charge: None,
            state,
            stale: Vec::new(),
        })
    }

    /// A value that is computed once, as long as what computed it before is on all paths.
    fn once(&mut self, inst: Inst, kind: Kind, is_same: impl Fn(&Inst) -> bool) -> Value {
        let known = self.available.iter().find(|value| is_same(self.body.inst(**value)));
        if let Some(known) = known {
            return *known;
        }
        let value = self.push(inst, kind);
        self.available.push(value);
        value
    }

    /// Reads an element that is an array.
    pub(super) fn row(&mut self, dst: Slot, array: Slot, index: Value) -> Option<()> {
        let register = dst.register();
        if !self.holds_rows(register) {
            return None;
        }
        let values = self.values(array)?;
        let exit = self.elsewhere();
        let row = self.once(
            Inst::Row { values, index, exit },
            Kind::Row,
            |inst| matches!(inst, Inst::Row { values: of, index: at, .. } if (*of, *at) == (values, index)),
        );
        let exit = self.elsewhere();
        self.push(Inst::Keep { register, row, exit }, Kind::Nothing);
        self.env[usize::from(register)] = Some(row);
        self.stale.remove(&register);
        Some(())
    }

    /// The elements of an array, which are not packed.
    fn values(&mut self, array: Slot) -> Option<Value> {
        let register = array.register();
        if self.is_written(register) || self.frame.contains_key(&register) {
            return None;
        }
        self.needs(register);
        Some(self.constant(Inst::Values(register), Kind::Vector))
    }

    /// The array in a register that the loop writes.
    pub(super) fn row_in(&mut self, array: Slot) -> Value {
        let register = array.register();
        if let Some(row) = self.env[usize::from(register)] {
            return row;
        }
        let exit = self.elsewhere();
        let row = self.push(Inst::Held(register, exit), Kind::Row);
        self.env[usize::from(register)] = Some(row);
        row
    }

    /// A write to an element of an array that is an element itself, and is set to what comes of it: three instructions.
    pub(super) fn write_through(&mut self, outer: Slot, key: Slot, container: Slot) -> Option<()> {
        let place = self.place;
        let [write, back] = [1, 2].map(|more| (place + more, self.code.ops.get(place + more)));
        let is_straight = [write.0, back.0]
            .iter()
            .all(|place| self.shape.contains(*place) && !self.starts.contains_key(place));
        let JitOp::Container(ContainerOp::ArraySet { array, index, value }) = JitOp::from(back.1?.unfused())
        else {
            return None;
        };
        if !is_straight || (array, index, value) != (outer, key, container) {
            return None;
        }
        let JitOp::Container(write) = JitOp::from(write.1?.unfused()) else { return None };
        let (array, index, value) = self.written_scalar(write)?;
        let register = container.register();
        if array != container || !self.holds_rows(register) || !self.stale.is_empty() {
            return None;
        }
        let (values, key) = (self.values(outer)?, self.read(key, Kind::Int)?);
        let row = self.env[usize::from(register)]?;
        if !matches!(self.body.inst(row), Inst::Row { values: of, index: at, .. } if (*of, *at) == (values, key))
        {
            return None;
        }
        self.needs(outer.register()).is_alone = true;
        // These are known to hold the array, and do not look at it any more. If more do, there are more holders.
        let exit = &self.code.exits[self.code.ops.exit_of(place + 2)];
        let live = self.live_before(exit.pc + 1);
        let is_read = |register: u8| {
            let is_source = |(to, from): &(u8, Source)| *from == Source::Slot(register) && live.contains(*to);
            live.contains(register) || exit.context.deferred.iter().any(is_source)
        };
        // What has the element let go needs no more than the write.
        let elsewhere = self.elsewhere_as_before(place + 1);
        let mut holders = 1;
        for other in self.rows.clone() {
            if self.env[usize::from(other)] != Some(row) {
                continue;
            }
            holders += 1;
            if other != register {
                if is_read(other) {
                    return None;
                }
                let yes = self.constant(Inst::Bool(true), Kind::Bool);
                self.stale.insert(other, yes);
            }
        }
        if holders > MOST_HOLDERS {
            return None;
        }
        self.push(Inst::StoreRow { row, index, value, holders, exit: elsewhere }, Kind::Nothing);
        self.done.extend([place + 1, place + 2]);
        Some(())
    }
}
