//! The one integration test binary; its modules in reading order.

mod config;
mod scan_faults;
mod systemd;
