//! Several stations, one office: real nats-servers, real stations, the reference case system. Each fault has a test named after it.

mod apart;
pub(crate) mod brokers;
mod campaign;
mod check;
mod drafts;
mod files;
mod later_pages;
mod majority;
mod permissions;
mod refusals;
mod renamed;
mod seal_keys;
mod tls;
mod withdrawn;
