//! The language model behind the threats: loaded when it is first asked, since most letters never need it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::domain::extract::Meaning;

/// The model of a folder.
#[derive(Debug)]
pub struct Model {
    folder: PathBuf,
    loaded: OnceLock<Option<meaning::Meaning>>,
}

impl Model {
    /// That of the folder of the models; where it is not, words alone tell threats, and the log says so.
    #[must_use]
    pub fn of(models_dir: &Path) -> Self {
        Self {
            folder: models_dir.to_owned(),
            loaded: OnceLock::new(),
        }
    }
}

impl Meaning for Model {
    fn of(&self, text: &str) -> Option<Vec<f32>> {
        let load = || match meaning::Meaning::open(&self.folder) {
            Ok(loaded) => Some(loaded),
            Err(error) => {
                tracing::warn!(error = %crate::Chain(&error), "threats are told by their words alone");
                None
            }
        };
        Some(self.loaded.get_or_init(load).as_ref()?.of(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_its_file_the_model_says_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Model::of(folder.path()).of("我就去跳楼"), None);
        std::fs::write(folder.path().join(meaning::FILE), "cut off").expect("written");
        assert_eq!(Model::of(folder.path()).of("我就去跳楼"), None);
    }
}
