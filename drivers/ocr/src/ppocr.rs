//! PP-OCRv6 small on rten: detection over all cores, then lines shared out to one recogniser a core.
//! Decides nothing about reading order (`layout.rs`) or characters (`recognise.rs`).

use crate::detect::{ProbabilityMap, boxes};
use crate::fold::Folder;
use crate::geometry::{Quad, area, shared_area, size};
use crate::layout::{self, Group, Spacing};
use crate::models::{self, OpenError, Pinned};
use crate::page::Page;
use crate::preprocess::{Ink, LINE_HEIGHT, Reading, Scaled, cut_line, line_width};
use crate::recognise::{Dictionary, Read, ctc, mean_confidence, with_blanks};
use crate::{Char, Line, PageText, ReadError, Settings};
use rten::{Model, RunOptions, ThreadPool};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Line images are padded to a multiple of this, so that few shapes recur.
const WIDTH_STEP: usize = 32;
/// Lines whose first reading is surer than this are not tried in the other direction.
const SURE: f32 = 0.9;

pub(crate) struct PpOcr {
    detection: Model,
    recognition: Model,
    dictionary: Dictionary,
    folder: Folder,
    all_cores: Arc<ThreadPool>,
    single_cores: Vec<Arc<ThreadPool>>,
    longest_side_px: u32,
}

/// Boxes seen with red ink are dropped when this share of them was also found without it.
const COVERED: f32 = 0.3;

/// One box to read.
struct Job {
    index: usize,
    quad: Quad,
    ink: Ink,
    /// It stands in a column of a page that runs down.
    down: bool,
}

/// One box as it was read.
struct PieceText {
    reading: Reading,
    reads: Vec<Read>,
}

impl PpOcr {
    pub(crate) fn open(settings: &Settings) -> Result<Self, OpenError> {
        let (_, detection) = load(settings, &models::DETECTION)?;
        let (path, recognition) = load(settings, &models::RECOGNITION)?;
        let listed = recognition
            .metadata()
            .get("character")
            .ok_or(OpenError::NoDictionary { path })?;
        let dictionary = Dictionary::parse(listed);
        let folder = Folder::new().map_err(|e| OpenError::Folding(Box::new(e)))?;
        let threads = settings.threads.get();
        Ok(Self {
            detection,
            dictionary,
            folder,
            recognition,
            all_cores: Arc::new(ThreadPool::with_num_threads(threads)),
            single_cores: (0..threads)
                .map(|_| Arc::new(ThreadPool::with_num_threads(1)))
                .collect(),
            longest_side_px: settings.longest_side_px,
        })
    }

    pub(crate) fn version(longest_side_px: u32) -> String {
        let short = |model: &Pinned| model.sha256.get(..8).unwrap_or_default();
        format!(
            "ppocr-v6-small det:{} rec:{} side:{longest_side_px} rev:{}",
            short(&models::DETECTION),
            short(&models::RECOGNITION),
            crate::REVISION
        )
    }

    pub(crate) fn read(&self, page: &Page) -> Result<PageText, ReadError> {
        let started = std::time::Instant::now();
        let (found, inks) = self.detect(page)?;
        let groups = layout::arrange(&found);
        let jobs = groups.iter().flat_map(|group| {
            group.pieces.iter().map(|piece| Job {
                index: piece.index,
                quad: found[piece.index],
                ink: inks[piece.index],
                down: group.down,
            })
        });
        let texts = self.recognise(page, jobs.collect(), found.len())?;
        let lines = groups
            .iter()
            .filter_map(|group| self.line(group, &found, &texts))
            .collect();
        Ok(PageText {
            width: page.width(),
            height: page.height(),
            turned_deg: 0,
            lines,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// Boxes with the ink they were found in. Where a page has red ink, what is found without it comes first, and
    /// of the rest only what lies elsewhere: red writing, the seal's own characters.
    fn detect(&self, page: &Page) -> Result<(Vec<Quad>, Vec<Ink>), ReadError> {
        let scaled = Scaled::new(page, self.longest_side_px).map_err(ReadError::Preprocess)?;
        let mut found = self.boxes(&scaled, page, Ink::All)?;
        let mut inks = vec![Ink::All; found.len()];
        if scaled.has_red_ink() {
            let plain = self.boxes(&scaled, page, Ink::NotRed)?;
            found.retain(|quad| {
                let covered: f32 = plain.iter().map(|p| shared_area(p, quad)).sum();
                covered < COVERED * area(quad)
            });
            inks = vec![Ink::NotRed; plain.len()];
            inks.resize(plain.len() + found.len(), Ink::All);
            found.splice(0..0, plain);
        }
        Ok((found, inks))
    }

    fn boxes(&self, scaled: &Scaled, page: &Page, ink: Ink) -> Result<Vec<Quad>, ReadError> {
        let (width, height) = (scaled.width, scaled.height);
        let tensor = NdTensor::from_data([1, 3, height, width], scaled.planes(ink));
        let map = run(&self.detection, tensor, &self.all_cores)?.into_data();
        if map.len() != width * height {
            return Err(ReadError::UnexpectedOutput {
                expected: width * height,
                found: map.len(),
            });
        }
        let map = ProbabilityMap {
            width,
            height,
            values: &map,
        };
        Ok(boxes(&map, page.width(), page.height()))
    }

    /// The text of every job's box, at its index among `boxes`. Wide boxes go first, so that no core is left with a
    /// long one at the end.
    fn recognise(
        &self,
        page: &Page,
        mut jobs: Vec<Job>,
        boxes: usize,
    ) -> Result<Vec<Option<PieceText>>, ReadError> {
        jobs.sort_by_key(|job| {
            let (width, height) = size(&job.quad);
            let aspect = width.max(height) / width.min(height).max(1.0);
            std::cmp::Reverse((aspect * 100.0) as u64)
        });
        let next = AtomicUsize::new(0);
        let work = |core: &Arc<ThreadPool>| {
            let mut done = Vec::new();
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push((job.index, self.read_box(page, job, core)?));
            }
            Ok::<_, ReadError>(done)
        };
        let shares: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = self
                .single_cores
                .iter()
                .map(|core| scope.spawn(|| work(core)))
                .collect();
            let joined = running.into_iter().map(|thread| thread.join());
            joined
                .map(|share| share.map_err(|_| ReadError::WorkerPanicked))
                .collect()
        });
        let mut texts: Vec<Option<PieceText>> = (0..boxes).map(|_| None).collect();
        for share in shares {
            for (index, text) in share?? {
                texts[index] = Some(text);
            }
        }
        Ok(texts)
    }

    /// A box reads across unless it is tall; a short tall box may be either (“1”, or a name of two
    /// characters in a column), so the surer reading counts.
    fn read_box(
        &self,
        page: &Page,
        job: &Job,
        core: &Arc<ThreadPool>,
    ) -> Result<PieceText, ReadError> {
        let (width, height) = size(&job.quad);
        let aspect = height / width.max(1.0);
        if aspect < layout::LONG {
            return self.read_along(page, job, Reading::Across, core);
        }
        let (likely, other) = if job.down {
            (Reading::Down, Reading::Across)
        } else {
            (Reading::Across, Reading::Down)
        };
        let first = self.read_along(page, job, likely, core)?;
        let sureness = mean_confidence(&first.reads);
        if sureness >= SURE || (job.down && aspect > 2.5) {
            return Ok(first);
        }
        let second = self.read_along(page, job, other, core)?;
        Ok(if mean_confidence(&second.reads) > sureness {
            second
        } else {
            first
        })
    }

    fn read_along(
        &self,
        page: &Page,
        job: &Job,
        reading: Reading,
        core: &Arc<ThreadPool>,
    ) -> Result<PieceText, ReadError> {
        let width = line_width(&job.quad, reading);
        let stride = width.next_multiple_of(WIDTH_STEP);
        let mut planes = vec![0.0; 3 * LINE_HEIGHT * stride];
        cut_line(
            page,
            &job.quad,
            (reading, job.ink),
            width,
            stride,
            &mut planes,
        );
        let tensor = NdTensor::from_data([1, 3, LINE_HEIGHT, stride], planes);
        let scores = run(&self.recognition, tensor, core)?;
        let classes = scores.shape().last().copied().unwrap_or_default();
        if classes != self.dictionary.classes() {
            return Err(ReadError::UnexpectedOutput {
                expected: self.dictionary.classes(),
                found: classes,
            });
        }
        let reads = ctc(
            &scores.into_data(),
            &self.dictionary,
            width as f32 / stride as f32,
        );
        Ok(PieceText { reading, reads })
    }

    /// The pieces of a group as one line; `None` when nothing was read in any of them.
    fn line(&self, group: &Group, found: &[Quad], texts: &[Option<PieceText>]) -> Option<Line> {
        let mut raw_chars: Vec<Read> = Vec::new();
        let mut first_last = None;
        let mut vertical = group.down;
        for piece in &group.pieces {
            let text = texts.get(piece.index)?.as_ref()?;
            if text.reads.is_empty() {
                continue;
            }
            let (start, end) = piece.span;
            if piece.space_before == Spacing::Gap && !raw_chars.is_empty() {
                raw_chars.push(Read {
                    ch: ' ',
                    confidence: 1.0,
                    at: start,
                });
            }
            let moved = text.reads.iter().map(|r| Read {
                at: start + r.at * (end - start),
                ..*r
            });
            raw_chars.extend(moved);
            let quad = &found[piece.index];
            first_last = Some((first_last.map_or(quad, |(first, _)| first), quad));
            if group.pieces.len() == 1 {
                vertical = text.reading == Reading::Down;
            }
        }
        let (first, last) = first_last?;
        let quad = if vertical {
            [first[0], first[1], last[2], last[3]]
        } else {
            [first[0], last[1], last[2], first[3]]
        };
        let (width, height) = size(&quad);
        let (long, short) = if vertical {
            (height, width)
        } else {
            (width, height)
        };
        let raw_chars = with_blanks(raw_chars, short / long.max(1.0));
        let raw: String = raw_chars.iter().map(|r| r.ch).collect();
        let text = self.folder.fold(&raw);
        let chars = text
            .chars()
            .zip(&raw_chars)
            .map(|(ch, read)| Char {
                ch,
                confidence: read.confidence,
                at: read.at,
            })
            .collect();
        Some(Line {
            text,
            raw,
            quad,
            confidence: mean_confidence(&raw_chars),
            chars,
            vertical,
        })
    }
}

fn load(settings: &Settings, model: &Pinned) -> Result<(std::path::PathBuf, Model), OpenError> {
    let path = settings.models_dir.join(model.file);
    let bytes = models::read(&settings.models_dir, model)?;
    match Model::load(bytes) {
        Ok(loaded) => Ok((path, loaded)),
        Err(e) => Err(OpenError::ModelRefused {
            path,
            source: Box::new(e),
        }),
    }
}

fn run(
    model: &Model,
    input: NdTensor<f32, 4>,
    cores: &Arc<ThreadPool>,
) -> Result<rten_tensor::Tensor<f32>, ReadError> {
    let options = RunOptions::default().with_thread_pool(Some(Arc::clone(cores)));
    let view: NdTensorView<'_, f32, 4> = input.view();
    let output = model
        .run_one(view.into(), Some(options))
        .map_err(|e| ReadError::Runtime(Box::new(e)))?;
    output
        .try_into()
        .map_err(|e: rten::TryFromValueError| ReadError::Runtime(Box::new(e)))
}

/// As many recognisers as the machine has cores to run them on, if it says.
pub(crate) fn default_threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
