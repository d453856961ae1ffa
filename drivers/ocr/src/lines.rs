//! Boxes that were read → lines: pieces of a row joined, dust left out, Traditional characters folded. Decides nothing about
//! reading order (`layout.rs`).

use crate::dust::{ones, without_dust};
use crate::geometry::{Quad, on_its_head, size};
use crate::layout::{self, Group, Spacing};
use crate::ppocr::{PieceText, PpOcr};
use crate::preprocess::Reading;
use crate::recognise::{Read, mean_confidence, with_blanks};
use crate::{Alternative, Char, Line};

impl PpOcr {
    /// Simplified: what becomes the character itself, or is told already, is left out.
    fn folded(&self, ch: char, others: &[Alternative]) -> Vec<Alternative> {
        let simplified = |ch: char| {
            let folded = self.folder.fold(ch.encode_utf8(&mut [0; 4]));
            folded.chars().next().unwrap_or(ch)
        };
        let mut told: Vec<Alternative> = Vec::with_capacity(others.len());
        for other in others {
            let simple = simplified(other.ch);
            if simple != ch && told.iter().all(|known| known.ch != simple) {
                told.push(Alternative {
                    ch: simple,
                    ..*other
                });
            }
        }
        told
    }

    /// The pieces of a group as one line; `None` when nothing was read in any of them.
    pub(crate) fn line(
        &self,
        group: &Group,
        found: &[Quad],
        texts: &[Option<PieceText>],
    ) -> Option<Line> {
        let mut raw_chars: Vec<Read> = Vec::new();
        let mut first_last = None;
        let mut vertical = group.down;
        let mut upwards = false;
        for piece in &group.pieces {
            let text = texts.get(piece.index)?.as_ref()?;
            if text.reads.is_empty() {
                continue;
            }
            let (start, end) = piece.span;
            if piece.space_before == Spacing::Gap && !raw_chars.is_empty() {
                raw_chars.push(Read::space(start));
            }
            let moved = text.reads.iter().map(|r| Read {
                at: start + r.at * (end - start),
                ..r.clone()
            });
            raw_chars.extend(moved);
            let quad = &found[piece.index];
            first_last = Some((first_last.map_or(quad, |(first, _)| first), quad));
            if group.pieces.len() == 1 {
                vertical = text.reading != Reading::Across;
                upwards = text.reading == Reading::Up;
            }
        }
        let (first, last) = first_last?;
        let quad = if vertical {
            [first[0], first[1], last[2], last[3]]
        } else {
            [first[0], last[1], last[2], first[3]]
        };
        let quad = if upwards { on_its_head(&quad) } else { quad };
        let (width, height) = size(&quad);
        let (long, short) = if vertical {
            (height, width)
        } else {
            (width, height)
        };
        let raw_chars = with_blanks(without_dust(raw_chars), short / long.max(1.0));
        let raw: String = raw_chars.iter().map(|r| r.ch).collect();
        let chars: Vec<Char> = self
            .folder
            .fold(&raw)
            .chars()
            .zip(&raw_chars)
            .zip(ones(&raw_chars))
            .map(|((ch, read), one)| Char {
                ch: one.map_or(ch, |_| '1'),
                confidence: one.unwrap_or(read.confidence),
                at: read.at,
                others: self.folded(one.map_or(ch, |_| '1'), &read.others),
                digit: read.digit,
            })
            .collect();
        let text = chars.iter().map(|c| c.ch).collect();
        Some(Line {
            text,
            raw,
            quad,
            confidence: mean_confidence(&raw_chars),
            chars,
            vertical,
        })
    }
}

/// Marks stand alone: the boxes from `detected` on are never joined with their neighbours.
pub(crate) fn apart(groups: Vec<Group>, detected: usize) -> Vec<Group> {
    groups
        .into_iter()
        .flat_map(|group| {
            let down = group.down;
            let runs = group
                .pieces
                .chunk_by(|a, b| a.index < detected && b.index < detected);
            let parted: Vec<Group> = runs
                .map(|run| Group {
                    pieces: respaced(run),
                    down: down && run[0].index < detected,
                })
                .collect();
            parted
        })
        .collect()
}

/// Part of a line as a line of its own.
fn respaced(run: &[layout::Piece]) -> Vec<layout::Piece> {
    let start = run.first().map_or(0.0, |p| p.span.0);
    let end = run.iter().map(|p| p.span.1).fold(start, f32::max);
    let share = |at: f32| (at - start) / (end - start).max(f32::EPSILON);
    run.iter()
        .map(|piece| layout::Piece {
            span: (share(piece.span.0), share(piece.span.1)),
            ..piece.clone()
        })
        .collect()
}
