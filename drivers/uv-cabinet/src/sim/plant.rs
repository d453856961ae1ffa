//! The simulated controller and what hangs on it: coils and registers, interlocks, lamp physics.
//! The map below is invented, and written here a second time on purpose (see `sim`).

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{Fault, SimSettings};

/// Coils 0, 1, 2.
const COILS: usize = 3;
/// Discrete inputs: door closed, locked, stop pressed, lamp relay, fan.
const INPUTS: usize = 5;
/// Input registers: irradiance µW/cm², ozone µg/m³, lamp wall 0.1 °C, lamp time 0.1 h (two words,
/// low word first), strikes, scan counter.
const INPUT_REGISTERS: usize = 7;
/// Longest silence of the heartbeat register before the controller drops the lamp.
const HEARTBEAT_LIMIT: Duration = Duration::from_millis(1000);

/// Irradiance of a new, warm lamp at the letters.
const FULL_MW_CM2: f64 = 14.0;
/// Time constant of the lamp's warm-up.
const WARM_UP_S: f64 = 15.0;
/// Time constant of the lamp wall's heating, and how far above the room it ends.
const HEATING_S: f64 = 40.0;
const HEATED_BY_K: f64 = 23.0;
/// A low-pressure lamp is best at this wall temperature.
const BEST_WALL_C: f64 = 45.0;
const WALL_WIDTH_K: f64 = 28.0;
/// Loss of output per hour burnt: 30 % after 9,000 h.
const AGEING_PER_H: f64 = 0.3 / 9_000.0;
/// Ozone made by the lamp, decay by itself (half-life ten minutes), and air changes of the fan.
const OZONE_MG_M3_S: f64 = 0.03;
const OZONE_DECAY_S: f64 = 600.0 / std::f64::consts::LN_2;
const AIR_CHANGES_PER_S: f64 = 0.12;

/// What is true inside, whatever the registers say.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// UV at the letters.
    pub irradiance_mw_cm2: f64,
    /// Current flows through the lamp's relay.
    pub relay_closed: bool,
    /// The bolt is in.
    pub locked: bool,
    /// The fan turns.
    pub fan_turning: bool,
    /// Ozone inside.
    pub ozone_mg_m3: f64,
    /// Dose the load has really had since the start, in compressed time as real time.
    pub dose_mj_cm2: f64,
    /// Requests seen on all connections.
    pub requests: u64,
}

/// What becomes of one request.
pub(super) enum Outcome {
    /// Answer with these bytes after the header.
    Reply(Vec<u8>),
    /// The same, 700 ms late.
    Late(Vec<u8>),
    /// The same under a wrong transaction identifier.
    Misnumbered(Vec<u8>),
    /// The first half of it only.
    Half(Vec<u8>),
    /// Nothing.
    Silence,
    /// Reset the connection.
    Reset,
}

pub(super) struct Plant {
    settings: SimSettings,
    coils: [bool; COILS],
    inputs: [bool; INPUTS],
    input_registers: [u16; INPUT_REGISTERS],
    heartbeat: u16,
    heartbeat_at: Option<Instant>,
    relay_closed: bool,
    warm: f64,
    wall_c: f64,
    irradiance: f64,
    ozone: f64,
    dose: f64,
    lamp_h: f64,
    strikes: u16,
    scans: u16,
    requests: u64,
}

impl Plant {
    pub(super) fn new(settings: SimSettings) -> Self {
        let mut plant = Self {
            wall_c: settings.ambient_c,
            lamp_h: settings.lamp_hours_h,
            settings,
            coils: [false; COILS],
            inputs: [true, false, false, false, false],
            input_registers: [0; INPUT_REGISTERS],
            heartbeat: 0,
            heartbeat_at: None,
            relay_closed: false,
            warm: 0.0,
            irradiance: 0.0,
            ozone: 0.0,
            dose: 0.0,
            strikes: 0,
            scans: 0,
            requests: 0,
        };
        // A request may come before the first scan.
        plant.publish(&BTreeSet::new());
        plant
    }

    pub(super) fn truth(&self) -> Truth {
        Truth {
            irradiance_mw_cm2: self.irradiance,
            relay_closed: self.relay_closed,
            locked: self.inputs[1],
            fan_turning: self.inputs[4],
            ozone_mg_m3: self.ozone,
            dose_mj_cm2: self.dose,
            requests: self.requests,
        }
    }

    /// One scan of the controller, then `dt` of physics.
    pub(super) fn scan(&mut self, now: Instant, dt: Duration, faults: &BTreeSet<Fault>) {
        let has = |fault| faults.contains(&fault);
        let running = !has(Fault::ScanStopped);
        let door_closed = !has(Fault::DoorOpen);
        let estop = has(Fault::EstopPressed);
        let alive = self
            .heartbeat_at
            .is_some_and(|at| now.saturating_duration_since(at) <= HEARTBEAT_LIMIT);
        // A hard-wired chain: works with the program stopped, and drops the command with it, so
        // that nothing lights again by itself.
        if !door_closed || estop || !alive {
            self.coils[0] = false;
        }
        let was_closed = self.relay_closed;
        self.relay_closed = self.coils[0] || (has(Fault::RelayWelded) && self.relay_closed);
        if self.relay_closed && !was_closed {
            self.strikes = self.strikes.wrapping_add(1);
        }
        let locked = self.coils[2] && door_closed && !has(Fault::LockStuck);
        let fan = self.coils[1] && !has(Fault::FanFailed);
        self.physics(dt.as_secs_f64(), fan && !has(Fault::DuctBlocked), faults);
        if running {
            self.scans = self.scans.wrapping_add(1);
            self.inputs = [door_closed, locked, estop, self.relay_closed, fan];
            self.publish(faults);
        }
    }

    fn physics(&mut self, real_s: f64, air_moves: bool, faults: &BTreeSet<Fault>) {
        let s = real_s * self.settings.speed;
        let lit = self.relay_closed && !faults.contains(&Fault::LampNeverStrikes);
        let goal_c = self.settings.ambient_c + if lit { HEATED_BY_K } else { 0.0 };
        self.wall_c += (goal_c - self.wall_c) * (1.0 - (-s / HEATING_S).exp());
        if lit {
            // A struck lamp gives a third at once and the rest as it warms.
            self.warm = 1.0 - (1.0 - self.warm.max(0.3)) * (-s / WARM_UP_S).exp();
            self.lamp_h += s / 3600.0;
        } else {
            self.warm = 0.0;
        }
        let off_best = (self.wall_c - BEST_WALL_C) / WALL_WIDTH_K;
        let aged = (1.0 - AGEING_PER_H * self.lamp_h).max(0.1);
        self.irradiance = FULL_MW_CM2 * self.warm * aged * (-off_best * off_best).exp();
        self.dose += self.irradiance * real_s;
        let made = if lit { OZONE_MG_M3_S * self.warm } else { 0.0 };
        let loss_per_s = 1.0 / OZONE_DECAY_S + if air_moves { AIR_CHANGES_PER_S } else { 0.0 };
        let settles_at = made / loss_per_s;
        self.ozone = settles_at + (self.ozone - settles_at) * (-loss_per_s * s).exp();
    }

    fn publish(&mut self, faults: &BTreeSet<Fault>) {
        let irradiance = if faults.contains(&Fault::IrradianceBroken) {
            u16::MAX
        } else if faults.contains(&Fault::IrradianceFrozen) {
            self.input_registers[0]
        } else {
            (self.irradiance * 1000.0) as u16
        };
        let tenths_h = (self.lamp_h * 10.0) as u32;
        self.input_registers = [
            irradiance,
            (self.ozone * 1000.0) as u16,
            ((self.wall_c * 10.0) as i16).cast_unsigned(),
            (tenths_h & 0xFFFF) as u16,
            (tenths_h >> 16) as u16,
            self.strikes,
            self.scans,
        ];
    }

    /// What becomes of one request.
    pub(super) fn answer(&mut self, pdu: &[u8], now: Instant, faults: &BTreeSet<Fault>) -> Outcome {
        let has = |fault| faults.contains(&fault);
        self.requests += 1;
        if has(Fault::Resets) {
            return Outcome::Reset;
        }
        if has(Fault::NoAnswer) {
            return Outcome::Silence;
        }
        let function = pdu.first().copied().unwrap_or(0);
        if has(Fault::Exceptions) {
            return Outcome::Reply(vec![function | 0x80, 4]);
        }
        let mut reply = match self.obey(pdu, now, faults) {
            Ok(reply) => reply,
            Err(exception) => vec![function | 0x80, exception],
        };
        if has(Fault::ShortReply) && matches!(function, 3 | 4) && reply.len() >= 4 {
            reply.truncate(reply.len() - 2);
            reply[1] -= 2;
        }
        if has(Fault::LateReply) {
            Outcome::Late(reply)
        } else if has(Fault::WrongTransaction) {
            Outcome::Misnumbered(reply)
        } else if has(Fault::HalfReply) {
            Outcome::Half(reply)
        } else {
            Outcome::Reply(reply)
        }
    }

    /// Error: the exception code.
    fn obey(&mut self, pdu: &[u8], now: Instant, faults: &BTreeSet<Fault>) -> Result<Vec<u8>, u8> {
        let [function, a, b, c, d] = *pdu else {
            return Err(if matches!(pdu.first(), Some(1..=6)) {
                3
            } else {
                1
            });
        };
        let address = usize::from(u16::from_be_bytes([a, b]));
        let second = u16::from_be_bytes([c, d]);
        let count = usize::from(second);
        match function {
            1 => bits(&self.coils, address, count),
            2 => bits(&self.inputs, address, count),
            3 => registers(&[self.heartbeat], 3, address, count),
            4 => registers(&self.input_registers, 4, address, count),
            5 if address >= COILS => Err(2),
            5 if !matches!(second, 0 | 0xFF00) => Err(3),
            5 => {
                if !faults.contains(&Fault::IgnoresWrites) {
                    self.coils[address] = second != 0;
                }
                Ok(pdu.to_vec())
            }
            6 if address != 0 => Err(2),
            6 => {
                if !faults.contains(&Fault::IgnoresWrites) {
                    if self.heartbeat != second {
                        self.heartbeat_at = Some(now);
                    }
                    self.heartbeat = second;
                }
                Ok(pdu.to_vec())
            }
            _ => Err(1),
        }
        .map(|mut reply| {
            reply[0] = function;
            reply
        })
    }
}

fn bits(all: &[bool], address: usize, count: usize) -> Result<Vec<u8>, u8> {
    if !(1..=2000).contains(&count) {
        return Err(3);
    }
    let asked = all.get(address..address + count).ok_or(2)?;
    let mut reply = vec![0, count.div_ceil(8) as u8];
    for byte in asked.chunks(8) {
        reply.push(
            byte.iter()
                .rev()
                .fold(0, |acc, bit| acc << 1 | u8::from(*bit)),
        );
    }
    Ok(reply)
}

fn registers(all: &[u16], function: u8, address: usize, count: usize) -> Result<Vec<u8>, u8> {
    if !(1..=125).contains(&count) {
        return Err(3);
    }
    let asked = all.get(address..address + count).ok_or(2)?;
    let mut reply = vec![function, (count * 2) as u8];
    reply.extend(asked.iter().flat_map(|word| word.to_be_bytes()));
    Ok(reply)
}
