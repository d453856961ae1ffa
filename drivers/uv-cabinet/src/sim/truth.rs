//! What is true inside the simulated cabinet, whatever its registers say: the yardstick that a
//! release is measured with.

use std::time::Duration;

/// What is true inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// UV at the letters.
    pub irradiance_mw_cm2: f64,
    /// Current flows through the lamp's relay.
    pub relay_closed: bool,
    /// The bolt is in.
    pub locked: bool,
    /// The door is shut.
    pub door_closed: bool,
    /// How often it was opened.
    pub door_openings: u32,
    /// Time the lamp shone out of an open door.
    pub lit_with_door_open: Duration,
    /// The fan turns.
    pub fan_turning: bool,
    /// Ozone inside.
    pub ozone_mg_m3: f64,
    /// Dose the letters have really had since the start, in compressed time as real time.
    pub dose_mj_cm2: f64,
    /// Time the lamp has really given light, whatever its relay says.
    pub lit: Duration,
    /// Time the fan has turned since the lamp last gave light.
    pub aired: Duration,
    /// How often the lamp was struck.
    pub strikes: u16,
    /// Longest time since the last heartbeat with the relay still closed.
    pub longest_lit_in_silence: Duration,
    /// Every time the bolt was withdrawn.
    pub unlocked: Vec<Unlocked>,
    /// Requests seen on all connections.
    pub requests: u64,
    /// Requests for the door's contact: one a poll.
    pub polls: u64,
    /// Orders to light the lamp that arrived.
    pub lamp_on_orders: u64,
    /// Orders to put the lamp out that arrived, obeyed or not.
    pub lamp_off_orders: u64,
    /// Polls that have shown the open door or the pressed stop.
    pub looks_at_trouble: u32,
    /// How many of them there had been when the first order to put the lamp out came.
    pub looks_until_off: Option<u32>,
}

impl Default for Truth {
    /// Shut, dark, clean.
    fn default() -> Self {
        Self {
            irradiance_mw_cm2: 0.0,
            relay_closed: false,
            locked: false,
            door_closed: true,
            door_openings: 0,
            lit_with_door_open: Duration::ZERO,
            fan_turning: false,
            ozone_mg_m3: 0.0,
            dose_mj_cm2: 0.0,
            lit: Duration::ZERO,
            aired: Duration::ZERO,
            strikes: 0,
            longest_lit_in_silence: Duration::ZERO,
            unlocked: Vec::new(),
            requests: 0,
            polls: 0,
            lamp_on_orders: 0,
            lamp_off_orders: 0,
            looks_at_trouble: 0,
            looks_until_off: None,
        }
    }
}

/// How things were when the bolt was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unlocked {
    /// Who wrote it.
    pub by: Writer,
    /// Dose since the start of the simulator.
    pub dose_mj_cm2: f64,
    /// Time the lamp had given light by then.
    pub lit: Duration,
    /// Time the fan had turned since the lamp last gave light.
    pub aired: Duration,
    /// Ozone inside.
    pub ozone_mg_m3: f64,
    /// UV at the letters.
    pub irradiance_mw_cm2: f64,
    /// Polls begun since the lamp gave light, if it does: who has polled since then could know it.
    pub polls_since_lit: u64,
}

/// Who wrote a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// Whoever speaks Modbus to us.
    Bus,
    /// Somebody at the local panel.
    Panel,
    /// Another master on the bus.
    SecondMaster,
}
