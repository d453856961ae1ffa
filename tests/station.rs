//! The one integration test binary; its modules in reading order.

mod config;
mod house;
mod scan_faults;
mod systemd;
