//! Purpose, matters and summary in a first version: the letter's own words, no category, no place.
//!
//! Numbered parts (一、二、三、) are matters, the first of them the main one (SZ 7.4.2.6); splitting unnumbered ones is left out.

use crate::domain::draft::{Fields, Flag, Matter};
use crate::domain::field::Source;
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, LetterZones, text_of};

use super::body;
use super::confidence::Measured;
use super::evidence::{Candidate, field};
use super::glyphs::has_any;

const PURPOSES: &[(&str, &[&str])] = &[
    (
        "检举控告",
        // 打过举报电话 is no accusation.
        &[
            "实名举报",
            "实名检举",
            "我举报",
            "我要举报",
            "我们举报",
            "现举报",
            "特此举报",
            "特举报",
            "向您举报",
            "向你举报",
            "举报人",
            "举报如下",
            "举报信",
            "举报材料",
            "检举",
            "控告",
            "揭发",
        ],
    ),
    ("申诉", &["申诉", "不服", "再审", "重新认定"]),
    (
        "感谢",
        &[
            "感谢信",
            "表扬信",
            "从心里感谢",
            "衷心感谢",
            "衷心的感谢",
            "表示感谢",
            "深表谢意",
            "由衷",
            "特此感谢",
            "谢意",
            "感激不尽",
            "感激之情",
            "好公仆",
            "办了实事",
            "送上锦旗",
            "致以感谢",
            "非常感谢",
            "心里感谢",
        ],
    ),
    (
        "咨询",
        &[
            "我想咨询",
            "想咨询",
            "咨询一下",
            "咨询几个",
            "特咨询",
            "现咨询",
            "向您咨询",
            "向贵局咨询",
            "请问",
            "想问",
            "想了解",
            "了解一下",
            "想请教",
            "请教一下",
            "怎样办理",
            "如何办理",
            "怎么办理",
            "请予解答",
            "请解答",
            "请告知",
            "也请一并告知",
        ],
    ),
    (
        "意见建议",
        &["我建议", "建议", "提个建议", "建言", "几点意见", "献策"],
    ),
];

const REQUESTS: &[&str] = &[
    "请求",
    "恳请",
    "要求",
    "希望",
    "盼望",
    "请领导",
    "恳求",
    "诉求",
    "反映",
    "投诉",
    "解决",
    "帮助我",
    "为我",
    "为民做主",
    "望",
    "处理",
    "查处",
    "答复",
    "给个说法",
    "讨个公道",
    "还我公道",
    "求助",
    "帮助",
];

/// Fills purpose, matters, summary and the archive hint.
pub(crate) fn read(pages: &[PageText], zones: &LetterZones, fields: &mut Fields) {
    let flow = body::flow(zones.body_rows());
    let sentences = body::sentences(&flow);
    let head: String = zones.head().iter().map(|r| r.compact()).collect();
    if let Some(purpose) = purpose(&sentences, &head) {
        fields.purpose = field(pages, &purpose, Measured::Purpose, Vec::new());
    }
    fields.flags.archive_only = Some(archive_hint(fields, &sentences));
    let requests: Vec<&[Glyph]> = sentences
        .iter()
        .copied()
        .filter(|s| is_request(&text_of(s)))
        .collect();
    fields.summary = requests.iter().take(3).map(|s| text_of(s)).collect();
    fields.matters = matters(pages, zones, &sentences, &requests);
}

fn is_request(sentence: &str) -> bool {
    has_any(
        sentence,
        &[
            "请求", "恳请", "要求", "希望", "盼望", "建议", "恳求", "诉求",
        ],
    )
}

fn purpose(sentences: &[&[Glyph]], head: &str) -> Option<Candidate> {
    let texts: Vec<String> = sentences.iter().map(|s| text_of(s)).collect();
    let score = |words: &[&str]| {
        texts.iter().filter(|t| has_any(t, words)).count() + 2 * usize::from(has_any(head, words))
    };
    let asked = score(REQUESTS);
    let urged = score(&["请求", "恳请", "要求", "盼望", "恳求", "诉求"]);
    let mut best: Option<(&str, usize)> = None;
    for (name, words) in PURPOSES {
        let hits = score(words);
        // Thanks, questions and proposals must outweigh what is asked for beside them.
        let needed = if *name == "检举控告" {
            1
        } else {
            urged.max(1)
        };
        if hits >= needed && best.is_none_or(|(_, b)| hits > b) {
            best = Some((name, hits));
        }
    }
    let (name, words) = match best {
        Some((name, _)) => (
            name,
            PURPOSES
                .iter()
                .find(|(n, _)| *n == name)
                .map_or(REQUESTS, |(_, w)| *w),
        ),
        None if asked > 0 => ("投诉请求", REQUESTS),
        // A letter that tells a grievance and asks for nothing in words still asks for redress: proposed, never sure.
        None if texts.iter().any(|t| t.chars().count() >= TOLD) => return Some(told(sentences)),
        None => return None,
    };
    let evidence = sentences
        .iter()
        .find(|s| has_any(&text_of(s), words))
        .map_or_else(Vec::new, |s| s.to_vec());
    let own = score(words);
    let others: usize = PURPOSES
        .iter()
        .filter(|(n, _)| *n != name)
        .map(|(_, w)| score(w))
        .sum();
    let count = |n: usize| n.min(4) as f32;
    let mut found = Candidate {
        value: name.to_owned(),
        ..Candidate::as_read(&evidence, 0.7, Source::LetterBody, "7.4.2.1")
    };
    found.note("is_request", f32::from(u8::from(name == "投诉请求")));
    found.note("words_for_it", count(own));
    found.note("words_for_others", count(others));
    found.note("urged", count(urged));
    Some(found)
}

/// A sentence of this many characters tells something.
const TOLD: usize = 12;

fn told(sentences: &[&[Glyph]]) -> Candidate {
    let longest = sentences.iter().max_by_key(|s| s.len());
    let glyphs = longest.map_or(&[][..], |s| *s);
    let mut told = Candidate {
        value: "投诉请求".to_owned(),
        ..Candidate::as_read(glyphs, 0.4, Source::LetterBody, "7.4.2.1")
    };
    told.note("only_told", 1.0);
    told
}

/// Thanks and questions may be filed without action (SZ 7.5.1): a hint, never automatic.
fn archive_hint(fields: &Fields, sentences: &[&[Glyph]]) -> Flag {
    let filed = matches!(fields.purpose.value.as_deref(), Some("感谢" | "咨询"));
    if !filed {
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
    }
}

const NUMERALS: &[&str] = &["一、", "二、", "三、", "四、", "五、", "六、"];

fn matters(
    pages: &[PageText],
    zones: &LetterZones,
    sentences: &[&[Glyph]],
    requests: &[&[Glyph]],
) -> Vec<Matter> {
    let numbered = numbered(zones);
    if numbered.len() >= 2 {
        return numbered
            .into_iter()
            .enumerate()
            .map(|(i, (title, page))| Matter {
                title,
                main: i == 0,
                pages: page_number(pages, page),
                place: None,
                category: None,
            })
            .collect();
    }
    let titled = zones.head().iter().find_map(|r| title_of(&r.compact()));
    let own_words = requests
        .first()
        .or(sentences.get(1))
        .or(sentences.first())
        .map(|s| shortened(&text_of(s)));
    let Some(title) = titled.or(own_words).filter(|t| !t.is_empty()) else {
        return Vec::new();
    };
    let mut on: Vec<u32> = zones
        .body_rows()
        .iter()
        .filter_map(|r| pages.get(r.page))
        .map(|p| p.n)
        .collect();
    on.dedup();
    vec![Matter {
        title,
        main: true,
        pages: on,
        place: None,
        category: None,
    }]
}

fn page_number(pages: &[PageText], index: usize) -> Vec<u32> {
    pages.get(index).map(|p| p.n).into_iter().collect()
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

fn numbered(zones: &LetterZones) -> Vec<(String, usize)> {
    let mut out: Vec<(String, usize)> = Vec::new();
    for row in zones.body_rows() {
        let text = row.compact();
        if let Some(numeral) = NUMERALS.get(out.len())
            && let Some(rest) = text.strip_prefix(numeral)
        {
            out.push((shortened(rest), row.page));
        }
    }
    out
}

/// The first clause, at most twenty characters.
fn shortened(text: &str) -> String {
    let clause = text
        .split([',', '。', '!', '?', ';', '、'])
        .find(|c| c.chars().count() >= 4)
        .unwrap_or(text);
    clause.chars().take(20).collect()
}
