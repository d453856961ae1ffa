//! Several stations, one office: what crosses machines goes through NATS JetStream. A station's letters need none of it: pull the cable and
//! it goes on; what is owed waits in its own tables.

mod link;

pub use link::{Link, Refusal};
