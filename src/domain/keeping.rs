//! What is kept of a letter beside its images: things enclosed, the paper and its box; and why a letter may be withheld.

use serde::{Deserialize, Serialize};

use super::draft::Fields;
use super::gazetteer::Gazetteer;

/// What was enclosed (SZ 7.3.3, 5.3.1; FK 五(一)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValuableKind {
    /// 现金
    Cash,
    /// 汇款单
    MoneyOrder,
    /// 证件原件
    IdOriginal,
    /// 存折、银行卡、有价证券
    Security,
    /// 书籍
    Book,
    /// 字画
    Painting,
    /// 其他贵重物品
    Other,
    /// The letter speaks of something, and two people saw that nothing was in it.
    NothingFound,
}

/// How it went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnWay {
    /// 当面退还
    InPerson,
    /// 挂号退回
    RegisteredMail,
    /// 汇款退回
    Remittance,
    /// 移交有关单位
    HandedOver,
}

/// Why a letter's pages are neither read nor shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// 误拆: opened by mistake, outside the receiving scope; goes back unread (FK 二(二)2).
    ReturnedUnread,
    /// Withdrawn with a reason; kept, never deleted (SZ 5.3.5).
    Withdrawn,
    /// Destroyed by policy with two people's approval; a tombstone is left.
    Destroyed,
}

impl Withheld {
    /// As records and refusals say it.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::ReturnedUnread => "returned unread",
            Self::Withdrawn => "withdrawn",
            Self::Destroyed => "destroyed by policy",
        }
    }
}

/// Where a filed letter stands in its box: region, then the letter's date (SZ 7.5.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilingKey {
    /// Code of the lowest division of the sender's address; empty where unknown.
    pub division: String,
    /// The letter's date, `YYYY-MM-DD`; empty where unknown.
    pub dated: String,
}

/// The place of a letter with these fields.
#[must_use]
pub fn filing_key(fields: &Fields) -> FilingKey {
    let address: Vec<char> = fields
        .address
        .value
        .iter()
        .flat_map(|a| a.chars())
        .collect();
    let gazetteer = Gazetteer::shared();
    let lowest = gazetteer
        .divisions(&address, &vec![1.0; address.len()], None)
        .and_then(|divisions| divisions.lowest());
    FilingKey {
        division: lowest.map_or_else(String::new, |place| gazetteer.code(place).to_owned()),
        dated: fields.letter_date.value.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field::Field;

    fn field(value: &str) -> Field {
        Field {
            value: Some(value.to_owned()),
            ..Field::empty()
        }
    }

    fn fields(address: &str, dated: Option<&str>) -> Fields {
        Fields {
            address: field(address),
            letter_date: dated.map_or_else(Field::empty, field),
            ..Fields::default()
        }
    }

    #[test]
    fn letters_are_filed_by_region_then_by_date() {
        let gusu = filing_key(&fields("江苏省苏州市姑苏区平江路12号", Some("2025-02-17")));
        assert!(gusu.division.starts_with("320508"), "{gusu:?}");
        let wuzhong = filing_key(&fields("江苏省苏州市吴中区木渎镇", Some("2024-01-01")));
        assert!(wuzhong.division.starts_with("320506"), "{wuzhong:?}");
        assert!(wuzhong < gusu, "the region comes before the date");
        let nowhere = filing_key(&fields("内详", None));
        assert_eq!(
            (nowhere.division.as_str(), nowhere.dated.as_str()),
            ("", "")
        );
    }
}
