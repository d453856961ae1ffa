//! `laixin user …`: accounts. A password is read from standard input or made up and shown once; there is no default one.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::spoken::{self, say};
use crate::api::password;
use crate::at_rest::AtRestError;
use crate::config::{ConfigError, Settings};
use crate::domain::access::Role;
use crate::domain::password::Refused;
use crate::store::{Db, StoreError};

/// Accounts of people.
#[derive(Debug, Args)]
pub struct UserArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Adds an account; prints a password made up for it unless --password-stdin.
    Add {
        /// Name: 1 to 32 letters or digits; `-`, `_` and `.` are allowed too
        name: String,
        /// What the person may do.
        #[arg(long, value_enum, required_unless_present = "first")]
        role: Option<Role>,
        /// The station's first administrator; refused once there is one.
        #[arg(long, conflicts_with = "role")]
        first: bool,
        #[command(flatten)]
        password: PasswordFrom,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Every account.
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Closes an account and ends its sessions.
    Disable {
        /// Name.
        name: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Opens a closed or locked account again.
    Enable {
        /// Name.
        name: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Gives an account another role and ends its sessions.
    Role {
        /// Name.
        name: String,
        /// What the person may do.
        #[arg(value_enum)]
        role: Role,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Gives an account another password and unlocks it.
    Password {
        /// Name.
        name: String,
        #[command(flatten)]
        password: PasswordFrom,
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Debug, Args)]
struct PasswordFrom {
    /// Reads the password from standard input, one line.
    #[arg(long)]
    password_stdin: bool,
}

/// Which station.
#[derive(Debug, Args)]
pub struct ConfigFile {
    /// The station's settings.
    #[arg(long, value_name = "FILE", default_value = "/etc/laixin/station.toml")]
    config: PathBuf,
}

/// Why a command about accounts failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The settings were refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The station's key is not there, or is another one.
    #[error(transparent)]
    Key(#[from] AtRestError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password was refused.
    #[error("the password was not taken")]
    Password(#[from] Refused),
    /// The hash function refused.
    #[error("the password cannot be hashed")]
    Hash(#[source] argon2::password_hash::Error),
    /// The name is not allowed.
    #[error("{name:?} is not allowed as a name; 1 to 32 letters, digits, - _ and . are")]
    Name {
        /// The name.
        name: String,
    },
    /// A token cannot be tied to this certificate.
    #[error(
        "--certificate: a name of 1 to 200 characters or a SHA-256 of 64 hex digits, and http.client_authority in the settings: otherwise the station asks for no certificate and the token would never hold"
    )]
    Certificate,
    /// The first account is made before the first start, so the folder may have to be made too.
    #[error("{} cannot be used as data_dir: make it, or give it to the user that runs laixin", path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Standard input gave nothing.
    #[error("standard input cannot be read")]
    Input(#[source] std::io::Error),
}

impl AccountError {
    /// 2 for wrong usage or settings, 1 for a refusal of the store.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_)
            | Self::Key(_)
            | Self::Password(_)
            | Self::Name { .. }
            | Self::Certificate
            | Self::Input(_) => ExitCode::from(2),
            Self::Store(_) | Self::DataDir { .. } | Self::Hash(_) => ExitCode::from(1),
        }
    }
}

impl ConfigFile {
    /// The station's database. Another process may have it open: every change here is one short transaction.
    ///
    /// # Errors
    /// When settings or database are refused.
    pub fn open(&self) -> Result<Db, AccountError> {
        open(&self.config)
    }

    /// The certificate that a token is to be tied to, as it is kept.
    ///
    /// # Errors
    /// [`AccountError::Certificate`] for what is none, and where the station asks for none.
    pub fn certificate(&self, written: &str) -> Result<String, AccountError> {
        let settings = Settings::load(&self.config)?;
        let asked = settings.http.client_authority.is_some();
        let tied = crate::api::tls::tie(written).filter(|_| asked);
        tied.ok_or(AccountError::Certificate)
    }
}

fn open(config: &Path) -> Result<Db, AccountError> {
    let mut settings = Settings::load(config)?;
    spoken::as_in(&settings);
    settings.unlock()?;
    let folder = &settings.station.data_dir;
    std::fs::create_dir_all(folder).map_err(|source| AccountError::DataDir {
        path: folder.clone(),
        source,
    })?;
    Ok(Db::of(&settings)?)
}

/// Whoever runs the command, as records name it: the account of the operating system, which he cannot choose by a variable; and for whom `sudo` made
/// him another.
pub(super) fn operator_of_the_machine() -> String {
    let uid = rustix::process::getuid().as_raw();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = accounts.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == uid.to_string()).then(|| name.to_owned())
    });
    let name = named.unwrap_or_else(|| format!("uid-{uid}"));
    let sudo = std::env::var("SUDO_USER").ok();
    match sudo.filter(|sudo| uid == 0 && *sudo != name && crate::api::users::is_name(sudo)) {
        Some(sudo) => format!("command/{name}/{sudo}"),
        None => format!("command/{name}"),
    }
}

/// Names are used in records and addresses.
pub(super) fn check_name(name: &str) -> Result<(), AccountError> {
    match crate::api::users::is_name(name) {
        true => Ok(()),
        false => Err(AccountError::Name {
            name: name.to_owned(),
        }),
    }
}

/// Runs the command.
///
/// # Errors
/// [`AccountError`].
pub fn run(args: UserArgs) -> Result<ExitCode, AccountError> {
    let by = operator_of_the_machine();
    match args.what {
        What::Add {
            name,
            role,
            first,
            password,
            config,
        } => add(&name, role.filter(|_| !first), (&password, &config), &by)?,
        What::List { config } => {
            for user in config.open()?.users()? {
                let state = match (user.disabled, user.locked_until) {
                    (true, _) => "disabled".to_owned(),
                    (false, Some(until)) if until > crate::clock::now() => {
                        format!("locked until {}", until.rfc3339())
                    }
                    (false, _) => "open".to_owned(),
                };
                println!(
                    "{}\t{}\t{}\t{state}",
                    user.name,
                    word(&user.role),
                    user.created.rfc3339()
                );
            }
        }
        What::Disable { name, config } => config.open()?.disable_user(&name, &by)?,
        What::Enable { name, config } => config.open()?.enable_user(&name, &by)?,
        What::Role { name, role, config } => config.open()?.set_role(&name, role, &by)?,
        What::Password {
            name,
            password,
            config,
        } => {
            let mut db = config.open()?;
            let password = password.get(&name, &config)?;
            db.set_password(&name, &password.hashed()?, &by)?;
            password.show(&name);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Without a role: the first administrator.
fn add(
    name: &str,
    role: Option<Role>,
    (password, config): (&PasswordFrom, &ConfigFile),
    by: &str,
) -> Result<(), AccountError> {
    check_name(name)?;
    let mut db = config.open()?;
    let password = password.get(name, config)?;
    let phc = password.hashed()?;
    match role {
        Some(role) => db.add_user(name, role, &phc, by)?,
        None => db.add_first_user(name, &phc, by)?,
    }
    password.show(name);
    Ok(())
}

impl clap::ValueEnum for Role {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new((*self).word()))
    }
}

/// A role or scope as it is typed.
pub(super) fn word<T: clap::ValueEnum>(value: &T) -> String {
    value
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

struct Password {
    text: String,
    made_up: bool,
}

impl Password {
    fn hashed(&self) -> Result<String, AccountError> {
        password::hash(&self.text).map_err(AccountError::Hash)
    }

    fn show(&self, name: &str) {
        if self.made_up {
            say!("password of {name}, shown this once: {}", self.text);
        }
    }
}

impl PasswordFrom {
    fn get(&self, name: &str, config: &ConfigFile) -> Result<Password, AccountError> {
        if !self.password_stdin {
            return Ok(Password {
                text: password::random_hex::<10>(),
                made_up: true,
            });
        }
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(AccountError::Input)?;
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        let rules = Settings::load(&config.config)?.passwords.rules();
        crate::domain::password::check(rules, name, &text)?;
        Ok(Password {
            text,
            made_up: false,
        })
    }
}
