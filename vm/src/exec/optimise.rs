//! The optimising tier: hot innermost loops of specialised code in static single assignment form.
//!
//! The JIT writes every result to the frame and reads it again. Here numbers stay in registers of the processor from one turn of a
//! loop to the next, and the frame is written where the loop is left. [`build`] makes a [`Loop`] of what specialised code says, and refuses
//! whatever it does not know; the passes ([`passes`]) make it smaller; [`allocate`] gives registers out. None of it knows the processor: the JIT
//! lowers what comes of it.
//!
//! A loop is entered from a back edge in machine code, where the frame holds everything and the turn is charged. It is left to an
//! instruction of specialised code, with the frame as that would have it: what is live there is stored, and steps that were charged and
//! not taken are given back.

mod allocate;
mod build;
mod ir;
mod passes;
mod shape;
#[cfg(any(test, debug_assertions))]
mod verify;

pub(crate) use allocate::{Allocation, Location, allocate};
pub(crate) use ir::{
    Arithmetic, Condition, Edge, End, ExitId, FloatArithmetic, Inst, Kind, Loop, Target, Value, Way,
};

use crate::exec::interpreter::Program;
use crate::exec::specialise::Code;
use crate::schedule;

/// The innermost loops of specialised code that can be optimised, with what `fit` gives for them. A loop that it gives nothing for is made in
/// another way, if there is one.
pub(crate) fn loops<T>(code: &Code, program: &Program, fit: impl Fn(&Loop) -> Option<T>) -> Vec<(Loop, T)> {
    // A state that is looked at has to have in every register what the program put there, and what is dead is not stored here. Who
    // forces exits knows what is dead.
    if without!("optimise") || !code.elides_copies && !schedule::may_stop() {
        return Vec::new();
    }
    let made = |shape: &shape::Shape<'_>| {
        let body = optimised(build::build(code, program, shape)?);
        let fitted = fit(&body)?;
        Some((body, fitted))
    };
    shape::innermost(code).iter().filter_map(|shapes| shapes.iter().find_map(made)).collect()
}

/// What the passes make of a loop.
fn optimised(mut body: Loop) -> Loop {
    for (name, pass) in passes::ALL {
        check(&body, "before", name);
        pass(&mut body);
        check(&body, "after", name);
    }
    body
}

/// In debug builds, a loop that is not well formed ends the process.
fn check(body: &Loop, when: &str, pass: &str) {
    #[cfg(debug_assertions)]
    if let Err(fault) = verify::verify(body) {
        debug_assert!(false, "{when} {pass}: {fault}\n{body:#?}");
    }
    #[cfg(not(debug_assertions))]
    let _ = (body, when, pass);
}
