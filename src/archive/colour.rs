//! What colours mean: an ICC profile of sRGB (IEC 61966-2-1), made here number by number (ICC.1:2004-10). Scanners without a profile of
//! their own mean sRGB; PDF/A wants it said.

fn s15(value: f64) -> [u8; 4] {
    ((value * 65536.0).round() as i32).to_be_bytes()
}

fn xyz(values: [f64; 3]) -> Vec<u8> {
    let mut tag = b"XYZ \0\0\0\0".to_vec();
    tag.extend(values.iter().flat_map(|value| s15(*value)));
    tag
}

fn text(text: &str) -> Vec<u8> {
    let mut tag = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS".to_vec();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    tag.extend((utf16.len() as u32).to_be_bytes());
    tag.extend(28_u32.to_be_bytes());
    tag.extend(utf16);
    tag
}

/// The transfer curve: parametric type 3.
fn curve() -> Vec<u8> {
    let mut tag = b"para\0\0\0\0\0\x03\0\0".to_vec();
    for value in [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045] {
        tag.extend(s15(value));
    }
    tag
}

/// Adaptation of D65 to D50 (Bradford).
fn adaptation() -> Vec<u8> {
    let mut tag = b"sf32\0\0\0\0".to_vec();
    let matrix = [
        1.047_882_0,
        0.022_918_7,
        -0.050_201_4,
        0.029_586_8,
        0.990_478_5,
        -0.017_059_3,
        -0.009_231_6,
        0.015_075_7,
        0.751_678_5,
    ];
    tag.extend(matrix.iter().flat_map(|value| s15(*value)));
    tag
}

/// The profile.
pub(super) fn srgb() -> Vec<u8> {
    let curve = curve();
    // Primaries adapted to D50.
    let tags: Vec<(&[u8; 4], Vec<u8>)> = vec![
        (b"desc", text("sRGB IEC61966-2.1")),
        (b"cprt", text("No copyright, use freely")),
        (b"wtpt", xyz([0.964_20, 1.0, 0.824_91])),
        (b"chad", adaptation()),
        (b"rXYZ", xyz([0.436_07, 0.222_49, 0.013_92])),
        (b"gXYZ", xyz([0.385_15, 0.716_87, 0.097_08])),
        (b"bXYZ", xyz([0.143_07, 0.060_61, 0.714_10])),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let mut offset = 128 + 4 + 12 * tags.len();
    let mut list = (tags.len() as u32).to_be_bytes().to_vec();
    let mut bodies: Vec<u8> = Vec::new();
    let mut last: Option<(usize, Vec<u8>)> = None;
    for (name, body) in tags {
        // The three curves are one.
        let at = match &last {
            Some((at, same)) if *same == body => *at,
            _ => {
                let at = offset;
                bodies.extend(&body);
                let padded = body.len().next_multiple_of(4);
                bodies.resize(bodies.len() + padded - body.len(), 0);
                offset += padded;
                at
            }
        };
        list.extend(name);
        list.extend((at as u32).to_be_bytes());
        list.extend((body.len() as u32).to_be_bytes());
        last = Some((at, body));
    }
    let mut profile = header(128 + list.len() + bodies.len());
    profile.extend(list);
    profile.extend(bodies);
    profile
}

fn header(size: usize) -> Vec<u8> {
    let mut header = vec![0; 128];
    header[..4].copy_from_slice(&(size as u32).to_be_bytes());
    header[8..12].copy_from_slice(&[4, 0x20, 0, 0]); // version 4.2
    header[12..24].copy_from_slice(b"mntrRGB XYZ ");
    for (at, value) in [2026_u16, 1, 1, 0, 0, 0].into_iter().enumerate() {
        header[24 + 2 * at..26 + 2 * at].copy_from_slice(&value.to_be_bytes());
    }
    header[36..40].copy_from_slice(b"acsp");
    // The illuminant of the connection space: D50.
    for (at, value) in [0.964_20, 1.0, 0.824_91].into_iter().enumerate() {
        header[68 + 4 * at..72 + 4 * at].copy_from_slice(&s15(value));
    }
    header
}

#[cfg(test)]
mod tests {
    #[test]
    fn white_is_white() {
        // The columns of the matrix add up to the connection space's white point.
        let (red, green, blue) = (
            [0.43607, 0.22249, 0.01392],
            [0.38515, 0.71687, 0.09708],
            [0.14307, 0.06061, 0.71410],
        );
        for (at, white) in [0.9642, 1.0, 0.82491].into_iter().enumerate() {
            let sum: f64 = red[at] + green[at] + blue[at];
            assert!((sum - white).abs() < 0.0005, "{at}: {sum}");
        }
        let profile = super::srgb();
        assert_eq!(&profile[..4], (profile.len() as u32).to_be_bytes());
        assert!(profile.len() < 700, "{}", profile.len());
    }
}
