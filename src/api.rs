//! The list of routes. Every change of the station goes through here; the console has no private door.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Settings;
use crate::disinfect::CabinetControl;
use crate::events::Events;
use crate::health::Readiness;
use crate::store::Store;

/// What every route may use.
#[derive(Debug, Clone)]
pub struct App {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The store.
    pub store: Store,
    /// Events, to tell and to listen to.
    pub events: Events,
    /// What is ready and what is not.
    pub readiness: Readiness,
    /// The cabinets by id.
    pub cabinets: Arc<BTreeMap<String, CabinetControl>>,
}
