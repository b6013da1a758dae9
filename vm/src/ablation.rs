//! What the faster tiers do to be fast, by name, to see what each of it buys. `vm/PERFORMANCE.md` tells what was seen.
//!
//! Only the cargo feature `ablation` compiles the switches in; the environment variable `MDVM_WITHOUT` then names, with
//! commas between, what a process does without. Without the feature this is a table and nothing else. A switch changes how
//! much is executed, and no outcome.

/// Every technique that can be switched off: its name, and what is not done then.
pub const TECHNIQUES: &[(&str, &str)] = &[
    ("specialised-code", "specialise code at all, as with `--tier=interpreter`"),
    ("jit", "compile specialised code to machine code, as with `--tier=specialised`"),
    ("optimise", "keep the numbers of innermost loops in registers of the processor from turn to turn"),
    ("superinstructions", "execute two specialised instructions as one"),
    ("back-edges", "execute the back edge of a loop, its test and its counter as one"),
    ("branches", "compare and branch in one"),
    ("constants", "make constants part of the instructions that use them"),
    ("deferred-stores", "defer writes that may never be read, all but those of constants"),
    ("in-place", "compute what is moved next where it is moved to"),
    ("type-feedback", "speculate on the types of the values that are there"),
    ("guarded-reads", "look at the type of an element while it is read, instead of after it"),
    (
        "versions",
        "know types of numbers where paths meet, and have a version of the block for each set of them",
    ),
    ("powers-of-two", "divide ints by a power of two without a division"),
    ("calls", "call in specialised code"),
    ("typed-returns", "come back from a call behind the guard of its result"),
    ("back-off", "leave it to the interpreter where few steps are taken each time in specialised code"),
    ("copy-elision", "spare a write the copy of a container whose other holder is dead"),
    ("inline-caches", "look for a key first where it was found before"),
    ("rewriting", "write a string over one that nothing else holds, where that stands"),
];

/// The number of a technique. Fails to compile for a name that is none.
#[expect(clippy::panic, reason = "it is evaluated by the compiler only")]
pub(crate) const fn number_of(name: &str) -> usize {
    let mut number = 0;
    while number < TECHNIQUES.len() {
        if is_same(TECHNIQUES[number].0, name) {
            return number;
        }
        number += 1;
    }
    panic!("there is no technique of that name")
}

/// `==` of strings is nothing that the compiler can evaluate.
pub(crate) const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut place = 0;
    while place < a.len() && place < b.len() && a[place] == b[place] {
        place += 1;
    }
    place == a.len() && place == b.len()
}

/// Whether this process does without a technique.
#[cfg(feature = "ablation")]
#[inline]
pub(crate) fn is_off(number: usize) -> bool {
    #[cfg(feature = "schedule")]
    if OFF_FOR_NOW.get() >> number & 1 != 0 {
        return true;
    }
    static OFF: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    OFF.get_or_init(|| {
        named().unwrap_or_else(|message| {
            eprintln!("error: MDVM_WITHOUT {message}");
            std::process::exit(2)
        })
    }) >> number
        & 1
        != 0
}

#[cfg(feature = "schedule")]
thread_local! {
    /// The techniques that a schedule has the thread do without for now, a bit for each.
    static OFF_FOR_NOW: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Has the thread do without other techniques, a bit for each; never without all code that is specialised, or compiled.
#[cfg(feature = "schedule")]
pub(crate) fn switch_off(techniques: u64) {
    let kept = 1 << const { number_of("specialised-code") } | 1 << const { number_of("jit") };
    OFF_FOR_NOW.set(techniques & !kept);
}

/// The techniques that the environment names, a bit for each.
#[cfg(feature = "ablation")]
fn named() -> Result<u64, String> {
    let Some(names) = std::env::var_os("MDVM_WITHOUT") else { return Ok(0) };
    names.to_string_lossy().split(',').filter(|name| !name.is_empty()).try_fold(0, |off, name| {
        match TECHNIQUES.iter().position(|(known, _)| *known == name) {
            Some(number) => Ok(off | 1 << number),
            None => {
                let known: Vec<&str> = TECHNIQUES.iter().map(|(name, _)| *name).collect();
                Err(format!("names {name:?}, and there is no such technique; there are {}", known.join(", ")))
            }
        }
    })
}

const _: () = assert!(TECHNIQUES.len() <= 64, "a bit for each");
