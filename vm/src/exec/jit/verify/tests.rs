//! Buffers written by hand, a few bytes each. That whole buffers pass, and mutants of the emitter do not, other tests show.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Bound, Fact, Held, Number, Origin, Place, Value, Vector, id};
use super::state::State;
use super::{Subject, verify};
use crate::exec::jit::layout::{Layout, tag};

/// A buffer on its own: nothing leads into it but the call of the host.
fn subject(bytes: &[u8]) -> Subject<'_> {
    Subject {
        bytes,
        start: 0,
        entries: BTreeMap::new(),
        table: BTreeSet::new(),
        table_address: 0,
        sites: 0,
        needs: BTreeMap::new(),
        writes: Vec::new(),
        functions: 0,
        globals: 0,
        objects: BTreeMap::new(),
        constants: BTreeSet::new(),
        stubs: super::calls::stubs(),
        layout: *Layout::get().unwrap(),
    }
}

#[test]
fn what_goes_back_as_it_came_may_run() {
    for bytes in [
        &[0xc3][..],                                             // ret
        &[0x53, 0x5b, 0xc3],                                     // push rbx; pop rbx; ret
        &[0x48, 0x83, 0xec, 0x08, 0x48, 0x83, 0xc4, 0x08, 0xc3], // sub rsp, 8; add rsp, 8; ret
        &[0xeb, 0x01, 0xcc, 0xc3],                               // jmp over a byte that is no code; ret
    ] {
        assert!(verify(&subject(bytes)).is_ok(), "{bytes:02x?}: {:?}", verify(&subject(bytes)));
    }
}

#[test]
fn what_breaks_a_promise_is_refused_with_what_it_does() {
    for (bytes, why) in [
        (&[0x0f, 0x05, 0xc3][..], "no instruction of this form is listed"), // syscall
        (&[0xf0, 0x48, 0xff, 0x07, 0xc3], "no instruction of this form is listed"), // lock inc [rdi]
        (&[0x0f, 0x0b], "no instruction of this form is listed"),           // ud2
        (&[0xeb, 0xff, 0xc3], "the midst of the instruction at +0x0"),      // jmp into itself
        (&[0x06, 0xc3], "is no instruction"),
        (&[0xeb, 0x7f], "jumps out of the buffer"),
        (&[0x90], "no instruction of this form is listed"), // nop, and then nothing
        (&[0x53, 0xc3], "with 1 words on the stack"),       // push rbx; ret
        (&[0x58, 0xc3], "what the host left there"),        // pop rax; ret
        (&[0x48, 0x89, 0xc3, 0xc3], "which is the host's"), // mov rbx, rax; ret
        (&[0x48, 0x89, 0xc4, 0xc3], "writes the stack pointer"), // mov rsp, rax
        (&[0x48, 0x8b, 0x00, 0xc3], "has an address"),      // mov rax, [rax]
        (&[0x48, 0x89, 0x47, 0x78, 0xc3], "to the JIT context, at 120"), // mov [rdi + 120], rax
        (&[0x48, 0x89, 0x05, 0xf9, 0xff, 0xff, 0xff, 0xc3], "where code is"), // mov [rip - 7], rax
        (&[0x41, 0x57, 0xff, 0xd0, 0xc3], "calls an address that is not known"), // push r15; call rax
        (&[0xff, 0xe0], "no target of the host"),           // jmp rax
        (&[0xff, 0xe6], "before the registers of the host were saved"), // jmp rsi
    ] {
        let refusal = verify(&subject(bytes)).unwrap_err();
        assert!(refusal.to_string().contains(why), "{bytes:02x?}: {refusal}");
    }
}

/// Each path has its own name for what a place holds. A vector of it is one of what the place holds behind them, too, and of nothing else.
#[test]
fn where_paths_meet_a_vector_is_of_what_a_place_holds() {
    const MEET: u32 = 7;
    let (place, none) = (Place::Slot(10), BTreeMap::new());
    let value = |at| Value { id: id(at, 0), origin: Origin::Slot };
    let state = |holds, of| {
        let mut state = State::entry(0, Vec::new());
        state.places.insert(place, Held::of(value(holds)));
        state.registers[9] = Fact::Vector(Vector::Words, value(of));
        state
    };
    let mut joined = state(1, 1);
    joined.join(&state(2, 2), MEET, &none).unwrap();
    let both = Fact::Vector(Vector::Words, joined.held(place).value().unwrap());
    assert_eq!(joined.registers[9], both);
    // A path that comes back has what it began with.
    joined.join(&joined.clone(), MEET, &none).unwrap();
    assert_eq!(joined.registers[9], both);
    // Of another array than that in the place, nothing is known.
    let mut joined = state(1, 1);
    joined.join(&state(2, 3), MEET, &none).unwrap();
    assert!(matches!(joined.registers[9], Fact::Number(_)));
}

/// What was not read yet has a name of the frame, which paths may have from different blocks. It is the same thing behind them, with its type.
#[test]
fn where_paths_meet_what_was_not_read_yet_is_what_the_slot_holds() {
    const MEET: u32 = 7;
    let (place, none) = (Place::Slot(10), BTreeMap::new());
    let state = |block| {
        let mut state = State::entry(block, Vec::new());
        let value = state.unread(place);
        state.narrow(Number::Tag(value), tag::ARRAY as u64, tag::ARRAY as u64);
        state.registers[9] = Fact::Vector(Vector::Values, value);
        state
    };
    let mut joined = state(1);
    joined.join(&state(2), MEET, &none).unwrap();
    let both = joined.held(place).value().unwrap();
    assert_eq!(joined.registers[9], Fact::Vector(Vector::Values, both));
    assert!(joined.is_of(both, tag::ARRAY));
}

/// An index that was compared on both paths was compared, whatever it is called; one that was compared on one path was not.
#[test]
fn where_paths_meet_an_index_was_compared_if_it_was_on_both() {
    const MEET: u32 = 7;
    let array = Value { id: id(1, 0), origin: Origin::Slot };
    let state = |index, is_compared: bool| {
        let mut state = State::entry(0, Vec::new());
        let index = Number::Of(id(index, 0));
        state.registers[6] = Fact::Number(index);
        if is_compared {
            state.bounds.insert((index, Vector::Codes, array, Bound::BelowLength), ());
        }
        state
    };
    for (is_compared, wanted) in [(true, 1), (false, 0)] {
        let mut joined = state(2, true);
        joined.join(&state(3, is_compared), MEET, &BTreeMap::new()).unwrap();
        let Fact::Number(index) = joined.registers[6] else { panic!("no number") };
        let of_index = joined.bounds.keys().filter(|(number, ..)| *number == index);
        assert_eq!(of_index.count(), wanted);
    }
}

/// What a name of a block means is what stands in its place when the block begins. A path that has put something else there, and what had the name
/// elsewhere, comes back with nothing that has it.
#[test]
fn a_path_that_moved_a_value_comes_back_without_its_name() {
    const MEET: u32 = 7;
    let (place, other, none) = (Place::Slot(1), Place::Slot(2), BTreeMap::new());
    let state = |at| {
        let mut state = State::entry(0, Vec::new());
        state.places.insert(place, Held::of(Value { id: id(at, 0), origin: Origin::Slot }));
        state
    };
    let mut joined = state(1);
    joined.join(&state(2), MEET, &none).unwrap();
    let named = joined.held(place).value().unwrap();
    let mut back = joined.clone();
    back.counted.insert(named, ());
    back.bounds.insert((Number::Constant(0), Vector::Codes, named, Bound::BelowLength), ());
    back.registers[9] = Fact::Vector(Vector::Codes, named);
    // While it is in its place, all that is so.
    let kept = back.arriving(MEET, &none);
    assert_eq!((kept.counted.len(), kept.bounds.len()), (1, 1));
    assert_eq!(kept.registers[9], back.registers[9]);
    // Moved, it is a value that is whole and has another name.
    back.places.insert(other, Held::of(named));
    back.places.insert(place, Held::of(Value { id: id(3, 0), origin: Origin::Slot }));
    let arrived = back.arriving(MEET, &none);
    assert!(arrived.counted.is_empty() && arrived.bounds.is_empty());
    assert!(matches!(arrived.registers[9], Fact::Number(_)));
    let moved = arrived.held(other).value().unwrap();
    assert_ne!(moved, named);
}
