//! Making machine code: what all instructions share.
//!
//! | register | holds |
//! |---|---|
//! | rbx | where the frame begins |
//! | r12 | how many steps may still be charged |
//! | r13 | how many bytes of the stack the frame takes |
//! | r14 | where the globals are |
//! | r15 | the [`JitContext`] |
//! | rax, rcx, rdx, xmm0, xmm1 | whatever an instruction computes with |
//! | the others | numbers that were read or written last ([`Cache`]) |
//!
//! Code stands in the order of the instructions of specialised code. What is rarely needed stands behind all of it: calls of
//! functions of the machine, after which the numbers are read again, and exits.

use std::collections::HashMap;

use dynasmrt::x64::X64Relocation;
use dynasmrt::{AssemblyOffset, DynamicLabel, DynasmApi, DynasmLabelApi, VecAssembler};

use super::register_cache::{Cache, Tag};
use crate::exec::interpreter::Program;
use crate::exec::jit::context::JitContext;
use crate::exec::jit::executable::Executable;
use crate::exec::jit::layout::{Layout, PAYLOAD, tag};
use crate::exec::specialise::{Code, CodeAddr, Slot};
use crate::isa::REGISTERS;
use crate::value::Value;

/// Appends machine code.
macro_rules! x64 {
    ($emitter:ident $($code:tt)*) => {
        ::dynasmrt::dynasm!($emitter.assembler ; .arch x64 $($code)*)
    };
}
pub(super) use x64;

/// Why machine code ends, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum JitExit {
    /// At an instruction that does not do what is needed here.
    Guard,
    /// At an instruction that charges more steps than there are.
    OutOfFuel,
    /// At an instruction that the baseline interpreter is to see to.
    Deoptimise,
    /// At an instruction that specialised code is to see to.
    Fallback,
    /// Behind the return to a call, where there is no machine code.
    ReturnToStub,
    /// At an instruction that stopped; the JIT context tells why.
    Reason,
}

impl JitExit {
    /// What machine code gives: this in the last three bits, where in the others.
    pub(super) fn with(self, place: u32) -> u32 {
        place << 3 | self as u32
    }

    /// The reverse.
    pub(crate) fn from(word: u32) -> (Self, u32) {
        let exit = match word & 7 {
            0 => Self::Guard,
            1 => Self::OutOfFuel,
            2 => Self::Deoptimise,
            4 => Self::ReturnToStub,
            5 => Self::Reason,
            _ => Self::Fallback,
        };
        (exit, word >> 3)
    }
}

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// In a register of the frame.
    Slot(Slot),
    /// In a global.
    Global(u16),
}

/// Machine code that is being made.
pub(crate) struct Emitter<'a> {
    /// Into memory of the process's own: unlike an assembler into executable memory, it does not panic where that is refused. All
    /// jumps are relative, so the base address does not matter.
    pub(super) assembler: VecAssembler<X64Relocation>,
    pub(super) code: &'a Code,
    pub(super) program: &'a Program,
    pub(super) layout: &'static Layout,
    pub(super) cache: Cache,
    /// The instruction of specialised code that is up.
    pub(super) place: usize,
    /// By instruction, where other code goes to; only for those that it goes to.
    labels: Vec<Option<DynamicLabel>>,
    /// By instruction, where one that was left can be gone on with.
    entries: Vec<Option<DynamicLabel>>,
    /// A label that is to stand behind an instruction.
    behind: Option<(usize, DynamicLabel)>,
    /// What is rarely needed, to be made behind all else.
    cold: Vec<Cold<'a>>,
    exits: Vec<(DynamicLabel, u32)>,
    numbers: HashMap<u64, DynamicLabel>,
    /// Where machine code ends.
    pub(super) end: DynamicLabel,
    /// By what a function returned, where the code to come back to is not there.
    pub(super) lost: [DynamicLabel; 4],
    /// The address of the table of the code to come back to, four entries a call, and of how many calls it knows.
    pub(super) table: (usize, usize),
}

/// Makes code that is rarely needed.
type Cold<'a> = Box<dyn FnOnce(&mut Emitter<'a>) + 'a>;

/// What was made.
pub(crate) struct Emitted {
    pub(crate) buffer: Executable,
    pub(crate) start: AssemblyOffset,
    /// By instruction, where it can be entered; 0 where it cannot.
    pub(crate) entries: Vec<u32>,
    /// By instruction, where its code begins, for a dump.
    pub(crate) places: Vec<u32>,
    /// What stands in the table of the code to come back to, from the beginning of the buffer.
    pub(crate) table: Vec<u32>,
}

impl<'a> Emitter<'a> {
    /// Begins machine code for all specialised code there is. `None` where the system has no memory for code.
    pub(crate) fn new(
        code: &'a Code,
        program: &'a Program,
        layout: &'static Layout,
        table: (usize, usize),
        wanted: Option<CodeAddr>,
    ) -> Option<Self> {
        let mut assembler = VecAssembler::new(0);
        let count = code.ops.len();
        let mut labels = vec![None; count];
        let mut label = |at: CodeAddr| {
            if let Some(label) = labels.get_mut(at.index()).filter(|_| !at.is_stub()) {
                label.get_or_insert_with(|| assembler.new_dynamic_label());
            }
        };
        code.ops.iter().filter_map(|op| op.target()).for_each(&mut label);
        code.versions.values().flatten().for_each(|version| label(version.at));
        code.exits.iter().filter_map(|exit| exit.other).for_each(&mut label);
        for site in &code.sites {
            [site.callee, site.back, site.back_with_int, site.back_with_float, site.back_with_bool]
                .into_iter()
                .for_each(&mut label);
        }
        wanted.into_iter().for_each(&mut label);
        let end = assembler.new_dynamic_label();
        let lost = std::array::from_fn(|_| assembler.new_dynamic_label());
        Some(Self {
            assembler,
            code,
            program,
            layout,
            cache: Cache::EMPTY,
            place: 0,
            labels,
            entries: vec![None; count],
            behind: None,
            cold: Vec::new(),
            exits: Vec::new(),
            numbers: HashMap::new(),
            end,
            lost,
            table,
        })
    }

    /// Makes the code. `None` where it cannot be made executable.
    pub(crate) fn emit(mut self) -> Option<Emitted> {
        let start = self.assembler.offset();
        self.prologue();
        let known: HashMap<usize, &'a crate::exec::specialise::TypeContext> = self
            .code
            .versions
            .values()
            .flatten()
            .map(|version| (version.at.index(), &version.context))
            .collect();
        let mut places = Vec::with_capacity(self.code.ops.len());
        for (place, op) in self.code.ops.iter().enumerate() {
            self.place = place;
            places.push(self.assembler.offset().0 as u32);
            if let Some(label) = self.labels[place] {
                // What is known of a place is known behind a branch that stands there, too: loops go back to there.
                let context = known.get(&place).or_else(|| {
                    let before = place.checked_sub(1)?;
                    self.code.ops[before].starts_back_edge().then(|| known.get(&before)).flatten()
                });
                self.cache = context.map_or(Cache::EMPTY, |context| Cache::of(context));
                x64!(self ; =>label);
                self.entries[place] = Some(label);
            }
            #[cfg(debug_assertions)]
            self.check(*op);
            self.cache.begin();
            #[cfg(feature = "schedule")]
            self.count_exit(*op);
            self.instruction(*op);
            if self.cache.is_exhausted() {
                return None;
            }
            if let Some((_, label)) = self.behind.take_if(|(behind, _)| *behind == place) {
                x64!(self ; =>label);
            }
        }
        while let Some(cold) = self.cold.pop() {
            cold(&mut self);
        }
        self.epilogue();
        let entries: Vec<u32> =
            (0..self.entries.len()).map(|place| self.offset_of(self.entries[place])).collect();
        let mut table = Vec::with_capacity(4 * self.table.1);
        for site in &self.code.sites {
            let ways = [site.back, site.back_with_bool, site.back_with_int, site.back_with_float];
            for (way, lost) in ways.into_iter().zip(self.lost) {
                let offset = self.label(way).map_or(0, |label| self.offset_of(Some(label)));
                table.push(if offset == 0 { self.offset_of(Some(lost)) } else { offset });
            }
        }
        let buffer = Executable::new(&self.assembler.finalize().ok()?)?;
        Some(Emitted { buffer, start, entries, places, table })
    }

    fn offset_of(&self, label: Option<DynamicLabel>) -> u32 {
        let offset = label.and_then(|label| self.assembler.labels().resolve_dynamic(label).ok());
        offset.map_or(0, |AssemblyOffset(offset)| offset as u32)
    }

    /// Saves what the caller's are, takes over, and jumps to where the caller wants: `fn(JIT context, address) -> exit`.
    fn prologue(&mut self) {
        x64!(self
            ; push rbx
            ; push rbp
            ; push r12
            ; push r13
            ; push r14
            ; push r15
            // Functions are called with the stack aligned to 16 bytes.
            ; sub rsp, 8
            ; mov r15, rdi
            ; mov rbx, [r15 + JitContext::FRAME]
            ; mov r12, [r15 + JitContext::FUEL]
            ; mov r13, [r15 + JitContext::SIZE]
            ; mov r14, [r15 + JitContext::GLOBALS]
            ; jmp rsi
        );
    }

    fn epilogue(&mut self) {
        for (way, lost) in self.lost.into_iter().enumerate() {
            // The number of the call stands in rcx.
            x64!(self
                ; =>lost
                ; mov eax, ecx
                ; shl eax, 5
                ; or eax, (way as i32) << 3 | JitExit::ReturnToStub as i32
                ; jmp =>self.end
            );
        }
        for (label, word) in std::mem::take(&mut self.exits) {
            x64!(self ; =>label ; mov eax, word as i32 ; jmp =>self.end);
        }
        x64!(self
            ; =>self.end
            ; mov [r15 + JitContext::FRAME], rbx
            ; mov [r15 + JitContext::FUEL], r12
            ; mov [r15 + JitContext::SIZE], r13
        );
        if planted!("jit-context") {
            x64!(self ; mov [r15 + size_of::<JitContext<'_, '_>>() as i32], r12);
        }
        if !planted!("jit-stack") {
            x64!(self ; add rsp, 8);
        }
        let kept = if planted!("jit-kept") { [3, 5] } else { [5, 3] };
        x64!(self
            ; pop r15
            ; pop r14
            ; pop r13
            ; pop r12
            ; pop Rq(kept[0])
            ; pop Rq(kept[1])
            ; ret
            ; .align 8
        );
        for (number, label) in std::mem::take(&mut self.numbers) {
            x64!(self ; =>label ; .u64 number);
        }
    }

    // Where control goes

    pub(super) fn new_label(&mut self) -> DynamicLabel {
        self.assembler.new_dynamic_label()
    }

    /// Where the code of an instruction is or will be.
    pub(super) fn label(&self, at: CodeAddr) -> Option<DynamicLabel> {
        if at.is_stub() { None } else { self.labels.get(at.index()).copied().flatten() }
    }

    /// Whether other code goes to an instruction, or may begin there.
    pub(super) fn is_led_to(&self, place: usize) -> bool {
        self.labels[place].is_some()
    }

    /// Has a label stand behind an instruction that is still to come.
    pub(super) fn bind_behind(&mut self, place: usize, label: DynamicLabel) {
        self.behind = Some((place, label));
    }

    /// Where machine code ends at the instruction that is up.
    pub(super) fn leave(&mut self, exit: JitExit) -> DynamicLabel {
        if exit == JitExit::Guard
            && let Some(exit) = self.code.exits.get(self.code.exit_of[self.place] as usize)
            && let Some(label) = exit.other.and_then(|other| self.label(other))
        {
            return label;
        }
        let label = self.new_label();
        self.exits.push((label, exit.with(self.place as u32)));
        label
    }

    /// Where control goes on, or ends so that specialised code does the instruction.
    pub(super) fn to(&mut self, at: CodeAddr) -> DynamicLabel {
        self.label(at).unwrap_or_else(|| self.leave(JitExit::Fallback))
    }

    /// Counts an exit of the instruction that is up, and leaves where a schedule says so.
    #[cfg(feature = "schedule")]
    fn count_exit(&mut self, op: crate::exec::specialise::SpecOp) {
        if op.unfused().has_exit() {
            let exit = self.leave(JitExit::Deoptimise);
            x64!(self
                ; mov rax, [r15 + JitContext::EXITS_LEFT]
                ; sub rax, 1
                ; mov [r15 + JitContext::EXITS_LEFT], rax
                ; je =>exit
            );
        }
    }

    /// Puts off to make code until all else is made.
    pub(super) fn later(&mut self, cold: impl FnOnce(&mut Self) + 'a) {
        self.cold.push(Box::new(cold));
    }

    /// Code that is rarely needed, between the two labels that are given: where it begins, and where it goes on. After it the
    /// registers hold again what they hold now.
    pub(super) fn out_of_line(&mut self, make: impl FnOnce(&mut Self) + 'a) -> (DynamicLabel, DynamicLabel) {
        let restore = self.restorer();
        self.out_of_line_bare(move |emitter| {
            make(emitter);
            restore(emitter);
        })
    }

    /// The same for code that leaves the registers as they are.
    pub(super) fn out_of_line_bare(
        &mut self,
        make: impl FnOnce(&mut Self) + 'a,
    ) -> (DynamicLabel, DynamicLabel) {
        let (begin, end) = (self.new_label(), self.new_label());
        let place = self.place;
        self.later(move |emitter| {
            emitter.place = place;
            x64!(emitter ; =>begin);
            make(emitter);
            x64!(emitter ; jmp =>end);
        });
        (begin, end)
    }

    /// What reads the numbers again that registers hold now.
    fn restorer(&self) -> impl FnOnce(&mut Self) + use<'a> {
        let ints: Vec<_> = self.cache.held_ints().collect();
        let floats: Vec<_> = self.cache.held_floats().collect();
        move |emitter| {
            for (register, slot) in ints {
                x64!(emitter ; mov Rq(register), [rbx + payload(slot)]);
            }
            for (register, slot) in floats {
                x64!(emitter ; movsd Rx(register), [rbx + payload(slot)]);
            }
        }
    }

    /// Charges steps, of which there are too few once in a while. To be called before the instruction did anything.
    pub(super) fn charge(&mut self, steps: u16) {
        let cold = self.recharge(true, steps);
        x64!(self ; sub r12, i32::from(steps) ; jb =>cold);
    }

    /// Makes sure that steps can be charged.
    pub(super) fn need(&mut self, steps: u16) {
        let cold = self.recharge(false, steps);
        x64!(self ; cmp r12, i32::from(steps) ; jb =>cold);
    }

    /// Marks the instruction as one that is begun again when there are steps, and gives where to ask for them.
    pub(super) fn recharge(&mut self, is_charged: bool, steps: u16) -> DynamicLabel {
        let (again, cold, entry) = (self.new_label(), self.new_label(), self.new_label());
        x64!(self ; =>again);
        self.entries[self.place].get_or_insert(entry);
        let none = self.leave(JitExit::OutOfFuel);
        let restore = self.restorer();
        self.later(move |emitter| {
            x64!(emitter ; =>cold);
            if is_charged {
                x64!(emitter ; add r12, i32::from(steps));
            }
            x64!(emitter ; mov rdi, r15 ; mov rsi, r12);
            emitter.call(super::super::stubs::refill as *const ());
            x64!(emitter ; test rax, rax ; jz =>none ; mov r12, rax ; =>entry);
            restore(emitter);
            x64!(emitter ; jmp =>again);
        });
        cold
    }

    /// Calls a function of the machine. Registers of the processor hold nothing known after it.
    pub(super) fn call(&mut self, function: *const ()) {
        x64!(self ; mov rax, QWORD function as i64 + i64::from(planted!("jit-call")) ; call rax);
    }

    /// Has the machine do the instruction that is up, which goes on to the next. The caller sees to the registers.
    pub(super) fn call_machine(&mut self) {
        let stopped = self.leave(JitExit::Reason);
        let place = self.place as i32;
        x64!(self ; mov rdi, r15 ; mov esi, place ; mov rdx, rbx ; mov rcx, r13 ; mov r8, r12);
        self.call(super::super::stubs::step as *const ());
        x64!(self ; test eax, eax ; jnz =>stopped);
    }

    // Numbers

    /// The int of a slot, in a register that is not to be changed.
    pub(super) fn int(&mut self, slot: Slot) -> u8 {
        if let Some(register) = self.cache.int(slot) {
            return register;
        }
        let register = self.cache.take_int();
        x64!(self ; mov Rq(register), [rbx + payload(slot)]);
        self.cache.note_int(slot, register);
        register
    }

    /// The float of a slot, in a register that is not to be changed.
    pub(super) fn float(&mut self, slot: Slot) -> u8 {
        if let Some(register) = self.cache.float(slot) {
            return register;
        }
        let register = self.cache.take_float();
        x64!(self ; movsd Rx(register), [rbx + payload(slot)]);
        self.cache.note_float(slot, register);
        register
    }

    /// Writes an int over a scalar.
    pub(super) fn write_int(&mut self, dst: Slot, register: u8) {
        let beyond = if planted!("jit-slot") { REGISTERS * size_of::<Value>() } else { 0 };
        x64!(self ; mov [rbx + payload(dst) + beyond as i32], Rq(register));
        self.write_tag(dst, tag::INT);
        self.cache.wrote(dst, Tag::Is(tag::INT));
        self.cache.note_int(dst, register);
    }

    /// Writes a float over a scalar.
    pub(super) fn write_float(&mut self, dst: Slot, register: u8) {
        x64!(self ; movsd [rbx + payload(dst)], Rx(register));
        self.write_tag(dst, tag::FLOAT);
        self.cache.wrote(dst, Tag::Is(tag::FLOAT));
        self.cache.note_float(dst, register);
    }

    /// Writes the bool in al over a scalar.
    pub(super) fn write_bool(&mut self, dst: Slot) {
        x64!(self ; mov [rbx + payload(dst)], al);
        self.write_tag(dst, tag::BOOL);
        self.cache.wrote(dst, Tag::Is(tag::BOOL));
    }

    /// Writes the tag of what is written over a scalar, if it is not there.
    fn write_tag(&mut self, dst: Slot, tag: i32) {
        let is_there = self.cache.tag(dst) == Tag::Is(tag) || tag == tag::BOOL && planted!("jit-torn");
        if !is_there {
            x64!(self ; mov QWORD [rbx + at(dst)], tag);
        }
    }

    /// Where a number stands among the code.
    pub(super) fn number(&mut self, bits: u64) -> DynamicLabel {
        if let Some(label) = self.numbers.get(&bits) {
            return *label;
        }
        let label = self.new_label();
        self.numbers.insert(bits, label);
        label
    }

    /// Puts a constant into rax.
    pub(super) fn load_rax(&mut self, number: i64) {
        match i32::try_from(number) {
            Ok(0) => x64!(self ; xor eax, eax),
            Ok(number) => x64!(self ; mov rax, number),
            Err(_) => x64!(self ; mov rax, QWORD number),
        }
    }

    // Values

    /// Leaves unless a value has that tag.
    pub(super) fn expect(&mut self, slot: Slot, tag: i32) {
        if self.cache.tag(slot) == Tag::Is(tag) {
            return;
        }
        let exit = self.leave(JitExit::Guard);
        if !(tag == tag::ARRAY && planted!("jit-tag")) {
            x64!(self ; cmp QWORD [rbx + at(slot)], tag ; jne =>exit);
        }
        self.cache.set_tag(slot, Tag::Is(tag));
    }

    /// Puts the value of a slot into rax (tag) and rcx (payload), as one that is to stand somewhere else, too.
    pub(super) fn take_copy(&mut self, src: Slot) {
        x64!(self ; mov rcx, [rbx + payload(src)]);
        match self.cache.tag(src) {
            Tag::Is(tag) if tag <= tag::LAST_SCALAR => x64!(self ; mov eax, tag),
            Tag::Scalar => x64!(self ; mov rax, [rbx + at(src)]),
            Tag::Is(tag) => x64!(self ; mov eax, tag ; inc QWORD [rcx]),
            Tag::Unknown => {
                x64!(self ; mov rax, [rbx + at(src)]);
                self.count_copy();
            }
        }
    }

    /// Counts one more reference of the value in rax and rcx.
    pub(super) fn count_copy(&mut self) {
        let is_counted = self.new_label();
        x64!(self
            ; cmp rax, tag::LAST_SCALAR
            ; jbe =>is_counted
            ; inc QWORD [rcx]
            ; =>is_counted
        );
    }

    /// Writes the value in rax (tag) and rcx (payload) to a place and lets go of what stood there.
    pub(super) fn assign(&mut self, place: Place) {
        let known = match place {
            Place::Slot(slot) => self.cache.tag(slot),
            Place::Global(_) => Tag::Unknown,
        };
        let write = self.new_label();
        if !known.is_scalar() {
            let (begin, end) = self.out_of_line(move |emitter| {
                let last = emitter.new_label();
                // Where nothing stands, nothing is let go.
                match place {
                    Place::Slot(slot) => x64!(emitter ; mov rdx, [rbx + payload(slot)]),
                    Place::Global(name) => x64!(emitter
                        ; cmp QWORD [r14 + global(name)], tag::LAST
                        ; ja =>write
                        ; mov rdx, [r14 + global(name) + PAYLOAD]
                    ),
                }
                x64!(emitter
                    ; cmp QWORD [rdx], 1
                    ; je =>last
                    ; dec QWORD [rdx]
                    ; jmp =>write
                    ; =>last
                );
                match place {
                    Place::Slot(slot) => x64!(emitter ; lea rdi, [rbx + at(slot)]),
                    Place::Global(name) => x64!(emitter ; lea rdi, [r14 + global(name)]),
                }
                x64!(emitter ; mov rsi, rax ; mov rdx, rcx);
                emitter.call(super::super::stubs::assign as *const ());
            });
            match place {
                Place::Slot(slot) => x64!(self ; cmp QWORD [rbx + at(slot)], tag::LAST_SCALAR),
                Place::Global(name) => x64!(self ; cmp QWORD [r14 + global(name)], tag::LAST_SCALAR),
            }
            x64!(self ; ja =>begin ; =>write);
            self.store(place);
            x64!(self ; =>end);
        } else {
            self.store(place);
        }
        if let Place::Slot(slot) = place {
            self.cache.wrote(slot, Tag::Unknown);
        }
    }

    fn store(&mut self, place: Place) {
        match place {
            Place::Slot(slot) => x64!(self
                ; mov [rbx + at(slot)], rax
                ; mov [rbx + payload(slot)], rcx
            ),
            Place::Global(name) => x64!(self
                ; mov [r14 + global(name)], rax
                ; mov [r14 + global(name) + PAYLOAD], rcx
            ),
        }
    }
}

/// Where the tag of a slot stands, from the beginning of the frame.
pub(super) fn at(slot: Slot) -> i32 {
    slot.offset() as i32
}

/// Where the payload of a slot stands.
pub(super) fn payload(slot: Slot) -> i32 {
    at(slot) + PAYLOAD
}

/// Where the tag of a global stands, from the beginning of all.
pub(super) fn global(name: u16) -> i32 {
    i32::from(name) * size_of::<crate::value::Value>() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_tells_why_machine_code_ended_and_where() {
        for exit in [
            JitExit::Guard,
            JitExit::OutOfFuel,
            JitExit::Deoptimise,
            JitExit::Fallback,
            JitExit::ReturnToStub,
            JitExit::Reason,
        ] {
            for place in [0, 1, (1 << 16) - 1] {
                assert_eq!(JitExit::from(exit.with(place)), (exit, place));
            }
        }
    }

    #[test]
    fn tag_and_payload_stand_one_after_the_other() {
        assert_eq!((at(Slot::of(0)), payload(Slot::of(0))), (0, 8));
        assert_eq!((at(Slot::of(255)), payload(Slot::of(255))), (255 * 16, 255 * 16 + 8));
        assert_eq!(global(2), 32);
    }
}
