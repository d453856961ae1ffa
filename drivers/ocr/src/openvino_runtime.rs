//! The networks on OpenVINO, whose C library is looked for when the engine opens: nothing is linked, nothing is needed where it is
//! not installed. It computes in 32 bits whatever the processor would rather do, so that it reads what rten reads.

use crate::models::{self, OpenError};
use crate::network::{Files, refused};
use crate::preprocess::LINE_HEIGHT;
use crate::{ReadError, Settings};
use openvino::{
    CompiledModel, Core, DeviceType, ElementType, InferRequest, InferenceError, RwPropertyKey,
    Shape, Tensor,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The C library as programs look for it; Python's package has only names with a version after this one.
const LIBRARY: &str = "libopenvino_c.so";
/// How much code, generated for inputs of one size, a network keeps for the next of that size. Left at thousands, of which each takes
/// 128 kB of addresses, a station that reads all day came to its limit of memory after some forty pages; so many read as fast.
const KEPT_CODE: &str = "CPU_RUNTIME_CACHE_CAPACITY";
const KEPT: &str = "20";
/// Side of the blank image on which detection is tried when the engine opens, pixels.
const TRIAL_SIDE: usize = 64;

pub(crate) struct OpenVino {
    /// As the library tells it, without its build.
    pub(crate) version: String,
    /// Both: one for each core.
    detection: Vec<Mutex<InferRequest>>,
    recognition: Vec<Mutex<InferRequest>>,
    _compiled: Mutex<[CompiledModel; 2]>,
}

impl OpenVino {
    /// Loads library and models and tries both networks once: a library that loads may still not run on this processor, or not be
    /// allowed to generate code.
    pub(crate) fn open(settings: &Settings, files: &Files) -> Result<Self, OpenError> {
        let dir = settings
            .openvino_dir
            .clone()
            .ok_or(OpenError::OpenVinoMissing { dir: None })?;
        let library = library(&dir).ok_or_else(|| OpenError::OpenVinoMissing {
            dir: Some(dir.clone()),
        })?;
        let fails = |source: Cause| OpenError::OpenVino {
            library: library.clone(),
            source,
        };
        // The bindings panic where a library lacks a function.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            openvino_sys::library::load_from(&library).map_err(|e| fails(e.into()))?;
            Self::compiled(settings, files, &fails)
        }));
        opened.unwrap_or_else(|_| Err(fails("it lacks functions of OpenVINO's C library".into())))
    }

    fn compiled(
        settings: &Settings,
        files: &Files,
        fails: &dyn Fn(Cause) -> OpenError,
    ) -> Result<Self, OpenError> {
        let mut core = Core::new().map_err(|e| fails(Box::new(e)))?;
        let threads = settings.threads.get();
        configure(&mut core, threads).map_err(|e| fails(Box::new(e)))?;
        let mut compiled = |bytes: &[u8], model| {
            let mut compile = || {
                let read = core.read_model_from_buffer(bytes, None)?;
                core.compile_model(&read, DeviceType::CPU)
            };
            compile().map_err(|e| refused(settings, model, Box::new(e)))
        };
        let mut detection = compiled(&files.detection, &models::DETECTION)?;
        let mut recognition = compiled(&files.recognition, &models::RECOGNITION)?;
        let requests = |model: &mut CompiledModel| {
            let requests = (0..threads).map(|_| model.create_infer_request().map(Mutex::new));
            let requests = requests.collect::<Result<Vec<_>, _>>();
            requests.map_err(|e| fails(Box::new(e)))
        };
        let whole = openvino::version().build_number;
        let opened = Self {
            version: whole.split('-').next().unwrap_or(&whole).to_owned(),
            detection: requests(&mut detection)?,
            recognition: requests(&mut recognition)?,
            _compiled: Mutex::new([detection, recognition]),
        };
        opened.tried().map_err(|e| fails(Box::new(e)))?;
        Ok(opened)
    }

    fn tried(&self) -> Result<(), ReadError> {
        let blank = |shape: [usize; 4]| vec![1.0; shape.iter().product()];
        let page = [1, 3, TRIAL_SIDE, TRIAL_SIDE];
        self.detect(0, &blank(page), page)?;
        let line = [1, 3, LINE_HEIGHT, LINE_HEIGHT];
        self.recognise(0, &blank(line), line)?;
        Ok(())
    }

    pub(crate) fn detect(
        &self,
        core: usize,
        planes: &[f32],
        shape: [usize; 4],
    ) -> Result<Vec<f32>, ReadError> {
        run(&self.detection[core], planes, shape)
    }

    pub(crate) fn recognise(
        &self,
        core: usize,
        planes: &[f32],
        shape: [usize; 4],
    ) -> Result<Vec<f32>, ReadError> {
        run(&self.recognition[core], planes, shape)
    }
}

/// As many lines of work as `threads`; no core is kept for one, as other work runs here too.
fn configure(core: &mut Core, threads: usize) -> Result<(), InferenceError> {
    let threads = threads.to_string();
    let properties = [
        (RwPropertyKey::HintInferencePrecision, "f32"),
        (RwPropertyKey::HintExecutionMode, "ACCURACY"),
        (RwPropertyKey::HintEnableCpuPinning, "NO"),
        (RwPropertyKey::InferenceNumThreads, threads.as_str()),
        (RwPropertyKey::NumStreams, threads.as_str()),
        (RwPropertyKey::Other(KEPT_CODE.into()), KEPT),
    ];
    core.set_properties(&DeviceType::CPU, properties)
}

fn run(
    request: &Mutex<InferRequest>,
    planes: &[f32],
    shape: [usize; 4],
) -> Result<Vec<f32>, ReadError> {
    // A request that panicked is set up anew by the next input.
    let mut request = request.lock().unwrap_or_else(PoisonError::into_inner);
    let mut infer = || {
        let sides = shape.map(|side| i64::try_from(side).unwrap_or(i64::MAX));
        let mut input = Tensor::new(ElementType::F32, &Shape::new(&sides)?)?;
        input.get_data_mut::<f32>()?.copy_from_slice(planes);
        request.set_input_tensor(&input)?;
        request.infer()?;
        Ok(request.get_output_tensor()?.get_data::<f32>()?.to_vec())
    };
    infer().map_err(|e: InferenceError| ReadError::Runtime(Box::new(e)))
}

/// The C library in a folder: by its plain name, or else the last of those with a version.
fn library(dir: &Path) -> Option<PathBuf> {
    let plain = dir.join(LIBRARY);
    if plain.is_file() {
        return Some(plain);
    }
    let named = |file: &PathBuf| {
        let name = file.file_name().map(|n| n.to_string_lossy());
        name.is_some_and(|n| n.strip_prefix(LIBRARY).is_some_and(|v| v.starts_with('.')))
    };
    let files = std::fs::read_dir(dir).ok()?;
    let paths = files.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(named).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_with_and_without_a_version_in_its_name() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(library(dir.path()), None);
        assert_eq!(library(&dir.path().join("none")), None);
        for name in [
            "libopenvino_c.so.2540",
            "libopenvino_c.so.2641",
            "libopenvino_core.so",
        ] {
            std::fs::write(dir.path().join(name), "").expect("a file");
        }
        let newest = dir.path().join("libopenvino_c.so.2641");
        assert_eq!(library(dir.path()), Some(newest));
        let plain = dir.path().join(LIBRARY);
        std::fs::write(&plain, "").expect("a file");
        assert_eq!(library(dir.path()), Some(plain));
    }
}
