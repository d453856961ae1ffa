//! What can be said on the command line, and who does it. A page of the manual and the completions of shells are made of it too.

use std::process::ExitCode;

use crate::Chain;
use crate::broker::crossing::Crossing;
use crate::commands::{self, ConfigArg};
use clap::{Parser, Subcommand};

/// What a program ends with whose reader went away; 128 + SIGPIPE, as a shell says it.
const NOBODY_READS: i32 = 141;

/// The whole program; `crossing` is there in the one that speaks to brokers.
pub fn program(crossing: Option<&dyn Crossing>) -> ExitCode {
    end_quietly_when_nobody_reads();
    // clap answers wrong usage itself, with exit code 2.
    Arguments::parse().run(crossing)
}

/// `laixin verify | head -1`: the rest of the output is nobody's, and no defect.
fn end_quietly_when_nobody_reads() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        if said.starts_with("failed printing to std") && said.contains("Broken pipe") {
            std::process::exit(NOBODY_READS);
        }
        tell(panic);
    }));
}

/// `laixin …`
#[derive(Debug, Parser)]
#[command(
    name = "laixin",
    version,
    about = "来信: the scanning station of a petition office's mailroom"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the station.
    Run(ConfigArg),
    /// Runs the counter of an office with several stations: their drafts at one address.
    Office(commands::office::OfficeArgs),
    /// Tries the settings, every device, folder and model; one line each, with what to do next.
    Check(commands::check::CheckArgs),
    /// Reads pages of the office's stations on another machine.
    Reader(commands::reader::ReaderArgs),
    /// OCR alone.
    Read(commands::read::ReadArgs),
    /// The pages and envelope of one letter → one draft.
    Extract(commands::extract::ExtractArgs),
    /// Reads letters with ground truth and prints how right the station is.
    Evaluate(commands::evaluate::EvaluateArgs),
    /// Cabinets: state, simulator.
    #[command(subcommand)]
    Cabinet(commands::cabinet::CabinetCommand),
    /// Scanners: discovery, state, simulator.
    #[command(subcommand)]
    Scanner(commands::scanner::ScannerCommand),
    /// Prints separator sheets, one for the front of every letter.
    Separators(commands::separators::SeparatorsArgs),
    /// The device health log.
    Health(commands::health::HealthArgs),
    /// Earlier registrations: takes over those of the case system, counts them, compares with them.
    History(commands::history::HistoryArgs),
    /// What the office taught: names met, thresholds its own history suggests.
    Learn(commands::learn::LearnArgs),
    /// Walks every original and every ledger entry; names every break.
    Verify(commands::verify::VerifyArgs),
    /// A letter, a batch or a month as PDF/A-2u files with an index.
    Archive(commands::archive::ArchiveArgs),
    /// A consistent, verified copy of the running station.
    Backup(commands::backup::BackupArgs),
    /// A back-up → the data folder of this machine.
    Restore(commands::restore::RestoreArgs),
    /// The child in which the station opens foreign files.
    #[command(name = crate::worker::COMMAND, hide = true)]
    PageWorker(commands::page_worker::PageWorkerArgs),
    /// Accounts of people.
    User(commands::user::UserArgs),
    /// Tokens of machines.
    Token(commands::token::TokenArgs),
    /// Who saw and did what.
    Audit(commands::audit::AuditArgs),
    /// The key that database and originals are encrypted with.
    Key(commands::key::KeyArgs),
    /// Certificates made on this machine.
    Tls(commands::tls::TlsArgs),
    /// Secrets for case systems that are told by HTTP.
    #[command(subcommand)]
    Webhook(commands::webhook::WebhookCommand),
}

impl Arguments {
    /// Does what was said; the exit code is that of the contract.
    fn run(self, crossing: Option<&dyn Crossing>) -> ExitCode {
        match self.command {
            Command::Run(args) => commands::run::run(&args, crossing).into(),
            Command::Office(args) => commands::office::run(&args, crossing).into(),
            Command::Check(args) => commands::check::run(&args).into(),
            Command::Reader(args) => commands::reader::run(&args, crossing).into(),
            Command::Read(args) => commands::read::run(&args).into(),
            Command::Extract(args) => commands::extract::run(&args).into(),
            Command::Evaluate(args) => commands::evaluate::run(&args).into(),
            Command::Cabinet(command) => commands::cabinet::run(command).into(),
            Command::Scanner(command) => commands::scanner::run(command).into(),
            Command::Separators(args) => commands::separators::run(&args).into(),
            Command::Health(args) => commands::health::run(&args).into(),
            Command::History(args) => commands::history::run(args).into(),
            Command::Learn(args) => commands::learn::run(args).into(),
            Command::Audit(args) => commands::audit::run(&args).into(),
            Command::Key(args) => commands::key::run(&args).into(),
            Command::Tls(args) => commands::tls::run(&args).into(),
            Command::Webhook(command) => commands::webhook::run(&command).into(),
            Command::Verify(args) => commands::verify::run(&args).into(),
            Command::Archive(args) => commands::archive::run(&args).into(),
            Command::Backup(args) => commands::backup::run(&args).into(),
            Command::Restore(args) => commands::restore::run(&args).into(),
            Command::PageWorker(args) => commands::page_worker::run(&args).into(),
            Command::User(args) => {
                commands::user::run(args).unwrap_or_else(|error| told(&error, error.exit_code()))
            }
            Command::Token(args) => {
                commands::token::run(args).unwrap_or_else(|error| told(&error, error.exit_code()))
            }
        }
    }
}

fn told(error: &dyn std::error::Error, code: ExitCode) -> ExitCode {
    eprintln!("laixin: {}", Chain(error));
    code
}
