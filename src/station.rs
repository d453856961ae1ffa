//! Starts every task in the order a letter meets them, joins every task, stops in reverse order.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api::{self, App};
use crate::broker::crossing::Crossing;
use crate::config::{ConfigError, Settings};
use crate::console::words::Words;
use crate::disinfect::{self, CabinetControl};
use crate::events::Events;
use crate::evidence::Evidence;
use crate::health::Readiness;
use crate::sd_notify::{self, Watchdog};
use crate::store::{Db, GoneError, Store, StoreError, originals_are_there};
use crate::{Chain, alarm, broker, console, daily, handoff, read, scan, scrub};

pub mod status;
mod training;

/// A task that does not complete a loop within this time is stuck. Longer than the slowest page.
const STUCK_READER: Duration = Duration::from_secs(180);
/// The same for tasks that only wait for devices and disks.
const STUCK_TASK: Duration = Duration::from_secs(60);
/// How long open connections may take to end at a stop.
const GRACE: Duration = Duration::from_secs(3);

/// Why the station did not start.
#[derive(Debug, thiserror::Error)]
pub enum StationError {
    /// A file that the settings name is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A cabinet's profile is wrong.
    #[error("cabinet {id}: its profile {} is refused", file.display())]
    Profile {
        /// The cabinet.
        id: String,
        /// The profile.
        file: PathBuf,
        /// File, line, what is allowed.
        #[source]
        source: Box<uv_cabinet::ProfileError>,
    },
    /// Its settings contradict those of another cabinet.
    #[error("cabinet {id}: its address or unit in the settings cannot be taken")]
    Line {
        /// The cabinet.
        id: String,
        /// What is allowed.
        #[source]
        source: Box<uv_cabinet::ProfileError>,
    },
    /// The folder for data cannot be made or written.
    #[error("{} cannot be used as data_dir: make it, or give it to the user that runs laixin", path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another station uses the same folder.
    #[error("{} is in use by another laixin: stop that one first", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The database cannot be opened.
    #[error("the database {} cannot be opened", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The port cannot be opened.
    #[error(
        "{address} cannot be opened for the console and the API: another program may use it; stop that one, or set another http.listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error(
        "http.certificate, http.key, http.client_authority: TLS cannot be spoken; `laixin tls new` makes a certificate"
    )]
    Tls(#[from] api::tls::TlsError),
    /// There is no key to seal with for the office.
    #[error("office.seal_key cannot be used")]
    Office(#[from] broker::KeyFault),
    /// The HTTP server ended by itself.
    #[error("the HTTP server ended")]
    Http(#[source] std::io::Error),
}

impl StationError {
    /// Its stable name in the journal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(_) => "settings_refused",
            Self::Profile { .. } | Self::Line { .. } => "profile_refused",
            Self::DataDir { .. } => "data_dir_unusable",
            Self::InUse { .. } => "data_dir_in_use",
            Self::Store { source, .. } => match source {
                StoreError::Gone(gone) => gone.code(),
                StoreError::Newer { .. } => "database_newer",
                source if source.is_full() => "storage_full",
                _ => "database_unusable",
            },
            Self::Listen { .. } => "port_taken",
            Self::Tls(_) => "tls_refused",
            Self::Office(_) => "office_key",
            Self::Http(_) => "http_ended",
        }
    }

    /// Whether trying again may help: what only a person mends in the settings, or by a restore, is not tried again.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Config(_)
            | Self::Profile { .. }
            | Self::Line { .. }
            | Self::Office(_)
            | Self::Tls(_) => false,
            Self::Store { source, .. } => match source {
                // Its disk may yet be mounted.
                StoreError::Gone(gone) => {
                    matches!(
                        gone,
                        GoneError::Emptied { .. } | GoneError::Originals { .. }
                    )
                }
                source => !matches!(
                    source,
                    StoreError::Newer { .. }
                        | StoreError::NotForTraining
                        | StoreError::OnlyForTraining
                ),
            },
            _ => true,
        }
    }
}

/// Runs the station until SIGTERM or SIGINT; `crossing` is what an `[office]` in the settings needs, and nothing else does.
///
/// # Errors
/// [`StationError`] when something keeps it from starting. A device, a folder or a model that does not work does not:
/// the station runs without it and says so.
pub async fn run(settings: Settings, crossing: Option<&dyn Crossing>) -> Result<(), StationError> {
    let mut settings = settings;
    let simulated = training::simulated_cabinets(&mut settings).await?;
    let settings = Arc::new(settings);
    let office = read::office(&settings)?;
    let mappings = handoff::mappings(&settings)?;
    let office_key = settings.office.as_ref();
    let office_key =
        office_key.map(|office| broker::SealKey::load_for(&office.seal_key, office.seals_to()));
    let office_key = office_key.transpose()?;
    let _lock = wait_for_data_dir(&settings).await?;
    let (store, store_thread) = open_store(&settings)?;
    count_due(&store, &office, &settings).await?;
    let evidence = open_evidence(&settings)?;
    let address = settings.http.listen;
    let tls = api::tls::server_config(&settings.http)?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| StationError::Listen { address, source })?;

    let stop = CancellationToken::new();
    let (events, readiness, watchdog) =
        (Events::default(), Readiness::default(), Watchdog::default());
    readiness.ready("store");

    let mut tasks = Vec::new();
    let cabinets = start_cabinets(
        &settings, &store, &events, &readiness, &watchdog, &stop, &mut tasks,
    )?;
    let mut scanners = BTreeMap::new();
    for scanner in &settings.scanners {
        let desk = scan::Desk::new(
            scanner,
            store.clone(),
            evidence.clone(),
            events.clone(),
            readiness.clone(),
        )
        .with_memory_in(&settings.station.data_dir);
        let name = format!("scanner/{}", scanner.id);
        let (source, control, orders) = match scan::open(scanner, &desk) {
            Ok(opened) => opened,
            Err(error) => {
                readiness.not_ready(&name, "cannot_take_pages", &Chain(&error).to_string());
                continue;
            }
        };
        scanners.insert(scanner.id.to_string(), control);
        let beat = watchdog.task(&name, STUCK_TASK);
        let task = scan::run(desk, source, orders, beat, stop.child_token());
        tasks.push(tokio::spawn(async move {
            if let Err(error) = task.await {
                tracing::error!(task = name, error = %Chain(&error), "ended by itself; restart the station");
            }
        }));
    }
    let codes = scan::codes::run(store.clone(), evidence.clone(), stop.child_token());
    tasks.push(tokio::spawn(codes));
    let app = App::new(
        settings.clone(),
        (store, evidence),
        events,
        readiness,
        (cabinets, scanners),
    );
    let others = app.others.clone();
    let (lent, carrier) = broker::lend::of(settings.office.as_ref())
        .map(|readers| broker::lend::lending(readers, &others.neighbours))
        .unzip();
    let reader = read::Reader {
        settings: settings.clone(),
        office,
        store: app.store.clone(),
        evidence: app.evidence.clone(),
        events: app.events.clone(),
        readiness: app.readiness.clone(),
        metrics: app.metrics.clone(),
        beat: watchdog.task("reading", STUCK_READER),
        learned: std::cell::RefCell::default(),
        engine: std::cell::RefCell::default(),
        others: others.clone(),
        withheld: std::cell::RefCell::default(),
        lent: lent.map(|lending| std::cell::RefCell::new(read::Lent::new(lending))),
    };
    let reading = read::start(reader, stop.child_token());

    let scrubber = scrub::Scrubber {
        settings: app.settings.clone(),
        store: app.store.clone(),
        evidence: app.evidence.clone(),
        events: app.events.clone(),
        readiness: app.readiness.clone(),
    };
    let beat = watchdog.task("scrub", STUCK_TASK);
    tasks.push(tokio::spawn(scrub::run(scrubber, beat, stop.child_token())));

    let alarm = alarm::Alarm {
        settings: app.settings.clone(),
        store: app.store.clone(),
        events: app.events.clone(),
        readiness: app.readiness.clone(),
    };
    let beat = watchdog.task("alerts", STUCK_TASK);
    tasks.push(tokio::spawn(alarm::run(alarm, beat, stop.child_token())));

    let handoff = handoff::Handoff {
        settings: app.settings.clone(),
        store: app.store.clone(),
        evidence: app.evidence.clone(),
        events: app.events.clone(),
        readiness: app.readiness.clone(),
    };
    handoff::start(&handoff, mappings, (&watchdog, &stop), &mut tasks);
    if let (Some(key), Some(crossing)) = (office_key, crossing) {
        let together = broker::together::Together {
            settings: settings.clone(),
            store: app.store.clone(),
            events: app.events.clone(),
            readiness: app.readiness.clone(),
            others,
            carrier,
        };
        tasks.extend(crossing.station(together, (handoff.clone(), key), (&watchdog, &stop)));
    }
    // It holds the store, whose thread ends with the last handle: kept to the end, no stop would ever be over.
    drop(handoff);

    let beat = watchdog.task("daily", STUCK_TASK);
    tasks.push(tokio::spawn(daily::run(
        app.clone(),
        beat,
        stop.child_token(),
    )));

    tasks.push(tokio::spawn(status::run(
        app.clone(),
        address,
        stop.child_token(),
    )));

    let closing = app.closing.clone();
    let routes = console::router(app.clone()).merge(api::router(app));
    let mut http = match tls {
        Some(tls) => tokio::spawn(api::tls::serve(listener, tls, routes, closing.clone())),
        None => tokio::spawn(api::serve(listener, routes, closing.clone())),
    };
    let feeder = tokio::spawn(watchdog.feed());

    let words = Words::of(settings.station.language);
    sd_notify::ready(&status::running(words, address, &BTreeMap::new()));
    tracing::info!(%address, "the station is up");
    let ended = tokio::select! {
        () = asked_to_stop() => Ok(()),
        ended = &mut http => Err(StationError::Http(ended.unwrap_or_else(|defect| Err(std::io::Error::other(defect)))
            .err().unwrap_or_else(|| std::io::Error::other("nobody asked it to")))),
    };
    sd_notify::stopping();
    tracing::info!("stopping");
    stop.cancel();
    closing.cancel();
    if ended.is_ok() && tokio::time::timeout(GRACE, &mut http).await.is_err() {
        http.abort(); // event streams stay open for as long as a browser looks at them
        let _ = http.await;
    }
    feeder.abort();
    let _ = feeder.await;
    join(
        tokio::task::spawn_blocking(move || reading.join().is_err()),
        "reading",
    )
    .await;
    simulated.iter().for_each(JoinHandle::abort);
    for (at, task) in tasks.into_iter().enumerate().rev() {
        if task.await.is_err() {
            tracing::error!(task = at, "a task ended by a defect");
        }
    }
    join(
        tokio::task::spawn_blocking(move || store_thread.join().is_err()),
        "store",
    )
    .await;
    ended
}

async fn join(thread: JoinHandle<bool>, name: &str) {
    if !matches!(thread.await, Ok(false)) {
        tracing::error!(thread = name, "a thread ended by a defect");
    }
}

async fn asked_to_stop() {
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be listened for");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be listened for");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// A station that was killed holds its folder until the system has put its memory away; whoever starts the next one need not start it twice.
async fn wait_for_data_dir(settings: &Settings) -> Result<File, StationError> {
    for _ in 0..30 {
        match take_data_dir(settings) {
            Err(StationError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(100)).await,
            taken => return taken,
        }
    }
    take_data_dir(settings)
}

/// The station's lock: whoever holds it drives the devices.
pub(crate) fn take_data_dir(settings: &Settings) -> Result<File, StationError> {
    let path = settings.station.data_dir.clone();
    let lock = std::fs::create_dir_all(&path)
        .and_then(|()| File::create(path.join("lock")))
        .map_err(|source| StationError::DataDir {
            path: path.clone(),
            source,
        })?;
    match lock.try_lock() {
        Ok(()) => {
            keep_private(settings);
            Ok(lock)
        }
        Err(TryLockError::WouldBlock) => Err(StationError::InUse { path }),
        Err(TryLockError::Error(source)) => Err(StationError::DataDir { path, source }),
    }
}

/// Letters are nobody else's: the data folder is closed to other accounts. Not where a folder that others write into lies in it.
fn keep_private(settings: &Settings) {
    let data = &settings.station.data_dir;
    let is_open = |meta: &std::fs::Metadata| meta.permissions().mode() & 0o077 != 0;
    if !data.metadata().is_ok_and(|meta| is_open(&meta)) {
        return;
    }
    let scanners = settings
        .scanners
        .iter()
        .filter(|scanner| !scanner.is_driven());
    let scanners = scanners.map(|scanner| &scanner.folder);
    let exchanges = settings.exchanges.iter().map(|gate| &gate.folder);
    let shared = scanners
        .chain(exchanges)
        .any(|folder| folder.starts_with(data));
    let closed = match shared {
        true => Err("a scanner or exchange folder lies in it".to_owned()),
        false => std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700))
            .map_err(|error| error.to_string()),
    };
    if let Err(why) = closed {
        tracing::warn!(
            folder = %data.display(), why,
            "other accounts of this machine can look into the data folder: close it (chmod 700), with scanner folders elsewhere"
        );
    }
}

fn open_store(settings: &Settings) -> Result<(Store, std::thread::JoinHandle<()>), StationError> {
    let path = settings.database();
    let own = settings.clone();
    let opened = Store::of(settings).and_then(|(store, thread)| {
        store.wait(move |db| originals_are_there(&own, db))?;
        // Before anybody can ask: what an older laixin drafted is not open for want of a look.
        let restricted = store.wait(Db::restrict_older)?;
        if restricted > 0 {
            tracing::warn!(restricted, "letters of an older version are restricted now: a confirming officer decides who sees them");
        }
        // Nor does it go to an office of which it speaks.
        store.wait(Db::name_offices_of_older)?;
        Ok((store, thread))
    });
    opened.map_err(|source| StationError::Store { path, source })
}

/// Drafts that wait are due by the rules and holidays of today's files.
async fn count_due(
    store: &Store,
    office: &read::Office,
    settings: &Settings,
) -> Result<(), StationError> {
    let profile = std::sync::Arc::clone(&office.deadlines);
    let changed = store.with(move |db| db.count_due_by(profile)).await;
    let changed = changed.map_err(|source| StationError::Store {
        path: settings.database(),
        source,
    })?;
    if changed > 0 {
        tracing::info!(drafts = changed, "due dates counted again");
    }
    Ok(())
}

fn open_evidence(settings: &Settings) -> Result<Arc<Evidence>, StationError> {
    let path = settings.evidence_dir();
    Evidence::of(settings)
        .map(Arc::new)
        .map_err(|source| StationError::DataDir {
            path,
            source: std::io::Error::other(source),
        })
}

fn start_cabinets(
    settings: &Settings,
    store: &Store,
    events: &Events,
    readiness: &Readiness,
    watchdog: &Watchdog,
    stop: &CancellationToken,
    tasks: &mut Vec<JoinHandle<()>>,
) -> Result<BTreeMap<String, CabinetControl>, StationError> {
    let mut cabinets = BTreeMap::new();
    let lines = uv_cabinet::Lines::default();
    for cabinet in &settings.cabinets {
        let id = cabinet.id.to_string();
        let refused = |source| StationError::Profile {
            id: id.clone(),
            file: cabinet.profile.clone(),
            source: Box::new(source),
        };
        let profile = disinfect::profile_of(cabinet).map_err(refused)?;
        let on_line = lines
            .cabinet(profile.clone())
            .map_err(|source| StationError::Line {
                id: id.clone(),
                source: Box::new(source),
            })?;
        let surroundings = disinfect::Surroundings {
            store: store.clone(),
            events: events.clone(),
            readiness: readiness.clone(),
            beat: watchdog.task(&format!("cabinet/{id}"), STUCK_TASK),
        };
        let (control, task) = disinfect::start(
            cabinet.id.clone(),
            profile,
            on_line,
            surroundings,
            stop.child_token(),
        );
        cabinets.insert(id, control);
        tasks.push(task);
    }
    Ok(cabinets)
}
