//! Words that stand where one signs and are nobody's name, although they begin with a surname: wishes, where and when a letter was written, callings,
//! heroes of proverb and opera, sayings. Closed lists; whatever is not in them may be a name.

mod lists;

use std::collections::HashSet;
use std::sync::LazyLock;

use super::lists::GIVEN;
use crate::domain::gazetteer::{Gazetteer, Level};
use lists::{
    CALLINGS, COURTESIES, DAYTIMES, ENDINGS, EVERYDAY, HEROES, NAMESAKES, PLACES, SAYINGS, WHOM,
    WISHES, WISHING, WRITING,
};

type Words = LazyLock<HashSet<&'static str>>;

/// What stands in place of a name.
static IN_PLACE: Words = LazyLock::new(|| {
    let lists = [CALLINGS, HEROES, SAYINGS];
    lists.into_iter().flat_map(words_of).collect()
});

/// What no name ends in: sayings, and what one calls himself by in more than two characters.
static NO_NAMES_END: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let callings = words_of(CALLINGS).chain(words_of(SAYINGS));
    let long = callings.filter(|word| word.chars().count() > 2);
    words_of(ENDINGS).chain(long).collect()
});

static FIGURES: Words = LazyLock::new(|| words_of(HEROES).chain(words_of(NAMESAKES)).collect());

static OPENINGS: LazyLock<Vec<&'static str>> = LazyLock::new(|| words_of(WISHING).collect());

static MAY_BE_NAMES: Words = LazyLock::new(|| words_of(EVERYDAY).collect());

static CLOSING: Words = LazyLock::new(|| words_of(COURTESIES).collect());

fn words_of(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(' ')
}

fn is_of(text: &str, list: &'static str) -> bool {
    words_of(list).any(|word| word == text)
}

/// What a text is that reads like a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// 庄稼人, 包青天, 万人怨: in place of a name.
    InPlaceOfName,
    /// 高兴, 于长春: somebody may be called so all the same. For a person to say.
    OrName,
}

/// Which such word a text is.
pub(crate) fn word(text: &str) -> Option<Word> {
    let n = text.chars().count();
    let calling = (3..=4).contains(&n) && text.ends_with('者');
    let saying = (3..=4).contains(&n) && text.ends_with(BITTER);
    if calling || saying || trade(text) || IN_PLACE.contains(text) {
        return Some(Word::InPlaceOfName);
    }
    let doubtful = n == 2 && (MAY_BE_NAMES.contains(text) || is_place(text));
    (doubtful || leads_to_place(text)).then_some(Word::OrName)
}

/// 养蜂人, 讨薪人: who does something.
fn trade(text: &str) -> bool {
    let mut chars = text.chars();
    let does = chars.next().is_some_and(|c| DOES.contains(c));
    does && text.chars().count() == 3 && text.ends_with('人')
}

/// What people do for their living or for their money, before the thing.
const DOES: &str = "养守讨护种卖采捕追看";

/// Whether a text ends in what a sender calls himself by instead of his name, or in a saying: 一个老实人, 正义之声.
pub(crate) fn is_epithet(text: &str) -> bool {
    NO_NAMES_END.iter().any(|word| text.ends_with(word))
}

/// Whether a text is the name of somebody everybody knows from stories: 包青天; many are called 张飞.
pub(crate) fn is_figure(text: &str) -> bool {
    FIGURES.contains(text)
}

/// 祝 康乐, 于株洲, 草于灯下, 叩首: a row by itself that wishes the reader well, is a courtesy, or says where or when the letter was written.
pub(crate) fn beside_letter(text: &str) -> bool {
    let text = text.trim_end_matches(['!', '。', '.', ',', '~']);
    wishes(text) || set_down(text) || CLOSING.contains(text)
}

/// An opening of wishes, whom for, and nothing but words of wishes behind it.
fn wishes(text: &str) -> bool {
    let mut openings = OPENINGS.iter().filter_map(|word| text.strip_prefix(*word));
    openings.any(|rest| {
        let rest = rest.trim_start_matches([':', ',']);
        let whom = words_of(WHOM).find_map(|word| rest.strip_prefix(word));
        let rest = whom.unwrap_or(rest);
        ["好", "安", "福", "寿"].contains(&rest) || !rest.is_empty() && made_of(rest, WISHES)
    })
}

/// 于 and a place or a time, after a word of writing or without one.
fn set_down(text: &str) -> bool {
    let Some((written, rest)) = text.split_once('于') else {
        return false;
    };
    if !(written.is_empty() || made_of(written, WRITING)) || rest.is_empty() {
        return false;
    }
    let behind = behind_places(rest);
    let named = behind.is_empty() && (!written.is_empty() || !may_be_given(rest));
    named || is_of(rest, PLACES) || behind.len() < rest.len() && is_of(behind, PLACES)
}

/// What is left of a text behind the divisions it begins with: 家中 of 湖南岳阳家中.
fn behind_places(text: &str) -> &str {
    let gazetteer = Gazetteer::shared();
    let is_one = |name: &str| {
        ["", "省", "市", "县", "区"].iter().any(|level| {
            let named = gazetteer.named(&format!("{name}{level}"));
            named
                .iter()
                .any(|place| gazetteer.level(*place) < Level::Town)
        })
    };
    let mut rest = text;
    loop {
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
        let ends: Vec<usize> = ends.take(LONGEST_PLACE).skip(1).collect();
        match ends.into_iter().rev().find(|end| is_one(&rest[..*end])) {
            Some(end) => rest = &rest[end..],
            None => return rest,
        }
    }
}

/// Characters of a division's name: 内蒙古自治区 has six, those of the longest counties more.
const LONGEST_PLACE: usize = 12;

/// 于长春, 于黎明: 于 and what may be a place, a time or a given name.
fn leads_to_place(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('于') else {
        return false;
    };
    is_of(rest, DAYTIMES) || may_be_given(rest) && is_place(rest)
}

/// Whether a word is the name of a province or a city, with the word for its level or without.
fn is_place(word: &str) -> bool {
    let gazetteer = Gazetteer::shared();
    ["", "市", "省"].iter().any(|level| {
        let named = gazetteer.named(&format!("{word}{level}"));
        let mut above = named.iter().map(|place| gazetteer.level(*place));
        above.any(|level| level < Level::County)
    })
}

fn may_be_given(word: &str) -> bool {
    word.chars().all(|c| GIVEN.contains(c))
}

/// Whether a text is nothing but such words, one after the other.
fn made_of(text: &str, words: &'static str) -> bool {
    if text.chars().count() > LONGEST {
        return false;
    }
    // reached[at]: the text before this byte is made of whole words.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for at in 0..text.len() {
        if !reached[at] {
            continue;
        }
        let rest = text[at..].trim_start_matches([',', '、']);
        let from = text.len() - rest.len();
        for word in words_of(words).filter(|word| rest.starts_with(word)) {
            reached[from + word.len()] = true;
        }
    }
    reached[text.len()]
}

/// Characters of a wish.
const LONGEST: usize = 24;

/// Characters no parents would end a name with.
const BITTER: [char; 16] = [
    '冤', '怨', '恨', '仇', '苦', '哭', '泪', '悲', '惨', '穷', '贪', '骗', '死', '痛', '难', '累',
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::extract::names;

    #[test]
    fn wishes_and_where_one_writes_are_no_names() {
        for text in [
            "祝康乐",
            "祝安康",
            "祝长寿",
            "敬祝康健",
            "祝您全家平安",
            "祝身体健康,万事如意",
            "颂秋祺",
            "即问近安",
            "祝好",
            "于株洲",
            "于株洲市",
            "于湖南株洲家中",
            "于家中",
            "草于灯下",
            "于工地",
            "于深夜",
            "写于长春",
            "于醴陵",
            "叩首",
        ] {
            assert!(beside_letter(text), "{text}");
        }
        for text in [
            "祝康",
            "祝延年",
            "祝枝山",
            "祝家福",
            "祝海平",
            "于谦",
            "于长春",
            "于得水",
            "于建中",
            "于正",
            "于海",
            "安康",
            "请",
            "于",
            "祝",
            "",
        ] {
            assert!(!beside_letter(text), "{text}");
        }
    }

    #[test]
    fn a_word_in_place_of_a_name_is_told_from_a_name() {
        for text in [
            "庄稼人",
            "包青天",
            "石敢当",
            "万人怨",
            "明白人",
            "期盼者",
            "任命苦",
        ] {
            assert_eq!(word(text), Some(Word::InPlaceOfName), "{text}");
        }
        for text in ["高兴", "康乐", "于长春", "于黎明", "常德", "和平"] {
            assert_eq!(word(text), Some(Word::OrName), "{text}");
        }
        for text in [
            "包庆田",
            "石敢",
            "庄稼勤",
            "万人杰",
            "明百川",
            "任明库",
            "张可人",
            "王善人",
            "于建华",
            "汪小满",
            "祝康健",
            "孙悟",
            "康乐平",
            "李难得",
            "张恨水",
        ] {
            assert_eq!(word(text), None, "{text}");
        }
    }

    #[test]
    fn every_word_listed_reads_like_a_name_or_is_told_by_another_list() {
        // A word twice in a list is a slip of whoever wrote it.
        for words in [CALLINGS, HEROES, SAYINGS, EVERYDAY, WISHES, PLACES] {
            let mut sorted: Vec<&str> = words_of(words).collect();
            let count = sorted.len();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), count);
        }
        assert!(names::person("庄稼人") > 0.8 && names::person("祝康乐") > 0.8);
    }
}
