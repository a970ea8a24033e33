#![no_main]

#[path = "../../tests/fuzz/format.rs"]
mod body;
#[path = "../../tests/syntax/tree.rs"]
mod tree;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::check(data));
