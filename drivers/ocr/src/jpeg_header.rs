//! What a JPEG says of itself before its first scan; nothing is decoded.

use crate::density::Density;
use crate::orient;
use crate::packed::Colour;

/// The frame header, and the markers that say what the samples mean.
#[derive(Debug, Default)]
pub(crate) struct JpegHeader {
    pub(crate) width: u32,
    pub(crate) height: u32,
    components: u8,
    jfif: Option<Density>,
    adobe_transform: Option<u8>,
    ids: Vec<u8>,
}

impl JpegHeader {
    /// `None` for what no DCT filter reads.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let mut header = Self::default();
        let mut at = 2;
        loop {
            while *bytes.get(at)? != 0xff || *bytes.get(at + 1)? == 0xff {
                at += 1;
            }
            let marker = bytes[at + 1];
            if matches!(marker, 0x01 | 0xd0..=0xd8) {
                at += 2;
                continue;
            }
            let length = usize::from(u16::from_be_bytes([
                *bytes.get(at + 2)?,
                *bytes.get(at + 3)?,
            ]));
            let body = bytes.get(at + 4..at + 2 + length)?;
            match marker {
                // Baseline, extended, progressive: what a DCT filter reads.
                0xc0..=0xc2 => return header.frame(body).then_some(header),
                0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xd9 | 0xda => return None,
                0xe0 if body.starts_with(b"JFIF\0") => header.jfif = density(body),
                0xee if body.starts_with(b"Adobe") => {
                    header.adobe_transform = body.get(11).copied();
                }
                _ => {}
            }
            at += 2 + length;
        }
    }

    fn frame(&mut self, body: &[u8]) -> bool {
        let [bits, h1, h0, w1, w0, components, rest @ ..] = body else {
            return false;
        };
        self.height = u32::from(u16::from_be_bytes([*h1, *h0]));
        self.width = u32::from(u16::from_be_bytes([*w1, *w0]));
        self.components = *components;
        self.ids = rest.chunks_exact(3).map(|part| part[0]).collect();
        *bits == 8 && self.width > 0 && self.height > 0
    }

    /// Grey or three components; `None` for ink.
    pub(crate) fn colour(&self) -> Option<Colour> {
        match self.components {
            1 => Some(Colour::Grey),
            3 => Some(Colour::Rgb),
            _ => None,
        }
    }

    /// What the Adobe marker says of the colour transform.
    pub(crate) fn adobe_transform(&self) -> Option<u8> {
        self.adobe_transform
    }

    /// The three components are red, green and blue.
    pub(crate) fn is_plain_rgb(&self) -> bool {
        self.components == 3
            && match self.adobe_transform {
                Some(transform) => transform == 0,
                None => self.ids == b"RGB",
            }
    }

    /// JFIF's word, or EXIF's where there is none; as stored.
    pub(crate) fn dpi(&self, bytes: &[u8]) -> Option<Density> {
        self.jfif.or_else(|| orient::exif_density(bytes))
    }
}

fn density(jfif: &[u8]) -> Option<Density> {
    let value = |at| {
        Some(f64::from(u16::from_be_bytes([
            *jfif.get(at)?,
            *jfif.get(at + 1)?,
        ])))
    };
    let (x, y) = (value(8)?, value(10)?);
    // JFIF counts its units one below TIFF.
    Density::in_unit(u16::from(*jfif.get(7)?) + 1, x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn density_is_believed_within_reason() {
        let jfif = |unit: u8, value: u16| {
            let mut body = b"JFIF\0\x01\x01".to_vec();
            body.push(unit);
            body.extend(value.to_be_bytes());
            body.extend(value.to_be_bytes());
            density(&body).map(|dpi| dpi.x_dpi.round())
        };
        assert_eq!(jfif(1, 300), Some(300.0));
        assert_eq!(jfif(2, 118), Some(300.0));
        assert_eq!((jfif(0, 1), jfif(1, 1), jfif(1, 0)), (None, None, None));
    }
}
