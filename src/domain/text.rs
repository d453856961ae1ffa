//! Pages as lines of text with their places: what reading hands to registration.

use serde::{Deserialize, Serialize};

/// A point in pixels of the original image, x to the right, y down.
pub type Point = [f32; 2];

/// Four corners of a piece of text, clockwise from the text's own top-left corner.
pub type Quad = [Point; 4];

/// One character of a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Char {
    /// The character, Simplified.
    pub ch: char,
    /// The engine's confidence, 0 to 1.
    pub confidence: f32,
    /// Its middle along the line: 0 at the line's start, 1 at its end.
    pub at: f32,
    /// What else it may be with the engine's confidence, likeliest first, Simplified; empty where the engine does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<(char, f32)>,
    /// The likeliest digit at its place, where `ch` is none: for what can only be digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digit: Option<(char, f32)>,
}

/// One line of text in reading order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The text, folded to Simplified Chinese.
    pub text: String,
    /// The text as the engine read it: names keep their Traditional or variant characters here.
    pub raw: String,
    /// Where it is, in pixels of the original image.
    pub quad: Quad,
    /// The engine's mean confidence, 0 to 1.
    pub confidence: f32,
    /// The characters of `text`, where the engine tells them.
    #[serde(default)]
    pub chars: Vec<Char>,
    /// Written from top to bottom.
    pub vertical: bool,
}

impl Line {
    /// The quad of the characters `from..to` (indices in `text`'s characters), cut out of the line's quad.
    pub fn part(&self, from: usize, to: usize) -> Quad {
        let n = self.text.chars().count().max(1) as f32;
        let (from, to) = match (self.chars.get(from), self.chars.get(to.saturating_sub(1))) {
            (Some(first), Some(last)) if self.chars.len() == n as usize => {
                let half = 0.5 / n;
                (first.at - half, last.at + half)
            }
            _ => (from as f32 / n, to as f32 / n),
        };
        cut(
            &self.quad,
            from.clamp(0.0, 1.0),
            to.clamp(0.0, 1.0),
            self.vertical,
        )
    }
}

fn cut(quad: &Quad, from: f32, to: f32, vertical: bool) -> Quad {
    let mix = |a: Point, b: Point, t: f32| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
    let [tl, tr, br, bl] = *quad;
    if vertical {
        [
            mix(tl, bl, from),
            mix(tr, br, from),
            mix(tr, br, to),
            mix(tl, bl, to),
        ]
    } else {
        [
            mix(tl, tr, from),
            mix(tl, tr, to),
            mix(bl, br, to),
            mix(bl, br, from),
        ]
    }
}

/// What a page of a letter is. Archive order is form, letter, attachments, photographs, envelope (requirement B6, SZ 7.3.4).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    /// 转办单, 公函: a form or letter of another organ.
    TransferForm,
    /// 批示: a leader's written instruction; with a permission of its own (SZ 5.3.6), and nothing of it is registered.
    Instruction,
    /// 信件: a page of the letter itself.
    Letter,
    /// 附件: anything enclosed.
    Attachment,
    /// 照片: an enclosed photograph; nothing on it is registered.
    Photograph,
    /// 信封: front or back of the envelope.
    Envelope,
    /// 分隔页: a sheet of the mailroom that was not recognised as one; no page of the letter, and not in its archive file.
    Separator,
    /// 重扫前: an image in whose place another stands, scanned anew from the same sheet; behind all others, in the archive file, too.
    Retaken,
}

impl PageKind {
    /// Whether it is a page of the letter at all.
    #[must_use]
    pub fn is_of_the_letter(self) -> bool {
        !matches!(self, Self::Separator | Self::Retaken)
    }
}

/// The text of one page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageText {
    /// Number within the letter, from 1, in arrival order.
    pub n: u32,
    /// What the page is.
    pub kind: PageKind,
    /// Width of the original image in pixels.
    pub width: u32,
    /// Height of the original image in pixels.
    pub height: u32,
    /// The lines in reading order.
    pub lines: Vec<Line>,
}

impl PageText {
    /// Where each of these names stands last on this page; blanks do not count. Names that are not there are left out.
    pub fn last_mentions(&self, names: &[String]) -> Vec<Quad> {
        let lines: Vec<Vec<(usize, char)>> = self
            .lines
            .iter()
            .map(|line| {
                let chars = line.text.chars().enumerate();
                chars.filter(|(_, c)| !c.is_whitespace()).collect()
            })
            .collect();
        let place = |name: &String| {
            let name: Vec<char> = name.chars().filter(|c| !c.is_whitespace()).collect();
            let is_it = |part: &[(usize, char)]| part.iter().map(|(_, c)| c).eq(&name);
            let on_line = |(line, chars): (&Line, &Vec<(usize, char)>)| {
                let part = chars.windows(name.len().max(1)).rfind(|part| is_it(part))?;
                Some(line.part(part.first()?.0, part.last()?.0 + 1))
            };
            self.lines.iter().zip(&lines).rev().find_map(on_line)
        };
        names.iter().filter_map(place).collect()
    }
}

/// The first character of a text written by a person that nobody sees and that may make it look like another one: a control character
/// other than tab and line break, a mark that turns the direction of reading (Unicode Bidi_Control), a tag, a separator of lines.
#[must_use]
pub fn hidden_mark(text: &str) -> Option<char> {
    text.chars().find(|mark| match mark {
        '\t' | '\n' | '\r' => false,
        '\u{061c}' | '\u{200e}' | '\u{200f}' => true,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        mark => mark.is_control(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_stored_before_there_were_alternatives_still_loads() {
        let stored = r#"{"ch":"来","confidence":0.5,"at":0.25}"#;
        let read: Char = serde_json::from_str(stored).expect("the older shape");
        assert!(read.others.is_empty() && read.digit.is_none());
        assert_eq!(serde_json::to_string(&read).expect("plain values"), stored);
    }

    #[test]
    fn alternatives_survive_storing() {
        let read = Char {
            ch: 'l',
            confidence: 0.5,
            at: 0.25,
            others: vec![('1', 0.25), ('|', 0.125)],
            digit: Some(('1', 0.25)),
        };
        let stored = serde_json::to_string(&read).expect("plain values");
        assert_eq!(
            serde_json::from_str::<Char>(&stored).expect("own shape"),
            read
        );
    }
}
