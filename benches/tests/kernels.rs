//! Every kernel gives its answer, at a size that takes no time: on the machine, and in Python.

#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::process::Command;

use machine_dialect_vm::{Run, Vm};
use mdvm_benches::{Kernel, same_answer};

fn run(kernel: &Kernel, n: u64) -> String {
    let mut printed = String::new();
    Vm::new(kernel.module(n).unwrap()).run(Run::new(&mut printed)).unwrap();
    printed.trim_end().to_owned()
}

#[test]
fn kernels_give_their_answers() {
    for kernel in Kernel::all().unwrap() {
        assert_eq!(run(&kernel, kernel.small.n), kernel.small.answer, "{}", kernel.name);
    }
}

#[test]
fn the_size_counts() {
    for kernel in Kernel::all().unwrap() {
        assert_ne!(run(&kernel, 2 * kernel.small.n), kernel.small.answer, "{}", kernel.name);
    }
}

fn python() -> Command {
    Command::new(std::env::var_os("MDVM_PYTHON").unwrap_or_else(|| "python3".into()))
}

#[test]
fn twins_in_python_give_the_same() {
    for kernel in Kernel::all().unwrap() {
        let twin = kernel.twin("py", None);
        let output = python().arg(&twin).arg(kernel.small.n.to_string()).output();
        let output =
            output.expect("this test needs Python 3.10 or newer; MDVM_PYTHON names it, if it is not python3");
        assert!(output.status.success(), "{}: {}", twin.display(), String::from_utf8_lossy(&output.stderr));
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(same_answer(answer.trim_end(), &kernel.small.answer), "{}: {answer}", twin.display());
    }
}

#[test]
fn twins_in_lua_are_there() {
    for kernel in Kernel::all().unwrap() {
        assert!(kernel.twin("lua", None).is_file(), "{}", kernel.twin("lua", None).display());
    }
}

#[test]
fn assembly_is_what_its_writer_writes() {
    let writer = mdvm_benches::folder().join("kernels/lower.py");
    let output = python().arg(&writer).arg("--check").output();
    let output =
        output.expect("this test needs Python 3.10 or newer; MDVM_PYTHON names it, if it is not python3");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}
