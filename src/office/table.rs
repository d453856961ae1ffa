//! A roster as a table: one entry a line, as a spreadsheet gives it out (CSV, or copied with tabs).
//!
//! ```text
//! 类别,次序,名称,职务,别名
//! 本站,,苏州市信访局,,
//! 领导,1,周明远,中共苏州市委书记,市委书记、周书记
//! 单位,1,中共苏州市委员会,,苏州市委、市委
//! 范围外,,国家信访局,,
//! ```

use super::OfficeFault;
use crate::domain::roster::{Leader, MOST_ENTRIES, Organisation, Roster, RosterFault};
use crate::history::csv;

/// The first line.
const HEAD: [&str; 5] = ["类别", "次序", "名称", "职务", "别名"];

/// The table of a roster.
pub fn written(roster: &Roster) -> String {
    let mut all = vec![HEAD.map(String::from)];
    let aliases = |alias: &[String]| alias.join("、");
    let line = |kind: &str, number: String, name: &str, title: &str, alias: String| {
        [
            kind.to_owned(),
            number,
            name.to_owned(),
            title.to_owned(),
            alias,
        ]
    };
    all.push(line(
        "本站",
        String::new(),
        &roster.station,
        "",
        String::new(),
    ));
    all.extend(roster.leaders.iter().map(|one| {
        let number = one.rank.to_string();
        line("领导", number, &one.name, &one.title, aliases(&one.alias))
    }));
    all.extend(roster.orgs.iter().map(|one| {
        let number = one.order.to_string();
        line("单位", number, &one.name, "", aliases(&one.alias))
    }));
    all.extend(
        roster
            .outside
            .iter()
            .map(|name| line("范围外", String::new(), name, "", String::new())),
    );
    let cell = |text: &String| match text.contains([',', '"', '\n', ';', '\t']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.clone(),
    };
    let rows = all
        .iter()
        .map(|cells| cells.iter().map(cell).collect::<Vec<_>>().join(","));
    rows.map(|row| row + "\n").collect()
}

/// The roster of a table.
///
/// # Errors
/// [`OfficeFault`] with the line.
pub fn parsed(text: &str) -> Result<Roster, OfficeFault> {
    let mut roster = Roster::default();
    let text = text.trim_start_matches('\u{feff}');
    for (line, cells) in csv::rows(text) {
        let cells = cells.map_err(|_| OfficeFault::Quotes { line })?;
        let cells: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
        if cells.iter().all(|cell| cell.is_empty()) || cells[0] == HEAD[0] {
            continue;
        }
        put(&mut roster, &cells, line)?;
        let entries = roster.leaders.len() + roster.orgs.len() + roster.outside.len();
        if entries > MOST_ENTRIES {
            return Err(RosterFault::TooMany { entries }.into());
        }
    }
    match roster.fault() {
        None => Ok(roster),
        Some(fault) => Err(fault.into()),
    }
}

fn put(roster: &mut Roster, cells: &[&str], line: usize) -> Result<(), OfficeFault> {
    let cell = |at: usize| cells.get(at).copied().unwrap_or_default().to_owned();
    if cells.iter().skip(HEAD.len()).any(|cell| !cell.is_empty()) {
        return Err(OfficeFault::Cells { line });
    }
    let number = || {
        let number: u32 = cell(1).parse().unwrap_or(0);
        (number > 0)
            .then_some(number)
            .ok_or(OfficeFault::Number { line })
    };
    let (name, title) = (cell(2), cell(3));
    let alias = cell(4);
    let alias = alias.split(['、', ',', '，', ';', '；']).map(str::trim);
    let alias: Vec<String> = alias
        .filter(|one| !one.is_empty())
        .map(String::from)
        .collect();
    match cells[0] {
        "本站" if roster.station.is_empty() => roster.station = name,
        "本站" => return Err(OfficeFault::TwoStations { line }),
        "领导" => roster.leaders.push(Leader {
            name,
            title,
            alias,
            rank: number()?,
        }),
        "单位" => roster.orgs.push(Organisation {
            name,
            alias,
            order: number()?,
        }),
        "范围外" => roster.outside.push(name),
        _ => return Err(OfficeFault::Kind { line }),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_shipped_roster_comes_back_out_of_its_table() {
        let shipped: Roster = toml::from_str(include_str!("../../config/roster.toml")).unwrap();
        assert_eq!(parsed(&written(&shipped)).unwrap(), shipped);
    }

    #[test]
    fn what_is_copied_out_of_a_spreadsheet_is_read_by_its_tabs() {
        let text = "\u{feff}类别\t次序\t名称\t职务\t别名\r\n本站\t\t苏州市信访局\r\n\t\t\t\t\r\n领导\t1\t周明远\t市委书记\t周书记，周老\r\n";
        let roster = parsed(text).unwrap();
        assert_eq!(roster.leaders[0].alias, ["周书记", "周老"]);
        assert_eq!(
            (roster.station.as_str(), roster.leaders[0].rank),
            ("苏州市信访局", 1)
        );
    }

    #[test]
    fn a_broken_line_is_named() {
        let told = |line: &str| parsed(&format!("本站,,苏州市信访局\n{line}\n")).unwrap_err();
        assert_eq!(told("领导,1,\"周明远"), OfficeFault::Quotes { line: 2 });
        assert_eq!(told("首长,1,周明远,书记"), OfficeFault::Kind { line: 2 });
        assert_eq!(
            told("领导,第一,周明远,书记"),
            OfficeFault::Number { line: 2 }
        );
        assert_eq!(
            told("领导,1,周明远,书记,周书记,周老"),
            OfficeFault::Cells { line: 2 }
        );
        assert_eq!(
            told("本站,,常州市信访局"),
            OfficeFault::TwoStations { line: 2 }
        );
        assert_eq!(told("[[leaders]]"), OfficeFault::Kind { line: 2 });
        assert_eq!(told(""), RosterFault::Empty.into());
        assert_eq!(parsed("").unwrap_err(), RosterFault::Empty.into());
    }

    proptest! {
        #[test]
        fn any_text_is_a_roster_or_one_fault(text in "[本站领导单位范围外,\t\n\"1-9一-三<]{0,80}") {
            if let Ok(roster) = parsed(&text) {
                prop_assert_eq!(parsed(&written(&roster)).unwrap(), roster);
            }
        }
    }
}
