//! Generates the decoder, the encoder, the dispatch and the tables from the specification.

use std::path::PathBuf;
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
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for file in mdvm_spec::render::rust::render(&mdvm_spec::Spec::embedded()?) {
        fs::write(out.join(file.name), file.text)?;
    }
    Ok(())
}
