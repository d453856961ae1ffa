//! The bytes of the model's file, in their order.

/// Weights that share a scale.
const BLOCK: usize = 32;
/// A scale of 16 bits and 32 weights of 4.
const BLOCK_BYTES: usize = 18;

/// What is left of the file.
pub(crate) struct Stored<'a>(&'a [u8]);

impl<'a> Stored<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn number(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    pub(crate) fn float(&mut self) -> Option<f32> {
        self.number().map(f32::from_bits)
    }

    pub(crate) fn floats(&mut self, n: usize) -> Option<Vec<f32>> {
        (0..n).map(|_| self.float()).collect()
    }

    /// Rows of weights of 4 bits.
    pub(crate) fn packed(&mut self, rows: usize, columns: usize) -> Option<&'a [u8]> {
        self.bytes(rows * row_bytes(columns))
    }
}

/// Bytes of a row of so many weights.
pub(crate) fn row_bytes(columns: usize) -> usize {
    columns / BLOCK * BLOCK_BYTES
}

/// The weights of packed rows.
pub(crate) fn unpacked(packed: &[u8]) -> Vec<f32> {
    let mut weights = Vec::with_capacity(packed.len() / BLOCK_BYTES * BLOCK);
    for block in packed.chunks_exact(BLOCK_BYTES) {
        let scale = half(u16::from_le_bytes([block[0], block[1]]));
        let weight = |four: u8| (f32::from(four) - 8.0) * scale;
        weights.extend(block[2..].iter().map(|two| weight(two & 15)));
        weights.extend(block[2..].iter().map(|two| weight(two >> 4)));
    }
    weights
}

/// A number of 16 bits.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (power, part) = (i32::from(bits >> 10 & 31), f32::from(bits & 0x3FF));
    match power {
        0 => sign * part * 2_f32.powi(-24),
        _ => sign * (1.0 + part / 1024.0) * 2_f32.powi(power - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_four_bits_are_unpacked_low_halves_first() {
        let mut block = vec![0x00, 0x40];
        block.extend([0x9F; 16]);
        let weights = unpacked(&block);
        assert_eq!((weights[0], weights[16]), (14.0, 2.0));
        assert_eq!((half(0xC000), half(1)), (-2.0, 2_f32.powi(-24)));
    }
}
