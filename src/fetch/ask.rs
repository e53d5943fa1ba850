//! What a page is asked for by, and how much a read may ask for.

/// A page to ask the service for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Counted from 1.
    pub page: u64,
    pub n_per_page: u64,
}

impl Ask {
    /// Rows before the page, if none was left out.
    pub(super) fn start(self) -> u64 {
        (self.page - 1).saturating_mul(self.n_per_page)
    }
}

/// How much a read may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Rows of the result.
    pub limit: Option<u64>,
    /// Rows a page.
    pub page_size: u64,
    /// Pages that are asked for and not answered yet.
    pub in_flight: usize,
    /// Those, and the answered ones that wait for an earlier page.
    pub ahead: usize,
    /// Whether a short page is taken for the last one.
    pub trust_short: bool,
}

impl Bounds {
    /// Rows a page that are asked for, unless the service turns out to cap pages.
    pub fn n_per_page(&self) -> u64 {
        self.limit.map_or(self.page_size, |limit| limit.min(self.page_size))
    }
}
