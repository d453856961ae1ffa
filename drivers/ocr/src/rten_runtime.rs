//! The networks on rten: pure Rust, any processor. Every core computes by itself.

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
    /// Pools of one thread each.
    cores: Vec<Arc<ThreadPool>>,
}

impl Rten {
    pub(crate) fn open(settings: &Settings, files: Files) -> Result<Self, OpenError> {
        let load = |bytes, model| {
            let loaded = ModelOptions::with_all_ops().load(bytes);
            loaded.map_err(|e| refused(settings, model, Box::new(e)))
        };
        let pool = |_| Arc::new(ThreadPool::with_num_threads(1));
        Ok(Self {
            detection: load(files.detection, &models::DETECTION)?,
            recognition: load(files.recognition, &models::RECOGNITION)?,
            cores: (0..settings.threads.get()).map(pool).collect(),
        })
    }

    pub(crate) fn detect(
        &self,
        core: usize,
        planes: Vec<f32>,
        shape: [usize; 4],
    ) -> Result<Vec<f32>, ReadError> {
        run(&self.detection, planes, shape, &self.cores[core])
    }

    pub(crate) fn recognise(
        &self,
        core: usize,
        planes: Vec<f32>,
        shape: [usize; 4],
    ) -> Result<Vec<f32>, ReadError> {
        run(&self.recognition, planes, shape, &self.cores[core])
    }
}

fn run(
    model: &Model,
    planes: Vec<f32>,
    shape: [usize; 4],
    core: &Arc<ThreadPool>,
) -> Result<Vec<f32>, ReadError> {
    let input = NdTensor::from_data(shape, planes);
    let options = RunOptions::default().with_thread_pool(Some(Arc::clone(core)));
    let view: NdTensorView<'_, f32, 4> = input.view();
    let output = model
        .run_one(view.into(), Some(options))
        .map_err(|e| ReadError::Runtime(Box::new(e)))?;
    let tensor: rten_tensor::Tensor<f32> = output
        .try_into()
        .map_err(|e: rten::TryFromValueError| ReadError::Runtime(Box::new(e)))?;
    Ok(tensor.into_data())
}
