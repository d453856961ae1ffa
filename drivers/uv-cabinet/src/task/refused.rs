//! Which registers a cabinet refuses. One address that it does not have costs the whole read that it is part of, so the points of
//! such a read are asked for one by one, the good ones are read without it from then on, and the one to blame is known by name.
//!
//! Never while a lamp may burn: there a refused read is judged as it is.

use std::time::{Duration, Instant};

use super::{CabinetTask, identity::HAS_NO_SUCH};
use crate::{Changed, Missing, Point, Probed, pdu::Answer, wire};

/// A cycle that is going on gives a heartbeat with every look; this long after the last one the lamp is out.
const LAMP_OUT_AFTER: Duration = Duration::from_secs(5);
/// A cabinet that refuses everything is not asked for everything with every look.
const SEARCH_AGAIN_AFTER: Duration = Duration::from_secs(5);

impl CabinetTask {
    /// This whole read was refused.
    pub(super) async fn refused(&mut self, block: &wire::Block, exception: u8) {
        for point in &block.points {
            self.note_missing(*point, Missing::Refused { exception });
        }
        let now = Instant::now();
        let too_soon = self.search_after.is_some_and(|after| now < after);
        let burning = self
            .alive_at
            .is_some_and(|at| now.saturating_duration_since(at) < LAMP_OUT_AFTER);
        if block.points.len() < 2 || !HAS_NO_SUCH.contains(&exception) || too_soon || burning {
            return;
        }
        let mut unknown = Vec::new();
        for point in &block.points {
            let alone = wire::alone(&self.profile, *point, &self.profile.points[point]);
            match self.line.exchange(alone.unit, alone.ask()).await {
                Ok(Answer::Words(words)) => self.note_words(&alone, &words),
                Ok(Answer::Exception(exception)) => {
                    self.note_missing(*point, Missing::Refused { exception });
                    unknown.push(*point);
                }
                // Nobody knows yet; the next look begins anew. A read is never answered with an echo.
                Ok(Answer::Written) | Err(_) => return,
            }
        }
        if unknown.len() == block.points.len() {
            self.search_after = Some(now + SEARCH_AGAIN_AFTER);
        } else {
            self.apart.extend(unknown);
        }
    }

    /// From the next look on, what is refused is read by itself.
    pub(super) fn read_refused_apart(&mut self) {
        let joined = |block: &wire::Block| {
            block.points.len() > 1 && block.points.iter().any(|point| self.apart.contains(point))
        };
        if self.blocks.iter().any(joined) {
            self.blocks = wire::blocks_with(&self.profile, &self.apart);
        }
    }

    /// The registers of commands: which the cabinet does not let read, and which hold something else than they were told.
    pub(super) async fn probe(&mut self) -> Probed {
        // Nobody hung up, and yet another one may be there by now.
        self.who.doubt();
        let mut probed = Probed::default();
        if !self.is_the_one().await {
            probed.wrong = self.readings.wrong_cabinet().cloned();
            return probed;
        }
        for block in wire::commands(&self.profile).collect::<Vec<_>>() {
            match self.line.exchange(block.unit, block.ask()).await {
                Ok(Answer::Words(words)) => {
                    let changed = block.points.iter().filter_map(|point| {
                        let spec = &self.profile.points[point];
                        let found = u16::try_from(wire::raw(spec, &block, &words)).ok()?;
                        let told = *self.told.get(point).filter(|told| **told != found)?;
                        // The controller's own chain takes the lamp's order back; it gives none.
                        let by_the_chain = *point == Point::LampCommand && found == 0;
                        (!by_the_chain).then_some(Changed {
                            point: *point,
                            told,
                            found,
                        })
                    });
                    probed.changed.extend(changed);
                }
                Ok(Answer::Exception(exception)) => {
                    let refused = |point| (point, Missing::Refused { exception });
                    probed.refused.extend(block.points.into_iter().map(refused));
                }
                // A silence is told by the next look.
                Ok(Answer::Written) | Err(_) => {}
            }
        }
        // Said once.
        for changed in &probed.changed {
            self.told.remove(&changed.point);
        }
        probed
    }
}
