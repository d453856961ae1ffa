//! Lines → salutation, body, closing and what stands under it; the envelope's parts are in [`envelope`].
//!
//! Says only where things stand and what kind of thing a row looks like; which value wins is `extract`'s affair.

mod ending;
pub mod envelope;
mod row;

use std::ops::Range;

use ending::{ENCLOSURES, looks_like_tail, postscript, tail_start};
pub use envelope::EnvelopeZones;
pub use row::{Glyph, Row, fold, is_han, rows, text_of};

use crate::domain::extract::glyphs::has_any;
use crate::domain::extract::{labels, sheet};
use crate::domain::secret;
use crate::domain::text::{PageKind, PageText};

/// A letter's rows in reading order and where its parts begin and end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LetterZones {
    /// Rows of all letter pages.
    pub rows: Vec<Row>,
    /// The salutation (may take more than one row).
    pub salutation: Range<usize>,
    /// The body.
    pub body: Range<usize>,
    /// Closing formula, signatures, contact lines and date.
    pub tail: Range<usize>,
    /// What was added below them: a postscript, a list of enclosures that tells of them in sentences.
    pub postscript: Range<usize>,
    /// Rows of enclosed written authorisations.
    pub authorisation: Vec<Row>,
    /// Rows of other papers behind the letter: a contract, a certificate. Who signed and dated them did not sign or date the letter.
    pub enclosed: Vec<Row>,
}

impl LetterZones {
    /// The rows above the salutation: title, letterhead.
    pub fn head(&self) -> &[Row] {
        &self.rows[..self.salutation.start.min(self.rows.len())]
    }

    /// The salutation's rows.
    pub fn salutation_rows(&self) -> &[Row] {
        &self.rows[self.salutation.clone()]
    }

    /// The body's rows.
    pub fn body_rows(&self) -> &[Row] {
        &self.rows[self.body.clone()]
    }

    /// The rows under the body.
    pub fn tail_rows(&self) -> &[Row] {
        &self.rows[self.tail.clone()]
    }

    /// The rows below those.
    pub fn postscript_rows(&self) -> &[Row] {
        &self.rows[self.postscript.clone()]
    }
}

/// Finds the parts of a letter on its pages of kind letter (and of attachments that are an authorisation).
pub fn letter_zones(pages: &[PageText]) -> LetterZones {
    let mut zones = LetterZones::default();
    for (index, page) in pages.iter().enumerate() {
        let inside = matches!(page.kind, PageKind::Letter | PageKind::Attachment);
        if !inside {
            continue;
        }
        // A mark heads a paper; it signs none.
        let mut rows = rows(index, page);
        rows.retain(|row| !secret::is_row(row));
        if page.kind == PageKind::Letter && zones.rows.is_empty() {
            rows = sheet::in_order(page, rows);
        }
        let behind = has_ended(&zones.rows);
        if is_authorisation(&rows) {
            zones.authorisation.extend(rows);
        } else if page.kind == PageKind::Letter && behind && is_other_paper(&rows) {
            zones.enclosed.extend(rows);
        } else if page.kind == PageKind::Letter {
            zones.rows.extend(rows);
        }
    }
    zones.salutation = salutation(&zones.rows);
    let end = postscript(&zones.rows, zones.salutation.end).unwrap_or(zones.rows.len());
    let tail = tail_start(&zones.rows[..end], zones.salutation.end);
    zones.body = zones.salutation.end..tail;
    zones.tail = tail..end;
    zones.postscript = end..zones.rows.len();
    zones
}

/// What papers that go with a letter are called.
const PAPERS: &[&str] = &[
    "证明",
    "证明书",
    "明细",
    "明细表",
    "流水",
    "工资表",
    "工资单",
    "账单",
    "笔录",
    "审批表",
    "情况证明",
    "合同",
    "合同书",
    "协议",
    "协议书",
    "收据",
    "收条",
    "欠条",
    "借条",
    "判决书",
    "裁定书",
    "调解书",
    "决定书",
    "通知书",
    "告知书",
    "意见书",
    "答复",
    "答复函",
    "复函",
    "报告单",
    "诊断书",
    "鉴定书",
    "鉴定意见",
    "出院小结",
    "病历",
    "清单",
    "发票",
    "公证书",
    "营业执照",
    "承诺书",
    "保证书",
    "认定书",
    "回执",
    "公告",
    "记录",
    "纪要",
    "决议",
];

/// What stands over a copy, alone in its row.
const COPIES: &[&str] = &["复印件", "影印件", "抄件", "副本", "抄本", "抄录"];

/// 复印件, （原信复印件）: what follows is somebody's paper of another day, a letter to the same office as well.
fn is_copy(row: &Row) -> bool {
    let text = row.compact();
    let bare = text.trim_matches(['(', ')', '[', ']', '【', '】', ':', '*', '-']);
    bare.chars().count() <= 8 && COPIES.iter().any(|copy| bare.ends_with(copy))
}

/// A page behind the letter that opens with the title of another paper: 附件：施工合同, 证明. One that addresses somebody goes on with the letter, unless a
/// copy's mark stands over it.
fn is_other_paper(rows: &[Row]) -> bool {
    if rows.iter().take(2).any(is_copy) {
        return true;
    }
    let addresses = rows.iter().take(4).any(|row| {
        let text = row.compact();
        ADDRESSING.iter().any(|a| text.starts_with(a)) || greets(&text)
    });
    let margin = rows.iter().map(|row| row.left).fold(1.0, f32::min);
    let is_title = |row: &Row| {
        let text = row.compact();
        let bare = text.trim_matches(['《', '》', ':', '(', ')', '*', '-']);
        let bare = bare.trim_end_matches("复印件").trim_end_matches('(');
        let n = bare.chars().count();
        let marked = ["附件", "附:", "附一", "附1"]
            .iter()
            .any(|m| text.starts_with(m));
        let centred = row.left > margin + TITLE_LEFT;
        let words = bare
            .chars()
            .all(|c| is_han(c) || c.is_ascii_digit() || c == ':');
        (2..=20).contains(&n)
            && words
            && (marked || centred)
            && PAPERS.iter().any(|paper| bare.ends_with(paper))
    };
    !addresses && rows.iter().take(2).any(is_title)
}

/// Whether a letter has come to its end: something of what one finds under letters stands in its last rows.
fn has_ended(rows: &[Row]) -> bool {
    let last = &rows[rows.len().saturating_sub(LAST_ROWS)..];
    last.iter().any(|row| is_closing(&row.compact())) || last.last().is_some_and(looks_like_tail)
}

/// Rows in which a letter comes to its end.
const LAST_ROWS: usize = 10;

/// A title begins so much of the page's width right of its margin; a sentence that goes on from the page before begins there.
const TITLE_LEFT: f32 = 0.1;

/// A page that opens with the title of a written authorisation.
fn is_authorisation(rows: &[Row]) -> bool {
    rows.iter().take(3).any(|r| {
        let text = r.compact();
        let bare = text.trim_matches(['《', '》', ':']);
        bare.chars().count() <= 8 && (bare.ends_with("委托书") || bare.ends_with("授权书"))
    })
}

const ADDRESSING: &[&str] = &["尊敬的", "敬爱的", "尊敬", "敬爱", "亲爱的", "致:", "致，"];

/// The salutation: the first of the top rows that addresses someone, up to its colon.
fn salutation(rows: &[Row]) -> Range<usize> {
    let texts: Vec<String> = rows.iter().take(10).map(Row::compact).collect();
    let is_form = || {
        let cells = texts.iter().filter(|t| labels::is_of_a_form(t));
        cells.count() >= CELLS_OF_A_FORM
    };
    let colon = |t: &String| t.ends_with([':', ';']) || t.contains(':') && t.chars().count() <= 30;
    let labelled = |t: &String| {
        has_any(
            t,
            &[
                "电话",
                "手机",
                "地址",
                "住址",
                "身份证",
                "姓名",
                "编号",
                "日期",
                "时间",
                "主题",
                "发件人",
                "抄送",
                "联系人",
            ],
        ) || labels::names_writer(t)
            || labels::is_of_a_form(t)
            || (labels::asks_whom(t) || sheet::tells_what_about(t)) && is_form()
    };
    // 致 X in a cell of a form ends no head: its other cells stand above it.
    let in_cell = |at: usize| {
        let gap = rows[at].glyphs.get(1).is_some_and(|g| g.ch == ' ');
        let cells = texts[..at].iter().filter(|t| labels::is_of_a_form(t));
        gap && cells.count() >= 2
    };
    let named = texts.iter().enumerate().position(|(at, t)| {
        ADDRESSING.iter().any(|a| t.starts_with(a)) || is_addressed_to(t) && !in_cell(at)
    });
    let start = named.or_else(|| {
        texts.iter().position(|t| {
            (colon(t) || greets(t))
                && !labelled(t)
                && t.chars().count() <= 40
                && !has_any(t, &["。", "我是", "我叫", "短信", "如下"])
                && !is_numbered(t)
                && !ENCLOSURES.iter().any(|word| t.starts_with(word))
                && !["补充", "另外", "还有"].iter().any(|w| t.starts_with(w))
        })
    });
    let Some(start) = start else {
        let untold = untold_salutation(&texts, is_form());
        // A form of numbered questions tells what about behind the last of them.
        let asked = texts
            .iter()
            .rposition(|t| is_numbered(t) && t.ends_with(':'));
        let asked = asked.filter(|at| asks_who(&texts[..*at]));
        return match asked {
            Some(at) if untold.is_empty() => at + 1..at + 1,
            _ => untold,
        };
    };
    let mut first = start;
    // The row above a colon may hold the beginning of a long list of addressees.
    while named.is_none() && first > 0 && begins_list(&rows[first - 1], &texts[first - 1]) {
        first -= 1;
    }
    if greets(&texts[start]) {
        return first..start + 1;
    }
    let end = (start..texts.len().min(start + 3))
        .find(|&i| texts[i].ends_with([':', ';']) || texts[i].contains(':'))
        .map_or(start + 1, |i| i + 1);
    first..end
}

/// Labelled rows on top of a page that make a form of it.
const CELLS_OF_A_FORM: usize = 3;

/// 2.住哪里:, (一)基本情况: a heading within a letter, or a question of a form; nobody is addressed so.
fn is_numbered(text: &str) -> bool {
    let bare = text.trim_start_matches('(');
    let figures =
        bare.trim_start_matches(|c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c));
    figures.len() < bare.len() && figures.starts_with(['.', '、', ')'])
}

/// Whether two numbered rows or more ask for the writer and how to reach him.
fn asks_who(texts: &[String]) -> bool {
    let who = [
        "我是谁",
        "姓名",
        "住哪",
        "住址",
        "地址",
        "怎么联系",
        "联系方式",
        "电话",
    ];
    let asks = |text: &&String| is_numbered(text) && has_any(text, &who);
    texts.iter().filter(asks).count() >= 2
}

/// 致宜昌市监察委员会: whom it is for, without a mark behind it.
fn is_addressed_to(text: &str) -> bool {
    let office = [
        "委员会",
        "人民政府",
        "信访局",
        "纪委",
        "监委",
        "领导",
        "书记",
        "市长",
    ];
    let whom = text.strip_prefix('致').unwrap_or_default();
    // 致使, 致力于
    !whom.starts_with(['使', '力', '残', '伤', '死'])
        && (4..=LONGEST_OFFICE).contains(&whom.chars().count())
        && whom.chars().all(is_han)
        && office.iter().any(|o| whom.ends_with(o))
}

/// Characters of an office's name.
const LONGEST_OFFICE: usize = 18;

/// A greeting with somebody before it: 市委领导您好，
fn greets(text: &str) -> bool {
    let bare = text.trim_end_matches([',', '，', '。', '!', '！', ';']);
    ["您好", "你好", "您们好", "你们好"]
        .iter()
        .filter_map(|greeting| bare.strip_suffix(greeting))
        .any(|before| (2..=36).contains(&before.chars().count()))
}

/// A title that says to whom: 致市委的一封信.
fn is_titled_to(text: &str) -> bool {
    let to = ["致", "写给", "给"].iter().any(|w| text.starts_with(w));
    to && text.chars().count() <= 40
        && ["一封信", "的信", "公开信"]
            .iter()
            .any(|w| text.ends_with(w))
}

/// Whether a row is full of addressees that go on below it.
fn begins_list(row: &Row, text: &str) -> bool {
    let sentence = has_any(text, &["。", "?", "!", "关于"]);
    text.ends_with(['、', ','])
        || row.right > 0.7 && row.left < 0.3 && text.contains('、') && !sentence
}

/// Without addressing word or colon: a title that says to whom, or a short top row that ends like an office or its holder, unless somebody tells of it there.
fn untold_salutation(texts: &[String], is_form: bool) -> Range<usize> {
    let office = [
        "领导",
        "书记",
        "市长",
        "县长",
        "区长",
        "镇长",
        "省长",
        "主任",
        "局长",
        "主席",
        "同志",
        "政府",
        "委员会",
        "信访局",
        "人大",
        "纪委",
        "信访办",
        "市委",
        "县委",
        "区委",
        "检察院",
        "法院",
    ];
    texts
        .iter()
        .take(4)
        .position(|t| {
            is_titled_to(t)
                || t.chars().count() <= 20
                    && office.iter().any(|o| t.ends_with(o))
                    && !tells(t)
                    && !labels::opens_with_writer(t)
                    && !(is_form && t.contains(':'))
        })
        .map_or(0..0, |i| i..i + 1)
}

/// Whether a row tells of somebody rather than addresses him: 另外我要检举市信访局局长.
pub(crate) fn tells(text: &str) -> bool {
    has_any(
        text,
        &[
            "检举", "举报", "控告", "揭发", "告发", "状告", "我要", "我还", "我再", "补充", "另外",
            "还有",
        ],
    )
}

/// Whether a row is part of the closing formula.
pub fn is_closing(text: &str) -> bool {
    // 谨呈人:汪小满 signs.
    let short = text.chars().count() <= 14 && !labels::names_writer(text);
    short
        && has_any(
            text,
            &[
                "此致",
                "致以",
                "敬礼",
                "顺祝",
                "顺颂",
                "敬祝",
                "祝您",
                "祝您",
                "祝工作",
                "祝好",
                "盼复",
                "望复",
                "谨呈",
                "致敬",
                "致礼",
                "叩谢",
                "盼回复",
                "敬颂",
                "即颂",
                "恭颂",
                "谨颂",
                "谨祝",
                "恭祝",
                "静候佳音",
                "盼赐复",
                "望赐复",
                "不胜感激",
            ],
        )
        || wish(text)
}

/// 夏安!, 台祺!: what stands below 顺祝 or 敬颂.
fn wish(text: &str) -> bool {
    let chars: Vec<char> = text.trim_end_matches(['!', '。', '.']).chars().collect();
    let whom = "春夏秋冬台文撰政大近时日钧道公财暑炎寒年新勋教旅俪金玉崇";
    matches!(chars[..], [of, good] if whom.contains(of) && "安祺绥祉禧".contains(good))
        && text.chars().count() == 3
}

/// Whether a text reads like a postal address.
pub fn address_like(text: &str) -> bool {
    let marks = [
        "省", "市", "区", "县", "镇", "乡", "街道", "村", "路", "街", "巷", "弄", "号", "幢", "栋",
        "室", "单元", "小区", "花园", "新村", "苑", "公寓", "大道", "组", "家园", "楼", "社区",
        "里", "坊", "庄", "屯", "旗",
    ];
    marks.iter().filter(|m| text.contains(*m)).count() >= 2
}
