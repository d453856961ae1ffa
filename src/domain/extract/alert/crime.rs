//! Clues to a crime (SZ 7.3.5(2)): words that name one, and the ways people tell of one without its name — public money that ends in somebody's
//! own hands, gifts taken for a decision, savings talked out of people, goods made to look what they are not.

use crate::domain::extract::glyphs::has_any;

/// Crimes of an office, or of somebody in one.
pub(crate) const OF_OFFICE: &[&str] = &[
    "贪污",
    "侵吞",
    "私吞",
    "截留",
    "收受",
    "贿赂",
    "受贿",
    "行贿",
    "索贿",
    "好处费",
    "回扣",
    "私卖",
    "私分",
    "侵占",
    "挪用",
    "套取",
    "保护伞",
    "冒领",
    "权钱交易",
    "中饱私囊",
    "滥用职权",
    "利用职务",
    "玩忽职守",
    "吃拿卡要",
    "小金库",
];

/// Crimes of people, and of no office as a whole.
pub(crate) const OF_PEOPLE: &[&str] = &["非法拘禁", "倒卖", "骗取", "敲诈", "勒索", "赌博"];

/// What is done to people with fists.
pub(crate) const BEATING: &[&str] = &["殴打", "打伤"];

/// Other words that name a crime, or what is only said of one.
const NAMED: &[&str] = &[
    "吞没",
    "虚列",
    "虚开",
    "虚报",
    "假账",
    "做假",
    "假发票",
    "假票据",
    "假公章",
    "假文凭",
    "索要好处",
    "收黑钱",
    "吃差价",
    "吃空饷",
    "吃空额",
    "强揽",
    "强占",
    "围标",
    "串标",
    "套现",
    "卷款",
    "打人致",
    "寻衅",
    "强迫交易",
    "高利贷",
    "套路贷",
    "非法吸收",
    "非法集资",
    "非法占用",
    "非法采",
    "私设",
    "私收",
    "诈骗",
    "骗走",
    "骗去",
    "骗光",
    "洗钱",
    "开赌场",
    "毒品",
    "吸毒",
    "贩毒",
    "黑社会",
    "涉黑",
    "黑恶",
    "恶势力",
    "卖淫",
    "嫖娼",
    "偷税",
    "漏税",
    "偷电",
    "伪造",
    "冒名顶替",
    "强奸",
    "猥亵",
    "拐卖",
    "故意伤害",
    "强拆打人",
    "买官卖官",
    "优亲厚友",
    "徇私枉法",
    "徇私舞弊",
    "盗窃",
    "盗采",
    "偷采",
    "偷挖",
    "偷砍",
    "偷伐",
    "偷卖",
    "骗子",
    "走账",
    "送礼",
    "送红包",
    "送烟",
    "送钱给",
    "给他个人",
    "给她个人",
    "个人收款码",
    "私人收款码",
    "盗伐",
    "盗挖",
    "盗卖",
    "砍伐国家",
    "砍伐公益林",
    "抢劫",
    "贿选",
    "传销",
    "假药",
    "假酒",
    "假烟",
    "地沟油",
    "病死猪",
    "注水肉",
    "有毒有害",
    "违法犯罪",
    "职务犯罪",
];

/// What belongs to all, or is paid out to those in need.
const PUBLIC: &[&str] = &[
    "公款",
    "公家的",
    "集体的",
    "集体资金",
    "集体款",
    "村里的钱",
    "组里的钱",
    "救灾",
    "救济",
    "扶贫",
    "补助",
    "补贴",
    "低保",
    "危房改造",
    "专项",
    "征地款",
    "征收款",
    "补偿款",
    "修路款",
    "工程款",
    "捐款",
    "名额",
    "维修基金",
    "公积金",
    "给村上拨",
    "给村里拨",
    "拨给村",
    "上级拨",
    "上面拨",
    "政府拨",
    "拨下来",
];

/// Where it ends.
const OWN_HANDS: &[&str] = &[
    "给自己",
    "归自己",
    "自己用",
    "自己花",
    "自家",
    "他家",
    "她家",
    "亲戚",
    "亲属",
    "小舅子",
    "大舅子",
    "丈母娘",
    "岳父",
    "岳母",
    "丈人家",
    "舅子家",
    "老婆名下",
    "儿子名下",
    "腰包",
    "装进",
    "揣进",
    "私人账户",
    "个人账户",
    "私人卡",
    "不入账",
    "没有入账",
    "不入公账",
    "买了车",
    "盖了楼",
];

/// What is taken for a decision; fees and fines are none.
const TAKEN: &[&str] = &["收了", "收过", "收下", "拿了", "吃了", "要了"];
const GIFTS: &[&str] = &[
    "烟酒",
    "好烟",
    "好酒",
    "红包",
    "好处",
    "礼金",
    "礼品",
    "购物卡",
    "茅台",
];
const GIFTS_WITHIN: usize = 10;

/// Those who give it, and what they give, where it was taken: 收了包工头一辆车, and not what is due to them.
const GIVERS: &[&str] = &[
    "老板",
    "开发商",
    "包工头",
    "承包",
    "供应商",
    "供货",
    "厂家",
    "企业",
    "施工",
    "中标",
    "投标",
    "商户",
];
const GIVEN: &[&str] = &[
    "车", "房", "表", "卡", "钱", "万", "礼", "烟", "酒", "金", "股", "现金",
];

/// Games, and what makes gambling of them.
const GAMES: &[&str] = &[
    "打牌",
    "麻将",
    "牌九",
    "扎金花",
    "炸金花",
    "推牌",
    "斗地主",
    "玩牌",
];
const STAKES: &[&str] = &["输赢", "带彩", "下注", "赌", "赢钱", "输钱"];

/// Asked for by who decides; what is due to who asks is none.
const DEMANDED: &[&str] = &["索要", "索取", "勒要", "伸手要", "张口要", "开口要"];
const DEMANDS: &[&str] = &[
    "现金",
    "好处",
    "红包",
    "礼金",
    "礼品",
    "购物卡",
    "烟",
    "酒",
    "茅台",
    "钱",
    "元",
    "块",
    "万",
    "费",
];
const DUE: &[&str] = &[
    "赔偿",
    "补偿",
    "工资",
    "工钱",
    "薪",
    "欠款",
    "货款",
    "借款",
    "抚养",
    "赡养",
    "工程款",
    "医药费",
    "医疗费",
    "押金",
    "保证金",
    "退款",
    "租金",
    "房租",
    "彩礼",
    "发票",
    "损失",
    "补助",
    "补贴",
    "定金",
    "订金",
    "学费",
    "误工",
];
/// Who asks: the writer.
const OWN: &[&str] = &["我", "我们", "俺", "本人", "我家", "我的", "我老", "我们家"];

/// Talked or taken out of somebody: with money near it.
const CHEATED: &[&str] = &["骗了", "骗我", "骗老", "骗人", "卷走"];
/// Money.
const MONEY: &[&str] = &["钱", "元", "万", "款", "积蓄", "存款"];
const MONEY_WITHIN: usize = 14;

/// What goods are made to look like, or papers.
const FALSE_MADE: &[&str] = &[
    "换日期",
    "换了日期",
    "改日期",
    "改了日期",
    "改生产日期",
    "篡改日期",
    "换标签",
    "换个标签",
    "发票是假",
    "票据是假",
    "公章是假",
    "签名是假",
    "签字是假",
    "合同是假",
    "证书是假",
    "假冒我",
    "假签名",
    "假签字",
];

/// Right before such a word: it is denied.
const DENIED: &[&str] = &[
    "没有",
    "从没",
    "从未",
    "并未",
    "并没有",
    "不是",
    "不曾",
    "未曾",
];

/// Whether a sentence has a clue to a crime in it.
pub(crate) fn tells_of_crime(sentence: &str) -> bool {
    [OF_OFFICE, OF_PEOPLE, BEATING, NAMED, FALSE_MADE]
        .into_iter()
        .flatten()
        .any(|word| stands(sentence, word).is_some())
        || helps_himself(sentence)
        || near(sentence, CHEATED, MONEY, MONEY_WITHIN)
        || has_any(sentence, GAMES) && has_any(sentence, STAKES)
}

/// Whether somebody is told to have taken what is no wage of his: public money, gifts, what he demanded, what is held for him in another's name.
pub(crate) fn helps_himself(sentence: &str) -> bool {
    has_any(sentence, PUBLIC) && OWN_HANDS.iter().any(|word| ends_up(sentence, word))
        || demands(sentence)
        || near(sentence, TAKEN, GIFTS, GIFTS_WITHIN)
        || is_given(sentence)
        || held_by_another(sentence)
}

/// 收了搞绿化的老板一辆二手车
fn is_given(sentence: &str) -> bool {
    TAKEN.iter().any(|word| {
        let rest = stands(sentence, word).map(clause_of).unwrap_or_default();
        let giver = GIVERS.iter().find_map(|giver| rest.split_once(giver));
        giver.is_some_and(|(lead, given)| {
            let near = lead.chars().count() <= GIFTS_WITHIN;
            near && has_any(given, GIVEN) && !has_any(given, DUE)
        })
    })
}

/// 挂在他侄子名下, and not in the writer's or his kin's.
fn held_by_another(sentence: &str) -> bool {
    let behind = sentence
        .split_once("挂在")
        .map(|(_, behind)| clause_of(behind));
    let holder = behind.and_then(|behind| behind.split_once("名下"));
    holder.is_some_and(|(holder, _)| {
        (1..=GIFTS_WITHIN).contains(&holder.chars().count()) && !has_any(holder, OWN)
    })
}

/// Whether one of some words stands undenied with one of others soon behind it in its clause.
fn near(sentence: &str, words: &[&str], beside: &[&str], most: usize) -> bool {
    words.iter().any(|word| {
        let found = stands(sentence, word).map(clause_of);
        let near = |rest: &str| rest.chars().take(most).collect::<String>();
        found.is_some_and(|rest| has_any(&near(rest), beside))
    })
}

/// A text up to the end of its clause.
fn clause_of(text: &str) -> &str {
    text.split([',', '。']).next().unwrap_or_default()
}

/// Whether somebody's hands are spoken of that are not the writer's: 我儿子名下 has a car.
fn ends_up(sentence: &str, word: &str) -> bool {
    let mut places = sentence.match_indices(word).map(|(at, _)| &sentence[..at]);
    places.any(|before| !OWN.iter().any(|own| before.ends_with(own)))
}

/// 办证时向我索要现金八千元, and not what the writer asks for himself, or what is due.
fn demands(sentence: &str) -> bool {
    let clauses = sentence.split([',', '。', ';', '!', '?', ':']);
    clauses.into_iter().any(|clause| {
        DEMANDED.iter().any(|word| {
            clause.split_once(word).is_some_and(|(lead, rest)| {
                let to_us = ["向我", "找我", "跟我", "问我", "对我"];
                let own = has_any(lead, OWN) && !has_any(lead, &to_us);
                let near: String = rest.chars().take(GIFTS_WITHIN).collect();
                !own && has_any(&near, DEMANDS) && !has_any(&near, DUE) && !has_any(lead, DENIED)
            })
        })
    })
}

/// What stands behind the first place of a word that is not denied.
fn stands<'a>(sentence: &'a str, word: &str) -> Option<&'a str> {
    let mut places = sentence.match_indices(word);
    let (at, _) = places.find(|(at, _)| {
        let before = &sentence[..*at];
        !DENIED.iter().any(|denied| before.ends_with(denied))
    })?;
    Some(&sentence[at + word.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crime_that_is_told_without_its_name_is_a_clue() {
        for told in [
            "村主任把修路款转到他小舅子的卡上。",
            "会计虚报了五户危房。",
            "低保名额都给了他家亲戚。",
            "办案的收了对方两条好烟,案子就不动了。",
            "那家公司骗了我母亲八万元,门已经关了。",
            "店里把到期的面包换了日期又摆出来。",
            "食堂采购吃差价,票据是假的。",
            "有人夜里在河滩盗采砂石。",
            "所长办证时向我索要现金五千元。",
            "验收的人张口要两条烟,不给就不签字。",
            "工作日下午在茶馆打牌,一把一百,输赢上千。",
            "他收了修路的老板一辆小轿车。",
            "那套门面挂在他外甥名下。",
            "给村上拨的四十吨沙子,有一车拉到他丈人家砌了围墙。",
        ] {
            assert!(tells_of_crime(told), "{told}");
        }
    }

    #[test]
    fn what_people_complain_of_every_day_is_no_clue() {
        for told in [
            "物业收了每户两百元垃圾费。",
            "我的低保去年停了,想请镇里再核一核。",
            "自来水公司收了钱,三个月没有来装表。",
            "他们没有贪污,就是办事慢。",
            "补贴还没有发到我自己卡里,请查一查。",
            "我家亲戚都在外地。",
            "低保停了,说我儿子名下有一辆三轮车。",
            "救济款没有发,我家亲戚都替我着急。",
            "我多次向老板索要工资三千元。",
            "我去索要押金一千元,他不给。",
            "棋牌室天天打麻将,吵得人睡不着。",
            "我收了老板欠我的工钱一万元,还差三千。",
            "房子还挂在我父亲名下,想过户。",
            "城管收了我一辆三轮车,没有给条子。",
            "我们索要钱款,他躲着不见。",
        ] {
            assert!(!tells_of_crime(told), "{told}");
        }
    }
}
