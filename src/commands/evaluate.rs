//! `laixin evaluate`: reads letters with ground truth and prints how right the station is.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::images::{EngineArgs, page_text, read_file};
use super::{DEFECT, FINDING, GOOD, USAGE};
use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::roster::Roster;
use crate::domain::text::PageText;
use crate::evaluate::Report;
use crate::evaluate::truth::{Truth, load};

/// Arguments of `laixin evaluate`.
#[derive(Debug, clap::Args)]
pub struct EvaluateArgs {
    /// The reader.
    #[command(flatten)]
    pub engine: EngineArgs,
    /// One JSON document on stdout.
    #[arg(long)]
    pub json: bool,
    /// Writes one line a letter: `{"letter": ID, "fields": {…}}`.
    #[arg(long, value_name = "FILE")]
    pub predictions: Option<PathBuf>,
    /// Registers the ground truth's own text: what the rules do without errors of reading. Reads no image.
    #[arg(long)]
    pub truth_text: bool,
    /// The roster, where the folder has no manifest.json.
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// Folder of `ID.json` and `ID_p1.jpg …, ID_env.jpg`.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}

#[derive(Serialize)]
struct Prediction<'a> {
    letter: &'a str,
    fields: &'a Fields,
}

/// Evaluates a folder.
pub fn run(args: &EvaluateArgs) -> u8 {
    let letters = match load(&args.dir) {
        Ok(letters) if letters.is_empty() => {
            eprintln!(
                "laixin: {}: holds no ground truth (ID.json)",
                args.dir.display()
            );
            return USAGE;
        }
        Ok(letters) => letters,
        Err(error) => {
            eprintln!("laixin: {}", crate::Chain(&error));
            return USAGE;
        }
    };
    let file = args
        .roster
        .clone()
        .unwrap_or_else(|| args.dir.join("manifest.json"));
    let roster = match super::extract::roster(&file) {
        Ok(roster) => roster,
        Err(error) => {
            eprintln!("laixin: {}; name one with --roster", crate::Chain(&error));
            return USAGE;
        }
    };
    let engine = match args.truth_text.then_some(()) {
        Some(()) => None,
        None => match args.engine.open() {
            Ok(engine) => Some(engine),
            Err(error) => {
                eprintln!(
                    "laixin: {}; run make setup, or name the folder of the models with --models",
                    crate::Chain(&error)
                );
                return USAGE;
            }
        },
    };
    measure(args, &letters, &roster, engine.as_ref())
}

fn measure(
    args: &EvaluateArgs,
    letters: &[Truth],
    roster: &Roster,
    engine: Option<&ocr::Engine>,
) -> u8 {
    let mut report = Report::default();
    let mut lines = String::new();
    let mut bad = 0;
    for truth in letters {
        let pages = match engine {
            None => truth.as_pages(),
            Some(engine) => read_letter(engine, &args.dir, truth, &mut bad),
        };
        let fields = extract(&pages, roster, None);
        report.add(truth, &pages, &fields);
        let prediction = Prediction {
            letter: &truth.id,
            fields: &fields,
        };
        lines.push_str(&serde_json::to_string(&prediction).expect("plain values have a JSON form"));
        lines.push('\n');
    }
    if let Some(file) = &args.predictions
        && let Err(error) =
            std::fs::File::create(file).and_then(|mut f| f.write_all(lines.as_bytes()))
    {
        eprintln!("laixin: {}: cannot be written: {error}", file.display());
        return DEFECT;
    }
    if args.json {
        println!(
            "{}",
            serde_json::to_string(&report).expect("plain values have a JSON form")
        );
    } else {
        print!("{report}");
        for d in &report.differences {
            println!(
                "{} {} {}: expected {:?}, found {:?}",
                d.letter, d.scenario, d.field, d.expected, d.found
            );
        }
    }
    if bad > 0 { FINDING } else { GOOD }
}

/// The letter's pages in the truth's order; one that cannot be read stays empty, so its fields count as wrong.
fn read_letter(engine: &ocr::Engine, dir: &Path, truth: &Truth, bad: &mut usize) -> Vec<PageText> {
    let mut pages = Vec::new();
    for (i, page) in truth.pages.iter().enumerate() {
        let n = i as u32 + 1;
        let empty = || PageText {
            n,
            kind: page.page_kind(),
            width: page.width,
            height: page.height,
            lines: Vec::new(),
        };
        let text = match read_file(engine, &dir.join(&page.file)) {
            Ok(mut read) if !read.is_empty() => page_text(n, page.page_kind(), read.remove(0).text),
            Ok(_) => empty(),
            Err(error) => {
                eprintln!("laixin: {}", crate::Chain(&error));
                *bad += 1;
                empty()
            }
        };
        pages.push(text);
    }
    pages
}
