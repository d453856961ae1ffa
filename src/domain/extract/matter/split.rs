//! The matters of a letter and the stretches of text they stand in (SZ 7.4.2.6): numbered parts, else a turn to something else.
//!
//! A proposal: a part is a matter only where it opens with its number, or where 另外, 此外 begins something of another category.

use crate::domain::zones::{Glyph, LetterZones, Row, text_of};

use super::super::body;
use super::super::glyphs::{has_any, squeeze};
use super::category;

/// One matter's text.
pub(super) struct Part {
    pub(super) glyphs: Vec<Glyph>,
    /// Characters of its number at the beginning.
    pub(super) marked: usize,
}

/// Ways to number parts: the openings in their order.
const NUMBERINGS: &[&[&str]] = &[
    &["一、", "二、", "三、", "四、", "五、", "六、"],
    &["(一)", "(二)", "(三)", "(四)", "(五)", "(六)"],
    &["1、", "2、", "3、", "4、", "5、", "6、"],
    &["1.", "2.", "3.", "4.", "5.", "6."],
    &["第一,", "第二,", "第三,", "第四,", "第五,", "第六,"],
    &["头一件", "第二件", "第三件", "第四件"],
    &["头一件", "还有一件"],
    &["第一件", "还有一件"],
    &["头一个问题", "第二个问题", "第三个问题"],
    &["第一件", "第二件", "第三件", "第四件", "第五件", "第六件"],
    &["第一个问题", "第二个问题", "第三个问题", "第四个问题"],
    &["一件是", "另一件是"],
    &["一件事是", "另一件事是"],
    &["一是", "二是", "三是", "四是", "五是", "六是"],
    &["其一", "其二", "其三", "其四", "其五", "其六"],
    &["首先", "其次", "再次", "第四", "第五", "第六"],
    &["问题一", "问题二", "问题三", "问题四", "问题五"],
    &["甲、", "乙、", "丙、", "丁、"],
    &["先说", "再说"],
];

/// Characters of a sentence that only says that something more is to come.
const ANNOUNCED: usize = 20;

/// What opens another matter in a letter without numbers.
const TURNS: &[&str] = &[
    "另外",
    "另有一事",
    "另一件事",
    "另一个问题",
    "此外",
    "还有一件事",
    "还有一桩事",
    "还有一桩",
    "还有另一件事",
    "还有另外一件事",
    "再说一件事",
    "再说一桩事",
    "再反映一件事",
    "还有一个问题",
    "再一个",
    "顺便反映",
    "同时反映",
    "再反映",
    "还想反映",
    "还要反映",
    "还有一事",
    "还有一个事",
    "还有个事",
    "还有件事",
    "再有",
    "再就是",
    "顺便",
    "顺带",
    "再说",
    "二是",
    "三是",
    "四是",
    "其二",
    "其三",
    "其次",
    "第二,",
    "第三,",
    "乙、",
    "丙、",
];

/// 除了路灯,还想反映…: what was told, and then something else.
const BESIDES: [&str; 2] = ["除了", "除此"];

/// The matters in their order; the first is the main one.
pub(super) fn parts(zones: &LetterZones) -> Vec<Part> {
    let numbered = numbered(zones.body_rows());
    if let Some(told) = in_form(&numbered) {
        return vec![told];
    }
    if numbered.len() >= 2 {
        return numbered;
    }
    turned(zones.body_rows())
}

fn numbered(rows: &[Row]) -> Vec<Part> {
    let best = NUMBERINGS.iter().map(|marks| by(rows, marks));
    // Of equals the earlier way of numbering: 一、 holds 1、 2、 inside it.
    best.rev().max_by_key(Vec::len).unwrap_or_default()
}

/// The parts that open with `marks` one after the other, at the beginning of a row; those that count matters (第一件) also of a sentence. A numeral in
/// front may be misread; the number after it must still come.
fn by(rows: &[Row], marks: &[&str]) -> Vec<Part> {
    let counts_matters = marks.iter().all(|m| m.contains(['件', '题']));
    let squeezed: Vec<Vec<Glyph>> = if counts_matters {
        // A sentence may begin at the end of a row and go on below.
        body::sentences(&body::flow(rows))
            .into_iter()
            .map(<[Glyph]>::to_vec)
            .collect()
    } else {
        rows.iter().map(|row| squeeze(&row.glyphs)).collect()
    };
    let mut parts: Vec<Part> = Vec::new();
    for mut glyphs in squeezed {
        let text = text_of(&glyphs);
        let opens = marks.get(parts.len()).is_some_and(|m| text.starts_with(m));
        if opens {
            let marked = marks[parts.len()].chars().count();
            parts.push(Part {
                glyphs,
                marked: marked + led_in(&text, marked),
            });
        } else if let Some(part) = parts.last_mut() {
            part.glyphs.append(&mut glyphs);
        }
    }
    parts
}

/// Characters of 事是, 是 behind 第一件.
fn led_in(text: &str, marked: usize) -> usize {
    let rest: String = text.chars().skip(marked).collect();
    let led = ["事情是", "事是", "事,", "事:", "是", ",", ":"];
    let found = led.iter().find(|word| rest.starts_with(**word));
    found.map_or(0, |word| word.chars().count())
}

/// What the numbered rows of a form ask for that is no matter, and what is one.
const PARTICULARS: &[&str] = &[
    "我是谁",
    "姓名",
    "我叫什么",
    "写信人",
    "来信人",
    "反映人",
    "我住",
    "住址",
    "地址",
    "家庭住址",
    "怎么找我",
    "怎样找我",
    "联系",
    "电话",
    "手机",
    "写信的日子",
    "写信日期",
    "日期",
    "时间",
    "收件",
    "写给谁",
    "身份证",
    "基本情况",
    "个人情况",
];
const CONTENTS: &[&str] = &[
    "我要说的事",
    "我要反映的事",
    "我想说的事",
    "反映的事",
    "反映事项",
    "反映内容",
    "反映的问题",
    "主要内容",
    "主要问题",
    "事情经过",
    "事实",
    "内容",
    "事项",
    "我的要求",
    "我的请求",
    "要求",
    "请求",
    "诉求",
    "希望",
];

/// 一、我是谁:… 四、我要说的事:…: the numbers are a form's; what it tells of is one matter.
fn in_form(parts: &[Part]) -> Option<Part> {
    let label = |part: &Part, words: &[&str]| {
        let text = text_of(part.glyphs.get(part.marked..).unwrap_or_default());
        let asked = words.iter().filter(|word| text.starts_with(**word));
        let word = asked.max_by_key(|word| word.len())?;
        text[word.len()..]
            .chars()
            .take(LONGEST_LABEL)
            .position(|c| c == ':')
            .map(|colon| part.marked + word.chars().count() + colon + 1)
    };
    let particulars = parts.iter().filter(|p| label(p, PARTICULARS).is_some());
    if particulars.count() < 2 {
        return None;
    }
    let told = parts
        .iter()
        .filter_map(|p| Some(p.glyphs[label(p, CONTENTS)?..].to_vec()));
    let glyphs = told.reduce(|mut all, part| {
        all.extend(part);
        all
    })?;
    Some(Part { glyphs, marked: 0 })
}

/// Characters of a form's label behind the words it is known by.
const LONGEST_LABEL: usize = 4;

fn asks_about(text: &str) -> bool {
    has_any(
        text,
        &[
            "请问",
            "想了解",
            "想问",
            "咨询",
            "请教",
            "想知道",
            "告知",
            "解答",
            "?",
        ],
    )
}

/// A letter without numbers: one matter, and one more for each turn to another category.
fn turned(rows: &[Row]) -> Vec<Part> {
    let flow = body::flow(rows);
    let mut parts: Vec<Part> = vec![Part {
        glyphs: Vec::new(),
        marked: 0,
    }];
    let mut known: Vec<Option<&'static str>> = vec![None];
    let mut announced = false;
    for sentence in body::sentences(&flow) {
        let text = text_of(sentence);
        let besides = BESIDES.iter().any(|word| text.starts_with(word)) && text.contains("还");
        let turn = besides || announced || TURNS.iter().any(|t| text.starts_with(t));
        // 还有一件事也一并说说。 tells nothing yet; what follows does.
        announced = turn && category::of(&text).is_none() && text.chars().count() <= ANNOUNCED;
        let about = category::of(&text);
        let before = parts.last().map(|p| text_of(&p.glyphs)).unwrap_or_default();
        let other = about.is_some() && category::of(&before).is_some_and(|c| Some(c) != about);
        // One more question of a letter that asks is no other grievance.
        let questions = asks_about(&text) && asks_about(&before);
        if turn && other && !questions && !known.contains(&about) {
            parts.push(Part {
                glyphs: sentence.to_vec(),
                marked: 0,
            });
            known.push(about);
        } else {
            // What is asked for at the end may go back to the first of them.
            let is_on =
                |part: &Part| about.is_some() && category::of(&text_of(&part.glyphs)) == about;
            let last = parts.len() - 1;
            let home = parts.iter().rposition(is_on).unwrap_or(last);
            parts[home].glyphs.extend_from_slice(sentence);
        }
    }
    parts.retain(|p| !p.glyphs.is_empty());
    parts
}
