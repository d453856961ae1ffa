//! From the shape of a profile file to a checked profile: ranges, units, overlaps, what must be there.
//! The link and what a cycle needs (limits, timing, points a cabinet does without) have files of their own.

use std::{collections::BTreeMap, fmt::Display, ops::RangeInclusive, time::Duration};

use toml::Spanned;

use super::{
    File, Identity, Kind, PointSpec, PointTable, Profile, Table, line_of, plausible::greatest,
};
use crate::{Point, error::ProfileError};

/// Turns a file's shape into a profile, or names the first thing that cannot be.
pub(super) fn check(text: &str, file: File, sha256: String) -> Result<Profile, ProfileError> {
    let at = Place { text };
    let link = super::link::check(&at, &file.link)?;
    let identity = super::identity::check(&at, &file.identity)?;
    let model = at.name("cabinet.model", &file.cabinet.model)?;
    let map_source = at.name("cabinet.map_source", &file.cabinet.map_source)?;
    let limits = at.limits(&file)?;
    let timing = at.timing(&file)?;
    let maintenance = super::maintenance::check(&at, file.maintenance.as_ref(), &limits)?;
    if let Some(point) = Point::ALL
        .into_iter()
        .find(|p| p.is_required() && !file.points.contains_key(p))
    {
        return Err(ProfileError::PointMissing { point });
    }
    let without = at.absent(&file)?;
    let mut points = BTreeMap::new();
    for (point, table) in &file.points {
        points.insert(*point, at.point(*point, table)?);
    }
    at.no_overlap(&file.points, &points, link.unit)?;
    at.no_point_in_identity(&file.points, &points, &identity, link.unit)?;
    at.silence_is_judged(&file.points, &points, timing.poll)?;
    at.limits_can_be_read(&file, &points, &limits, &maintenance)?;
    at.orders_leave_time_to_look(
        &file.link,
        (timing.poll, link.reply_timeout),
        identity.len(),
    )?;
    Ok(Profile {
        model,
        map: file.cabinet.map,
        map_source,
        sides: file.cabinet.sides,
        dose: file.cabinet.dose,
        ozone: file.cabinet.ozone,
        without,
        sha256,
        link,
        identity,
        points,
        limits,
        timing,
        maintenance,
    })
}

/// The text that is checked, so that a refusal can name its line.
pub(super) struct Place<'a> {
    text: &'a str,
}

impl Place<'_> {
    pub(super) fn refuse<T>(
        &self,
        offset: usize,
        key: &str,
        found: impl Display,
        allowed: impl Display,
    ) -> Result<T, ProfileError> {
        Err(ProfileError::Value {
            line: line_of(self.text, offset),
            key: key.to_owned(),
            found: found.to_string(),
            allowed: allowed.to_string(),
        })
    }

    pub(super) fn whole(
        &self,
        key: &str,
        value: &Spanned<u64>,
        allowed: RangeInclusive<u64>,
    ) -> Result<u64, ProfileError> {
        let found = *value.get_ref();
        if allowed.contains(&found) {
            return Ok(found);
        }
        let (low, high) = (allowed.start(), allowed.end());
        self.refuse(value.span().start, key, found, format!("{low} to {high}"))
    }

    pub(super) fn millis(
        &self,
        key: &str,
        value: &Spanned<u64>,
        allowed: RangeInclusive<u64>,
    ) -> Result<Duration, ProfileError> {
        self.whole(key, value, allowed).map(Duration::from_millis)
    }

    pub(super) fn seconds(
        &self,
        key: &str,
        value: &Spanned<u64>,
        allowed: RangeInclusive<u64>,
    ) -> Result<Duration, ProfileError> {
        self.whole(key, value, allowed).map(Duration::from_secs)
    }

    pub(super) fn number(
        &self,
        key: &str,
        value: &Spanned<f64>,
        allowed: RangeInclusive<f64>,
    ) -> Result<f64, ProfileError> {
        let found = *value.get_ref();
        if allowed.contains(&found) {
            return Ok(found);
        }
        let (low, high) = (allowed.start(), allowed.end());
        self.refuse(value.span().start, key, found, format!("{low} to {high}"))
    }

    fn point(&self, point: Point, table: &Spanned<PointTable>) -> Result<PointSpec, ProfileError> {
        let file = table.get_ref();
        let key = |name: &str| format!("points.{point}.{name}");
        self.table_and_kind(point, file)?;
        let kind = *file.kind.get_ref();
        let modbus_unit = match &file.modbus_unit {
            Some(unit) => Some(self.whole(&key("modbus_unit"), unit, 1..=247)?),
            None => None,
        };
        let bit = self.bit(&key("bit"), kind, file)?;
        let last = 65_536 - u64::from(kind.width());
        let address = self.whole(&key("address"), &file.address, 0..=last)?;
        let whole_file_place = table.span().start;
        let (scale, min, max) = if !point.is_number() || point.is_command() {
            (1.0, 0.0, f64::from(u16::MAX))
        } else {
            self.unit(point, file, whole_file_place)?;
            let min = self.present(&key("min"), file.min.as_ref(), whole_file_place)?;
            let max = self.present(&key("max"), file.max.as_ref(), whole_file_place)?;
            let scale = self.present(&key("scale"), file.scale.as_ref(), whole_file_place)?;
            let range = (
                self.number(&key("min"), min, -1e9..=1e9)?,
                self.number(&key("max"), max, *min.get_ref()..=greatest(point))?,
            );
            self.number(&key("scale"), scale, 1e-9..=1e9)?;
            let scale = self.steps(&key("scale"), kind, scale, range)?;
            (scale, range.0, range.1)
        };
        let max_age = if point.is_command() {
            Duration::ZERO
        } else {
            let age = self.present(
                &key("max_age_ms"),
                file.max_age_ms.as_ref(),
                whole_file_place,
            )?;
            self.millis(&key("max_age_ms"), age, 20..=60_000)?
        };
        let frozen_after = file
            .frozen_after_ms
            .as_ref()
            .map(|after| self.frozen_after(&key("frozen_after_ms"), point, after))
            .transpose()?;
        if point == Point::ScanCounter && frozen_after.is_none() {
            let allowed = "100 to 1000; a counter that may stand still tells nothing";
            return self.refuse(
                whole_file_place,
                &key("frozen_after_ms"),
                "nothing",
                allowed,
            );
        }
        Ok(PointSpec {
            modbus_unit: modbus_unit.map(|unit| u8::try_from(unit).expect("at most 247")),
            table: *file.table.get_ref(),
            address: u16::try_from(address).expect("checked to be at most 65535"),
            kind,
            bit,
            word_order: file.word_order,
            scale,
            min,
            max,
            max_age,
            frozen_after,
        })
    }

    fn present<'v, T>(
        &self,
        key: &str,
        value: Option<&'v Spanned<T>>,
        offset: usize,
    ) -> Result<&'v Spanned<T>, ProfileError> {
        match value {
            Some(value) => Ok(value),
            None => self.refuse(offset, key, "nothing", "a number; this point needs one"),
        }
    }

    fn table_and_kind(&self, point: Point, file: &PointTable) -> Result<(), ProfileError> {
        let table = *file.table.get_ref();
        let kind = *file.kind.get_ref();
        if point.is_command() && !matches!(table, Table::Coil | Table::HoldingRegister) {
            return self.refuse(
                file.table.span().start,
                &format!("points.{point}.table"),
                table.name(),
                "coil or holding_register; the others cannot be written",
            );
        }
        let bits = matches!(table, Table::Coil | Table::DiscreteInput);
        let fits = match (point.is_number(), bits) {
            (true, true) => false,
            (false, true) => kind == Kind::Bool,
            (true, false) if point.is_command() => kind == Kind::U16,
            (true, false) => !matches!(kind, Kind::Bool | Kind::Bit),
            // Writing one bit means writing its neighbours: a command has a register of its own.
            (false, false) if point.is_command() => kind == Kind::U16,
            (false, false) => matches!(kind, Kind::U16 | Kind::Bit),
        };
        if fits {
            return Ok(());
        }
        let allowed = if point.is_number() {
            "a number in a register (u16; for measured values also i16, u32, i32, f32)"
        } else {
            "bool in a coil or discrete_input, u16 (0 or 1) in a register; what is only read also bit in a register"
        };
        self.refuse(
            file.kind.span().start,
            &format!("points.{point}.type"),
            format!("{} in {}", kind.name(), table.name()),
            allowed,
        )
    }

    fn bit(&self, key: &str, kind: Kind, file: &PointTable) -> Result<u8, ProfileError> {
        match (kind, &file.bit) {
            (Kind::Bit, Some(bit)) => self
                .whole(key, bit, 0..=15)
                .map(|bit| u8::try_from(bit).expect("at most 15")),
            (Kind::Bit, None) => {
                let place = file.kind.span().start;
                self.refuse(place, key, "nothing", "0 to 15; 0 is the lowest")
            }
            (_, Some(bit)) => {
                let place = bit.span().start;
                self.refuse(place, key, bit.get_ref(), "only with type = \"bit\"")
            }
            (_, None) => Ok(0),
        }
    }

    fn unit(&self, point: Point, file: &PointTable, offset: usize) -> Result<(), ProfileError> {
        let Some(wanted) = point.unit() else {
            return Ok(());
        };
        let found = file.unit.as_ref().map(|u| u.get_ref().as_str());
        if found == Some(wanted) {
            return Ok(());
        }
        self.refuse(
            file.unit.as_ref().map_or(offset, |u| u.span().start),
            &format!("points.{point}.unit"),
            format!("{:?}", found.unwrap_or("nothing")),
            format!("{wanted:?}; bring other units there with scale"),
        )
    }

    /// Two points may share a register only as different bits of it.
    fn no_overlap(
        &self,
        places: &BTreeMap<Point, Spanned<PointTable>>,
        points: &BTreeMap<Point, PointSpec>,
        own_unit: u8,
    ) -> Result<(), ProfileError> {
        let mut taken = BTreeMap::<_, Vec<(Point, Option<u8>)>>::new();
        for (point, spec) in points {
            let unit = spec.modbus_unit.unwrap_or(own_unit);
            let bit = (spec.kind == Kind::Bit).then_some(spec.bit);
            for offset in 0..u32::from(spec.kind.width()) {
                let address = u32::from(spec.address) + offset;
                let there = taken.entry((unit, spec.table, address)).or_default();
                let clash = there
                    .iter()
                    .find(|(_, other)| bit.is_none() || other.is_none() || *other == bit);
                if let Some((other, _)) = clash {
                    return self.refuse(
                        places[point].get_ref().address.span().start,
                        &format!("points.{point}.address"),
                        address,
                        format!("an address of its own; points.{other} is there already"),
                    );
                }
                there.push((*point, bit));
            }
        }
        Ok(())
    }

    /// What tells the model is read only: an order written there would make it another model.
    fn no_point_in_identity(
        &self,
        places: &BTreeMap<Point, Spanned<PointTable>>,
        points: &BTreeMap<Point, PointSpec>,
        identity: &[Identity],
        own_unit: u8,
    ) -> Result<(), ProfileError> {
        for (point, spec) in points {
            let first = u32::from(spec.address);
            let inside = identity.iter().find(|sign| {
                let (from, words) = (u32::from(sign.address), sign.words.len() as u32);
                sign.table == spec.table
                    && sign.modbus_unit.unwrap_or(own_unit) == spec.modbus_unit.unwrap_or(own_unit)
                    && first < from + words
                    && from < first + u32::from(spec.kind.width())
            });
            if let Some(sign) = inside {
                return self.refuse(
                    places[point].get_ref().address.span().start,
                    &format!("points.{point}.address"),
                    spec.address,
                    format!(
                        "an address of its own; identity.{} is there already",
                        sign.name
                    ),
                );
            }
        }
        Ok(())
    }

    /// What ends a cycle at once may not be older than two and a half polls: a silent cabinet is then judged within three.
    fn silence_is_judged(
        &self,
        places: &BTreeMap<Point, Spanned<PointTable>>,
        points: &BTreeMap<Point, PointSpec>,
        poll: Duration,
    ) -> Result<(), ProfileError> {
        let longest = poll * 5 / 2;
        for point in ENDS_A_CYCLE {
            let Some(age) = points.get(&point).map(|spec| spec.max_age) else {
                continue;
            };
            let place = places[&point].get_ref().max_age_ms.as_ref();
            if age > longest {
                return self.refuse(
                    place.map_or(0, |age| age.span().start),
                    &format!("points.{point}.max_age_ms"),
                    age.as_millis(),
                    format!(
                        "20 to {}, two and a half times timing.poll_ms",
                        longest.as_millis()
                    ),
                );
            }
        }
        Ok(())
    }
}

/// Points that a lit lamp hangs on.
const ENDS_A_CYCLE: [Point; 6] = [
    Point::DoorClosed,
    Point::Locked,
    Point::EstopPressed,
    Point::LampOn,
    Point::LampCurrentA,
    Point::IrradianceMwCm2,
];
