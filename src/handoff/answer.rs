//! What a receipt changes, whatever way it came: through an exchange folder or from the brokers.

use super::Handoff;
use super::receipts::Told;
use crate::config::Language;
use crate::console::words::Words;
use crate::domain::outgoing::State;
use crate::events::Event;
use crate::store::{Hindrance, Receipt, ReceiptTaken, StoreError};

/// Why a receipt changes nothing.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Stable code.
    pub(crate) code: &'static str,
    /// In detail.
    pub(crate) why: String,
    /// In the station's language, then in detail.
    pub(super) told: String,
}

impl Refusal {
    pub(super) fn new(language: Language, code: &'static str, why: String) -> Self {
        let told = format!("{}\n{why}", Words::of(language).code("receipt_aside", code));
        Self { code, why, told }
    }
}

/// What one receipt changes; `Err` says why it changes nothing. The same one again changes nothing either.
///
/// # Errors
/// When SQLite refuses.
pub(crate) async fn take(
    handoff: &Handoff,
    channel: &str,
    told: Told,
) -> Result<Result<(), Refusal>, StoreError> {
    let refusal = |code, why: String| Refusal::new(handoff.settings.station.language, code, why);
    let (by, is_accepted) = (
        channel.to_owned(),
        matches!(told.receipt, Receipt::Accepted { .. }),
    );
    let taken = handoff
        .store
        .with(move |db| {
            let of = (told.package.as_str(), told.letter.as_deref());
            db.take_receipt(&by, of, &told.receipt)
        })
        .await;
    match taken {
        Ok(ReceiptTaken::Settled(message)) => {
            let what = if message.state == State::Accepted {
                "registered"
            } else {
                "given_back"
            };
            if message.has_content() {
                handoff.events.tell(Event::Letter {
                    letter: message.letter,
                    what: what.to_owned(),
                });
            }
            Ok(Ok(()))
        }
        Ok(ReceiptTaken::OtherLetter) => Ok(Err(refusal(
            "other_letter",
            "the package is of another letter than the receipt names".into(),
        ))),
        Ok(ReceiptTaken::NoDraft) => Ok(Ok(())),
        Ok(ReceiptTaken::LetterMissing) => Ok(Err(refusal(
            "letter_missing",
            "this station was restored from a back-up, and has no draft of this letter yet".into(),
        ))),
        Ok(ReceiptTaken::KindUnknown) => Ok(Err(refusal(
            "kind_unknown",
            "this station was restored from a back-up, and the package's name does not say what it told".into(),
        ))),
        Err(error @ (StoreError::NotFound { .. } | StoreError::WrongState { .. })) => {
            if let StoreError::WrongState { id, why, .. } = &error
                && (is_accepted || *why == Hindrance::Registered)
            {
                handoff.events.tell(Event::Alert {
                    code: "receipt_contradicts".into(),
                    subject: format!("letter/{id}"),
                });
            }
            let code = match &error {
                StoreError::NotFound { .. } => "unknown_package",
                _ => "contradicts",
            };
            Ok(Err(refusal(code, error.to_string())))
        }
        Err(error) => Err(error),
    }
}
