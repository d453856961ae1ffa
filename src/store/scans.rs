//! Scans that the station drives: begun for a released load, counted by the device and by us, settled when every image that came is somewhere.

use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::grouping::{NewHold, hold_once};
use super::{Db, Hindrance, StoreError, ledger, loads};
use crate::clock::{self, Millis};
use crate::domain::grouping::hold;
use crate::domain::intake::ArrivalState;
use crate::domain::letter::LoadState;

/// How a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScanOutcome {
    /// The feeder is empty and the counts agree.
    Done,
    /// A person stopped it.
    Cancelled,
    /// The scanner gave up; `trouble` says why.
    Failed,
    /// The station stopped meanwhile.
    Interrupted,
}

/// A scan to begin.
#[derive(Debug, Clone)]
pub struct NewScan {
    /// The scanner.
    pub scanner: String,
    /// For the letters of this load.
    pub load: i64,
    /// 1 or 2.
    pub sides: u8,
    /// Who asked for it.
    pub by: String,
}

/// A scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Number.
    pub id: i64,
    /// The scanner.
    pub scanner: String,
    /// Its batch.
    pub batch: i64,
    /// Its load.
    pub load: i64,
    /// 1 or 2.
    pub sides: u8,
    /// Who asked for it.
    pub asked_by: String,
    /// When.
    pub asked: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
    /// How.
    pub outcome: Option<ScanOutcome>,
    /// Stable code where it failed.
    pub trouble: Option<String>,
    /// Images as the device counted them.
    pub device_images: Option<u32>,
    /// Images that came.
    pub received_images: u32,
    /// Images that are registered as pages or separators.
    pub registered_images: u32,
    /// Images that are held.
    pub held_images: u32,
    /// Since when it is judged.
    pub settled: Option<Millis>,
}

/// How a scan ended.
#[derive(Debug, Clone)]
pub struct EndedScan {
    /// How.
    pub outcome: ScanOutcome,
    /// Stable code where it failed.
    pub trouble: Option<String>,
    /// Images as the device counted them.
    pub device_images: Option<u32>,
    /// Images that came.
    pub received_images: u32,
}

const SCAN: &str = "SELECT s.id, s.scanner, s.batch_id, s.load_id, s.sides, s.asked_by, s.asked_ms, s.ended_ms, s.outcome, s.trouble,
    s.device_images, s.received_images,
    (SELECT count(*) FROM arrivals a WHERE a.scan_id = s.id AND a.state = 'taken'),
    (SELECT count(*) FROM arrivals a WHERE a.scan_id = s.id AND a.state IN ('held', 'set_aside')), s.settled_ms FROM scans s";

fn scan(row: &Row<'_>) -> rusqlite::Result<Scan> {
    Ok(Scan {
        id: row.get(0)?,
        scanner: row.get(1)?,
        batch: row.get(2)?,
        load: row.get(3)?,
        sides: row.get(4)?,
        asked_by: row.get(5)?,
        asked: row.get(6)?,
        ended: row.get(7)?,
        outcome: row.get(8)?,
        trouble: row.get(9)?,
        device_images: row.get(10)?,
        received_images: row.get(11)?,
        registered_images: row.get(12)?,
        held_images: row.get(13)?,
        settled: row.get(14)?,
    })
}

fn subject(id: i64) -> String {
    format!("scan/{id}")
}

/// The load, when its letters may be scanned now.
pub(super) fn open_load(connection: &Connection, id: i64) -> Result<Option<i64>, StoreError> {
    let open = format!(
        "{} WHERE id = ?1 AND state IN (?2, ?3) AND released_ms IS NOT NULL
         AND batch_id IN (SELECT id FROM batches WHERE closed_ms IS NULL)",
        loads::LOAD
    );
    let load = connection
        .query_row(
            &open,
            (id, LoadState::Released, LoadState::Overridden),
            loads::load,
        )
        .optional()?;
    Ok(load.map(|load| load.batch_id))
}

impl Db {
    /// The original of one image of a scan, if it was taken.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn image_of_scan(&self, scan: i64, place: u32) -> Result<Option<String>, StoreError> {
        let found = self.connection.query_row(
            "SELECT sha256 FROM arrivals WHERE scan_id = ?1 AND place = ?2 AND state = ?3",
            (scan, place, ArrivalState::Taken),
            |row| row.get(0),
        );
        Ok(found.optional()?.flatten())
    }

    /// Begins a scan. **No page without a release**: the load has to be open.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the load, [`StoreError::WrongState`] when it is not open or the scanner scans.
    pub fn begin_scan(&mut self, new: &NewScan) -> Result<Scan, StoreError> {
        self.clock_is_right("scan")?;
        let load = self.load(new.load)?;
        let Some(batch) = open_load(&self.connection, new.load)? else {
            let closed = load.state.may_be_opened();
            return Err(StoreError::WrongState {
                why: Hindrance::LoadNotOpen,
                what: "load",
                id: new.load.to_string(),
                state: if closed {
                    "of a closed batch"
                } else {
                    "not released"
                }
                .into(),
                action: "scan",
            });
        };
        let running: Option<i64> = self
            .connection
            .query_row(
                "SELECT id FROM scans WHERE scanner = ?1 AND ended_ms IS NULL",
                [&new.scanner],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(running) = running {
            return Err(StoreError::WrongState {
                why: Hindrance::Busy,
                what: "scanner",
                id: new.scanner.clone(),
                state: format!("busy with scan {running}"),
                action: "scan",
            });
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO scans (scanner, batch_id, load_id, sides, asked_by, asked_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (&new.scanner, batch, new.load, new.sides, &new.by, clock::now()),
        )?;
        let id = step.last_insert_rowid();
        let detail = json!({"scanner": new.scanner, "load": new.load, "sides": new.sides});
        ledger::append(&step, &new.by, "scan.begun", &subject(id), &detail)?;
        step.commit()?;
        self.scan(id)
    }

    /// One scan.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn scan(&self, id: i64) -> Result<Scan, StoreError> {
        self.find_scan(id)?.ok_or_else(|| StoreError::NotFound {
            what: "scan",
            id: id.to_string(),
        })
    }

    /// One scan, if it is known.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn find_scan(&self, id: i64) -> Result<Option<Scan>, StoreError> {
        let query = format!("{SCAN} WHERE s.id = ?1");
        Ok(self.connection.query_row(&query, [id], scan).optional()?)
    }

    /// Scans of one batch, or of all, newest first, with numbers below `before`.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn scans(
        &self,
        batch: Option<i64>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Scan>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{SCAN} WHERE (?1 IS NULL OR s.batch_id = ?1) AND s.id < ?2 ORDER BY s.id DESC LIMIT ?3"
        ))?;
        let rows = query.query_map((batch, before.unwrap_or(i64::MAX), limit), scan)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest scan of a scanner.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn newest_scan(&self, scanner: &str) -> Result<Option<Scan>, StoreError> {
        let query = format!("{SCAN} WHERE s.scanner = ?1 ORDER BY s.id DESC LIMIT 1");
        Ok(self
            .connection
            .query_row(&query, [scanner], scan)
            .optional()?)
    }

    /// Notes that an image of a running scan is on the disk.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn scan_received(&mut self, id: i64, images: u32) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE scans SET received_images = max(received_images, ?2) WHERE id = ?1 AND ended_ms IS NULL",
            (id, images),
        )?;
        Ok(())
    }

    /// Ends a scan; an end that is known stays.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn end_scan(&mut self, id: i64, end: &EndedScan) -> Result<(), StoreError> {
        let step = self.connection.savepoint()?;
        let changed = step.execute(
            "UPDATE scans SET ended_ms = ?2, outcome = ?3, trouble = ?4, device_images = ?5, received_images = max(received_images, ?6)
             WHERE id = ?1 AND ended_ms IS NULL",
            (id, clock::now(), end.outcome, &end.trouble, end.device_images, end.received_images),
        )?;
        if changed > 0 {
            let detail = json!({"outcome": end.outcome, "trouble": end.trouble, "device_images": end.device_images,
                "received_images": end.received_images});
            ledger::append(
                &step,
                super::letters::ACTOR,
                "scan.ended",
                &subject(id),
                &detail,
            )?;
        }
        step.commit()?;
        Ok(())
    }

    /// Scans of a scanner that have no end; at a start: what an earlier run left.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn running_scans(&self, scanner: &str) -> Result<Vec<Scan>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{SCAN} WHERE s.scanner = ?1 AND s.ended_ms IS NULL ORDER BY s.id"
        ))?;
        let rows = query.query_map([scanner], scan)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Scans of a scanner that ended and are not settled.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn unsettled_scans(&self, scanner: &str) -> Result<Vec<Scan>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{SCAN} WHERE s.scanner = ?1 AND s.settled_ms IS NULL AND s.ended_ms IS NOT NULL ORDER BY s.id"
        ))?;
        let rows = query.query_map([scanner], scan)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Judges a scan that ended and of which nothing lies in the spool any more; returns what a person has to look at.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn settle_scan(&mut self, id: i64) -> Result<Option<Vec<&'static str>>, StoreError> {
        let scan = self.scan(id)?;
        if scan.settled.is_some() || scan.ended.is_none() {
            return Ok(None);
        }
        let found = self.judge_scan(&scan)?;
        let step = self.connection.savepoint()?;
        let last = last_letter(&step, &scan)?;
        for (reason, detail) in &found {
            let letters = match *reason {
                // Which letter lacks a page is not known: all of them wait.
                hold::COUNTS_DIFFER => letters_of(&step, scan.id)?,
                hold::LETTER_EMPTY => Vec::new(),
                _ => last.clone().into_iter().collect(),
            };
            let one = |letter: Option<&str>| NewHold {
                batch: scan.batch,
                letter: letter.map(str::to_owned),
                scan: Some(scan.id),
                reason,
                detail: Some(detail.clone()),
            };
            if letters.is_empty() {
                hold_once(&step, &one(None))?;
            }
            for letter in &letters {
                hold_once(&step, &one(Some(letter)))?;
            }
        }
        step.execute(
            "UPDATE scans SET settled_ms = ?2 WHERE id = ?1",
            (id, clock::now()),
        )?;
        let reasons: Vec<&str> = found.iter().map(|(reason, _)| *reason).collect();
        let detail = json!({"registered": scan.registered_images, "held": scan.held_images, "findings": reasons});
        ledger::append(
            &step,
            super::letters::ACTOR,
            "scan.settled",
            &subject(id),
            &detail,
        )?;
        step.commit()?;
        Ok(Some(reasons))
    }

    /// What is odd about a scan as a whole.
    fn judge_scan(&self, scan: &Scan) -> Result<Vec<(&'static str, String)>, StoreError> {
        let mut found = Vec::new();
        match scan.outcome {
            Some(ScanOutcome::Done) | None => {}
            Some(ScanOutcome::Interrupted) => found.push((hold::SCAN_INTERRUPTED, String::new())),
            Some(ScanOutcome::Cancelled) => found.push((hold::SCAN_BROKEN, "cancelled".into())),
            // An empty feeder fed nothing: there is no letter to be looked at.
            Some(ScanOutcome::Failed)
                if scan.received_images == 0 && scan.device_images.unwrap_or(0) == 0 => {}
            Some(ScanOutcome::Failed) => {
                let code = scan.trouble.clone().unwrap_or_default();
                let after = scan.received_images;
                found.push((hold::SCAN_BROKEN, format!("{code} after image {after}")));
            }
        }
        let images = scan.registered_images + scan.held_images;
        if images != scan.received_images {
            let received = scan.received_images;
            found.push((
                hold::COUNTS_DIFFER,
                format!("{received} came, {images} are here"),
            ));
        } else if let Some(device) = scan.device_images.filter(|device| *device != images) {
            found.push((
                hold::COUNTS_DIFFER,
                format!("{device} by the scanner, {images} here"),
            ));
        }
        if scan.sides == 2 && images % 2 == 1 {
            found.push((hold::ODD_COUNT, format!("{images} sides")));
        }
        // Where the scan stopped, or an image is missing or held, that may be the last sheet's letter: nobody takes its envelope for empty.
        let is_whole = scan.held_images == 0
            && !found.iter().any(|(reason, _)| {
                matches!(
                    *reason,
                    hold::SCAN_BROKEN | hold::SCAN_INTERRUPTED | hold::COUNTS_DIFFER
                )
            });
        if is_whole && let Some(label) = self.empty_separator(scan)? {
            found.push((hold::LETTER_EMPTY, label));
        }
        Ok(found)
    }

    /// The last separator of a scan, if nothing came behind it.
    fn empty_separator(&self, scan: &Scan) -> Result<Option<String>, StoreError> {
        let last = super::grouping::last_separator(
            &self.connection,
            (&scan.scanner, scan.batch, Some(scan.id)),
        )?;
        let Some(last) = last else {
            return Ok(None);
        };
        let label = last.label();
        let has_pages: bool = self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM pages p JOIN letters l ON l.id = p.letter_id WHERE l.batch_id = ?1 AND l.group_name = ?2)",
            (scan.batch, &label),
            |row| row.get(0),
        )?;
        Ok((!has_pages).then_some(label))
    }

    /// Notes that an image of a scan was held, so that the batch cannot be closed over it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn hold_scan_image(
        &mut self,
        scan: &Scan,
        arrival: &str,
        (place, reason): (u32, &str),
    ) -> Result<(), StoreError> {
        let step = self.connection.savepoint()?;
        step.execute(
            "UPDATE arrivals SET scan_id = ?2, place = ?3 WHERE id = ?1 AND state = ?4",
            (arrival, scan.id, place, ArrivalState::Held),
        )?;
        let hold = NewHold {
            batch: scan.batch,
            letter: None,
            scan: Some(scan.id),
            reason,
            detail: Some(format!("image {place}")),
        };
        hold_once(&step, &hold)?;
        step.commit()?;
        Ok(())
    }
}

fn letters_of(connection: &Connection, scan: i64) -> Result<Vec<String>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT DISTINCT p.letter_id FROM pages p JOIN arrivals a ON a.id = p.arrival_id WHERE a.scan_id = ?1",
    )?;
    let rows = query.query_map([scan], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The letter that the scan's last page went into.
fn last_letter(connection: &Connection, scan: &Scan) -> Result<Option<String>, StoreError> {
    let letter = connection
        .query_row(
            "SELECT p.letter_id FROM pages p JOIN arrivals a ON a.id = p.arrival_id WHERE a.scan_id = ?1
             ORDER BY a.place DESC, p.frame DESC LIMIT 1",
            [scan.id],
            |row| row.get(0),
        )
        .optional()?;
    Ok(letter)
}
