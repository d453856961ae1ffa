//! See `laixin_fuzz::DOORS`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    // The page worker would be this very program, and take its arguments for files.
    init: laixin::worker::program_is("/bin/false"),
    |bytes: &[u8]| laixin_fuzz::through("api", bytes)
);
