//! Generates the decoder, the encoder, the dispatch and the tables from the specification.

use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for file in mdvm_spec::render::rust::render(&mdvm_spec::Spec::embedded()?) {
        fs::write(out.join(file.name), file.text)?;
    }
    Ok(())
}
