//! What holds for any text at any place: no panic, nothing invented, no digit altered.

use proptest::prelude::*;

use super::letters::roster;
use crate::domain::extract::{ANONYMOUS, extract};
use crate::domain::text::{Line, PageKind, PageText};
use crate::domain::zones::fold;

/// Pieces letters are made of, so that rules meet by chance.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "来信人：",
            "汪小满",
            "地址：",
            "临江市河东区柳林路8号",
            "电话：",
            "13812345678",
            "0513-65227061",
            "2025年2月17日",
            "二○二五年",
            "此致",
            "敬礼",
            "联名人签名：",
            "　　",
            " ",
            "、",
            "：",
            "霍市长",
            "收",
            "寄",
            "内详",
            "（化名）",
            "某某",
            "身份证号",
            "11010519491231002X",
            "委托",
            "授权委托书",
            "邮政120分",
            "2024.5.1",
            "(",
            ")",
            "-",
            "尊敬的",
            "我叫",
            "家住",
            "，",
            "。",
            "临江市信访局",
            "×",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|p| p.concat())
}

fn line() -> impl Strategy<Value = Line> {
    let place = (
        -500.0_f32..3000.0,
        -500.0_f32..4000.0,
        0.0_f32..2500.0,
        0.0_f32..400.0,
        -200.0_f32..200.0,
    );
    (text(), place, 0.0_f32..=1.0, any::<bool>()).prop_map(
        |(text, (x, y, w, h, tilt), confidence, vertical)| Line {
            raw: text.clone(),
            text,
            quad: [[x, y], [x + w, y + tilt], [x + w, y + tilt + h], [x, y + h]],
            confidence,
            chars: Vec::new(),
            vertical,
        },
    )
}

fn pages() -> impl Strategy<Value = Vec<PageText>> {
    let kind = prop::sample::select(vec![
        PageKind::Letter,
        PageKind::Envelope,
        PageKind::Attachment,
    ]);
    let page = (kind, prop::collection::vec(line(), 0..14));
    prop::collection::vec(page, 0..4).prop_map(|pages| {
        let page = |(i, (kind, lines)): (usize, (PageKind, Vec<Line>))| PageText {
            n: i as u32 + 1,
            kind,
            width: 2480,
            height: 3508,
            lines,
        };
        pages.into_iter().enumerate().map(page).collect()
    })
}

/// Everything on the pages, folded; characters may be taken from several lines, never from none.
fn written(pages: &[PageText]) -> String {
    pages
        .iter()
        .flat_map(|p| &p.lines)
        .flat_map(|l| l.text.chars())
        .map(fold)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_is_registered_that_is_not_on_a_page(pages in pages()) {
        let fields = extract(&pages, &roster(), Some("2025-06-30"));
        let page = written(&pages);
        for field in [&fields.sender_name, &fields.address, &fields.id_number.field] {
            let value = field.value.as_deref().filter(|v| *v != ANONYMOUS).unwrap_or("");
            for ch in value.chars() {
                prop_assert!(page.to_uppercase().contains(&ch.to_string().to_uppercase()), "{ch} of {value}");
            }
        }
        for name in &fields.joint.signatories {
            prop_assert!(name.chars().all(|c| page.contains(c)));
        }
    }

    #[test]
    fn digits_are_never_altered(before in text(), after in text()) {
        let text = format!("{before}联系电话：{after}");
        let quad = [[200.0, 200.0], [2000.0, 200.0], [2000.0, 290.0], [200.0, 290.0]];
        let line = Line { raw: text.clone(), text, quad, confidence: 0.9, chars: Vec::new(), vertical: false };
        let pages = [PageText { n: 1, kind: PageKind::Letter, width: 2480, height: 3508, lines: vec![line] }];
        let fields = extract(&pages, &roster(), None);
        let figures = |s: &str| s.chars().filter(char::is_ascii_digit).collect::<String>();
        let digits = figures(&written(&pages));
        for phone in fields.phones.iter().filter_map(|p| p.field.value.as_ref()) {
            prop_assert!(digits.contains(&figures(phone)), "{phone}");
        }
        if let Some(id) = &fields.id_number.field.value {
            prop_assert!(digits.contains(&figures(id)), "{id}");
        }
    }

    #[test]
    fn a_page_of_nonsense_places_is_no_panic(text in text(), x in prop::num::f32::ANY, y in prop::num::f32::ANY) {
        let line = Line { raw: text.clone(), text, quad: [[x, y], [y, x], [x, x], [y, y]], confidence: x, chars: Vec::new(), vertical: x > y };
        for kind in [PageKind::Letter, PageKind::Envelope] {
            let page = PageText { n: 1, kind, width: 0, height: 0, lines: vec![line.clone(), line.clone()] };
            extract(&[page], &roster(), Some("x"));
        }
    }
}
