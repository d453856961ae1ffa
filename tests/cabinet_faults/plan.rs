//! What a seed draws: the moment of a fault, how long it lasts, the room and the lamp. Seed 0 of the measuring cabinet draws nothing.

use std::time::Duration;

use super::bench::Wire;
use super::cases::{At, CASES, Case, Lasts};

/// The kind of cabinet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Measures dose and ozone, and exposes all sides at once.
    Measured,
    /// Neither UV nor ozone sensor, but the lamp's current: time alone.
    Timed,
    /// Measures; the letters are turned over between two exposures.
    OneSided,
}

/// One run of one case.
#[derive(Debug, Clone)]
pub struct Plan {
    pub model: Model,
    pub seed: u64,
    pub at: At,
    pub lasts: Lasts,
    pub ambient_c: f64,
    pub lamp_hours_h: f64,
}

/// Where a fault may strike; the lamp's time counts more than once.
const MOMENTS: [At; 11] = [
    At::BeforeStart,
    At::Step("preflight", 0),
    At::Step("striking", 0),
    At::Step("irradiating", 0),
    At::Step("irradiating", 0),
    At::Step("irradiating", 0),
    At::Step("stopping", 0),
    At::Step("ventilating", 0),
    At::Step("ventilating", 0),
    At::Step("turning_over", 0),
    At::Step("turning_over", 0),
];
/// How many of them only a one-sided cabinet has; they stand last.
const TURNING: usize = 2;

impl Plan {
    /// Every run of a case on a wire: so many seeds of the measuring cabinet, and a quarter as many of each other kind.
    pub fn all(case: &Case, wire: Wire, seeds: u64) -> Vec<Self> {
        let others = seeds.div_ceil(4);
        let of = |model, seeds| (0..seeds).map(move |seed| Self::of(case, wire, model, seed));
        of(Model::Measured, seeds)
            .chain(of(Model::Timed, others))
            .chain(of(Model::OneSided, others))
            .collect()
    }

    /// The run whose end is known beforehand.
    pub fn is_the_first(&self) -> bool {
        self.model == Model::Measured && self.seed == 0
    }

    pub fn of(case: &Case, wire: Wire, model: Model, seed: u64) -> Self {
        if model == Model::Measured && seed == 0 {
            return Self {
                model,
                seed,
                at: case.at,
                lasts: case.lasts,
                ambient_c: 22.0,
                lamp_hours_h: 120.0,
            };
        }
        let place = CASES.iter().position(|other| other.name == case.name);
        let mut draw = Draw::new(place.unwrap_or(0) as u64, wire, model, seed);
        let moments = match model {
            Model::OneSided => &MOMENTS[..],
            Model::Measured | Model::Timed => &MOMENTS[..MOMENTS.len() - TURNING],
        };
        let at = match moments[draw.below(moments.len() as u64) as usize] {
            At::Step(step, _) => At::Step(step, draw.below(500)),
            before => before,
        };
        let lasts = match (draw.below(2), case.lasts) {
            (0, Lasts::ToTheEnd) => Lasts::ToTheEnd,
            _ => Lasts::For(Duration::from_millis(20 + draw.below(1_800))),
        };
        Self {
            model,
            seed,
            at,
            lasts,
            ambient_c: draw.below(38) as f64,
            lamp_hours_h: draw.below(9_000) as f64,
        }
    }
}

/// SplitMix64: the same on every machine.
struct Draw(u64);

impl Draw {
    fn new(case: u64, wire: Wire, model: Model, seed: u64) -> Self {
        let wire = match wire {
            Wire::Tcp => 0,
            Wire::Rtu => 1,
        };
        let model = match model {
            Model::Measured => 0,
            Model::Timed => 1,
            Model::OneSided => 2,
        };
        Self(model << 40 | seed << 16 | case << 1 | wire)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}
