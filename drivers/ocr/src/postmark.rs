//! The round dark ring of a postmark and the straight rows or the arc of text in it. Geometry and grey levels only; what
//! the rows say is read elsewhere. Red rings are seals and are not looked for.

use crate::geometry::Quad;
use crate::ink::{Grey, Mask};
use crate::page::Page;
use crate::preprocess::{Ink, bilinear};
use std::f32::consts::{PI, TAU};

/// Longest side of the image in which rings are looked for, pixels.
pub(crate) const SEARCH_SIDE_PX: u32 = 640;
/// Radius of a ring as a share of the envelope's longest side: 8 to 19 mm of 220.
const RADIUS: std::ops::Range<f32> = 0.035..0.085;
/// Share of the circle that must be inked.
const DRAWN: f32 = 0.75;
/// The same for a ring inside the ring: it is thinner, and the stamp's edge crosses it. Text inks less than 0.3 of a circle.
const DRAWN_INSIDE: f32 = 0.45;
/// Candidates looked at.
const PEAKS: usize = 6;
/// Directions in which a circle is probed.
const PROBES: usize = 120;
/// Side of the straightened picture of a postmark, pixels.
const DISK: usize = 240;
/// How far rows may be turned, degrees.
const TURN_MAX_DEG: i32 = 60;
/// Turns worth trying when the first shows no text.
const TURNS: usize = 3;

/// A ring, page pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ring {
    pub(crate) centre: [f32; 2],
    pub(crate) radius: f32,
    /// Text lies within this distance of the centre.
    pub(crate) text_radius: f32,
}

/// The clearest dark ring of a grey image without its red ink.
pub(crate) fn ring(grey: &Grey) -> Option<Ring> {
    let ink = grey.ink(10, 12.0);
    let mut votes = votes(grey, &ink);
    let longest = grey.width.max(grey.height) as f32;
    let radii = || half_steps(RADIUS.start * longest, RADIUS.end * longest);
    let mut best = (0.0, [0.0; 2], 0.0);
    for _ in 0..PEAKS {
        let (at, _) = votes.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        let (x, y) = ((at % grey.width) as f32, (at / grey.width) as f32);
        for (dx, dy) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx as f32, dy as f32))) {
            for radius in radii() {
                let share = drawn(&ink, [x + dx, y + dy], radius);
                if share > best.0 {
                    best = (share, [x + dx, y + dy], radius);
                }
            }
        }
        wipe(&mut votes, grey, at);
    }
    let (share, centre, radius) = best;
    if share < DRAWN {
        return None;
    }
    let inner = half_steps(0.55 * radius, 0.9 * radius)
        .map(|r| (drawn(&ink, centre, r), r))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let text_radius = match inner {
        Some((share, r)) if share >= DRAWN_INSIDE => 0.96 * r,
        _ => 0.9 * radius,
    };
    Some(Ring {
        centre: centre.map(|c| (c + 0.5) * grey.to_page),
        radius: radius * grey.to_page,
        text_radius: text_radius * grey.to_page,
    })
}

fn half_steps(from: f32, to: f32) -> impl Iterator<Item = f32> {
    (0..)
        .map(move |i| from + 0.5 * i as f32)
        .take_while(move |r| *r < to)
}

/// Every inked edge pixel votes for the points at a ring's distance along its gradient.
fn votes(grey: &Grey, ink: &Mask) -> Vec<f32> {
    let soft = grey.blurred(1);
    let (width, height) = (grey.width, grey.height);
    let longest = width.max(height) as f32;
    let mut counts = vec![0.0_f32; width * height];
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            let at = y * width + x;
            if !ink.dark[at] {
                continue;
            }
            let (gx, gy) = (
                soft[at + 1] - soft[at - 1],
                soft[at + width] - soft[at - width],
            );
            let steep = gx.hypot(gy);
            if steep < 5.0 {
                continue;
            }
            let mut radius = (RADIUS.start * longest).floor();
            while radius < RADIUS.end * longest {
                for signed in [radius, -radius] {
                    let cx = (x as f32 + signed * gx / steep).round();
                    let cy = (y as f32 + signed * gy / steep).round();
                    if (0.0..width as f32).contains(&cx) && (0.0..height as f32).contains(&cy) {
                        counts[cy as usize * width + cx as usize] += 1.0;
                    }
                }
                radius += 1.0;
            }
        }
    }
    Grey {
        width,
        height,
        values: counts,
        to_page: 1.0,
    }
    .blurred(1)
}

/// Takes a candidate and its surroundings out.
fn wipe(votes: &mut [f32], grey: &Grey, at: usize) {
    let (x, y) = (at % grey.width, at / grey.width);
    for row in y.saturating_sub(8)..(y + 9).min(grey.height) {
        let from = row * grey.width;
        votes[from + x.saturating_sub(8)..from + (x + 9).min(grey.width)].fill(0.0);
    }
}

/// Share of a circle that is inked.
fn drawn(ink: &Mask, centre: [f32; 2], radius: f32) -> f32 {
    let inked = (0..PROBES).filter(|i| {
        let (sin, cos) = (*i as f32 * TAU / PROBES as f32).sin_cos();
        let x = (centre[0] + radius * cos).round() as i32;
        ink.at(x, (centre[1] + radius * sin).round() as i32)
    });
    inked.count() as f32 / PROBES as f32
}

/// Rows of text in the ring for each turn worth trying, the likeliest turn first; each row as a box in page pixels, from the top.
pub(crate) fn rows(page: &Page, ring: &Ring) -> Vec<Vec<Quad>> {
    let ink = disk(page, ring);
    let mut turns: Vec<(f32, i32, Vec<f32>)> = (-TURN_MAX_DEG..=TURN_MAX_DEG)
        .step_by(2)
        .map(|deg| {
            let profile = profile(&ink, (deg as f32).to_radians());
            let steps = profile.windows(2).map(|w| (w[1] - w[0]).powi(2));
            (steps.sum(), deg, profile)
        })
        .collect();
    turns.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut chosen: Vec<(i32, Vec<f32>)> = Vec::new();
    for (_, deg, profile) in turns {
        if chosen.len() < TURNS && chosen.iter().all(|(other, _)| (deg - other).abs() >= 12) {
            chosen.push((deg, profile));
        }
    }
    chosen
        .into_iter()
        .map(|(deg, profile)| boxes(&profile, (deg as f32).to_radians(), ring))
        .collect()
}

/// Ink of the ring's text area as `DISK × DISK` darknesses; nothing outside the area.
fn disk(page: &Page, ring: &Ring) -> Vec<f32> {
    let scale = 2.0 * ring.text_radius / DISK as f32;
    let from = |i: usize| (i as f32 + 0.5) * scale - ring.text_radius;
    let values = (0..DISK * DISK)
        .map(|i| {
            let at = [
                ring.centre[0] + from(i % DISK),
                ring.centre[1] + from(i / DISK),
            ];
            Ink::NotRed.seen(bilinear(page, at)).iter().sum::<f32>() / 3.0
        })
        .collect();
    let grey = Grey {
        width: DISK,
        height: DISK,
        values,
        to_page: scale,
    };
    let (around, soft) = (grey.blurred(26), grey.blurred(1));
    (0..DISK * DISK)
        .map(|i| {
            let [x, y] = [i % DISK, i / DISK].map(|c| c as f32 + 0.5 - DISK as f32 / 2.0);
            if x.hypot(y) > DISK as f32 / 2.0 {
                return 0.0;
            }
            (around[i] - soft[i]).clamp(0.0, 80.0)
        })
        .collect()
}

/// Ink in strips two pixels high across the turned disk, smoothed.
fn profile(ink: &[f32], turn: f32) -> Vec<f32> {
    let (sin, cos) = turn.sin_cos();
    let mut strips = vec![0.0_f32; DISK / 2];
    for (i, &dark) in ink.iter().enumerate() {
        if dark > 0.0 {
            let [x, y] = [i % DISK, i / DISK].map(|c| c as f32 + 0.5 - DISK as f32 / 2.0);
            let strip = (y * cos - x * sin) / 2.0 + DISK as f32 / 4.0;
            strips[(strip.max(0.0) as usize).min(DISK / 2 - 1)] += dark;
        }
    }
    (0..strips.len())
        .map(|i| {
            let near = &strips[i.saturating_sub(2)..(i + 3).min(strips.len())];
            near.iter().sum::<f32>() / near.len() as f32
        })
        .collect()
}

/// Strips with ink, as boxes as wide as the disk is there: first rows with all their ink, then narrower ones, which leave out what
/// is printed above or below a row.
fn boxes(profile: &[f32], turn: f32, ring: &Ring) -> Vec<Quad> {
    let mut heights = profile.to_vec();
    heights.sort_by(|a, b| b.total_cmp(a));
    let cut = |share: f32, rim: f32| cut(profile, share * heights[5], rim, turn, ring);
    [cut(0.25, 0.12), cut(0.4, 0.2), cut(0.55, 0.2)].concat()
}

/// Runs of strips with more than `enough` ink, each widened by `rim` of its height.
fn cut(profile: &[f32], enough: f32, rim: f32, turn: f32, ring: &Ring) -> Vec<Quad> {
    let inked: Vec<bool> = profile.iter().map(|h| *h > enough).collect();
    let (sin, cos) = turn.sin_cos();
    let scale = 2.0 * ring.text_radius / DISK as f32;
    let mut found = Vec::new();
    let mut start = 0;
    for run in inked.chunk_by(|a, b| a == b) {
        let end = start + run.len();
        if run[0] && run.len() >= 7 {
            let [top, bottom] = [start, end].map(|i| (2 * i) as f32 - DISK as f32 / 2.0);
            let rim = (rim * (bottom - top)).max(2.0);
            let middle = f32::midpoint(top, bottom);
            let half = ((DISK * DISK) as f32 / 4.0 - middle * middle)
                .max(0.0)
                .sqrt();
            let corner = |u: f32, v: f32| {
                [
                    ring.centre[0] + (u * cos - v * sin) * scale,
                    ring.centre[1] + (u * sin + v * cos) * scale,
                ]
            };
            found.push([
                corner(-half, top - rim),
                corner(half, top - rim),
                corner(half, bottom + rim),
                corner(-half, bottom + rim),
            ]);
        }
        start = end;
    }
    found
}

/// Writes the upper half of the band between `inner` and the ring, bent straight, into `planes` (three of `height × width`,
/// blue first): many postmarks have the place's name in an arc.
pub(crate) fn arc(
    page: &Page,
    ring: &Ring,
    inner: f32,
    (width, height): (usize, usize),
) -> Vec<f32> {
    let outer = 0.95 * ring.radius;
    let mut planes = vec![0.0; 3 * width * height];
    for y in 0..height {
        let radius = outer + (inner - outer) * (y as f32 + 0.5) / height as f32;
        for x in 0..width {
            let angle = PI * (x as f32 + 0.5) / width as f32 - PI;
            let at = [
                ring.centre[0] + radius * angle.cos(),
                ring.centre[1] + radius * angle.sin(),
            ];
            let seen = Ink::NotRed.seen(bilinear(page, at));
            for channel in 0..3 {
                planes[(channel * height + y) * width + x] = seen[2 - channel] / 127.5 - 1.0;
            }
        }
    }
    planes
}
