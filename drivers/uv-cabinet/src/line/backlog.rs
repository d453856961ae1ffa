//! Questions that a unit of a serial line has left unanswered and may answer yet, and what can be believed meanwhile. Pure.
//!
//! An RTU reply carries no number, so one that comes later than `silent_ms` promises would pass for the answer to any question of
//! its shape (function and length). But a unit answers in the order it was asked. So before a question is asked whose shape is
//! still owed, one of another shape goes ahead of it: once that is answered, nothing older can come any more, however late.

use crate::pdu::Ask;

/// What one unit still owes, oldest first.
#[derive(Debug, Default)]
pub(super) struct Backlog(Vec<Ask>);

/// More than any unit keeps in mind.
const LONGEST: usize = 8;

impl Backlog {
    pub(super) fn unanswered(&mut self, ask: Ask) {
        if self.0.last() == Some(&ask) {
            return;
        }
        if self.0.len() == LONGEST {
            self.0.remove(0);
        }
        self.0.push(ask);
    }

    /// The question that must be answered before `ask` may be asked, out of those that this unit knows (`reads`). `None`: nothing
    /// that is owed can pass for its reply, or the unit has but one shape of reply, and the silence before must do.
    pub(super) fn proof(&self, ask: Ask, reads: impl Iterator<Item = Ask>) -> Option<Ask> {
        // A write's own echo is proof enough, and none waits for anything: it may put the lamp out.
        if !ask.may_be_repeated() {
            return None;
        }
        let last_like = self.0.iter().rposition(|owed| owed.resembles(ask))?;
        let others: Vec<Ask> = reads.filter(|read| !read.resembles(ask)).collect();
        let owed_later = |read: &Ask| self.first_like(*read) > Some(last_like);
        // One that has gone ahead already does again: its first reply, too, comes after all that is older.
        let again = others.iter().find(|read| owed_later(read));
        let new = || others.iter().find(|read| self.first_like(**read).is_none());
        again.or_else(new).or(others.first()).copied()
    }

    /// Late replies that may come before the one to `ask`.
    pub(super) fn before(&self, ask: Ask) -> &[Ask] {
        let end = self.first_like(ask).unwrap_or(self.0.len());
        &self.0[..end]
    }

    /// A reply that fits `ask` has come: to it, or to the oldest that looks like it.
    pub(super) fn answered(&mut self, ask: Ask) {
        match self.first_like(ask) {
            None => self.0.clear(),
            Some(at) => {
                self.0.drain(..=at);
                self.unanswered(ask);
            }
        }
    }

    pub(super) fn all(&self) -> &[Ask] {
        &self.0
    }

    fn first_like(&self, ask: Ask) -> Option<usize> {
        self.0.iter().position(|owed| owed.resembles(ask))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::Table;

    fn read(table: Table, start: u16, count: u16) -> Ask {
        Ask::Read {
            table,
            start,
            count,
        }
    }

    const ON: Ask = Ask::Write {
        table: Table::Coil,
        address: 0,
        word: 1,
    };

    #[test]
    fn a_question_of_another_shape_goes_ahead() {
        let (uv, ozone) = (
            read(Table::InputRegister, 3, 1),
            read(Table::InputRegister, 17, 1),
        );
        let coil = read(Table::Coil, 0, 1);
        let reads = || [uv, ozone, coil].into_iter();
        let mut backlog = Backlog::default();
        assert_eq!(backlog.proof(uv, reads()), None);
        backlog.unanswered(uv);
        assert_eq!(backlog.proof(ozone, reads()), Some(coil));
        assert_eq!(backlog.proof(coil, reads()), None);
        assert_eq!(backlog.before(coil), [uv]);
        backlog.unanswered(coil);
        assert_eq!(backlog.proof(uv, reads()), Some(coil), "again");
        backlog.answered(coil);
        assert_eq!(backlog.proof(uv, reads()), None);
        assert_eq!(backlog.before(uv), [coil], "the second one's reply");
        backlog.answered(uv);
        assert_eq!(backlog.before(uv), []);
    }

    #[test]
    fn a_unit_with_one_shape_of_reply_has_no_proof() {
        let uv = read(Table::InputRegister, 3, 1);
        let mut backlog = Backlog::default();
        backlog.unanswered(uv);
        assert_eq!(backlog.proof(uv, [uv].into_iter()), None);
        assert_eq!(backlog.before(uv), []);
    }

    #[test]
    fn the_echo_of_a_write_passes_for_no_other_write() {
        let off = Ask::Write {
            table: Table::Coil,
            address: 0,
            word: 0,
        };
        let mut backlog = Backlog::default();
        backlog.unanswered(ON);
        backlog.unanswered(off);
        assert_eq!(
            backlog.proof(off, [read(Table::Coil, 0, 1)].into_iter()),
            None
        );
        assert_eq!(backlog.before(off), [ON]);
        backlog.answered(off);
        assert_eq!(backlog.all(), [off], "the second one's echo");
    }

    /// A unit that answers in order, late, or not at all; an asker that gives up at random. Whatever it takes for an answer is one.
    #[test]
    fn no_reply_that_is_taken_answers_an_older_question() {
        let reads = [
            read(Table::InputRegister, 3, 1),
            read(Table::InputRegister, 17, 1),
            read(Table::Coil, 0, 1),
            read(Table::HoldingRegister, 0, 1),
        ];
        let mut dice = 1_u64;
        let mut below = |sides: u64| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            dice % sides
        };
        let (mut taken, mut went_ahead) = (0, 0);
        for _ in 0..2_000 {
            let (mut backlog, mut on_the_way) = (Backlog::default(), VecDeque::new());
            for turn in 0..40_u64 {
                let wanted = reads[below(4) as usize];
                let proof = backlog.proof(wanted, reads.into_iter());
                went_ahead += u64::from(proof.is_some());
                let ask = proof.unwrap_or(wanted);
                if below(10) > 0 {
                    on_the_way.push_back((turn, ask));
                }
                // What comes until the asker gives up or believes one.
                let (mut passed, mut believed) = (backlog.before(ask).to_vec(), None);
                while below(4) > 0
                    && let Some((from, reply)) = on_the_way.pop_front()
                {
                    if let Some(at) = passed.iter().position(|owed| owed.resembles(reply)) {
                        passed.drain(..=at);
                        continue;
                    }
                    believed = reply.resembles(ask).then_some(from);
                    break;
                }
                match believed {
                    None => {
                        backlog.unanswered(ask);
                        let heard = below(3) as usize;
                        on_the_way.drain(..heard.min(on_the_way.len()));
                    }
                    Some(from) => {
                        // Only what goes ahead may be answered by an older reply.
                        assert!(proof.is_some() || from == turn, "{ask:?} {backlog:?}");
                        taken += u64::from(proof.is_none());
                        backlog.answered(ask);
                    }
                }
            }
        }
        assert!(
            taken > 10_000 && went_ahead > 10_000,
            "{taken} {went_ahead}"
        );
    }
}
