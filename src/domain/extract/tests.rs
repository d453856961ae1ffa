//! Rules of registration and the faults they met, one test each.

mod accused;
mod addresses;
mod alternatives;
mod around;
mod bad_input;
mod beside;
mod bounds;
mod contact;
mod dates;
mod gifts;
mod labels;
mod letters;
mod lists;
mod lookalikes;
mod nobody;
mod others;
mod papers;
mod properties;
mod rules;
mod signed;
mod standard;
mod unnamed;
mod whose;
