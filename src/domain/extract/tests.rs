//! Rules of registration and the faults they met, one test each.

mod letters;
mod properties;
