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
trap 'rm -rf "$work"' EXIT

cargo run --quiet -p mdvm-conform -- fuzz-seeds "$work/seeds"

flags="--cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module"
flags+=" -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
flags+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
# With a target named, build scripts are not instrumented.
RUSTFLAGS="$flags" CARGO_TARGET_DIR="$target_dir" \
  cargo "+$toolchain" build --release --locked --manifest-path fuzz/Cargo.toml --target "$host" --bins

for source in fuzz/fuzz_targets/*.rs; do
  target="$(basename "$source" .rs)"
  case "$target" in
    asm) dictionary=fuzz/dictionaries/assembly.dict ;;
    *) dictionary=fuzz/dictionaries/module.dict ;;
  esac
  mkdir -p "$work/corpus/$target" "$work/artifacts/$target"
  printf '== %s\n' "$target"
  log="$work/$target.log"
  if ! "$target_dir/$host/release/$target" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=4096 -max_len=16384 \
    -dict="$dictionary" -print_final_stats=1 -artifact_prefix="$work/artifacts/$target/" \
    "$work/corpus/$target" "$work/seeds/$target" "fuzz/findings/$target" >"$log" 2>&1; then
    tail -n 60 "$log"
    mkdir -p "fuzz/artifacts/$target"
    cp "$work/artifacts/$target"/* "fuzz/artifacts/$target/" 2>/dev/null || true
    echo "error: $target found something; the input is in fuzz/artifacts/$target" >&2
    exit 1
  fi
  # A target that ran nothing would find nothing.
  executed="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  if [ "${executed:-0}" -lt 100 ]; then
    tail -n 30 "$log"
    echo "error: $target executed only ${executed:-no} inputs" >&2
    exit 1
  fi
  grep -E '^#[0-9]+.*DONE' "$log" || true
  grep -E 'number_of_executed_units|new_units_added|peak_rss_mb' "$log"
done
