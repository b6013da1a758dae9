//! Fast code as machine code.
//!
//! What is hotter than hot is translated once more, instruction by instruction, into code of the processor: see `native/emit.rs`
//! for how it is laid out. An instruction of machine code does what the loop over fast code would do, on the same places, so
//! control can change from one to the other at any instruction, and does: machine code ends where it comes to code that is
//! still to be made, and the loop goes on in machine code where there is some.
//!
//! # `unsafe`
//!
//! 1. *Machine code stands where it may be executed, and nowhere where it may be written.* [`memory`] sees to that. It is
//!    entered at the beginning of an instruction only ([`Made::address`]).
//! 2. *It does to memory what the loop does*, by the same guards, which the compiler of fast code made; it reads and writes places
//!    of the frame, globals, the frames that wait, and elements of arrays behind a look at their number. Where these stand, the
//!    [`Bridge`] says, which is made anew whenever machine code is entered; what moves them while it runs says so there.
//! 3. *Nothing else borrows what it works on.* The one that enters it has the machine borrowed, and touches it through the bridge
//!    only until machine code ends; so do the functions that it calls.
//! 4. *What fast code changes of itself, machine code follows.* Instructions that machine code was made of are only ever changed
//!    to do the same, or else the machine code is dropped ([`Native::outdate`]).

#![allow(
    clippy::useless_conversion,
    clippy::unnecessary_cast,
    clippy::identity_op,
    reason = "the macro of the assembler converts what it is given, whatever its type"
)]

mod cache;
mod containers;
mod control;
mod emit;
mod globals;
mod help;
mod instructions;
mod layout;
mod memory;
mod numbers;
mod strings;

use std::marker::PhantomData;
use std::mem::offset_of;
use std::panic::resume_unwind;

use self::emit::{Emitted, Emitter, Why};
use self::layout::Layout;
use super::{Parcel, Stop};
use crate::interpreter::fast::code::{At, Code, RESERVE};
use crate::interpreter::machine::{Caller, Machine};
use crate::interpreter::{Program, Scopes};
use crate::isa::REGISTERS;
use crate::value::Value;
use crate::values::costs;
use crate::vm::Tiers;

/// The machine code of a program.
#[derive(Default)]
pub(in crate::interpreter::fast) struct Native {
    made: Option<Made>,
    /// How much fast code there was when it was made.
    length: usize,
    /// What fast code looked like then: see `Code::changes`.
    changes: u32,
    /// How often the loop over fast code used up its portion since then.
    turns: u64,
    /// How much more often it was entered in vain than not: where few steps were taken.
    bounces: u64,
    /// So many portions it is not to be entered, and how many that were the last time.
    pause: u64,
    last_pause: u64,
    /// Whether there can be none.
    is_refused: bool,
    /// Of how many instructions machine code was made, each counted each time.
    translated: u64,
}

/// Machine code that can be run.
struct Made {
    code: Emitted,
    /// Where calls come back to, four addresses each; see `Emitted::table`. The code has its address.
    _table: Box<[usize]>,
}

impl Made {
    /// Where an instruction stands, if it can be entered.
    fn address(&self, at: At) -> Option<*const u8> {
        match self.code.entries.get(at.index()) {
            None | Some(0) => None,
            Some(offset) => Some(self.code.buffer.address(dynasmrt::AssemblyOffset(*offset as usize))),
        }
    }
}

/// So many steps the loop over fast code takes before it looks for machine code.
const PORTION: u64 = 1024;
/// So many portions it takes before machine code is made for the first time.
const FIRST: u64 = 8;

impl Native {
    /// How many bytes there are.
    pub(in crate::interpreter::fast) fn size(&self) -> usize {
        self.made.as_ref().map_or(0, |made| made.code.buffer.len())
    }

    /// Drops machine code that was made of an instruction which is now another.
    pub(in crate::interpreter::fast) fn outdate(&mut self, place: usize) {
        if place < self.length {
            self.made = None;
            self.length = 0;
        }
    }

    /// Drops all machine code, as the code it was made of is dropped.
    pub(in crate::interpreter::fast) fn drop_code(&mut self) {
        self.made = None;
        self.length = 0;
        self.turns = 0;
    }

    /// Counts an entry after which so many steps were taken. Where few are time and again, fast code runs without for a while.
    fn count_entry(&mut self, steps: u64) {
        /// What pays for an entry.
        const ENOUGH: u64 = 8;
        /// In portions.
        const FIRST_PAUSE: u64 = 16;
        const LONGEST_PAUSE: u64 = 1 << 12;
        if steps >= ENOUGH {
            self.bounces = self.bounces.saturating_sub(steps / ENOUGH);
            return;
        }
        self.bounces += 1;
        if self.bounces >= 256 && !without!("back-off") {
            self.bounces = 0;
            self.last_pause = (self.last_pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            self.pause = self.last_pause;
        }
    }

    /// Whether it is worth making machine code now.
    fn is_due(&self, code: &Code, tiers: Tiers) -> bool {
        if self.is_refused || self.made.is_some() && self.changes == code.changes {
            return false;
        }
        let length = code.ops.len() as u64;
        if tiers == Tiers::Machine {
            // At once, but not of all there is for every little that is new.
            return self.changes == 0 || u64::from(code.changes - self.changes) * 16 >= length;
        }
        // A portion takes the loop about as long as it takes to make code of a few dozen instructions.
        self.turns >= FIRST && self.turns * 32 >= length
    }

    pub(in crate::interpreter::fast) fn translated(&self) -> u64 {
        self.translated
    }

    /// Makes machine code of all fast code there is.
    fn make(&mut self, code: &Code, program: &Program, wanted: At) {
        self.turns = 0;
        self.changes = code.changes;
        self.length = code.ops.len();
        self.translated += (code.ops.len() + code.sites.len()) as u64;
        self.made = Layout::get().and_then(|layout| {
            let mut table = vec![0; 4 * code.sites.len()].into_boxed_slice();
            let place = (table.as_ptr() as usize, code.sites.len());
            let code = Emitter::new(code, program, layout, place, Some(wanted))?.emit()?;
            for (entry, offset) in table.iter_mut().zip(&code.table) {
                *entry = code.buffer.address(dynasmrt::AssemblyOffset(*offset as usize)) as usize;
            }
            Some(Made { code, _table: table })
        });
        self.is_refused = self.made.is_none();
    }
}

/// What machine code works on, and what it hands over. It has its address in a register.
#[repr(C)]
struct Bridge<'a, 'm> {
    /// Where the frame begins; up to date outside of machine code.
    places: *mut Value,
    /// How many steps may still be charged; up to date outside of machine code.
    fuel: u64,
    /// How many bytes the frame takes; up to date outside of machine code.
    size: u64,
    globals: *mut Option<Value>,
    /// Behind the last frame that waits.
    top: *mut Caller,
    /// Where those begin.
    bottom: *mut Caller,
    /// As far as `top` may go.
    limit: *mut Caller,
    /// The last place on the stack where a frame can begin that is called.
    last_frame: *mut Value,
    /// Where the memory of the thread is counted.
    live: *mut u64,
    /// What was counted before the run.
    before: u64,
    /// How much more than that may have been counted where a frame, or an element, is still to be.
    room_for_frame: u64,
    room_for_element: u64,
    /// The limit on memory.
    most_memory: u64,
    /// What `top` is in the innermost frame in which a scope is open; null where there is none.
    scoped: *mut Caller,
    /// Not for machine code.
    machine: *mut Machine<'m>,
    code: *const Code,
    parcel: *mut Parcel,
    stop: Stop,
    lifetime: PhantomData<&'a mut Machine<'m>>,
}

/// Where the parts of the bridge are.
impl Bridge<'_, '_> {
    const PLACES: i32 = offset_of!(Self, places) as i32;
    const FUEL: i32 = offset_of!(Self, fuel) as i32;
    const SIZE: i32 = offset_of!(Self, size) as i32;
    const GLOBALS: i32 = offset_of!(Self, globals) as i32;
    const TOP: i32 = offset_of!(Self, top) as i32;
    const BOTTOM: i32 = offset_of!(Self, bottom) as i32;
    const LIMIT: i32 = offset_of!(Self, limit) as i32;
    const LAST_FRAME: i32 = offset_of!(Self, last_frame) as i32;
    const LIVE: i32 = offset_of!(Self, live) as i32;
    const BEFORE: i32 = offset_of!(Self, before) as i32;
    const ROOM_FOR_FRAME: i32 = offset_of!(Self, room_for_frame) as i32;
    const ROOM_FOR_ELEMENT: i32 = offset_of!(Self, room_for_element) as i32;
    const MOST_MEMORY: i32 = offset_of!(Self, most_memory) as i32;
    const SCOPED: i32 = offset_of!(Self, scoped) as i32;

    /// How many frames wait.
    fn depth(&self) -> u64 {
        ((self.top as usize - self.bottom as usize) / size_of::<Caller>()) as u64
    }

    /// Notes in which frame a return has scopes to close.
    fn see_scopes(&mut self, scopes: &Scopes) {
        let depth = scopes.innermost();
        self.scoped = depth.map_or(std::ptr::null_mut(), |depth| self.bottom.wrapping_add(depth as usize));
    }

    /// Notes where the stack is.
    fn see_stack(&mut self, stack: &mut [Value]) {
        // Where there is room for none, every place is beyond the last.
        let last = stack.len().checked_sub(2 * REGISTERS);
        self.last_frame = last.map_or(std::ptr::null_mut(), |last| stack.as_mut_ptr().wrapping_add(last));
    }
}

/// How machine code ended.
enum Ended {
    /// At an instruction, for that reason.
    Stopped(Stop),
    /// At an instruction that fast code is to see to.
    Retry,
}

impl Machine<'_> {
    /// Obeys fast code from `at` on until something stops it, and leaves `at` there: by machine code, where there is some.
    pub(in crate::interpreter::fast) fn advance(
        &mut self,
        code: &mut Code,
        at: &mut At,
        parcel: &mut Parcel,
    ) -> Stop {
        if !matches!(self.tiers, Tiers::Both | Tiers::Machine) || without!("machine-code") {
            return self.obey::<false>(code, at, parcel, u64::MAX);
        }
        loop {
            if code.native.is_due(code, self.tiers) {
                // Taken out, so that it can be made of the code that it is part of.
                let mut native = std::mem::take(&mut code.native);
                native.make(code, self.program, *at);
                code.native = native;
            }
            let made = code.native.made.as_ref().filter(|_| code.native.pause == 0);
            let address = made.and_then(|made| made.address(*at));
            let stop = if let Some(address) = address {
                let before = self.meter.steps();
                let ended = self.run_native(code, address, at, parcel);
                if self.tiers == Tiers::Both {
                    code.native.count_entry(self.meter.steps() - before);
                }
                match ended {
                    Ended::Stopped(stop) => return stop,
                    Ended::Retry => self.obey::<true>(code, at, parcel, u64::MAX),
                }
            } else {
                self.obey::<false>(code, at, parcel, PORTION)
            };
            match stop {
                Stop::Done => {}
                Stop::Charge if self.meter.left >= 2 * RESERVE => {
                    code.native.turns += 1;
                    code.native.pause = code.native.pause.saturating_sub(1);
                }
                stop => return stop,
            }
        }
    }

    /// Runs machine code from an address on.
    fn run_native(&mut self, code: &Code, address: *const u8, at: &mut At, parcel: &mut Parcel) -> Ended {
        /// So many frames may be called before the loop over fast code is asked to call one.
        const FRAMES: usize = 1024;
        let Some(made) = &code.native.made else { return Ended::Retry };
        self.callers.reserve(FRAMES);
        let depth = self.callers.len();
        let callers = self.callers.as_mut_ptr();
        let (counter, before, most_memory) = self.context.memory.parts();
        let more = (self.max_call_depth.saturating_sub(depth as u64)).min(FRAMES as u64) as usize;
        // Where there is no room for one frame in an empty machine, there is none at all.
        let more = if most_memory < costs::FRAME { 0 } else { more };
        let globals = self.context.globals.places();
        let mut bridge = Bridge {
            places: self.stack.as_mut_ptr().wrapping_add(self.frame.base),
            fuel: self.meter.left - RESERVE,
            size: u64::from(self.frame.size) * size_of::<Value>() as u64,
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
            machine: std::ptr::from_mut(self).cast(),
            code,
            parcel,
            stop: Stop::Done,
            lifetime: PhantomData,
        };
        // SAFETY: borrowed through the bridge from here on until machine code ended.
        unsafe {
            let machine = &mut *bridge.machine;
            bridge.see_stack(&mut machine.stack);
        }
        bridge.see_scopes(&self.context.scopes);
        type Enter = unsafe extern "sysv64" fn(*mut Bridge<'_, '_>, *const u8) -> u32;
        // SAFETY: that is what the code begins with, and the address is one of its instructions (1); the bridge says where the
        // things are that it works on (2), and nothing else is done with them (3).
        let word = unsafe {
            let enter: Enter = std::mem::transmute(made.code.buffer.address(made.code.start));
            enter(&raw mut bridge, address)
        };
        let depth = bridge.depth() as usize;
        let Bridge { places, fuel, size, stop, .. } = bridge;
        // SAFETY: so many frames were written, one after the other.
        unsafe { self.callers.set_len(depth) };
        self.context.scopes.set_depth(depth as u64);
        self.frame = help::frame(&mut self.stack, places, size);
        self.meter.left = fuel + RESERVE;
        if let Some(payload) = parcel.panic.take() {
            // Machine code has no frames that unwinding could read, so the panic waited until it was left.
            resume_unwind(payload);
        }
        let (why, place) = Why::from(word);
        if why == Why::Back {
            let site = &code.sites[place as usize >> 2];
            let ways = [site.back, site.back_with_bool, site.back_with_int, site.back_with_float];
            *at = ways[place as usize & 3];
            return if at.is_stub() { Ended::Stopped(Stop::Stub(at.as_stub())) } else { Ended::Retry };
        }
        *at = At::of(place as usize);
        match why {
            Why::Exit => Ended::Stopped(Stop::Exit),
            Why::Charge => Ended::Stopped(Stop::Charge),
            Why::Leave => Ended::Stopped(Stop::Leave),
            Why::Stopped => Ended::Stopped(stop),
            Why::Retry | Why::Back => Ended::Retry,
        }
    }
}
