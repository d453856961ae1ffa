//! Which words of a row are labels, and where what they label begins.

use crate::domain::zones::{address_like, is_han};

use super::super::glyphs::{all_han, find, has_any, one_off};
use super::super::labels::{Kind, LABELS, ROLES, is_mark, is_of_others, parts_label, unanswered};
use super::super::names;
use super::super::signature;

/// A label found in a row.
pub(super) struct Label {
    pub(super) kind: Kind,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The labels of a row, in their order.
pub(super) fn labels(chars: &[char]) -> Vec<Label> {
    let (flat, home): (Vec<char>, Vec<usize>) = chars
        .iter()
        .enumerate()
        .filter(|(_, c)| **c != ' ')
        .map(|(i, c)| (*c, i))
        .unzip();
    let mut found: Vec<(Kind, usize, usize)> = Vec::new();
    for (kind, words) in LABELS {
        for word in *words {
            let n = word.chars().count();
            let mut from = 0;
            while let Some(i) = super::super::glyphs::find_from(&flat, word, from) {
                from = i + n;
                let free = found.iter().all(|(_, a, b)| i + n <= *a || i >= *b);
                let cell = is_cell(&home, i, i + n, *kind)
                    || *kind == Kind::Signer && names_in_cell(&flat, &home, i, i + n);
                if free && (cell || stands_as_label(&flat, i, i + n, *kind)) {
                    let begins = if matches!(kind, Kind::Another | Kind::Officer) {
                        whole_label(&flat, &home, i)
                    } else {
                        i
                    };
                    let front: String = flat[begins..i].iter().collect();
                    let own = *kind == Kind::Officer && names::once(&front);
                    let kind = if own { Kind::Role } else { *kind };
                    found.push((kind, begins, i + n));
                }
            }
        }
    }
    if flat.get(2) == Some(&')') && find(&flat, "签").is_some_and(|at| at < 2) {
        // (签名)韦志英: the note stands before the name.
        found.push((Kind::Signer, 0, 3));
    }
    let of_others = |f: &(Kind, usize, usize)| f.0 == Kind::Another && f.1 == 0;
    if let Some(colon) = list_heading(&flat).filter(|_| !found.iter().any(of_others)) {
        found.retain(|(_, from, _)| *from > colon);
        found.push((Kind::ListHead, 0, colon));
    }
    if let Some(end) = row_label(&flat, &home)
        && found.iter().all(|(_, from, _)| *from > end)
        && names_label(chars, &home, end, found.iter().map(|f| f.1).min())
    {
        found.push((Kind::Role, 0, end));
    }
    found.sort_by_key(|f| f.1);
    if found.is_empty() {
        found.extend(unknown_label(&flat));
    }
    let back = |i: usize| home.get(i).copied().unwrap_or(chars.len());
    found
        .into_iter()
        .map(|(kind, from, to)| Label {
            kind,
            from: back(from),
            to: back(after_colon(&flat, to)),
        })
        .collect()
}

/// Where a row's label ends that says who they are that sign: 业主:王芳 李建国, 三组村民 王芳 李建国.
fn row_label(flat: &[char], home: &[usize]) -> Option<usize> {
    let colon = flat.iter().take(LONGEST_ROLE).position(|c| *c == ':');
    let gap = || (1..flat.len().min(LONGEST_ROLE)).find(|at| home[*at] > home[at - 1] + 1);
    let end = colon.or_else(gap)?;
    let label: String = flat[..end].iter().collect();
    is_role(&label).then_some(end)
}

/// Whether a label says who signs, and nothing that one would say of others: 楼上住户, 违章业主.
fn is_role(label: &str) -> bool {
    let who = label.strip_suffix('们').unwrap_or(label);
    ROLES.iter().any(|role| who.ends_with(role)) && !is_of_others(label)
}

/// Characters of such a label: 柳林村三组全体村民.
const LONGEST_ROLE: usize = 12;

/// Whether nothing but names stands between a label and the next: several, or behind a colon one with another label behind it.
fn names_label(chars: &[char], home: &[usize], end: usize, next: Option<usize>) -> bool {
    let to = next.and_then(|at| home.get(at).copied());
    let from = home.get(end).copied().unwrap_or(chars.len());
    let value: String = chars[from..to.unwrap_or(chars.len())].iter().collect();
    let colon = value.starts_with(':');
    let parts = value.split(|c: char| !is_han(c) && !matches!(c, '·' | '×'));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let named = |part: &&str| {
        let name = part.split('等').next().unwrap_or_default();
        names::person(name) > if colon { 0.4 } else { 0.8 } || names::incomplete(name)
    };
    // 村民:韦桂生韦桂明覃老五
    if let [run] = &parts[..]
        && colon
        && signature::is_run_of_names(run)
    {
        return true;
    }
    let enough = if colon && next.is_some() { 1 } else { 2 };
    parts.len() >= enough && parts.iter().all(named)
}

/// Where a label of somebody else begins: 棠垭村 in 棠垭村村主任: belongs to it; a name before it, or the unit he stands for, does not.
fn whole_label(flat: &[char], home: &[usize], at: usize) -> usize {
    let joined = |i: &usize| home[*i] == home[i - 1] + 1 && is_han(flat[i - 1]);
    let begins = (1..=at)
        .rev()
        .take_while(joined)
        .last()
        .map_or(at, |i| i - 1);
    let before: String = flat[begins..at].iter().collect();
    let stands_for = matches!(flat[at], '法' | '单' | '负') && names::unit(&before) >= 0.8;
    // 东坡村 may be anybody's name, but not before 村主任.
    let place = before.ends_with([
        '村', '镇', '乡', '社', '厂', '校', '院', '所', '站', '局', '处',
    ]);
    if names::person(&before) > 0.8 && !place || stands_for {
        at
    } else {
        begins
    }
}

/// 联合署名:, 以下为联名者:, however it is worded: the colon's place.
fn list_heading(flat: &[char]) -> Option<usize> {
    let colon = flat.iter().take(10).position(|c| *c == ':')?;
    let head: String = flat[..colon].iter().collect();
    let together = ["联名", "联合", "联署", "共同", "集体", "签名者", "署名者"];
    // 住户签字:, 全体村民签名:
    let signs = ["签字", "签名", "签章"];
    let all = signs.iter().find_map(|word| head.strip_suffix(word));
    let all = all.is_some_and(|who| is_role(who) || who.ends_with("代表"));
    let listed = together.iter().any(|t| head.contains(t)) || all;
    (listed && !head.contains(['电', '址'])).then_some(colon)
}

/// Whether a label stands alone between two gaps of its row, as in a table: 现居住地 东坡村9队 工作单位 机械厂.
fn is_cell(home: &[usize], from: usize, to: usize, kind: Kind) -> bool {
    let gap = |at: usize| home.get(at).is_none_or(|next| *next > home[at - 1] + 1);
    let details = match kind {
        Kind::Address | Kind::Phone | Kind::Id => true,
        Kind::Other => to - from > 2,
        _ => false,
    };
    details && to - from > 1 && (from == 0 || gap(from)) && to < home.len() && gap(to)
}

/// Whether a label of who writes opens a row and a whole name stands alone between two gaps behind it: 姓名 覃玉兰 性别 女.
fn names_in_cell(flat: &[char], home: &[usize], from: usize, to: usize) -> bool {
    let gap = |at: usize| home.get(at).is_none_or(|next| *next > home[at - 1] + 1);
    if from > 0 || to >= home.len() || !gap(to) {
        return false;
    }
    let Some(end) = (to + 1..=home.len()).find(|at| gap(*at)) else {
        return false;
    };
    let name: String = flat[to..end].iter().collect();
    end < home.len() && names::person(&name) > 0.8
}

/// A label is one where a row or a gap begins and a colon, a bracket or its value follows.
fn stands_as_label(flat: &[char], from: usize, to: usize, kind: Kind) -> bool {
    let next = flat.get(to).copied();
    let colon = next.is_some_and(|c| parts_label(c) || c == '(');
    let starts = from == 0
        || is_mark(flat[from - 1])
        || matches!(flat[from - 1], '(' | ')')
        || flat[from - 1].is_ascii_digit();
    let length = to - from;
    // 证明人 0, 律师 ..: a row of its own. 签名 may also head what stands below it.
    if from == 0 && kind != Kind::ListHead && unanswered(&flat[to..]) {
        return true;
    }
    match kind {
        Kind::Another | Kind::Officer => {
            let number = from == 0 && !flat[to..].iter().any(|c| is_han(*c));
            colon || number || starts && names_follow(&flat[to..])
        }
        Kind::Addressed => from == 0 && next == Some(':'),
        // 律师事务所 and 代表大会 are none.
        Kind::Agent | Kind::Signer if length == 2 && matches!(flat[from], '律' | '代') => {
            colon || starts && names_follow(&flat[to..])
        }
        // 张三（签名） is a signature with a note behind it, not a list.
        Kind::ListHead if length == 2 => from == 0 && next.is_some_and(|c| c == ':'),
        Kind::ListHead => from == 0 || colon,
        Kind::Phone | Kind::Id => colon || starts || next.is_some_and(|c| c.is_ascii_digit()),
        // 电话P,住X
        Kind::Address
            if length == 1
                && from > 1
                && flat[from - 1] == ','
                && flat[from - 2].is_ascii_digit() =>
        {
            colon || address_like(&flat[to..].iter().collect::<String>())
        }
        // 委托人:X,住Y
        Kind::Address if length == 1 && is_principals(&flat[..from]) => {
            address_like(&flat[to..].iter().collect::<String>())
        }
        // 委托人住:
        Kind::Address if length == 1 => colon && (starts || flat[from - 1] == '人'),
        Kind::Signer
            if matches!(
                flat[from..to],
                ['本', '人']
                    | ['口', '述']
                    | ['姓', '名']
                    | ['签', '字']
                    | ['署', '名']
                    | ['落', '款']
                    | ['签', '署']
            ) =>
        {
            starts && (colon || names_follow(&flat[to..]))
        }
        Kind::Scribe if flat[from..to] == ['记', '录'] => {
            starts && (colon || names_follow(&flat[to..]))
        }
        Kind::Other => colon && (starts || length > 2) || starts && length > 2,
        _ => colon || starts,
    }
}

/// 委托人:X, before where he lives.
fn is_principals(before: &[char]) -> bool {
    let text: String = before.iter().collect();
    let name = text
        .strip_prefix("委托人:")
        .and_then(|rest| rest.strip_suffix(','));
    name.is_some_and(|name| names::person(name) > 0.8)
}

/// Full names and nothing else, numbered or not: 证明人 向传英、骆启华.
fn names_follow(rest: &[char]) -> bool {
    let rest: String = rest.iter().collect();
    let numbered = |part: &str| part.trim_start_matches(|c| !is_han(c)).to_owned();
    let parts = rest.split(['、', ',', '(', ')']).map(numbered);
    let mut parts = parts.filter(|p| !p.is_empty());
    parts.next().is_some_and(|part| names::person(&part) > 0.8)
        && parts.all(|part| names::person(&part) > 0.4)
}

/// Whose a name is behind a label nobody listed: the writer's where the label is nearly one of his, or says who he is. Of any other nobody can tell.
fn whose(label: &str) -> Kind {
    let own = LABELS.iter().filter(|(kind, _)| *kind == Kind::Signer);
    let office = super::super::foot::is_office(label);
    let nearly = |word: &&str| !office && word.chars().count() >= 3 && one_off(word, label);
    if label.starts_with('被') {
        Kind::Another
    } else if own.flat_map(|(_, words)| words.iter()).any(nearly) {
        Kind::Signer
    } else if names::pseudonym(label) && !is_of_others(label) {
        Kind::Role
    } else {
        Kind::Called
    }
}

/// `来信入：陆思雨`: a colon after a few characters, the label itself unreadable. What follows tells its kind.
fn unknown_label(flat: &[char]) -> Option<(Kind, usize, usize)> {
    if let Some(end) = signer_without_colon(flat) {
        return Some((Kind::Signer, 0, end));
    }
    let colon = flat.iter().take(8).position(|c| *c == ':')?;
    let value: String = flat[colon + 1..].iter().filter(|c| **c != ')').collect();
    let label: String = flat[..colon].iter().collect();
    let figures = value.chars().filter(char::is_ascii_digit).count();
    let kind = if address_like(&value) {
        Kind::Address
    } else if figures >= 7 && figures * 2 > value.chars().count() {
        if figures >= 15 { Kind::Id } else { Kind::Phone }
    } else if has_any(&label, &["联系", "联络"]) && names::person(&value) > 0.4 {
        Kind::Contact
    } else if colon > 0
        && all_han(&flat[..colon])
        && (names::person(&value) > 0.4
            || names::incomplete(&value)
            || names::unit(&value) >= 0.8
            || whose(&label) == Kind::Role && names::by_label(&value))
    {
        whose(&label)
    } else {
        return None;
    };
    // 王芳:13872514096: whose it is stands before the mark.
    let detail = matches!(kind, Kind::Address | Kind::Phone | Kind::Id);
    let named = detail && names::person(&label) > 0.8;
    Some((kind, if named { colon } else { 0 }, colon))
}

/// `末信人兵王爱民`: label and colon both misread, a whole name at the end.
fn signer_without_colon(flat: &[char]) -> Option<usize> {
    let person = flat
        .iter()
        .take(4)
        .position(|c| *c == '人')
        .filter(|i| *i >= 1)?;
    // Of the label 写信人 only 人 may be left; whoever is named in another part is no signer.
    let label: String = flat[..=person].iter().collect();
    let other = [
        "证明", "介绍", "负责", "联系", "委托", "代", "经办", "责任", "见证",
    ];
    let known = "信映诉请助报告议访".contains(flat[person - 1])
        || person == 2 && names::person(&label) <= 0.8 && !has_any(&label, &other);
    if flat.contains(&':') || !known {
        return None;
    }
    (person + 1..=person + 2).find(|&from| {
        let rest: String = flat.get(from..).unwrap_or_default().iter().collect();
        names::person(&rest) > 0.8
    })
}

/// Past the brackets and the colon that follow a label.
fn after_colon(flat: &[char], mut at: usize) -> usize {
    if flat.get(at) == Some(&'(')
        && let Some(close) = flat[at..].iter().take(8).position(|c| *c == ')')
    {
        let inside: String = flat[at + 1..at + close].iter().collect();
        // 手机(0716)8783051: the area code is the number's.
        let is_area_code = inside.starts_with('0') && inside.chars().all(|c| c.is_ascii_digit());
        if is_area_code {
            return at;
        }
        if inside.contains('签')
            || inside.contains('章')
            || inside.contains('印')
            || flat.get(at + close + 1) == Some(&':')
            || inside.chars().all(|c| !is_han(c))
        {
            at += close + 1;
        }
    }
    for word in [
        "签名", "签字", "签章", "盖章", "名叫", "名为", "叫", "为", "是", "系",
    ] {
        if find(&flat[at.min(flat.len())..], word) == Some(0) {
            at += word.chars().count();
        }
    }
    while flat.get(at).is_some_and(|c| is_mark(*c) || *c == ')') {
        at += 1;
    }
    at
}
