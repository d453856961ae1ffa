//! What stands behind a name and is none of it: courtesies, stamps, who signs with him, when and where it was written.

use crate::domain::zones::{Glyph, text_of};

use super::super::glyphs::has_any;
use super::super::names;

/// Notes and courtesies behind a name.
const NOTES: &[&str] = &[
    "(签名)",
    "(签字)",
    "(签章)",
    "(手印)",
    "(盖章)",
    "(章)",
    "本人签名",
    "本人签字",
    "亲笔签名",
    "亲笔签字",
    "签名",
    "签字",
    "签章",
    "盖章",
    "手印",
    "指印",
    "画押",
    "含泪敬上",
    "含泪上书",
    "含泪叩首",
    "含泪书",
    "敬上",
    "谨上",
    "拜上",
    "恭上",
    "跪上",
    "恳上",
    "敬呈",
    "拜呈",
    "恭呈",
    "跪呈",
    "呈上",
    "奉上",
    "上书",
    "亲笔书",
    "亲笔",
    "敬启",
    "拜启",
    "手启",
    "恭启",
    "三叩首",
    "叩首",
    "叩上",
    "叩拜",
    "叩请",
    "叩求",
    "跪拜",
    "跪求",
    "跪请",
    "敬书",
    "泣书",
    "泣上",
    "泣告",
    "泣诉",
    "泣求",
    "泣血",
    "哭诉",
    "手书",
    "手上",
    "手札",
    "敬具",
    "谨具",
    "谨书",
    "拜书",
    "急书",
    "草书",
    "敬告",
    "急告",
    "亲书",
    "亲上",
    "百拜",
    "顿首",
    "再拜",
    "稽首",
    "三鞠躬",
    "鞠躬",
    "敬拜",
    "敬禀",
    "谨禀",
    "谨呈",
    "谨启",
    "谨白",
    "敬白",
    "谨识",
    "谨志",
    "谨言",
    "敬托",
    "敬求",
    "恳求",
    "求告",
    "哀告",
    "恳告",
    "跪告",
    "叩告",
    "叩禀",
    "泣禀",
    "泣呈",
    "泣拜",
    "泣笔",
    "谨笔",
    "敬笔",
    "律师",
    "(签名",
    "(签字",
    "(签章",
    "(盖章",
    "(手印",
    "签",
    "上",
    "呈",
    "叩",
    "及",
    "暨",
];

/// The same in one character that also ends names: only behind a whole one.
const SHORT_NOTES: &str = "书启草白字笔泣诉印章谨拜";

/// Who signs with him, or in whose name he signs as well.
const TOGETHER: &[&str] = &[
    "夫妇",
    "夫妻",
    "夫妻俩",
    "夫妻二人",
    "父子",
    "父女",
    "母子",
    "母女",
    "兄弟",
    "姐妹",
    "姐弟",
    "兄妹",
    "婆媳",
    "祖孙",
    "全家",
    "一家",
    "一家人",
    "一家老小",
    "全家人",
    "全家老小",
    "两口子",
    "老两口",
    "两人",
    "二人",
    "三人",
    "携全家",
    "率全家",
    "偕全家",
    "及全家",
    "及家人",
    "携家人",
    "和家人",
    "与家人",
    "代表全家",
];

/// What a bracket behind a name says of it that makes it none.
const PRETENDED: &[&str] = &["化名", "假名", "笔名", "匿名", "别名", "网名"];

fn named(glyphs: &[Glyph]) -> bool {
    names::person(&text_of(glyphs)) > 0.8
}

/// A name without what follows it.
pub(super) fn without_notes(glyphs: &[Glyph]) -> Vec<Glyph> {
    let mut rest = glyphs.to_vec();
    // (签字按手印), (61岁), (党员): whatever else the bracket says; (化名) stays.
    let bracket = rest.iter().position(|g| g.ch == '(').filter(|at| *at >= 2);
    let told = ["签", "印", "章", "男", "女", "岁"];
    if let Some(at) = bracket {
        let inside = text_of(&rest[at..]);
        // 高二(3)班: a bracket inside is no note.
        let behind = inside.rsplit(')').next().unwrap_or_default();
        let ends = !inside.contains(')') || behind.chars().count() <= 2;
        let withheld = names::incomplete(&text_of(&rest[..at]));
        let note = ends && (named(&rest[..at]) || withheld) && !has_any(&inside, PRETENDED);
        if note || has_any(&inside, &told) {
            rest.truncate(at);
            return rest;
        }
    }
    // 骆启华等, 骆启华等五户村民, 望佳等三十二户: how many more there are is no part of the name, however rare.
    let more = rest.iter().position(|g| g.ch == '等').filter(|at| *at >= 2);
    let rare = |at: &usize| names::person(&text_of(&rest[..*at])) > 0.4;
    // 柳林村三组骆启华等十八户
    let placed = |at: &usize| names::after_whose(&text_of(&rest[..*at])).is_some();
    if let Some(at) = more.filter(|at| named(&rest[..*at]) || rare(at) || placed(at)) {
        rest.truncate(at);
        return rest;
    }
    if let Some(at) = where_written(&rest) {
        rest.truncate(at);
    }
    let n = rest.len();
    // 敬步 for 敬上.
    if (4..=6).contains(&n) && matches!(rest[n - 2].ch, '敬' | '谨') && named(&rest[..n - 2]) {
        rest.truncate(n - 2);
        return rest;
    }
    let text = text_of(&rest);
    let together = TOGETHER.iter().filter(|t| text.ends_with(**t));
    let whole = together
        .filter_map(|t| n.checked_sub(t.chars().count()))
        .find(|at| named(&rest[..*at]));
    if let Some(at) = whole {
        rest.truncate(at);
        return rest;
    }
    if n == 4 && SHORT_NOTES.contains(rest[3].ch) && named(&rest[..3]) && !named(&rest) {
        rest.truncate(3);
        return rest;
    }
    strip_note(&mut rest);
    rest
}

fn strip_note(rest: &mut Vec<Glyph>) {
    for note in NOTES {
        let n = note.chars().count();
        if rest.len() > n + 1 && text_of(rest).ends_with(note) {
            rest.truncate(rest.len() - n);
            // `张三(签名)` with the bracket read as something else leaves its stump.
            while rest
                .last()
                .is_some_and(|g| matches!(g.ch, '(' | ')' | ':' | ','))
            {
                rest.pop();
            }
            break;
        }
    }
}

/// 韦志英泣书于家中, 韦志英于宜昌: where the name ends behind which it is told where it was written.
fn where_written(glyphs: &[Glyph]) -> Option<usize> {
    let at = glyphs
        .iter()
        .position(|g| g.ch == '于')
        .filter(|at| *at >= 2)?;
    let before = text_of(&glyphs[..at]);
    let courtesies = NOTES.iter().filter(|note| note.chars().count() > 1);
    let mut verbs = courtesies.chain(WRITES).filter(|v| before.ends_with(**v));
    let behind = |verb: &str| at.checked_sub(verb.chars().count());
    let ends = |end: &usize| *end >= 2 && named(&glyphs[..*end]);
    let placed = (glyphs.len() > at + 1).then_some(at);
    verbs
        .find_map(|verb| behind(verb).filter(ends))
        .or(placed.filter(ends))
}

/// Words of writing before 于.
const WRITES: &[&str] = &["写", "书", "作", "草", "记", "拟", "签", "呈", "笔", "上"];

/// Where what happened in a year ends, right behind its figures: 1979**年入伍**时大勇. 年 is a surname otherwise.
pub(super) fn behind_year(glyphs: &[Glyph], at: usize) -> Option<usize> {
    let figures = at > 0 && glyphs[at - 1].ch.is_ascii_digit();
    if !figures || glyphs[at].ch != '年' {
        return None;
    }
    let behind = text_of(&glyphs[at + 1..(at + 6).min(glyphs.len())]);
    let told = IN_A_YEAR.iter().filter(|word| behind.starts_with(**word));
    let longest = told.map(|word| word.chars().count()).max();
    Some(at + 1 + longest.unwrap_or(0))
}

/// What people write beside a year before their names.
const IN_A_YEAR: &[&str] = &[
    "入伍",
    "入伍的",
    "参军",
    "参军的",
    "退伍",
    "退伍的",
    "退役",
    "退休",
    "退休的",
    "离休",
    "入党",
    "下岗",
    "转业",
    "复员",
    "毕业",
    "参加工作",
    "生",
    "出生",
    "生人",
    "届",
    "级",
    "度",
];
