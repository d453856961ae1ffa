//! One written addressee against the roster: exactly, by alias, by surname and title, or nearly (SZ 7.4.2.4, last sentence).
//!
//! Offices of other places and levels are never taken for ours, however near their names.

mod others;
mod words;

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;

use crate::domain::roster::{Leader, Roster};

use super::glyphs::{distance, find_from};
use super::names::{self, is_given, surname_length};
use crate::domain::zones::is_han;
use others::{LEVELS, LOWER, is_anothers_help, is_beside_office};
use words::{SHORT, TITLES};

/// Whom a mention means, as index into the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Leader(usize),
    Organisation(usize),
    Outside(usize),
}

/// Someone found in a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit {
    pub(crate) who: Who,
    /// Where, in characters of the text.
    pub(crate) range: Range<usize>,
    /// How sure, 0 to 1.
    pub(crate) score: f32,
    /// Other leaders the same words could mean.
    pub(crate) namesakes: Vec<usize>,
}

/// Before a title: another office, or one that is not held any more.
const OTHER_OFFICES: &[&str] = &["副", "常务", "原", "原任", "前任", "时任", "代理"];

/// The roster made ready for looking up.
pub(crate) struct Matcher<'a> {
    roster: &'a Roster,
    /// The office's place without its last character: 苏州.
    stem: Vec<char>,
    /// Every exact way of writing someone, longest first.
    forms: Vec<(Vec<char>, Who)>,
}

impl<'a> Matcher<'a> {
    /// Prepares a roster.
    pub(crate) fn new(roster: &'a Roster) -> Self {
        let mut forms: Vec<(Vec<char>, Who)> = Vec::new();
        let mut known: HashSet<&'a str> = HashSet::new();
        let mut add = |text: &'a str, who: Who| {
            let form: Vec<char> = text.chars().collect();
            if form.len() >= 2 && known.insert(text) {
                forms.push((form, who));
            }
        };
        for (i, org) in roster.orgs.iter().enumerate() {
            add(&org.name, Who::Organisation(i));
            org.alias.iter().for_each(|a| add(a, Who::Organisation(i)));
        }
        for (i, leader) in roster.leaders.iter().enumerate() {
            add(&leader.name, Who::Leader(i));
            add(&leader.title, Who::Leader(i));
            add(leader.title.trim_start_matches("中共"), Who::Leader(i));
            leader.alias.iter().for_each(|a| add(a, Who::Leader(i)));
        }
        for (i, name) in roster.outside.iter().enumerate() {
            add(name, Who::Outside(i));
        }
        let mut matcher = Self {
            roster,
            stem: place_stem(&roster.station),
            forms,
        };
        matcher.add_offices_of_governments();
        matcher.forms.sort_by_key(|(f, _)| Reverse(f.len()));
        matcher
    }

    /// 市人民政府信访局, 市委市政府信访局: the office of a committee or a government, and neither of these.
    fn add_offices_of_governments(&mut self) {
        let orgs = self.roster.orgs.iter().enumerate();
        let names: Vec<(usize, &String)> = orgs
            .flat_map(|(i, org)| org.alias.iter().chain([&org.name]).map(move |n| (i, n)))
            .collect();
        let those = |ends: &'static [&str]| {
            let ends = move |name: &str| ends.iter().any(|end| name.ends_with(end));
            names
                .iter()
                .map(|(_, n)| n.as_str())
                .filter(move |n| ends(n))
        };
        let governments = || those(&["政府"]);
        let committees = || those(&["市委", "县委", "区委", "委员会"]);
        let both = committees().flat_map(|c| governments().map(move |g| format!("{c}{g}")));
        let alone = governments().chain(committees()).map(str::to_owned);
        let above: Vec<String> = both.chain(alone).collect();
        for (i, name) in &names {
            let office = self.without_place(name).filter(|_| !above.contains(name));
            for above in office.iter().flat_map(|_| &above) {
                let form = above.chars().chain(office.iter().flat_map(|o| o.chars()));
                self.forms.push((form.collect(), Who::Organisation(*i)));
            }
        }
    }

    /// Every exact way of writing someone, longest first.
    pub(crate) fn forms(&self) -> &[(Vec<char>, Who)] {
        &self.forms
    }

    /// 信访局 of 苏州市信访局, where the place is the station's own.
    pub(crate) fn without_place(&self, name: &str) -> Option<String> {
        let chars: Vec<char> = name.chars().collect();
        let (place, rest) = chars.split_at_checked(self.stem.len() + 1)?;
        let level = place.last().is_some_and(|level| self.level_is(*level));
        let is_own = !self.stem.is_empty() && place.starts_with(&self.stem) && level;
        (is_own && rest.len() >= 3).then(|| rest.iter().collect())
    }

    /// Everyone a text names: exact forms first, what is left over by likeness.
    pub(crate) fn find(&self, text: &str) -> Vec<Hit> {
        let chars: Vec<char> = text.chars().collect();
        if let Some(own) = self.own_office(text) {
            return vec![Hit {
                who: own,
                range: 0..chars.len(),
                score: 0.95,
                namesakes: Vec::new(),
            }];
        }
        let mut hits = self.exact(&chars);
        let mut free: Vec<Range<usize>> = Vec::new();
        let mut at = 0;
        for hit in &hits {
            free.push(at..hit.range.start);
            at = hit.range.end;
        }
        free.push(at..chars.len());
        let context: Vec<Who> = hits.iter().map(|h| h.who).collect();
        for range in free.into_iter().filter(|r| r.len() >= 2) {
            hits.extend(self.near(&chars, range, &context));
        }
        hits
    }

    /// 信访局 and nothing else: the station's own office, where the roster has it and nobody else by that name.
    fn own_office(&self, text: &str) -> Option<Who> {
        let station = &self.roster.station;
        let orgs = &self.roster.orgs;
        let own = orgs
            .iter()
            .position(|org| org.name == *station || org.alias.contains(station))?;
        let mut names = orgs[own].alias.iter().chain([&orgs[own].name]);
        let short = |name: &String| self.without_place(name).is_some_and(|rest| rest == text);
        let known = self.forms.iter().any(|(form, who)| {
            *who != Who::Organisation(own) && form.iter().copied().eq(text.chars())
        });
        (!known && names.any(short)).then_some(Who::Organisation(own))
    }

    /// Exact forms from left to right, the longest at each place.
    fn exact(&self, chars: &[char]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        let mut at = 0;
        while at < chars.len() {
            let found = self.forms.iter().find(|(f, who)| {
                chars[at..].starts_with(f)
                    && self.stands_alone(chars, at, f, *who)
                    && !self.is_anothers_title(chars, at..at + f.len(), *who)
                    && !(matches!(who, Who::Leader(_)) && is_anothers_help(&chars[at + f.len()..]))
            });
            match found {
                Some((form, who)) => {
                    let namesakes = self.namesakes_of(form, *who);
                    let score = if namesakes.is_empty() { 0.97 } else { 0.75 };
                    hits.push(Hit {
                        who: *who,
                        range: at..at + form.len(),
                        score,
                        namesakes,
                    });
                    at += form.len();
                }
                None => at += 1,
            }
        }
        hits
    }

    /// `市信访局` inside `昆山市信访局` or `区政府` behind another place is someone else's office.
    pub(crate) fn stands_alone(&self, chars: &[char], at: usize, form: &[char], who: Who) -> bool {
        if at == 0 || matches!(who, Who::Outside(_)) || self.is_name(form, who) {
            return true;
        }
        let before = &chars[..at];
        let level = ['市', '县', '区', '省', '州', '镇', '乡'];
        if level.contains(&form[0]) || before.last().is_some_and(|c| level.contains(c)) {
            let place = if before.last().is_some_and(|c| level.contains(c)) {
                &before[..at - 1]
            } else {
                before
            };
            let own = before.last().is_none_or(|level| self.level_is(*level));
            return place.is_empty() && own || !place.is_empty() && ends_like(place, &self.stem);
        }
        // 副 before 市长 makes another office of it.
        before.last() != Some(&'副')
    }

    /// A title alone means its holder; with a name before or behind it it is that person's (谭雪芬副市长), and some words before it make
    /// another office of it (常务副市长).
    fn is_anothers_title(&self, chars: &[char], title: Range<usize>, who: Who) -> bool {
        let Who::Leader(holder) = who else {
            return false;
        };
        let form = &chars[title.clone()];
        let own: Vec<char> = self.roster.leaders[holder].name.chars().collect();
        let surname = &own[..surname_length(&own).max(1).min(own.len())];
        if form.windows(surname.len()).any(|w| w == surname) {
            return false;
        }
        let before = &chars[..title.start];
        let behind = &chars[title.end..];
        let ends = |word: &&str| before.ends_with(&word.chars().collect::<Vec<_>>());
        if OTHER_OFFICES.iter().any(ends) {
            return true;
        }
        let joined = |c: &&char| is_han(**c);
        let run_before = before.iter().rev().take_while(joined).count();
        let run_behind = behind.iter().take_while(joined).count();
        let behind = &behind[..run_behind];
        if before.ends_with(&own) || behind.starts_with(&own) {
            return false;
        }
        let mut names = self.roster.leaders.iter().map(|leader| &leader.name);
        let known = names.any(|name| {
            let name: Vec<char> = name.chars().collect();
            name.len() >= 2 && (before.ends_with(&name) || behind.starts_with(&name))
        });
        known || is_person(&before[before.len() - run_before..]) || is_person(behind)
    }

    fn is_name(&self, form: &[char], who: Who) -> bool {
        matches!(who, Who::Leader(i) if self.roster.leaders[i].name.chars().eq(form.iter().copied()))
    }

    /// Leaders with the same surname for whom surname and title alone would do as well.
    fn namesakes_of(&self, form: &[char], who: Who) -> Vec<usize> {
        let Who::Leader(chosen) = who else {
            return Vec::new();
        };
        if self.is_name(form, who) {
            return Vec::new();
        }
        let own: Vec<char> = self.roster.leaders[chosen].name.chars().collect();
        let own = &own[..surname_length(&own).max(1).min(own.len())];
        if !form.windows(own.len()).any(|w| w == own) {
            return self.of_one_title(chosen);
        }
        let text: String = form.iter().collect();
        let title = title_in(&text).unwrap_or_default().trim_start_matches('副');
        let others = self.roster.leaders.iter().enumerate().filter(|(i, l)| {
            *i != chosen
                && l.name.starts_with(&own.iter().collect::<String>())
                && bare_title(l).trim_start_matches('副') == title
        });
        others.map(|(i, _)| i).collect()
    }

    /// The other leaders who hold the same office: 副市长 alone may be each of two.
    fn of_one_title(&self, of: usize) -> Vec<usize> {
        let leaders = &self.roster.leaders;
        let same = |i: &usize| *i != of && leaders[*i].title == leaders[of].title;
        (0..leaders.len()).filter(same).collect()
    }

    /// What is left over between exact forms.
    fn near(&self, chars: &[char], range: Range<usize>, context: &[Who]) -> Option<Hit> {
        let part = &chars[range.clone()];
        let text: String = part.iter().collect();
        if self.elsewhere(part) || is_beside_office(&text) {
            return None;
        }
        let leader = self.near_leader(part, &text, context);
        let of_nobody_else = |who| !self.is_anothers_title(chars, range.clone(), who);
        let office = self.near_form(part).filter(|(who, _)| of_nobody_else(*who));
        let (who, score, namesakes) = match (leader, office) {
            // A leader's alias nearly hit says less than surname and title: it does not know the namesakes.
            (Some(l), Some(o)) if o.1 > l.1 && !matches!(o.0, Who::Leader(_)) => {
                (o.0, o.1, Vec::new())
            }
            (Some(l), _) => l,
            (None, Some(o)) => (o.0, o.1, Vec::new()),
            (None, None) => return None,
        };
        Some(Hit {
            who,
            range,
            score,
            namesakes,
        })
    }

    /// Names a place or level that is not ours.
    fn elsewhere(&self, part: &[char]) -> bool {
        if self.stem.is_empty() {
            return false;
        }
        let text: String = part.iter().collect();
        if text.starts_with("国家") || text.starts_with("国务院") || text.starts_with("中央")
        {
            return true;
        }
        let level = part
            .iter()
            .take(8)
            .position(|c| matches!(c, '省' | '市' | '县' | '区' | '镇' | '乡'));
        match level {
            // A title like 市长 or 区长 is no place.
            Some(i) if i >= 2 && part.get(i + 1) != Some(&'长') => {
                let place: Vec<char> = part[..i].to_vec();
                let place = if place.len() > 2 && place.starts_with(&['中', '共']) {
                    place[2..].to_vec()
                } else {
                    place
                };
                part[i] != '市' && !self.level_is(part[i]) || !ends_like(&place, &self.stem)
            }
            _ => false,
        }
    }

    fn level_is(&self, level: char) -> bool {
        let station: Vec<char> = self.roster.station.chars().collect();
        station.get(self.stem.len()) == Some(&level)
    }

    /// By full name with one character off, or surname and any title.
    fn near_leader(
        &self,
        part: &[char],
        text: &str,
        context: &[Who],
    ) -> Option<(Who, f32, Vec<usize>)> {
        let mut best: Option<(Who, f32, Vec<usize>)> = None;
        for (i, leader) in self.roster.leaders.iter().enumerate() {
            let name: Vec<char> = leader.name.chars().collect();
            let Some(apart) = nearest_window(part, &name) else {
                continue;
            };
            let score = match apart {
                d if d <= 0.0 => 0.95,
                d if d <= 0.5 && name.len() >= 3 => 0.85,
                d if d <= 1.0
                    && name.len() >= 3
                    && (title_in(text).is_some() || part.len() <= name.len() + 1) =>
                {
                    0.7
                }
                d if d <= 0.5 && title_in(text).is_some() => 0.6,
                _ => continue,
            };
            if best.as_ref().is_none_or(|(_, s, _)| score > *s) {
                best = Some((Who::Leader(i), score, Vec::new()));
            }
        }
        best.or_else(|| self.by_surname(text, context))
    }

    /// `林书记` where 林 is the mayor: the one leader of that surname; of several the one whose title it is.
    fn by_surname(&self, text: &str, context: &[Who]) -> Option<(Who, f32, Vec<usize>)> {
        let title = title_in(text)?;
        let before = &text[..text.find(title)?];
        let same: Vec<(usize, &Leader)> = self
            .roster
            .leaders
            .iter()
            .enumerate()
            .filter(|(_, l)| {
                let name: Vec<char> = l.name.chars().collect();
                let surname: String = name[..surname_length(&name).max(1).min(name.len())]
                    .iter()
                    .collect();
                !surname.is_empty() && before.ends_with(&surname)
            })
            .collect();
        let fits = |l: &Leader| -> f32 {
            let own = bare_title(l);
            if own == title {
                0.9
            } else if own.trim_start_matches('副') == title.trim_start_matches('副') {
                0.8
            } else {
                0.55
            }
        };
        let (chosen, leader) = same.iter().max_by(|a, b| {
            fits(a.1)
                .total_cmp(&fits(b.1))
                .then(b.1.rank.cmp(&a.1.rank))
        })?;
        // 居委会龙主任, 村支书文书记: he holds his office somewhere else.
        let surname: String = leader.name.chars().take(1).collect();
        let front = before.rsplit_once(&surname).map_or("", |(front, _)| front);
        if LOWER.iter().any(|body| front.ends_with(body)) {
            return None;
        }
        let others: Vec<usize> = same
            .iter()
            .map(|(i, _)| *i)
            .filter(|i| i != chosen)
            .collect();
        let supported = context.iter().any(|w| matches!(w, Who::Organisation(o) if leader.title.contains(&self.roster.orgs[*o].name)));
        let score = fits(leader) + if supported { 0.1 } else { 0.0 };
        let score = if others.is_empty() {
            score
        } else {
            score.min(0.6)
        };
        Some((Who::Leader(*chosen), score.min(0.95), others))
    }

    /// Any form within a short distance, both sides brought to one way of writing.
    fn near_form(&self, part: &[char]) -> Option<(Who, f32)> {
        let ours = self.canonical(part);
        let mut best: Option<(Who, f32)> = None;
        let of_level = |form: &[char]| form.first().copied().filter(|c| LEVELS.contains(c));
        for (form, who) in &self.forms {
            let theirs = self.canonical(form);
            // 县委书记 is not 市委书记 misread.
            let other_level = of_level(&ours).is_some_and(|own| match of_level(&theirs) {
                Some(level) => level != own,
                None => !self.stem.is_empty() && !self.level_is(own),
            });
            if other_level || self.is_of_another_name(part, form, *who) {
                continue;
            }
            let length = theirs.len().max(ours.len());
            if theirs.len() < 3 || length == 0 {
                continue;
            }
            let apart = distance(&ours, &theirs).min(distance(part, form));
            let allowed = if length >= 6 { 1.6 } else { 1.0 };
            if apart > allowed || (apart >= 1.0 && length < 4) {
                continue;
            }
            let score = 0.92 - 0.9 * apart / length as f32;
            if best.is_none_or(|(_, s)| score > s) {
                best = Some((*who, score));
            }
        }
        best
    }

    /// 信访局谢局长 is not 信访局局长, whose holder has another surname.
    fn is_of_another_name(&self, part: &[char], form: &[char], who: Who) -> bool {
        let Who::Leader(holder) = who else {
            return false;
        };
        let text: String = part.iter().collect();
        let named = title_in(&text).and_then(|title| {
            let before = &text[..text.find(title)?];
            before.chars().next_back()
        });
        named.is_some_and(|surname| {
            names::is_surname(surname)
                && !form.contains(&surname)
                && !self.roster.leaders[holder].name.starts_with(surname)
        })
    }

    /// One short way of writing an office: 苏州市信访办公室 → 市信访局, 苏州市人民代表大会常务委员会 → 市人大.
    fn canonical(&self, form: &[char]) -> Vec<char> {
        let mut text: String = form.iter().collect();
        for (long, short) in SHORT {
            text = text.replace(long, short);
        }
        let chars: Vec<char> = text.chars().collect();
        let n = self.stem.len();
        if n > 0 && chars.len() > n + 1 && distance(&chars[..n], &self.stem) <= 0.5 {
            let level = self.roster.station.chars().nth(n);
            let mut rest = chars[n..].to_vec();
            if rest.first().copied() != level
                && let Some(level) = level
            {
                rest.insert(0, level);
            }
            return rest;
        }
        chars
    }
}

/// Whether a text is a whole name and nothing else.
fn is_person(text: &[char]) -> bool {
    let name: String = text.iter().collect();
    let name = ["同志", "先生", "女士"]
        .iter()
        .find_map(|word| name.strip_suffix(word))
        .unwrap_or(&name);
    let short = name.chars().count() == 2 && !name.chars().nth(1).is_some_and(is_given);
    names::person(name) > 0.8 && !short
}

/// The title people use for a leader: the last title in the full one.
fn bare_title(leader: &Leader) -> &str {
    TITLES
        .iter()
        .find(|t| leader.title.ends_with(**t))
        .copied()
        .unwrap_or("")
}

/// Whether a text begins with the title of an office: 副市长, 局长.
pub(crate) fn opens_with_title(text: &str) -> bool {
    TITLES.iter().any(|title| text.starts_with(title))
}

fn title_in(text: &str) -> Option<&'static str> {
    TITLES.iter().find(|t| text.contains(**t)).copied()
}

/// 苏州 of 苏州市信访局.
fn place_stem(station: &str) -> Vec<char> {
    let chars: Vec<char> = station.chars().collect();
    // 州 is a level only where no other follows: 苏州市, but 凉山州.
    let level = chars
        .iter()
        .position(|c| matches!(c, '市' | '县' | '区' | '盟' | '旗' | '省'));
    let level = level.or_else(|| chars.iter().position(|c| *c == '州'));
    level.map_or(Vec::new(), |i| chars[..i].to_vec())
}

/// Whether a text ends with the place's name or something read for it.
fn ends_like(text: &[char], stem: &[char]) -> bool {
    if stem.is_empty() || text.is_empty() {
        return true;
    }
    let from = text.len().saturating_sub(stem.len());
    let tail = &text[from..];
    let allowed = if stem.len() <= 2 { 0.5 } else { 1.0 };
    tail.len() == stem.len() && distance(tail, stem) <= allowed
}

/// The least distance of a name to any stretch of the same length.
fn nearest_window(part: &[char], name: &[char]) -> Option<f32> {
    if name.is_empty() || part.len() < name.len() {
        return None;
    }
    let whole: String = name.iter().collect();
    if find_from(part, &whole, 0).is_some() {
        return Some(0.0);
    }
    // The surname must be there: two of three characters are many people's.
    part.windows(name.len())
        .filter(|w| w[0] == name[0] || distance(&w[..1], &name[..1]) <= 0.4 && w[1..] == name[1..])
        .map(|w| distance(w, name))
        .min_by(f32::total_cmp)
}
