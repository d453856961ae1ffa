//! What `scanimage --all-options` tells of a device, read. Pure; what is not understood counts as not told.

use crate::offers::{Resolutions, TrayOffer};

/// The options that a scan sets.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Options {
    /// The backend's words for its trays; empty: it has none to choose from.
    pub(super) sources: Vec<String>,
    pub(super) offer: TrayOffer,
}

pub(super) fn parse(text: &str) -> Options {
    let mut found = Options::default();
    for line in text.lines().map(str::trim_start) {
        let Some((name, values)) = line.split_once(' ') else {
            continue;
        };
        // `1..1200dpi (in steps of 1) [50]`, `Gray|Color [Gray]`
        let values = values.split(" [").next().unwrap_or_default();
        match name {
            "--source" => found.sources = words(values),
            "--mode" => found.offer.modes = words(values),
            "--resolution" => found.offer.resolutions = resolutions(values),
            "-x" => found.offer.widest_mm = most(values),
            "-y" => found.offer.longest_mm = most(values),
            _ => {}
        }
    }
    found
}

fn words(values: &str) -> Vec<String> {
    let words = values.split('|').map(|word| word.trim().to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

/// The ends of `0..200mm (in steps of 1)`.
fn ends(values: &str) -> Option<(f64, f64)> {
    let range = values.split(' ').next()?;
    let (low, high) = range.split_once("..")?;
    let high = high.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    Some((low.parse().ok()?, high.parse().ok()?))
}

fn most(values: &str) -> Option<f64> {
    ends(values).map(|(_, high)| high)
}

fn resolutions(values: &str) -> Resolutions {
    if let Some((low, high)) = ends(values) {
        return Resolutions::Range(low.ceil() as u32, high.floor() as u32);
    }
    let listed: Vec<u32> = words(values.trim_end_matches("dpi"))
        .iter()
        .filter_map(|word| word.parse().ok())
        .collect();
    match listed.is_empty() {
        true => Resolutions::Unsaid,
        false => Resolutions::Listed(listed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_are_read() {
        let text = "\nAll options specific to device `x:0':\n  Standard:\n    --source ADF Front|ADF Duplex [ADF Front]\n        Selects the tray.\n    \
                    --mode Lineart|Gray|Color [Gray]\n    --resolution auto||75|150|300dpi [300]\n  Geometry:\n    \
                    -x 0..215.872mm (in steps of 0.0211639) [215.872]\n    -y 0..355.6mm [355.6]\n";
        let found = parse(text);
        assert_eq!(found.sources, ["ADF Front", "ADF Duplex"]);
        assert_eq!(found.offer.modes, ["Lineart", "Gray", "Color"]);
        assert_eq!(
            found.offer.resolutions,
            Resolutions::Listed(vec![75, 150, 300])
        );
        assert_eq!(found.offer.widest_mm, Some(215.872));
        assert_eq!(found.offer.longest_mm, Some(355.6));
        let range = parse("    --resolution 1..1200dpi (in steps of 1) [50]\n");
        assert_eq!(range.offer.resolutions, Resolutions::Range(1, 1200));
        assert_eq!(
            parse("scanimage: open of device failed"),
            Options::default()
        );
    }
}
