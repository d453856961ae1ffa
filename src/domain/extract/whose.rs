//! Whose a number or an address is: the words before it say so. 儿子手机, 对方住址, 被举报人：黄大发，身份证号… are not the writer's.
//!
//! Roles and relatives are closed lists, a name is known by its form. Where nothing is said, nothing is guessed.

pub(crate) mod cast;
pub(crate) mod subject;
mod words;

use crate::domain::draft::Fields;
use crate::domain::zones::{Glyph, Row, is_han, text_of};

use super::date::find_dates;
use super::glyphs::has_any;
use super::labels::WRITERS;
use super::names;
use super::tail::{Item, Kind};
use words::{CALLED, KIN, LABELS, PARTS, PLACES, SELF, UNITS};

/// Whose a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The writer says that it is his.
    Writers,
    /// Nothing says whose: 电话：….
    Unsaid,
    /// Somebody's who is named and whose part is not told.
    Named(String),
    /// Another's, by his part in the matter or his kinship: 村书记, 儿子; his name where it is written.
    Others(String),
    /// That of a place the letter is about: 事发地点.
    Place(String),
    /// Somebody else's perhaps: something stands beside it that speaks of others, or that nobody can place.
    Doubtful,
}

/// The people in whose name the letter is written.
#[derive(Debug, Default)]
pub(crate) struct Writers {
    names: Vec<String>,
    is_unit: bool,
    /// Whether somebody acts for another: the sender is then spoken of as kin.
    is_represented: bool,
}

impl Writers {
    /// Whoever the fields have as sender, signatory, agent.
    pub(crate) fn of(fields: &Fields) -> Self {
        let sender = fields.sender_name.value.iter();
        let sender = sender.filter(|_| !fields.anonymous.value);
        let agent = fields.proxy.iter().map(|p| &p.agent);
        let all = sender.clone().chain(&fields.joint.signatories).chain(agent);
        Self {
            is_unit: sender.clone().any(|name| names::unit(name) >= 0.8),
            is_represented: fields.proxy.is_some(),
            names: all.filter(|name| !name.is_empty()).cloned().collect(),
        }
    }

    /// Whether a label names kin of an agent, who may be the one he acts for: 父亲住址.
    pub(crate) fn may_be_principal(&self, label: &str) -> bool {
        self.is_represented && KIN.iter().any(|kin| bare(label).ends_with(kin))
    }

    /// Whether people write, and somebody of them is known.
    pub(crate) fn is_person(&self) -> bool {
        !self.is_unit && !self.names.is_empty()
    }

    /// Whether one of some rows above a letter is the name of a writer.
    pub(crate) fn are_named_in(&self, items: &[Item]) -> bool {
        let mut bare = items.iter().filter(|item| item.kind == Kind::Bare);
        bare.any(|item| self.names.contains(&text_of(&item.value)))
    }

    /// Characters of a writer's name that a text ends in.
    pub(crate) fn named_at_end(&self, text: &str) -> Option<usize> {
        let longest = self
            .names
            .iter()
            .filter(|name| text.ends_with(name.as_str()));
        let longest = longest.map(|name| name.chars().count()).max()?;
        (longest < text.chars().count()).then_some(longest)
    }

    /// Whether a text addresses one of them, as what others wrote to him does: 覃玉兰同志:您反映的….
    pub(crate) fn are_addressed_in(&self, text: &str) -> bool {
        let titles = ["同志", "先生", "女士", ":您", ":你"];
        let mut called = self
            .names
            .iter()
            .flat_map(|name| titles.map(|title| format!("{name}{title}")));
        called.any(|called| text.contains(&called))
    }

    /// Whether a writer's name stands somewhere in a text.
    pub(crate) fn are_named_within(&self, text: &str) -> bool {
        let text: String = text.chars().filter(|c| *c != ' ').collect();
        self.names.iter().any(|name| text.contains(name.as_str()))
    }

    /// Whether anybody who writes is known by name.
    fn is_known(&self) -> bool {
        !self.names.is_empty()
    }

    /// Whether a name is one of theirs, or one of them misread.
    fn has(&self, name: &str) -> bool {
        let apart = |own: &str| {
            own.chars()
                .zip(name.chars())
                .filter(|(a, b)| a != b)
                .count()
        };
        let alike = |own: &String| {
            let n = own.chars().count();
            // 苟凤琴 is not 惠凤琴: two surnames are two people.
            let surname = |name: &str| name.chars().next().filter(|c| names::is_surname(*c));
            let related = match (surname(own), surname(name)) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            };
            n == name.chars().count() && apart(own) <= usize::from(n >= 3 && related)
        };
        self.names.iter().any(alike)
    }
}

/// Without the label of the value.
fn bare(text: &str) -> &str {
    let mut rest = text;
    while let Some(cut) = LABELS.iter().find_map(|label| rest.strip_suffix(label)) {
        rest = cut;
    }
    rest
}

/// Whose a value is that is labelled so.
fn told(label: &str, writers: &Writers) -> Whose {
    let rest = bare(label);
    let ends = |words: &[&str]| words.iter().any(|word| rest.ends_with(word));
    let is_passive = rest.rfind('被').is_some_and(|at| {
        let behind = &rest[at..];
        behind.ends_with(['人', '方']) && behind.chars().count() <= 6
    });
    let at_home = rest.strip_suffix('家').unwrap_or_default();
    let is_others = ends(KIN)
        || ends(PARTS)
        || ends(UNITS) && !writers.is_unit
        || own_kin(rest)
        || KIN.iter().any(|word| at_home.ends_with(word));
    if let Some(whose) = cast::of_label(label, rest, writers) {
        return whose;
    }
    match rest {
        "" => Whose::Unsaid,
        _ if is_passive || is_others => Whose::Others(called(rest)),
        _ if ends(SELF) || ends(WRITERS) || ends(UNITS) => Whose::Writers,
        _ if has_any(rest, PLACES) || has_any(label, &["坐落", "座落", "地点"]) => {
            Whose::Place(label.to_owned())
        }
        _ => named_at_end(rest, writers),
    }
}

/// 我哥, 我大姐, 我女子: kin in a word of one character, or as a region has it.
fn own_kin(text: &str) -> bool {
    let Some(at) = text.rfind('我') else {
        return false;
    };
    let kin = text[at..].trim_start_matches(['我', '们', '的', '家']);
    let last = kin.chars().last().unwrap_or_default();
    let couple = ["夫妻", "夫妇", "夫妻俩"].contains(&kin);
    let said = "哥弟姐妹爸妈爹娘叔伯舅姑姨婶嫂爷奶媳婿侄甥孙娃".contains(last);
    (1..=3).contains(&kin.chars().count())
        && !couple
        && (said || ["女子", "闺女", "丫头", "娃娃", "掌柜", "儿", "女"].contains(&kin))
}

/// As the letter calls him, without what only points at him.
fn called(rest: &str) -> String {
    let fronts = ["我的", "我们", "我", "其"];
    // 电话请打我儿子
    let own = rest.rfind('我').map_or(rest, |at| &rest[at..]);
    let bare = fronts.iter().find_map(|f| own.strip_prefix(f));
    let name = bare.filter(|name| !name.is_empty()).unwrap_or(rest);
    let from = name.chars().count().saturating_sub(LONGEST_CALLING);
    name.chars().skip(from).collect()
}

/// Characters of a role with its unit: 西陵物业公司经理.
const LONGEST_CALLING: usize = 10;

fn named_at_end(rest: &str, writers: &Writers) -> Whose {
    let chars: Vec<char> = rest.chars().collect();
    // 可打邻居王芳手机: what he is tells where his name begins.
    let behind_part = [3, 2, 4].into_iter().find_map(|length| {
        let at = chars.len().checked_sub(length).filter(|at| *at > 0)?;
        let (front, name): (String, String) =
            (chars[..at].iter().collect(), chars[at..].iter().collect());
        let part = KIN
            .iter()
            .chain(PARTS)
            .filter(|word| word.chars().count() > 1);
        let is_part = part.into_iter().any(|word| front.ends_with(word));
        (is_part && !writers.has(&name) && names::person(&name) > 0.8).then_some(name)
    });
    if let Some(name) = behind_part {
        return Whose::Others(name);
    }
    for length in [3, 2, 4] {
        let Some(at) = chars.len().checked_sub(length) else {
            continue;
        };
        let (front, name): (String, String) =
            (chars[..at].iter().collect(), chars[at..].iter().collect());
        if writers.has(&name) {
            return Whose::Writers;
        }
        let short = length == 2 && !names::is_given(chars[at + 1]);
        if names::person(&name) <= 0.8 || short {
            continue;
        }
        if CALLED.iter().any(|word| front.ends_with(word)) {
            return Whose::Writers;
        }
        if cast::leads_to_another(&front, writers) {
            return Whose::Others(name);
        }
        match told(&front, writers) {
            Whose::Others(_) => return Whose::Others(name),
            Whose::Writers => return Whose::Writers,
            _ if front.is_empty() => return Whose::Named(name),
            _ if length > 2 && front.ends_with(POINTING) => return Whose::Named(name),
            _ => {}
        }
    }
    Whose::Unsaid
}

/// What points at whoever is named behind it: 找不到我可找向传英.
const POINTING: [char; 12] = [
    '找', '问', '给', '由', '托', '请', '和', '与', '跟', '系', '过', '叫',
];

/// What stands before a value in its row under the letter: its label with whatever is joined to it.
pub(crate) fn lead(rows: &[Row], value: &[Glyph]) -> String {
    let Some((row, at)) = found_in(rows, value) else {
        return String::new();
    };
    let before = rows[row].glyphs[..at].iter().rev();
    let label = before.skip_while(|g| !is_han(g.ch) && !g.ch.is_ascii_digit());
    let joined = label.take_while(|g| is_han(g.ch) || matches!(g.ch, ' ' | '(' | ')'));
    let mut label: Vec<char> = joined.map(|g| g.ch).filter(|c| is_han(*c)).collect();
    label.reverse();
    label.into_iter().collect()
}

fn found_in(rows: &[Row], value: &[Glyph]) -> Option<(usize, usize)> {
    let first = value.iter().find(|g| g.ch != ' ')?;
    let same = |g: &Glyph| (g.page, g.line, g.at) == (first.page, first.line, first.at);
    let mut all = rows.iter().enumerate();
    all.find_map(|(i, row)| Some((i, row.glyphs.iter().position(same)?)))
}

/// Whose a value under the letter is by its own label, unless what follows it says that it is another's: 我的电话139…,这是我大哥的.
pub(crate) fn by_label(rows: &[Row], value: &[Glyph], writers: &Writers) -> Whose {
    let labelled = told(&lead(rows, value), writers);
    if labelled == Whose::Unsaid {
        return cast::of_cell_before(&before(rows, value), writers);
    }
    if labelled != Whose::Writers {
        return labelled;
    }
    let behind = behind(rows, value);
    match (claimed(&behind, writers), noted(&behind, writers)) {
        // A(本人)B(老伴): the note before a number is the other's.
        (Whose::Unsaid, Whose::Others(who)) => Whose::Others(who),
        (Whose::Unsaid, _) => labelled,
        (claimed, _) => claimed,
    }
}

/// What stands before a value in its row.
fn before(rows: &[Row], value: &[Glyph]) -> String {
    let found = found_in(rows, value);
    found.map_or_else(String::new, |(row, at)| text_of(&rows[row].glyphs[..at]))
}

/// Whose a number is by the note in brackets a text begins with.
fn noted(behind: &str, writers: &Writers) -> Whose {
    let mut behind = behind.chars().skip_while(|c| *c == ' ');
    let opens = behind.next() == Some('(');
    let note: String = behind.take_while(|c| *c != ')').collect();
    match opens && note.chars().all(is_han) {
        true => told(&note, writers),
        false => Whose::Unsaid,
    }
}

/// What follows a value in its row, or in the row its last figures stand in.
fn behind(rows: &[Row], value: &[Glyph]) -> String {
    let Some(last) = value.iter().rev().find(|g| g.ch != ' ') else {
        return String::new();
    };
    let Some((row, at)) = found_in(rows, std::slice::from_ref(last)) else {
        return String::new();
    };
    text_of(rows[row].glyphs.get(at + 1..).unwrap_or_default())
}

/// Whose a value is by a note in brackets behind it: 15872633019（儿子）.
pub(crate) fn by_note(rows: &[Row], value: &[Glyph], writers: &Writers) -> Whose {
    let behind = behind(rows, value);
    let claimed = claimed(&behind, writers);
    if claimed != Whose::Unsaid {
        return claimed;
    }
    noted(&behind, writers)
}

/// Whose a number is by what follows it: 139…是我女子的; ,这是我大哥的手机; ,机主是我女婿; ,我儿子的.
pub(crate) fn claimed(behind: &str, writers: &Writers) -> Whose {
    let text = behind.trim_start_matches([' ', ',', ')', ':']);
    let says = SAYS.iter().find_map(|word| text.strip_prefix(word));
    let told_of = says.unwrap_or(text);
    let end = told_of.find(|c| !is_han(c)).unwrap_or(told_of.len());
    let (clause, next) = told_of.split_at(end);
    // ,我儿子电话138…: it leads to the next number.
    let leads = next.starts_with(|c: char| c.is_ascii_digit() || matches!(c, ':' | '('));
    let named = BELONGS.iter().find_map(|word| clause.strip_suffix(word));
    let holds = HOLDS.iter().any(|word| text.starts_with(word));
    let owner = named.or_else(|| holds.then_some(clause));
    let fits = |owner: &&str| (1..=LONGEST_CALLING).contains(&owner.chars().count());
    let Some(owner) = owner.filter(fits).filter(|_| !leads) else {
        return Whose::Unsaid;
    };
    match told(owner, writers) {
        // ,我的手机坏了 says nothing of the number before it.
        Whose::Others(role) if says.is_some() || owner.starts_with(['我', '俺']) => {
            Whose::Others(role)
        }
        _ if says.is_none() => Whose::Unsaid,
        Whose::Unsaid if subject::mentions_another(owner) => Whose::Doubtful,
        whose => whose,
    }
}

/// How what follows a number begins to say whose it is; [`HOLDS`]: by naming nobody's thing.
const SAYS: &[&str] = &[
    "这是",
    "这个是",
    "这个号是",
    "这号是",
    "这电话是",
    "这手机是",
    "那是",
    "号码是",
    "机主是",
    "机主系",
    "机主为",
    "机主:",
    "机主",
    "接电话的是",
    "接的是",
    "用的是",
    "借的是",
    "是",
    "系",
    "为",
];
const HOLDS: &[&str] = &["机主", "接电话的是", "接的是"];

/// What is somebody's, behind him.
const BELONGS: &[&str] = &[
    "的手机号码",
    "的电话号码",
    "的手机号",
    "的手机",
    "的电话",
    "的号码",
    "的号",
    "的",
    "手机号码",
    "手机号",
    "手机",
    "电话",
    "号码",
];

/// Whether the row of a number under the letter, from the number before it on, speaks of nobody but who writes; so must what is joined to it behind.
pub(crate) fn stands_for_writer(rows: &[Row], number: &[Glyph], writers: &Writers) -> bool {
    let Some((row, at)) = found_in(rows, number) else {
        return true;
    };
    let glyphs = &rows[row].glyphs;
    let earlier = super::phone::find_phones(glyphs)
        .into_iter()
        .map(|phone| phone.to);
    let from = earlier.filter(|to| *to <= at).max().unwrap_or(0);
    let led = super::tail::without_dates(&glyphs[from..at]);
    let led: String = led.iter().map(|g| g.ch).collect();
    let behind = glyphs.get(at + number.len()..).unwrap_or_default();
    let joined: String = behind
        .iter()
        .map(|g| g.ch)
        .take_while(|c| is_han(*c))
        .collect();
    subject::leads_to_own(&led, writers) && subject::leads(&joined, writers)
}

/// Whether the row above a number runs on into its row and speaks of somebody else: 找不到我可找向传英, / 139….
pub(crate) fn led_from_above(rows: &[Row], number: &[Glyph], writers: &Writers) -> bool {
    let Some((row, at)) = found_in(rows, number) else {
        return false;
    };
    let begins = rows[row].glyphs[..at].iter().all(|g| !is_han(g.ch));
    let above = row.checked_sub(1).map(|above| rows[above].compact());
    let above = above.filter(|text| begins && !writers.are_named_within(text));
    above.is_some_and(|text| {
        let part = text.trim_end_matches([',', ':', '、']).rsplit(',').next();
        let named = matches!(
            told(part.unwrap_or_default(), writers),
            Whose::Named(_) | Whose::Others(_)
        );
        let runs_on = text.ends_with([',', ':', '、']) || !text.ends_with(['。', '!', '?', ')']);
        runs_on && (named || subject::mentions_another(&text) && !text.contains(':'))
    })
}

/// Who stands above a value that says nothing itself: the number below 物业经理：赵立新 may be his.
pub(crate) fn by_row_above(rows: &[Row], value: &[Glyph], writers: &Writers) -> Option<String> {
    let (at, _) = found_in(rows, value)?;
    let is_value = |text: &str| {
        let label = text.split(':').next().unwrap_or_default();
        text.contains(':') && bare(label).is_empty()
            || text.chars().filter(char::is_ascii_digit).count() >= 7
    };
    let mut above = rows[..at].iter().rev().take(3);
    let row = above.find(|r| !is_value(&r.compact()) && find_dates(&r.glyphs).is_empty())?;
    let (text, gapped) = (row.compact(), text_of(&row.glyphs));
    let told_by = text.split_once(':');
    // 代理人　黄大发（律师）
    let (label, rest) = told_by.or_else(|| gapped.trim_start().split_once(' '))?;
    let rest = rest.trim_start().chars();
    let name: String = rest.take_while(|c| is_han(*c)).collect();
    let is_agent = label.ends_with("代理人") && !writers.is_represented;
    // Whoever is complained about does not write, nor who acts for another, whatever was taken for the signature.
    let is_writer = writers.has(&name) && !label.starts_with('被') && !is_agent;
    let is_name = names::person(&name) > 0.8;
    match told(label, writers) {
        _ if is_agent => is_name.then_some(name),
        Whose::Others(_) if is_name => (!is_writer).then_some(name),
        Whose::Others(role) => told_by.and(Some(role)),
        _ => None,
    }
}

/// Whose a value inside the text is, by what stands before it in its sentence.
pub(crate) fn in_sentence(before: &str, writers: &Writers) -> Whose {
    let sentence = before.rsplit(['。', '!', '?', ';']).next();
    let marks = [',', '、', ':', '(', ')', '"', '“', '”', '.', ' '];
    let parts: Vec<&str> = sentence.unwrap_or_default().split(marks).collect();
    let lives = |part: &&str| HOUSED.iter().any(|word| part.starts_with(word));
    let housed = |back: usize| parts[parts.len() - back..].iter().any(lives);
    let all = parts.iter().copied().rev().enumerate();
    let mut said = all.filter(|(_, part)| !is_detail(bare(part)));
    let Some((nearest, part, first)) = said.find_map(|(i, part)| match told(part, writers) {
        // 举报校长老黄(家住…,电话…): whoever he is, the number is his.
        Whose::Unsaid if cast::accuses(part) && housed(i) => Some((i, part, Whose::Doubtful)),
        Whose::Unsaid | Whose::Place(_) => None,
        whose => Some((i, part, whose)),
    }) else {
        return Whose::Unsaid;
    };
    // 黄大发，男，村主任，电话…; 我叫覃玉兰，是村主任，电话…: the role is of who is named before it.
    match (&first, said.next().map(|(_, part)| told(part, writers))) {
        (Whose::Others(role), Some(Whose::Named(name) | Whose::Others(name)))
            if nearest > 0 && names::person(role) <= 0.8 =>
        {
            Whose::Others(name)
        }
        // 我叫覃玉兰，举报村主任黄大发(住…,电话…): who is named or accused is another.
        (Whose::Others(role), Some(Whose::Writers))
            if nearest > 0 && names::person(role) <= 0.8 && !cast::accuses(part) =>
        {
            Whose::Writers
        }
        // 被举报人：黄大发
        (Whose::Named(name), Some(Whose::Others(_))) => Whose::Others(name.clone()),
        (Whose::Named(_), Some(Whose::Writers)) => Whose::Writers,
        _ => first,
    }
}

/// How a clause begins that tells where whoever was named lives.
const HOUSED: &[&str] = &["住", "家住", "现住", "租住", "居住"];

/// Whoever a sentence names last that does not write: 我举报棠垭村书记黄大发.
pub(crate) fn named_in(sentence: &str, writers: &Writers) -> Option<String> {
    let mut parts = sentence.rsplit([',', '、', ':', '(', ')']);
    parts.find_map(|part| match named_at_end(part, writers) {
        Whose::Named(name) | Whose::Others(name) if names::person(&name) > 0.8 => Some(name),
        _ => None,
    })
}

/// The name a text goes on with: ,他叫骆启华。
pub(crate) fn named_behind(text: &str) -> Option<String> {
    let text = text.trim_start_matches([',', '。', ' ', ';', ')']);
    let called = ["他名叫", "她名叫", "他叫", "她叫", "名叫", "叫"];
    let rest = called.iter().find_map(|word| text.strip_prefix(word))?;
    let name: String = rest.chars().take_while(|c| is_han(*c)).collect();
    (names::person(&name) > 0.8).then_some(name)
}

/// Nothing, or what is told of a person beside his name: 男, 汉族, 63岁, 1962年生, 住….
fn is_detail(part: &str) -> bool {
    let figures = part.chars().any(|c| c.is_ascii_digit());
    let born = part.ends_with(['生', '年', '月', '日']);
    part.is_empty()
        || matches!(part, "男" | "女" | "性别男" | "性别女")
        || part.ends_with('族') && part.chars().count() <= 4
        || part.ends_with('岁')
        || figures && born
        || part.starts_with('住')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 覃玉兰 writes.
    pub(super) fn writers() -> Writers {
        Writers {
            names: vec!["覃玉兰".into()],
            ..Writers::default()
        }
    }

    fn others(name: &str) -> Whose {
        Whose::Others(name.into())
    }

    #[test]
    fn a_label_says_whose_its_value_is() {
        for (label, whose) in [
            ("联系电话", Whose::Unsaid),
            ("常住地址", Whose::Unsaid),
            ("户籍所在地", Whose::Unsaid),
            ("身份证地址", Whose::Unsaid),
            ("本人电话", Whose::Writers),
            ("举报人住址", Whose::Writers),
            ("覃玉兰电话", Whose::Writers),
            ("被举报人住址", others("被举报人")),
            ("对方住址", others("对方")),
            ("村书记电话", others("村书记")),
            ("我儿子手机", others("儿子")),
            ("村书记黄大发电话", others("黄大发")),
            ("黄大发身份证号", Whose::Named("黄大发".into())),
            ("房屋坐落", Whose::Place("房屋坐落".into())),
            ("事发地点", Whose::Place("事发地点".into())),
        ] {
            assert_eq!(told(label, &writers()), whose, "{label}");
        }
    }

    #[test]
    fn a_unit_that_writes_has_its_own_address() {
        let unit = Writers {
            names: vec!["恒达机械有限公司".into()],
            is_unit: true,
            ..Writers::default()
        };
        assert_eq!(told("公司地址", &unit), Whose::Writers);
        assert_eq!(told("公司地址", &writers()), others("公司"));
    }

    #[test]
    fn a_sentence_says_whose_its_number_is() {
        for (before, whose) in [
            ("黄大发(身份证号", Whose::Named("黄大发".into())),
            ("我妻子向传英(身份证号", others("向传英")),
            ("被举报人:黄大发,男,身份证号", others("黄大发")),
            ("被反映人:黄大发,男,棠垭村村主任,电话", others("黄大发")),
            ("包工头马老板的手机是", others("包工头马老板")),
            (
                "申请人:覃玉兰,女,汉族,1962年8月17日出生,住珍珠路21号,身份证号",
                Whose::Writers,
            ),
            ("我叫覃玉兰,是棠垭村村主任,电话", Whose::Writers),
            ("我叫覃玉兰,儿子电话", others("儿子")),
            ("对方不理。我的电话", Whose::Writers),
            ("请求处理,联系电话", Whose::Unsaid),
        ] {
            assert_eq!(in_sentence(before, &writers()), whose, "{before}");
        }
    }
}
