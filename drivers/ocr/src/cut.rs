//! Data read from the front, which may end early.

/// The data end before what they announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an image on the page was broken off")]
pub(crate) struct Cut;

/// What is left to read.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a>(pub(crate) &'a [u8]);

impl<'a> Part<'a> {
    pub(crate) fn take(&mut self, bytes: usize) -> Result<Self, Cut> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(Cut)?;
        self.0 = rest;
        Ok(Self(taken))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Cut> {
        let taken = self.take(2)?.0;
        Ok(u16::from_be_bytes([taken[0], taken[1]]))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Cut> {
        Ok(u32::from(self.u16()?) << 16 | u32::from(self.u16()?))
    }
}
