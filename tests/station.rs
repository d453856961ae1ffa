//! The one integration test binary; its modules in reading order.

mod support;

mod letter_path;
mod restart;

mod bad_input;

mod api;
mod config;
mod house;
mod scan_faults;
mod systemd;
