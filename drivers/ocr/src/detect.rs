//! Where text is: the detection network's probability map to rotated boxes (DB post-processing).
//! The numbers are PP-OCR's own; nothing here is tuned to our letters.

use crate::geometry::{Quad, bounds, contains, grown, least_area_rectangle, size};

/// A pixel is text from this probability on.
const PIXEL_THRESHOLD: f32 = 0.3;
/// A box is kept when its mean probability reaches this.
const BOX_THRESHOLD: f32 = 0.5;
/// The network marks the cores of lines; boxes grow by area × this / perimeter.
const UNCLIP_RATIO: f32 = 1.6;
/// Shorter sides than this (map pixels) are specks.
const SIDE_MIN: f32 = 3.0;

/// No line of writing is so high: the short side of its box by the page's long side.
const HIGHEST: f32 = 0.25;

/// The probability map, row by row from the top.
pub(crate) struct ProbabilityMap<'a> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: &'a [f32],
}

/// Where a probability map lies on the page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The map's upper left corner, map pixels.
    pub(crate) origin: [f32; 2],
    /// Page pixels for one of the map's.
    pub(crate) to_page: [f32; 2],
    /// The page's sides.
    pub(crate) page: [f32; 2],
}

/// Boxes in page pixels, unordered.
pub(crate) fn boxes(map: &ProbabilityMap<'_>, place: &Place) -> Vec<Quad> {
    components(&dilated(map), map.width)
        .iter()
        .filter_map(|outline| {
            let core = least_area_rectangle(outline)?;
            let (width, height) = size(&core);
            if width.min(height) < SIDE_MIN || mean_inside(map, &core) < BOX_THRESHOLD {
                return None;
            }
            let by = width * height * UNCLIP_RATIO / (2.0 * (width + height));
            let whole = grown(&core, by);
            let on_page = |p: [f32; 2]| {
                std::array::from_fn(|i| {
                    ((p[i] + place.origin[i]) * place.to_page[i]).clamp(0.0, place.page[i])
                })
            };
            Some(whole.map(on_page))
        })
        .filter(|quad| {
            let (width, height) = size(quad);
            width.min(height) <= HIGHEST * place.page[0].max(place.page[1])
        })
        .collect()
}

/// Text pixels, each spread to its right and lower neighbours (2 × 2).
fn dilated(map: &ProbabilityMap<'_>) -> Vec<bool> {
    let mut mask = vec![false; map.width * map.height];
    for y in 0..map.height {
        for x in 0..map.width {
            if map.values[y * map.width + x] > PIXEL_THRESHOLD {
                for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    if x + dx < map.width && y + dy < map.height {
                        mask[(y + dy) * map.width + x + dx] = true;
                    }
                }
            }
        }
    }
    mask
}

/// For each 8-connected patch the leftmost and rightmost pixel of each of its rows: all its hull needs.
fn components(mask: &[bool], width: usize) -> Vec<Vec<[f32; 2]>> {
    let height = mask.len() / width.max(1);
    let mut seen = vec![false; mask.len()];
    let mut stack = Vec::new();
    let mut found = Vec::new();
    for start in 0..mask.len() {
        if !mask[start] || seen[start] {
            continue;
        }
        let mut rows: std::collections::BTreeMap<usize, (usize, usize)> =
            std::collections::BTreeMap::new();
        seen[start] = true;
        stack.push(start);
        while let Some(at) = stack.pop() {
            let (x, y) = (at % width, at / width);
            let span = rows.entry(y).or_insert((x, x));
            *span = (span.0.min(x), span.1.max(x));
            for ny in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                for nx in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    let next = ny * width + nx;
                    if mask[next] && !seen[next] {
                        seen[next] = true;
                        stack.push(next);
                    }
                }
            }
        }
        found.push(
            rows.iter()
                .flat_map(|(&y, &(l, r))| [[l as f32, y as f32], [r as f32, y as f32]])
                .collect(),
        );
    }
    found
}

fn mean_inside(map: &ProbabilityMap<'_>, quad: &Quad) -> f32 {
    let [left, top, right, bottom] = bounds(quad);
    let columns = left.max(0.0) as usize..=(right.ceil() as usize).min(map.width - 1);
    let (mut sum, mut count) = (0.0, 0);
    for y in top.max(0.0) as usize..=(bottom.ceil() as usize).min(map.height - 1) {
        for x in columns.clone() {
            if contains(quad, [x as f32, y as f32]) {
                sum += map.values[y * map.width + x];
                count += 1;
            }
        }
    }
    if count == 0 { 0.0 } else { sum / count as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(map: &ProbabilityMap<'_>, width: u16, height: u16) -> Vec<Quad> {
        let page = [f32::from(width), f32::from(height)];
        let to_page = [page[0] / map.width as f32, page[1] / map.height as f32];
        let origin = [0.0, 0.0];
        super::boxes(
            map,
            &Place {
                origin,
                to_page,
                page,
            },
        )
    }

    #[test]
    fn a_part_of_the_page_keeps_its_place() {
        let values = map_with(&[(20, 20, 100, 8, 0.9)]);
        let map = ProbabilityMap {
            width: 200,
            height: 100,
            values: &values,
        };
        let place = Place {
            origin: [64.0, 32.0],
            to_page: [2.0, 2.0],
            page: [600.0, 400.0],
        };
        let [left, top, _, _] = bounds(&super::boxes(&map, &place)[0]);
        assert!((140.0..168.0).contains(&left) && (80.0..104.0).contains(&top));
    }

    fn map_with(rectangles: &[(usize, usize, usize, usize, f32)]) -> Vec<f32> {
        let mut values = vec![0.0; 200 * 100];
        for &(left, top, width, height, p) in rectangles {
            for y in top..top + height {
                values[y * 200 + left..y * 200 + left + width].fill(p);
            }
        }
        values
    }

    #[test]
    fn two_lines_become_two_boxes_in_page_pixels() {
        let values = map_with(&[(20, 20, 100, 8, 0.9), (20, 60, 50, 8, 0.9)]);
        let found = boxes(
            &ProbabilityMap {
                width: 200,
                height: 100,
                values: &values,
            },
            400,
            200,
        );
        assert_eq!(found.len(), 2);
        let [left, top, right, bottom] = bounds(&found[0]);
        assert!(
            (left..right).contains(&40.0) && (left..right).contains(&240.0),
            "grown sideways: {found:?}"
        );
        assert!(
            top < 40.0 && bottom > 56.0 && bottom - top < 60.0,
            "grown up and down: {found:?}"
        );
    }

    #[test]
    fn specks_and_faint_patches_are_no_lines() {
        let values = map_with(&[(20, 20, 2, 1, 0.9), (20, 60, 50, 8, 0.4)]);
        assert!(
            boxes(
                &ProbabilityMap {
                    width: 200,
                    height: 100,
                    values: &values
                },
                200,
                100
            )
            .is_empty()
        );
    }

    #[test]
    fn an_empty_page_has_no_boxes() {
        let values = map_with(&[]);
        assert!(
            boxes(
                &ProbabilityMap {
                    width: 200,
                    height: 100,
                    values: &values
                },
                200,
                100
            )
            .is_empty()
        );
    }
}
