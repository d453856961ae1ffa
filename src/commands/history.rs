//! `laixin history …`: earlier registrations out of the case system, to find repeat letters with. Nothing leaves the machine, and no
//! content is printed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde_json::json;

use super::user::{AccountError, ConfigFile, operator_of_the_machine};
use super::{DEFECT, FINDING, GOOD, USAGE};
use crate::domain::repeat::{Grams, Registered, content};
use crate::history::{Columns, LineFault, Told, lines, record};
use crate::store::{ComparedAgain, Db, Imported, ImportedRecord, StoreError, TidyStep};
use crate::{Chain, clock, digest};

/// Earlier registrations.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Takes registrations over from FILE.csv (with a heading) or FILE.jsonl; the same file again changes nothing.
    Import(FileArgs),
    /// Compares each line of a file with what is there, and stores nothing.
    Compare(FileArgs),
    /// How much there is to compare with.
    Stats {
        /// One JSON document on stdout.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Debug, Args)]
struct FileArgs {
    /// UTF-8. Columns: case_number (信访件编号), name (姓名), address (住址), phone (联系电话), id_number (身份证号), date (登记日期),
    /// text (信访内容), addressee (受信人), purpose (来信目的); only the first is a must.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// One JSON document (import) or one line a record (compare) on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Records taken over in one transaction.
const AT_ONCE: usize = 200;
/// The running station may write between two transactions, so long at least.
const GIVE_WAY: Duration = Duration::from_millis(3);
/// Line numbers told of each fault at most.
const TOLD: usize = 20;

/// Runs the command.
pub fn run(args: HistoryArgs) -> u8 {
    match args.what {
        What::Import(args) => import(&args),
        What::Compare(args) => compare(&args),
        What::Stats { json, config } => stats(&config, json),
    }
}

fn open(config: &ConfigFile) -> Result<Db, u8> {
    config.open().map_err(|error| {
        eprintln!("laixin: {}", Chain(&error));
        match error {
            AccountError::Config(_) | AccountError::Key(_) => USAGE,
            _ => FINDING,
        }
    })
}

/// The file's text with its hash.
fn text(args: &FileArgs) -> Result<(String, String), u8> {
    let file = args.file.display();
    let bytes = std::fs::read(&args.file).map_err(|error| {
        eprintln!("laixin: {file}: cannot be read: {error}");
        USAGE
    })?;
    let sha256 = digest::sha256_hex(&bytes);
    let text = String::from_utf8(bytes).map_err(|_| {
        eprintln!("laixin: {file}: is not UTF-8; save it as “CSV UTF-8” and try again");
        USAGE
    })?;
    Ok((text, sha256))
}

fn parsed(args: &FileArgs, text: &str) -> Vec<(usize, Result<Columns, LineFault>)> {
    let json = args
        .file
        .extension()
        .is_some_and(|e| e == "jsonl" || e == "json" || e == "ndjson");
    lines(text, json)
}

type Refused = BTreeMap<LineFault, Vec<usize>>;

fn import(args: &FileArgs) -> u8 {
    let ((text, sha256), mut db) = match text(args).and_then(|text| Ok((text, open(&args.config)?)))
    {
        Ok(both) => both,
        Err(code) => return code,
    };
    let lines = parsed(args, &text);
    let Some(columns) = lines.iter().find_map(|(_, line)| line.as_ref().ok()) else {
        eprintln!(
            "laixin: {}: holds no record; the first line of a CSV names the columns",
            args.file.display()
        );
        return USAGE;
    };
    let told = Told::of(columns);
    if !told.known.contains(&"case_number") {
        eprintln!(
            "laixin: {}: has no column case_number (信访件编号)",
            args.file.display()
        );
        return USAGE;
    }
    let mut refused = Refused::new();
    let mut became: BTreeMap<Imported, usize> = BTreeMap::new();
    for part in lines.chunks(AT_ONCE) {
        let mut records: Vec<ImportedRecord> = Vec::with_capacity(part.len());
        for (at, line) in part {
            match line.as_ref().map_err(|fault| *fault).and_then(record) {
                Ok(record) => records.push(record),
                Err(fault) => refused.entry(fault).or_default().push(*at),
            }
        }
        let started = clock::monotonic();
        match db.import_earlier(&records) {
            Ok(done) => {
                done.into_iter()
                    .for_each(|one| *became.entry(one).or_default() += 1);
                give_way(started);
            }
            Err(error) => {
                eprintln!(
                    "laixin: {}; what was taken stays, run the command again",
                    Chain(&error)
                );
                return DEFECT;
            }
        }
    }
    let compared = match finish(&mut db) {
        Ok(compared) => compared,
        Err(error) => {
            eprintln!(
                "laixin: {}; what was taken stays, run the command again",
                Chain(&error)
            );
            return DEFECT;
        }
    };
    let n = |what| became.get(&what).copied().unwrap_or(0);
    let bad = refused.values().map(Vec::len).sum();
    let counts = [
        n(Imported::New),
        n(Imported::Changed),
        n(Imported::Same),
        n(Imported::Ours),
        bad,
    ];
    if let Err(error) = db.end_import(&operator_of_the_machine(), &sha256, counts) {
        eprintln!("laixin: {}", Chain(&error));
        return DEFECT;
    }
    report(args, &told, counts, &refused, compared);
    if bad > 0 { FINDING } else { GOOD }
}

/// The index made quick again, step by step, and drafts that nobody confirmed compared with what came.
fn finish(db: &mut Db) -> Result<ComparedAgain, StoreError> {
    let mut step = TidyStep::First;
    let mut started = clock::monotonic();
    while db.tidy_index(step)? {
        step = TidyStep::Next;
        give_way(started);
        started = clock::monotonic();
    }
    db.compare_open_drafts()
}

/// Waits as long as the transaction took, so that a station that runs beside finds the database free every other time it asks.
fn give_way(started: Instant) {
    std::thread::sleep(started.elapsed().max(GIVE_WAY));
}

fn report(
    args: &FileArgs,
    told: &Told,
    [new, changed, same, ours, bad]: [usize; 5],
    refused: &Refused,
    compared: ComparedAgain,
) {
    if args.json {
        let refused: Vec<_> = refused
            .iter()
            .map(|(fault, lines)| json!({"why": fault.to_string(), "lines": lines}))
            .collect();
        let report = json!({"new": new, "changed": changed, "same": same, "ours": ours, "refused": refused,
            "columns": told.known, "columns_absent": told.absent,
            "open_drafts": {"compared": compared.drafts, "changed": compared.changed}});
        println!("{report}");
        return;
    }
    println!(
        "columns: {}; not in the file: {}",
        told.known.join(", "),
        none_or(&told.absent.join(", "))
    );
    println!(
        "{new} new, {changed} changed, {same} known already, {ours} of this station, {bad} refused"
    );
    println!(
        "{} open drafts compared again, {} of them say something else now",
        compared.drafts, compared.changed
    );
    for (fault, lines) in refused {
        let first: Vec<String> = lines.iter().take(TOLD).map(usize::to_string).collect();
        let more = if lines.len() > TOLD { " …" } else { "" };
        println!(
            "  {fault}: {} lines: {}{more}",
            lines.len(),
            first.join(", ")
        );
    }
}

fn none_or(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn compare(args: &FileArgs) -> u8 {
    let ((text, _), mut db) = match text(args).and_then(|text| Ok((text, open(&args.config)?))) {
        Ok(both) => both,
        Err(code) => return code,
    };
    let mut bad = 0;
    for (at, line) in parsed(args, &text) {
        let record = match line.and_then(|columns| record(&columns)) {
            Ok(record) => record,
            Err(fault) => {
                eprintln!("line {at}: {fault}");
                bad += 1;
                continue;
            }
        };
        let started = clock::monotonic();
        let prepared = content::of_text(&record.text);
        let registered = Registered {
            grams: Grams::of(&prepared),
            ..record.registered
        };
        let found = match db.compare_text(&record.case_number, &registered, &prepared) {
            Ok(found) => found,
            Err(error) => {
                eprintln!("laixin: line {at}: {}", Chain(&error));
                return DEFECT;
            }
        };
        let ms = started.elapsed().as_secs_f64() * 1000.0;
        if args.json {
            println!(
                "{}",
                json!({"line": at, "case_number": record.case_number, "repeat": found, "ms": ms})
            );
        } else {
            let others = found.candidates.len();
            let of = found.of.as_deref().unwrap_or("-");
            println!(
                "line {at}\t{}\t{of}\t{others} candidates\t{ms:.1} ms",
                found.relation
            );
        }
    }
    if bad > 0 { FINDING } else { GOOD }
}

fn stats(config: &ConfigFile, as_json: bool) -> u8 {
    let found = open(config).and_then(|db| {
        let counted = db
            .history_counts()
            .and_then(|counts| Ok((counts, db.last_import()?)));
        counted.map_err(|error| {
            eprintln!("laixin: {}", Chain(&error));
            FINDING
        })
    });
    let (c, last) = match found {
        Ok(found) => found,
        Err(code) => return code,
    };
    let last = last.map(clock::Millis::rfc3339);
    if as_json {
        println!(
            "{}",
            json!({"ours": c.ours, "confirmed": c.confirmed, "imported": c.imported, "restricted": c.restricted,
                "with_phone": c.with_phone, "with_id_number": c.with_id_number, "without_text": c.without_text,
                "first_day": c.first_day, "last_day": c.last_day, "last_import": last})
        );
        return GOOD;
    }
    let days = format!(
        "{} to {}",
        c.first_day.as_deref().unwrap_or("-"),
        c.last_day.as_deref().unwrap_or("-")
    );
    println!(
        "letters of this station  {} ({} confirmed)",
        c.ours, c.confirmed
    );
    println!(
        "imported registrations   {} (last import {})",
        c.imported,
        last.as_deref().unwrap_or("never")
    );
    println!("received                 {days}");
    println!("with a telephone         {}", c.with_phone);
    println!("with an ID number        {}", c.with_id_number);
    println!("accusations              {}", c.restricted);
    println!("without text             {}", c.without_text);
    GOOD
}
