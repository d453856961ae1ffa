//! Where a letter points at an office without its name: 您, 你们, 政府, 局长, 该局.

use super::callings::clause_of;
use super::spoken::Meant;
use crate::domain::extract::glyphs::find_from;

/// Another way of pointing at whoever is written to.
const YOU: &[&str] = &[
    "您",
    "你们",
    "贵处",
    "贵部门",
    "贵机关",
    "贵中心",
    "贵站",
    "贵地",
    "你",
];
/// How far behind somebody's name the colon stands that calls him.
const CALLED_WITHIN: usize = 8;
/// Before 你: it was said, by somebody else unless the writer is there.
const SAYS: &[&str] = &["说", "讲", "骂", "喊", "叫嚣", "威胁", "回答", "扬言"];
const TO_ME: &[&str] = &["对我", "跟我", "和我", "给我", "骂我", "向我", "冲我"];
const MYSELF: &[&str] = &["我", "本人", "俺", "咱", "想说", "要说", "来说", "再说"];
/// Whose 局长 he is who is not that of the bureau that is written to.
const OTHER_BUREAUS: &[&str] = &[
    "局", "公安", "教育", "住建", "城建", "城管", "环保", "民政", "财政", "人社", "劳动", "社保",
    "医保", "卫生", "交通", "水务", "水利", "农业", "国土", "规划", "房管", "拆迁", "税务", "工商",
    "司法", "文旅", "体育", "审计", "统计", "林业", "供电", "电力", "邮政", "粮食", "安监", "药监",
    "质监", "物价", "消防", "监管", "管理", "分", "镇", "县", "区", "省",
];
/// 该局: the last one of that kind that was named.
const THAT: &[&str] = &["该", "此", "这个", "那个", "这家", "他们"];
const KINDS: &[(&str, &str)] = &[
    ("局", "局"),
    ("办", "办公室"),
    ("委", "委员会"),
    ("府", "政府"),
];

/// 您, 你们, 政府 in a letter to one, 局长 in a letter to a 局, 该局.
pub(super) fn pointed_at(chars: &[char], named: &[Meant], addressed: &[String]) -> Vec<Meant> {
    let mut all: Vec<Meant> = Vec::new();
    let mut find = |word: &str, of: Vec<String>, passes: &dyn Fn(usize, usize) -> bool| {
        let mut from = 0;
        while let Some(at) = find_from(chars, word, from) {
            from = at + word.chars().count();
            if passes(at, from) && !of.is_empty() {
                all.push(Meant {
                    at: at..from,
                    of: of.clone(),
                });
            }
        }
    };
    // 致信访局全体同志:你们…
    let called: Vec<&Meant> = named
        .iter()
        .filter(|one| {
            let behind = chars[one.at.end..].iter().take(CALLED_WITHIN);
            behind
                .take_while(|c| !"。!?;,".contains(**c))
                .any(|c| *c == ':')
        })
        .collect();
    for word in YOU {
        let is_told = |at: usize| word.starts_with('贵') || !is_quoted(chars, at);
        find(word, addressed.to_vec(), &|at, _| is_told(at));
        for one in &called {
            let is_within = |at: usize| {
                at > one.at.end && !chars[one.at.end..at].iter().any(|c| "。!?;".contains(*c))
            };
            find(word, one.of.clone(), &|at, _| is_within(at) && is_told(at));
        }
    }
    let of_kind = |end: &str| -> Vec<String> {
        addressed
            .iter()
            .filter(|name| name.ends_with(end))
            .cloned()
            .collect()
    };
    let is_free = |at: usize| !named.iter().any(|one| one.at.contains(&at));
    find("政府", of_kind("政府"), &|at, _| {
        is_free(at) && !(at > 0 && "省市县区镇乡州".contains(chars[at - 1]))
    });
    for title in ["局长", "局里", "局领导"] {
        find(title, of_kind("局"), &|at, _| {
            is_free(at) && is_a_chief(chars, at)
        });
    }
    for (word, end) in KINDS {
        for that in THAT {
            let word = format!("{that}{word}");
            let mut from = 0;
            while let Some(at) = find_from(chars, &word, from) {
                from = at + word.chars().count();
                let before = named.iter().filter(|one| one.at.end <= at);
                let last = before.max_by_key(|one| one.at.start);
                let of: Vec<String> = last.map_or_else(|| addressed.to_vec(), |one| one.of.clone());
                let of: Vec<String> = of.into_iter().filter(|name| name.ends_with(end)).collect();
                if !of.is_empty() {
                    all.push(Meant { at: at..from, of });
                }
            }
        }
    }
    all
}

/// Said by somebody else: 他说你去告吧.
fn is_quoted(chars: &[char], at: usize) -> bool {
    let text = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
    let begins = chars[..at]
        .iter()
        .rposition(|c| "。!?;".contains(*c))
        .map_or(0, |end| end + 1);
    let is_said = |from: usize, to: usize| {
        let told = TO_ME
            .iter()
            .fold(text(from, to), |told, word| told.replace(word, ""));
        SAYS.iter().any(|word| told.contains(word))
            && !MYSELF.iter().any(|word| told.contains(word))
    };
    let opened = chars[..at].iter().rposition(|c| "“\"「『".contains(*c));
    let closed = chars[..at].iter().rposition(|c| "”」』".contains(*c));
    let within = opened.filter(|opened| closed.is_none_or(|closed| closed < *opened));
    let behind = chars[begins..at]
        .iter()
        .rposition(|c| *c == ':')
        .map(|colon| begins + colon);
    is_said(clause_of(chars, at), at)
        || behind.is_some_and(|colon| is_said(begins, colon))
        || within.is_some_and(|opened| {
            let from = chars[..opened]
                .iter()
                .rposition(|c| "。!?;".contains(*c))
                .map_or(0, |end| end + 1);
            is_said(from, opened)
        })
}

/// 局长, 那个局长, 王局长, and not 公安局长.
fn is_a_chief(chars: &[char], at: usize) -> bool {
    let before: String = chars[at.saturating_sub(3)..at].iter().collect();
    let before = before.trim_end_matches('副');
    !OTHER_BUREAUS.iter().any(|word| before.ends_with(word))
}
