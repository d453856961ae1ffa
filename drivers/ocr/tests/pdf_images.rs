//! PDF pages whose images are not there to their last pixel: each is refused, none is drawn with what is left of it, since a written sheet looked blank.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use ocr::{Limits, decode};

const BARS: &[u8] = include_bytes!("samples/scan_jpx.pdf");
const PLAIN: &str =
    "/Subtype /Image /Width 96 /Height 64 /BitsPerComponent 8 /ColorSpace /DeviceGray";

/// A PDF of one page, 96 × 64 points, that draws `/I`; the objects stand from number 5 on, `/I` is the first of them.
fn pdf(drawn: &[u8], objects: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut all = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 96 64] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>".to_vec(),
    ];
    let page = (String::new(), drawn.to_vec());
    for (dict, data) in std::iter::once(&page).chain(objects) {
        let head = format!("<< {dict} /Length {} >>\nstream\n", data.len());
        all.push([head.as_bytes(), data, b"\nendstream"].concat());
    }
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", all.len() + 1);
    for (number, body) in (1..).zip(&all) {
        table += &format!("{:010} 00000 n \n", out.len());
        out.extend(format!("{number} 0 obj\n").bytes());
        out.extend(body);
        out.extend(b"\nendobj\n");
    }
    let size = all.len() + 1;
    let end = format!(
        "trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n",
        out.len()
    );
    out.extend(table.bytes().chain(end.bytes()));
    out
}

const DRAWN: &[u8] = b"q 96 0 0 64 0 0 cm /I Do Q";

fn image(packing: &str, data: Vec<u8>) -> Vec<u8> {
    pdf(DRAWN, &[(format!("{PLAIN} {packing}"), data)])
}

fn said(bytes: &[u8]) -> &'static str {
    match decode(bytes, &Limits::default()) {
        Ok(pages) => match pages[0].rgb().iter().any(|value| *value < 128) {
            true => "written",
            false => "blank",
        },
        Err(error) => error.code(),
    }
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    packer.write_all(data).expect("in memory");
    packer.finish().expect("in memory")
}

fn written() -> Vec<u8> {
    (0..96 * 64)
        .map(|at| if at % 7 < 3 { 0 } else { 250 })
        .collect()
}

/// The image of the sample, a JPEG 2000 file.
fn jpx() -> Vec<u8> {
    let find = |what: &[u8], from: usize| {
        let found = BARS[from..].windows(what.len()).position(|w| w == what);
        from + found.expect("it is there")
    };
    let start = find(b"stream\n", find(b"/JPXDecode", 0)) + 7;
    BARS[start..find(b"\nendstream", start)].to_vec()
}

/// Of 300 bytes the renderer made a grey page, which was called blank; of half of it a blurred one.
#[test]
fn a_jpeg_2000_image_that_was_broken_off_is_no_blank_page() {
    let whole = jpx();
    let colours = |data: Vec<u8>| {
        let dict = PLAIN.replace("DeviceGray", "DeviceRGB") + " /Filter /JPXDecode";
        pdf(DRAWN, &[(dict, data)])
    };
    assert_eq!(said(&colours(whole.clone())), "written");
    for cut in (0..whole.len())
        .step_by(23)
        .chain(whole.len() - 3..whole.len())
    {
        assert_eq!(said(&colours(whole[..cut].to_vec())), "damaged", "{cut}");
    }
    let codestream = whole
        .windows(4)
        .position(|w| w == [0xFF, 0x4F, 0xFF, 0x51])
        .unwrap();
    assert_eq!(said(&colours(whole[codestream..].to_vec())), "written");
    let half = (codestream + whole.len()) / 2;
    assert_eq!(said(&colours(whole[codestream..half].to_vec())), "damaged");
    let deflated_half = deflated(&whole[..half]);
    let dict = PLAIN.to_owned() + " /Filter [/FlateDecode /JPXDecode]";
    assert_eq!(said(&pdf(DRAWN, &[(dict, deflated_half)])), "damaged");
}

#[test]
fn an_image_that_was_deflated_three_times_is_read_whole_or_not_at_all() {
    let packing = "/Filter [/FlateDecode /FlateDecode /FlateDecode]";
    let twice = |data: &[u8]| deflated(&deflated(data));
    assert_eq!(
        said(&image(packing, twice(&deflated(&written())))),
        "written"
    );
    assert_eq!(
        said(&image(packing, twice(&deflated(&written()[..999])))),
        "damaged"
    );
    let broken = &deflated(&written())[..20];
    assert_eq!(said(&image(packing, twice(broken))), "damaged");
}

#[test]
fn what_is_packed_in_an_unknown_way_is_not_taken_for_pixels() {
    for packing in ["/Filter /FooDecode", "/Filter [/FlateDecode /FooDecode]"] {
        let data = deflated(&written());
        assert_eq!(
            said(&image(packing, data)),
            "unsupported_image",
            "{packing}"
        );
    }
}

#[test]
fn an_image_in_a_form_between_the_instructions_or_a_mask_is_looked_at_too() {
    let short = deflated(&written()[..999]);
    let form = |data: Vec<u8>| {
        let form = "/Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /P 6 0 R >> >>";
        pdf(
            DRAWN,
            &[
                (form.to_owned(), b"/P Do".to_vec()),
                (format!("{PLAIN} /Filter /FlateDecode"), data),
            ],
        )
    };
    assert_eq!(said(&form(deflated(&written()))), "written");
    assert_eq!(said(&form(short.clone())), "damaged");
    let inline = |rows: usize| {
        let head = b"q 96 0 0 64 0 0 cm BI /W 96 /H 64 /BPC 8 /CS /G ID ";
        pdf(&[head, &written()[..96 * rows], b"\nEI Q"].concat(), &[])
    };
    assert_eq!(said(&inline(64)), "written");
    assert_eq!(said(&inline(20)), "damaged");
    let masked = |mask: Vec<u8>| {
        let dict = format!("{PLAIN} /SMask 6 0 R");
        let mask = (format!("{PLAIN} /Filter /FlateDecode"), mask);
        pdf(DRAWN, &[(dict, vec![0; 96 * 64]), mask])
    };
    assert_eq!(said(&masked(deflated(&written()))), "written");
    assert_eq!(said(&masked(short)), "damaged");
}

/// The library leaves it out, and the rest is white paper.
#[test]
fn what_a_form_draws_and_the_file_does_not_have_is_damage() {
    let form = "/Subtype /Form /BBox [0 0 1 1] /Resources << >>";
    let lost = pdf(DRAWN, &[(form.to_owned(), b"/P Do".to_vec())]);
    assert_eq!(said(&lost), "damaged");
}

#[test]
fn a_jbig2_image_of_which_segments_are_missing_is_damaged() {
    // The page: 96 × 64. A generic region of which nothing is there.
    let page = [0, 0, 0, 0, 48, 0, 1, 0, 0, 0, 19, 0, 0, 0, 96, 0, 0, 0, 64];
    let page = [&page[..], &[0; 11]].concat();
    let region = [&page[..], &[0, 0, 0, 1, 38, 0, 1, 0, 0, 0, 90, 0, 0, 0, 96]].concat();
    for data in [page, region] {
        assert_eq!(said(&image("/Filter /JBIG2Decode", data)), "damaged");
    }
}

/// What a decoder makes of the rows behind a wrong code is white.
#[test]
fn a_jbig2_image_whose_fax_code_is_broken_is_damaged() {
    let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
    for y in 0..64_u16 {
        let row = (0..96).map(|x| match (x / 7 + y / 5) % 2 {
            0 => fax::Color::Black,
            _ => fax::Color::White,
        });
        encoder.encode_line(row, 96).expect("in memory");
    }
    let rows = encoder.finish().expect("in memory").finish();
    let segment = |number: u8, kind: u8, data: &[u8]| {
        let length = u32::try_from(data.len()).expect("short").to_be_bytes();
        [&[0, 0, 0, number, kind, 0, 1][..], &length, data].concat()
    };
    let page = segment(0, 48, &[&[0, 0, 0, 96, 0, 0, 0, 64][..], &[0; 11]].concat());
    let file = |rows: &[u8]| {
        let head = [&[0, 0, 0, 96, 0, 0, 0, 64][..], &[0; 9], &[1]].concat();
        let region = segment(1, 38, &[&head[..], rows].concat());
        let dict = "/Subtype /Image /Width 96 /Height 64 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode";
        pdf(DRAWN, &[(dict.to_owned(), [&page[..], &region].concat())])
    };
    assert_eq!(said(&file(&rows)), "written");
    assert_eq!(said(&file(&rows[..rows.len() / 2])), "damaged");
    let mut wrong = rows.clone();
    wrong[rows.len() / 2..][..6].fill(0);
    assert_eq!(said(&file(&wrong)), "damaged");
}
