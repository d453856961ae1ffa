//! Lists as programs write them, lists cut short, and anything else.

use proptest::prelude::*;

use super::{Listed, Unclear, is_index_name, parse, unclear_line};

fn one(letter: &str, pages: &[&str]) -> Listed {
    Listed {
        letter: letter.to_owned(),
        pages: pages.iter().map(|page| (*page).to_owned()).collect(),
    }
}

#[test]
fn a_list_of_names_is_one_letter_in_its_order() {
    let text = "0003.jpg\r\n0001.jpg\r\n0002.tif\r\n";
    let wanted = vec![one("A001", &["0003.jpg", "0001.jpg", "0002.tif"])];
    assert_eq!(parse("A001", text.as_bytes()), Ok(wanted));
}

#[test]
fn a_column_names_the_letter() {
    let text = "File,信件编号,Pages\n\"C:\\Scans\\0001.jpg\",A001,1\nC:\\Scans\\0002.jpg,A002,1\n\\\\server\\s\\0003.jpg,A001,1\n";
    let wanted = vec![
        one("A001", &["0001.jpg", "0003.jpg"]),
        one("A002", &["0002.jpg"]),
    ];
    assert_eq!(parse("batch", text.as_bytes()), Ok(wanted.clone()));
    let (gbk, _, _) = encoding_rs::GBK.encode(text);
    assert_eq!(
        parse("batch", &gbk),
        Ok(wanted.clone()),
        "as Chinese Windows writes it"
    );
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(parse("batch", &utf16), Ok(wanted));
}

#[test]
fn xml_with_and_without_letters() {
    let text = r#"<?xml version="1.0" encoding="UTF-8"?><batch><document id="A001"><page file="0001.jpg"/><page><file>scans/0002.jpg</file></page></document>
        <document id="A002"><page file="0003.jpg"/></document></batch>"#;
    let wanted = vec![
        one("A001", &["0001.jpg", "0002.jpg"]),
        one("A002", &["0003.jpg"]),
    ];
    assert_eq!(parse("batch", text.as_bytes()), Ok(wanted));
    let flat = "<images><i>1.jpg</i><i>2.jpg</i></images>";
    assert_eq!(
        parse("A7", flat.as_bytes()),
        Ok(vec![one("A7", &["1.jpg", "2.jpg"])])
    );
}

/// The letter was taken without that page, and nobody was told.
#[test]
fn an_entry_that_names_no_image_makes_the_whole_list_unclear() {
    for entry in [
        r#"<page file="&e;"/>"#,
        r#"<page file="&unknown;"/>"#,
        r#"<page file=""/>"#,
        "<page/>",
        "<page></page>",
        r#"<page file="k.bmp"/>"#,
        "<page>&e;</page>",
        "<page>k&unknown;.jpg</page>",
        r#"<page file=k.jpg/>"#,
        r#"<page file="k & l.jpg"/>"#,
        r#"<page file="" thumb="k.jpg"/>"#,
    ] {
        let text = format!(
            r#"<!DOCTYPE l [<!ENTITY e SYSTEM "file:///etc/passwd">]><letter id="A1"><page file="j.jpg"/>{entry}</letter>"#
        );
        assert_eq!(
            parse("A1", text.as_bytes()),
            Err(Unclear::Useless),
            "{entry}"
        );
    }
    let empty = r#"<l><letter id="A1"><page file="j.jpg"/></letter><letter id="A2"/></l>"#;
    assert_eq!(parse("-", empty.as_bytes()), Err(Unclear::Useless));
    for lines in [
        "j.bmp\nk.jpg\n",
        "file,letter\nj.jpg,A1\nk.bmp,A1\n",
        "page1=k.bmp\nj.jpg\n",
    ] {
        assert_eq!(
            parse("A1", lines.as_bytes()),
            Err(Unclear::Useless),
            "{lines}"
        );
    }
    let clear = r#"<l made="ScanSoft"><head><title>x</title></head><page file="a&amp;b.jpg" dpi="300"/><page><![CDATA[c&d.jpg]]></page><page>e&#38;f.jpg</page></l>"#;
    assert_eq!(
        parse("A1", clear.as_bytes()),
        Ok(vec![one("A1", &["a&b.jpg", "c&d.jpg", "e&f.jpg"])])
    );
}

#[test]
fn what_is_being_written_is_waited_for() {
    for unfinished in [
        "0001.jpg\n0002.jp",
        "0001.jpg\n0002.jpg\nA00",
        "<batch><page file=\"0001.jpg\"/>",
        "<batch><page file=\"0001.jp",
    ] {
        assert_eq!(
            parse("A", unfinished.as_bytes()),
            Err(Unclear::Unfinished),
            "{unfinished}"
        );
    }
}

#[test]
fn what_is_not_clear_is_refused() {
    for useless in [
        "",
        "nothing here\n",
        "0001.jpg\n0001.jpg\n",
        "a/0001.jpg\nb/0001.jpg\n",
        "Letter,File\n,0001.jpg\n",
        "<batch></batch>",
    ] {
        assert_eq!(
            parse("A", useless.as_bytes()),
            Err(Unclear::Useless),
            "{useless}"
        );
    }
    assert_eq!(
        parse("A", b"0001.jpg\n\xff\xff\xff\xff"),
        Err(Unclear::Useless)
    );
}

#[test]
fn a_letter_named_like_an_image_is_none() {
    assert_eq!(
        parse("A", b"letter,file\n0001.jpg,0002.jpg\n"),
        Err(Unclear::Useless)
    );
}

#[test]
fn names() {
    for name in ["index.csv", "A001.XML", "a.b.txt"] {
        assert!(is_index_name(name), "{name}");
    }
    for name in [".csv", "csv", "0001.jpg", "a.xml.jpg"] {
        assert!(!is_index_name(name), "{name}");
    }
}

proptest! {
    /// No file brings it down, and no image is ever named twice.
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(letters) = parse("A", &bytes) {
            let mut all: Vec<_> = letters.iter().flat_map(|listed| &listed.pages).collect();
            let count = all.len();
            all.sort();
            all.dedup();
            prop_assert_eq!(all.len(), count);
        }
    }

    /// Cut anywhere, a list says that it is unfinished, or names the beginning of what it was to name: never another page.
    #[test]
    fn cut_short(pages in 1_usize..12, cut in 0_usize..200) {
        let text: String = (0..pages).map(|page| format!("{page:04}.jpg\n")).collect();
        let cut = cut.min(text.len());
        if let Ok(letters) = parse("A", &text.as_bytes()[..cut]) {
            for (at, page) in letters[0].pages.iter().enumerate() {
                prop_assert_eq!(page, &format!("{at:04}.jpg"));
            }
        }
    }
}

#[test]
fn the_line_that_keeps_a_list_from_being_clear_is_told() {
    let line = |text: &str| unclear_line(text.as_bytes());
    assert_eq!(line("0001.jpg\n0002.jpg\n"), None);
    assert_eq!(line("0001.jpg\n\nsomething else\n0002.jpg\n"), Some(3));
    assert_eq!(line("letter;file\nA1;0001.jpg\n;0002.jpg\n"), Some(3));
    assert_eq!(line("0001.jpg\n0002.jpg\n\n0001.jpg\n"), Some(4));
    assert_eq!(line("<letters><page file=\"1.jpg\"/>"), None);
}
