//! What a draft says about earlier letters: first or repeat, the candidates, the officer's word.

use serde::{Deserialize, Serialize};

/// First or repeat letter (SZ 3.1, 3.2, 7.4.1); a proposal, never merged by itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Repeat {
    /// `first`, `repeat`, or `unchecked` while no comparison was made.
    pub relation: String,
    /// The earlier letter, the case number of an imported registration, or `STATION/NUMBER` of another station's letter.
    pub of: Option<String>,
    /// The three scores of 7.4.1.
    pub scores: Option<RepeatScores>,
    /// An officer decided it; comparing anew leaves it alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decided: bool,
    /// Which letter of this sender on this matter it is, from 2 (SZ 3.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// Earlier registrations that have to do with it, the likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<RepeatCandidate>,
    /// The same letter sent to several addressees (SZ 7.5.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<Copies>,
}

impl Repeat {
    /// Says that the letter repeats one of the candidates, or none; `None` where there is no such candidate.
    pub fn decide(&mut self, of: Option<&str>) -> Option<()> {
        let linked = match of {
            Some(of) => Some(self.candidates.iter().find(|c| c.of == of)?),
            None => None,
        };
        self.scores = linked.map(|c| c.scores);
        self.of = of.map(str::to_owned);
        self.relation = if of.is_some() { "repeat" } else { "first" }.to_owned();
        self.nth = of.map(|_| self.nth.unwrap_or(2));
        self.decided = true;
        Some(())
    }

    /// Says what the letter repeats of the candidates that are left, whoever decided otherwise of one that is not.
    pub fn link_to_what_is_left(&mut self) {
        let linked = self.candidates.iter().find(|c| c.is == EarlierIs::Repeat);
        let of = linked.map(|c| c.of.clone());
        self.nth = None;
        let _ = self.decide(of.as_deref());
        self.decided = false;
    }

    /// What was found anew, under what an officer had decided; a candidate that is gone takes the decision with it.
    pub fn under(mut self, earlier: &Self) -> Self {
        if earlier.decided {
            let _ = self.decide(earlier.of.as_deref());
        }
        self
    }
}

/// How alike the letters are, each 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RepeatScores {
    /// Name.
    pub name: f32,
    /// Address.
    pub address: f32,
    /// Content.
    pub content: f32,
}

/// What an earlier registration is to this letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EarlierIs {
    /// Name, address and matter pass: this letter repeats it.
    Repeat,
    /// One of the three is weak or unknown: a person decides.
    PossibleRepeat,
    /// The same sender on another matter: first letters both.
    SameSenderOtherMatter,
    /// Another sender on the same matter: first letters both.
    SameMatterOtherSender,
    /// The same matter by somebody who does not say who he is.
    SameMatterSenderUnknown,
}

/// Where an earlier registration comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EarlierFrom {
    /// A letter of this station.
    Station,
    /// Imported from the case system.
    Imported,
    /// A letter of another station of the office, `STATION/NUMBER`.
    OtherStation,
}

/// An earlier registration that has to do with the letter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RepeatCandidate {
    /// Letter number, case number of an imported registration, or `STATION/NUMBER` of another station's.
    pub of: String,
    /// Where it comes from.
    pub from: EarlierFrom,
    /// What it is to this letter.
    pub is: EarlierIs,
    /// The three scores of 7.4.1.
    pub scores: RepeatScores,
    /// A telephone number is the same.
    pub same_phone: bool,
    /// The ID number is the same.
    pub same_id_number: bool,
    /// The sender is the same by telephone or ID number and writes from another address.
    pub moved: bool,
    /// When it was received, `YYYY-MM-DD`.
    pub received_on: Option<String>,
    /// An accusation: who may see it is decided there.
    pub restricted: bool,
    /// Fields that differ; names only (SZ 7.4.3.2).
    pub differs: Vec<RepeatDifference>,
}

impl RepeatCandidate {
    /// Another station and the letter's number there, where it is another station's.
    pub fn elsewhere(&self) -> Option<(&str, &str)> {
        match self.from {
            EarlierFrom::OtherStation => self.of.split_once('/'),
            EarlierFrom::Station | EarlierFrom::Imported => None,
        }
    }
}

/// A field that two registrations of one matter do not have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RepeatDifference {
    /// The field.
    pub field: String,
    /// How it differs.
    pub how: Differs,
}

/// How a field differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Differs {
    /// This letter has it, the earlier registration has not.
    OnlyHere,
    /// The earlier registration has it, this letter has not.
    OnlyThere,
    /// Both have it, not the same.
    Other,
}

/// Near-copies of one letter to several addressees: one is handled and answered, the others are filed (SZ 7.5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Copies {
    /// The one proposed to be handled: the first registered.
    pub handled: String,
    /// Every one of them, this letter too, in the order of registration.
    pub letters: Vec<String>,
}
