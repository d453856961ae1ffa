//! The simulated controller and what hangs on it: coils and registers, interlocks, lamp physics.
//! The map below is invented, and written here a second time on purpose (see `sim`).

use std::time::{Duration, Instant};

use super::{
    Attendant, Fault, SimSettings, Truth, Unlocked, Writer,
    fault::Faults,
    physics::{Air, Chamber, Lamp},
};

/// Coils: lamp, fan, bolt.
pub(super) const COILS: usize = 3;
/// Discrete inputs: door closed, locked, stop pressed, lamp relay, fan.
pub(super) const INPUTS: usize = 5;
/// Input registers: irradiance µW/cm², ozone µg/m³, lamp wall 0.1 °C, lamp time 0.1 h (two words,
/// low word first), strikes, scan counter, lamp current mA.
pub(super) const INPUT_REGISTERS: usize = 8;
/// Longest silence of the heartbeat register before the controller drops the lamp.
const HEARTBEAT_LIMIT: Duration = Duration::from_millis(1000);
/// How long the operator leaves the door open: longer than two of the slowest polls.
const DOOR_STANDS_OPEN: Duration = Duration::from_millis(700);
/// How often a second master writes what it thinks right.
const SECOND_MASTER_EVERY: Duration = Duration::from_millis(300);

/// What the controller remembers, and what it shows on the bus.
pub(super) struct Plant {
    settings: SimSettings,
    chamber: Chamber,
    pub(super) coils: [bool; COILS],
    pub(super) inputs: [bool; INPUTS],
    pub(super) input_registers: [u16; INPUT_REGISTERS],
    pub(super) heartbeat: u16,
    pub(super) heartbeat_at: Option<Instant>,
    /// Who wrote the bolt's coil last.
    pub(super) bolt_by: Writer,
    fan_output: bool,
    second_master_at: Option<Instant>,
    relay_closed: bool,
    bolt_in: bool,
    /// The operator has the door open until then.
    opened_until: Option<Instant>,
    strikes: u16,
    scans: u16,
    /// The number of polls when the lamp began to give light.
    polls_at_light: u64,
    noise: u64,
    pub(super) truth: Truth,
}

impl Plant {
    pub(super) fn new(settings: SimSettings) -> Self {
        let mut plant = Self {
            chamber: Chamber::new(&settings),
            noise: settings.seed.wrapping_mul(2).wrapping_add(0x9E37_79B9),
            settings,
            coils: [false; COILS],
            inputs: [true, false, false, false, false],
            input_registers: [0; INPUT_REGISTERS],
            heartbeat: 0,
            heartbeat_at: None,
            bolt_by: Writer::Bus,
            fan_output: false,
            second_master_at: None,
            relay_closed: false,
            bolt_in: false,
            opened_until: None,
            strikes: 0,
            scans: 0,
            polls_at_light: 0,
            truth: Truth::default(),
        };
        // A request may come before the first scan.
        plant.publish(&Faults::new());
        plant
    }

    /// One scan of the controller, then `dt` of physics.
    pub(super) fn scan(&mut self, now: Instant, dt: Duration, faults: &Faults) {
        let has = |fault| faults.contains(&fault);
        if has(Fault::PowerCut) || has(Fault::PlcReboots) {
            self.lose_memory();
        }
        self.hands_of_others(now, faults);
        let door_closed = self.is_door_closed(now, faults);
        let estop = has(Fault::EstopPressed);
        let running = !(has(Fault::ScanStopped) || has(Fault::PlcReboots) || has(Fault::PowerCut));
        self.outputs(now, faults, running);
        let air = Air {
            moves: self.fan_output && !has(Fault::FanFailed) && !has(Fault::DuctBlocked),
            throttled: has(Fault::SetpointChanged),
            comes_in_bad: has(Fault::OzoneHigh),
        };
        self.chamber.pass(
            dt.as_secs_f64() * self.settings.speed,
            self.relay_closed && !has(Fault::PowerCut),
            &lamp(faults),
            &air,
        );
        self.note_truth(now, dt, door_closed, faults);
        if running {
            self.scans = self.scans.wrapping_add(1);
            let fan = self.fan_output && !has(Fault::FanFailed);
            let locked = self.bolt_in || faults.contains(&Fault::LockContactStuck);
            let fan = fan || faults.contains(&Fault::FanContactStuck);
            self.inputs = [door_closed, locked, estop, self.relay_closed, fan];
            self.publish(faults);
        }
    }

    fn is_door_closed(&self, now: Instant, faults: &Faults) -> bool {
        let held_open = self.opened_until.is_some_and(|until| now < until);
        !held_open && !faults.contains(&Fault::DoorOpen)
    }

    /// A controller without power, or starting: only the bolt's coil is kept, as its latch is.
    fn lose_memory(&mut self) {
        self.coils[0] = false;
        self.coils[1] = false;
        self.heartbeat = 0;
        self.heartbeat_at = None;
        self.scans = 0;
        self.fan_output = false;
    }

    /// Panel and second master write the same coils as we do.
    fn hands_of_others(&mut self, now: Instant, faults: &Faults) {
        let has = |fault| faults.contains(&fault);
        if has(Fault::PanelLampOff) {
            self.coils[0] = false;
        }
        if has(Fault::PanelFanOff) {
            self.coils[1] = false;
        }
        // Whom the bolt obeys is whoever took its coil away, not who says the same again.
        if has(Fault::PanelUnlocks) && self.coils[2] {
            self.coils[2] = false;
            self.bolt_by = Writer::Panel;
        }
        if !has(Fault::SecondMaster) {
            self.second_master_at = None;
        } else if self
            .second_master_at
            .is_none_or(|at| now.saturating_duration_since(at) >= SECOND_MASTER_EVERY)
        {
            self.second_master_at = Some(now);
            if self.coils[2] {
                self.bolt_by = Writer::SecondMaster;
            }
            self.coils = [false; COILS];
        }
    }

    /// Relay, fan and bolt. A hard-wired chain of door, stop and watchdog relay works with the
    /// program stopped, and drops the command with it, so that nothing lights again by itself.
    fn outputs(&mut self, now: Instant, faults: &Faults, running: bool) {
        let has = |fault| faults.contains(&fault);
        let local = has(Fault::PanelLampOn) && !has(Fault::PowerCut);
        let unwatched = has(Fault::HeartbeatUnwatched) && !has(Fault::PowerCut);
        let alive = local
            || unwatched
            || self
                .heartbeat_at
                .is_some_and(|at| now.saturating_duration_since(at) <= HEARTBEAT_LIMIT);
        let door_closed = self.is_door_closed(now, faults);
        let permitted = alive && door_closed && !has(Fault::EstopPressed);
        if !permitted {
            self.coils[0] = false;
        }
        let was_closed = self.relay_closed;
        let wanted = if running {
            self.coils[0] || local
        } else {
            // A stopped program leaves its outputs as they are; a dark one has none.
            was_closed && has(Fault::ScanStopped)
        };
        self.relay_closed = (wanted && permitted) || (was_closed && has(Fault::RelayWelded));
        if self.relay_closed && !was_closed {
            self.strikes = self.strikes.wrapping_add(1);
        }
        if running {
            self.fan_output = self.coils[1];
            let bolt_was_in = self.bolt_in;
            self.bolt_in = self.coils[2] && door_closed && !has(Fault::LockStuck);
            let let_in = bolt_was_in && !self.coils[2] && self.bolt_by == Writer::Bus;
            if let_in && self.settings.attendant == Attendant::Operator {
                self.opened_until = Some(now + DOOR_STANDS_OPEN);
            }
        }
    }

    fn note_truth(&mut self, now: Instant, dt: Duration, door_closed: bool, faults: &Faults) {
        let truth = &mut self.truth;
        let irradiance = self.chamber.irradiance_mw_cm2;
        if truth.irradiance_mw_cm2 == 0.0 {
            self.polls_at_light = truth.polls;
        }
        truth.irradiance_mw_cm2 = irradiance;
        truth.dose_mj_cm2 += irradiance * dt.as_secs_f64();
        truth.ozone_mg_m3 = self.chamber.ozone_mg_m3;
        truth.relay_closed = self.relay_closed;
        truth.fan_turning = self.fan_output && !faults.contains(&Fault::FanFailed);
        if irradiance > 0.0 {
            truth.lit += dt;
            truth.aired = Duration::ZERO;
        } else if truth.fan_turning {
            truth.aired += dt;
        }
        truth.strikes = self.strikes;
        if truth.door_closed && !door_closed {
            truth.door_openings += 1;
        }
        truth.door_closed = door_closed;
        if irradiance > 0.0 && !door_closed {
            truth.lit_with_door_open += dt;
        }
        if self.relay_closed {
            let silent = self
                .heartbeat_at
                .map_or(Duration::MAX, |at| now.saturating_duration_since(at));
            truth.longest_lit_in_silence = truth.longest_lit_in_silence.max(silent);
        }
        let withdrawn_by_hand = door_closed && !faults.contains(&Fault::LockStuck);
        if truth.locked && !self.bolt_in && withdrawn_by_hand {
            truth.unlocked.push(Unlocked {
                by: self.bolt_by,
                dose_mj_cm2: truth.dose_mj_cm2,
                lit: truth.lit,
                aired: truth.aired,
                ozone_mg_m3: truth.ozone_mg_m3,
                irradiance_mw_cm2: irradiance,
                polls_since_lit: truth.polls - self.polls_at_light,
            });
        }
        truth.locked = self.bolt_in;
    }

    fn publish(&mut self, faults: &Faults) {
        let has = |fault| faults.contains(&fault);
        let irradiance = if has(Fault::IrradianceBroken) {
            u16::MAX
        } else if has(Fault::IrradianceDead) {
            0
        } else if has(Fault::IrradianceFrozen) {
            self.input_registers[0]
        } else {
            // A living sensor is never quite still: ±0.4 %.
            let shown = self.chamber.irradiance_mw_cm2 * (1.0 + 0.004 * self.jitter());
            (shown * 1000.0) as u16
        };
        let ozone = if has(Fault::OzoneBroken) {
            u16::MAX
        } else if has(Fault::OzoneStuck) {
            self.input_registers[1]
        } else {
            // Rounded up: a sensor must not flatter.
            (self.chamber.ozone_mg_m3 * 1000.0).ceil() as u16
        };
        let tenths_h = (self.chamber.lamp_h * 10.0) as u32;
        self.input_registers = [
            irradiance,
            ozone,
            ((self.chamber.wall_c * 10.0) as i16).cast_unsigned(),
            (tenths_h & 0xFFFF) as u16,
            (tenths_h >> 16) as u16,
            self.strikes,
            match has(Fault::ScanToggles) {
                true => self.scans % 2,
                false => self.scans,
            },
            self.chamber.lamp_current_ma(),
        ];
    }

    /// Between −1 and 1 (xorshift).
    fn jitter(&mut self) -> f64 {
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 7;
        self.noise ^= self.noise << 17;
        (self.noise >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

fn lamp(faults: &Faults) -> Lamp {
    let has = |fault| faults.contains(&fault);
    let mut output = 1.0;
    if has(Fault::LampWeak) {
        output *= 0.25;
    }
    if has(Fault::MainsLow) {
        // FINDINGS of a low-pressure lamp: 142 µW/cm² at 220 V, 57 at 170 V.
        output *= 57.0 / 142.0;
    }
    if has(Fault::SetpointChanged) {
        output *= 0.4;
    }
    Lamp {
        output,
        strikes: !has(Fault::LampNeverStrikes),
        lives: !has(Fault::LampDies),
    }
}
