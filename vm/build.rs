//! Generates the decoder, the encoder, the dispatch and the tables from the specification.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(machine_code)");
    let is = |variable: &str, value: &str| env::var(variable).is_ok_and(|found| found == value);
    // Machine code is made for one sort of processor, and Miri interprets none.
    if env::var_os("CARGO_FEATURE_MACHINE_CODE").is_some()
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_POINTER_WIDTH", "64")
        && env::var_os("CARGO_CFG_MIRI").is_none()
    {
        println!("cargo::rustc-cfg=machine_code");
        println!("cargo::rustc-env=MDVM_TIERS=interpreter, specialised, jit");
    } else {
        println!("cargo::rustc-env=MDVM_TIERS=interpreter, specialised");
    }
    let fact = |variable: &str| env::var(variable).unwrap_or_else(|_| "unknown".to_owned());
    println!("cargo::rustc-env=MDVM_TARGET={}", fact("TARGET"));
    println!("cargo::rustc-env=MDVM_PROFILE={}", fact("PROFILE"));
    // Only a release has it, or each commit would compile the crate anew.
    let commit = if is("PROFILE", "release") { commit() } else { None };
    println!("cargo::rustc-env=MDVM_COMMIT={}", commit.unwrap_or_else(|| "unknown".to_owned()));
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for file in mdvm_spec::render::rust::render(&mdvm_spec::Spec::embedded()?) {
        fs::write(out.join(file.name), file.text)?;
    }
    Ok(())
}

/// The commit that is checked out, where the sources are a repository of their own and not a package.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
    };
    // A package may have been unpacked in a repository of something else.
    let root = PathBuf::from(git(&["rev-parse", "--show-toplevel"])?);
    if root.join("vm").canonicalize().ok()?
        != PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?).canonicalize().ok()?
    {
        return None;
    }
    let head = git(&["rev-parse", "--path-format=absolute", "--git-path", "HEAD"])?;
    println!("cargo::rerun-if-changed={head}");
    // What HEAD names changes with each commit, and HEAD itself only where another branch is checked out.
    if let Some(branch) = git(&["symbolic-ref", "--quiet", "HEAD"]) {
        let path = git(&["rev-parse", "--path-format=absolute", "--git-path", &branch])?;
        if std::path::Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}
