//! Who is told how far a read has come.

/// How far a read has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SoFar {
    pub pages: u64,
    pub rows: u64,
    pub bytes_received: u64,
    pub bytes_decoded: u64,
}

/// Told after every page, from a worker thread, so it must neither block nor panic.
pub trait Progress: Send + Sync + std::fmt::Debug {
    fn page(&self, so_far: SoFar);
}
