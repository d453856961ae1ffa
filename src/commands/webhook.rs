//! `laixin webhook …`: secrets that messages to case systems are signed with.

use clap::Subcommand;

use super::GOOD;
use crate::handoff::Secret;

/// Webhooks.
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Prints a new secret: one line for the secret_file of the webhook, and the same for the case system.
    NewSecret,
}

/// Runs the command.
pub fn run(command: &WebhookCommand) -> u8 {
    match command {
        WebhookCommand::NewSecret => println!("{}", Secret::new_text()),
    }
    GOOD
}
