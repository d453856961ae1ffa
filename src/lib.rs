//! laixin (来信): the scanning station of a petition office's mailroom.
//!
//! Modules in the order a letter meets them.

pub mod config;
pub mod disinfect;
pub mod domain;
pub mod evidence;
pub mod scan;
pub mod store;

pub mod api;

pub mod clock;
pub mod commands;
pub mod digest;
pub mod evaluate;
pub mod events;
pub mod health;
pub mod metrics;
pub mod sd_notify;
