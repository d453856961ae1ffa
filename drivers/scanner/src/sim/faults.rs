//! What can go wrong with the simulated scanner, and how each is called.

/// What goes wrong. Images are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// After so many images paper is stuck: the next answer is 200 and empty, then 404.
    Jam(u32),
    /// After so many images two sheets went through together.
    DoubleFeed(u32),
    /// The first so many questions for an image are answered 404 although the job runs.
    EarlyNotFound(u32),
    /// The end is told with 409.
    ConflictAtEnd,
    /// The job's address is relative.
    RelativeLocation,
    /// The job's address names another host.
    ForeignLocation,
    /// The chunked body of this image has no end.
    TruncatedChunks(u32),
    /// The body of this image is shorter than its length says.
    TruncatedLength(u32),
    /// In the middle of this image the device goes away and does not come back.
    DiesMidPage(u32),
    /// New jobs are refused with 503 so often.
    Busy(u32),
    /// Instead of this image comes a web page.
    Html(u32),
    /// In the middle of this image nothing more comes, and the line stays open.
    SlowLoris(u32),
    /// In the middle of this image one byte comes every now and then, and it never ends.
    Drips(u32),
    /// This image has lost its second half, and everything else looks right.
    HalfImage(u32),
    /// Another device has its address.
    WrongSerial,
    /// It counts one image more than it hands over.
    CountsOneMore,
    /// It never tells anything about jobs.
    ForgetsJobs,
    /// It says 503 to every question for an image.
    NeverReady,
    /// After so many images the job is complete, whatever still lies in the feeder.
    LeavesPaper(u32),
    /// A sheet that went through lies in the feeder again.
    Endless,
}

/// Every fault by its name on the command line; those that take a number end with `:N`.
impl std::str::FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let (name, number) = match text.split_once(':') {
            Some((name, number)) => (name, number.parse().map_err(|_| UnknownFault)?),
            None => (text, 1),
        };
        Ok(match name {
            "jam" => Self::Jam(number),
            "double-feed" => Self::DoubleFeed(number),
            "early-404" => Self::EarlyNotFound(number),
            "conflict-at-end" => Self::ConflictAtEnd,
            "relative-location" => Self::RelativeLocation,
            "foreign-location" => Self::ForeignLocation,
            "truncated-chunks" => Self::TruncatedChunks(number),
            "truncated-length" => Self::TruncatedLength(number),
            "dies-mid-page" => Self::DiesMidPage(number),
            "busy" => Self::Busy(number),
            "html" => Self::Html(number),
            "slow-loris" => Self::SlowLoris(number),
            "drips" => Self::Drips(number),
            "half-image" => Self::HalfImage(number),
            "wrong-serial" => Self::WrongSerial,
            "counts-one-more" => Self::CountsOneMore,
            "forgets-jobs" => Self::ForgetsJobs,
            "never-ready" => Self::NeverReady,
            "leaves-paper" => Self::LeavesPaper(number),
            "endless" => Self::Endless,
            _ => return Err(UnknownFault),
        })
    }
}

/// A fault that there is not.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no such fault; there are jam:N, double-feed:N, early-404:N, conflict-at-end, relative-location, foreign-location, truncated-chunks:N, \
     truncated-length:N, dies-mid-page:N, busy:N, html:N, slow-loris:N, drips:N, half-image:N, wrong-serial, counts-one-more, forgets-jobs, never-ready, leaves-paper:N, \
     endless"
)]
pub struct UnknownFault;
