//! The verifier of machine code: a second opinion on every buffer, before it runs.
//!
//! A decoder of its own reads the bytes that the emitter made, and an abstract interpretation over their basic blocks proves what
//! `../jit.rs` promises. It knows the JIT context, how values look in memory and what the runtime stubs take; of the emitter it knows
//! nothing. What it proves of each instruction that control can reach:
//!
//! - it is of a listed form ([`forms`]), begins where no other goes on, and control leaves it for the beginning of another, for a
//!   listed stub ([`calls`]), or through the table of the code to come back to;
//! - it reads and writes memory only in fields of the JIT context, in registers of the frame or of the one that is being made, in
//!   globals, in records of frames that wait, in counts of references of values whose tag was checked, and in elements of arrays
//!   whose tag was checked and whose length was compared with the index, on all paths; it writes no code;
//! - an element is written, and a length changed, only where the count of references was compared;
//! - wherever control goes to another block, a stub, or back to the host, each value that was written is whole: its tag and its payload
//!   come from one value, or the payload is any number that the tag admits;
//! - the stack is balanced, calls find it aligned, and the host gets its registers back.
//!
//! What it takes for granted, and why:
//!
//! - *The types that specialised code knows*: those of the type context of a version where its block begins, and those that an instruction
//!   needs of its operands. The verifier of specialised code proved them, over paths that are not all in one buffer; here control may not
//!   come from within the buffer with what contradicts them. No such type says that a value has an object behind it.
//! - *A frame has room for 256 registers*, those of the function and more. The host sees to that for the first, and the comparison with
//!   `last_frame`, or the stub that grows the stack, is asked for before another begins.
//! - *Counts of references are right*: that a copy is counted and a value that is overwritten let go of is not proved here. Nor is
//!   what is computed, or which exit is taken: that is for the suite and for campaigns.
//! - *The code of an element is one of five bytes, and tag and payload of values in memory agree*, as the rest of the machine keeps it.

mod blocks;
mod call;
mod calls;
mod compute;
mod facts;
mod forms;
mod join;
mod learn;
mod memory;
mod prover;
mod reachable;
mod state;
mod subject;
#[cfg(test)]
mod tests;
mod transfer;
mod walk;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

pub(crate) use subject::Subject;

/// Why machine code may not run.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The instruction, in bytes from the beginning of the buffer.
    pub(crate) at: u32,
    /// Its bytes, and its form as the decoder names it.
    pub(crate) instruction: String,
    pub(crate) why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "machine code at +{:#x}, {}: {}", self.at, self.instruction, self.why)
    }
}

/// What was proved in this process so far.
#[derive(Debug, Default, Clone)]
pub struct Proved {
    /// How many buffers may run.
    pub buffers: u64,
    /// How many instructions there are in those that control can reach.
    pub instructions: u64,
    /// How many bytes there are in all.
    pub bytes: u64,
    /// How many microseconds the proofs took.
    pub micros: u64,
    /// The forms of instructions, as the decoder names them.
    pub forms: BTreeSet<String>,
}

static PROVED: Mutex<Proved> =
    Mutex::new(Proved { buffers: 0, instructions: 0, bytes: 0, micros: 0, forms: BTreeSet::new() });

/// What was proved in this process so far.
#[must_use]
pub fn proved() -> Proved {
    PROVED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Proves that machine code may run.
///
/// # Errors
/// The first instruction for which there is no proof.
pub(crate) fn verify(subject: &Subject<'_>) -> Result<(), Refusal> {
    let began = std::time::Instant::now();
    let walk = walk::Walk::of(subject)?;
    blocks::prove(subject, &walk)?;
    let mut proved = PROVED.lock().unwrap_or_else(PoisonError::into_inner);
    proved.buffers += 1;
    proved.instructions += walk.instructions.len() as u64;
    proved.micros += began.elapsed().as_micros() as u64;
    proved.bytes += subject.bytes.len() as u64;
    proved.forms.extend(walk.instructions.values().map(|instruction| format!("{:?}", instruction.code())));
    Ok(())
}
