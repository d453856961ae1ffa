//! What another role of an account would change: what its owner may do, and which open letters he sees.

use std::collections::BTreeMap;

use serde::Serialize;

use super::number;
use crate::domain::access::{Action, Holder, Role, Seer, Sight, Unseen, more_than};
use crate::store::{Db, StoreError};

/// How much of a letter somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// Nothing.
    Nothing,
    /// That it is there, with names and numbers masked.
    Masked,
    /// Everything, once he has said why he looks.
    AfterReason,
    /// Everything.
    Whole,
}

impl From<Sight> for Seen {
    fn from(sight: Sight) -> Self {
        match sight {
            Sight::Full => Self::Whole,
            Sight::Masked => Self::Masked,
            Sight::No(Unseen::ReasonAsked) => Self::AfterReason,
            Sight::No(_) => Self::Nothing,
        }
    }
}

/// What another role would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleChange {
    /// The role that he has.
    pub before: Role,
    /// What he may do then.
    pub gains: Vec<Action>,
    /// What he may do no more.
    pub loses: Vec<Action>,
    /// How many open letters he sees otherwise: as he sees them, as he will.
    pub letters: BTreeMap<(Seen, Seen), usize>,
    /// Names what was looked at.
    pub number: String,
}

/// Looks at another role for an account. Counted are letters from which whoever asks is not kept away himself; he reads none of them.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::WrongState`] for the last administrator.
pub fn role_preview(
    db: &Db,
    user: &str,
    role: Role,
    asks: &Seer,
) -> Result<RoleChange, StoreError> {
    db.may_get_role(user, role)?;
    let before = db.user(user)?.role;
    let as_role = |role: Role| Seer {
        actor: user.to_owned(),
        holder: Holder::Person(role),
    };
    let (was, becomes) = (as_role(before), as_role(role));
    let mut letters = BTreeMap::new();
    for letter in db.open_letters()? {
        if db.standing(asks, &letter)?.is_recused {
            continue;
        }
        let seen = [&was, &becomes].map(|seer| db.sight(seer, &letter).map(Seen::from));
        let [was, becomes] = seen;
        let (was, becomes) = (was?, becomes?);
        if was != becomes {
            *letters.entry((was, becomes)).or_default() += 1;
        }
    }
    let number = number(&format!("{user} {before:?} {role:?} {letters:?}"));
    Ok(RoleChange {
        before,
        gains: more_than(role, before),
        loses: more_than(before, role),
        letters,
        number,
    })
}
