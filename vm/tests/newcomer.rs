//! A newcomer follows the README and the tutorials to the letter, in an empty folder: runs programs, reads errors, and emits modules.
//! What needs the Python package is followed by `vm/tests/python/test_tutorial.py`, and what needs `mdvm-conform` by
//! `conformance/tests/newcomer.rs`.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "../../conformance/tests/support/follow.rs"]
mod follow;

use std::path::{Path, PathBuf};

use follow::{Instead, Newcomer};

const BUILT: &str = "cargo has built the command for this test";
const WHEEL: &str = "vm/tests/python/test_tutorial.py does, in an environment with the package";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn command() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mdvm")).parent().unwrap()
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// What a clone takes minutes to fetch and build.
fn cloned() -> Vec<(&'static str, Instead)> {
    vec![
        (
            "git clone https://github.com/machine-dialect/machine-dialect-vm",
            Instead::Type(format!("ln -sfn '{}' machine-dialect-vm", root().display())),
        ),
        ("cargo install --path machine-dialect-vm/vm", Instead::Nothing(BUILT)),
    ]
}

#[test]
fn the_readme() {
    let folder = tempfile::tempdir().unwrap();
    let instead = vec![
        (
            "cargo run --release -p machine-dialect-vm -- run conformance/",
            Instead::Type(format!("mdvm run {}/conformance/", root().display())),
        ),
        ("cargo test --workspace", Instead::Nothing("this is a part of it")),
        ("benches/compare", Instead::Nothing("it takes minutes, and benches/tests/compare.rs tries it")),
        ("cargo install --path vm", Instead::Nothing(BUILT)),
        ("pip install ./vm", Instead::Nothing(WHEEL)),
    ];
    let mut newcomer = Newcomer::new(folder.path(), vec![command()], instead);
    // The block in Rust is a test of the documentation, and that in Python one of the package.
    newcomer.follow("README.md", &page("README.md"), &["rust", "python"]);
    newcomer.leave(9);
}

#[test]
fn the_first_program() {
    let folder = tempfile::tempdir().unwrap();
    let mut newcomer = Newcomer::new(folder.path(), vec![command()], cloned());
    newcomer.follow("docs/first-program.md", &page("docs/first-program.md"), &[]);
    newcomer.leave(14);
}

#[test]
fn the_assembly() {
    let folder = tempfile::tempdir().unwrap();
    let mut newcomer = Newcomer::new(folder.path(), vec![command()], Vec::new());
    newcomer.follow("docs/assembly.md", &page("docs/assembly.md"), &[]);
    newcomer.leave(8);
}

#[test]
fn modules_by_hand_and_from_rust() {
    let folder = tempfile::tempdir().unwrap();
    let mut instead = cloned();
    // Built apart from what is tested here, and kept for the next time.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("newcomer");
    instead.extend([
        ("cargo add", Instead::Type("cargo add --offline".to_owned())),
        (
            "cargo run",
            Instead::Type(format!(
                "RUSTFLAGS='-D warnings' CARGO_TARGET_DIR='{}' cargo run --offline",
                target.display()
            )),
        ),
        ("python3 -m venv environment", Instead::Nothing(WHEEL)),
        ("source environment/bin/activate", Instead::Nothing(WHEEL)),
        ("pip install ", Instead::Nothing(WHEEL)),
        ("python ", Instead::Nothing(WHEEL)),
    ]);
    let mut newcomer = Newcomer::new(folder.path(), vec![command()], instead);
    newcomer.follow("docs/emit-mdbc.md", &page("docs/emit-mdbc.md"), &[]);
    newcomer.leave(12);
}
