//! What stands in the way of a change: the code a program decides by, and what a person does next. Codes of their own where a program acts differently,
//! `wrong_state` for the rest.

/// Why a thing's state does not allow what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindrance {
    /// Another case system has the draft.
    LeasedToAnother,
    /// Another case system has registered it.
    RegisteredElsewhere,
    /// The caller named a lease that ran out and was followed by another one.
    LeaseOutdated,
    /// The caller never claimed the draft, or gave it back.
    NotLeased,
    /// A receipt speaks of a draft that is not in that exchange folder.
    NotHandedOut,
    /// The draft is registered under another number.
    OtherCaseNumber,
    /// The draft was taken back from the claimant, who is not told why.
    TakenBack,
    /// A case system has the draft and may register it at any moment.
    WithCaseSystem,
    /// The case system has registered it.
    Registered,
    /// Nobody has confirmed it.
    NotConfirmed,
    /// An officer has confirmed it.
    Confirmed,
    /// Something of the letter waits for a person.
    Held,
    /// The letter is withdrawn, returned unread or destroyed.
    Withheld,
    /// Its pages are being read.
    BeingRead,
    /// Its addressee is whom it accuses.
    AddresseeAccused,
    /// It accuses somebody, and nobody has said whom.
    AccusedUnknown,
    /// Nobody has said who sent it, nor that it is anonymous.
    SenderOpen,
    /// Something enclosed is not settled.
    ValuablesOpen,
    /// Fields that are keyed twice were not, or not alike.
    SecondEntryOpen,
    /// It is not for everybody, and others stand before the second screen.
    NotForVisitors,
    /// Something of that name is there.
    NameTaken,
    /// Somebody has decided it.
    Decided,
    /// The same person may not do both.
    SamePerson,
    /// One of two who sign has a password that somebody else has set.
    PasswordNotChosen,
    /// The message is delivered.
    Delivered,
    /// The last account that can make others.
    LastAdministrator,
    /// It is closed and takes nothing more.
    Closed,
    /// Figures do not agree; which, says the state.
    OutOfBalance,
    /// The load is not open for scanning.
    LoadNotOpen,
    /// The load has had its cycle, or is in one.
    LoadElsewhere,
    /// The device works on something.
    Busy,
    /// Pages are on their way.
    Arriving,
    /// The paper is lent out, or asked for.
    Lent,
    /// The paper lies in no box.
    NotInBox,
    /// The file is being moved.
    Moving,
    /// The file is not held.
    NotHeld,
    /// Its time has not come.
    TooEarly,
    /// It is not what the request takes it for.
    NotSo,
    /// This person's role or recusal does not allow it.
    NotForThisPerson,
    /// A confirming officer does it.
    OfficerNeeded,
    /// The letter whose page it may be is shown to nobody: a confirming officer says that it is another one's.
    OfficerDecides,
    /// The file that it is about is held, or waits, and nobody has decided about it.
    FileUndecided,
    /// None of our separator sheets was read on the page.
    NotASheet,
    /// There is nothing to do any more.
    Over,
    /// The clock of this machine is behind what is on record.
    ClockSetBack,
    /// The clock of this machine is far ahead of what is on record.
    ClockJumped,
    /// Whoever decides has not the letter before him.
    NotOpened,
    /// Nobody's change that this person may take back stands in the field.
    NothingToUndo,
    /// The disk of the second copies cannot be written.
    SecondDisk,
    /// The folder that the second copies are to begin with is not there: its disk may be away.
    SecondFolder,
    /// A proposal to destroy was dropped with the clock's confirmation.
    Dropped,
    /// The station was restored from a back-up, and nobody has said that the case systems acknowledged what it does not know.
    Restored,
}

impl Hindrance {
    /// Every one.
    pub const ALL: [Self; 52] = [
        Self::LeasedToAnother,
        Self::RegisteredElsewhere,
        Self::LeaseOutdated,
        Self::NotLeased,
        Self::NotHandedOut,
        Self::OtherCaseNumber,
        Self::TakenBack,
        Self::WithCaseSystem,
        Self::Registered,
        Self::NotConfirmed,
        Self::Confirmed,
        Self::Held,
        Self::Withheld,
        Self::BeingRead,
        Self::AddresseeAccused,
        Self::AccusedUnknown,
        Self::SenderOpen,
        Self::ValuablesOpen,
        Self::NameTaken,
        Self::Decided,
        Self::SamePerson,
        Self::PasswordNotChosen,
        Self::Delivered,
        Self::LastAdministrator,
        Self::Closed,
        Self::OutOfBalance,
        Self::LoadNotOpen,
        Self::LoadElsewhere,
        Self::Busy,
        Self::Arriving,
        Self::Lent,
        Self::NotInBox,
        Self::Moving,
        Self::NotHeld,
        Self::TooEarly,
        Self::NotSo,
        Self::NotForThisPerson,
        Self::OfficerNeeded,
        Self::OfficerDecides,
        Self::FileUndecided,
        Self::NotASheet,
        Self::Over,
        Self::ClockSetBack,
        Self::ClockJumped,
        Self::SecondDisk,
        Self::SecondFolder,
        Self::Dropped,
        Self::Restored,
        Self::NotOpened,
        Self::NothingToUndo,
        Self::SecondEntryOpen,
        Self::NotForVisitors,
    ];

    /// Stable: programs decide by this.
    pub fn code(self) -> &'static str {
        match self {
            Self::LeasedToAnother => "leased_to_another",
            Self::RegisteredElsewhere => "registered_elsewhere",
            Self::LeaseOutdated => "lease_outdated",
            Self::NotLeased => "not_leased",
            Self::OtherCaseNumber => "other_case_number",
            Self::TakenBack => "taken_back",
            Self::WithCaseSystem => "with_case_system",
            Self::Registered => "already_registered",
            Self::Held => "letter_held",
            Self::Withheld => "letter_withheld",
            Self::BeingRead => "being_read",
            Self::AddresseeAccused => "addressee_accused",
            Self::AccusedUnknown => "accused_unknown",
            Self::SenderOpen => "sender_open",
            Self::ValuablesOpen => "valuables_open",
            Self::SecondEntryOpen => "second_entry_open",
            Self::NameTaken => "name_taken",
            Self::Decided | Self::Dropped => "already_decided",
            Self::SamePerson => "same_person",
            Self::PasswordNotChosen => "password_not_chosen",
            Self::OfficerNeeded => "officer_needed",
            Self::OfficerDecides => "officer_decides",
            Self::FileUndecided => "file_undecided",
            Self::NotASheet => "not_a_separator",
            Self::Delivered => "already_delivered",
            Self::ClockSetBack => "clock_set_back",
            Self::ClockJumped => "clock_jumped_ahead",
            Self::Restored => "restored",
            Self::NotOpened => "not_opened",
            Self::NothingToUndo => "nothing_to_undo",
            Self::SecondFolder => "second_folder_missing",
            Self::LastAdministrator => "last_administrator",
            _ => "wrong_state",
        }
    }

    /// What a person does next.
    pub fn advice(self) -> &'static str {
        match self {
            Self::LeasedToAnother => {
                "Leave it: whoever has it registers it, or it is offered again when that lease runs out"
            }
            Self::RegisteredElsewhere => "Forget it: nothing more comes of it here",
            Self::LeaseOutdated => "Send the newest lease, or none",
            Self::NotLeased => "Claim it first",
            Self::NotHandedOut => {
                "Nothing was changed: ask the other side which of its receipts holds"
            }
            Self::OtherCaseNumber => {
                "The first number stands; where it is wrong, correct it in the case system and tell the mailroom"
            }
            Self::TakenBack => {
                "Do not register it, and delete what was kept of it: it does not come again"
            }
            Self::WithCaseSystem => {
                "Wait until the case system has registered it or given it back, or ask there for it to be given back"
            }
            Self::Registered => {
                "Correct it in the case system; a page that was found later is taken in from the held files and told there; one that accuses its office becomes a letter of its own once an officer has said so"
            }
            Self::NotConfirmed => "Confirm it first",
            Self::Confirmed => "Take the confirmation back first, by a correction",
            Self::Held => "Look at what is held (GET /v1/holds) and say what was found",
            Self::Withheld => {
                "Reinstate it first if it was withdrawn; otherwise nothing more is done with it"
            }
            Self::BeingRead => "Wait until it is read, look at it again, then decide",
            Self::AddresseeAccused => "Choose another addressee",
            Self::AccusedUnknown => {
                "Name whom it accuses, with his office; where it is nobody of an office, a confirming officer says so with the reason (`accused` with an empty list)"
            }
            Self::SenderOpen => "Name the sender, or say that the letter is anonymous, and why",
            Self::ValuablesOpen => "List or settle what was enclosed, with a second person",
            Self::SecondEntryOpen => {
                "Let a second person key it from the page; where both differ, look at the page and correct the draft, or have it keyed once more"
            }
            Self::NotForVisitors => "Go through it with the visitor where nobody else sees it",
            Self::NameTaken => "Choose another name",
            Self::Decided => "Somebody was faster: look at what was said",
            Self::SamePerson => "Another person has to do this",
            Self::PasswordNotChosen => {
                "Whose it is changes it first (POST /v1/session/password): both who sign need a password that nobody else has set"
            }
            Self::Delivered => "Give a reason if it has to be sent once more",
            Self::LastAdministrator => "Make another administrator first",
            Self::Closed => "What comes now goes into an open one",
            Self::OutOfBalance => "Settle that, or say why it is so",
            Self::LoadNotOpen => "Choose a released load of an open batch",
            Self::LoadElsewhere => "Look at the load's batch: it says what is due",
            Self::Busy => "Wait for that to end, or stop it",
            Self::Arriving => "Wait until they are there",
            Self::Lent => "The paper has to be back first",
            Self::NotInBox => "Put it into a box first",
            Self::Moving => "Wait a moment, then try again",
            Self::NotHeld => "Look at the list of held files again",
            Self::TooEarly => "Come back to it then",
            Self::NotSo => "Look at it again",
            Self::NotForThisPerson => "Choose somebody else",
            Self::OfficerNeeded => {
                "Leave what stands there and add the right spelling beside it; a confirming officer takes the other away"
            }
            Self::OfficerDecides => {
                "Put the sheet back to that letter, unread, and set the file aside; where it was only named wrongly, a confirming officer compares the paper and takes it in"
            }
            Self::FileUndecided => {
                "Take it into its letter or set it aside, under the held files (POST /v1/arrivals/{id}/take or /set-aside): that is the answer; a list that waits is held after ten minutes"
            }
            Self::NotASheet => {
                "Choose another kind: every written page is in the archive; one that belongs to no letter is moved out with its reason"
            }
            Self::Over => "There is nothing to do",
            Self::SecondFolder => {
                "Attach or mount its disk; where the folder is to be a new one, make it on that disk, then begin again"
            }
            Self::SecondDisk => "Attach or mount it, and see that it may be written",
            Self::Restored => {
                "Acknowledge again what you registered since then; once every case system has, a confirming officer or an administrator confirms it (POST /v1/handover/reconcile)"
            }
            Self::Dropped => "Propose it anew once the letter's time is over",
            Self::NothingToUndo => "Type the value that it is to have",
            Self::NotOpened => {
                "Open the letter first, with a reason where one is asked for; what you may not see somebody else decides"
            }
            Self::ClockJumped => {
                "Where it is right now, a confirming officer or an administrator confirms it; where it is wrong, set it right"
            }
            Self::ClockSetBack => {
                "Where it is right now, and what is on record was written by a clock that was ahead, a confirming officer or an administrator confirms it; where it is wrong, set it right"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_as_a_sentence_with_what_to_do() {
        for why in Hindrance::ALL {
            let error = super::super::StoreError::WrongState {
                why,
                what: "letter",
                id: "A001".into(),
                state: "as it is".into(),
                action: "change",
            };
            let told = error.to_string();
            assert!(!told.contains("not possible"), "{told}");
            assert!(
                !why.advice().ends_with('.') && why.advice().len() > 10,
                "{told}"
            );
            assert!(told.ends_with(why.advice()), "{told}");
        }
    }
}
