//! `laixin health --daily`: a line a day of each point, for people or as CSV.

use super::{number, value, wide};
use crate::console::words::Words;
use crate::store::HealthDay;

pub(super) fn print(w: &Words, days: &[HealthDay], as_csv: bool) {
    if as_csv {
        println!("day,device,point,mean,least,greatest,limit,worst,known,unknown");
        for day in days {
            let [mean, least, greatest, limit] =
                [day.mean, day.least, day.greatest, day.limit].map(number);
            println!(
                "{},{},{},{mean},{least},{greatest},{limit},{},{},{}",
                day.day, day.device, day.point, day.worst, day.known, day.unknown
            );
        }
        return;
    }
    for day in days {
        let told = |number| value(w, &day.point, number);
        println!(
            "{}  {}{}{}{}{}{}",
            day.day,
            wide(&day.device, 14),
            wide(w.code("point", &day.point), 28),
            wide(&told(day.mean), 18),
            wide(
                &w.two("maintenance.span_of", told(day.least), told(day.greatest)),
                32
            ),
            wide(&told(day.limit), 18),
            w.code("maintenance", &day.worst),
        );
    }
    if days.is_empty() {
        println!("{}", w.t("maintenance.none"));
    }
}
