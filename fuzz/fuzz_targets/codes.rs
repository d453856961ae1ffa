//! See `laixin_fuzz::DOORS`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laixin_fuzz::through("codes", bytes));
