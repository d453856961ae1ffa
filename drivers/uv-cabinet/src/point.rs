//! The points of a cabinet: a closed set, because a cycle is written against these names.

use std::fmt;

use serde::Deserialize;

/// Everything a cabinet can tell or be told. A closed set: a cycle is written against these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// The door's contact.
    DoorClosed,
    /// The lock's contact.
    Locked,
    /// The emergency stop.
    EstopPressed,
    /// The lamp relay's feedback contact.
    LampOn,
    /// The fan's own feedback.
    FanOn,
    /// The lamp's current, where the cabinet shows it.
    LampCurrentA,
    /// UV sensor.
    IrradianceMwCm2,
    /// Ozone sensor.
    OzoneMgM3,
    /// Lamp wall temperature.
    LampTemperatureC,
    /// Lamp hours.
    LampHoursH,
    /// How often the lamp was struck.
    LampStrikes,
    /// Counts the controller's scans.
    ScanCounter,
    /// Lamp on or off.
    LampCommand,
    /// Fan on or off.
    FanCommand,
    /// Lock or unlock the door.
    LockCommand,
    /// A new number every poll keeps the lamp permitted.
    Heartbeat,
}

impl Point {
    /// All of them, sensors first.
    pub const ALL: [Self; 16] = [
        Self::DoorClosed,
        Self::Locked,
        Self::EstopPressed,
        Self::LampOn,
        Self::FanOn,
        Self::LampCurrentA,
        Self::IrradianceMwCm2,
        Self::OzoneMgM3,
        Self::LampTemperatureC,
        Self::LampHoursH,
        Self::LampStrikes,
        Self::ScanCounter,
        Self::LampCommand,
        Self::FanCommand,
        Self::LockCommand,
        Self::Heartbeat,
    ];

    /// Its name in profiles and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DoorClosed => "door_closed",
            Self::Locked => "locked",
            Self::EstopPressed => "estop_pressed",
            Self::LampOn => "lamp_on",
            Self::FanOn => "fan_on",
            Self::LampCurrentA => "lamp_current_a",
            Self::IrradianceMwCm2 => "irradiance_mw_cm2",
            Self::OzoneMgM3 => "ozone_mg_m3",
            Self::LampTemperatureC => "lamp_temperature_c",
            Self::LampHoursH => "lamp_hours_h",
            Self::LampStrikes => "lamp_strikes",
            Self::ScanCounter => "scan_counter",
            Self::LampCommand => "lamp_command",
            Self::FanCommand => "fan_command",
            Self::LockCommand => "lock_command",
            Self::Heartbeat => "heartbeat",
        }
    }

    /// The unit a profile must bring it to.
    #[must_use]
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Self::IrradianceMwCm2 => Some("mW/cm2"),
            Self::OzoneMgM3 => Some("mg/m3"),
            Self::LampCurrentA => Some("A"),
            Self::LampTemperatureC => Some("degC"),
            Self::LampHoursH => Some("h"),
            Self::LampStrikes | Self::ScanCounter => Some("count"),
            _ => None,
        }
    }

    /// Whether we write it.
    #[must_use]
    pub fn is_command(self) -> bool {
        matches!(
            self,
            Self::LampCommand | Self::FanCommand | Self::LockCommand | Self::Heartbeat
        )
    }

    /// Whether it is a number rather than yes or no.
    #[must_use]
    pub fn is_number(self) -> bool {
        self.unit().is_some() || self == Self::Heartbeat
    }

    /// Whether no cycle can be run without it, whatever the profile says. Door and lamp feedback are the
    /// two witnesses that nothing replaces; the fan's is what ventilation is counted by.
    #[must_use]
    pub fn is_required(self) -> bool {
        self.is_command() || matches!(self, Self::DoorClosed | Self::LampOn | Self::FanOn)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
