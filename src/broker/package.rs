//! A package as it crosses: what a folder's manifest says, the draft with it, sealed as a whole. Read leniently: stations and office may be of
//! different versions.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::outgoing::Kind;

/// One package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// Its name, which is the message's id at the brokers.
    pub package: String,
    /// What it tells.
    pub kind: Kind,
    /// The station's name among the others.
    pub station: String,
    /// The letter's number there.
    pub letter: String,
    /// When it was made, RFC 3339, by the station's clock.
    pub made_at: String,
    /// The package that a notice withdraws.
    #[serde(default)]
    pub withdrawn: Option<String>,
    /// The amendment's or alert's stable code.
    #[serde(default)]
    pub code: Option<String>,
    /// The pages that raised an alert, or that came.
    #[serde(default)]
    pub pages: Vec<u32>,
    /// The draft, as the contract has it.
    #[serde(default)]
    pub draft: Option<Value>,
    /// SHA-256 of the original of every page by now, by page: the draft lists those that it was registered with. Earlier packages have none.
    #[serde(default)]
    pub files: Vec<(u32, String)>,
    /// The letter's PDF, where it went along.
    #[serde(default)]
    pub archive: Option<Archive>,
}

/// A letter's PDF at the brokers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// SHA-256 of the file, hex; the object's name.
    pub sha256: String,
    /// Bytes.
    pub size: usize,
}

impl Package {
    /// SHA-256 of every page's original, by page.
    #[must_use]
    pub fn originals(&self) -> Vec<(u32, String)> {
        if !self.files.is_empty() {
            return self.files.clone();
        }
        let pages = self
            .draft
            .as_ref()
            .and_then(|draft| draft["pages"].as_array());
        let of = |page: &Value| {
            let n = u32::try_from(page["n"].as_u64()?).ok()?;
            Some((n, page["sha256"].as_str()?.to_owned()))
        };
        pages.into_iter().flatten().filter_map(of).collect()
    }
}

/// What an office says to a station of whose packages one did not open.
const UNREADABLE: &str = "unreadable";

/// What a case system says, on its way back: the receipt that an exchange folder takes, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Of which package.
    pub package: String,
    /// `accepted`, `rejected`, `given_back`.
    pub result: String,
    /// Of which letter.
    pub letter: String,
    /// Under which number it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_number: Option<String>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Answer {
    /// That something under this station's name does not open: of which package nobody knows.
    #[must_use]
    pub fn unreadable(station: &str) -> Self {
        Self {
            package: String::new(),
            result: UNREADABLE.into(),
            letter: station.to_owned(),
            case_number: None,
            reason: None,
        }
    }

    /// Whether that is what an office said.
    #[must_use]
    pub fn is_unreadable(plain: &[u8]) -> bool {
        serde_json::from_slice::<Self>(plain).is_ok_and(|answer| answer.result == UNREADABLE)
    }
}
