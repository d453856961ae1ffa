//! Marks that are dust or strokes, not characters: dots where no Chinese writer sets one, and bars that can only be the digit 1.
//! Nothing is guessed: a dot goes because of where it stands, a bar becomes a 1 only beside figures and with the digit's own likelihood.

use crate::recognise::Read;

/// What a speck of dust is read as.
const DOTS: [char; 7] = ['.', '．', '·', '・', '•', '`', '\''];
/// What a bare downstroke is read as.
const BARS: [char; 6] = ['|', '｜', '丨', 'I', 'l', '〡'];
/// Counted things on letters and envelopes: a bar before one of them is a number.
const COUNTED: &str = "年月日号幢栋楼座室单元组岁弄村层户区巷路元万千百";

/// `reads` without dots that part no figures or letters and no two Chinese characters of a name. A full stop is 。 here, a
/// decimal point or the dot of a date stands after a figure.
pub(crate) fn without_dust(reads: Vec<Read>) -> Vec<Read> {
    let visible = |slice: &[Read]| slice.iter().find(|r| r.ch != ' ').map(|r| r.ch);
    let before = |i: usize| reads[..i].iter().rev().find(|r| r.ch != ' ').map(|r| r.ch);
    let keeps: Vec<bool> = reads
        .iter()
        .enumerate()
        .map(|(i, read)| {
            if !DOTS.contains(&read.ch) {
                return true;
            }
            let (left, right) = (before(i), visible(&reads[i + 1..]));
            match read.ch {
                // A name of two parts leaves the mark its own room, but not that of a blank.
                '·' | '・' | '•' => {
                    let room = wide(&reads, i);
                    left.is_some_and(is_han)
                        && right.is_some_and(is_han)
                        && room.is_some_and(|room| ROOM.contains(&room))
                }
                _ => left.is_some_and(|c| c.is_ascii_alphanumeric()) && right.is_some(),
            }
        })
        .collect();
    let mut keeps = keeps.into_iter();
    let mut kept = reads;
    kept.retain(|_| keeps.next().unwrap_or(true));
    kept
}

/// Room between the neighbours of a mark that stands between the parts of a name, in the line's usual pitches.
const ROOM: std::ops::Range<f32> = 1.25..2.2;

/// How far apart the neighbours of character `i` stand, in the line's usual pitches.
fn wide(reads: &[Read], i: usize) -> Option<f32> {
    let mut pitches: Vec<f32> = reads.windows(2).map(|w| w[1].at - w[0].at).collect();
    pitches.sort_by(f32::total_cmp);
    let usual = *pitches.get(pitches.len() / 2)?;
    let (left, right) = (reads.get(i.checked_sub(1)?)?, reads.get(i + 1)?);
    (usual > 0.0).then(|| (right.at - left.at) / usual)
}

fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9FFF}').contains(&c)
}

/// For each character the likelihood of the digit 1 it must be, if it is a bar among figures or before something counted.
pub(crate) fn ones(reads: &[Read]) -> Vec<Option<f32>> {
    let mut found = vec![None; reads.len()];
    let is_bar = |r: &Read| BARS.contains(&r.ch);
    let word = |r: &Read| is_bar(r) || r.ch.is_ascii_alphabetic();
    let mut start = 0;
    for run in reads.chunk_by(|a, b| word(a) && word(b)) {
        let end = start + run.len();
        let digit = |r: Option<&Read>| r.is_some_and(|r| r.ch.is_ascii_digit());
        let left = start.checked_sub(1).map(|i| &reads[i]);
        let right = reads.get(end);
        let counted = right.is_some_and(|r| COUNTED.contains(r.ch));
        // In a Latin word a bar is a letter.
        if run.iter().all(is_bar) && (digit(left) || digit(right) || counted) {
            for (one, read) in found[start..end].iter_mut().zip(run) {
                let likelihood = read.digit.filter(|d| d.ch == '1').map(|d| d.confidence);
                *one = Some(likelihood.unwrap_or(0.0));
            }
        }
        start = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> Vec<Read> {
        text.chars()
            .enumerate()
            .map(|(i, ch)| Read {
                ch,
                ..Read::space(0.02 * i as f32)
            })
            .collect()
    }

    #[test]
    fn a_dot_squeezed_between_two_characters_or_lost_in_a_blank_is_dust() {
        let squeezed = [0.0, 0.02, 0.04, 0.06, 0.07, 0.08, 0.1];
        let in_a_blank = [0.0, 0.02, 0.04, 0.06, 0.09, 0.14, 0.16];
        for places in [squeezed, in_a_blank] {
            let mut line = reads("济南市信·访局");
            line.iter_mut().zip(places).for_each(|(r, at)| r.at = at);
            let text: String = without_dust(line).iter().map(|r| r.ch).collect();
            assert_eq!(text, "济南市信访局", "{places:?}");
        }
    }

    #[test]
    fn dots_go_where_no_writer_sets_one() {
        for (read, kept) in [
            ("济南.市泉城路.", "济南市泉城路"),
            (".陈婷缄", "陈婷缄"),
            ("您好.！", "您好！"),
            ("2025.3.31", "2025.3.31"),
            ("1.请求", "1.请求"),
            ("每月1300.", "每月1300"),
            ("买买提·吐尔逊", "买买提·吐尔逊"),
            ("2018年·，", "2018年，"),
            ("", ""),
        ] {
            let text: String = without_dust(reads(read)).iter().map(|r| r.ch).collect();
            assert_eq!(text, kept, "{read}");
        }
    }

    #[test]
    fn a_bar_among_figures_is_a_one_and_elsewhere_it_stays() {
        let ones_of = |text: &str| -> String {
            let read = reads(text);
            let found = ones(&read);
            read.iter()
                .zip(found)
                .map(|(r, one)| if one.is_some() { '1' } else { r.ch })
                .collect()
        };
        assert_eq!(ones_of("中山路|32号"), "中山路132号");
        assert_eq!(ones_of("38幢l单元"), "38幢1单元");
        assert_eq!(ones_of("||0"), "110");
        assert_eq!(ones_of("Illegal"), "Illegal");
        assert_eq!(ones_of("电话|地址"), "电话|地址");
    }
}
