//! Calls and returns.

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::super::emit::{Emitter, JitExit, at, payload, x64};
use super::super::register_cache::{Cache, Tag};
use crate::exec::jit::context::JitContext;
use crate::exec::jit::layout::{PAYLOAD, tag, words};
use crate::exec::jit::stubs;
use crate::exec::specialise::Slot;
use crate::runtime::Caller;
use crate::value::{Str, Value};
use crate::values::costs;

/// Bytes of a frame that waits, and of its parts.
const CALLER: i32 = size_of::<Caller>() as i32;
const CALLER_PC: i32 = std::mem::offset_of!(Caller, pc) as i32;
const CALLER_CALLEE: i32 = std::mem::offset_of!(Caller, callee) as i32;
const CALLER_SITE: i32 = std::mem::offset_of!(Caller, site) as i32;
const CALLER_SIZE: i32 = std::mem::offset_of!(Caller, size) as i32;
const CALLER_DST: i32 = std::mem::offset_of!(Caller, dst) as i32;
/// The binary logarithm of the size of a value.
const VALUE_SHIFT: i8 = 4;
const _: () = assert!(size_of::<Value>() == 1 << VALUE_SHIFT);

impl Emitter<'_> {
    /// Enters a function.
    pub(in crate::exec::jit::x64) fn call_function(&mut self, site: u32, steps: u16) {
        let retry = self.leave(JitExit::Fallback);
        let call = &self.code.sites[site as usize];
        let Some(callee) = self.label(call.callee) else {
            x64!(self ; jmp =>retry);
            return;
        };
        self.charge_after(steps, |emitter| emitter.expect_room_for_frame(retry));
        self.enter_function(site, callee);
    }

    /// Leaves unless a value names that function.
    pub(in crate::exec::jit::x64) fn guard_function(&mut self, slot: Slot, function: u32) {
        let exit = self.leave(JitExit::Guard);
        let (ask, known) = self.out_of_line(move |emitter| {
            x64!(emitter ; mov rdi, r15 ; lea rsi, [rbx + at(slot)]);
            emitter.call(stubs::callee as *const ());
            x64!(emitter ; cmp eax, function as i32 ; jne =>exit);
        });
        self.remembered(slot, ask);
        let named = function | Str::FUNCTION;
        x64!(self ; cmp eax, named as i32 ; jne =>exit ; =>known);
    }

    /// Puts the function that a string of the pool remembers into eax, with [`Str::FUNCTION`]; goes to `ask` where the value is
    /// another or remembers none.
    fn remembered(&mut self, slot: Slot, ask: DynamicLabel) {
        let (pool, last) = (self.layout.home, self.layout.home + 4);
        if self.cache.tag(slot) != Tag::Is(tag::STRING) {
            x64!(self ; cmp QWORD [rbx + at(slot)], tag::STRING ; jne =>ask);
        }
        x64!(self
            ; mov rdx, [rbx + payload(slot)]
            ; cmp DWORD [rdx + pool], self.program.functions.id as i32
            ; jne =>ask
            ; mov eax, [rdx + last]
            ; test eax, eax
            ; jns =>ask
        );
    }

    /// Enters the function that a value names, if it is one of those that the call knows.
    pub(in crate::exec::jit::x64) fn call_any(&mut self, func: Slot, family: u32, steps: u16) {
        let retry = self.leave(JitExit::Fallback);
        let code = self.code;
        let mut sites: Vec<(u32, u32)> = code.families[family as usize]
            .sites()
            .iter()
            .map(|site| (code.sites[*site as usize].function, *site))
            .collect();
        sites.sort_unstable();
        self.cache.lose_registers();
        let (ask, known) = self.out_of_line_bare(move |emitter| {
            x64!(emitter ; mov rdi, r15 ; lea rsi, [rbx + at(func)]);
            emitter.call(stubs::callee as *const ());
            x64!(emitter ; mov esi, eax);
        });
        self.charge_after(steps, |emitter| {
            emitter.remembered(func, ask);
            x64!(emitter ; mov esi, eax ; and esi, (Str::FUNCTION - 1) as i32 ; =>known);
            emitter.expect_room_for_frame(retry);
        });
        let unknown = self.new_label();
        self.later(move |emitter| {
            x64!(emitter ; =>unknown ; add r12, i32::from(steps) ; jmp =>retry);
        });
        // What was read of arguments on the way to one callee is not read on the way to another.
        let cache = self.cache.clone();
        self.choose(&sites, unknown, &mut |emitter, site| {
            emitter.cache = cache.clone();
            match emitter.label(code.sites[site as usize].callee) {
                Some(callee) => emitter.enter_function(site, callee),
                None => x64!(emitter ; jmp =>unknown),
            }
        });
        self.cache = Cache::EMPTY;
    }

    /// Goes on with the site of the function that stands in esi; of few, the first are the quickest found.
    fn choose(
        &mut self,
        sites: &[(u32, u32)],
        unknown: DynamicLabel,
        enter: &mut impl FnMut(&mut Self, u32),
    ) {
        /// So many are compared with one after the other.
        const CHAIN: usize = 4;
        if sites.len() <= CHAIN {
            for (function, site) in sites {
                let other = self.new_label();
                x64!(self ; cmp esi, *function as i32 ; jne =>other);
                enter(self, *site);
                x64!(self ; =>other);
            }
            x64!(self ; jmp =>unknown);
            return;
        }
        let (lower, upper) = sites.split_at(sites.len() / 2);
        let above = self.new_label();
        x64!(self ; cmp esi, upper[0].0 as i32 ; jae =>above);
        self.choose(lower, unknown, enter);
        x64!(self ; =>above);
        self.choose(upper, unknown, enter);
    }

    /// Makes sure that another frame may be entered. Leaves where the last that waits ends in rdx, and where memory is counted
    /// in rcx.
    fn expect_room_for_frame(&mut self, retry: DynamicLabel) {
        x64!(self
            ; mov rdx, [r15 + JitContext::TOP]
            ; cmp rdx, [r15 + JitContext::LIMIT]
        );
        if !planted!("jit-room") {
            x64!(self ; jae =>retry);
        }
        x64!(self
            ; mov rcx, [r15 + JitContext::LIVE]
            ; mov rax, [rcx]
            ; sub rax, [r15 + JitContext::BEFORE]
            ; cmp rax, [r15 + JitContext::ROOM_FOR_FRAME]
            ; ja =>retry
        );
    }

    /// Makes the frame of a call for which there is room, and goes to the function.
    fn enter_function(&mut self, site: u32, callee: DynamicLabel) {
        let call = &self.code.sites[site as usize];
        let (grow, grown) = self.out_of_line(move |emitter| {
            x64!(emitter ; mov rdi, r15 ; mov rsi, rbx ; mov rdx, r13);
            emitter.call(stubs::grow as *const ());
            x64!(emitter ; mov rbx, rax);
        });
        x64!(self
            ; add QWORD [rcx], costs::FRAME as i32
            ; mov DWORD [rdx + CALLER_PC], call.pc as i32
            ; mov DWORD [rdx + CALLER_CALLEE], call.function as i32
            ; mov DWORD [rdx + CALLER_SITE], site as i32
            ; mov rax, r13
            ; shr rax, VALUE_SHIFT
            ; mov [rdx + CALLER_SIZE], ax
            ; mov BYTE [rdx + CALLER_DST], call.dst as i8
            ; add rdx, CALLER
            ; mov [r15 + JitContext::TOP], rdx
            ; lea rdx, [rbx + r13]
            ; cmp rdx, [r15 + JitContext::LAST_FRAME]
            ; ja =>grow
            ; =>grown
            ; lea rdx, [rbx + r13]
        );
        // Behind the frame lie scalars only.
        for (place, src) in call.args.iter().enumerate() {
            let dst = Slot::of(place as u8);
            match self.cache.tag(*src) {
                Tag::Is(tag::INT) => {
                    let int = self.int(*src);
                    x64!(self ; mov QWORD [rdx + at(dst)], tag::INT ; mov [rdx + payload(dst)], Rq(int));
                }
                Tag::Is(_) | Tag::Scalar | Tag::Unknown => {
                    self.take_copy(*src);
                    x64!(self ; mov [rdx + at(dst)], rax ; mov [rdx + payload(dst)], rcx);
                }
            }
            // No more than two registers are needed for an argument.
            self.cache.begin();
        }
        for register in call.clear.iter().skip(usize::from(planted!("specialised-call-clear"))) {
            x64!(self ; mov QWORD [rdx + at(*register)], tag::EMPTY);
        }
        x64!(self
            ; mov rbx, rdx
            ; mov r13, i32::from(call.registers) << VALUE_SHIFT
            ; jmp =>callee
        );
        self.cache = Cache::EMPTY;
    }

    /// Charges steps behind some looks at whether the instruction can be done.
    fn charge_after(&mut self, steps: u16, look: impl FnOnce(&mut Self)) {
        let cold = self.recharge(true, steps);
        look(self);
        x64!(self ; sub r12, i32::from(steps) ; jb =>cold);
    }

    /// Looks whether the frame that waits can be gone back to, charges, and drops what is not to stay behind.
    fn begin_return(&mut self, clear: u32, steps: u16) {
        let retry = self.leave(JitExit::Fallback);
        let sites = self.table.1 as i32;
        self.charge_after(steps, |emitter| {
            x64!(emitter
                ; mov rdx, [r15 + JitContext::TOP]
                ; cmp rdx, [r15 + JitContext::BOTTOM]
                ; je =>retry
                ; cmp DWORD [rdx + CALLER_SITE - CALLER], sites
            );
            if !planted!("jit-site") {
                x64!(emitter ; jae =>retry);
            }
        });
        let (close, closed) = self.out_of_line(move |emitter| {
            x64!(emitter ; mov rdi, r15);
            emitter.call(stubs::close_scopes as *const ());
            x64!(emitter ; mov rdx, [r15 + JitContext::TOP]);
        });
        x64!(self ; cmp rdx, [r15 + JitContext::SCOPED] ; je =>close ; =>closed);
        let code = self.code;
        for slot in code.clears[clear as usize].iter().copied() {
            if self.cache.tag(slot).is_scalar() {
                continue;
            }
            let (begin, end) = self.out_of_line(move |emitter| {
                let last = emitter.new_label();
                let done = emitter.new_label();
                x64!(emitter
                    ; mov rax, [rbx + payload(slot)]
                    ; cmp QWORD [rax], 1
                    ; je =>last
                    ; dec QWORD [rax]
                    ; mov QWORD [rbx + at(slot)], tag::EMPTY
                    ; jmp =>done
                    ; =>last
                    ; lea rdi, [rbx + at(slot)]
                );
                emitter.call(stubs::clear as *const ());
                x64!(emitter ; mov rdx, [r15 + JitContext::TOP] ; =>done);
            });
            x64!(self ; cmp QWORD [rbx + at(slot)], tag::LAST_SCALAR ; ja =>begin ; =>end);
        }
    }

    /// Goes back to the frame that waits, whose record is before rdx, with the value in rax and rdi. `tag` is its tag, if that is
    /// known, and 0 where nothing is known of it.
    fn end_return(&mut self, has_value: bool, known: Tag) {
        x64!(self
            ; sub rdx, CALLER
            ; mov [r15 + JitContext::TOP], rdx
            ; movzx r13, WORD [rdx + CALLER_SIZE]
            ; shl r13, VALUE_SHIFT
            ; sub rbx, r13
            ; mov ecx, [rdx + CALLER_SITE]
            ; mov r9, [r15 + JitContext::LIVE]
            ; sub QWORD [r9], costs::FRAME as i32
        );
        if has_value {
            self.cache.lose_registers();
            let write = self.new_label();
            let (begin, end) = self.out_of_line(move |emitter| {
                let last = emitter.new_label();
                x64!(emitter
                    ; mov r8, [rsi + PAYLOAD]
                    ; cmp QWORD [r8], 1
                    ; je =>last
                    ; dec QWORD [r8]
                    ; jmp =>write
                    ; =>last
                    // What is needed behind the call.
                    ; push rax
                    ; push rcx
                    ; mov rdx, rdi
                    ; mov rdi, rsi
                    ; mov rsi, rax
                );
                emitter.call(stubs::assign as *const ());
                x64!(emitter ; pop rcx ; pop rax);
            });
            x64!(self
                ; movzx esi, BYTE [rdx + CALLER_DST]
                ; shl esi, VALUE_SHIFT
                ; add rsi, rbx
                ; cmp QWORD [rsi], tag::LAST_SCALAR
                ; ja =>begin
                ; =>write
                ; mov [rsi], rax
                ; mov [rsi + PAYLOAD], rdi
                ; =>end
            );
        }
        // Four entries of eight bytes each.
        x64!(self ; mov r8, QWORD self.table.0 as i64 ; mov r9, rcx ; shl r9, 5 ; add r8, r9);
        match known {
            Tag::Is(tag) => {
                let way = if tag <= tag::LAST_SCALAR { tag } else { 0 };
                x64!(self ; jmp QWORD [r8 + 8 * way]);
            }
            Tag::Scalar => x64!(self ; jmp QWORD [r8 + 8 * rax]),
            Tag::Unknown => x64!(self
                ; xor r9d, r9d
                ; cmp rax, tag::LAST_SCALAR
                ; cmova rax, r9
                ; jmp QWORD [r8 + 8 * rax]
            ),
        }
        self.cache = Cache::EMPTY;
    }

    /// Leaves a function with what a register holds.
    pub(in crate::exec::jit::x64) fn return_value(&mut self, src: Slot, clear: u32, steps: u16) {
        self.begin_return(clear, steps);
        let known = self.cache.tag(src);
        x64!(self ; mov rdi, [rbx + payload(src)]);
        match known {
            Tag::Is(tag) => x64!(self ; mov eax, tag),
            Tag::Scalar | Tag::Unknown => x64!(self ; mov rax, [rbx + at(src)]),
        }
        if !known.is_scalar() {
            // It is taken out: what is left behind is a scalar.
            x64!(self ; mov QWORD [rbx + at(src)], tag::EMPTY);
        }
        self.end_return(true, known);
    }

    /// Leaves a function with a constant, or with nothing.
    pub(in crate::exec::jit::x64) fn return_constant(
        &mut self,
        constant: Option<u16>,
        clear: u32,
        steps: u16,
    ) {
        self.begin_return(clear, steps);
        let Some(constant) = constant else {
            return self.end_return(false, Tag::Is(tag::EMPTY));
        };
        let constant = &self.program.constants[usize::from(constant)];
        let known = self.load_constant(constant);
        x64!(self ; mov rdi, rcx);
        // As specialised code has it, which looks for a bool only.
        let way = if known == Tag::Is(tag::BOOL) { known } else { Tag::Is(tag::EMPTY) };
        self.end_return(true, way);
    }

    /// Puts a constant into rax and rcx, as one that is to stand somewhere else, too, and gives its tag.
    pub(in crate::exec::jit::x64) fn load_constant(&mut self, constant: &Value) -> Tag {
        let [tag, payload] = words(constant);
        x64!(self ; mov eax, tag as i32 ; mov rcx, QWORD payload as i64);
        if !constant.is_scalar() {
            x64!(self ; inc QWORD [rcx]);
        }
        Tag::Is(tag as i32)
    }
}
