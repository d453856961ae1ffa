//! How a page lies by its file's own word: EXIF in JPEG, the orientation tag in TIFF. Pixels are put as a viewer shows them.

use crate::density::Density;
use crate::page::Page;

/// As TIFF and EXIF number them, 1–8; 1 and anything unknown is as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Orientation(pub(crate) u16);

impl Orientation {
    /// The orientation a JPEG's EXIF segment states; as stored when it states none.
    pub(crate) fn of_jpeg(bytes: &[u8]) -> Self {
        Self(exif(bytes).and_then(orientation_tag).unwrap_or(1))
    }

    /// The page as it is to be seen.
    pub(crate) fn apply(self, page: Page) -> Page {
        let (w, h) = (page.width() as usize, page.height() as usize);
        let from: fn(usize, usize, usize, usize) -> (usize, usize) = match self.0 {
            2 => |x, y, w, _| (w - 1 - x, y),
            3 => |x, y, w, h| (w - 1 - x, h - 1 - y),
            4 => |x, y, _, h| (x, h - 1 - y),
            5 => |x, y, _, _| (y, x),
            6 => |x, y, _, h| (y, h - 1 - x),
            7 => |x, y, w, h| (w - 1 - y, h - 1 - x),
            8 => |x, y, w, _| (w - 1 - y, x),
            _ => return page,
        };
        let (width, height) = if self.0 >= 5 { (h, w) } else { (w, h) };
        let mut rgb = Vec::with_capacity(w * h * 3);
        for y in 0..height {
            for x in 0..width {
                let (from_x, from_y) = from(x, y, w, h);
                let at = 3 * (from_y * w + from_x);
                rgb.extend_from_slice(&page.rgb()[at..at + 3]);
            }
        }
        Page::from_rgb(width as u32, height as u32, rgb, page.media_type())
            .expect("three bytes were pushed for each pixel")
    }
}

/// How a JPEG is to be turned to be seen upright, as EXIF numbers it, 1–8; 1 when it does not say.
#[must_use]
pub fn jpeg_orientation(bytes: &[u8]) -> u16 {
    match Orientation::of_jpeg(bytes).0 {
        known @ 1..=8 => known,
        _ => 1,
    }
}

/// The TIFF structure inside a JPEG's EXIF segment.
fn exif(bytes: &[u8]) -> Option<&[u8]> {
    segments(bytes).find_map(|(marker, body)| {
        (marker == 0xE1)
            .then(|| body.strip_prefix(b"Exif\0\0"))
            .flatten()
    })
}

/// The segments before the first scan: marker and body.
pub(crate) fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = 2;
    std::iter::from_fn(move || {
        while bytes.get(at) == Some(&0xFF) && bytes.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let [0xFF, marker, high, low] = *bytes.get(at..at + 4)? else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 2 || marker == 0xDA {
            return None;
        }
        let body = bytes.get(at + 4..at + 2 + length)?;
        at += 2 + length;
        Some((marker, body))
    })
}

/// How dense a JPEG's EXIF segment says its pixels are, as stored.
pub(crate) fn exif_density(jpeg: &[u8]) -> Option<Density> {
    let directory = Directory::first(exif(jpeg)?)?;
    let unit = directory.short_of(0x0128).unwrap_or(2);
    let (x, y) = (
        directory.rational_of(0x011A)?,
        directory.rational_of(0x011B)?,
    );
    Density::in_unit(unit, x, y)
}

/// Tag 0x0112 of the first directory.
fn orientation_tag(tiff: &[u8]) -> Option<u16> {
    let value = Directory::first(tiff)?.short_of(0x0112)?;
    (1..=8).contains(&value).then_some(value)
}

/// The first directory of a TIFF structure.
struct Directory<'a> {
    tiff: &'a [u8],
    is_little_endian: bool,
    at: usize,
}

impl<'a> Directory<'a> {
    fn first(tiff: &'a [u8]) -> Option<Self> {
        let is_little_endian = match tiff.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let unplaced = Self {
            tiff,
            is_little_endian,
            at: 0,
        };
        let at = unplaced.long(4)? as usize;
        Some(Self { at, ..unplaced })
    }

    fn short(&self, at: usize) -> Option<u16> {
        let pair = [*self.tiff.get(at)?, *self.tiff.get(at.checked_add(1)?)?];
        Some(if self.is_little_endian {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let (first, second) = (
            u32::from(self.short(at)?),
            u32::from(self.short(at.checked_add(2)?)?),
        );
        Some(if self.is_little_endian {
            second << 16 | first
        } else {
            first << 16 | second
        })
    }

    fn entry(&self, tag: u16) -> Option<usize> {
        let count = usize::from(self.short(self.at)?);
        (0..count)
            .map(|i| self.at + 2 + 12 * i)
            .find(|&entry| self.short(entry) == Some(tag))
    }

    fn short_of(&self, tag: u16) -> Option<u16> {
        self.short(self.entry(tag)? + 8)
    }

    fn rational_of(&self, tag: u16) -> Option<f64> {
        let at = self.long(self.entry(tag)? + 8)? as usize;
        let (over, under) = (self.long(at)?, self.long(at.checked_add(4)?)?);
        Some(f64::from(over) / f64::from(under))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::MediaType;

    /// The eight ways to store one picture of 3 × 2 pixels numbered by their place in it; each comes out the same.
    #[test]
    fn every_orientation_shows_the_same_picture() {
        // What lies in the file for each orientation, and its width.
        let stored: [(u16, [u8; 6], u32); 8] = [
            (1, [0, 1, 2, 3, 4, 5], 3),
            (2, [2, 1, 0, 5, 4, 3], 3),
            (3, [5, 4, 3, 2, 1, 0], 3),
            (4, [3, 4, 5, 0, 1, 2], 3),
            (5, [0, 3, 1, 4, 2, 5], 2),
            (6, [2, 5, 1, 4, 0, 3], 2),
            (7, [5, 2, 4, 1, 3, 0], 2),
            (8, [3, 0, 4, 1, 5, 2], 2),
        ];
        for (orientation, pixels, width) in stored {
            let rgb = pixels.iter().flat_map(|p| [*p; 3]).collect();
            let page = Page::from_rgb(width, 6 / width, rgb, MediaType::Jpeg).unwrap();
            let seen = Orientation(orientation).apply(page);
            let shown: Vec<u8> = seen.rgb().chunks(3).map(|p| p[0]).collect();
            assert_eq!((seen.width(), seen.height()), (3, 2), "{orientation}");
            assert_eq!(shown, [0, 1, 2, 3, 4, 5], "{orientation}");
        }
    }

    #[test]
    fn exif_in_either_byte_order_is_found_and_rubbish_is_not() {
        let little = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let big = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        for tiff in [&little[..], &big[..]] {
            assert_eq!(orientation_tag(tiff), Some(6));
            let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xE1];
            jpeg.extend(((tiff.len() + 8) as u16).to_be_bytes());
            jpeg.extend(b"Exif\0\0");
            jpeg.extend(tiff);
            assert_eq!(Orientation::of_jpeg(&jpeg), Orientation(6));
            for cut in 0..jpeg.len() {
                assert_eq!(Orientation::of_jpeg(&jpeg[..cut]), Orientation(1), "{cut}");
            }
        }
        assert_eq!(orientation_tag(b"II\x2a\0\xff\xff\xff\xff"), None);
    }
}
