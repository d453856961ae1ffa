//! Reads a folder of letters with ground truth and prints the character error rate for each group of pages,
//! seconds a page and peak memory. `cer MODELS LETTERS [side] [threads] [tesseract] [-v]`; a trial, not the station's evaluation.

use ocr::{Engine, EngineKind, Limits, Quad, Settings};
use std::collections::BTreeMap;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [models, letters, rest @ ..] = args.as_slice() else {
        return Err("cer MODELS LETTERS …".into());
    };
    let mut settings = Settings::new(models);
    let numbers: Vec<u32> = rest.iter().filter_map(|a| a.parse().ok()).collect();
    if let Some(side) = numbers.first() {
        settings.longest_side_px = *side;
    }
    if let Some(threads) = numbers.get(1) {
        settings.threads = usize::try_from(*threads)?.try_into()?;
    }
    if rest.iter().any(|a| a == "tesseract") {
        settings.engine = EngineKind::Tesseract;
    }
    let verbose = rest.iter().any(|a| a == "-v");
    let engine = Engine::open(&settings)?;
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let (mut seconds, mut pages) = (Vec::new(), 0);
    let mut names: Vec<_> = std::fs::read_dir(letters)?
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "json") && !p.ends_with("manifest.json"))
        .collect();
    names.sort();
    for name in names {
        let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(&name)?)?;
        for page in truth["pages"].as_array().into_iter().flatten() {
            let file = page["file"].as_str().unwrap_or_default();
            let image = ocr::decode(
                &std::fs::read(Path::new(letters).join(file))?,
                &Limits::default(),
            )?
            .remove(0);
            let read = engine.read(&image)?;
            seconds.push(read.seconds);
            pages += 1;
            let (errors, length) = errors(page, &read.lines, verbose.then_some(file));
            let style = &page["style"];
            let kind = page["kind"].as_str().unwrap_or_default();
            let layout = page["layout"].as_str().unwrap_or_default();
            for key in [
                format!("{kind} {layout} all"),
                format!("{kind} font {}", style["font"].as_str().unwrap_or_default()),
                format!(
                    "{kind} {}",
                    if style["handwriting"] == true {
                        "handwriting"
                    } else {
                        "print"
                    }
                ),
                format!(
                    "{kind} paper {}",
                    style["paper"].as_str().unwrap_or_default()
                ),
            ] {
                let sum = groups.entry(key).or_default();
                *sum = (sum.0 + errors, sum.1 + length);
            }
        }
    }
    for (key, (errors, length)) in &groups {
        println!(
            "{key:44} {:6.2} % of {length}",
            *errors as f64 * 100.0 / (*length).max(1) as f64
        );
    }
    seconds.sort_by(f64::total_cmp);
    println!(
        "{} | {pages} pages, mean {:.2} s, p95 {:.2} s, peak {} MB",
        engine.version(),
        seconds.iter().sum::<f64>() / f64::from(pages),
        seconds[seconds.len() * 95 / 100],
        peak_mb()
    );
    Ok(())
}

fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

/// Full width to half, marks folded, white space gone.
fn plain(text: &str) -> Vec<char> {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            '—' | '–' | '―' | '‐' | '−' => '-',
            '“' | '”' | '「' | '」' | '‘' | '’' => '"',
            '\'' => '"',
            '○' | '〇' | '◯' => '〇',
            '。' | '｡' => '。',
            _ => c,
        })
        .collect()
}

fn errors(page: &serde_json::Value, lines: &[ocr::Line], name: Option<&str>) -> (usize, usize) {
    let truths: Vec<(Vec<char>, Quad)> = page["lines"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|l| l["role"] != "postmark")
        .map(|l| {
            let point = |i: usize, j: usize| l["quad"][i][j].as_f64().unwrap_or_default() as f32;
            (
                plain(l["text"].as_str().unwrap_or_default()),
                std::array::from_fn(|i| [point(i, 0), point(i, 1)]),
            )
        })
        .collect();
    let mut read: Vec<String> = vec![String::new(); truths.len()];
    for line in lines {
        for c in &line.chars {
            let at = place(line, c.at);
            let nearest = truths
                .iter()
                .enumerate()
                .filter_map(|(i, (_, quad))| Some((i, depth(quad, at)?)))
                .min_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((i, _)) = nearest {
                read[i].push(c.ch);
            }
        }
    }
    let (mut errors, mut length) = (0, 0);
    for ((truth, _), read) in truths.iter().zip(&read) {
        let wrong = distance(truth, &plain(read));
        errors += wrong;
        length += truth.len();
        if let Some(name) = name.filter(|_| wrong > 0) {
            println!(
                "{name} {wrong:2} {} | {read}",
                truth.iter().collect::<String>()
            );
        }
    }
    (errors, length)
}

/// Where a character of a line lies on the page.
fn place(line: &ocr::Line, at: f32) -> [f32; 2] {
    let [a, b, c, d] = line.quad;
    let (s0, s1, e0, e1) = if line.vertical {
        (a, b, d, c)
    } else {
        (a, d, b, c)
    };
    std::array::from_fn(|i| ((s0[i] + s1[i]) * (1.0 - at) + (e0[i] + e1[i]) * at) / 2.0)
}

/// Distance from the long axis of a quad in its own half-widths, if the point lies within its length and 0.8 half-widths.
fn depth(quad: &Quad, p: [f32; 2]) -> Option<f32> {
    let [a, b, c, d] = *quad;
    let centre: [f32; 2] = std::array::from_fn(|i| (a[i] + b[i] + c[i] + d[i]) / 4.0);
    let (u, v) = ([b[0] - a[0], b[1] - a[1]], [d[0] - a[0], d[1] - a[1]]);
    let (lu, lv) = (u[0].hypot(u[1]).max(1.0), v[0].hypot(v[1]).max(1.0));
    let from = [p[0] - centre[0], p[1] - centre[1]];
    let x = ((from[0] * u[0] + from[1] * u[1]) / lu).abs();
    let y = ((from[0] * v[0] + from[1] * v[1]) / lv).abs();
    let short = lu.min(lv);
    let (long_off, short_off, long) = if lu >= lv { (x, y, lu) } else { (y, x, lv) };
    (long_off <= long / 2.0 + short * 0.4 && short_off <= short * 0.55).then_some(short_off / short)
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let cost = (diagonal + usize::from(x != y))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}
