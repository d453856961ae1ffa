//! The front of an envelope: which lines name the recipient, which the sender, which are the postmark.
//!
//! Horizontal: recipient above, sender below right. Vertical: columns from right to left, recipient's address,
//! recipient, sender. The recipient's line ties the rest: what is past it belongs to the sender.

mod postmark;

use super::row::{Glyph, Row, certainty, fold, rows, text_of};
use super::{address_like, is_han};
use crate::domain::extract::glyphs::{chars_of, has_any, squeeze};
use crate::domain::extract::labels::{self, Kind};
use crate::domain::extract::names;
use crate::domain::gazetteer::Gazetteer;
use crate::domain::text::{PageText, Quad};

/// The parts of an envelope.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EnvelopeZones {
    /// Lines that name the recipient.
    pub recipient: Vec<Vec<Glyph>>,
    /// The sender's address.
    pub sender_address: Option<Vec<Glyph>>,
    /// The sender's name, without 寄 or 缄.
    pub sender_name: Option<Vec<Glyph>>,
    /// Whether the name was cut off the address it runs on from: …1204室王芳.
    pub is_name_run_on: bool,
    /// Lines of the sender that may hold a phone number.
    pub sender_lines: Vec<Vec<Glyph>>,
    /// Place in the postmark.
    pub postmark_place: Option<Vec<Glyph>>,
    /// Date in the postmark.
    pub postmark_date: Option<Vec<Glyph>>,
}

/// One piece of writing on the envelope with its place.
struct Piece {
    glyphs: Vec<Glyph>,
    text: String,
    /// Its left end, in px of the page.
    left: f32,
    /// How far it is from the recipient's corner to the sender's, 0 to 1.
    towards_sender: f32,
    middle: [f32; 2],
    height: f32,
}

/// Finds the parts of an envelope.
pub fn envelope_zones(index: usize, page: &PageText) -> EnvelopeZones {
    let vertical = is_vertical(page);
    let mut pieces = pieces(index, page, vertical);
    if !vertical {
        join_rests(&mut pieces);
    }
    let mut zones = EnvelopeZones::default();
    postmark::take(&mut pieces, &mut zones);
    pieces.retain(|p| !is_printed(&p.text));
    let recipient = pieces.iter().position(|p| names_recipient(&p.text));
    let recipient = recipient.or_else(|| pieces.iter().position(|p| is_office(&p.text)));
    let line = match recipient {
        Some(i) => pieces[i].towards_sender,
        None => 0.5,
    };
    for (i, piece) in pieces.into_iter().enumerate() {
        if Some(i) == recipient {
            zones.recipient.push(piece.glyphs);
        } else if piece.towards_sender > line {
            file_sender(&mut zones, piece);
        } else if !address_like(&piece.text) && recipient.is_none() {
            zones.recipient.push(piece.glyphs);
        }
    }
    zones
}

/// Puts the end of an address, a figure or what it counts, behind the row above it: …3单 / 元302, …家属院3 / 栋201.
fn join_rests(pieces: &mut Vec<Piece>) {
    let rest = |text: &str| {
        let known = |c: char| c.is_ascii_digit() || "-栋幢单元室号楼层座户排组院附".contains(c);
        let counts =
            text.starts_with(|c: char| !c.is_ascii_digit()) || text.ends_with(['室', '号', '户']);
        (1..=LONGEST_REST).contains(&text.chars().count()) && text.chars().all(known) && counts
    };
    let mut at = 0;
    while at < pieces.len() {
        let (left, height, y) = (pieces[at].left, pieces[at].height, pieces[at].middle[1]);
        let is_above = |p: &Piece| {
            let down = y - p.middle[1];
            let open = p
                .text
                .ends_with(|c: char| c.is_ascii_digit() || "单号栋幢".contains(c));
            let far = p.text.chars().count() >= SHORTEST_FIRST_ROW;
            let near = down > 0.5 * height && down < 2.2 * height;
            near && far && open && address_like(&p.text) && (p.left - left).abs() < 1.5 * height
        };
        let above = rest(&pieces[at].text)
            .then(|| pieces.iter().position(is_above))
            .flatten();
        let Some(above) = above else {
            at += 1;
            continue;
        };
        let end = pieces.remove(at);
        let above = above - usize::from(above > at);
        pieces[above].text.push_str(&end.text);
        pieces[above].glyphs.extend(end.glyphs);
    }
}

/// Characters of what is left of an address for its second row, and of the first at least.
const LONGEST_REST: usize = 6;
const SHORTEST_FIRST_ROW: usize = 12;

/// A public body's name alone: where no row says 收, the letter goes there.
pub(crate) fn is_office(text: &str) -> bool {
    let ends = [
        "信访局",
        "信访办",
        "信访办公室",
        "信访接待中心",
        "信访中心",
        "人民政府",
        "纪律检查委员会",
        "纪委",
        "监委",
        "人大常委会",
    ];
    ends.iter().any(|end| text.ends_with(end)) && !text.contains(|c: char| c.is_ascii_digit())
}

fn is_vertical(page: &PageText) -> bool {
    let han = |l: &&crate::domain::text::Line| l.text.chars().filter(|c| is_han(*c)).count();
    let columns: usize = page
        .lines
        .iter()
        .filter(|l| l.vertical)
        .map(|l| han(&l))
        .sum();
    let all: usize = page.lines.iter().map(|l| han(&l)).sum();
    columns * 2 > all
}

fn pieces(index: usize, page: &PageText, vertical: bool) -> Vec<Piece> {
    if vertical {
        return columns(index, page);
    }
    let page_height = page.height.max(1) as f32;
    let mut out = Vec::new();
    for row in rows(index, page) {
        for glyphs in split_wide(page, &row) {
            out.push(piece(page, glyphs, |m| m[1] / page_height));
        }
    }
    // The postmark is struck at any angle, so `rows` may have left it out.
    for i in 0..page.lines.len() {
        if !out.iter().any(|p| p.glyphs.iter().any(|g| g.line == i)) {
            out.push(piece(page, line_glyphs(index, i, page), |m| {
                m[1] / page_height
            }));
        }
    }
    out
}

fn line_glyphs(page_index: usize, line_index: usize, page: &PageText) -> Vec<Glyph> {
    let line = &page.lines[line_index];
    let known = line.chars.len() == line.text.chars().count();
    let glyph = |(at, ch): (usize, char)| Glyph {
        ch: fold(ch),
        raw: ch,
        confidence: if known {
            certainty(&line.chars[at])
        } else {
            line.confidence
        },
        page: page_index,
        line: line_index,
        at,
    };
    line.text.chars().enumerate().map(glyph).collect()
}

/// A row of an envelope may hold things that have nothing to do with each other: cut it at distances wider than two characters,
/// but keep the recipient's office and name together.
fn split_wide(page: &PageText, row: &Row) -> Vec<Vec<Glyph>> {
    let mut out: Vec<Vec<Glyph>> = Vec::new();
    let mut last: Option<usize> = None;
    for glyph in &row.glyphs {
        let wide = last.is_some_and(|l| {
            l != glyph.line && apart(&page.lines[l].quad, &page.lines[glyph.line].quad)
        });
        if wide || out.is_empty() {
            out.push(Vec::new());
        }
        if let Some(part) = out.last_mut() {
            part.push(*glyph);
        }
        last = Some(glyph.line);
    }
    out
}

fn apart(a: &Quad, b: &Quad) -> bool {
    let height = (a[3][1] - a[0][1]).abs().min((b[3][1] - b[0][1]).abs());
    b[0][0] - a[1][0] > 2.5 * height
}

fn columns(index: usize, page: &PageText) -> Vec<Piece> {
    let width = page.width.max(1) as f32;
    let mut columns: Vec<(f32, f32, Vec<usize>)> = Vec::new();
    let mut flat = Vec::new();
    let mut order: Vec<usize> = (0..page.lines.len()).collect();
    let top = |i: &usize| page.lines[*i].quad[0][1];
    order.sort_by(|a, b| top(a).total_cmp(&top(b)));
    for i in order {
        let line = &page.lines[i];
        let short = line.text.chars().count() == 1;
        if !line.vertical && !short {
            flat.push(i);
            continue;
        }
        let (from, to) = (
            line.quad[0][0].min(line.quad[3][0]),
            line.quad[1][0].max(line.quad[2][0]),
        );
        let home = columns.iter_mut().find(|(a, b, lines)| {
            let near = lines.last().is_none_or(|l| {
                let bottom = page.lines[*l].quad[2][1];
                line.quad[0][1] - bottom < 3.0 * (to - from).max(1.0)
            });
            near && to.min(*b) - from.max(*a) > 0.5 * (to - from).min(*b - *a)
        });
        match home {
            Some((a, b, lines)) => {
                *a = a.min(from);
                *b = b.max(to);
                lines.push(i);
            }
            None => columns.push((from, to, vec![i])),
        }
    }
    let mut out: Vec<Piece> = Vec::new();
    for (_, _, lines) in columns {
        let glyphs = lines
            .iter()
            .flat_map(|l| line_glyphs(index, *l, page))
            .collect();
        out.push(piece(page, glyphs, |m| 1.0 - m[0] / width));
    }
    for i in flat {
        out.push(piece(page, line_glyphs(index, i, page), |m| {
            1.0 - m[0] / width
        }));
    }
    out
}

fn piece(page: &PageText, glyphs: Vec<Glyph>, towards: impl Fn([f32; 2]) -> f32) -> Piece {
    let mut middle = [0.0, 0.0];
    let mut height = 1.0;
    let mut left = f32::MAX;
    let mut lines: Vec<usize> = glyphs.iter().map(|g| g.line).collect();
    lines.dedup();
    for &l in &lines {
        let quad = page.lines[l].quad;
        for [x, y] in quad {
            middle[0] += x / (4 * lines.len()) as f32;
            middle[1] += y / (4 * lines.len()) as f32;
        }
        height = (quad[3][1] - quad[0][1]).abs().max(1.0);
        left = left.min(quad[0][0]);
    }
    Piece {
        text: text_of(&glyphs),
        glyphs,
        towards_sender: towards(middle),
        left,
        middle,
        height,
    }
}

/// What is printed on or stuck to the envelope: postcodes, stamp, registered number.
fn is_printed(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    let han = text.chars().filter(|c| is_han(*c)).count();
    (digits <= 7 && han == 0)
        || (letters >= 2 && digits >= 6)
        || has_any(
            text,
            &[
                "挂号",
                "邮政编码",
                "邮政",
                "中国邮",
                "贴邮票",
                "邮票",
                "航空",
                "PAR AVION",
            ],
        )
}

fn names_recipient(text: &str) -> bool {
    let end = text.trim_end_matches(['。', '.', ',', '!', ':', '(', ')']);
    [
        "收", "启", "亲收", "亲启", "台启", "钧启", "收启", "敬启", "收阅", "亲阅", "阅", "鉴",
    ]
    .iter()
    .any(|e| end.ends_with(e))
        || has_any(text, &["收件人", "收信人"])
}

/// Words that close a sender's name on an envelope.
const SENDER_ENDS: &[&str] = &[
    "谨缄", "敬缄", "缄寄", "寄出", "谨寄", "缄", "寄", "封", "械", "絨", "托",
];

fn file_sender(zones: &mut EnvelopeZones, piece: Piece) {
    zones.sender_lines.push(piece.glyphs.clone());
    let mut glyphs = squeeze(&piece.glyphs);
    if is_inside_from_town(&text_of(&glyphs)) {
        return;
    }
    let mut closed = false;
    for end in SENDER_ENDS {
        if text_of(&glyphs).ends_with(end) && glyphs.len() > end.chars().count() + 1 {
            glyphs.truncate(glyphs.len() - end.chars().count());
            closed = true;
            break;
        }
    }
    closed |= cut_behind_sent(&mut glyphs);
    let is_led = |glyphs: &[Glyph]| {
        ["寄:", "自:", "from:", "From:"]
            .iter()
            .any(|w| text_of(glyphs).starts_with(w))
    };
    if is_led(&glyphs) {
        let colon = glyphs.iter().position(|g| g.ch == ':');
        glyphs.drain(..=colon.unwrap_or_default());
    } else if let Some((kind, value)) = labels::at_front(&chars_of(&glyphs)) {
        glyphs.drain(..value);
        let is_place = address_like(&text_of(&glyphs));
        match kind {
            Kind::Signer | Kind::Contact | Kind::Role => closed = true,
            Kind::Address => {
                keep_longer(&mut zones.sender_address, glyphs);
                return;
            }
            Kind::Called if is_place => {}
            // A number, a postcode, somebody else, or nobody knows what.
            _ => return,
        }
    }
    if !closed && word_for_sent(&text_of(&glyphs)) {
        glyphs.pop();
        closed = true;
    }
    cut_number_behind_name(&mut glyphs);
    let text = text_of(&glyphs);
    if text
        .chars()
        .all(|c| c.is_ascii_digit() || "-()".contains(c))
    {
        return;
    }
    if address_like(&text) || inside(&text) {
        let (mut address, mut name) = split_trailing_name(&glyphs, closed);
        let gap = name_behind_gap(&piece.glyphs, glyphs.len());
        let run_on = || name_run_on(&address);
        let length = gap.or_else(run_on).filter(|n| address.len() > *n);
        if name.is_none()
            && let Some(length) = length
        {
            name = Some(address.split_off(address.len() - length));
            zones.is_name_run_on |= gap.is_none() && zones.sender_name.is_none();
        }
        zones.sender_name = zones.sender_name.take().or(name);
        keep_longer(&mut zones.sender_address, address);
    } else if (2..=16).contains(&text.chars().count()) {
        let score = names::person(&text).max(if closed { 0.5 } else { 0.0 });
        // 宜兴 alone on an envelope is its postmark, not somebody called 宜兴.
        if !closed && names_town(&text) {
            zones.postmark_place = zones.postmark_place.take().or(Some(glyphs));
        } else if score > 0.0 && zones.sender_name.is_none() {
            zones.sender_name = Some(glyphs);
        } else if zones.sender_address.is_none() && text.chars().any(is_han) {
            zones.sender_address = Some(glyphs);
        }
    }
}

/// 王芳 13812345678: the number beside a whole name is none of it.
fn cut_number_behind_name(glyphs: &mut Vec<Glyph>) {
    let figure = |g: &Glyph| g.ch.is_ascii_digit() || "-()".contains(g.ch);
    let Some(at) = glyphs.iter().position(figure) else {
        return;
    };
    let (name, number) = glyphs.split_at(at);
    let bare = text_of(name);
    let bare = bare.trim_end_matches([':', ',', '.']);
    let named = names::person(bare) > 0.8 && !names_town(bare);
    if named && number.len() >= SHORTEST_NUMBER && number.iter().all(figure) {
        glyphs.truncate(bare.chars().count());
    }
}

/// Figures of a telephone number without its area code.
const SHORTEST_NUMBER: usize = 7;

fn keep_longer(kept: &mut Option<Vec<Glyph>>, other: Vec<Glyph>) {
    if kept.as_ref().is_none_or(|known| known.len() < other.len()) {
        *kept = Some(other);
    }
}

/// `王宽缄分`: a stroke of the frame is read behind 缄; whether it was cut off.
fn cut_behind_sent(glyphs: &mut Vec<Glyph>) -> bool {
    let sent = glyphs.iter().rposition(|g| matches!(g.ch, '缄' | '寄'));
    let Some(at) = sent.filter(|at| *at >= 2 && glyphs.len() - at <= 3) else {
        return false;
    };
    let name = text_of(&glyphs[..at]);
    let named = names::person(&name) > 0.8 || names::unit(&name) >= 0.8;
    if named {
        glyphs.truncate(at);
    }
    named
}

/// 内详, or what was read for it: two characters of which one is its own stand for no name.
pub(crate) fn inside(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let two = chars.len() == 2 && (chars[0] == '内' || chars[1] == '详');
    two || has_any(text, &["内详", "内祥", "详内", "内洋"])
}

/// 宣威内详, 莘县 内详, 本市内详: a town, and neither a home nor anybody's name.
fn is_inside_from_town(text: &str) -> bool {
    let town = ["内详", "内祥", "内洋"]
        .iter()
        .find_map(|word| text.strip_suffix(word));
    town.is_some_and(|town| names_town(town) || matches!(town, "本市" | "本县" | "本区"))
}

/// Whether a name's last character stands where 寄 or 缄 does, misread: a fourth one behind a whole name, or one that looks like 缄.
fn word_for_sent(text: &str) -> bool {
    let Some(last) = text.chars().last() else {
        return false;
    };
    let name = &text[..text.len() - last.len_utf8()];
    let behind = text.chars().count() == 4 && names::person(text) < 0.5;
    let alike = "绒织冈诚减碱咸絾缅".contains(last) && text.chars().count() >= 3;
    names::person(name) > 0.9 && (behind || alike)
}

/// `…幢1703室王小二寄` holds address and name.
fn split_trailing_name(glyphs: &[Glyph], closed: bool) -> (Vec<Glyph>, Option<Vec<Glyph>>) {
    let last = glyphs
        .iter()
        .rposition(|g| ENDS_ADDRESS.contains(g.ch) || g.ch.is_ascii_digit());
    if let (true, Some(last)) = (closed, last) {
        // …3号(王小二)寄
        let name = match &glyphs[last + 1..] {
            [open, inside @ .., close] if open.ch == '(' && close.ch == ')' => inside,
            name => name,
        };
        let text = text_of(name);
        // 南平镇谭寄: nothing but a surname.
        let surname = name.len() == 1 && names::is_surname(name[0].ch);
        if names::person(&text) > 0.5 || names::incomplete(&text) || surname {
            return (glyphs[..=last].to_vec(), Some(name.to_vec()));
        }
    }
    (glyphs.to_vec(), None)
}

/// Where the address on an envelope ends before a name.
const ENDS_ADDRESS: &str = "号室幢栋组楼户院苑园村镇乡";

/// `…村3组 覃玉兰`, `内详 覃玉兰`, `…12号 谭先生`: characters of a name with a gap before it, where the address ends. Of the piece so many are left
/// without what closes it.
fn name_behind_gap(glyphs: &[Glyph], left: usize) -> Option<usize> {
    let at = glyphs.iter().rposition(|g| g.ch == ' ')?;
    let front = squeeze(&glyphs[..at]).len();
    let name = squeeze(&glyphs[at..]);
    let name = &name[..left.checked_sub(front)?.min(name.len())];
    let before = text_of(&glyphs[..at]);
    let ends = before.ends_with(|c: char| "号室幢栋组楼户社队村".contains(c) || c.is_ascii_digit())
        || inside(&before);
    let place = name
        .last()
        .is_some_and(|g| "店村厂院里巷园城区楼苑".contains(g.ch));
    let text = text_of(name);
    let named = names::person(&text) > 0.8 && !place || names::incomplete(&text);
    (ends && named).then_some(name.len())
}

/// `…1204室覃玉兰`, `…12号谭先生`, `内详覃玉兰`: characters of a name behind a house's number, the gap between them lost.
fn name_run_on(glyphs: &[Glyph]) -> Option<usize> {
    let chars: Vec<char> = chars_of(glyphs);
    [4, 3, 2].into_iter().find(|length| {
        let Some(at) = chars.len().checked_sub(*length) else {
            return false;
        };
        let (before, name) = chars.split_at(at);
        let text: String = name.iter().collect();
        let housed = matches!(before, [.., figure, '室' | '号' | '户'] if figure.is_ascii_digit());
        let ends = housed || before == ['内', '详'];
        let surname = names::surname_length(name);
        let given = &name[surname.min(*length)..];
        // 12号和平里 has none of them.
        let whole = (1..=2).contains(&given.len())
            && surname > 0
            && given.iter().all(|c| names::is_given(*c))
            && names::person(&text) > 0.8
            && !names::ends_place(&text);
        let called = ["先生", "女士", "小姐", "同志", "师傅", "老师"];
        let withheld = called.iter().any(|word| text.ends_with(word));
        ends && (whole || withheld && names::incomplete(&text))
    })
}

/// Whether a text is the name of a city or county, mostly without the word for its level; 莘县 is one with it, and nobody called 莘.
fn names_town(text: &str) -> bool {
    if !(2..=4).contains(&text.chars().count()) {
        return false;
    }
    let gazetteer = Gazetteer::shared();
    let named = |end: &str| !gazetteer.named(&format!("{text}{end}")).is_empty();
    let whole = text.ends_with(['市', '县', '旗']) && named("");
    whole || ["市", "县", "区"].iter().any(|end| named(end))
}
