//! The two networks, images in and numbers out, on one of two runtimes: rten, which is always there, or OpenVINO, where its library
//! is installed. Both get the same pixels and compute in 32 bits, so they read the same.

use crate::models::{self, OpenError, Pinned};
use crate::openvino_runtime::OpenVino;
use crate::preprocess::LINE_HEIGHT;
use crate::recognise::Dictionary;
use crate::rten_runtime::Rten;
use crate::{ReadError, Runtime, Settings};

/// Key of the recognition model's metadata that lists its characters.
const CHARACTERS: &str = "character";

enum Loaded {
    Rten(Box<Rten>),
    OpenVino(OpenVino),
}

/// Detection and recognition, loaded.
pub(crate) struct Networks {
    loaded: Loaded,
    pub(crate) dictionary: Dictionary,
    /// Why OpenVINO was not taken where it might have been.
    pub(crate) note: Option<String>,
}

/// The bytes of both model files.
pub(crate) struct Files {
    pub(crate) detection: Vec<u8>,
    pub(crate) recognition: Vec<u8>,
}

impl Networks {
    pub(crate) fn open(settings: &Settings) -> Result<Self, OpenError> {
        let files = Files {
            detection: models::read(&settings.models_dir, &models::DETECTION)?,
            recognition: models::read(&settings.models_dir, &models::RECOGNITION)?,
        };
        let listed = models::metadata(&files.recognition, CHARACTERS).ok_or_else(|| {
            OpenError::NoDictionary {
                path: settings.models_dir.join(models::RECOGNITION.file),
            }
        })?;
        let dictionary = Dictionary::parse(&listed);
        let (loaded, note) = load(settings, files)?;
        let networks = Self {
            loaded,
            dictionary,
            note,
        };
        Ok(networks)
    }

    /// The runtime's name, and its version where that may change what is read.
    pub(crate) fn runtime(&self) -> String {
        match &self.loaded {
            Loaded::Rten(_) => "rten".to_owned(),
            Loaded::OpenVino(openvino) => format!("openvino-{}", openvino.version),
        }
    }

    /// The probability of text for each pixel of `planes` (`3 × height × width`), by one core.
    pub(crate) fn text_map(
        &self,
        core: usize,
        planes: Vec<f32>,
        (width, height): (usize, usize),
    ) -> Result<Vec<f32>, ReadError> {
        let shape = [1, 3, height, width];
        let map = match &self.loaded {
            Loaded::Rten(rten) => rten.detect(core, planes, shape)?,
            Loaded::OpenVino(openvino) => openvino.detect(core, &planes, shape)?,
        };
        due(map, |found| found == width * height, width * height)
    }

    /// What the recogniser of one core says to a line image of `stride` columns: steps × classes.
    pub(crate) fn scores(
        &self,
        core: usize,
        planes: Vec<f32>,
        stride: usize,
    ) -> Result<Vec<f32>, ReadError> {
        let shape = [1, 3, LINE_HEIGHT, stride];
        let scores = match &self.loaded {
            Loaded::Rten(rten) => rten.recognise(core, planes, shape)?,
            Loaded::OpenVino(openvino) => openvino.recognise(core, &planes, shape)?,
        };
        let classes = self.dictionary.classes();
        due(scores, |found| found % classes == 0, classes)
    }
}

fn due(
    values: Vec<f32>,
    right: impl Fn(usize) -> bool,
    expected: usize,
) -> Result<Vec<f32>, ReadError> {
    if right(values.len()) {
        return Ok(values);
    }
    Err(ReadError::UnexpectedOutput {
        expected,
        found: values.len(),
    })
}

fn load(settings: &Settings, files: Files) -> Result<(Loaded, Option<String>), OpenError> {
    let mut note = None;
    if settings.runtime != Runtime::Rten {
        match OpenVino::open(settings, &files) {
            Ok(openvino) => return Ok((Loaded::OpenVino(openvino), None)),
            Err(error) if settings.runtime == Runtime::OpenVino => return Err(error),
            Err(error) => note = settings.openvino_dir.is_some().then(|| told(&error)),
        }
    }
    Ok((Loaded::Rten(Box::new(Rten::open(settings, files)?)), note))
}

fn told(error: &OpenError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Which file a network came from, for its error.
pub(crate) fn refused(
    settings: &Settings,
    model: &Pinned,
    source: Box<dyn std::error::Error + Send + Sync>,
) -> OpenError {
    OpenError::ModelRefused {
        path: settings.models_dir.join(model.file),
        source,
    }
}
