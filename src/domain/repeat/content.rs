//! What a letter is about, in a form two letters can be compared by: its pairs of neighbouring characters.
//!
//! A pair weighs the more the fewer letters of the office have it. Phrases that open, close and carry every letter are left out.

use std::collections::HashMap;

use super::{named, topics};

use crate::domain::extract::tells_course;
use crate::domain::text::PageText;
use crate::domain::zones::{address_like, fold, is_closing, is_han, letter_zones};

/// Phrases that say nothing about a matter; longer ones first.
const EVERY_LETTER: &[&str] = &[
    "请求有关部门依法调查处理",
    "书面告知",
    "百忙之中",
    "抽出时间",
    "冒昧给您写信",
    "给您写信",
    "特此写信",
    "写这封信",
    "写信反映",
    "反映如下",
    "反映情况",
    "情况反映",
    "有关部门",
    "相关部门",
    "有关领导",
    "各级领导",
    "尊敬的",
    "敬爱的",
    "领导",
    "您好",
    "你好",
    "你们好",
    "打扰",
    "盼望",
    "期盼",
    "希望",
    "恳请",
    "恳求",
    "请求",
    "要求",
    "给予",
    "予以",
    "答复",
    "回复",
    "明确",
    "尽快",
    "早日",
    "解决",
    "处理",
    "调查",
    "督促",
    "责成",
    "依法",
    "实地查看",
    "派人",
    "为民做主",
    "老百姓",
    "群众",
    "市民",
    "居民",
    "村民",
    "情况",
    "问题",
    "反映",
    "来信",
    "信访",
    "我们",
    "我家",
    "我叫",
    "我是",
    "本人",
    "他们",
    "你们",
    "政府",
    "此致",
    "敬礼",
    "谢谢",
    "感谢",
    "因为",
    "所以",
    "但是",
    "可是",
    "就是",
    "至今",
    "已经",
    "一直",
    "多次",
    "没有",
    "这个",
    "那个",
    "今年",
    "去年",
    "现在",
    "还是",
    "什么",
    "怎么",
    "如果",
    "不能",
    "可以",
];

/// The text of a letter's matter: the body's clauses, folded, a blank between. Salutation, signature and envelope are not in it.
pub fn of_pages(pages: &[PageText]) -> String {
    let zones = letter_zones(pages);
    let rows = zones.body_rows().iter().map(|row| row.compact());
    let body: String = rows.filter(|text| !is_closing(text)).collect();
    of_text(&body)
}

/// The clauses of any text, folded, a blank between; what every letter says is out.
pub fn of_text(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for ch in text.chars().filter(|c| !c.is_whitespace()).map(fold) {
        let kept = is_han(ch) || ch.is_ascii_alphanumeric();
        folded.push(if kept { ch.to_ascii_lowercase() } else { ' ' });
    }
    let told = folded
        .split(' ')
        .filter(|clause| !introduces(clause) && !tells_course(clause));
    let mut plain = told.collect::<Vec<_>>().join(" ");
    for phrase in EVERY_LETTER {
        if plain.contains(phrase) {
            plain = plain.replace(phrase, " ");
        }
    }
    let clauses = plain.split(' ').filter(|clause| !clause.is_empty());
    clauses.collect::<Vec<_>>().join(" ")
}

/// A clause in which writers say who they are and where they live: the sender's, not the matter's.
fn introduces(clause: &str) -> bool {
    const OPENINGS: [&str; 12] = [
        "我叫",
        "我是",
        "我名叫",
        "本人",
        "家住",
        "我家住",
        "我住",
        "现住",
        "住在",
        "我家在",
        "我一直住",
        "身份证",
    ];
    let length = clause.chars().count();
    let opens = OPENINGS.iter().any(|opening| clause.starts_with(opening));
    opens && (address_like(clause) || length <= 8) || clause.contains('岁') && length <= 8
}

/// Every three characters in a row of a prepared text, each once.
pub fn trigrams(prepared: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for clause in prepared.split(' ') {
        let chars: Vec<char> = clause.chars().collect();
        found.extend(chars.windows(3).map(|w| w.iter().collect::<String>()));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// How often which characters, and which two together, stand in a letter, and which topics it speaks of: (key, times), sorted by key. A
/// pair's key is its first character's lower 16 bits before its second's; a single character's is its own; a topic's is among
/// [`topics::KEYS`], that of a named place or party among [`named::KEYS`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grams(pub(super) Vec<(u32, u8)>);

impl Grams {
    /// Counts a prepared text.
    pub fn of(prepared: &str) -> Self {
        let mut keys: Vec<u32> = Vec::new();
        for clause in prepared.split(' ') {
            let mut before = None;
            for ch in clause.chars().map(|c| u32::from(c) & 0xFFFF) {
                keys.push(ch);
                keys.extend(before.map(|first: u32| first << 16 | ch));
                before = Some(ch);
            }
        }
        for (topic, weight) in topics::of(prepared) {
            keys.extend(std::iter::repeat_n(topic, weight));
        }
        keys.extend(named::of(prepared));
        keys.sort_unstable();
        let mut counted: Vec<(u32, u8)> = Vec::new();
        for pair in keys {
            match counted.last_mut().filter(|(last, _)| *last == pair) {
                Some((_, times)) => *times = times.saturating_add(1),
                None => counted.push((pair, 1)),
            }
        }
        Self(counted)
    }

    /// No character at all: there is nothing to compare.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many different characters and pairs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// As stored: five bytes a key.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = self.0.iter().flat_map(|(pair, times)| {
            let [a, b, c, d] = pair.to_le_bytes();
            [a, b, c, d, *times]
        });
        bytes.collect()
    }

    /// As [`Grams::to_bytes`] wrote it; what is no such thing is empty.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let pairs = bytes.as_chunks::<5>().0.iter();
        Self(
            pairs
                .map(|[a, b, c, d, times]| (u32::from_le_bytes([*a, *b, *c, *d]), *times))
                .collect(),
        )
    }
}

/// In how many letters of a sample each pair stands.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    letters: f32,
    with: HashMap<u32, u32>,
}

impl Weights {
    /// Counts one letter of the sample in.
    pub fn add(&mut self, letter: &Grams) {
        self.letters += 1.0;
        for (pair, _) in &letter.0 {
            *self.with.entry(*pair).or_default() += 1;
        }
    }

    /// The rarer, the more.
    fn of(&self, pair: u32) -> f32 {
        let with = self.with.get(&pair).copied().unwrap_or(0) as f32;
        ((self.letters + FEW) / (with + 1.0)).ln().max(0.05)
    }
}

/// A pair seen once weighs something already among a handful of letters.
const FEW: f32 = 8.0;

/// How alike two letters are in content: cosines of their weighted counts, each 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Alike {
    /// Of pairs: the same words.
    pub pairs: f32,
    /// Of single characters: the same things in other words.
    pub singles: f32,
    /// Of topics; none where one of the two speaks of none that is on the list.
    pub topics: Option<f32>,
    /// Of places and parties by their names; none where one of the two names none.
    pub named: Option<f32>,
}

/// Sums of one kind of key.
#[derive(Default, Clone, Copy)]
struct Sums {
    a: f32,
    b: f32,
    both: f32,
}

impl Sums {
    fn cosine(self) -> f32 {
        let norm = (self.a * self.b).sqrt();
        if norm > 0.0 {
            (self.both / norm).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

/// Compares two letters key by key.
pub fn alike(a: &Grams, b: &Grams, weights: &Weights) -> Alike {
    let mut sums = [Sums::default(); 4];
    let kind = |key: u32| match key {
        key if topics::KEYS.contains(&key) => 2,
        key if named::KEYS.contains(&key) => 3,
        key => usize::from(key > 0xFFFF),
    };
    let heft = |key: u32, times: u8| match kind(key) {
        2 | 3 => f32::from(times),
        _ => weights.of(key) * (1.0 + f32::from(times).ln()),
    };
    let (mut x, mut y) = (a.0.iter().peekable(), b.0.iter().peekable());
    loop {
        let next = (x.peek().copied().copied(), y.peek().copied().copied());
        match next {
            (Some((p, n)), Some((q, m))) if p == q => {
                let (u, v) = (heft(p, n), heft(q, m));
                let sum = &mut sums[kind(p)];
                (sum.a, sum.b, sum.both) = (sum.a + u * u, sum.b + v * v, sum.both + u * v);
                x.next();
                y.next();
            }
            (Some((p, n)), other) if other.is_none_or(|(q, _)| p < q) => {
                sums[kind(p)].a += heft(p, n).powi(2);
                x.next();
            }
            (_, Some((q, m))) => {
                sums[kind(q)].b += heft(q, m).powi(2);
                y.next();
            }
            _ => break,
        }
    }
    let told = |sum: Sums| (sum.a > 0.0 && sum.b > 0.0).then(|| sum.cosine());
    Alike {
        pairs: sums[1].cosine(),
        singles: sums[0].cosine(),
        topics: told(sums[2]),
        named: told(sums[3]),
    }
}
