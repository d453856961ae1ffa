//! Whether a letter asks for redress by the way it speaks: an imperative, a grievance, and nothing that thanks, asks about something, proposes or accuses.

use super::super::glyphs::has_any;

/// How a request begins.
const PLEAS: &[&str] = &[
    "请", "恳请", "恳求", "请求", "要求", "盼望", "希望", "诉求", "望", "盼", "求", "恳望", "敬请",
    "务请", "还请", "烦请", "祈请", "祈求", "跪求", "哀求",
];

/// Before it in its clause.
const LED_BY: &[&str] = &[
    "为此", "因此", "特此", "在此", "所以", "现在", "再次", "强烈", "诚恳", "诚心", "衷心", "我们",
    "我", "现", "特", "故", "只", "但", "就", "才",
];

/// Behind 请 and 望 where nothing is asked for: 请问, 请放心, 希望大家身体好.
const POLITE: &[&str] = &[
    "问",
    "教",
    "告知",
    "解答",
    "放心",
    "原谅",
    "见谅",
    "谅解",
    "包涵",
    "勿",
    "收下",
    "转达",
    "允许",
    "恕",
    "相信",
    "指正",
    "笑纳",
    "看",
    "听",
    "大家",
    "您身体",
    "各位",
    "你们继续",
    "您继续",
    "给个准话",
    "给个明白话",
    "讲一讲",
    "介绍",
    "说明",
];

/// Whom 请 asks for something, though 请教 asks a question: 请教育局, 请教体局.
const TEACHING: &[&str] = &["教育", "教体", "教委", "教办", "教师"];

/// What is asked for in a word or two: 请修, 请查处.
const DEEDS: &[&str] = &[
    "修", "修理", "修好", "维修", "抢修", "查", "查处", "查清", "严查", "管", "管管", "帮", "帮忙",
    "帮帮", "办", "办理", "处理", "解决", "退", "退款", "退还", "拆", "拆除", "换", "换掉", "更换",
    "清理", "清运", "疏通", "治理", "整治", "整改", "核实", "落实", "批准", "补发", "补办", "恢复",
    "赔偿", "制止", "取缔",
];

/// Whether a clause of the sentence is an imperative that wants something done.
pub(super) fn asks(sentence: &str) -> bool {
    sentence
        .split([',', '。', ';', '!', '?', ':'])
        .any(|clause| {
            let bare = LED_BY
                .iter()
                .fold(clause, |text, word| text.strip_prefix(word).unwrap_or(text));
            let plea = PLEAS.iter().filter(|plea| bare.starts_with(**plea));
            let Some(plea) = plea.max_by_key(|plea| plea.len()) else {
                return false;
            };
            let rest = &bare[plea.len()..];
            let is_deed = DEEDS.contains(&rest) && !plea.starts_with('望');
            let is_polite = POLITE.iter().any(|word| rest.starts_with(word));
            let to_teachers = TEACHING.iter().any(|word| rest.starts_with(word));
            is_deed || rest.chars().count() >= 3 && (!is_polite || to_teachers)
        })
}

/// Whether it tells of something that was done to somebody, or not done for him.
pub(super) fn grieves(sentence: &str) -> bool {
    let wronged = [
        "没有", "没人", "无人", "不给", "不肯", "拒绝", "拖欠", "拖着", "欠", "推", "至今", "一直",
        "次", "趟", "不管", "不理", "坏", "漏", "堵", "停", "扣", "少", "吵", "臭", "占", "打",
        "骗", "裂", "塌", "伤", "死", "病", "苦", "难", "怕", "睡不",
    ];
    has_any(sentence, &wronged)
}

/// Thanks, questions, proposals or somebody's misdeeds, also without the words that make a purpose of them.
pub(super) fn is_another(sentence: &str) -> bool {
    let thanks = [
        "感谢",
        "谢谢您",
        "感激",
        "表扬",
        "恩情",
        "多亏",
        "好人",
        "好干部",
        "夸",
        "报喜",
        "报个喜",
    ];
    let misdeeds = [
        "收受", "受贿", "贿赂", "贪污", "侵吞", "套取", "虚报", "冒领", "私设", "截留", "挪用",
        "礼金", "回扣", "举报", "检举", "中饱", "私分", "霸占", "纵容", "指使", "勾结", "不服",
        "申诉", "复查", "复核", "再审",
    ];
    let questions = [
        "吗",
        "么?",
        "能不能",
        "可不可以",
        "是否",
        "咨询",
        "请教",
        "怎么办",
        "如何",
        "请问",
        "有没有",
        "还是",
        "哪里",
        "哪个",
        "什么时候",
    ];
    let proposals = [
        "建议",
        "增设",
        "增加",
        "延长",
        "设立",
        "开设",
        "加装",
        "改大",
        "优化",
        "完善",
        "推广",
        "宣传",
        "普及",
        "试点",
        "美化",
        "想法",
        "意见",
        "应该",
        "应当有",
        "最好",
        "不妨",
        "可以考虑",
        "主意",
        "点子",
    ];
    [&thanks[..], &misdeeds, &questions, &proposals]
        .iter()
        .any(|words| has_any(sentence, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_imperative_asks_and_a_courtesy_does_not() {
        for sentence in [
            "请责成公司退还押金。",
            "为此,恳请领导过问。",
            "我们跑了五趟,望派人核实。",
            "求政府帮帮我们。",
            "水管爆了三天,请修。",
            "请查处。",
            "请教育局恢复孩子的学籍。",
        ] {
            assert!(asks(sentence), "{sentence}");
        }
        for sentence in [
            "请问到哪里办理?",
            "请教各位领导一件事。",
            "请放心。",
            "希望大家身体健康。",
            "有说得不对的地方请包涵。",
            "请原谅我冒昧来信。",
            "我去请他喝酒。",
        ] {
            assert!(!asks(sentence), "{sentence}");
        }
    }
}
