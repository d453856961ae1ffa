//! Finished thumbnails, kept in memory: drawing one takes a page worker as long as fifty looks take the rest of the station. It leaves out who may
//! look and the record of the look: whoever asks here was let in and is in the ledger already. Nothing of it reaches a disk.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use hashlink::LruCache;
use tokio::sync::OnceCell;

/// Thumbnails kept at most, some 10 kB each.
const MOST: usize = 2_000;

/// SHA-256 of the original, which page of it, and how long its longest side is, in pixels.
pub type Name = (String, u32, u32);

/// The thumbnails that were asked for last.
#[derive(Debug)]
pub struct Thumbnails {
    kept: Mutex<LruCache<Name, Arc<OnceCell<Bytes>>>>,
}

impl Default for Thumbnails {
    fn default() -> Self {
        Self::up_to(MOST)
    }
}

impl Thumbnails {
    fn up_to(most: usize) -> Self {
        Self {
            kept: Mutex::new(LruCache::new(most)),
        }
    }

    /// The thumbnail that is kept, or as `draw` draws it: once, however many ask meanwhile.
    ///
    /// # Errors
    /// What `draw` returns; the next who asks tries again.
    pub async fn of<E>(
        &self,
        name: Name,
        draw: impl Future<Output = Result<Bytes, E>>,
    ) -> Result<Bytes, E> {
        let place = self.place(name);
        place.get_or_try_init(|| draw).await.cloned()
    }

    /// Lets go of every page of an original.
    pub fn forget(&self, sha256: &str) {
        self.kept().retain(|(original, ..), _| original != sha256);
    }

    fn place(&self, name: Name) -> Arc<OnceCell<Bytes>> {
        let mut kept = self.kept();
        if let Some(place) = kept.get(&name) {
            return Arc::clone(place);
        }
        let place = Arc::default();
        kept.insert(name, Arc::clone(&place));
        place
    }

    fn kept(&self) -> MutexGuard<'_, LruCache<Name, Arc<OnceCell<Bytes>>>> {
        // Nothing is left half done under it.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    async fn asked(thumbnails: &Thumbnails, original: &str, drawn: &AtomicU32) -> Bytes {
        let name = (original.to_owned(), 0, 320);
        let draw = async {
            tokio::task::yield_now().await;
            drawn.fetch_add(1, Ordering::Relaxed);
            Ok::<_, ()>(Bytes::copy_from_slice(original.as_bytes()))
        };
        thumbnails.of(name, draw).await.unwrap()
    }

    #[tokio::test]
    async fn many_who_ask_at_once_have_it_drawn_once() {
        let (thumbnails, drawn) = (Thumbnails::default(), AtomicU32::new(0));
        let all = (0..50).map(|_| asked(&thumbnails, "a", &drawn));
        let all = futures_util::future::join_all(all).await;
        assert!(all.iter().all(|bytes| bytes == "a"));
        assert_eq!(drawn.into_inner(), 1);
    }

    #[tokio::test]
    async fn those_longest_unasked_for_go_first_and_a_destroyed_original_at_once() {
        let (thumbnails, drawn) = (Thumbnails::up_to(2), AtomicU32::new(0));
        for original in ["a", "b", "a", "c", "a"] {
            assert_eq!(asked(&thumbnails, original, &drawn).await, original);
        }
        assert_eq!(drawn.load(Ordering::Relaxed), 3, "a stayed");
        asked(&thumbnails, "b", &drawn).await;
        assert_eq!(drawn.load(Ordering::Relaxed), 4, "b had gone");
        thumbnails.forget("a");
        thumbnails.forget("b");
        asked(&thumbnails, "a", &drawn).await;
        assert_eq!(drawn.into_inner(), 5);
    }

    #[tokio::test]
    async fn one_that_could_not_be_drawn_is_tried_again() {
        let (thumbnails, drawn) = (Thumbnails::default(), AtomicU32::new(0));
        let name = ("a".to_owned(), 0, 320);
        assert_eq!(
            thumbnails.of(name, async { Err("no worker") }).await,
            Err("no worker")
        );
        assert_eq!(asked(&thumbnails, "a", &drawn).await, "a");
    }
}
