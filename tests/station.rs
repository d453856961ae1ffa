//! The one integration test binary; its modules in reading order.
#![expect(
    clippy::unwrap_used,
    reason = "a panic in a test is its report, in its helpers too"
)]
#![expect(
    unreachable_pub,
    reason = "a test binary has no outside; its modules talk plainly"
)]

mod support;

mod cabinet_absent;
mod cabinet_faults;
mod cabinet_loads;
mod cabinet_words;
mod campaign;
mod handover_campaign;
mod late_page;
mod letter_path;
mod looks_killed;
mod migrations;
mod monitoring;
mod month;
mod office;
mod orphans;
mod restart;

mod bad_input;
mod certificate;
mod check;
mod page_workers;
mod pages;
mod papers;
mod read_command;

mod ageing;
mod api;
mod archive_check;
mod at_rest;
mod backup;
mod config;
mod console;
mod durable;
mod evaluate;
mod evidence;
mod foreign;
mod held;
mod house;
mod indexed;
mod intake;
mod intake_campaign;
mod key_prompt;
mod own_time;
mod page_order;
mod scan_bad_input;
mod scan_faults;
mod systemd;
mod together;
