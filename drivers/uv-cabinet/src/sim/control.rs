//! The side channel: faults switched and the truth told over a line protocol on a TCP port of this machine,
//! for tests and demonstrations that have the simulator in another process.
//!
//! | line | answer |
//! |---|---|
//! | `list` | one line `NAME on` or `NAME off` per fault, then `ok` |
//! | `fault NAME on`, `fault NAME off` | `ok`, or `error …` |
//! | `heal` | everything off, `ok` |
//! | `state` | one line `KEY VALUE` per fact of the truth, then `ok` |

use std::io;

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{Fault, SimHandle, Truth};

/// Serves the side channel until the listener fails.
///
/// # Errors
/// Those of the listener; an error of one connection only ends that one.
pub async fn serve(listener: TcpListener, sim: SimHandle) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                connections.spawn(converse(stream, sim.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, sim: SimHandle) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (from, mut to) = stream.into_split();
    let mut lines = BufReader::new(from).lines();
    while let Some(line) = lines.next_line().await? {
        to.write_all(answer(&line, &sim).as_bytes()).await?;
    }
    Ok(())
}

fn answer(line: &str, sim: &SimHandle) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    match *words {
        ["list"] => {
            let list = Fault::ALL.iter().map(|fault| {
                let state = if sim.is_on(*fault) { "on" } else { "off" };
                format!("{fault} {state}\n")
            });
            list.chain(["ok\n".to_owned()]).collect()
        }
        ["state"] => state(&sim.truth().borrow()),
        ["heal"] => {
            sim.heal();
            "ok\n".to_owned()
        }
        ["fault", name, to @ ("on" | "off")] => match name.parse::<Fault>() {
            Ok(fault) => {
                if to == "on" {
                    sim.switch_on(fault);
                } else {
                    sim.switch_off(fault);
                }
                "ok\n".to_owned()
            }
            Err(error) => format!("error {error}\n"),
        },
        _ => "error use: list | fault NAME on | fault NAME off | heal | state\n".to_owned(),
    }
}

fn state(truth: &Truth) -> String {
    let millis = |duration: std::time::Duration| duration.as_millis().to_string();
    let yes = |flag: bool| if flag { "1" } else { "0" }.to_owned();
    let facts = [
        (
            "irradiance_mw_cm2",
            format!("{:.3}", truth.irradiance_mw_cm2),
        ),
        ("dose_mj_cm2", format!("{:.3}", truth.dose_mj_cm2)),
        ("lit_ms", millis(truth.lit)),
        ("ozone_mg_m3", format!("{:.4}", truth.ozone_mg_m3)),
        ("relay_closed", yes(truth.relay_closed)),
        ("locked", yes(truth.locked)),
        ("door_closed", yes(truth.door_closed)),
        ("fan_turning", yes(truth.fan_turning)),
        ("strikes", truth.strikes.to_string()),
        ("door_openings", truth.door_openings.to_string()),
        ("unlocked", truth.unlocked.len().to_string()),
        ("lit_with_door_open_ms", millis(truth.lit_with_door_open)),
        (
            "longest_lit_in_silence_ms",
            millis(truth.longest_lit_in_silence),
        ),
        ("requests", truth.requests.to_string()),
        ("polls", truth.polls.to_string()),
    ];
    let lines = facts.iter().map(|(key, value)| format!("{key} {value}\n"));
    lines.chain(["ok\n".to_owned()]).collect()
}
