#!/usr/bin/env bash
# Starts the machine as WebAssembly under Node, where addresses have 32 bits. When it was not built yet, it is.
#
#   bash conformance/adapters/wasm32.sh            speaks the protocol of conformance/README.md
#   bash conformance/adapters/wasm32.sh --setup    only builds it, anew where the sources have changed
#
# CARGO_TARGET_DIR says where to build, if that is not target/.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
platform=wasm32-unknown-unknown
target=${CARGO_TARGET_DIR:-$root/target}
wasm=$target/$platform/release/mdvm_wasm32.wasm

fail() {
    printf 'error: %s\n' "$@" >&2
    exit 2
}

build() {
    command -v cargo >/dev/null || fail "there is no cargo; https://rustup.rs installs it"
    if [ ! -d "$(rustc --print target-libdir --target $platform)" ]; then
        command -v rustup >/dev/null ||
            fail "the Rust standard library for $platform is missing, and there is no rustup to install it"
        printf 'installing the Rust target %s\n' "$platform" >&2
        rustup target add $platform >&2 || fail "this failed: rustup target add $platform"
    fi
    cargo build --quiet --locked --release --target $platform --target-dir "$target" \
        --manifest-path "$here/wasm32/Cargo.toml" >&2
}

command -v node >/dev/null || fail "there is no node (on Debian and Ubuntu: apt install nodejs)"
if [ "${1-}" = --setup ] || [ ! -f "$wasm" ]; then build; fi
[ "${1-}" = --setup ] || exec node "$here/wasm32/plug.js" "$wasm"
