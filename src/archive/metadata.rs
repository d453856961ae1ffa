//! What the file says of itself: XMP (ISO 16684-1) with the letter, its originals and their hashes. Nothing of the letter's content: the
//! index holds that, under the office's own rules.

use std::fmt::Write;

use ocr::Fidelity;

use super::{Archive, ArchivedPage};
use crate::clock::Millis;
use crate::config::PdfLevel;
use crate::domain::text::PageKind;

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// As records and the index name it.
pub(crate) fn kind_word(kind: PageKind) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn page(page: &ArchivedPage) -> String {
    let form = match page.image {
        None => "not shown: cannot be decoded",
        Some(Fidelity::Original) => "original bytes",
        Some(Fidelity::Lossless) => "lossless, same samples packed anew",
        Some(Fidelity::Derivative) => "derivative, original kept in the station",
    };
    let frame = match page.frame {
        0 => String::new(),
        frame => format!(" page {} of its file", frame + 1),
    };
    format!(
        "{} {} sha256={} sm3={} bytes={}{frame}: {form}",
        page.n,
        kind_word(page.kind),
        page.sha256,
        page.sm3,
        page.size
    )
}

pub(super) fn producer() -> String {
    format!("laixin {}", env!("CARGO_PKG_VERSION"))
}

/// RFC 3339, as XMP writes dates.
fn date(at: Millis) -> String {
    at.rfc3339()
}

const EXTENSION: &str = r#"<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource"><pdfaSchema:schema>laixin archive</pdfaSchema:schema><pdfaSchema:namespaceURI>urn:laixin:archive:1#</pdfaSchema:namespaceURI><pdfaSchema:prefix>laixin</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource"><pdfaProperty:name>letter</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category><pdfaProperty:description>Number of the letter</pdfaProperty:description></rdf:li><rdf:li rdf:parseType="Resource"><pdfaProperty:name>originals</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>internal</pdfaProperty:category><pdfaProperty:description>Each page: number, kind, hashes and size of its original file, and whether its bytes are in here</pdfaProperty:description></rdf:li><rdf:li rdf:parseType="Resource"><pdfaProperty:name>mark</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category><pdfaProperty:description>What was not settled about the letter when this file was made</pdfaProperty:description></rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"#;

/// The XMP packet.
pub(super) fn xmp(archive: &Archive, title: &str) -> Vec<u8> {
    let conformance = match archive.level {
        PdfLevel::TwoU => "U",
        PdfLevel::TwoB => "B",
    };
    let pages: Vec<String> = archive.pages.iter().map(page).collect();
    let (made, producer) = (date(archive.at), escaped(&producer()));
    let mark = match archive.mark.told() {
        told if told.is_empty() => told,
        told => format!("<laixin:mark>{}</laixin:mark>", escaped(&told)),
    };
    let mut xmp = String::new();
    let written = write!(
        xmp,
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\"><pdfaid:part>2</pdfaid:part><pdfaid:conformance>{conformance}</pdfaid:conformance></rdf:Description>\
         <rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:format>application/pdf</dc:format><dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">{title}</rdf:li></rdf:Alt></dc:title>\
         <dc:creator><rdf:Seq><rdf:li>{station}</rdf:li></rdf:Seq></dc:creator><dc:language><rdf:Bag><rdf:li>zh-CN</rdf:li></rdf:Bag></dc:language></rdf:Description>\
         <rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"><xmp:CreatorTool>{producer}</xmp:CreatorTool><xmp:CreateDate>{made}</xmp:CreateDate><xmp:ModifyDate>{made}</xmp:ModifyDate></rdf:Description>\
         <rdf:Description rdf:about=\"\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\"><pdf:Producer>{producer}</pdf:Producer></rdf:Description>\
         {EXTENSION}<rdf:Description rdf:about=\"\" xmlns:laixin=\"urn:laixin:archive:1#\"><laixin:letter>{letter}</laixin:letter><laixin:originals>{originals}</laixin:originals>{mark}</rdf:Description>\
         </rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>",
        title = escaped(title),
        station = escaped(&archive.station),
        letter = escaped(&archive.letter),
        originals = escaped(&pages.join("; ")),
    );
    written.expect("a String takes every write");
    xmp.into_bytes()
}
