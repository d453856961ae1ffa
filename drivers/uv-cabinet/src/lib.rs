//! Stub; written next.
