//! Fax coded bilevel images (CCITT T.4 and T.6) to grey, strictly: a wrong code or a missing row is an error, never white paper.

use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode};

/// How the rows are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Runs only, each row beginning on a byte; TIFF compression 2.
    Rows,
    /// T.4, one-dimensional.
    Group3,
    /// T.4, two-dimensional.
    Group3TwoD,
    /// T.6.
    Group4,
}

/// What the file says about its fax data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fax {
    pub(crate) coding: Coding,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Rows begin on a byte.
    pub(crate) aligned: bool,
}

/// Why fax data gave no image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FaxError {
    /// A code that does not exist, or a row that is too long.
    #[error("the fax data are damaged in row {row}: {said}")]
    Code {
        /// From 0.
        row: usize,
        /// What the decoder said.
        said: hayro_ccitt::DecodeError,
    },
    /// The data ended early.
    #[error("{found} of {due} rows are there")]
    Rows {
        /// Rows that are there.
        found: usize,
        /// Rows the header promises.
        due: usize,
    },
}

struct Rows {
    width: usize,
    /// One byte a pixel, 0 black, 255 white.
    grey: Vec<u8>,
    due: usize,
}

impl Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        if self.grey.len() >= self.due {
            return;
        }
        let start = self.grey.len();
        self.grey.resize(start + self.width, 255);
        for run in changes.chunks(2) {
            let from = (run[0] as usize).min(self.width);
            let to = run.get(1).map_or(self.width, |end| *end as usize);
            if let Some(black) = self.grey.get_mut(start + from..start + to.min(self.width)) {
                black.fill(0);
            }
        }
    }
}

/// One byte a pixel, 0 where the fax is black, 255 where it is white. The caller has checked the size against its limits.
pub(crate) fn decode(data: &[u8], fax: &Fax) -> Result<Vec<u8>, FaxError> {
    let mut context = DecoderContext::new(DecodeSettings {
        columns: fax.width,
        rows: fax.height,
        end_of_block: true,
        end_of_line: false,
        rows_are_byte_aligned: fax.aligned || fax.coding == Coding::Rows,
        encoding: match fax.coding {
            Coding::Rows | Coding::Group3 => EncodingMode::Group3_1D,
            Coding::Group3TwoD => EncodingMode::Group3_2D,
            Coding::Group4 => EncodingMode::Group4,
        },
        strict: true,
    });
    let width = fax.width as usize;
    let mut rows = Rows {
        width,
        grey: Vec::new(),
        due: width * fax.height as usize,
    };
    let ended = hayro_ccitt::decode(data, &mut rows, &mut context);
    let found = rows.grey.len() / width.max(1);
    // Whatever is said of bytes behind the last row loses no pixel.
    if rows.grey.len() == rows.due {
        return Ok(rows.grey);
    }
    match ended {
        Err(said) => Err(FaxError::Code { row: found, said }),
        Ok(_) => Err(FaxError::Rows {
            found,
            due: fax.height as usize,
        }),
    }
}

/// Every byte's bits in the other order, for files whose first pixel is the lowest bit.
pub(crate) fn bits_reversed(data: &[u8]) -> Vec<u8> {
    data.iter().map(|byte| byte.reverse_bits()).collect()
}
