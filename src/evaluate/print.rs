//! The report as text: reading, then a table of the fields, then what goes across fields.

use std::fmt::{Display, Formatter, Result};

use super::Report;
use super::tally::Tally;

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "{} letters", self.letters)?;
        reading(self, f)?;
        fields(self, f)?;
        reliability(self, f)?;
        across(self, f)?;
        scenarios(self, f)
    }
}

fn reading(report: &Report, f: &mut Formatter<'_>) -> Result {
    let all = ("all letter pages", &report.cer_letter_pages);
    let groups = report.cer.iter().map(|(name, e)| (name.as_str(), e));
    for (group, errors) in groups.chain([all]) {
        let percent = errors.rate() * 100.0;
        let (wrong, of) = (errors.wrong, errors.of);
        writeln!(
            f,
            "CER {group:<24} {percent:6.2} %  ({wrong} of {of} characters)"
        )?;
    }
    let lines = &report.envelope_lines;
    writeln!(f, "envelope lines exact {:>14} of {}", lines.exact, lines.n)
}

fn share(part: usize, of: usize) -> String {
    if of == 0 {
        return "-".to_owned();
    }
    format!("{:.1}", 100.0 * part as f32 / of as f32)
}

fn percent(value: Option<f32>) -> String {
    value.map_or("-".to_owned(), |v| format!("{:.1}", 100.0 * v))
}

fn fields(report: &Report, f: &mut Formatter<'_>) -> Result {
    writeln!(
        f,
        "{:<24}{:>6}{:>9}{:>11}{:>9}{:>11}{:>8}{:>8}",
        "field", "n", "exact %", "precision", "recall", "accepted %", "wrong", "ECE %"
    )?;
    for (name, tally) in &report.fields {
        let graded = !tally.bins.is_empty();
        let of_graded = |text: String| if graded { text } else { "-".to_owned() };
        writeln!(
            f,
            "{name:<24}{:>6}{:>9}{:>11}{:>9}{:>11}{:>8}{:>8}",
            tally.n,
            share(tally.exact, tally.n),
            percent(tally.precision()),
            percent(tally.recall()),
            of_graded(share(tally.accepted, tally.found)),
            of_graded(tally.accepted_wrong.to_string()),
            percent(tally.calibration_error()),
        )?;
    }
    Ok(())
}

/// Per field and tenth of confidence: how many values, and how many of a hundred are right.
fn reliability(report: &Report, f: &mut Formatter<'_>) -> Result {
    writeln!(
        f,
        "reliability: values of each confidence, and how many % of them are right"
    )?;
    write!(f, "{:<16}", "")?;
    for bin in 0..10 {
        write!(f, "{:>9}", format!(".{bin}-"))?;
    }
    writeln!(f)?;
    let graded = |t: &&Tally| !t.bins.is_empty();
    for (name, tally) in report.fields.iter().filter(|(_, t)| graded(t)) {
        write!(f, "{name:<16}")?;
        for bin in &tally.bins {
            let text = match bin.n {
                0 => String::new(),
                n => format!("{n}:{:.0}", 100.0 * bin.right as f32 / n as f32),
            };
            write!(f, "{text:>9}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}

fn across(report: &Report, f: &mut Formatter<'_>) -> Result {
    let lineage = |f: &mut Formatter<'_>, name: &str, t: &Tally| {
        writeln!(
            f,
            "{name:<36}{:>5} of {:<5} {:>6} %",
            t.exact,
            t.n,
            share(t.exact, t.n)
        )
    };
    for (name, tally) in &report.lineage {
        lineage(f, &format!("{name} where the value is right"), tally)?;
    }
    writeln!(
        f,
        "sender taken for addressee or back {:>6} of {}",
        report.swaps, report.letters
    )?;
    let times = report.rule_times_ms();
    if let (Some(worst), Some(middle)) = (times.last(), times.get(times.len() / 2)) {
        let late = times[(times.len() * 95).div_ceil(100).saturating_sub(1)];
        writeln!(
            f,
            "rules, ms a letter: median {middle:.2}, 95th of a hundred {late:.2}, worst {worst:.2}"
        )?;
    }
    Ok(())
}

fn scenarios(report: &Report, f: &mut Formatter<'_>) -> Result {
    writeln!(f, "scenario: letters; wrong fields")?;
    for (name, row) in &report.scenarios {
        let wrong: Vec<String> = row.wrong.iter().map(|(k, n)| format!("{k} {n}")).collect();
        writeln!(f, "  {name:<20}{:>4}  {}", row.letters, wrong.join(", "))?;
    }
    Ok(())
}
