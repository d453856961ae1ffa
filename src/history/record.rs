//! One line of a file → one registration to compare with, or the code of what is wrong with it.

use sha2::{Digest, Sha256};

use super::Columns;
use crate::digest;
use crate::domain::repeat::{Place, Registered, digits};
use crate::store::ImportedRecord;

/// What is wrong with a line. Says nothing of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum LineFault {
    /// No JSON object.
    #[error("not a JSON object")]
    NotJson,
    /// A value that is neither text nor number nor a list of texts.
    #[error("a value is neither text nor number")]
    NotPlain,
    /// A quoted cell does not end, or goes on behind its quote.
    #[error("quotation marks do not pair")]
    Quotes,
    /// More or fewer cells than the heading.
    #[error("not as many cells as the heading has")]
    Cells,
    /// No case number: the same record could not be known again.
    #[error("no case number")]
    NoCaseNumber,
    /// Neither name nor text: nothing to compare by.
    #[error("neither name nor text")]
    Nothing,
    /// The date is no day.
    #[error("the date is no day that is written YYYY-MM-DD, YYYY/M/D or YYYY年M月D日")]
    Date,
    /// A case number of more than 100 characters, a name of more than 60, or a text of more than 1,000,000.
    #[error("longer than a case number (100), name (60) or text (1000000 characters) may be")]
    TooLong,
}

/// A column under the names exports give it.
const COLUMNS: [(&str, &[&str]); 9] = [
    (
        "case_number",
        &[
            "case_number",
            "case",
            "信访件编号",
            "信访编号",
            "登记编号",
            "案号",
            "办件编号",
            "编号",
        ],
    ),
    ("name", &["name", "姓名", "信访人", "信访人姓名", "来信人"]),
    (
        "address",
        &["address", "地址", "住址", "信访人地址", "通信地址"],
    ),
    (
        "phone",
        &["phone", "phones", "电话", "联系电话", "手机", "联系方式"],
    ),
    (
        "id_number",
        &[
            "id_number",
            "id",
            "身份证",
            "身份证号",
            "身份证号码",
            "证件号码",
        ],
    ),
    (
        "date",
        &[
            "date",
            "received_on",
            "日期",
            "登记日期",
            "登记时间",
            "来信日期",
            "来信时间",
            "信访日期",
        ],
    ),
    (
        "text",
        &[
            "text",
            "content",
            "内容",
            "信访内容",
            "反映内容",
            "概况",
            "摘要",
            "主要内容",
        ],
    ),
    ("addressee", &["addressee", "受信人", "收信人"]),
    ("purpose", &["purpose", "来信目的", "信访目的"]),
];

/// Which of a file's columns are known, to be told before anything is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Known ones.
    pub known: Vec<&'static str>,
    /// Ours that the file lacks.
    pub absent: Vec<&'static str>,
}

impl Told {
    /// Of a line's columns.
    pub fn of(columns: &Columns) -> Self {
        let (known, absent): (Vec<_>, Vec<_>) = COLUMNS
            .iter()
            .map(|(ours, _)| *ours)
            .partition(|ours| names(ours).iter().any(|n| columns.contains_key(*n)));
        Self { known, absent }
    }
}

fn names(ours: &str) -> &'static [&'static str] {
    COLUMNS
        .iter()
        .find(|(name, _)| *name == ours)
        .map_or(&[], |(_, names)| names)
}

fn cell(columns: &Columns, ours: &str) -> Option<String> {
    let found = names(ours).iter().find_map(|name| columns.get(*name))?;
    let text = found.trim();
    (!text.is_empty() && !matches!(text, "-" | "无" | "不详")).then(|| text.to_owned())
}

/// Reads one line.
///
/// # Errors
/// [`LineFault`].
pub fn record(columns: &Columns) -> Result<ImportedRecord, LineFault> {
    let case_number = cell(columns, "case_number").ok_or(LineFault::NoCaseNumber)?;
    let name = cell(columns, "name").filter(|name| name != "匿名");
    let text = cell(columns, "text").unwrap_or_default();
    if name.is_none() && text.is_empty() {
        return Err(LineFault::Nothing);
    }
    let long = |text: &str, limit: usize| text.chars().count() > limit;
    if long(&case_number, 100)
        || name.as_deref().is_some_and(|n| long(n, 60))
        || long(&text, 1_000_000)
    {
        return Err(LineFault::TooLong);
    }
    let received_on = match cell(columns, "date") {
        Some(written) => Some(day(&written).ok_or(LineFault::Date)?),
        None => None,
    };
    let address = cell(columns, "address");
    let phones = cell(columns, "phone")
        .map(|text| phones(&text))
        .unwrap_or_default();
    let purpose = cell(columns, "purpose");
    let restricted = purpose
        .as_deref()
        .is_some_and(|p| ["检举", "控告", "举报"].iter().any(|w| p.contains(w)));
    Ok(ImportedRecord {
        digest: digest_of(columns),
        case_number,
        registered: Registered {
            name,
            place: address.as_deref().map(Place::of).unwrap_or_default(),
            address,
            phones,
            id_number: cell(columns, "id_number").map(|n| n.to_ascii_uppercase()),
            addressee: cell(columns, "addressee"),
            received_on,
            purpose,
            restricted,
            ..Registered::default()
        },
        text,
    })
}

fn digest_of(columns: &Columns) -> String {
    let mut hasher = Sha256::new();
    for (ours, _) in COLUMNS {
        let text = cell(columns, ours).unwrap_or_default();
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    digest::hex(&hasher.finalize())
}

/// Every number of a cell: `0512-65227061、13812345678`.
fn phones(text: &str) -> Vec<String> {
    let parts =
        text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '(' | ')' | '（' | '）')));
    let numbers = parts.map(digits).filter(|number| number.len() >= 7);
    let mut numbers: Vec<String> = numbers.collect();
    numbers.dedup();
    numbers
}

/// `2025-02-17`, `2025/2/17`, `2025年2月17日`, with or without a time behind it.
fn day(written: &str) -> Option<String> {
    let parts = written
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty());
    let mut numbers = parts.map(str::parse::<u32>);
    let mut next = || numbers.next()?.ok();
    let (year, month, day) = (next()?, next()?, next()?);
    let text = format!("{year:04}-{month:02}-{day:02}");
    text.parse::<jiff::civil::Date>()
        .ok()
        .map(|_| text)
        .filter(|_| (1949..=2999).contains(&year))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::lines;

    fn read(text: &str, json: bool) -> Vec<Result<ImportedRecord, LineFault>> {
        lines(text, json)
            .into_iter()
            .map(|(_, line)| line.and_then(|c| record(&c)))
            .collect()
    }

    #[test]
    fn an_export_with_chinese_headings_is_read() {
        let csv = "\u{feff}信访件编号,姓名,住址,联系电话,身份证号,登记日期,信访内容\n\
            SZ-1,王俊杰,姑苏区梅亭苑38幢1405室,\"0512-65227061、13812345678\",320504194202197354,2021/3/5 10:22,屋面漏水\n";
        let found = read(csv, false).remove(0).expect("a record");
        assert_eq!(found.registered.phones, ["051265227061", "13812345678"]);
        assert_eq!(found.registered.received_on.as_deref(), Some("2021-03-05"));
        assert_eq!(found.registered.place.numbers, ["38", "1405"]);
        let json = r#"{"信访件编号":"SZ-1","姓名":"王俊杰","住址":"姑苏区梅亭苑38幢1405室","联系电话":["0512-65227061、13812345678"],
            "身份证号":"320504194202197354","登记日期":"2021/3/5 10:22","信访内容":"屋面漏水","别的":1}"#;
        assert_eq!(read(&json.replace('\n', " "), true).remove(0), Ok(found));
    }

    #[test]
    fn every_fault_of_a_line_has_its_code_and_tells_no_content() {
        let csv = "case_number,name,date,text\n,王,2021-01-01,x\nA,,2021-01-01,\nB,王,2021-02-30,x\nC,王,x\nD,王,2021年2月3日,x\n";
        let found: Vec<_> = read(csv, false).into_iter().map(|r| r.err()).collect();
        let expected = [
            LineFault::NoCaseNumber,
            LineFault::Nothing,
            LineFault::Date,
            LineFault::Cells,
        ];
        assert_eq!(found[..4], expected.map(Some));
        assert_eq!(found[4], None);
        assert_eq!(
            read("[1]\n{\"name\":{}}\n", true),
            [Err(LineFault::NotJson), Err(LineFault::NotPlain)]
        );
    }

    #[test]
    fn an_accusation_is_restricted() {
        let csv = "case_number,name,purpose,text\nA,王,检举控告类,x\nB,王,投诉请求,x\n";
        let found: Vec<bool> = read(csv, false)
            .into_iter()
            .map(|r| r.expect("a record").registered.restricted)
            .collect();
        assert_eq!(found, [true, false]);
    }
}
