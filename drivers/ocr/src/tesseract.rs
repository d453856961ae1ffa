//! Tesseract chi_sim, the second engine: Debian's program `tesseract`, lines out of its TSV report. Its model reads print; on handwriting
//! it is a witness, not a reader. A program and not its library: a station that has no use for it need not have it installed, and what
//! it does to a page it does in a process of its own.

use std::ffi::OsString;
use std::io::{Error, Write as _};
use std::process::{Command, Stdio};

use crate::fold::Folder;
use crate::models::OpenError;
use crate::page::Page;
use crate::{Char, Line, PageText, ReadError, Settings};

const LANGUAGE: &str = "chi_sim";
/// Scans are 300 dpi, and pixels do not say; the second engine mode is its LSTM, the third page mode finds blocks by itself.
const ASKED: [&str; 8] = ["--dpi", "300", "--oem", "1", "--psm", "3", "-", "-"];

pub(crate) struct TesseractEngine {
    /// `--tessdata-dir` and `-l` with what they name.
    models: Vec<OsString>,
    threads: usize,
    folder: Folder,
}

impl TesseractEngine {
    pub(crate) fn open(settings: &Settings) -> Result<Self, OpenError> {
        let folder = Folder::new().map_err(|e| OpenError::Folding(Box::new(e)))?;
        let mut models = Vec::new();
        if let Some(dir) = &settings.tessdata_dir {
            models = vec!["--tessdata-dir".into(), dir.into()];
        }
        let engine = Self {
            models,
            threads: settings.threads.get(),
            folder,
        };
        engine.knows_language().map_err(|e| OpenError::Tesseract {
            language: LANGUAGE,
            source: Box::new(e),
        })?;
        Ok(engine)
    }

    pub(crate) fn version() -> String {
        format!("tesseract {LANGUAGE} rev:{}", crate::REVISION)
    }

    /// The program with its models. It ends with the thread that started it, whatever ends that.
    fn program(&self) -> Command {
        let mut program = Command::new("setpriv");
        program
            .args(["--pdeathsig", "KILL", "--", "tesseract"])
            .args(&self.models)
            .env("OMP_THREAD_LIMIT", self.threads.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        program
    }

    fn knows_language(&self) -> Result<(), Error> {
        let told = self.program().arg("--list-langs").output()?;
        if !told.status.success() {
            return Err(Error::other(
                "the program `tesseract` does not run: install tesseract-ocr",
            ));
        }
        let known = String::from_utf8_lossy(&told.stdout);
        if known.lines().any(|language| language == LANGUAGE) {
            return Ok(());
        }
        let missing = format!("{LANGUAGE}.traineddata is missing: install tesseract-ocr-chi-sim");
        Err(Error::other(missing))
    }

    pub(crate) fn read(&self, page: &Page) -> Result<PageText, ReadError> {
        let started = std::time::Instant::now();
        let report = self
            .report(page)
            .map_err(|e| ReadError::Runtime(Box::new(e)))?;
        Ok(PageText {
            width: page.width(),
            height: page.height(),
            turned_deg: 0,
            lines: lines(&report, &self.folder),
            shows_through: false,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// Its report of a page, which goes to it as a portable pixmap. What it writes to its error stream may be of the page: it is not passed on.
    fn report(&self, page: &Page) -> Result<String, Error> {
        let mut running = self
            .program()
            .args(["-l", LANGUAGE])
            .args(ASKED)
            .arg("tsv")
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut pixels = running.stdin.take().ok_or(Error::other("no pipe"))?;
        let sent = writeln!(pixels, "P6 {} {} 255", page.width(), page.height())
            .and_then(|()| pixels.write_all(page.rgb()));
        drop(pixels);
        let told = running.wait_with_output()?;
        sent?;
        if !told.status.success() {
            return Err(Error::other(format!("tesseract: {}", told.status)));
        }
        String::from_utf8(told.stdout).map_err(Error::other)
    }
}

/// One word of the report.
struct Word<'a> {
    line: [u32; 4],
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
    confidence: f32,
    text: &'a str,
}

/// The report's rows of level 5; anything that is no such row is passed over.
fn word(row: &str) -> Option<Word<'_>> {
    let cells: Vec<&str> = row.split('\t').collect();
    let [
        level,
        page,
        block,
        paragraph,
        line,
        _,
        left,
        top,
        width,
        height,
        confidence,
        text,
    ] = cells.as_slice()
    else {
        return None;
    };
    if *level != "5" || text.trim().is_empty() {
        return None;
    }
    let number = |cell: &str| cell.parse::<f32>().ok();
    let (left, top) = (number(left)?, number(top)?);
    Some(Word {
        line: [
            page.parse().ok()?,
            block.parse().ok()?,
            paragraph.parse().ok()?,
            line.parse().ok()?,
        ],
        left,
        top,
        right: left + number(width)?,
        bottom: top + number(height)?,
        confidence: (number(confidence)? / 100.0).clamp(0.0, 1.0),
        text: text.trim(),
    })
}

fn lines(tsv: &str, folder: &Folder) -> Vec<Line> {
    let words: Vec<Word<'_>> = tsv.lines().filter_map(word).collect();
    words
        .chunk_by(|a, b| a.line == b.line)
        .map(|words| line(words, folder))
        .collect()
}

fn line(words: &[Word<'_>], folder: &Folder) -> Line {
    let left = words.iter().map(|w| w.left).fold(f32::MAX, f32::min);
    let right = words.iter().map(|w| w.right).fold(f32::MIN, f32::max);
    let top = words.iter().map(|w| w.top).fold(f32::MAX, f32::min);
    let bottom = words.iter().map(|w| w.bottom).fold(f32::MIN, f32::max);
    let mut placed: Vec<(char, f32, f32)> = Vec::new();
    let mut previous_right = None;
    for word in words {
        // Tesseract parts Chinese text into words with no gap between them; only a visible gap is a space.
        if previous_right.is_some_and(|right| word.left - right > 0.75 * (bottom - top)) {
            placed.push((' ', word.confidence, word.left));
        }
        let count = word.text.chars().count() as f32;
        for (i, ch) in word.text.chars().enumerate() {
            let x = word.left + (word.right - word.left) * (i as f32 + 0.5) / count;
            placed.push((ch, word.confidence, x));
        }
        previous_right = Some(word.right);
    }
    let raw: String = placed.iter().map(|p| p.0).collect();
    let text = folder.fold(&raw);
    let width = (right - left).max(1.0);
    // Tesseract's boxes may overlap; its order of reading is kept and places never run backwards.
    let mut furthest = 0.0_f32;
    let chars: Vec<Char> = text
        .chars()
        .zip(&placed)
        .map(|(ch, &(_, confidence, x))| {
            furthest = furthest.max(((x - left) / width).clamp(0.0, 1.0));
            Char {
                ch,
                confidence,
                at: furthest,
                others: Vec::new(),
                digit: None,
            }
        })
        .collect();
    let confidence = chars.iter().map(|c| c.confidence).sum::<f32>() / chars.len().max(1) as f32;
    Line {
        text,
        raw,
        quad: [[left, top], [right, top], [right, bottom], [left, bottom]],
        confidence,
        chars,
        vertical: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_line_are_put_together_without_invented_spaces() {
        let tsv = "1\t1\t0\t0\t0\t0\t0\t0\t800\t600\t-1\t\n\
                   5\t1\t1\t1\t1\t1\t100\t50\t60\t30\t96.0\t來信\n\
                   5\t1\t1\t1\t1\t2\t162\t50\t30\t30\t80.0\t人\n\
                   5\t1\t1\t1\t1\t3\t300\t50\t30\t32\t90.0\t收\n\
                   5\t1\t1\t1\t2\t1\t100\t150\t30\t30\t50.0\t好\n";
        let lines = lines(tsv, &Folder::new().unwrap());
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (lines[0].text.as_str(), lines[0].raw.as_str()),
            ("来信人 收", "來信人 收")
        );
        assert_eq!(
            lines[0].quad,
            [[100.0, 50.0], [330.0, 50.0], [330.0, 82.0], [100.0, 82.0]]
        );
        assert_eq!(lines[0].chars.len(), 5);
        assert!(lines[0].chars.is_sorted_by(|a, b| a.at < b.at));
        assert!((lines[1].confidence - 0.5).abs() < 1e-6);
    }
}
