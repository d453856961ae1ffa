//! A text as the pieces of words the model knows: of all ways to cut it, the likeliest (unigram, as SentencePiece cuts).

use std::collections::HashMap;

use crate::network::Sizes;
use crate::stored::Stored;

/// What stands before every text: the model was taught so.
const BEFORE: &str = "passage: ";
/// How a blank is written in pieces.
const BLANK: char = '▁';
/// The first three pieces.
const BEGIN: u32 = 0;
const END: u32 = 1;
const UNKNOWN: u32 = 2;
/// How much less likely than the least likely piece an unknown character is.
const UNKNOWN_BELOW: f32 = 10.0;

#[derive(Debug)]
pub(crate) struct Pieces {
    known: HashMap<String, (u32, f32)>,
    folds: HashMap<char, char>,
    unknown: f32,
    longest: usize,
    most: usize,
}

impl Pieces {
    pub(crate) fn read(stored: &mut Stored, sizes: &Sizes) -> Option<Self> {
        let mut folds = HashMap::new();
        for _ in 0..sizes.folds {
            let (from, to) = (stored.number()?, stored.number()?);
            folds.insert(char::from_u32(from)?, char::from_u32(to)?);
        }
        let (mut known, mut least, mut longest) = (HashMap::new(), 0.0_f32, 1);
        for at in 0..sizes.pieces {
            let length = usize::from(stored.bytes(1)?[0]);
            let piece = std::str::from_utf8(stored.bytes(length)?).ok()?;
            let likely = stored.float()?;
            least = least.min(likely);
            longest = longest.max(piece.chars().count());
            if at > UNKNOWN as usize {
                known.insert(piece.to_owned(), (at as u32, likely));
            }
        }
        Some(Self {
            known,
            folds,
            unknown: least - UNKNOWN_BELOW,
            longest,
            most: sizes.positions,
        })
    }

    /// The numbers of a text's pieces, between the one that begins and the one that ends a text.
    pub(crate) fn of(&self, text: &str) -> Vec<u32> {
        let chars = self.written(text);
        // For each end: the likeliest way there, its last piece and where that begins.
        let mut best = vec![(f32::MIN, UNKNOWN, 0); chars.len() + 1];
        best[0].0 = 0.0;
        let mut word = String::new();
        for from in 0..chars.len() {
            let sofar = best[from].0;
            word.clear();
            for to in from + 1..=chars.len().min(from + self.longest) {
                word.push(chars[to - 1]);
                let known = self.known.get(&word).copied();
                let alone = (to == from + 1).then_some((UNKNOWN, self.unknown));
                if let Some((piece, likely)) = known.or(alone)
                    && sofar + likely > best[to].0
                {
                    best[to] = (sofar + likely, piece, from);
                }
            }
        }
        let (mut pieces, mut to) = (vec![], chars.len());
        while to > 0 {
            pieces.push(best[to].1);
            to = best[to].2;
        }
        pieces.push(BEGIN);
        pieces.reverse();
        pieces.truncate(self.most - 1);
        pieces.push(END);
        pieces
    }

    /// A text's characters as the pieces write them: folded, blanks as one mark.
    fn written(&self, text: &str) -> Vec<char> {
        let mut chars = vec![BLANK];
        for c in BEFORE.chars().chain(text.chars()) {
            let c = self.folds.get(&c).copied().unwrap_or(c);
            let c = if c.is_whitespace() { BLANK } else { c };
            if c != BLANK || chars.last() != Some(&BLANK) {
                chars.push(c);
            }
        }
        chars
    }
}
