//! Prints the lines of images in reading order. `lines MODELS [side] IMAGE…`

use ocr::{Engine, Limits, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).peekable();
    let mut settings = Settings::new(args.next().ok_or("lines MODELS [side] IMAGE…")?);
    if let Some(side) = args.peek().and_then(|a| a.parse().ok()) {
        settings.longest_side_px = side;
        args.next();
    }
    let engine = Engine::open(&settings)?;
    for file in args {
        for page in ocr::decode(&std::fs::read(&file)?, &Limits::default())? {
            let read = engine.read(&page)?;
            println!(
                "{file} {page:?} turned {}° in {:.2} s",
                read.turned_deg, read.seconds
            );
            for line in read.lines {
                let corners = line.quad.map(|p| p.map(|c| c as i32));
                let direction = if line.vertical { '↓' } else { '→' };
                println!(
                    "{:.2} {direction} {corners:?} {}",
                    line.confidence, line.text
                );
            }
        }
    }
    Ok(())
}
