//! Pieces in, numbers out: embeddings and layers of attention, as in BERT.

use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::{SimdOp as _, SimdUnaryOp as _};
use rten_tensor::NdTensorView;
use rten_vecmath::{Gelu, Normalize, NormalizeOptions, Softmax, Sum, SumSquareSub};

use crate::stored::{Stored, row_bytes, unpacked};

/// The layers whose means are given, counted from 1.
const TOLD: [usize; 3] = [4, 6, 8];
/// Keeps what is scaled from being divided by nothing.
const EPSILON: f32 = 1e-12;

/// How large the parts of the model are.
#[derive(Debug)]
pub(crate) struct Sizes {
    hidden: usize,
    layers: usize,
    heads: usize,
    inner: usize,
    pub(crate) positions: usize,
    pub(crate) pieces: usize,
    pub(crate) folds: usize,
}

impl Sizes {
    pub(crate) fn read(stored: &mut Stored) -> Option<Self> {
        if stored.bytes(4)? != b"LXM1" {
            return None;
        }
        let mut next = || stored.number().map(|n| n as usize);
        Some(Self {
            hidden: next()?,
            layers: next()?,
            heads: next()?,
            inner: next()?,
            positions: next()?,
            pieces: next()?,
            folds: next()?,
        })
    }
}

pub(crate) struct Network {
    sizes: Sizes,
    /// Rows of 4 bits: a text needs only a few of them.
    words: Vec<u8>,
    positions: Vec<f32>,
    kind: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

struct Layer {
    query: Dense,
    key: Dense,
    value: Dense,
    out: Dense,
    attended: Norm,
    wider: Dense,
    narrower: Dense,
    done: Norm,
}

/// Weights and bias.
struct Dense {
    weights: PackedBMatrix<f32>,
    bias: Vec<f32>,
}

/// Scale and shift of what has mean 0 and deviation 1.
struct Norm {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Network {
    pub(crate) fn read(stored: &mut Stored, sizes: Sizes) -> Option<Self> {
        let (hidden, inner) = (sizes.hidden, sizes.inner);
        let multiply = GemmExecutor::new();
        let words = stored.packed(sizes.pieces, hidden)?.to_vec();
        let positions = stored.floats(sizes.positions * hidden)?;
        let kind = stored.floats(hidden)?;
        let norm = Norm::read(stored, hidden)?;
        let mut layer = || {
            let mut dense = |from, to| Dense::read(stored, &multiply, from, to);
            let (query, key, value) = (
                dense(hidden, hidden)?,
                dense(hidden, hidden)?,
                dense(hidden, hidden)?,
            );
            let out = dense(hidden, hidden)?;
            let attended = Norm::read(stored, hidden)?;
            let wider = Dense::read(stored, &multiply, hidden, inner)?;
            let narrower = Dense::read(stored, &multiply, inner, hidden)?;
            Some(Layer {
                query,
                key,
                value,
                out,
                attended,
                wider,
                narrower,
                done: Norm::read(stored, hidden)?,
            })
        };
        let layers = (0..sizes.layers)
            .map(|_| layer())
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            sizes,
            words,
            positions,
            kind,
            norm,
            layers,
        })
    }

    /// The means of the layers of [`TOLD`], one behind the other.
    pub(crate) fn means(&self, pieces: &[u32]) -> Vec<f32> {
        // Made anew for each text: it may not go from thread to thread.
        let multiply = GemmExecutor::new();
        let hidden = self.sizes.hidden;
        let row = row_bytes(hidden);
        let mut x = Vec::with_capacity(pieces.len() * hidden);
        for (at, piece) in pieces.iter().enumerate() {
            let from = *piece as usize * row;
            let word = unpacked(&self.words[from..from + row]);
            let place = &self.positions[at * hidden..][..hidden];
            x.extend((0..hidden).map(|i| word[i] + place[i] + self.kind[i]));
        }
        self.norm.apply(&mut x);
        let mut told = Vec::with_capacity(TOLD.len() * hidden);
        for (at, layer) in self.layers.iter().enumerate() {
            self.pass(&multiply, layer, &mut x);
            if TOLD.contains(&(at + 1)) {
                let mut sum = vec![0.0; hidden];
                x.chunks_exact(hidden).for_each(|row| add(&mut sum, row));
                told.extend(sum.into_iter().map(|sum| sum / pieces.len() as f32));
            }
        }
        told
    }

    fn pass(&self, multiply: &GemmExecutor, layer: &Layer, x: &mut [f32]) {
        let dense = |dense: &Dense, x: &[f32]| dense.apply(multiply, x);
        let (query, key, value) = (&layer.query, &layer.key, &layer.value);
        let seen = self.attention(
            multiply,
            [dense(query, x), dense(key, x), dense(value, x)].each_ref(),
        );
        add(x, &dense(&layer.out, &seen));
        layer.attended.apply(x);
        let mut wide = dense(&layer.wider, x);
        Gelu {}.map_mut(&mut wide);
        add(x, &dense(&layer.narrower, &wide));
        layer.done.apply(x);
    }

    fn attention(&self, multiply: &GemmExecutor, told: [&Vec<f32>; 3]) -> Vec<f32> {
        let (hidden, heads) = (self.sizes.hidden, self.sizes.heads);
        let (pieces, width) = (told[0].len() / hidden, hidden / heads);
        let [query, key, value] =
            told.map(|numbers| NdTensorView::from_data([pieces, heads, width], numbers.as_slice()));
        let mut weights = vec![0.0; pieces * pieces];
        let mut seen = vec![0.0; pieces * width];
        let mut out = vec![0.0; pieces * hidden];
        for head in 0..heads {
            let (query, key) = (query.slice((.., head)), key.slice((.., head)));
            let scaled = GemmOptions {
                alpha: 1.0 / (width as f32).sqrt(),
                ..GemmOptions::default()
            };
            let key = GemmInputB::Unpacked(key.transposed());
            let done = multiply.gemm(&mut weights, GemmInputA::Unpacked(query), key, scaled);
            debug_assert!(done.is_ok(), "as many numbers as pieces");
            for row in weights.chunks_exact_mut(pieces) {
                Softmax::new_mut(row).dispatch();
            }
            let shares = NdTensorView::from_data([pieces, pieces], weights.as_slice());
            let done = multiply.gemm(
                &mut seen,
                GemmInputA::Unpacked(shares),
                GemmInputB::Unpacked(value.slice((.., head))),
                GemmOptions::default(),
            );
            debug_assert!(done.is_ok(), "as many numbers as pieces");
            let to = out.chunks_exact_mut(width).skip(head).step_by(heads);
            to.zip(seen.chunks_exact(width))
                .for_each(|(to, from)| to.copy_from_slice(from));
        }
        out
    }
}

impl Dense {
    fn read(stored: &mut Stored, multiply: &GemmExecutor, from: usize, to: usize) -> Option<Self> {
        let rows = unpacked(stored.packed(to, from)?);
        let by_row = NdTensorView::from_data([to, from], rows.as_slice());
        let weights = multiply.prepack_b(by_row.transposed());
        let bias = stored.floats(to)?;
        Some(Self { weights, bias })
    }

    fn apply(&self, multiply: &GemmExecutor, x: &[f32]) -> Vec<f32> {
        let from = self.weights.rows();
        let rows = x.len() / from;
        let mut out = vec![0.0; rows * self.bias.len()];
        let input = GemmInputA::Unpacked(NdTensorView::from_data([rows, from], x));
        let options = GemmOptions {
            bias: Some(BiasVector::Row(&self.bias)),
            ..GemmOptions::default()
        };
        let done = multiply.gemm(&mut out, input, GemmInputB::Packed(&self.weights), options);
        debug_assert!(done.is_ok(), "the sizes are the file's, which is pinned");
        out
    }
}

impl Norm {
    fn read(stored: &mut Stored, hidden: usize) -> Option<Self> {
        Some(Self {
            scale: stored.floats(hidden)?,
            shift: stored.floats(hidden)?,
        })
    }

    fn apply(&self, x: &mut [f32]) {
        let n = self.scale.len() as f32;
        for row in x.chunks_exact_mut(self.scale.len()) {
            let mean = Sum::new(row).dispatch() / n;
            let spread = SumSquareSub::new(row, mean).dispatch() / n;
            let options = NormalizeOptions {
                pre_scale_bias: mean,
                scale: 1.0 / (spread + EPSILON).sqrt(),
                element_scale: Some(&self.scale),
                element_bias: Some(&self.shift),
                ..NormalizeOptions::default()
            };
            Normalize::new_mut(row, options).dispatch();
        }
    }
}

fn add(x: &mut [f32], more: &[f32]) {
    x.iter_mut().zip(more).for_each(|(a, b)| *a += b);
}
