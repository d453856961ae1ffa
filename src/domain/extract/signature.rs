//! Who signed: the signatures under a letter, one or many, whole, incomplete or false (SZ 7.4.2.2, 3.3, 3.4).

use crate::domain::zones::{Glyph, Row, address_like, is_han, text_of};

mod list;
mod notes;
pub(crate) mod seal;
mod units;

use super::glyphs::{has_any, squeeze};
use super::labels::{OFFICERS, ROLES};
use super::names::{self, Word};
use super::phone::find_phones;
use super::tail::{Item, Kind, trim, without_dates};
pub(crate) use list::list;
use notes::{behind_year, without_notes};

/// How a signature reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A person's full name.
    Person,
    /// The name of a unit.
    Unit,
    /// 王某某, 李先生.
    Incomplete,
    /// 一名老党员, 化名.
    Pseudonym,
}

/// One signature.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Signature {
    pub(crate) glyphs: Vec<Glyph>,
    pub(crate) form: Form,
    /// How much it reads like a signature, 0 to 1.
    pub(crate) score: f32,
    /// The phone number written beside it.
    pub(crate) phone: Option<String>,
    /// Cut out of other words by its form alone: 机械厂赵大海; or itself a word of every day. For a person to accept.
    pub(crate) cut_out: bool,
}

impl Signature {
    /// Whether it is a full name beyond doubt.
    pub(crate) fn is_whole(&self) -> bool {
        self.score >= 0.8 && matches!(self.form, Form::Person | Form::Unit)
    }

    /// Whether it is more than a wish for the reader or a courtesy, or than where and when the letter was written.
    fn signs(&self) -> bool {
        !names::beside_letter(&self.name())
    }

    /// Whether it is a village's name, and none under a seal.
    fn is_village(&self) -> bool {
        matches!(self.form, Form::Person | Form::Unit) && names::is_village(&self.name())
    }

    /// Whether nothing about it says that who is named signed.
    pub(crate) fn doubtful(&self) -> bool {
        self.score < CALLED
    }

    /// The name as read.
    pub(crate) fn name(&self) -> String {
        text_of(&self.glyphs)
    }

    fn new(glyphs: &[Glyph], weight: f32) -> Option<Self> {
        let written = squeeze(trim(glyphs));
        let text = text_of(&written);
        let (under_seal, end) = match seal::under(&text) {
            Some(name) => (seal::unit(name), name.chars().count()),
            None => (0.0, written.len()),
        };
        let end = if under_seal > 0.0 { end } else { written.len() };
        let glyphs = without_notes(&written[..end]);
        let text = text_of(&glyphs);
        // 号楼, 单元: what a figure cut off leaves of a house.
        let housing = text
            .chars()
            .all(|c| "号楼栋幢单元室层组队社排院".contains(c));
        if dated(&text) || housing {
            return None;
        }
        let person = names::person(&text);
        let unit = names::unit(&text).max(under_seal);
        let word = names::word(&text);
        let (form, score) = if under_seal > 0.0 {
            (Form::Unit, under_seal)
        } else if word == Some(Word::InPlaceOfName) || names::is_epithet(&text) {
            (Form::Pseudonym, 0.85)
        } else if person > 0.8 {
            (Form::Person, person)
        } else if names::incomplete(&text) {
            (Form::Incomplete, 0.9)
        } else if names::pseudonym(&text) {
            (Form::Pseudonym, 0.85)
        } else if let Some(skip) = names::after_role(&text) {
            let inner = Self::new(&glyphs[skip..], weight)?;
            return Some(inner);
        } else if let Some(skip) = names::after_whose(&text).or_else(|| names::after_sibling(&text))
        {
            let inner = Self::new(&glyphs[skip..], weight)?;
            return Some(Self {
                cut_out: true,
                ..inner
            });
        } else if let Some(length) = names::before_place(&text) {
            let inner = Self::new(&glyphs[..length], weight)?;
            return Some(Self {
                cut_out: true,
                ..inner
            });
        } else if unit > person {
            (Form::Unit, unit)
        } else if person > 0.0 {
            (Form::Person, person)
        } else if names::is_word_or_name(&text) {
            (Form::Person, WORD)
        } else {
            return None;
        };
        Some(Self {
            glyphs,
            form,
            score: score * weight,
            phone: None,
            cut_out: word.is_some(),
        })
    }
}

impl Signature {
    /// 一位市民:石请: what the label alone makes a name of.
    fn by_label(item: &Item) -> Option<Self> {
        let glyphs = squeeze(trim(&item.value));
        let labelled = matches!(item.kind, Kind::Signer | Kind::Role);
        (labelled && names::by_label(&text_of(&glyphs))).then_some(Self {
            glyphs,
            form: Form::Person,
            score: BY_LABEL,
            phone: None,
            cut_out: true,
        })
    }
}

/// The score of what reads like no name.
const BY_LABEL: f32 = 0.45;

/// A row's characters without the courtesies behind a name: 敬上, 叩首.
pub(crate) fn without_courtesies(glyphs: &[Glyph]) -> Vec<Glyph> {
    without_notes(&squeeze(trim(glyphs)))
}

/// What is left of a date that was misread: 五年八月十二日.
fn dated(text: &str) -> bool {
    let numerals = text
        .chars()
        .filter(|c| "〇一二三四五六七八九十".contains(*c));
    text.contains('月') && text.ends_with('日') && numerals.count() >= 3
}

/// The weight of a name behind a label nobody listed, and the score below which a signature is for a person to accept.
const CALLED: f32 = 0.5;

/// The signature of a letter that is no list: the best labelled one, else the best bare one under the closing.
pub(crate) fn single(items: &[Item]) -> Vec<Signature> {
    let mut found: Vec<Signature> = Vec::new();
    for item in items {
        let weight = match item.kind {
            Kind::Signer => 1.0,
            Kind::Bare if item.after_closing => 0.92,
            Kind::Bare => 0.6,
            Kind::ListHead | Kind::Role => 0.9,
            Kind::Writer if signs_himself(items, item) => BELOW_A_SIGNATURE,
            Kind::Writer => 0.88,
            Kind::Called => CALLED,
            _ => continue,
        };
        let mut parts = match item.kind {
            Kind::Bare => bare(&item.value),
            _ => tokens(&item.value),
        };
        if at_a_village(&parts) {
            parts.remove(0);
            parts[0].cut_out = true;
        }
        if at_a_unit(&parts) {
            parts[0].score *= BESIDE_HIS_UNIT;
            parts[1].cut_out |= speaks_for_unit(&item.value, &parts[1]);
        }
        let address = item.kind == Kind::Bare && housed(&item.value);
        if address {
            parts.retain(|t| t.form == Form::Person);
        }
        let people = parts.iter().filter(|t| t.is_whole()).count();
        // 韦志英 泣书于病榻: one whole name beside other words.
        let beside = people == 1 && parts.len() > 1;
        let under = item.kind != Kind::Bare || item.after_closing;
        if people >= 2 || people == 1 && (!beside || under) {
            found.extend(
                parts
                    .into_iter()
                    .filter(Signature::is_whole)
                    .map(|t| Signature {
                        score: t.score * weight,
                        cut_out: t.cut_out || beside,
                        ..t
                    }),
            );
        } else if !address {
            let whole = Signature::new(&up_to_figures(&item.value), weight);
            let whole = whole.filter(|s| item.kind != Kind::Bare || s.signs());
            // 正义之声 宣: a word behind it, and a gap between them.
            let unnamed = |s: &Signature| matches!(s.form, Form::Pseudonym | Form::Incomplete);
            let unnamed = whole.or_else(|| parts.into_iter().find(unnamed));
            found.extend(unnamed.or_else(|| Signature::by_label(item)));
        }
    }
    found.retain(|s| !names::is_word_or_name(&s.name()));
    // 三岔镇柳林村 / 窦长河: he signs.
    if found
        .iter()
        .any(|s| s.form == Form::Person && s.is_whole() && !s.is_village())
    {
        found.retain(|s| !s.is_village());
    }
    // Stable: of equals the first written comes first.
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    name_before_role(&mut found);
    let best = found.first().map_or(0.0, |s| s.score);
    found.retain(|s| s.score > 0.4 || s.score == best);
    found
}

/// The signatures of a row without a label: 祝 康乐 and 于株洲 are none there, whoever may be called so.
pub(crate) fn bare(glyphs: &[Glyph]) -> Vec<Signature> {
    // 祝 全家安康 is made of more than one part.
    if names::beside_letter(&text_of(trim(glyphs))) {
        return Vec::new();
    }
    let mut parts = tokens(glyphs);
    parts.retain(Signature::signs);
    parts
}

/// A word that is a name as well, alone at the right above the day or a number: 白天 / 2025年3月4日.
pub(crate) fn by_place(tail: &[Row]) -> Option<Signature> {
    let figures = |row: &Row| row.compact().chars().filter(char::is_ascii_digit).count() >= 4;
    let signs = |pair: &&[Row]| pair[0].left > RIGHT && names::is_word_or_name(&pair[0].compact());
    let pair = tail
        .windows(2)
        .filter(signs)
        .find(|pair| figures(&pair[1]) || !super::date::find_dates(&pair[1].glyphs).is_empty())?;
    Signature::new(&pair[0].glyphs, 1.0)
}

/// Right of this share of the page's width one signs.
const RIGHT: f32 = 0.5;

/// The score of a word that is a name as well.
const WORD: f32 = 0.25;

/// The name behind the last sentence of a letter, on its row: …恳请处理。  韦志英.
pub(crate) fn at_end(body: &[Row]) -> Option<Signature> {
    let mut last = body.iter().rev().take(2);
    let found = last.find_map(|row| {
        let glyphs = without_dates(&row.glyphs);
        let end = glyphs
            .iter()
            .rposition(|g| matches!(g.ch, '。' | '!' | '?' | ';'))?;
        let behind = trim(&glyphs[end + 1..]);
        let short = behind.len() <= LONGEST_BEHIND && !behind.iter().any(|g| g.ch == ',');
        let mut parts = bare(behind).into_iter();
        let (first, more) = (parts.next()?, parts.next());
        (short && more.is_none() && first.is_whole()).then_some(first)
    })?;
    Some(Signature {
        score: found.score * 0.85,
        cut_out: true,
        ..found
    })
}

/// Whether somebody else has put his whole name, alone or behind his label, in the row above who held the pen: 覃玉兰 / 执笔:骆启华.
fn signs_himself(items: &[Item], pen: &Item) -> bool {
    let held = text_of(&squeeze(&pen.value));
    items.iter().any(|item| {
        let above = item.row + 1 == pen.row && matches!(item.kind, Kind::Bare | Kind::Signer);
        let named = tokens(&item.value);
        above && matches!(&named[..], [one] if one.is_whole() && !held.starts_with(&one.name()))
    })
}

/// What who held the pen counts where another has signed.
const BELOW_A_SIGNATURE: f32 = 0.7;

/// What a unit counts in whose row a person has signed.
const BESIDE_HIS_UNIT: f32 = 0.85;

/// Characters of a name behind a sentence, with who bears it.
const LONGEST_BEHIND: usize = 12;

/// 一名老党员 / 藏岩: who he is above his name, however rare his surname, makes no letter anonymous.
fn name_before_role(found: &mut Vec<Signature>) {
    let Some(first) = found.first() else {
        return;
    };
    if first.form != Form::Pseudonym || names::pretended(&first.name()) {
        return;
    }
    let named = |s: &Signature| {
        let name = s.name();
        s.form == Form::Person && (names::person(&name) > 0.8 || names::unheard(&name))
    };
    if let Some(at) = found.iter().position(named) {
        let signature = found.remove(at);
        found.insert(0, signature);
    }
}

/// An address with its house number: what stands before the figures is no signature.
fn housed(glyphs: &[Glyph]) -> bool {
    glyphs.iter().any(|g| g.ch.is_ascii_digit()) && address_like(&text_of(glyphs))
}

/// The value before its first figure: `陆思雨 13812345678`.
fn up_to_figures(glyphs: &[Glyph]) -> Vec<Glyph> {
    let end = glyphs
        .iter()
        .position(|g| g.ch.is_ascii_digit())
        .unwrap_or(glyphs.len());
    if end == 0 {
        glyphs.to_vec()
    } else {
        glyphs[..end].to_vec()
    }
}

/// 临江市机械厂 赵大海: one who says where he belongs.
fn at_a_unit(parts: &[Signature]) -> bool {
    matches!(parts, [unit, person] if unit.form == Form::Unit
        && person.form == Form::Person
        && person.is_whole())
}

/// 锦绣小区业主委员会 主任 雷永红: whether the person named in a unit's row holds an office there; which of the two signs, a person has to say.
fn speaks_for_unit(row: &[Glyph], person: &Signature) -> bool {
    let text = text_of(&squeeze(row));
    let before = text.split_once(&person.name()).map(|(before, _)| before);
    before.is_some_and(|before| OFFICERS.iter().any(|office| before.ends_with(office)))
}

/// 康新村 窦长河: two names, or one who says where he lives.
fn at_a_village(parts: &[Signature]) -> bool {
    matches!(parts, [village, person] if names::may_be_village(&village.name())
        && person.form == Form::Person
        && person.is_whole())
}

/// A row of signatures taken apart at its gaps, numbers and marks; a phone number stays with the name before it.
pub(crate) fn tokens(glyphs: &[Glyph]) -> Vec<Signature> {
    let phones = find_phones(glyphs);
    // 高二(3)班家长段美兰: figures that belong to who she is.
    let text = text_of(glyphs);
    let joined = !glyphs.iter().any(|g| g.ch == ' ') && phones.is_empty();
    let figures = text.contains(|c: char| c.is_ascii_digit());
    if joined
        && figures
        && names::after_role(&text)
            .or_else(|| names::after_whose(&text))
            .is_some()
    {
        return Signature::new(glyphs, 1.0).into_iter().collect();
    }
    let mut out: Vec<Signature> = Vec::new();
    let mut word: Vec<Vec<Glyph>> = vec![Vec::new()];
    let mut at = 0;
    while at < glyphs.len() {
        if let Some(phone) = phones.iter().find(|p| p.from == at) {
            flush(&mut out, &mut word);
            if let Some(last) = out.last_mut() {
                last.phone.get_or_insert_with(|| phone.value.clone());
            }
            at = phone.to;
            continue;
        }
        let glyph = glyphs[at];
        if let Some(end) = broken_phone(glyphs, at) {
            flush(&mut out, &mut word);
            if let Some(last) = out.last_mut() {
                last.phone.get_or_insert_with(|| text_of(&glyphs[at..end]));
            }
            at = end;
            continue;
        }
        if let Some(end) = behind_year(glyphs, at) {
            flush(&mut out, &mut word);
            at = end;
            continue;
        }
        if let Some(end) = stands_in(glyphs, at) {
            flush(&mut out, &mut word);
            at = end;
            continue;
        }
        if glyph.ch == ' ' {
            word.push(Vec::new());
        } else if is_part_of_name(glyph.ch) {
            if let Some(last) = word.last_mut() {
                last.push(glyph);
            }
        } else {
            flush(&mut out, &mut word);
        }
        at += 1;
    }
    flush(&mut out, &mut word);
    // 卢坪村 窦长河: the person signs, not his village.
    let signs = |s: &Signature| s.form == Form::Person && s.is_whole() && !s.is_village();
    if out.len() > 1 && out.iter().any(signs) {
        out.retain(|s| !s.is_village());
    }
    out
}

/// Where a bracket ends that says who signed in somebody's place: 张俊(代:其妻王翠), 张俊(王翠代签).
fn stands_in(glyphs: &[Glyph], at: usize) -> Option<usize> {
    let rest = glyphs.get(at..).filter(|rest| rest[0].ch == '(')?;
    let length = rest.iter().take(LONGEST_BEHIND).position(|g| g.ch == ')')?;
    let inside = text_of(&squeeze(&rest[1..length]));
    let instead =
        inside.starts_with('代') || inside.ends_with(['代', '签']) && inside.contains('代');
    (instead && inside.chars().count() > 2).then_some(at + length + 1)
}

/// Where a number ends that begins here and has figures read as something else: 1914541权120. That somebody left one is plain.
fn broken_phone(glyphs: &[Glyph], at: usize) -> Option<usize> {
    let figure = |g: &Glyph| g.ch.is_ascii_digit();
    if !figure(&glyphs[at]) {
        return None;
    }
    let run = glyphs[at..].iter().take_while(|g| g.ch != ' ').count();
    let end = at + run;
    let figures = glyphs[at..end].iter().filter(|g| figure(g)).count();
    (figures >= 8 && (9..=13).contains(&run) && run - figures <= 3).then_some(end)
}

/// A speck between characters is read as a middle dot: `胡·国平` is one name, `何建国·马文斌` two; `阿卜杜·热合曼` stays.
fn without_specks(part: &[Glyph]) -> Vec<Vec<Glyph>> {
    let words: Vec<Vec<Glyph>> = part.split(|g| g.ch == '·').map(<[Glyph]>::to_vec).collect();
    let joined = words.concat();
    if words.len() < 2 {
        return vec![part.to_vec()];
    }
    let whole = |w: &Vec<Glyph>| names::person(&text_of(w)).max(names::unit(&text_of(w))) >= 0.8;
    if words.iter().all(whole) {
        return words;
    }
    if names::person(&text_of(&joined)) > 0.8 {
        vec![joined]
    } else {
        vec![part.to_vec()]
    }
}

fn is_part_of_name(ch: char) -> bool {
    is_han(ch) || matches!(ch, '·' | '×' | '(' | ')' | 'X' | 'x' | '*')
}

/// Turns the words between two marks into signatures; characters standing alone belong together: `陆 思 雨`, `王 芳 李建国`.
fn flush(out: &mut Vec<Signature>, words: &mut Vec<Vec<Glyph>>) {
    let parts: Vec<Vec<Glyph>> = std::mem::replace(words, vec![Vec::new()])
        .into_iter()
        .filter(|w| !w.is_empty())
        .collect();
    let mut joined: Vec<Vec<Glyph>> = Vec::new();
    let mut open = false;
    for part in parts {
        let alone = part.len() == 1;
        let room = joined.last().is_some_and(|l| l.len() < 3);
        let begins = names::surname_length(&part.iter().map(|g| g.ch).collect::<Vec<_>>()) > 0;
        let full = joined.last().is_some_and(|l| l.len() >= 2);
        // 段兰 印 would be another name.
        let mark = part.len() > 1 && seal::is_mark(&text_of(&part));
        match joined.last_mut() {
            // 荆江商行 (章)
            Some(last) if mark => last.extend(part),
            Some(last)
                if open
                    && room
                    && (alone || last.len() == 1)
                    && !(full && begins && alone && last.len() == 3) =>
            {
                last.extend(part)
            }
            _ => joined.push(part),
        }
        // A name is open while it was written in single characters.
        open = alone;
    }
    let joined = units::whole(joined);
    for part in joined.iter().flat_map(|p| without_specks(p)) {
        let text = text_of(&without_notes(&part));
        // 段大山之妻 高玉梅: she signs.
        if joined.len() > 1 && names::is_kin_of(&text) {
            continue;
        }
        let whole = names::person(&text) > 0.8
            || names::after_calling(&text)
            || names::after_kin(&text).is_some()
            || names::after_sibling(&text).is_some()
            || names::unit(&text) >= 0.5
            || seal::is_units(&text_of(&part))
            || names::incomplete(&text)
            || names::pseudonym(&text)
            || names::word(&text) == Some(Word::InPlaceOfName);
        let part = match role_before_names(&text).filter(|_| !whole) {
            Some(from) => part[from..].to_vec(),
            None => part,
        };
        // 柳家庄段美兰求告: cut without regard to its end, the run would have other names.
        let told = text.chars().count() < part.len() && names::after_whose(&text).is_some();
        match (whole || told, run_together(&part)) {
            (false, Some(people)) => {
                out.extend(people.iter().filter_map(|p| Signature::new(p, 0.95)))
            }
            _ => out.extend(Signature::new(&part, 1.0)),
        }
    }
}

/// `何建国马文斌吴惠芳`: the one way to cut a run of characters into names that all begin with a surname.
fn run_together(part: &[Glyph]) -> Option<Vec<Vec<Glyph>>> {
    let n = part.len();
    if !(4..=24).contains(&n)
        || has_any(&text_of(part), &["公司", "委员会", "合作社"])
        || names::unit(&text_of(part)) >= 0.8
        || address_like(&text_of(part))
    {
        return None;
    }
    let ends = cut(&part.iter().map(|g| g.ch).collect::<Vec<_>>())?;
    let begins = [0].into_iter().chain(ends.iter().copied());
    let names = begins.zip(&ends).map(|(from, to)| part[from..*to].to_vec());
    Some(names.collect())
}

/// Where the names end that a run of characters is made of and nothing else.
fn cut(chars: &[char]) -> Option<Vec<usize>> {
    let n = chars.len();
    // best[i]: score and start of the last name of the best cutting of the first i characters.
    let mut best: Vec<Option<(f32, usize)>> = vec![None; n + 1];
    best[0] = Some((0.0, 0));
    for end in 2..=n {
        for length in 2..=4.min(end) {
            let name: String = chars[end - length..end].iter().collect();
            let score = names::person(&name);
            if let (true, Some((before, _))) = (score > 0.8, best[end - length]) {
                let total = before + score * length as f32;
                if best[end].is_none_or(|(b, _)| total > b) {
                    best[end] = Some((total, end - length));
                }
            }
        }
    }
    let mut ends = Vec::new();
    let mut end = n;
    while end > 0 {
        ends.push(end);
        (_, end) = best[end]?;
    }
    ends.reverse();
    Some(ends)
}

/// 业主何建国马文斌吴惠芳: characters of the word for what they are, before names without a gap.
fn role_before_names(text: &str) -> Option<usize> {
    let roles = ROLES.iter().filter(|role| text.starts_with(**role));
    let role = roles.max_by_key(|role| role.len())?;
    let chars: Vec<char> = text[role.len()..].chars().collect();
    let several = (4..=24).contains(&chars.len()) && cut(&chars).is_some_and(|e| e.len() > 1);
    several.then_some(role.chars().count())
}

/// Whether a text is nothing but the names of several people without gaps, the word for what they are before them or not.
pub(crate) fn is_run_of_names(text: &str) -> bool {
    let several = || {
        let chars: Vec<char> = text.chars().collect();
        (6..=24).contains(&chars.len())
            && names::unit(text) == 0.0
            && !address_like(text)
            && cut(&chars).is_some_and(|ends| ends.len() > 1)
    };
    role_before_names(text).is_some() || several()
}
