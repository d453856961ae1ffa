//! What the station knows about letters, as plain values: no I/O, no clock, no async, no logging.
//!
//! Everything here takes what was seen and the time, and returns what follows. The only outside crate is
//! `serde`, whose derives make a draft one document in the store and on the wire (see ARCHITECTURE.md).

pub mod cycle;
pub mod deadline;
pub mod draft;
pub mod extract;
pub mod field;
pub mod intake;
pub mod letter;
pub mod roster;
pub mod text;
pub mod zones;
