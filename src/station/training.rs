//! The cabinets of a training station are simulated, whatever their addresses in the settings: nobody learns on a lamp.

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uv_cabinet::Address;
use uv_cabinet::sim::{self, SimSettings, Wire};

use super::StationError;
use crate::config::{Settings, Within};

/// Times faster than life its lamp warms up and its ozone decays: a first day is no test of patience.
const SPEED: f64 = 20.0;

/// Starts a simulated cabinet for each of the settings and puts its address in; nothing for a station in earnest.
pub(super) async fn simulated_cabinets(
    settings: &mut Settings,
) -> Result<Vec<JoinHandle<()>>, StationError> {
    let mut running = Vec::new();
    if settings.training.is_none() {
        return Ok(running);
    }
    for cabinet in &mut settings.cabinets {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let failed = |source| StationError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let own = listener.local_addr().map_err(failed)?;
        let simulated = SimSettings {
            speed: SPEED,
            ..SimSettings::default()
        };
        let (_, cycle) = sim::start_on(vec![Wire::Tcp(listener)], simulated);
        running.push(tokio::spawn(async move {
            if let Err(error) = cycle.await {
                tracing::error!(%error, "the simulated cabinet ended");
            }
        }));
        cabinet.address = Address::Network(own.to_string());
        cabinet.unit = Within(1);
    }
    Ok(running)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(training: &str) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("station.toml");
        let text = format!(
            "[station]\nname = \"test\"\ndata_dir = \"data\"\n[[cabinet]]\nid = \"cabinet-1\"\nprofile = \"p\"\naddress = \"192.0.2.1:502\"\n\
             [registration]\nroster = \"r\"\ndeadlines = \"d\"\n{training}"
        );
        std::fs::write(&file, text).unwrap();
        Settings::load(&file).unwrap()
    }

    #[tokio::test]
    async fn nobody_learns_on_a_real_cabinet() {
        let mut training = settings("[training]\nletters = \"letters\"\n");
        let running = simulated_cabinets(&mut training).await.unwrap();
        let Address::Network(own) = &training.cabinets[0].address else {
            panic!("it is on a network");
        };
        assert!(own.starts_with("127.0.0.1:"), "{own}");
        tokio::net::TcpStream::connect(own).await.unwrap();
        running.iter().for_each(JoinHandle::abort);
        assert!(training.station.name.starts_with("【练习】"));
        let mut real = settings("");
        assert!(simulated_cabinets(&mut real).await.unwrap().is_empty());
        assert_eq!(
            real.cabinets[0].address,
            Address::Network("192.0.2.1:502".into())
        );
    }
}
