//! PP-OCRv6 small on rten: detection over all cores, then lines shared out to one recogniser a core.
//! Decides nothing about reading order (`layout.rs`) or characters (`recognise.rs`).

use crate::areas::{Area, areas};
use crate::detect::{Place, ProbabilityMap, boxes};
use crate::dust::{ones, without_dust};
use crate::fold::Folder;
use crate::geometry::{Quad, area as area_of, shared_area, size};
use crate::ink::{Small, Tone};
use crate::layout::{self, Group, Spacing};
use crate::lengthen::Lengthened;
use crate::models::{self, OpenError, Pinned};
use crate::page::Page;
use crate::preprocess::{Columns, Ink, LINE_HEIGHT, Reading, Scaled, cut_line, line_width};
use crate::recognise::{Dictionary, Read, ctc, mean_confidence, with_blanks};
use crate::turn::as_given;
use crate::{Alternative, Char, Line, PageText, ReadError, Settings};
use rten::{Model, RunOptions, ThreadPool};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Line images are padded to a multiple of this, so that few shapes recur.
pub(crate) const WIDTH_STEP: usize = 32;
/// Lines whose first reading is surer than this are not tried in the other direction.
const SURE: f32 = 0.9;

pub(crate) struct PpOcr {
    detection: Model,
    recognition: Model,
    pub(crate) dictionary: Dictionary,
    folder: Folder,
    all_cores: Arc<ThreadPool>,
    pub(crate) single_cores: Vec<Arc<ThreadPool>>,
    longest_side_px: u32,
}

/// Longest side of the image in which frames, and ink beyond the ends of lines, are looked for, pixels.
const SMALL_SIDE_PX: u32 = 1200;
/// Boxes seen with red ink are dropped when this share of them was also found without it.
const COVERED: f32 = 0.3;

/// One box to read.
pub(crate) struct Job {
    index: usize,
    quad: Quad,
    ink: Ink,
    /// It stands in a column of a page that runs down.
    down: bool,
    /// What was added to it.
    lengthened: Lengthened,
}

impl Job {
    /// A box outside every page order.
    pub(crate) fn across(quad: Quad, ink: Ink) -> Self {
        Self {
            index: 0,
            quad,
            ink,
            down: false,
            lengthened: Lengthened::default(),
        }
    }
}

/// The recogniser's answer: steps × classes, and the share of the image that held the line.
pub(crate) struct Scores {
    pub(crate) values: Vec<f32>,
    pub(crate) used: f32,
}

/// One box as it was read.
pub(crate) struct PieceText {
    reading: Reading,
    pub(crate) reads: Vec<Read>,
}

impl PieceText {
    pub(crate) fn across(reads: Vec<Read>) -> Self {
        Self {
            reading: Reading::Across,
            reads,
        }
    }
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

    /// Reads a page as it lies and, if it turns out to lie wrong, once more upright.
    pub(crate) fn read(&self, page: &Page) -> Result<PageText, ReadError> {
        let started = std::time::Instant::now();
        let mut read = self.read_as_it_lies(page)?;
        let turned_deg = self.turned_deg(page, &read)?;
        if turned_deg != 0 {
            let upright = self.read_as_it_lies(&page.upright(turned_deg))?;
            read = as_given(upright, page, turned_deg);
        }
        read.seconds = started.elapsed().as_secs_f64();
        Ok(read)
    }

    fn read_as_it_lies(&self, page: &Page) -> Result<PageText, ReadError> {
        let small = Small::new(page, SMALL_SIDE_PX).map_err(ReadError::Preprocess)?;
        let marks = self.marks(page, &small)?;
        let (mut found, inks): (Vec<Quad>, Vec<Ink>) = self
            .detect(page)?
            .into_iter()
            .filter(|(quad, _)| !marks.covers(quad))
            .unzip();
        let lengthened = crate::lengthen::lengthened(&small.grey(Tone::WithoutRed), &mut found);
        let detected = found.len();
        found.extend(marks.found.iter().map(|mark| mark.quad));
        let groups = apart(layout::arrange(&found, detected), detected);
        let jobs = groups.iter().flat_map(|group| {
            group.pieces.iter().filter_map(|piece| {
                Some(Job {
                    index: piece.index,
                    quad: found[piece.index],
                    ink: *inks.get(piece.index)?,
                    down: group.down,
                    lengthened: lengthened[piece.index],
                })
            })
        });
        let mut texts = self.recognise(page, jobs.collect(), detected)?;
        texts.extend(marks.found.into_iter().map(|mark| Some(mark.text)));
        let lines = groups
            .iter()
            .filter_map(|group| self.line(group, &found, &texts))
            .collect();
        Ok(PageText {
            width: page.width(),
            height: page.height(),
            turned_deg: 0,
            lines,
            seconds: 0.0,
        })
    }

    /// Boxes with the ink they were found in. Where a page has red ink, what is found without it comes first, and
    /// of the rest only what lies elsewhere: red writing, the seal's own characters. Only areas with strokes are looked at.
    fn detect(&self, page: &Page) -> Result<Vec<(Quad, Ink)>, ReadError> {
        let scaled = Scaled::new(page, self.longest_side_px).map_err(ReadError::Preprocess)?;
        let (width, height) = (scaled.width, scaled.height);
        let ink = if scaled.has_red_ink() {
            Ink::NotRed
        } else {
            Ink::All
        };
        let mut found = Vec::new();
        for area in areas(width, height, &scaled.dark(ink)) {
            let boxes = self.boxes(&scaled, page, ink, &area)?;
            found.extend(boxes.into_iter().map(|quad| (quad, ink)));
        }
        if ink == Ink::NotRed {
            let plain = found.len();
            for area in areas(width, height, &scaled.red()) {
                for quad in self.boxes(&scaled, page, Ink::All, &area)? {
                    let covers = |(p, _): &(Quad, Ink)| shared_area(p, &quad);
                    let covered: f32 = found[..plain].iter().map(covers).sum();
                    if covered < COVERED * area_of(&quad) {
                        found.push((quad, Ink::All));
                    }
                }
            }
        }
        Ok(found)
    }

    fn boxes(
        &self,
        scaled: &Scaled,
        page: &Page,
        ink: Ink,
        area: &Area,
    ) -> Result<Vec<Quad>, ReadError> {
        let (width, height) = (area.width, area.height);
        let tensor = NdTensor::from_data([1, 3, height, width], scaled.planes(ink, area));
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
        let sides = [page.width() as f32, page.height() as f32];
        let place = Place {
            origin: [area.left as f32, area.top as f32],
            to_page: [
                sides[0] / scaled.width as f32,
                sides[1] / scaled.height as f32,
            ],
            page: sides,
        };
        Ok(boxes(&map, &place))
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
        let scores = self.along(page, job, reading, core)?;
        let reads = ctc(&scores.values, &self.dictionary, scores.used);
        let reads = job.lengthened.kept(reads);
        Ok(PieceText { reading, reads })
    }

    /// What the recogniser says to a box that reads across.
    pub(crate) fn line_scores(&self, page: &Page, job: &Job) -> Result<Scores, ReadError> {
        self.along(page, job, Reading::Across, &self.single_cores[0])
    }

    pub(crate) fn along(
        &self,
        page: &Page,
        job: &Job,
        reading: Reading,
        core: &Arc<ThreadPool>,
    ) -> Result<Scores, ReadError> {
        let width = line_width(&job.quad, reading);
        let stride = width.next_multiple_of(WIDTH_STEP);
        let mut planes = vec![0.0; 3 * LINE_HEIGHT * stride];
        let columns = Columns {
            start: 0,
            width,
            stride,
        };
        cut_line(page, &job.quad, (reading, job.ink), &columns, &mut planes);
        Ok(Scores {
            values: self.scores(planes, stride, core)?,
            used: width as f32 / stride as f32,
        })
    }

    /// What the recogniser says to a line image of `stride` columns: steps × classes.
    pub(crate) fn scores(
        &self,
        planes: Vec<f32>,
        stride: usize,
        core: &Arc<ThreadPool>,
    ) -> Result<Vec<f32>, ReadError> {
        let tensor = NdTensor::from_data([1, 3, LINE_HEIGHT, stride], planes);
        let scores = run(&self.recognition, tensor, core)?;
        let classes = scores.shape().last().copied().unwrap_or_default();
        if classes != self.dictionary.classes() {
            return Err(ReadError::UnexpectedOutput {
                expected: self.dictionary.classes(),
                found: classes,
            });
        }
        Ok(scores.into_data())
    }

    fn folded(&self, others: &[Alternative]) -> Vec<Alternative> {
        let simplified = |ch: char| {
            let folded = self.folder.fold(ch.encode_utf8(&mut [0; 4]));
            folded.chars().next().unwrap_or(ch)
        };
        others
            .iter()
            .map(|other| Alternative {
                ch: simplified(other.ch),
                ..*other
            })
            .collect()
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
                raw_chars.push(Read::space(start));
            }
            let moved = text.reads.iter().map(|r| Read {
                at: start + r.at * (end - start),
                ..r.clone()
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
        let raw_chars = with_blanks(without_dust(raw_chars), short / long.max(1.0));
        let raw: String = raw_chars.iter().map(|r| r.ch).collect();
        let chars: Vec<Char> = self
            .folder
            .fold(&raw)
            .chars()
            .zip(&raw_chars)
            .zip(ones(&raw_chars))
            .map(|((ch, read), one)| Char {
                ch: one.map_or(ch, |_| '1'),
                confidence: one.unwrap_or(read.confidence),
                at: read.at,
                others: self.folded(&read.others),
                digit: read.digit,
            })
            .collect();
        let text = chars.iter().map(|c| c.ch).collect();
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

/// Marks stand alone: the boxes from `detected` on are never joined with their neighbours.
fn apart(groups: Vec<Group>, detected: usize) -> Vec<Group> {
    groups
        .into_iter()
        .flat_map(|group| {
            let down = group.down;
            let runs = group
                .pieces
                .chunk_by(|a, b| a.index < detected && b.index < detected);
            let parted: Vec<Group> = runs
                .map(|run| Group {
                    pieces: respaced(run),
                    down: down && run[0].index < detected,
                })
                .collect();
            parted
        })
        .collect()
}

/// Part of a line as a line of its own.
fn respaced(run: &[layout::Piece]) -> Vec<layout::Piece> {
    let start = run.first().map_or(0.0, |p| p.span.0);
    let end = run.iter().map(|p| p.span.1).fold(start, f32::max);
    let share = |at: f32| (at - start) / (end - start).max(f32::EPSILON);
    run.iter()
        .map(|piece| layout::Piece {
            span: (share(piece.span.0), share(piece.span.1)),
            ..piece.clone()
        })
        .collect()
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
