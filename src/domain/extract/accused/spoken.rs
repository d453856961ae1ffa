//! Which offices a letter speaks of, and does not merely address: whatever it says of them, they are not the first to read it.
//!
//! No words of blame are looked for. An office is spoken of where the letter names it, or somebody who holds office there, in what it tells. It is only
//! addressed above and below the letter, on the envelope, by 贵局, and where it is asked, thanked or greeted as whoever is written to.

use crate::domain::draft::Fields;
use crate::domain::roster::{Roster, plain};
use crate::domain::text::{PageKind, PageText};
use crate::domain::zones::{Glyph, Row, is_closing, letter_zones, rows, text_of};

use super::callings::{Callings, Mention, Stands, clause_of, ends_with_any, offices_held, starts};
use super::misdeeds::{ASKED, PLACES};
use crate::domain::extract::body;
use crate::domain::extract::glyphs::{chars_of, find_from, has_any};
use crate::domain::extract::names;
use crate::domain::extract::roster_match::Matcher;

/// Behind 贵局 or 你们: somebody or something of it, or what it did with something.
const OF_IT: &[&str] = &[
    "里", "内部", "的人", "有人", "那个", "那位", "这里", "某", "个别", "的小", "的老", "小",
    "一位", "一名", "有个", "有位", "有些", "把",
];
/// Before 局长 that is no other office's: 找局长, 局长说.
const BEFORE_A_TITLE: &str = "找被给让由向对的是说叫见求请和与跟但而";

/// The offices of the roster that a letter speaks of by name, pointer or holder, and of `others`, which the roster does not know, those it names.
pub(crate) fn offices_spoken_of(
    pages: &[PageText],
    fields: &Fields,
    roster: &Roster,
    others: &[String],
) -> Vec<String> {
    let matcher = Matcher::new(roster);
    let addressee = fields.addressee.value.as_deref();
    let callings = Callings::new(roster, &matcher, addressee);
    let addressed = addressed(fields, roster);
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if !found.contains(&name) {
            found.push(name);
        }
    };
    for flow in told(pages) {
        for sentence in body::sentences(&flow) {
            let chars = chars_of(sentence);
            let mentions = callings.mentions(sentence, &chars);
            for mention in &mentions {
                if is_spoken_of(mention, &chars, &addressed) {
                    mention.of.iter().cloned().for_each(&mut add);
                }
            }
            for office in addressed.iter().filter(|name| name.ends_with('局')) {
                if names_its_chief(&chars, &mentions) {
                    add(office.clone());
                }
            }
            let text = plain(&text_of(sentence));
            let named = others.iter().filter(|unit| text.contains(&plain(unit)));
            named.cloned().for_each(&mut add);
        }
    }
    found
}

/// Everybody who is written to, by the offices they are or hold.
fn addressed(fields: &Fields, roster: &Roster) -> Vec<String> {
    let addressee = &fields.addressee;
    let called = addressee.value.iter().chain(&addressee.raw);
    let mut all: Vec<String> = Vec::new();
    for name in called {
        let own = roster.office_begun(name).map(|org| org.name.clone());
        for office in own.into_iter().chain(offices_held(roster, name)) {
            if !all.contains(&office) {
                all.push(office);
            }
        }
    }
    all
}

fn is_spoken_of(mention: &Mention, chars: &[char], addressed: &[String]) -> bool {
    let rest = &chars[mention.at.end..];
    if mention.is_pointed_at && !mention.is_person {
        return OF_IT.iter().any(|word| starts(rest, 0, word));
    }
    let is_place = PLACES.iter().any(|word| starts(rest, 0, word));
    let is_asked = mention.stands == Stands::Asked && !is_place;
    // What another is asked to do about it is said of it.
    !(is_asked && mention.of.iter().any(|office| addressed.contains(office)))
}

/// 局长, 刘局长 in a letter to a 局, and no other office's.
fn names_its_chief(chars: &[char], mentions: &[Mention]) -> bool {
    let mut from = 0;
    while let Some(at) = find_from(chars, "局长", from) {
        from = at + 2;
        if mentions.iter().any(|one| one.at.contains(&at)) {
            continue;
        }
        let begins = |at: usize| {
            let before = at.checked_sub(1).map(|before| chars[before]);
            before.is_none_or(|c| !c.is_alphanumeric() || BEFORE_A_TITLE.contains(c))
        };
        let vice = usize::from(at > 0 && chars[at - 1] == '副');
        let title = at - vice;
        let is_named = title > 0 && names::is_surname(chars[title - 1]) && begins(title - 1);
        let start = if is_named { title - 1 } else { title };
        let lead = &chars[clause_of(chars, start)..start];
        if (is_named || begins(title)) && !ends_with_any(lead, ASKED) && !greets(chars, from) {
            return true;
        }
    }
    false
}

fn greets(chars: &[char], end: usize) -> bool {
    [":", "您好", "你好", ",您好", ",你好"]
        .iter()
        .any(|word| starts(chars, end, word))
}

/// What a letter tells: title, body, what stands below the signature, enclosed sheets; not whom it is written to.
fn told(pages: &[PageText]) -> Vec<Vec<Glyph>> {
    let zones = letter_zones(pages);
    let is_title = |row: &&Row| {
        let text = row.compact();
        !["致", "给", "写给", "呈"]
            .iter()
            .any(|to| text.starts_with(to))
            && tells(&text)
    };
    let is_told = |row: &&Row| {
        let text = row.compact();
        !is_closing(&text) && has_any(&text, &["。", ",", "!", "?", ";"])
    };
    let head: Vec<Row> = zones.head().iter().filter(is_title).cloned().collect();
    let tail: Vec<Row> = zones.tail_rows().iter().filter(is_told).cloned().collect();
    let enclosed = pages
        .iter()
        .enumerate()
        .filter(|(_, page)| page.kind == PageKind::Attachment)
        .map(|(index, page)| rows(index, page));
    [head, zones.body_rows().to_vec(), tail]
        .into_iter()
        .chain(enclosed)
        .map(|rows| body::flow(&rows))
        .filter(|flow| !flow.is_empty())
        .collect()
}

/// Not an office's name alone, as it stands above a letter.
fn tells(text: &str) -> bool {
    has_any(text, &["关于", "反映", "情况", "问题", "的"])
}
