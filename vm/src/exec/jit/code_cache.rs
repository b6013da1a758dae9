//! The code cache: the machine code of a program, when it is made, and when it is dropped.

use std::fmt::Write as _;
use std::marker::PhantomData;
use std::panic::resume_unwind;

use crate::exec::interpreter::Program;
use crate::exec::jit::context::JitContext;
use crate::exec::jit::layout::Layout;
use crate::exec::jit::listing;
use crate::exec::jit::stubs;
use crate::exec::jit::x64::{Emitted, Emitter, JitExit};
use crate::exec::specialise::{Code, CodeAddr, ExitPayload, ExitReason};
use crate::runtime::{Machine, RESERVE};
use crate::schedule::{self, Tier};
use crate::value::Value;
use crate::values::costs;

/// The machine code of a program.
#[derive(Default)]
pub(crate) struct CodeCache {
    compiled: Option<Compiled>,
    /// How much specialised code there was when it was made.
    length: usize,
    /// What specialised code looked like then: see `Code::changes`.
    changes: u32,
    /// How often the loop over specialised code used up its slice since then.
    slices: u64,
    /// The steps that it took beside those slices.
    steps_beside: u64,
    /// How much more often it was entered in vain than not: where few steps were taken.
    bounces: u64,
    /// So many slices it is not to be entered, and how many that were the last time.
    pause: u64,
    last_pause: u64,
    /// Whether there can be none.
    is_refused: bool,
    /// Of how many instructions machine code was made, each counted each time.
    translated: u64,
}

/// Machine code that can be run.
struct Compiled {
    code: Emitted,
    /// Where calls come back to, four addresses each; see `Emitted::table`. The code has its address.
    _table: Box<[usize]>,
}

impl Compiled {
    /// Where an instruction is, if it can be entered.
    fn address(&self, at: CodeAddr) -> Option<*const u8> {
        match self.code.entries.get(at.index()) {
            None | Some(0) => None,
            Some(offset) => Some(self.code.buffer.address(dynasmrt::AssemblyOffset(*offset as usize))),
        }
    }
}

/// So many steps the loop over specialised code takes before it looks for machine code.
pub(crate) const SLICE: u64 = 1024;
/// So many slices it takes before machine code is made for the first time.
const FIRST: u64 = 8;

impl CodeCache {
    /// How many bytes there are.
    pub(crate) fn size(&self) -> usize {
        self.compiled.as_ref().map_or(0, |compiled| compiled.code.buffer.len())
    }

    /// Drops machine code that was made of an instruction which is now another.
    pub(crate) fn invalidate(&mut self, place: usize) {
        if place < self.length {
            self.compiled = None;
            self.length = 0;
        }
    }

    /// Drops all machine code, as the code it was made of is dropped.
    pub(crate) fn flush(&mut self) {
        self.compiled = None;
        self.length = 0;
        self.slices = 0;
    }

    /// Counts an entry after which so many steps were taken. Where few are time and again, specialised code runs without for a while;
    /// tells whether that begins now.
    pub(crate) fn count_entry(&mut self, steps: u64) -> bool {
        /// What pays for an entry.
        const ENOUGH: u64 = 8;
        /// In slices.
        const FIRST_PAUSE: u64 = 16;
        const LONGEST_PAUSE: u64 = 1 << 12;
        if steps >= ENOUGH {
            self.bounces = self.bounces.saturating_sub(steps / ENOUGH);
            return false;
        }
        self.bounces += 1;
        let pauses = self.bounces >= 256 && !without!("back-off");
        if pauses {
            self.bounces = 0;
            self.last_pause = (self.last_pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            self.pause = self.last_pause;
        }
        pauses
    }

    /// Whether it is worth making machine code now.
    pub(crate) fn is_due(&self, code: &Code, is_eager: bool) -> bool {
        if self.is_refused || self.compiled.is_some() && self.changes == code.changes {
            return false;
        }
        let length = code.ops.len() as u64;
        if is_eager {
            // At once, but not of all there is for every little that is new.
            return self.changes == 0 || u64::from(code.changes - self.changes) * 16 >= length;
        }
        // In a slice, the loop spares about what it takes to make code of so many instructions.
        const PER_SLICE: u64 = 16;
        self.slices >= FIRST && self.slices * PER_SLICE >= length
    }

    /// Counts that the loop used up a slice.
    pub(crate) fn count_slice(&mut self) {
        self.slices += 1;
        self.pause = self.pause.saturating_sub(1);
    }

    /// Counts that the loop stopped before that, after so many steps: as it does time and again where side exits are taken.
    pub(crate) fn count_steps(&mut self, steps: u64) {
        self.steps_beside += steps;
        if self.steps_beside >= SLICE {
            self.steps_beside -= SLICE;
            self.count_slice();
        }
    }

    /// Where an instruction can be entered, if it can be now.
    pub(crate) fn address(&self, at: CodeAddr) -> Option<*const u8> {
        self.compiled.as_ref().filter(|_| self.pause == 0)?.address(at)
    }

    /// The machine code there is, below the specialised instructions that it was made of; after the last of them, what is rarely
    /// executed, and the numbers that instructions read.
    pub(crate) fn dump(&self, code: &Code) -> String {
        let mut out = String::new();
        let Some(Compiled { code: emitted, .. }) = &self.compiled else { return out };
        let bytes = emitted.buffer.bytes();
        let ends = emitted.places.iter().skip(1).copied().chain([emitted.loops]);
        for ((place, op), (begin, end)) in code.ops.iter().enumerate().zip(emitted.places.iter().zip(ends)) {
            let _ = writeln!(out, "{place:>5}  {op}");
            listing::code(bytes, *begin as usize..end as usize, &mut out);
        }
        if emitted.loops != emitted.cold {
            let _ = writeln!(out, "optimised loops");
            listing::code(bytes, emitted.loops as usize..emitted.cold as usize, &mut out);
        }
        let _ = writeln!(out, "rarely executed");
        listing::code(bytes, emitted.cold as usize..emitted.numbers as usize, &mut out);
        let _ = writeln!(out, "numbers");
        listing::bytes(bytes, emitted.numbers as usize..bytes.len(), &mut out);
        out
    }

    /// Of how many instructions machine code was made, each counted each time.
    pub(crate) fn translated(&self) -> u64 {
        self.translated
    }

    /// Makes machine code of all specialised code there is.
    pub(crate) fn compile(&mut self, code: &Code, program: &Program, wanted: CodeAddr) {
        self.slices = 0;
        self.changes = code.changes;
        self.length = code.ops.len();
        self.translated += (code.ops.len() + code.sites.len()) as u64;
        self.compiled = Layout::get().and_then(|layout| {
            let mut table = vec![0; 4 * code.sites.len()].into_boxed_slice();
            let place = (table.as_ptr() as usize, code.sites.len());
            let made = Emitter::new(code, program, layout, place, Some(wanted))?.emit()?;
            #[cfg(feature = "check-machine-code")]
            check(&made, place.0, (code, program), layout);
            let code = made;
            for (entry, offset) in table.iter_mut().zip(&code.table) {
                *entry = code.buffer.address(dynasmrt::AssemblyOffset(*offset as usize)) as usize;
            }
            Some(Compiled { code, _table: table })
        });
        /// How much more making an optimised loop takes than machine code of its instructions one by one.
        const OPTIMISED: u64 = 3;
        let optimised = self.compiled.as_ref().map_or(0, |compiled| compiled.code.optimised);
        self.translated += OPTIMISED * optimised as u64;
        self.is_refused = self.compiled.is_none();
        if self.compiled.is_some() {
            schedule::see_exits(|| code.exit_sites(Tier::MachineCode));
        }
        #[cfg(feature = "schedule")]
        if let Some(compiled) = &self.compiled {
            let of_loop = |place: &usize| code.exit_site(CodeAddr::of(*place), Tier::Optimised);
            schedule::see_exits(|| compiled.code.loop_exits.iter().filter_map(of_loop));
        }
    }

    /// Runs machine code from an address that [`CodeCache::address`] gave, for `at`, and leaves `at` where it ended.
    pub(crate) fn run(
        &self,
        machine: &mut Machine<'_>,
        program: &Program,
        code: &Code,
        address: *const u8,
        at: &mut CodeAddr,
        exit_payload: &mut ExitPayload,
    ) -> JitEnd {
        /// So many frames may be called before the loop over specialised code is asked to call one.
        const FRAMES: usize = 1024;
        let Some(compiled) = &self.compiled else { return JitEnd::Fallback };
        machine.callers.reserve(FRAMES);
        let depth = machine.callers.len();
        let callers = machine.callers.as_mut_ptr();
        let (counter, before, most_memory) = machine.env.memory.parts();
        let more = (machine.max_call_depth.saturating_sub(depth as u64)).min(FRAMES as u64) as usize;
        // Where there is no room for one frame in an empty machine, there is none at all.
        let more = if most_memory < costs::FRAME { 0 } else { more };
        let globals = machine.env.globals.places();
        let mut context = JitContext {
            frame: machine.stack.as_mut_ptr().wrapping_add(machine.frame.base),
            fuel: machine.fuel.left - RESERVE,
            size: u64::from(machine.frame.size) * size_of::<Value>() as u64,
            globals,
            top: callers.wrapping_add(depth),
            bottom: callers,
            limit: callers.wrapping_add(depth + more),
            last_frame: std::ptr::null_mut(),
            live: counter,
            before,
            room_for_frame: most_memory.saturating_sub(costs::FRAME),
            room_for_element: most_memory.saturating_sub(costs::ELEMENT),
            most_memory,
            scoped: std::ptr::null_mut(),
            #[cfg(feature = "schedule")]
            exits_left: schedule::hand_out(),
            machine: std::ptr::from_mut(machine).cast(),
            program,
            code,
            exit_payload,
            reason: ExitReason::Stepped,
            lifetime: PhantomData,
        };
        // SAFETY: borrowed through the JIT context from here on until machine code ended.
        let borrowed = unsafe { context.machine() };
        context.see_stack(&mut borrowed.stack);
        context.see_scopes(&machine.env.scopes);
        type Enter = unsafe extern "sysv64" fn(*mut JitContext<'_, '_>, *const u8) -> u32;
        // SAFETY: that is what the code begins with.
        let enter: Enter = unsafe { std::mem::transmute(compiled.code.buffer.address(compiled.code.start)) };
        // SAFETY: the address is one of its instructions (1); the JIT context says where the things are that it works on (2), and
        // nothing else is done with them (3).
        let word = unsafe { enter(&raw mut context, address) };
        let depth = context.depth() as usize;
        let JitContext { frame, fuel, size, reason, .. } = context;
        // SAFETY: so many frames were written, one after the other.
        unsafe { machine.callers.set_len(depth) };
        machine.env.scopes.set_depth(depth as u64);
        machine.frame = stubs::frame(&mut machine.stack, frame, size);
        machine.fuel.left = fuel + RESERVE;
        if let Some(payload) = exit_payload.panic.take() {
            // Machine code has no frames that unwinding could read, so the panic waited until it was left.
            resume_unwind(payload);
        }
        let (exit, place) = JitExit::from(word);
        #[cfg(feature = "schedule")]
        schedule::take_back(context.exits_left, || {
            let tier = if exit == JitExit::Forced { Tier::Optimised } else { Tier::MachineCode };
            code.forced_site(CodeAddr::of(place as usize), tier)
        });
        if exit == JitExit::ReturnToStub {
            let site = &code.sites[place as usize >> 2];
            let ways = [site.back, site.back_with_bool, site.back_with_int, site.back_with_float];
            *at = ways[place as usize & 3];
            return if at.is_stub() {
                JitEnd::Exit(ExitReason::Stub(at.as_stub()))
            } else {
                JitEnd::Fallback
            };
        }
        *at = CodeAddr::of(place as usize);
        match exit {
            JitExit::Guard => JitEnd::Exit(ExitReason::Guard),
            JitExit::OutOfFuel => JitEnd::Exit(ExitReason::OutOfFuel),
            JitExit::Deoptimise => JitEnd::Exit(ExitReason::Deoptimise),
            #[cfg(feature = "schedule")]
            JitExit::Forced => JitEnd::Exit(ExitReason::Deoptimise),
            JitExit::Reason => JitEnd::Exit(reason),
            JitExit::Fallback | JitExit::ReturnToStub => JitEnd::Fallback,
        }
    }
}

/// Ends the process unless machine code is proved to keep to what is promised of it.
#[cfg(feature = "check-machine-code")]
#[expect(clippy::panic, reason = "machine code without a proof must not run, and only tests ask for one")]
fn check(made: &Emitted, table: usize, made_of: (&Code, &Program), layout: &Layout) {
    use crate::exec::jit::verify::{Subject, verify};
    let buffer = (made.buffer.bytes(), made.start.0);
    let subject = Subject::new(buffer, (&made.places, &made.entries, &made.table), table, made_of, *layout);
    if let Err(refusal) = verify(&subject) {
        panic!("{refusal}");
    }
}

/// How machine code ended.
pub(crate) enum JitEnd {
    /// At an instruction, for that reason.
    Exit(ExitReason),
    /// At an instruction that the loop over specialised code is to execute.
    Fallback,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;
    use crate::exec::analysis::FlowGraph;
    use crate::exec::specialise::{Slot, SpecOp};

    fn program() -> Program {
        Program::new(assemble("return r0").unwrap())
    }

    fn code(program: &Program) -> Code {
        let mut code = Code::new(FlowGraph::new(program));
        code.make_up([SpecOp::GuardInt { slot: Slot::of(0) }, SpecOp::Goto { to: CodeAddr::of(0) }]);
        code.changes = 1;
        code
    }

    #[test]
    fn entries_in_vain_pause_for_longer_and_longer() {
        let mut cache = CodeCache::default();
        let mut pauses = Vec::new();
        for entry in 0..4 * 256 {
            if cache.count_entry(1) {
                pauses.push((entry + 1, cache.pause));
            }
        }
        assert_eq!(pauses, [(256, 16), (512, 32), (768, 64), (1024, 128)]);
    }

    #[test]
    fn entries_that_pay_make_up_for_others() {
        let mut cache = CodeCache::default();
        assert!((0..4096).all(|entry| !cache.count_entry(if entry % 2 == 0 { 1 } else { 8 })));
    }

    #[test]
    fn a_pause_is_over_after_its_slices() {
        let (program, mut cache) = (program(), CodeCache::default());
        let code = code(&program);
        cache.compile(&code, &program, CodeAddr::of(0));
        if cache.size() == 0 {
            // The system refuses memory for code.
            return;
        }
        assert!(cache.address(CodeAddr::of(0)).is_some());
        cache.pause = 2;
        cache.count_slice();
        assert!(cache.address(CodeAddr::of(0)).is_none());
        cache.count_slice();
        assert!(cache.address(CodeAddr::of(0)).is_some());
    }

    #[test]
    fn steps_beside_slices_add_up_to_slices() {
        let mut cache = CodeCache::default();
        (0..4).for_each(|_| cache.count_steps(SLICE / 4));
        assert_eq!((cache.slices, cache.steps_beside), (1, 0));
        cache.count_steps(SLICE / 2);
        assert_eq!((cache.slices, cache.steps_beside), (1, SLICE / 2));
    }

    #[test]
    fn code_is_due_after_some_slices_or_at_once_where_that_is_wanted() {
        let (program, mut cache) = (program(), CodeCache::default());
        let code = code(&program);
        assert!(cache.is_due(&code, true));
        for slice in 0..FIRST {
            assert!(!cache.is_due(&code, false), "after {slice} slices");
            cache.count_slice();
        }
        assert!(cache.is_due(&code, false));
        cache.is_refused = true;
        assert!(!cache.is_due(&code, false) && !cache.is_due(&code, true));
    }

    #[test]
    fn code_that_is_up_to_date_is_not_made_again() {
        let (program, mut cache) = (program(), CodeCache::default());
        let mut code = code(&program);
        cache.compile(&code, &program, CodeAddr::of(0));
        (0..2 * FIRST).for_each(|_| cache.count_slice());
        assert!(!cache.is_due(&code, false) && !cache.is_due(&code, true));
        if cache.size() > 0 {
            code.changes += 1;
            assert!(cache.is_due(&code, false) && cache.is_due(&code, true));
        }
    }

    #[test]
    fn code_is_dropped_when_an_instruction_of_it_changes() {
        let (program, mut cache) = (program(), CodeCache::default());
        let code = code(&program);
        cache.compile(&code, &program, CodeAddr::of(0));
        let size = cache.size();
        cache.invalidate(2);
        assert_eq!(cache.size(), size);
        cache.invalidate(1);
        assert_eq!(cache.size(), 0);
        assert!(cache.address(CodeAddr::of(0)).is_none());
    }

    #[test]
    fn what_is_flushed_is_shown_no_more() {
        let (program, mut cache) = (program(), CodeCache::default());
        let code = code(&program);
        assert_eq!(cache.dump(&code), "");
        cache.compile(&code, &program, CodeAddr::of(0));
        assert_eq!(cache.translated(), 2);
        if cache.size() > 0 {
            assert!(cache.dump(&code).contains("    0  GuardInt slot=r0\n"));
        }
        cache.flush();
        assert_eq!((cache.dump(&code).as_str(), cache.size()), ("", 0));
    }

    #[test]
    fn only_what_is_led_to_has_an_address() {
        let (program, mut cache) = (program(), CodeCache::default());
        let code = code(&program);
        cache.compile(&code, &program, CodeAddr::of(0));
        assert!(cache.address(CodeAddr::of(1)).is_none());
        assert!(cache.address(CodeAddr::of(99)).is_none());
    }
}
