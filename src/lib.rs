//! laixin (来信): the scanning station of a petition office's mailroom.
//!
//! Modules in the order a letter meets them.

pub mod domain;
