//! Small image files made by hand, sound or broken in a chosen way.

/// Red, green, blue and white bars on rows of two greys' difference: wrong channels or rows show at once.
pub(crate) fn colour_bars(width: usize, height: usize) -> Vec<u8> {
    (0..width * height)
        .flat_map(|i| match (i % width) * 4 / width {
            0 => [220, 30, 30],
            1 => [30, 220, 30],
            2 => [30, 30, 220],
            _ => [250, 250, 250],
        })
        .collect()
}

/// The pattern of bilevel pages.
pub(crate) fn is_black(x: usize, y: usize) -> bool {
    x > 20 || (y / 4) % 2 == 1
}

pub(crate) fn assert_like(page: &ocr::Page, expected: &[u8], tolerance: u8) {
    let wrong = page
        .rgb()
        .iter()
        .zip(expected)
        .filter(|(a, b)| a.abs_diff(**b) > tolerance)
        .count();
    assert_eq!(page.rgb().len(), expected.len());
    assert!(
        wrong * 20 < expected.len(),
        "{wrong} of {} samples are off",
        expected.len()
    );
}

pub(crate) fn jpeg(width: usize, height: usize) -> Vec<u8> {
    let pixels = colour_bars(width, height);
    let image = turbojpeg::Image {
        pixels: pixels.as_slice(),
        width,
        pitch: width * 3,
        height,
        format: turbojpeg::PixelFormat::RGB,
    };
    turbojpeg::compress(image, 90, turbojpeg::Subsamp::None)
        .expect("libjpeg-turbo encodes RGB")
        .to_vec()
}

/// A PNG of 45 bytes that claims a size.
pub(crate) fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], body: &[u8]| {
        file.extend_from_slice(
            &u32::try_from(body.len())
                .expect("a short chunk")
                .to_be_bytes(),
        );
        let covered: Vec<u8> = kind.iter().chain(body).copied().collect();
        file.extend_from_slice(&covered);
        file.extend_from_slice(&crc32(&covered).to_be_bytes());
    };
    let mut head = width.to_be_bytes().to_vec();
    head.extend_from_slice(&height.to_be_bytes());
    head.extend_from_slice(&[8, 2, 0, 0, 0]);
    chunk(b"IHDR", &head);
    chunk(b"IEND", &[]);
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            if c & 1 == 1 {
                0xEDB8_8320 ^ (c >> 1)
            } else {
                c >> 1
            }
        })
    })
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Encoding {
    Rgb,
    Grey,
    Group4,
    Jpeg,
    JpegWithTables,
    JpegStrips,
}

pub(crate) struct TiffPage {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) encoding: Encoding,
    /// Size written to the tags instead of the true one.
    pub(crate) claimed: Option<(u32, u32)>,
    /// Share of the last page's data that is in the file.
    pub(crate) keep_percent: usize,
}

impl TiffPage {
    pub(crate) fn new(width: usize, height: usize, encoding: Encoding) -> Self {
        Self {
            width,
            height,
            encoding,
            claimed: None,
            keep_percent: 100,
        }
    }
}

/// A little-endian TIFF: for each page its strips, then its directory; the last page's data end the file, so
/// that it can be cut short.
pub(crate) fn tiff(pages: &[TiffPage]) -> Vec<u8> {
    let mut file = b"II*\0\0\0\0\0".to_vec();
    let mut link = 4;
    for page in pages {
        let (strips, tables, rows) = strips(page);
        let directory = file.len();
        file[link..link + 4].copy_from_slice(
            &u32::try_from(directory)
                .expect("a small file")
                .to_le_bytes(),
        );
        let (width, height) = page
            .claimed
            .unwrap_or((page.width as u32, page.height as u32));
        let (compression, photometric, samples, bits) = match page.encoding {
            Encoding::Rgb => (1, 2, 3, 8),
            Encoding::Grey => (1, 1, 1, 8),
            Encoding::Group4 => (4, 0, 1, 1),
            _ => (7, 6, 3, 8),
        };
        let n = strips.len() as u32;
        let mut entries: Vec<(u16, u16, u32, u32)> = vec![
            (256, 4, 1, width),
            (257, 4, 1, height),
            (258, 3, samples, bits),
            (259, 3, 1, compression),
            (262, 3, 1, photometric),
            (273, 4, n, 0),
            (277, 3, 1, samples),
            (
                278,
                4,
                1,
                page.claimed.map_or(rows as u32, |claimed| claimed.1),
            ),
            (279, 4, n, 0),
        ];
        if !tables.is_empty() {
            entries.push((347, 7, tables.len() as u32, 0));
        }
        let after = directory + 2 + entries.len() * 12 + 4;
        // Values too long for their entry, then the strips.
        let (bits_at, offsets_at) = (after, after + 8);
        let sizes_at = offsets_at + strips.len() * 4;
        let tables_at = sizes_at + strips.len() * 4;
        let mut strip_at = tables_at + tables.len();
        let offsets: Vec<u32> = strips
            .iter()
            .map(|s| {
                let at = strip_at;
                strip_at += s.len();
                at as u32
            })
            .collect();
        for entry in &mut entries {
            match entry.0 {
                258 if samples == 3 => entry.3 = bits_at as u32,
                273 => {
                    entry.3 = if n == 1 {
                        offsets[0]
                    } else {
                        offsets_at as u32
                    }
                }
                279 => {
                    entry.3 = if n == 1 {
                        strips[0].len() as u32
                    } else {
                        sizes_at as u32
                    }
                }
                347 => entry.3 = tables_at as u32,
                _ => {}
            }
        }
        file.extend_from_slice(&(entries.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in entries {
            file.extend_from_slice(&tag.to_le_bytes());
            file.extend_from_slice(&kind.to_le_bytes());
            file.extend_from_slice(&count.to_le_bytes());
            file.extend_from_slice(&value.to_le_bytes());
        }
        link = file.len();
        file.extend_from_slice(&[0; 4]);
        file.extend_from_slice(&[8, 0, 8, 0, 8, 0, 0, 0]);
        offsets
            .iter()
            .for_each(|o| file.extend_from_slice(&o.to_le_bytes()));
        strips
            .iter()
            .for_each(|s| file.extend_from_slice(&(s.len() as u32).to_le_bytes()));
        file.extend_from_slice(&tables);
        strips.iter().for_each(|s| file.extend_from_slice(s));
        let data: usize = strips.iter().map(Vec::len).sum();
        file.truncate(file.len() - data + data * page.keep_percent / 100);
    }
    file
}

/// Data of each strip, shared JPEG tables, rows a strip.
fn strips(page: &TiffPage) -> (Vec<Vec<u8>>, Vec<u8>, usize) {
    let (width, height) = (page.width, page.height);
    match page.encoding {
        Encoding::Rgb => (vec![colour_bars(width, height)], Vec::new(), height),
        Encoding::Grey => (
            vec![(0..width * height).map(|i| (i % 256) as u8).collect()],
            Vec::new(),
            height,
        ),
        Encoding::Group4 => (vec![group4(width, height)], Vec::new(), height),
        Encoding::Jpeg => (vec![jpeg(width, height)], Vec::new(), height),
        Encoding::JpegStrips => {
            let rows = height / 3;
            (
                vec![
                    jpeg(width, rows),
                    jpeg(width, rows),
                    jpeg(width, height - 2 * rows),
                ],
                Vec::new(),
                rows,
            )
        }
        Encoding::JpegWithTables => {
            let (tables, rest) = parted(&jpeg(width, height));
            (vec![rest], tables, height)
        }
    }
}

fn group4(width: usize, height: usize) -> Vec<u8> {
    let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
    for y in 0..height {
        let row = (0..width).map(|x| {
            if is_black(x, y) {
                fax::Color::Black
            } else {
                fax::Color::White
            }
        });
        encoder.encode_line(row, width as u16).unwrap();
    }
    encoder.finish().unwrap().finish()
}

/// A JPEG's quantisation and Huffman tables on their own, and the rest without them.
fn parted(whole: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut tables, mut rest) = (vec![0xFF, 0xD8], vec![0xFF, 0xD8]);
    let mut at = 2;
    loop {
        let (marker, length) = (
            whole[at + 1],
            usize::from(u16::from_be_bytes([whole[at + 2], whole[at + 3]])) + 2,
        );
        let segment = &whole[at..at + length];
        match marker {
            0xDB | 0xC4 => tables.extend_from_slice(segment),
            0xDA => {
                rest.extend_from_slice(&whole[at..]);
                tables.extend_from_slice(&[0xFF, 0xD9]);
                return (tables, rest);
            }
            _ => rest.extend_from_slice(segment),
        }
        at += length;
    }
}
