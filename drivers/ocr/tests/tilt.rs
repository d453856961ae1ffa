//! A page laid in at an angle reads as it does when it lies level.

use ocr::{Engine, Limits, MediaType, Page, Settings};
use std::path::Path;

/// The page turned clockwise on a larger white one.
fn turned(page: &Page, degrees: f32) -> Page {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (page.width() as f32, page.height() as f32);
    let side = (width.hypot(height)).ceil() as usize;
    let middle = side as f32 / 2.0;
    let mut rgb = vec![255; 3 * side * side];
    for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let (x, y) = ((i % side) as f32 - middle, (i / side) as f32 - middle);
        let from = [
            x * cos + y * sin + width / 2.0,
            y * cos - x * sin + height / 2.0,
        ];
        if (0.0..width).contains(&from[0]) && (0.0..height).contains(&from[1]) {
            let at = 3 * (from[1] as usize * page.width() as usize + from[0] as usize);
            pixel.copy_from_slice(&page.rgb()[at..at + 3]);
        }
    }
    Page::from_rgb(side as u32, side as u32, rgb, MediaType::Jpeg).expect("three bytes a pixel")
}

#[test]
fn a_page_laid_in_at_an_angle_reads_as_when_it_lies_level() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let models = std::env::var_os("LAIXIN_MODELS")
        .map_or_else(|| workspace.join(".setup/models"), Into::into);
    let engine = Engine::open(&Settings::new(models)).unwrap();
    let file = std::fs::read(workspace.join("tests/letters/A001_p1.jpg")).unwrap();
    let page = ocr::decode_frame(&file, 0, &Limits::default()).unwrap();
    let lines = |page: &Page| -> Vec<String> {
        let read = engine.read(page).unwrap();
        let within = |[x, y]: &[f32; 2]| *x <= page.width() as f32 && *y <= page.height() as f32;
        assert!(read.lines.iter().all(|line| line.quad.iter().all(within)));
        read.lines.into_iter().map(|line| line.text).collect()
    };
    let level = lines(&page);
    for degrees in [25.0, -45.0] {
        let found = lines(&turned(&page, degrees));
        let places: Vec<usize> = (level.iter())
            .filter_map(|line| found.iter().position(|one| one == line))
            .collect();
        assert!(
            places.len() * 10 >= level.len() * 8,
            "{degrees}°: {found:?}"
        );
        assert!(places.is_sorted(), "{degrees}°: {found:?}");
    }
}
