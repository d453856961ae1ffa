//! Damaged images through the decoder and the reader: each gives pages or a clear error; none crashes, hangs or takes more memory than
//! allowed. The work is done in a child process, so that a crash is seen as one. `LAIXIN_FUZZ=10000` makes the long form.

#[expect(dead_code, reason = "the other test files use the rest")]
mod support;

use ocr::{Engine, Limits, Settings};
use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use support::{Encoding, TiffPage};

/// Images in the short form.
const SHORT: u64 = 150;
/// No image may take longer.
const IMAGE_TIMEOUT: Duration = Duration::from_secs(30);
/// Peak memory of the child with both models loaded, MB.
const MEMORY_MAX_MB: u64 = 900;
/// In the child's environment: how many images to try.
const CHILD: &str = "LAIXIN_FUZZ_CHILD";

/// A small generator of numbers, the same ones each time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let mut png = std::io::Cursor::new(Vec::new());
    image::write_buffer_with_format(
        &mut png,
        &support::colour_bars(96, 64),
        96,
        64,
        image::ExtendedColorType::Rgb8,
        image::ImageFormat::Png,
    )
    .expect("a PNG can be written");
    let page = |encoding| TiffPage::new(96, 64, encoding);
    let encodings = [
        Encoding::Rgb,
        Encoding::Grey,
        Encoding::Group4,
        Encoding::Jpeg,
        Encoding::JpegWithTables,
        Encoding::JpegStrips,
    ];
    let mut seeds = vec![support::jpeg(96, 64), png.into_inner()];
    seeds.extend(encodings.map(|e| support::tiff(&[page(e)])));
    seeds.push(support::tiff(&encodings.map(page)));
    seeds.extend(samples());
    seeds
}

/// The small ones among the sample files, PDFs too; the bomb is for the page worker, which has a limit on its memory.
fn samples() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the samples are there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            let kind = path.extension().and_then(|e| e.to_str());
            matches!(kind, Some("tif" | "jpg" | "png" | "pdf")) && !path.ends_with("bomb.pdf")
        })
        .collect();
    files.sort();
    let read = files
        .iter()
        .map(|path| std::fs::read(path).expect("a sample"));
    read.filter(|bytes| bytes.len() < 6000).collect()
}

/// A seed with one to six injuries: cut short, bytes changed, a piece taken out, doubled, or filled with extremes.
fn injured(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(6) {
        if bytes.len() < 4 {
            break;
        }
        let at = dice.below(bytes.len());
        // Headers are where sizes and offsets stand.
        let at = if dice.below(2) == 0 {
            at % 128.min(bytes.len())
        } else {
            at
        };
        let end = (at + 1 + dice.below(24)).min(bytes.len());
        match dice.below(6) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << dice.below(8),
            2 => bytes[at..end].fill([0x00, 0xFF, 0x7F, 0x80][dice.below(4)]),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes[at] = dice.below(256) as u8,
        }
    }
    bytes
}

#[test]
fn injured_images_give_pages_or_errors_and_nothing_else() {
    if let Some(count) = std::env::var_os(CHILD) {
        let count = count.to_string_lossy().parse().expect("a number of images");
        return read_all(count);
    }
    let wanted = std::env::var("LAIXIN_FUZZ").ok();
    let count: u64 = wanted.and_then(|n| n.parse().ok()).unwrap_or(SHORT);
    let name = "injured_images_give_pages_or_errors_and_nothing_else";
    let mut child = Command::new(std::env::current_exe().expect("a test knows its own file"))
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, count.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test can start itself");
    let output = BufReader::new(child.stdout.take().expect("it was piped"));
    let (told, news) = mpsc::channel();
    let listener = std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if told.send(line).is_err() {
                return;
            }
        }
    });
    let mut last = String::new();
    loop {
        match news.recv_timeout(IMAGE_TIMEOUT) {
            Ok(line) => last = line,
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                child.kill().expect("the child is ours");
                panic!("an image after “{last}” took longer than {IMAGE_TIMEOUT:?}");
            }
        }
    }
    listener.join().expect("the listener does not panic");
    let status = child.wait().expect("the child ends");
    assert!(status.success(), "{status} after “{last}”");
}

/// The child's part: reads `count` images and tells after each where it is.
fn read_all(count: u64) {
    let models = std::env::var_os("LAIXIN_MODELS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.setup/models"),
        PathBuf::from,
    );
    let engine = Engine::open(&Settings::new(models)).expect("the models are there");
    let seeds = seeds();
    let mut dice = Dice(0x5EED);
    let (mut refused, mut read, mut panicked) = (0, 0, Vec::new());
    for number in 0..count {
        let bytes = injured(&seeds, &mut dice);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let pages = ocr::decode(&bytes, &Limits::default()).map_err(|e| {
                assert!(!e.code().is_empty() && !e.to_string().is_empty());
            })?;
            for page in pages.iter().take(2) {
                engine.read(page).expect("a decoded page can be read");
            }
            Ok::<(), ()>(())
        }));
        match outcome {
            Ok(Ok(())) => read += 1,
            Ok(Err(())) => refused += 1,
            Err(_) => panicked.push(number),
        }
        println!("image {number}: {read} read, {refused} refused");
    }
    let peak = peak_mb();
    println!(
        "{count} images: {read} read, {refused} refused, {} panics, peak {peak} MB",
        panicked.len()
    );
    assert!(panicked.is_empty(), "panics at {panicked:?}");
    assert!(peak <= MEMORY_MAX_MB, "{peak} MB");
    assert!(read > 0 && refused > 0, "both kinds must have been tried");
}

fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|l| l.starts_with("VmHWM"));
    let kib = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.expect("VmHWM is there") / 1024
}
