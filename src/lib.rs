//! laixin (来信): the scanning station of a petition office's mailroom.
//!
//! Modules in the order a letter meets them.

pub mod config;
pub mod station;

pub mod alarm;
pub mod api;
pub mod broker;
pub mod daily;
pub mod disinfect;
pub mod domain;
pub mod evidence;
pub mod handoff;
pub mod office;
pub mod read;
pub mod scan;
pub mod scrub;
pub mod store;

pub mod archive;
pub mod at_rest;
pub mod backup;
pub mod certificate;
pub mod check;
pub mod console;
pub mod print;
pub mod separators;

pub mod arguments;
pub mod commands;
pub mod evaluate;
pub mod history;

mod chain;
pub mod clock;
pub mod digest;
pub mod events;
pub mod health;
mod journal;
pub mod metrics;
pub mod roots;
pub mod sd_notify;
pub mod seal;
pub mod worker;

pub use chain::Chain;
