//! Files that somebody writes into and has not closed yet, as far as change events tell: a hint that can only make a file wait. It is forgotten when
//! events were lost, and there is none on a network mount.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};

/// The files, by path.
#[derive(Clone, Debug, Default)]
pub(super) struct Writers(Arc<Mutex<HashSet<PathBuf>>>);

impl Writers {
    fn open(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn have_open(&self, path: &Path) -> bool {
        let open = self.open();
        // Events name whole paths.
        match path.is_absolute() {
            _ if open.is_empty() => false,
            true => open.contains(path),
            false => std::path::absolute(path).is_ok_and(|path| open.contains(&path)),
        }
    }

    pub(super) fn forget(&self) {
        self.open().clear();
    }

    pub(super) fn note(&self, event: &notify::Result<notify::Event>) {
        let Ok(event) = event else {
            return self.forget();
        };
        if event.need_rescan() {
            self.forget();
        }
        let mut open = self.open();
        for path in &event.paths {
            match event.kind {
                EventKind::Modify(ModifyKind::Data(_)) if !super::is_ours(path) => {
                    open.insert(path.clone());
                }
                EventKind::Access(AccessKind::Close(AccessMode::Write))
                | EventKind::Modify(ModifyKind::Name(_))
                | EventKind::Remove(_) => {
                    open.remove(path);
                }
                _ => {}
            }
        }
    }
}
