//! Zones → candidates → registered fields, by the order of SZ 7.4.2.

use super::draft::Fields;
use super::roster::Roster;
use super::text::PageText;

/// Registers one letter: its pages' text in, fields out. `received_on` is the day the letter reached the office
/// (`YYYY-MM-DD`): no date of the letter lies after it.
pub fn extract(_pages: &[PageText], _roster: &Roster, _received_on: Option<&str>) -> Fields {
    Fields::default()
}
