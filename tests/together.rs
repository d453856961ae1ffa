//! Several stations of one office over a real broker: registrations told and heard, pages read elsewhere, settings of all, how the others are.

mod broker;
mod fingerprints;
mod readers;
mod settings;
