//! Alerts: threats first of all, clues to a crime, valuables enclosed, secret marks (SZ 7.3.3, 7.3.5).
//!
//! A first version by words and who does what. A missed threat is the worst error, so doubt raises the flag; only a sentence
//! that says what the writer will *not* do, or tells what happened to others, does not. `sensitive` is not looked for.

use crate::domain::draft::{Flag, Flags};
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, LetterZones, text_of};

use super::body;
use super::evidence::place;
use super::glyphs::has_any;

/// Harm to oneself or others, or to order: enough by itself.
const HARM: &[&str] = &[
    "同归于尽",
    "跳楼",
    "跳下去",
    "跳下来",
    "跳河",
    "跳江",
    "跳桥",
    "自焚",
    "自杀",
    "自尽",
    "寻死",
    "寻短见",
    "轻生",
    "上吊",
    "喝农药",
    "服毒",
    "割腕",
    "卧轨",
    "投河",
    "死给",
    "去死",
    "以死",
    "死在",
    "了断",
    "炸药",
    "炸了",
    "炸掉",
    "炸毁",
    "引爆",
    "爆炸物",
    "雷管",
    "杀了",
    "杀人",
    "杀死",
    "杀光",
    "杀他",
    "杀你",
    "砍死",
    "砍了",
    "砍他",
    "捅死",
    "捅了",
    "弄死",
    "打死你",
    "打死他",
    "灭门",
    "陪葬",
    "垫背",
    "鱼死网破",
    "你死我活",
    "玉石俱焚",
    "血债血偿",
    "血溅",
    "血洗",
    "报复社会",
    "极端行为",
    "极端手段",
    "极端方式",
    "极端的事",
    "走极端",
    "走上绝路",
    "走绝路",
    "绝路",
    "豁出去",
    "拼命",
    "拼了",
    "拼个",
    "放火",
    "烧了",
    "烧掉",
    "点火",
    "汽油",
    "煤气罐",
    "绑架",
    "投毒",
    "下毒",
    "刀子",
    "菜刀",
    "出人命",
    "出了人命",
    "闹出人命",
    "一起死",
    "活不成",
    "谁也别想",
    "别想好过",
    "不得安宁",
    "不得好死",
    "绝食",
];

/// Disturbance of order.
const DISORDER: &[&str] = &[
    "拉横幅",
    "打横幅",
    "堵门",
    "堵路",
    "堵桥",
    "堵车",
    "堵大门",
    "围堵",
    "静坐",
    "进京",
    "上北京",
    "去北京",
    "到北京",
    "赴京",
    "闹事",
    "闹大",
    "闹到",
    "集体上访",
    "越级上访",
    "聚众",
    "游行",
    "示威",
    "罢工",
    "罢市",
    "罢课",
    "阻断交通",
    "拦车",
    "拦路",
    "砸",
    "冲进",
    "冲击",
    "包围",
    "占领",
    "讨说法",
    "曝光到境外",
    "境外媒体",
    "外国记者",
    "后果自负",
    "一切后果",
    "你们负责",
    "别怪我",
    "不要怪我",
    "采取行动",
    "采取过激",
    "过激行为",
    "大规模",
    "组织人",
];

/// The writer, or what he makes it depend on.
const OWN: &[&str] = &[
    "我", "本人", "咱", "大家", "如果", "再不", "若不", "若再", "否则", "不然", "要是", "就", "逼",
];

/// What the writer will not do, or wants to avert.
const DENIED: &[&str] = &[
    "不会",
    "不想",
    "不愿",
    "绝不",
    "决不",
    "从不",
    "没有想",
    "不是要",
    "并非",
    "防止",
    "避免",
    "以免",
    "杜绝",
    "劝阻",
    "不希望",
    "未曾",
    "不搞",
    "不参与",
    "不去",
];

/// Others, and the past.
const OTHERS: &[&str] = &[
    "有人",
    "有位",
    "有个",
    "一位",
    "邻居",
    "隔壁",
    "前年",
    "去年",
    "曾经",
    "险些",
    "差点",
    "当时",
    "他威胁",
    "他扬言",
    "对方",
    "他们威胁",
    "威胁我",
    "扬言要",
    "恐吓我",
    "新闻",
    "听说",
    "据说",
];

/// Clues to a crime.
const CRIME: &[&str] = &[
    "贪污",
    "受贿",
    "行贿",
    "好处费",
    "侵占",
    "挪用",
    "私分",
    "套取",
    "骗取",
    "诈骗",
    "敲诈",
    "勒索",
    "回扣",
    "洗钱",
    "非法集资",
    "赌博",
    "开赌场",
    "毒品",
    "吸毒",
    "贩毒",
    "黑社会",
    "涉黑",
    "黑恶",
    "恶势力",
    "保护伞",
    "卖淫",
    "嫖娼",
    "偷税",
    "漏税",
    "虚开",
    "伪造",
    "假公章",
    "强奸",
    "猥亵",
    "拐卖",
    "故意伤害",
    "打伤",
    "非法拘禁",
    "强拆打人",
    "索贿",
    "权钱交易",
    "买官卖官",
    "中饱私囊",
    "滥用职权",
    "徇私枉法",
    "徇私舞弊",
    "玩忽职守",
    "非法占用",
    "盗窃",
    "抢劫",
    "贿选",
    "传销",
    "假药",
    "有毒有害",
    "吃拿卡要",
    "违法犯罪",
    "职务犯罪",
    "举报",
];

const ENCLOSED: &[&str] = &[
    "随信",
    "附上",
    "附寄",
    "内附",
    "寄上",
    "寄去",
    "一并寄",
    "信内有",
    "信中夹",
    "夹有",
    "现附",
    "附有",
    "奉上",
];

const VALUABLES: &[&str] = &[
    "原件",
    "现金",
    "汇款单",
    "汇票",
    "存折",
    "存单",
    "银行卡",
    "房产证",
    "土地证",
    "人民币",
    "钱款",
    "户口本",
    "结婚证",
    "残疾证",
    "身份证",
    "驾驶证",
    "护照",
    "首饰",
    "金",
    "字画",
    "购物卡",
    "邮票",
    "支票",
    "元整",
    "百元",
    "千元",
    "毕业证",
    "荣誉证书",
    "勋章",
    "军功章",
    "奖章",
];

const SECRET: &[&str] = &["绝密", "机密", "秘密"];

/// Looks for every alert but `sensitive`; `archive_only` follows from the purpose and is set by the caller.
pub(crate) fn read(pages: &[PageText], zones: &LetterZones) -> Flags {
    let mut flow = body::flow(zones.body_rows());
    // A threat may stand in what was taken for signature lines.
    flow.extend(body::flow(zones.tail_rows()));
    let sentences = body::sentences(&flow);
    let raise = |test: &dyn Fn(&str) -> bool| {
        Some(flag(
            pages,
            sentences.iter().copied().find(|s| test(&text_of(s))),
        ))
    };
    Flags {
        threat: raise(&threatens),
        crime_clue: raise(&|s| has_any(s, CRIME) && !has_any(s, &["没有贪污", "打击报复"])),
        valuables: raise(&encloses),
        archive_only: None,
        sensitive: None,
        secret_mark: Some(flag(pages, secret_mark(zones))),
    }
}

fn flag(pages: &[PageText], found: Option<&[Glyph]>) -> Flag {
    match found {
        None => Flag::default(),
        Some(glyphs) => {
            let (page, quad) = place(pages, glyphs);
            Flag {
                value: true,
                quote: Some(text_of(glyphs)),
                page,
                quad,
            }
        }
    }
}

/// Whether a sentence threatens.
fn threatens(sentence: &str) -> bool {
    let harm = has_any(sentence, HARM);
    let disorder = has_any(sentence, DISORDER);
    if !harm && !disorder {
        return false;
    }
    let own = has_any(sentence, OWN);
    let denied = denied(sentence);
    let others = has_any(sentence, OTHERS);
    if denied
        || (others
            && !has_any(
                sentence,
                &["我就", "我要", "我也", "如果", "再不", "否则", "要是", "若"],
            ))
    {
        return false;
    }
    harm || own
}

/// A denial counts only when it stands before the words of threat, in the same clause, and is no condition (再不…就…).
fn denied(sentence: &str) -> bool {
    sentence.split([',', '、']).all(|clause| {
        let word = HARM
            .iter()
            .chain(DISORDER)
            .filter_map(|w| clause.find(w))
            .min();
        word.is_none_or(|at| has_any(&clause[..at], DENIED))
    })
}

fn encloses(sentence: &str) -> bool {
    let Some(at) = ENCLOSED.iter().filter_map(|e| sentence.find(e)).min() else {
        return false;
    };
    let rest = &sentence[at..];
    let copies = rest.contains("复印件")
        && !rest.contains("原件")
        && !has_any(rest, &["现金", "汇款单", "存折", "银行卡"]);
    has_any(rest, VALUABLES) && !copies
}

/// A mark like `机密★` standing alone above the letter.
fn secret_mark(zones: &LetterZones) -> Option<&[Glyph]> {
    zones
        .head()
        .iter()
        .chain(zones.salutation_rows())
        .find_map(|row| {
            let text = row.compact();
            let alone = text.chars().count() <= 10 && SECRET.iter().any(|s| text.starts_with(s));
            alone.then_some(row.glyphs.as_slice())
        })
}
