//! Alerts: threats first of all, clues to a crime, valuables enclosed, secret marks (SZ 7.3.3, 7.3.5).
//!
//! By words over the whole letter, lines of low confidence included; who threatens whom is in [`threat`]. Every flag quotes its sentence.

mod clauses;
mod crime;
mod harm;
mod idle;
mod innocent;
mod learned;
mod meaning;
mod sentences;
mod threat;
mod words;

use crate::domain::draft::{Flag, Flags};
use crate::domain::secret;
use crate::domain::text::{PageKind, PageText};
use crate::domain::zones::{Glyph, LetterZones, is_han, rows, text_of};

use super::body;
use super::evidence::place;
use super::glyphs::{chars_of, has_any};
use super::nbest;
pub(super) use crime::{BEATING, OF_OFFICE, OF_PEOPLE, helps_himself, tells_of_crime};
use harm::Harm;
pub use meaning::Meaning;
use meaning::{Among, Asked};

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
    "信里夹",
    "信里装",
    "信封里",
    "信封内",
    "夹在信",
    "装在信",
    "一起寄",
    "随函",
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
    "块钱",
    "钞票",
    "毕业证",
    "荣誉证书",
    "勋章",
    "军功章",
    "奖章",
];

/// What few should know: intimate, medical, about children, trade secrets, and pleas for secrecy (SZ 7.3.5(3)).
const SENSITIVE: &[&str] = &[
    "强奸",
    "猥亵",
    "性侵",
    "性骚扰",
    "艾滋",
    "HIV",
    "性病",
    "精神病",
    "精神分裂",
    "家暴",
    "家庭暴力",
    "私生子",
    "未成年",
    "隐私",
    "商业秘密",
    "商业机密",
    "客户名单",
    "技术图纸",
    "保密",
    "不要泄露",
    "不要透露",
    "不要公开我",
    "卧底",
    "证人",
];

/// Looks for every alert; `archive_only` follows from the purpose and is set by the caller.
pub(crate) fn read(
    pages: &[PageText],
    zones: &LetterZones,
    meaning: Option<&dyn Meaning>,
) -> Flags {
    let mut flow = body::flow(zones.body_rows());
    // A threat may stand in what was taken for signature lines.
    flow.extend(body::flow(zones.tail_rows()));
    flow.extend(body::flow(zones.postscript_rows()));
    let sentences = body::sentences(&flow);
    let raise = |test: &dyn Fn(&str) -> bool| {
        Some(flag(
            pages,
            sentences.iter().copied().find(|s| test(&text_of(s))),
        ))
    };
    Flags {
        threat: Some(threat_flag(pages, zones, meaning)),
        crime_clue: raise(&tells_of_crime),
        valuables: raise(&encloses),
        archive_only: None,
        sensitive: raise(&|s| has_any(s, SENSITIVE)),
        secret_mark: Some(flag(pages, secret_mark(pages).as_deref())),
    }
}

/// Why, where a sentence has words of a threat.
const LISTED: &str = "扬言字词";
/// So many threatening sentences of a letter are quoted.
const QUOTED: usize = 5;

/// Threats are looked for in everything that was read: title, body, signatures, enclosures, envelope; and in what a doubtful character may be.
fn threat_flag(pages: &[PageText], zones: &LetterZones, meaning: Option<&dyn Meaning>) -> Flag {
    let mut flow = body::flow(&zones.rows);
    flow.extend(body::flow(&zones.authorisation));
    flow.extend(body::flow(&zones.enclosed));
    for (index, page) in pages.iter().enumerate() {
        if page.kind != PageKind::Letter {
            flow.extend(body::flow(&rows(index, page)));
        }
    }
    let chars = chars_of(&flow);
    let parts = sentences::sentences(&chars).into_iter();
    let sentences: Vec<&[Glyph]> = parts.map(|part| &flow[part]).collect();
    let told = clauses::told(&chars);
    let texts: Vec<String> = sentences.iter().map(|s| text_of(s)).collect();
    let mut from = 0;
    let own = sentences.iter().map(|s| {
        let kept = s.iter().zip(&told[from..]).filter(|(_, told)| !**told);
        from += s.len();
        kept.map(|(g, _)| g.ch).collect()
    });
    let own: Vec<String> = own.collect();
    let why = said(&own, &Asked::of(meaning, &texts)).into_iter();
    let all = sentences.iter().zip(why);
    let mut said: Vec<(&[Glyph], String)> = all.filter_map(|(s, why)| Some((*s, why?))).collect();
    // Whoever judges one sentence must not miss another: the surest first, with its place, then the rest as they come.
    said.sort_by_key(|(_, why)| why != LISTED);
    let found = said.first().cloned().or_else(|| {
        sentences
            .iter()
            .find_map(|s| Some((*s, may_say(pages, s)?)))
    });
    let (sentence, why) = found.unzip();
    let quotes: Vec<String> = said.iter().take(QUOTED).map(|(s, _)| text_of(s)).collect();
    let first = flag(pages, sentence);
    Flag {
        why,
        quote: match quotes.len() {
            0 => first.quote,
            _ => Some(quotes.join("……")),
        },
        ..first
    }
}

/// Why what the writer himself says in each sentence threatens, where it does: as a whole, or by what stands behind a lawful step in it.
fn said(own: &[String], asked: &Asked<'_>) -> Vec<Option<String>> {
    let weighed: Vec<Weighed> = own.iter().map(|own| Weighed::of(own)).collect();
    let near = weighed.iter().enumerate().filter(|(_, w)| w.may_be());
    let near: Vec<usize> = near.map(|(at, _)| at).collect();
    let means = asked.weights(&near, Among::Neighbours);
    let mut meant: Vec<Option<f32>> = vec![None; own.len()];
    for (at, weight) in near.into_iter().zip(means) {
        meant[at] = weight;
    }
    // A closing around it must not speak for what the lists call a threat.
    let raised = |at: usize, meant: Option<f32>| {
        weighed[at].raised(meant, &own[at], || harm::around(own, asked.sentences(), at))
    };
    let closed = (0..own.len()).filter(|at| {
        let by_itself = weighed[*at].words && meant[*at].is_some();
        by_itself && !raised(*at, meant[*at])
    });
    let closed: Vec<usize> = closed.collect();
    let means = asked.weights(&closed, Among::Nothing);
    for (at, weight) in closed.into_iter().zip(means) {
        meant[at] = weight;
    }
    let each = own.iter().zip(meant).enumerate();
    let each = each.map(|(at, (own, meant))| {
        let whole = raised(at, meant).then(|| weighed[at].why());
        whole.or_else(|| behind_a_lawful_step(own).then(|| LISTED.into()))
    });
    each.collect()
}

fn behind_a_lawful_step(own: &str) -> bool {
    let may_be =
        |end: &&str| learned::weigh(end).is_none_or(|end| end.over(true) >= meaning::NEVER);
    let mut ends = threat::behind_a_lawful_step(own).filter(may_be);
    ends.any(threat::threatens)
}

/// A sentence by its words, and by how much it sounds like a threat.
struct Weighed {
    /// It has words of threats.
    words: bool,
    heaviest: Option<learned::Suspicion>,
}

impl Weighed {
    fn of(own: &str) -> Self {
        Self {
            words: threat::threatens(own),
            heaviest: learned::weigh(own),
        }
    }

    fn over(&self) -> Option<f32> {
        Some(self.heaviest.as_ref()?.over(self.words))
    }

    /// Whether its meaning may make a threat of it.
    fn may_be(&self) -> bool {
        self.over().is_some_and(|over| over >= meaning::NEVER)
    }

    /// Whether it is enough, with what it means where a model can tell; without words of threats more is asked where no harm is spoken of.
    fn raised(&self, meant: Option<f32>, own: &str, harm: impl Fn() -> Harm) -> bool {
        match (self.over(), meant) {
            (None, _) => self.words,
            (Some(over), None) => over >= 0.0,
            (Some(over), Some(meant)) if self.may_be() && over + meant >= meaning::SUSPECTED => {
                self.words || harm::is_enough(harm(), own, over, meant)
            }
            _ => false,
        }
    }

    fn why(&self) -> String {
        match &self.heaviest {
            Some(heaviest) if !self.words && heaviest.words.chars().any(is_han) => {
                format!("疑似扬言：“{}”", heaviest.words)
            }
            Some(_) if !self.words => "疑似扬言".into(),
            _ => LISTED.into(),
        }
    }
}

/// Why it threatens if its doubtful characters are what else they may be. Words alone are not enough: in noise, any word may be read.
fn may_say(pages: &[PageText], sentence: &[Glyph]) -> Option<String> {
    if !sentence.iter().any(|g| g.confidence < nbest::DOUBTFUL) {
        return None;
    }
    let reads = |word: &str| {
        let own = clauses::own_words(&nbest::with_word(pages, sentence, word)?);
        let threat = threat::threatens(&own) && learned::suspects(&own).is_some();
        threat.then(|| format!("疑似扬言：字迹不清，或为“{word}”"))
    };
    threat::unmistakable().find_map(reads)
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
                why: None,
            }
        }
    }
}

fn encloses(sentence: &str) -> bool {
    // 附奖章一枚, and not 附近, 附件.
    let annexed = sentence
        .trim_start_matches(['另', '兹', '特'])
        .strip_prefix('附');
    let annexed =
        annexed.is_some_and(|rest| !rest.starts_with(['近', '件', '加', '属', '带', '和']));
    if !annexed && !has_any(sentence, ENCLOSED) {
        return false;
    }
    // 随信附上现金, and just as well 现将存折随信附上.
    let rest = sentence;
    let copies = rest.contains("复印件")
        && !rest.contains("原件")
        && !has_any(rest, &["现金", "汇款单", "存折", "银行卡"]);
    has_any(rest, VALUABLES) && !copies
}

/// A secret mark on any page; 机密 inside a sentence is none.
fn secret_mark(pages: &[PageText]) -> Option<Vec<Glyph>> {
    let marked = |(index, page)| secret::mark(&rows(index, page)).map(|row| row.glyphs.clone());
    pages.iter().enumerate().find_map(marked)
}

#[cfg(test)]
mod tests;
