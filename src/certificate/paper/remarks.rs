//! Below the pictures: faults, alarm, what the cabinet lacks, the override, and the ledger's entries. Each is broken into as many lines as it needs;
//! where there are many, all of them are set smaller and the pictures are drawn lower.

use uv_cabinet::{LEAST_DOSE_MJ_CM2, LEAST_EXPOSURE_S};

use super::{
    BELOW_PICTURES, BLACK, LEFT, PITCH, Paper, QUIET, RED, WIDTH, bold, chart, cut, moment, plain,
};
use crate::certificate::{ABORTED, fault_code};
use crate::print::Pen;
use crate::store::TestOutcome;

/// Longest reason that is printed in full; the ledger has the rest.
const REASON_LINES: usize = 2;
/// Faults that are printed one by one.
const FAULT_LINES: usize = 3;
/// Above the line for the signatures.
const LAST_MM: f32 = 263.5;
/// From a remark's name to its text.
const TEXT_MM: f32 = 21.0;
const ROOM_MM: f32 = WIDTH - TEXT_MM - 1.0;

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

/// How much room there is for both.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Heights of the two pictures.
    pub(super) pictures: (f32, f32),
    /// Size of the remarks.
    pub(super) points: f32,
}

/// From how it looks best to how the most goes in.
const ROOMS: [Room; 8] = [
    room((44.0, 17.0), 9.0),
    room((44.0, 17.0), 8.0),
    room((36.0, 14.0), 8.0),
    room((28.0, 11.0), 7.5),
    room((24.0, 10.0), 7.0),
    room((22.0, 9.0), 6.5),
    room((22.0, 9.0), 6.0),
    room((22.0, 9.0), 5.0),
];

const fn room(pictures: (f32, f32), points: f32) -> Room {
    Room { pictures, points }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Plain,
    /// Red and bold.
    Grave,
    /// Words of a person: the ledger has all of them.
    Quoted,
}

/// One of the remarks; without a name it belongs to the one above.
struct Remark {
    name: Option<&'static str>,
    text: String,
    set: Set,
}

impl Remark {
    fn new(name: &'static str, text: String) -> Self {
        Self {
            name: Some(name),
            text,
            set: Set::Plain,
        }
    }

    fn more(text: String, set: Set) -> Self {
        let name = None;
        Self { name, text, set }
    }
}

impl Paper<'_> {
    /// The first of the rooms that all remarks go into.
    pub(super) fn room(&self, pen: &Pen<'_, '_>, top: f32) -> Room {
        let remarks = self.all();
        let goes_in = |room: &&Room| {
            let lines = remarks
                .iter()
                .map(|remark| self.lines(pen, remark, room.points));
            let lines: usize = lines.map(|lines| lines.len()).sum();
            let below = top + chart::height(room.pictures) + BELOW_PICTURES;
            let last = below + PITCH * room.points * lines.saturating_sub(1) as f32;
            last <= LAST_MM
        };
        let smallest = ROOMS[ROOMS.len() - 1];
        ROOMS.iter().find(goes_in).copied().unwrap_or(smallest)
    }

    pub(super) fn remarks(&self, pen: &mut Pen<'_, '_>, top: f32, points: f32) {
        let mut y = top;
        for remark in self.all() {
            if let Some(name) = remark.name {
                pen.text((LEFT, y), self.w.t(name), plain(points, QUIET));
            }
            let set = match remark.set {
                Set::Grave => bold(points, RED),
                Set::Plain | Set::Quoted => plain(points, BLACK),
            };
            for line in self.lines(pen, &remark, points) {
                pen.text((LEFT + TEXT_MM, y), &line, set);
                y += PITCH * points;
            }
        }
    }

    fn lines(&self, pen: &Pen<'_, '_>, remark: &Remark, points: f32) -> Vec<String> {
        let mut lines = pen.lines(&remark.text, points, ROOM_MM);
        if remark.set == Set::Quoted {
            let mark = self.w.t("certificate.cut");
            cut(pen, &mut lines, REASON_LINES, (points, ROOM_MM), mark);
        }
        lines
    }

    /// Everything that is to be remarked, in order.
    fn all(&self) -> Vec<Remark> {
        let (w, c) = (self.w, self.certificate);
        let mut all = self.faults();
        all.extend(self.alarm());
        if let Some(turned) = &c.moments.turned {
            let said = w.two("certificate.turned_by", moment(turned.at), &turned.by);
            all.push(Remark::new("certificate.at_turned", said));
        }
        all.extend(
            self.lacks()
                .map(|lacks| Remark::new("certificate.lacks", lacks)),
        );
        if let Some(signed) = &c.overridden {
            let signers = w.signers(&signed.by, signed.approved_by.as_deref());
            let who = w.two("certificate.override_by", signers, moment(signed.at));
            all.push(Remark {
                set: Set::Grave,
                ..Remark::new("certificate.override", who)
            });
            if let Some(lamp) = &signed.alarm_lamp {
                all.push(Remark::more(
                    w.code("override_lamp", lamp).to_owned(),
                    Set::Grave,
                ));
            }
            let reason = w.one("certificate.override_reason", &signed.reason);
            all.push(Remark::more(reason, Set::Quoted));
        }
        let anchors = c.anchors.iter().take(2);
        let mut anchors: Vec<String> = anchors
            .map(|anchor| w.two("certificate.anchor", anchor.seq, &anchor.hash))
            .collect();
        if anchors.is_empty() {
            anchors.push(w.t("certificate.no_anchor").to_owned());
        }
        all.extend(named("certificate.ledger", anchors));
        all
    }

    fn faults(&self) -> Vec<Remark> {
        let (w, c) = (self.w, self.certificate);
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
        named("certificate.faults", faults)
    }

    /// Since when, when the lamp was out after all, and who took it from there with which words.
    fn alarm(&self) -> Vec<Remark> {
        let (w, m) = (self.w, &self.certificate.moments);
        let Some(alarm) = m.alarm else {
            return Vec::new();
        };
        let out = match alarm.out {
            Some(out) => w.one("certificate.alarm_out", moment(out)),
            None => w.t("certificate.alarm_not_out").to_owned(),
        };
        let since = w.two("certificate.alarm_since", moment(alarm.began), out);
        let set = match m.acknowledged {
            Some(_) => Set::Plain,
            None => Set::Grave,
        };
        let taken = match &m.acknowledged {
            Some(taken) => {
                let none = w.t("certificate.no_reason");
                let reason = taken.reason.as_deref().unwrap_or(none);
                let told: [&dyn std::fmt::Display; 3] = [&moment(taken.at), &taken.by, &reason];
                Remark::more(w.fill("certificate.alarm_by", &told), Set::Quoted)
            }
            None => Remark::more(w.t("certificate.alarm_stands").to_owned(), Set::Grave),
        };
        vec![
            Remark {
                set,
                ..Remark::new("certificate.alarm", since)
            },
            taken,
        ]
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
        let alarm = c.moments.alarm.is_some() && !c.curve.is_empty();
        let alarm = alarm.then(|| w.t("certificate.curve_ends_alarm").to_owned());
        let ends = ends.or(alarm);
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

    /// A recorded fault in words; of a missing reading also which one and why, of an abort who did it.
    fn fault(&self, fault: &str) -> String {
        let w = self.w;
        let what = w.code("fault", fault_code(fault));
        if let Some(by) = &self.certificate.aborted_by
            && fault_code(fault) == ABORTED
        {
            return w.two("certificate.aborted_by", what, by);
        }
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
}

/// Lines of which only the first has the name beside it.
fn named(name: &'static str, lines: Vec<String>) -> Vec<Remark> {
    let mut lines = lines.into_iter();
    let first = lines.next().map(|line| Remark::new(name, line));
    let more = lines.map(|line| Remark::more(line, Set::Plain));
    first.into_iter().chain(more).collect()
}
