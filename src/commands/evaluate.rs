//! `laixin evaluate`: reads letters with ground truth and prints how right the station is.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::images::{EngineArgs, page_text, read_file};
use super::{DEFECT, FINDING, GOOD, USAGE};
use crate::clock;
use crate::domain::draft::Fields;
use crate::domain::extract::{dated_by, extract_by_meaning};
use crate::domain::repeat::{Grams, Registered, content};
use crate::domain::roster::Roster;
use crate::domain::text::PageText;
use crate::evaluate::Report;
use crate::evaluate::truth::{Truth, load};
use crate::store::Db;

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
    /// Writes one line a value: what its confidence was worked out from, and whether it is right; `make fit` fits on it.
    #[arg(long, value_name = "FILE")]
    pub signs: Option<PathBuf>,
    /// Keeps what was read of each letter in this folder (`ID.json`) and reads it from there next time: rules are then tried in seconds.
    #[arg(long, value_name = "DIR")]
    pub lines: Option<PathBuf>,
    /// The roster, where the folder has no manifest.json.
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// The station's own history instead of a folder: every field's real accuracy, week by week, by what officers confirmed.
    #[arg(long, conflicts_with = "dir")]
    pub history: bool,
    /// The station's settings, for --history.
    #[arg(
        long,
        value_name = "FILE",
        requires = "history",
        default_value = "/etc/laixin/station.toml"
    )]
    pub config: PathBuf,
    /// Folder of `ID.json` and `ID_p1.jpg …, ID_env.jpg`.
    #[arg(value_name = "DIR", required_unless_present = "history")]
    pub dir: Option<PathBuf>,
}

impl EvaluateArgs {
    fn dir(&self) -> &Path {
        self.dir.as_deref().unwrap_or(Path::new("."))
    }
}

#[derive(Serialize)]
struct Prediction<'a> {
    letter: &'a str,
    fields: &'a Fields,
}

/// Evaluates a folder.
pub fn run(args: &EvaluateArgs) -> u8 {
    if args.history {
        return super::weeks::run(&args.config, args.json);
    }
    let letters = match load(args.dir()) {
        Ok(letters) if letters.is_empty() => {
            eprintln!(
                "laixin: {}: holds no ground truth (ID.json)",
                args.dir().display()
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
        .unwrap_or_else(|| args.dir().join("manifest.json"));
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
                    "laixin: {}; install the package again (from source: make setup), or name the folder of the models with --models",
                    crate::Chain(&error)
                );
                return USAGE;
            }
        },
    };
    // A file that cannot be written is told now, not after an hour of reading.
    let open = |file: &Option<PathBuf>| -> Result<Option<File>, u8> {
        let Some(file) = file else { return Ok(None) };
        File::create(file).map(Some).map_err(|error| {
            eprintln!("laixin: {}: cannot be written: {error}", file.display());
            USAGE
        })
    };
    match open(&args.predictions).and_then(|one| Ok([one, open(&args.signs)?])) {
        Ok(files) => measure(args, &letters, (&roster, engine.as_ref()), files),
        Err(code) => code,
    }
}

fn measure(
    args: &EvaluateArgs,
    letters: &[Truth],
    (roster, engine): (&Roster, Option<&ocr::Engine>),
    [predictions, signs]: [Option<File>; 2],
) -> u8 {
    let mut earlier = match Db::in_memory() {
        Ok(earlier) => earlier,
        Err(error) => {
            eprintln!("laixin: {}", crate::Chain(&error));
            return DEFECT;
        }
    };
    let mut report = Report::default();
    let mut lines = String::new();
    let mut bad = 0;
    let meaning = args.engine.meaning();
    let today = clock::now().day();
    for truth in letters {
        let pages = match engine {
            None => truth.as_pages(),
            Some(engine) => match kept(args, truth) {
                Some(pages) => pages,
                None => {
                    let before = bad;
                    let pages = read_letter(engine, args.dir(), truth, &mut bad);
                    if before == bad {
                        keep(args, truth, &pages);
                    }
                    pages
                }
            },
        };
        let started = clock::monotonic();
        let mut fields = extract_by_meaning(&pages, roster, None, Some(&meaning));
        dated_by(&mut fields, &today);
        let took = started.elapsed();
        // Every letter is compared with those before it, as a station would.
        let text = content::of_pages(&pages);
        let registered = Registered::of_fields(&fields, None, Grams::of(&text));
        match earlier.compare_and_keep(&truth.id, &registered, &text) {
            Ok(repeat) => fields.repeat = repeat,
            Err(error) => {
                eprintln!("laixin: {}", crate::Chain(&error));
                return DEFECT;
            }
        }
        report.add(truth, &pages, &fields, took);
        let prediction = Prediction {
            letter: &truth.id,
            fields: &fields,
        };
        lines.push_str(&serde_json::to_string(&prediction).expect("plain values have a JSON form"));
        lines.push('\n');
    }
    for (file, text) in [(predictions, lines), (signs, report.signs())] {
        if let Some(mut file) = file
            && let Err(error) = file.write_all(text.as_bytes())
        {
            eprintln!("laixin: what was found cannot be written: {error}");
            return DEFECT;
        }
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

fn lines_file(args: &EvaluateArgs, truth: &Truth) -> Option<PathBuf> {
    let folder = args.lines.as_ref()?;
    Some(folder.join(format!("{}.json", truth.id)))
}

/// What an earlier run read of this letter.
fn kept(args: &EvaluateArgs, truth: &Truth) -> Option<Vec<PageText>> {
    let text = std::fs::read_to_string(lines_file(args, truth)?).ok()?;
    serde_json::from_str(&text).ok()
}

/// Keeps what was read; a folder that cannot be written only costs the next run its time.
fn keep(args: &EvaluateArgs, truth: &Truth, pages: &[PageText]) {
    let Some(file) = lines_file(args, truth) else {
        return;
    };
    let text = serde_json::to_string(pages).expect("plain values have a JSON form");
    let part = file.with_extension("part");
    let kept = file
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(&part, text))
        .and_then(|()| std::fs::rename(&part, &file));
    if let Err(error) = kept {
        eprintln!("laixin: {}: cannot be kept: {error}", file.display());
    }
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
