//! What two people must sign: the caller in his session, and another one who gives name and password for this one act. His password
//! is looked at like a sign-in: which part was wrong is not told. Wrong ones count against the caller, who after five in ten minutes asks nobody any more;
//! whoever he names is not locked out by them.

use super::App;
use super::auth::Need;
use super::problem::Problem;
use super::session::{prove, to_its_end};
use crate::domain::access::Holder;
use crate::store::{Hindrance, OneHand, SignIn, StoreError};

/// Name and password of the second person.
pub struct Proof {
    name: String,
    password: String,
}

impl Proof {
    /// As they came with the request.
    pub fn of(name: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
        }
    }
}

impl App {
    /// The second person's name, once he has proved it and may do what `N` needs.
    ///
    /// # Errors
    /// `second_person_needed` for the caller himself, `password_not_chosen` unless both have chosen their passwords themselves, `approval_failed` for a name
    /// or password that does not hold, `forbidden` for an account without the right.
    pub async fn second_person<N: Need>(&self, by: &str, proof: Proof) -> Result<String, Problem> {
        let Proof { name, password } = proof;
        if name.is_empty() || name == by {
            return Err(Problem::of_one_hand(&OneHand::Same));
        }
        let (app, asked_by, tried) = (self.clone(), by.to_owned(), name.clone());
        let role = to_its_end(async move {
            let (caller, sought) = (asked_by.clone(), tried.clone());
            let began = app.store.with(move |db| db.begin_proof(&caller, &sought));
            let phc = match began.await? {
                SignIn::Prove(phc) => Some(phc),
                SignIn::Refused => None,
            };
            if !prove(&app, password, phc).await? {
                return Err(failed());
            }
            let held = app.store.with(move |db| db.proven(&asked_by, &tried));
            match held.await {
                Err(StoreError::NotFound { .. }) => Err(failed()),
                role => Ok(role?),
            }
        })
        .await?;
        let (caller, proven) = (by.to_owned(), name.clone());
        let hand = self.store.with(move |db| db.one_hand(&caller, &proven));
        if let Some(hand) = hand.await? {
            return Err(Problem::of_one_hand(&hand));
        }
        let proven = name.clone();
        let age_ms = self.store.with(move |db| db.password_age_ms(&proven));
        if self.settings.passwords.is_too_old(age_ms.await?) {
            return Err(Problem::new(
                "password_expired",
                format!("approver: {name} has to sign in once with a new password"),
            ));
        }
        if !N::lets(Holder::Person(role)) {
            let detail = format!("approver: the account {name} may not sign this");
            return Err(Problem::forbidden(N::ACTION, &detail));
        }
        Ok(name)
    }
}

impl Problem {
    fn of_one_hand(hand: &OneHand) -> Self {
        match hand {
            OneHand::Same => Self::new(
                "second_person_needed",
                "approver: another person than the caller must sign",
            ),
            OneHand::NotChosen(name) => {
                let why = Hindrance::PasswordNotChosen;
                let advice = why.advice();
                Self::new(
                    why.code(),
                    format!("{name} has not chosen his password himself. {advice}"),
                )
            }
        }
    }
}

fn failed() -> Problem {
    Problem::new(
        "approval_failed",
        "approver: name or password is wrong, the account is locked, or there were too many wrong ones in ten minutes",
    )
}
