//! A PDF that names a Chinese font without bringing it: drawn in one that is installed (the set-up's), so that it reads as it should.

use ocr::{Engine, Limits, Settings};
use std::path::Path;

const ROWS: [&str; 3] = [
    "尊敬的市长：您好",
    "我家门前的路灯坏了三个月无人修理",
    "来信人：周国强",
];

/// A page with these rows in SimSun, which is not in the file.
fn pdf(rows: &[&str]) -> Vec<u8> {
    let codes = |row: &str| -> String {
        let units = row.encode_utf16().map(|unit| format!("{unit:04X}"));
        units.collect()
    };
    let drawn: String = rows
        .iter()
        .map(|row| format!("<{}> Tj 0 -60 Td ", codes(row)))
        .collect();
    let content = format!("BT /F 20 Tf 60 700 Td {drawn}ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type0 /BaseFont /SimSun /Encoding /UniGB-UCS2-H /DescendantFonts [6 0 R] >>".to_owned(),
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /SimSun /FontDescriptor 7 0 R \
         /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>"
            .to_owned(),
        "<< /Type /FontDescriptor /FontName /SimSun /Flags 4 /FontBBox [0 -140 1000 860] /ItalicAngle 0 /Ascent 860 \
         /Descent -140 /CapHeight 860 /StemV 80 >>"
            .to_owned(),
    ];
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (i, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", i + 1).into_bytes());
    }
    let at = file.len();
    let end = objects.len() + 1;
    file.extend(
        format!("{table}trailer << /Size {end} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n")
            .into_bytes(),
    );
    file
}

#[test]
fn chinese_in_a_font_that_is_not_in_the_pdf_reads_as_it_is_written() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let models = std::env::var_os("LAIXIN_MODELS")
        .map_or_else(|| workspace.join(".setup/models"), Into::into);
    let engine = Engine::open(&Settings::new(models)).unwrap();
    let page = ocr::decode_frame(&pdf(&ROWS), 0, &Limits::default()).unwrap();
    let read = engine.read(&page).unwrap();
    let lines: Vec<&str> = read.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(lines, ROWS);
}
