//! Pages that are something else than a letter, and letters that speak of such things and stay letters.

use super::*;
use crate::domain::text::Line;

/// A sheet of A4 with these rows.
fn sheet(rows: &[&str]) -> PageText {
    page(2480, 3508, rows)
}

fn page(width: u32, height: u32, rows: &[&str]) -> PageText {
    let line = |(i, text): (usize, &&str)| {
        let top = 200.0 + 90.0 * i as f32;
        let right = 300.0 + 60.0 * text.chars().count() as f32;
        Line {
            text: (*text).to_owned(),
            raw: (*text).to_owned(),
            quad: [
                [300.0, top],
                [right, top],
                [right, top + 60.0],
                [300.0, top + 60.0],
            ],
            confidence: 0.98,
            chars: Vec::new(),
            vertical: false,
        }
    };
    PageText {
        n: 1,
        kind: PageKind::Letter,
        width,
        height,
        lines: rows.iter().enumerate().map(line).collect(),
    }
}

#[test]
fn papers_are_known_by_what_they_say_twice() {
    let due = [
        (
            Sign::IdCard,
            &[
                "姓名 张三",
                "性别 男 民族 汉",
                "出生 1960年3月2日",
                "住址 江苏省",
                "公民身份号码 320501196003021234",
            ][..],
        ),
        (
            Sign::IdCard,
            &[
                "中华人民共和国",
                "居民身份证",
                "签发机关 苏州市公安局",
                "有效期限 2010.01.01-2030.01.01",
            ],
        ),
        (
            Sign::CourtPaper,
            &[
                "江苏省苏州市中级人民法院",
                "民事判决书",
                "（2021）苏05民终1234号",
                "上诉人（原审原告）张三，男，1960年3月2日生。",
            ],
        ),
        (
            Sign::OfficialReply,
            &[
                "关于张三信访事项的处理意见书",
                "〔2024〕15号",
                "张三：",
                "你反映的拆迁补偿问题，经调查，情况如下。",
            ],
        ),
        (
            Sign::Receipt,
            &[
                "收款收据",
                "今收到张三交来物业费",
                "金额（大写）壹仟元整",
                "收款单位 某某物业",
            ],
        ),
        (
            Sign::Contract,
            &[
                "房屋租赁合同",
                "甲方：张三",
                "乙方：李四",
                "双方协商一致，订立本合同。",
            ],
        ),
        (
            Sign::Certificate,
            &[
                "常住人口登记卡",
                "姓名 张三 户主或与户主关系 户主",
                "籍贯 江苏 出生日期 1960年3月2日",
            ],
        ),
        (
            Sign::TransferForm,
            &[
                "来信转办单",
                "编号（2025）118号",
                "来信人 张三",
                "承办单位 住建局",
                "办理期限 60日",
            ],
        ),
        (
            Sign::TransferForm,
            &[
                "国家信访局",
                "信访事项转送函",
                "苏州市信访局：",
                "现将张三来信转送你局，请按规定办理。",
            ],
        ),
    ];
    for (sign, rows) in due {
        assert_eq!(proposed(&sheet(rows)), Some(sign), "{rows:?}");
    }
}

#[test]
fn an_envelope_is_known_by_its_address_and_shape_or_postcode() {
    let front = ["215004", "苏州市三香路998号", "市信访局 收", "张三 寄"];
    assert_eq!(proposed(&page(2600, 1300, &front)), Some(Sign::Envelope));
    assert_eq!(proposed(&page(2600, 1800, &front)), Some(Sign::Envelope));
    assert_eq!(
        proposed(&page(2600, 1800, &front[1..])),
        None,
        "neither postcode nor shape"
    );
    // A narrow strip of a letter is none.
    assert_eq!(proposed(&page(2600, 1000, &["请查收", "谢谢"])), None);
}

/// A page stays a letter however much it speaks of judgments, contracts and receipts.
#[test]
fn letters_stay_letters() {
    let letters = [
        &[
            "尊敬的领导：",
            "我收到（2021）苏05民终1234号民事判决书，不服苏州市法院的判决。",
            "随信附上收据。",
        ][..],
        &[
            "关于拆迁补偿的合同",
            "我与甲方签订了协议，甲方一直没有付款。",
        ],
        &[
            "情况反映",
            "2021年我拿到处理意见书",
            "我不服，请求重新调查。",
            "此致",
            "敬礼",
        ],
        &["民事判决书", "尊敬的院长：", "这份判决书我不服。"],
        &["姓名：张三", "性别：男", "我要反映下面的问题。"],
        &[
            "申诉书",
            "申诉人张三，男，汉族，住苏州市。",
            "请求事项：撤销判决。",
            "事实与理由：甲方乙方双方签订协议。",
        ],
        &[
            "控告信",
            "公函已经发了三次，承办单位一直不办，请按规定督办。",
        ],
        &[],
    ];
    for rows in letters {
        assert_eq!(proposed(&sheet(rows)), None, "{rows:?}");
    }
}

#[test]
fn an_organ_s_letter_about_a_letter_that_it_passes_on_is_its_letter() {
    for title in [
        &["关于转送赵小兰来信的函"][..],
        &["关于转办城西镇梅园村村民", "赵小兰来信的函"],
        &["关于交办信访事项的通知"],
    ] {
        let mut rows = vec!["临江市人民政府办公室文件", "临政办函〔2025〕117号"];
        rows.extend(title);
        rows.push("桥南区信访局：");
        rows.push("现将赵小兰同志来信一件转去，请按规定办理。");
        assert_eq!(
            proposed(&sheet(&rows)),
            Some(Sign::TransferForm),
            "{title:?}"
        );
    }
    // Who writes about such a letter writes a letter.
    let own = sheet(&[
        "关于转办我来信的函没有下文",
        "临江市信访局：",
        "去年收到关于转送的函，至今没有结果。",
    ]);
    assert_eq!(proposed(&own), None);
}

#[test]
fn a_narrow_receipt_is_no_envelope() {
    let receipt = page(
        950,
        1900,
        &[
            "临江市第二人民医院",
            "地址：临江市桥南区河西路12号",
            "西药费 1286.40",
            "票号 215000",
            "实收",
        ],
    );
    assert_ne!(proposed(&receipt), Some(Sign::Envelope));
}
