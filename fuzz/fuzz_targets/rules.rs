#![no_main]

#[path = "../../tests/fuzz/rules.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::check(data));
