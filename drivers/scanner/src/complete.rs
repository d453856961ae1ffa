//! Is this file a whole image or PDF? Decided by structure alone: from its first bytes to the mark that ends its kind. Pixels are not decoded, so damage
//! inside a whole file is found later, by the reader.

mod jpeg;
mod pdf;
mod png;
mod tiff;

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::index::{self, Fault, Listed};

/// What a whole file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One JPEG.
    Jpeg,
    /// One PNG.
    Png,
    /// A TIFF and the positions of its pages among its directories; thumbnails are left out, so the numbers may have gaps.
    Tiff {
        /// Positions counted from 0, at least one.
        frames: Vec<u32>,
    },
    /// A PDF; how many pages it has is not known yet.
    Pdf,
    /// No page: a list of pages, where the folder has such.
    Index(Vec<Listed>),
}

/// What a file that is no image looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LooksLike {
    /// Printable text.
    Text,
    /// A web page or an XML answer, as a scanner's own server sends on errors.
    Markup,
    /// Anything else.
    Unknown,
}

impl fmt::Display for LooksLike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "plain text",
            Self::Markup => "HTML or XML",
            Self::Unknown => "something unknown",
        })
    }
}

/// What a look at a file found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Whole.
    Complete(Shape),
    /// An image (or only zeros, as some copy programs reserve space) without its end.
    Incomplete,
    /// Its header promises more pixels than any page has; nothing of it was decoded.
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// More pages than any letter has; nothing of them was decoded.
    TooManyPages,
    /// A list of pages with a fault: which, says [`index::parse`].
    UnclearIndex,
    /// Something else.
    NotAnImage(LooksLike),
    /// Could not be read.
    Unreadable(io::ErrorKind),
}

/// Looks at a file that is a list of pages; `usual` is its letter where it names none.
#[must_use]
pub(crate) fn inspect_index(path: &Path, usual: &str) -> Verdict {
    let read = open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(index::LARGEST_BYTES + 1)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    match read {
        Ok(bytes) if bytes.len() as u64 > index::LARGEST_BYTES => Verdict::UnclearIndex,
        Ok(bytes) => match index::parse(usual, &bytes) {
            Ok(letters) => Verdict::Complete(Shape::Index(letters)),
            Err(unclear) if unclear.fault == Fault::Unfinished => Verdict::Incomplete,
            Err(_) => Verdict::UnclearIndex,
        },
        Err(error) => Verdict::Unreadable(error.kind()),
    }
}

/// Looks at one file. A symbolic link is not followed and a pipe does not block.
#[must_use]
pub fn inspect(path: &Path) -> Verdict {
    match open(path).and_then(|file| inspect_file(&file)) {
        Ok(verdict) => verdict,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Verdict::Incomplete,
        Err(error) => Verdict::Unreadable(error.kind()),
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

fn inspect_file(file: &File) -> io::Result<Verdict> {
    const BUFFER_BYTES: usize = 64 * 1024;
    let length = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
    let mut head = Vec::with_capacity(64);
    (&mut reader).take(64).read_to_end(&mut head)?;
    reader.seek(SeekFrom::Start(0))?;
    if let Some((width, height)) = png::too_large(&head) {
        return Ok(Verdict::TooManyPixels { width, height });
    }
    let whole = match magic(&head) {
        Magic::Jpeg => jpeg::has_end(&mut reader)?.then_some(Shape::Jpeg),
        Magic::Png => png::has_end(&mut reader, length)?.then_some(Shape::Png),
        Magic::Tiff => match tiff::frames(&mut reader, length)? {
            tiff::Frames::At(frames) => Some(Shape::Tiff { frames }),
            tiff::Frames::TooMany => return Ok(Verdict::TooManyPages),
            tiff::Frames::Outside => None,
        },
        Magic::Pdf => pdf::has_end(&mut reader, length)?.then_some(Shape::Pdf),
        Magic::TooShort => None,
        Magic::Other(looks_like) => return Ok(Verdict::NotAnImage(looks_like)),
    };
    Ok(whole.map_or(Verdict::Incomplete, Verdict::Complete))
}

enum Magic {
    Jpeg,
    Png,
    Tiff,
    Pdf,
    TooShort,
    Other(LooksLike),
}

const PDF_SIGNATURE: &[u8] = b"%PDF-";
const PNG_SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];

fn magic(head: &[u8]) -> Magic {
    const TIFFS: [[u8; 4]; 4] = [*b"II\x2a\0", *b"MM\0\x2a", *b"II\x2b\0", *b"MM\0\x2b"];
    let begins = |with: &[u8]| head.len() >= with.len() && head.starts_with(with);
    if begins(&[0xff, 0xd8, 0xff]) {
        Magic::Jpeg
    } else if begins(&PNG_SIGNATURE) {
        Magic::Png
    } else if TIFFS.iter().any(|tiff| begins(tiff)) {
        Magic::Tiff
    } else if begins(PDF_SIGNATURE) {
        Magic::Pdf
    } else if is_beginning(head, &TIFFS) {
        Magic::TooShort
    } else if head.trim_ascii_start().starts_with(b"<") {
        Magic::Other(LooksLike::Markup)
    } else if std::str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true)
        && !head.contains(&0)
    {
        Magic::Other(LooksLike::Text)
    } else {
        Magic::Other(LooksLike::Unknown)
    }
}

/// So short, or zeros behind so little, that it may still become an image: some copy programs reserve the space first.
fn is_beginning(head: &[u8], tiffs: &[[u8; 4]]) -> bool {
    let written = head
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1);
    let head = &head[..written];
    [0xff, 0xd8, 0xff].starts_with(head)
        || PNG_SIGNATURE.starts_with(head)
        || PDF_SIGNATURE.starts_with(head)
        || tiffs.iter().any(|tiff| tiff.starts_with(head))
}

#[cfg(test)]
pub(crate) mod tests;
