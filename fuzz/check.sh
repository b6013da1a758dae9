#!/usr/bin/env bash
# Builds every fuzz target with AddressSanitizer and runs each for some seconds (30, if not said otherwise), from its seeds and
# all past findings. It does what `cargo fuzz` does, and needs a nightly toolchain alone.
#
# Where there is none it says so, and fails only if MDVM_REQUIRE_NIGHTLY is set. Past findings are replayed under `cargo test` on
# any toolchain.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:-30}"
toolchain="${MDVM_NIGHTLY:-nightly}"

if ! cargo "+$toolchain" --version >/dev/null 2>&1; then
  echo "fuzz targets were NOT built: they need a nightly toolchain; run \`rustup toolchain install nightly\`" >&2
  if [ -n "${MDVM_REQUIRE_NIGHTLY:-}" ]; then exit 1; fi
  exit 0
fi

host="$(rustc "+$toolchain" -vV | sed -n 's/^host: //p')"
target_dir="${MDVM_FUZZ_TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}/fuzz-build}"
work="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

# The runner may be there already.
if [ -n "${MDVM_CONFORM:-}" ]; then
  "$MDVM_CONFORM" fuzz-seeds "$work/seeds"
else
  cargo run --quiet -p mdvm-conform -- fuzz-seeds "$work/seeds"
fi

flags="--cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module"
flags+=" -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
flags+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
# With a target named, build scripts are not instrumented.
RUSTFLAGS="$flags" CARGO_TARGET_DIR="$target_dir" \
  cargo "+$toolchain" build --release --locked --manifest-path fuzz/Cargo.toml --target "$host" --bins

# Runs a target, and tells what came of it.
try() {
  local target="$1" dictionary log executed
  case "$target" in
    asm) dictionary=fuzz/dictionaries/assembly.dict ;;
    source) dictionary=fuzz/dictionaries/source.dict ;;
    *) dictionary=fuzz/dictionaries/module.dict ;;
  esac
  mkdir -p "$work/corpus/$target" "$work/artifacts/$target"
  log="$work/$target.log"
  if ! "$target_dir/$host/release/$target" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=4096 -max_len=16384 \
    -dict="$dictionary" -print_final_stats=1 -artifact_prefix="$work/artifacts/$target/" \
    "$work/corpus/$target" "$work/seeds/$target" "fuzz/findings/$target" >"$log" 2>&1; then
    tail -n 60 "$log"
    mkdir -p "fuzz/artifacts/$target"
    cp "$work/artifacts/$target"/* "fuzz/artifacts/$target/" 2>/dev/null || true
    echo "error: $target found something; the input is in fuzz/artifacts/$target" >&2
    return 1
  fi
  # A target that ran nothing would find nothing.
  executed="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  if [ "${executed:-0}" -lt 100 ]; then
    tail -n 30 "$log"
    echo "error: $target executed only ${executed:-no} inputs" >&2
    return 1
  fi
  printf '== %s\n%s\n' "$target" "$(grep -E '^#[0-9]+.*DONE|number_of_executed_units|new_units_added|peak_rss_mb' "$log")"
}

# As many at once as there are processors.
running=0
failed=0
for source in fuzz/fuzz_targets/*.rs; do
  if [ "$running" -ge "$(nproc)" ]; then
    wait -n || failed=1
    running=$((running - 1))
  fi
  try "$(basename "$source" .rs)" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n || failed=1
  running=$((running - 1))
done
exit "$failed"
