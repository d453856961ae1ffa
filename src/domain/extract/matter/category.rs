//! What a matter is about: the likeliest entry of a list in three levels (`categories.toml`, a proposal that the office may differ from).
//!
//! Whom the writer has asked already, and who did not help, is no subject of his letter: 多次找物业公司反映 says nothing of property management. One
//! short word said by the way is too little; of two entries that are told alike none is proposed.

use std::sync::OnceLock;

use serde::Deserialize;

use super::super::glyphs::has_any;

#[derive(Debug, Deserialize)]
struct Category {
    path: String,
    words: Vec<String>,
    /// Said by the way in letters about something else.
    #[serde(default)]
    weak: Vec<String>,
}

impl Category {
    /// Characters of its words in a text, four of each at most, one of a weak word; a word inside a longer one says nothing more.
    fn weight(&self, text: &str) -> usize {
        let all = self.words.iter().chain(&self.weak);
        let there: Vec<&String> = all.filter(|w| text.contains(w.as_str())).collect();
        let inside = |w: &String| {
            there
                .iter()
                .any(|other| other.len() > w.len() && other.contains(w.as_str()))
        };
        let own = there.iter().copied().filter(|w| !inside(w));
        let telling = |w: &String| {
            if self.weak.contains(w) {
                1
            } else {
                w.chars().count().min(4)
            }
        };
        own.map(telling).sum()
    }
}

#[derive(Debug, Deserialize)]
struct Categories {
    category: Vec<Category>,
}

fn all() -> &'static [Category] {
    static ALL: OnceLock<Categories> = OnceLock::new();
    let read =
        || toml::from_str(include_str!("categories.toml")).expect("a test reads the shipped file");
    &ALL.get_or_init(read).category
}

/// The category whose words speak most for a matter, as `大类/中类/小类`; `told` are its words without those that say who writes; `accuses`: the letter
/// is written to accuse somebody, which is what it is about whatever he had his hands in.
pub(super) fn of_matter(title: &str, told: &str, accuses: bool) -> Option<&'static str> {
    let own: String = told
        .split(END)
        .filter(|clause| !is_course(clause))
        .map(without_speaker)
        .collect::<Vec<_>>()
        .join(",");
    let weight = |c: &Category| {
        let said = 2 * c.weight(title) + c.weight(&own);
        let accused = accuses && said > 0 && c.path.starts_with(DISCIPLINE);
        said + usize::from(accused) * ACCUSED
    };
    // Of equals the earlier: sorting is stable.
    let mut ranked: Vec<(usize, &Category)> = all().iter().map(|c| (weight(c), c)).collect();
    ranked.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let [(best, category), (next, _), ..] = ranked[..] else {
        return None;
    };
    let by_the_way = best <= LEAST && category.weight(title) == 0;
    let undecided = best == next && best <= 2 * LEAST;
    if best >= LEAST && !by_the_way && !undecided {
        return Some(category.path.as_str());
    }
    // A short letter may say it in one word.
    let only = best >= LEAST && next == 0 && told.chars().count() <= SHORT;
    only.then_some(category.path.as_str())
}

/// Where accusations belong, and how much one weighs beside its words.
const DISCIPLINE: &str = "纪检监察/";
const ACCUSED: usize = 12;

/// 村委会说这条路是县道: who says it is no subject.
fn without_speaker(clause: &str) -> &str {
    let says = ["说", "讲", "答复", "回复", "称"];
    let found = says
        .iter()
        .filter_map(|word| Some((clause.find(word)?, *word)));
    let Some((at, word)) = found.min() else {
        return clause;
    };
    let speaker = clause[..at].chars().count();
    let behind = &clause[at + word.len()..];
    // 村支书说了算, 讨个说法
    if behind.starts_with(['了', '法', '明', '好', '理', '究']) {
        return clause;
    }
    if (1..=LONGEST_SPEAKER).contains(&speaker) {
        behind
    } else {
        clause
    }
}

/// Characters of who says something.
const LONGEST_SPEAKER: usize = 7;

/// A matter told in so few characters has no words by the way.
const SHORT: usize = 60;

/// Marks between clauses; folded.
const END: [char; 6] = [',', '。', '!', '?', ';', ':'];

/// Whether a clause tells of the way a complaint has gone: who was asked, and who did not help.
pub(crate) fn is_course(clause: &str) -> bool {
    let asked = [
        "找", "向", "到", "去", "跟", "给", "问", "打", "拨", "联系", "致电",
    ];
    let how = [
        "反映", "投诉", "协商", "交涉", "沟通", "理论", "电话", "求助", "报案", "报警", "解决",
        "讨要", "要求", "告状", "上访", "咨询", "反应",
    ];
    let refused = [
        "推诿",
        "踢皮球",
        "置之不理",
        "没人管",
        "无人管",
        "不管不问",
        "不闻不问",
        "互相推",
        "推来推去",
        "一拖再拖",
        "没有答复",
        "不予理睬",
        "未果",
        "没有结果",
        "无果",
        "敷衍",
        "不理",
        "没回音",
        "没有回音",
        "让我等",
        "让我们等",
        "再等等",
    ];
    has_any(clause, &asked) && has_any(clause, &how) || has_any(clause, &refused)
}

/// The category whose words speak most for a text; `None` where none of them is there.
pub(super) fn of(text: &str) -> Option<&'static str> {
    // Of equals the earlier: `max_by_key` takes the last.
    let best = all().iter().rev().max_by_key(|c| c.weight(text))?;
    (best.weight(text) >= LEAST).then_some(best.path.as_str())
}

/// The listed categories in their order, each with the words it is told by.
pub fn categories() -> impl Iterator<Item = (&'static str, &'static [String])> {
    let listed = all().iter();
    listed.map(|category| (category.path.as_str(), category.words.as_slice()))
}

/// Whether it is one of the listed categories, `大类/中类/小类`.
pub fn is_category(path: &str) -> bool {
    all().iter().any(|category| category.path == path)
}

/// Those whose words speak for a text, the likeliest first, `most` at most.
pub fn likely_categories(text: &str, most: usize) -> Vec<&'static str> {
    let weighed = all().iter().map(|c| (c.weight(text), c.path.as_str()));
    let mut likely: Vec<_> = weighed.filter(|(weight, _)| *weight >= LEAST).collect();
    likely.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    likely.truncate(most);
    likely.into_iter().map(|(_, path)| path).collect()
}

/// One word of two characters at least.
const LEAST: usize = 2;

/// How many words of that category a text holds.
pub(super) fn speaks_of(text: &str, path: &str) -> usize {
    let category = all().iter().find(|c| c.path == path);
    category.map_or(0, |c| {
        c.words.iter().filter(|w| text.contains(w.as_str())).count()
    })
}

/// Whether a text holds a telling word of any, not one that is said by the way.
pub(super) fn tells_of_any(text: &str) -> bool {
    let telling = |c: &Category| c.words.iter().any(|w| text.contains(w.as_str()));
    all().iter().any(telling)
}

/// Whether a text holds a word of any.
pub(super) fn speaks_of_any(text: &str) -> bool {
    all().iter().any(|c| c.weight(text) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_category_has_three_levels_and_words_of_its_own() {
        assert!(all().len() >= 30);
        for category in all() {
            assert_eq!(category.path.split('/').count(), 3, "{}", category.path);
            assert!(
                !category.path.contains(|c: char| c.is_ascii_digit()),
                "a digit chooses on the desk"
            );
            assert!(!category.words.is_empty(), "{}", category.path);
            let all = category.words.iter().chain(&category.weak);
            assert!(
                category.words.iter().all(|w| w.chars().count() >= 2) || category.path.is_empty()
            );
            let mut all: Vec<&String> = all.collect();
            let listed = all.len();
            all.sort();
            all.dedup();
            assert_eq!(all.len(), listed, "a word twice in {}", category.path);
        }
    }

    #[test]
    fn more_and_longer_words_win() {
        assert_eq!(
            of("包工头拖欠工资，请政府帮我们要回血汗钱"),
            Some("劳动和社会保障/劳动报酬/拖欠工资")
        );
        assert_eq!(
            of("邻居把墙砌到我家宅基地的地界里"),
            Some("农业农村/宅基地/边界与审批")
        );
        assert_eq!(of("今天天气很好"), None);
    }

    /// Matters as people tell them, with whom they asked before; the beginning of what they are about.
    const TOLD: &[(&str, &str)] = &[
        (
            "今年入冬以来室温只有十三度,多次找物业公司反映,都说管道老化,让我们再等等。",
            "城乡建设/市政设施/供热",
        ),
        (
            "门前的路灯坏了两个月,夜里一片漆黑,向派出所和村委会反映过,没人管。",
            "城乡建设/市政设施/路灯",
        ),
        (
            "小区电梯经常故障,老人被困过两次,物业推诿。",
            "城乡建设/物业管理/电梯",
        ),
        (
            "学校食堂的饭菜发馊,孩子吃了拉肚子,找班主任反映,不理。",
            "教育/学校管理/食堂",
        ),
        (
            "修路占了我家的地两亩,补偿款至今没有到账,找村干部讨要,一拖再拖。",
            "国土资源/征地补偿",
        ),
        (
            "养老院退还押金不退,我母亲住了三个月就搬走了,护工态度也差。",
            "民政/养老服务",
        ),
        (
            "公司少缴了我五年社保,让我自己补缴。",
            "劳动和社会保障/社会保险",
        ),
        (
            "住院费里多收了两千元检查费,医院说不出理由。",
            "卫生健康/医患纠纷",
        ),
        (
            "快递丢了我的包裹,快递公司只肯赔一百元,打电话投诉,没有结果。",
            "市场监管/邮政快递",
        ),
        (
            "楼下烧烤店的油烟往我家灌,向城管投诉过五次。",
            "环境保护/大气污染",
        ),
        ("工地夜间施工,吵得孩子睡不着。", "环境保护/噪声污染"),
        (
            "包工头欠我们的工钱一年了,到劳动监察投诉,法院也去过。",
            "劳动和社会保障/劳动报酬",
        ),
        ("邻居翻建时把围墙砌到我家宅基地上来。", "农业农村/宅基地"),
        ("村里的账目从不公开,村支书说了算。", "农业农村/村务管理"),
        (
            "自来水又黄又臭,水压也低,给水厂打过电话。",
            "城乡建设/市政设施/供热供水供气",
        ),
        ("开发商逾期交房两年,楼盘烂尾。", "城乡建设/商品房"),
    ];

    #[test]
    fn whom_the_writer_asked_before_is_not_what_he_writes_about() {
        for (told, begins) in TOLD {
            let found = of_matter("", told, false).unwrap_or_default();
            assert!(found.starts_with(begins), "{told}: {found}");
        }
    }

    #[test]
    fn one_word_by_the_way_is_no_category() {
        let story = "我这些年过得很不容易,身体一天不如一天,老伴也走了,儿女都在外地,一年回来一次。我今天写信是想说说心里的话,没有别的意思,只盼有人听一听。那天在公交上遇见一位老同学,谈起从前的事,两个人都哭了。";
        assert_eq!(of_matter("", story, false), None);
    }
}
