//! Work shared out to the cores: each takes the next job when it is done with one.

use crate::ReadError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What `work` made of every job, in the jobs' order. `work` gets the number of the core that runs it, below `cores`.
///
/// # Errors
/// The first error of any job, and [`ReadError::WorkerPanicked`].
pub(crate) fn share_out<J: Sync, T: Send>(
    cores: usize,
    jobs: &[J],
    work: impl Fn(&J, usize) -> Result<T, ReadError> + Sync,
) -> Result<Vec<T>, ReadError> {
    let next = AtomicUsize::new(0);
    let share = &|core: usize| {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else { break };
            done.push((at, work(job, core)?));
        }
        Ok::<_, ReadError>(done)
    };
    let shares: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..cores.min(jobs.len()))
            .map(|core| scope.spawn(move || share(core)))
            .collect();
        let joined = running.into_iter().map(|thread| thread.join());
        joined
            .map(|share| share.map_err(|_| ReadError::WorkerPanicked))
            .collect()
    });
    let mut done = Vec::with_capacity(jobs.len());
    for share in shares {
        done.extend(share??);
    }
    done.sort_unstable_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, made)| made).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_and_stays_at_its_place() {
        let jobs: Vec<usize> = (0..100).collect();
        let made = share_out(3, &jobs, |job, core| {
            assert!(core < 3);
            Ok(job * 2)
        });
        assert_eq!(made.unwrap(), (0..100).map(|i| i * 2).collect::<Vec<_>>());
    }

    #[test]
    fn an_error_and_a_panic_are_told() {
        let fails = |job: &usize, _| match job {
            7 => Err(ReadError::UnexpectedOutput {
                expected: 1,
                found: 2,
            }),
            _ => Ok(()),
        };
        let jobs: Vec<usize> = (0..20).collect();
        assert!(matches!(
            share_out(2, &jobs, fails),
            Err(ReadError::UnexpectedOutput { .. })
        ));
        let panics = |job: &usize, _| {
            assert_ne!(*job, 7, "a defect");
            Ok(())
        };
        assert!(matches!(
            share_out(2, &jobs, panics),
            Err(ReadError::WorkerPanicked)
        ));
    }
}
