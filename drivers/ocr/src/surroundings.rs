//! The dark bed of a scanner around a sheet that is smaller than it, or lies askew. The detector takes a light sheet on dark ground for one large letter, and
//! what is written on it goes with it: before it looks, the bed is made paper.

use crate::preprocess::Rgb;

/// Darker than this share of the paper is the bed.
const BED: f32 = 0.6;
/// The bed is dark for so many pixels on each side, some 3 mm in all at [`crate::LONGEST_SIDE_PX`] for A4: no stroke, rule or frame is.
const REACH: usize = 4;
/// Lighter than the paper is no more than this share of a picture.
const SPECKS: f32 = 0.05;
/// The soft edge between the bed and the sheet, pixels.
const EDGE: usize = 3;

/// Makes paper of the bed: what is dark, thick, and hangs together with the picture's edge.
pub(crate) fn papered(image: &mut Rgb<'_>) {
    let (width, height) = (image.width, image.height);
    let grey: Vec<f32> = image
        .bytes
        .chunks_exact(3)
        .map(|p| p.iter().map(|byte| f32::from(*byte)).sum::<f32>() / 3.0)
        .collect();
    let paper = paper(image.bytes);
    let limit = BED * paper.iter().map(|byte| f32::from(*byte)).sum::<f32>() / 3.0;
    let dark: Vec<bool> = grey.iter().map(|value| *value < limit).collect();
    let thick = everywhere(&dark, (width, height), REACH);
    let bed = from_the_edge(&thick, (width, height));
    if !bed.contains(&true) {
        return;
    }
    let sheet: Vec<bool> = bed.iter().map(|is_bed| !is_bed).collect();
    let sheet = everywhere(&sheet, (width, height), REACH + EDGE);
    let pixels = image.bytes.chunks_exact_mut(3).zip(sheet);
    for (pixel, _) in pixels.filter(|(_, is_sheet)| !is_sheet) {
        pixel.copy_from_slice(&paper);
    }
}

/// The colour of the paper: of each channel the lightest step of 16 that is more than [`SPECKS`].
fn paper(bytes: &[u8]) -> [u8; 3] {
    let mut counts = [[0_usize; 16]; 3];
    for pixel in bytes.chunks_exact(3) {
        for (counts, byte) in counts.iter_mut().zip(pixel) {
            counts[usize::from(byte / 16)] += 1;
        }
    }
    let least = (SPECKS * (bytes.len() / 3) as f32) as usize;
    counts.map(|counts| {
        let mut steps = counts.iter().zip(0_u8..16).rev();
        let step = steps.find(|(count, _)| **count > least);
        step.map_or(u8::MAX, |(_, step)| step * 16 + 8)
    })
}

/// Where all pixels of the square of `reach` around one are marked; what lies beyond the picture counts as marked.
fn everywhere(marked: &[bool], (width, height): (usize, usize), reach: usize) -> Vec<bool> {
    let mut rows = Vec::with_capacity(marked.len());
    for row in marked.chunks_exact(width) {
        rows.extend(all_near(row.iter().copied(), reach));
    }
    let mut both = vec![false; marked.len()];
    for x in 0..width {
        let column = rows[x..].iter().step_by(width).copied();
        let to = both[x..].iter_mut().step_by(width);
        to.zip(all_near(column.take(height), reach))
            .for_each(|(to, all)| *to = all);
    }
    both
}

/// Where all of the `reach` before and behind are marked.
fn all_near(marked: impl Iterator<Item = bool>, reach: usize) -> impl Iterator<Item = bool> {
    // How many up to each place are not.
    let mut bare = vec![0_u32];
    bare.extend(marked.scan(0, |sum, marked| {
        *sum += u32::from(!marked);
        Some(*sum)
    }));
    let length = bare.len() - 1;
    (0..length).map(move |at| {
        let (from, to) = (at.saturating_sub(reach), (at + reach + 1).min(length));
        bare[from] == bare[to]
    })
}

/// The marked pixels that hang together with the picture's edge.
fn from_the_edge(marked: &[bool], (width, height): (usize, usize)) -> Vec<bool> {
    let mut reached = vec![false; marked.len()];
    let top_and_bottom = (0..width).flat_map(|x| [x, (height - 1) * width + x]);
    let sides = (0..height).flat_map(|y| [y * width, y * width + width - 1]);
    let mut open: Vec<usize> = top_and_bottom.chain(sides).collect();
    while let Some(at) = open.pop() {
        if !marked[at] || reached[at] {
            continue;
        }
        reached[at] = true;
        let (x, y) = (at % width, at / width);
        let beside = [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then_some(at + 1),
            (y > 0).then(|| at - width),
            (y + 1 < height).then_some(at + width),
        ];
        open.extend(beside.into_iter().flatten());
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIDE: usize = 64;
    const PAPER: u8 = 0xE8;

    /// A sheet of `side` pixels in the middle of a bed, with a stroke of 2 pixels from its middle to its right edge.
    fn laid_in(side: usize, bed: u8) -> Vec<u8> {
        let from = (SIDE - side) / 2;
        let on_sheet = |at: usize| (from..from + side).contains(&at);
        (0..SIDE * SIDE)
            .flat_map(|at| {
                let (x, y) = (at % SIDE, at / SIDE);
                let is_stroke = on_sheet(x) && x >= SIDE / 2 && (32..34).contains(&y);
                [match on_sheet(x) && on_sheet(y) {
                    false => bed,
                    true if is_stroke => 20,
                    true => PAPER,
                }; 3]
            })
            .collect()
    }

    fn papered(bytes: &mut [u8]) {
        super::papered(&mut Rgb {
            width: SIDE,
            height: SIDE,
            bytes,
        });
    }

    #[test]
    fn the_bed_around_a_sheet_becomes_paper_and_a_stroke_stays() {
        for bed in [0, 30, 110] {
            let mut bytes = laid_in(44, bed);
            papered(&mut bytes);
            let grey = |x: usize, y: usize| bytes[3 * (y * SIDE + x)];
            assert!(grey(0, 0) > 200 && grey(5, 32) > 200 && grey(60, 60) > 200);
            assert_eq!((grey(40, 32), grey(45, 33)), (20, 20));
        }
    }

    #[test]
    fn a_sheet_that_fills_the_picture_and_what_is_dark_in_its_midst_stay() {
        let mut bytes = laid_in(SIDE, 0);
        for y in 10..30 {
            bytes[3 * (y * SIDE + 10)..3 * (y * SIDE + 30)].fill(15);
        }
        let before = bytes.clone();
        papered(&mut bytes);
        assert_eq!(bytes, before);
    }

    proptest! {
        #[test]
        fn everywhere_is_what_it_says(marked in prop::collection::vec(prop::bool::weighted(0.8), 12 * 9), reach in 0_usize..4) {
            let found = everywhere(&marked, (12, 9), reach);
            for (at, found) in found.into_iter().enumerate() {
                let (x, y) = (at % 12, at / 12);
                let near = |a: usize, b: usize| a.abs_diff(b) <= reach;
                let all = (0..marked.len()).all(|i| marked[i] || !near(i % 12, x) || !near(i / 12, y));
                prop_assert_eq!(found, all);
            }
        }
    }
}
