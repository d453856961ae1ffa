//! Arguments to settings to station; exit codes.
fn main() {}
