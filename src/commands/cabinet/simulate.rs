//! `laixin cabinet simulate`: the simulated cabinet as a process of its own, with its side channel.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use uv_cabinet::PortProblem;
use uv_cabinet::sim::{self, Attendant, Fault, SerialEnd, SimSettings, Wire};

use super::super::{DEFECT, FINDING, GOOD, USAGE};

/// Where it answers, and how it is.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Modbus TCP here; the default where no serial line is given.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Modbus RTU on this serial port, 8N1.
    #[arg(long, value_name = "DEVICE")]
    serial: Option<PathBuf>,
    /// Bits a second of that port.
    #[arg(long, default_value_t = 9600)]
    baud: u32,
    /// Modbus RTU on a pseudo-terminal made for it; this link names its other end.
    #[arg(long, value_name = "LINK")]
    pty: Option<PathBuf>,
    /// Its unit on a serial line.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=247))]
    unit: u8,
    /// Times faster than life its lamp warms up and its ozone decays.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Temperature of the room, in °C.
    #[arg(long, default_value_t = 22.0, allow_negative_numbers = true)]
    ambient_c: f64,
    /// Hours its lamp has burnt.
    #[arg(long, default_value_t = 120.0)]
    lamp_hours_h: f64,
    /// How late a late reply is.
    #[arg(long, default_value_t = 700)]
    late_ms: u64,
    /// Leave the door shut when the bolt is withdrawn. Otherwise it stands open for a moment then, as when an operator takes the
    /// letters out: without that no cycle can be started for another load.
    #[arg(long)]
    nobody: bool,
    /// Side channel: `list`, `fault NAME on`, `fault NAME off`, `heal`, `state`, one a line.
    #[arg(long, value_name = "ADDRESS")]
    control: Option<SocketAddr>,
    /// A fault that is on from the beginning; may be given again.
    #[arg(long, value_name = "NAME")]
    fault: Vec<Fault>,
}

const USUAL_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1502);

/// Runs it until it is told to stop.
pub(super) async fn run(args: SimulateArgs) -> u8 {
    for (name, value) in [
        ("--speed", args.speed),
        ("--lamp-hours-h", args.lamp_hours_h),
    ] {
        if !(value.is_finite() && value >= 0.0) || (name == "--speed" && value == 0.0) {
            eprintln!("laixin: {name} {value} is not allowed; a number above 0 is");
            return USAGE;
        }
    }
    let wires = match wires(&args).await {
        Ok(wires) => wires,
        Err(code) => return code,
    };
    let settings = SimSettings {
        speed: args.speed,
        ambient_c: args.ambient_c,
        lamp_hours_h: args.lamp_hours_h,
        late: Duration::from_millis(args.late_ms),
        unit: args.unit,
        attendant: if args.nobody {
            Attendant::Nobody
        } else {
            Attendant::Operator
        },
        ..SimSettings::default()
    };
    let serial = args.serial.clone();
    let (handle, cabinet) = sim::start_on(wires, settings);
    for fault in args.fault {
        handle.switch_on(fault);
    }
    let control = async {
        match args.control {
            None => std::future::pending().await,
            Some(address) => {
                let listener = TcpListener::bind(address).await?;
                println!("its faults are switched at {}", listener.local_addr()?);
                sim::serve_control(listener, handle).await
            }
        }
    };
    tokio::select! {
        ended = cabinet => why_ended(serial.as_deref(), ended),
        ended = control => {
            let why = ended.err().map_or(String::new(), |error| format!(": {error}"));
            eprintln!("laixin: the side channel of the simulated cabinet ended{why}");
            FINDING
        }
        _ = tokio::signal::ctrl_c() => GOOD,
    }
}

/// A port that cannot be opened is a matter of the command line; anything else is not what a simulated cabinet does.
fn why_ended(serial: Option<&Path>, ended: std::io::Result<()>) -> u8 {
    let Err(error) = ended else {
        eprintln!("laixin: the simulated cabinet ended");
        return DEFECT;
    };
    let inner = error.get_ref();
    let problem = inner.and_then(|inner| inner.downcast_ref::<PortProblem>());
    match (serial, problem) {
        (Some(port), Some(problem)) => {
            let port = port.display();
            eprintln!(
                "laixin: --serial {port}: {problem}; name a serial port, or --pty LINK for one of its own"
            );
            USAGE
        }
        _ => {
            eprintln!("laixin: the simulated cabinet ended: {error}");
            FINDING
        }
    }
}

async fn wires(args: &SimulateArgs) -> Result<Vec<Wire>, u8> {
    let cannot = |what: &dyn std::fmt::Display, error: std::io::Error| {
        eprintln!("laixin: {what} cannot be opened for the simulated cabinet: {error}");
        FINDING
    };
    let mut wires = Vec::new();
    if let Some(device) = &args.serial {
        wires.push(Wire::Serial(SerialEnd::device(device.clone(), args.baud)));
        // Nothing is said to answer before the port was seen to open.
        if let Some(problem) = PortProblem::opening(device) {
            return Err(why_ended(
                Some(device.as_path()),
                Err(std::io::Error::other(problem)),
            ));
        }
        println!("a simulated cabinet answers on {}", device.display());
    }
    if let Some(link) = &args.pty {
        let end = SerialEnd::pseudo_terminal(link.clone())
            .map_err(|error| cannot(&link.display(), error))?;
        wires.push(Wire::Serial(end));
        println!("a simulated cabinet answers on {}", link.display());
    }
    let listen = args.listen.or(wires.is_empty().then_some(USUAL_ADDRESS));
    if let Some(listen) = listen {
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|error| cannot(&listen, error))?;
        let at = listener.local_addr().unwrap_or(listen);
        wires.push(Wire::Tcp(listener));
        println!("a simulated cabinet answers at {at}");
    }
    Ok(wires)
}
