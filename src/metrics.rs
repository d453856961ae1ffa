//! What the station counts, for `/metrics`. Numbers of pages, letters, drafts and cycles are read from the store when asked
//! for, those of a cabinet from its last look; a reading that is missing has no line rather than an old value.

mod station;

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::disinfect::{CabinetView, LinkView};

pub use station::StationFigures;

/// Upper ends of the classes of a page's reading time.
const PAGE_SECONDS: [f64; 9] = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0];

/// The readings of a cabinet that are told: point, name, help, and the name of its unit.
const READINGS: [(&str, &str, &str, &str); 5] = [
    (
        "irradiance_mw_cm2",
        "cabinet_irradiance",
        "UV at the letters, mW/cm²",
        "milliwatts_per_square_centimetre",
    ),
    (
        "ozone_mg_m3",
        "cabinet_ozone",
        "Ozone inside, mg/m³",
        "milligrams_per_cubic_metre",
    ),
    (
        "lamp_temperature_c",
        "cabinet_lamp_temperature",
        "Temperature of the lamp's wall",
        "celsius",
    ),
    (
        "lamp_hours_h",
        "cabinet_lamp_burnt",
        "Time the lamp has burnt, by the cabinet's own count",
        "hours",
    ),
    (
        "lamp_strikes",
        "cabinet_lamp_strikes",
        "How often the lamp was struck, by the cabinet's own count",
        "",
    ),
];

/// One counter of a link: name, help, and where it is.
type LinkCounter = (&'static str, &'static str, fn(&LinkView) -> u64);

/// The counters of a link.
const LINK: [LinkCounter; 10] = [
    ("requests", "Requests sent to the cabinet", |link| {
        link.requests
    }),
    ("replies", "Replies that fitted their request", |link| {
        link.replies
    }),
    (
        "timeouts",
        "Requests without a whole reply in time",
        |link| link.timeouts,
    ),
    ("crc_errors", "Replies with a wrong check sum", |link| {
        link.crc_errors
    }),
    ("exceptions", "Modbus exceptions", |link| link.exceptions),
    (
        "bad_replies",
        "Replies to something else than what was asked",
        |link| link.bad_replies,
    ),
    (
        "losses",
        "Connections that were refused, reset or closed",
        |link| link.losses,
    ),
    ("repeats", "Reads asked a second time", |link| link.repeats),
    (
        "drains",
        "Times the line was heard out until it was silent",
        |link| link.drains,
    ),
    (
        "reconnects",
        "Connections made after the first one",
        |link| link.reconnects,
    ),
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cabinet {
    cabinet: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    cabinet: String,
    outcome: String,
}

impl Cabinet {
    fn of(view: &CabinetView) -> Self {
        Self {
            cabinet: view.id.clone(),
        }
    }
}

type Number = Gauge<f64, AtomicU64>;

/// What is counted as it happens; cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub struct Metrics {
    page_seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            page_seconds: Histogram::new(PAGE_SECONDS),
        }
    }
}

impl Metrics {
    /// A page was read in this time.
    pub fn page_read(&self, seconds: f64) {
        self.page_seconds.observe(seconds);
    }

    /// The OpenMetrics text. Everything else than what was counted is made anew for every answer: two who ask at once do not
    /// disturb each other, and what is gone does not keep its last number.
    pub fn text(
        &self,
        counts: Vec<(&'static str, String, i64)>,
        outcomes: Vec<(String, String, i64)>,
        cabinets: &[CabinetView],
        station: StationFigures,
    ) -> String {
        let mut registry = Registry::with_prefix("laixin");
        station::register(&mut registry, station);
        register_counts(&mut registry, counts);
        register_cycles(&mut registry, outcomes);
        register_readings(&mut registry, cabinets);
        register_links(&mut registry, cabinets);
        let help = "How long reading one page took";
        registry.register("page_read_seconds", help, self.page_seconds.clone());
        let mut text = String::new();
        encode(&mut text, &registry).expect("a String takes every write");
        text
    }
}

fn register_counts(registry: &mut Registry, counts: Vec<(&'static str, String, i64)>) {
    let families: [(&str, &str, Family<State, Gauge>); 3] = [
        ("pages", "Pages by state", Family::default()),
        ("letters", "Letters by stage", Family::default()),
        ("drafts", "Drafts by state", Family::default()),
    ];
    for (what, state, count) in counts {
        if let Some((.., family)) = families.iter().find(|(name, ..)| *name == what) {
            family.get_or_create(&State { state }).set(count);
        }
    }
    for (name, help, family) in families {
        registry.register(name, help, family);
    }
}

fn register_cycles(registry: &mut Registry, outcomes: Vec<(String, String, i64)>) {
    let cycles: Family<Ended, Counter> = Family::default();
    for (cabinet, outcome, count) in outcomes {
        let ended = cycles.get_or_create(&Ended { cabinet, outcome });
        ended.inc_by(u64::try_from(count).unwrap_or_default());
    }
    registry.register("cabinet_cycles", "Cycles that ended, by outcome", cycles);
}

fn register_readings(registry: &mut Registry, cabinets: &[CabinetView]) {
    let connected: Family<Cabinet, Gauge> = Family::default();
    let alarm: Family<Cabinet, Gauge> = Family::default();
    for view in cabinets {
        let stands = alarm.get_or_create(&Cabinet::of(view));
        stands.set((view.step == "alarm").into());
        let answers = connected.get_or_create(&Cabinet::of(view));
        answers.set(view.connected.into());
    }
    registry.register(
        "cabinet_connected",
        "1 while the cabinet answers",
        connected,
    );
    let help =
        "1 while an alarm stands: the lamp was not seen out, or nobody has acknowledged it since";
    registry.register("cabinet_alarm", help, alarm);
    for (point, name, help, unit) in READINGS {
        let family: Family<Cabinet, Number> = Family::default();
        for view in cabinets {
            let found = view.points.iter().find(|found| found.point == point);
            if let Some(value) = found.and_then(|found| found.value) {
                family.get_or_create(&Cabinet::of(view)).set(value);
            }
        }
        match unit {
            "" => registry.register(name, help, family),
            unit => registry.register_with_unit(name, help, Unit::Other(unit.to_owned()), family),
        }
    }
}

fn register_links(registry: &mut Registry, cabinets: &[CabinetView]) {
    for (name, help, counter) in LINK {
        let family: Family<Cabinet, Counter> = Family::default();
        for view in cabinets {
            let counted = family.get_or_create(&Cabinet::of(view));
            counted.inc_by(counter(&view.link));
        }
        registry.register(format!("cabinet_link_{name}"), help, family);
    }
    let round_trip: Family<Cabinet, Number> = Family::default();
    for view in cabinets {
        if let Some(ms) = view.link.round_trip_p50_ms {
            round_trip
                .get_or_create(&Cabinet::of(view))
                .set((ms * 1000.0).round() / 1_000_000.0);
        }
    }
    let help = "Median time from request to reply, of the last 256 replies";
    registry.register_with_unit("cabinet_link_round_trip", help, Unit::Seconds, round_trip);
}
