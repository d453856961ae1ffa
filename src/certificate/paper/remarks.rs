//! Below the pictures: faults, the override, and the ledger's entries.

use uv_cabinet::{LEAST_DOSE_MJ_CM2, LEAST_EXPOSURE_S};

use super::{BLACK, LEFT, Paper, QUIET, RED, WIDTH, bold, moment, plain};
use crate::certificate::fault_code;
use crate::print::Pen;
use crate::store::TestOutcome;

/// Longest reason that is printed in full; the ledger has the rest.
const REASON_LINES: usize = 2;
/// Faults that are printed one by one.
const FAULT_LINES: usize = 3;

/// What was read and what is expected, out of a recorded fault.
struct Figures<'a> {
    read: &'a str,
    expected: &'a str,
}

impl<'a> Figures<'a> {
    /// `input_register 1: read 65.535 mg/m3 (raw 65535), expected 0 … 20 mg/m3`
    fn of(told: &'a str) -> Option<Self> {
        let (_, read) = told.split_once(": read ")?;
        let (read, expected) = read.split_once(", expected ")?;
        Some(Self { read, expected })
    }
}

impl Paper<'_> {
    /// Faults and the override; returns where the next part begins.
    pub(super) fn remarks(&self, pen: &mut Pen<'_, '_>, top: f32) -> f32 {
        let (w, c) = (self.w, self.certificate);
        let mut y = top;
        let faults = c
            .faults
            .iter()
            .take(FAULT_LINES)
            .map(|(at, fault)| w.two("certificate.fault_at", moment(*at), self.fault(fault)));
        let mut faults: Vec<String> = faults.collect();
        if c.faults.len() > FAULT_LINES {
            faults.push(w.one("certificate.faults_more", c.faults.len() - FAULT_LINES));
        }
        let tested = c.self_test.as_ref().map(|test| test.outcome);
        if tested == Some(TestOutcome::Failed) {
            faults.insert(0, w.t("certificate.self_test_failed_before").to_owned());
        }
        if faults.is_empty() {
            faults.push(w.t("certificate.no_faults").to_owned());
        }
        pen.text((LEFT, y), w.t("certificate.faults"), plain(9.0, QUIET));
        for line in &faults {
            self.one_line(pen, y, line);
            y += 4.6;
        }
        if let Some(taken) = &c.moments.acknowledged {
            let none = w.t("certificate.no_reason");
            let reason = taken.reason.as_deref().unwrap_or(none);
            let told: [&dyn std::fmt::Display; 3] = [&moment(taken.at), &taken.by, &reason];
            let said = w.fill("certificate.alarm_by", &told);
            pen.text((LEFT, y), w.t("certificate.alarm"), plain(9.0, QUIET));
            self.one_line(pen, y, &said);
            y += 4.6;
        }
        if let Some(turned) = &c.moments.turned {
            let said = w.two("certificate.turned_by", moment(turned.at), &turned.by);
            pen.text((LEFT, y), w.t("certificate.at_turned"), plain(9.0, QUIET));
            self.one_line(pen, y, &said);
            y += 4.6;
        }
        if let Some(lacks) = self.lacks() {
            pen.text((LEFT, y), w.t("certificate.lacks"), plain(9.0, QUIET));
            self.one_line(pen, y, &lacks);
            y += 4.6;
        }
        if let Some(signed) = &c.overridden {
            pen.text((LEFT, y), w.t("certificate.override"), plain(9.0, QUIET));
            let signers = w.signers(&signed.by, signed.approved_by.as_deref());
            let who = w.two("certificate.override_by", signers, moment(signed.at));
            pen.text((LEFT + 21.0, y), &who, bold(9.0, RED));
            y += 4.6;
            for line in self.reason(pen, &signed.reason) {
                pen.text((LEFT + 21.0, y), &line, plain(9.0, BLACK));
                y += 4.6;
            }
        }
        y
    }

    /// As large as it can be on one line.
    fn one_line(&self, pen: &mut Pen<'_, '_>, y: f32, line: &str) {
        let room = WIDTH - 22.0;
        let sizes = [9.0, 8.0, 7.0, 6.0];
        let fits = sizes
            .into_iter()
            .find(|points| pen.width_mm(line, *points) <= room);
        let points = fits.unwrap_or(6.0);
        let line = pen.lines(line, points, room).into_iter().next();
        pen.text(
            (LEFT + 21.0, y),
            &line.unwrap_or_default(),
            plain(points, BLACK),
        );
    }

    /// What the cabinet could not show, and whether its map is only a simulator's.
    fn lacks(&self) -> Option<String> {
        let (w, c) = (self.w, self.certificate);
        let names: Vec<&str> = c
            .absent
            .iter()
            .map(|point| w.code("point", point))
            .collect();
        let absent = (!names.is_empty()).then(|| {
            w.one(
                "certificate.lacks_sensors",
                names.join(w.t("certificate.and")),
            )
        });
        let invented = c.invented.then(|| w.t("certificate.invented").to_owned());
        let set = c
            .clock_was_set
            .then(|| w.t("certificate.clock_was_set").to_owned());
        let restarted = c.faults.iter().any(|(_, fault)| {
            let cut_short: [&str; 2] = ["restarted_mid_cycle", "left_in_quarantine"];
            cut_short.contains(&fault_code(fault))
        });
        let ends =
            (restarted && !c.curve.is_empty()).then(|| w.t("certificate.curve_ends").to_owned());
        let told = self.too_little().into_iter().chain(ends).chain(absent);
        let told: Vec<String> = told.chain(invented).chain(set).collect();
        (!told.is_empty()).then(|| told.join(" "))
    }

    /// Less was asked for than any disinfection takes: the record itself says so, whatever became of the profile since.
    fn too_little(&self) -> Option<String> {
        let limits = self.certificate.limits;
        let (dose, time_s) = (LEAST_DOSE_MJ_CM2, LEAST_EXPOSURE_S as f64);
        let less = limits.dose_mj_cm2.is_some_and(|asked| asked < dose)
            || limits.exposure_s.is_some_and(|asked| asked < time_s);
        less.then(|| self.w.two("certificate.too_little", dose, time_s))
    }

    /// A recorded fault in words; of a missing reading also which one and why.
    fn fault(&self, fault: &str) -> String {
        let w = self.w;
        let what = w.code("fault", fault_code(fault));
        let mut parts = fault.splitn(3, ": ").skip(1);
        let detail = parts.next().and_then(|detail| detail.split_once(' '));
        let figures = parts.next().and_then(Figures::of);
        let Some((point, why)) = detail else {
            return what.to_owned();
        };
        let (point, why) = (w.code("point", point), w.code("missing", why));
        match figures {
            Some(Figures { read, expected }) => {
                let told: [&dyn std::fmt::Display; 5] = [&what, &point, &why, &read, &expected];
                w.fill("certificate.fault_figures", &told)
            }
            None => w.fill("certificate.fault_detail", &[&what, &point, &why]),
        }
    }

    fn reason(&self, pen: &Pen<'_, '_>, reason: &str) -> Vec<String> {
        let said = self.w.one("certificate.override_reason", reason);
        let mut lines = pen.lines(&said, 9.0, WIDTH - 22.0);
        if lines.len() > REASON_LINES {
            lines.truncate(REASON_LINES);
            let more = self.w.t("certificate.cut");
            if let Some(last) = lines.last_mut() {
                let room = WIDTH - 22.0 - pen.width_mm(more, 9.0);
                while pen.width_mm(last, 9.0) > room && last.pop().is_some() {}
                last.push_str(more);
            }
        }
        lines
    }

    pub(super) fn anchors(&self, pen: &mut Pen<'_, '_>, top: f32) {
        let (w, c) = (self.w, self.certificate);
        pen.text((LEFT, top), w.t("certificate.ledger"), plain(9.0, QUIET));
        if c.anchors.is_empty() {
            pen.text(
                (LEFT + 21.0, top),
                w.t("certificate.no_anchor"),
                plain(9.0, BLACK),
            );
        }
        for (at, anchor) in c.anchors.iter().take(2).enumerate() {
            let said = w.two("certificate.anchor", anchor.seq, &anchor.hash);
            pen.text(
                (LEFT + 21.0, top + 4.6 * at as f32),
                &said,
                plain(8.5, BLACK),
            );
        }
    }
}
