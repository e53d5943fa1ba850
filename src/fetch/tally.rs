//! How many rows belong to the result, and how many came again.

#[derive(Debug)]
pub(super) struct Tally {
    limit: Option<u64>,
    kept: u64,
    repeated: u64,
}

impl Tally {
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self { limit, kept: 0, repeated: 0 }
    }

    /// So many rows are new. Says how many of them belong to the result.
    pub(super) fn keep(&mut self, new: u64) -> u64 {
        let keep = self.limit.map_or(new, |limit| new.min(limit.saturating_sub(self.kept)));
        self.kept += keep;
        keep
    }

    /// So many rows that were there came again since they had moved.
    pub(super) fn repeat(&mut self, moved: u64) {
        self.repeated += moved;
    }

    /// Every row that came again belongs to the result.
    pub(super) fn keep_repeated(&mut self) {
        self.keep(self.repeated);
        self.repeated = 0;
    }

    /// Whether there is room for rows besides so many that are expected.
    pub(super) fn has_room(&self, expected: u64) -> bool {
        self.limit.is_none_or(|limit| self.kept + expected < limit)
    }

    pub(super) fn kept(&self) -> u64 {
        self.kept
    }

    pub(super) fn repeated(&self) -> u64 {
        self.repeated
    }
}
