//! Rules of registration and the faults they met, one test each.

mod addresses;
mod bad_input;
mod letters;
mod properties;
mod rules;
