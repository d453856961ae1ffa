//! Names that are no surname and a given name: those of the Yi, of a family and what follows it, and those of the Tibetans and Mongols, of whole words.

/// Families of the Yi, before the given name.
const FAMILIES: &str = "\
    吉克 吉木 吉子 吉伍 吉列 吉史 吉觉 吉则 吉胡 阿尔 阿苏 阿库 阿约 阿牛 阿的 阿侯 阿支 \
    阿什 阿余 阿作 沙马 沙玛 马海 海来 曲比 曲木 曲么 的日 依火 依伙 木乃 木苏 勒伍 俄木 \
    俄底 尔古 尔吉 尔布 石一 欧其 罗洪 金古 水洛 果基 瓦扎 安以 贾巴 贾司 加拉 加巴 久克 \
    且沙 苏呷 洛古 莫色 麦吉 米色 立克 拉马 拉玛 恩扎 倮伍 倮木 土比 约其 八且";

/// Characters of their given names.
const GIVEN: &str =
    "木呷牛曲日伍且古莫阿尔各惹子扎史色布哈洛沙依火体石则作热拉么果里么妞嫫阶支支合机发";

/// Words that names of the Tibetans and Mongols are made of.
const WORDS: &str = "\
    次仁 德吉 拉姆 卓玛 才让 扎西 索朗 索南 旺堆 央金 尼玛 达瓦 平措 格桑 丹增 丹巴 多吉 白玛 \
    仁青 仁增 顿珠 罗布 桑吉 桑杰 措姆 旦增 益西 洛桑 强巴 群培 普布 边巴 巴桑 米玛 拉巴 曲珍 \
    曲扎 曲措 玉珍 卓嘎 德庆 贡布 尕藏 万玛 才旦 才仁 加措 嘉措 晋美 次旦 次央 次珍 旺姆 旺久 \
    旺杰 旺青 旺加 央宗 央珍 拉珍 土登 图登 江措 邓珠 泽仁 泽翁 降央 降初 昂旺 阿旺 贡秋 久美 \
    南杰 杰布 太吉 拉毛 拉措 卓措 \
    其其格 巴特尔 乌兰 图雅 托娅 娜仁 格日勒 巴图 朝鲁 朝克图 苏和 呼和 斯琴 高娃 那日苏 乌云 \
    阿拉坦 敖登 萨仁 塔娜 达来 孟和 宝音 布和 额尔敦 毕力格 巴雅尔 照日格图 乌力吉 吉日嘎拉 \
    木仁 青格勒 特木尔 哈斯 额尔德尼 满都拉 斯日古楞 苏日娜 娜日娜 萨如拉 通拉嘎 阿古拉 朝格图";

/// Whether a text is such a name: 吉克伍呷木, 次仁德吉拉姆, 乌兰其其格. Names of two characters are anybody's.
pub(super) fn is_name(text: &str) -> bool {
    let begins = text
        .chars()
        .next()
        .is_some_and(|c| FAMILIES.contains(c) || WORDS.contains(c));
    begins && (3..=8).contains(&text.chars().count()) && (of_family(text) || of_words(text))
}

fn of_family(text: &str) -> bool {
    let mut families = FAMILIES.split(' ').filter_map(|f| text.strip_prefix(f));
    families.any(|given| {
        let n = given.chars().count();
        (2..=3).contains(&n) && given.chars().all(|c| GIVEN.contains(c))
    })
}

fn of_words(text: &str) -> bool {
    text.is_empty()
        || WORDS
            .split(' ')
            .filter_map(|word| text.strip_prefix(word))
            .any(of_words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_whole_words_or_of_a_family_are_told() {
        for name in [
            "吉克伍呷木",
            "依火木呷",
            "次仁德吉拉姆",
            "才让卓玛",
            "乌兰其其格",
            "巴特尔",
        ] {
            assert!(is_name(name), "{name}");
        }
        for text in [
            "吉克",
            "乌兰",
            "阿尔山市场",
            "次仁",
            "水洛小学",
            "吉木乃县城",
            "",
        ] {
            assert!(!is_name(text), "{text}");
        }
    }
}
