//! Arguments → settings → station; exit codes.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use laixin::commands::{self, ConfigArg};

#[derive(Debug, Parser)]
#[command(name = "laixin", version, about = "来信: the scanning station of a petition office's mailroom")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the station.
    Run(ConfigArg),
    /// Tries the settings, every device, folder and model; one line each, with what to do next.
    Check(ConfigArg),
    /// OCR alone.
    Read(commands::read::ReadArgs),
    /// The pages and envelope of one letter → one draft.
    Extract(commands::extract::ExtractArgs),
    /// Reads letters with ground truth and prints how right the station is.
    Evaluate(commands::evaluate::EvaluateArgs),
    /// Cabinets: state, simulator.
    #[command(subcommand)]
    Cabinet(commands::cabinet::CabinetCommand),
    /// The device health log.
    Health(commands::health::HealthArgs),
    /// Walks every original and every ledger entry; names the first break.
    Verify(ConfigArg),
    /// Accounts of people.
    User(commands::user::UserArgs),
    /// Tokens of machines.
    Token(commands::token::TokenArgs),
}

fn main() -> ExitCode {
    // clap answers wrong usage itself, with exit code 2.
    let code = match Arguments::parse().command {
        Command::Run(args) => commands::run::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Read(args) => commands::read::run(&args),
        Command::Extract(args) => commands::extract::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(&args),
        Command::Cabinet(command) => commands::cabinet::run(command),
        Command::Health(args) => commands::health::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::User(args) => commands::user::run(&args),
        Command::Token(args) => commands::token::run(&args),
    };
    ExitCode::from(code)
}
