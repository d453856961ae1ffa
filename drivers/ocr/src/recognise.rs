//! What a line image says: the recogniser's scores to characters (CTC, greedy), each with its
//! confidence and its place. Pure; the network runs in `ppocr.rs`.

/// One character as read, before folding.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    pub(crate) ch: char,
    pub(crate) confidence: f32,
    /// Middle of the character, 0 at the start of the line image and 1 at its end.
    pub(crate) at: f32,
}

/// Class 0 is the blank; class `i` is `dictionary[i - 1]`.
pub(crate) struct Dictionary(Vec<char>);

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
        Self(chars)
    }

    /// Classes the model must have: the characters and the blank.
    pub(crate) fn classes(&self) -> usize {
        self.0.len() + 1
    }
}

/// Greedy CTC over `scores` (`steps × classes`, probabilities). `used` is the share of the image's
/// width that holds the line, the rest being padding.
pub(crate) fn ctc(scores: &[f32], dictionary: &Dictionary, used: f32) -> Vec<Read> {
    let classes = dictionary.classes();
    let steps = scores.len() / classes;
    let mut reads: Vec<Read> = Vec::new();
    let mut previous = 0;
    let mut first_step = 0;
    for (step, row) in scores.chunks_exact(classes).enumerate() {
        let (class, &score) = row
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .expect("a row has `classes` ≥ 2 entries");
        let at = |first: usize| ((first + step + 1) as f32 / 2.0 / steps as f32 / used).min(1.0);
        if class != 0 {
            if class == previous {
                let last = reads
                    .last_mut()
                    .expect("a repeated class was pushed one step before");
                last.confidence = last.confidence.max(score);
                last.at = at(first_step);
            } else {
                first_step = step;
                reads.push(Read {
                    ch: dictionary.0[class - 1],
                    confidence: score,
                    at: at(step),
                });
            }
        }
        previous = class;
    }
    reads
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
            spaced.push(Read {
                ch: ' ',
                confidence: 1.0,
                at,
            });
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
