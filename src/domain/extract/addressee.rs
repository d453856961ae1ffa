//! The addressee (受信人, SZ 7.4.2.4), by the office's roster.
//!
//! Salutation and envelope are both read. A leader goes before an organisation, the higher rank and the earlier place in the
//! establishment before the lower and later; who is outside the scope is listed, never chosen.

use crate::domain::field::{Alternative, Field, Source};
use crate::domain::roster::Roster;
use crate::domain::text::PageText;
use crate::domain::zones::{EnvelopeZones, Glyph, LetterZones, is_han, tells, text_of};

use super::confidence::Measured;
use super::evidence::{Candidate, field, for_a_person, nothing};
use super::foot;
use super::glyphs::squeeze;
use super::labels::WRITTEN_TO;
use super::names;
use super::roster_match::{Hit, Matcher, Who, opens_with_title};

/// A hit and where it was read.
struct Mention {
    hit: Hit,
    glyphs: Vec<Glyph>,
    source: Source,
}

impl Mention {
    fn candidate(&self, roster: &Roster) -> Candidate {
        let (value, rule) = match self.hit.who {
            Who::Leader(i) => (roster.leaders[i].name.clone(), "7.4.2.4"),
            Who::Organisation(i) => (roster.orgs[i].name.clone(), "7.4.2.4"),
            Who::Outside(i) => (roster.outside[i].clone(), "7.4.2.4"),
        };
        Candidate {
            value,
            glyphs: self.glyphs.clone(),
            prior: self.hit.score,
            source: self.source,
            rule,
            signs: Vec::new(),
        }
    }

    /// Persons before organisations, then rank or order; outside last.
    fn place(&self, roster: &Roster) -> (u8, u32) {
        match self.hit.who {
            Who::Leader(i) => (0, roster.leaders[i].rank),
            Who::Organisation(i) => (1, roster.orgs[i].order),
            Who::Outside(_) => (2, 0),
        }
    }
}

/// Reads the addressee.
pub(crate) fn read(
    pages: &[PageText],
    zones: &LetterZones,
    envelope: &EnvelopeZones,
    roster: &Roster,
) -> Field {
    let matcher = Matcher::new(roster);
    let mut mentions: Vec<Mention> = Vec::new();
    let mut raw: Vec<String> = Vec::new();
    let mut unplaced = 0;
    let salutation: Vec<Glyph> = zones
        .salutation_rows()
        .iter()
        .flat_map(|r| r.glyphs.iter().copied())
        .collect();
    unplaced += collect(
        &matcher,
        &salutation,
        Source::LetterSalutation,
        &mut mentions,
        &mut raw,
    );
    let above = above_salutation(&matcher, zones, &mentions);
    // Whether it is addressed or heads the sheet a person says.
    let named_above = !above.is_empty();
    mentions.extend(above);
    if salutation.is_empty() {
        unplaced += collect(
            &matcher,
            &led(zones),
            Source::LetterSalutation,
            &mut mentions,
            &mut raw,
        );
    }
    // 收件人:X, 致 X: a label on top of a letter or in a form addresses as a salutation does.
    for named in super::form::written_to(zones) {
        let source = Source::LetterSalutation;
        unplaced += collect(&matcher, &named, source, &mut mentions, &mut raw);
    }
    let mut front: Vec<Mention> = Vec::new();
    for line in &envelope.recipient {
        unplaced += collect(
            &matcher,
            line,
            Source::EnvelopeAddressee,
            &mut front,
            &mut raw,
        );
    }
    let delivered = deliver_at(&mut front, roster);
    mentions.extend(front);
    let is_inside = |m: &Mention| m.source == Source::LetterSalutation;
    let mut named_inside = false;
    if !mentions.iter().any(is_inside) {
        let (top, written) = in_top_rows(&matcher, zones);
        if mentions.is_empty() {
            mentions = top;
            raw.extend(written);
        } else {
            // The envelope's word stands, but the letter itself may address someone else: a person looks.
            let known = |m: &Mention| mentions.iter().any(|other| other.hit.who == m.hit.who);
            named_inside = !top.iter().all(known);
        }
    }
    // 此致 / 市人民政府 names whom the letter is for as well.
    for named in foot::all_addressed(zones.tail_rows()) {
        let source = Source::LetterSalutation;
        unplaced += collect(&matcher, &named, source, &mut mentions, &mut raw);
    }
    // 副市长收 on the envelope is whichever of two the letter names.
    let named = mentions.iter().filter(|m| m.hit.namesakes.is_empty());
    let named: Vec<Who> = named.map(|m| m.hit.who).collect();
    mentions.retain(|m| {
        let other = |n: &usize| named.contains(&Who::Leader(*n));
        named.contains(&m.hit.who) || !m.hit.namesakes.iter().any(other)
    });
    mentions.sort_by_key(|m| m.place(roster));
    let mut alternatives: Vec<Alternative> = Vec::new();
    let mut seen: Vec<Who> = Vec::new();
    let mut winner: Option<Candidate> = None;
    let first = mentions.first().map(|m| m.place(roster));
    let mut is_tied = false;
    for mention in &mentions {
        if seen.contains(&mention.hit.who) {
            continue;
        }
        seen.push(mention.hit.who);
        let best = surest(&mentions, mention);
        let candidate = best.candidate(roster);
        match (&winner, mention.hit.who) {
            (_, Who::Outside(_)) => alternatives.push(candidate.lost("不在受信范围内")),
            (None, _) => winner = Some(candidate),
            (Some(_), _) if Some(mention.place(roster)) == first => {
                is_tied = true;
                alternatives.push(candidate.lost("职位次序相同，须由经办人确认"));
            }
            (Some(_), Who::Leader(_)) => alternatives.push(candidate.lost("职位次序在后")),
            (Some(_), Who::Organisation(_)) => {
                alternatives.push(candidate.lost("领导个人优先，或编制序列在后"))
            }
        }
    }
    alternatives.extend(
        delivered
            .iter()
            .filter(|d| !seen.contains(&d.hit.who))
            .map(|d| d.candidate(roster).lost("信封上的投递单位")),
    );
    let Some(winner) = winner.or_else(|| delivered.first().map(|d| d.candidate(roster))) else {
        return Field {
            raw,
            ..nothing(alternatives)
        };
    };
    alternatives.retain(|a| a.value != winner.value);
    let hit = mentions
        .iter()
        .chain(&delivered)
        .find(|m| m.candidate(roster).value == winner.value);
    for namesake in hit.into_iter().flat_map(|m| &m.hit.namesakes) {
        let value = roster.leaders[*namesake].name.clone();
        alternatives.push(Alternative {
            value,
            confidence: 0.4,
            why_not: "同姓，须由经办人确认".to_owned(),
        });
    }
    // Someone named there whom nobody could place may go before the one chosen.
    let asked = unplaced > 0
        || named_inside
        || named_above
        || is_tied
        || hit.is_some_and(|m| !m.hit.namesakes.is_empty());
    let field = field(pages, &winner, Measured::Addressee, alternatives);
    let field = if asked { for_a_person(field) } else { field };
    Field { raw, ..field }
}

/// 王局长:我的低保为什么停了?, 王局长您好!我是…: the offices or their holders before the first colon or greeting of a letter whose text goes on in the same row.
fn led(zones: &LetterZones) -> Vec<Glyph> {
    let top = zones.body_rows().iter().take(LED_ROWS);
    let mut top = top.filter(|_| zones.head().is_empty());
    let led = top.find_map(|row| {
        let glyphs = squeeze(&row.glyphs);
        let text = text_of(&glyphs);
        let cut = GREETINGS.iter().filter_map(|greeting| text.find(greeting));
        let cut = cut.chain(text.find(':')).min()?;
        let at = text[..cut].chars().count();
        let before = text[..cut].trim_end_matches([',', '、']);
        let named = |part: &str| foot::is_office(part) && !tells(part);
        let all = before.split(['、', ',', ';']).all(named);
        ((2..=LONGEST_LEAD).contains(&at) && at + 1 < glyphs.len() && all)
            .then(|| glyphs[..at].to_vec())
    });
    led.unwrap_or_default()
}

/// The offices in rows of their own above a salutation that addresses an office, too, without marks between them; those it names itself left out.
fn above_salutation(
    matcher: &Matcher<'_>,
    zones: &LetterZones,
    addressed: &[Mention],
) -> Vec<Mention> {
    let is_office = |m: &Mention| !matches!(m.hit.who, Who::Leader(_));
    // 临江市人民政府 / 信访局: is one.
    let whole = |m: &Mention| m.glyphs.len() >= SHORTEST_WHOLE && is_office(m);
    if addressed.is_empty() || !addressed.iter().all(whole) {
        return Vec::new();
    }
    let rows = zones.head().iter().rev().map(|row| (row, row.compact()));
    let rows = rows.take_while(|(_, text)| foot::is_office(text) && !tells(text));
    let mut above = Vec::new();
    for (row, _) in rows {
        let source = Source::LetterSalutation;
        collect(matcher, &row.glyphs, source, &mut above, &mut Vec::new());
    }
    let known = |m: &Mention| addressed.iter().any(|other| other.hit.who == m.hit.who);
    above.retain(|m| m.hit.score >= 0.9 && !known(m));
    above
}

/// Characters of an office with its place: 临江市委.
const SHORTEST_WHOLE: usize = 4;

/// A letter's text may begin below its title.
const LED_ROWS: usize = 2;

/// What one greets with behind whom one addresses.
const GREETINGS: &[&str] = &["您好", "你好", "您们好", "你们好"];

/// Characters of who is addressed before the text on his row.
const LONGEST_LEAD: usize = 24;

/// Where a salutation stands, and how long it is at most.
const TOP_ROWS: usize = 5;
const SALUTATION: usize = 24;

/// A salutation whose colon was not read looks like any other line: the first of the top rows that begins with someone we know, and what it says. What is told
/// of somebody there, as on a page that was sent later, addresses nobody.
fn in_top_rows(matcher: &Matcher<'_>, zones: &LetterZones) -> (Vec<Mention>, Vec<String>) {
    for row in zones.rows.iter().take(TOP_ROWS) {
        let start: Vec<Glyph> = row.glyphs.iter().take(SALUTATION).copied().collect();
        if tells(&text_of(&start)) {
            continue;
        }
        let (mut found, mut written) = (Vec::new(), Vec::new());
        let source = Source::LetterSalutation;
        collect(matcher, &start, source, &mut found, &mut written);
        found.retain(|m| m.hit.score >= 0.9);
        if !found.is_empty() {
            return (found, written);
        }
    }
    (Vec::new(), Vec::new())
}

/// The mention of the same addressee with the highest confidence.
fn surest<'a>(mentions: &'a [Mention], of: &'a Mention) -> &'a Mention {
    let same = mentions.iter().filter(|m| m.hit.who == of.hit.who);
    same.max_by(|a, b| a.hit.score.total_cmp(&b.hit.score))
        .unwrap_or(of)
}

/// An envelope that names the office of the station and someone else beside it goes *to* the office *for* the other.
fn deliver_at(front: &mut Vec<Mention>, roster: &Roster) -> Vec<Mention> {
    let station = roster
        .orgs
        .iter()
        .position(|o| o.name == roster.station || o.alias.contains(&roster.station));
    let is_station = |m: &Mention| matches!(m.hit.who, Who::Organisation(i) if Some(i) == station);
    let others = front
        .iter()
        .any(|m| !is_station(m) && !matches!(m.hit.who, Who::Outside(_)));
    if !others {
        return Vec::new();
    }
    let (delivered, kept) = front.drain(..).partition(is_station);
    *front = kept;
    delivered
}

/// Splits a salutation or an envelope line into its addressees and looks each up; how many parts nobody, or not all of a part, could be placed.
fn collect(
    matcher: &Matcher<'_>,
    glyphs: &[Glyph],
    source: Source,
    out: &mut Vec<Mention>,
    raw: &mut Vec<String>,
) -> usize {
    let mut unplaced = 0;
    // 呈:市政府 says whom it is for behind its colon.
    let colon = glyphs.iter().position(|g| g.ch == ':');
    let led = colon.filter(|at| WRITTEN_TO.contains(&text_of(&glyphs[..*at]).as_str()));
    let glyphs = &glyphs[led.map_or(0, |at| at + 1)..];
    let end = glyphs
        .iter()
        .position(|g| g.ch == ':')
        .unwrap_or(glyphs.len());
    for part in parted(&glyphs[..end]) {
        let part = stripped(&squeeze(&part));
        if part.len() < 2 {
            continue;
        }
        let text = text_of(&part);
        let hits = matcher.find(&text);
        unplaced += usize::from(left_over(&text, &hits));
        for hit in hits {
            let glyphs = part[hit.range.clone()].to_vec();
            out.push(Mention {
                hit,
                glyphs,
                source,
            });
        }
        if !raw.contains(&text) {
            raw.push(text);
        }
    }
    unplaced
}

/// The addressees of a row, parted by marks and gaps; a name and the title behind its gap are one: 关志坚 副市长.
fn parted(glyphs: &[Glyph]) -> Vec<Vec<Glyph>> {
    let mut all: Vec<Vec<Glyph>> = Vec::new();
    for part in glyphs.split(|g| matches!(g.ch, '、' | ',' | ';' | '/' | '。' | '!')) {
        let mut words = part.split(|g| g.ch == ' ').filter(|word| !word.is_empty());
        all.extend(words.next().map(<[Glyph]>::to_vec));
        for word in words {
            let named = |name: &Vec<Glyph>| {
                let name = text_of(&stripped(name));
                names::person(&name) > 0.8
                    || name.chars().count() == 1 && name.chars().all(names::is_surname)
            };
            match all.last_mut() {
                Some(name) if opens_with_title(&text_of(word)) && named(name) => {
                    name.extend_from_slice(word);
                }
                _ => all.push(word.to_vec()),
            }
        }
    }
    all
}

/// Whether a part names someone beside, or instead of, those found in it: 盐城市席, 市委程书便.
fn left_over(text: &str, hits: &[Hit]) -> bool {
    let courtesies = [
        "您好",
        "你好",
        "您们好",
        "你们好",
        "您们辛苦了",
        "你们辛苦了",
        "您辛苦了",
        "辛苦了",
        "打扰了",
        "各位",
        "领导",
        "亲启",
        "台启",
        "收",
        "办公室",
        "信访",
        "室",
    ];
    let leader = hits.iter().find(|h| matches!(h.who, Who::Leader(_)));
    if let Some(leader) = leader {
        // 市长热线, 市长信箱: who answers there is not he.
        let behind: String = text.chars().skip(leader.range.end).collect();
        let served = text.contains("热线") || text.contains("信箱") || text.contains("公开电话");
        return served || behind.starts_with("办公室") || behind.contains("专线");
    }
    let rest: String = text
        .chars()
        .enumerate()
        .filter(|(i, c)| is_han(*c) && !hits.iter().any(|h| h.range.contains(i)))
        .map(|(_, c)| c)
        .collect();
    let rest = courtesies.iter().fold(rest, |rest, c| rest.replace(c, ""));
    rest.chars().count() >= 2
}

/// Without courtesies in front and behind: 尊敬的…领导, …同志收.
fn stripped(part: &[Glyph]) -> Vec<Glyph> {
    let mut part = part.to_vec();
    loop {
        let text = text_of(&part);
        let before = part.len();
        for front in [
            "尊敬的",
            "敬爱的",
            "亲爱的",
            "尊敬",
            "敬爱",
            "敬呈",
            "呈送",
            "呈",
            "写给",
            "给",
            "致",
            "转交",
            "烦转",
            "请转",
            "收件人",
            "收信人",
            "的",
        ] {
            if text.starts_with(front) && part.len() > front.chars().count() {
                part.drain(..front.chars().count());
                break;
            }
        }
        let text = text_of(&part);
        for back in [
            "的领导同志们",
            "的领导同志",
            "的负责同志",
            "的各位领导",
            "的领导们",
            "的领导",
            "的同志",
            "的工作人员",
            "工作人员",
            "的好干部们",
            "的干部们",
            "的干部",
            "的同志们",
            "的老师们",
            "的老师",
            "老师们",
            "老师",
            "的一封公开信",
            "的一封信",
            "的公开信",
            "一封信",
            "的信",
            "各位领导",
            "领导同志",
            "领导",
            "同志们",
            "同志",
            "先生",
            "女士",
            "亲启",
            "台启",
            "钧启",
            "敬启",
            "亲收",
            "收启",
            "钧鉴",
            "台鉴",
            "您好",
            "你好",
            "您们好",
            "负责同志",
            "收",
            "启",
            "鉴",
            "转",
            "(",
            ")",
        ] {
            if text.ends_with(back) && part.len() > back.chars().count() {
                part.truncate(part.len() - back.chars().count());
                break;
            }
        }
        if part.len() == before {
            return part;
        }
    }
}
