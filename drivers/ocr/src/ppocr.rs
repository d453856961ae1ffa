//! PP-OCRv6 small: boxes are found (`looks.rs`), then read, one line to a core at a time.
//! Decides nothing about reading order (`layout.rs`) or characters (`recognise.rs`).

use crate::cores::share_out;
use crate::fold::Folder;
use crate::geometry::{Quad, size};
use crate::ink::{Small, Tone};
use crate::layout;
use crate::lengthen::Lengthened;
use crate::lines::apart;
use crate::models::{self, OpenError, Pinned};
use crate::network::Networks;
use crate::page::Page;
use crate::preprocess::{Columns, Ink, LINE_HEIGHT, Reading, cut_line, line_width};
use crate::recognise::{Read, ctc, mean_confidence};
use crate::turn::as_given;
use crate::{PageText, ReadError, Settings};
use std::num::NonZeroUsize;

/// Line images are padded to a multiple of this, so that few shapes recur.
pub(crate) const WIDTH_STEP: usize = 32;
/// Lines whose first reading is surer than this are not tried in the other direction.
const SURE: f32 = 0.9;
/// A box so much higher than wide may be a line that runs upwards…
const TALL: f32 = 2.5;
/// …if it is surer read so by this.
const SURER_UP: f32 = 0.1;

pub(crate) struct PpOcr {
    pub(crate) networks: Networks,
    pub(crate) folder: Folder,
    pub(crate) cores: usize,
    pub(crate) longest_side_px: u32,
}

/// Longest side of the image in which frames, and ink beyond the ends of lines, are looked for, pixels.
const SMALL_SIDE_PX: u32 = 1200;

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
    pub(crate) reading: Reading,
    pub(crate) reads: Vec<Read>,
}

impl PieceText {
    fn said(read: &Option<Self>) -> String {
        let reads = read.iter().flat_map(|text| &text.reads);
        reads.map(|read| read.ch).collect()
    }

    pub(crate) fn across(reads: Vec<Read>) -> Self {
        Self {
            reading: Reading::Across,
            reads,
        }
    }
}

impl PpOcr {
    pub(crate) fn open(settings: &Settings) -> Result<Self, OpenError> {
        Ok(Self {
            networks: Networks::open(settings)?,
            folder: Folder::new().map_err(|e| OpenError::Folding(Box::new(e)))?,
            cores: settings.threads.get(),
            longest_side_px: settings.longest_side_px,
        })
    }

    pub(crate) fn version(&self) -> String {
        let short = |model: &Pinned| model.sha256.get(..8).unwrap_or_default();
        format!(
            "ppocr-v6-small {} det:{} rec:{} side:{} rev:{}",
            self.networks.runtime(),
            short(&models::DETECTION),
            short(&models::RECOGNITION),
            self.longest_side_px,
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
        let grey = small.grey(Tone::WithoutRed);
        let boxes = self.detect(page)?.into_iter();
        let boxes = boxes.filter(|(quad, _)| !marks.covers(quad)).collect();
        let (mut found, inks): (Vec<Quad>, Vec<Ink>) =
            crate::gutter::cut(&grey, boxes).into_iter().unzip();
        let lengthened = crate::lengthen::lengthened(&grey, &mut found);
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
        let said: Vec<String> = texts.iter().map(PieceText::said).collect();
        let groups = apart(layout::arranged(&found, detected, &said), detected);
        let lines = groups
            .iter()
            .filter_map(|group| self.line(group, &found, &texts))
            .collect();
        Ok(PageText {
            width: page.width(),
            height: page.height(),
            turned_deg: 0,
            lines,
            shows_through: false,
            seconds: 0.0,
        })
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
        let read = share_out(self.cores, &jobs, |job, core| {
            self.read_box(page, job, core)
        })?;
        let mut texts: Vec<Option<PieceText>> = (0..boxes).map(|_| None).collect();
        for (job, text) in jobs.iter().zip(read) {
            texts[job.index] = Some(text);
        }
        Ok(texts)
    }

    /// A box reads across unless it is tall; a short tall box may be either (“1”, or a name of two
    /// characters in a column), so the surer reading counts.
    fn read_box(&self, page: &Page, job: &Job, core: usize) -> Result<PieceText, ReadError> {
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
        if sureness >= SURE || (job.down && aspect > TALL) {
            return Ok(first);
        }
        let second = self.read_along(page, job, other, core)?;
        let best = surer(first, second, 0.0);
        if job.down || aspect < TALL || mean_confidence(&best.reads) >= SURE {
            return Ok(best);
        }
        let upwards = self.read_along(page, job, Reading::Up, core)?;
        Ok(surer(best, upwards, SURER_UP))
    }

    fn read_along(
        &self,
        page: &Page,
        job: &Job,
        reading: Reading,
        core: usize,
    ) -> Result<PieceText, ReadError> {
        let scores = self.along(page, job, reading, core)?;
        let reads = ctc(&scores.values, &self.networks.dictionary, scores.used);
        let reads = match reading {
            Reading::Up => reads,
            Reading::Across | Reading::Down => job.lengthened.kept(reads),
        };
        Ok(PieceText { reading, reads })
    }

    /// What the recogniser says to a box that reads across.
    pub(crate) fn line_scores(&self, page: &Page, job: &Job) -> Result<Scores, ReadError> {
        self.along(page, job, Reading::Across, 0)
    }

    pub(crate) fn along(
        &self,
        page: &Page,
        job: &Job,
        reading: Reading,
        core: usize,
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
            values: self.networks.scores(core, planes, stride)?,
            used: width as f32 / stride as f32,
        })
    }
}

/// The surer of two readings, the second only if it is by so much.
fn surer(first: PieceText, second: PieceText, by: f32) -> PieceText {
    if mean_confidence(&second.reads) > mean_confidence(&first.reads) + by {
        second
    } else {
        first
    }
}

/// As many recognisers as the machine has cores to run them on, if it says.
pub(crate) fn default_threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
