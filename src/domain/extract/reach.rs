//! How people tell where they live and how they are reached: 家住X,电话P,随时可以找我。 我的家在X,我的电话是P。 要找我就打P。
//!
//! The openings of a row under the letter, of a clause in the body ([`home`], [`is_to_be_called`], [`finds_writer`]) and of an address's value are the same.

use crate::domain::zones::{Glyph, address_like, is_han, text_of};

use super::glyphs::{chars_of, squeeze};
use super::labels::{self, Kind};
use super::names;
use super::phone::find_phones;

/// Of whom a row speaks that tells how to reach its writer. Longest first where one begins like another.
const OWN: &[&str] = &[
    "我现在的",
    "我目前的",
    "我们的",
    "我们",
    "我现在",
    "我目前",
    "我现",
    "我的",
    "我",
    "本人的",
    "本人现在",
    "本人现",
    "本人",
    "俺的",
    "俺",
    "现在",
    "现",
    "目前",
    "平时",
    "又",
    "另",
];

/// Those of [`OWN`] that name nobody: 现住X may be said of whoever was spoken of before.
const OF_NOBODY: &[&str] = &["现在", "现", "目前", "平时", "又", "另"];

/// What is followed by where he lives.
const HOME: &[&str] = &[
    "家庭住址",
    "家庭地址",
    "家住址",
    "家地址",
    "家里地址",
    "家里住址",
    "通信地址",
    "通讯地址",
    "联系地址",
    "回信地址",
    "收信地址",
    "通讯处",
    "通信处",
    "详细地址",
    "住处",
    "住址",
    "住所",
    "地址",
    "家就住在",
    "家就住",
    "家就在",
    "家住在",
    "家住",
    "家在",
    "家的地址",
    "家的住址",
    "现住址",
    "现住在",
    "现住",
    "现居",
    "就住在",
    "暂住在",
    "暂住",
    "居住在",
    "居住地",
    "居住",
    "租住在",
    "租住",
    "住在",
    "住的地方",
    "住:",
];

/// What is followed by his number.
const CALLED: &[&str] = &[
    "联系",
    "联络",
    "手机",
    "电话",
    "座机",
    "固话",
    "宅电",
    "家里电话",
    "家中电话",
    "家里的电话",
    "号码",
    "Tel",
    "TEL",
    "☎",
];

/// How one says that he can be found.
const FOUND: &[&str] = &[
    "要找我",
    "想找我",
    "若找我",
    "如找我",
    "如要找我",
    "如想找我",
    "如果找我",
    "如需找我",
    "需要找我",
    "有事找我",
    "有事要找我",
    "找我",
    "找不到我",
    "找不着我",
    "联系不上我",
    "找本人",
    "要联系我",
    "想联系我",
    "若要联系",
    "如要联系",
    "如需联系",
    "需要联系",
    "需联系",
    "要联系",
    "有事请",
    "有事可",
    "有事就",
    "有事打",
    "有情况请",
    "有情况可",
    "有消息请",
    "有消息可",
    "有结果请",
    "需要了解情况",
    "请打",
    "请拨",
    "可打",
    "可拨",
    "可以打",
    "可以拨",
    "拨打",
    "打电话",
];

/// A place behind the words that say who lives there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Home<'a> {
    /// What follows: 家住**柳林村3组12号**,….
    pub(super) place: &'a str,
    /// Whether the writer names himself: 我家住, and not 家住.
    pub(super) is_own: bool,
}

/// Where a text says somebody lives that begins with it: 我的家在X, 家住X, 现住址:X, 我住X.
pub(super) fn home(text: &str) -> Option<Home<'_>> {
    let own = OWN
        .iter()
        .filter_map(|word| Some((*word, text.strip_prefix(word)?)));
    [("", text)].into_iter().chain(own).find_map(|(who, rest)| {
        let home = HOME.iter().filter_map(|word| rest.strip_prefix(word));
        // 我住X: another lives somewhere too.
        let lives = rest.strip_prefix('住').filter(|_| rest.len() < text.len());
        let home = home.chain(lives.filter(|place| address_like(place)));
        let place = home.min_by_key(|place| place.len())?;
        Some(Home {
            place: place.trim_start_matches(['是', '为', '在', '于', ':', ',', '就']),
            is_own: !who.is_empty() && !OF_NOBODY.contains(&who),
        })
    })
}

/// What a row opens with that tells how to reach its writer.
enum Opening {
    /// 家住, 我的家在: where he lives; so many characters before the place.
    Home(usize),
    /// 我的电话, 要找我
    Other,
}

fn opening(text: &str) -> Option<Opening> {
    if let Some(Home { place, .. }) = home(text) {
        return Some(Opening::Home(text.chars().count() - place.chars().count()));
    }
    let own = OWN.iter().filter_map(|word| text.strip_prefix(word));
    [text].into_iter().chain(own).find_map(|rest| {
        let other = CALLED.iter().chain(FOUND);
        let mut other = other.filter(|word| rest.starts_with(**word));
        let figures = rest.strip_prefix('打').is_some_and(begins_with_figure);
        (figures || other.next().is_some()).then_some(Opening::Other)
    })
}

/// Whether a number is to be called that follows a text: …找我就打, 请拨.
pub(super) fn is_to_be_called(text: &str) -> bool {
    ["打", "拨", "致电"].iter().any(|word| text.ends_with(word))
}

/// Whether a text behind a number says that its writer is found there: 找得到我, 就能联系到我, 可以找我.
pub(super) fn finds_writer(text: &str) -> bool {
    let found = text.trim_start_matches(['就', '能', '可', '以']);
    [
        "找得到我",
        "找到我",
        "找我",
        "联系到我",
        "联系我",
        "联系得上我",
        "与我联系",
        "跟我联系",
        "和我联系",
    ]
    .iter()
    .any(|word| found.starts_with(word))
}

fn begins_with_figure(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '(')
}

/// Whether a row opens with how to reach who writes: 家住, 本人电话, 宅电, 要找我.
pub(crate) fn opens(text: &str) -> bool {
    opening(text).is_some()
}

/// Whether a text tells how to reach who writes, and nothing else: each part of it is an address, has a number, or is a short remark (白天在家, 随时可以找我).
pub(crate) fn is_told(text: &str) -> bool {
    let short = |part: &str| {
        let words = part.chars().filter(|c| is_han(*c)).count();
        let figures = part.chars().filter(char::is_ascii_digit).count();
        let called = figures >= SHORTEST_NUMBER && words <= LONGEST_CALL;
        words <= LONGEST_REMARK || called || address_like(part)
    };
    let parts = text.split(['。', ';', ',', ':', '(', ')', '!']);
    let mut parts = parts.filter(|part| !part.is_empty());
    opens(text) && tells(text) && parts.all(short)
}

/// Whether a number or a place is in a text.
fn tells(text: &str) -> bool {
    let figures = text.chars().filter(char::is_ascii_digit).count();
    figures >= SHORTEST_NUMBER || address_like(text)
}

/// Characters of what is added to a number: 白天在家, 晚上请打座机.
const LONGEST_REMARK: usize = 9;

/// Characters before another's number in its part: 找不着我就打我女婿小唐139….
const LONGEST_CALL: usize = 14;

/// Figures of a telephone number without its area code.
const SHORTEST_NUMBER: usize = 7;

/// Whether a row of prose begins to tell how to reach who writes, not one of labels: 我的家在X,我的电话是P。
pub(crate) fn is_prose(glyphs: &[Glyph]) -> bool {
    let text = text_of(glyphs);
    opens(&text) && tells(&text) && !is_labelled(glyphs)
}

fn is_labelled(glyphs: &[Glyph]) -> bool {
    let flat = chars_of(&squeeze(glyphs));
    labels::at_front(&flat).is_some_and(|(kind, _)| kind != Kind::Called)
}

/// The address and the numbers in such a row of prose, and a whole name among them; nothing where the row is none.
pub(crate) fn parts(glyphs: &[Glyph]) -> Vec<(Kind, Vec<Glyph>)> {
    if !is_prose(glyphs) {
        return Vec::new();
    }
    let pieces = glyphs.split(|g| matches!(g.ch, ',' | '。' | ';' | '!'));
    pieces.flat_map(in_piece).collect()
}

fn in_piece(piece: &[Glyph]) -> Vec<(Kind, Vec<Glyph>)> {
    let piece = super::tail::trim(piece);
    let flat = squeeze(piece);
    let text = text_of(&flat);
    let number = find_phones(piece).first().map(|found| found.from);
    let home = match opening(&text) {
        Some(Opening::Home(skip)) => Some(skip),
        _ if number.is_none() && address_like(&text) => Some(0),
        _ => None,
    };
    let mut found = Vec::new();
    if let Some(skip) = home {
        // 我的家在X手机P: the number stands behind the place.
        let end = squeeze(&piece[..number.unwrap_or(piece.len())]).len();
        let place = flat.get(skip..end).unwrap_or_default();
        let place = before_label(place);
        if place.len() >= SHORTEST_PLACE {
            found.push((Kind::Address, place.to_vec()));
        }
    }
    if let Some(from) = number {
        found.push((Kind::Phone, piece[from..].to_vec()));
    } else if home.is_none() && names::person(&text) > 0.8 && names::unheard(&text) {
        found.push((Kind::Bare, flat));
    }
    found
}

/// A place without the label of the number behind it.
fn before_label(place: &[Glyph]) -> &[Glyph] {
    let text = text_of(place);
    let labels = ["联系电话", "手机号码", "手机号", "手机", "电话", "号码"];
    let bare = text.trim_end_matches(['是', '为', ':', ' ', '(']);
    let label = labels.iter().find(|label| bare.ends_with(**label));
    match label {
        Some(label) => {
            let kept = bare.chars().count() - label.chars().count();
            super::tail::trim(&place[..kept])
        }
        None => place,
    }
}

/// Characters of a place at least: 柳林村.
const SHORTEST_PLACE: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_the_writers_own_where_he_names_himself() {
        for (text, place, is_own) in [
            ("我家就住在柳林村3组12号", "柳林村3组12号", true),
            ("本人现住柳林村3组12号", "柳林村3组12号", true),
            ("我们住柳林村3组12号", "柳林村3组12号", true),
            ("家住柳林村3组12号", "柳林村3组12号", false),
            ("现住柳林村3组12号", "柳林村3组12号", false),
            ("现住址:柳林村3组12号", "柳林村3组12号", false),
        ] {
            assert_eq!(home(text), Some(Home { place, is_own }), "{text}");
        }
        for text in [
            "住宅小区3栋",
            "我的电话打不通",
            "他家住柳林村3组12号",
            "我住得惯",
        ] {
            assert_eq!(home(text), None, "{text}");
        }
        assert!(is_to_be_called("有事找我就打") && !is_to_be_called("打电话"));
        assert!(finds_writer("就能联系到我。") && !finds_writer("能找到他"));
    }

    #[test]
    fn how_to_reach_the_writer_is_told_in_many_words() {
        for text in [
            "家住临江市河东区柳林村3组12号,电话13812345678,随时可以找我。",
            "我的家在临江市河东区柳林村3组12号,我的电话是13812345678。",
            "我的住处:临江市河东区柳林村3组12号,手机13812345678。",
            "我家在机械厂家属区18号楼701,打13812345678找得到我。",
            "要找我就打13812345678,我家就在柳林村3组12号。",
            "有事请打我电话13812345678。",
            "打13812345678就能找到我。",
            "本人现住柳林小区3栋501室,白天在家。",
            "如需联系,请拨13812345678。",
            "现住址:临江市河东区柳林村3组12号。",
            "联系:13812345678;找不着我就打我外甥小郭13987654321",
        ] {
            assert!(is_told(text), "{text}");
        }
        for text in [
            "我家在柳林村3组12号,去年七月被他们强行拆除至今没有安置。",
            "我的电话打了十几次都没有人接。",
            "请打井的人来看一看。",
            "找我谈话的是村主任王大海,电话13812345678。",
            "我住的地方路灯坏了。",
            "反映情况属实。",
        ] {
            assert!(!is_told(text), "{text}");
        }
    }
}
