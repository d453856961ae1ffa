//! What a driven scanner adds to the device health log: every trouble when it happens, pages a day, and how often it jams.

use scanner::{Ended, Outcome};

use crate::clock;
use crate::store::{HealthRow, Store};

/// Troubles among the scans of one run: from here on somebody should look at the rollers.
const TROUBLES_TO_LOOK_AT: u32 = 3;

/// What this run has counted.
pub(super) struct Log {
    device: String,
    /// The day that is counted, and its images.
    day: String,
    images: u32,
    told: u32,
    /// Jams and double feeds of that day.
    feeding: u32,
}

impl Log {
    pub(super) fn new(device: &str) -> Self {
        Self {
            device: device.to_owned(),
            day: clock::now().day(),
            images: 0,
            told: 0,
            feeding: 0,
        }
    }

    pub(super) fn image(&mut self) {
        self.images += 1;
    }

    /// Renews the count of the day; a new day begins at nought.
    pub(super) async fn daily(&mut self, store: &Store) {
        let today = clock::now().day();
        if self.images != self.told {
            self.told = self.images;
            let row = self.row("images_per_day", Some(f64::from(self.images)), "good", None);
            self.write(store, row, Kind::Watched).await;
        }
        if today != self.day {
            (self.day, self.images, self.told, self.feeding) = (today, 0, 0, 0);
        }
    }

    pub(super) async fn ended(&mut self, store: &Store, ended: &Ended) {
        let Outcome::Failed(trouble) = &ended.outcome else {
            let row = self.row("scan", Some(f64::from(ended.images)), "good", None);
            return self.write(store, row, Kind::Watched).await;
        };
        let code = trouble.code();
        let (point, next) = match code {
            "scanner_jam" => ("jam", "clear_paper_path"),
            "scanner_double_feed" => ("double_feed", "clean_rollers"),
            "scanner_cover_open" => ("cover", "close_cover"),
            "scanner_stalled" => ("stall", "restart_scanner"),
            // Nothing is wrong with a scanner that has no paper.
            "scanner_feeder_empty" => return,
            "scanner_no_connection" | "scanner_busy" | "scanner_too_slow" => {
                ("link", "check_scanner_link")
            }
            "scanner_other_device" | "scanner_certificate" => {
                ("identity", "check_scanner_identity")
            }
            _ => ("scan", "look_after"),
        };
        let feeding = matches!(point, "jam" | "double_feed");
        self.feeding += u32::from(feeding);
        let worn = feeding && self.feeding >= TROUBLES_TO_LOOK_AT;
        let next = if worn { "replace_rollers" } else { next };
        let state = if worn { "bad" } else { "warning" };
        let row = self.row(point, Some(f64::from(ended.images)), state, Some(next));
        self.write(store, row, Kind::Event).await;
    }

    fn row(&self, point: &str, value: Option<f64>, state: &str, code: Option<&str>) -> HealthRow {
        HealthRow {
            at: clock::now(),
            device: self.device.clone(),
            point: point.to_owned(),
            value,
            limit: None,
            state: state.to_owned(),
            code: code.map(str::to_owned),
            detail: None,
        }
    }

    async fn write(&self, store: &Store, row: HealthRow, kind: Kind) {
        let written = store.with(move |db| match kind {
            Kind::Event => db.log_health(&[row]),
            Kind::Watched => db.note_health(&[row]),
        });
        if let Err(error) = written.await {
            tracing::warn!(scanner = self.device, %error, "the device health log was not written");
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Event,
    Watched,
}
