//! The HTTP interface on a real socket: every route, success and refusal; every role at every route; the frozen schema.

mod accounts;
mod accused;
mod alerts;
mod archive;
mod archive_images;
mod audit;
mod devices;
mod handover;
mod held_looks;
mod house;
mod keeping;
mod late_acks;
mod late_pages;
mod mailroom;
mod office;
mod outside;
mod over;
mod overrides;
mod packages;
mod people;
mod push;
mod routes;
mod sight;
mod statistics;
mod tls;
