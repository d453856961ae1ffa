//! Small images made byte by byte, whole and broken.

use super::*;
use std::fs;

/// A JPEG with a thumbnail (which has an end marker of its own) inside a segment, stuffed bytes and restarts.
pub(crate) fn jpeg() -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    let thumbnail = [0xff, 0xd8, 0xff, 0xd9];
    bytes.extend([0xff, 0xe1, 0, 2 + thumbnail.len() as u8]);
    bytes.extend(thumbnail);
    bytes.extend([0xff, 0xff, 0xda, 0, 4, 1, 2]);
    bytes.extend([1, 2, 0xff, 0x00, 3, 0xff, 0xd0, 4, 5, 6]);
    bytes.extend([0xff, 0xd9]);
    bytes
}

pub(crate) fn png() -> Vec<u8> {
    let mut bytes = PNG_SIGNATURE.to_vec();
    for (kind, body) in [
        (b"IHDR", &[0u8; 13][..]),
        (b"IDAT", &[7; 5]),
        (b"IEND", &[]),
    ] {
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend(kind);
        bytes.extend(body);
        bytes.extend([0; 4]);
    }
    bytes
}

/// A little-endian TIFF: for each frame its subfile type; the data comes before its directory.
pub(crate) fn tiff(subfile_types: &[u32]) -> Vec<u8> {
    let mut bytes = b"II\x2a\0\0\0\0\0".to_vec();
    let mut link = 4;
    for &subfile_type in subfile_types {
        let data = bytes.len() as u32;
        bytes.extend([9; 10]);
        let directory = bytes.len() as u32;
        bytes[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        bytes.extend(3u16.to_le_bytes());
        for (tag, value) in [(NEW_SUBFILE, subfile_type), (273, data), (279, 10)] {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(4u16.to_le_bytes());
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        link = bytes.len();
        bytes.extend([0; 4]);
    }
    bytes
}

/// A PDF with a plain table of objects, or one packed into an object.
pub(crate) fn pdf(packed: bool) -> Vec<u8> {
    let mut bytes = b"%PDF-1.5\n1 0 obj\n<< /Type /Catalog >>\nendobj\n".to_vec();
    let table = bytes.len();
    bytes.extend(if packed {
        &b"12 0 obj\n<< /Type /XRef >>\nstream\nabc\nendstream\nendobj\n"[..]
    } else {
        &b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 >>\n"[..]
    });
    bytes.extend(format!("startxref\n{table}\n%%EOF").bytes());
    bytes
}

const NEW_SUBFILE: u16 = 254;

/// The time that a processor has worked for this thread: others may be in its way.
pub(crate) fn worked() -> std::time::Duration {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    std::time::Duration::try_from(at).unwrap()
}

fn look(bytes: &[u8]) -> Verdict {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    inspect(file.path())
}

#[test]
fn whole_images() {
    assert_eq!(look(&jpeg()), Verdict::Complete(Shape::Jpeg));
    assert_eq!(look(&png()), Verdict::Complete(Shape::Png));
    assert_eq!(
        look(&tiff(&[0])),
        Verdict::Complete(Shape::Tiff { frames: vec![0] })
    );
    assert_eq!(look(&pdf(false)), Verdict::Complete(Shape::Pdf));
    assert_eq!(look(&pdf(true)), Verdict::Complete(Shape::Pdf));
}

#[test]
fn a_pdf_that_grows_is_not_whole_until_its_table_is_there() {
    let mut revised = pdf(false);
    let first = revised.len();
    revised.extend(b"\n9 0 obj\n<< >>\nendobj\n");
    let table = revised.len();
    revised.extend(b"xref\n0 0\ntrailer\n<< /Prev 30 >>\nstartxref\n");
    revised.extend(format!("{table}\n%%EOF\n").bytes());
    assert_eq!(look(&revised), Verdict::Complete(Shape::Pdf));
    assert_eq!(
        look(&revised[..first]),
        Verdict::Complete(Shape::Pdf),
        "the first revision was whole"
    );
    // A linearised file: its first part ends like a PDF, and its table is still to come.
    let mut begun = b"%PDF-1.5\nxref\n0 0\ntrailer\n<< >>\nstartxref\n0\n%%EOF\n".to_vec();
    assert_eq!(look(&begun), Verdict::Incomplete);
    begun.extend(b"3 0 obj\n<< >>\n");
    assert_eq!(look(&begun), Verdict::Incomplete);
    let mut elsewhere = pdf(false);
    elsewhere.splice(10..10, b"moved by a few bytes ".iter().copied());
    assert_eq!(
        look(&elsewhere),
        Verdict::Incomplete,
        "no table where it is said to be"
    );
}

#[test]
fn padding_behind_the_end_is_allowed() {
    let mut padded = jpeg();
    padded.extend([0; 512]);
    assert_eq!(look(&padded), Verdict::Complete(Shape::Jpeg));
}

#[test]
fn every_cut_is_incomplete() {
    for whole in [jpeg(), png(), tiff(&[0, 0]), pdf(false), pdf(true)] {
        for cut in 1..whole.len() {
            assert_eq!(
                look(&whole[..cut]),
                Verdict::Incomplete,
                "cut at {cut} of {}",
                whole.len()
            );
        }
    }
}

#[test]
fn reserved_space_is_incomplete() {
    for whole in [jpeg(), png(), tiff(&[0, 0]), pdf(false), pdf(true)] {
        for written in [0, 3, 16, whole.len() - 12] {
            let mut reserved = whole[..written].to_vec();
            reserved.resize(whole.len() + 64, 0);
            assert_eq!(
                look(&reserved),
                Verdict::Incomplete,
                "{written} of {}",
                whole.len()
            );
        }
    }
}

#[test]
fn tiff_pages_leave_out_thumbnails() {
    assert_eq!(
        look(&tiff(&[0, 1, 2])),
        Verdict::Complete(Shape::Tiff { frames: vec![0, 2] })
    );
}

/// It was held as truncated, and the operator was sent to the scanner's cable.
#[test]
fn a_tiff_of_sixty_thousand_directories_has_too_many_pages_and_is_not_called_truncated() {
    assert_eq!(look(&tiff(&[0; 60_000])), Verdict::TooManyPages);
    assert_eq!(crate::Refusal::TooManyPages.code(), "too_many_pages");
}

/// It was read through for every one of them: minutes, in which the folder was not looked at.
#[test]
fn a_tiff_whose_directories_all_point_to_one_long_list_is_not_read_for_ever() {
    const STRIPS: u32 = 200_000;
    let mut bytes = b"II\x2a\0\0\0\0\0".to_vec();
    let offsets = bytes.len() as u32;
    bytes.extend((0..STRIPS).flat_map(|_| 8u32.to_le_bytes()));
    let counts = bytes.len() as u32;
    bytes.extend((0..STRIPS).flat_map(|_| 1u32.to_le_bytes()));
    let mut link = 4;
    for _ in 0..9_000 {
        let directory = bytes.len() as u32;
        bytes[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        bytes.extend(2u16.to_le_bytes());
        for (tag, list) in [(273u16, offsets), (279, counts)] {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(4u16.to_le_bytes());
            bytes.extend(STRIPS.to_le_bytes());
            bytes.extend(list.to_le_bytes());
        }
        link = bytes.len();
        bytes.extend([0; 4]);
    }
    let began = worked();
    assert_eq!(look(&bytes), Verdict::TooManyPages);
    let took = worked() - began;
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
}

#[test]
fn tiff_that_bites_its_tail_is_not_whole() {
    let mut looped = tiff(&[0]);
    let first = looped[4..8].to_vec();
    let end = looped.len();
    looped[end - 4..].copy_from_slice(&first);
    assert_eq!(look(&looped), Verdict::Incomplete);
}

#[test]
fn other_things_by_their_first_bytes() {
    assert_eq!(look(b"%PDF-1.7\n"), Verdict::Incomplete);
    assert_eq!(
        look("你好，这是一封信".as_bytes()),
        Verdict::NotAnImage(LooksLike::Text)
    );
    assert_eq!(
        look(b"<!DOCTYPE html><html>"),
        Verdict::NotAnImage(LooksLike::Markup)
    );
    assert_eq!(
        look(&[1, 2, 0xfe, 0x80, 0]),
        Verdict::NotAnImage(LooksLike::Unknown)
    );
}

#[test]
fn pipe_does_not_block() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("p.jpg");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        Mode::RUSR,
        0,
    )
    .unwrap();
    assert!(matches!(
        inspect(&pipe),
        Verdict::Incomplete | Verdict::Unreadable(_)
    ));
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(magic in 0usize..5, rest in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let mut bytes = [&[0xff, 0xd8, 0xff][..], &PNG_SIGNATURE, b"II\x2a\0", b"MM\0\x2b", PDF_SIGNATURE][magic].to_vec();
        bytes.extend(rest);
        let _ = look(&bytes);
    }
}
