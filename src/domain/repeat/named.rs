//! Which places and parties a text names, by the word their names end in: two letters in the same words about two firms are two matters.

use crate::domain::zones::is_han;

/// Keys of names among the keys of single characters: Unicode's surrogates, which are no characters.
pub(super) const KEYS: std::ops::RangeInclusive<u32> = 0xD800..=0xDFFF;

/// What names of places and parties end in; longer ones first.
const ENDINGS: &[&str] = &[
    "有限公司",
    "公司",
    "幼儿园",
    "养老院",
    "合作社",
    "小学",
    "中学",
    "学校",
    "医院",
    "银行",
    "饭店",
    "酒店",
    "超市",
    "市场",
    "工厂",
    "工地",
    "小区",
    "花园",
    "家园",
    "新村",
    "公寓",
    "广场",
    "大道",
    "厂",
    "苑",
    "路",
    "街",
    "巷",
    "村",
    "店",
];

/// Kinds of parties, not their names: 供热公司, 物业公司, 烧烤店.
const KINDS: &[&str] = &[
    "供热",
    "热力",
    "供水",
    "自来水",
    "燃气",
    "供电",
    "物业",
    "保险",
    "快递",
    "装修",
    "装饰",
    "开发",
    "房产",
    "地产",
    "置业",
    "建筑",
    "劳务",
    "中介",
    "搬家",
    "通信",
    "机械",
    "化工",
    "电子",
    "纺织",
    "印刷",
    "烧烤",
    "饮食",
    "餐饮",
    "洗车",
    "理发",
    "便利",
    "快餐",
    "人民",
    "中心",
    "市立",
    "县",
    "公立",
    "私立",
    "民办",
    "我们",
    "他们",
    "这家",
    "那家",
    "一家",
    "该",
    "本",
    "我",
    "老旧",
    "农贸",
    "菜",
    "商业",
    "道",
    "马",
    "公",
    "铁",
    "线",
    "门",
    "养",
    "网",
    "药",
    "全",
    "同",
    "邻",
    "外",
    "商",
    "分",
    "新",
    "大",
    "小",
    "多",
    "半",
    "出",
    "进",
    "修",
    "走",
    "让",
    "电",
];

/// Where a name read backwards ends: no name begins before one of these.
const STOPS: &str = "在是到和的们于自从住你他她把被将向由对给让就也都又还有无没不了着过去来及与这那此每各某个因为后前里上下年月日找跟叫";

/// The keys of the names in a prepared text: of each two characters of a name that stand together, so that a short form of it is known.
pub(super) fn of(prepared: &str) -> Vec<u32> {
    let mut keys: Vec<u32> = prepared.split(' ').flat_map(in_clause).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn in_clause(clause: &str) -> Vec<u32> {
    let mut keys = Vec::new();
    for ending in ENDINGS {
        for (at, _) in clause.match_indices(ending) {
            let stem: Vec<char> = clause[..at]
                .chars()
                .rev()
                .take_while(|c| is_han(*c) && !STOPS.contains(*c))
                .take(LONGEST_STEM)
                .collect();
            let stem: String = stem.into_iter().rev().collect();
            keys.extend(keys_of(&stem));
        }
    }
    keys
}

/// Characters of a name before the word it ends in.
const LONGEST_STEM: usize = 6;

fn keys_of(stem: &str) -> Vec<u32> {
    let mut own = stem.to_owned();
    for word in KINDS.iter().chain(ENDINGS) {
        own = own.replace(word, " ");
    }
    let pairs = |part: &str| {
        let chars: Vec<u32> = part.chars().map(u32::from).collect();
        chars
            .windows(2)
            .map(|w| key(w[0], w[1]))
            .collect::<Vec<_>>()
    };
    own.split(' ').flat_map(pairs).collect()
}

fn key(first: u32, second: u32) -> u32 {
    let hash = [first, second]
        .into_iter()
        .fold(0x811c_9dc5_u32, |hash, ch| {
            (hash ^ ch).wrapping_mul(0x0100_0193)
        });
    KEYS.start() + (hash ^ hash >> 15) % (KEYS.end() - KEYS.start() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(a: &str, b: &str) -> bool {
        let theirs = of(b);
        of(a).iter().any(|key| theirs.contains(key))
    }

    #[test]
    fn a_short_form_of_a_name_is_known_and_another_firm_is_another() {
        assert!(share("恒达机械有限公司欠我工资", "恒达公司不发工资"));
        assert!(!share("恒达机械公司欠我工资", "永安机械公司欠我工资"));
        assert!(share("珍珠路的路灯坏了", "整条珍珠路没有灯"));
        assert!(!share("珍珠路的路灯坏了", "东山大道的路灯坏了"));
    }

    #[test]
    fn a_kind_of_party_is_no_name() {
        for text in [
            "供热公司推给物业公司",
            "我们小区的烧烤店",
            "这家公司",
            "路灯坏了",
        ] {
            assert!(of(text).is_empty(), "{text}");
        }
    }
}
