//! Printed A4 pages as PDF/A-2u: text, lines and areas at places in millimetres from its top left corner.
//!
//! It knows pages, not what stands on them. Left out: pictures, text layers under pictures.

mod font;

use std::collections::BTreeSet;
use std::path::PathBuf;

use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{Path, PathBuilder, Point};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings, color::rgb};

pub use font::PrintFont;

/// A4.
pub const PAGE_MM: (f32, f32) = (210.0, 297.0);
const POINTS_PER_MM: f32 = 72.0 / 25.4;

/// Why nothing was printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// The font's file is not there or cannot be read.
    #[error("the font {} cannot be read", file.display())]
    FontUnreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no TrueType or OpenType font.
    #[error("{} is no TrueType or OpenType font", file.display())]
    NotAFont {
        /// The file.
        file: PathBuf,
    },
    /// The page does not keep to PDF/A-2u.
    #[error("the page could not be written")]
    Refused(#[source] krilla::error::KrillaError),
}

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ink(pub u8, pub u8, pub u8);

impl From<Ink> for rgb::Color {
    fn from(Ink(red, green, blue): Ink) -> Self {
        Self::new(red, green, blue)
    }
}

/// How strongly a text is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// As the font has it.
    Plain,
    /// Thickened.
    Bold,
}

/// Which end of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// It begins there.
    Left,
    /// Its middle is there.
    Middle,
    /// It ends there.
    Right,
}

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    /// Size.
    pub points: f32,
    /// Colour.
    pub ink: Ink,
    /// Strength.
    pub weight: Weight,
    /// Place.
    pub align: Align,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Thickness.
    pub mm: f32,
    /// Colour.
    pub ink: Ink,
    /// Dash and gap of the same length; `None`: unbroken.
    pub dash_mm: Option<f32>,
}

/// What an archive reads without opening the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Title.
    pub title: String,
    /// Who made it.
    pub author: String,
    /// Language tag.
    pub language: &'static str,
    /// When it was made: year, month, day, hour, minute, second of the station's clock.
    pub made: [u16; 6],
    /// The zone's distance from UTC, in minutes.
    pub offset_minutes: i16,
}

/// Draws on a page. Distances are millimetres; a text's place is on its base line.
pub struct Pen<'a, 'page> {
    surface: &'a mut Surface<'page>,
    font: &'a PrintFont,
    missing: BTreeSet<char>,
}

/// Draws one page.
///
/// # Errors
/// [`PrintError::Refused`].
pub fn page(
    font: &PrintFont,
    about: &About,
    draw: impl FnOnce(&mut Pen<'_, '_>),
) -> Result<Vec<u8>, PrintError> {
    let mut draw = Some(draw);
    pages(font, about, 1, |_, pen| {
        if let Some(draw) = draw.take() {
            draw(pen);
        }
    })
}

/// Draws so many pages; `draw` gets the number of each, from 0.
///
/// # Errors
/// [`PrintError::Refused`].
pub fn pages(
    font: &PrintFont,
    about: &About,
    count: usize,
    mut draw: impl FnMut(usize, &mut Pen<'_, '_>),
) -> Result<Vec<u8>, PrintError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_U)
        .finish()
        .expect("one standard alone never contradicts itself");
    let mut document = Document::new_with(SerializeSettings {
        configuration,
        enable_tagging: false,
        ..SerializeSettings::default()
    });
    document.set_metadata(metadata(about));
    let size = (PAGE_MM.0 * POINTS_PER_MM, PAGE_MM.1 * POINTS_PER_MM);
    for at in 0..count {
        let a4 = PageSettings::from_wh(size.0, size.1).expect("A4 is a size");
        let mut page = document.start_page_with(a4);
        let mut surface = page.surface();
        draw(
            at,
            &mut Pen {
                surface: &mut surface,
                font,
                missing: BTreeSet::new(),
            },
        );
        surface.finish();
        page.finish();
    }
    document.finish().map_err(PrintError::Refused)
}

fn metadata(about: &About) -> Metadata {
    let [year, rest @ ..] = about.made;
    let [month, day, hour, minute, second] =
        rest.map(|part| u8::try_from(part).expect("parts of a date are small"));
    let (hours, minutes) = (about.offset_minutes / 60, about.offset_minutes % 60);
    let made = DateTime::new(year)
        .month(month)
        .day(day)
        .hour(hour)
        .minute(minute)
        .second(second)
        .utc_offset_hour(i8::try_from(hours).expect("no zone is a week away"))
        .utc_offset_minute(u8::try_from(minutes.abs()).expect("less than sixty"));
    Metadata::new()
        .title(about.title.clone())
        .authors(vec![about.author.clone()])
        .language(about.language.to_owned())
        .creator(format!("laixin {}", env!("CARGO_PKG_VERSION")))
        .creation_date(made)
}

impl Pen<'_, '_> {
    /// A text in one line.
    pub fn text(&mut self, (x, y): (f32, f32), text: &str, set: Type) {
        let line = self.font.set(text, &mut self.missing);
        if line.glyphs.is_empty() {
            return;
        }
        let width = line.ems * set.points / POINTS_PER_MM;
        let left = match set.align {
            Align::Left => x,
            Align::Middle => x - width / 2.0,
            Align::Right => x - width,
        };
        self.surface.set_fill(Some(fill(set.ink)));
        let thickened = Stroke {
            paint: rgb::Color::from(set.ink).into(),
            width: set.points * 0.035,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        self.surface
            .set_stroke((set.weight == Weight::Bold).then_some(thickened));
        let at = Point::from_xy(left * POINTS_PER_MM, y * POINTS_PER_MM);
        let font = self.font.krilla();
        self.surface
            .draw_glyphs(at, &line.glyphs, font, &line.text, set.points, false);
    }

    /// How wide a text would be.
    #[must_use]
    pub fn width_mm(&self, text: &str, points: f32) -> f32 {
        self.font.set(text, &mut BTreeSet::new()).ems * points / POINTS_PER_MM
    }

    /// A text broken into lines that are not wider than this: anywhere between Chinese characters, between words otherwise.
    #[must_use]
    pub fn lines(&self, text: &str, points: f32, width_mm: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for piece in pieces(text) {
            let line = lines.last_mut().expect("there is always one");
            if self.width_mm(&format!("{line}{}", piece.trim_end()), points) <= width_mm {
                line.push_str(piece);
            } else if self.width_mm(piece, points) <= width_mm {
                lines.push(piece.to_owned());
            } else {
                self.break_piece(&mut lines, piece, points, width_mm);
            }
        }
        lines
    }

    /// A word longer than a line is broken where the line ends.
    fn break_piece(&self, lines: &mut Vec<String>, piece: &str, points: f32, width_mm: f32) {
        for c in piece.chars() {
            let line = lines.last_mut().expect("there is always one");
            if self.width_mm(&format!("{line}{c}"), points) <= width_mm || line.is_empty() {
                line.push(c);
            } else {
                lines.push(c.to_string());
            }
        }
    }

    /// Characters that the font had no glyph for so far.
    #[must_use]
    pub fn missing(&self) -> &BTreeSet<char> {
        &self.missing
    }

    /// Lines from place to place.
    pub fn path(&mut self, places: &[(f32, f32)], rule: Rule) {
        let Some(path) = path(places, Ends::Open) else {
            return;
        };
        self.surface.set_fill(None);
        self.surface.set_stroke(Some(stroke(rule)));
        self.surface.draw_path(&path);
    }

    /// A filled area with these corners.
    pub fn area(&mut self, corners: &[(f32, f32)], ink: Ink) {
        let Some(path) = path(corners, Ends::Joined) else {
            return;
        };
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(fill(ink)));
        self.surface.draw_path(&path);
    }

    /// A filled rectangle.
    pub fn block(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), ink: Ink) {
        let (right, bottom) = (x + width, y + height);
        self.area(&[(x, y), (right, y), (right, bottom), (x, bottom)], ink);
    }

    /// The outline of a rectangle.
    pub fn frame(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), rule: Rule) {
        let (right, bottom) = (x + width, y + height);
        let corners = [(x, y), (right, y), (right, bottom), (x, bottom)];
        let Some(path) = path(&corners, Ends::Joined) else {
            return;
        };
        self.surface.set_fill(None);
        self.surface.set_stroke(Some(stroke(rule)));
        self.surface.draw_path(&path);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Open,
    Joined,
}

fn path(places: &[(f32, f32)], ends: Ends) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (at, (x, y)) in places.iter().enumerate() {
        let (x, y) = (x * POINTS_PER_MM, y * POINTS_PER_MM);
        if at == 0 {
            builder.move_to(x, y);
        } else {
            builder.line_to(x, y);
        }
    }
    if ends == Ends::Joined {
        builder.close();
    }
    builder.finish()
}

fn fill(ink: Ink) -> Fill {
    Fill {
        paint: rgb::Color::from(ink).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }
}

fn stroke(rule: Rule) -> Stroke {
    Stroke {
        paint: rgb::Color::from(rule.ink).into(),
        width: rule.mm * POINTS_PER_MM,
        line_join: LineJoin::Round,
        dash: rule.dash_mm.map(|mm| StrokeDash {
            array: vec![mm * POINTS_PER_MM; 2],
            offset: 0.0,
        }),
        ..Stroke::default()
    }
}

/// Where a line may end: after every Chinese character that no closing mark follows, after spaces and hyphens elsewhere.
fn pieces(text: &str) -> Vec<&str> {
    const NEVER_FIRST: &str = "，。、；：！？）》”’】％%,.;:!?)";
    const NEVER_LAST: &str = "（《“‘【(";
    let mut found = Vec::new();
    let mut start = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let end = at + c.len_utf8();
        let Some((_, next)) = characters.peek() else {
            break;
        };
        let han = |c: char| u32::from(c) >= 0x2e80;
        let between = c == ' ' || c == '-' || han(c) || han(*next);
        if between && !NEVER_FIRST.contains(*next) && !NEVER_LAST.contains(c) && *next != ' ' {
            found.push(&text[start..end]);
            start = end;
        }
    }
    found.push(&text[start..]);
    found
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() {
        let text = "柜门（外侧）未关，请“关好”再试 dose 104.2 mJ/cm²。";
        let found = pieces(text);
        assert_eq!(found.concat(), text);
        for piece in &found {
            assert!(!piece.starts_with(['，', '。', '）', '”']), "{found:?}");
            assert!(!piece.ends_with(['（', '“']), "{found:?}");
        }
        assert!(found.contains(&"dose "), "words stay whole: {found:?}");
    }
}
