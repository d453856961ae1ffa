//! The sender (SZ 7.4.2.2): signature, else envelope, else 匿名; of a joint letter the one the standard names.
//!
//! 7.4.2.2/1 signature in the letter, /2 name on the envelope, /3 anonymous; of a joint letter (five or more)
//! /joint/1 a signatory with a phone number, /joint/2 the contact person, /joint/3 the sender on the envelope, /joint/4 the first clearly written;
//! 7.4.1 the principal of a proxy.

use crate::domain::draft::{Anonymous, Fields, Joint};
use crate::domain::field::{Alternative, Field, Sign, Source};
use crate::domain::roster::Roster;
use crate::domain::text::PageText;
use crate::domain::zones::{EnvelopeZones, Glyph, LetterZones, text_of};

use super::confidence::Measured;
use super::evidence::{Candidate, field, for_a_person, nothing, reading};
use super::glyphs::{one_off, squeeze};
use super::signature::{Form, Signature, list, seal, single, tokens};
use super::tail::{Item, Kind};
use super::{body, form, joint, names, nbest, proxy, scribe, signature};

/// What an anonymous letter is registered as.
pub const ANONYMOUS: &str = "匿名";

/// A joint letter has this many signatories or more (SZ 3.3).
const JOINT: usize = 5;

/// Fills sender, anonymous, joint and proxy.
pub(crate) fn read(
    pages: &[PageText],
    zones: &LetterZones,
    items: &[Item],
    envelope: &EnvelopeZones,
    fields: &mut Fields,
) {
    by_the_order(pages, zones, items, envelope, fields);
    // 卢坪村 is where somebody lives, unless its seal is there.
    let village = fields.sender_name.value.clone();
    let sealed = |name: &str| {
        let mut rows = zones.rows.iter().map(|row| row.compact());
        rows.any(|row| seal::under(&row).is_some_and(|under| under.ends_with(name)))
    };
    let said = |name| {
        fields
            .sender_name
            .signs
            .iter()
            .any(|s| s.name == name && s.value > 0.0)
    };
    let is_village =
        |name: &str| names::is_village(name) || names::may_be_village(name) && !said("agreed");
    if village.is_some_and(|name| is_village(&name) && !sealed(&name)) {
        fields.sender_name = for_a_person(std::mem::take(&mut fields.sender_name));
    }
    // Several seals: how many units signed hangs on every row that was read.
    let sealed = zones
        .rows
        .iter()
        .filter(|row| seal::is_units(&row.compact()));
    if sealed.count() > 1 {
        fields.sender_name = for_a_person(std::mem::take(&mut fields.sender_name));
    }
}

fn by_the_order(
    pages: &[PageText],
    zones: &LetterZones,
    items: &[Item],
    envelope: &EnvelopeZones,
    fields: &mut Fields,
) {
    let listed: Vec<Signature> = list(items)
        .into_iter()
        .map(|s| likelier(pages, s))
        .collect();
    let said = joint::count_said(zones);
    if listed.len() >= 2 {
        let on_envelope = envelope_name(envelope);
        return joint::several(pages, items, &listed, said, on_envelope, fields);
    }
    let mut signed = single(items);
    let in_text = joint::named_in_text(zones.body_rows());
    if signed.is_empty() && !in_text.is_empty() {
        let on_envelope = envelope_name(envelope);
        return joint::several(pages, items, &in_text, said, on_envelope, fields);
    }
    let named = |s: &Signature| matches!(s.form, Form::Person | Form::Unit);
    if said.is_some_and(|n| n as usize >= JOINT) && signed.first().is_some_and(named) {
        let on_envelope = envelope_name(envelope);
        return joint::several(pages, items, &signed[..1], said, on_envelope, fields);
    }
    if signed.is_empty() {
        let told = self_named(zones).or_else(|| signature::at_end(zones.body_rows()));
        signed.extend(told.or_else(|| signature::by_place(zones.tail_rows())));
    }
    let own_words = body::own_name(zones.body_rows())
        .or_else(|| body::own_name(zones.salutation_rows()))
        .or_else(|| body::name_in_form(zones.head()))
        .or_else(|| form::name(zones))
        .or_else(|| form::asked(zones))
        .or_else(|| form::sent_by(zones))
        .or_else(|| form::called(zones))
        .or_else(|| form::letterhead(zones.head()));
    if signed.is_empty() && own_words.is_none() {
        signed.extend(form::signed(zones));
    }
    // Who acts for whom may stand in the cells of a form alone.
    let acting = |item: &Item| matches!(item.kind, Kind::Agent | Kind::Principal);
    let told = |kind: Kind| items.iter().any(|item| item.kind == kind);
    let mut with_cells = items.to_vec();
    if !told(Kind::Agent) {
        let cells = form::cells(zones).into_iter().filter(acting);
        with_cells.extend(cells.filter(|cell| !told(cell.kind)));
    }
    let authorised = proxy::find(zones, &with_cells, &signed, own_words.as_ref());
    if let Some(found) = authorised {
        fields.joint = joint_of(std::slice::from_ref(&found.principal.value), None);
        fields.proxy = Some(found.proxy);
        let signatures = signed.iter().filter(|s| s.name() != found.principal.value);
        let lost = signatures
            .map(|s| candidate(s, Source::LetterSignature, "7.4.2.2/1").lost("代理人，登记委托人"))
            .chain(beside(items).filter(|a| a.value != found.principal.value))
            .collect();
        // Who speaks for whom is for a person to say.
        fields.sender_name = for_a_person(field(pages, &found.principal, Measured::Sender, lost));
        return;
    }
    fields.proxy = proxy::beside(zones, items, &signed);
    one(pages, items, &signed, own_words, envelope, fields);
    // 罗满珍等四人: fewer than a joint letter needs, but more than who signed.
    let with_him = joint::signed_with(zones.tail_rows()).or(said);
    if let Some(said) = with_him.filter(|n| *n > fields.joint.count && fields.joint.count > 0) {
        fields.joint = joint_of(&std::mem::take(&mut fields.joint.signatories), Some(said));
        fields.sender_name = for_a_person(std::mem::take(&mut fields.sender_name));
    }
}

/// Whether nobody who is named so may be taken for the sender unseen: whom the letter accuses, whom it is addressed to, an office of the roster.
pub(super) fn nobody_to_accept(fields: &Fields, roster: &Roster) -> bool {
    let Some(name) = &fields.sender_name.value else {
        return false;
    };
    fields.accused.iter().any(|accused| accused.name == *name)
        || fields.addressee.value.as_ref() == Some(name)
        || roster.orgs.iter().any(|org| org.name == *name)
        || super::organisation_called(name, roster).is_some()
        || names::may_be_no_name(name)
        || name.contains(':')
        || name.chars().all(|c| "年月日".contains(c))
}

/// 此信由X书写。 as the last sentence of a letter nobody signed.
fn self_named(zones: &LetterZones) -> Option<Signature> {
    let (kind, name) = scribe::in_body(zones.body_rows())?;
    (kind == Kind::Writer).then_some(Signature {
        glyphs: name,
        form: Form::Person,
        score: 0.8,
        phone: None,
        cut_out: false,
    })
}

/// Who is named under the letter by a label that is none of its writer's, for the officer to see.
fn beside(items: &[Item]) -> impl Iterator<Item = Alternative> {
    let why_not = |kind: Kind| match kind {
        Kind::Another => Some("标明为他人（被反映人、证明人、经手人等），不是署名"),
        Kind::Officer => Some("写明职务的负责人，不是署名；是否采用由经办人定"),
        Kind::Agent => Some("代理人，不是署名；是否采用由经办人定"),
        _ => None,
    };
    let named = items
        .iter()
        .filter_map(move |i| Some((why_not(i.kind)?, i)));
    named.flat_map(|(why_not, item)| {
        let named = tokens(&item.value).into_iter();
        named
            .filter(|s| matches!(s.form, Form::Person | Form::Unit))
            .map(move |s| candidate(&s, Source::LetterContact, "7.4.2.2/3").lost(why_not))
    })
}

/// Rows under the letter that only read like a name: 祝 康乐, 于株洲; for the officer to see.
fn aside(items: &[Item]) -> impl Iterator<Item = Alternative> {
    let bare = items.iter().filter(|i| i.kind == Kind::Bare);
    let named = bare.flat_map(|item| tokens(&item.value));
    let read = named.filter(|s| s.form == Form::Person && names::beside_letter(&s.name()));
    read.map(|s| {
        candidate(&s, Source::LetterSignature, "7.4.2.2/1")
            .lost("祝语或写信地点、时间，不是署名；是否采用由经办人定")
    })
}

/// Who only wrote the letter down, for the officer to see.
fn scribes(items: &[Item]) -> Vec<Alternative> {
    let named = items.iter().filter(|i| i.kind == Kind::Scribe);
    named
        .map(|i| {
            let name = squeeze(super::tail::trim(&i.value));
            Candidate::as_read(&name, 0.5, Source::LetterContact, "7.4.2.2/3")
                .lost("代笔人，不是署名；是否采用由经办人定")
        })
        .collect()
}

pub(super) fn candidate(signature: &Signature, source: Source, rule: &'static str) -> Candidate {
    Candidate::as_read(&signature.glyphs, signature.score, source, rule)
}

/// `said`: how many by the letter's own words, where not all are named.
pub(super) fn joint_of(names: &[String], said: Option<u32>) -> Joint {
    let count = (names.len() as u32).max(said.unwrap_or_default());
    Joint {
        is_joint: count as usize >= JOINT,
        count,
        signatories: names.to_vec(),
    }
}

/// A full name on the envelope.
fn envelope_name(envelope: &EnvelopeZones) -> Option<Candidate> {
    let glyphs = envelope.sender_name.as_ref()?;
    let text = text_of(glyphs);
    let score = names::person(&text).max(names::unit(&text));
    let in_place = names::word(&text) == Some(names::Word::InPlaceOfName);
    let whole = score > 0.0
        && !in_place
        && !names::incomplete(&text)
        && !names::pseudonym(&text)
        && !names::beside_letter(&text);
    whole.then(|| Candidate::as_read(glyphs, score.max(0.5), Source::EnvelopeSender, "7.4.2.2/2"))
}

/// Why who is named on the envelope is nobody by name: 谭先生, a surname alone, 一名老党员.
fn withheld(envelope: &EnvelopeZones) -> Option<&'static str> {
    let glyphs = envelope.sender_name.as_ref()?;
    let text = text_of(glyphs);
    let in_place = names::word(&text) == Some(names::Word::InPlaceOfName);
    if names::incomplete(&text) || glyphs.len() == 1 {
        Some("署名不完整")
    } else if in_place || names::pseudonym(&text) {
        Some("假名")
    } else {
        None
    }
}

/// A letter with one signature, or none.
fn one(
    pages: &[PageText],
    items: &[Item],
    signed: &[Signature],
    own_words: Option<Candidate>,
    envelope: &EnvelopeZones,
    fields: &mut Fields,
) {
    let (on_envelope, withheld) = (envelope_name(envelope), withheld(envelope));
    let contact = joint::contact_person(items);
    let mut lost: Vec<Alternative> = scribes(items);
    let others: Vec<Candidate> = [&own_words, &on_envelope]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    // Two or three characters nobody would take for a name are no signature where a name stands in a better place.
    let signed = if signed.first().is_some_and(|s| scrap(s, &others)) {
        lost.extend(signed.iter().map(|s| {
            candidate(s, Source::LetterSignature, "7.4.2.2/1").lost("不像姓名；信封或信内另有姓名")
        }));
        &[]
    } else {
        signed
    };
    let best = signed.first();
    let full = best.filter(|s| matches!(s.form, Form::Person | Form::Unit));
    if let Some(signature) = full {
        let read = candidate(signature, Source::LetterSignature, "7.4.2.2/1");
        let mut winner = with_alternatives(pages, &read, &others);
        if winner.value != read.value {
            lost.push(read.lost("识读原样；已按该字的其他识读结果改正"));
        }
        lost.extend(
            signed[1..].iter().map(|s| {
                candidate(s, Source::LetterSignature, "7.4.2.2/1").lost("不如所选署名清楚")
            }),
        );
        agree(
            &mut winner,
            &others,
            &mut lost,
            nbest::told(pages, &signature.glyphs),
        );
        fields.joint = joint_of(std::slice::from_ref(&winner.value), None);
        lost.extend(beside(items).filter(|a| a.value != winner.value));
        let field = field(pages, &winner, Measured::Sender, lost);
        // Two readings of one name: one of them is wrong, and a person must look. So must he where only alternatives make a name of it.
        let said = |name: &str| winner.signs.iter().any(|s| s.name == name && s.value > 0.0);
        // Nor is a signature let through that is another name than the writer's own words or the envelope have.
        let stranger = !others.is_empty() && !said("agreed") && signature.form == Form::Person;
        // 暮容芬: a surname nobody has is often one misread.
        let unheard = signature.form == Form::Person && names::person(&winner.value) < 0.8;
        let unsupported = unheard || said("by_alternatives");
        // 恒达公司 / 杜长河: whether the unit wrote or the man nobody can tell.
        let sure = |form: Form| signed.iter().any(|s| s.form == form && s.score >= 0.8);
        let either = sure(Form::Person) && sure(Form::Unit);
        // 段美兰 / 执笔:熊小梅: who held the pen may have held it for who signed.
        let holds_pen = items.iter().any(|item| {
            item.kind == Kind::Writer && text_of(&squeeze(&item.value)).starts_with(&winner.value)
        });
        let for_another = holds_pen
            && signed[1..]
                .iter()
                .any(|s| s.form == Form::Person && s.name() != winner.value);
        let disputed = said("rival")
            || stranger
            || either
            || for_another
            || signature.doubtful()
            || (unsupported || signature.cut_out) && !said("agreed");
        fields.sender_name = if disputed { for_a_person(field) } else { field };
        return;
    }
    if let Some(unsigned) = best {
        let reason = if unsigned.form == Form::Incomplete {
            "署名不完整"
        } else {
            "假名"
        };
        lost.extend(
            on_envelope
                .iter()
                .chain(&own_words)
                .map(|c| c.lost("信内署名不完整或为假名，是否采用由经办人定")),
        );
        // 包青天 may be called so.
        lost.extend(unsigned.cut_out.then(|| {
            candidate(unsigned, Source::LetterSignature, "7.4.2.2/1")
                .lost("像化名或称呼，不像姓名；是否采用由经办人定")
        }));
        anonymous(fields, reason, 1);
        let winner = Candidate {
            value: ANONYMOUS.to_owned(),
            ..candidate(unsigned, Source::LetterSignature, "7.4.2.2/3")
        };
        // A full name elsewhere may be the signature's, misread (requirement J1): a person decides.
        let named = !lost.is_empty();
        lost.extend(beside(items));
        let chosen = field(pages, &winner, Measured::Sender, lost);
        fields.sender_name = if named { for_a_person(chosen) } else { chosen };
        return;
    }
    lost.extend(beside(items).chain(aside(items)));
    // A contact person or someone who says who he is has put his name into the letter, though not under it: for the officer to accept.
    let labelled = own_words.clone().filter(signs_by_label);
    let named = labelled.or(contact).or(on_envelope.clone());
    let named = named.or(own_words.clone());
    match named {
        Some(winner) => {
            lost.extend(
                on_envelope
                    .iter()
                    .chain(&own_words)
                    .filter(|c| c.value != winner.value)
                    .map(|c| c.lost("次序在后")),
            );
            fields.joint = joint_of(std::slice::from_ref(&winner.value), None);
            let agreed = on_envelope.is_some_and(|e| e.value == winner.value);
            let doubtful = names::person(&winner.value).max(names::unit(&winner.value)) < 0.8
                || winner.source == Source::LetterBody
                || signs_by_label(&winner) && !agreed
                || winner.source == Source::EnvelopeSender && envelope.is_name_run_on;
            lost.retain(|a| a.value != winner.value);
            let chosen = field(pages, &winner, Measured::Sender, lost);
            fields.sender_name = if doubtful {
                for_a_person(chosen)
            } else {
                chosen
            };
        }
        // 联名人签名: with nothing behind it that could be read is no letter without a signature.
        None if items
            .iter()
            .any(|i| matches!(i.kind, Kind::ListHead | Kind::Unread)) =>
        {
            fields.sender_name = nothing(lost);
        }
        None => {
            let (reason, signed) = withheld.map_or(("无署名", 0), |reason| (reason, 1));
            anonymous(fields, reason, signed);
            // That nothing was found is no proof that nothing is there.
            let rule = Some("7.4.2.2/3".to_owned());
            fields.sender_name = Field {
                value: Some(ANONYMOUS.to_owned()),
                confidence: 0.6,
                rule,
                ..nothing(lost)
            };
        }
    }
}

/// 姓名:王芳 above a letter nobody signed: it stands where a signature would.
fn signs_by_label(own_words: &Candidate) -> bool {
    own_words.source == Source::LetterSignature
}

/// Whether a bare signature is nothing like a name, and like none of the full names elsewhere.
fn scrap(signature: &Signature, others: &[Candidate]) -> bool {
    let name = signature.name();
    let other = |o: &Candidate| {
        names::person(&o.value) >= 0.9 && !one_off(&o.value, &name) && !one_lost(&o.value, &name)
    };
    signature.form == Form::Person
        && signature.score < SCRAP
        && !others.is_empty()
        && others.iter().all(other)
}

/// Less than a labelled name with a surname nobody listed has.
const SCRAP: f32 = 0.43;

/// A signature whose doubtful characters are read as what makes a name of it, where the engine allows it.
fn likelier(pages: &[PageText], signature: Signature) -> Signature {
    match nbest::name(pages, &signature.glyphs, &[]) {
        Some(glyphs) if signature.form == Form::Person => Signature {
            glyphs,
            ..signature
        },
        _ => signature,
    }
}

/// The signature in the light of the other mentions of the name. These stay as read: agreement must not come out of a re-reading.
fn with_alternatives(pages: &[PageText], signed: &Candidate, others: &[Candidate]) -> Candidate {
    let mentions: Vec<&[Glyph]> = others.iter().map(|o| o.glyphs.as_slice()).collect();
    let mut winner = signed.clone();
    if let Some(glyphs) = nbest::name(pages, &signed.glyphs, &mentions) {
        winner.value = text_of(&glyphs);
        winner.prior *= 0.95;
    }
    let changed = winner.value != signed.value;
    winner.note("by_alternatives", f32::from(u8::from(changed)));
    winner
}

fn anonymous(fields: &mut Fields, reason: &str, count: u32) {
    fields.anonymous = Anonymous {
        value: true,
        reason: Some(reason.to_owned()),
    };
    fields.joint = Joint {
        is_joint: false,
        count,
        signatories: Vec::new(),
    };
}

/// Weighs the signature against the other places the same name stands in: agreement makes it surer; where they are one
/// character apart, the reading that more and surer characters speak for wins, and the other is listed. `weighed`: the engine's alternatives
/// were weighed over all mentions already, and no mention overrules them by itself.
fn agree(winner: &mut Candidate, others: &[Candidate], lost: &mut Vec<Alternative>, weighed: bool) {
    let support = |value: &str| {
        others
            .iter()
            .filter(|o| o.value == value)
            .map(|o| reading(&o.glyphs) * o.prior)
            .sum::<f32>()
    };
    let own = winner.confidence() + support(&winner.value);
    let rival = others
        .iter()
        .filter(|o| one_off(&o.value, &winner.value) || one_lost(&o.value, &winner.value))
        .max_by(|a, b| support(&a.value).total_cmp(&support(&b.value)));
    let agreed = support(&winner.value) > 0.0;
    if agreed {
        winner.prior = (winner.prior * 1.1).min(0.995);
    }
    let said = |name: &'static str, on: bool| Sign {
        name,
        value: f32::from(u8::from(on)),
    };
    let short = winner.value.chars().count() == 2;
    winner.signs.extend([
        said("agreed", agreed),
        said("rival", rival.is_some()),
        said("two_characters", short),
        said("only_mention", others.is_empty()),
    ]);
    match rival {
        // A character is lost or added at the edge of a line more easily than a name repeats itself wrongly.
        Some(other)
            if !agreed
                && one_lost(&other.value, &winner.value)
                && better_name(&other.value, &winner.value) =>
        {
            lost.push(winner.lost("与信内自述、信封上的写法差一字"));
            winner.value.clone_from(&other.value);
            winner.prior *= 0.9;
        }
        Some(other)
            if !weighed
                && one_off(&other.value, &winner.value)
                && support(&other.value) > own + 0.1 =>
        {
            lost.push(winner.lost("与信内自述、信封上的写法不一致"));
            winner.value = other.value.clone();
            winner.prior *= 0.9;
        }
        Some(other) => {
            winner.prior *= 0.85;
            lost.push(other.lost("与署名只差一字，以署名为准"));
        }
        None => {}
    }
    let stranger = |o: &&Candidate| o.value != winner.value && !one_off(&o.value, &winner.value);
    lost.extend(
        others
            .iter()
            .filter(stranger)
            .map(|o| o.lost("以信内署名为准")),
    );
}

/// Whether one text is the other with one character less.
fn one_lost(a: &str, b: &str) -> bool {
    let (long, short) = if a.len() > b.len() { (a, b) } else { (b, a) };
    if long.chars().count() != short.chars().count() + 1 {
        return false;
    }
    let mut rest = long.chars();
    short.chars().all(|c| rest.any(|l| l == c))
}

/// Whether `a` reads more like a full name than `b`; of two good ones the longer.
fn better_name(a: &str, b: &str) -> bool {
    let (x, y) = (names::person(a), names::person(b));
    x > y || x == y && a.chars().count() > b.chars().count()
}
