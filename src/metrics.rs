//! What the station counts, for `/metrics`. Numbers of pages, letters and drafts are read from the store when asked for.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper ends of the classes of a page's reading time.
const PAGE_SECONDS: [f64; 9] = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cabinet {
    cabinet: String,
}

/// Handle to the metrics; cloning gives another one to the same.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    pages: Family<State, Gauge>,
    letters: Family<State, Gauge>,
    drafts: Family<State, Gauge>,
    connected: Family<Cabinet, Gauge>,
    page_seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("laixin");
        let (pages, letters, drafts, connected) = (
            Family::default(),
            Family::default(),
            Family::default(),
            Family::default(),
        );
        let page_seconds = Histogram::new(PAGE_SECONDS);
        registry.register("pages", "Pages by state", Family::clone(&pages));
        registry.register("letters", "Letters by stage", Family::clone(&letters));
        registry.register("drafts", "Drafts by state", Family::clone(&drafts));
        registry.register(
            "cabinet_connected",
            "1 while the cabinet answers",
            Family::clone(&connected),
        );
        registry.register(
            "page_read_seconds",
            "How long reading one page took",
            page_seconds.clone(),
        );
        Self {
            registry: Arc::new(registry),
            pages,
            letters,
            drafts,
            connected,
            page_seconds,
        }
    }
}

impl Metrics {
    /// A page was read in this time.
    pub fn page_read(&self, seconds: f64) {
        self.page_seconds.observe(seconds);
    }

    /// The OpenMetrics text.
    pub fn text(
        &self,
        counts: Vec<(&'static str, String, i64)>,
        connected: Vec<(String, bool)>,
    ) -> String {
        // A state that nothing is in any more must not keep its last number.
        for family in [&self.pages, &self.letters, &self.drafts] {
            family.clear();
        }
        for (what, state, count) in counts {
            let family = match what {
                "pages" => &self.pages,
                "letters" => &self.letters,
                _ => &self.drafts,
            };
            family.get_or_create(&State { state }).set(count);
        }
        for (cabinet, is_connected) in connected {
            self.connected
                .get_or_create(&Cabinet { cabinet })
                .set(is_connected.into());
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes every write");
        text
    }
}
