//! Programs out of bytes: valid by construction, and mostly of a kind that does real work.
//!
//! Every function gives each type a few registers of its own and keeps to them, so that what an instruction reads is
//! mostly of a type that its rules in `spec/isa.yaml` take. Which opcode takes what is read from there: a new opcode takes
//! part without a change here. On top of that come idioms, pieces of control flow and of work on containers that no
//! single opcode makes: counted loops, branches, joins with phis, calls, recursion, indexed access. A small part of the
//! choices is wild on purpose: any register, any target, a patched byte.
//!
//! The same bytes give the same program. Where they run out, the program is brought to its end.

mod body;
pub(crate) mod choose;
mod rules;
mod setup;
mod shape;

use arbitrary::{Arbitrary, Unstructured};
use machine_dialect_vm::{Constant, TypeId};

use self::body::Body;
use self::choose::{choose, given_type, one_in, pick, usual_type};
pub use self::shape::Size;
use self::shape::{ENTRY_MARK, Signature};
use crate::fuzz::program::Program;

/// A program of thousands of steps.
#[derive(Debug, Clone)]
pub struct LongProgram(pub Program);

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(program(u, Size::Small))
    }
}

impl<'a> Arbitrary<'a> for LongProgram {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(program(u, Size::Long)))
    }
}

/// How many bytes of choices a program uses at most, or nearly.
const MOST_BYTES: usize = 900;

/// The program number `index` of the sequence that begins with `seed`. Each program is made from those two numbers alone.
#[must_use]
pub fn numbered(seed: u64, index: u64, size: Size) -> Program {
    program(&mut Unstructured::new(&choices(seed, index)), size)
}

/// The bytes that [`numbered`] makes a program from.
#[must_use]
pub fn choices(seed: u64, index: u64) -> Vec<u8> {
    let mut random =
        fastrand::Rng::with_seed(seed.rotate_left(32) ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let length = random.usize(MOST_BYTES / 8..MOST_BYTES);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

/// The program that the bytes choose.
pub fn program(u: &mut Unstructured<'_>, size: Size) -> Program {
    let functions = match size {
        Size::Small | Size::Long => 1 + usize::from(one_in(u, 2)) + usize::from(one_in(u, 4)),
        Size::Special => 2 + choose(u, 3),
    };
    let mut signatures =
        vec![Signature { name: "main".to_owned(), takes: Vec::new(), gives: TypeId::Int, depth: 0 }];
    for number in 1..functions {
        let takes = (0..choose(u, 4)).map(|_| usual_type(u)).collect();
        let gives = match size {
            Size::Small | Size::Long => usual_type(u),
            Size::Special => given_type(u),
        };
        signatures.push(Signature { name: format!("f{number}"), takes, gives, depth: 0 });
    }
    if one_in(u, 6) {
        let takes = vec![TypeId::Int, usual_type(u)];
        let depth = pick(u, &[3, 10, 30]).copied().unwrap_or(3);
        signatures.push(Signature { name: "again".to_owned(), takes, gives: TypeId::Int, depth });
    }
    let mut program = Program { name: "fuzz".to_owned(), ..Program::default() };
    let begins_elsewhere = one_in(u, 12);
    let may_use_tags = size == Size::Small || one_in(u, 8);
    for (index, signature) in signatures.iter().enumerate() {
        let entry = program.code.len();
        if index > 0 || !begins_elsewhere {
            program.functions.push((signature.name.clone(), entry));
        }
        let mut body = Body::new(u, size, &signatures, index, entry, may_use_tags);
        body.write();
        program.code.extend(body.lines);
    }
    let end = program.code.len();
    for line in &mut program.code {
        line.places_mut().for_each(|place| *place = (*place).min(end));
    }
    point_calls_by_number(&mut program);
    setup::limits(u, size, &mut program);
    setup::globals(u, &mut program);
    if one_in(u, 10) {
        setup::patches(u, &mut program);
    }
    program
}

/// Ints that stand for functions become their entries.
fn point_calls_by_number(program: &mut Program) {
    let entries: Vec<usize> = program.functions.iter().map(|(_, entry)| *entry).collect();
    for line in &mut program.code {
        for constant in line.constants_mut() {
            if let Constant::Int(number) = constant
                && (*number & !0xff) == ENTRY_MARK
            {
                let place = usize::try_from(*number & 0xff).unwrap_or(0);
                *number = entries.get(place).and_then(|entry| i64::try_from(*entry).ok()).unwrap_or(-1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_can_be_written_down_and_loads() {
        for size in [Size::Small, Size::Long, Size::Special] {
            for index in 0..2_000 {
                let program = numbered(1, index, size);
                let module = program.module().unwrap_or_else(|| panic!("program {index} does not load"));
                assert_eq!(Program::of_module(&module).code, program.code);
                assert_eq!(numbered(1, index, size), program);
            }
        }
    }

    #[test]
    fn bytes_that_run_out_end_the_program() {
        for length in 0..40 {
            let bytes: Vec<u8> = (0..length).map(|byte: u8| byte.wrapping_mul(37)).collect();
            assert!(program(&mut Unstructured::new(&bytes), Size::Small).module().is_some());
        }
    }
}
