//! What the station knows about letters, as plain values: no I/O, no clock, no async, no logging.
//!
//! Everything here takes what was seen and the time, and returns what follows. The only outside crates
//! are `serde` and `utoipa`, whose derives make a draft one document in the store, on the wire and in `/openapi.json`, and
//! `thiserror` (see ARCHITECTURE.md).

pub use cycle;

pub mod access;
pub mod alarm;
pub mod balance;
pub mod correct;
pub mod deadline;
pub mod double_entry;
pub mod draft;
pub mod elapsed;
pub mod extract;
pub mod field;
pub mod gazetteer;
pub mod grouping;
pub mod intake;
pub mod keeping;
pub mod kind;
pub mod learn;
pub mod letter;
pub mod lexicon;
pub mod mail_number;
pub mod mapping;
pub mod mask;
pub mod outgoing;
pub mod own_time;
pub mod page_order;
pub mod password;
pub mod repeat;
pub mod roster;
pub mod search;
pub mod secret;
pub mod statistics;
pub mod text;
pub mod training;
pub mod visitor;
pub mod wear;
pub mod zones;
