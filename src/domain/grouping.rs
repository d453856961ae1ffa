//! How images become letters: by name, by scan, by separator sheet or by a press. Never by time alone: what does not fit is held for a person.

use serde::{Deserialize, Serialize};

use super::text::Line;

/// What tells one letter from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// The names of the files, or their sub-folder.
    Name,
    /// A list of pages that the scanner's software writes beside them.
    Index,
    /// Every scan that is started is one letter.
    Scan,
    /// A separator sheet in front of every letter.
    Separator,
    /// The key “next letter”.
    Press,
    /// The bar code of registered or express mail on the envelope in front of every letter.
    Barcode,
}

impl GroupBy {
    /// A file says itself which letter it is of. Otherwise its place behind others does, and nothing tells of which batch it is.
    #[must_use]
    pub fn tells_letters_apart_by_file(self) -> bool {
        matches!(self, Self::Name | Self::Index)
    }
}

/// Why a person has to look, beside the codes of scanners.
pub mod hold {
    /// Images came in front of the first separator sheet.
    pub const SEPARATOR_MISSING: &str = "separator_missing";
    /// The same separator sheet came twice in one batch.
    pub const SEPARATOR_REPEATED: &str = "separator_repeated";
    /// A separator's number is left out: its letter may be inside the one before.
    pub const SEPARATOR_SKIPPED: &str = "separator_skipped";
    /// A separator with a lower number than the one before.
    pub const SEPARATOR_OUT_OF_ORDER: &str = "separator_out_of_order";
    /// A separator of a run that was not printed by this station.
    pub const SEPARATOR_FOREIGN: &str = "separator_foreign";
    /// Two codes of one sheet say different things.
    pub const SEPARATOR_DISPUTED: &str = "separator_disputed";
    /// An image could not be looked at: the process that opened it died over it.
    pub const IMAGE_NOT_SEEN: &str = "image_not_seen";
    /// A page cannot be read nor shown: only the paper says what is on it.
    pub const PAGE_UNREADABLE: &str = "page_unreadable";
    /// Two numbers of registered or express mail in one letter: two letters, of which one has lost its separator.
    pub const TWO_MAIL_NUMBERS: &str = "two_mail_numbers";
    /// Images came in front of the first envelope with a mail number.
    pub const MAIL_NUMBER_MISSING: &str = "mail_number_missing";
    /// What the bars on an envelope say has the form of a mail number, and does not check.
    pub const MAIL_NUMBER_DOUBTFUL: &str = "mail_number_doubtful";
    /// Bars inside a letter could not be read: they may be those of the next letter's envelope.
    pub const BARS_UNREAD: &str = "bars_unread";
    /// A page inside a letter that a mail number began is read as an envelope: the next letter's, whose number was not made out.
    pub const ENVELOPE_INSIDE: &str = "envelope_inside";
    /// On a page inside a letter that a mail number began another number is written, by itself and with a check digit that is right.
    pub const MAIL_NUMBER_WRITTEN: &str = "mail_number_written";
    /// A mail number came twice in one batch.
    pub const MAIL_NUMBER_AGAIN: &str = "mail_number_again";
    /// A letter's only page is its envelope: what lay in it is elsewhere, or was not scanned.
    pub const ENVELOPE_ALONE: &str = "envelope_alone";
    /// Nothing lies between two separators, or behind the last one when the batch is to be closed.
    pub const LETTER_EMPTY: &str = "letter_empty";
    /// An odd number of sides came from a scan of both sides.
    pub const ODD_COUNT: &str = "odd_count";
    /// A scan ended before its paper did.
    pub const SCAN_BROKEN: &str = "scan_broken";
    /// The device counted other images than came.
    pub const COUNTS_DIFFER: &str = "counts_differ";
    /// The station stopped while a scan ran.
    pub const SCAN_INTERRUPTED: &str = "scan_interrupted";
    /// A file came with a name that lies before one already taken.
    pub const OUT_OF_ORDER: &str = "out_of_order";
    /// A file of this batch is held; it may be a page of this letter.
    pub const IMAGE_HELD: &str = "image_held";
    /// A file of this letter went on growing after it was taken.
    pub const FILE_GREW: &str = "file_grew";
    /// A file between this letter's pages is held: it may have been a separator sheet.
    pub const HELD_BETWEEN: &str = "held_between";
    /// A run of separators ended before its last sheet, or another one began behind its first.
    pub const SEPARATOR_RUN_CHANGED: &str = "separator_run_changed";
    /// The same bytes are a page of this or another letter already.
    pub const SAME_BYTES: &str = "same_bytes";
    /// A file has a name or a number that its letter has already.
    pub const PAGE_AGAIN: &str = "page_again";
    /// A number is left out among the pages of a letter.
    pub const NUMBER_MISSING: &str = "number_missing";
    /// A letter came beyond those counted into the opened loads: it may be of another load, opened too early, or was never disinfected.
    pub const UNRELEASED_LOAD: &str = "unreleased_load";
    /// A page of this letter was there before its load was released: the letter was opened before it was disinfected.
    pub const OPENED_BEFORE_RELEASE: &str = "opened_before_release";
    /// A page of this letter bears a time before its load was released: it was scanned too early, or a clock is off.
    pub const MADE_BEFORE_RELEASE: &str = "made_before_release";
    /// The clock that a scanner's files are stamped by is off, or there is none.
    pub const SCANNER_CLOCK_OFF: &str = "scanner_clock_off";
    /// A page came behind a letter's last one after another load or batch had been noted that no cycle released: it may be of that.
    pub const PAGE_AFTER_LOAD: &str = "page_after_load";

    /// A page lay in a folder while several batches were open and nobody had said which of them it was of, nor which letter.
    pub const WHICH_BATCH: &str = "which_batch";

    /// The other side's receipt contradicts what is known: its office has registered a letter that is registered elsewhere, or under another number.
    pub const RECEIPT_CONTRADICTS: &str = "receipt_contradicts";
    /// A package was taken back that the other side may have fetched, and it has not answered: it may register the letter beside whoever gets it next.
    pub const PACKAGE_UNANSWERED: &str = "package_unanswered";
    /// The case system of an office that the letter accuses was handed its draft before anybody knew: it may have read and registered it.
    pub const ACCUSED_OFFICE_SAW: &str = "accused_office_saw";

    /// Whether an officer has to say what was found: a letter may go on that no cycle released, which otherwise takes an override by two persons, or that
    /// the accused know of.
    #[must_use]
    pub fn is_for_an_officer(reason: &str) -> bool {
        matches!(
            reason,
            UNRELEASED_LOAD | OPENED_BEFORE_RELEASE | MADE_BEFORE_RELEASE | ACCUSED_OFFICE_SAW
        )
    }

    /// Whether it asks for the sheets of a scan to be compared with its images, whatever letter those are in.
    #[must_use]
    pub fn is_of_a_scan(reason: &str) -> bool {
        matches!(
            reason,
            SCAN_BROKEN | SCAN_INTERRUPTED | COUNTS_DIFFER | ODD_COUNT
        )
    }

    /// Whether it asks which letter pages belong to, so that whoever puts all of them into another one has answered.
    #[must_use]
    pub fn is_answered_by_moving(reason: &str) -> bool {
        matches!(
            reason,
            SEPARATOR_MISSING
                | SEPARATOR_REPEATED
                | SEPARATOR_SKIPPED
                | SEPARATOR_OUT_OF_ORDER
                | SEPARATOR_FOREIGN
                | SEPARATOR_DISPUTED
                | SEPARATOR_RUN_CHANGED
                | TWO_MAIL_NUMBERS
                | MAIL_NUMBER_MISSING
                | MAIL_NUMBER_DOUBTFUL
                | MAIL_NUMBER_WRITTEN
                | MAIL_NUMBER_AGAIN
                | BARS_UNREAD
                | ENVELOPE_INSIDE
                | ENVELOPE_ALONE
                | OUT_OF_ORDER
                | NUMBER_MISSING
                | UNRELEASED_LOAD
        )
    }
}

/// What a separator sheet says: `LXS1:RUN:NUMBER:CHECK`, in both QR codes and the barcode.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Separator {
    /// The print run, six letters and digits.
    pub run: String,
    /// The sheet's number in it, from 1.
    pub number: u32,
}

/// Whether a line of a page is one that our separator sheets bear and letters do not: what stands in the codes, or the label in large type.
fn sheet_in(line: &str) -> Option<Separator> {
    let line: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    if let Some(found) = Separator::parse(&line) {
        return Some(found);
    }
    let (run, number) = line.split_once('-')?;
    let number = number.parse().ok().filter(|number| *number > 0)?;
    let found = Separator {
        run: run.to_owned(),
        number,
    };
    let is_run = run.len() == RUN_LENGTH && run.bytes().all(|byte| ALPHABET.contains(&byte));
    (is_run && found.label() == line).then_some(found)
}

/// The separator sheet of ours that was read on a page.
#[must_use]
pub fn sheet_read(lines: &[Line]) -> Option<Separator> {
    let mut all = lines.iter();
    all.find_map(|line| sheet_in(&line.raw).or_else(|| sheet_in(&line.text)))
}

/// What the codes of a sheet begin with.
const FRONT: &str = "LXS1";
/// Letters and digits that are not mistaken for one another when read aloud or by eye.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Length of a run's name.
pub const RUN_LENGTH: usize = 6;

impl Separator {
    /// A run's name out of random bytes.
    #[must_use]
    pub fn run_of(random: [u8; RUN_LENGTH]) -> String {
        random
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
            .collect()
    }

    /// What stands in the codes.
    #[must_use]
    pub fn payload(&self) -> String {
        let body = format!("{FRONT}:{}:{:04}", self.run, self.number);
        let check = check(&body);
        format!("{body}:{check}")
    }

    /// What a person reads on the sheet, and the name of the letter behind it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}-{:04}", self.run, self.number)
    }

    /// Reads a code; `None` for any other text, also for one of ours with a wrong check.
    #[must_use]
    pub fn parse(payload: &str) -> Option<Self> {
        let (body, sum) = payload.rsplit_once(':')?;
        let mut parts = body.split(':');
        let (front, run, number) = (parts.next()?, parts.next()?, parts.next()?);
        let fits = front == FRONT
            && parts.next().is_none()
            && run.len() == RUN_LENGTH
            && run.bytes().all(|byte| ALPHABET.contains(&byte))
            && check(body) == sum;
        let number = number.parse().ok().filter(|number| *number > 0)?;
        let found = Self {
            run: run.to_owned(),
            number,
        };
        (fits && found.payload() == payload).then_some(found)
    }
}

/// Four characters of a 20-bit CRC-like sum: polynomial division by x²⁰ + x³ + 1 over the bytes.
fn check(body: &str) -> String {
    const MASK: u32 = (1 << 20) - 1;
    const POLYNOMIAL: u32 = 0b1001;
    let mut sum: u32 = 0x5_a5a5;
    for byte in body.bytes() {
        sum ^= u32::from(byte) << 12;
        for _ in 0..8 {
            let carry = sum & (1 << 19) != 0;
            sum = (sum << 1) & MASK;
            if carry {
                sum ^= POLYNOMIAL;
            }
        }
    }
    (0..4)
        .map(|at| char::from(ALPHABET[(sum >> (15 - 5 * at)) as usize & 31]))
        .collect()
}

/// What was made out on one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Face {
    /// A page of a letter.
    Page,
    /// The side of a separator sheet that begins a letter.
    Separator(Separator),
    /// The other side of a separator sheet: no page of any letter.
    SeparatorBack(Separator),
    /// A page where the other side of this separator's sheet was expected: the scanner left out a blank side, or the sheet was used before.
    BesideSeparator(Separator),
    /// An envelope with this number of registered or express mail.
    Mail(String),
    /// Bars with something of a mail number's form that does not check: it begins a letter that a person looks at.
    DoubtfulMail(String),
    /// There are bars that nobody could read: it may be the next letter's envelope.
    UnreadBars,
    /// Its codes contradict each other: a page, and somebody has to look.
    Disputed,
    /// Nobody could look at it: it may be a separator.
    Unseen,
}

/// Which side of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that comes first.
    First,
    /// The one behind it.
    Second,
}

/// One side of a sheet and whether nothing is on it.
#[derive(Debug, Clone, Copy)]
pub struct SideSeen<'a> {
    /// What was made out on it.
    pub face: &'a Face,
    /// Nothing is on it.
    pub is_blank: bool,
}

/// What one of two sides is, in view of the one that came with it. They are one separator sheet only when they bear the same code, or one of them
/// is blank: scanners leave blank sides out, and then the side behind a separator is the next sheet's.
#[must_use]
pub fn of_two_sides(side: Side, this: SideSeen<'_>, other: SideSeen<'_>) -> Face {
    let sheet = |separator: &Separator| match side {
        Side::First => Face::Separator(separator.clone()),
        Side::Second => Face::SeparatorBack(separator.clone()),
    };
    match (this.face, other.face) {
        (Face::Separator(one), Face::Separator(two)) if one == two => sheet(one),
        (Face::Separator(_), Face::Separator(_)) => this.face.clone(),
        (Face::Separator(one), _) if other.is_blank => sheet(one),
        (Face::Page, Face::Separator(two)) if this.is_blank => sheet(two),
        (Face::Page, Face::Separator(two)) => Face::BesideSeparator(two.clone()),
        _ => this.face.clone(),
    }
}

/// What is odd about a separator, seen after the one before it in the same stack.
#[must_use]
pub fn after(before: Option<&Separator>, now: &Separator) -> Option<&'static str> {
    let before = before?;
    if before.run != now.run {
        // The next run begins with its first sheet; with any other, those before it are missing.
        return (now.number != 1).then_some(hold::SEPARATOR_RUN_CHANGED);
    }
    match now.number.cmp(&(before.number + 1)) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(hold::SEPARATOR_SKIPPED),
        std::cmp::Ordering::Less => Some(hold::SEPARATOR_OUT_OF_ORDER),
    }
}

/// The parts of a name: whether it is a number, the number, the text.
pub type NaturalName = Vec<(bool, u64, String)>;

/// A name as people sort it: runs of digits count as numbers.
#[must_use]
pub fn natural(name: &str) -> NaturalName {
    let mut parts = NaturalName::new();
    for c in name.chars() {
        let digit = c.to_digit(10).filter(|_| c.is_ascii_digit());
        match (parts.last_mut(), digit) {
            (Some((true, number, _)), Some(digit)) => {
                *number = number.saturating_mul(10).saturating_add(u64::from(digit));
            }
            (Some((false, _, text)), None) => text.push(c),
            (_, Some(digit)) => parts.push((true, u64::from(digit), String::new())),
            (_, None) => parts.push((false, 0, c.to_string())),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sheet(number: u32) -> Separator {
        Separator {
            run: "K7QF2M".into(),
            number,
        }
    }

    #[test]
    fn a_sheet_reads_back_and_nothing_else_does() {
        let payload = sheet(12).payload();
        assert_eq!(Separator::parse(&payload), Some(sheet(12)));
        for other in [
            "",
            "https://example.org/LXS1",
            "LXS1:K7QF2M:0012:AAAA",
            "LXS1:K7QF2M:0000:AAAA",
            &payload.replace("0012", "0013"),
            &payload.replace("0012", "12"),
            &format!("{payload}:A"),
        ] {
            assert_eq!(Separator::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_sheet_is_known_by_its_words_and_a_letter_is_not() {
        let payload = sheet(12).payload();
        for line in ["K7QF2M-0012", " K7QF2M - 0012 ", payload.as_str()] {
            assert_eq!(sheet_in(line), Some(sheet(12)), "{line}");
        }
        for line in [
            "K7QF2M-12",
            "K7QF2M-0012号",
            "K7QF2M-0000",
            "电话 010-0012",
            "LXS1:K7QF2M:0012:AAAA",
            "",
        ] {
            assert_eq!(sheet_in(line), None, "{line}");
        }
    }

    #[test]
    fn what_is_odd_about_a_separator() {
        assert_eq!(after(None, &sheet(7)), None, "a stack may begin anywhere");
        assert_eq!(after(Some(&sheet(6)), &sheet(7)), None);
        assert_eq!(
            after(Some(&sheet(5)), &sheet(7)),
            Some(hold::SEPARATOR_SKIPPED)
        );
        assert_eq!(
            after(Some(&sheet(8)), &sheet(7)),
            Some(hold::SEPARATOR_OUT_OF_ORDER)
        );
        let other = Separator {
            run: "AAAAAA".into(),
            number: 7,
        };
        assert_eq!(
            after(Some(&sheet(1)), &other),
            Some(hold::SEPARATOR_RUN_CHANGED),
            "the next print run, not from its first sheet"
        );
        let first = Separator { number: 1, ..other };
        assert_eq!(after(Some(&sheet(1)), &first), None, "the next print run");
    }

    #[test]
    fn a_written_side_behind_a_separator_is_a_page_not_the_separators_back() {
        let (front, page) = (Face::Separator(sheet(6)), Face::Page);
        let seen = |face, is_blank| SideSeen { face, is_blank };
        let second = |this, other| of_two_sides(Side::Second, this, other);
        let first = |this, other| of_two_sides(Side::First, this, other);
        let (written, blank) = (seen(&page, false), seen(&page, true));
        let code = seen(&front, false);
        assert_eq!(second(written, code), Face::BesideSeparator(sheet(6)));
        assert_eq!(second(blank, code), Face::SeparatorBack(sheet(6)));
        assert_eq!(second(code, code), Face::SeparatorBack(sheet(6)));
        assert_eq!(first(code, written), front);
        assert_eq!(first(written, code), Face::BesideSeparator(sheet(6)));
        assert_eq!(second(code, written), front, "it begins the next letter");
        assert_eq!(
            (first(blank, code), second(code, blank)),
            (front.clone(), Face::SeparatorBack(sheet(6)))
        );
        let next = Face::Separator(sheet(7));
        assert_eq!(
            second(seen(&next, false), code),
            next,
            "two sheets whose backs were left out"
        );
    }

    #[test]
    fn names_are_ordered_as_people_do() {
        assert!(natural("Scan_2.jpg") < natural("Scan_10.jpg"));
        assert!(natural("a/0009.jpg") < natural("a/0010.jpg"));
        assert!(natural("Scan_9999.jpg") > natural("Scan_0001.jpg"));
    }

    proptest! {
        /// One wrong character never gives another sheet.
        #[test]
        fn one_wrong_character_is_noticed(number in 1_u32..10_000, at in 0_usize..22, with in "[A-Z0-9:]") {
            let payload = sheet(number).payload();
            let mut changed: Vec<char> = payload.chars().collect();
            if let Some(c) = changed.get_mut(at) {
                *c = with.chars().next().unwrap_or('A');
            }
            let changed: String = changed.into_iter().collect();
            prop_assume!(changed != payload);
            prop_assert_eq!(Separator::parse(&changed), None);
        }
    }
}
