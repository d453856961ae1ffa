//! The body as one run of characters, and the name the writer gives himself in it.

use crate::domain::field::Source;
use crate::domain::zones::{Glyph, Row, text_of};

use super::evidence::Candidate;
use super::glyphs::{chars_of, find_from, has_any, squeeze};
use super::labels::WRITERS;
use super::names;

/// The body's characters without blanks, across rows.
pub(crate) fn flow(rows: &[Row]) -> Vec<Glyph> {
    rows.iter().flat_map(|r| squeeze(&r.glyphs)).collect()
}

/// The sentences of the body; their ends are 。！？ and the like.
pub(crate) fn sentences(flow: &[Glyph]) -> Vec<&[Glyph]> {
    flow.split_inclusive(|g| matches!(g.ch, '。' | '!' | '?' | ';'))
        .filter(|s| !s.is_empty())
        .collect()
}

/// 我叫…, 本人…, 我是…的住户…: the name the writer gives himself, where a letter begins or where it ends.
pub(crate) fn own_name(rows: &[Row]) -> Option<Candidate> {
    let flow = flow(rows);
    let end = flow
        .len()
        .saturating_sub(CLOSING_WINDOW)
        .max(OPENING_WINDOW);
    let behind = || flow.get(end..).and_then(said_at_end);
    let said = said_at_beginning(&flow).or_else(behind)?;
    let by_label = headed(&flow, &chars_of(&flow));
    Some(
        match by_label.is_some_and(|l| text_of(&l) == text_of(&said)) {
            true => labelled(&said),
            false => in_own_words(said),
        },
    )
}

/// How a writer names himself.
const OPENINGS: &[&str] = &[
    "我叫",
    "我名叫",
    "我的名字叫",
    "我的名字是",
    "我姓名叫",
    "我名",
    "本人姓名",
    "本人",
    "鄙人",
    "我姓名",
    "我是",
    "的住户",
    "的居民",
    "的村民",
    "的业主",
    "的职工",
    "的员工",
    "的退休职工",
    "的租户",
    "的市民",
];

/// Those of them that name nobody else wherever they stand.
const CLOSINGS: &[&str] = &["我叫", "我名叫", "我的名字叫", "我的名字是", "写信的人是"];

fn said_at_beginning(flow: &[Glyph]) -> Option<Vec<Glyph>> {
    let chars = chars_of(flow);
    let named = OPENINGS
        .iter()
        .chain(WRITERS)
        // 被申请人 is somebody else.
        .find_map(|opening| {
            named_after(flow, &chars, opening, |before| before.last() != Some(&'被'))
        });
    let named = named.or_else(|| headed(flow, &chars));
    // 我是一名工人,名叫…: the sentence speaks of its writer. 我, 张三, 今年…: so does this.
    let named = named
        .or_else(|| named_after(flow, &chars, "叫", speaks_of_writer))
        .or_else(|| {
            named_after(flow, &chars, "我,", |before| {
                sentence_of(before).is_empty()
            })
        });
    named.or_else(|| introduced(flow))
}

fn said_at_end(flow: &[Glyph]) -> Option<Vec<Glyph>> {
    let chars = chars_of(flow);
    let mut openings = CLOSINGS.iter().chain(WRITERS);
    openings.find_map(|opening| {
        named_after(flow, &chars, opening, |before| before.last() != Some(&'被'))
    })
}

/// 我是棠垭村三组的向传英,…; 本人系机械厂退休工人赵大海,…: who the writer is, and his name where the clause ends.
fn introduced(flow: &[Glyph]) -> Option<Vec<Glyph>> {
    let early = &flow[..flow.len().min(OPENING_WINDOW)];
    let mut clauses = early.split(|g| matches!(g.ch, ',' | '。' | '!' | '?' | ';' | ':' | '('));
    clauses.find_map(|clause| {
        let text = text_of(clause);
        let opening = ["我是", "我系", "本人是", "本人系", "我乃"]
            .into_iter()
            .find(|opening| text.starts_with(opening))?;
        let skip = opening.chars().count();
        let who = &clause[skip..];
        if has_any(&text, NO_INTRODUCTION) {
            return None;
        }
        let said = text_of(who);
        let behind_de = who.iter().rposition(|g| g.ch == '的').map(|at| at + 1);
        let of = behind_de.filter(|at| names::person(&text_of(&who[*at..])) > 0.8);
        let at = names::after_role(&said)
            .or_else(|| names::after_whose(&said))
            .or(of)?;
        let name = &who[at..];
        (names::person(&text_of(name)) > 0.8).then(|| name.to_vec())
    })
}

/// What makes a clause tell of something rather than of its writer.
const NO_INTRODUCTION: &[&str] = &[
    "反映", "举报", "控告", "检举", "投诉", "来找", "因为", "由于", "关于", "不是", "要求", "状告",
    "揭发", "为了", "替", "代", "受", "被",
];

/// So many characters from the end a writer may say who he is.
const CLOSING_WINDOW: usize = 120;

/// The writer's name in a form's rows above whom it is for.
pub(crate) fn name_in_form(rows: &[Row]) -> Option<Candidate> {
    let flow = flow(rows);
    headed(&flow, &chars_of(&flow)).map(|name| labelled(&name))
}

/// A name behind the label of who writes signs, wherever it stands.
fn labelled(name: &[Glyph]) -> Candidate {
    Candidate::as_read(name, 0.8, Source::LetterSignature, "7.4.2.2/1")
}

fn in_own_words(name: Vec<Glyph>) -> Candidate {
    Candidate::as_read(&name, 0.8, Source::LetterBody, "7.4.2.2/1")
}

/// 申诉人:覃玉兰,女… and 姓名:… at the head of a petition or a form.
fn headed(flow: &[Glyph], chars: &[char]) -> Option<Vec<Glyph>> {
    let own = WRITERS.iter().chain(&["姓名", "我是谁"]);
    let mut labels = own.map(|word| format!("{word}:"));
    labels.find_map(|label| {
        named_after(flow, chars, &label, |before| {
            let form: String = before.iter().collect();
            before.last() != Some(&'被')
                && (label != "姓名:" || !has_any(&form, &["被", "对象", "嫌疑"]))
        })
    })
}

/// The first full name behind an opening whose text before it passes.
fn named_after(
    flow: &[Glyph],
    chars: &[char],
    opening: &str,
    passes: impl Fn(&[char]) -> bool,
) -> Option<Vec<Glyph>> {
    let mut from = 0;
    while let Some(at) = find_from(chars, opening, from) {
        from = at + 1;
        if at > OPENING_WINDOW {
            return None;
        }
        let name = name_at(flow, at + opening.chars().count());
        if name.is_some() && passes(&chars[..at]) {
            return name;
        }
    }
    None
}

/// The sentence begun in what stands before a place.
fn sentence_of(before: &[char]) -> String {
    let from = before
        .iter()
        .rposition(|c| matches!(c, '。' | '!' | '?' | ';' | ':'));
    before[from.map_or(0, |i| i + 1)..].iter().collect()
}

/// Whether the sentence begun so speaks of its writer and of nobody else.
fn speaks_of_writer(before: &[char]) -> bool {
    let sentence = sentence_of(before);
    let own = ["我", "本人", "鄙人", "写信的人", "来信的人"];
    let others = [
        "老板", "村长", "书记", "主任", "邻居", "他", "她", "有个", "孩子", "儿子",
    ];
    own.iter().any(|o| sentence.starts_with(o)) && !has_any(&sentence, &others)
}

/// What labels begin with that stand behind a name with nothing but a gap between: 举报人:覃玉兰 电话….
const BESIDE_NAME: &[&str] = &[
    "电话", "手机", "联系", "住址", "地址", "家住", "身份", "性别", "年龄", "民族", "职业",
];

/// People say who they are at the beginning.
const OPENING_WINDOW: usize = 240;

fn name_at(flow: &[Glyph], mut at: usize) -> Option<Vec<Glyph>> {
    while flow
        .get(at)
        .is_some_and(|g| matches!(g.ch, ':' | '叫' | '是' | '为' | '"' | '“' | ','))
    {
        at += 1;
    }
    for length in [4, 3, 2] {
        let Some(name) = flow.get(at..at + length) else {
            continue;
        };
        let next = flow.get(at + length).map(|g| g.ch);
        let ends = next.is_none_or(|c| {
            matches!(
                c,
                ',' | '。' | '.' | '、' | '(' | '系' | '今' | '现' | '男' | '女' | '性' | ':' | ';'
            ) || c.is_ascii_digit()
        });
        let rest: String = flow[at + length..].iter().take(2).map(|g| g.ch).collect();
        let ends = ends || BESIDE_NAME.contains(&rest.as_str());
        if ends && names::person(&text_of(name)) > 0.8 {
            return Some(name.to_vec());
        }
    }
    None
}
