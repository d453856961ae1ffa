//! A program in the second engine's place that says the same of every page at once, and small pages for it: for tests in which reading is not what
//! is tried.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::TestStation;

const READER: &str = r#"#!/bin/sh
case "$*" in *--list-langs*) echo "List of available languages (1):"; echo chi_sim; exit ;; esac
cat >/dev/null
n=0
for text in 林市长： 小区楼上漏水多年无人处理，请求派人解决。 家住苏州市姑苏区人民路12号 电话：13812345678 来信人：陆思雨 2026年2月17日; do
  n=$((n + 1)); printf '5\t1\t1\t1\t%s\t1\t20\t%s\t300\t24\t96\t%s\n' $n $((n * 40)) "$text"
done
"#;

/// Settings that choose it.
pub fn chosen(text: &str) -> String {
    text.replace("[reading]\n", "[reading]\nengine = \"tesseract\"\n")
}

/// Puts it where the daemon looks for programs first; that `PATH`.
pub fn surround(station: &mut TestStation) -> String {
    let programs = station.folder("programs");
    fs::create_dir(&programs).expect("a folder for programs");
    let reader = programs.join("tesseract");
    fs::write(&reader, READER).expect("written");
    fs::set_permissions(&reader, fs::Permissions::from_mode(0o755)).expect("made a program");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", programs.display());
    station.surround("PATH", path.clone());
    path
}

/// A small page with a pattern of its own.
pub fn page(number: u64) -> Vec<u8> {
    let (width, height) = (420_u32, 594_u32);
    let mut pixels = vec![250_u8; (width * height) as usize];
    for bit in 0..64_usize {
        if number >> bit & 1 == 1 {
            let at = 30 * width as usize + 20 + bit * 6;
            pixels[at..at + 4].fill(20);
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels).expect("pixels");
    writer.finish().expect("an end");
    file
}
