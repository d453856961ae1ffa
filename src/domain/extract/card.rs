//! The copy of an ID card among the enclosures: its number beside the one in the letter, for the officer; it is never registered by
//! itself, since the card may be somebody else's.

use crate::domain::draft::IdNumber;
use crate::domain::field::Alternative;
use crate::domain::kind::{self, Sign};
use crate::domain::text::{PageKind, PageText};
use crate::domain::zones::rows;

use super::checksum_ok;
use super::evidence::{reading, round};

/// A card's number may be the writer's; how much a letter's own is preferred.
const PRIOR: f32 = 0.6;

/// Adds the numbers of ID cards among the attachments to what else the ID number may be.
pub(crate) fn read(pages: &[PageText], id: &mut IdNumber) {
    for (index, page) in pages.iter().enumerate() {
        if page.kind != PageKind::Attachment || kind::proposed(page) != Some(Sign::IdCard) {
            continue;
        }
        for row in rows(index, page) {
            let digits: Vec<_> = row
                .glyphs
                .iter()
                .filter(|g| g.ch.is_ascii_digit() || matches!(g.ch, 'x' | 'X'))
                .copied()
                .collect();
            let value: String = digits.iter().map(|g| g.ch.to_ascii_uppercase()).collect();
            let known = id.field.value.as_deref() == Some(&value)
                || id.field.alternatives.iter().any(|a| a.value == value);
            if checksum_ok(&value) && !known {
                id.field.alternatives.push(Alternative {
                    confidence: round(reading(&digits) * PRIOR),
                    value,
                    why_not: "附件身份证复印件上的号码".into(),
                });
            }
        }
    }
}
