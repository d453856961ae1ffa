//! Purpose, matters and summary: the letter's own words, each with its place, and a proposal of what they are about.
//!
//! Parts of the text are matters ([`split`]), the first of them the main one (SZ 7.4.2.6); categories are a proposal ([`category`]).

mod category;
mod place;
mod plea;
mod purpose;
mod split;
mod summary;
mod title;

pub(crate) use category::is_course as tells_course;

use crate::domain::draft::{Fields, Flag, Matter, SummarySentence};
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, LetterZones, text_of};

pub use category::{categories, is_category, likely_categories};

use super::body;
use super::confidence::Measured;
use super::evidence::{field, for_a_person, passages};
use super::glyphs::has_any;

/// Fills purpose, matters, summary and the archive hint.
pub(crate) fn read(pages: &[PageText], zones: &LetterZones, fields: &mut Fields) {
    let flow = body::flow(zones.body_rows());
    let sentences = body::sentences(&flow);
    let head: String = zones.head().iter().map(|r| r.compact()).collect();
    if let Some(purpose) = purpose::of(&sentences, &head) {
        let read = field(pages, &purpose, Measured::Purpose, Vec::new());
        fields.purpose = if purpose::is_plain(&purpose) {
            read
        } else {
            for_a_person(read)
        };
    }
    fields.flags.archive_only = Some(archive_hint(fields, &sentences));
    let parts = split::parts(zones);
    let texts: Vec<&[Glyph]> = parts.iter().map(|p| p.glyphs.as_slice()).collect();
    fields.summary_sentences = summary::of(pages, &texts);
    fields.summary = fields
        .summary_sentences
        .iter()
        .map(|s| s.text.as_str())
        .collect();
    let accuses = fields.purpose.value.as_deref() == Some("检举控告");
    fields.matters = matters(pages, zones, &parts, accuses);
    fields.earlier = earlier(pages, &sentences);
}

/// 我叫…, 今年…岁, 家住…: who writes, not what about.
fn introduces(sentence: &str) -> bool {
    let opens = [
        "我叫",
        "本人",
        "我名",
        "我是",
        "我系",
        "我们是",
        "我们都是",
        "反映人",
        "鄙人",
        "我姓",
    ];
    opens.iter().any(|o| sentence.starts_with(o))
        && has_any(
            sentence,
            &[
                "岁", "家住", "住在", "住户", "居民", "村民", "业主", "职工", "现住", "居住", "男",
                "女",
            ],
        )
        || has_any(
            sentence,
            &[
                "家住",
                "我住在",
                "现住在",
                "我家住",
                "一直住",
                "常住",
                "居住在",
            ],
        ) && sentence.chars().count() < 60
}

fn is_request(sentence: &str) -> bool {
    has_any(
        sentence,
        &[
            "请求", "恳请", "要求", "希望", "盼望", "建议", "恳求", "诉求",
        ],
    )
}

/// Thanks and questions may be filed without action (SZ 7.5.1): a hint, never automatic, and none where money, a threat or harm is told beside them.
fn archive_hint(fields: &Fields, sentences: &[&[Glyph]]) -> Flag {
    let filed = matches!(fields.purpose.value.as_deref(), Some("感谢" | "咨询"));
    let flags = [&fields.flags.threat, &fields.flags.crime_clue];
    let is_raised = flags
        .iter()
        .any(|flag| flag.as_ref().is_some_and(|flag| flag.value));
    let is_told = fields.purpose.value.as_deref() == Some("感谢")
        && sentences
            .iter()
            .any(|sentence| tells_of_more(&text_of(sentence)));
    if !filed || is_raised || is_told {
        return Flag::default();
    }
    let quote = fields
        .purpose
        .quad
        .and(sentences.first())
        .map(|s| text_of(s));
    Flag {
        value: true,
        quote,
        page: fields.purpose.page,
        quad: fields.purpose.quad,
        why: None,
    }
}

/// Done to the writer: with it thanks are none.
const NO_THANKS: &[&str] = &[
    "收下我",
    "收走",
    "收了我",
    "拿了我",
    "拿走",
    "推平",
    "家破人亡",
    "断了",
    "砸",
    "搜我",
    "祖坟",
    "被告手里",
    "没有退",
    "挖了我",
    "拆了我",
    "害得",
    "害我",
];

/// An amount of money, or something done to somebody, which nobody gives thanks for.
fn tells_of_more(sentence: &str) -> bool {
    let chars: Vec<char> = sentence.chars().collect();
    let is_number = |c: &char| c.is_ascii_digit() || "一二两三四五六七八九十百千万几".contains(*c);
    let amount = |(at, _): (usize, &char)| {
        at > 0 && is_number(&chars[at - 1])
            || at > 1 && "多余来".contains(chars[at - 1]) && is_number(&chars[at - 2])
    };
    let mut money = chars
        .iter()
        .enumerate()
        .filter(|(_, c)| "元块万".contains(**c));
    let harm = [
        "打断",
        "打伤",
        "打骂",
        "打人",
        "打了我",
        "殴打",
        "抢",
        "跟踪",
        "威胁",
        "死",
        "被告",
        "收下",
        "收了",
        "拿了",
        "红包",
        "送礼",
        "骗",
    ];
    // 死活不肯收
    let sentence = &sentence.replace("死活", "");
    money.any(amount) || has_any(sentence, &harm) || has_any(sentence, NO_THANKS)
}

/// What the letter says of earlier ones: numbers of papers, 已于某日来信 (requirement H13).
fn earlier(pages: &[PageText], sentences: &[&[Glyph]]) -> Vec<SummarySentence> {
    let words = [
        "告知书",
        "受理通知",
        "信访编号",
        "受理编号",
        "答复意见书",
        "处理意见书",
        "复查意见",
        "复核意见",
        "曾来信",
        "曾写信",
        "已来信",
        "多次来信",
        "上次来信",
        "去信",
        "再次来信",
        "第二次来信",
        "又一次写信",
        "信访件",
    ];
    let told = sentences.iter().filter(|s| has_any(&text_of(s), &words));
    told.take(5).map(|s| summary::sentence(pages, s)).collect()
}

fn matters(
    pages: &[PageText],
    zones: &LetterZones,
    parts: &[split::Part],
    accuses: bool,
) -> Vec<Matter> {
    let titled = zones.head().iter().find_map(|r| title_of(&r.compact()));
    let single = parts.len() == 1;
    let matter = |(i, part): (usize, &split::Part)| {
        let told = without_greeting(&part.glyphs[part.marked.min(part.glyphs.len())..]);
        let all: Vec<String> = body::sentences(told).into_iter().map(text_of).collect();
        let own = all.iter().filter(|text| !introduces(text)).cloned();
        let own: Vec<String> = own.collect();
        // 我家住的小区换了供热公司,室温只有十三度: who writes and what about, in one sentence.
        let sentences = if own.is_empty() { all } else { own };
        let own_words = || title::of(&sentences);
        let title = titled.clone().filter(|_| single).unwrap_or_else(own_words);
        let text = sentences.concat();
        let ranges = passages(pages, told);
        let mut on: Vec<u32> = ranges.iter().map(|r| r.page).collect();
        on.dedup();
        (!title.is_empty()).then(|| Matter {
            category: category::of_matter(&title, &text, accuses).map(ToOwned::to_owned),
            title,
            main: i == 0,
            pages: on,
            place: place::of(&text),
            ranges,
            n: None,
        })
    };
    parts.iter().enumerate().filter_map(matter).collect()
}

/// The text behind 您好! and other courtesies it begins with.
fn without_greeting(told: &[Glyph]) -> &[Glyph] {
    let sentences = body::sentences(told);
    let greetings = sentences.iter().take_while(|s| {
        let text = text_of(s);
        text.chars().count() <= 12 && summary::courtesy(&text)
    });
    let from: usize = greetings.map(|s| s.len()).sum();
    // A letter of nothing but courtesies keeps them.
    if from < told.len() {
        &told[from..]
    } else {
        told
    }
}

/// 关于屋面漏水的来信 → 屋面漏水.
fn title_of(text: &str) -> Option<String> {
    let rest = &text[text.find("关于")? + "关于".len()..];
    let end = [
        "的来信",
        "的反映",
        "的情况",
        "的请求",
        "的投诉",
        "的信",
        "的建议",
        "的申请",
        "一事",
        "问题",
        "的举报",
    ]
    .iter()
    .filter_map(|e| rest.find(e))
    .min()?;
    let title = &rest[..end];
    (2..=30)
        .contains(&title.chars().count())
        .then(|| title.to_owned())
}
