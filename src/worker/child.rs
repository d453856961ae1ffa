//! The page worker's own side: asked over the socket that is its standard input, until that closes.

use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ocr::{Limits, Page};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use super::{Done, READER_DEFECT, READER_FAILED, Refusal, Task, Wait, wire};
use crate::read::{open_engine, reading};
use crate::store::Reading;

/// JPEG quality of what is made for the browser.
const QUALITY: i32 = 85;
/// How far reading stands back behind the station itself and what a person waits for.
const READING_NICENESS: i32 = 5;
/// How much sooner than the station the kernel ends the worker when memory runs out (−1000 to 1000).
const FIRST_TO_GO: &str = "800";

/// Answers until the station closes the socket.
///
/// # Errors
/// When standard input is no socket.
pub fn serve(memory_mb: u64) -> std::io::Result<()> {
    bound(memory_mb);
    let mut socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut engine = None;
    let mut on = |_| Wait::On;
    while let Ok((task, file)) = wire::receive::<Task>(&mut socket, &mut on) {
        let (done, with) = match work(&task, &file, &mut engine) {
            Ok(done) => done,
            Err(refusal) => (Done::Refused(refusal), Vec::new()),
        };
        drop(file);
        if wire::send(&mut socket, &done, &with, &mut on).is_err() {
            break;
        }
    }
    Ok(())
}

/// A limit on memory that the process cannot lift again, the first place in line when memory runs out, and death with the station.
/// Where the system forbids one of them the unit's own limits remain.
fn bound(memory_mb: u64) {
    let limit = memory_mb.saturating_mul(1024 * 1024);
    let hard = getrlimit(Resource::Data).maximum;
    let limit = hard.map_or(limit, |hard| limit.min(hard));
    let told = setrlimit(
        Resource::Data,
        Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        },
    );
    if let Err(error) = told {
        eprintln!("laixin: the page worker's memory cannot be limited: {error}");
    }
    let _ = std::fs::write("/proc/self/oom_score_adj", FIRST_TO_GO);
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
}

fn work(
    task: &Task,
    file: &[u8],
    engine: &mut Option<ocr::Engine>,
) -> Result<(Done, Vec<u8>), Refusal> {
    let alone = |done| Ok((done, Vec::new()));
    match task {
        Task::Open(settings) => {
            // Reading takes every processor there is: whoever waits for an answer of the station goes first.
            let _ = rustix::process::nice(READING_NICENESS);
            let opened = open_engine(settings).map_err(|error| Refusal {
                code: "engine_not_loaded".into(),
                detail: crate::Chain(&error).to_string(),
            })?;
            let told = Done::Opened {
                engine: opened.version().to_owned(),
                note: opened.note().map(str::to_owned),
            };
            *engine = Some(opened);
            alone(told)
        }
        Task::Read { frame } => {
            let engine = engine.as_ref().ok_or_else(|| Refusal {
                code: "engine_not_loaded".into(),
                detail: "no engine was opened".into(),
            })?;
            read(engine, file, *frame).map(|read| (Done::Read(Box::new(read)), Vec::new()))
        }
        Task::Frames => {
            let count = ocr::frames(file, &Limits::default()).map_err(|e| undecodable(&e))?;
            alone(Done::Frames(count as u32))
        }
        Task::Picture { frame, longest_px } => {
            let shown = match longest_px {
                Some(px) => small(file, *frame, *px)?,
                None => decoded(file, *frame)?,
            };
            let jpeg = encode(&shown)?;
            Ok((Done::Picture(jpeg.len() as u32), jpeg))
        }
        Task::Glimpse { longest_px } => {
            let twice = longest_px.saturating_mul(2);
            let page = ocr::decode_glimpse(file, twice, &Limits::default());
            let shown = page.map_err(|error| undecodable(&error))?;
            let jpeg = encode(&shrink(&shown, *longest_px))?;
            Ok((Done::Picture(jpeg.len() as u32), jpeg))
        }
        Task::Codes { frame, codes } => {
            let said = codes.said(file, *frame).ok_or_else(not_decoded)?;
            alone(Done::Codes(said))
        }
        Task::Blank { frame } => {
            let page = decoded(file, *frame)?;
            let bare = ocr::Sheet::of(&page).is_ok_and(ocr::Sheet::is_bare);
            alone(Done::Blank(bare))
        }
        Task::Pack { frame } => {
            let packed = ocr::pack(file, *frame as usize, &Limits::default());
            let (packed, bytes) = packed.map_err(|error| undecodable(&error))?;
            Ok((Done::Packed(Box::new(packed)), bytes))
        }
    }
}

/// Whoever asked makes do without; the reader says what is wrong with the page.
fn not_decoded() -> Refusal {
    Refusal {
        code: "not_decoded".into(),
        detail: "the page cannot be decoded".into(),
    }
}

fn undecodable(error: &ocr::DecodeError) -> Refusal {
    Refusal {
        code: error.code().into(),
        detail: crate::Chain(error).to_string(),
    }
}

fn decoded(file: &[u8], frame: u32) -> Result<Page, Refusal> {
    ocr::decode_frame(file, frame as usize, &Limits::default()).map_err(|e| undecodable(&e))
}

/// The page with so many pixels on its longest side, of twice as many at least where it has them.
fn small(file: &[u8], frame: u32, longest_px: u32) -> Result<Page, Refusal> {
    let twice = longest_px.saturating_mul(2);
    let page = ocr::decode_small(file, frame as usize, twice, &Limits::default());
    page.map(|page| shrink(&page, longest_px))
        .map_err(|e| undecodable(&e))
}

/// Decodes and reads one page.
pub(crate) fn read(engine: &ocr::Engine, file: &[u8], frame: u32) -> Result<Reading, Refusal> {
    let page = decoded(file, frame)?;
    let read = catch_unwind(AssertUnwindSafe(|| -> Result<_, ocr::ReadError> {
        let sheet = ocr::Sheet::of(&page)?;
        // Nothing to find: it is not looked for.
        if sheet.is_empty() {
            return Ok((nothing(&page), true));
        }
        let text = engine.read(&page)?;
        let blank = sheet.is_blank(&text);
        Ok((if blank { nothing(&page) } else { text }, blank))
    }));
    match read {
        Ok(Ok((text, blank))) => Ok(Reading {
            blank,
            ..reading(engine.version(), text)
        }),
        Ok(Err(error)) => Err(Refusal {
            code: READER_FAILED.into(),
            detail: crate::Chain(&error).to_string(),
        }),
        Err(_) => Err(Refusal {
            code: READER_DEFECT.into(),
            detail: "the reader panicked".into(),
        }),
    }
}

/// What is written on a blank page.
fn nothing(page: &Page) -> ocr::PageText {
    ocr::PageText {
        width: page.width(),
        height: page.height(),
        turned_deg: 0,
        lines: Vec::new(),
        shows_through: false,
        seconds: 0.0,
    }
}

fn encode(page: &Page) -> Result<Vec<u8>, Refusal> {
    let (width, height) = (page.width() as usize, page.height() as usize);
    let image = turbojpeg::Image {
        pixels: page.rgb(),
        width,
        pitch: width * 3,
        height,
        format: turbojpeg::PixelFormat::RGB,
    };
    let jpeg = turbojpeg::compress(image, QUALITY, turbojpeg::Subsamp::Sub2x2);
    Ok(jpeg
        .map_err(|error| Refusal {
            code: "not_drawn".into(),
            detail: error.to_string(),
        })?
        .to_vec())
}

/// Averages the pixels that fall on each pixel of the smaller page: thin strokes stay visible.
fn shrink(page: &Page, longest_px: u32) -> Page {
    let longest = page.width().max(page.height());
    if longest <= longest_px {
        return page.clone();
    }
    let scaled =
        |side: u32| (u64::from(side) * u64::from(longest_px) / u64::from(longest)).max(1) as u32;
    let (width, height) = (scaled(page.width()), scaled(page.height()));
    let stride = page.width() as usize * 3;
    let span = |at: u32, of: u32, from: u32| {
        let begin = (u64::from(at) * u64::from(from) / u64::from(of)) as usize;
        let end = (u64::from(at + 1) * u64::from(from) / u64::from(of)) as usize;
        begin..end.max(begin + 1)
    };
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        let rows = span(y, height, page.height());
        for x in 0..width {
            let columns = span(x, width, page.width());
            let mut sums = [0u32; 3];
            for row in rows.clone() {
                let line = &page.rgb()[row * stride..][columns.start * 3..columns.end * 3];
                for pixel in line.chunks_exact(3) {
                    sums.iter_mut()
                        .zip(pixel)
                        .for_each(|(sum, value)| *sum += u32::from(*value));
                }
            }
            let count = (rows.len() * columns.len()) as u32;
            rgb.extend(sums.map(|sum| (sum / count) as u8));
        }
    }
    Page::from_rgb(width, height, rgb, page.media_type())
        .expect("three bytes were pushed for each pixel")
}
