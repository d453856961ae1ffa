//! Who of several signatories is registered (SZ 7.4.2.2): one with a telephone, the contact person, the sender on the envelope, the first clearly written.
//!
//! Fewer than five are no joint letter: the first of them counts.

use crate::domain::draft::Fields;
use crate::domain::field::Source;
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, Row, text_of};

use super::confidence::Measured;
use super::evidence::{Candidate, field, for_a_person, reading};
use super::glyphs::one_off;
use super::phone::find_phones;
use super::sender::{candidate, joint_of};
use super::signature::{self, Form, Signature};
use super::tail::{Item, Kind};
use super::{body, foot, names};

mod said;
pub(super) use said::{count_said, signed_with};

/// A name is clearly written from this confidence of the engine on.
const CLEAR: f32 = 0.6;

/// From this one on it is clearly written even with a surname nobody listed.
const VERY_CLEAR: f32 = 0.85;

/// A labelled contact person.
pub(super) fn contact_person(items: &[Item]) -> Option<Candidate> {
    let item = items.iter().find(|i| i.kind == Kind::Contact)?;
    let named: Vec<Glyph> = item
        .value
        .iter()
        .take_while(|g| !g.ch.is_ascii_digit())
        .copied()
        .collect();
    let named = super::glyphs::squeeze(super::tail::trim(&named));
    let score = names::person(&text_of(&named));
    (score > 0.0).then(|| {
        Candidate::as_read(
            &named,
            score * 0.95,
            Source::LetterContact,
            "7.4.2.2/joint/2",
        )
    })
}

/// A letter with several signatories; five or more make it a joint letter. `said`: how many by its own words, where not all are named.
pub(super) fn several(
    pages: &[PageText],
    items: &[Item],
    listed: &[Signature],
    said: Option<u32>,
    on_envelope: Option<Candidate>,
    fields: &mut Fields,
) {
    let names: Vec<String> = listed.iter().map(Signature::name).collect();
    fields.joint = joint_of(&names, said);
    let first = listed
        .iter()
        .find(|s| {
            let read = reading(&s.glyphs);
            read >= CLEAR && (s.score >= 0.8 || s.form == Form::Unit && s.score >= 0.5)
                || read >= VERY_CLEAR && s.score >= 0.4
        })
        .or(listed.first());
    let clear = first.map(|s| candidate(s, Source::LetterSignatureList, "7.4.2.2/joint/4"));
    let ranked: Vec<Candidate> = if fields.joint.is_joint {
        let phone_holder = listed
            .iter()
            .find(|s| s.phone.is_some())
            .map(|s| candidate(s, Source::LetterSignatureList, "7.4.2.2/joint/1"));
        let contact = contact_person(items);
        let envelope = on_envelope.map(|c| Candidate {
            rule: "7.4.2.2/joint/3",
            ..c
        });
        [phone_holder, contact, envelope, clear]
            .into_iter()
            .flatten()
            .collect()
    } else {
        let signed = clear.map(|c| Candidate {
            source: Source::LetterSignature,
            rule: "7.4.2.2/1",
            ..c
        });
        [signed, on_envelope].into_iter().flatten().collect()
    };
    let mut ranked = ranked.into_iter();
    let Some(mut winner) = ranked.next() else {
        return;
    };
    // Each step of the order errs in its own way: it hangs on what else was read of the list.
    let step = step_name(winner.rule);
    winner.note(step, 1.0);
    // The contact person and the sender on the envelope usually signed too: take the better of the two readings.
    if let Some(twin) = listed.iter().find(|s| one_off(&s.name(), &winner.value))
        && reading(&twin.glyphs) > reading(&winner.glyphs) + 0.1
        && !names.contains(&winner.value)
    {
        winner.value = twin.name();
    }
    let lost = ranked
        .filter(|c| c.value != winner.value)
        .map(|c| c.lost("联名来信登记次序在后"))
        .collect();
    let chosen_name = winner.value.clone();
    let chosen = field(pages, &winner, Measured::Sender, lost);
    // Who is registered for a joint letter hangs on every name, number and label that was read: a person looks.
    let unheard = names::person(&chosen_name) < 0.8 && names::unit(&chosen_name) < 0.8;
    let more = fields.joint.count as usize > names.len();
    let doubted = listed.iter().any(|s| s.cut_out);
    fields.sender_name = if fields.joint.is_joint || unheard || more || doubted {
        for_a_person(chosen)
    } else {
        chosen
    };
}

/// 五人姓名如下:A、B、C。推选A为联系人,电话…: those whom a letter without signatures names as its writers, and the number beside whom they chose. A person looks at them.
pub(super) fn named_in_text(rows: &[Row]) -> Vec<Signature> {
    let flow = body::flow(rows);
    let listed = body::sentences(&flow).into_iter().find_map(|sentence| {
        let colon = sentence.iter().position(|g| g.ch == ':')?;
        let lead = text_of(&sentence[..colon]);
        let heads = NAMED_BELOW.iter().any(|word| lead.ends_with(word));
        heads.then(|| signature::tokens(&sentence[colon + 1..]))
    });
    let mut listed = listed.unwrap_or_default();
    let sure = listed.iter().filter(|s| s.is_whole()).count();
    listed.retain(|s| s.form == Form::Person && s.score >= 0.4);
    if sure < FEWEST_NAMED {
        return Vec::new();
    }
    for (at, row) in rows.iter().enumerate() {
        let Some((chosen, _)) = foot::elected(&row.glyphs) else {
            continue;
        };
        let next = rows.get(at + 1).map_or(&[][..], |next| &next.glyphs);
        let both: Vec<Glyph> = row.glyphs.iter().chain(next).copied().collect();
        let number = find_phones(&both).into_iter().next();
        let name = text_of(&chosen);
        if let Some(signed) = listed.iter_mut().find(|s| s.name() == name) {
            signed.phone = number.map(|found| found.value);
        }
    }
    listed.iter_mut().for_each(|s| s.cut_out = true);
    listed
}

/// What leads the names of those who write.
const NAMED_BELOW: &[&str] = &[
    "姓名如下",
    "名单如下",
    "名字如下",
    "人员如下",
    "联名人如下",
    "来信人如下",
];

/// Fewer names in a text are of whom it tells.
const FEWEST_NAMED: usize = 3;

/// The sign of a step of the joint order.
fn step_name(rule: &str) -> &'static str {
    match rule {
        "7.4.2.2/joint/1" => "joint_phone",
        "7.4.2.2/joint/2" => "joint_contact",
        "7.4.2.2/joint/3" => "joint_envelope",
        "7.4.2.2/joint/4" => "joint_first",
        _ => "few_signed",
    }
}
