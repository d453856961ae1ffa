//! The networks on rten: pure Rust, any processor. Detection uses every core, each recogniser one.

use crate::models::{self, OpenError};
use crate::network::{Files, refused};
use crate::{ReadError, Settings};
use rten::{Model, ModelOptions, RunOptions, ThreadPool};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};
use std::sync::Arc;

pub(crate) struct Rten {
    detection: Model,
    recognition: Model,
    all_cores: Arc<ThreadPool>,
    single_cores: Vec<Arc<ThreadPool>>,
}

impl Rten {
    pub(crate) fn open(settings: &Settings, files: Files) -> Result<Self, OpenError> {
        let load = |bytes, model| {
            let loaded = ModelOptions::with_all_ops().load(bytes);
            loaded.map_err(|e| refused(settings, model, Box::new(e)))
        };
        let threads = settings.threads.get();
        let pool = |threads| Arc::new(ThreadPool::with_num_threads(threads));
        Ok(Self {
            detection: load(files.detection, &models::DETECTION)?,
            recognition: load(files.recognition, &models::RECOGNITION)?,
            all_cores: pool(threads),
            single_cores: (0..threads).map(|_| pool(1)).collect(),
        })
    }

    pub(crate) fn detect(
        &self,
        planes: Vec<f32>,
        shape: [usize; 4],
    ) -> Result<Vec<f32>, ReadError> {
        run(&self.detection, planes, shape, &self.all_cores)
    }

    pub(crate) fn recognise(
        &self,
        core: usize,
        planes: Vec<f32>,
        shape: [usize; 4],
    ) -> Result<Vec<f32>, ReadError> {
        run(&self.recognition, planes, shape, &self.single_cores[core])
    }
}

fn run(
    model: &Model,
    planes: Vec<f32>,
    shape: [usize; 4],
    cores: &Arc<ThreadPool>,
) -> Result<Vec<f32>, ReadError> {
    let input = NdTensor::from_data(shape, planes);
    let options = RunOptions::default().with_thread_pool(Some(Arc::clone(cores)));
    let view: NdTensorView<'_, f32, 4> = input.view();
    let output = model
        .run_one(view.into(), Some(options))
        .map_err(|e| ReadError::Runtime(Box::new(e)))?;
    let tensor: rten_tensor::Tensor<f32> = output
        .try_into()
        .map_err(|e: rten::TryFromValueError| ReadError::Runtime(Box::new(e)))?;
    Ok(tensor.into_data())
}
