//! The way of a load through the cabinet, from left to right; with two sides there is more of it.

use super::{BLACK, LEFT, LINE, Outcome, Paper, QUIET, WIDTH, aligned, moment, plain, rule};
use crate::certificate::Span;
use crate::clock::Millis;
use crate::domain::cycle::Sides;
use crate::print::{Align, Pen};

impl Paper<'_> {
    /// The way of the load through the cabinet, from left to right. With two sides there is no room for the day with each time: the first
    /// and the last have it.
    pub(super) fn times(&self, pen: &mut Pen<'_, '_>, top: f32) {
        let (w, c) = (self.w, self.certificate);
        let stops = match c.sides {
            Sides::Both => self.stops(),
            Sides::One => self.stops_of_two_sides(),
        };
        let width = WIDTH / stops.len() as f32;
        let points = match c.sides {
            Sides::Both => 8.5,
            Sides::One => 7.0,
        };
        pen.frame((LEFT, top), (WIDTH, 12.5), rule(0.2, LINE));
        for (at, (name, said)) in stops.into_iter().enumerate() {
            let left = LEFT + width * at as f32;
            if at > 0 {
                pen.path(&[(left, top), (left, top + 12.5)], rule(0.2, LINE));
            }
            let middle = left + width / 2.0;
            let said = said.unwrap_or_else(|| w.t("app.none").to_owned());
            for (text, y, ink) in [(name, 4.8, QUIET), (said, 10.0, BLACK)] {
                let set = aligned(Align::Middle, plain(points, ink));
                pen.text((middle, top + y), &text, set);
            }
        }
    }

    fn last_stop(&self) -> String {
        let name = match self.certificate.outcome {
            Outcome::Released => "certificate.at_released",
            Outcome::Running | Outcome::Failed => "certificate.at_ended",
        };
        self.w.t(name).to_owned()
    }

    /// When a lamp was seen out; where the station had died meanwhile nobody knows.
    fn out(
        &self,
        side: usize,
        lit: Option<&Span>,
        said: impl Fn(Millis) -> String,
    ) -> Option<String> {
        let m = &self.certificate.moments;
        if lit.is_none() {
            return self.struck_alone(side);
        }
        let unknown = || {
            let burnt_alone = m.unwatched && lit == m.lit.last();
            burnt_alone.then(|| self.w.t("certificate.unknown").to_owned())
        };
        let seen = lit?.to.map(said);
        seen.or_else(unknown)
    }

    /// Ordered on for this side, and the station died before it was seen to burn.
    fn struck_alone(&self, side: usize) -> Option<String> {
        let (m, done) = (&self.certificate.moments, self.certificate.exposures.len());
        let alone = m.unwatched && side == done + 1 && m.lit.len() < side;
        alone.then(|| self.w.t("certificate.unknown").to_owned())
    }

    fn stops(&self) -> Vec<(String, Option<String>)> {
        let (w, m) = (self.w, &self.certificate.moments);
        let lit = m.lit.first();
        let stop = |name, at: Option<Millis>| (w.t(name).to_owned(), at.map(moment));
        vec![
            stop("certificate.at_started", Some(m.started)),
            (
                w.t("certificate.at_lit").to_owned(),
                lit.map(|span| moment(span.from))
                    .or_else(|| self.struck_alone(1)),
            ),
            (
                w.t("certificate.at_out").to_owned(),
                self.out(1, m.lit.last(), moment),
            ),
            stop("certificate.at_aired", m.aired),
            (self.last_stop(), m.ended.map(moment)),
        ]
    }

    fn stops_of_two_sides(&self) -> Vec<(String, Option<String>)> {
        let (w, m) = (self.w, &self.certificate.moments);
        let short = |at: Millis| moment(at).chars().skip(11).collect::<String>();
        let day = |at: Millis| moment(at).chars().skip(5).collect::<String>();
        let side = |n: usize| {
            let lit = m.lit.get(n - 1);
            [
                (
                    w.one("certificate.at_lit_side", n),
                    lit.map(|span| short(span.from))
                        .or_else(|| self.struck_alone(n)),
                ),
                (w.one("certificate.at_out_side", n), self.out(n, lit, short)),
            ]
        };
        let turned = m.turned.as_ref().map(|turned| short(turned.at));
        let mut stops = vec![(
            w.t("certificate.at_started").to_owned(),
            Some(day(m.started)),
        )];
        stops.extend(side(1));
        stops.push((w.t("certificate.at_turned").to_owned(), turned));
        stops.extend(side(2));
        stops.push((w.t("certificate.at_aired").to_owned(), m.aired.map(short)));
        stops.push((self.last_stop(), m.ended.map(day)));
        stops
    }
}
