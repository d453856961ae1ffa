//! The database's key: SQLCipher with 32 raw bytes, no passphrase at this level. How a database is opened with it, told from one in the
//! clear, looked over page by page, and copied from one key to another.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use zeroize::Zeroizing;

use super::{BUSY, StoreError, backups};
use crate::at_rest::Lock;
use crate::digest::hex;
use crate::seal::Master;

/// How every database in the clear begins.
const IN_THE_CLEAR: &[u8; 16] = b"SQLite format 3\0";

/// Why a database does not open.
#[derive(Debug, thiserror::Error)]
pub enum LockedError {
    /// There is no key.
    #[error(
        "{} is encrypted, and there is no key for it: set [at_rest] as it was; or its first bytes are damaged: then restore the last back-up beside it", database.display()
    )]
    NoKey {
        /// The file.
        database: PathBuf,
    },
    /// It is not encrypted although there is a key.
    #[error("{} lies in the clear although the settings name a key: run `laixin key encrypt` with the station stopped", database.display())]
    InTheClear {
        /// The file.
        database: PathBuf,
    },
    /// The key does not open it.
    #[error(
        "{} does not open with this station's key: it is another station's, or its beginning is damaged. Keep it as it is and restore the last back-up beside it", database.display()
    )]
    DoesNotOpen {
        /// The file.
        database: PathBuf,
    },
    /// Built without SQLCipher.
    #[error("this laixin was built without SQLCipher: it cannot open what is encrypted")]
    NoCipher,
    /// It cannot be read or copied.
    #[error("{} cannot be read or written", database.display())]
    Io {
        /// The file.
        database: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The key of a database; wiped when it is dropped, never shown.
#[derive(Clone)]
pub struct DbKey(Master);

impl std::fmt::Debug for DbKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DbKey")
    }
}

impl DbKey {
    /// Of 32 bytes that nobody can guess.
    pub fn new(bytes: Master) -> Self {
        Self(bytes)
    }

    /// As SQLCipher takes raw keys: `x'…'`.
    fn literal(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex(self.0.as_slice()));
        Zeroizing::new(format!("x'{}'", digits.as_str()))
    }
}

/// What lies at a database's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseState {
    /// Nothing, or a file that nothing was written to yet.
    None,
    /// A database in the clear.
    Plain,
    /// One that is encrypted, or damaged at its very beginning.
    Sealed,
}

impl DatabaseState {
    /// Looks at the file's first bytes. The file stays open for as long as this process lives: locks of a process on a file, those of SQLite too, are
    /// gone once any of its descriptors of that file is closed, and another program would then take away the journal this one writes to.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(database: &Path) -> io::Result<Self> {
        static LOOKED_AT: Mutex<BTreeMap<(u64, u64), File>> = Mutex::new(BTreeMap::new());
        let metadata = match database.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::None),
            other => other?,
        };
        let mut looked_at = LOOKED_AT.lock().expect("no holder of this lock panics");
        let file = match looked_at.entry((metadata.dev(), metadata.ino())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(File::open(database)?),
        };
        let mut first = [0; IN_THE_CLEAR.len()];
        match file.read_exact_at(&mut first, 0) {
            Ok(()) if first == *IN_THE_CLEAR => Ok(Self::Plain),
            Ok(()) => Ok(Self::Sealed),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Ok(match file.metadata()?.len() {
                    0 => Self::None,
                    _ => Self::Sealed,
                })
            }
            Err(error) => Err(error),
        }
    }
}

/// Opens the file with the key that fits it.
pub(super) fn connect(
    path: &Path,
    flags: OpenFlags,
    lock: &Lock,
) -> Result<Connection, StoreError> {
    let database = || path.to_path_buf();
    let state = DatabaseState::of(path).map_err(|source| LockedError::Io {
        database: database(),
        source,
    })?;
    let open = |with| {
        let connection = Connection::open_with_flags(path, flags)?;
        keep_plans(&connection)?;
        key(&connection, with)?;
        if state != DatabaseState::None && needs_rollback(&connection) {
            roll_back(path, with)?;
        }
        Ok::<_, StoreError>(connection)
    };
    match state {
        DatabaseState::Plain if lock.takes_plain_database() => open(None),
        DatabaseState::Plain => Err(LockedError::InTheClear {
            database: database(),
        }
        .into()),
        DatabaseState::None => open(lock.database_keys().next()),
        DatabaseState::Sealed if !lock.is_keyed() => Err(LockedError::NoKey {
            database: database(),
        }
        .into()),
        DatabaseState::Sealed => {
            for with in lock.database_keys() {
                let connection = open(Some(with))?;
                if opens(&connection)? {
                    return Ok(connection);
                }
            }
            Err(LockedError::DoesNotOpen {
                database: database(),
            }
            .into())
        }
    }
}

/// A statement's plan does not hang on the values bound to it: SQLite would prepare each that has a `LIMIT ?` anew whenever it is run, which took
/// half of the store's time.
fn keep_plans(connection: &Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Hands the key over, before anything is read.
pub(super) fn key(connection: &Connection, key: Option<&DbKey>) -> Result<(), StoreError> {
    // Its own log goes to the standard error of whoever runs us; what matters comes back as an error.
    connection.execute_batch("PRAGMA cipher_log_level = NONE; PRAGMA temp_store = MEMORY")?;
    let Some(key) = key else { return Ok(()) };
    let sql = Zeroizing::new(format!("PRAGMA key = \"{}\"", key.literal().as_str()));
    connection.execute_batch(&sql)?;
    let version: Option<String> =
        match connection.query_row("PRAGMA cipher_version", [], |row| row.get(0)) {
            Err(rusqlite::Error::QueryReturnedNoRows) => None,
            other => Some(other?),
        };
    match version {
        Some(version) if !version.is_empty() => Ok(()),
        _ => Err(LockedError::NoCipher.into()),
    }
}

/// Whether the key is the right one.
fn opens(connection: &Connection) -> Result<bool, StoreError> {
    connection.busy_timeout(BUSY)?;
    match connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())) {
        Ok(()) => Ok(true),
        Err(error) if is_damage(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether a change that was cut short has to be undone first, which a look-only connection may not. With the write-ahead log that never is so;
/// only while a station is turned over the file is without it.
fn needs_rollback(connection: &Connection) -> bool {
    let looked = connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()));
    matches!(
        looked,
        Err(rusqlite::Error::SqliteFailure(error, _))
            if error.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK
    )
}

/// Opens the file once with a right to write: SQLite then undoes by itself, and needs no key for it. Whether the key is the right one is asked afterwards.
fn roll_back(path: &Path, with: Option<&DbKey>) -> Result<(), StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    key(&connection, with)?;
    match connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())) {
        Err(error) if !is_damage(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Whether SQLite says that the file is none of its own, or damaged: what another key looks like, too.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseCorrupt | NotADatabase)
    )
}

/// What SQLCipher finds wrong with the pages of a sealed file; empty for one in the clear.
///
/// A page that the running station is just writing looks wrong: only what is wrong twice is told.
pub(super) fn bad_pages(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let look = || -> Result<Vec<String>, StoreError> {
        let mut query = connection.prepare("PRAGMA cipher_integrity_check")?;
        let told = query.query_map([], |row| row.get(0))?;
        Ok(told.collect::<Result<_, _>>()?)
    };
    let first = look()?;
    if first.is_empty() {
        return Ok(first);
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    let again = look()?;
    Ok(again
        .into_iter()
        .filter(|told| first.contains(told))
        .collect())
}

/// A database that nobody else can change while this lives.
#[derive(Debug)]
pub struct Held {
    _connection: Connection,
}

/// Copies a database that nobody else has open into a new file under another key, or in the clear, whole and on the disk. The one it was
/// copied from stays locked until [`Held`] is dropped: nobody writes into it behind the copy's back.
///
/// # Errors
/// When another process uses it, or SQLite cannot read the one or write the other.
pub fn recode(
    (from, key_from): (&Path, Option<&DbKey>),
    (to, key_to): (&Path, Option<&DbKey>),
) -> Result<Held, StoreError> {
    let source = Connection::open(from)?;
    source.busy_timeout(BUSY)?;
    key(&source, key_from)?;
    // Out of the write-ahead log: this fails while any other process has the file open.
    source.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))?;
    let mode: String = source.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    if mode != "delete" {
        return Err(busy().into());
    }
    source.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    if key_from.is_some() == key_to.is_some() {
        let mut copy = Connection::open(to)?;
        key(&copy, key_to)?;
        backups::copy(&source, &mut copy)?;
        copy.close().map_err(|(_, error)| error)?;
    } else {
        let literal = key_to.map_or_else(|| Zeroizing::new(String::new()), DbKey::literal);
        source.execute(
            "ATTACH DATABASE ?1 AS turned KEY ?2",
            (to.to_string_lossy(), literal.as_str()),
        )?;
        source.query_row("SELECT sqlcipher_export('turned')", [], |_| Ok(()))?;
        let schema: u32 = source.query_row("PRAGMA main.user_version", [], |row| row.get(0))?;
        source.execute_batch(&format!(
            "PRAGMA turned.user_version = {schema}; DETACH DATABASE turned"
        ))?;
    }
    let synced = File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|source| LockedError::Io {
        database: to.to_path_buf(),
        source,
    })?;
    Ok(Held {
        _connection: source,
    })
}

fn busy() -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    let told = "another laixin has the database open: stop it first";
    rusqlite::Error::SqliteFailure(code, Some(told.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::at_rest::StationKey;
    use crate::store::Db;

    fn lock() -> Lock {
        Lock::of(StationKey::new().unwrap())
    }

    #[test]
    fn another_key_no_key_and_a_key_for_what_lies_in_the_clear_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (sealed, plain) = (folder.path().join("sealed"), folder.path().join("plain"));
        let right = lock();
        drop(Db::open_with(&sealed, &right).unwrap());
        drop(Db::open(&plain).unwrap());
        let before = std::fs::read(&sealed).unwrap();
        let refused = |path: &Path, lock: &Lock| match Db::open_with(path, lock) {
            Err(StoreError::Locked(error)) => error,
            other => panic!("{other:?}"),
        };
        assert!(matches!(
            refused(&sealed, &lock()),
            LockedError::DoesNotOpen { .. }
        ));
        assert!(matches!(
            refused(&sealed, &Lock::default()),
            LockedError::NoKey { .. }
        ));
        assert!(matches!(
            refused(&plain, &right),
            LockedError::InTheClear { .. }
        ));
        assert!(Db::look_with(&sealed, &right).is_ok());
        assert_eq!(std::fs::read(&sealed).unwrap(), before);
    }

    /// How many locks this process holds on a file.
    fn locks_on(path: &Path) -> usize {
        let inode = format!(":{} ", path.metadata().unwrap().ino());
        let descriptors = std::fs::read_dir("/proc/self/fdinfo").unwrap();
        let told = descriptors.map(|one| std::fs::read_to_string(one.unwrap().path()));
        let told = told.map(Result::unwrap_or_default);
        let all: Vec<_> = told
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let locks = all.iter().filter(|line| line.starts_with("lock:"));
        locks.filter(|line| line.contains(&inode)).count()
    }

    /// Without its lock any other program that looks at the database takes away the journal this one writes to, and all that comes after is
    /// lost at the next crash.
    #[test]
    fn a_second_look_at_the_database_leaves_the_first_one_its_locks() {
        let folder = tempfile::tempdir().unwrap();
        for (name, lock) in [("plain", Lock::default()), ("sealed", lock())] {
            let path = folder.path().join(name);
            let _open = Db::open_with(&path, &lock).unwrap();
            let held = locks_on(&path);
            assert!(held > 0, "{name}: an open database is locked");
            for _ in 0..3 {
                drop(Db::look_with(&path, &lock).unwrap());
                assert_ne!(DatabaseState::of(&path).unwrap(), DatabaseState::None);
            }
            assert_eq!(locks_on(&path), held, "{name}");
        }
    }

    #[test]
    fn temporary_tables_stay_in_memory_and_the_cipher_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_with(&folder.path().join("db"), &lock()).unwrap();
        let ask = |sql: &str| -> String {
            let told = db
                .connection
                .query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0));
            format!("{:?}", told.unwrap())
        };
        assert_eq!(ask("PRAGMA temp_store"), "Integer(2)");
        assert!(ask("PRAGMA cipher_version").contains("4."));
        assert!(ask("PRAGMA cipher_provider").contains("openssl"));
    }

    #[test]
    fn a_database_that_somebody_else_has_open_is_not_copied_to_another_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let other = Db::open(&path).unwrap();
        let to = folder.path().join("to");
        let key = lock();
        assert!(recode((&path, None), (&to, key.database_keys().next())).is_err());
        drop(other);
        let held = recode((&path, None), (&to, key.database_keys().next())).unwrap();
        // Until it is let go nobody writes what the copy would not have.
        let late = Connection::open(&path).unwrap();
        late.busy_timeout(std::time::Duration::ZERO).unwrap();
        assert!(late.execute_batch("CREATE TABLE late (x)").is_err());
        drop(held);
    }
}
