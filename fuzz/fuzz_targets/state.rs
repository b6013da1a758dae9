#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mdvm_conform::fuzz::oracle::Target::State.check(input));
