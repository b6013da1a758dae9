//! `cargo xtask`: the one front of this workspace.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};

/// Checks, generates, tests, measures and releases this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Look for stale generated files, format, lints and documentation
    Check,
    /// Write the generated files that are checked in
    Generate,
    /// Check that all compiles where this computer cannot run it; needs rustup
    Targets,
    /// Run the tests that take little time; all of them with --all
    Test {
        /// Run every test
        #[arg(long)]
        all: bool,
        /// What goes to `cargo test` besides
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// Measure the machine beside other interpreters
    Bench {
        /// What goes to `benches/compare`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Do all of a release up to the upload
    Release {
        /// Only pack the crates and look at what is in them
        #[arg(long)]
        pack_only: bool,
    },
}

/// Tests that the fast lane leaves out, and why.
const SLOW: &[(&str, &str)] = &[
    ("ablation", "switches each technique off"),
    ("fuzz_pages", "runs campaigns of pages"),
    ("fuzz_replay", "runs each fuzz target on its seeds and findings"),
    ("fuzz_tool", "runs campaigns"),
    ("hostile", "runs modules and implementations from strangers"),
    ("hostile_files", "starts a process for each file"),
    ("hostile_programs", "runs a thousand bombs"),
    ("modes", "runs generated programs on every tier"),
    ("module_memory", "starts a process for each of many large modules"),
    ("newcomer", "builds a crate"),
    ("planted", "runs the cases on each mutant of the reference"),
    ("planted_language", "runs the programs on each mutant of the language"),
    ("planted_vm", "builds the mutants of the machine and looks for each"),
    ("plugs", "waits for implementations that misbehave"),
    ("programs", "runs each program on every tier and the reference"),
    ("recipes", "builds a copy of the project"),
    ("refused_memory", "runs the machine under many limits on its memory"),
    ("resident", "starts a process for each kind of small object"),
    ("schedule", "builds the machine with all that can be forced, and forces the exits of every case"),
    ("states", "stops each case at many steps and goes on elsewhere"),
    ("views", "has the reference count what the cases reach"),
    ("wheel", "builds the wheel"),
];

/// Where the crates must compile, beside the computer that they are developed on.
const TARGETS: &[&str] = &[
    "x86_64-pc-windows-gnu",
    "aarch64-apple-darwin",
    "aarch64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
];

/// What is published, each after what it needs.
const CRATES: &[&str] = &["mdvm-spec", "machine-dialect-vm", "mdvm-conform"];

type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Check => check(),
        Task::Generate => cargo(&["run", "--quiet", "-p", "mdvm-spec", "--", "write"]),
        Task::Targets => targets(),
        Task::Test { all, rest } => test(all, &rest),
        Task::Bench { rest } => bench(&rest),
        Task::Release { pack_only } => release(pack_only),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Outcome {
    // The generated files come first: whatever is stale makes the rest of the report hard to read.
    cargo(&["run", "--quiet", "-p", "mdvm-spec", "--", "write", "--check"])?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    // What no step above compiles: the Python extension, the mutants, and the switches of `benches/compare ablation`.
    for features in [
        "pyo3,machine-code",
        "cli,machine-code,planted",
        "cli,machine-code,ablation",
        "cli,machine-code,schedule",
        "",
    ] {
        let package = ["clippy", "-p", "machine-dialect-vm", "--no-default-features", "--features", features];
        cargo(&[&package[..], &["--", "-D", "warnings"]].concat())?;
    }
    let mut doc = command("cargo", &["doc", "--workspace", "--no-deps", "--quiet"]);
    run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Checks each target, its tests included. No linker is needed for that, nor a C compiler: no crate has code in C.
fn targets() -> Outcome {
    for target in TARGETS {
        run(&mut command("rustup", &["target", "add", target]))?;
        let mut check =
            command("cargo", &["check", "-p", "machine-dialect-vm", "-p", "mdvm-conform", "--all-targets"]);
        // In a folder of its own, as flags in the environment would have everything built anew.
        let folder = root().join("target/targets");
        run(check
            .args(["--target", target])
            .env("CARGO_TARGET_DIR", folder)
            .env("RUSTFLAGS", "-D warnings"))?;
    }
    Ok(())
}

fn test(all: bool, rest: &[String]) -> Outcome {
    let mut words = vec!["test".to_owned(), "--workspace".to_owned()];
    if !all {
        words.extend(["--lib", "--bins"].map(str::to_owned));
        words.extend(fast_tests()?.into_iter().flat_map(|name| ["--test".to_owned(), name]));
    }
    if !rest.is_empty() {
        words.push("--".to_owned());
        words.extend_from_slice(rest);
    }
    cargo(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The names of the test targets of the workspace, without those that take long.
fn fast_tests() -> Result<BTreeSet<String>, String> {
    let output = command("cargo", &["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let targets = metadata["packages"].as_array().into_iter().flatten();
    let targets = targets.flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let tests = targets.filter(|target| target["kind"][0] == "test");
    let mut names: BTreeSet<String> =
        tests.filter_map(|target| target["name"].as_str()).map(str::to_owned).collect();
    for (slow, why) in SLOW {
        if !names.remove(*slow) {
            return Err(format!("the fast lane leaves out {slow} ({why}), and there is no such test"));
        }
    }
    Ok(names)
}

fn bench(rest: &[String]) -> Outcome {
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    run(&mut command("benches/compare", &words))
}

/// Everything of a release up to the upload; `docs/RELEASING.md` says what is left.
fn release(pack_only: bool) -> Outcome {
    if !pack_only {
        let version = env!("CARGO_PKG_VERSION");
        let changelog =
            std::fs::read_to_string(root().join("CHANGELOG.md")).map_err(|error| error.to_string())?;
        if !changelog.lines().any(|line| line.starts_with(&format!("## {version}"))) {
            return Err(format!(
                "CHANGELOG.md has no section ## {version}: give what is under Unreleased to it"
            ));
        }
        let changes =
            command("git", &["status", "--porcelain"]).output().map_err(|error| error.to_string())?;
        if !changes.stdout.is_empty() {
            return Err(format!("there are changes:\n{}", String::from_utf8_lossy(&changes.stdout)));
        }
        check()?;
        test(true, &[])?;
    }
    let mut words = vec!["package", "--allow-dirty"];
    if pack_only {
        words.push("--no-verify");
    }
    words.extend(CRATES.iter().flat_map(|name| ["-p", name]));
    cargo(&words)?;
    if !pack_only {
        cargo(&["build", "--release", "--locked", "-p", "machine-dialect-vm", "-p", "mdvm-conform"])?;
        println!("what is left is the upload: docs/RELEASING.md");
    }
    Ok(())
}

fn cargo(words: &[&str]) -> Outcome {
    run(&mut command("cargo", words))
}

fn command(program: &str, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(words).current_dir(root());
    command
}

/// Shows the command, runs it, and fails as it does.
fn run(command: &mut Command) -> Outcome {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let shown = format!("{} {}", command.get_program().to_string_lossy(), words.join(" "));
    println!("\n== {shown}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{shown}: {status}")),
        Err(error) => Err(format!("{shown}: {error}")),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
