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
//! Code is in the order of the instructions of specialised code. What is rarely needed is behind all of it: calls of
//! functions of the machine, after which the numbers are read again, and exits.

mod values;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use dynasmrt::x64::X64Relocation;
use dynasmrt::{AssemblyOffset, DynamicLabel, DynasmApi, DynasmLabelApi, VecAssembler};

use super::loop_registers::registers;
use super::register_cache::Cache;
use crate::exec::interpreter::Program;
use crate::exec::jit::context::JitContext;
use crate::exec::jit::executable::Executable;
use crate::exec::jit::layout::Layout;
use crate::exec::optimise::{self, Allocation, Loop, Way};
use crate::exec::specialise::{Code, CodeAddr, Slot};
#[cfg(feature = "schedule")]
use crate::schedule::Tier;

pub(super) use values::{at, global, payload};

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
    /// At an instruction of an optimised loop, since a schedule says so.
    #[cfg(feature = "schedule")]
    Forced,
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
            #[cfg(feature = "schedule")]
            6 => Self::Forced,
            _ => Self::Fallback,
        };
        (exit, word >> 3)
    }
}

/// Where a value is.
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
    /// A label that is to be behind an instruction.
    behind: Option<(usize, DynamicLabel)>,
    /// What is rarely needed, to be made behind all else.
    cold: Vec<Cold<'a>>,
    exits: Vec<(DynamicLabel, u32)>,
    /// Ordered, so that the same code is made each time.
    numbers: BTreeMap<u64, DynamicLabel>,
    /// Where machine code ends.
    pub(super) end: DynamicLabel,
    /// By what a function returned, where the code to come back to is not there.
    pub(super) lost: [DynamicLabel; 4],
    /// The address of the table of the code to come back to, four entries a call, and of how many calls it knows.
    pub(super) table: (usize, usize),
    /// What the optimising tier made, with where each begins.
    loops: Vec<(Rc<Optimised>, DynamicLabel)>,
    /// By instruction, the loop that it is part of.
    loop_of: HashMap<usize, usize>,
    /// Instructions that loops come out to, and nothing else but the one before: the host does not enter there.
    behind_loops: HashSet<usize>,
    /// Instructions of loops that were optimised that have an exit there.
    #[cfg(feature = "schedule")]
    pub(super) loop_exits: Vec<usize>,
}

/// A loop, and where its values are.
struct Optimised {
    body: Loop,
    allocation: Allocation,
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
    /// Where the loops begin that were optimised, for a dump.
    pub(crate) loops: u32,
    /// Where what is rarely executed begins, and behind it the numbers that instructions read, for a dump.
    pub(crate) cold: u32,
    pub(crate) numbers: u32,
    /// What is in the table of the code to come back to, from the beginning of the buffer.
    pub(crate) table: Vec<u32>,
    /// How many instructions are part of loops that were optimised.
    pub(crate) optimised: usize,
    /// The instructions that have an exit there.
    #[cfg(feature = "schedule")]
    pub(crate) loop_exits: Vec<usize>,
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
        let optimised = optimised(code, program);
        let mut behind_loops = HashSet::new();
        for exit in optimised.iter().flat_map(|optimised| &optimised.body.exits) {
            if let Way::To(at) = exit.way
                && let Some(place) =
                    labels.get_mut(at.index()).filter(|place| !at.is_stub() && place.is_none())
            {
                *place = Some(assembler.new_dynamic_label());
                behind_loops.insert(at.index());
            }
        }
        let mut loop_of = HashMap::new();
        for (number, optimised) in optimised.iter().enumerate() {
            loop_of.extend(optimised.body.places.iter().map(|place| (*place, number)));
        }
        let loops = optimised
            .into_iter()
            .map(|optimised| (Rc::new(optimised), assembler.new_dynamic_label()))
            .collect();
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
            numbers: BTreeMap::new(),
            end,
            lost,
            table,
            loops,
            loop_of,
            behind_loops,
            #[cfg(feature = "schedule")]
            loop_exits: Vec::new(),
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
                // What is known of a place is known behind a branch that is there, too: loops go back to there.
                let context = known.get(&place).or_else(|| {
                    let before = place.checked_sub(1)?;
                    self.code.ops[before].starts_back_edge().then(|| known.get(&before)).flatten()
                });
                self.cache = context.map_or(Cache::EMPTY, |context| Cache::of(context));
                x64!(self ; =>label);
                if !self.behind_loops.contains(&place) {
                    self.entries[place] = Some(label);
                }
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
        let loops = self.assembler.offset().0 as u32;
        for (optimised, entry) in self.loops.clone() {
            self.optimised(&optimised.body, &optimised.allocation, entry);
        }
        let cold = self.assembler.offset().0 as u32;
        while let Some(make) = self.cold.pop() {
            make(&mut self);
        }
        self.epilogue();
        let numbers = self.assembler.offset().0 as u32;
        self.numbers();
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
        let optimised = self.loop_of.len();
        Some(Emitted {
            buffer,
            start,
            entries,
            places,
            loops,
            cold,
            numbers,
            table,
            optimised,
            #[cfg(feature = "schedule")]
            loop_exits: self.loop_exits,
        })
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
            // The number of the call is in rcx.
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
    }

    /// The numbers that instructions read.
    fn numbers(&mut self) {
        for (number, label) in std::mem::take(&mut self.numbers) {
            x64!(self ; =>label ; .u64 number);
        }
    }

    // Where control goes

    pub(super) fn new_label(&mut self) -> DynamicLabel {
        self.assembler.new_dynamic_label()
    }

    /// Where the code of an instruction is or will be; from within a loop that was optimised, where that begins is what was made of it.
    pub(super) fn label(&self, at: CodeAddr) -> Option<DynamicLabel> {
        if at.is_stub() {
            return None;
        }
        let optimised = self.loop_of.get(&self.place).and_then(|number| self.loops.get(*number));
        match optimised.filter(|(optimised, _)| optimised.body.header == at.index()) {
            Some((_, entry)) => Some(*entry),
            None => self.plain_label(at.index()),
        }
    }

    /// Where the code of an instruction is or will be.
    pub(super) fn plain_label(&self, place: usize) -> Option<DynamicLabel> {
        self.labels.get(place).copied().flatten()
    }

    /// Whether other code goes to an instruction, or may begin there.
    pub(super) fn is_led_to(&self, place: usize) -> bool {
        self.labels[place].is_some()
    }

    /// Puts a label behind an instruction that is still to come.
    pub(super) fn bind_behind(&mut self, place: usize, label: DynamicLabel) {
        self.behind = Some((place, label));
    }

    /// Where machine code ends at the instruction that is up.
    pub(super) fn leave(&mut self, exit: JitExit) -> DynamicLabel {
        if exit == JitExit::Guard
            && let Some(exit) = self.code.exits.get(self.code.ops.exit_of(self.place))
            && let Some(label) = exit.other.and_then(|other| self.plain_label(other.index()))
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
        let at = CodeAddr::of(self.place);
        if op.unfused().has_exit()
            && crate::schedule::is_counted(|| self.code.forced_site(at, Tier::MachineCode))
        {
            let exit = self.leave(JitExit::Deoptimise);
            self.count_down(exit);
        }
    }

    /// Counts an exit, and leaves by it where a schedule says so. It needs rax and the flags.
    #[cfg(feature = "schedule")]
    pub(super) fn count_down(&mut self, exit: DynamicLabel) {
        x64!(self
            ; mov rax, [r15 + JitContext::EXITS_LEFT]
            ; sub rax, 1
            ; mov [r15 + JitContext::EXITS_LEFT], rax
            ; je =>exit
        );
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
    pub(super) fn restorer(&self) -> impl FnOnce(&mut Self) + use<'a> {
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
}

/// The loops that the optimising tier has registers for.
fn optimised(code: &Code, program: &Program) -> Vec<Optimised> {
    let fit = |body: &Loop| {
        let (ints, floats) = registers(body);
        optimise::allocate(body, ints, floats)
    };
    let loops = optimise::loops(code, program, fit).into_iter();
    loops.map(|(body, allocation)| Optimised { body, allocation }).collect()
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
