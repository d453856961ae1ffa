//! Where bars may be on an image, and whether they are bars at all. Reading them takes a hundred times as long as finding them, and few pages have any. It
//! leaves out what they say.
//!
//! Along a bar code's reading direction the image changes within every module, across it hardly at all; of writing both change alike. So the image is cut
//! into blocks of 8 by 8 pixels, and a place is where many that lie together change in one direction only.

use super::separators::Grey;

/// Side of a block in pixels.
const BLOCK: usize = 8;
/// A block changes by so much at least along bars, in levels of grey.
const CHANGE: u32 = 40;
/// The shortest mail number has some 145 modules of 2 pixels; a place has so many blocks along it at least.
const SHORTEST: usize = 28;
/// Bars stand so many blocks high at least.
const LOWEST: usize = 3;
/// Marked blocks with so many others between them are of one place: a wide bar or space is wider than a block.
const GAP: usize = 2;
/// What is cut out beside a place, along it and across it, in pixels: the quiet zone, and the ends that lie askew.
const MARGIN: (usize, usize) = (80, 16);

/// Rows looked at together, and how far apart, to see whether the same bars stand in both.
const ROWS: usize = 8;
const APART: usize = 24;
/// By how much they may be shifted: 10° askew.
const SHIFT: usize = 5;
/// So alike are rows of bars; of 140 pages of writing none of this many edges was above 0.79.
const ALIKE: f32 = 0.85;
/// A mail number has 75 edges and more, of which a bad scan loses some.
const EDGES: usize = 40;

/// What may be bars, cut out so that they stand upright.
pub(super) struct Strip(pub(super) Grey);

/// Where bars may be.
pub(super) struct Bars {
    /// Those that may be a whole code by themselves.
    pub(super) parts: Vec<Strip>,
    /// All of it, where something parts it.
    pub(super) whole: Option<Strip>,
}

impl Bars {
    /// Whether there are bars, read or not.
    pub(super) fn are_bars(&self) -> bool {
        self.parts.iter().chain(&self.whole).any(Strip::are_bars)
    }
}

/// Where bars may be on an image, upright or lying.
pub(super) fn places(image: &Grey) -> Vec<Bars> {
    let upright = Changes::of(image);
    let lying = upright.turned();
    let turned_image = std::cell::OnceCell::new();
    let upright = upright.places().into_iter().map(|place| (image, place));
    let turned = |place| (turned_image.get_or_init(|| turned(image)), place);
    let lying = lying.places().into_iter().map(turned);
    upright
        .chain(lying)
        .map(|(image, place)| {
            let strip = |blocks: Place| Strip(cut(image, blocks.map(|edge| edge * BLOCK)));
            Bars {
                parts: place.parts.into_iter().map(strip).collect(),
                whole: place.whole.map(strip),
            }
        })
        .collect()
}

impl Strip {
    /// Whether there are bars on it, read or not: the same edges stand in rows that lie apart.
    pub(super) fn are_bars(&self) -> bool {
        let (width, height) = (self.0.width as usize, self.0.height as usize);
        if height < APART + ROWS || width < 4 * MARGIN.0 {
            return false;
        }
        let first = (height - APART - ROWS) / 2;
        let (above, below) = (self.profile(first), self.profile(first + APART));
        let margin = width / 8;
        let inner = &above[margin + SHIFT..width - margin - SHIFT];
        let shifted = |by| &below[margin + by..margin + by + inner.len()];
        let alike = (0..=2 * SHIFT).any(|by| likeness(inner, shifted(by)) >= ALIKE);
        alike && edges(&above) >= EDGES
    }

    /// The mean of some rows, column by column.
    fn profile(&self, first: usize) -> Vec<f32> {
        let width = self.0.width as usize;
        let mut sums = vec![0_u32; width];
        for row in self.0.pixels.chunks_exact(width).skip(first).take(ROWS) {
            for (sum, pixel) in sums.iter_mut().zip(row) {
                *sum += u32::from(*pixel);
            }
        }
        sums.into_iter()
            .map(|sum| sum as f32 / ROWS as f32)
            .collect()
    }
}

/// Pearson's correlation.
fn likeness(one: &[f32], other: &[f32]) -> f32 {
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    let (mean_one, mean_other) = (mean(one), mean(other));
    let (mut both, mut of_one, mut of_other) = (0.0, 0.0, 0.0);
    for (a, b) in one.iter().zip(other) {
        let (a, b) = (a - mean_one, b - mean_other);
        both += a * b;
        of_one += a * a;
        of_other += b * b;
    }
    both / (of_one * of_other).sqrt().max(1.0)
}

/// How often it goes from dark to light and back.
fn edges(profile: &[f32]) -> usize {
    let darkest = profile.iter().copied().fold(f32::MAX, f32::min);
    let lightest = profile.iter().copied().fold(0.0, f32::max);
    let range = lightest - darkest;
    let (dark, light) = (darkest + 0.4 * range, darkest + 0.6 * range);
    let mut sides: Vec<bool> = profile
        .iter()
        .filter(|level| **level < dark || **level > light)
        .map(|level| *level > light)
        .collect();
    sides.dedup();
    sides.len().saturating_sub(1)
}

/// How much the blocks of an image change, along its rows and down its columns.
struct Changes {
    columns: usize,
    blocks: Vec<(u32, u32)>,
}

/// Left, top, right, bottom in blocks.
type Place = [usize; 4];

/// Marked blocks that touch one another: the block around them, and how many there are.
type Group = (Place, usize);

/// Whether a code may stand there.
fn is_large(&([left, top, right, bottom], blocks): &Group) -> bool {
    let (along, across) = (right - left, bottom - top);
    along >= SHORTEST && across >= LOWEST && blocks * 2 >= along * across
}

/// Groups that may be one code: a stroke or a blot parts its bars.
struct Row {
    all: Group,
    parts: Vec<Group>,
}

impl Row {
    fn of(group: Group) -> Self {
        let parts = vec![group];
        Self { all: group, parts }
    }

    /// Whether a group further right may be the rest of it: most of the lower one's rows are the other's, and what lies between is at most half as long
    /// as both.
    fn goes_on_with(&self, (second, _): &Group) -> bool {
        let first = self.all.0;
        let common = first[3]
            .min(second[3])
            .saturating_sub(first[1].max(second[1]));
        let lower = (first[3] - first[1]).min(second[3] - second[1]);
        let along = first[2] - first[0] + second[2] - second[0];
        2 * common > lower && 2 * second[0].saturating_sub(first[2]) <= along
    }

    fn take(&mut self, group: Group) {
        let ([left, top, right, bottom], blocks) = self.all;
        let (other, more) = group;
        let place = [
            left,
            top.min(other[1]),
            right.max(other[2]),
            bottom.max(other[3]),
        ];
        self.all = (place, blocks + more);
        self.parts.push(group);
    }
}

/// Where bars may be, in blocks.
struct Found {
    parts: Vec<Place>,
    whole: Option<Place>,
}

impl Changes {
    fn of(image: &Grey) -> Self {
        let width = image.width as usize;
        let columns = width / BLOCK;
        let mut blocks = Vec::with_capacity(columns * (image.height as usize / BLOCK));
        let mut down = vec![0_u16; width];
        let change = |sums: &[u16]| {
            let steps = sums.windows(2).map(|two| two[0].abs_diff(two[1]));
            steps.map(u32::from).sum::<u32>() / BLOCK as u32
        };
        for band in image.pixels.chunks_exact((width * BLOCK).max(1)) {
            down.fill(0);
            for row in band.chunks_exact(width) {
                for (sum, pixel) in down.iter_mut().zip(row) {
                    *sum += u16::from(*pixel);
                }
            }
            for (at, down) in down.chunks_exact(BLOCK).enumerate() {
                let mut along = [0_u16; BLOCK];
                for (sum, row) in along.iter_mut().zip(band.chunks_exact(width)) {
                    let pixels = &row[at * BLOCK..(at + 1) * BLOCK];
                    *sum = pixels.iter().map(|pixel| u16::from(*pixel)).sum();
                }
                blocks.push((change(down), change(&along)));
            }
        }
        Self { columns, blocks }
    }

    fn rows(&self) -> usize {
        self.blocks.len() / self.columns.max(1)
    }

    /// As of the image mirrored at its diagonal.
    fn turned(&self) -> Self {
        let blocks = (0..self.columns).flat_map(|column| {
            let of_column = self.blocks.iter().skip(column).step_by(self.columns);
            of_column.map(|(along, down)| (*down, *along))
        });
        Self {
            columns: self.rows(),
            blocks: blocks.collect(),
        }
    }

    /// Where the image changes along the rows and not down the columns.
    fn places(&self) -> Vec<Found> {
        let mut groups = self.groups(self.marked());
        groups.retain(|([_, top, _, bottom], _)| bottom - top >= LOWEST);
        groups.sort_unstable();
        let mut rows: Vec<Row> = Vec::new();
        for group in groups {
            match rows.iter_mut().find(|row| row.goes_on_with(&group)) {
                Some(row) => row.take(group),
                None => rows.push(Row::of(group)),
            }
        }
        let found = rows.into_iter().map(|row| {
            let parts: Vec<Group> = row.parts.iter().copied().filter(is_large).collect();
            let is_parted = row.parts.len() > 1 && is_large(&row.all);
            Found {
                parts: parts.into_iter().map(|(place, _)| place).collect(),
                whole: is_parted.then_some(row.all.0),
            }
        });
        found
            .filter(|found| !found.parts.is_empty() || found.whole.is_some())
            .collect()
    }

    /// Blocks in whose midst the image changes in this direction only; and those beside them.
    fn marked(&self) -> Vec<bool> {
        let (columns, rows) = (self.columns, self.rows());
        let mut marked = vec![false; self.blocks.len()];
        for row in 1..rows.saturating_sub(1) {
            for column in 2..columns.saturating_sub(2) {
                let (mut along, mut down) = (0, 0);
                for near in row - 1..=row + 1 {
                    let at = near * columns + column;
                    for block in &self.blocks[at - 2..=at + 2] {
                        along += block.0;
                        down += block.1;
                    }
                }
                if along >= 15 * CHANGE && 2 * along >= 5 * down {
                    let at = row * columns + column;
                    let (left, right) = (column.min(GAP), (columns - 1 - column).min(GAP));
                    marked[at - left..=at + right].fill(true);
                }
            }
        }
        marked
    }

    /// Marked blocks that touch one another: the block around them, and how many there are.
    fn groups(&self, mut marked: Vec<bool>) -> Vec<Group> {
        let mut groups = Vec::new();
        let mut stack = Vec::new();
        for start in 0..marked.len() {
            if !std::mem::take(&mut marked[start]) {
                continue;
            }
            stack.push(start);
            let (mut place, mut blocks) = ([usize::MAX, usize::MAX, 0, 0], 0);
            while let Some(at) = stack.pop() {
                let (column, row) = (at % self.columns, at / self.columns);
                let [left, top, right, bottom] = place;
                place = [
                    left.min(column),
                    top.min(row),
                    right.max(column + 1),
                    bottom.max(row + 1),
                ];
                blocks += 1;
                let near = [
                    (column > 0).then(|| at - 1),
                    (column + 1 < self.columns).then_some(at + 1),
                    at.checked_sub(self.columns),
                    Some(at + self.columns).filter(|at| *at < marked.len()),
                ];
                for at in near.into_iter().flatten() {
                    if std::mem::take(&mut marked[at]) {
                        stack.push(at);
                    }
                }
            }
            groups.push((place, blocks));
        }
        groups
    }
}

fn cut(image: &Grey, [left, top, right, bottom]: Place) -> Grey {
    let (width, height) = (image.width as usize, image.height as usize);
    let (left, right) = (left.saturating_sub(MARGIN.0), (right + MARGIN.0).min(width));
    let (top, bottom) = (
        top.saturating_sub(MARGIN.1),
        (bottom + MARGIN.1).min(height),
    );
    let rows = image.pixels.chunks_exact(width).take(bottom).skip(top);
    Grey {
        width: (right - left) as u32,
        height: (bottom - top) as u32,
        pixels: rows.flat_map(|row| &row[left..right]).copied().collect(),
    }
}

/// The image mirrored at its diagonal: bars are read in either direction.
fn turned(image: &Grey) -> Grey {
    /// So that what is read stays near while it is written.
    const TILE: usize = 16;
    let (width, height) = (image.width as usize, image.height as usize);
    let mut pixels = vec![0; width * height];
    for top in (0..height).step_by(TILE) {
        for left in (0..width).step_by(TILE) {
            for y in top..(top + TILE).min(height) {
                for x in left..(left + TILE).min(width) {
                    pixels[x * height + y] = image.pixels[y * width + x];
                }
            }
        }
    }
    Grey {
        width: image.height,
        height: image.width,
        pixels,
    }
}
