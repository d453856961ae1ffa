//! Lists of pages that are held because they cannot be used: what is wrong with each, looked at again where it lies.

use std::fs;

use scanner::index::{self, Fault, Unclear};

use crate::config::Settings;
use crate::store::Arrival;

/// What is wrong with a held list, if that is why it is held and it is still there.
#[must_use]
pub fn fault_of(settings: &Settings, file: &Arrival) -> Option<Unclear> {
    if file.reason.as_deref() != Some("index_unclear") {
        return None;
    }
    let mut scanners = settings.scanners.iter();
    let known = scanners.find(|known| known.id.to_string() == file.source)?;
    let place = known.folder.join(file.kept_as.as_ref()?);
    let found = fs::symlink_metadata(&place)
        .ok()
        .filter(fs::Metadata::is_file)?;
    if found.len() > index::LARGEST_BYTES {
        let (fault, line, page) = (Fault::NoText, None, None);
        return Some(Unclear { fault, line, page });
    }
    index::parse("-", &fs::read(&place).ok()?).err()
}
