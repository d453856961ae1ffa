//! `laixin verify`: walks every original and every ledger entry; names the first break.

use super::{ConfigArg, DEFECT, FINDING, GOOD};
use crate::evidence::Evidence;
use crate::store::Db;

/// Walks the whole evidence chain. It may run beside the station.
pub fn run(args: &ConfigArg) -> u8 {
    let settings = match args.load() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let verified = Db::open_to_look(&settings.database())
        .and_then(|db| Ok((db.verify_ledger()?, db.originals()?)));
    let (ledger, originals) = match verified {
        Ok(found) => found,
        Err(error) => {
            eprintln!(
                "laixin: {}: {}",
                settings.database().display(),
                crate::Chain(&error)
            );
            return DEFECT;
        }
    };
    match ledger {
        Ok(entries) => println!("ledger: {entries} entries, unbroken"),
        Err(seq) => {
            println!(
                "ledger: BROKEN at entry {seq}: it or an entry before it was changed, removed or moved. Keep the database as it is and compare it with the last backup."
            );
            return FINDING;
        }
    }
    let evidence = match Evidence::open(&settings.evidence_dir()) {
        Ok(evidence) => evidence,
        Err(error) => {
            println!("originals: {}", crate::Chain(&error));
            return FINDING;
        }
    };
    for sha256 in &originals {
        if let Err(error) = evidence.get(sha256) {
            println!(
                "originals: BROKEN: {}. Keep the file as it is and fetch this original from the last backup.",
                crate::Chain(&error)
            );
            return FINDING;
        }
    }
    println!("originals: {} files, unaltered", originals.len());
    GOOD
}
