//! Where the key comes from: a credential of the service manager, a file, a passphrase, or whoever sits at the terminal.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use zeroize::{Zeroize, Zeroizing};

use super::{AtRestError, StationKey, place_of};
use crate::config::AtRest;

/// Fewest characters of a passphrase.
pub(super) const SHORTEST: usize = 12;
/// Where systemd puts a service's credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// What was given to open a station.
#[derive(Clone)]
pub enum Secret {
    /// Its key itself, also as the recovery sheet has it.
    Key(StationKey),
    /// A passphrase that the key is made of.
    Passphrase(Zeroizing<Vec<u8>>),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key",
            Self::Passphrase(_) => "Passphrase",
        })
    }
}

impl Secret {
    /// From where the settings say; where it is not there and somebody sits at a terminal, he is asked.
    ///
    /// # Errors
    /// [`AtRestError`] when there is none, or it is none.
    pub fn of(wanted: &AtRest) -> Result<Self, AtRestError> {
        super::nothing_leaves_memory();
        let takes_passphrase = matches!(wanted, AtRest::PassphraseFile(_));
        let found = match file_of(wanted) {
            Some(file) => fs::read(file).map_err(Some),
            None => Err(None),
        };
        match found {
            Ok(bytes) => Self::parse(Zeroizing::new(bytes), &place_of(wanted), takes_passphrase),
            Err(_) if io::stdin().is_terminal() => {
                let typed = ask(&place_of(wanted), takes_passphrase)?;
                Self::parse(typed, "what was typed", takes_passphrase)
            }
            Err(source) => Err(AtRestError::Missing {
                wanted: place_of(wanted),
                source,
            }),
        }
    }

    /// Out of a file that was named on the command line.
    ///
    /// # Errors
    /// [`AtRestError`] when it cannot be read or holds neither a key nor a passphrase.
    pub fn in_file(file: &Path, takes_passphrase: bool) -> Result<Self, AtRestError> {
        super::nothing_leaves_memory();
        let bytes = fs::read(file).map_err(super::failed("read", file))?;
        let what = file.display().to_string();
        Self::parse(Zeroizing::new(bytes), &what, takes_passphrase)
    }

    fn parse(
        mut bytes: Zeroizing<Vec<u8>>,
        what: &str,
        takes_passphrase: bool,
    ) -> Result<Self, AtRestError> {
        while bytes.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
            bytes.pop();
        }
        let text = std::str::from_utf8(&bytes).ok();
        if let Some(key) = text.and_then(StationKey::parse) {
            return Ok(Self::Key(key));
        }
        if !takes_passphrase || text.is_some_and(StationKey::looks_like_one) {
            return Err(AtRestError::NotAKey {
                what: what.to_owned(),
            });
        }
        if bytes.len() < SHORTEST {
            return Err(AtRestError::TooShort {
                what: what.to_owned(),
                least: SHORTEST,
            });
        }
        Ok(Self::Passphrase(bytes))
    }
}

/// The file that holds it; none for a credential that the service manager did not give.
pub(super) fn file_of(wanted: &AtRest) -> Option<PathBuf> {
    match wanted {
        AtRest::Credential(name) => {
            std::env::var_os(CREDENTIALS).map(|folder| Path::new(&folder).join(name))
        }
        AtRest::KeyFile(file) | AtRest::PassphraseFile(file) => Some(file.clone()),
    }
}

/// Asks at the terminal, without showing what is typed.
fn ask(place: &str, takes_passphrase: bool) -> Result<Zeroizing<Vec<u8>>, AtRestError> {
    let failed = |source| AtRestError::Missing {
        wanted: place.to_owned(),
        source: Some(source),
    };
    let what = match takes_passphrase {
        true => "Passphrase, or recovery key",
        false => "Recovery key",
    };
    let unseen = Unseen::begin();
    eprint!("laixin: {place} is not there. {what} (not shown): ");
    io::stderr().flush().map_err(failed)?;
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    drop(unseen);
    eprintln!();
    read.map_err(failed)?;
    let bytes = Zeroizing::new(line.as_bytes().to_vec());
    line.zeroize();
    Ok(bytes)
}

/// Shows nothing of what is typed, says so, and puts the terminal back when its input ends: also when whoever asks is killed meanwhile.
const NOT_SHOWN: &str = "trap '' INT TERM HUP; exec 3</dev/tty; was=$(stty -g <&3) && stty -echo <&3; echo; cat; stty \"$was\" <&3";

/// A terminal that shows nothing of what is typed. `stty` is on every Debian machine; where it is not, what is typed shows.
struct Unseen(Option<Child>);

impl Unseen {
    fn begin() -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", NOT_SHOWN])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok();
        let said = shell.as_mut().and_then(|shell| shell.stdout.as_mut());
        // It says a line, or ends without one.
        let _ = said.map(|said| said.read(&mut [0]));
        Self(shell)
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        if let Some(mut shell) = self.0.take() {
            drop(shell.stdin.take());
            let _ = shell.wait();
        }
    }
}
