//! `laixin read`: OCR alone.

use std::path::PathBuf;

use serde::Serialize;

use super::images::{AllRead, EngineArgs, PageRead, Unread, read_all};
use super::{FINDING, GOOD, USAGE};
use crate::domain::text::Quad;

/// Arguments of `laixin read`.
#[derive(Debug, clap::Args)]
pub struct ReadArgs {
    /// The reader.
    #[command(flatten)]
    pub engine: EngineArgs,
    /// One JSON document on stdout.
    #[arg(long)]
    pub json: bool,
    /// JPEG, PNG, TIFF or PDF files.
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Document {
    pages: Vec<PageView>,
    /// Files of which no page is among `pages`.
    unread: Vec<Unread>,
}

#[derive(Serialize)]
struct PageView {
    file: PathBuf,
    width: u32,
    height: u32,
    turned_deg: u16,
    lines: Vec<LineView>,
    seconds: f64,
}

#[derive(Serialize)]
struct LineView {
    text: String,
    quad: Quad,
    confidence: f32,
    vertical: bool,
    /// As read, Traditional characters kept.
    raw: String,
    /// One for each character of `text`.
    chars: Vec<CharView>,
}

#[derive(Serialize)]
struct CharView {
    ch: char,
    confidence: f32,
    at: f32,
    /// What else it may be, likeliest first: character, likelihood.
    others: Vec<(char, f32)>,
    /// The likeliest digit.
    digit: Option<(char, f32)>,
}

impl From<ocr::Char> for CharView {
    fn from(c: ocr::Char) -> Self {
        let pair = |o: ocr::Alternative| (o.ch, o.confidence);
        Self {
            ch: c.ch,
            confidence: c.confidence,
            at: c.at,
            others: c.others.into_iter().map(pair).collect(),
            digit: c.digit.map(pair),
        }
    }
}

/// Reads images and prints their lines in reading order.
pub fn run(args: &ReadArgs) -> u8 {
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
    let AllRead { pages, unread, .. } = read_all(&engine, &args.images);
    let code = if unread.is_empty() { GOOD } else { FINDING };
    if args.json {
        let document = Document {
            pages: pages.into_iter().map(view).collect(),
            unread,
        };
        println!(
            "{}",
            serde_json::to_string(&document).expect("plain values have a JSON form")
        );
    } else {
        pages.iter().for_each(print);
    }
    code
}

fn view(page: PageRead) -> PageView {
    let line = |l: ocr::Line| LineView {
        text: l.text,
        quad: l.quad,
        confidence: l.confidence,
        vertical: l.vertical,
        raw: l.raw,
        chars: l.chars.into_iter().map(CharView::from).collect(),
    };
    PageView {
        file: page.file,
        width: page.text.width,
        height: page.text.height,
        turned_deg: page.text.turned_deg,
        lines: page.text.lines.into_iter().map(line).collect(),
        seconds: page.text.seconds,
    }
}

fn print(page: &PageRead) {
    println!(
        "{}  ({} lines, {:.2} s)",
        page.file.display(),
        page.text.lines.len(),
        page.text.seconds
    );
    for line in &page.text.lines {
        println!("{:.2}  {}", line.confidence, line.text);
    }
}
