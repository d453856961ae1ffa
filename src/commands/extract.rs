//! `laixin extract`: the pages and envelope of one letter → one draft.

use std::path::{Path, PathBuf};

use super::images::{AllRead, EngineArgs, kind_of, page_text, read_until_secret};
use super::{FINDING, GOOD, USAGE};
use crate::clock;
use crate::domain::draft::{Draft, DraftPage, Fields};
use crate::domain::extract::{dated_by, extract_by_meaning, remarks};
use crate::domain::field::Field;
use crate::domain::roster::Roster;
use crate::domain::text::{PageKind, PageText};

/// Arguments of `laixin extract`.
#[derive(Debug, clap::Args)]
pub struct ExtractArgs {
    /// The reader.
    #[command(flatten)]
    pub engine: EngineArgs,
    /// The addressees of the office: a roster file (TOML) or the manifest.json of sample letters.
    #[arg(long, value_name = "FILE")]
    pub roster: PathBuf,
    /// The envelope, where its name and shape do not tell.
    #[arg(long, value_name = "IMAGE")]
    pub envelope: Vec<PathBuf>,
    /// The day the letter reached the office, YYYY-MM-DD: no date of the letter lies after it.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub received: Option<String>,
    /// One JSON document on stdout.
    #[arg(long)]
    pub json: bool,
    /// JPEG, PNG, TIFF or PDF files of one letter, in page order.
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
}

/// Why a roster could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// A roster file is refused.
    #[error(transparent)]
    Settings(#[from] crate::config::ConfigError),
    /// A manifest cannot be opened.
    #[error("{}: cannot be opened", file.display())]
    Open {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A manifest has no roster under `scope`.
    #[error("{}: has no roster under `scope`", file.display())]
    Manifest {
        /// Which.
        file: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// A day of the calendar as it is written on the command line.
fn day(text: &str) -> Result<String, String> {
    let day = text.parse::<jiff::civil::Date>();
    let day = day.map_err(|_| "no day of the calendar; YYYY-MM-DD is expected".to_owned())?;
    Ok(day.to_string())
}

/// Loads a roster file, or the roster inside a manifest.json.
///
/// # Errors
/// [`RosterError`] names the file.
pub fn roster(file: &Path) -> Result<Roster, RosterError> {
    if file.extension().is_none_or(|e| e != "json") {
        return Ok(crate::config::load_roster(file)?);
    }
    #[derive(serde::Deserialize)]
    struct Manifest {
        scope: Scope,
    }
    /// As [`Roster`], but a manifest says more than a roster.
    #[derive(serde::Deserialize)]
    struct Scope {
        station: String,
        leaders: Vec<crate::domain::roster::Leader>,
        orgs: Vec<crate::domain::roster::Organisation>,
        #[serde(default)]
        outside: Vec<String>,
    }
    let text = std::fs::read_to_string(file).map_err(|source| RosterError::Open {
        file: file.to_owned(),
        source,
    })?;
    let manifest: Manifest =
        serde_json::from_str(&text).map_err(|source| RosterError::Manifest {
            file: file.to_owned(),
            source,
        })?;
    let Scope {
        station,
        leaders,
        orgs,
        outside,
    } = manifest.scope;
    Ok(Roster {
        station,
        leaders,
        orgs,
        outside,
    })
}

/// Reads one letter and prints its draft.
pub fn run(args: &ExtractArgs) -> u8 {
    let roster = match roster(&args.roster) {
        Ok(roster) => roster,
        Err(error) => {
            eprintln!("laixin: {}", crate::Chain(&error));
            return USAGE;
        }
    };
    let engine = match args.engine.open() {
        Ok(engine) => engine,
        Err(error) => {
            eprintln!(
                "laixin: {}; install the package again (from source: make setup), or name the folder of the models with --models",
                crate::Chain(&error)
            );
            return USAGE;
        }
    };
    let mut files = args.images.clone();
    files.extend(
        args.envelope
            .iter()
            .filter(|e| !args.images.contains(e))
            .cloned(),
    );
    let all = read_until_secret(&engine, &files);
    if all.kept_back > 0 {
        eprintln!(
            "laixin: a secret mark was seen: {} further pages are left unread; hand the letter to the officer for secrets",
            all.kept_back
        );
    }
    let whole = all.unread.is_empty() && all.kept_back == 0;
    if all.pages.is_empty() && !args.json {
        return FINDING;
    }
    let draft = draft(args, &roster, all);
    if args.json {
        println!(
            "{}",
            serde_json::to_string(&draft).expect("plain values have a JSON form")
        );
    } else {
        print(&draft.fields);
    }
    if whole { GOOD } else { FINDING }
}

fn draft(args: &ExtractArgs, roster: &Roster, all: AllRead) -> Draft {
    let mut pages: Vec<PageText> = Vec::new();
    let mut listed: Vec<DraftPage> = Vec::new();
    let (bad, kept_back) = (all.unread.len(), all.kept_back);
    for (i, page) in all.pages.into_iter().enumerate() {
        let n = i as u32 + 1;
        let named = args.envelope.contains(&page.file);
        let mut text = page_text(n, PageKind::Letter, page.text);
        text.kind = if named {
            PageKind::Envelope
        } else {
            kind_of(&page.file, &text)
        };
        let kind = text.kind;
        listed.push(DraftPage {
            n,
            kind,
            sha256: page.sha256,
            sm3: page.sm3,
        });
        pages.push(text);
    }
    let mut fields = extract_by_meaning(
        &pages,
        roster,
        args.received.as_deref(),
        Some(&args.engine.meaning()),
    );
    if args.received.is_none() {
        dated_by(&mut fields, &clock::now().day());
    }
    if kept_back > 0 {
        // Who signed may stand on what nobody looked at.
        fields.withdraw_anonymity();
    }
    let remarks = remarks(&pages, &fields);
    let unread = (bad > 0).then(|| format!("{bad} 个文件无法读取，登记项可能不全"));
    // As the station notes a page that a mark keeps from being read.
    let withheld =
        (1..=kept_back).map(|n| format!("page_unreadable: {} (secret_mark)", pages.len() + n));
    Draft {
        letter: letter_id(&args.images),
        station: roster.station.clone(),
        received_at: None,
        pages: listed,
        disinfection: None,
        other_disinfections: Vec::new(),
        missing: fields.missing(),
        fields,
        deadlines: Vec::new(),
        deadlines_to_come: Vec::new(),
        second_entries: Vec::new(),
        visitor: None,
        confirmed: None,
        notes: unread.into_iter().chain(withheld).chain(remarks).collect(),
    }
}

/// `A001` of `A001_p1.jpg`.
fn letter_id(images: &[PathBuf]) -> String {
    let stem = images
        .first()
        .and_then(|f| f.file_stem())
        .map(|s| s.to_string_lossy().into_owned())
        .unwrap_or_default();
    stem.split(['_', '-']).next().unwrap_or_default().to_owned()
}

fn print(fields: &Fields) {
    line("姓名", &fields.sender_name);
    line("地址", &fields.address);
    line("受信人", &fields.addressee);
    line("来信时间", &fields.letter_date);
    line("来信目的", &fields.purpose);
    line("身份证号", &fields.id_number.field);
    for phone in &fields.phones {
        line("电话", &phone.field);
    }
    if fields.anonymous.value {
        println!(
            "匿名      {}",
            fields.anonymous.reason.as_deref().unwrap_or("")
        );
    }
    if fields.joint.count > 1 {
        let joint = if fields.joint.is_joint {
            "联名"
        } else {
            "不足五人"
        };
        println!("署名人数  {} ({joint})", fields.joint.count);
    }
    if let Some(threat) = fields.flags.threat.as_ref().filter(|t| t.value) {
        let why = threat.why.as_deref().unwrap_or("");
        println!("扬言      {}  {why}", threat.quote.as_deref().unwrap_or(""));
    }
}

fn line(name: &str, field: &Field) {
    let Some(value) = &field.value else {
        println!("{name}  (无)");
        return;
    };
    let sure = if field.accepted { "" } else { "  待核" };
    println!(
        "{name}  {value}  {:.2}{sure}  {}",
        field.confidence,
        field.rule.as_deref().unwrap_or("")
    );
    for lost in &field.alternatives {
        println!("    非 {}  {}", lost.value, lost.why_not);
    }
}
