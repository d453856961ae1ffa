//! Pages that were laid in at an angle. A few degrees are taken out of the boxes (`layout.rs`); beyond that rows run into one another, so
//! the picture itself is turned until its lines lie level, read again, and what was read put back on the page as given.

use crate::geometry::{Quad, bounds, size};
use crate::page::Page;
use crate::preprocess::bilinear;
use crate::{Line, PageText};
use std::f32::consts::FRAC_PI_2;

/// A page that lies off by less is read as it is, degrees: the same characters were read at 15.
const LEVEL_DEG: f32 = 15.0;
/// A line is asked if it is so many times as long as high…
const LONG: f32 = 3.0;
/// …and so many are needed to judge a page by.
const LINES_MIN: usize = 3;
/// How well they must agree: 1 when all run one way, 0 when they run any way.
const AGREED: f32 = 0.6;
/// Lines further off than this from most of the others are no help in finding the angle, degrees.
const ASTRAY_DEG: f32 = 8.0;
/// Paper around the lines that is kept, a share of their extent: marks and pale writing lie there.
const MARGIN: f32 = 0.1;
const PAPER: u8 = 255;

/// A page turned until its lines lie level.
pub(crate) struct Levelled {
    pub(crate) page: Page,
    /// Of its upper left corner, in the page as given but turned.
    origin: [f32; 2],
    angle: f32,
}

/// The page levelled, if what was read on it lies off by more than is taken out of the boxes.
pub(crate) fn levelled(page: &Page, read: &PageText) -> Option<Levelled> {
    let angle = angle(&read.lines)?;
    if angle.abs() < LEVEL_DEG.to_radians() {
        return None;
    }
    let corners = |quad: &Quad| quad.map(|corner| turned(corner, -angle));
    let of_lines: Vec<[f32; 2]> = read.lines.iter().flat_map(|l| corners(&l.quad)).collect();
    let (right, bottom) = (page.width() as f32, page.height() as f32);
    let of_page = corners(&[[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]]);
    let [left, top, right, bottom] = around(&of_lines);
    let margin = MARGIN * (right - left).max(bottom - top);
    let limits = bounds(&of_page);
    let origin = [
        (left - margin).max(limits[0]),
        (top - margin).max(limits[1]),
    ];
    let end = [
        (right + margin).min(limits[2]),
        (bottom + margin).min(limits[3]),
    ];
    let side = |axis: usize| (end[axis] - origin[axis]).ceil().max(1.0) as usize;
    let (width, height) = (side(0), side(1));
    let mut rgb = vec![PAPER; 3 * width * height];
    for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let (x, y) = ((i % width) as f32 + 0.5, (i / width) as f32 + 0.5);
        let at = turned([origin[0] + x, origin[1] + y], angle);
        if (0.0..page.width() as f32).contains(&at[0])
            && (0.0..page.height() as f32).contains(&at[1])
        {
            let seen = bilinear(page, at);
            pixel.copy_from_slice(&seen.map(|value| value.round() as u8));
        }
    }
    let page = Page::from_rgb(width as u32, height as u32, rgb, page.media_type())?;
    Some(Levelled {
        page,
        origin,
        angle,
    })
}

impl Levelled {
    /// What was read on the levelled page, on the page as given.
    pub(crate) fn as_given(&self, read: PageText, given: &Page) -> PageText {
        let sides = [given.width() as f32, given.height() as f32];
        let back = |[x, y]: [f32; 2]| {
            let at = turned([self.origin[0] + x, self.origin[1] + y], self.angle);
            [at[0].clamp(0.0, sides[0]), at[1].clamp(0.0, sides[1])]
        };
        let lines = read.lines.into_iter().map(|line| Line {
            quad: line.quad.map(back),
            ..line
        });
        PageText {
            width: given.width(),
            height: given.height(),
            lines: lines.collect(),
            ..read
        }
    }
}

/// How far the lines lie off the nearest quarter turn, clockwise; `None` where too few are long or they do not agree.
fn angle(lines: &[Line]) -> Option<f32> {
    let long: Vec<(f32, f32)> = lines.iter().filter_map(|line| along(&line.quad)).collect();
    if long.len() < LINES_MIN {
        return None;
    }
    // Four times an angle is the same for every quarter turn.
    let quarters = |sum: [f32; 2], (angle, length): &(f32, f32)| {
        let (sin, cos) = (4.0 * angle).sin_cos();
        [sum[0] + length * cos, sum[1] + length * sin]
    };
    let sum = long.iter().fold([0.0, 0.0], quarters);
    let whole: f32 = long.iter().map(|(_, length)| length).sum();
    if sum[0].hypot(sum[1]) < AGREED * whole {
        return None;
    }
    let mean = sum[1].atan2(sum[0]) / 4.0;
    let mut near: Vec<f32> = (long.iter().map(|(angle, _)| to_quarter(angle - mean)))
        .filter(|off| off.abs() <= ASTRAY_DEG.to_radians())
        .collect();
    near.sort_by(f32::total_cmp);
    let off = near.get(near.len() / 2).copied().unwrap_or(0.0);
    Some(to_quarter(mean + off))
}

/// How far an angle is off the nearest quarter turn.
fn to_quarter(angle: f32) -> f32 {
    angle - (angle / FRAC_PI_2).round() * FRAC_PI_2
}

/// The direction of a long line's longer side, and its length.
fn along(quad: &Quad) -> Option<(f32, f32)> {
    let (width, height) = size(quad);
    let [a, b, _, d] = quad;
    let (from, to) = if width >= height { (a, b) } else { (a, d) };
    let long = width.max(height) >= LONG * width.min(height);
    long.then(|| ((to[1] - from[1]).atan2(to[0] - from[0]), width.max(height)))
}

fn around(points: &[[f32; 2]]) -> [f32; 4] {
    let none = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
    points.iter().fold(none, |[l, t, r, b], [x, y]| {
        [l.min(*x), t.min(*y), r.max(*x), b.max(*y)]
    })
}

fn turned([x, y]: [f32; 2], angle: f32) -> [f32; 2] {
    let (sin, cos) = angle.sin_cos();
    [x * cos - y * sin, x * sin + y * cos]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::centre;
    use crate::page::MediaType;

    /// Level lines of a page of 800 × 600, turned by so much around its corner.
    fn lines(degrees: f32) -> Vec<Line> {
        let line = |top: f32| Line {
            text: String::new(),
            raw: String::new(),
            quad: [
                [200.0, top],
                [500.0, top],
                [500.0, top + 30.0],
                [200.0, top + 30.0],
            ]
            .map(|corner| turned(corner, degrees.to_radians())),
            confidence: 1.0,
            chars: Vec::new(),
            vertical: false,
        };
        [50.0, 100.0, 150.0, 200.0].map(line).to_vec()
    }

    fn read(lines: Vec<Line>) -> PageText {
        PageText {
            width: 800,
            height: 600,
            turned_deg: 0,
            lines,
            shows_through: false,
            seconds: 0.0,
        }
    }

    #[test]
    fn the_angle_is_told_to_the_nearest_quarter_turn_and_strays_do_not_matter() {
        for (lies, told) in [
            (3.0, 3.0),
            (25.0, 25.0),
            (44.0, 44.0),
            (-30.0, -30.0),
            (70.0, -20.0),
            (115.0, 25.0),
        ] {
            let mut lines = lines(lies);
            lines[2].quad = self::lines(lies + 12.0)[2].quad;
            let found = angle(&lines).expect("they agree").to_degrees();
            assert!((found - told).abs() < 0.5, "{lies}°: {found}");
        }
        let disagree: Vec<Line> = [0.0, 20.0, 45.0, 65.0]
            .map(|d| lines(d)[0].clone())
            .to_vec();
        assert_eq!(angle(&disagree), None);
        assert_eq!(angle(&lines(25.0)[..2]), None, "too few");
    }

    #[test]
    fn a_levelled_page_shows_its_lines_level_and_gives_their_places_back() {
        let mut rgb = vec![255; 3 * 800 * 600];
        let given = lines(25.0);
        // A black spot in the middle of the second line.
        let [x, y] = centre(&given[1].quad).map(|v| v as usize);
        for at in [(x, y), (x - 1, y), (x, y - 1), (x - 1, y - 1)] {
            rgb[3 * (at.1 * 800 + at.0)..][..3].fill(0);
        }
        let page = Page::from_rgb(800, 600, rgb, MediaType::Png).unwrap();
        assert!(
            levelled(&page, &read(lines(10.0))).is_none(),
            "level enough"
        );
        let level = levelled(&page, &read(given.clone())).expect("it lies off");
        let spot = level
            .page
            .rgb()
            .chunks(3)
            .position(|p| p[0] < 128)
            .expect("it is there");
        let width = level.page.width() as usize;
        let spot = [(spot % width) as f32, (spot / width) as f32];
        let square = Line {
            quad: [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
                .map(|[x, y]| [spot[0] + x, spot[1] + y]),
            ..given[1].clone()
        };
        let back = level.as_given(read(vec![square]), &page);
        let [found_x, found_y] = centre(&back.lines[0].quad);
        assert!(
            (found_x - x as f32).abs() < 2.0 && (found_y - y as f32).abs() < 2.0,
            "{found_x} {found_y} for {x} {y}"
        );
    }
}
