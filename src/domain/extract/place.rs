//! A written address made ready: its divisions known, misread characters put right where a name or the grammar of house numbers says so.
//!
//! Repairs need a hit in the gazetteer, or a stroke in the middle of a house number that can only be a figure; each is counted, and what
//! the page says stays in the field's `raw`. Nothing that is not written is added: missing upper levels become alternatives.

use crate::domain::gazetteer::{Divisions, Gazetteer, Level, Place};
use crate::domain::text::PageText;
use crate::domain::zones::{Glyph, is_han, text_of};

use super::glyphs::{chars_of, swap_cost};
use super::nbest;

/// An address ready to be registered.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// The characters as read.
    pub(crate) glyphs: Vec<Glyph>,
    /// The characters as they are to be registered, one for each read.
    pub(crate) chars: Vec<char>,
    /// The divisions it begins with.
    pub(crate) divisions: Option<Divisions>,
    /// Characters read that belong to nothing and were left out.
    pub(crate) added: usize,
    /// Strokes taken for the figure 1, and words for a house taken out of the engine's alternatives: shown, never let through.
    pub(crate) strokes: usize,
    /// What each character may be, as read first; one for each glyph.
    options: Vec<Vec<(char, f32)>>,
}

impl Written {
    /// Reads an address; blanks are out already.
    pub(crate) fn new(pages: &[PageText], glyphs: &[Glyph], home: Option<Place>) -> Self {
        let mut glyphs = glyphs.to_vec();
        let gazetteer = Gazetteer::shared();
        let divisions_of = |glyphs: &[Glyph]| {
            let sure: Vec<f32> = glyphs.iter().map(|g| g.confidence).collect();
            let may_be = |g: &Glyph| nbest::options(pages, g).iter().map(|(c, _)| *c).collect();
            let others: Vec<Vec<char>> = glyphs.iter().map(may_be).collect();
            gazetteer.divisions_among(&chars_of(glyphs), &sure, &others, home)
        };
        let mut divisions = divisions_of(&glyphs);
        // What is left of a label or a bracket before the first division.
        for junk in 1..=2.min(glyphs.len().saturating_sub(4)) {
            let later = divisions_of(&glyphs[junk..]);
            let nothing_lost = !glyphs[..junk].iter().any(|g| is_han(g.ch));
            if divisions.is_none() && nothing_lost && later.is_some() {
                glyphs.drain(..junk);
                divisions = later;
                break;
            }
        }
        let mut chars = chars_of(&glyphs);
        let read = glyphs.len();
        put_right(&mut glyphs, &mut chars, divisions.as_ref());
        let added = read - glyphs.len();
        let tail = divisions.as_ref().map_or(0, |d| d.length) - added;
        let options: Vec<Vec<(char, f32)>> =
            glyphs.iter().map(|g| nbest::options(pages, g)).collect();
        let strokes = strokes_to_figures(&mut chars[tail..])
            + houses_among(&mut chars[tail..], &options[tail..])
            + figures_among(&mut chars[tail..], &options[tail..]);
        Self {
            strokes,
            options,
            added,
            glyphs,
            chars,
            divisions,
        }
    }

    /// A place by its name alone, without a closer look.
    pub(crate) fn named(name: &str, glyphs: &[Glyph]) -> Self {
        Self {
            glyphs: glyphs.to_vec(),
            chars: name.chars().collect(),
            divisions: None,
            added: 0,
            strokes: 0,
            options: Vec::new(),
        }
    }

    /// How likely the character at `at` is `ch`.
    fn odds(&self, at: usize, ch: char) -> f32 {
        let found = self
            .options
            .get(at)
            .and_then(|o| o.iter().find(|(c, _)| *c == ch));
        found.map_or(UNTOLD, |(_, p)| *p)
    }

    /// The value to register.
    pub(crate) fn value(&self) -> String {
        self.chars.iter().collect()
    }

    /// How many of its characters the gazetteer vouches for: those of its divisions.
    pub(crate) fn vouched(&self) -> usize {
        let length = self.divisions.as_ref().map_or(0, |d| d.length);
        length.saturating_sub(self.added).min(self.chars.len())
    }

    /// Where it may begin and still name a division of its own: at the first character, and behind each division but the lowest.
    pub(crate) fn begins_at(&self) -> Vec<usize> {
        let steps = self.divisions.iter().flat_map(|d| &d.steps);
        let ends = steps.scan(0, |at, step| {
            let name = step.repaired.as_ref().map(|n| n.chars().count());
            *at += name.unwrap_or(step.length);
            Some(*at)
        });
        let mut begins: Vec<usize> = [0].into_iter().chain(ends).collect();
        if begins.len() > 1 {
            begins.pop();
        }
        begins.retain(|at| *at <= self.chars.len());
        begins
    }

    /// The town it names as the page has it, before anything was put right.
    pub(crate) fn town_as_read(&self) -> Option<String> {
        let mut at = 0;
        self.divisions.as_ref()?.steps.iter().find_map(|step| {
            let name = step.repaired.as_ref().map(|n| n.chars().count());
            let range = at..at + name.unwrap_or(step.length);
            at = range.end;
            let is_town = Gazetteer::shared().level(step.place) == Level::Town;
            let read = self.glyphs.get(range).filter(|_| is_town)?;
            Some(text_of(read))
        })
    }

    /// How many characters differ from what was read.
    pub(crate) fn repairs(&self) -> usize {
        let read = self.glyphs.iter().map(|g| g.ch);
        let changed = self.chars.iter().zip(read).filter(|(a, b)| **a != *b);
        let taken = self.chars.len().saturating_sub(self.glyphs.len());
        self.added + taken + changed.count()
    }

    /// How many of its divisions stand there without the end of their names: 江苏 for 江苏省, or a character was lost.
    pub(crate) fn short_names(&self) -> usize {
        let steps = self.divisions.iter().flat_map(|d| &d.steps);
        let short = steps.filter(|s| {
            let written = s.repaired.as_ref().map_or(s.length, |n| n.chars().count());
            !s.former && written < Gazetteer::shared().name(s.place).chars().count()
        });
        short.count()
    }

    /// The value with the upper levels nobody wrote; `None` where all are written or nothing is known.
    pub(crate) fn with_upper_levels(&self) -> Option<String> {
        let gazetteer = Gazetteer::shared();
        let divisions = self.divisions.as_ref()?;
        let first = divisions.steps.first()?;
        let lineage = gazetteer.lineage(first.place);
        let unwritten = &lineage[..lineage.len() - 1];
        if unwritten.is_empty() {
            return None;
        }
        let upper: String = unwritten.iter().map(|p| gazetteer.name(*p)).collect();
        Some(upper + &self.value())
    }

    /// The value with today's names where former ones are written.
    pub(crate) fn with_todays_names(&self) -> Option<String> {
        let divisions = self.divisions.as_ref()?;
        if !divisions.steps.iter().any(|s| s.former) {
            return None;
        }
        let mut out = String::new();
        let mut at = 0;
        for step in &divisions.steps {
            // 巢湖市居巢区 is 巢湖市 today.
            let is_said = step.former && out.ends_with(Gazetteer::shared().name(step.place));
            if step.former && !is_said {
                out.push_str(Gazetteer::shared().name(step.place));
            } else if !step.former {
                let name = step.repaired.as_ref().map(|n| n.chars().count());
                out.extend(&self.chars[at..at + name.unwrap_or(step.length)]);
            }
            let name = step.repaired.as_ref().map(|n| n.chars().count());
            at += name.unwrap_or(step.length);
        }
        out.extend(&self.chars[at..]);
        Some(out)
    }

    /// Where something stands behind its divisions that is written as a district or a city and is none of theirs: its characters. 夷凌区 below 宜昌市, 东元市
    /// below 盐城市.
    fn unknown_district(&self) -> Option<&[char]> {
        let divisions = self.divisions.as_ref()?;
        let lowest = divisions.lowest()?;
        if Gazetteer::shared().level(lowest) >= Level::County {
            return None;
        }
        let rest = self
            .chars
            .get(divisions.length.saturating_sub(self.added)..)?;
        let end = rest
            .iter()
            .take(LONGEST_DISTRICT)
            .position(|c| matches!(c, '区' | '县' | '市'))?;
        let district = &rest[..=end];
        let text: String = district.iter().collect();
        let is_named = district.iter().all(|c| is_han(*c)) && (2..LONGEST_DISTRICT).contains(&end);
        let goes_on = rest
            .get(end + 1)
            .is_some_and(|c| matches!(c, '路' | '街' | '大' | '委' | '场' | '政' | '民'));
        let is_other = NO_DISTRICTS.iter().any(|word| text.ends_with(word))
            || text.contains(['路', '街', '巷', '村', '镇', '乡']);
        (is_named && !goes_on && !is_other).then_some(district)
    }

    /// Whether it names a district that does not exist below its city.
    pub(crate) fn has_unknown_district(&self) -> bool {
        self.unknown_district().is_some()
    }

    /// Whether a town stands behind its divisions that is none of theirs: 一元镇 below 福清市, 山街道 below 北仑区. What was read there is no name, or its first
    /// character was not read at all.
    pub(crate) fn has_unknown_town(&self) -> bool {
        let Some(divisions) = &self.divisions else {
            return false;
        };
        let level = divisions.lowest().map(|p| Gazetteer::shared().level(p));
        if level.is_none_or(|level| level > Level::County) {
            return false;
        }
        let rest = self
            .chars
            .get(divisions.length.saturating_sub(self.added)..)
            .unwrap_or_default();
        let text: String = rest.iter().take_while(|c| is_han(**c)).collect();
        ["街道", "镇", "乡"].iter().any(|word| {
            let Some((name, behind)) = text.split_once(word) else {
                return false;
            };
            // 古镇路, 水乡花园, 街道办 without a name.
            let is_named = (1..=LONGEST_TOWN).contains(&name.chars().count());
            let is_other = name.contains(['路', '街', '巷', '村', '区', '城'])
                || behind.starts_with(['路', '街', '巷', '大', '花', '小', '新', '苑', '园', '政']);
            is_named && !is_other
        })
    }

    /// With the districts of its city that the one it names may be a misreading or a slip of: one character is another, like in shape or sound, or no
    /// other district is that near.
    pub(crate) fn with_known_districts(&self) -> Vec<String> {
        let (Some(written), Some(divisions)) = (self.unknown_district(), &self.divisions) else {
            return Vec::new();
        };
        let gazetteer = Gazetteer::shared();
        let above = divisions.lowest().into_iter();
        let below = above.flat_map(|place| gazetteer.below(place).iter().copied());
        let below = below.flat_map(|p| gazetteer.below(p).iter().copied().chain([p]));
        let counties = below.filter(|p| gazetteer.level(*p) == Level::County);
        let apart = |name: &str| {
            let pairs = name.chars().zip(written.iter().copied());
            let apart: Vec<(char, char)> = pairs.filter(|(a, b)| a != b).collect();
            let same_length = name.chars().count() == written.len();
            match apart[..] {
                [(meant, read)] if same_length => Some(swap_cost(read, meant)),
                _ => None,
            }
        };
        let near: Vec<(&str, f32)> = counties
            .filter_map(|p| Some((gazetteer.name(p), apart(gazetteer.name(p))?)))
            .collect();
        let is_only = near.len() == 1;
        let near = near.into_iter().filter(|(_, cost)| is_only || *cost < 1.0);
        let at = divisions.length.saturating_sub(self.added);
        let with = |name: &str| {
            let (before, behind) = (&self.chars[..at], &self.chars[at + written.len()..]);
            before
                .iter()
                .copied()
                .chain(name.chars())
                .chain(behind.iter().copied())
                .collect()
        };
        near.map(|(name, _)| with(name)).collect()
    }

    /// Whether another mention begins with this one and has a few characters more of a house or a room.
    pub(crate) fn goes_on_in(&self, other: &Self) -> bool {
        let more = other.chars.len().saturating_sub(self.chars.len());
        let ends = other
            .chars
            .last()
            .is_some_and(|c| HOUSES.contains(*c) || c.is_ascii_digit());
        (1..=6).contains(&more) && other.chars.starts_with(&self.chars) && ends
    }

    /// Takes over characters from another reading of the same address where that one is the surer; `true` when it is the same address.
    pub(crate) fn agree(&mut self, other: &Self) -> bool {
        if self.chars.len() != other.chars.len() {
            return false;
        }
        let apart: Vec<usize> = (0..self.chars.len())
            .filter(|&i| self.chars[i] != other.chars[i])
            .collect();
        if apart.len() > 3 || apart.len() * 3 > self.chars.len() {
            return false;
        }
        for i in apart {
            let (own, theirs) = (self.chars[i], other.chars[i]);
            let both = |ch: char| self.odds(i, ch) * other.odds(i, ch);
            let either = self
                .options
                .get(i)
                .into_iter()
                .chain(other.options.get(i))
                .flatten()
                .map(|(c, _)| *c);
            let best = either
                .chain([own, theirs])
                .max_by(|a, b| both(*a).total_cmp(&both(*b)));
            if let Some(best) = best
                && both(best) > SURER * both(own)
            {
                self.chars[i] = best;
            }
        }
        true
    }
}

/// Characters of a town's name before 镇, 乡 or 街道.
const LONGEST_TOWN: usize = 5;

/// Characters of a district with its 区 or 县 that are looked at, and what ends so and is none.
const LONGEST_DISTRICT: usize = 5;
const NO_DISTRICTS: &[&str] = &[
    "小区",
    "社区",
    "园区",
    "工业区",
    "开发区",
    "新区",
    "高新区",
    "校区",
    "景区",
    "片区",
    "矿区",
    "生活区",
    "住宅区",
    "农业区",
    "厂区",
    "院区",
    "库区",
    "度假区",
    "管理区",
    "保护区",
    "保税区",
    "港区",
    "商区",
    "街区",
    "城区",
    "示范区",
    "安置区",
    "营区",
    "超市",
    "城市",
    "都市",
    "夜市",
    "早市",
    "集市",
    "花市",
];

/// Another reading of a character is taken only when both mentions together make it likelier by this factor.
const SURER: f32 = 1.15;
/// How likely a character is that the engine does not name.
const UNTOLD: f32 = 0.01;

/// What stands behind a figure and counts nothing, where the engine allows a word that does: 305语9幢 with 号 among what 语 may be.
fn houses_among(chars: &mut [char], options: &[Vec<(char, f32)>]) -> usize {
    let mut found = 0;
    for i in 1..chars.len() {
        let strange =
            chars[i - 1].is_ascii_digit() && is_han(chars[i]) && !COUNTED.contains(chars[i]);
        let house = |o: &&(char, f32)| HOUSES.contains(o.0);
        let allowed = options.get(i).and_then(|o| o.iter().find(house));
        if let (true, Some((ch, _))) = (strange, allowed) {
            chars[i] = *ch;
            found += 1;
        }
    }
    found
}

/// What is neither a figure nor a word before 单元 or 室, where the engine allows a figure: `3幢(单元`.
fn figures_among(chars: &mut [char], options: &[Vec<(char, f32)>]) -> usize {
    let mut found = 0;
    for i in 0..chars.len().saturating_sub(1) {
        let strange =
            !is_han(chars[i]) && !chars[i].is_ascii_digit() && !matches!(chars[i], '-' | '#' | ')');
        let counted = HOUSES.contains(chars[i + 1])
            || chars[i + 1] == '单'
            || chars[i + 1].is_ascii_digit() && i > 0;
        let allowed = options
            .get(i)
            .and_then(|o| o.iter().find(|o| o.0.is_ascii_digit()));
        if let (true, true, Some((ch, _))) = (strange, counted, allowed) {
            chars[i] = *ch;
            found += 1;
        }
    }
    found
}

/// Words for houses and what is in them.
const HOUSES: &str = "号幢栋室弄组楼层座";
/// What may stand behind a figure.
const COUNTED: &str = "号幢栋室弄组楼层单座户队社区期巷附里排门院宅甲乙丙丁戊东西南北村街路大支";

/// Puts the names of repaired divisions where they stand; a character too many goes with its glyph.
fn put_right(glyphs: &mut Vec<Glyph>, chars: &mut Vec<char>, divisions: Option<&Divisions>) {
    let mut at = 0;
    for step in divisions.into_iter().flat_map(|d| &d.steps) {
        let Some(name) = &step.repaired else {
            at += step.length;
            continue;
        };
        let length = name.chars().count();
        if length < step.length {
            let same = name
                .chars()
                .zip(&chars[at..])
                .take_while(|(a, b)| a == *b)
                .count();
            chars.remove(at + same);
            glyphs.remove(at + same);
        }
        for (place, ch) in chars[at..].iter_mut().zip(name.chars()) {
            *place = ch;
        }
        at += length;
    }
}

/// `|2号`, `l幢`: a stroke beside a figure or before the word for a house is the figure 1.
fn strokes_to_figures(chars: &mut [char]) -> usize {
    let mut found = 0;
    let houses = [
        '号', '幢', '栋', '室', '弄', '组', '楼', '层', '单', '-', '#',
    ];
    for i in 0..chars.len() {
        if !matches!(chars[i], '|' | 'l' | 'I' | '!' | '丨' | 'i') {
            continue;
        }
        let figure = |c: Option<&char>| {
            c.is_some_and(|c| c.is_ascii_digit() || matches!(c, '|' | 'l' | 'I'))
        };
        let before = i > 0 && (figure(chars.get(i - 1)) || chars[i - 1] == '-');
        let after = chars.get(i + 1);
        let behind = figure(after) || after.is_some_and(|c| houses.contains(c));
        // 0! ends a text; inside an address it is a figure.
        if before && chars[i] != '!' || behind {
            chars[i] = '1';
            found += 1;
        }
    }
    found
}

/// A character behind a figure that counts nothing: 语 of `305语9幢` was read for 号.
pub(crate) fn counts_nothing(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let behind_figure = |w: &[char]| w[0].is_ascii_digit() && is_han(w[1]);
    chars
        .windows(2)
        .any(|w| behind_figure(w) && !COUNTED.contains(w[1]))
}

/// Whether a text ends like an address: with a figure or the word for a house, a road, a place.
pub(crate) fn ends_well(text: &str) -> bool {
    let ends = [
        '号', '室', '幢', '栋', '楼', '组', '村', '户', '苑', '园', '区', '镇', '乡', '街', '路',
        '巷', '弄', '里', '城', '院', '寓', '坊', '元', '层', '庭', '庄', '屯', '社', '队', '府',
        '邨', '湾', '道', '座',
    ];
    let last = text.chars().last();
    // 201房
    let room = text
        .strip_suffix('房')
        .is_some_and(|n| n.ends_with(|c: char| c.is_ascii_digit()));
    last.is_some_and(|c| ends.contains(&c) || c.is_ascii_digit()) || room || is_beside(text)
}

/// Whether a text ends in what tells on which side of something a home lies: 村委会旁, 学校后面第二家.
pub(crate) fn is_beside(text: &str) -> bool {
    let numbers = |c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c);
    let house = ["家", "户", "间"].iter().find_map(|word| {
        let nth = text.strip_suffix(word)?.trim_end_matches(numbers);
        nth.strip_suffix('第')
    });
    let text = house.unwrap_or(text);
    BESIDE.iter().any(|word| text.ends_with(word))
}

/// 柳林村三组46户, 金荆花苑三十二户: how many households speak is no part of where they live; 4单元201户 is a door.
pub(crate) fn without_households(text: &str) -> &str {
    let is_count = |c: char| c.is_ascii_digit() || "一二两三四五六七八九十百几数多余来".contains(c);
    let Some(counted) = text.strip_suffix('户') else {
        return text;
    };
    let place = counted.trim_end_matches(is_count);
    let count = &counted[place.len()..];
    let door = count.chars().all(|c| c.is_ascii_digit()) && count.len() >= 3
        || place.ends_with(['栋', '幢', '楼', '元', '层', '号', '-']);
    if count.is_empty() || door {
        text
    } else {
        place
    }
}

/// What an address may end in that tells on which side of something a home lies.
pub(crate) const BESIDE: &[&str] = &[
    "左手边",
    "右手边",
    "左侧",
    "右侧",
    "左边",
    "右边",
    "后面",
    "前面",
    "后边",
    "前边",
    "旁边",
    "隔壁",
    "对面",
    "背后",
    "东侧",
    "西侧",
    "南侧",
    "北侧",
    "东头",
    "西头",
    "东户",
    "西户",
    "附近",
    "旁",
    "斜对面",
    "门口",
];

/// Whether a text is the name of a division, with or without the word for its level.
pub(crate) fn is_town(text: &str) -> bool {
    let gazetteer = Gazetteer::shared();
    let named = |name: &str| !gazetteer.named(name).is_empty();
    let ends = [
        "省",
        "市",
        "县",
        "区",
        "镇",
        "乡",
        "旗",
        "街道",
        "自治县",
        "自治区",
        "自治州",
    ];
    named(text) || ends.iter().any(|end| named(&format!("{text}{end}")))
}

/// A postmark's place: the name of a division, where one character was misread the one of the office's own province that it must be.
pub(crate) fn postmark_name(pages: &[PageText], glyphs: &[Glyph], home: Option<Place>) -> String {
    let others: Vec<Vec<char>> = glyphs
        .iter()
        .map(|g| nbest::options(pages, g).iter().map(|(c, _)| *c).collect())
        .collect();
    Gazetteer::shared()
        .near_name(&chars_of(glyphs), &others, home)
        .unwrap_or_else(|| text_of(glyphs))
}
