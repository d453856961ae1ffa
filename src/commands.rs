//! The commands of `laixin`, one file each.

pub mod token;
pub mod user;
