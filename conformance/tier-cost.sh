#!/usr/bin/env bash
# Whether the default tier is slower than the interpreter alone on any program, in instructions: `mdvm-conform tier-cost`, built
# as it is released but for link-time optimisation. The programs that once were slow, and generated ones.
#
#   bash conformance/tier-cost.sh                     about two minutes
#   bash conformance/tier-cost.sh --count 10000       more of them; all arguments are those of the command
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v valgrind >/dev/null || {
    echo "error: valgrind counts the instructions, and is missing; install it: sudo apt-get install -y valgrind" >&2
    exit 2
}
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
cargo build --quiet --release -p mdvm-conform
exec "${CARGO_TARGET_DIR:-target}/release/mdvm-conform" tier-cost "$@"
