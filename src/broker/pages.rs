//! Originals and archive files at the brokers, each an object named by its SHA-256, sealed to the office, in the station's own bucket. Written
//! before the package that names them.

use async_nats::jetstream::object_store::{InfoErrorKind, ObjectMetadata, ObjectStore};

use super::fault::BrokerFault;
use super::package::Archive;
use super::{Outside, names};
use crate::digest;
use crate::evidence::EvidenceError;

/// Why a letter's files are not at the brokers.
pub(super) enum NotPut {
    /// It did not get across.
    Fault(BrokerFault),
    /// An original is altered or gone.
    Evidence(EvidenceError),
}

impl From<BrokerFault> for NotPut {
    fn from(fault: BrokerFault) -> Self {
        Self::Fault(fault)
    }
}

/// Puts these originals and the PDF; what is there already is not sent again.
pub(super) async fn put(
    outside: &Outside,
    files: &[(u32, String)],
    pdf: Option<Vec<u8>>,
) -> Result<Option<Archive>, NotPut> {
    let bucket = names::pages(&outside.office.station.0);
    let store = outside.link.jetstream().get_object_store(&bucket);
    let store = store.await.map_err(BrokerFault::away)?;
    let mut hashes: Vec<&str> = files.iter().map(|(_, sha256)| sha256.as_str()).collect();
    hashes.sort_unstable();
    hashes.dedup();
    for sha256 in hashes {
        if is_there(&store, sha256).await? {
            continue;
        }
        let (evidence, of) = (outside.handoff.evidence.clone(), sha256.to_owned());
        // Its digest is checked as it is read.
        let read = tokio::task::spawn_blocking(move || evidence.get(&of)).await;
        let bytes = read.map_err(BrokerFault::away)?.map_err(NotPut::Evidence)?;
        put_one(outside, &store, (sha256, &bytes)).await?;
    }
    let Some(pdf) = pdf else { return Ok(None) };
    let archive = Archive {
        sha256: digest::sha256_hex(&pdf),
        size: pdf.len(),
    };
    if !is_there(&store, &archive.sha256).await? {
        put_one(outside, &store, (&archive.sha256, &pdf)).await?;
    }
    Ok(Some(archive))
}

async fn is_there(store: &ObjectStore, name: &str) -> Result<bool, BrokerFault> {
    match store.info(name).await {
        Ok(info) => Ok(!info.deleted),
        Err(error) if error.kind() == InfoErrorKind::NotFound => Ok(false),
        Err(error) => Err(BrokerFault::away(error)),
    }
}

async fn put_one(
    outside: &Outside,
    store: &ObjectStore,
    (name, plain): (&str, &[u8]),
) -> Result<(), BrokerFault> {
    let sealed = outside.key.seal(plain, &outside.office.seal_to);
    let meta = ObjectMetadata {
        name: name.to_owned(),
        ..ObjectMetadata::default()
    };
    let mut bytes = sealed.as_slice();
    let putting = async {
        let put = store.put(meta, &mut bytes).await;
        put.map(drop).map_err(BrokerFault::away)
    };
    let stream = format!("OBJ_{}", names::pages(&outside.office.station.0));
    outside.link.put(&stream, putting).await
}
