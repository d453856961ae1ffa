//! The language model behind the threats: in memory while letters are read, from the first that needs it on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::extract::Meaning;

/// The model of a folder.
#[derive(Debug)]
pub struct Model {
    folder: PathBuf,
    loaded: Mutex<Loaded>,
}

#[derive(Debug, Clone)]
enum Loaded {
    NotYet,
    /// Its file is not there, or not what it has to be.
    Missing,
    There(Arc<meaning::Meaning>),
}

impl Model {
    /// That of the folder of the models; where it is not, words alone tell threats, and the log says so.
    #[must_use]
    pub fn of(models_dir: &Path) -> Self {
        Self {
            folder: models_dir.to_owned(),
            loaded: Mutex::new(Loaded::NotYet),
        }
    }
}

impl Model {
    /// Nothing is read: it leaves the memory until it is asked again.
    pub(super) fn leave(&self) {
        let mut loaded = self.loaded();
        if let Loaded::There(_) = *loaded {
            *loaded = Loaded::NotYet;
        }
    }

    fn loaded(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meaning for Model {
    fn of(&self, texts: &[String]) -> Option<Vec<Vec<f32>>> {
        let mut loaded = self.loaded();
        if let Loaded::NotYet = *loaded {
            *loaded = match meaning::Meaning::open(&self.folder) {
                Ok(model) => Loaded::There(Arc::new(model)),
                Err(error) => {
                    tracing::warn!(error = %crate::Chain(&error), "threats are told by their words alone");
                    Loaded::Missing
                }
            };
        }
        let Loaded::There(model) = loaded.clone() else {
            return None;
        };
        drop(loaded);
        Some(model.of(texts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threat() -> [String; 1] {
        ["我就去跳楼".to_owned()]
    }

    #[test]
    fn without_its_file_the_model_says_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Model::of(folder.path()).of(&threat()), None);
        std::fs::write(folder.path().join(meaning::FILE), "cut off").expect("written");
        assert_eq!(Model::of(folder.path()).of(&threat()), None);
    }
    #[test]
    fn the_model_leaves_the_memory_and_comes_back() {
        let models = concat!(env!("CARGO_MANIFEST_DIR"), "/.setup/models");
        let model = Model::of(Path::new(models));
        let before = model.of(&threat()).expect("make setup");
        model.leave();
        assert!(matches!(*model.loaded(), Loaded::NotYet));
        assert_eq!(model.of(&threat()), Some(before));
    }
}
