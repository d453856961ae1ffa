//! Encryption at rest: what opens the station's database and originals, once per process. Leaves out how they are sealed (`src/seal.rs`,
//! SQLCipher) and how a station is turned over from one key to another (`src/at_rest/turn.rs`).
//!
//! There is one key per station, 32 bytes, that nothing in the data folder holds. Everything else is derived from it. What lies in the clear
//! beside the letters is [`Marker`]: the key's number, and how it is made where it is made of a passphrase. Losing that file loses nothing.

mod key;
mod marker;
mod source;
mod turn;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{self, Settings};
use crate::seal::{Keys, Seal, derive};
use crate::store::{DatabaseState, DbKey};

pub use key::{KeyId, StationKey};
pub(crate) use marker::FILE as MARKER_FILE;
pub use marker::{Marker, Older};
pub use source::Secret;
pub use turn::{TurnError, Turned, encrypt, rotate};

/// Keys of stations open nothing else.
const REALM: &str = "laixin at rest";

/// Why the station's data cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum AtRestError {
    /// The key is not where the settings say.
    #[error(
        "the station's key is not there: {wanted}. Without it nobody can read this station: put it back, or type the recovery key in at a terminal; on an installed station, laixin-admin COMMAND (as root) hands commands the key of the service"
    )]
    Missing {
        /// Where it should be.
        wanted: String,
        /// What the system said.
        #[source]
        source: Option<io::Error>,
    },
    /// What is there is no key.
    #[error(
        "{what} holds no key: a key has 14 groups of four characters, and the last ones check the others, so one of them is mistyped or missing"
    )]
    NotAKey {
        /// Where it came from.
        what: String,
    },
    /// Too easy to guess.
    #[error("{what} holds a passphrase of fewer than {least} characters")]
    TooShort {
        /// Where it came from.
        what: String,
        /// How many there have to be.
        least: usize,
    },
    /// Another key.
    #[error(
        "this is not the key of this station: {given} was given, and the station's key has the number {wanted}. Nothing was opened or written"
    )]
    WrongKey {
        /// What was given: a key by its number.
        given: String,
        /// What is needed, by its number.
        wanted: KeyId,
    },
    /// There is no key yet.
    #[error(
        "the settings name a key ([at_rest]: {wanted}), and this station has none yet: make one with `laixin key new` (as root; laixin-setup does it, and for a back-up of another machine laixin-setup --restore DIR --key-file FILE), or take [at_rest] out to keep letters in the clear"
    )]
    NoneYet {
        /// Where it should be.
        wanted: String,
    },
    /// There was one, and nothing of the station is there.
    #[error(
        "{} has no station in it, and {} says that one was begun: mount its disk and start again; where the disk is lost, restore the newest back-up. Only to begin anew on purpose, remove {} first", data.display(), mark.display(), mark.display()
    )]
    Emptied {
        /// The data folder.
        data: PathBuf,
        /// What says that it had a station.
        mark: PathBuf,
    },
    /// The settings name none.
    #[error(
        "this station is encrypted, and the settings name no key: set [at_rest] as it was, or restore a back-up"
    )]
    NotNamed,
    /// The settings name one, but the letters lie in the clear.
    #[error(
        "the settings name a key ([at_rest]), but {} lies in the clear: run `laixin key encrypt` with the station stopped, or take [at_rest] out", database.display()
    )]
    InTheClear {
        /// The database.
        database: PathBuf,
    },
    /// The settings name a key, and the caller opened none.
    #[error("the station's key was not asked for")]
    NotUnlocked,
    /// The file beside the letters is damaged.
    #[error(
        "{} is damaged: move it away; with the key (or the recovery key of the sheet) the station opens without it", file.display()
    )]
    Marker {
        /// The file.
        file: PathBuf,
        /// What the parser said.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// The system refused.
    #[error("cannot {doing} {}{}", path.display(), next_step(path, source))]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl AtRestError {
    /// Its stable name where a station does not start for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Emptied { .. } => "data_emptied",
            Self::Io { .. } => "data_dir_unusable",
            _ => "settings_refused",
        }
    }

    /// Whether trying again may help: a disk may yet be mounted or mended, an owner put right; settings and keys are a person's.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Emptied { .. } | Self::Io { .. })
    }
}

/// A wrong owner is put right by root, and the station then starts by itself.
fn next_step(path: &Path, source: &io::Error) -> String {
    match (source.kind(), path.parent()) {
        (io::ErrorKind::PermissionDenied, Some(data)) => format!(
            " (as root: chown -R laixin:laixin {}; the station starts by itself then)",
            data.display()
        ),
        _ => String::new(),
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AtRestError {
    let path = path.to_path_buf();
    move |source| AtRestError::Io {
        doing,
        path,
        source,
    }
}

/// What opens the station's data: nothing at all, where it lies in the clear.
#[derive(Debug, Clone, Default)]
pub struct Lock {
    ring: Option<Arc<Ring>>,
}

/// The keys of a station: one, or two while it is turned over from one to the other.
#[derive(Debug)]
struct Ring {
    current: Opened,
    older: Option<Opened>,
    /// What still lies in the clear is being encrypted.
    converting: bool,
    /// Where the settings look lies the key before this one still: it leads to this one until this one was used once.
    given: Option<KeyId>,
}

/// One key with what is derived from it.
#[derive(Debug, Clone)]
pub struct Opened {
    key: StationKey,
    id: KeyId,
    seal: Seal,
    database: DbKey,
}

impl Opened {
    /// Derives what a station needs.
    pub fn of(key: StationKey) -> Self {
        let master = key.master();
        Self {
            id: key.id(),
            seal: Seal::Sealed(Box::new(Keys::of(master, REALM))),
            database: DbKey::new(derive(master, &format!("{REALM}: database"))),
            key,
        }
    }

    /// The key's number.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key itself.
    pub(crate) fn key(&self) -> &StationKey {
        &self.key
    }

    /// What the database opens with.
    pub(crate) fn database(&self) -> &DbKey {
        &self.database
    }

    /// What originals are sealed and named with.
    pub(crate) fn seal(&self) -> &Seal {
        &self.seal
    }
}

impl Lock {
    /// Opens what one key sealed.
    pub fn of(key: StationKey) -> Self {
        Self::ring(Opened::of(key), None, false)
    }

    fn ring(current: Opened, older: Option<Opened>, converting: bool) -> Self {
        Self {
            ring: Some(Arc::new(Ring {
                current,
                older,
                converting,
                given: None,
            })),
        }
    }

    /// The same, got with the key before the current one.
    fn by_older(mut self, older: KeyId) -> Self {
        if let Some(ring) = self.ring.as_mut().and_then(Arc::get_mut) {
            ring.given = Some(older);
        }
        self
    }

    /// The key that was given, where it is not the station's but the one before.
    pub fn outdated(&self) -> Option<KeyId> {
        self.ring.as_deref().and_then(|ring| ring.given)
    }

    /// Whether the data is encrypted.
    pub fn is_keyed(&self) -> bool {
        self.ring.is_some()
    }

    /// What is written is sealed with this.
    pub(crate) fn current(&self) -> Option<&Opened> {
        self.ring.as_deref().map(|ring| &ring.current)
    }

    /// What may have been sealed with the key before.
    pub(crate) fn older(&self) -> Option<&Opened> {
        self.ring.as_deref().and_then(|ring| ring.older.as_ref())
    }

    /// Keys that may open the database, the likeliest first.
    pub(crate) fn database_keys(&self) -> impl Iterator<Item = &DbKey> {
        self.current()
            .into_iter()
            .chain(self.older())
            .map(|opened| &opened.database)
    }

    /// Whether the database may still lie in the clear.
    pub(crate) fn takes_plain_database(&self) -> bool {
        self.ring.as_deref().is_none_or(|ring| ring.converting)
    }

    /// Writes down which key a new station needs, unless it stands there already.
    pub(crate) fn note_in(&self, data: &Path) -> Result<(), AtRestError> {
        match self.current() {
            Some(opened) if Marker::read(data)?.is_none() => {
                Marker::of(&opened.key, None).write(data)
            }
            _ => Ok(()),
        }
    }

    /// Whether it is being turned over from the clear or from another key.
    pub fn is_turning(&self) -> bool {
        self.ring
            .as_deref()
            .is_some_and(|ring| ring.converting || ring.older.is_some())
    }
}

impl Settings {
    /// What opens this station's data.
    ///
    /// # Errors
    /// [`AtRestError::NotUnlocked`] where the settings name a key that nobody asked for: nothing is ever written in the clear by mistake.
    pub fn lock(&self) -> Result<&Lock, AtRestError> {
        if self.at_rest.is_some() && !self.unlocked.is_keyed() {
            return Err(AtRestError::NotUnlocked);
        }
        Ok(&self.unlocked)
    }

    /// Gets the key from where the settings say, or from whoever sits at the terminal, and compares it with the station's.
    ///
    /// # Errors
    /// [`AtRestError`]; nothing was written.
    pub fn unlock(&mut self) -> Result<(), AtRestError> {
        self.unlocked = unlock(self).map_err(|error| match (error, self.begun()) {
            // A key made now would be another station's.
            (AtRestError::NoneYet { .. }, Some(mark)) => {
                let data = self.station.data_dir.clone();
                AtRestError::Emptied { data, mark }
            }
            (error, _) => error,
        })?;
        Ok(())
    }
}

fn unlock(settings: &Settings) -> Result<Lock, AtRestError> {
    let data = &settings.station.data_dir;
    let marker = Marker::read(data)?;
    let database = settings.database();
    let state = DatabaseState::of(&database).map_err(failed("read", &database))?;
    let Some(wanted) = &settings.at_rest else {
        return match (marker, state) {
            (Some(_), DatabaseState::Sealed) => Err(AtRestError::NotNamed),
            _ => Ok(Lock::default()),
        };
    };
    if state == DatabaseState::Plain && !marker.as_ref().is_some_and(Marker::is_converting) {
        return Err(AtRestError::InTheClear { database });
    }
    let secret = match Secret::of(wanted) {
        Err(AtRestError::Missing { wanted, .. })
            if state == DatabaseState::None && marker.is_none() =>
        {
            return Err(AtRestError::NoneYet { wanted });
        }
        other => other?,
    };
    let lock = opened_by(&secret, marker.as_ref())?;
    if let Some(settled) = marker.and_then(|marker| marker.settled_by(&secret)) {
        settled.write(data)?;
    }
    Ok(lock)
}

/// What this secret opens of the station with this marker.
///
/// # Errors
/// [`AtRestError::WrongKey`] and others.
pub(crate) fn opened_by(secret: &Secret, marker: Option<&Marker>) -> Result<Lock, AtRestError> {
    let Some(marker) = marker else {
        // A new station, or one whose marker was lost: the database says whether it is the right key.
        return match secret {
            Secret::Key(key) => Ok(Lock::of(key.clone())),
            Secret::Passphrase(_) => Err(AtRestError::NoneYet {
                wanted: "a passphrase".into(),
            }),
        };
    };
    marker.open(secret)
}

/// No core dump and no other process of this user shows the keys. Best effort: where the system does not know it, it is as it was.
pub(crate) fn nothing_leaves_memory() {
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Where the key is to be found, in words.
pub(crate) fn place_of(wanted: &config::AtRest) -> String {
    match wanted {
        config::AtRest::Credential(name) => format!("the credential {name}"),
        config::AtRest::KeyFile(file) => format!("the key file {}", file.display()),
        config::AtRest::PassphraseFile(file) => format!("the passphrase in {}", file.display()),
    }
}
