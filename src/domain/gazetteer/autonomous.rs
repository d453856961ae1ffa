//! How people write autonomous divisions: 马边县 and 马边 for 马边彝族自治县, 恩施州 for 恩施土家族苗族自治州.

/// What an autonomous division is called by.
pub(super) struct Short<'a> {
    /// Its name without the peoples and the word for its level: 马边.
    pub(super) bare: &'a str,
    /// The level, as it stands behind that: 县.
    level: char,
}

impl Short<'_> {
    /// Characters of the name with its level, where a text begins with it.
    pub(super) fn begins(&self, text: &[char]) -> Option<usize> {
        let mut rest = text.iter();
        let same = self.bare.chars().all(|c| rest.next() == Some(&c));
        let levelled = same && rest.next() == Some(&self.level);
        levelled.then(|| self.bare.chars().count() + 1)
    }
}

/// The short name of an autonomous prefecture, county or banner; `None` of any other division, and where the people alone are its name: 东乡族自治县.
pub(super) fn short(name: &str) -> Option<Short<'_>> {
    let whole = name.strip_suffix(['州', '县', '旗'])?;
    let level = name.chars().last()?;
    let mut bare = whole.strip_suffix("自治")?;
    while let Some(rest) = without_people(bare) {
        bare = rest;
    }
    (bare.len() < whole.len() && !bare.ends_with('族') && bare.chars().count() >= 2)
        .then_some(Short { bare, level })
}

fn without_people(name: &str) -> Option<&str> {
    let people = name.strip_suffix('族').unwrap_or(name);
    let longest = PEOPLES
        .iter()
        .filter_map(|p| people.strip_suffix(p))
        .min_by_key(|rest| rest.len())?;
    let enough = longest.chars().count() >= 2;
    enough.then_some(longest)
}

/// The peoples that divisions are named for.
const PEOPLES: &[&str] = &[
    "蒙古",
    "回",
    "藏",
    "维吾尔",
    "苗",
    "彝",
    "壮",
    "布依",
    "朝鲜",
    "满",
    "侗",
    "瑶",
    "白",
    "土家",
    "哈尼",
    "哈萨克",
    "傣",
    "黎",
    "傈僳",
    "佤",
    "畲",
    "拉祜",
    "水",
    "东乡",
    "纳西",
    "景颇",
    "柯尔克孜",
    "土",
    "达斡尔",
    "仫佬",
    "羌",
    "布朗",
    "撒拉",
    "毛南",
    "仡佬",
    "锡伯",
    "普米",
    "塔吉克",
    "怒",
    "鄂温克",
    "保安",
    "裕固",
    "独龙",
    "鄂伦春",
    "各",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn autonomous_divisions_are_called_without_their_peoples() {
        for (name, bare) in [
            ("马边彝族自治县", "马边"),
            ("峨边彝族自治县", "峨边"),
            ("元江哈尼族彝族傣族自治县", "元江"),
            ("镇沅彝族哈尼族拉祜族自治县", "镇沅"),
            ("双江拉祜族佤族布朗族傣族自治县", "双江"),
            ("恩施土家族苗族自治州", "恩施"),
            ("巴音郭楞蒙古自治州", "巴音郭楞"),
            ("前郭尔罗斯蒙古族自治县", "前郭尔罗斯"),
            ("察布查尔锡伯自治县", "察布查尔"),
            ("龙胜各族自治县", "龙胜"),
            ("莫力达瓦达斡尔族自治旗", "莫力达瓦"),
        ] {
            assert_eq!(short(name).map(|s| s.bare), Some(bare), "{name}");
        }
        for name in [
            "东乡族自治县",
            "鄂温克族自治旗",
            "柳林县",
            "广西壮族自治区",
            "苏州市",
        ] {
            assert!(short(name).is_none(), "{name}");
        }
    }
}
