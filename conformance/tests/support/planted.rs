//! The machine that tests plant bugs into and force out of its faster tiers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What the machine is built with that has bugs, proves its machine code, and can be forced out of faster tiers.
const FEATURES: &str = "planted,check-machine-code,schedule";

/// The command `mdvm` with all that tests plant and force, built once.
pub(crate) fn planted_machine() -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let build = || {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted-target");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "-p", "machine-dialect-vm", "--features", FEATURES, "--bin", "mdvm"])
            .arg("--manifest-path")
            .arg(manifest)
            .env("CARGO_TARGET_DIR", &target)
            .output()
            .map_err(|error| error.to_string())?;
        if !built.status.success() {
            return Err(String::from_utf8_lossy(&built.stderr).into_owned());
        }
        Ok(target.join("debug").join(format!("mdvm{}", std::env::consts::EXE_SUFFIX)))
    };
    BUILT.get_or_init(build).clone()
}
