//! `n_per_page` and `page`.

use super::fault_script::Cap;
use super::query_string::Params;
use crate::sandbox::fault::Stride;
use crate::sandbox::problem::Problem;

/// The documented most rows a page.
pub(super) const MAX_PER_PAGE: u64 = 1_000_000;
pub(super) const DEFAULT_PER_PAGE: u64 = 10;

/// How many rows, and after how many.
pub(super) fn range(params: &Params, cap: Option<Cap>) -> Result<(u64, u64), Problem> {
    let asked = params.positive("n_per_page", MAX_PER_PAGE)?.unwrap_or(DEFAULT_PER_PAGE);
    let before = params.positive("page", u64::MAX)?.unwrap_or(1) - 1;
    let (limit, stride) = match cap {
        Some(cap) if cap.rows < asked => match cap.stride {
            Stride::Cap => (cap.rows, cap.rows),
            Stride::Request => (cap.rows, asked),
        },
        _ => (asked, asked),
    };
    Ok((limit, before.saturating_mul(stride)))
}
