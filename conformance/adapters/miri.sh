#!/usr/bin/env bash
# Starts the machine under Miri, which executes Rust as its rules say and ends it at the first undefined behaviour. There is no
# machine code: it is not Rust. What is asked about here is the `unsafe` of specialised code.
#
#   bash conformance/adapters/miri.sh            speaks the protocol of conformance/README.md
#   bash conformance/adapters/miri.sh --setup    only builds it
#
# Further arguments go to `mdvm serve`, such as --tier=specialised --jit=always. MIRIFLAGS chooses the rules: -Zmiri-tree-borrows instead of Stacked Borrows.
# MDVM_MIRI_TOOLCHAIN names the toolchain (nightly, if not given), CARGO_TARGET_DIR where to build (target/miri).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
toolchain=+${MDVM_MIRI_TOOLCHAIN:-nightly}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target/miri}

fail() {
    printf 'error: %s\n' "$@" >&2
    exit 2
}

command -v cargo >/dev/null || fail "there is no cargo; https://rustup.rs installs it"
cargo "$toolchain" miri --version >/dev/null 2>&1 ||
    fail "there is no Miri; this installs it: rustup toolchain install nightly --component miri,rust-src"

# Standard input and output are those of this process.
export MIRIFLAGS="-Zmiri-disable-isolation ${MIRIFLAGS-}"
serve=(cargo "$toolchain" miri run --quiet --locked --manifest-path "$root/Cargo.toml" --package machine-dialect-vm --bin mdvm
    --no-default-features --features cli -- serve)

if [ "${1-}" = --setup ]; then
    "${serve[@]}" </dev/null >/dev/null
else
    exec "${serve[@]}" "$@"
fi
