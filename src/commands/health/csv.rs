//! `laixin health --csv`: the log as a table for other programs. Columns are only ever added at the end.

use std::collections::BTreeMap;

use super::{next, number, reached};
use crate::clock;
use crate::console::words::Words;
use crate::domain::wear::{self, Outlook, State};
use crate::health::devices::DeviceLine;
use crate::store::HealthRow;

pub(super) fn print(w: &Words, log: &[HealthRow], now: &[DeviceLine]) {
    println!(
        "time,device,point,value,limit,state,code,trend,trend_per_day,limit_reached_at,next_action,age_s,least_30d,greatest_30d,detail,next_in_words"
    );
    let newest: BTreeMap<_, _> = now
        .iter()
        .map(|line| {
            let row = &line.newest;
            ((&row.device, &row.point, row.at), line)
        })
        .collect();
    for row in log {
        let line = newest.get(&(&row.device, &row.point, row.at));
        let state = State::parse(&row.state);
        let action = match line {
            Some(line) => line.newest.code.as_deref(),
            None => {
                let by_state = state.and_then(|state| wear::next_action(&row.point, state));
                row.code.as_deref().or(by_state)
            }
        };
        let outlook = line.and_then(|line| line.outlook);
        let (least, greatest) = line.and_then(|line| line.span).unzip();
        let shown = line.map_or(row, |line| &line.newest);
        let cells = [
            row.at.rfc3339(),
            row.device.clone(),
            row.point.clone(),
            number(row.value),
            number(row.limit),
            shown.state.clone(),
            row.code.clone().unwrap_or_default(),
            outlook.map(Outlook::code).unwrap_or_default().to_owned(),
            number(outlook.and_then(Outlook::per_day)),
            reached(outlook),
            action.unwrap_or_default().to_owned(),
            ((clock::now().0 - row.at.0) / 1000).to_string(),
            number(least),
            number(greatest),
            row.detail.clone().unwrap_or_default(),
            next(w, shown),
        ];
        println!("{}", cells.map(|cell| quoted(&cell)).join(","));
    }
}

/// In quotes where it has to be (RFC 4180).
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
