//! The listing of runtime stubs: what each takes, gives, and does to what machine code works on. A new stub is a line here.

use std::collections::BTreeMap;

use crate::exec::jit::stubs;

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    Context,
    /// Where the frame begins, and how much it takes.
    Frame,
    Size,
    /// A number of whatever value.
    Number,
    /// The number of an instruction of specialised code.
    Instruction,
    /// Where a value is that is read: in the frame, in a global, in the pool.
    Read,
    /// The same in the frame or in a global, and it may be written.
    Write,
    /// The tag and the payload of a value, one behind the other.
    Tag,
    Payload,
}

/// What a stub gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Nothing,
    Number,
    /// 0 or 1.
    Bool,
    /// The same, and where it is 1, what was written is a string.
    BoolOfString,
    /// Where the frame begins now, behind which there is room for another.
    Frame,
    /// It does not come back.
    Never,
}

/// What a stub does to the frame, besides to the places it is given to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// Nothing, and nothing to the heap but to what only such a place held.
    Memory,
    /// What the instruction does that it is given.
    Instruction,
}

/// All of that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) arguments: &'static [Argument],
    pub(super) gives: Gives,
    pub(super) effect: Effect,
}

/// The stubs by their addresses.
pub(super) fn stubs() -> BTreeMap<u64, Signature> {
    use Argument as A;
    let stub = |function: *const (), name, arguments: &'static [A], gives, effect| {
        (function as u64, Signature { name, arguments, gives, effect })
    };
    let none = Effect::None;
    BTreeMap::from([
        stub(stubs::refill as *const (), "refill", &[A::Context, A::Number], Gives::Number, none),
        stub(
            stubs::step as *const (),
            "step",
            &[A::Context, A::Instruction, A::Frame, A::Size, A::Number],
            Gives::Number,
            Effect::Instruction,
        ),
        stub(
            stubs::plain as *const (),
            "plain",
            &[A::Context, A::Instruction, A::Frame, A::Size],
            Gives::Number,
            Effect::Instruction,
        ),
        stub(
            stubs::join as *const (),
            "join",
            &[A::Context, A::Read, A::Read, A::Write],
            Gives::BoolOfString,
            none,
        ),
        stub(
            stubs::int_text as *const (),
            "int_text",
            &[A::Context, A::Number, A::Write],
            Gives::BoolOfString,
            none,
        ),
        stub(
            stubs::set_element as *const (),
            "set_element",
            &[A::Context, A::Instruction, A::Frame, A::Number, A::Size],
            Gives::Bool,
            Effect::Instruction,
        ),
        stub(
            stubs::set_scalar as *const (),
            "set_scalar",
            &[A::Context, A::Instruction, A::Frame, A::Number, A::Size],
            Gives::Number,
            Effect::Instruction,
        ),
        stub(stubs::callee as *const (), "callee", &[A::Context, A::Read], Gives::Number, none),
        stub(
            stubs::take_element as *const (),
            "take_element",
            &[A::Context, A::Write, A::Read, A::Read],
            Gives::Nothing,
            none,
        ),
        stub(stubs::close_scopes as *const (), "close_scopes", &[A::Context], Gives::Nothing, none),
        stub(stubs::grow as *const (), "grow", &[A::Context, A::Frame, A::Size], Gives::Frame, none),
        stub(stubs::assign as *const (), "assign", &[A::Write, A::Tag, A::Payload], Gives::Nothing, none),
        stub(stubs::clear as *const (), "clear", &[A::Write], Gives::Nothing, none),
        stub(stubs::holds as *const (), "holds", &[A::Read], Gives::Bool, none),
        stub(stubs::is_same as *const (), "is_same", &[A::Read, A::Read], Gives::Bool, none),
        stub(stubs::dict_get as *const (), "dict_get", &[A::Read, A::Read, A::Write], Gives::Bool, none),
        stub(
            stubs::dict_set as *const (),
            "dict_set",
            &[A::Context, A::Write, A::Read, A::Read],
            Gives::Number,
            none,
        ),
        stub(stubs::retire as *const (), "retire", &[A::Write], Gives::Bool, Effect::Memory),
        stub(
            stubs::leave_phantoms as *const (),
            "leave_phantoms",
            &[A::Write, A::Write, A::Number, A::Number],
            Gives::Nothing,
            none,
        ),
        #[cfg(debug_assertions)]
        stub(stubs::relied_in_vain as *const (), "relied_in_vain", &[A::Number], Gives::Never, none),
    ])
}
