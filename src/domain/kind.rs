//! What a page is, by what is written on it: envelope, form or letter of another organ, enclosure. Proposed only where the page says so
//! twice, since a sheet of the letter taken for an enclosure would be left out of the registration; a name or a person has the last word.

use serde::{Deserialize, Serialize};

use super::text::{PageKind, PageText};
use super::zones::{self, Row};

/// What was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// 信封
    Envelope,
    /// 转办单, 交办单, 公函
    TransferForm,
    /// 身份证复印件
    IdCard,
    /// 判决书, 裁定书 …
    CourtPaper,
    /// 信访答复, 告知书 …
    OfficialReply,
    /// 收据, 发票
    Receipt,
    /// 合同, 协议
    Contract,
    /// 户口簿, 房产证 …
    Certificate,
}

impl Sign {
    /// The kind of page it makes.
    pub fn kind(self) -> PageKind {
        match self {
            Self::Envelope => PageKind::Envelope,
            Self::TransferForm => PageKind::TransferForm,
            _ => PageKind::Attachment,
        }
    }

    /// A stable word for records.
    pub fn code(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::TransferForm => "transfer_form",
            Self::IdCard => "id_card",
            Self::CourtPaper => "court_paper",
            Self::OfficialReply => "official_reply",
            Self::Receipt => "receipt",
            Self::Contract => "contract",
            Self::Certificate => "certificate",
        }
    }
}

/// What a page counts as while the letter's others are not read: an enclosed paper's 被告 is nobody whom the writer accuses, while what
/// an organ's form says about the letter may be all that is known of it.
pub fn before_the_others(sign: Option<Sign>) -> PageKind {
    match sign.map(Sign::kind) {
        Some(PageKind::Attachment) => PageKind::Attachment,
        _ => PageKind::Letter,
    }
}

/// Titles stand in the first rows of a sheet…
const TITLE_ROWS: usize = 6;
/// …and are short.
const TITLE_CHARS: usize = 24;

/// What the page is, where it says so clearly; `None` leaves it what it was taken for.
pub fn proposed(page: &PageText) -> Option<Sign> {
    if is_envelope(page) {
        return Some(Sign::Envelope);
    }
    let rows: Vec<String> = zones::rows(0, page).iter().map(Row::compact).collect();
    let sheet = Sheet::new(rows);
    if sheet.is_transfer_form() {
        return Some(Sign::TransferForm);
    }
    if sheet.addresses_someone() {
        return None;
    }
    type Test = fn(&Sheet) -> bool;
    let enclosures: [(Sign, Test); 6] = [
        (Sign::IdCard, Sheet::is_id_card),
        (Sign::CourtPaper, Sheet::is_court_paper),
        (Sign::OfficialReply, Sheet::is_official_reply),
        (Sign::Receipt, Sheet::is_receipt),
        (Sign::Contract, Sheet::is_contract),
        (Sign::Certificate, Sheet::is_certificate),
    ];
    enclosures
        .into_iter()
        .find(|(_, says)| says(&sheet))
        .map(|(sign, _)| sign)
}

/// DL and the Chinese standard envelopes are at least 1.7 times as long as high; A4 and A5 sheets 1.41.
const ENVELOPE_ASPECT: f32 = 1.7;
/// What ends like an address and is none.
const RECEIVED: [&str; 13] = [
    "查收", "签收", "征收", "没收", "回收", "接收", "丰收", "开启", "实收", "应收", "已收", "代收",
    "预收",
];
/// An envelope has few lines.
pub const ENVELOPE_LINES: usize = 14;

/// An envelope: few lines, someone it is to be given to, and a postcode or the shape of one.
pub fn is_envelope(page: &PageText) -> bool {
    let (long, short) = (
        page.width.max(page.height) as f32,
        page.width.min(page.height).max(1) as f32,
    );
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let postcode = page
        .lines
        .iter()
        .any(|l| digits(&l.text) == 6 && l.text.chars().count() <= 11);
    let addressed = page.lines.iter().any(|l| {
        let text = l.text.trim_end();
        text.ends_with(['收', '启', '啟']) && !RECEIVED.iter().any(|word| text.ends_with(word))
    });
    let placed = page.lines.iter().any(|l| zones::address_like(&l.text));
    let shaped = long / short > ENVELOPE_ASPECT;
    page.lines.len() <= ENVELOPE_LINES && addressed && (postcode || shaped && placed)
}

/// A page as rows of text without blanks.
struct Sheet {
    rows: Vec<String>,
    all: String,
}

impl Sheet {
    fn new(rows: Vec<String>) -> Self {
        let all = rows.concat();
        Self { rows, all }
    }

    /// Rows that may be a title: short, near the top, no sentence.
    fn titles(&self) -> impl Iterator<Item = &str> {
        self.rows
            .iter()
            .take(TITLE_ROWS)
            .map(|row| row.trim_matches(['《', '》', '(', ')', ':']))
            .filter(|row| {
                row.chars().count() <= TITLE_CHARS && !row.contains(['。', ',', '?', '!'])
            })
    }

    fn titled(&self, endings: &[&str]) -> bool {
        self.titles()
            .any(|title| endings.iter().any(|end| title.ends_with(end)))
    }

    fn says(&self, words: &[&str]) -> usize {
        words.iter().filter(|w| self.all.contains(**w)).count()
    }

    /// A salutation or a closing formula: a sheet of somebody's letter, whatever else is on it.
    fn addresses_someone(&self) -> bool {
        const ADDRESSED: [&str; 6] = ["尊敬的", "敬爱的", "亲爱的", "您好", "你好", "敬启者"];
        let top = self.rows.iter().take(4);
        let addressed = top
            .filter(|row| row.chars().count() <= 40)
            .any(|row| ADDRESSED.iter().any(|a| row.starts_with(a)));
        let closed = self
            .rows
            .iter()
            .any(|row| row == "此致" || row.starts_with("敬礼") || row.ends_with("此致敬礼"));
        addressed || closed
    }

    /// `〔2025〕12号`, `(2021)苏05民初123号`: the number of an office's paper. Brackets were folded by the rows.
    fn has_paper_number(&self) -> bool {
        self.rows.iter().take(10).any(|row| {
            row.match_indices('(').any(|(at, _)| {
                let inside = &row[at + 1..];
                let Some((year, rest)) = inside.split_once(')') else {
                    return false;
                };
                let a_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
                let number = rest.split('号').next().unwrap_or_default();
                let numbered = rest.contains('号') && number.chars().any(|c| c.is_ascii_digit());
                a_year && numbered && number.chars().count() <= 16
            })
        })
    }

    fn is_transfer_form(&self) -> bool {
        const FORMS: [&str; 14] = [
            "转办单",
            "交办单",
            "转送单",
            "督办单",
            "转办函",
            "交办函",
            "转送函",
            "督办函",
            "拟办单",
            "批办单",
            "处理单",
            "呈批单",
            "转办通知单",
            "公函",
        ];
        const BOXES: [&str; 14] = [
            "承办单位",
            "办理期限",
            "办结期限",
            "领导批示",
            "拟办意见",
            "处理意见",
            "转办单位",
            "来信人",
            "信访人",
            "收文编号",
            "现将",
            "转送你",
            "转交你",
            "请按",
        ];
        self.titled(&FORMS) && (self.has_paper_number() || self.says(&BOXES) >= 2)
            || self.is_titled_about_passing_on()
                && (self.has_paper_number() || self.says(&BOXES) > 0)
    }

    /// 关于转送…来信的函: the title of an organ's letter, in one row or in two.
    fn is_titled_about_passing_on(&self) -> bool {
        const PASSES_ON: [&str; 6] = ["转办", "转送", "转交", "转去", "交办", "督办"];
        let is_title = |title: &str| {
            title.starts_with("关于")
                && title.ends_with(['函', '知'])
                && PASSES_ON.iter().any(|word| title.contains(word))
                && title.chars().count() <= 2 * TITLE_CHARS
                && !title.contains(['。', ',', '?', '!'])
        };
        let top = &self.rows[..self.rows.len().min(TITLE_ROWS + 2)];
        top.iter().any(|row| is_title(row)) || top.windows(2).any(|two| is_title(&two.concat()))
    }

    fn is_id_card(&self) -> bool {
        const FRONT: [&str; 5] = ["姓名", "性别", "民族", "出生", "住址"];
        const BACK: [&str; 3] = ["签发机关", "有效期限", "中华人民共和国"];
        let few = self.rows.len() <= 30 && self.all.chars().count() <= 260;
        let front = self.says(&["公民身份号码", "公民身份证号码"]) > 0 && self.says(&FRONT) >= 3;
        let back = self.all.contains("居民身份证") && self.says(&BACK) >= 2;
        few && (front || back)
    }

    fn is_court_paper(&self) -> bool {
        const PAPERS: [&str; 10] = [
            "判决书",
            "裁定书",
            "调解书",
            "裁决书",
            "决定书",
            "起诉书",
            "传票",
            "受理案件通知书",
            "执行通知书",
            "应诉通知书",
        ];
        const BODIES: [&str; 4] = ["法院", "检察院", "仲裁委员会", "公安局"];
        self.titled(&PAPERS) && self.says(&BODIES) > 0 && self.has_paper_number()
    }

    fn is_official_reply(&self) -> bool {
        const REPLIES: [&str; 9] = [
            "处理意见书",
            "答复意见书",
            "复查意见书",
            "复核意见书",
            "受理告知书",
            "不予受理告知书",
            "不再受理告知书",
            "信访事项答复书",
            "转送告知书",
        ];
        self.titled(&REPLIES)
            && (self.has_paper_number() || self.says(&["你反映", "您反映", "经调查"]) > 0)
    }

    fn is_receipt(&self) -> bool {
        const PAPERS: [&str; 9] = [
            "收据",
            "收条",
            "发票",
            "收款收据",
            "专用票据",
            "缴款书",
            "结算单",
            "回单",
            "汇款单",
        ];
        const BOXES: [&str; 8] = [
            "合计",
            "大写",
            "收款人",
            "付款人",
            "收款单位",
            "开票",
            "金额",
            "今收到",
        ];
        self.titled(&PAPERS) && self.says(&BOXES) >= 2
    }

    fn is_contract(&self) -> bool {
        self.titled(&["合同", "合同书", "协议", "协议书", "租赁合同"])
            && self.says(&["甲方", "乙方"]) == 2
    }

    fn is_certificate(&self) -> bool {
        const PAPERS: [(&str, [&str; 3]); 4] = [
            ("不动产权证书", ["权利人", "坐落", "面积"]),
            ("房屋所有权证", ["所有权人", "坐落", "面积"]),
            ("常住人口登记卡", ["户主", "出生日期", "籍贯"]),
            ("残疾人证", ["残疾类别", "残疾等级", "姓名"]),
        ];
        PAPERS.iter().any(|(name, boxes)| {
            let named = self.titles().any(|title| title.contains(name));
            named && self.says(boxes) >= 2
        })
    }
}

#[cfg(test)]
#[path = "kind_tests.rs"]
mod tests;
