//! Mutants: bugs that tests make, to see whether fuzzing finds them. Only the cargo feature `planted` compiles them in; the environment
//! variable `MDVM_PLANTED` then names the one that a process has. Without the feature this is a table and nothing else.

/// Every bug: its name, and what goes wrong.
pub const BUGS: &[(&str, &str)] = &[
    ("decode-opcode", "an opcode that is none loads as `nop`"),
    ("sub-wraps", "an int difference that does not fit wraps around"),
    ("mod-sign", "a remainder has the sign of the divisor"),
    ("compare-truncates", "an int is compared with what is left of a float without its fraction"),
    ("dict-order", "removing a key moves the last entry to its place"),
    ("copied-array", "appending to an array that is shared loses the value"),
    ("call-third-argument", "the third argument of a call stands in two registers"),
    ("phi-order", "phis of a run see what those before them wrote"),
    ("global-empty", "storing empty in a global takes the global away"),
    ("fused-branch", "specialised code takes `<=` a constant for `<`"),
    (
        "specialised-call-clear",
        "a call in specialised code leaves in a register what an earlier call had there",
    ),
    ("specialised-fuel", "a jump in specialised code charges a step too few"),
    (
        "refill-part",
        "the last few steps of a limit are handed out to machine code that is told to stop, and are lost",
    ),
    ("jit-overflow", "machine code takes an int product that does not fit for one that does"),
    (
        "stub-keeps-registers",
        "machine code goes on with numbers in registers that a runtime stub has changed",
    ),
    ("flush-forgets", "frames that wait while specialised code is dropped lose their deferred stores"),
    ("flush-leads-on", "frames that wait while specialised code is dropped come back to where it was"),
    ("family-first", "a call of many callees leads to the first of them"),
    ("swap-order", "registers that change places in phis are read after they were written"),
    ("minus-one", "machine code takes the least int divided by -1 for what fits"),
    ("scopes-stay", "a return in machine code leaves the scopes of its frame open"),
    ("jit-bound", "machine code reads an element without comparing the index with the length"),
    ("jit-midst", "a jump in machine code leads into the midst of an instruction"),
    ("jit-kept", "machine code gives registers of the host back in each other's place"),
    ("jit-stack", "machine code takes a word too few from the stack before it returns"),
    ("jit-slot", "machine code writes an int behind the registers of the frame"),
    ("jit-context", "machine code writes behind the context"),
    ("jit-tag", "machine code takes whatever a register holds for an array"),
    ("jit-call", "machine code calls the second byte of a runtime stub"),
    ("jit-capacity", "machine code appends to an array that has no room"),
    ("jit-shared", "machine code writes to an array that others hold, too"),
    ("jit-room", "machine code writes the record of a frame where there is no room for one"),
    ("jit-site", "machine code comes back by a call number that was not looked at"),
    ("jit-torn", "machine code writes a bool without its tag"),
    ("jit-writes-code", "machine code writes behind its instructions"),
    ("optimise-counter", "an optimised loop does not look whether its counter overflows"),
    ("optimise-refund", "an optimised loop that is left keeps the steps that it charged ahead"),
    ("optimise-store", "an optimised loop that is left forgets to store a register"),
    ("optimise-bound", "an optimised loop reads an element without comparing the index with the length"),
    ("optimise-shared", "an optimised loop writes to an array that others hold, too"),
    ("optimise-holders", "an optimised loop writes to an element of an array that others hold, too"),
    ("optimise-remainder", "an optimised loop takes a remainder that is zero for one that is not"),
    ("optimise-circle", "an optimised loop forgets one of the values that change places"),
    ("phantom-costs-nothing", "what stands for a copy that was elided is not counted"),
    ("takes-what-is-live", "an array is taken from a register of a frame that waits and will read it"),
    ("exit-forgets-a-store", "the exit of an int addition forgets deferred stores of registers"),
    ("exit-forgets-a-constant", "the exit of a remainder by a constant forgets deferred stores of constants"),
    ("exit-charges-nothing", "the exit of a remainder by a constant charges no step that was taken before"),
    (
        "exit-goes-on-before",
        "the exit of a quotient with a float in it goes on with the instruction before it",
    ),
    ("exit-forgets-where-from", "the exit of a guard before phis tells another instruction that ran before"),
    (
        "exit-charges-too-little",
        "the exit of a comparison of strings or a quotient of a constant charges a step too few",
    ),
    (
        "exit-charges-twice",
        "the exit of adding or multiplying an int and a float charges the steps before it twice",
    ),
    (
        "exit-goes-on-behind",
        "the exit of writing to a dict or joining strings goes on behind the instruction",
    ),
    (
        "exit-reads-a-dead-register",
        "the exit of an addition of a constant stores what the register beside holds",
    ),
    ("exit-stores-in-the-wrong-order", "the exit of a call exchanges two stores"),
    (
        "exit-of-loop-forgets-a-store",
        "an instruction that leaves an optimised loop forgets to store a register",
    ),
    (
        "exit-of-loop-loses-a-tag",
        "an instruction that leaves an optimised loop stores a bool with the tag of an int",
    ),
    (
        "exit-of-loop-charges-too-little",
        "an instruction that leaves an optimised loop gives back a step that was taken",
    ),
    ("exit-of-stub-forgets-a-store", "a stub whose code is not made forgets deferred stores"),
    ("exit-of-stub-charges-too-little", "a stub whose code is not made charges a step too few"),
    (
        "exit-of-call-forgets-a-store",
        "a frame that waits at a call in specialised code forgets deferred stores when it goes on elsewhere",
    ),
    ("long-phis", "a long run of phis in specialised code is charged a step too few"),
];

/// Whether a bug is one of exits, which only those see that force them.
#[must_use]
pub fn is_of_exits(name: &str) -> bool {
    name.starts_with("exit-")
}

/// That there is a bug of that name. Fails to compile for a name that is none.
#[expect(clippy::panic, reason = "it is evaluated by the compiler only")]
pub(crate) const fn known(name: &str) {
    let mut number = 0;
    while number < BUGS.len() {
        if crate::ablation::is_same(BUGS[number].0, name) {
            return;
        }
        number += 1;
    }
    panic!("there is no mutant of that name")
}

/// Whether this process has the bug of that name.
#[cfg(feature = "planted")]
pub(crate) fn is(name: &str) -> bool {
    static PLANTED: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let planted = PLANTED.get_or_init(|| {
        let named = std::env::var("MDVM_PLANTED").ok()?;
        if BUGS.iter().any(|(name, _)| *name == named) {
            return Some(named);
        }
        eprintln!("error: MDVM_PLANTED names {named:?}, and there is no such bug");
        std::process::exit(2);
    });
    planted.as_deref() == Some(name)
}
