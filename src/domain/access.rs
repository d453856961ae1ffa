//! Who may do what: one table of people's roles and machines' scopes by action. Which letters somebody may see is in
//! `access/sight.rs`, whom a letter is kept from in `access/recusal.rs`.

use serde::{Deserialize, Serialize};

mod lists;
mod recusal;
mod sight;

pub use lists::{BadLine, Lists};
pub use recusal::{
    Interest, InterestKind, Matched, Parties, Relation, goes_to_accused, is_accused,
    is_of_no_known_office, meets_accused, same_party,
};
pub use sight::{
    PageStanding, Restricted, Seer, Sight, Standing, Unseen, called_for, may_see,
    may_see_instruction, may_see_sharply,
};

/// What a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 操作员: batches, cabinets, scanning, letters, corrections.
    Operator,
    /// 核准人: the same, and decides who may see which letter.
    ConfirmingOfficer,
    /// 维护员: devices, and no letter.
    Maintenance,
    /// 审计员: what happened and who saw what, and no letter.
    Auditor,
    /// 管理员: accounts, tokens, settings, devices, and of letters their numbers only.
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::Operator,
        Self::ConfirmingOfficer,
        Self::Maintenance,
        Self::Auditor,
        Self::Administrator,
    ];

    /// As requests, answers and commands name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::ConfirmingOfficer => "confirming_officer",
            Self::Maintenance => "maintenance",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }
}

/// What a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Claims drafts and reads the pages of letters whose draft it may claim.
    CaseSystem,
    /// Device health.
    Maintenance,
}

/// Whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A signed-in person.
    Person(Role),
    /// A machine by its token.
    Machine(Scope),
}

/// What one may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Batches, scans, boxes, corrections: the work of the mailroom.
    Mailroom,
    /// Letters' pages and drafts, as far as [`may_see`] lets.
    ReadLetters,
    /// Restrictions, access lists, recusals, and whatever else of a letter an officer decides.
    DecideAccess,
    /// What an officer or an administrator answers for: the clock, a restored station, figures that leave it, what lessens protection.
    Countersign,
    /// Approvals that need an administrator's name.
    Approve,
    /// Destructions that wait for such an approval, by the letter's number.
    SeeDestructions,
    /// Accounts and tokens.
    Accounts,
    /// Cabinets: cycles begun and aborted, quarantines opened, self tests.
    Cabinets,
    /// Alarms of cabinets acknowledged: a lamp that was not seen out is nothing for whoever waits for his letters.
    EndAlarms,
    /// Cabinets as they are: readings, what blocks them, how their links do.
    SeeCabinets,
    /// Device health.
    DeviceHealth,
    /// Takes drafts over.
    TakeDrafts,
    /// Alerts about letters.
    Alerts,
    /// Who did and saw what.
    Audit,
    /// One's own session, password, declared interests; the stream of events.
    OwnAffairs,
    /// The stream of events.
    Events,
}

type Row = (Action, [u8; 5], [u8; 2]);

/// The whole table. Columns: operator, confirming officer, maintenance, auditor, administrator; case system, maintenance token.
#[rustfmt::skip]
const RIGHTS: [Row; 16] = [
    //                      O  C  M  A  Adm  cs m
    (Action::Mailroom,     [1, 1, 0, 0, 0], [0, 0]),
    (Action::ReadLetters,  [1, 1, 0, 0, 0], [1, 0]),
    (Action::DecideAccess, [0, 1, 0, 0, 0], [0, 0]),
    (Action::Countersign,  [0, 1, 0, 0, 1], [0, 0]),
    (Action::Approve,      [0, 0, 0, 0, 1], [0, 0]),
    (Action::SeeDestructions, [1, 1, 0, 0, 1], [0, 0]),
    (Action::Accounts,     [0, 0, 0, 0, 1], [0, 0]),
    (Action::Cabinets,     [1, 1, 1, 0, 1], [0, 0]),
    (Action::EndAlarms,    [0, 1, 1, 0, 1], [0, 0]),
    (Action::SeeCabinets,  [1, 1, 1, 0, 1], [0, 1]),
    (Action::DeviceHealth, [0, 0, 1, 0, 1], [0, 1]),
    (Action::TakeDrafts,   [0, 0, 0, 0, 0], [1, 0]),
    (Action::Alerts,       [1, 1, 0, 0, 1], [1, 0]),
    (Action::Audit,        [0, 0, 0, 1, 0], [0, 0]),
    (Action::OwnAffairs,   [1, 1, 1, 1, 1], [0, 0]),
    (Action::Events,       [1, 1, 1, 1, 1], [1, 1]),
];

/// Whether the table lets this holder do that.
pub fn may(holder: Holder, action: Action) -> bool {
    RIGHTS
        .iter()
        .find(|(row, ..)| *row == action)
        .is_some_and(|(_, people, machines)| match holder {
            Holder::Person(role) => people[role as usize] == 1,
            Holder::Machine(scope) => machines[scope as usize] == 1,
        })
}

/// The roles of people that may do that.
pub fn roles_that_may(action: Action) -> impl Iterator<Item = Role> {
    let lets = move |role: &Role| may(Holder::Person(*role), action);
    Role::ALL.into_iter().filter(lets)
}

/// What a role may do that another may not.
pub fn more_than(role: Role, other: Role) -> Vec<Action> {
    let lets = |role, action: &Action| may(Holder::Person(role), *action);
    let all = RIGHTS.iter().map(|(action, ..)| *action);
    all.filter(|action| lets(role, action) && !lets(other, action))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_both_looks_after_devices_accounts_or_the_audit_and_sees_letters() {
        for role in [Role::Maintenance, Role::Auditor, Role::Administrator] {
            for action in [Action::Mailroom, Action::ReadLetters, Action::DecideAccess] {
                assert!(!may(Holder::Person(role), action), "{role:?} {action:?}");
            }
            // That an alert about one has gone up an administrator hears, by its number.
            let hears = may(Holder::Person(role), Action::Alerts);
            assert_eq!(hears, role == Role::Administrator, "{role:?}");
        }
        assert!(!may(
            Holder::Machine(Scope::Maintenance),
            Action::ReadLetters
        ));
    }

    #[test]
    fn who_looks_through_the_audit_changes_nothing() {
        let allowed: Vec<Action> = RIGHTS.iter().map(|(action, ..)| *action).collect();
        let auditors: Vec<_> = allowed
            .into_iter()
            .filter(|action| may(Holder::Person(Role::Auditor), *action))
            .collect();
        assert_eq!(
            auditors,
            [Action::Audit, Action::OwnAffairs, Action::Events]
        );
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Auditor) {
            assert!(!may(Holder::Person(role), Action::Audit), "{role:?}");
        }
    }

    #[test]
    fn every_role_has_a_column() {
        for (at, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, at);
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
            assert!(may(Holder::Person(role), Action::OwnAffairs));
        }
    }
}
