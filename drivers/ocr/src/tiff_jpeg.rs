//! Strips of JPEG as one JPEG: their coded blocks one after another, with restart markers between, as each strip begins anew (ITU-T T.81, B.2.4.4).
//! No coefficient is touched.

/// The parts of a JPEG of one scan.
struct Parts<'a> {
    /// Segments before the scan, the frame's height left out.
    head: Vec<u8>,
    /// Where in the head the frame's height is.
    height_at: usize,
    /// Pixels of a coded unit, across and down.
    unit: (u32, u32),
    /// The scan's own segment.
    scan: &'a [u8],
    data: &'a [u8],
}

fn parts(jpeg: &[u8]) -> Option<Parts<'_>> {
    let (mut at, mut frame) = (2, None);
    let mut head = vec![0xff, 0xd8];
    loop {
        let [0xff, marker, high, low] = *jpeg.get(at..at + 4)? else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = jpeg.get(at..at + 2 + length)?;
        at += segment.len();
        match marker {
            // Coded in one pass, without restarts of its own.
            0xc0 | 0xc1 => {
                let height_at = head.len() + 5;
                frame = Some((height_at, unit(segment)?));
                head.extend_from_slice(segment);
                head[height_at..height_at + 2].fill(0);
            }
            0xc2 | 0xc3 | 0xc5..=0xcf | 0xdd => return None,
            0xda => {
                let (height_at, unit) = frame?;
                let data = &jpeg[at..];
                let end = data
                    .windows(2)
                    .position(|two| two[0] == 0xff && two[1] != 0)?;
                let is_all = data[end + 1] == 0xd9;
                return is_all.then(|| Parts {
                    head,
                    height_at,
                    unit,
                    scan: segment,
                    data: &data[..end],
                });
            }
            _ => head.extend_from_slice(segment),
        }
    }
}

/// Pixels of a coded unit by the frame's sampling factors; a single component is coded block by block.
fn unit(frame: &[u8]) -> Option<(u32, u32)> {
    let factors: Vec<u8> = frame
        .get(10..)?
        .chunks_exact(3)
        .map(|part| part[1])
        .collect();
    if factors.len() == 1 {
        return Some((8, 8));
    }
    let across = factors.iter().map(|factor| factor >> 4).max()?;
    let down = factors.iter().map(|factor| factor & 15).max()?;
    let is_sound = (1..=4).contains(&across) && (1..=4).contains(&down);
    is_sound.then(|| (8 * u32::from(across), 8 * u32::from(down)))
}

/// The strips, each with its width and height, as one JPEG of this size. `None` where they are not alike or do not end with a coded unit.
pub(crate) fn joined(
    (width, height): (u32, u32),
    strips: Vec<((u32, u32), Vec<u8>)>,
) -> Option<Vec<u8>> {
    let ((_, rows), first) = strips.first()?;
    let one = parts(first)?;
    let (across, down) = one.unit;
    let is_whole = rows % down == 0;
    let interval = u16::try_from(width.div_ceil(across) * (rows / down)).ok()?;
    let high = u16::try_from(height).ok()?;
    if !is_whole || strips.iter().any(|((wide, _), _)| *wide != width) {
        return None;
    }
    let mut whole = one.head.clone();
    whole[one.height_at..one.height_at + 2].copy_from_slice(&high.to_be_bytes());
    whole.extend([0xff, 0xdd, 0, 4]);
    whole.extend(interval.to_be_bytes());
    whole.extend_from_slice(one.scan);
    for (at, (_, strip)) in strips.iter().enumerate() {
        let strip = parts(strip)?;
        if strip.head != one.head || strip.scan != one.scan {
            return None;
        }
        if at > 0 {
            whole.extend([0xff, 0xd0 + ((at - 1) % 8) as u8]);
        }
        whole.extend_from_slice(strip.data);
    }
    whole.extend([0xff, 0xd9]);
    Some(whole)
}
