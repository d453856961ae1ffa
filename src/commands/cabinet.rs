//! `laixin cabinet …`: what maintenance does with a cabinet beside the daemon, and the simulated cabinet.

use std::time::Instant;

use clap::Subcommand;
use uv_cabinet::{Cabinet, Missing, Point, Profile, Readings, Value};

use super::{ConfigArg, FINDING, GOOD, USAGE};
use crate::disinfect;

mod simulate;

/// `laixin cabinet …`
#[derive(Debug, Subcommand)]
pub enum CabinetCommand {
    /// Reads every point of every cabinet once, without changing anything.
    State {
        /// Which station.
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Runs the self test of one empty cabinet, while the station is stopped: the lamp burns.
    Selftest {
        /// Which station.
        #[command(flatten)]
        config: ConfigArg,
        /// Which cabinet; not needed where there is one.
        #[arg(long, value_name = "ID")]
        cabinet: Option<String>,
        /// Who runs it; goes into the record.
        #[arg(long, value_name = "NAME", default_value = "maintenance")]
        by: String,
        /// Your word that no letter is inside and that the door is closed.
        #[arg(long)]
        empty: bool,
    },
    /// A simulated cabinet on a real socket or serial line; its register map is invented (config/cabinets/demo.toml).
    Simulate(simulate::SimulateArgs),
    /// Prints the certificate of a cycle as PDF; the station may run meanwhile.
    Certificate(super::certificate::CertificateArgs),
}

/// Does it.
pub fn run(command: CabinetCommand) -> u8 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system can start a runtime");
    match command {
        CabinetCommand::State { config } => runtime.block_on(state(&config)),
        CabinetCommand::Selftest {
            config,
            cabinet,
            by,
            empty,
        } => runtime.block_on(super::self_test::run(
            &config,
            cabinet.as_deref(),
            &by,
            empty,
        )),
        CabinetCommand::Simulate(args) => runtime.block_on(simulate::run(args)),
        CabinetCommand::Certificate(args) => super::certificate::run(&args),
    }
}

async fn state(config: &ConfigArg) -> u8 {
    let settings = match config.load() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let mut worst = GOOD;
    for cabinet in &settings.cabinets {
        let profile = match disinfect::profile_of(cabinet) {
            Ok(profile) => profile,
            Err(error) => {
                eprintln!("laixin: {}", crate::Chain(&error));
                return USAGE;
            }
        };
        println!("{} · {} · {}", cabinet.id, profile.model, cabinet.address);
        let (handle, task) = Cabinet::new(profile.clone());
        let task = tokio::spawn(task.run());
        let readings = handle.poll().await;
        let commands = handle.probe().await.refused;
        if show(&profile, &readings, &commands) == Shown::Bad {
            worst = FINDING;
        }
        drop(handle);
        let _ = task.await;
    }
    worst
}

#[derive(PartialEq, Eq)]
enum Shown {
    Good,
    Bad,
}

/// Every point; what has no value with what was read and what is expected.
fn show(profile: &Profile, readings: &Readings, commands: &[(Point, Missing)]) -> Shown {
    let now = Instant::now();
    if let Some(wrong) = readings.wrong_cabinet() {
        println!("  WRONG CABINET: {wrong}");
        println!("  → set cabinet.address right, or give this cabinet the profile of its model");
        return Shown::Bad;
    }
    if let Some(why) = disinfect::silence(readings, now) {
        println!("  no answer ({})", why.code());
        println!("  → {}", disinfect::silence_next(&why));
        return Shown::Bad;
    }
    for (point, reading) in readings.all(now) {
        if let Ok(reading) = reading {
            let value = match reading.value {
                Value::Flag(true) => "yes".to_owned(),
                Value::Flag(false) => "no".to_owned(),
                Value::Number(number) => number.to_string(),
            };
            let unit = point.unit().unwrap_or("");
            println!("  {:<24} {value} {unit}", point.name());
        }
    }
    let troubles = disinfect::troubles(profile, readings, commands, now);
    for trouble in &troubles {
        let means = match trouble.needed {
            true => "NO CYCLE can be started without it",
            false => "for maintenance; cycles go on without it",
        };
        println!(
            "  {:<24} – ({}) {}; {means}",
            trouble.point,
            trouble.code,
            trouble.figures()
        );
    }
    match troubles.is_empty() {
        true => Shown::Good,
        false => {
            println!("  → {}", disinfect::READING_NEXT);
            Shown::Bad
        }
    }
}
