//! Where a writer lives, in the many ways people put it.

use super::letters::{envelope, roster};
use super::others::clear;
use crate::domain::draft::Fields;
use crate::domain::extract::extract;
use crate::domain::roster::Roster;
use crate::domain::text::PageText;

const HEAD: [&str; 3] = ["市信访局：", "下水道堵了两个月，请派人疏通。", "此致"];

fn in_yichang(pages: &[PageText]) -> Fields {
    let roster = Roster {
        station: "宜昌市信访局".into(),
        ..roster()
    };
    extract(pages, &roster, None)
}

fn signed(tail: &[&str]) -> Fields {
    let rows: Vec<&str> = HEAD.iter().chain(tail).copied().collect();
    in_yichang(&[clear(&rows)])
}

fn sent(from: &[&str]) -> Fields {
    let rows: Vec<&str> = HEAD.iter().copied().chain(["2025年3月4日"]).collect();
    in_yichang(&[clear(&rows), envelope("市信访局 收", from)])
}

fn home(fields: &Fields) -> &str {
    fields.address.value.as_deref().unwrap_or_default()
}

#[test]
fn a_row_that_holds_name_and_home_gives_both() {
    let place = "夷陵区分乡镇棠垭村三组";
    for row in [
        format!("{place}村民向传英"),
        format!("{place}的村民向传英"),
        format!("向传英（住{place}）"),
        format!("向传英（{place}）"),
        format!("{place} 向传英"),
        format!("向传英 家住{place}"),
    ] {
        let fields = signed(&[&row, "2025年3月4日"]);
        let name = fields.sender_name.value.as_deref();
        assert_eq!((home(&fields), name), (place, Some("向传英")), "{row}");
    }
}

#[test]
fn divisions_without_the_words_for_their_level_are_known() {
    for (place, path) in [
        (
            "湖北黄冈浠水巴河镇望江村三组12号",
            "湖北省/黄冈市/浠水县/巴河镇",
        ),
        (
            "宜昌夷陵分乡镇棠垭村三组12号",
            "湖北省/宜昌市/夷陵区/分乡镇",
        ),
    ] {
        let fields = signed(&["向传英", place, "2025年3月4日"]);
        assert_eq!(home(&fields), place);
        let known = crate::domain::extract::divisions_in(place).map(|d| d.path());
        assert_eq!(known.as_deref(), Some(path));
    }
}

#[test]
fn where_somebody_is_registered_or_comes_from_is_his_home_only_for_want_of_another() {
    let told = |sentence: &str| {
        let rows = ["市信访局：", sentence, "请派人疏通。", "此致", "向传英"];
        in_yichang(&[clear(&rows)])
    };
    for said in ["户籍夷陵区分乡镇棠垭村三组", "老家在夷陵区分乡镇棠垭村三组"]
    {
        let fields = told(&format!("我叫向传英，{said}，下水道堵了。"));
        assert_eq!(home(&fields), "夷陵区分乡镇棠垭村三组");
        assert!(!fields.address.accepted, "{said}");
        let fields = told(&format!("我{said}，现住西陵区珍珠路21号3栋201室。"));
        assert_eq!(home(&fields), "西陵区珍珠路21号3栋201室");
    }
}

#[test]
fn a_town_that_is_not_there_is_never_let_through() {
    let place = "盐城市东元市时堰镇红星村三组12号";
    let fields = signed(&["来信人：向传英", &format!("地址：{place}"), "2025年3月4日"]);
    assert_eq!(home(&fields), place);
    assert!(!fields.address.accepted);
    let offered = |value: &str| fields.address.alternatives.iter().any(|a| a.value == value);
    assert!(offered("盐城市东台市时堰镇红星村三组12号"));
}

#[test]
fn a_town_with_its_sender_withheld_is_no_name_and_no_home() {
    for from in ["宣威内详", "莘县内详", "莘县 内详", "莘县", "本市内详"] {
        let fields = sent(&[from]);
        let name = fields.sender_name.value.as_deref();
        assert_eq!(name, Some(crate::domain::extract::ANONYMOUS), "{from}");
        assert!(!fields.address.accepted, "{from}");
    }
}

#[test]
fn this_town_on_an_envelope_is_the_offices_own_as_an_alternative_only() {
    let fields = sent(&["本市西陵区珍珠路21号3栋201室 向传英"]);
    assert_eq!(home(&fields), "本市西陵区珍珠路21号3栋201室");
    let offered = &fields.address.alternatives;
    assert!(
        offered
            .iter()
            .any(|a| a.value == "宜昌市西陵区珍珠路21号3栋201室")
    );
    assert!(!fields.address.accepted);
}

#[test]
fn a_mobile_in_numerals_is_one() {
    for spoken in ["一三八七二五一四〇九六", "幺三八七二五一四零九六"] {
        let fields = signed(&["向传英", &format!("手机：{spoken}"), "2025年3月4日"]);
        let found = fields.phones.iter().map(|p| p.field.value.as_deref());
        assert_eq!(found.collect::<Vec<_>>(), [Some("13872514096")], "{spoken}");
    }
    let fields = signed(&["向传英", "二〇二五年三月四日"]);
    assert!(fields.phones.is_empty());
    assert_eq!(fields.letter_date.value.as_deref(), Some("2025-03-04"));
}
