//! The driver against cabinets of every kind. One binary; its modules in reading order. Only the storm, which measures lateness, has one of its own.

#[path = "support/peer.rs"]
mod peer;
#[path = "support/rogue.rs"]
mod rogue;
mod support;

mod profile;
mod simulator;

mod identity;
mod refused;

mod chaos;
mod faults;

mod bus;
mod peers;
