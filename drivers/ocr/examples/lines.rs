//! Prints the lines of images in reading order. `lines MODELS [side] [json] IMAGE…`; with `json` one document, every
//! character with its alternatives.

use ocr::{Engine, Limits, Line, PageText, Settings};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).peekable();
    let mut settings = Settings::new(args.next().ok_or("lines MODELS [side] [json] IMAGE…")?);
    if let Some(side) = args.peek().and_then(|a| a.parse().ok()) {
        settings.longest_side_px = side;
        args.next();
    }
    let as_json = args.next_if(|a| a == "json").is_some();
    let engine = Engine::open(&settings)?;
    let mut documents = Vec::new();
    for file in args {
        for page in ocr::decode(&std::fs::read(&file)?, &Limits::default())? {
            let read = engine.read(&page)?;
            if as_json {
                documents.push(document(&file, &read));
            } else {
                print(&file, &read);
            }
        }
    }
    if as_json {
        println!("{}", json!({ "pages": documents }));
    }
    Ok(())
}

fn document(file: &str, read: &PageText) -> Value {
    let character = |c: &ocr::Char| {
        let others: Vec<Value> = c
            .others
            .iter()
            .map(|o| json!([o.ch, o.confidence]))
            .collect();
        let digit = c.digit.map(|d| json!([d.ch, d.confidence]));
        json!({"ch": c.ch, "confidence": c.confidence, "at": c.at, "others": others, "digit": digit})
    };
    let line = |l: &Line| {
        let chars: Vec<Value> = l.chars.iter().map(character).collect();
        json!({"text": l.text, "raw": l.raw, "quad": l.quad, "confidence": l.confidence, "vertical": l.vertical, "chars": chars})
    };
    let lines: Vec<Value> = read.lines.iter().map(line).collect();
    json!({"file": file, "width": read.width, "height": read.height, "turned_deg": read.turned_deg,
        "lines": lines, "seconds": read.seconds})
}

fn print(file: &str, read: &PageText) {
    println!(
        "{file} turned {}° in {:.2} s",
        read.turned_deg, read.seconds
    );
    for line in &read.lines {
        let corners = line.quad.map(|p| p.map(|c| c as i32));
        let direction = if line.vertical { '↓' } else { '→' };
        println!(
            "{:.2} {direction} {corners:?} {}",
            line.confidence, line.text
        );
    }
}
