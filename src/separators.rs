//! Separator sheets on paper: two QR codes in opposite corners, a bar code, and the same in words. A sheet is recognised the other way up, too.

use rxing::common::BitMatrix;
use rxing::{BarcodeFormat, EncodeHints, MultiFormatWriter, Writer};

use crate::clock::Millis;
use crate::config::{Language, Settings};
use crate::domain::grouping::{RUN_LENGTH, Separator};
use crate::print::{self, About, Align, Ink, PAGE_MM, Pen, PrintError, PrintFont, Type, Weight};

/// Sheets printed at once.
pub const MOST_SHEETS: u32 = 500;

const BLACK: Ink = Ink(0, 0, 0);
const QR_MM: f32 = 46.0;
const MARGIN_MM: f32 = 15.0;

/// A new run's name.
#[must_use]
pub fn new_run() -> String {
    let mut random = [0; RUN_LENGTH];
    getrandom::fill(&mut random).expect("the system gives random bytes");
    Separator::run_of(random)
}

/// Prints a run: one sheet a page, numbered from 1.
///
/// # Errors
/// [`PrintError`].
pub fn print(
    settings: &Settings,
    run: &str,
    count: u32,
    now: Millis,
) -> Result<Vec<u8>, PrintError> {
    let font = PrintFont::load(&settings.print.font)?;
    let language = settings.station.language;
    let made = now.zoned();
    let part = |part: i8| u16::try_from(part).unwrap_or(0);
    let about = About {
        title: format!("laixin {run}"),
        author: settings.station.name.clone(),
        language: match language {
            Language::Chinese => "zh-CN",
            Language::English => "en",
        },
        made: [
            u16::try_from(made.year()).unwrap_or(0),
            part(made.month()),
            part(made.day()),
            part(made.hour()),
            part(made.minute()),
            part(made.second()),
        ],
        offset_minutes: i16::try_from(made.offset().seconds() / 60).unwrap_or(0),
    };
    let sheets: Vec<Separator> = (1..=count)
        .map(|number| Separator {
            run: run.to_owned(),
            number,
        })
        .collect();
    print::pages(&font, &about, sheets.len(), |at, pen| {
        draw(pen, &sheets[at], settings);
    })
}

fn words(language: Language) -> [&'static str; 2] {
    match language {
        Language::Chinese => [
            "信件分隔页",
            "放在每封信的最前面，信封在后，然后是信纸和附件。扫描后可重复使用，同一批次内每张只用一次，按编号顺序使用。",
        ],
        Language::English => [
            "Separator sheet",
            "Lay one in front of every letter: then the envelope, the letter, its attachments. Use sheets again in the next batch, in the order of their numbers.",
        ],
    }
}

fn draw(pen: &mut Pen<'_, '_>, sheet: &Separator, settings: &Settings) {
    let (width, height) = PAGE_MM;
    let payload = sheet.payload();
    let far = (width - MARGIN_MM - QR_MM, height - MARGIN_MM - QR_MM);
    for place in [(MARGIN_MM, MARGIN_MM), far] {
        qr(pen, place, &payload);
    }
    let [title, use_] = words(settings.station.language);
    let set = |points, weight| Type {
        points,
        ink: BLACK,
        weight,
        align: Align::Middle,
    };
    let middle = width / 2.0;
    pen.text((middle, 95.0), title, set(34.0, Weight::Bold));
    pen.text((middle, 125.0), &sheet.label(), set(54.0, Weight::Bold));
    bars(pen, (middle, 145.0), &payload);
    pen.text((middle, 176.0), &payload, set(12.0, Weight::Plain));
    let lines = pen.lines(use_, 12.0, 150.0);
    for (at, line) in lines.iter().enumerate() {
        pen.text(
            (middle, 196.0 + 7.0 * at as f32),
            line,
            set(12.0, Weight::Plain),
        );
    }
    pen.text(
        (middle, 222.0),
        &settings.station.name,
        set(12.0, Weight::Plain),
    );
}

/// A code as a matrix of its smallest size; its text is always one of ours.
fn encoded(payload: &str, format: BarcodeFormat) -> Option<BitMatrix> {
    let hints = EncodeHints {
        ErrorCorrection: Some("H".into()),
        Margin: Some("0".into()),
        ..EncodeHints::default()
    };
    MultiFormatWriter
        .encode_with_hints(payload, &format, 1, 1, &hints)
        .ok()
}

fn qr(pen: &mut Pen<'_, '_>, (left, top): (f32, f32), payload: &str) {
    let Some(matrix) = encoded(payload, BarcodeFormat::QR_CODE) else {
        return;
    };
    let module = QR_MM / matrix.width() as f32;
    for y in 0..matrix.height() {
        let mut x = 0;
        while x < matrix.width() {
            let run = (x..matrix.width())
                .take_while(|x| matrix.get(*x, y))
                .count() as u32;
            if run > 0 {
                // A hair wider than its place: no renderer leaves a gap between rows.
                let place = (left + x as f32 * module, top + y as f32 * module);
                pen.block(place, (run as f32 * module + 0.02, module + 0.02), BLACK);
            }
            x += run.max(1);
        }
    }
}

fn bars(pen: &mut Pen<'_, '_>, (middle, top): (f32, f32), payload: &str) {
    const BARS_MM: (f32, f32) = (150.0, 22.0);
    let Some(matrix) = encoded(payload, BarcodeFormat::CODE_128) else {
        return;
    };
    let module = BARS_MM.0 / matrix.width() as f32;
    let left = middle - BARS_MM.0 / 2.0;
    let mut x = 0;
    while x < matrix.width() {
        let run = (x..matrix.width())
            .take_while(|x| matrix.get(*x, 0))
            .count() as u32;
        if run > 0 {
            let place = (left + x as f32 * module, top);
            pen.block(place, (run as f32 * module, BARS_MM.1), BLACK);
        }
        x += run.max(1);
    }
}
