//! What can be wrong with the simulated cabinet, its wire or the people around it: a closed list,
//! each with the name it is switched by. What a fault does stands where it bites (`plant`, `spoil`).

use std::{collections::BTreeSet, fmt, str::FromStr};

/// Faults that are switched on now.
pub(super) type Faults = BTreeSet<Fault>;

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// What can be wrong with it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name on the command line and on the side channel.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*).trim_ascii(),)*
                }
            }
        }
    };
}

faults! {
    /// The door stands open, locked or not.
    DoorOpen = "door_open",
    /// The bolt does not engage.
    LockStuck = "lock_stuck",
    /// The emergency stop is pressed.
    EstopPressed = "estop_pressed",
    /// The relay closes, a dark lamp stays dark; a burning one burns on.
    LampNeverStrikes = "lamp_never_strikes",
    /// The lamp is dead: it goes dark under its closed relay.
    LampDies = "lamp_dies",
    /// An old or dirty lamp: a quarter of its output.
    LampWeak = "lamp_weak",
    /// The mains are at 170 V: 40 % of the lamp's output.
    MainsLow = "mains_low",
    /// The relay's contacts are welded shut: the lamp burns whatever the controller says.
    RelayWelded = "relay_welded",
    /// The controller's program does not watch the heartbeat: the lamp burns on without one, and goes out when told.
    HeartbeatUnwatched = "heartbeat_unwatched",
    /// The fan does not turn.
    FanFailed = "fan_failed",
    /// The fan turns and no air moves.
    DuctBlocked = "duct_blocked",
    /// The fan's contact is welded: it says that the fan runs, whatever it does.
    FanContactStuck = "fan_contact_stuck",
    /// The lock's contact is welded: it says locked, whatever the bolt does.
    LockContactStuck = "lock_contact_stuck",
    /// Ozone comes in from outside: the air never falls under 0.3 mg/m³.
    OzoneHigh = "ozone_high",
    /// The UV sensor repeats its last value.
    IrradianceFrozen = "irradiance_frozen",
    /// The UV sensor's wire is broken: the register reads 65535.
    IrradianceBroken = "irradiance_broken",
    /// The UV sensor shows nothing: the register reads 0.
    IrradianceDead = "irradiance_dead",
    /// The ozone sensor's wire is broken: the register reads 65535.
    OzoneBroken = "ozone_broken",
    /// The ozone sensor repeats its last value.
    OzoneStuck = "ozone_stuck",
    /// The controller's program has stopped: its communication goes on with old values, its outputs stay.
    ScanStopped = "scan_stopped",
    /// What should be the scan counter goes to and fro between 0 and 1.
    ScanToggles = "scan_toggles",
    /// The controller is starting again: its outputs drop, its counters are cleared, it does not answer.
    PlcReboots = "plc_reboots",
    /// The cabinet has no power; the bolt needs none to hold.
    PowerCut = "power_cut",
    /// Writes are acknowledged and ignored.
    IgnoresWrites = "ignores_writes",
    /// Somebody at the local panel keeps the lamp off.
    PanelLampOff = "panel_lamp_off",
    /// Somebody at the local panel keeps the lamp lit, heartbeat or not; door and stop still put it out.
    PanelLampOn = "panel_lamp_on",
    /// Somebody at the local panel keeps the fan off.
    PanelFanOff = "panel_fan_off",
    /// Somebody at the local panel withdraws the bolt.
    PanelUnlocks = "panel_unlocks",
    /// Somebody changed the set-points: the lamp gives 40 %, the fan moves 30 % of its air.
    SetpointChanged = "setpoint_changed",
    /// A second master writes its own idea of lamp, fan and bolt; on a serial line its frames are heard.
    SecondMaster = "second_master",
    /// Another model is there: it works, and says a name of its own.
    WrongCabinet = "wrong_cabinet",
    /// Requests are read and never answered.
    NoAnswer = "no_answer",
    /// Replies come late.
    LateReply = "late_reply",
    /// Every reply comes twice, the second copy at once or a moment later.
    DuplicatedReply = "duplicated_reply",
    /// Replies come in the name of another unit.
    OtherUnit = "other_unit",
    /// Replies carry a wrong checksum; on TCP, which has none, another protocol identifier.
    WrongCrc = "wrong_crc",
    /// Five bytes of garbage come before every reply.
    GarbageBefore = "garbage_before",
    /// Five bytes of garbage come after every reply.
    GarbageAfter = "garbage_after",
    /// Register reads answer with one register too few, in a well-formed frame.
    ShortReply = "short_reply",
    /// Replies carry another transaction identifier; on a serial line, which has none, another function.
    WrongTransaction = "wrong_transaction",
    /// Every reply is the one to the request before.
    PreviousReply = "previous_reply",
    /// Half a reply, then silence.
    HalfReply = "half_reply",
    /// Replies come one byte at a time, the whole too late.
    SlowLoris = "slow_loris",
    /// Connections are closed with a reset at the next request; a serial port hangs up.
    Resets = "resets",
    /// The connection stays open and is dead for ever; a new one works. On a serial line: silence.
    HalfOpen = "half_open",
    /// The port is unplugged; switched off, it is back under another number. On TCP: the plug of the gateway.
    TtyMoved = "tty_moved",
    /// Every request is answered with exception 1, illegal function.
    Exception1 = "exception_1",
    /// Every request is answered with exception 2, illegal data address.
    Exception2 = "exception_2",
    /// Every request is answered with exception 3, illegal data value.
    Exception3 = "exception_3",
    /// Every request is answered with exception 4, server device failure.
    Exception4 = "exception_4",
    /// Every request is answered with exception 5, acknowledge.
    Exception5 = "exception_5",
    /// Every request is answered with exception 6, server device busy.
    Exception6 = "exception_6",
    /// Every request is answered with exception 11, gateway target failed to respond.
    Exception11 = "exception_11",
}

impl Fault {
    /// The exception it makes every request end with.
    pub(super) fn exception(self) -> Option<u8> {
        Some(match self {
            Self::Exception1 => 1,
            Self::Exception2 => 2,
            Self::Exception3 => 3,
            Self::Exception4 => 4,
            Self::Exception5 => 5,
            Self::Exception6 => 6,
            Self::Exception11 => 11,
            _ => return None,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No fault has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown fault {name}")]
pub struct UnknownFault {
    /// What was asked for.
    pub name: String,
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        Self::ALL
            .iter()
            .copied()
            .find(|fault| fault.name() == name)
            .ok_or_else(|| UnknownFault {
                name: name.to_owned(),
            })
    }
}
