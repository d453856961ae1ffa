//! The one integration test binary; its modules in reading order.

mod config;
mod systemd;
