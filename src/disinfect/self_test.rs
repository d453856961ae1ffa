//! The self test of an empty cabinet: dark, lock, strike, heartbeat cut-off, lamp out, fan, ozone, unlock; every command read
//! back, every effect seen. The heartbeat is stopped on purpose, so that the interlock itself is tried: it must put the lamp out.
//!
//! Whatever happens the lamp is ordered out at the end. A test that failed leaves the cabinet as a quarantine: locked, the
//! fan running, and opened by a person once the lamp is seen out and the air is clear.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uv_cabinet::Command;

use super::record::End;
use super::task::Supervisor;
use super::{Order, Refused, SelfTestView, look};
use crate::clock::{self, Moment};
use crate::domain::cycle::{Fault, Heartbeat, LastLoad, Left, Look, Ozone, Seen, Step};
use crate::store::{Finding, HealthRow, TestOutcome};

/// Stable code of a check that could not be judged: it fails nothing, and proves nothing.
const NOT_JUDGED: &str = "ozone_not_judged";
/// Stable code of a controller that leaves the lamps lit without a heartbeat, and puts them out when told.
const UNWATCHED: &str = "heartbeat_not_watched";

/// Value, limit and unit of a check.
type Measured<'a> = (Option<f64>, Option<f64>, &'a str);
const NOTHING: Measured<'static> = (None, None, "");

/// What ends a test early.
enum Ended {
    /// A check was not good; what comes after it makes no sense or is not safe.
    NotGood,
    /// A person or the end of the station.
    Interrupted,
}

/// A test that is going on.
pub(super) struct Testing<'a> {
    inbox: &'a mut mpsc::Receiver<Order>,
    stop: &'a CancellationToken,
    heartbeat: Heartbeat,
    findings: Vec<Finding>,
    ozone: OzoneShown,
}

/// What the ozone sensor showed throughout a test.
#[derive(Debug, Default)]
struct OzoneShown {
    always: Option<f64>,
    moved: bool,
}

impl OzoneShown {
    fn note(&mut self, ozone: Look<f64>) {
        if let Ok(shown) = ozone {
            self.moved |= *self.always.get_or_insert(shown) != shown;
        }
    }
}

impl Supervisor {
    /// Begins a test and runs it to its end; whoever asked hears its number at once.
    pub(super) async fn test(
        &mut self,
        by: String,
        answer: tokio::sync::oneshot::Sender<Result<i64, Refused>>,
        inbox: &mut mpsc::Receiver<Order>,
        stop: &CancellationToken,
    ) {
        let id = match self.begin_test(&by).await {
            Ok(id) => id,
            Err(refused) => {
                // Whoever asked may have gone away meanwhile.
                let _ = answer.send(Err(refused));
                return;
            }
        };
        let _ = answer.send(Ok(id));
        // The cycle before is history.
        self.record = None;
        self.troubles.begin_anew();
        let mut testing = Testing {
            inbox,
            stop,
            heartbeat: Heartbeat::Withheld,
            findings: Vec::new(),
            ozone: OzoneShown::default(),
        };
        self.testing = true;
        let ended = self.checks(&mut testing).await;
        let put_out = self
            .cabinet
            .command(Command::Lamp(uv_cabinet::Switch::Off))
            .await;
        self.testing = false;
        self.given = super::give::Given::default();
        let outcome = match ended {
            Ok(()) if put_out.is_ok() => TestOutcome::Passed,
            Ok(()) | Err(Ended::NotGood) => TestOutcome::Failed,
            Err(Ended::Interrupted) => TestOutcome::Aborted,
        };
        let rested = matches!(self.cycle.step(), Step::Idle | Step::Released);
        if outcome == TestOutcome::Passed && !rested {
            // What the test before left behind is over.
            self.cycle = self.cycle.after_test(Left::Clean, self.now_ms());
        }
        if outcome != TestOutcome::Passed {
            self.cycle = self.cycle.after_test(Left::TestFailed, self.now_ms());
            // It has no load inside, whatever the last cycle had.
            self.record.take_if(|record| record.end == End::Written);
        }
        self.end_test(id, outcome, testing.findings).await;
        self.tell();
    }

    /// At rest, or what a test before this one left behind: no load is inside, and the lamp is seen out.
    fn may_be_tested(&self) -> bool {
        match self.cycle.step() {
            Step::Idle | Step::Released => true,
            Step::Quarantined { .. } | Step::Ventilating { .. } => {
                self.record.is_none() && self.cycle.last_load() != LastLoad::NobodyKnows
            }
            _ => false,
        }
    }

    async fn begin_test(&mut self, by: &str) -> Result<i64, Refused> {
        self.look_at_orders().await;
        self.refuse_another()?;
        if let Some(blocked) = self.troubles.of_device() {
            return Err(blocked.into());
        }
        if !self.may_be_tested() {
            let code = match (self.cycle.step(), &self.record) {
                (Step::Quarantined { .. }, Some(record)) => {
                    let load = record.load;
                    return Err(Refused::OtherLoadInside { load });
                }
                (Step::Quarantined { .. }, None) => Fault::FoundInUse.code(),
                _ => self.cycle.why_busy().code(),
            };
            return Err(super::task::not_now(code));
        }
        let hindrance = self
            .seen
            .as_ref()
            .and_then(|seen| self.cycle.rules().hinders_start(seen));
        if let Some(fault) = hindrance {
            return Err(super::task::not_now(fault.code()));
        }
        let (cabinet, sha256, by) = (
            self.id.to_string(),
            self.terms.profile_sha256.clone(),
            by.to_owned(),
        );
        self.around
            .store
            .with(move |db| db.begin_self_test(&cabinet, &sha256, &by))
            .await
            .map_err(|error| Refused::Load {
                reason: error.to_string(),
            })
    }

    async fn end_test(&mut self, id: i64, outcome: TestOutcome, findings: Vec<Finding>) {
        if outcome == TestOutcome::Passed {
            self.standing.clear();
        }
        let told = findings.iter().find(|finding| finding.code.is_some());
        let row = HealthRow {
            at: clock::now(),
            device: self.id.to_string(),
            point: "self_test".to_owned(),
            value: Some(f64::from(u8::from(outcome == TestOutcome::Passed))),
            limit: None,
            state: match outcome {
                TestOutcome::Passed if told.is_some() => "warning",
                TestOutcome::Passed => "good",
                TestOutcome::Failed => "bad",
                TestOutcome::Aborted | TestOutcome::CutShort => "unknown",
            }
            .to_owned(),
            code: told.and_then(|finding| finding.code.clone()),
            detail: None,
        };
        let kept = self.around.store.with(move |db| {
            db.end_self_test(id, outcome, &findings)?;
            db.log_health(&[row])?;
            db.self_test(id)
        });
        match outcome {
            TestOutcome::Passed => self.troubles.self_test_failed = false,
            TestOutcome::Failed => self.troubles.self_test_failed = true,
            TestOutcome::Aborted | TestOutcome::CutShort => {}
        }
        match kept.await {
            Ok(test) => {
                self.troubles.unrecorded = false;
                self.last_test = Some(SelfTestView::from(test));
            }
            Err(error) => self.say_unrecorded(&error),
        }
    }

    /// Every check in order.
    async fn checks(&mut self, t: &mut Testing<'_>) -> Result<(), Ended> {
        let rules = self.cycle.rules().clone();
        let preflight = rules.preflight_max_ms;
        let dark = self
            .look_for(t, preflight, |s| (rules.is_out(s)).then_some(()))
            .await?;
        let shown = dark.0.irradiance.ok().map(|sample| sample.mw_cm2);
        t.note(
            "dark",
            &dark,
            Fault::LampLitUnasked,
            (shown, rules.irradiance_dark_mw_cm2(), "mW/cm2"),
        )?;

        self.ordered(t, "lock_read_back", Command::Lock(uv_cabinet::Switch::On))
            .await?;
        let locked = self
            .look_for(t, preflight, |s| s.is_shut().then_some(()))
            .await?;
        t.note("lock", &locked, Fault::NotLocked, (None, None, ""))?;

        t.heartbeat = Heartbeat::Given;
        self.test_look(t).await?;
        self.ordered(t, "lamp_read_back", Command::Lamp(uv_cabinet::Switch::On))
            .await?;
        let lit = self
            .look_for(t, rules.strike_max_ms, |s| {
                rules.is_burning(s).then_some(())
            })
            .await?;
        let shown = lit.0.irradiance.ok().map(|sample| sample.mw_cm2);
        t.note(
            "strike",
            &lit,
            Fault::LampDidNotStrike,
            (shown, rules.irradiance_struck_mw_cm2(), "mW/cm2"),
        )?;

        t.heartbeat = Heartbeat::Withheld;
        let since_ms = self.now_ms();
        let cut = self
            .look_for(t, rules.off_confirm_max_ms, |s| {
                rules.is_out(s).then_some(())
            })
            .await?;
        let after_s = self.now_ms().saturating_sub(since_ms) as f64 / 1000.0;
        let limit_s = rules.off_confirm_max_ms as f64 / 1000.0;
        let code = match cut.1 || cut.0.hand_at_it().is_some() {
            true => Fault::LampNotOff.code(),
            false => self.why_lit_without_heartbeat(t).await?,
        };
        t.note_code(
            "heartbeat_cut_off",
            &cut,
            code,
            (Some(after_s), Some(limit_s), "s"),
        )?;
        self.ordered(
            t,
            "lamp_out_read_back",
            Command::Lamp(uv_cabinet::Switch::Off),
        )
        .await?;
        let out = self
            .look_for(t, rules.off_confirm_max_ms, |s| {
                rules.is_out(s).then_some(())
            })
            .await?;
        t.note("lamp_out", &out, Fault::LampNotOff, (None, None, ""))?;
        self.air(t).await?;
        self.ordered(
            t,
            "unlock_read_back",
            Command::Lock(uv_cabinet::Switch::Off),
        )
        .await?;
        // A contact that says on whatever the bolt does would say so in a cycle, too.
        let unlocked = self
            .look_for(t, preflight, |s| (s.locked != Ok(true)).then_some(()))
            .await?;
        t.note("unlocked", &unlocked, Fault::NotUnlocked, (None, None, ""))
    }

    async fn air(&mut self, t: &mut Testing<'_>) -> Result<(), Ended> {
        let rules = self.cycle.rules().clone();
        self.ordered(t, "fan_read_back", Command::Fan(uv_cabinet::Switch::On))
            .await?;
        let fan = self
            .look_for(t, rules.fan_start_max_ms, |s| {
                (s.fan_on == Ok(true)).then_some(())
            })
            .await?;
        t.note("fan", &fan, Fault::FanNotRunning, (None, None, ""))?;
        let since_ms = self.now_ms();
        // The lamp burnt: the air is moved for as long as after a cycle, whatever the sensor says before.
        let low = |s: &Seen| {
            let aired = s.at_ms.saturating_sub(since_ms) >= rules.ventilation_ms;
            aired
                && match rules.ozone {
                    Ozone::Measured { release_mg_m3 } => {
                        matches!(s.ozone_mg_m3, Ok(ozone) if ozone <= release_mg_m3)
                    }
                    Ozone::Timer => true,
                }
        };
        let air = self
            .look_for(t, rules.ventilation_max_ms, |s| low(s).then_some(()))
            .await?;
        let (shown, limit) = (air.0.ozone_mg_m3.ok(), rules.ozone_release_mg_m3());
        t.note(
            "ozone",
            &air,
            Fault::OzoneDidNotFall,
            (shown, limit, "mg/m3"),
        )?;
        t.judge_ozone_sensor();
        self.ordered(
            t,
            "fan_off_read_back",
            Command::Fan(uv_cabinet::Switch::Off),
        )
        .await?;
        let stopped = self
            .look_for(t, rules.fan_start_max_ms, |s| {
                (s.fan_on == Ok(false)).then_some(())
            })
            .await?;
        t.note(
            "fan_stopped",
            &stopped,
            Fault::FanNotStopped,
            (None, None, ""),
        )
    }

    async fn ordered(
        &mut self,
        t: &mut Testing<'_>,
        check: &str,
        command: Command,
    ) -> Result<(), Ended> {
        let taken = self.cabinet.command(command).await;
        t.add(check, taken.is_ok(), Fault::OrderFailed.code(), NOTHING)
    }

    /// The lamps burn on without a heartbeat: whether they do so against an order, too.
    async fn why_lit_without_heartbeat(
        &mut self,
        t: &mut Testing<'_>,
    ) -> Result<&'static str, Ended> {
        let rules = self.cycle.rules().clone();
        let off = Command::Lamp(uv_cabinet::Switch::Off);
        // Where it does not arrive, the lamps burn on and the readings show it.
        let _ = self.cabinet.command(off).await;
        let out = self
            .look_for(t, rules.off_confirm_max_ms, |s| {
                rules.is_out(s).then_some(())
            })
            .await?;
        Ok(match (out.0.hand_at_it(), out.1) {
            (Some(hand), _) => hand.code(),
            (None, true) => UNWATCHED,
            (None, false) => Fault::LampNotOff.code(),
        })
    }

    /// Looks until it is so, at most this long. The last look and whether it was.
    async fn look_for(
        &mut self,
        t: &mut Testing<'_>,
        longest_ms: u64,
        is_so: impl Fn(&Seen) -> Option<()>,
    ) -> Result<(Seen, bool), Ended> {
        let since_ms = self.now_ms();
        loop {
            let seen = self.test_look(t).await?;
            if is_so(&seen).is_some() {
                return Ok((seen, true));
            }
            if seen.hand_at_it().is_some() || seen.at_ms.saturating_sub(since_ms) > longest_ms {
                return Ok((seen, false));
            }
        }
    }

    async fn test_look(&mut self, t: &mut Testing<'_>) -> Result<Seen, Ended> {
        tokio::time::sleep(self.poll).await;
        if t.heartbeat == Heartbeat::Given {
            // Where it does not arrive, the lamp goes out and the readings show it.
            let _ = self.cabinet.command(Command::Heartbeat).await;
        }
        let readings = self.cabinet.poll().await;
        let moment = Moment::now();
        let seen = look::seen(&readings, moment, self.looked.replace(moment), self.epoch);
        let now = moment.at;
        t.ozone.note(seen.ozone_mg_m3);
        self.seen = Some(seen.clone());
        self.publish(&readings, now);
        self.around.beat.beat();
        if t.stop.is_cancelled() {
            return Err(Ended::Interrupted);
        }
        while let Ok(order) = t.inbox.try_recv() {
            if order.refuse_but_abort("self_test_running") {
                return Err(Ended::Interrupted);
            }
        }
        Ok(seen)
    }
}

impl Testing<'_> {
    /// A lamp that burns for a moment makes little ozone: a sensor that did not move is no fault yet, and nothing to go by either.
    fn judge_ozone_sensor(&mut self) {
        let Some(always) = self.ozone.always.filter(|_| !self.ozone.moved) else {
            return;
        };
        self.findings.push(Finding {
            check: "ozone_moves".to_owned(),
            good: true,
            code: Some(NOT_JUDGED.to_owned()),
            value: Some(always),
            limit: None,
            unit: "mg/m3".to_owned(),
        });
    }

    fn note(
        &mut self,
        check: &str,
        looked: &(Seen, bool),
        fault: Fault,
        measured: Measured<'_>,
    ) -> Result<(), Ended> {
        self.note_code(check, looked, fault.code(), measured)
    }

    /// Whoever opened the door or pressed the stop ended the check, and not what it looked for.
    fn note_code(
        &mut self,
        check: &str,
        (seen, good): &(Seen, bool),
        code: &str,
        measured: Measured<'_>,
    ) -> Result<(), Ended> {
        match seen.hand_at_it().filter(|_| !good) {
            Some(hand) => self.add(check, *good, hand.code(), NOTHING),
            None => self.add(check, *good, code, measured),
        }
    }

    fn add(
        &mut self,
        check: &str,
        good: bool,
        code: &str,
        (value, limit, unit): Measured<'_>,
    ) -> Result<(), Ended> {
        self.findings.push(Finding {
            check: check.to_owned(),
            good,
            code: (!good).then(|| code.to_owned()),
            value,
            limit,
            unit: unit.to_owned(),
        });
        if good { Ok(()) } else { Err(Ended::NotGood) }
    }
}

/// How long a person may wait for a test: every limit once.
pub fn longest(profile: &uv_cabinet::Profile) -> Duration {
    let t = &profile.timing;
    2 * t.preflight_max + t.strike_max + 3 * t.off_confirm_max + t.fan_start_max + t.ventilation_max
}
