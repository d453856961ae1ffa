//! Lists as programs write them, lists cut short, and anything else.

use std::time::Duration;

use proptest::prelude::*;

use super::{Fault, LARGEST_BYTES, Listed, Unclear, is_index_name, parse};
use crate::complete::tests::worked;

fn one(letter: &str, pages: &[&str]) -> Listed {
    Listed {
        letter: letter.to_owned(),
        pages: pages.iter().map(|page| (*page).to_owned()).collect(),
    }
}

fn unclear(text: &str) -> Unclear {
    parse("A", text.as_bytes()).unwrap_err()
}

fn fault(text: &str) -> Fault {
    unclear(text).fault
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
    for (entry, why) in [
        (r#"<page file="&e;"/>"#, Fault::Entity),
        (r#"<page file="&unknown;"/>"#, Fault::Entity),
        (r#"<page file=""/>"#, Fault::NoPage),
        ("<page/>", Fault::NoPage),
        ("<page></page>", Fault::NoPage),
        (r#"<page file="k.bmp"/>"#, Fault::NoPage),
        ("<page>&e;</page>", Fault::Entity),
        ("<page>k&unknown;.jpg</page>", Fault::Entity),
        (r#"<page file=k.jpg/>"#, Fault::NoXml),
        (r#"<page file="k & l.jpg"/>"#, Fault::Entity),
        (r#"<page file="" thumb="k.jpg"/>"#, Fault::NoPage),
    ] {
        let text = format!(
            r#"<!DOCTYPE l [<!ENTITY e SYSTEM "file:///etc/passwd">]><letter id="A1"><page file="j.jpg"/>{entry}</letter>"#
        );
        assert_eq!(fault(&text), why, "{entry}");
    }
    let empty = r#"<l><letter id="A1"><page file="j.jpg"/></letter><letter id="A2"/></l>"#;
    assert_eq!(fault(empty), Fault::NoPage);
    for lines in [
        "j.bmp\nk.jpg\n",
        "file,letter\nj.jpg,A1\nk.bmp,A1\n",
        "page1=k.bmp\nj.jpg\n",
    ] {
        assert_eq!(fault(lines), Fault::OtherFile, "{lines}");
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
        assert_eq!(fault(unfinished), Fault::Unfinished, "{unfinished}");
    }
}

#[test]
fn what_is_not_clear_is_refused() {
    for (useless, why) in [
        ("", Fault::NoPages),
        ("nothing here\n", Fault::NoPages),
        ("<batch></batch>", Fault::NoPages),
        ("Letter,File\n,0001.jpg\n", Fault::NoLetter),
        // A letter named like an image is none.
        ("letter,file\n0001.jpg,0002.jpg\n", Fault::NoLetter),
    ] {
        assert_eq!(fault(useless), why, "{useless}");
    }
    let bytes = parse("A", b"0001.jpg\n\xff\xff\xff\xff").unwrap_err();
    assert_eq!(bytes.fault, Fault::NoText);
}

/// It was called truncated, or unclear without a word more.
#[test]
fn a_list_says_which_line_is_wrong_and_how() {
    let said = |text: &str| {
        let unclear = unclear(text);
        (unclear.fault, unclear.line, unclear.page)
    };
    let page = |name: &str| Some(name.to_owned());
    assert_eq!(
        said("letter,file\nA1,0001.jpg\nA2,0002.jpg\nA2,0001.jpg\n"),
        (Fault::PageInTwoLetters, Some(4), page("0001.jpg"))
    );
    assert_eq!(
        said("0001.jpg\n0002.jpg\n\n0001.jpg\n"),
        (Fault::PageTwice, Some(4), page("0001.jpg"))
    );
    assert_eq!(
        said("a/0001.jpg\nb/0001.jpg\n"),
        (Fault::PageTwice, Some(2), page("0001.jpg"))
    );
    for out in ["../../laixin.toml", "..\\0002.jpg", "\"../0002.jpg\""] {
        let text = format!("0001.jpg\n{out}\n0003.jpg\n");
        assert_eq!(said(&text), (Fault::PathOut, Some(2), None), "{out}");
    }
    assert_eq!(
        said("0001.jpg\n\nsomething else\n0002.jpg\n"),
        (Fault::NoPage, Some(3), None)
    );
    assert_eq!(
        said("letter;file\nA1;0001.jpg\n;0002.jpg\n"),
        (Fault::NoLetter, Some(3), None)
    );
    assert_eq!(
        said("<l>\n <page file=\"1.jpg\"/>\n <page file=\"../1.jpg\"/>\n</l>"),
        (Fault::PathOut, Some(3), None)
    );
    assert_eq!(
        said("<l>\n <page file=\"1.jpg\"/>\n <page/>\n</l>"),
        (Fault::NoPage, Some(3), None)
    );
    assert_eq!(
        said(
            "<!DOCTYPE l [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>\n<l>\n<page file=\"&e;\"/></l>"
        ),
        (Fault::Entity, Some(3), None)
    );
    assert_eq!(
        said("<l>\n<page file=\"1.jpg\"></l>\n"),
        (Fault::NoXml, Some(2), None)
    );
    // A name that could not be kept is not repeated.
    let long = format!("{}.jpg", "x".repeat(300));
    assert_eq!(
        said(&format!("{long}\n{long}\n")),
        (Fault::PageTwice, Some(2), None)
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

/// Each of these took minutes, or all memory there is, while each page was looked for among all others, every page had its letter's name to itself, and
/// every element its whole path: the station itself reads such lists.
#[test]
fn a_list_as_large_as_may_be_is_read_at_once() {
    let room = usize::try_from(LARGEST_BYTES).unwrap();
    let filled = |front: &str, each: &dyn Fn(usize) -> String, back: &str| {
        let mut text = front.to_owned();
        let mut number = 0;
        while text.len() + back.len() + 40 < room {
            number += 1;
            text.push_str(&each(number));
        }
        text + back
    };
    let long = "x".repeat(room / 2);
    let page = |number: usize| format!("<p>{number}.jpg</p>");
    let cases = [
        ("pages", filled("", &|n| format!("{n}.jpg\n"), "")),
        (
            "letters",
            filled("letter,file\n", &|n| format!("A{n},{n}.jpg\n"), ""),
        ),
        (
            "one line",
            filled(
                &format!("letter,file\n{long}"),
                &|n| format!(",{n}.jpg"),
                "\n",
            ),
        ),
        (
            "a long name",
            filled(
                &format!("<l><letter id=\"{long}\">"),
                &page,
                "</letter></l>",
            ),
        ),
        (
            "long elements",
            filled(&format!("<l><{long}>"), &|n| format!("<e{n}/>"), ""),
        ),
        ("depth", filled("", &|_| "<a>".to_owned(), "")),
        ("attributes", filled("<a", &|n| format!(" a{n}=''"), "/>")),
        ("elements", filled("<l>", &page, "</l>")),
    ];
    for (what, text) in cases {
        let began = worked();
        let read = parse("A", text.as_bytes());
        let took = worked() - began;
        assert!(took < Duration::from_secs(10), "{what}: {took:?}");
        let is_list = !matches!(what, "depth" | "attributes" | "long elements");
        assert_eq!(read.is_ok(), is_list, "{what}: {:?}", read.err());
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
