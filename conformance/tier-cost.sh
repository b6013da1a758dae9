#!/usr/bin/env bash
# Whether the default tier is slower than the interpreter alone on any program, in instructions: `mdvm-conform tier-cost`, built
# as it is released but for link-time optimisation. The programs that once were slow, and random ones.
#
#   bash conformance/tier-cost.sh                     about five minutes
#   bash conformance/tier-cost.sh --count 10000       more of them; all arguments are those of the command
#   bash conformance/tier-cost.sh --setup             installs valgrind, where it is missing
#   bash conformance/tier-cost.sh --planted           whether it sees that a tier never backs off, on random programs alone
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ${1-} == --setup ]]; then
    command -v valgrind >/dev/null && exit 0
    as_root=()
    ((EUID == 0)) || as_root=(sudo)
    "${as_root[@]}" apt-get update
    exec "${as_root[@]}" apt-get install -y valgrind
fi
command -v valgrind >/dev/null || {
    echo "error: valgrind counts the instructions, and is missing; install it: bash conformance/tier-cost.sh --setup" >&2
    exit 2
}
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
target=${CARGO_TARGET_DIR:-target}

if [[ ${1-} == --planted ]]; then
    shift
    cargo build --quiet --release -p mdvm-conform --features machine-dialect-vm/ablation --target-dir "$target/ablation"
    code=0
    MDVM_WITHOUT=back-off "$target/ablation/release/mdvm-conform" tier-cost --no-slow --count 80 "$@" || code=$?
    if [[ $code != 1 ]]; then
        echo "error: without back-off, tier-cost ended with $code instead of 1" >&2
        exit 1
    fi
    echo "without back-off, programs are over the bound, as they must be"
    exit 0
fi

cargo build --quiet --release -p mdvm-conform
exec "$target/release/mdvm-conform" tier-cost "$@"
