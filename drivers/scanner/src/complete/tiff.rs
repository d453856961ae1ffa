//! Walks the directories of a TIFF or BigTIFF and checks that every one of them and every strip or tile they name lies inside the file; decodes nothing.

use std::io::{self, Read, Seek, SeekFrom};

/// A letter has no more pages than this; a file that claims more is a trap or damaged.
const MOST_DIRECTORIES: u32 = 10_000;
/// Strips of one page: an A3 page at 1,200 dpi with one line a strip stays below.
const MOST_STRIPS: u64 = 200_000;
/// Numbers of all pages' strips: two hundred pages with one line a strip stay below.
const MOST_NUMBERS: u64 = 8_000_000;

const NEW_SUBFILE_TYPE: u16 = 254;
const STRIP_OFFSETS: u16 = 273;
const STRIP_BYTE_COUNTS: u16 = 279;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;

/// What the directories of a file say of its pages.
pub(super) enum Frames {
    /// Their positions among the directories.
    At(Vec<u32>),
    /// More than any letter has.
    TooMany,
    /// Something lies outside the file.
    Outside,
}

/// Where the pages of the file are.
pub(super) fn frames(reader: &mut (impl Read + Seek), length: u64) -> io::Result<Frames> {
    let mut walk = Walk::start(reader, length)?;
    let mut next = walk.first_directory()?;
    let mut visited = std::collections::HashSet::new();
    let mut frames = Vec::new();
    for position in 0..MOST_DIRECTORIES {
        if next == 0 {
            break;
        }
        if walk.numbers > MOST_NUMBERS {
            return Ok(Frames::TooMany);
        }
        if !visited.insert(next) {
            return Ok(Frames::Outside);
        }
        let Some(directory) = walk.directory(next)? else {
            return Ok(Frames::Outside);
        };
        if !directory.is_thumbnail() {
            if !walk.strips_inside(&directory)? {
                return Ok(Frames::Outside);
            }
            frames.push(position);
        }
        next = directory.next;
    }
    Ok(match (next, frames.is_empty()) {
        (0, false) => Frames::At(frames),
        (0, true) => Frames::Outside,
        _ => Frames::TooMany,
    })
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

#[derive(Clone, Copy)]
enum Width {
    Classic,
    BigTiff,
}

struct Walk<'a, R> {
    reader: &'a mut R,
    length: u64,
    order: Order,
    width: Width,
    /// So many were read of all entries: ten thousand directories may all point to one long list.
    numbers: u64,
}

/// One directory entry: `value` is the raw field, a value or an offset.
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    value: Vec<u8>,
}

struct Directory {
    entries: Vec<Entry>,
    subfile_type: u64,
    next: u64,
}

impl Directory {
    fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    fn is_thumbnail(&self) -> bool {
        self.subfile_type & 1 == 1
    }
}

impl<'a, R: Read + Seek> Walk<'a, R> {
    fn start(reader: &'a mut R, length: u64) -> io::Result<Self> {
        let mut head = [0; 4];
        reader.seek(SeekFrom::Start(0))?;
        reader.read_exact(&mut head)?;
        let order = if head[0] == b'I' {
            Order::Little
        } else {
            Order::Big
        };
        let width = if head.contains(&0x2b) {
            Width::BigTiff
        } else {
            Width::Classic
        };
        Ok(Self {
            reader,
            length,
            order,
            width,
            numbers: 0,
        })
    }

    fn first_directory(&mut self) -> io::Result<u64> {
        let at = match self.width {
            Width::Classic => 4,
            Width::BigTiff => 8,
        };
        let bytes = self.bytes(at, self.offset_bytes())?;
        Ok(self.number(&bytes))
    }

    /// `None` when the directory is empty or points outside the file.
    fn directory(&mut self, at: u64) -> io::Result<Option<Directory>> {
        let (count_bytes, entry_bytes) = match self.width {
            Width::Classic => (2, 12),
            Width::BigTiff => (8, 20),
        };
        let count = self.bytes(at, count_bytes)?;
        let count = self.number(&count);
        let body = count
            .checked_mul(entry_bytes)
            .filter(|_| count > 0 && count <= 4096);
        let Some(body) = body else { return Ok(None) };
        let raw = self.bytes(at + count_bytes, body)?;
        let next = self.bytes(at + count_bytes + body, self.offset_bytes())?;
        let next = self.number(&next);
        let entries: Vec<Entry> = raw
            .chunks_exact(entry_bytes as usize)
            .map(|entry| self.entry(entry))
            .collect();
        let mut directory = Directory {
            entries,
            subfile_type: 0,
            next,
        };
        if let Some(entry) = directory.entry(NEW_SUBFILE_TYPE) {
            directory.subfile_type = self
                .values(entry)?
                .and_then(|values| values.first().copied())
                .unwrap_or(0);
        }
        Ok(Some(directory))
    }

    fn entry(&self, raw: &[u8]) -> Entry {
        let (count, value) = match self.width {
            Width::Classic => (&raw[4..8], &raw[8..12]),
            Width::BigTiff => (&raw[4..12], &raw[12..20]),
        };
        Entry {
            tag: self.number(&raw[..2]) as u16,
            kind: self.number(&raw[2..4]) as u16,
            count: self.number(count),
            value: value.to_vec(),
        }
    }

    fn strips_inside(&mut self, directory: &Directory) -> io::Result<bool> {
        let pair = [
            (STRIP_OFFSETS, STRIP_BYTE_COUNTS),
            (TILE_OFFSETS, TILE_BYTE_COUNTS),
        ]
        .into_iter()
        .find_map(|(offsets, counts)| Some((directory.entry(offsets)?, directory.entry(counts)?)));
        let Some((offsets, counts)) = pair else {
            return Ok(false);
        };
        let (Some(offsets), Some(counts)) = (self.values(offsets)?, self.values(counts)?) else {
            return Ok(false);
        };
        let inside = |(&at, &bytes): (&u64, &u64)| {
            at > 0 && at.checked_add(bytes).is_some_and(|end| end <= self.length)
        };
        Ok(offsets.len() == counts.len()
            && !offsets.is_empty()
            && offsets.iter().zip(&counts).all(inside)
            && counts.iter().any(|&n| n > 0))
    }

    /// The numbers of an entry: in the field itself when they fit, else where it points.
    fn values(&mut self, entry: &Entry) -> io::Result<Option<Vec<u64>>> {
        let size: u64 = match entry.kind {
            1 => 1,
            3 => 2,
            4 => 4,
            16 => 8,
            _ => return Ok(None),
        };
        if entry.count == 0 || entry.count > MOST_STRIPS {
            return Ok(None);
        }
        self.numbers += entry.count;
        let total = entry.count * size;
        let raw = if total <= entry.value.len() as u64 {
            entry.value[..total as usize].to_vec()
        } else {
            let at = self.number(&entry.value);
            self.bytes(at, total)?
        };
        Ok(Some(
            raw.chunks_exact(size as usize)
                .map(|value| self.number(value))
                .collect(),
        ))
    }

    fn offset_bytes(&self) -> u64 {
        match self.width {
            Width::Classic => 4,
            Width::BigTiff => 8,
        }
    }

    fn bytes(&mut self, at: u64, count: u64) -> io::Result<Vec<u8>> {
        if at.checked_add(count).is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.reader.seek(SeekFrom::Start(at))?;
        let mut bytes = vec![0; count as usize];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn number(&self, bytes: &[u8]) -> u64 {
        let fold = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
        match self.order {
            Order::Little => bytes.iter().rev().fold(0, fold),
            Order::Big => bytes.iter().fold(0, fold),
        }
    }
}
