//! `laixin scanner …`: which scanners announce themselves, what those of the settings say, and the simulated scanner.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use scanner::escl::discover;
use scanner::sim::{Fault, SimSettings, Simulator};

use super::{ConfigArg, FINDING, GOOD, USAGE};
use crate::domain::intake::next_action;
use crate::scan;

/// `laixin scanner …`
#[derive(Debug, Subcommand)]
pub enum ScannerCommand {
    /// Listens for eSCL scanners that announce themselves on this network (mDNS) and shows what to write into the settings.
    Discover {
        /// How long.
        #[arg(long, value_name = "S", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=60))]
        seconds: u64,
    },
    /// Asks every scanner of the settings who and how it is.
    State {
        /// Which station.
        #[command(flatten)]
        config: ConfigArg,
    },
    /// A simulated eSCL scanner on a real socket, with faults one can switch on.
    Simulate(SimulateArgs),
}

/// `laixin scanner simulate`
#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    /// Address and port.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    /// JPEG files in the feeder, in this order; a side each.
    #[arg(value_name = "FILE")]
    sides: Vec<PathBuf>,
    /// Its serial number.
    #[arg(long, default_value = "SIM-0001")]
    serial: String,
    /// What one image takes.
    #[arg(long, value_name = "MS", default_value_t = 300)]
    pace_ms: u64,
    /// What goes wrong, e.g. jam:3; may be repeated.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,
}

/// Does it.
pub fn run(command: ScannerCommand) -> u8 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system can start a runtime");
    match command {
        ScannerCommand::Discover { seconds } => runtime.block_on(discover(seconds)),
        ScannerCommand::State { config } => runtime.block_on(state(&config)),
        ScannerCommand::Simulate(args) => runtime.block_on(simulate(args)),
    }
}

async fn discover(seconds: u64) -> u8 {
    match discover::discover(Duration::from_secs(seconds)).await {
        Ok(found) => {
            for one in &found {
                println!("{}\n  kind = \"escl\"\n  url = \"{}\"", one.name, one.url);
                let more = [("uuid", &one.uuid), ("trays", &one.trays)];
                for (what, text) in more {
                    if let Some(text) = text {
                        println!("  # {what} {text}");
                    }
                }
            }
            println!("{} scanners announced themselves", found.len());
            GOOD
        }
        Err(error) => {
            eprintln!("laixin: {}", crate::Chain(&error));
            FINDING
        }
    }
}

async fn state(config: &ConfigArg) -> u8 {
    let settings = match config.load() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let mut worst = GOOD;
    for scanner in &settings.scanners {
        let Some(device) = scan::device_of(scanner) else {
            println!("{} · folder {}", scanner.id, scanner.folder.display());
            continue;
        };
        match device.look().await {
            Ok(portrait) => {
                println!("{} · {portrait}", scanner.id);
                for (point, value) in portrait.points {
                    println!("  {point:<24} {value}");
                }
            }
            Err(trouble) => {
                worst = FINDING;
                println!(
                    "{} · {}\n  → {}",
                    scanner.id,
                    crate::Chain(&trouble),
                    next_action(trouble.code())
                );
            }
        }
    }
    worst
}

async fn simulate(args: SimulateArgs) -> u8 {
    let mut sides = Vec::new();
    for file in &args.sides {
        match std::fs::read(file) {
            Ok(bytes) => sides.push(bytes),
            Err(error) => {
                eprintln!("laixin: {}: {error}", file.display());
                return USAGE;
            }
        }
    }
    let settings = SimSettings {
        serial: args.serial,
        pace: Duration::from_millis(args.pace_ms),
        faults: args.fault,
    };
    let device = match Simulator::listen(args.listen, settings).await {
        Ok(device) => device,
        Err(error) => {
            eprintln!("laixin: {}: {error}", args.listen);
            return FINDING;
        }
    };
    println!(
        "{} · {} sides in the feeder; Ctrl-C ends it",
        device.url(),
        sides.len()
    );
    if !sides.is_empty() {
        device.put_in(sides);
    }
    // A signal that cannot be waited for ends the process by itself.
    let _ = tokio::signal::ctrl_c().await;
    GOOD
}
