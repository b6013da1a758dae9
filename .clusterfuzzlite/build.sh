#!/bin/bash -eu
# Builds the fuzz targets for ClusterFuzzLite and OSS-Fuzz, and puts each with its seeds and its dictionary into $OUT.

cd "$SRC/machine-dialect-vm"
seeds="$(mktemp -d)"
# The flags that instrument a target stand in the environment. Here they would instrument procedural macros too, which the compiler
# then cannot load.
env -u RUSTFLAGS cargo run --locked -p mdvm-conform -- fuzz-seeds "$seeds"

cargo fuzz build -O --fuzz-dir fuzz
binaries="fuzz/target/x86_64-unknown-linux-gnu/release"

for source in fuzz/fuzz_targets/*.rs; do
  target="$(basename "$source" .rs)"
  # This one needs a Python beside it, which the machines that run fuzz targets do not have.
  if [ "$target" = differential ]; then
    continue
  fi
  cp "$binaries/$target" "$OUT/"
  zip --quiet --junk-paths --recurse-paths "$OUT/${target}_seed_corpus.zip" "$seeds/$target" "fuzz/findings/$target"
  case "$target" in
    asm) cp fuzz/dictionaries/assembly.dict "$OUT/$target.dict" ;;
    *) cp fuzz/dictionaries/module.dict "$OUT/$target.dict" ;;
  esac
  printf '[libfuzzer]\nmax_len = 65536\nrss_limit_mb = 2048\n' > "$OUT/$target.options"
done
