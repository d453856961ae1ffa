//! What a visitor sees of the letter he brought, on the second screen of the desk (一机双屏, WS 三(三)): read-only, with names and numbers
//! masked, because others stand in the room.
//!
//! Nothing that the office thinks of the letter is here: no flags, no accused, no earlier letters, no confidence.

use serde::{Deserialize, Serialize};

use super::draft::Fields;
use super::extract::spoken_of;
use super::mask;
use super::text::{PageKind, PageText, Quad};

/// What a visitor said of the draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VisitorWord {
    /// He finds it right; `false`: something is not as he wrote it.
    pub agrees: bool,
    /// What he saw, as `seen` of the second screen names it: another `seen` later means that the draft was changed since.
    pub seen: String,
    /// Who stood at the desk.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
}

/// A page as he sees it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ShownPage {
    /// Number within the letter, from 1.
    pub n: u32,
    /// What is covered, in pixels of the original image.
    #[schema(value_type = Vec<Vec<Vec<f32>>>)]
    pub covers: Vec<Quad>,
}

/// The draft as he sees it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Shown {
    /// 姓名, masked.
    pub sender_name: Option<String>,
    /// 身份证号, masked.
    pub id_number: Option<String>,
    /// 联系方式, masked.
    pub phones: Vec<String>,
    /// 地址, masked.
    pub address: Option<String>,
    /// 受信人
    pub addressee: Option<String>,
    /// 来信时间
    pub letter_date: Option<String>,
    /// 来信目的
    pub purpose: Option<String>,
    /// The matters' titles.
    pub matters: Vec<String>,
    /// The summary.
    pub summary: String,
    /// Pages of the letter that were read; of others nobody knows what to cover.
    pub pages: Vec<ShownPage>,
}

/// So many figures in a row, with blanks and dashes between them, are a number that finds somebody.
const FIGURES: usize = 7;

/// What the second screen shows of a draft.
#[must_use]
pub fn shown(fields: &Fields, pages: &[PageText]) -> Shown {
    let names = names(fields, pages);
    let addresses = addresses(fields);
    let said = |text: &str| {
        let hidden = addresses.iter().fold(text.to_owned(), |text, one| {
            text.replace(one.as_str(), "***")
        });
        let hidden = names.iter().fold(hidden, |text, one| {
            text.replace(one.as_str(), &mask::name(one))
        });
        mask::numbers(&hidden)
    };
    let hidden: Vec<String> = names.iter().chain(&addresses).cloned().collect();
    let phones = fields
        .phones
        .iter()
        .filter_map(|one| one.field.value.as_deref());
    Shown {
        sender_name: fields.sender_name.value.as_deref().map(mask::name),
        id_number: fields.id_number.field.value.as_deref().map(mask::numbers),
        phones: phones.map(mask::numbers).collect(),
        address: fields.address.value.as_deref().map(mask::address),
        addressee: fields.addressee.value.clone(),
        letter_date: fields.letter_date.value.clone(),
        purpose: fields.purpose.value.clone(),
        matters: fields.matters.iter().map(|one| said(&one.title)).collect(),
        summary: said(&fields.summary),
        pages: pages
            .iter()
            .filter(|page| page.kind == PageKind::Letter)
            .map(|page| ShownPage {
                n: page.n,
                covers: covers(page, &hidden, fields),
            })
            .collect(),
    }
}

/// The longest first: a name within another one is hidden with it.
fn longest_first(mut words: Vec<String>) -> Vec<String> {
    words.retain(|word| word.chars().count() > 1);
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.dedup();
    words
}

/// Everybody who writes the letter, however his name was read, and of whom it speaks but its addressee.
fn names(fields: &Fields, pages: &[PageText]) -> Vec<String> {
    let of = &fields.sender_name;
    let others = of.alternatives.iter().map(|other| other.value.clone());
    let owners = fields.phones.iter().filter_map(|phone| phone.owner.clone());
    let agent = fields.proxy.iter().map(|proxy| proxy.agent.clone());
    let all = of
        .value
        .iter()
        .chain(&of.raw)
        .chain(&fields.joint.signatories);
    let mut texts: Vec<String> = pages
        .iter()
        .map(|page| page.lines.iter().map(|line| line.text.as_str()).collect())
        .collect();
    texts.push(fields.summary.clone());
    texts.extend(fields.matters.iter().map(|matter| matter.title.clone()));
    let addressee = fields.addressee.value.as_deref().unwrap_or_default();
    let third = texts.iter().flat_map(|text| spoken_of(text));
    let third = third.filter(|name| !addressee.contains(name.as_str()));
    let accused = fields.accused.iter().map(|one| one.name.clone());
    longest_first(
        all.cloned()
            .chain(third)
            .chain(accused)
            .chain(others)
            .chain(owners)
            .chain(agent)
            .collect(),
    )
}

fn addresses(fields: &Fields) -> Vec<String> {
    let of = &fields.address;
    let others = of.alternatives.iter().map(|other| other.value.clone());
    let mut all: Vec<String> = of
        .value
        .iter()
        .chain(&of.raw)
        .cloned()
        .chain(others)
        .collect();
    all.retain(|one| one.chars().count() > 3);
    longest_first(all)
}

/// The places of a page to be covered: the fields as they were found, every mention of a name or an address, every long number.
fn covers(page: &PageText, hidden: &[String], fields: &Fields) -> Vec<Quad> {
    let own = [
        &fields.sender_name,
        &fields.address,
        &fields.id_number.field,
    ];
    let own = own
        .into_iter()
        .chain(fields.phones.iter().map(|phone| &phone.field));
    let found = own.filter(|field| field.page == Some(page.n));
    let mut quads: Vec<Quad> = found.filter_map(|field| field.quad).collect();
    // What is broken over two lines is one mention.
    let places: Vec<(usize, usize, char)> = page
        .lines
        .iter()
        .enumerate()
        .flat_map(|(line, text)| {
            let chars = text.text.chars().enumerate();
            chars.map(move |(at, c)| (line, at, c)).collect::<Vec<_>>()
        })
        .filter(|(.., c)| !c.is_whitespace())
        .collect();
    let mut is_covered = vec![false; places.len()];
    for word in hidden {
        let word: Vec<char> = word.chars().filter(|c| !c.is_whitespace()).collect();
        for from in 0..(places.len() + 1).saturating_sub(word.len()) {
            if (0..word.len()).all(|at| places[from + at].2 == word[at]) {
                is_covered[from..from + word.len()].fill(true);
            }
        }
    }
    cover_numbers(&places, &mut is_covered);
    let mut at = 0;
    while at < places.len() {
        let line = places[at].0;
        let run = (at..places.len())
            .take_while(|&next| is_covered[next] && places[next].0 == line)
            .count();
        if run > 0 {
            let (from, to) = (places[at].1, places[at + run - 1].1 + 1);
            quads.push(page.lines[line].part(from, to));
        }
        at += run.max(1);
    }
    quads
}

fn cover_numbers(places: &[(usize, usize, char)], is_covered: &mut [bool]) {
    let is_of_a_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '—' | 'X' | 'x');
    let mut at = 0;
    while at < places.len() {
        let line = places[at].0;
        let run = places[at..]
            .iter()
            .take_while(|(of, _, c)| *of == line && is_of_a_number(*c))
            .count();
        let figures = places[at..at + run]
            .iter()
            .filter(|(.., c)| c.is_ascii_digit());
        if figures.count() >= FIGURES {
            is_covered[at..at + run].fill(true);
        }
        at += run.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::draft::Matter;
    use crate::domain::text::Line;

    fn line(row: u16, text: &str) -> Line {
        let (top, width) = (f32::from(row) * 40.0, text.chars().count() as f32 * 20.0);
        Line {
            text: text.to_owned(),
            raw: text.to_owned(),
            quad: [
                [0.0, top],
                [width, top],
                [width, top + 30.0],
                [0.0, top + 30.0],
            ],
            confidence: 0.9,
            chars: Vec::new(),
            vertical: false,
        }
    }

    fn page(texts: &[&str]) -> PageText {
        PageText {
            n: 1,
            kind: PageKind::Letter,
            width: 1000,
            height: 1400,
            lines: (0..)
                .zip(texts)
                .map(|(row, text)| line(row, text))
                .collect(),
        }
    }

    fn fields() -> Fields {
        let mut fields = Fields::default();
        fields.sender_name.value = Some("陆思雨".into());
        fields.address.value = Some("江苏省苏州市姑苏区彩虹新村38幢".into());
        fields.address.raw = vec!["彩虹新村38幢".into()];
        fields.id_number.field.value = Some("32050419900101123X".into());
        fields.summary = "我叫陆思雨，住彩虹新村38幢，电话13812345678，反映供暖问题。".into();
        fields.matters = vec![Matter {
            title: "陆思雨反映供暖".into(),
            main: true,
            pages: vec![1],
            place: None,
            category: None,
            ranges: Vec::new(),
            n: None,
        }];
        fields
    }

    /// From which to which character of its row each is, in the order of the page.
    fn covered(page: &PageText) -> Vec<(u32, u32, u32)> {
        let all = shown(&fields(), std::slice::from_ref(page))
            .pages
            .remove(0)
            .covers;
        let mut all: Vec<_> = all
            .iter()
            .map(|quad| {
                let at = |x: f32| (x / 20.0).round() as u32;
                ((quad[0][1] / 40.0) as u32, at(quad[0][0]), at(quad[1][0]))
            })
            .collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn nothing_on_the_second_screen_finds_the_visitor() {
        let told = serde_json::to_string(&shown(&fields(), &[])).expect("it is a document");
        for secret in ["陆思雨", "彩虹新村38", "13812345678", "32050419900101123X"] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
        assert!(
            told.contains("反映供暖问题") && told.contains("陆**"),
            "{told}"
        );
    }

    #[test]
    fn names_numbers_and_addresses_are_covered_wherever_they_were_read() {
        let page = page(&[
            "市长您好我叫陆思雨",
            "住彩虹新村38幢电话138 1234-5678来信",
            "此致 2025年3月4日 陆思",
            "雨",
        ]);
        // The last name is broken over two lines; a date is no number.
        let wanted = [(0, 6, 9), (1, 1, 8), (1, 10, 23), (2, 13, 15), (3, 0, 1)];
        assert_eq!(covered(&page), wanted);
    }

    /// 老板吴丽华 stood in the summary and on the page.
    #[test]
    fn others_of_whom_the_letter_speaks_are_covered_as_well() {
        let mut fields = fields();
        fields.summary = "老板吴丽华没有结清工钱".into();
        fields.addressee.value = Some("钱建国".into());
        let page = page(&["局长钱建国您好老板吴丽华欠薪"]);
        let seen = shown(&fields, std::slice::from_ref(&page));
        assert_eq!(seen.summary, "老板吴**没有结清工钱");
        assert_eq!(seen.addressee.as_deref(), Some("钱建国"));
        assert_eq!(seen.pages[0].covers.len(), 1, "{:?}", seen.pages);
    }

    #[test]
    fn pages_that_are_no_letter_are_not_shown() {
        let mut instruction = page(&["批示"]);
        instruction.kind = PageKind::Instruction;
        assert_eq!(shown(&fields(), &[instruction]).pages, []);
    }
}
