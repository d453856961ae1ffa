//! `laixin cabinet …`: what maintenance does with a cabinet beside the daemon, and the simulated cabinet.

use std::time::Instant;

use clap::Subcommand;
use uv_cabinet::{Cabinet, Missing};

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
        let (handle, task) = Cabinet::new(profile);
        let task = tokio::spawn(task.run());
        let readings = handle.poll().await;
        if let Some(wrong) = readings.wrong_cabinet() {
            worst = FINDING;
            println!("  WRONG CABINET: {wrong}");
            println!(
                "  → set cabinet.address right, or give this cabinet the profile of its model"
            );
        }
        for (point, reading) in readings.all(Instant::now()) {
            match reading {
                Err(Missing::NotInProfile | Missing::WrongCabinet(_)) => {}
                Ok(reading) => println!(
                    "  {:<24} {:?} {}",
                    point.name(),
                    reading.value,
                    point.unit().unwrap_or("")
                ),
                Err(missing) => {
                    worst = FINDING;
                    println!("  {:<24} – ({})", point.name(), missing.code());
                }
            }
        }
        drop(handle);
        let _ = task.await;
    }
    worst
}
