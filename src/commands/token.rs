//! `laixin token …`: machine tokens, shown once and kept as a hash.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::user::{AccountError, ConfigFile, check_name, operator_of_the_machine, word};
use crate::api::password;
use crate::clock;
use crate::domain::access::Scope;
use crate::store::NewToken;

/// Machine tokens.
#[derive(Debug, Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Makes a token and prints it; it cannot be shown again.
    Add {
        /// Name of 1 to 32 letters, digits, dots, hyphens or underscores.
        name: String,
        /// What the machine may do.
        #[arg(long, value_enum)]
        scope: Scope,
        /// Holds for so many days; without it until it is revoked.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
        expires: Option<u16>,
        /// Whose case system it is, e.g. 市信访局: letters that accuse this office are never handed to it.
        #[arg(long, value_name = "OFFICE")]
        unit: Option<String>,
        /// Holds only with this client certificate: a name that it is made out to, or its SHA-256; http.client_authority has to be set.
        #[arg(long, value_name = "NAME|SHA256")]
        certificate: Option<String>,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Every token, without its secret.
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Takes a token back.
    Revoke {
        /// Name.
        name: String,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Runs the command.
///
/// # Errors
/// [`AccountError`].
pub fn run(args: TokenArgs) -> Result<ExitCode, AccountError> {
    let by = operator_of_the_machine();
    match args.what {
        What::Add {
            name,
            scope,
            expires,
            unit,
            certificate,
            config,
        } => {
            check_name(&name)?;
            let certificate = certificate
                .map(|certificate| config.certificate(&certificate))
                .transpose()?;
            let secret = format!("laixin_{}", password::random_hex::<32>());
            let until = expires.map(|days| clock::now().plus_seconds(i64::from(days) * 86_400));
            let new = NewToken {
                name,
                scope,
                expires: until,
                unit,
                certificate,
            };
            let mut db = config.open()?;
            db.add_token(&new, &secret, &by)?;
            if let Some(unit) = new
                .unit
                .as_deref()
                .filter(|unit| db.knows_office(unit) == Some(false))
            {
                eprintln!(
                    "the roster does not know {unit}: letters that accuse it by another name are not kept from this token; write it as the roster has it"
                );
            }
            println!("{secret}");
        }
        What::List { config } => {
            for token in config.open()?.tokens()? {
                let state = match (token.revoked, token.expires) {
                    (Some(at), _) => format!("revoked {}", at.rfc3339()),
                    (None, Some(until)) => format!("holds until {}", until.rfc3339()),
                    (None, None) => "holds until it is revoked".to_owned(),
                };
                let unit = token
                    .unit
                    .map_or(String::new(), |unit| format!("\tof {unit}"));
                let tied = token.certificate.map_or(String::new(), |name| {
                    format!("\tonly with certificate {name}")
                });
                println!(
                    "{}\t{}\t{}\t{state}{unit}{tied}",
                    token.name,
                    word(&token.scope),
                    token.created.rfc3339()
                );
            }
        }
        What::Revoke { name, config } => config.open()?.revoke_token(&name, &by)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl clap::ValueEnum for Scope {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::CaseSystem, Self::Maintenance]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(match self {
            Self::CaseSystem => "case_system",
            Self::Maintenance => "maintenance",
        }))
    }
}
