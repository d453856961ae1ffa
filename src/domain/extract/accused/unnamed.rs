//! What a letter says of somebody in the office it is written to whom it only points at (那位, 经办的人), or does not even mention (请宽限几天): gifts, money,
//! favours, bargaining. Where the sentence has a counterpart of its own, the driver or the landlord, it is his.
//!
//! These words do not go all the way; whoever confirms the letter is asked the same (`store/receivers.rs`).

use super::courtesy::OTHERS;
use super::gifts::{Gift, gift_in, only_found, without_declined};
use super::spoken::Meant;

/// People of an office by what they do.
const POINTED: &[&str] = &[
    "经办的",
    "经办人",
    "经手的",
    "经手人",
    "替我办",
    "帮我办",
    "给我办事",
    "替我跑",
    "帮我跑",
    "管我这",
    "管我的",
    "管这件",
    "管这事",
    "管此事",
    "负责我这",
    "负责这件",
    "负责此事",
    "接我材料",
    "收我材料",
    "收材料的",
    "接待我的",
    "接待的那",
    "窗口里",
    "窗口的",
    "柜台里",
    "里面的人",
    "里头的人",
    "这里的人",
    "这儿的人",
    "上面的人",
    "办事员",
    "办事的人",
    "那位同志",
    "那个同志",
    "某同志",
    "某位同志",
    "那位领导",
    "那个领导",
    "某领导",
    "某位领导",
    "那位干部",
    "那个干部",
    "那位科长",
    "那位处长",
    "那位主任",
    "那位姑娘",
    "那位,",
    "那位。",
    "门卫",
    "传达室",
];
/// What passes between him and the writer.
const DEALT: &[&str] = &[
    "烟",
    "酒",
    "茶叶",
    "茶楼",
    "红包",
    "礼品",
    "送礼",
    "礼物",
    "的卡",
    "那张卡",
    "购物卡",
    "字画",
    "存折",
    "的钱",
    "要钱",
    "收钱",
    "给钱",
    "钱给",
    "万元",
    "千元",
    "百元",
    "块钱",
    "的数",
    "数目",
    "补上",
    "补齐",
    "再补",
    "凑",
    "宽限",
    "嫌少",
    "不够",
    "不会少",
    "表示表示",
    "意思意思",
    "府上",
    "他家里",
    "饭局",
    "吃饭",
    "请客",
    "酒店",
    "饭店",
    "带去",
    "捎去",
    "捎给",
    "查收",
    "收下",
    "拿走",
    "退回来",
    "孝敬",
    "打点",
    "好处",
    "心意",
    "牵走",
    "牵去",
    "还给我",
    "该还",
    "难为",
    "为难",
    "高抬贵手",
    "饶",
    "得罪",
    "小鞋",
    "报复",
    "威胁",
    "恐吓",
    "半夜",
    "晚上",
];
/// Said to whoever is written to without a word for him.
const BARGAINED: &[&str] = &[
    "高抬贵手",
    "手下留情",
    "放我一马",
    "放我们一马",
    "放过我",
    "饶了我",
    "饶过我",
    "宽限",
    "凑够",
    "凑齐",
    "表示表示",
    "意思意思",
    "嫌少",
    "府上",
    "放了吧",
    "请放我",
    "放了我",
    "答应的事",
    "答应我的",
    "答应过我",
    "那张卡",
    "好处费",
    "茶水费",
    "辛苦费",
    "孝敬",
    "打点了",
    "收我的",
    "收了我",
];
/// Counterparts beside those whom an office makes do something.
const OWN: &[&str] = &[
    "老板",
    "房东",
    "司机",
    "大姐",
    "大妈",
    "大爷",
    "大叔",
    "商贩",
    "摊",
    "店",
    "超市",
    "医生",
    "老师",
    "校长",
    "保安",
    "工头",
    "村干部",
    "主任家",
    "村主任",
    "支书",
    "村长",
    "骗子",
    "中介",
    "亲戚",
    "亲家",
    "村委",
    "镇",
    "警察",
    "民警",
    "法官",
    "律师",
    "车主",
    "肇事",
    "对方",
    "被告",
    "厂",
    "工地",
    "物业",
    "矿",
    "他人",
    "楼上",
    "楼下",
    "隔壁",
    "老人",
    "残疾",
    "妻子",
    "丈夫打",
    "前夫",
    "女婿",
    "儿媳",
    "弟弟",
    "哥哥",
    "叔叔",
    "姑妈",
    "姑姑",
    "婆婆",
    "彩礼",
    "礼金",
    "婚",
    "骗走",
    "诈骗",
    "偷走",
    "小偷",
    "算命",
    "中奖",
    "慈善",
    "捐给",
    "捐了",
    "别人家",
    "报销",
    "报案",
    "租房",
    "公安机关",
    "妇联",
    "外省",
    "冒充",
    "快递",
    "外卖",
    "劳动部门",
    "教育部门",
    "我们村",
    "我村",
    "村里有人",
    "村里的人",
    "本村",
];

/// Sentences that speak of somebody in the offices that are written to.
pub(super) fn unnamed(chars: &[char], addressed: &[String]) -> Vec<Meant> {
    let mut all = Vec::new();
    if addressed.is_empty() {
        return all;
    }
    let has_counterpart = |text: &str| {
        let mut others = OWN.iter().chain(OTHERS);
        others.any(|word| text.contains(word))
    };
    let whole: String = chars.iter().filter(|c| !c.is_whitespace()).collect();
    let is_of_others = has_counterpart(&whole);
    let mut from = 0;
    for at in 0..=chars.len() {
        let ends = chars.get(at).is_none_or(|c| "。!?;".contains(*c));
        if !ends {
            continue;
        }
        let sentence: String = chars[from..at.min(chars.len())]
            .iter()
            .filter(|c| !c.is_whitespace())
            .chain(['。'].iter())
            .collect();
        let sentence = without_declined(&sentence);
        let has = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
        let is_dealt = has(POINTED) && has(DEALT) || has(BARGAINED);
        let is_given = match gift_in(&sentence) {
            Gift::Yes => true,
            Gift::Perhaps => !is_of_others,
            Gift::No => false,
        };
        let is_meant = (is_dealt || is_given) && !only_found(&sentence);
        if is_meant && !has_counterpart(&sentence) && from < at {
            all.push(Meant {
                at: from..at,
                of: addressed.to_vec(),
            });
        }
        from = at + 1;
    }
    all
}
