//! Everybody of the roster as a letter to one of its offices calls him: by name, alias, title, or by pointing at the office (贵局, 你们信访局), and how the
//! text stands to whom it names there.

use std::ops::Range;

use crate::domain::gazetteer::Gazetteer;
use crate::domain::roster::Roster;
use crate::domain::zones::Glyph;

use super::misdeeds::{ASKED, MET, MORE_TITLES, PLACES, STAFF};
use super::person_at;
use super::words::TITLES;
use crate::domain::extract::names;
use crate::domain::extract::roster_match::{Matcher, Who};

/// Everybody of the roster as a letter to one of its offices calls him.
pub(super) struct Callings<'a> {
    roster: &'a Roster,
    matcher: &'a Matcher<'a>,
    /// Whoever is written to.
    addressee: Option<&'a str>,
    /// Every way of calling one, longest first.
    forms: Vec<(Vec<char>, Who)>,
}

/// Somebody of an office, or a whole one, as the text names him.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    pub(super) name: String,
    pub(super) office: Option<String>,
    /// Whom else the same words may mean.
    pub(super) also: Option<String>,
    /// Which offices he is of, or it is.
    pub(super) of: Vec<String>,
    /// Not a whole office.
    pub(super) is_person: bool,
    pub(super) at: Range<usize>,
    pub(super) stands: Stands,
}

/// How the text stands to whom it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    Free,
    /// He was met or written to.
    Met,
    /// He is asked, thanked or greeted, or his name says where.
    Asked,
}

impl<'a> Callings<'a> {
    pub(super) fn new(
        roster: &'a Roster,
        matcher: &'a Matcher<'a>,
        addressee: Option<&'a str>,
    ) -> Self {
        let mut forms: Vec<(Vec<char>, Who)> = matcher.forms().to_vec();
        let mut add = |name: &str, who: Who| {
            let form: Vec<char> = name.chars().collect();
            if form.len() >= 2 && !forms.iter().any(|(known, _)| *known == form) {
                forms.push((form, who));
            }
        };
        for (at, org) in roster.orgs.iter().enumerate() {
            let named = std::iter::once(&org.name).chain(&org.alias);
            let bare = named.filter_map(|name| matcher.without_place(name));
            for name in roster.usual_names(org).into_iter().chain(bare) {
                add(&name, Who::Organisation(at));
            }
        }
        for (at, leader) in roster.leaders.iter().enumerate() {
            if let Some(name) = familiar(&leader.name, &leader.title) {
                add(&name, Who::Leader(at));
            }
        }
        forms.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
        Self {
            roster,
            matcher,
            addressee,
            forms,
        }
    }

    /// Everybody whom a sentence names, in its order.
    pub(super) fn mentions(&self, sentence: &[Glyph], chars: &[char]) -> Vec<Mention> {
        let mut all: Vec<Mention> = Vec::new();
        let mut at = 0;
        while at < chars.len() {
            let found = self.mention_at(sentence, chars, at);
            match found.or_else(|| staff_at(sentence, chars, at, all.last())) {
                Some(mut mention) => {
                    // 感谢邵局长和信访局
                    let joined = all.last().filter(|last: &&Mention| {
                        let gap: String = chars[last.at.end..mention.at.start].iter().collect();
                        ["和", "与", "及", "以及", "、"].contains(&gap.as_str())
                    });
                    mention.stands = joined.map_or(mention.stands, |last| last.stands);
                    at = mention.at.end;
                    all.push(mention);
                }
                None => at += 1,
            }
        }
        all
    }

    fn mention_at(&self, sentence: &[Glyph], chars: &[char], at: usize) -> Option<Mention> {
        let pointed = self.pointed_at(chars, at);
        let (who, also, end) = match pointed {
            Some(((name, also), end)) => (Called::Office(name), also, end),
            None => {
                let (form, who) = self.forms.iter().find(|(form, who)| {
                    chars[at..].starts_with(form) && self.is_ours(chars, at, form, *who)
                })?;
                (self.called(*who)?, None, at + form.len())
            }
        };
        let mut mention = Mention {
            name: String::new(),
            office: None,
            of: also.iter().cloned().collect(),
            also,
            is_person: true,
            at: at..end,
            stands: stands(chars, at..end),
        };
        let unit = match who {
            Called::Leader(name) => {
                mention.of.extend(offices_held(self.roster, &name));
                mention.name = name;
                return Some(mention);
            }
            Called::Office(unit) => unit,
        };
        mention.of.push(unit.clone());
        let Some((title, end)) = holder_behind(chars, end) else {
            (mention.name, mention.is_person) = (unit, false);
            return Some(mention);
        };
        let office = format!("{unit}{title}");
        mention.also = mention.also.map(|also| format!("{also}{title}"));
        mention.at = at..end;
        if let Some(name) = person_at(sentence, end) {
            let who: String = chars[name.clone()].iter().collect();
            mention.name = self.known_as(&who).unwrap_or(who);
            (mention.office, mention.at) = (Some(office), at..name.end);
        } else {
            mention.name = self.holder_of(&unit, &title).unwrap_or(office);
        }
        mention.stands = stands(chars, mention.at.clone());
        Some(mention)
    }

    fn called(&self, who: Who) -> Option<Called> {
        Some(match who {
            Who::Leader(i) => Called::Leader(self.roster.leaders.get(i)?.name.clone()),
            Who::Organisation(i) => Called::Office(self.roster.orgs.get(i)?.name.clone()),
            Who::Outside(i) => Called::Office(self.roster.outside.get(i)?.clone()),
        })
    }

    fn known_as(&self, name: &str) -> Option<String> {
        self.roster.leader_called(name).map(|one| one.name.clone())
    }

    /// Who holds an office: 信访局 and 局长, or its 一把手.
    fn holder_of(&self, unit: &str, title: &str) -> Option<String> {
        if ["一把手", "主要领导", "主要负责人"].contains(&title) {
            ["局长", "主任", "书记", "长"]
                .iter()
                .find_map(|chief| self.holder_of(unit, chief))
        } else {
            self.known_as(&format!("{unit}{title}"))
        }
    }

    /// 贵局, 你局, 你们信访局, 贵单位: which office is pointed at, and where the words end.
    fn pointed_at(&self, chars: &[char], at: usize) -> Option<((String, Option<String>), usize)> {
        let pointer = ["你们", "贵", "你"]
            .iter()
            .find(|word| starts(chars, at, word))?;
        let unit = at + pointer.chars().count();
        if starts(chars, unit, "单位") {
            return Some((self.written_to(None)?, unit + 2));
        }
        let named = self.forms.iter().find(|(form, who)| {
            matches!(who, Who::Organisation(_)) && chars[unit..].starts_with(form)
        });
        if let Some((form, who)) = named
            && let Some(Called::Office(name)) = self.called(*who)
        {
            return Some(((name, None), unit + form.len()));
        }
        let kind = chars
            .get(unit)
            .filter(|kind| "局委办院厅府".contains(**kind));
        let Some(kind) = kind else {
            let begins = at == 0 || !chars[at - 1].is_alphanumeric();
            return (*pointer == "你们" && begins)
                .then(|| Some((self.written_to(None)?, unit)))
                .flatten();
        };
        // 你办理, 你委托
        let goes_on = |next: &char| "理事法托屈任员派好完案".contains(*next);
        if chars.get(unit + 1).is_some_and(goes_on) {
            return None;
        }
        // 你们局长 is its 局长.
        let is_title = chars.get(unit + 1) == Some(&'长');
        let end = if is_title { unit } else { unit + 1 };
        Some((self.written_to(Some(*kind))?, end))
    }

    fn written_to(&self, kind: Option<char>) -> Option<(String, Option<String>)> {
        let (first, also) = written_to(self.roster, self.addressee, kind);
        first.map(|first| (first, also))
    }

    /// Another place's office of the same name is none of ours: 昆山市信访局, 省信访局.
    fn is_ours(&self, chars: &[char], at: usize, form: &[char], who: Who) -> bool {
        let before = at.checked_sub(1).map(|before| chars[before]);
        if self.matcher.stands_alone(chars, at, form, who) {
            // Told apart below.
        } else if "省市县区州".contains(form[0]) && before != Some('副') {
            // 昆山市信访局 is another one, 向市信访局 ours; 张市长 is somebody else.
            let is_place = |from: usize| {
                let place: String = chars[from..=at].iter().collect();
                !Gazetteer::shared().named(&place).is_empty()
            };
            let is_else = |c: char| names::is_surname(c) && !"向于和任时从让经找由".contains(c);
            let is_named = matches!(who, Who::Leader(_)) && before.is_some_and(is_else);
            return !is_named && !(at.saturating_sub(5)..at).any(is_place);
        } else {
            return false;
        }
        let is_bare = !form.iter().take(4).any(|c| "省市县区州".contains(*c));
        let is_office = matches!(who, Who::Organisation(_));
        !(is_office && is_bare && before.is_some_and(|c| "省县区镇乡家".contains(c)))
    }
}

/// 钱局 of 局长钱正阳, as everybody calls him.
fn familiar(name: &str, title: &str) -> Option<String> {
    let level = title.strip_suffix('长')?.chars().last()?;
    let surname = names::surname_length(&name.chars().collect::<Vec<_>>());
    let surname: String = name.chars().take(surname).collect();
    ("局厅处科所".contains(level) && !surname.is_empty()).then(|| format!("{surname}{level}"))
}

enum Called {
    Leader(String),
    Office(String),
}

/// By their full names, the offices that whoever is called so holds.
pub(super) fn offices_held(roster: &Roster, name: &str) -> Vec<String> {
    let held = roster.offices_of(name).into_iter();
    held.filter_map(|office| Some(roster.office_begun(&office)?.name.clone()))
        .collect()
}

/// The office that is written to, or that of whom it is written to, or the station's own where those are no 局 and the letter says 贵局. An organisation
/// that is written to is meant in any case; where it is of another kind, another one as well.
pub(super) fn written_to(
    roster: &Roster,
    addressee: Option<&str>,
    kind: Option<char>,
) -> (Option<String>, Option<String>) {
    let fits = |name: &String| match kind {
        None => true,
        Some('委') => name.ends_with("委员会") || name.ends_with('委'),
        Some('办') => name.ends_with("办公室") || name.ends_with('办'),
        Some(kind) => name.ends_with(kind),
    };
    let own = addressee.and_then(|name| roster.organisation(name));
    let own = own.map(|org| org.name.clone());
    let held = addressee
        .into_iter()
        .flat_map(|name| offices_held(roster, name));
    let station = roster.organisation(&roster.station);
    let station = station.map_or_else(|| roster.station.clone(), |org| org.name.clone());
    let station = Some(station).filter(|name| !name.is_empty());
    let fitting = own
        .clone()
        .into_iter()
        .chain(held)
        .chain(station)
        .find(fits);
    match own {
        Some(own) => {
            let also = fitting.filter(|other| *other != own);
            (Some(own), also)
        }
        None => (fitting, None),
    }
}

pub(super) fn starts(chars: &[char], at: usize, word: &str) -> bool {
    let mut rest = chars.get(at..).unwrap_or_default().iter();
    word.chars().all(|c| rest.next() == Some(&c))
}

pub(super) fn ends_with_any(before: &[char], words: &[&str]) -> bool {
    let text: String = before.iter().collect();
    words.iter().any(|word| text.ends_with(word))
}

/// 的局长, 某科长, 工作人员, 一把手 behind an office's name.
fn holder_behind(chars: &[char], end: usize) -> Option<(String, usize)> {
    let mut at = end;
    for word in ["的", "某", "个别", "有的", "一个", "一名", "原", "前"] {
        if starts(chars, at, word) {
            at += word.chars().count();
        }
    }
    let vice = usize::from(chars.get(at) == Some(&'副'));
    let words = TITLES.iter().chain(MORE_TITLES);
    let title = words
        .filter(|title| starts(chars, at + vice, title))
        .max_by_key(|title| title.chars().count())?;
    let end = at + vice + title.chars().count();
    Some((chars[at..end].iter().collect(), end))
}

/// 我到信访局上访, 工作人员赵敏…: of the office that was named last.
fn staff_at(
    sentence: &[Glyph],
    chars: &[char],
    at: usize,
    last: Option<&Mention>,
) -> Option<Mention> {
    let unit = last.filter(|one| !one.is_person && one.stands != Stands::Asked)?;
    let begins = at == clause_of(chars, at) || chars[at - 1] == '被';
    let title = STAFF
        .iter()
        .find(|title| begins && starts(chars, at, title))?;
    let end = at + title.chars().count();
    let office = format!("{}{title}", unit.name);
    let name = person_at(sentence, end);
    let end = name.as_ref().map_or(end, |name| name.end);
    Some(Mention {
        name: name.map_or_else(|| office.clone(), |name| chars[name].iter().collect()),
        office: Some(office),
        also: None,
        of: unit.of.clone(),
        is_person: true,
        at: at..end,
        stands: Stands::Free,
    })
}

pub(super) fn clause_of(chars: &[char], at: usize) -> usize {
    let ends = |c: &char| ",:;。!?".contains(*c);
    chars[..at].iter().rposition(ends).map_or(0, |end| end + 1)
}

fn stands(chars: &[char], at: Range<usize>) -> Stands {
    let before = &chars[clause_of(chars, at.start)..at.start];
    let rest = &chars[at.end..];
    let is_place = PLACES.iter().any(|word| starts(rest, 0, word));
    // 钱局长: 钱局长, 您好!
    let greets = rest
        .iter()
        .take(6)
        .position(|c| *c == ':')
        .is_some_and(|end| !rest[..end].iter().any(|c| ",。".contains(*c)))
        && clause_of(chars, at.start) == 0;
    let open = rest.iter().take_while(|c| ",!、".contains(**c)).count();
    let speaks = ["您", "你", "我", "本", "现", "首先", "请", "好"];
    let hails = before.is_empty() && open > 0 && speaks.iter().any(|word| starts(rest, open, word));
    let greets = greets || hails || starts(rest, 0, "您好") || starts(rest, 0, "你好");
    if is_place || greets || ends_with_any(before, ASKED) {
        Stands::Asked
    } else if ends_with_any(before, MET) {
        Stands::Met
    } else {
        Stands::Free
    }
}
