//! Where a page has text: the areas with strokes (`areas.rs`), each looked at in parts (`parts.rs`) by all cores, and on a page with red
//! ink twice, without it and with it.

use crate::ReadError;
use crate::areas::{Area, areas};
use crate::cores::share_out;
use crate::detect::{Place, ProbabilityMap, boxes};
use crate::geometry::{Quad, area as area_of, shared_area};
use crate::page::Page;
use crate::parts::{Part, parts};
use crate::ppocr::PpOcr;
use crate::preprocess::{Ink, Scaled};

/// Boxes seen with red ink are dropped when this share of them was also found without it.
const COVERED: f32 = 0.3;

/// One area of the detection image, looked at in one way.
struct Look {
    ink: Ink,
    area: Area,
    parts: Vec<Part>,
}

impl PpOcr {
    /// Boxes with the ink they were found in. Where a page has red ink, what is found without it comes first, and
    /// of the rest only what lies elsewhere: red writing, the seal's own characters. Only areas with strokes are looked at.
    pub(crate) fn detect(&self, page: &Page) -> Result<Vec<(Quad, Ink)>, ReadError> {
        let scaled = Scaled::new(page, self.longest_side_px).map_err(ReadError::Preprocess)?;
        let looks = if scaled.has_red_ink() {
            let plain = looks(&scaled, Ink::NotRed, &scaled.dark(Ink::NotRed));
            let red = looks(&scaled, Ink::All, &scaled.red());
            plain.into_iter().chain(red).collect()
        } else {
            looks(&scaled, Ink::All, &scaled.dark(Ink::All))
        };
        let seen: Vec<(Quad, Ink)> = (self.text_maps(&scaled, &looks)?.iter())
            .zip(&looks)
            .flat_map(|(map, look)| {
                let found = found(page, &scaled, &look.area, map);
                found.into_iter().map(|quad| (quad, look.ink))
            })
            .collect();
        let plain = seen.partition_point(|(_, ink)| *ink == Ink::NotRed);
        let (plain, all) = seen.split_at(plain);
        let elsewhere = all.iter().filter(|(quad, _)| {
            let covered: f32 = plain.iter().map(|(p, _)| shared_area(p, quad)).sum();
            covered < COVERED * area_of(quad)
        });
        Ok(plain.iter().chain(elsewhere).copied().collect())
    }

    /// The probability of text for each pixel of every look's area. Large parts go first, so that no core is left with one at the end.
    fn text_maps(&self, scaled: &Scaled, looks: &[Look]) -> Result<Vec<Vec<f32>>, ReadError> {
        let mut jobs: Vec<(usize, Ink, &Part)> = (looks.iter().enumerate())
            .flat_map(|(at, look)| look.parts.iter().map(move |part| (at, look.ink, part)))
            .collect();
        jobs.sort_by_key(|(_, _, part)| std::cmp::Reverse(part.seen.width * part.seen.height));
        let made = share_out(self.cores, &jobs, |(_, ink, part), core| {
            let planes = scaled.planes(*ink, &part.seen);
            let sides = (part.seen.width, part.seen.height);
            self.networks.text_map(core, planes, sides)
        })?;
        let mut maps: Vec<Vec<f32>> = (looks.iter())
            .map(|look| vec![0.0; look.area.width * look.area.height])
            .collect();
        for ((at, _, part), map) in jobs.iter().zip(made) {
            let (area, Part { seen, kept }) = (&looks[*at].area, part);
            for y in 0..kept.height {
                let from = (kept.top - seen.top + y) * seen.width + kept.left - seen.left;
                let to = (kept.top - area.top + y) * area.width + kept.left - area.left;
                maps[*at][to..to + kept.width].copy_from_slice(&map[from..from + kept.width]);
            }
        }
        Ok(maps)
    }
}

fn looks(scaled: &Scaled, ink: Ink, marked: &[bool]) -> Vec<Look> {
    areas(scaled.width, scaled.height, marked)
        .into_iter()
        .map(|area| Look {
            ink,
            area,
            parts: parts(&area, scaled.width, marked),
        })
        .collect()
}

/// The boxes of an area, in pixels of the page.
fn found(page: &Page, scaled: &Scaled, area: &Area, map: &[f32]) -> Vec<Quad> {
    let map = ProbabilityMap {
        width: area.width,
        height: area.height,
        values: map,
    };
    let sides = [page.width() as f32, page.height() as f32];
    let place = Place {
        origin: [area.left as f32, area.top as f32],
        to_page: [
            sides[0] / scaled.width as f32,
            sides[1] / scaled.height as f32,
        ],
        page: sides,
    };
    boxes(&map, &place)
}
