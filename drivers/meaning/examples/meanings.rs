//! Texts on stdin, one a line → their numbers on stdout, 32 bits each, little endian: for `bench/letters/fit_meaning.py`. `meanings MODELS_DIR`.

use std::io::{BufRead, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let models = std::env::args().nth(1).ok_or("meanings MODELS_DIR")?;
    let meaning = meaning::Meaning::open(models.as_ref())?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let texts: Vec<String> = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
    for number in meaning.of(&texts).into_iter().flatten() {
        out.write_all(&number.to_le_bytes())?;
    }
    Ok(())
}
