//! `laixin archive`: a letter, a batch or a month as PDF/A-2u files, with an index for the archive.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::user::operator_of_the_machine;
use super::{ConfigArg, DEFECT, FINDING, GOOD, USAGE};
use crate::archive::{self, Archived, IndexEntry, Naming, Outline, file_name};
use crate::clock::Millis;
use crate::config::Settings;
use crate::domain::draft::Draft;
use crate::domain::keeping::Withheld;
use crate::evidence::Evidence;
use crate::store::{Db, ExportOf, StoreError, ToExport};
use crate::{Chain, digest};

/// `laixin archive`
#[derive(Debug, clap::Args)]
#[group(id = "of", required = true, multiple = false, args = ["letter", "batch", "month"])]
pub struct ArchiveArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Number of one letter.
    #[arg(value_name = "LETTER")]
    letter: Option<String>,
    /// Every letter of a batch, into a folder with an index.
    #[arg(long, value_name = "NUMBER")]
    batch: Option<i64>,
    /// Every letter received in a month, e.g. 2026-11.
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<String>,
    /// The file of one letter, or the folder of many; here, under the name the settings give, otherwise.
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

/// Writes the files.
pub fn run(args: &ArchiveArgs) -> u8 {
    let settings = match args.config.unlocked() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let of = match asked(args) {
        Ok(of) => of,
        Err(why) => {
            eprintln!("laixin: {why}");
            return USAGE;
        }
    };
    let opened = Db::of(&settings)
        .and_then(|db| Ok((db.letters_to_export(&of)?, db)))
        .map_err(Failed::from);
    let opened = opened.and_then(|(letters, db)| Ok((letters, db, Evidence::look_at(&settings)?)));
    let (all, mut db, evidence) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            eprintln!("laixin: {}", Chain(error.as_ref()));
            return DEFECT;
        }
    };
    let (letters, withheld): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|letter| letter.withheld.is_none());
    if letters.is_empty() && (withheld.is_empty() || args.letter.is_some()) {
        eprintln!("laixin: there is no such letter, or it is withheld");
        return USAGE;
    }
    let mut export = Export {
        settings: &settings,
        evidence,
        by: operator_of_the_machine(),
        index: Vec::new(),
        faults: 0,
    };
    let done = match (&of, &args.output) {
        (ExportOf::Letter(_), output) => export.one(&mut db, &letters[0], output.as_deref()),
        (_, output) => {
            let folder = output.clone().unwrap_or_else(|| PathBuf::from("."));
            export.all(&mut db, (&letters, &withheld), &folder)
        }
    };
    match done {
        Ok(()) if export.faults == 0 => GOOD,
        Ok(()) => FINDING,
        Err(error) => {
            eprintln!("laixin: {}", Chain(error.as_ref()));
            FINDING
        }
    }
}

fn asked(args: &ArchiveArgs) -> Result<ExportOf, String> {
    if let Some(letter) = &args.letter {
        return Ok(ExportOf::Letter(letter.clone()));
    }
    if let Some(batch) = args.batch {
        return Ok(ExportOf::Batch(batch));
    }
    let month = args.month.as_deref().unwrap_or_default();
    let odd = || format!("{month:?} is no month; 2026-11 is one");
    let first: jiff::civil::Date = format!("{month}-01").parse().map_err(|_| odd())?;
    let next = first
        .checked_add(jiff::Span::new().months(1))
        .map_err(|_| odd())?;
    let moment = |day: jiff::civil::Date| {
        let at = day.to_zoned(jiff::tz::TimeZone::system());
        at.map(|at| Millis(at.timestamp().as_millisecond()))
            .map_err(|_| odd())
    };
    Ok(ExportOf::Received(moment(first)?, moment(next)?))
}

type Failed = Box<dyn std::error::Error>;

struct Export<'a> {
    settings: &'a Settings,
    evidence: Evidence,
    by: String,
    index: Vec<IndexEntry>,
    faults: u32,
}

impl Export<'_> {
    fn one(&mut self, db: &mut Db, letter: &ToExport, output: Option<&Path>) -> Result<(), Failed> {
        let (name, made) = self.make(db, letter)?;
        let path = output.map_or_else(|| PathBuf::from(format!("{name}.pdf")), Path::to_owned);
        write(&path, &made.pdf)?;
        println!(
            "{}: {} pages, {} bytes, {}, SHA-256 {}",
            path.display(),
            made.archive.pages.len(),
            made.pdf.len(),
            over_its_images(&made),
            digest::sha256_hex(&made.pdf)
        );
        self.told(letter, &made);
        Ok(())
    }

    /// A letter that cannot be exported does not keep the others.
    fn all(
        &mut self,
        db: &mut Db,
        (letters, withheld): (&[ToExport], &[ToExport]),
        folder: &Path,
    ) -> Result<(), Failed> {
        std::fs::create_dir_all(folder)?;
        let mut marked = 0;
        for letter in letters {
            let made = self.make(db, letter).and_then(|(name, made)| {
                let file = format!("{name}.pdf");
                write(&folder.join(&file), &made.pdf)?;
                self.told(letter, &made);
                let entry = entry(db, letter, file, &made)?;
                marked += u32::from(!entry.mark.is_empty());
                self.index.push(entry);
                Ok(())
            });
            if let Err(error) = made {
                self.faults += 1;
                println!("{}: NOT exported: {}", letter.letter, Chain(error.as_ref()));
            }
        }
        let exported = self.index.len();
        for letter in withheld {
            let why = letter.withheld.map_or("", Withheld::told);
            println!("{}: left out: {why}", letter.letter);
            self.index.push(IndexEntry {
                letter: letter.letter.clone(),
                received: letter.received.rfc3339(),
                mark: format!("left out: {why}"),
                ..IndexEntry::default()
            });
        }
        write(
            &folder.join("index.csv"),
            archive::csv(&self.index).as_bytes(),
        )?;
        let xml = archive::xml(&self.index, &self.settings.station.name)?;
        write(&folder.join("index.xml"), &xml)?;
        println!(
            "{}: {exported} of {} letters, index.csv, index.xml; {marked} of them unconfirmed, with open findings or with pages that cannot be shown (marked in the index); {} withheld, {} not exported",
            folder.display(),
            letters.len() + withheld.len(),
            withheld.len(),
            self.faults
        );
        Ok(())
    }

    fn make(&self, db: &mut Db, letter: &ToExport) -> Result<(String, Archived), Failed> {
        let outline = Outline::of(db, &letter.letter)?;
        if outline.pages() == 0 {
            return Err("it has no pages".into());
        }
        let year = i64::from(letter.received.zoned().year());
        let settings = &self.settings.archive;
        let number = if settings.name.contains("{number}") {
            Some(db.give_archive_number(&letter.letter, year, &self.by)?)
        } else {
            db.archive_number(&letter.letter)?
        };
        let naming = Naming {
            fonds: settings.fonds.clone(),
            letter: letter.letter.clone(),
            number,
            case: letter.case.clone(),
            received: Some(letter.received),
        };
        let station = &self.settings.station.name;
        let made = archive::make(outline, &self.evidence, station, settings.level)?;
        let detail =
            serde_json::json!({"sha256": digest::sha256_hex(&made.pdf), "bytes": made.pdf.len()});
        let subject = format!("letter/{}", letter.letter);
        db.record(&self.by, "archive.exported", &subject, &detail)?;
        Ok((file_name(&settings.name, &naming), made))
    }

    fn told(&self, letter: &ToExport, made: &Archived) {
        let mark = made.archive.mark.told();
        if !mark.is_empty() {
            println!("{}: marked: {mark}", letter.letter);
        }
        let hidden = made
            .archive
            .pages
            .iter()
            .filter(|page| page.image.is_none());
        for page in hidden {
            println!(
                "{}: page {} cannot be shown; its original {} stays in the station",
                letter.letter, page.n, page.sha256
            );
        }
    }
}

/// How much larger the file is than its images; of pages that have none there is nothing to compare.
fn over_its_images(made: &Archived) -> String {
    match made.archive.mark.not_shown {
        0 => {
            let images = made.image_bytes.max(1) as f64;
            let percent = (made.pdf.len() as f64 - images) / images * 100.0;
            format!("{percent:.2} % over its images")
        }
        hidden => format!("pages that cannot be shown: {hidden}"),
    }
}

fn entry(db: &Db, letter: &ToExport, file: String, made: &Archived) -> Result<IndexEntry, Failed> {
    let draft: Option<Draft> = match db.draft(&letter.letter) {
        Ok(row) => Some(row.draft),
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let fields = draft.as_ref().map(|draft| &draft.fields);
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    let number = db.archive_number(&letter.letter)?;
    Ok(IndexEntry {
        file,
        sha256: digest::sha256_hex(&made.pdf),
        sm3: digest::sm3_hex(&made.pdf),
        size: made.pdf.len() as u64,
        letter: letter.letter.clone(),
        number: number.map_or_else(String::new, |(year, n)| format!("{year}-{n:04}")),
        case: text(letter.case.as_ref()),
        received: letter.received.rfc3339(),
        letter_date: text(fields.and_then(|f| f.letter_date.value.as_ref())),
        sender: text(fields.and_then(|f| f.sender_name.value.as_ref())),
        addressee: text(fields.and_then(|f| f.addressee.value.as_ref())),
        title: fields
            .and_then(|f| f.matters.iter().find(|m| m.main))
            .map(|m| m.title.clone())
            .unwrap_or_default(),
        confirmed: draft.is_some_and(|draft| draft.confirmed.is_some()),
        mark: made.archive.mark.told(),
        pages: made.archive.pages.clone(),
    })
}

/// Whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failed> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let part = folder.join(format!(".{name}.part"));
    let written = (|| {
        // Letters are in it, restricted ones too: whoever wrote it says who else reads it.
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&part, path)
    })();
    written.map_err(|error| {
        let _ = std::fs::remove_file(&part);
        format!("{}: {error}", path.display()).into()
    })
}
