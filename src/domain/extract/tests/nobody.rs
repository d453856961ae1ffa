//! Rows that read like a name where nobody signed: wishes, places, callings, heroes, who passed the letter on. None of them is registered unseen.

use super::letters::{letter, page, roster};
use crate::domain::draft::Fields;
use crate::domain::extract::{dated_by, extract, illegible};
use crate::domain::text::PageKind;

fn ends_with(rows: &[&str]) -> Fields {
    let top = [
        "霍市长：",
        "我家门前的水沟堵了三个月，一下雨就淹。",
        "请派人来疏通。",
        "此致",
        "敬礼",
    ];
    let all: Vec<&str> = top.iter().chain(rows).copied().collect();
    letter(&all)
}

fn sender(fields: &Fields) -> &str {
    fields.sender_name.value.as_deref().unwrap_or_default()
}

/// Nobody signed, and it says so without pretending to be sure.
fn unsigned(row: &str, fields: &Fields) {
    assert_eq!(sender(fields), "匿名", "{row}");
    assert_eq!(fields.anonymous.reason.as_deref(), Some("无署名"), "{row}");
    assert!(!fields.sender_name.accepted, "{row}");
}

fn signed(name: &str, rows: &[&str]) {
    let fields = ends_with(rows);
    assert_eq!(sender(&fields), name, "{rows:?}");
    assert!(!fields.anonymous.value, "{rows:?}");
}

#[test]
fn a_wish_below_a_letter_is_no_signature() {
    for row in [
        "祝　康泰",
        "祝 安顺",
        "祝福寿",
        "谨祝　健康长寿",
        "祝 全家安康",
        "颂　春祺",
        "此颂 台安",
        "祝　万事如意！",
    ] {
        unsigned(row, &ends_with(&[row, "2025年3月4日"]));
    }
    // Who signs below it has signed.
    signed("汪小满", &["祝 康泰", "汪小满", "2025年3月4日"]);
    signed("汪小满", &["汪小满", "祝 康泰", "2025年3月4日"]);
}

#[test]
fn where_and_when_a_letter_was_written_is_no_signature() {
    for row in [
        "于滁州",
        "于病床",
        "于老宅",
        "于雨夜",
        "草于油灯下",
        "写于岳阳家中",
        "于田头",
    ] {
        unsigned(row, &ends_with(&[row, "2025年3月4日"]));
    }
    signed("汪小满", &["汪小满", "于病床", "2025年3月4日"]);
}

#[test]
fn who_passed_a_letter_on_did_not_sign_it() {
    for row in [
        "向传英 转",
        "向传英 代寄",
        "向传英代转",
        "向传英　捎",
        "向传英 抄",
        "向传英 校对",
        "向传英递",
        "转呈 向传英",
        "经办 向传英",
    ] {
        let fields = ends_with(&["2025年3月4日", row]);
        unsigned(row, &fields);
        let shown = fields.sender_name.alternatives.iter();
        assert_eq!(shown.filter(|a| a.value == "向传英").count(), 1, "{row}");
        signed("汪小满", &["汪小满", "2025年3月4日", row]);
    }
    // A name may end so.
    signed("欧阳建交", &["欧阳建交", "2025年3月4日"]);
    signed("向抄", &["向抄", "2025年3月4日"]);
}

#[test]
fn a_calling_a_hero_or_a_saying_stands_in_place_of_a_name() {
    for row in [
        "庄户人",
        "海青天",
        "窦娥",
        "万人恨",
        "和事佬",
        "石敢当",
        "王二麻子",
        "期盼者",
        "何其惨",
    ] {
        let fields = ends_with(&[row, "2025年3月4日"]);
        assert_eq!(sender(&fields), "匿名", "{row}");
        assert_eq!(fields.anonymous.reason.as_deref(), Some("假名"), "{row}");
        assert!(!fields.sender_name.accepted, "{row}");
        let shown = fields.sender_name.alternatives.iter();
        assert_eq!(shown.filter(|a| a.value == row).count(), 1, "{row}");
    }
}

#[test]
fn a_word_of_every_day_is_a_name_for_a_person_to_accept() {
    for row in ["高峰", "康乐", "于长春", "于九江", "方正", "江河", "常德"] {
        let fields = ends_with(&[row, "2025年3月4日"]);
        assert_eq!(sender(&fields), row);
        assert!(!fields.sender_name.accepted, "{row}");
    }
}

#[test]
fn a_rare_name_stays_one_and_so_does_a_labelled_wish() {
    for name in [
        "祝枝秀",
        "于建中",
        "于得水",
        "包庆田",
        "石敢",
        "庄稼勤",
        "张可人",
        "万人杰",
        "任明库",
        "转小满",
        "李立人",
        "祝海平",
    ] {
        signed(name, &[name, "2025年3月4日"]);
    }
    for name in ["祝康乐", "祝长寿", "康乐", "于株洲"] {
        signed(name, &[&format!("写信人：{name}"), "2025年3月4日"]);
    }
}

#[test]
fn how_many_signed_may_be_said_in_words_and_a_person_looks_at_them() {
    for (row, count) in [
        ("骆启华等四人", 4),
        ("骆启华等3人", 3),
        ("骆启华（等二十户）", 20),
        ("骆启华等十二名业主", 12),
        ("骆启华、聂光明等4人", 4),
    ] {
        let fields = ends_with(&[row, "2025年3月4日"]);
        assert_eq!(fields.joint.count, count, "{row}");
        assert_eq!(fields.joint.is_joint, count >= 5, "{row}");
        assert_eq!(sender(&fields), "骆启华", "{row}");
        assert!(!fields.sender_name.accepted, "{row}");
    }
    let alone = ends_with(&["骆启华", "2025年3月4日"]);
    assert_eq!(alone.joint.count, 1);
}

#[test]
fn a_day_of_something_else_below_a_letter_is_not_its_date() {
    for row in [
        "汪小满 1951年7月2日生",
        "照片摄于2025年3月1日",
        "盼2025年5月1日前回信",
        "请在2025年5月1日之前答复",
        "收信日期：2025年3月1日",
        "（本信第一次寄出：2025年3月1日）",
    ] {
        let fields = ends_with(&["汪小满", row]);
        assert_eq!(fields.letter_date.value, None, "{row}");
        let fields = ends_with(&["汪小满", "2025年4月2日", row]);
        let date = fields.letter_date.value.as_deref();
        assert_eq!(date, Some("2025-04-02"), "{row}");
    }
    for row in [
        "2025年3月1日前进村",
        "盼复 2025年3月1日",
        "2025年3月1日 生产队",
    ] {
        let fields = ends_with(&["汪小满", row]);
        let date = fields.letter_date.value.as_deref();
        assert_eq!(date, Some("2025-03-01"), "{row}");
    }
}

#[test]
fn a_letter_is_not_written_after_the_day_it_is_read_on() {
    let rows = ["霍市长：", "请修路灯。", "汪小满", "2025年3月4日"];
    let pages = [page(1, PageKind::Letter, &rows)];
    let mut fields = extract(&pages, &roster(), None);
    dated_by(&mut fields, "2025-03-04");
    assert_eq!(fields.letter_date.value.as_deref(), Some("2025-03-04"));
    dated_by(&mut fields, "2025-03-03");
    assert_eq!(fields.letter_date.value, None);
    let seen = &fields.letter_date.alternatives[0];
    assert_eq!(
        (seen.value.as_str(), seen.why_not.as_str()),
        ("2025-03-04", "晚于今天")
    );
}

#[test]
fn characters_nobody_writes_are_noise_and_ask_for_nothing() {
    let rows = [
        "瓒躋灕劙冃粘要盃纤萸",
        "酋挍閾撶氹殄儍撞瞞搸彿轍闵遅軱鳒",
        "饁舍痪梙貔辅糬鷇垥禴",
    ];
    let pages = [page(1, PageKind::Letter, &rows)];
    assert_eq!(illegible(&pages).as_deref(), Some("illegible: noise"));
    let fields = extract(&pages, &roster(), None);
    assert_eq!(fields.purpose.value, None);
    assert_eq!(fields.sender_name.value, None);
    assert!(!fields.anonymous.value && fields.matters.is_empty());
    // Rare characters of names and places make no noise of a letter.
    let rows = ["霍市长：", "我是淦垅村的龚鑫垚，家门口的枧沟堵了。", "淦垚"];
    let pages = [page(1, PageKind::Letter, &rows)];
    assert_eq!(illegible(&pages), None);
}
