//! What a line image says: the recogniser's scores to characters (CTC, greedy), each with its
//! confidence and its place. Pure; the network runs in `ppocr.rs`.

use crate::Alternative;

/// How many other characters are told for each one read.
const OTHERS: usize = 5;
/// Others less likely than this are not told.
const OTHER_MIN: f32 = 0.001;

/// One character as read, before folding.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    pub(crate) ch: char,
    pub(crate) confidence: f32,
    /// Middle of the character, 0 at the start of the line image and 1 at its end.
    pub(crate) at: f32,
    /// What else it may be, likeliest first.
    pub(crate) others: Vec<Alternative>,
    /// The likeliest digit at its place.
    pub(crate) digit: Option<Alternative>,
}

impl Read {
    /// A blank between pieces or words: nothing was read there.
    pub(crate) fn space(at: f32) -> Self {
        Self {
            ch: ' ',
            confidence: 1.0,
            at,
            others: Vec::new(),
            digit: None,
        }
    }
}

/// Class 0 is the blank; class `i` is `dictionary[i - 1]`.
pub(crate) struct Dictionary {
    chars: Vec<char>,
    /// Classes of each digit: half and full width, 0 where the list has none.
    digits: [[usize; 2]; 10],
}

impl Dictionary {
    /// From the model's metadata: one character a line, in class order; PP-OCR appends the space.
    pub(crate) fn parse(listed: &str) -> Self {
        let mut chars: Vec<char> = listed
            .split('\n')
            .map(|entry| entry.trim_end_matches('\r').chars().next().unwrap_or(' '))
            .collect();
        if listed.ends_with('\n') {
            chars.pop();
        }
        chars.push(' ');
        Self::of(chars)
    }

    fn of(chars: Vec<char>) -> Self {
        let class_of = |digit: char| chars.iter().position(|c| *c == digit).map_or(0, |i| i + 1);
        let digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'].map(|digit| {
            let full_width = char::from_u32(u32::from(digit) + 0xFEE0);
            [class_of(digit), full_width.map_or(0, class_of)]
        });
        Self { chars, digits }
    }

    /// How likely each digit is in one step, in whichever width.
    fn digit_scores(&self, row: &[f32]) -> [f32; 10] {
        let score = |class: usize| if class == 0 { 0.0 } else { row[class] };
        self.digits.map(|classes| classes.map(score).iter().sum())
    }

    /// The likeliest digit of one step.
    fn digit(&self, row: &[f32]) -> Option<Alternative> {
        let scores = self.digit_scores(row);
        let best =
            (0..10_u32).max_by(|a, b| scores[*a as usize].total_cmp(&scores[*b as usize]))?;
        Some(Alternative {
            ch: char::from_digit(best, 10)?,
            confidence: scores[best as usize],
        })
    }

    /// The likeliest characters of one step besides `read`, the blank apart.
    fn others(&self, row: &[f32], read: usize) -> Vec<Alternative> {
        let mut best: Vec<(usize, f32)> = Vec::with_capacity(OTHERS + 1);
        let mut least = OTHER_MIN;
        for (class, &score) in row.iter().enumerate().skip(1) {
            if score > least && class != read {
                let at = best.partition_point(|(_, other)| *other >= score);
                best.insert(at, (class, score));
                if best.len() > OTHERS {
                    best.pop();
                    least = best[OTHERS - 1].1;
                }
            }
        }
        let alternative = |(class, confidence): (usize, f32)| Alternative {
            ch: self.chars[class - 1],
            confidence,
        };
        best.into_iter().map(alternative).collect()
    }

    /// Classes the model must have: the characters and the blank.
    pub(crate) fn classes(&self) -> usize {
        self.chars.len() + 1
    }
}

/// Greedy CTC over `scores` (`steps × classes`, probabilities). `used` is the share of the image's
/// width that holds the line, the rest being padding.
pub(crate) fn ctc(scores: &[f32], dictionary: &Dictionary, used: f32) -> Vec<Read> {
    let classes = dictionary.classes();
    let steps = scores.len() / classes;
    // First and last step of each character, its class and its surest step.
    let mut runs: Vec<(usize, usize, usize, usize)> = Vec::new();
    let mut previous = 0;
    for (step, row) in scores.chunks_exact(classes).enumerate() {
        let class = likeliest(row);
        match runs.last_mut() {
            Some((_, last, _, surest)) if class != 0 && class == previous => {
                *last = step;
                if row[class] > scores[*surest * classes + class] {
                    *surest = step;
                }
            }
            _ if class != 0 => runs.push((step, step, class, step)),
            _ => {}
        }
        previous = class;
    }
    runs.into_iter()
        .map(|(first, last, class, surest)| {
            let row = &scores[surest * classes..(surest + 1) * classes];
            Read {
                ch: dictionary.chars[class - 1],
                confidence: row[class],
                at: ((first + last + 1) as f32 / 2.0 / steps as f32 / used).min(1.0),
                others: dictionary.others(row, class),
                digit: dictionary.digit(row),
            }
        })
        .collect()
}

/// Index of the largest value. The largest is found first, in lanes: a search that carries its index along is many times slower
/// over 18,709 classes.
fn likeliest(row: &[f32]) -> usize {
    let mut lanes = [f32::MIN; 16];
    let chunks = row.chunks_exact(16);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = lane.max(*value);
        }
    }
    let most = lanes.iter().chain(rest).copied().fold(f32::MIN, f32::max);
    row.iter().position(|value| *value == most).unwrap_or(0)
}

/// A digit that is less likely than this in its frame is none.
const FRAMED_DIGIT_MIN: f32 = 0.2;

/// One digit for each of `frames` equal parts of the line image, whatever else the model would rather see there; a frame
/// in which no digit is likely is left out.
pub(crate) fn framed_digits(
    scores: &[f32],
    dictionary: &Dictionary,
    used: f32,
    frames: usize,
) -> Vec<Read> {
    let classes = dictionary.classes();
    let steps = scores.len() / classes;
    let border = |i: usize| used * steps as f32 * i as f32 / frames as f32;
    (0..frames)
        .filter_map(|i| {
            // A step on the border may tell of either frame.
            let rows = border(i) as usize..(border(i + 1).ceil() as usize).min(steps);
            let best = rows
                .filter_map(|step| {
                    dictionary.digit(scores.get(step * classes..(step + 1) * classes)?)
                })
                .max_by(|a, b| a.confidence.total_cmp(&b.confidence))?;
            (best.confidence >= FRAMED_DIGIT_MIN).then_some(Read {
                ch: best.ch,
                confidence: best.confidence,
                at: (i as f32 + 0.5) / frames as f32,
                others: Vec::new(),
                digit: Some(best),
            })
        })
        .collect()
}

/// Greedy CTC over blank, digits and the full stop alone: what the line says if it can only be figures.
pub(crate) fn digits_only(scores: &[f32], dictionary: &Dictionary, used: f32) -> Vec<Read> {
    let stop = dictionary.chars.iter().position(|c| *c == '.');
    let figures = Dictionary::of("0123456789.".chars().collect());
    let narrowed: Vec<f32> = scores
        .chunks_exact(dictionary.classes())
        .flat_map(|row| {
            let digits = dictionary.digit_scores(row);
            let stop = stop.map_or(0.0, |i| row[i + 1]);
            std::iter::once(row[0]).chain(digits).chain([stop])
        })
        .collect();
    ctc(&narrowed, &figures, used)
}

/// A gap between neighbours' middles this many line heights wide is a blank (one character's pitch is about 0.75)…
const BLANK_HEIGHTS: f32 = 1.3;
/// …if it is also this many times the line's usual pitch: some people write wide.
const BLANK_PITCHES: f32 = 1.8;

/// `reads` with a space put into every visible blank where the model gave none, so that names in a row stay
/// apart. `height` is the line's height as a share of its length.
pub(crate) fn with_blanks(reads: Vec<Read>, height: f32) -> Vec<Read> {
    let mut pitches: Vec<f32> = reads.windows(2).map(|w| w[1].at - w[0].at).collect();
    pitches.sort_by(f32::total_cmp);
    let usual = pitches.get(pitches.len() / 2).copied().unwrap_or(0.0);
    let blank = (BLANK_HEIGHTS * height).max(BLANK_PITCHES * usual);
    let mut spaced: Vec<Read> = Vec::with_capacity(reads.len());
    for read in reads {
        if let Some(last) = spaced.last()
            && read.at - last.at > blank
            && last.ch != ' '
            && read.ch != ' '
        {
            let at = f32::midpoint(last.at, read.at);
            spaced.push(Read::space(at));
        }
        spaced.push(read);
    }
    spaced
}

/// Mean over the characters, spaces apart; 0 for none.
pub(crate) fn mean_confidence(reads: &[Read]) -> f32 {
    let (mut sum, mut count) = (0.0, 0);
    for read in reads.iter().filter(|r| r.ch != ' ') {
        sum += read.confidence;
        count += 1;
    }
    if count == 0 { 0.0 } else { sum / count as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(path: &[(usize, f32)], classes: usize) -> Vec<f32> {
        path.iter()
            .flat_map(|&(class, score)| {
                (0..classes).map(move |c| {
                    if c == class {
                        score
                    } else {
                        (1.0 - score) / classes as f32
                    }
                })
            })
            .collect()
    }

    #[test]
    fn repeats_collapse_and_blanks_part_them() {
        let dictionary = Dictionary::parse("来\n信\n");
        assert_eq!(dictionary.classes(), 4);
        let path = [
            (0, 0.9),
            (1, 0.7),
            (1, 0.95),
            (0, 0.9),
            (1, 0.8),
            (2, 0.9),
            (3, 0.6),
            (0, 0.99),
        ];
        let reads = ctc(&scores(&path, 4), &dictionary, 1.0);
        let text: String = reads.iter().map(|r| r.ch).collect();
        assert_eq!(text, "来来信 ");
        assert!((reads[0].confidence - 0.95).abs() < 1e-6);
        assert!(
            (reads[0].at - 2.0 / 8.0).abs() < 1e-6,
            "two steps from 1 to 3 of 8: {}",
            reads[0].at
        );
        assert!((mean_confidence(&reads) - (0.95 + 0.8 + 0.9) / 3.0).abs() < 1e-6);
    }

    #[test]
    fn what_else_a_character_may_be_is_told_likeliest_first() {
        let dictionary = Dictionary::parse("l\n1\n|\n7");
        let row = [0.02, 0.5, 0.3, 0.1, 0.05, 0.0];
        let reads = ctc(&row, &dictionary, 1.0);
        assert_eq!(reads.len(), 1);
        assert_eq!((reads[0].ch, reads[0].confidence), ('l', 0.5));
        let others: String = reads[0].others.iter().map(|o| o.ch).collect();
        assert_eq!(others, "1|7");
        assert_eq!(reads[0].digit.map(|d| d.ch), Some('1'));
    }

    #[test]
    fn figures_are_read_where_other_characters_are_likelier() {
        let dictionary = Dictionary::parse("国\n2\n0\n.");
        let steps = [
            [0.1, 0.5, 0.3, 0.1, 0.0, 0.0],
            [0.1, 0.0, 0.0, 0.1, 0.8, 0.0],
            [0.1, 0.4, 0.0, 0.5, 0.0, 0.0],
            [0.9, 0.1, 0.0, 0.0, 0.0, 0.0],
        ];
        let read = |reads: Vec<Read>| reads.iter().map(|r| r.ch).collect::<String>();
        assert_eq!(read(ctc(&steps.concat(), &dictionary, 1.0)), "国.0");
        assert_eq!(read(digits_only(&steps.concat(), &dictionary, 1.0)), "2.0");
    }

    #[test]
    fn a_digit_counts_in_both_widths() {
        let dictionary = Dictionary::parse("D\n2\n２\n7");
        let reads = ctc(&[0.0, 0.4, 0.1, 0.3, 0.2, 0.0], &dictionary, 1.0);
        let digit = reads[0].digit.expect("one is likeliest");
        assert_eq!(digit.ch, '2');
        assert!((digit.confidence - 0.4).abs() < 1e-6);
    }

    #[test]
    fn every_frame_gives_its_likeliest_digit_and_an_empty_one_none() {
        let dictionary = Dictionary::parse("D\n2\n5");
        let steps = [
            [0.9, 0.05, 0.05, 0.0, 0.0],
            [0.1, 0.5, 0.4, 0.0, 0.0],
            [0.2, 0.1, 0.1, 0.6, 0.0],
            [0.9, 0.1, 0.0, 0.0, 0.0],
            [0.9, 0.1, 0.0, 0.1, 0.0],
            [1.0, 0.0, 0.0, 0.0, 0.0],
        ];
        let reads = framed_digits(&steps.concat(), &dictionary, 1.0, 3);
        let digits: Vec<(char, f32)> = reads.iter().map(|r| (r.ch, r.confidence)).collect();
        assert_eq!(digits, [('2', 0.4), ('5', 0.6)]);
    }

    #[test]
    fn padding_does_not_move_characters() {
        let dictionary = Dictionary::parse("来");
        let path = [(0, 0.9), (1, 0.9), (0, 0.9), (0, 0.9)];
        let reads = ctc(&scores(&path, 3), &dictionary, 0.5);
        assert!((reads[0].at - 0.75).abs() < 1e-6, "{}", reads[0].at);
    }

    #[test]
    fn names_two_blanks_apart_are_parted_and_close_characters_are_not() {
        let read = |(ch, at): (char, f32)| Read {
            ch,
            confidence: 0.9,
            at,
            others: Vec::new(),
            digit: None,
        };
        let row = [
            ('马', 0.04),
            ('丽', 0.12),
            ('华', 0.20),
            ('何', 0.45),
            ('永', 0.53),
            ('福', 0.61),
            ('，', 0.68),
            ('吴', 0.78),
        ];
        let text: String = with_blanks(row.map(read).to_vec(), 0.1)
            .iter()
            .map(|r| r.ch)
            .collect();
        assert_eq!(text, "马丽华 何永福，吴");
        let wide: Vec<Read> = (0..6_u8)
            .map(|i| read(('好', f32::from(i) * 0.16)))
            .collect();
        assert_eq!(with_blanks(wide.clone(), 0.1), wide);
        assert!(with_blanks(Vec::new(), 0.1).is_empty());
    }

    #[test]
    fn nothing_but_blanks_is_an_empty_line() {
        let dictionary = Dictionary::parse("来");
        assert!(ctc(&scores(&[(0, 0.9); 5], 3), &dictionary, 1.0).is_empty());
        assert!((mean_confidence(&[])).abs() < f32::EPSILON);
    }
}
