//! Task: drives one cabinet, feeds what it sees to `domain::cycle`, records every step before acting on it.
//!
//! Here: what others ask of a cabinet, and how its task is started; what they see is `disinfect/views.rs`. `disinfect/task.rs` is the
//! loop, `disinfect/begin.rs` whether a cycle may begin, `disinfect/trouble.rs` what keeps it from that, `disinfect/show.rs` what is shown, `disinfect/give.rs` what it tells the cabinet; `disinfect/record.rs` what it writes down, `disinfect/left.rs` what the run before left, `disinfect/unknown.rs` what it found in use without a record, `disinfect/last_words.rs` what a full disk would lose, `disinfect/aftermath.rs` what of an alarm and of bad air goes on the record, `disinfect/standing.rs` what of the device is at fault, `disinfect/still.rs` an ozone sensor that never moves, `disinfect/health.rs` what maintenance reads later; `disinfect/look.rs` turns the driver's readings into what the domain and people see.

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uv_cabinet::{Cabinet, CabinetTask, Profile, ProfileError, WrongCabinet};

use crate::config::{self, DeviceId};
use crate::events::Events;
use crate::health::Readiness;
use crate::sd_notify::Beat;
use crate::store::Store;

mod aftermath;
mod alarm;
mod begin;
mod curve;
mod give;
mod health;
mod last_words;
mod left;
mod look;
mod record;
mod self_test;
mod show;
mod standing;
mod still;
mod task;
#[cfg(test)]
mod tests;
mod trouble;
mod unknown;
mod views;

pub use standing::device_faults;
pub use trouble::{
    BlockedView, CHANGED, READING_NEXT, TroubleView, silence, silence_next, troubles,
};
pub use views::{CabinetView, CycleView, LinkView, PointView, SelfTestView, WrongCabinetView};

/// What a cabinet's task works with.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where cycles and releases are recorded.
    pub store: Store,
    /// Told when something changes.
    pub events: Events,
    /// Told whether the cabinet works.
    pub readiness: Readiness,
    /// Told after every completed loop.
    pub beat: Beat,
}

/// The profile of a cabinet of the settings, pointed at this very cabinet.
///
/// # Errors
/// When the file cannot be taken, or the address is one for another kind of wire.
pub fn profile_of(cabinet: &config::Cabinet) -> Result<Profile, ProfileError> {
    let mut profile = Profile::load(&cabinet.profile)?;
    profile.link.move_to(cabinet.address.clone())?;
    profile.link.unit = u8::try_from(cabinet.unit.0).expect("limited by the settings");
    Ok(profile)
}

pub use self_test::longest as longest_self_test;

/// Orders that may wait while the task looks at the cabinet.
const WAITING_ORDERS: usize = 8;

/// Starts the task of a cabinet on its line. When `stop` is cancelled it aborts a running cycle, sees the lamp out or
/// gives up on that, and ends.
#[must_use]
pub fn start(
    id: DeviceId,
    profile: Profile,
    (cabinet, driver): (Cabinet, CabinetTask),
    surroundings: Surroundings,
    stop: CancellationToken,
) -> (CabinetControl, JoinHandle<()>) {
    let rules = look::rules(&profile);
    let (orders, inbox) = mpsc::channel(WAITING_ORDERS);
    let (show, view) = watch::channel(CabinetView {
        id: id.to_string(),
        model: profile.model.clone(),
        connected: false,
        wrong_cabinet: None,
        step: "unknown".into(),
        alarm_lamp: None,
        dose_basis: rules.dose_basis(),
        ozone_basis: rules.ozone_basis(),
        sides: rules.sides,
        absent: look::terms(&id, &profile).absent,
        map: profile.map.name().to_owned(),
        awaits_unloading: false,
        points: Vec::new(),
        blocked: None,
        troubles: Vec::new(),
        cycle: None,
        self_test: None,
        link: LinkView::default(),
    });
    let supervisor = task::Supervisor::new(id.clone(), &profile, cabinet, surroundings, show);
    let task = tokio::spawn(async move {
        // The driver ends when the supervisor drops its handle.
        tokio::join!(driver.run(), supervisor.run(inbox, stop));
    });
    (CabinetControl::new(id, orders, view), task)
}

/// Why a cabinet did not do as asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The cabinet is busy, not connected, its door is open …: the stable code says which.
    #[error("the cabinet refuses: {code}")]
    NotNow {
        /// Stable code, e.g. `door_open`.
        code: String,
    },
    /// Another cabinet answers than the profile's.
    #[error("the cabinet refuses: {0}")]
    WrongCabinet(WrongCabinet),
    /// A point that the cycle needs has no value to believe.
    #[error("the cabinet refuses: {0}; {next}", next = .0.next())]
    Reading(Box<TroubleView>),
    /// Behind the locked door lies this load, which is not disinfected.
    #[error("load {load}, which is not disinfected, is inside")]
    OtherLoadInside {
        /// Its number.
        load: i64,
    },
    /// An alarm stands, and whoever acknowledges it may not.
    #[error(
        "an alarm is acknowledged by maintenance, a confirming officer or an administrator, once the fault is mended"
    )]
    NotYourAlarm,
    /// The load is in a state that does not allow it, or does not exist.
    #[error("the load refuses: {reason}")]
    Load {
        /// The store's words.
        reason: String,
    },
    /// The cabinet's task has ended.
    #[error("the cabinet's task has stopped")]
    Stopped,
}

/// What whoever acknowledges may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayEnd {
    /// Quarantines, alarms, and a cabinet that was found in use.
    Everything,
    /// Quarantines of which there is a record.
    AllButAlarms,
}

/// What a person may ask of a cabinet.
#[derive(Debug)]
pub enum Order {
    /// Start a cycle for a load; answers the cycle's number.
    Start {
        /// The load.
        load: i64,
        /// Who asks.
        by: String,
        /// The answer.
        answer: oneshot::Sender<Result<String, Refused>>,
    },
    /// Abort the running cycle.
    Abort {
        /// Who asks.
        by: String,
        /// The answer.
        answer: oneshot::Sender<Result<(), Refused>>,
    },
    /// Run the self test of the empty cabinet; answers its number.
    SelfTest {
        /// Who asks, and says that the cabinet is empty.
        by: String,
        /// The answer.
        answer: oneshot::Sender<Result<i64, Refused>>,
    },
    /// The letters have been turned over.
    TurnedOver {
        /// Who.
        by: String,
        /// The answer.
        answer: oneshot::Sender<Result<(), Refused>>,
    },
    /// A person has seen a quarantine or an alarm and takes it from there.
    Acknowledge {
        /// Who.
        by: String,
        /// What he may end.
        may: MayEnd,
        /// What he found, in his words.
        reason: Option<String>,
        /// The answer.
        answer: oneshot::Sender<Result<(), Refused>>,
    },
}

impl Order {
    /// Refuses everything but an abort, which is taken; whether it was one.
    fn refuse_but_abort(self, code: &str) -> bool {
        let refused = || Refused::NotNow {
            code: code.to_owned(),
        };
        // Whoever asked may have gone away meanwhile.
        match self {
            Self::Abort { answer, .. } => {
                let _ = answer.send(Ok(()));
                return true;
            }
            Self::Start { answer, .. } => {
                let _ = answer.send(Err(refused()));
            }
            Self::SelfTest { answer, .. } => {
                let _ = answer.send(Err(refused()));
            }
            Self::TurnedOver { answer, .. } | Self::Acknowledge { answer, .. } => {
                let _ = answer.send(Err(refused()));
            }
        }
        false
    }
}

/// Handle to one cabinet's task.
#[derive(Debug, Clone)]
pub struct CabinetControl {
    /// The cabinet's id.
    pub id: DeviceId,
    orders: mpsc::Sender<Order>,
    view: watch::Receiver<CabinetView>,
}

impl CabinetControl {
    /// A handle on the two ends of a task.
    pub fn new(
        id: DeviceId,
        orders: mpsc::Sender<Order>,
        view: watch::Receiver<CabinetView>,
    ) -> Self {
        Self { id, orders, view }
    }

    /// What is known now.
    pub fn view(&self) -> CabinetView {
        self.view.borrow().clone()
    }

    /// Changes of what is known.
    pub fn changes(&self) -> watch::Receiver<CabinetView> {
        self.view.clone()
    }

    async fn order<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<T, Refused>>) -> Order,
    ) -> Result<T, Refused> {
        let (answer, answered) = oneshot::channel();
        self.orders
            .send(order(answer))
            .await
            .map_err(|_| Refused::Stopped)?;
        answered.await.map_err(|_| Refused::Stopped)?
    }

    /// Starts a cycle for a load.
    ///
    /// # Errors
    /// [`Refused`], with a stable code.
    pub async fn start(&self, load: i64, by: &str) -> Result<String, Refused> {
        let by = by.to_owned();
        self.order(|answer| Order::Start { load, by, answer }).await
    }

    /// Aborts the running cycle.
    ///
    /// # Errors
    /// [`Refused`], with a stable code.
    pub async fn abort(&self, by: &str) -> Result<(), Refused> {
        let by = by.to_owned();
        self.order(|answer| Order::Abort { by, answer }).await
    }

    /// Runs the self test; `by` says that the cabinet is empty. Answers its number when it has begun.
    ///
    /// # Errors
    /// [`Refused`], with a stable code.
    pub async fn self_test(&self, by: &str) -> Result<i64, Refused> {
        let by = by.to_owned();
        self.order(|answer| Order::SelfTest { by, answer }).await
    }

    /// Says that the letters have been turned over: the second exposure begins.
    ///
    /// # Errors
    /// [`Refused`], with a stable code.
    pub async fn turned_over(&self, by: &str) -> Result<(), Refused> {
        let by = by.to_owned();
        self.order(|answer| Order::TurnedOver { by, answer }).await
    }

    /// After an alarm, once the lamp is seen out: back to quarantine. After a quarantine whose load is
    /// under a signed override: the door is unlocked. A cabinet that was found in use is ended with a reason only.
    ///
    /// # Errors
    /// [`Refused`], with a stable code.
    pub async fn acknowledge(
        &self,
        by: &str,
        may: MayEnd,
        reason: Option<String>,
    ) -> Result<(), Refused> {
        let by = by.to_owned();
        self.order(|answer| Order::Acknowledge {
            by,
            may,
            reason,
            answer,
        })
        .await
    }
}
