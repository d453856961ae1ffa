//! Where the writer lives, out of the body (SZ 7.4.2.3/3): only what is said of the writer's own home, never of others' or of the matter's place.

use crate::domain::field::Source;
use crate::domain::zones::{Glyph, Row, address_like, is_han, text_of};

use super::body::{flow, sentences};
use super::evidence::Candidate;
use super::glyphs::{chars_of, find_from, has_any};
use super::labels::WRITERS;
use super::names;
use super::phone::find_phones;
use super::place;
use super::whose::Writers;
use super::whose::subject::{Subject, mentions_another, of_home};

/// Phrases that say where the writer lives; what stands between them and the end of the clause is the place.
const LIVING: &[(&str, Needs)] = &[
    ("家住", Needs::Nothing),
    ("我住在", Needs::Nothing),
    ("我住", Needs::Nothing),
    ("我家在", Needs::Nothing),
    ("我家住", Needs::Nothing),
    ("我家就在", Needs::Nothing),
    ("我家就住", Needs::Nothing),
    ("我的家在", Needs::Nothing),
    ("我的家就在", Needs::Nothing),
    ("我的住处", Needs::Nothing),
    ("本人住处", Needs::Nothing),
    ("我的住所", Needs::Nothing),
    ("我住哪里", Needs::Nothing),
    ("我住在哪里", Needs::Nothing),
    ("家就在", Needs::Nothing),
    ("家就住", Needs::Nothing),
    ("常年住在", Needs::Self_),
    ("长期居住在", Needs::Self_),
    ("长期住在", Needs::Self_),
    ("搬到", Needs::Self_),
    ("搬至", Needs::Self_),
    ("搬迁到", Needs::Self_),
    ("迁到", Needs::Self_),
    ("迁至", Needs::Self_),
    ("居住在", Needs::Self_),
    ("居住于", Needs::Self_),
    ("现居住", Needs::Self_),
    ("现住在", Needs::Self_),
    ("现住", Needs::Self_),
    ("住在", Needs::Self_),
    ("住于", Needs::Self_),
    ("长期在", Needs::Self_),
    ("一直在", Needs::Self_),
    ("在", Needs::Stay),
    ("寓居", Needs::Self_),
    ("租住", Needs::Self_),
    ("常住", Needs::Self_),
    ("现居", Needs::Self_),
    ("家庭住址", Needs::Self_),
    ("住址", Needs::Self_),
    ("居住", Needs::Self_),
    ("家在", Needs::Self_),
    ("住", Needs::Self_),
    ("户籍所在地", Needs::Nothing),
    ("户籍在", Needs::Nothing),
    ("户籍", Needs::Nothing),
    ("户口在", Needs::Nothing),
    ("老家在", Needs::Nothing),
    ("老家", Needs::Nothing),
    ("信请寄", Needs::Nothing),
    ("本人系", Needs::Role),
    ("我系", Needs::Role),
    ("系", Needs::Role),
    ("我是", Needs::Role),
    ("我们是", Needs::Role),
    ("我们系", Needs::Role),
    ("我们都是", Needs::Role),
    ("本人是", Needs::Role),
];

/// What else a phrase needs to speak of the writer's home.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// 我, 本人, 我们 before it in the same clause: others live somewhere too.
    Self_,
    /// As well, and 住, 生活 … behind the place: 我老两口在…住了二十年.
    Stay,
    /// 居民, 住户, 村民 … behind the place.
    Role,
}

const DWELLERS: &[&str] = &[
    "居民",
    "住户",
    "村民",
    "业主",
    "租户",
    "市民",
    "人",
    "群众",
    "农民",
    "社员",
    "拆迁户",
    "商户",
    "职工",
];

/// Where the writer lives by his own words.
pub(crate) struct Residence {
    pub(crate) candidate: Candidate,
    /// Whether somebody else may live there for all the sentence says.
    pub(crate) is_doubtful: bool,
}

/// The writer's habitual residence (requirement J5): only where the sentence is about where the writer lives.
pub(crate) fn residence(rows: &[Row], writers: &Writers) -> Option<Residence> {
    let flow = flow(rows);
    let mut best: Option<(usize, Residence)> = None;
    let mut spoken = String::new();
    let all = sentences(&flow);
    let count = all.len();
    // People say where they live where they begin, or where they end.
    let near = |number: usize| number < FIRST_SENTENCES || number + LAST_SENTENCES >= count;
    for (number, sentence) in all.into_iter().enumerate().filter(|(n, _)| near(*n)) {
        for (phrase, needs) in LIVING {
            let said = Said {
                phrase,
                needs: *needs,
                before: &spoken,
                is_first: number == 0,
            };
            let Some((found, is_doubtful)) = place_after(sentence, &said, writers) else {
                continue;
            };
            let longer = |(n, known): &(usize, Residence)| {
                known.is_doubtful && !is_doubtful
                    || found.len() > n + 4 && (known.is_doubtful || !is_doubtful)
            };
            if best.as_ref().is_none_or(longer) {
                let prior = if found.len() >= 8 { 0.8 } else { 0.6 };
                // With a label or a number beside it, it is what the letter is signed with.
                let signs = sentence_signs(sentence, phrase);
                let (source, rule) = if signs {
                    (Source::LetterSignedAddress, "7.4.2.3/1")
                } else {
                    (Source::LetterBodyHabitual, "7.4.2.3/3")
                };
                let candidate = Candidate::as_read(&found, prior, source, rule);
                best = Some((
                    found.len(),
                    Residence {
                        candidate,
                        is_doubtful,
                    },
                ));
            }
        }
        if best.is_none()
            && let Some(found) = belongs_to(sentence, writers)
        {
            let candidate =
                Candidate::as_read(&found, 0.6, Source::LetterBodyHabitual, "7.4.2.3/3");
            let residence = Residence {
                candidate,
                is_doubtful: true,
            };
            best = Some((found.len(), residence));
        }
        spoken = text_of(sentence);
    }
    best.map(|(_, residence)| residence)
}

/// 我是覃玉兰,夷陵区分乡镇棠垭村的,今年…: a clause behind the writer's own name that is nothing but a place.
fn belongs_to(sentence: &[Glyph], writers: &Writers) -> Option<Vec<Glyph>> {
    let mut clauses = sentence.split(|g| g.ch == ',');
    let own = text_of(clauses.next()?);
    let says = ["我是", "我叫", "我名叫", "本人是", "本人叫", "我系"];
    let named = says.iter().find_map(|word| own.strip_prefix(word));
    if !named.is_some_and(|name| writers.are_named_within(name)) {
        return None;
    }
    let clause = clauses.next()?;
    let text = text_of(clause);
    let text = text.trim_end_matches(['。', '!', '?', ';']);
    let front = ["家住", "是", "住"]
        .iter()
        .find(|word| text.starts_with(**word));
    let from = front.map_or(0, |word| word.chars().count());
    let bare = text
        .strip_suffix('的')
        .or_else(|| text.strip_suffix('人'))?;
    let place = clause.get(from..bare.chars().count())?;
    let divisions = super::divisions_in(&text_of(place));
    let housed = place::ends_well(&text_of(place));
    (housed && divisions.is_some_and(|d| d.steps.len() >= 2)).then(|| place.to_vec())
}

/// So many sentences of a text are looked at from its beginning and from its end.
const FIRST_SENTENCES: usize = 12;
const LAST_SENTENCES: usize = 3;

/// 我的住处:…,手机139…: a row by which its writer is reached, wherever it stands.
fn sentence_signs(sentence: &[Glyph], phrase: &str) -> bool {
    let text = text_of(sentence);
    let opens = text.starts_with(phrase) && phrase.starts_with(['我', '本', '家']);
    opens && !find_phones(sentence).is_empty()
}

/// A phrase that says where somebody lives, and what was said before its sentence.
struct Said<'a> {
    phrase: &'a str,
    needs: Needs,
    before: &'a str,
    is_first: bool,
}

impl Said<'_> {
    /// Whether it speaks of the writer's home by what stands before it in its sentence; `None` where it speaks of another's.
    fn is_doubtful(&self, led: &str, writers: &Writers) -> Option<bool> {
        if self.phrase.starts_with(['我', '本']) {
            return Some(false);
        }
        match of_home(led, writers) {
            Subject::Writer => Some(false),
            Subject::Another => None,
            Subject::Untold => Some(true),
            Subject::Nobody if self.needs == Needs::Nothing => {
                let own = self.before.contains("我") || self.before.contains("本人");
                let others = mentions_another(self.before);
                Some(!self.is_first && (others || !own && !self.before.is_empty()))
            }
            Subject::Nobody => Some(true),
        }
    }
}

/// 申请人:覃玉兰,女,…,住珍珠路21号,电话…: the address in a row that names its writer, above a letter, in it or under it.
pub(crate) fn beside_writer(rows: &[Row]) -> Option<Candidate> {
    let flow = flow(rows);
    let chars = chars_of(&flow);
    let begins = |at: &usize| {
        let rest: String = chars[*at..].iter().take(5).collect();
        let writer = WRITERS.iter().find(|writer| rest.starts_with(**writer))?;
        let is_other = *at > 0 && chars[at - 1] == '被';
        (!is_other).then_some(at + writer.chars().count())
    };
    let ends = |c: &char| matches!(c, '。' | ';' | '!' | '?');
    (0..chars.len()).find_map(|at| {
        let from = begins(&at)?;
        let length = chars[from..].iter().take(LONGEST_ROW).position(ends);
        let to = from + length.unwrap_or(LONGEST_ROW.min(chars.len() - from));
        let row = &flow[from..to];
        let lives =
            |word: &str| find_from(&chars[from..to], word, 0).map(|i| i + word.chars().count());
        let begin = [",现住", ",家住", ",住址:", ",住址", ",地址:", ",住"]
            .into_iter()
            .find_map(lives)?;
        // Somebody else may be named before he lives anywhere.
        if has_any(&text_of(&row[..begin]), &["被", "对方"]) {
            return None;
        }
        let rest = &row[begin..];
        let end = rest.iter().position(|g| matches!(g.ch, ',' | '(' | '、'));
        let place = strip_front(super::tail::trim(&rest[..end.unwrap_or(rest.len())]));
        let text = text_of(place);
        let sound = (6..=60).contains(&text.chars().count()) && address_like(&text);
        sound.then(|| Candidate::as_read(place, 0.8, Source::LetterSignedAddress, "7.4.2.3/1"))
    })
}

/// Characters of a row that tells of its writer.
const LONGEST_ROW: usize = 120;

/// The place a sentence names behind the phrase, and whether it may be another's home.
fn place_after(
    sentence: &[Glyph],
    said: &Said<'_>,
    writers: &Writers,
) -> Option<(Vec<Glyph>, bool)> {
    let Said { phrase, needs, .. } = *said;
    let chars = chars_of(sentence);
    let at = find_from(&chars, phrase, 0)?;
    let before: String = chars[..at].iter().collect();
    // 邻居住在…: the 居 is the neighbour's.
    let neighbour = before.ends_with('邻') && phrase.starts_with('居');
    // 老家在…: where he comes from has a phrase of its own.
    let neighbour = neighbour || before.ends_with('老') && phrase.starts_with('家');
    // 我原住…, 以前住在…: no more.
    let once = [
        "原", "曾", "曾经", "原来", "以前", "从前", "过去", "之前", "原先",
    ];
    let lived = phrase.contains('住') && once.iter().any(|word| before.ends_with(word));
    // Where an answer is to be sent need not be where he lives.
    // Nor need he live where he is registered or was born.
    let is_doubtful =
        said.is_doubtful(&before, writers)? || phrase.ends_with('寄') || of_origin(phrase);
    let needs_self = matches!(needs, Needs::Self_ | Needs::Stay);
    let named = writers.are_named_within(&before);
    let untold = needs_self && is_doubtful && !of_the_writer(&before) && !named;
    if neighbour || lived || untold || needs == Needs::Stay && is_doubtful {
        return None;
    }
    let from = at + phrase.chars().count();
    let end = chars[from..]
        .iter()
        .position(|c| matches!(c, ',' | '。' | ';' | '!' | '?' | '(' | '"'))
        .map_or(chars.len(), |i| from + i);
    let clause: String = chars[from..end].iter().collect();
    let cut = match needs {
        Needs::Role => role_cut(&clause).or_else(|| named_cut(&clause))?,
        Needs::Stay => stay_cut(&clause)?,
        _ => role_cut(&clause).or_else(|| living_cut(&clause))?,
    };
    let place = super::tail::trim(&sentence[from..from + cut]);
    let place = strip_front(place);
    let text = text_of(place);
    let n = text.chars().count();
    let sound = match needs {
        Needs::Role => {
            n >= 3 && (address_like(&text) || estate_like(&text) || owned(&text, &clause[..]))
        }
        _ => n >= 4 && (address_like(&text) || estate_like(&text)),
    };
    // 搬到…居住: goods are brought to places, too; of two moves nobody tells which was the last.
    let moved = phrase.contains(['搬', '迁']);
    let behind: String = clause.chars().skip(cut).collect();
    let stays = ["居住", "住", "生活", "定居", "安家"];
    let years = behind.starts_with(['已', '有', '快', '都']) && behind.contains(['年', '载']);
    let moves = ["搬到", "搬至", "搬迁到", "迁到", "迁至"];
    let all: String = chars.iter().collect();
    let once = moves
        .iter()
        .map(|word| all.matches(word).count())
        .sum::<usize>()
        <= 1;
    let stayed = years || stays.iter().any(|word| behind.starts_with(word));
    if moved && !(once && stayed) {
        return None;
    }
    // 本小区, 这里: no name of a place.
    let nameless = n <= 4
        && ["本", "该", "这", "那", "此", "我"]
            .iter()
            .any(|p| text.starts_with(p));
    // The next cell of a form is no part of it.
    let runs_on = has_any(&text, &["电话", "单位", ":", "身份证", "反映", "联系"])
        || text.starts_with("所在");
    let is_place = sound && !nameless && !runs_on && n <= 60 && text.chars().any(is_han);
    is_place.then(|| (place.to_vec(), is_doubtful))
}

/// Where somebody is registered or comes from: his home only where nothing else is said of it.
fn of_origin(phrase: &str) -> bool {
    matches!(phrase, "户籍在" | "户籍" | "户口在" | "老家在" | "老家")
}

/// `…3栋201室住了二十多年`: the place ends where the staying begins.
fn stay_cut(clause: &str) -> Option<usize> {
    let stays = ["居住", "住了", "住过", "住着", "住有", "住满", "生活了"];
    let at = stays.iter().filter_map(|word| clause.find(word)).min()?;
    let place = clause[..at].trim_end_matches("已经").trim_end_matches('已');
    let house = place.ends_with([
        '房', '室', '号', '栋', '幢', '楼', '组', '村', '区', '院', '户', '苑', '园', '寓', '社',
        '里', '街', '巷',
    ]) || place.ends_with(|c: char| c.is_ascii_digit());
    (house && address_like(place)).then(|| place.chars().count())
}

/// Whether what stands before the phrase is about the writer: 我, 本人, 反映人; not 我父亲, 我的邻居.
fn of_the_writer(before: &str) -> bool {
    let own = ["我", "本人", "全家", "鄙人", "敝人", "写信"];
    let last = own
        .iter()
        .chain(WRITERS)
        .filter_map(|w| before.rfind(w).map(|at| at + w.len()))
        .max();
    let kin = [
        "父",
        "母",
        "爸",
        "妈",
        "儿",
        "女",
        "哥",
        "弟",
        "姐",
        "妹",
        "叔",
        "伯",
        "舅",
        "姑",
        "的邻居",
        "邻居",
        "的朋友",
        "朋友",
        "的亲",
        "岳",
        "公公",
        "婆婆",
        "孙",
        "侄",
        "的同",
        "的工",
    ];
    last.is_some_and(|at| {
        let rest = &before[at..];
        !kin.iter().any(|k| rest.starts_with(k))
            && !has_any(rest, &["他", "她", "邻居", "楼上", "对面"])
    })
}

/// 世纪公馆的业主: what has owners and dwellers is a place, however it is called; 本小区, 这里 name none.
fn owned(place: &str, clause: &str) -> bool {
    let pronoun = [
        "本", "该", "这", "那", "此", "我", "一", "几", "部分", "普通", "退休", "下岗", "全体",
        "广大", "当地", "同",
    ];
    let dwellers = ["的业主", "的住户", "业主", "住户"];
    let n = place.chars().count();
    (3..=12).contains(&n)
        && place.chars().all(is_han)
        && !pronoun.iter().any(|p| place.starts_with(p))
        && dwellers
            .iter()
            .any(|d| clause.contains(&format!("{place}{d}")))
}

/// 在, 于, 是 left over from the phrase.
fn strip_front(place: &[Glyph]) -> &[Glyph] {
    let from = place
        .iter()
        .position(|g| !matches!(g.ch, '在' | '于' | '是' | '为' | '的' | ':'))
        .unwrap_or(place.len());
    let place = &place[from..];
    // 我们是居住在某苑的业主: the phrase within the phrase.
    let text = text_of(place);
    let living = ["居住在", "居住于", "长住", "常住", "住在", "家住", "住"];
    let skip = living.iter().find(|l| text.starts_with(*l));
    &place[skip.map_or(0, |l| l.chars().count())..]
}

/// `珍珠路21号的覃玉兰`: the place ends before the writer's name.
fn named_cut(clause: &str) -> Option<usize> {
    let at = clause.rfind('的')?;
    let name = &clause[at + '的'.len_utf8()..];
    let place = &clause[..at];
    let housed = place.ends_with(['号', '室', '户', '栋', '幢', '楼', '组', '社', '队', '村'])
        || place.ends_with(|c: char| c.is_ascii_digit());
    (housed && names::person(name) > 0.8 && address_like(place)).then(|| place.chars().count())
}

/// `…的居民代表`, `…居民`: the place ends before the role. 第6村民小组 names none.
fn role_cut(clause: &str) -> Option<usize> {
    let roles = |word: &&str| {
        let mut found = clause.match_indices(*word).map(|(at, _)| at);
        found.find(|at| {
            let behind = &clause[at + word.len()..];
            !["小组", "委员会"]
                .iter()
                .any(|body| behind.starts_with(body))
        })
    };
    let at = DWELLERS
        .iter()
        .filter(|d| d.chars().count() > 1)
        .filter_map(roles)
        .min()?;
    let place = clause[..at]
        .trim_end_matches('的')
        .trim_end_matches("一名普通")
        .trim_end_matches("一名")
        .trim_end_matches("全体");
    let place = place
        .trim_end_matches("部分")
        .trim_end_matches("普通")
        .trim_end_matches('的');
    let place = place::without_households(place).trim_end_matches('的');
    Some(place.chars().count())
}

/// `…1703室的…`, `…小区已经二十年`: the place ends after its last address word.
fn living_cut(clause: &str) -> Option<usize> {
    if has_any(
        clause,
        &[
            "的人家",
            "的邻居",
            "的住户把",
            "底层的",
            "这样",
            "这么",
            "那样",
            "屋里",
            "房间",
        ],
    ) {
        return None;
    }
    let chars: Vec<char> = clause.chars().collect();
    let ends = [
        '号', '室', '幢', '栋', '楼', '组', '村', '户', '苑', '园', '区', '镇', '乡', '街', '路',
        '巷', '弄', '里', '城', '院', '寓', '社', '队', '坊', '元', '层', '庭', '湾', '府', '邨',
        '墅',
    ];
    let numbered = |i: usize| chars[i].is_ascii_digit() || chars[i] == '-';
    let last = (0..chars.len())
        .rev()
        .find(|&i| ends.contains(&chars[i]) || numbered(i))?;
    // 石桥村村委会旁: the second 村 is the committee's.
    let last = match chars.get(last + 1..last + 3) {
        Some(['委', '会']) if last > 0 && matches!(chars[last], '村' | '居') => last - 1,
        _ => last,
    };
    // 201房
    let last = last + usize::from(chars.get(last + 1) == Some(&'房') && numbered(last));
    // 城关老菜市场后面, 6楼左手边: beside what it is.
    let rest: String = chars[last + 1..].iter().collect();
    let beside = place::is_beside(&rest);
    let all = rest.chars().count() <= LONGEST_BESIDE && rest.chars().all(is_han) && beside;
    Some(if all { chars.len() } else { last + 1 })
}

/// Characters of what a home is told to be beside.
const LONGEST_BESIDE: usize = 10;

/// 新康花园, 玉成苑: a housing estate or village by its last character.
fn estate_like(text: &str) -> bool {
    let n = text.chars().count();
    let end = [
        "花园",
        "家园",
        "小区",
        "公寓",
        "新村",
        "苑",
        "社区",
        "花苑",
        "村",
        "城",
        "府",
        "湾",
        "庭",
        "居",
        "里",
        "坊",
        "院",
        "广场",
        "大厦",
        "园",
        "镇",
        "街道",
        "路",
        "弄",
        "巷",
        "号",
        "墅",
        "邨",
        "幢",
        "栋",
        "楼",
        "组",
        "室",
        "邸",
        "郡",
        "豪庭",
        "名都",
        "花都",
        "佳苑",
        "山庄",
        "家属院",
        "宿舍",
        "大院",
        "国际",
        "新天地",
    ];
    let beside = place::BESIDE;
    (3..=30).contains(&n) && end.iter().chain(beside).any(|e| text.ends_with(e))
}
