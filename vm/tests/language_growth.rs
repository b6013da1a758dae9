//! The front end's work grows with the text and no faster. Work is counted in bytes that are allocated, so the test has a process of
//! its own.
#![cfg(feature = "language")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::alloc::System;

use cap::Cap;
use machine_dialect_vm::language;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

#[test]
fn work_grows_with_the_text_and_no_faster() {
    let allocated = |page: &str| {
        let before = ALLOCATOR.total_allocated();
        let _ = language::compile(page, "page.md").map_err(|found| found.render(false));
        ALLOCATOR.total_allocated() - before
    };
    let kinds: [(&str, &dyn Fn(usize) -> String); 12] = [
        ("statements", &|count| "Say _1_ + _2_ * (_3_ - _4_).\n".repeat(count)),
        ("one line", &|count| format!("Say _1_{}.\n", " + _1_".repeat(count))),
        ("errors", &|count| "Say `tea` `tea`.\n\n".repeat(count)),
        ("undefined", &|count| "Say `tea`.\n".repeat(count)),
        ("names", &|count| {
            (0..count).fold(String::new(), |page, n| page + &format!("Define `v{n}` as Text.\n"))
        }),
        ("joins", &|count| {
            (0..count).fold(String::from("Define `v0` as Text.\n"), |page, n| {
                page + &format!("Define `v{}` as Text.\nSet `v{n}` to `v{}`.\n", n + 1, n + 1)
            }) + &format!("Set `v{count}` to _1_ if _Yes_, else `v0`.\n")
        }),
        ("marks", &|count| ">".repeat(count)),
        ("backticks", &|count| "`".repeat(count)),
        ("comments", &|count| "<!-- -->".repeat(count)),
        ("quotes", &|count| "Say \"\\\"".to_owned() + &"'\"".repeat(count)),
        ("prose", &|count| "The `tea` is _\"good\"_.\n\n".repeat(count)),
        ("elses", &|count| "Else:\n> Say _1_.\n".repeat(count)),
    ];
    for (name, page) in kinds {
        let (small, large) = (page(1000), page(10_000));
        allocated(&small);
        let (small, large) = (allocated(&small).max(1), allocated(&large));
        // Vectors double, so now and then ten times the text takes twenty times the bytes; quadratic work takes a hundred times.
        assert!(large < 25 * small + 100_000, "{name}: {small} bytes for 1000, {large} for 10000");
    }
}
