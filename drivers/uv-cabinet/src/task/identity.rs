//! Who is there: the identity points of the profile, asked on every new connection and again right before the lamp may be lit.
//!
//! Another cabinet is told nothing and believed nothing. One that does not say who it is now (silence, busy) is not called wrong;
//! it is asked again.

use tracing::{info, warn};

use super::CabinetTask;
use crate::{
    Command, Missing, Point, Switch,
    error::{BadReply, CommandError, IdentityError, LinkError, WrongCabinet},
    pdu::Answer,
    profile::Identity,
};

/// What is known of the device behind the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// It was never asked.
    Unproven,
    /// It is the profile's, on the so-many-eth connection of the line; `None`: that was before a silence.
    TheOne(Option<u64>),
    /// It is another one.
    Other(WrongCabinet),
}

impl Who {
    pub(super) fn doubt(&mut self) {
        if let Self::TheOne(since) = self {
            *since = None;
        }
    }
}

/// Modbus exceptions that say: I have no such register, or no such function.
pub(super) const HAS_NO_SUCH: std::ops::RangeInclusive<u8> = 1..=3;

impl CabinetTask {
    /// Whether the profile's cabinet is there; where it is not, the readings say why.
    pub(super) async fn is_the_one(&mut self) -> bool {
        if self.profile.identity.is_empty() || self.who == Who::TheOne(Some(self.line.opened())) {
            return true;
        }
        let missing = match self.identify().await {
            Ok(None) => {
                self.no_stranger();
                return true;
            }
            Ok(Some(wrong)) => {
                self.readings.overall = Some(Missing::WrongCabinet(wrong));
                self.readings
                    .slots
                    .values_mut()
                    .for_each(|slot| slot.last = None);
                return false;
            }
            Err(IdentityError::Link(error)) => Missing::NoAnswer(error.problem()),
            Err(IdentityError::Refused(exception)) => Missing::Refused { exception },
        };
        // What it said before was said by the right one, and lives on to its maximum age. Of a stranger nothing was kept; who is
        // silent now is asked again before he is called one.
        self.no_stranger();
        for slot in self.readings.slots.values_mut() {
            match &missing {
                Missing::NoAnswer(problem) => slot.fall_silent(*problem),
                _ => slot.trouble = Some(missing.clone()),
            }
        }
        false
    }

    /// A controller that stands still goes on doing so whoever it is.
    fn no_stranger(&mut self) {
        if matches!(self.readings.overall, Some(Missing::WrongCabinet(_))) {
            self.readings.overall = None;
        }
    }

    /// Whether a command may be written: never to another cabinet, and lighting the lamp only to one that was asked right before.
    pub(super) async fn may_be_told(
        &mut self,
        point: Point,
        command: Command,
    ) -> Result<(), CommandError> {
        let here = Some(self.line.opened());
        match (&self.who, command) {
            _ if self.profile.identity.is_empty() => return Ok(()),
            // The lamp is lit by nobody's word of before, and put out by it.
            (Who::TheOne(_), Command::Lamp(Switch::Off)) => return Ok(()),
            (_, Command::Lamp(Switch::On)) => {}
            (Who::TheOne(since), _) if *since == here => return Ok(()),
            _ => {}
        }
        match self.identify().await {
            Ok(None) => Ok(()),
            Ok(Some(wrong)) => Err(CommandError::WrongCabinet(wrong)),
            Err(source) => Err(CommandError::NotTold { point, source }),
        }
    }

    /// Reads every identity point: `Some` names the first that differs.
    async fn identify(&mut self) -> Result<Option<WrongCabinet>, IdentityError> {
        for at in 0..self.profile.identity.len() {
            let sign = self.profile.identity[at].clone();
            let unit = sign.modbus_unit.unwrap_or(self.profile.link.unit);
            let read = match self.line.exchange(unit, sign.ask()).await {
                Ok(Answer::Words(words)) if words == sign.words => continue,
                Ok(Answer::Words(words)) => sign.shown(&words),
                Ok(Answer::Exception(exception)) if HAS_NO_SUCH.contains(&exception) => {
                    format!("Modbus exception {exception}")
                }
                Ok(Answer::Exception(exception)) => {
                    self.who.doubt();
                    return Err(IdentityError::Refused(exception));
                }
                // A question knows the one reply that fits it, so a read is never answered like this.
                Ok(Answer::Written) => {
                    let what = BadReply::Kind;
                    return Err(LinkError::BadReply { what }.into());
                }
                Err(error) => {
                    self.who.doubt();
                    return Err(error.into());
                }
            };
            return Ok(Some(self.found_another(&sign, read)));
        }
        if matches!(self.who, Who::Other(_)) {
            info!(model = self.profile.model, "the right cabinet is there");
        }
        self.who = Who::TheOne(Some(self.line.opened()));
        Ok(None)
    }

    fn found_another(&mut self, sign: &Identity, read: String) -> WrongCabinet {
        let wrong = WrongCabinet {
            point: sign.name.clone(),
            read,
            expected: sign.shown(&sign.words),
        };
        if self.who != Who::Other(wrong.clone()) {
            warn!(model = self.profile.model, error = %wrong, "wrong cabinet");
        }
        self.who = Who::Other(wrong.clone());
        wrong
    }
}
