//! What a search asks for, and where a letter says it: words compared character by character, whichever way they are written.
//!
//! A text is compared by its letters, characters and figures alone: full-width or half-width, Traditional or Simplified, large or small, blanks,
//! dashes and line breaks left out. Words of figures are telephone and ID numbers where they are the whole number or its last four and more.

use super::mask;
use super::zones::fold;

/// Characters of a search at most.
pub const LONGEST: usize = 100;
/// Words of a search at most.
pub const MOST_WORDS: usize = 8;
/// So many last figures find a number.
const TAIL: usize = 4;
/// Characters shown before and after the first word that was found.
const AROUND: usize = 16;
/// Between two texts of a letter in the index: no word goes across it.
const BETWEEN: &str = "z";

/// Why a search is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing to look for.
    #[error("q: write at least one character, letter or figure")]
    Empty,
    /// Too long.
    #[error("q: {LONGEST} characters at most")]
    TooLong,
    /// Too many words.
    #[error("q: {MOST_WORDS} words at most")]
    TooManyWords,
}

/// The words of a search; a letter is found where it has all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<Vec<char>>);

/// A text as it is compared, and which of its characters each one was.
#[derive(Debug)]
pub struct Compared {
    chars: Vec<char>,
    from: Vec<usize>,
}

/// How a word is looked for in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anywhere.
    Text,
    /// The whole number, or its end.
    Number,
    /// The beginning of a number that the station or a case system gave, or its end.
    Code,
}

/// A stretch of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// It is what was looked for.
    pub is_marked: bool,
}

/// A text as it is compared.
pub fn compared(text: &str) -> Compared {
    let (mut chars, mut from) = (Vec::new(), Vec::new());
    for (at, ch) in text.chars().enumerate() {
        for ch in ocr::simplified(fold(ch)).to_lowercase() {
            if ch.is_alphanumeric() {
                chars.push(ch);
                from.push(at);
            }
        }
    }
    Compared { chars, from }
}

/// Figures, and what stands between them: a part of a number that is written with blanks.
fn is_of_a_number(word: &[char]) -> bool {
    let (last, before) = match word.split_last() {
        Some(split) => split,
        None => return false,
    };
    before.iter().all(char::is_ascii_digit)
        && (last.is_ascii_digit() || *last == 'x' && !before.is_empty())
}

impl Words {
    /// Takes a search apart. Parts of a number that stand side by side are one number.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn of(asked: &str) -> Result<Self, Refused> {
        if asked.chars().count() > LONGEST {
            return Err(Refused::TooLong);
        }
        let mut words: Vec<Vec<char>> = Vec::new();
        let mut was_number = false;
        for part in asked.split_whitespace() {
            let word = compared(part).chars;
            if word.is_empty() {
                continue;
            }
            let is_number = is_of_a_number(&word);
            match words.last_mut() {
                Some(last) if is_number && was_number => last.extend(word),
                _ => words.push(word),
            }
            was_number = is_number;
        }
        match words.len() {
            0 => Err(Refused::Empty),
            n if n > MOST_WORDS => Err(Refused::TooManyWords),
            _ => Ok(Self(words)),
        }
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// As the index is asked. Nothing in it but figures and our own quotation marks: whatever was typed, it is no syntax.
    pub fn index_query(&self) -> String {
        let quoted = self.0.iter().map(|word| format!("\"{}\"", codes(word)));
        quoted.collect::<Vec<_>>().join(" AND ")
    }

    /// The words as they are compared, for the digest in the ledger.
    pub fn canonical(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|word| word.iter().collect()).collect();
        words.join(" ")
    }

    /// Which of the words a text says, by their place.
    pub fn said(&self, text: &Compared, kind: Kind) -> Vec<usize> {
        let is_said = |word: &Vec<char>| match kind {
            Kind::Text => text.find(word, 0).is_some(),
            Kind::Number => text.chars == *word || text.ends(word),
            Kind::Code => text.chars.starts_with(word) || text.ends(word),
        };
        let all = self.0.iter().enumerate();
        all.filter(|(_, word)| is_said(word))
            .map(|(at, _)| at)
            .collect()
    }

    /// A short part of the text around the first word found in it, every word in it marked.
    pub fn excerpt(&self, text: &str, compared: &Compared) -> Vec<Piece> {
        let chars: Vec<char> = text.chars().collect();
        self.excerpt_of((&chars, &chars), compared)
    }

    /// The same, of a text in which something is hidden: as it is shown where it was looked for, and as it is shown beside that.
    fn excerpt_of(&self, (found, beside): (&[char], &[char]), compared: &Compared) -> Vec<Piece> {
        let mut marks: Vec<(usize, usize)> = Vec::new();
        for word in &self.0 {
            let mut at = 0;
            while let Some(found) = compared.find(word, at) {
                let end = found + word.len();
                marks.push((compared.from[found], compared.from[end - 1] + 1));
                at = end;
            }
        }
        marks.sort_unstable();
        let Some((first, first_end)) = marks.first().copied() else {
            return Vec::new();
        };
        let (begin, end) = (
            first.saturating_sub(AROUND),
            beside.len().min(first_end + AROUND),
        );
        let mut pieces = Vec::new();
        let mut put = |from: usize, to: usize, is_marked: bool| {
            if from < to {
                let chars = if is_marked { found } else { beside };
                let text = chars[from..to].iter().collect();
                pieces.push(Piece { text, is_marked });
            }
        };
        if begin > 0 {
            put(begin - 1, begin, false);
        }
        let mut at = begin;
        for (from, to) in marks {
            let (from, to) = (from.max(at), to.min(end));
            if from >= end || to <= from {
                continue;
            }
            put(at, from, false);
            put(from, to, true);
            at = to;
        }
        put(at, end, false);
        if begin > 0 {
            pieces[0].text = "…".to_owned();
        }
        if end < beside.len() {
            pieces.push(Piece {
                text: "…".to_owned(),
                is_marked: false,
            });
        }
        pieces
    }
}

impl Compared {
    fn find(&self, word: &[char], from: usize) -> Option<usize> {
        let rest = self.chars.get(from..)?;
        rest.windows(word.len())
            .position(|part| part == word)
            .map(|at| at + from)
    }

    /// Where in the text there is a part of another one.
    fn shared_with(&self, other: &Self) -> Vec<usize> {
        let mut places = Vec::new();
        let (mut at, last) = (0, self.chars.len().saturating_sub(OF_AN_ADDRESS));
        while at <= last && !self.chars.is_empty() {
            let same = |from: usize| {
                let both = self.chars[at..].iter().zip(&other.chars[from..]);
                both.take_while(|(one, two)| one == two).count()
            };
            let longest = (0..other.chars.len()).map(same).max().unwrap_or(0);
            if longest < OF_AN_ADDRESS {
                at += 1;
                continue;
            }
            places.extend(self.from[at]..=self.from[at + longest - 1]);
            at += longest;
        }
        places
    }

    fn ends(&self, word: &[char]) -> bool {
        word.len() >= TAIL && self.chars.ends_with(word)
    }
}

fn codes(chars: &[char]) -> String {
    let codes = chars.iter().map(|ch| format!("{:x}", *ch as u32));
    codes.collect::<Vec<_>>().join(" ")
}

/// The texts of a letter as the index holds them.
pub fn indexed<'a>(texts: impl Iterator<Item = &'a Compared>) -> String {
    let all: Vec<String> = texts.map(|text| codes(&text.chars)).collect();
    all.join(&format!(" {BETWEEN} "))
}

/// Where a letter says what was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Its number.
    LetterNumber,
    /// The case system's number.
    CaseNumber,
    /// The number of its registered or express mail.
    MailNumber,
    /// Who sent it.
    Sender,
    /// Somebody else whom its fields name: a signatory, who wrote for the sender, whose telephone it is, who is accused.
    Person,
    /// To whom it is.
    Addressee,
    /// Where the sender lives.
    Address,
    /// A telephone number.
    Phone,
    /// An ID number.
    IdNumber,
    /// The text of a page.
    Text,
}

impl Place {
    /// How a word is looked for there.
    pub fn kind(self) -> Kind {
        match self {
            Self::LetterNumber | Self::CaseNumber | Self::MailNumber => Kind::Code,
            Self::Phone | Self::IdNumber => Kind::Number,
            Self::Sender | Self::Person | Self::Addressee | Self::Address | Self::Text => {
                Kind::Text
            }
        }
    }
}

/// What is shown of a text in which something was found. A list shows no numbers and no addresses (`domain::mask`): of a number its end, of an
/// address what was typed; wherever in the letter they stand, so that two places together tell no more than one. `address` is the sender's.
pub fn shown(
    words: &Words,
    (place, text): (Place, &str),
    compared: &Compared,
    address: Option<&Compared>,
) -> Vec<Piece> {
    match place {
        Place::Phone | Place::IdNumber => vec![Piece {
            text: mask::numbers(text),
            is_marked: true,
        }],
        Place::Address => {
            let pieces = words.excerpt(text, compared).into_iter();
            let hidden = |piece: Piece| match piece.is_marked {
                true => piece,
                false => Piece {
                    text: "***".to_owned(),
                    is_marked: false,
                },
            };
            let mut kept: Vec<Piece> = pieces.map(hidden).collect();
            kept.dedup();
            kept
        }
        _ => {
            let mut found: Vec<char> = text.chars().collect();
            for at in mask::figures_hidden(&found) {
                found[at] = FIGURE;
            }
            let mut beside = found.clone();
            for at in address.map_or_else(Vec::new, |address| compared.shared_with(address)) {
                beside[at] = HOME;
            }
            let pieces = words.excerpt_of((&found, &beside), compared);
            let starred = |piece: Piece| Piece {
                text: stars(&piece.text),
                ..piece
            };
            pieces.into_iter().map(starred).collect()
        }
    }
}

/// In the place of a hidden figure, and of a hidden character of an address: of Unicode's private use area, where no letter has a character.
const FIGURE: char = '\u{e000}';
const HOME: char = '\u{e001}';
/// So many characters in a row that stand in the sender's address too are a part of it: 苏州市 alone tells nobody's.
const OF_AN_ADDRESS: usize = 4;

/// Stretches of what is hidden as stars, as many whatever their length.
fn stars(text: &str) -> String {
    let (mut out, mut before) = (String::new(), None);
    for c in text.chars() {
        match c {
            FIGURE if before != Some(c) => out.push_str("****"),
            HOME if before != Some(c) => out.push_str("***"),
            FIGURE | HOME => {}
            c => out.push(c),
        }
        before = Some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(asked: &str, text: &str) -> String {
        let pieces = Words::of(asked).unwrap().excerpt(text, &compared(text));
        let shown = pieces.into_iter().map(|piece| match piece.is_marked {
            true => format!("[{}]", piece.text),
            false => piece.text,
        });
        shown.collect()
    }

    #[test]
    fn a_word_is_found_however_it_is_written() {
        assert_eq!(marked("陸思雨", "来信人：陆思\n雨"), "来信人：[陆思\n雨]");
        assert_eq!(marked("Ｎo5", "见 no.5 号楼"), "见 [no.5] 号楼");
        assert_eq!(marked("噪 楼", "楼上噪音"), "[楼]上[噪]音");
    }

    #[test]
    fn an_excerpt_is_short() {
        let text = format!("{}噪音{}", "前".repeat(100), "后".repeat(100));
        let shown = marked("噪音", &text);
        assert_eq!(
            shown,
            format!("…{}[噪音]{}…", "前".repeat(AROUND), "后".repeat(AROUND))
        );
    }

    fn told(asked: &str, text: &str, address: &str) -> String {
        let words = Words::of(asked).unwrap();
        let address = compared(address);
        let pieces = shown(&words, (Place::Text, text), &compared(text), Some(&address));
        let shown = pieces.into_iter().map(|piece| match piece.is_marked {
            true => format!("[{}]", piece.text),
            false => piece.text,
        });
        shown.collect()
    }

    /// 186****5591 beside ****44215591: two masks of one number told all of it.
    #[test]
    fn a_number_is_masked_in_one_way_wherever_it_stands() {
        let field = mask::numbers("18644215591");
        assert_eq!(field, "186****5591");
        for text in [
            "电话18644215591。",
            "电话 186 4421 5591。",
            "电话１８６４４２１５５９１。",
            "电话186-4421-5591。",
            "电话186-4421\n5591。",
            "证号320504186442155910，18644215591。",
        ] {
            let shown = told("5591", text, "");
            let figures: String = shown
                .chars()
                .map(fold)
                .filter(char::is_ascii_digit)
                .collect();
            for hidden in ["4421", "442", "421"] {
                assert!(!figures.contains(hidden), "{text}: {shown}");
            }
        }
        assert_eq!(told("5591", "电话18644215591。", ""), "电话186****[5591]。");
        assert_eq!(
            told("二月", "二月2025-02-17, 3号楼", ""),
            "[二月]2025-02-17, 3号楼"
        );
    }

    #[test]
    fn the_senders_address_is_masked_in_the_text_as_in_its_field() {
        let address = "江苏省苏州市姑苏区彩虹新村38幢101室";
        let text = "我家住苏州市姑苏区彩虹新村38幢，屋面漏水，苏州市领导请看";
        assert_eq!(
            told("漏水", text, address),
            "…***，屋面[漏水]，苏州市领导请看"
        );
        assert_eq!(
            told("彩虹新村", text, address),
            "我家住***[彩虹新村]***，屋面漏水，苏州市领导请看"
        );
        assert_eq!(
            told("漏水", text, ""),
            "…苏州市姑苏区彩虹新村38幢，屋面[漏水]，苏州市领导请看"
        );
    }

    #[test]
    fn digits_with_blanks_and_dashes_are_one_number() {
        let phone = compared("0512-65227061");
        for asked in [
            "0512 6522 7061",
            "０５１２－６５２２７０６１",
            "7061",
            "65227061",
            "(0512)65227061",
        ] {
            let words = Words::of(asked).unwrap();
            assert_eq!(words.count(), 1, "{asked}");
            assert_eq!(words.said(&phone, Kind::Number), [0], "{asked}");
        }
        for asked in ["061", "0512", "6522"] {
            assert!(
                Words::of(asked)
                    .unwrap()
                    .said(&phone, Kind::Number)
                    .is_empty(),
                "{asked}"
            );
        }
        let card = compared("32050419900101123X");
        assert_eq!(Words::of("123x").unwrap().said(&card, Kind::Number), [0]);
    }

    #[test]
    fn syntax_is_inert() {
        for asked in [
            "\" OR 1=1 --",
            "a* NEAR(b)",
            "text:陆 NOT 雨",
            "' ; DROP TABLE letters",
        ] {
            let query = Words::of(asked).unwrap().index_query();
            let rest = query.replace(" AND ", " ");
            assert!(
                rest.chars()
                    .all(|ch| ch.is_ascii_hexdigit() || " \"".contains(ch)),
                "{query}"
            );
        }
    }

    #[test]
    fn what_asks_for_nothing_or_too_much_is_refused() {
        assert_eq!(Words::of(" ，。\" "), Err(Refused::Empty));
        assert_eq!(Words::of(&"字".repeat(LONGEST + 1)), Err(Refused::TooLong));
        assert_eq!(Words::of("a b c d e f g h i"), Err(Refused::TooManyWords));
    }
}
