//! Whether somebody may see a letter: one decision out of plain values, used by every route that touches one.

use serde::{Deserialize, Serialize};

use super::{Action, Holder, Role, Scope, may};
use crate::domain::draft::{Fields, Flag};

/// Why not everybody of the mailroom sees a letter.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Restricted {
    /// 密级标志: it carries a secret mark.
    Secret,
    /// 检举控告: it accuses somebody, or tells of a crime (SZ 5.3.3).
    Accusation,
    /// 敏感: personal or trade secrets (SZ 7.3.5).
    Sensitive,
    /// An officer said so.
    ByHand,
}

/// Whoever wants to see, by role or scope; the name is looked up where lists are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seer {
    /// As records name it: `zhang`, `token/cases`.
    pub actor: String,
    /// What it is.
    pub holder: Holder,
}

/// How somebody stands to one letter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The letter is restricted, and why.
    pub restricted: Option<Restricted>,
    /// He is on its access list.
    pub is_listed: bool,
    /// He is kept from it: an interest of his own or of his relatives is touched.
    pub is_recused: bool,
    /// He has said why he looks at it, not long ago.
    pub has_reason: bool,
    /// The case system that asks may claim its draft now, has it leased, or has registered it.
    pub is_offered: bool,
}

/// What somebody sees of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Everything.
    Full,
    /// That it is there, with names and numbers masked.
    Masked,
    /// Nothing of its content.
    No(Unseen),
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unseen {
    /// His role or its scope sees no letters.
    Role,
    /// An interest of his own: for him there is no such letter.
    Recused,
    /// It is restricted, and he is not on its list.
    Restricted,
    /// It is restricted, and he has to say first why he looks.
    ReasonAsked,
    /// It is neither offered to this case system nor its own.
    NotOffered,
}

/// The decision.
pub fn may_see(holder: Holder, standing: Standing) -> Sight {
    if !may(holder, Action::ReadLetters) {
        return Sight::No(Unseen::Role);
    }
    match holder {
        Holder::Machine(Scope::Maintenance) => Sight::No(Unseen::Role),
        Holder::Machine(Scope::CaseSystem) if standing.is_offered => Sight::Full,
        Holder::Machine(Scope::CaseSystem) => Sight::No(Unseen::NotOffered),
        Holder::Person(_) if standing.is_recused => Sight::No(Unseen::Recused),
        Holder::Person(role) => match standing.restricted {
            None => Sight::Full,
            Some(_) if role == Role::ConfirmingOfficer || standing.is_listed => {
                if standing.has_reason {
                    Sight::Full
                } else {
                    Sight::No(Unseen::ReasonAsked)
                }
            }
            Some(Restricted::Sensitive) => Sight::Masked,
            Some(_) => Sight::No(Unseen::Restricted),
        },
    }
}

/// Whether somebody who may see the letter may see a leader's written instruction that lies in it (SZ 5.3.6): not spread without approval.
pub fn may_see_instruction(holder: Holder, standing: Standing) -> bool {
    match holder {
        Holder::Machine(_) => false,
        Holder::Person(_) if standing.is_recused => false,
        Holder::Person(role) => role == Role::ConfirmingOfficer || standing.is_listed,
    }
}

/// How a page stands before anybody knows what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageStanding {
    /// It is read, and the letter has a draft: who may see it is decided.
    pub is_judged: bool,
    /// It could not be read: somebody has to look.
    pub is_unreadable: bool,
    /// Its letter is held for a person: an officer may have to look before it is read.
    pub is_held: bool,
    /// Whoever looks has declared an interest of his own or of a relative: the page might touch it.
    pub has_interest: bool,
}

/// Whether somebody who may see the letter may see this page sharply. Who else handles letters sees that it is there, and what kind of sheet.
pub fn may_see_sharply(holder: Holder, page: PageStanding) -> bool {
    match holder {
        Holder::Machine(_) => true,
        Holder::Person(role) => {
            let is_needed = page.is_unreadable || page.is_held && role == Role::ConfirmingOfficer;
            page.is_judged || is_needed && !page.has_interest
        }
    }
}

/// Which restriction what was read calls for, the strictest first. Whatever accuses anybody restricts.
pub fn called_for(fields: &Fields) -> Option<Restricted> {
    let raised = |flag: &Option<Flag>| flag.as_ref().is_some_and(|flag| flag.value);
    let flags = &fields.flags;
    if raised(&flags.secret_mark) {
        Some(Restricted::Secret)
    } else if fields.accuses() {
        Some(Restricted::Accusation)
    } else if raised(&flags.sensitive) {
        Some(Restricted::Sensitive)
    } else {
        None
    }
}

impl Sight {
    /// Everything is to be seen.
    pub fn is_full(self) -> bool {
        self == Self::Full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::draft::Accused;

    const PERSONS: [Role; 2] = [Role::Operator, Role::ConfirmingOfficer];

    fn all() -> impl Iterator<Item = Standing> {
        let kinds = [
            None,
            Some(Restricted::Secret),
            Some(Restricted::Accusation),
            Some(Restricted::Sensitive),
            Some(Restricted::ByHand),
        ];
        kinds.into_iter().flat_map(|restricted| {
            (0..16).map(move |bits| Standing {
                restricted,
                is_listed: bits & 1 > 0,
                is_recused: bits & 2 > 0,
                has_reason: bits & 4 > 0,
                is_offered: bits & 8 > 0,
            })
        })
    }

    #[test]
    fn whoever_is_recused_sees_nothing_whatever_list_he_is_on() {
        for standing in all().filter(|standing| standing.is_recused) {
            for role in PERSONS {
                assert_eq!(
                    may_see(Holder::Person(role), standing),
                    Sight::No(Unseen::Recused)
                );
            }
        }
    }

    #[test]
    fn a_restricted_letter_is_whole_only_with_a_reason_and_a_right() {
        for standing in all().filter(|standing| standing.restricted.is_some()) {
            for role in PERSONS {
                if may_see(Holder::Person(role), standing).is_full() {
                    assert!(standing.has_reason && !standing.is_recused, "{standing:?}");
                    assert!(
                        standing.is_listed || role == Role::ConfirmingOfficer,
                        "{role:?} {standing:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_page_that_nobody_has_judged_is_sharp_only_for_a_need_and_without_an_interest() {
        let unjudged = PageStanding {
            is_judged: false,
            is_unreadable: false,
            is_held: false,
            has_interest: false,
        };
        let sees = |role, page| may_see_sharply(Holder::Person(role), page);
        for role in PERSONS {
            let judged = PageStanding {
                is_judged: true,
                ..unjudged
            };
            assert!(sees(role, judged) && !sees(role, unjudged));
            let unreadable = PageStanding {
                is_unreadable: true,
                ..unjudged
            };
            assert!(sees(role, unreadable));
            assert!(!sees(
                role,
                PageStanding {
                    has_interest: true,
                    ..unreadable
                }
            ));
        }
    }

    #[test]
    fn a_held_letter_is_not_shown_to_every_operator_before_it_is_read() {
        let held = PageStanding {
            is_judged: false,
            is_unreadable: false,
            is_held: true,
            has_interest: false,
        };
        let sees = |role, page| may_see_sharply(Holder::Person(role), page);
        assert!(sees(Role::ConfirmingOfficer, held));
        assert!(!sees(Role::Operator, held));
        let interested = PageStanding {
            has_interest: true,
            ..held
        };
        assert!(!sees(Role::ConfirmingOfficer, interested));
    }

    #[test]
    fn who_sees_no_letters_sees_none() {
        for standing in all() {
            for holder in [
                Holder::Person(Role::Maintenance),
                Holder::Person(Role::Auditor),
                Holder::Person(Role::Administrator),
                Holder::Machine(Scope::Maintenance),
            ] {
                assert_eq!(may_see(holder, standing), Sight::No(Unseen::Role));
            }
        }
    }

    #[test]
    fn the_case_system_sees_what_is_offered_and_nothing_else() {
        for standing in all() {
            let sight = may_see(Holder::Machine(Scope::CaseSystem), standing);
            assert_eq!(sight.is_full(), standing.is_offered, "{standing:?}");
        }
    }

    #[test]
    fn what_is_read_restricts_by_its_strictest_sign() {
        let mut fields = Fields::default();
        assert_eq!(called_for(&fields), None);
        let raised = || {
            Some(Flag {
                value: true,
                ..Flag::default()
            })
        };
        fields.flags.sensitive = raised();
        assert_eq!(called_for(&fields), Some(Restricted::Sensitive));
        // A unit, too, however long its name is.
        for name in ["苏州市信访局", "王大明"] {
            fields.accused = vec![Accused {
                name: name.into(),
                ..Accused::default()
            }];
            assert_eq!(called_for(&fields), Some(Restricted::Accusation));
        }
        fields.flags.secret_mark = raised();
        assert_eq!(called_for(&fields), Some(Restricted::Secret));
        let mut fields = Fields::default();
        fields.purpose.value = Some("检举控告".into());
        assert_eq!(called_for(&fields), Some(Restricted::Accusation));
    }
}
