//! The Python package, proved in a clean environment by `vm/tests/python/prove.py`: its wheel is built, installed and tested there,
//! and runs the conformance suite as one more implementation. Needs Python with `venv`, and PyPI.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

#[test]
fn the_wheel_keeps_its_promises() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let python = std::env::var("MDVM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(&python)
        .arg(root.join("vm/tests/python/prove.py"))
        .args(["--conform", env!("CARGO_BIN_EXE_mdvm-conform")])
        // The wheel is built apart from what is being tested here, and stays built for the next time. With as little optimisation as tests have,
        // and none when it is linked, which takes one processor longer than all the tests; what is released is proved by the same program.
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("wheel"))
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .output()
        .unwrap_or_else(|error| {
            panic!("{python} cannot be started ({error}); install Python 3.10 or later, or name one: MDVM_PYTHON=python3.12")
        });
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{failed}");
}
