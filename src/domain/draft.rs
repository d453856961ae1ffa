//! A draft registration: the document of CONTRACT.md, its corrections, its confirmation.

use serde::{Deserialize, Serialize};

use super::deadline::{Start, Unit};
use super::double_entry::SecondEntry;
use super::field::{Field, Source};
use super::text::{PageKind, Quad};
use super::visitor::VisitorWord;

mod repeat;

pub use repeat::{
    Copies, Differs, EarlierFrom, EarlierIs, Repeat, RepeatCandidate, RepeatDifference,
    RepeatScores,
};

/// Everything proposed for one letter. `disinfection`, `deadlines`, `pages` and times are the station's; `fields` come from the pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Draft {
    /// The letter's number.
    pub letter: String,
    /// Name of the station.
    pub station: String,
    /// When the letter reached the office, RFC 3339.
    pub received_at: Option<String>,
    /// Its pages.
    pub pages: Vec<DraftPage>,
    /// How it was disinfected.
    pub disinfection: Option<Disinfection>,
    /// How the other loads were, under which sheets of it were opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_disinfections: Vec<Disinfection>,
    /// The registration.
    pub fields: Fields,
    /// Names of fields without evidence.
    pub missing: Vec<String>,
    /// Due dates.
    pub deadlines: Vec<Deadline>,
    /// Deadlines whose clock something starts that the case system knows: acceptance, registration, transfer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deadlines_to_come: Vec<DeadlineToCome>,
    /// Who confirmed it and when; `None` while it is only a suggestion.
    pub confirmed: Option<Confirmation>,
    /// What the station wants a person to know about this draft, e.g. a page that could not be read.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What a second person keyed from the paper, where the office wants fields keyed twice; the newest of each field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub second_entries: Vec<SecondEntry>,
    /// What the visitor who brought the letter said of the draft on the second screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<VisitorWord>,
}

/// A page as the draft lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DraftPage {
    /// Number within the letter, from 1.
    pub n: u32,
    /// What it is.
    pub kind: PageKind,
    /// SHA-256 of the original bytes, hex.
    pub sha256: String,
    /// SM3 of the original bytes, hex.
    pub sm3: String,
}

/// Proof of the cycle that released the letter's load, or the override that stood in for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Disinfection {
    /// Cycle number.
    pub cycle: Option<String>,
    /// When a cycle released the load, RFC 3339; none under an override, which has its own `at`.
    pub released_at: Option<String>,
    /// Dose on the outer surface.
    pub dose_mj_cm2: Option<f64>,
    /// The signed override, if that opened the load.
    pub r#override: Option<Override>,
}

/// A signed override.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Override {
    /// Who signed.
    pub by: String,
    /// The second person who signed; none in drafts from before two had to.
    #[serde(default)]
    pub approved_by: Option<String>,
    /// Why.
    pub reason: String,
    /// When, RFC 3339.
    pub at: String,
}

/// An officer's confirmation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Confirmation {
    /// Who.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
}

/// A due date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Deadline {
    /// What is due.
    pub name: String,
    /// The day, `YYYY-MM-DD`.
    pub due: String,
    /// Legal basis.
    pub basis: String,
}

/// A deadline whose clock has not started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeadlineToCome {
    /// What is due.
    pub name: String,
    /// What starts the clock.
    pub start: Start,
    /// How many days; the day of the start does not count.
    pub days: u32,
    /// Which days count.
    pub unit: Unit,
    /// Longest extension, in the same unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extend_days: Option<u32>,
    /// Legal basis.
    pub basis: String,
}

/// The registered fields (SZ 7.4.2.1).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fields {
    /// 姓名; `匿名` for an anonymous letter.
    pub sender_name: Field,
    /// 地址
    pub address: Field,
    /// 受信人
    pub addressee: Field,
    /// 来信时间, `YYYY-MM-DD`.
    pub letter_date: Field,
    /// 来信目的
    pub purpose: Field,
    /// 身份证号
    pub id_number: IdNumber,
    /// 联系方式, every number.
    pub phones: Vec<Phone>,
    /// 匿名
    pub anonymous: Anonymous,
    /// 联名
    pub joint: Joint,
    /// 代理
    pub proxy: Option<Proxy>,
    /// 邮戳
    pub postmark: Option<Postmark>,
    /// 问题, one of them main.
    pub matters: Vec<Matter>,
    /// The matters as they were read, where an officer corrected them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matters_read: Vec<Matter>,
    /// Extractive summary; empty when there is none.
    pub summary: String,
    /// The sentences of the summary as they were extracted, each with its place.
    #[serde(default)]
    pub summary_sentences: Vec<SummarySentence>,
    /// Whom the letter accuses.
    #[serde(default)]
    pub accused: Vec<Accused>,
    /// What it says of earlier letters and the numbers of their papers.
    #[serde(default)]
    pub earlier: Vec<SummarySentence>,
    /// Why the matter may have to be assigned (交办, SZ 7.9): 扬言信, 联名信, 上级转办.
    #[serde(default)]
    pub assign_hint: Vec<String>,
    /// 其他紧急情况 (SZ 7.3.5(5)): why the matter is urgent; only a person says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgent_reason: Option<String>,
    /// 上报建议 (SZ 7.3.6): why the letter is worth reporting upward; only a person says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_upward_reason: Option<String>,
    /// Alerts.
    pub flags: Flags,
    /// First or repeat letter.
    pub repeat: Repeat,
}

impl Fields {
    /// Whether it accuses somebody (SZ 5.3.3): by its purpose, by whom it names, or by what it tells of. What follows from that, the restriction as
    /// well as whom it must not reach, is asked here and nowhere else.
    pub fn accuses(&self) -> bool {
        let tells_of_a_crime = self
            .flags
            .crime_clue
            .as_ref()
            .is_some_and(|flag| flag.value);
        self.purpose.value.as_deref() == Some("检举控告")
            || !self.accused.is_empty()
            || tells_of_a_crime
    }

    /// An accusation of which nobody knows whom it accuses: whom it must not reach is for a person to say.
    pub fn accuses_somebody_unknown(&self) -> bool {
        self.accuses() && !names_whom_it_accuses(&self.accused)
    }

    /// Every letter is registered under a sender or as 匿名 (SZ 7.4.2.2): which of them is open while there is neither.
    pub fn is_sender_open(&self) -> bool {
        self.sender_name.value.is_none() && !self.anonymous.value
    }

    /// The signature may stand where nothing was read: then “anonymous” is no finding, and the sender stays open.
    pub fn withdraw_anonymity(&mut self) {
        if self.anonymous.value {
            self.sender_name = Field::empty();
            self.anonymous = Anonymous::default();
        }
    }

    /// Names of the fields without evidence, as `missing` lists them.
    pub fn missing(&self) -> Vec<String> {
        let absent = [
            ("sender_name", self.sender_name.value.is_none()),
            ("address", self.address.value.is_none()),
            ("addressee", self.addressee.value.is_none()),
            ("letter_date", self.letter_date.value.is_none()),
            ("purpose", self.purpose.value.is_none()),
            ("id_number", self.id_number.field.value.is_none()),
            (
                "phones",
                self.phones.iter().all(|p| p.field.value.is_none()),
            ),
            ("matters", self.matters.is_empty()),
        ];
        absent
            .into_iter()
            .filter(|(_, gone)| *gone)
            .map(|(name, _)| name.to_owned())
            .collect()
    }
}

impl Fields {
    /// Elements a registration cannot do without and this letter does not give: a reason to call the sender (SZ 7.3.2). An anonymous
    /// sender left them out on purpose.
    pub fn missing_elements(&self) -> Vec<&'static str> {
        if self.anonymous.value {
            return Vec::new();
        }
        let place_only = self.address.source == Source::EnvelopePostmark;
        let absent = [
            ("sender_name", self.sender_name.value.is_none()),
            ("address", self.address.value.is_none() || place_only),
            ("matters", self.matters.is_empty()),
        ];
        let gone = absent.into_iter().filter(|(_, gone)| *gone);
        gone.map(|(name, _)| name).collect()
    }

    /// The first number that can be called; none that the letter gives as another's.
    pub fn first_phone(&self) -> Option<&str> {
        let own = self.phones.iter().filter(|p| !p.is_anothers());
        own.filter_map(|p| p.field.value.as_deref()).next()
    }
}

/// An ID number; never repaired.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IdNumber {
    /// The field.
    #[serde(flatten)]
    pub field: Field,
    /// Whether the GB 11643 check digit holds; `None` without a value or for the 15-digit form.
    pub checksum_ok: Option<bool>,
    /// Date of birth `YYYY-MM-DD`, only where the check digit holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth: Option<String>,
    /// `男` or `女`, only where the check digit holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<String>,
    /// The county or city of the first six digits by today's list, only where the check digit holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// What kind of number a phone number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhoneKind {
    /// 11 digits, 1[3-9].
    Mobile,
    /// Area code and 7 or 8 digits.
    Landline,
}

/// One phone number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Phone {
    /// The field.
    #[serde(flatten)]
    pub field: Field,
    /// Its kind.
    pub r#type: PhoneKind,
    /// Whose number, where the page says.
    #[serde(default)]
    pub owner: Option<String>,
}

/// Whether the letter is anonymous, and why (requirement A5): `无署名`, `假名`, `署名不完整`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Anonymous {
    /// Anonymous or not.
    pub value: bool,
    /// The reason.
    pub reason: Option<String>,
}

/// Joint letter: five or more signatories, units count (SZ 3.3).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Joint {
    /// Five or more.
    pub is_joint: bool,
    /// How many distinct signatories.
    pub count: u32,
    /// Their names in reading order.
    pub signatories: Vec<String>,
}

/// A proxy's letter: the principal is registered as sender (SZ 3.6, 7.4.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Proxy {
    /// Who wrote for the sender.
    pub agent: String,
    /// Whether a written authorisation was among the pages.
    pub authorisation_seen: bool,
}

/// A postmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Postmark {
    /// Place.
    pub place: Option<String>,
    /// Date, `YYYY-MM-DD`.
    pub date: Option<String>,
}

/// A stretch of text on one line of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Passage {
    /// Page number within the letter, from 1.
    pub page: u32,
    /// Where on it, in pixels of the original image.
    #[schema(value_type = Vec<Vec<f32>>, min_items = 4, max_items = 4)]
    pub quad: Quad,
}

/// A sentence of the letter, in its own words, and where it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SummarySentence {
    /// The sentence as read.
    pub text: String,
    /// The page that holds most of it.
    pub page: Option<u32>,
    /// Its place there, in pixels of the original image.
    #[schema(value_type = Option<Vec<Vec<f32>>>, min_items = 4, max_items = 4)]
    pub quad: Option<Quad>,
    /// All of it, line by line.
    #[serde(default)]
    pub quads: Vec<Passage>,
}

/// Someone a letter accuses; never the sender, and kept apart from him (SZ 5.3.3).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Accused {
    /// The name or the unit as read.
    pub name: String,
    /// The office he holds, with its unit, as the letter or a person says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "镇人民政府镇长")]
    pub office: Option<String>,
    /// Page number within the letter, from 1.
    pub page: Option<u32>,
    /// Where on it, in pixels of the original image.
    #[schema(value_type = Option<Vec<Vec<f32>>>, min_items = 4, max_items = 4)]
    pub quad: Option<Quad>,
}

/// Whether a list of accused says of everybody who he is or of which unit: only then can anybody tell whom the letter must not reach.
pub fn names_whom_it_accuses(accused: &[Accused]) -> bool {
    !accused.is_empty() && !accused.iter().any(Accused::points_nowhere)
}

impl Accused {
    /// 该局工作人员, 我单位领导: which unit that is, a person has to say. 我村村支书 with his name is no riddle.
    fn points_nowhere(&self) -> bool {
        let begins = |text: &str, with: &str| text.chars().next().is_some_and(|c| with.contains(c));
        match &self.office {
            Some(office) => begins(office, "贵你该"),
            None => {
                let length = self.name.chars().count();
                let is_short = length == 2 && self.name.ends_with(['局', '委', '办', '院', '府']);
                (length > 3 || is_short) && begins(&self.name, "贵你该本我某")
            }
        }
    }
}

/// One matter of the letter (SZ 7.4.2.6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Matter {
    /// Short title, in the letter's own words.
    pub title: String,
    /// The main matter.
    pub main: bool,
    /// Pages it is on.
    pub pages: Vec<u32>,
    /// 问题属地
    pub place: Option<String>,
    /// Category in three levels, `大类/中类/小类`: a proposal out of this project's own list.
    pub category: Option<String>,
    /// The stretches of text it is told in, line by line.
    #[serde(default)]
    pub ranges: Vec<Passage>,
    /// Where an officer corrected the list: the number under which this matter is known. Those that were read have the first numbers, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
}

/// An alert with the sentence that raised it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Flag {
    /// Raised or not.
    pub value: bool,
    /// The sentence. Of several threats all, five at most, with …… between them, the surest first.
    pub quote: Option<String>,
    /// Its page; of several the first one's.
    pub page: Option<u32>,
    /// Its place.
    #[schema(value_type = Option<Vec<Vec<f32>>>, min_items = 4, max_items = 4)]
    pub quad: Option<Quad>,
    /// Why it was raised, where more than one way raises it; 疑似 for what a person should read before believing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Alerts (requirements E). `None`: this version does not look for it, so nothing may be concluded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Flags {
    /// 扬言
    pub threat: Option<Flag>,
    /// 涉嫌犯罪线索
    pub crime_clue: Option<Flag>,
    /// 随信财物
    pub valuables: Option<Flag>,
    /// 可存档 (thanks, consultation)
    pub archive_only: Option<Flag>,
    /// 敏感
    pub sensitive: Option<Flag>,
    /// 密级标志
    pub secret_mark: Option<Flag>,
}
