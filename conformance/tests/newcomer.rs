//! A newcomer with a machine of their own follows `docs/your-own-vm.md` to the letter, in an empty folder.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "support/follow.rs"]
mod follow;

use std::path::Path;

use follow::{Instead, Newcomer};

#[test]
fn a_machine_of_sixty_lines_is_told_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    let command = Path::new(env!("CARGO_BIN_EXE_mdvm-conform")).parent().unwrap();
    let instead = vec![
        ("git clone", Instead::Type(format!("test -d '{}' #", env!("CARGO_MANIFEST_DIR")))),
        (
            "cargo install --path machine-dialect-vm/conformance",
            Instead::Nothing("cargo has built the command for this test"),
        ),
    ];
    let mut newcomer = Newcomer::new(folder.path(), vec![command], instead);
    newcomer.follow("docs/your-own-vm.md", include_str!("../../docs/your-own-vm.md"), &[]);
    let machine = std::fs::read_to_string(folder.path().join("my_vm.py")).unwrap();
    assert!(machine.lines().count() < 70, "some sixty lines, the page says");
    newcomer.leave(4);
}
