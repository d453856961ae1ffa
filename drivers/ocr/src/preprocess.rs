//! Pixels in the shape the models want: a page scaled for detection, a line cut out and straightened
//! for recognition. Both models take BGR planes, (x/255 − 0.5)/0.5.

use crate::areas::Area;
use crate::geometry::{Quad, size};
use crate::ink::Grey;
use crate::page::Page;
use crate::surroundings::papered;
use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer, images::TypedImage, images::TypedImageRef,
    pixels::U8x3,
};

/// Height of a line image, pixels: the recogniser knows no other.
pub(crate) const LINE_HEIGHT: usize = 48;

/// Widest line image, pixels. At 48 high that is about 80 characters; longer crops are squeezed.
pub(crate) const LINE_WIDTH_MAX: usize = 3200;

fn normalised(byte: f32) -> f32 {
    byte / 127.5 - 1.0
}

/// Sides of the detection image for a page: longest side at most `longest_px`, both multiples of 32.
pub(crate) fn detection_size(width: u32, height: u32, longest_px: u32) -> (u32, u32) {
    let scale = (f64::from(longest_px) / f64::from(width.max(height))).min(1.0);
    let side = |px: u32| {
        let blocks = (f64::from(px) * scale / 32.0).round().max(1.0);
        // In range: at most `longest_px`.
        blocks as u32 * 32
    };
    (side(width), side(height))
}

/// Which ink of a page is looked at. A seal, a thumb print or a red rule across a line ties that line up with
/// everything else the red touches, so pages with red are also looked at without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    All,
    NotRed,
}

impl Ink {
    /// The pixel with red ink made paper: dark ink under a seal stays dark, as both leave little red light.
    pub(crate) fn seen(self, [r, g, b]: [f32; 3]) -> [f32; 3] {
        let redness = r - g.max(b);
        if self == Self::All || redness < REDNESS_MIN {
            return [r, g, b];
        }
        [(r + redness / 2.0).min(255.0); 3]
    }
}

/// Red exceeds green and blue by this much, of 255, before it counts as red ink; yellowed paper does not.
const REDNESS_MIN: f32 = 40.0;
/// A page has red ink from this share of its pixels on: half of one seal on A4.
const RED_SHARE_MIN: f32 = 0.001;

/// The page's pixels at another size, averaged where it shrinks.
///
/// # Errors
/// Only if the page's size is not what its pixels are, which [`Page`] rules out.
pub(crate) fn scaled_rgb(
    page: &Page,
    width: u32,
    height: u32,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let source = TypedImageRef::<U8x3>::from_buffer(page.width(), page.height(), page.rgb())?;
    let mut rgb = vec![0; 3 * width as usize * height as usize];
    let mut scaled = TypedImage::<U8x3>::from_buffer(width, height, &mut rgb)?;
    let filter = ResizeAlg::Convolution(FilterType::Bilinear);
    // Typed: `resize` would compile every pixel type there is, which took most of this crate's build.
    Resizer::new().resize_typed(
        &source,
        &mut scaled,
        &ResizeOptions::new().resize_alg(filter),
    )?;
    Ok(rgb)
}

/// How far around a pixel its surroundings reach, and by how much a stroke is darker, when areas with writing are looked for. Faint
/// pencil on a scaled page is some 20 grey levels darker than its paper.
const DARK_REACH: usize = 12;
const DARK_DEPTH: f32 = 10.0;

/// Pixels that may be changed, row by row from the top.
pub(crate) struct Rgb<'a> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) bytes: &'a mut [u8],
}

/// The page scaled for detection, with paper in the place of the scanner's bed.
pub(crate) struct Scaled {
    pub(crate) width: usize,
    pub(crate) height: usize,
    rgb: Vec<u8>,
}

impl Scaled {
    /// # Errors
    /// Only if the page's size is not what its pixels are, which [`Page`] rules out.
    pub(crate) fn new(
        page: &Page,
        longest_px: u32,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let (width, height) = detection_size(page.width(), page.height(), longest_px);
        let mut rgb = scaled_rgb(page, width, height)?;
        let (width, height) = (width as usize, height as usize);
        papered(&mut Rgb {
            width,
            height,
            bytes: &mut rgb,
        });
        Ok(Self { width, height, rgb })
    }

    fn pixels(&self) -> impl Iterator<Item = [f32; 3]> {
        self.rgb
            .chunks_exact(3)
            .map(|p| [f32::from(p[0]), f32::from(p[1]), f32::from(p[2])])
    }

    pub(crate) fn has_red_ink(&self) -> bool {
        let red = self
            .pixels()
            .filter(|[r, g, b]| r - g.max(*b) >= REDNESS_MIN)
            .count();
        red as f32 >= RED_SHARE_MIN * (self.width * self.height) as f32
    }

    /// Pixels of red ink.
    pub(crate) fn red(&self) -> Vec<bool> {
        self.pixels()
            .map(|[r, g, b]| r - g.max(b) >= REDNESS_MIN)
            .collect()
    }

    /// Pixels darker than what is around them, red ink apart where it is not looked at.
    pub(crate) fn dark(&self, ink: Ink) -> Vec<bool> {
        let values = self
            .pixels()
            .map(|pixel| ink.seen(pixel).iter().sum::<f32>() / 3.0)
            .collect();
        let grey = Grey {
            width: self.width,
            height: self.height,
            values,
            to_page: 1.0,
        };
        grey.ink(DARK_REACH, DARK_DEPTH).dark
    }

    /// `3 × height × width` of a part for the detector.
    pub(crate) fn planes(&self, ink: Ink, area: &Area) -> Vec<f32> {
        let plane = area.width * area.height;
        let mut values = vec![0.0; 3 * plane];
        for y in 0..area.height {
            let from = 3 * ((area.top + y) * self.width + area.left);
            let row = self.rgb[from..from + 3 * area.width].chunks_exact(3);
            for (x, p) in row.enumerate() {
                let seen = ink.seen([f32::from(p[0]), f32::from(p[1]), f32::from(p[2])]);
                for channel in 0..3 {
                    values[channel * plane + y * area.width + x] = normalised(seen[2 - channel]);
                }
            }
        }
        values
    }
}

/// How the characters of a box stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Left to right along the upper edge.
    Across,
    /// Top to bottom: the crop is turned a quarter counter-clockwise, as the model was trained.
    Down,
    /// Bottom to top, on a page that lies right: a line turned a quarter counter-clockwise.
    Up,
}

/// Width in pixels of the line image for `quad`, not yet padded.
pub(crate) fn line_width(quad: &Quad, reading: Reading) -> usize {
    let (width, height) = size(quad);
    let (along, across) = match reading {
        Reading::Across => (width, height),
        Reading::Down | Reading::Up => (height, width),
    };
    let scaled = (LINE_HEIGHT as f32 * along / across.max(1.0)).ceil();
    (scaled as usize).clamp(LINE_HEIGHT / 3, LINE_WIDTH_MAX)
}

/// Where a crop goes in a line image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    /// First column written.
    pub(crate) start: usize,
    /// Columns written.
    pub(crate) width: usize,
    /// Columns of the whole image.
    pub(crate) stride: usize,
}

/// Cuts `quad` out of the page into `planes` (`3 × 48 × stride`), straightened, averaging when it shrinks.
/// The other columns are left as they are.
pub(crate) fn cut_line(
    page: &Page,
    quad: &Quad,
    (reading, ink): (Reading, Ink),
    columns: &Columns,
    planes: &mut [f32],
) {
    let &Columns {
        start,
        width,
        stride,
    } = columns;
    let [a, b, c, d] = *quad;
    let (origin, along_end, across_end) = match reading {
        Reading::Across => (a, b, d),
        Reading::Down => (b, c, a),
        Reading::Up => (d, a, c),
    };
    let step = |from: [f32; 2], to: [f32; 2], n: usize| {
        [(to[0] - from[0]) / n as f32, (to[1] - from[1]) / n as f32]
    };
    let along = step(origin, along_end, width);
    let across = step(origin, across_end, LINE_HEIGHT);
    let shrink = across[0].hypot(across[1]);
    // Samples a side per output pixel: as many as source pixels fall on it, so thin strokes survive.
    let samples = (shrink.ceil() as usize).clamp(1, 4);
    let weight = 1.0 / (samples * samples) as f32;
    for y in 0..LINE_HEIGHT {
        for x in 0..width {
            let mut sum = [0.0_f32; 3];
            for sy in 0..samples {
                for sx in 0..samples {
                    let u = x as f32 + (sx as f32 + 0.5) / samples as f32;
                    let v = y as f32 + (sy as f32 + 0.5) / samples as f32;
                    let at = [
                        origin[0] + u * along[0] + v * across[0],
                        origin[1] + u * along[1] + v * across[1],
                    ];
                    let rgb = bilinear(page, at);
                    for (s, c) in sum.iter_mut().zip(rgb) {
                        *s += c;
                    }
                }
            }
            let seen = ink.seen(sum.map(|c| c * weight));
            for channel in 0..3 {
                planes[(channel * LINE_HEIGHT + y) * stride + start + x] =
                    normalised(seen[2 - channel]);
            }
        }
    }
}

/// The colour at `at` (pixel centres at .5), the rim continued outwards.
pub(crate) fn bilinear(page: &Page, at: [f32; 2]) -> [f32; 3] {
    let (width, height) = (page.width() as usize, page.height() as usize);
    let x = (at[0] - 0.5).clamp(0.0, (width - 1) as f32);
    let y = (at[1] - 0.5).clamp(0.0, (height - 1) as f32);
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(width - 1), (y0 + 1).min(height - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let rgb = page.rgb();
    let pixel = |x: usize, y: usize| &rgb[(y * width + x) * 3..(y * width + x) * 3 + 3];
    let (p00, p10, p01, p11) = (pixel(x0, y0), pixel(x1, y0), pixel(x0, y1), pixel(x1, y1));
    std::array::from_fn(|i| {
        let upper = f32::from(p00[i]) * (1.0 - fx) + f32::from(p10[i]) * fx;
        let lower = f32::from(p01[i]) * (1.0 - fx) + f32::from(p11[i]) * fx;
        upper * (1.0 - fy) + lower * fy
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::MediaType;

    #[test]
    fn detection_sides_are_multiples_of_32_and_small_pages_are_not_blown_up() {
        assert_eq!(detection_size(2480, 3508, 960), (672, 960));
        assert_eq!(detection_size(320, 64, 960), (320, 64));
        assert_eq!(detection_size(10, 10, 960), (32, 32));
    }

    #[test]
    fn red_ink_goes_and_dark_ink_under_it_stays() {
        assert!(Ink::NotRed.seen([210.0, 60.0, 70.0])[1] > 250.0);
        assert!(Ink::NotRed.seen([90.0, 25.0, 25.0])[1] < 130.0);
        for kept in [
            [30.0, 30.0, 120.0],
            [20.0, 20.0, 20.0],
            [235.0, 225.0, 200.0],
        ] {
            assert_eq!(Ink::NotRed.seen(kept), kept);
        }
        assert_eq!(Ink::All.seen([210.0, 60.0, 70.0]), [210.0, 60.0, 70.0]);
    }

    #[test]
    fn a_column_is_turned_so_that_its_top_comes_first() {
        // 2 wide, 4 high; red grows downwards.
        let rgb = (0..8_u8).flat_map(|i| [(i / 2) * 60, 0, 0]).collect();
        let page = Page::from_rgb(2, 4, rgb, MediaType::Png).unwrap();
        let quad = [[0.0, 0.0], [2.0, 0.0], [2.0, 4.0], [0.0, 4.0]];
        let width = line_width(&quad, Reading::Down);
        assert_eq!(width, 96);
        let mut planes = vec![0.0; 3 * LINE_HEIGHT * width];
        let how = (Reading::Down, Ink::All);
        let columns = Columns {
            start: 0,
            width,
            stride: width,
        };
        cut_line(&page, &quad, how, &columns, &mut planes);
        let red = &planes[2 * LINE_HEIGHT * width..];
        assert!(red[0] < red[width / 2] && red[width / 2] < red[width - 1]);
    }
}
