//! Whose misdeeds a letter tells of where nobody says 举报: somebody whom the roster knows, or an office of it, by any name, title or pointer (贵局),
//! beside the words for them.
//!
//! Of those named before the words it is the last; not whom the letter asks to look into it, nor where another one is named in between. Where that is
//! unclear he is taken for accused: an officer strikes him, and nothing has reached his office.

use std::ops::Range;

use crate::domain::gazetteer::Gazetteer;
use crate::domain::roster::Roster;
use crate::domain::zones::Glyph;

use super::misdeeds::{
    ASKED, BESIDE, DENIED, GIVEN_TO, GOODS, GOODS_WITHIN, HANDLING, INVOLVES, MEANWHILE, MET,
    MISDEEDS, MORE_TITLES, OTHERS, PLACES, PRONOUNS, REACH, RUDENESS, STAFF, TAKEN, VICES,
};
use super::words::TITLES;
use super::{Named, person_at};
use crate::domain::extract::glyphs::{chars_of, find_from, has_any};
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
    name: String,
    office: Option<String>,
    /// Whom else the same words may mean.
    also: Option<String>,
    /// Not a whole office.
    is_person: bool,
    at: Range<usize>,
    stands: Stands,
}

/// How the text stands to whom it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
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
        for (at, org) in roster.orgs.iter().enumerate() {
            let bare = matcher.without_place(&org.name);
            for name in roster.usual_names(org).into_iter().chain(bare) {
                let form: Vec<char> = name.chars().collect();
                if form.len() >= 2 && !forms.iter().any(|(known, _)| *known == form) {
                    forms.push((form, Who::Organisation(at)));
                }
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

    /// Whom a sentence accuses; `before` is whom the one before named last, and is left as that for the next.
    pub(super) fn accused_in(
        &self,
        sentence: &[Glyph],
        before: &mut Option<Mention>,
    ) -> Vec<Named> {
        let chars = chars_of(sentence);
        let mentions = self.mentions(sentence, &chars);
        let mut all: Vec<Named> = Vec::new();
        for word in reproaches(&chars) {
            let Some(mention) = blamed(&chars, &mentions, before.as_ref(), &word) else {
                continue;
            };
            let at = match mention.at.is_empty() {
                true => word.at.clone(),
                false => mention.at.clone(),
            };
            let also = mention.also.clone().map(|also| (also, None));
            let first = (mention.name.clone(), mention.office.clone());
            for (name, office) in std::iter::once(first).chain(also) {
                if all.iter().all(|known| known.name != name) {
                    let at = at.clone();
                    all.push(Named { name, office, at });
                }
            }
        }
        let last = mentions
            .into_iter()
            .rfind(|one| one.stands != Stands::Asked);
        let is_alone =
            |one: &Mention| other(&chars, one.at.end..chars.len(), one.is_person).is_none();
        let stays = chars.iter().collect::<String>();
        *before = match last {
            Some(one) => Some(one).filter(is_alone),
            None if PRONOUNS.iter().any(|word| stays.starts_with(word)) => before.take(),
            None => None,
        };
        // Places in another sentence are no places in this one.
        if let Some(one) = before {
            one.at = 0..0;
        }
        all
    }

    fn mentions(&self, sentence: &[Glyph], chars: &[char]) -> Vec<Mention> {
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
        let (who, also, end) = match self.pointed_at(chars, at) {
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
            also,
            is_person: true,
            at: at..end,
            stands: stands(chars, at..end),
        };
        let unit = match who {
            Called::Leader(name) => {
                mention.name = name;
                return Some(mention);
            }
            Called::Office(unit) => unit,
        };
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
        Some((self.written_to(Some(*kind))?, unit + 1))
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

enum Called {
    Leader(String),
    Office(String),
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
        .flat_map(|name| roster.offices_of(name));
    let held = held.filter_map(|office| Some(roster.office_begun(&office)?.name.clone()));
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

fn starts(chars: &[char], at: usize, word: &str) -> bool {
    let mut rest = chars.get(at..).unwrap_or_default().iter();
    word.chars().all(|c| rest.next() == Some(&c))
}

fn ends_with_any(before: &[char], words: &[&str]) -> bool {
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
        is_person: true,
        at: at..end,
        stands: Stands::Free,
    })
}

fn clause_of(chars: &[char], at: usize) -> usize {
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

/// Words of a misdeed.
struct Reproach {
    at: Range<usize>,
    /// What no office does as a whole.
    is_personal: bool,
}

/// What is reproached in a sentence, without what is denied.
fn reproaches(chars: &[char]) -> Vec<Reproach> {
    let mut all = Vec::new();
    let mut add = |at: Range<usize>, is_personal: bool| {
        let before = &chars[clause_of(chars, at.start)..at.start];
        let verb = before
            .iter()
            .rev()
            .take_while(|c| "收受拿吃搞有接过".contains(**c));
        let before = &before[..before.len() - verb.count()];
        if !ends_with_any(before, DENIED) {
            all.push(Reproach { at, is_personal });
        }
    };
    for (list, is_personal) in [(MISDEEDS, false), (VICES, true), (RUDENESS, true)] {
        for at in list.iter().flat_map(|word| places_of(chars, word)) {
            add(at, is_personal);
        }
    }
    for at in TAKEN
        .iter()
        .chain(GIVEN_TO)
        .flat_map(|word| places_of(chars, word))
    {
        let end = (at.end + GOODS_WITHIN).min(chars.len());
        let rest = chars[at.end..end]
            .iter()
            .take_while(|c| !",。".contains(**c));
        if has_any(&rest.collect::<String>(), GOODS) {
            add(at, false);
        }
    }
    all.sort_by_key(|word| word.at.start);
    all
}

fn places_of(chars: &[char], word: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(at) = find_from(chars, word, from) {
        from = at + word.chars().count();
        all.push(at..from);
    }
    all
}

/// 请贵局查处…收受: the misdeed is what somebody is to look into. 处理我的事时收受: what he did meanwhile.
fn is_looked_into(before: &[char]) -> bool {
    let last = HANDLING
        .iter()
        .flat_map(|word| places_of(before, word))
        .max_by_key(|at| at.start);
    last.is_some_and(|at| {
        let lead = &before[..at.start];
        let rest: String = before[at.end..].iter().collect();
        let is_denied = lead.iter().rev().take(3).any(|c| "不没未拒".contains(*c));
        !is_denied && !has_any(&rest, MEANWHILE)
    })
}

/// Who else is named as the one who acts in a stretch of the sentence that begins behind a mention.
fn other(chars: &[char], within: Range<usize>, is_person: bool) -> Option<usize> {
    let stretch = &chars[within.clone()];
    let words = OTHERS.iter().chain(TITLES);
    let found = words
        .flat_map(|word| places_of(stretch, word))
        .filter(|at| {
            let lead = &stretch[clause_of(stretch, at.start)..at.start];
            // 钱局长与老板, 对老板; 在那里当局长; 钱局长的秘书.
            let is_beside = |c: &char| BESIDE.contains(*c) || is_person && *c == '对';
            let is_his = at.start == 0 || at.start == 1 && stretch[0] == '的';
            !is_his
                && !lead.iter().any(is_beside)
                && !ends_with_any(lead, &["当", "任", "是", "做"])
        });
    found.map(|at| within.start + at.start).min()
}

/// A full name that is a clause's whole beginning: 李华明收受.
fn is_named_before(chars: &[char], at: usize) -> bool {
    let clause: String = chars[clause_of(chars, at)..at].iter().collect();
    clause.chars().count() == 3 && names::person(&clause) >= 0.97
}

fn blamed<'m>(
    chars: &[char],
    mentions: &'m [Mention],
    before: Option<&'m Mention>,
    word: &Reproach,
) -> Option<&'m Mention> {
    let fits = |one: &&Mention| one.is_person || !word.is_personal;
    let clause = clause_of(chars, word.at.start);
    let involves = INVOLVES
        .iter()
        .any(|known| starts(chars, word.at.start, known));
    // 买通钱局长, 勾结信访局; 收受贿赂的是钱局长.
    let behind = |one: &&Mention| {
        let gap = chars.get(word.at.end..one.at.start);
        gap.is_some_and(|gap| match gap {
            [] | ['了'] => involves,
            ['的'] | ['的', '是'] => {
                clause == word.at.start || other(chars, clause..word.at.start, true).is_none()
            }
            _ => false,
        })
    };
    if let Some(one) = mentions.iter().filter(fits).find(behind) {
        return Some(one);
    }
    let refers = |from: usize| {
        let mut clauses = chars[from..word.at.start]
            .split(|c| ",;".contains(*c))
            .skip(1);
        clauses.any(|clause| PRONOUNS.iter().any(|word| starts(clause, 0, word)))
    };
    let counts = |one: &&Mention| match one.stands {
        Stands::Free => true,
        // 向钱局长行贿
        Stands::Met => refers(one.at.end) || involves && one.at.start >= clause,
        Stands::Asked => false,
    };
    let alone = |from: usize, is_person: bool| {
        let since = from.max(clause);
        !is_looked_into(&chars[since..word.at.start])
            && other(chars, from..word.at.start, is_person).is_none()
            && !is_named_before(chars, word.at.start)
    };
    let is_near =
        |one: &&Mention| one.at.end <= word.at.start && word.at.start - one.at.end <= REACH;
    let mut named = mentions.iter().filter(fits).filter(is_near).filter(counts);
    match named.next_back() {
        Some(one) => alone(one.at.end, one.is_person).then_some(one),
        None => {
            let begins = PRONOUNS.iter().any(|word| starts(chars, 0, word));
            before.filter(fits).filter(|_| begins && alone(0, true))
        }
    }
}
